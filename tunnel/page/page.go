// Package page renders the few answers that the proxy gives in its own name:
// why a request failed, and how to point a program here. Each is plain text or
// HTML as the client prefers, carries no script, and is never cached.
//
// Which answer is due is decided by packages forward and proxy.
package page

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Page is an answer of our own. Text is shown as it is; it is escaped where it
// is put into HTML.
type Page struct {
	Status int
	Title  string
	// Text is the paragraphs.
	Text []string
	// Code is shown set off and with its line ends kept, as shell lines are.
	Code string
	// Detail is small print: the error as the machine gave it.
	Detail string
	// Header holds further fields of the response.
	Header http.Header
}

// Write answers r with p.
func (p Page) Write(w http.ResponseWriter, r *http.Request) {
	body, header := p.Render(r)
	maps.Copy(w.Header(), header)
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// Render returns the body that suits r, and the response's header.
func (p Page) Render(r *http.Request) ([]byte, http.Header) {
	header := p.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	var b strings.Builder
	if PrefersHTML(r) {
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		// The template is constant and its data are strings: it cannot fail.
		_ = layout.Execute(&b, p)
	} else {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		p.text(&b)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	return []byte(b.String()), header
}

func (p Page) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n", p.Title)
	for _, paragraph := range p.Text {
		fmt.Fprintf(b, "\n%s\n", paragraph)
	}
	if p.Code != "" {
		fmt.Fprintf(b, "\n    %s\n", strings.ReplaceAll(p.Code, "\n", "\n    "))
	}
	if p.Detail != "" {
		fmt.Fprintf(b, "\n(%s)\n", p.Detail)
	}
}

// PrefersHTML reports whether r was sent by something that shows pages, which
// is told by its asking for HTML by name (RFC 9110 §12.5.1). Programs mostly
// ask for anything, and are better served with text.
func PrefersHTML(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(accept, ",") {
			kind, parameters, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "text/html") && !refused(parameters) {
				return true
			}
		}
	}
	return false
}

// refused reports whether the weight among the parameters is zero.
func refused(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			weight, err := strconv.ParseFloat(value, 64)
			return err == nil && weight == 0
		}
	}
	return false
}

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}} · Streamgauge</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto 4rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: 8px; }
small { opacity: .7; }
footer { margin-top: 3rem; opacity: .6; font-size: .85rem; }
</style>
<h1>{{.Title}}</h1>
{{range .Text}}<p>{{.}}</p>
{{end}}{{if .Code}}<pre>{{.Code}}</pre>
{{end}}{{if .Detail}}<p><small>{{.Detail}}</small></p>
{{end}}<footer>Streamgauge, the proxy on this machine, wrote this page. The origin did not.</footer>
</html>
`))
