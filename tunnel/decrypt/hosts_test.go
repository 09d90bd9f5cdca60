package decrypt

import "testing"

func TestHosts(t *testing.T) {
	h, err := ParseHosts([]string{"api.example.test", " *.Example.org ", "127.0.0.1", "[::1]", "例子.test", "under_score.test."})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"api.example.test": true, "API.Example.Test.": true, "example.test": false, "x.api.example.test": false,
		"a.example.org": true, "a.b.example.org": true, "example.org": false, "badexample.org": false, ".example.org": false,
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "127.0.0.2": false, "::1": true, "[::1]": true,
		"xn--fsqu00a.test": true, "例子.test": true, "under_score.test": true, "": false, "*.example.org": false,
	} {
		if got := h.Has(host); got != want {
			t.Errorf("%q: listed %v, want %v", host, got, want)
		}
	}
	for _, entry := range []string{"", "*", "*.", "http://a.test", "a.test:443", "a/b", "*.127.0.0.1", "a b", "user@a.test"} {
		if _, err := ParseHosts([]string{entry}); err == nil {
			t.Errorf("%q is taken", entry)
		}
	}
}
