//go:build peers && linux

package peers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browserPage reads /stream and sends home each piece the moment it has it.
const browserPage = `<!doctype html><title>peers</title><script>
(async () => {
  const answer = await fetch("/stream");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    await fetch("/seen", { method: "POST", body: value });
  }
  await fetch("/ended", { method: "POST" });
})();
</script>`

func TestChromium(t *testing.T) {
	o := lockstep(oneOfEach)
	said := make(chan string, 16)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, browserPage)
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			o.done <- err
			return
		}
		o.serve(conn)
	})
	mux.HandleFunc("POST /seen", func(_ http.ResponseWriter, r *http.Request) {
		piece, _ := io.ReadAll(r.Body) // a piece cut short will not be the one that is waited for
		said <- string(piece)
	})
	mux.HandleFunc("POST /ended", func(http.ResponseWriter, *http.Request) { close(said) })
	server := httptest.NewServer(mux)
	defer server.Close()

	g := serve(t, peer{})
	browse(t, g.addr, server.URL+"/")
	for i, want := range o.body.pieces() {
		o.next(t)
		if got := collect(t, said, len(want)); got != want {
			t.Fatalf("the page's piece %d = %q, want %q", i, got, want)
		}
	}
	o.next(t)
	o.wait(t)
	if rest := collect(t, said, 1); rest != "" {
		t.Errorf("after the stream the page read %q", rest)
	}
	// The page, the stream, what it said of each piece, and the end.
	recorded := g.finish(t, 1+1+len(o.body.pieces())+1)
	stream := only(t, recorded, "the stream", func(ex exchange) bool { return ex.URL == server.URL+"/stream" })
	if stream.Kind != "http" || stream.End != "complete" || stream.units() != 3 {
		t.Errorf("recorded as %s, %s with %d units, want http, complete with 3", stream.Kind, stream.End, stream.units())
	}
	only(t, recorded, "the page", func(ex exchange) bool { return ex.URL == server.URL+"/" })
}

// browse opens a page in a browser that knows nothing but the proxy.
func browse(t *testing.T, proxy, page string) {
	t.Helper()
	cmd := exec.Command(need(t, "chromium", "chromium"),
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--no-default-browser-check", "--disable-background-networking",
		"--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-extensions",
		"--user-data-dir="+t.TempDir(),
		"--proxy-server=http://"+proxy, "--proxy-bypass-list=<-loopback>",
		"--remote-debugging-port=0", page)
	start(t, cmd)
}

// collect gathers n bytes of what the page says, or less if it has ended.
func collect(t *testing.T, said <-chan string, n int) string {
	t.Helper()
	var got strings.Builder
	for got.Len() < n {
		select {
		case piece, open := <-said:
			if !open {
				return got.String()
			}
			got.WriteString(piece)
		case <-time.After(patience):
			t.Fatalf("the page has said only %q", got.String())
		}
	}
	return got.String()
}
