package terminal

import (
	"testing"
	"time"
)

func TestFormatSpan(t *testing.T) {
	for _, c := range []struct {
		in   time.Duration
		want string
	}{
		{0, "0.0ms"},
		{-time.Second, "0.0ms"},
		{400 * time.Microsecond, "0.4ms"},
		{9_940 * time.Microsecond, "9.9ms"},
		{9_960 * time.Microsecond, "10ms"},
		{312 * time.Millisecond, "312ms"},
		{999_499 * time.Microsecond, "999ms"},
		{999_600 * time.Microsecond, "1.00s"},
		{2_413 * time.Millisecond, "2.41s"},
		{9_999 * time.Millisecond, "10.0s"},
		{24_100 * time.Millisecond, "24.1s"},
		{99_960 * time.Millisecond, "1m40s"},
		{12*time.Minute + 5*time.Second, "12m05s"},
		{59*time.Minute + 59_700*time.Millisecond, "1h00m"},
		{3*time.Hour + 7*time.Minute, "3h07m"},
	} {
		got := formatSpan(c.in)
		if got != c.want {
			t.Errorf("formatSpan(%v) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for _, c := range []struct {
		in   int64
		want string
	}{
		{0, "0B"},
		{999, "999B"},
		{1000, "1.0kB"},
		{1249, "1.2kB"},
		{12_345, "12.3kB"},
		{99_949, "99.9kB"},
		{99_951, "100kB"},
		{999_499, "999kB"},
		{999_500, "1.0MB"},
		{5_368_709_120, "5.4GB"},
		{1<<63 - 1, "9.2EB"},
	} {
		if got := formatBytes(c.in); got != c.want {
			t.Errorf("formatBytes(%d) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestFormatCount(t *testing.T) {
	for _, c := range []struct {
		in   int64
		want string
	}{
		{0, "0"}, {99_999, "99999"}, {100_000, "100k"}, {999_499, "999k"}, {999_500, "1.0M"}, {250_000_000, "250M"},
	} {
		if got := formatCount(c.in); got != c.want {
			t.Errorf("formatCount(%d) = %q, want %q", c.in, got, c.want)
		}
	}
}
