// Package keylog opens TLS tunnels with the keys that their clients write down
// for it (SSLKEYLOGFILE), and records the HTTP inside as exchanges of their own.
// No certificate is changed and no byte of the tunnel is touched or delayed:
//
//	relay ──copy──► queue ──► records ──open──► plaintext ──► HTTP/1, HTTP/2 ──► exchanges
//	                             ▲
//	key file ──────follow────────┘
//
// The relay copies what passes, with the time of its arrival, into a queue of
// bounded size; all the rest is done by one goroutine a tunnel, which looks into
// the key file only while it waits for a key. Every event is stamped with the
// read of the relay that completed its record. What cannot be followed (no key, a
// record that does not open, too much at a time) ends the view with a remark on
// the tunnel's exchange, and the tunnel goes on.
//
// Nothing here decides what is forwarded, and no key is ever written anywhere.
// Package proxy joins it to the relay; package settings or a flag says which
// file.
package keylog
