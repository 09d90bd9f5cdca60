package intake

import "sync"

// Sizes of the pooled buffers, in bytes: small ones where they are held while
// waiting, large ones for downloads.
var sizes = [classes]int{4 << 10, 16 << 10, 64 << 10, MaxRead}

const (
	classes = 4
	// MaxRead is the most that one read returns, in bytes.
	MaxRead = 256 << 10
	// rawFloor is the least class where waiting holds nothing: 64 KiB, as much
	// as a socket mostly has, so that what came together is read together.
	rawFloor = 2
	// heldCeiling bounds a buffer that is held while waiting: 64 KiB.
	heldCeiling = 2
)

var pools [classes]sync.Pool

// Get returns a buffer of at least size bytes, at most MaxRead. Its length is
// that of its class.
func Get(size int) *[]byte {
	class := 0
	for class < classes-1 && sizes[class] < size {
		class++
	}
	if b, ok := pools[class].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, sizes[class])
	return &b
}

// Put gives back what Get returned.
func Put(b *[]byte) {
	for class, size := range sizes {
		if len(*b) == size {
			pools[class].Put(b)
		}
	}
}
