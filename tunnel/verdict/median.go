package verdict

import "math/bits"

// The buckets of a median: each power of two in perOctave steps, so that a
// bucket is at most an eighth of its value wide.
const (
	perOctave   = 8
	octaveShift = 3 // log2 of perOctave
)

// median finds the middle of positive numbers without keeping them, to the
// width of a bucket. The zero value is empty.
type median struct {
	counts [64 * perOctave]int32
	sums   [64 * perOctave]int64
	n      int32
}

func (m *median) add(v int64) {
	b := bucket(v)
	m.counts[b]++
	m.sums[b] += v
	m.n++
}

// value is the mean of the bucket that holds the middle, 0 if there is none.
func (m *median) value() int64 {
	below := int32(0)
	for i, n := range m.counts {
		if below += n; n > 0 && 2*below >= m.n {
			return m.sums[i] / int64(n)
		}
	}
	return 0
}

func bucket(v int64) int {
	if v < 2*perOctave {
		return int(max(v, 0))
	}
	octave := bits.Len64(uint64(v)) - 1
	step := v >> (octave - octaveShift) & (perOctave - 1)
	return (octave-octaveShift+1)*perOctave + int(step)
}
