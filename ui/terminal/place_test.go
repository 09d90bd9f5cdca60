package terminal

import "testing"

func TestCutPlace(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    string
	}{
		{"a.test/b?c=d", 12, "a.test/b?c=d"},
		{"a.test/b?c=d", 11, "a.test/b?…"},
		{"api.test/v1/chat?key=REDACTED", 14, "api.t…1/chat?…"},
		{"api.test/v1/chat/completions", 14, "api.t…pletions"},
	} {
		if got := cutPlace(c.in, c.columns, '…'); got != c.want {
			t.Errorf("cutPlace(%q, %d) = %q, want %q", c.in, c.columns, got, c.want)
		}
	}
}
