package relay

import "sync"

// A direction reads into a small buffer until reads fill it, then into larger
// ones. Sizes in bytes, each four times the one before.
const (
	smallest = 4 << 10
	classes  = 4
)

var pools [classes]sync.Pool

func getBuffer(class int) *[]byte {
	if b, ok := pools[class].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, smallest<<(2*class))
	return &b
}

func putBuffer(class int, b *[]byte) { pools[class].Put(b) }
