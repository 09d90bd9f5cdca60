// Package proxy is the listening proxy. It takes connections on one port, tells
// SOCKS from HTTP by the first byte, and assembles the rest: upstream dials,
// forward carries requests in absolute form, relay carries tunnels, and each
// exchange is recorded as it happens.
//
//	Accept ── first byte ─┬─ 0x05, 0x04 ── socks ───────────┐
//	                      └─ net/http server ── handler ─┬──┴─ relay (CONNECT, SOCKS, 101)
//	                                                     │  └─ decrypt ── net/http server ── forward
//	                                                     ├──── forward (absolute form)
//	                                                     ├──── forward (the gateway, /https/HOST/…)
//	                                                     └──── our own page at /
//
// Tunnels to hosts that the user has listed are opened by decrypt; a second server
// takes the requests in them, by HTTP/1.1 or HTTP/2, and forwards them: decrypt.go.
//
// It serves whoever can connect, which by default is this machine only. What it
// says in its own name, and the gateway, is guarded against web pages: see own.go.
package proxy
