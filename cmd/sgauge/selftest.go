package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/tunnel/station"
)

const selfTestAbout = `
Is it the proxy that is slow? On this machine, an origin sends the same stream
past sgauge and through it at the same time; each event's arrival through it less
that of the same event without it is the delay that sgauge adds. p50 is the delay
of half the events at most, p99 that of all but one in a hundred. Takes half a
second and needs no network. With --upstream both ways go on through that proxy,
which must be able to reach this machine's loopback addresses.

Exit code 1 means that the test could not be run.

examples:
  sgauge selftest
  sgauge selftest --json
  sgauge selftest --upstream socks5://127.0.0.1:1080
`

func selfTest(args []string) error {
	fs := newFlagSet("selftest", "[FLAGS]", selfTestAbout)
	asJSON := fs.Bool("json", false, "write one JSON object; times in microseconds")
	upstream := fs.String("upstream", "", "`URL` of a proxy through which both ways lead, as for serve")
	if err := fs.parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return &misuse{problem: fmt.Sprintf("unexpected argument %q", fs.Arg(0)), hint: "sgauge selftest takes flags only"}
	}
	if _, err := tunnel.ParseUpstream(*upstream); err != nil {
		return &misuse{problem: err.Error(), hint: "--upstream direct, or a URL such as socks5://127.0.0.1:1080"}
	}
	ctx, stop := interruptible()
	defer stop()
	st := station.New(station.Config{Settings: station.Fixed(settings.Default()), Secrets: settings.NewKeyring()})
	result := st.SelfTestThrough(ctx, *upstream)
	if result.Err != nil {
		return result.Err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(struct {
			Events int   `json:"events"`
			P50    int64 `json:"p50_us"`
			P99    int64 `json:"p99_us"`
			Joined int   `json:"joined"`
		}{result.Events, result.P50.Microseconds(), result.P99.Microseconds(), result.Joined})
	}
	_, err := fmt.Println(selfLine(result))
	return err
}

// selfLine says in one line what we add.
func selfLine(s tunnel.SelfTest) string {
	line := fmt.Sprintf("sgauge itself adds %s (p50), %s (p99) to an event, measured with %d of its own",
		milliseconds(s.P50), milliseconds(s.P99), s.Events)
	if s.Joined > 0 {
		line += fmt.Sprintf("; %d came joined", s.Joined)
	}
	return line
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
