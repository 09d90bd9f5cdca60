package recording

import (
	"math"
	"slices"

	"streamgauge/tunnel"
)

// fit returns ex with no more rows than may be read back: chunks are merged in
// pairs, which keeps their whole length in time, later units, turns, frames and bytes of the body are left
// out. The totals stay exact. The slices of ex are not changed.
func fit(ex tunnel.Exchange) tunnel.Exchange {
	for len(ex.Chunks) > maxRows {
		ex.Chunks = halve(ex.Chunks)
		ex.ReadsPerChunk = 2 * max(ex.ReadsPerChunk, 1)
	}
	ex.Units = ex.Units[:min(len(ex.Units), maxRows)]
	ex.Turns = ex.Turns[:min(len(ex.Turns), maxRows)]
	ex.Frames = ex.Frames[:min(len(ex.Frames), maxRows)]
	ex.Body = ex.Body[:min(len(ex.Body), maxBody)]
	return ex
}

func halve(chunks []tunnel.Chunk) []tunnel.Chunk {
	half := make([]tunnel.Chunk, 0, (len(chunks)+1)/2)
	for pair := range slices.Chunk(chunks, 2) {
		c := pair[0]
		for _, d := range pair[1:] {
			c.Bytes = int32(min(int64(c.Bytes)+int64(d.Bytes), math.MaxInt32))
			c.Units = int32(min(int64(c.Units)+int64(d.Units), math.MaxInt32))
			c.Blocked += d.Blocked
		}
		half = append(half, c)
	}
	return half
}
