package wire

import "testing"

func TestHTTP2Code(t *testing.T) {
	for code, want := range map[HTTP2Code]string{
		0: "NO_ERROR (0x0)", 2: "INTERNAL_ERROR (0x2)", 0xd: "HTTP_1_1_REQUIRED (0xd)", 0xe: "0xe", 0xffffffff: "0xffffffff",
	} {
		if got := code.String(); got != want {
			t.Errorf("code %d is %q, want %q", uint32(code), got, want)
		}
	}
}
