package decrypt

import "sync"

// trust is what is known of how clients take our certificates. The zero value
// knows nothing.
type trust struct {
	mu    sync.Mutex // guards known
	known map[party]*manners
}

// party is a program, as far as it can be told, and a host that it asks for.
// That one program does not trust us says nothing of the others.
type party struct {
	host  string
	build uint64 // see wire.Hello
}

// manners are those of one party.
type manners struct {
	spoke   bool // a request came: we are trusted
	refused bool
	left    int // connections that ended behind the handshake, without a word
}

const (
	// maxKnown bounds the parties remembered. Beyond it nothing more is: who
	// refuses is opened, and fails, each time.
	maxKnown = 1000
	// patience is how often a client may leave without a word before that is
	// taken for a refusal. Node and pinned apps look at the certificate only once
	// the handshake is over; browsers open a connection too many now and then.
	patience = 2
)

// of returns what is known of who. The caller holds mu.
func (t *trust) of(who party) *manners {
	m := t.known[who]
	if m == nil {
		m = &manners{}
	}
	if t.known == nil {
		t.known = map[party]*manners{}
	}
	if len(t.known) < maxKnown {
		t.known[who] = m
	}
	return m
}

// refuse notes that who said that it does not trust us.
func (t *trust) refuse(who party) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of(who).refused = true
}

// speak notes that who sent a request.
func (t *trust) speak(who party) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of(who).spoke = true
}

// leave notes that who left without a word, and reports whether that is a refusal
// now.
func (t *trust) leave(who party) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.of(who)
	m.left++
	m.refused = m.refused || !m.spoke && m.left >= patience
	return m.refused
}

// refused reports whether the tunnels of who are to be left alone.
func (t *trust) refused(who party) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.known[who]
	return m != nil && m.refused
}
