package verdict

import "time"

// Silence is how long nothing must come in this stream for it to be a stall, 0 if
// too little came to tell. Whoever draws a stream marks the same silences that
// the verdict counts.
func (v *Verdict) Silence() time.Duration {
	return stallAfter(v.Lumps, v.UsualGap)
}

// stallAfter is how long a silence must last to be a stall, by how many lumps
// came and the usual gap between them.
func stallAfter(lumps int, usual time.Duration) time.Duration {
	if lumps < fewestToStall {
		return 0
	}
	return max(silence, stallFactor*usual)
}
