package plot

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func labels(ticks []Tick) string {
	var all []string
	for _, tick := range ticks {
		all = append(all, tick.Label)
	}
	return strings.Join(all, "|")
}

func TestTimeTicks(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for _, tt := range []struct {
		from, to time.Duration
		most     int
		want     string
	}{
		{0, 4 * s, 4, "0|1 s|2 s|3 s|4 s"},
		{0, 4370 * ms, 9, "0|0.5 s|1.0 s|1.5 s|2.0 s|2.5 s|3.0 s|3.5 s|4.0 s"},
		{0, 450 * ms, 5, "0|100 ms|200 ms|300 ms|400 ms"},
		{0, 90 * time.Microsecond, 5, "0|20 µs|40 µs|60 µs|80 µs"},
		{12340 * ms, 12350 * ms, 5, "12.340 s|12.342 s|12.344 s|12.346 s|12.348 s|12.350 s"},
		{0, 100 * s, 7, "0|15 s|30 s|45 s|60 s|75 s|90 s"},
		{0, 10 * time.Minute, 5, "0|2:00|4:00|6:00|8:00|10:00"},
		{3590 * s, 3610 * s, 2, "59:50|1:00:00|1:00:10"},
		{125 * s, 126 * s, 2, "2:05.0|2:05.5|2:06.0"},
		{-200 * ms, 200 * ms, 4, "−200 ms|−100 ms|0|100 ms|200 ms"},
		{0, 3 * 24 * time.Hour, 3, "0|24:00:00|48:00:00|72:00:00"},
		{5 * s, 5 * s, 3, "5.000000000 s"},
	} {
		if got := labels(TimeTicks(tt.from, tt.to, tt.most)); got != tt.want {
			t.Errorf("ticks from %v to %v: %s, want %s", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestValueTicks(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		most      int
		bytes     string
		counts    string
	}{
		{0, 3, 5, "0|1 B|2 B|3 B", "0|1|2|3"},
		{0, 950, 4, "0|500 B", "0|500"},
		{0, 9200, 5, "0|2 kB|4 kB|6 kB|8 kB", "0|2,000|4,000|6,000|8,000"},
		{0, 1.4e6, 5, "0|0.5 MB|1.0 MB", "0|500,000|1,000,000"},
		{1_234_000, 1_234_500, 3, "1.2340 MB|1.2342 MB|1.2344 MB", "1,234,000|1,234,200|1,234,400"},
		{0, 0, 3, "0", "0"},
	} {
		if got := labels(ByteTicks(tt.low, tt.high, tt.most)); got != tt.bytes {
			t.Errorf("bytes from %v to %v: %s, want %s", tt.low, tt.high, got, tt.bytes)
		}
		if got := labels(CountTicks(tt.low, tt.high, tt.most)); got != tt.counts {
			t.Errorf("counts from %v to %v: %s, want %s", tt.low, tt.high, got, tt.counts)
		}
	}
}

// TestTicksAreFewAndDistinct asks it of any axis.
func TestTicksAreFewAndDistinct(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 889))
	for range 20_000 {
		from := time.Duration(random.Int64N(int64(1) << random.IntN(50)))
		to := from + closest + time.Duration(random.Int64N(int64(1)<<random.IntN(50)))
		most := 1 + random.IntN(12)
		ticks := TimeTicks(from, to, most)
		if len(ticks) > most+1 {
			t.Fatalf("%d ticks from %v to %v, want at most %d", len(ticks), from, to, most+1)
		}
		for i := 1; i < len(ticks); i++ {
			if ticks[i].Label == ticks[i-1].Label || ticks[i].Value <= ticks[i-1].Value {
				t.Fatalf("from %v to %v: %v", from, to, ticks)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 320 * time.Nanosecond: "0.32 µs", 320 * time.Microsecond: "320 µs", 4213 * time.Microsecond: "4.21 ms",
		812 * time.Millisecond: "812 ms", 999_600 * time.Microsecond: "1.00 s", 2412 * time.Millisecond: "2.41 s",
		24100 * time.Millisecond: "24.1 s", 99_960 * time.Millisecond: "1 min 40 s", 725 * time.Second: "12 min 5 s",
		2 * time.Hour: "2 h", 187 * time.Minute: "3 h 7 min", -time.Second: "−1.00 s", math.MinInt64: "−2562047 h 47 min",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestBytesAndCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.00 kB", 12_345: "12.3 kB", 999_600: "1.00 MB", math.MaxInt64: "9.22 EB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: time.Millisecond, 7 * time.Millisecond: 8 * time.Millisecond, time.Second: time.Second,
		1001 * time.Millisecond: 1500 * time.Millisecond, 8100 * time.Millisecond: 10 * time.Second,
		61 * time.Second: 80 * time.Second, math.MaxInt64: math.MaxInt64,
	} {
		if got := RoundUp(d); got != want {
			t.Errorf("RoundUp(%v) = %v, want %v", d, got, want)
		}
	}
}

func TestView(t *testing.T) {
	whole := View{0, 10 * time.Second}
	for name, tt := range map[string]struct{ got, want View }{
		"zoom in":        {whole.Zoom(0.25, 0.5, whole), View{1250 * time.Millisecond, 6250 * time.Millisecond}},
		"zoom out":       {View{4 * time.Second, 6 * time.Second}.Zoom(0.5, 100, whole), whole},
		"zoom at border": {View{0, time.Second}.Zoom(0.9, 2, whole), View{0, 2 * time.Second}},
		"zoom by nought": {whole.Zoom(0.5, 0, whole), whole},
		"pan":            {View{time.Second, 3 * time.Second}.Pan(0.5, whole), View{2 * time.Second, 4 * time.Second}},
		"pan too far":    {View{time.Second, 3 * time.Second}.Pan(-9, whole), View{0, 2 * time.Second}},
		"too close":      {View{time.Second, time.Second}.Within(whole), View{time.Second, time.Second + closest}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
}

// TestZoomKeepsThePlace asks that the time under the pointer stays there.
func TestZoomKeepsThePlace(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 889))
	whole := View{0, time.Hour}
	for range 5_000 {
		v := View{20 * time.Minute, 30 * time.Minute}.Zoom(random.Float64(), 0.2+random.Float64(), whole)
		place := random.Float64()
		at := v.At(place)
		if got := v.Zoom(place, 0.3+random.Float64(), whole); got != whole && (got.At(place)-at).Abs() > time.Microsecond {
			t.Fatalf("%v zoomed at %v shows %v there, want %v", v, place, got.At(place), at)
		}
	}
}

func TestWallTicks(t *testing.T) {
	epoch := time.Date(2026, 1, 24, 18, 29, 58, 500e6, time.UTC)
	if got := labels(WallTicks(epoch, View{0, 10 * time.Second}, 5)); got != "18:30:00|18:30:02|18:30:04|18:30:06|18:30:08" {
		t.Errorf("ticks: %s", got)
	}
	if got := labels(WallTicks(epoch, View{0, time.Second}, 2)); got != "18:29:58.500|18:29:59.000|18:29:59.500" {
		t.Errorf("ticks: %s", got)
	}
}
