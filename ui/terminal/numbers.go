package terminal

import (
	"fmt"
	"strconv"
	"time"
)

// formatSpan writes a duration in at most six columns, with the digits that matter:
// 0.4ms, 312ms, 2.41s, 24.1s, 12m05s, 3h07m.
func formatSpan(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case d < 0:
		return "0.0ms"
	case ms < 9.95:
		return fmt.Sprintf("%.1fms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0fms", ms)
	case ms < 9_995:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case ms < 99_950:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	if d = d.Round(time.Second); d < time.Hour {
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// formatBytes writes a size in at most six columns: 999B, 1.2kB, 12.3kB, 123kB.
// One kB is 1,000 bytes.
func formatBytes(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatInt(n, 10) + "B"
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.5 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if value >= 99.95 {
		return fmt.Sprintf("%.0f%cB", value, units[unit])
	}
	return fmt.Sprintf("%.1f%cB", value, units[unit])
}

// formatCount writes a count in at most five columns: 99999, 123k, 4.5M.
func formatCount(n int64) string {
	switch {
	case n < 100_000:
		return strconv.FormatInt(n, 10)
	case n < 999_500:
		return fmt.Sprintf("%.0fk", float64(n)/1e3)
	case n < 99_950_000:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.0fM", float64(n)/1e6)
	}
}
