package tunnel

import "time"

// Frame is one WebSocket frame (RFC 6455 §5.2), of either direction.
type Frame struct {
	// At is when the read that completed it returned, since Exchange.Start.
	At time.Duration
	// Bytes is its payload as it travelled, compressed where it is.
	Bytes     int32
	Opcode    uint8
	Direction Direction
	// Fin ends a message; Compressed is RSV1 as permessage-deflate uses it (RFC
	// 7692 §6), on the first frame of a message.
	Fin, Compressed bool
	// Code is the status of a close frame (RFC 6455 §7.4); 0 where none is given.
	Code uint16
}
