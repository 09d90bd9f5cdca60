//go:build peers && linux

package peers

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// pauses are the times between a source's events, over and over. They are uneven,
// as those of a language model are: else a buffer with a clock would let as many
// events through each time, and look like one that counts. None is short enough
// for a slow machine to join many events, or long enough to look like a stall.
var pauses = []time.Duration{
	100 * time.Millisecond, 130 * time.Millisecond, 80 * time.Millisecond,
	110 * time.Millisecond, 90 * time.Millisecond, 140 * time.Millisecond, 70 * time.Millisecond,
}

// sourceEvents is how many events a source sends: three seconds' worth.
const sourceEvents = 30

// newSource is a server that streams events of size bytes, each flushed when its
// time has come. It returns its URL.
func newSource(t *testing.T, size int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w).Flush
		due := time.Now()
		for i := -1; i < sourceEvents; i++ { // the head goes first, alone
			if i >= 0 {
				fmt.Fprint(w, sourceEvent(i, size))
			}
			if err := flush(); err != nil {
				return // whoever asked has left
			}
			due = due.Add(pauses[(i+1)%len(pauses)])
			select {
			case <-time.After(time.Until(due)):
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// sourceEvent is event number i, size bytes long give or take a tenth.
func sourceEvent(i, size int) string {
	event := fmt.Sprintf("data: event %d ", i)
	rest := size - len(event) - len("\n\n") + size/10*(i%3-1)
	return event + strings.Repeat("x", max(rest, 0)) + "\n\n"
}

// stand is where a layer answers, and to whom: certificates are those that its
// client trusts, if it speaks TLS.
type stand struct {
	url          string
	certificates *authority
}

// host is how a recording names the stand.
func (s stand) host() string {
	_, rest, _ := strings.Cut(s.url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// drain reads a stream to its end through proxy, in HTTP/1.1.
func (s stand) drain(proxy, encoding string) error {
	transport := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", Host: proxy}),
		DisableCompression: true,
		DisableKeepAlives:  true,
	}
	if s.certificates != nil {
		transport.TLSClientConfig = s.certificates.trusted()
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, s.url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept-Encoding", encoding)
	client := http.Client{Transport: transport, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		page, _ := io.ReadAll(response.Body)
		return fmt.Errorf("get %s: %s\n%s", s.url, response.Status, page)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
