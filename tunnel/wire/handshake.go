package wire

import "streamgauge/tunnel"

// handshake tells the records of type application data that TLS 1.3 sends for
// itself from those of the application, by size and order: the rest of the
// handshake, session tickets, and closing alerts.
type handshake struct {
	protected bool // TLS 1.3: the handshake goes on within such records
	begun     bool // the server's hello was seen
	finished  int  // size of a record that holds the client's Finished
	overhead  int
	early     int  // records of the client between the hellos and its Finished
	answered  bool // the server's Finished was seen
	over      bool // the client's Finished was seen

	tickets    bool // session tickets may follow the client's Finished
	ticketSize int  // of the one before; 0 while there was none
}

func (h *handshake) begin(s serverHello, pskModes bool) {
	h.begun = true
	h.protected = s.version == versionTLS13
	h.finished, h.overhead = s.finished(), s.overhead()
	h.over = !h.protected
	h.tickets = h.protected && pskModes
}

// owns reports whether a record of type application data is the handshake's.
func (h *handshake) owns(dir tunnel.Direction, size int) bool {
	const alert = 2
	switch {
	case !h.begun:
		return false // 0-RTT (RFC 8446 §2.3) is the application's
	case !h.over && dir == tunnel.ToClient:
		h.beforeAnswer(size)
		return true
	case !h.over:
		return h.beforeFinished(size)
	case h.protected && size-h.overhead == alert:
		return true
	}
	return dir == tunnel.ToClient && h.isTicket(size)
}

// beforeAnswer notes what the server sends before the client's Finished. Some
// servers send their tickets there, right behind their own Finished, and none
// later.
func (h *handshake) beforeAnswer(size int) {
	if h.answered && mayBeTicket(size) {
		h.tickets = false
	}
	h.answered = h.answered || size == h.finished
}

// beforeFinished judges a record of the client until its Finished has passed.
// That is known by its size. A client with a certificate sends two records
// before it; some clients put a small message of their own in front, in the
// same record. After three records it must have passed whatever its size.
func (h *handshake) beforeFinished(size int) bool {
	const certificateAndVerify, companion = 2, 64
	alone := size == h.finished
	joined := h.early == 0 && size > h.finished && size <= h.finished+companion
	if alone || joined {
		h.over = true
		return true
	}
	h.early++
	if h.early > certificateAndVerify {
		h.over = true
		return false
	}
	return true
}

// isTicket reports whether a record towards the client, sent after the client's
// Finished, is a NewSessionTicket (RFC 8446 §4.6.1). Servers send one or more
// of the same size before anything else, to clients that can use them.
func (h *handshake) isTicket(size int) bool {
	same := h.ticketSize == 0 || h.ticketSize == size
	if !h.tickets || !same || !mayBeTicket(size) {
		h.tickets = false
		return false
	}
	h.ticketSize = size
	return true
}

// mayBeTicket applies the sizes of ticket records seen in bytes: 74 with the
// state kept at the server, 95 to 300 with it in the ticket, more with several
// in a record.
func mayBeTicket(size int) bool { return 60 <= size && size <= 700 }
