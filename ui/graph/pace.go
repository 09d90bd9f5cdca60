package graph

import (
	"time"

	"fyne.io/fyne/v2"
)

// frame is the shortest time between two drawings under the hand.
const frame = time.Second / 30

// pace draws at most once a frame, the first time at once, and never leaves the
// last change undrawn. It belongs to the goroutine of the user interface.
type pace struct {
	last    time.Time
	pending bool
	// later calls a function on the goroutine of the user interface when so much
	// time has passed; nil means by a timer.
	later func(time.Duration, func())
}

// ask draws now or when the frame is over.
func (p *pace) ask(draw func()) {
	if p.pending {
		return
	}
	rest := frame - time.Since(p.last)
	if rest <= 0 {
		p.last = time.Now()
		draw()
		return
	}
	p.pending = true
	later := p.later
	if later == nil {
		later = onTimer
	}
	later(rest, func() {
		p.pending, p.last = false, time.Now()
		draw()
	})
}

func onTimer(wait time.Duration, f func()) {
	time.AfterFunc(wait, func() { fyne.Do(f) })
}
