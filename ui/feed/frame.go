package feed

import (
	"slices"
	"strings"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
)

// entry is what the feed remembers of one exchange between frames.
type entry struct {
	row *Row
	// text is what the filter looks through, in lower case; url what it was made of.
	text, url string
	seen      mark
	// judged is when the verdict was made.
	judged time.Time
	stale  bool // changed since it was judged
	// counted is whether it was taken into account for the cutoffs.
	counted bool
	kept    bool // in the latest snapshot
}

// mark tells whether a summary differs from the one before.
type mark struct {
	kind         tunnel.Kind
	status       int
	end          tunnel.End
	protocol     string
	totals       tunnel.Totals
	phases       tunnel.Phases
	inside       int
	failed, host string
}

func markOf(ex *tunnel.Exchange, inside int) mark {
	return mark{ex.Kind, ex.Status, ex.End, ex.Protocol, ex.Totals, ex.Phases, inside, ex.Error, ex.Host}
}

// slowly is how often a running exchange that nobody sees is judged.
const slowly = time.Second

// frame makes the next frame.
func (f *Feed) frame(view *View, now time.Time) Frame {
	if !view.Paused || f.all == nil {
		f.all = f.journal.Snapshot()
	}
	f.open(view, now)
	inside := countInside(f.all)
	wanted := f.wanted(view)
	filter := parseFilter(view.Filter, view.Names)
	frame := Frame{Total: len(f.all), At: now}
	for _, e := range f.known {
		e.kept = false
	}
	for i := range slices.Backward(f.all) {
		ex := &f.all[i]
		e := f.update(ex, inside[ex.ID], now, wanted[ex.ID], view)
		if e.row.Running() {
			frame.Running++
		}
		if ex.Tunnel != "" {
			frame.Inside = append(frame.Inside, e.row)
		}
		if len(frame.Lanes) < view.Lanes {
			frame.Lanes = append(frame.Lanes, e.row)
		}
		if filter.passes(e) {
			frame.Rows = append(frame.Rows, e.row)
		}
	}
	f.forget()
	f.running, frame.Cutoffs = frame.Running, f.found
	for _, id := range view.Open {
		if whole := f.wholes[id]; whole != nil {
			frame.Open = append(frame.Open, whole)
		}
	}
	return frame
}

// countInside counts what was seen within each tunnel.
func countInside(all []tunnel.Exchange) map[string]int {
	inside := map[string]int{}
	for i := range all {
		if outer := all[i].Tunnel; outer != "" {
			inside[outer]++
		}
	}
	return inside
}

// wanted is whose arrivals are to be seen.
func (f *Feed) wanted(view *View) map[string]bool {
	wanted := make(map[string]bool, len(view.InSight)+view.Lanes)
	for _, id := range view.InSight {
		wanted[id] = true
	}
	for _, ex := range f.all[max(len(f.all)-view.Lanes, 0):] {
		wanted[ex.ID] = true
	}
	return wanted
}

// update brings what is known of an exchange up to its summary.
func (f *Feed) update(ex *tunnel.Exchange, inside int, now time.Time, wanted bool, view *View) *entry {
	e := f.known[ex.ID]
	if e == nil {
		e = &entry{}
		f.known[ex.ID] = e
	}
	e.kept = true
	seen := markOf(ex, inside)
	changed := e.row == nil || seen != e.seen
	age := elapsed(ex, now)
	aged := wanted && !view.Paused && ex.End == tunnel.Running && age-e.age() >= tick
	bare := wanted && ex.Totals.Reads > 0 && (e.row == nil || e.row.Exchange.Chunks == nil)
	e.stale = e.stale || changed
	due := e.stale && (wanted || ex.End != tunnel.Running || now.Sub(e.judged) >= slowly)
	if !changed && !aged && !bare && !due {
		e.slim(wanted)
		return e
	}
	if e.row == nil || e.url != ex.URL {
		e.name(ex)
	}
	row := f.row(e, ex, inside, age)
	if due || bare {
		f.judge(e, row, now, wanted)
	}
	e.row, e.seen = row, seen
	e.slim(wanted)
	return e
}

