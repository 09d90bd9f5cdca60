// Package forward forwards one HTTP request and its response. goproxy carries
// the request from handler to Transport and the response back; this package
// surrounds it with what goproxy leaves out: full duplex, flushing, framing
// kept as the origin chose it, hop-by-hop fields removed both ways, interim
// responses, upgrades, readable failures, and above all that a response which
// breaks off is broken for the client, too.
//
// It is the only importer of goproxy, and no type of goproxy's leaves it. It
// neither listens nor dials: package proxy hands it requests and a [Path].
package forward
