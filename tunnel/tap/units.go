package tap

import (
	"net/http"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/wire"
)

// unitCounter tells the units of a body apart and records them with the reads
// that completed them: in place for a plain body, beside the stream for an
// encoded one.
type unitCounter struct {
	plain   *plainUnits
	encoded *encodedUnits
}

func newUnitCounter(resp *http.Response, live *tunnel.Live) *unitCounter {
	plain := &plainUnits{
		live:  live,
		units: wire.NewUnits(resp.Header.Get("Content-Type"), resp.ContentLength < 0),
	}
	plain.each = plain.record
	coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding")))
	if coding == "" || coding == "identity" {
		return &unitCounter{plain: plain}
	}
	return &unitCounter{encoded: newEncodedUnits(coding, plain)}
}

// count looks at the payload of the read of that ordinal, which arrived at. It
// keeps no reference to p.
func (u *unitCounter) count(ordinal int64, at time.Duration, p []byte) {
	if u.encoded != nil {
		u.encoded.feed(ordinal, at, p)
		return
	}
	u.plain.feed(ordinal, at, p)
}

// end says that no more will come; whole, that the body's end was reached.
func (u *unitCounter) end(whole bool) {
	switch {
	case u.encoded != nil:
		u.encoded.close()
	case whole:
		u.plain.end()
	}
}

// counted is closed, after end, when all units are recorded; nil if they are
// already.
func (u *unitCounter) counted() <-chan struct{} {
	if u.encoded != nil {
		return u.encoded.done
	}
	return nil
}

// plainUnits counts the units of decoded bytes.
type plainUnits struct {
	live    *tunnel.Live
	units   *wire.Units
	ending  wire.Ending
	each    func(tunnel.UnitKind, int)
	ordinal int64
	at      time.Duration
}

func (u *plainUnits) feed(ordinal int64, at time.Duration, p []byte) {
	u.ordinal, u.at = ordinal, at
	u.live.AddUnits(ordinal, u.units.Feed(p, u.each))
	if u.units.Kind() != tunnel.NoUnits {
		u.ending.Feed(p)
	}
}

func (u *plainUnits) end() {
	u.live.AddUnits(u.ordinal, u.units.End(u.each))
	if said := u.ending.Said(); said != tunnel.EndingUnknown {
		u.live.Update(func(ex *tunnel.Exchange) { ex.Ending = said })
	}
}

func (u *plainUnits) record(kind tunnel.UnitKind, bytes int) {
	u.live.Unit(tunnel.Unit{At: u.at, Bytes: int32(bytes), Kind: kind})
}
