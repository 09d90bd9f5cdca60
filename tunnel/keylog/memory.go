package keylog

import (
	"crypto/sha256"
	"sync"
)

// maxSessions is how many sessions of TLS 1.2 are remembered, the latest: about
// 1 MiB.
const maxSessions = 4 << 10

// memory holds the master secrets of TLS 1.2 sessions by session ID or ticket
// (RFC 5246 §7.3, RFC 5077 §3.1). The zero value is ready. All methods may be
// called concurrently.
type memory struct {
	mu     sync.Mutex // guards all below
	known  map[[sha256.Size]byte][]byte
	order  [][sha256.Size]byte // a ring once it is full
	oldest int
}

func (m *memory) put(name, master []byte) {
	if len(name) == 0 {
		return
	}
	key := sha256.Sum256(name)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[[sha256.Size]byte][]byte{}
	}
	if _, there := m.known[key]; !there {
		if len(m.order) < maxSessions {
			m.order = append(m.order, key)
		} else {
			delete(m.known, m.order[m.oldest])
			m.order[m.oldest] = key
			m.oldest = (m.oldest + 1) % maxSessions
		}
	}
	m.known[key] = master
}

// get returns the master secret of a session, or nil.
func (m *memory) get(name []byte) []byte {
	if len(name) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[sha256.Sum256(name)]
}
