package wire

import "strconv"

// HTTP2Code is an error code of HTTP/2 (RFC 9113 §7).
type HTTP2Code uint32

var http2Codes = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
	"REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// String returns name and number: "INTERNAL_ERROR (0x2)".
func (c HTTP2Code) String() string {
	number := "0x" + strconv.FormatUint(uint64(c), 16)
	if c < HTTP2Code(len(http2Codes)) {
		return http2Codes[c] + " (" + number + ")"
	}
	return number
}
