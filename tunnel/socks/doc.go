// Package socks speaks SOCKS to a client: version 5 (RFC 1928) with user and
// password (RFC 1929), version 4 and its extension 4a. It negotiates, reads
// one request and writes its answer; it dials nothing, copies nothing and
// checks no policy. The proxy hands it a connection whose first byte announced
// SOCKS and takes the connection back for dialling and relaying.
//
// Reads are exact to the byte: what a client sends together with its request,
// as impatient ones do, stays unread in the connection. Only CONNECT is
// served; everything else gets the reply code its protocol has for it, never
// silence. Package upstream holds the other end, where we are the client.
package socks
