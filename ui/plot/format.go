package plot

import (
	"math"
	"strconv"
	"time"
)

// Span writes a duration with the three digits that matter: "0", "320 µs",
// "4.21 ms", "812 ms", "2.41 s", "24.1 s", "12 min 5 s", "3 h 7 min". Negative
// ones get a minus sign.
func Span(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return "−" + Span(-d)
	}
	switch {
	case d == 0:
		return "0"
	case d < 999_500*time.Nanosecond:
		return three(float64(d)/float64(time.Microsecond)) + " µs"
	case d < 999_500*time.Microsecond:
		return three(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 99_950*time.Millisecond:
		return three(d.Seconds()) + " s"
	}
	seconds := int64(d.Round(time.Second) / time.Second)
	if seconds < 3600 {
		return pair(seconds/60, "min", seconds%60, "s")
	}
	return pair(seconds/3600, "h", seconds%3600/60, "min")
}

func pair(large int64, largeUnit string, small int64, smallUnit string) string {
	text := strconv.FormatInt(large, 10) + " " + largeUnit
	if small == 0 {
		return text
	}
	return text + " " + strconv.FormatInt(small, 10) + " " + smallUnit
}

// Bytes writes a size: "999 B", "1.23 kB", "45.6 MB". One kB is 1,000 bytes.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.5 && unit < len(sizeUnits)-1 {
		value, unit = value/1000, unit+1
	}
	return three(value) + " " + sizeUnits[unit]
}

var sizeUnits = [...]string{"kB", "MB", "GB", "TB", "PB", "EB"}

// Count writes a number with its thousands apart: "12,345".
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// three writes a number below 1,000 with three digits.
func three(v float64) string {
	places := 2
	switch {
	case v >= 99.95:
		places = 0
	case v >= 9.995:
		places = 1
	}
	return strconv.FormatFloat(v, 'f', places, 64)
}
