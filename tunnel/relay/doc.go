// Package relay copies the two directions of a tunnel: what follows a CONNECT,
// a SOCKS request or a 101. It opens no connection and decides nothing about
// where bytes go; package proxy hands it both ends and the exchange to write
// to.
//
//	client ──read──► observe ──write──► origin    toOrigin
//	client ◄──write── observe ◄──stamp── read ─── toClient ──► Chunk ──► Live
//
// Every read is passed on at once and unchanged. A half-close crosses as a
// half-close and a reset as a reset, so that a stream that broke never looks
// finished. A direction that waits holds no buffer where the operating system
// allows it: an open tunnel costs little more than its two goroutines.
package relay
