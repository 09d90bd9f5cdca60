package wire

import "streamgauge/tunnel"

// turns follows the alternation of requests and responses.
type turns struct {
	asking  bool // the latest application data went to the origin
	fresh   bool // the last Feed towards the origin began a request
	greeted bool // HTTP/2: the server's preface was seen
}

// data notes a record of the application.
func (s *turns) data(dir tunnel.Direction) {
	asks := dir == tunnel.ToOrigin
	if asks && !s.asking {
		s.fresh = true
	}
	s.asking = asks
}

// isInterim reports whether the first record of a response is
// "HTTP/1.1 100 Continue", known by its length: the request's body follows, not
// another request.
func (s *turns) isInterim(dir tunnel.Direction, plain int) bool {
	return dir == tunnel.ToClient && s.asking && plain == len("HTTP/1.1 100 Continue\r\n\r\n")
}
