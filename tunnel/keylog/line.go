package keylog

import (
	"bytes"
	"encoding/hex"

	"streamgauge/tunnel"
)

// random is the random of a ClientHello: the name of a connection in a key log.
type random [32]byte

// secrets are what is known of one connection's keys. The slices are never
// changed once they are set.
type secrets struct {
	master    []byte    // TLS 1.2
	early     []byte    // TLS 1.3, what a client sends before the server's hello
	handshake [2][]byte // TLS 1.3, by direction
	traffic   [2][]byte // TLS 1.3, by direction
}

// maxSecret is the longest secret in bytes: that of a SHA-384 suite and of TLS
// 1.2 are both 48. maxLine bounds a line, which is far longer than any known.
const (
	maxSecret = 64
	maxLine   = 1 << 10
)

// place returns where a label of the NSS key log format belongs, or nil.
func (s *secrets) place(label []byte) *[]byte {
	switch string(label) {
	case "CLIENT_RANDOM":
		return &s.master
	case "CLIENT_EARLY_TRAFFIC_SECRET":
		return &s.early
	case "CLIENT_HANDSHAKE_TRAFFIC_SECRET":
		return &s.handshake[tunnel.ToOrigin]
	case "SERVER_HANDSHAKE_TRAFFIC_SECRET":
		return &s.handshake[tunnel.ToClient]
	case "CLIENT_TRAFFIC_SECRET_0":
		return &s.traffic[tunnel.ToOrigin]
	case "SERVER_TRAFFIC_SECRET_0":
		return &s.traffic[tunnel.ToClient]
	}
	return nil
}

// parseLine reads "LABEL RANDOM SECRET", the last two in hexadecimal. ok is
// false for comments, labels without use here, and junk.
func parseLine(line []byte) (label []byte, r random, secret []byte, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) != 3 || new(secrets).place(fields[0]) == nil ||
		len(fields[1]) != hex.EncodedLen(len(r)) || len(fields[2]) > hex.EncodedLen(maxSecret) || len(fields[2]) == 0 {
		return nil, r, nil, false
	}
	if _, err := hex.Decode(r[:], fields[1]); err != nil {
		return nil, r, nil, false
	}
	secret = make([]byte, hex.DecodedLen(len(fields[2])))
	if _, err := hex.Decode(secret, fields[2]); err != nil {
		return nil, r, nil, false
	}
	return fields[0], r, secret, true
}
