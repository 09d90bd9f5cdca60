package plot

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Tick is a round number on an axis.
type Tick struct {
	Value float64 // in the unit of the axis: seconds, bytes, or a count
	Label string
}

// Steps of a clock beyond a second, in seconds: nobody reads 200 s.
var clockSteps = []float64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
}

// mostTicks bounds an axis, whatever is asked of it.
const mostTicks = 50

// TimeTicks returns at most about most round times from one time to another, in
// seconds. All labels of an axis are in the same unit and to the same digit.
func TimeTicks(from, to time.Duration, most int) []Tick {
	low, high := from.Seconds(), to.Seconds()
	step := timeStep((high - low) / float64(max(most, 1)))
	var ticks []Tick
	for _, v := range multiples(low, high, step) {
		ticks = append(ticks, Tick{v, clock(v, step, max(math.Abs(low), math.Abs(high)))})
	}
	return ticks
}

func timeStep(least float64) float64 {
	if least <= 0.5 {
		return roundStep(least)
	}
	if i, _ := slices.BinarySearch(clockSteps, least); i < len(clockSteps) {
		return clockSteps[i]
	}
	return 86400 * roundStep(least/86400)
}

// roundStep is the smallest of 1, 2 and 5 times a power of ten that is not less.
func roundStep(least float64) float64 {
	if !(least > 1e-9) {
		return 1e-9
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= least*(1-1e-9) {
			return n * power
		}
	}
	return 10 * power
}

// multiples lists those of step from low to high, bounds included.
func multiples(low, high, step float64) []float64 {
	if !(high >= low) || !(step > 0) {
		return nil
	}
	first := math.Ceil(low/step - 1e-9)
	last := math.Floor(high/step + 1e-9)
	if last-first > mostTicks {
		return nil
	}
	var values []float64
	for n := first; n <= last; n++ {
		values = append(values, n*step+0) // +0 makes a negative zero positive
	}
	return values
}

// clock writes a time on an axis that reaches to highest.
func clock(seconds, step, highest float64) string {
	switch {
	case seconds == 0:
		return "0"
	case highest >= 120:
		return minutes(seconds, step)
	case highest >= 1:
		return decimal(seconds, step) + " s"
	case highest >= 1e-3:
		return decimal(seconds*1e3, step*1e3) + " ms"
	}
	return decimal(seconds*1e6, step*1e6) + " µs"
}

// minutes writes 2:05 or 1:02:05, with as many decimals as the step needs.
func minutes(seconds, step float64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	places := placesOf(step)
	whole := int64(seconds)
	if places == 0 {
		whole = int64(math.Round(seconds))
	}
	rest := strconv.FormatFloat(math.Abs(seconds-float64(whole)), 'f', places, 64)[1:]
	two := func(n int64) string { return strconv.Itoa(int(100 + n))[1:] }
	if whole >= 3600 {
		return sign + strconv.FormatInt(whole/3600, 10) + ":" + two(whole/60%60) + ":" + two(whole%60) + rest
	}
	return sign + strconv.FormatInt(whole/60, 10) + ":" + two(whole%60) + rest
}

func decimal(v, step float64) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', placesOf(step), 64)
	if v < 0 {
		return "−" + text
	}
	return text
}

// placesOf is how many decimals tell multiples of step apart.
func placesOf(step float64) int {
	return max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
}

// ByteTicks returns at most about most round sizes between two.
func ByteTicks(low, high float64, most int) []Tick {
	unit, name := 1.0, "B"
	for i := 0; high/unit >= 1000 && i < len(sizeUnits); i++ {
		unit, name = unit*1000, sizeUnits[i]
	}
	step := roundStep((high - low) / unit / float64(max(most, 1)))
	if step*unit < 1 {
		step = 1 / unit
	}
	var ticks []Tick
	for _, v := range multiples(low/unit, high/unit, step) {
		label := "0"
		if v > 0 {
			label = decimal(v, step) + " " + name
		}
		ticks = append(ticks, Tick{v * unit, label})
	}
	return ticks
}

// CountTicks returns at most about most round counts between two.
func CountTicks(low, high float64, most int) []Tick {
	step := max(1, roundStep((high-low)/float64(max(most, 1))))
	var ticks []Tick
	for _, v := range multiples(low, high, step) {
		ticks = append(ticks, Tick{v, Count(int64(math.Round(v)))})
	}
	return ticks
}

// RoundUp returns the next span of 1, 1.5, 2, 3, 4, 5, 6 or 8 times a power of
// ten, for an axis that grows in steps while a stream runs: what was drawn stays
// where it is until the axis is full.
func RoundUp(d time.Duration) time.Duration {
	if d <= time.Millisecond {
		return time.Millisecond
	}
	power := time.Millisecond
	for power <= d/10 {
		power *= 10
	}
	for _, tenths := range []time.Duration{10, 15, 20, 30, 40, 50, 60, 80} {
		if span := power / 10 * tenths; span >= d {
			return span
		}
	}
	if power > math.MaxInt64/10 {
		return d
	}
	return 10 * power
}
