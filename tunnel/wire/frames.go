package wire

import (
	"encoding/binary"
	"math"
)

const (
	maxFrameHeader  = 2 + 8 + 4 // bytes: the fixed part, the longest length, the mask
	maxControlFrame = 125       // bytes of payload in a control frame (RFC 6455 §5.5)
)

// The opcodes that decide how frames may follow one another (RFC 6455 §5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPong         = 0xa
)

// Frame is what [Frames] found.
type Frame struct {
	// Opcode from 8 on is a control frame's, which may stand between the
	// fragments of a message.
	Opcode byte
	// Fin says that a message is over; RSV1 is what permessage-deflate marks a
	// compressed message with, in its first frame (RFC 7692 §6).
	Fin, RSV1 bool
	// Payload is its size in bytes, as it travelled.
	Payload int
	// Code is the status of a close frame (RFC 6455 §7.4), 0 where none is given.
	Code uint16
}

// Frames splits one direction of a WebSocket connection, after the handshake,
// into frames (RFC 6455 §5.2), masked or not. It unmasks nothing but the status
// of a close frame, and takes the reserved bits as they are, since extensions
// use them. It is not safe for concurrent use.
type Frames struct {
	header     [maxFrameHeader]byte
	have       int    // bytes of header seen
	left       uint64 // bytes of payload to come
	code       [2]byte
	inPayload  bool
	fragmented bool // a message was begun and not finished
	lost       bool
}

// Feed takes the next bytes and returns how many frames they completed. each,
// unless nil, is called once a frame.
func (f *Frames) Feed(p []byte, each func(Frame)) int {
	n := 0
	for len(p) > 0 && !f.lost {
		if !f.inPayload {
			p = p[f.readHeader(p):]
		}
		if !f.inPayload {
			continue
		}
		taken := min(f.left, uint64(len(p)))
		if f.opcode() == opClose {
			f.readCode(p[:taken])
		}
		f.left -= taken
		p = p[taken:]
		if f.left == 0 {
			f.endFrame(each)
			n++
		}
	}
	return n
}

// readHeader consumes what p holds of a header and begins the payload once the
// header is whole.
func (f *Frames) readHeader(p []byte) int {
	used := 0
	for used < len(p) && !f.lost {
		n := copy(f.header[f.have:f.headerSize()], p[used:])
		f.have += n
		used += n
		if f.have >= 2 && f.have == f.headerSize() {
			f.beginPayload()
			break
		}
	}
	return used
}

// headerSize is how long the header is as far as that is known.
func (f *Frames) headerSize() int {
	if f.have < 2 {
		return 2
	}
	size := 2
	switch f.header[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.header[1]&0x80 != 0 {
		size += 4
	}
	return size
}

// beginPayload applies a whole header. A length in more bytes than it needs is
// against RFC 6455 §5.2 but leaves no doubt, so it is followed.
func (f *Frames) beginPayload() {
	f.left = f.length()
	f.inPayload = f.valid()
	f.lost = !f.inPayload
}

// valid checks the header against its place in the stream (RFC 6455 §5.4, §5.5).
func (f *Frames) valid() bool {
	switch op := f.opcode(); {
	case f.left > math.MaxInt64:
		return false
	case op >= opClose && op <= opPong:
		return f.fin() && f.left <= maxControlFrame
	case op == opContinuation:
		return f.fragmented
	default:
		return (op == opText || op == opBinary) && !f.fragmented
	}
}

func (f *Frames) opcode() byte { return f.header[0] & 0x0f }
func (f *Frames) fin() bool    { return f.header[0]&0x80 != 0 }

func (f *Frames) endFrame(each func(Frame)) {
	if each != nil {
		each(f.frame())
	}
	if f.opcode() < opClose {
		f.fragmented = !f.fin()
	}
	f.have, f.inPayload = 0, false
}

func (f *Frames) frame() Frame {
	frame := Frame{
		Opcode: f.opcode(), Fin: f.fin(), RSV1: f.header[0]&0x40 != 0,
		Payload: int(min(f.length(), math.MaxInt)),
	}
	if frame.Opcode == opClose && frame.Payload >= len(f.code) {
		frame.Code = binary.BigEndian.Uint16(f.code[:])
	}
	return frame
}

// readCode takes payload of a close frame, which is shorter than any length in
// more than a byte.
func (f *Frames) readCode(p []byte) {
	at := int(f.length() - f.left)
	for i := 0; i < len(p) && at < len(f.code); i++ {
		f.code[at] = p[i]
		if f.header[1]&0x80 != 0 { // RFC 6455 §5.3: the mask ends the header
			f.code[at] ^= f.header[f.have-4+at]
		}
		at++
	}
}

// length is the payload length that the header gives.
func (f *Frames) length() uint64 {
	switch length := f.header[1] & 0x7f; length {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(length)
	}
}

// Lost reports whether the bytes were not WebSocket frames. Nothing more is
// counted then.
func (f *Frames) Lost() bool { return f.lost }