// slim lets go of arrivals that nobody looks at any more.
func (e *entry) slim(wanted bool) {
	if !wanted && e.row.Exchange.Chunks != nil {
		row := *e.row
		row.Exchange.Chunks = nil
		e.row = &row
	}
}

func (e *entry) age() time.Duration {
	if e.row == nil {
		return 0
	}
	return e.row.Elapsed
}

// elapsed is how long an exchange took or has taken.
func elapsed(ex *tunnel.Exchange, now time.Time) time.Duration {
	if ex.End != tunnel.Running {
		return ex.Duration()
	}
	return max(now.Sub(ex.Start), ex.Totals.Last)
}

// name settles the texts of a row, which cost more than all else of it.
func (e *entry) name(ex *tunnel.Exchange) {
	e.url = ex.URL
	shown := recording.Redact(tunnel.Exchange{URL: ex.URL, Host: ex.Host, Method: ex.Method})
	place := recording.Place(&shown)
	if e.row == nil {
		e.row = &Row{}
	}
	e.row = &Row{Place: place, Exchange: tunnel.Exchange{URL: recording.Visible(shown.URL), Method: recording.Visible(ex.Method)}, Verdict: e.row.Verdict, Blamed: e.row.Blamed}
	e.text = strings.ToLower(strings.Join([]string{ex.ID, ex.Method, place, shown.URL, ex.Host, ex.Upstream}, " "))
}

// row makes the next row of an exchange; verdict and arrivals stay those of the
// row before.
func (f *Feed) row(e *entry, ex *tunnel.Exchange, inside int, age time.Duration) *Row {
	row := &Row{Place: e.row.Place, Inside: inside, Elapsed: age, Verdict: e.row.Verdict, Blamed: e.row.Blamed}
	row.Exchange = *ex
	row.Exchange.RequestHeaders, row.Exchange.ResponseHeaders = nil, nil
	row.Exchange.URL, row.Exchange.Method = e.row.Exchange.URL, e.row.Exchange.Method
	row.Exchange.Host = recording.Visible(ex.Host)
	row.Exchange.Chunks = e.row.Exchange.Chunks
	if ex.Error != "" {
		row.Exchange.Error = recording.Visible(recording.Redact(tunnel.Exchange{Error: ex.Error}).Error)
	}
	return row
}

// judge gives row its verdict and, where they are wanted, its arrivals.
func (f *Feed) judge(e *entry, row *Row, now time.Time, wanted bool) {
	again := e.stale
	e.stale, e.judged = false, now
	row.Exchange.Chunks = nil
	if row.Exchange.Totals.Reads == 0 && row.Running() {
		return // nothing to judge: spare the copy
	}
	ex, ok := f.journal.Exchange(row.Exchange.ID)
	if !ok {
		return
	}
	if again {
		j := recording.Judge(&ex)
		row.Verdict, row.Blamed = j.Verdict, j.Blamed()
		if !row.Running() && !e.counted {
			e.counted = true
			f.cutoffs.Add(&ex)
			f.found = f.cutoffs.Found()
		}
	}
	if wanted {
		row.Exchange.Chunks = ex.Chunks
	}
}

// forget drops what the journal has dropped.
func (f *Feed) forget() {
	for id, e := range f.known {
		if !e.kept {
			delete(f.known, id)
		}
	}
}

// open fetches the exchanges that are shown whole. One that is known to its end,
// or was seen before a pause, is not fetched again.
func (f *Feed) open(view *View, now time.Time) {
	for id := range f.wholes {
		if !slices.Contains(view.Open, id) {
			delete(f.wholes, id)
		}
	}
	for _, id := range view.Open {
		have := f.wholes[id]
		if have != nil && (view.Paused || have.Exchange.End != tunnel.Running) {
			continue
		}
		ex, ok := f.journal.Exchange(id)
		if !ok {
			continue // given up by the journal: what was seen last stays
		}
		age := elapsed(&ex, now)
		if have != nil && have.Exchange.Totals == ex.Totals && have.Exchange.End == ex.End && age-have.Elapsed < live {
			continue
		}
		f.wholes[id] = &Whole{Exchange: ex, Judgement: recording.Judge(&ex), Elapsed: age}
	}
}
