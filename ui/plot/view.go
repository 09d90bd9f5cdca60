package plot

import (
	"math"
	"time"
)

// View is the part of the time axis that is shown. It is a value: each change
// returns another, kept within whole, the view that shows all there is.
type View struct {
	From, To time.Duration
}

// closest is how little time a view may show: nothing is stamped finer.
const closest = 20 * time.Microsecond

// farthest is how far from its zero an axis reaches, some 18 years: a recording may
// claim any time, and sums of this one do not overflow.
const farthest = time.Duration(1 << 59)

// near is a time brought within what axes reach.
func near(at time.Duration) time.Duration { return min(max(at, -farthest), farthest) }

// Span is how much time is shown.
func (v View) Span() time.Duration { return v.To - v.From }

// At is the time at a place from 0, the left end, to 1.
func (v View) At(place float64) time.Duration {
	return v.From + time.Duration(place*float64(v.Span()))
}

// Place is where a time stands, from 0, the left end, to 1.
func (v View) Place(at time.Duration) float64 {
	return float64(at-v.From) / float64(max(v.Span(), 1))
}

// Zoom shows factor times as much time, with the time at place where it was.
func (v View) Zoom(place, factor float64, whole View) View {
	at := v.At(place)
	if !(factor > 0) {
		return v
	}
	wanted := min(max(float64(v.Span())*factor, float64(closest)), float64(whole.Span()))
	span := time.Duration(math.Round(wanted))
	from := at - time.Duration(math.Round(place*float64(span)))
	return View{from, from + span}.Within(whole)
}

// Pan moves the view by a part of its own width, to the right if positive.
func (v View) Pan(part float64, whole View) View {
	by := time.Duration(part * float64(v.Span()))
	return View{v.From + by, v.To + by}.Within(whole)
}

// Within moves the view into whole, and cuts it where it is wider.
func (v View) Within(whole View) View {
	span := min(max(v.Span(), closest), whole.Span())
	from := min(max(v.From, whole.From), whole.To-span)
	return View{from, from + span}
}
