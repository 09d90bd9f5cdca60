//go:build peers && linux

package peers

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSDKsDecrypted: the official clients, unmodified and told of nothing but
// their API's address, stream through an opened tunnel with the numbers that
// the script has.
func TestSDKsDecrypted(t *testing.T) {
	node := newNode(t, 24)
	for name, s := range sdks {
		t.Run(name, func(t *testing.T) {
			a, config := secured(t)
			o := newModelOrigin(t, s, config)
			open := newOpening(t, writeFile(t, t.TempDir(), "ca.pem", a.pem))
			record := filepath.Join(t.TempDir(), "record.ndjson")
			cmd := exec.Command(sgauge, "run", "--no-keylog", "--settings", open.settings, "--decrypt", "localhost", "--record", record,
				"--", node, writeFile(t, t.TempDir(), "ask.js", s.program()))
			cmd.Env = append(open.env, s.variable+"=https://"+o.addr+s.base)
			spans := readEvents(t, o, s, cmd)
			o.asked(t, s)
			text, err := os.ReadFile(record)
			if err != nil || strings.Contains(string(text), apiKey) {
				t.Errorf("the recording has the key, %v", err)
			}
			ex := only(t, parse(t, text), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
			if want := "https://" + o.addr + s.path; ex.URL != want || ex.End != "complete" {
				t.Errorf("recorded %s %s, want %s complete", ex.URL, ex.End, want)
			}
			checkTimes(t, ex, spans)
			checkNumbers(t, ex, s, spans)
		})
	}
}

// TestDecryptedAgreesWithPassive sends one stream through two gauges, of which
// the first opens it and the second sees the tunnel of the first: every arrival
// that the first tells is one that the second has seen, at the same time, and
// both judge alike.
func TestDecryptedAgreesWithPassive(t *testing.T) {
	o := goSecret(t, tls.VersionTLS13)
	open := newOpening(t, o.ca)
	for _, version := range []string{"--http1.1", "--http2"} {
		t.Run(version, func(t *testing.T) {
			passive := serve(t, peer{})
			g := serve(t, peer{env: open.env}, "--settings", open.settings, "--decrypt", "localhost",
				"--upstream", "http://"+passive.addr, "--proxy-loopback")
			out, err := exec.Command(need(t, "curl", "curl"), "-sS", "-N", version, "--noproxy", "", "-x", "http://"+g.addr, "--cacert", open.own, "https://"+o.host+"/events").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			inside := only(t, g.finish(t, 2), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
			around := only(t, passive.finish(t, 1), "the tunnel", func(exchange) bool { return true })
			var apart []time.Duration
			for _, chunk := range inside.Chunks {
				at, nearest := inside.Start.Add(micros(chunk[0])), time.Hour
				for _, read := range around.Chunks {
					nearest = min(nearest, at.Sub(around.Start.Add(micros(read[0]))).Abs())
				}
				apart = append(apart, nearest)
			}
			slices.Sort(apart)
			t.Logf("%d chunks, apart from the tunnel's: p50 %v, at most %v", len(apart), apart[len(apart)/2], apart[len(apart)-1])
			if len(apart) < secretEvents || apart[len(apart)/2] > time.Millisecond {
				t.Errorf("%d chunks, half of them %v apart or more", len(apart), apart[len(apart)/2])
			}
			if inside.Verdict.Label != around.Verdict.Label || inside.Verdict.Label != "incremental" {
				t.Errorf("opened it is %s, passive %s", inside.Verdict.Label, around.Verdict.Label)
			}
		})
	}
}

// TestDecryptAbort: the origin hears within a second that curl was killed.
func TestDecryptAbort(t *testing.T) {
	for _, version := range []string{"--http1.1", "--http2"} {
		t.Run(version, func(t *testing.T) {
			began, left := make(chan struct{}), make(chan time.Time, 1)
			o := goServer(t, tls.VersionTLS13, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "data: 1\n\n")
				_ = http.NewResponseController(w).Flush() // then it waits to be left
				close(began)
				<-r.Context().Done()
				left <- time.Now()
			}))
			open := newOpening(t, o.ca)
			g := open.serve(t)
			client := start(t, exec.Command(need(t, "curl", "curl"), "-sS", "-N", version, "--noproxy", "", "-x", "http://"+g.addr, "--cacert", open.own, "https://"+o.host+"/"))
			<-began
			gone := time.Now()
			client.end(syscall.SIGKILL)
			select {
			case at := <-left:
				if took := at.Sub(gone); took > time.Second {
					t.Errorf("the origin saw it after %v", took)
				}
			case <-time.After(patience):
				t.Error("the origin never saw it")
			}
			if ex := only(t, g.finish(t, 2), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" }); ex.End != "client_closed" {
				t.Errorf("recorded as %s", ex.End)
			}
		})
	}
}

func micros(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
