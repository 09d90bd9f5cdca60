package tap

import "sync"

// bufferSizes are the classes of pooled buffers, in bytes: small ones for the
// pieces of a live stream, large ones for downloads.
var bufferSizes = [...]int{4 << 10, 16 << 10, 64 << 10, maxRead}

var bufferPools [len(bufferSizes)]sync.Pool

// getBuffer returns a buffer of at least size bytes, at most maxRead.
func getBuffer(size int) *[]byte {
	for i, class := range bufferSizes {
		if size <= class {
			if b, ok := bufferPools[i].Get().(*[]byte); ok {
				return b
			}
			b := make([]byte, class)
			return &b
		}
	}
	b := make([]byte, size)
	return &b
}

// putBuffer gives back what getBuffer returned.
func putBuffer(b *[]byte) {
	for i, class := range bufferSizes {
		if len(*b) == class {
			bufferPools[i].Put(b)
		}
	}
}
