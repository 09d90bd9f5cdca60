package forward

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxForwards returns the Max-Forwards of r, for the two methods that it is
// defined for (RFC 9110 §7.6.2).
func maxForwards(r *http.Request) (int, bool) {
	if r.Method != http.MethodTrace && r.Method != http.MethodOptions {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(r.Header.Get("Max-Forwards")))
	return n, err == nil && n >= 0
}

func decrementMaxForwards(r *http.Request) {
	if n, ok := maxForwards(r); ok && n > 0 {
		r.Header.Set("Max-Forwards", strconv.Itoa(n-1))
	}
}

// respondsItself answers a request that says it has come far enough, and
// reports whether it did.
func respondsItself(w http.ResponseWriter, r *http.Request) bool {
	if n, ok := maxForwards(r); !ok || n > 0 {
		return false
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return true
	}
	body := reflect(r)
	w.Header().Set("Content-Type", "message/http")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
	return true
}

// reflect returns the head of r as received, without what RFC 9110 §9.3.8 asks
// to keep back: fields that may hold credentials.
func reflect(r *http.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Proto, r.Host)
	for _, line := range flatten(r.Header) {
		if !slices.Contains([]string{"Authorization", "Proxy-Authorization", "Cookie"}, line.Name) {
			fmt.Fprintf(&b, "%s: %s\r\n", line.Name, line.Value)
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}
