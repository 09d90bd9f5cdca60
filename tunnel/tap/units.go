package tap

import (
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/wire"
)

// Units tells the units of one body apart beside its stream, keeps the body's
// beginning, and records both with the reads that brought them: in place for a
// plain body, by a goroutine of its own for an encoded one. [Body] does so for
// what it copies; whoever reads a body in another way feeds one of these.
// Not safe for concurrent use.
type Units struct {
	plain   *plainUnits
	encoded *encodedUnits // nil for a body that is not encoded
}

// NewUnits starts on the body of a response whose head had these values;
// length is its Content-Length, negative where there was none. End must be
// called in the end: it lets go of a goroutine.
func NewUnits(contentType, contentEncoding string, length int64, live *tunnel.Live) *Units {
	u := &Units{plain: newPlainUnits(wire.NewUnits(contentType, length < 0), live)}
	coding := strings.ToLower(strings.TrimSpace(contentEncoding))
	if coding != "" && coding != "identity" {
		u.encoded = newEncodedUnits(coding, u.plain)
	}
	return u
}

// Feed looks at payload, framing removed, that came with the chunk of that
// ordinal (see [tunnel.Live.Chunk]), at so long since the exchange began. It
// keeps no reference to p and never waits.
func (u *Units) Feed(ordinal int64, at time.Duration, p []byte) {
	if u.encoded != nil {
		u.encoded.feed(ordinal, at, p)
		return
	}
	u.plain.feed(ordinal, at, p)
}

// End says that no more will come; whole, that the body's end was reached. It
// may be called again.
func (u *Units) End(whole bool) {
	switch {
	case u.encoded != nil:
		u.encoded.close()
	case whole:
		u.plain.end()
	}
}

// Counted returns a channel that is closed, some time after End, when all is
// recorded, or nil if it is already.
func (u *Units) Counted() <-chan struct{} {
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
	reader  llm.Reader
	window  window // empty once the body is known to be no model's
	each    func(wire.Piece)
	early   []byte // what came while nobody could tell whether there are units
	ordinal int64
	at      time.Duration
}

func newPlainUnits(units *wire.Units, live *tunnel.Live) *plainUnits {
	u := &plainUnits{live: live, units: units}
	u.each = u.record
	return u
}

func (u *plainUnits) feed(ordinal int64, at time.Duration, p []byte) {
	u.ordinal, u.at = ordinal, at
	u.window.begin(p)
	u.live.AddUnits(ordinal, u.units.Feed(p, u.each))
	u.keep(p)
	if u.reader.Foreign() || u.units.Kind() == tunnel.NoUnits && !u.units.Undecided() {
		u.window.held = nil
		return
	}
	u.window.end()
}

// keep keeps p as a part of the body, if that turned out to have units; while
// that is open it holds p back, which is a few kilobytes at most.
func (u *plainUnits) keep(p []byte) {
	switch {
	case u.units.Kind() != tunnel.NoUnits:
		if u.early != nil {
			u.take(u.early)
			u.early = nil
		}
		u.take(p)
	case u.units.Undecided():
		u.early = append(u.early, p...)
	default:
		u.early = nil
	}
}

func (u *plainUnits) take(p []byte) {
	u.live.Keep(p)
	u.ending.Feed(p)
}

func (u *plainUnits) end() {
	u.live.AddUnits(u.ordinal, u.units.End(u.each))
	u.keep(nil)
	said := u.ending.Said()
	switch {
	case u.reader.Said():
		said = tunnel.EndingSaid
	case said == tunnel.EndingUnknown && u.reader.Answer().API != "":
		said = tunnel.EndingMissing
	}
	if said != tunnel.EndingUnknown {
		u.live.Update(func(ex *tunnel.Exchange) { ex.Ending = said })
	}
}

// record writes a piece down. A comment is a heartbeat in its place among the
// units, which the count of units leaves out.
func (u *plainUnits) record(p wire.Piece) {
	unit := tunnel.Unit{At: u.at, Offset: p.Offset, Bytes: int32(p.Bytes), Kind: p.Kind}
	if p.Comment {
		unit.Part = tunnel.Heartbeat
		u.window.cut(p.Offset, p.Bytes)
	} else {
		unit.Part = u.read(p)
	}
	u.live.Unit(unit)
}

// read asks what a unit carries, and passes on what it says of the whole.
func (u *plainUnits) read(p wire.Piece) tunnel.Part {
	if u.reader.Foreign() {
		return tunnel.NoPart
	}
	delta := u.reader.Read(p.Kind, u.window.cut(p.Offset, p.Bytes))
	if delta.Told {
		u.tell()
	}
	return delta.Part
}

// tell passes on what the reader has learned of the whole.
func (u *plainUnits) tell() {
	u.live.Update(func(ex *tunnel.Exchange) {
		ex.Answer.Describe(u.reader.Answer())
		if u.reader.Said() {
			ex.Ending = tunnel.EndingSaid
		}
	})
}
