package verdict

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgauge/tunnel"
)

func TestReasons(t *testing.T) {
	const s = time.Second
	clumps := []tunnel.Chunk{}
	for i := range 5 {
		at := time.Duration(i) * 400 * ms
		clumps = append(clumps, tunnel.Chunk{At: 300*ms + at, Bytes: 200, Units: 2}, tunnel.Chunk{At: 301*ms + at, Bytes: 300, Units: 3})
	}
	flow := lumpsOf(50*ms, 1, slices.Repeat([]int32{100}, 30)...)
	tests := []struct {
		name string
		ex   tunnel.Exchange
		want string
	}{
		{
			"held whole, the head too", reply(nginxHead, 4100*ms, tunnel.Chunk{At: 4100 * ms, Bytes: 9000, Units: 94}),
			"94 units in 1 lump; first after 4.1s, last 0s later; the head was held too: it came with the first bytes, after 4.1s",
		},
		{
			"held whole behind an early head", reply(goHead, 100*ms, atEnd(9000)...),
			"80 units in 1 lump; first after 3s, last 0s later; the head came 2.9s before the first bytes",
		},
		{
			"a source's clumps", reply("", ms, clumps...),
			"25 units in 5 lumps; first after 300ms, last 1.6s later; largest lump 20 % of the bytes, longest gap 400ms; the source writes some 5 units at a time, every 400ms",
		},
		{
			"a silence on the path", reply("", ms, append(slices.Clone(flow), tunnel.Chunk{At: 4 * s, Bytes: 4000, Units: 40})...),
			"70 units in 31 lumps; first after 50ms, last 3.95s later; largest lump 57 % of the bytes, longest gap 2.5s; 1 silence, the longest of 2.5s, where 50ms is usual; what was missed came at its end: the path was silent",
		},
		{
			"a silence of the source", reply("", ms, append(slices.Clone(flow), tunnel.Chunk{At: 4 * s, Bytes: 100, Units: 1})...),
			"31 units in 31 lumps; first after 50ms, last 3.95s later; largest lump 3 % of the bytes, longest gap 2.5s; 1 silence, the longest of 2.5s, where 50ms is usual; nothing was missed: the source was silent",
		},
		{
			"keep-alives", reply("", ms, lumpsOf(5*s, 0, 14, 14, 14)...),
			"3 lumps; first after 5s, last 10s later; largest lump 33 % of the bytes, longest gap 5s; 3 keep-alives and nothing else: the connection is alive, the source has said nothing",
		},
		{
			"a tunnel of one lump",
			tunnel.Exchange{Kind: tunnel.KindTunnel, End: tunnel.Complete, Chunks: lumpsOf(3*s, 0, 9000)},
			"1 lump; first after 3s, last 0s later; an opaque tunnel that brought all at once: a guess by size and time",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := Assess(&test.ex)
			if got := strings.Join(v.Reasons(), "; "); got != test.want {
				t.Errorf("%s: %s\nwant: %s", v.Label, got, test.want)
			}
		})
	}
}

// TestSentences: no code is without a sentence.
func TestSentences(t *testing.T) {
	codes := []ReasonCode{
		Arrivals, Timing, Largest, HeadHeld, HeadEarly, JoinedUnits, SourceClumps, Silence, SilenceOnPath,
		PlayedBack, OnlyHeartbeats, HeartbeatsToo, BrokeOff, EndedShort, ClientSlow, Opaque, CutAtAge, SilentToEnd,
	}
	for _, code := range codes {
		r := Reason{Code: code, Units: 3, Lumps: 2, Share: 0.5, Wait: time.Minute, Span: time.Second, Gap: time.Minute}
		if text := r.String(); text == string(code) || text == "" || strings.HasSuffix(text, ".") || strings.Contains(text, "%!") {
			t.Errorf("%s: %q is no sentence", code, text)
		}
	}
	if r := (Reason{Code: CutAtAge, Lumps: 2, Wait: 60_040 * ms, Gap: time.Minute}); r.String() != "cut at 60.0s, 2 times: 1m0s is a usual limit on a whole answer" {
		t.Errorf("%q", r.String())
	}
}

func TestReasonAsData(t *testing.T) {
	got, err := json.Marshal(Reason{Code: HeadHeld, Wait: 4100 * ms})
	if want := `{"code":"head_held","wait_ns":4100000000}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestCutShort(t *testing.T) {
	for _, tt := range []struct {
		end    tunnel.End
		ending tunnel.Ending
		want   bool
	}{
		{tunnel.Complete, tunnel.EndingMissing, true},
		{tunnel.Complete, tunnel.EndingSaid, false},
		{tunnel.Complete, tunnel.EndingUnknown, false},
		{tunnel.Truncated, tunnel.EndingMissing, false}, // its label says more
		{tunnel.Running, tunnel.EndingMissing, false},
	} {
		v := Assess(&tunnel.Exchange{End: tt.end, Ending: tt.ending, Chunks: []tunnel.Chunk{{Bytes: 1}}})
		told := slices.ContainsFunc(v.Why(), func(r Reason) bool { return r.Code == EndedShort })
		if v.CutShort != tt.want || told != tt.want {
			t.Errorf("%q %q: %v, told %v; want %v", tt.end, tt.ending, v.CutShort, told, tt.want)
		}
	}
}
