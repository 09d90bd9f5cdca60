package wire

import (
	"fmt"
	"strings"
	"testing"

	"streamgauge/tunnel"
)

// TestHandshakeOwns plays the sizes of TLS 1.3 records after the hellos, those
// towards the client with a <, and lists those that are the application's.
func TestHandshakeOwns(t *testing.T) {
	const (
		aes128 = 0x1301
		aes256 = 0x1302
	)
	for _, tt := range []struct {
		name    string
		suite   uint16
		tickets bool
		records string
		want    string
	}{
		{"tickets after, twice", aes256, true, "<36 <452 <95 <69 >69 <282 <282 >81 <100", ">81 <100"},
		{"tickets after the request", aes256, true, "<600 >69 >81 <282 <282 <200 <282", ">81 <200 <282"},
		{"ticket before", aes128, true, "<42 <368 <96 <53 <139 >53 >81 <139", ">81 <139"},
		{"client wants no tickets", aes128, false, "<600 >53 >81 <139", ">81 <139"},
		{"no ticket, long answer", aes128, true, "<600 >53 >81 <2000 <282", ">81 <2000 <282"},
		{"no ticket, short answer", aes128, true, "<600 >53 >81 <37 <282", ">81 <37 <282"},
		{"client certificate", aes128, false, "<600 >400 >97 >53 >81 <37", ">81 <37"},
		{"empty client certificate", aes128, false, "<600 >25 >53 >81 <37", ">81 <37"},
		{"certificate of all in one record", aes128, false, "<600 >900 >300 >301 >302 <37", ">301 >302 <37"},
		{"Finished with company", aes128, false, "<600 >80 >53 <37", ">53 <37"},
		{"end of early data", aes128, true, "<600 >21 >53 >81 <37", ">81 <37"},
		{"closing alerts", aes128, false, "<600 >53 >81 <37 <19 >19", ">81 <37"},
	} {
		var h handshake
		h.begin(serverHello{version: versionTLS13, suite: tt.suite}, tt.tickets)
		var got []string
		for record := range strings.FieldsSeq(tt.records) {
			dir, size := tunnel.ToOrigin, 0
			if record[0] == '<' {
				dir = tunnel.ToClient
			}
			fmt.Sscan(record[1:], &size)
			if !h.owns(dir, size) {
				got = append(got, record)
			}
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: application's = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestOverhead(t *testing.T) {
	for _, tt := range []struct {
		version, suite uint16
		want           int
	}{
		{versionTLS13, 0x1301, 17},
		{versionTLS13, 0x1302, 17},
		{versionTLS13, 0x1303, 17},
		{versionTLS13, 0x1305, 9},
		{versionTLS12, 0xc02b, 24},
		{versionTLS12, 0xc030, 24},
		{versionTLS12, 0x009c, 24},
		{versionTLS12, 0xc0ac, 24},
		{versionTLS12, 0xc0ae, 16},
		{versionTLS12, 0xcca8, 16},
		{versionTLS12, 0xcca9, 16},
		{versionTLS12, 0xc013, 37},
		{versionTLS12, 0xc027, 49},
		{versionTLS12, 0xc028, 65},
	} {
		if got := (serverHello{version: tt.version, suite: tt.suite}).overhead(); got != tt.want {
			t.Errorf("version %04x, suite %04x: overhead = %d, want %d", tt.version, tt.suite, got, tt.want)
		}
	}
}

// TestAgree checks what the size of the first encrypted record says about the
// protocol, the client having offered both.
func TestAgree(t *testing.T) {
	for size, want := range map[int]string{
		32: "h2", 36: "h2", 38: "http/1.1", 42: "http/1.1", 23: "", 27: "",
		900: "h2", // the whole flight in one record: the client's first choice
	} {
		o := NewTunnel()
		o.client.protocols = []string{"h2", "http/1.1"}
		o.server = serverHello{version: versionTLS13, suite: 0x1301}
		o.agreed = "h2"
		o.agree(size)
		if info, complete := o.Info(); info.ALPN != want || !complete {
			t.Errorf("record of %d: ALPN = %q, want %q", size, info.ALPN, want)
		}
	}
}
