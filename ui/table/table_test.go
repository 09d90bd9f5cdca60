package table

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"streamgauge/tunnel"
	"streamgauge/tunnel/verdict"
	"streamgauge/ui/feed"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// shownTable is a table in a window of that size, with n rows; the newest is n.
func shownTable(t testing.TB, width, height float32, n int) (*Table, fyne.Window) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.NewTheme(look.Light))
	if err := words.Use(words.English); err != nil {
		t.Fatal(err)
	}
	table := New()
	window := test.NewTempWindow(t, table)
	window.SetPadded(false)
	window.Resize(fyne.NewSize(width, height))
	table.SetRows(rows(n))
	return table, window
}

// rows makes n of them, the newest, with the highest number, first.
func rows(n int) []*feed.Row {
	all := make([]*feed.Row, n)
	for i := range all {
		all[i] = row(n - i)
	}
	return all
}

func row(number int) *feed.Row {
	r := &feed.Row{Place: fmt.Sprintf("api.example.com/v1/chat/completions/%d", number), Elapsed: time.Second, Verdict: verdict.Verdict{Label: verdict.Incremental}}
	r.Exchange = tunnel.Exchange{
		ID: fmt.Sprint(number), Method: "POST", Host: "api.example.com:443", Status: 200, Protocol: "HTTP/1.1", Kind: tunnel.KindHTTP,
		End: tunnel.Complete, Totals: tunnel.Totals{Reads: 3, Units: int64(number)}, Chunks: []tunnel.Chunk{{At: 1}, {At: 2}, {At: 3}},
	}
	return r
}

// drawn lists which rows have a view, from the top, with what it says.
func drawn(table *Table) []string {
	views := slices.Clone(table.body.views)
	slices.SortFunc(views, func(a, b *rowView) int { return int(a.Position().Y - b.Position().Y) })
	var ids []string
	for _, v := range views {
		if v.Visible() {
			ids = append(ids, v.row.Exchange.ID)
		}
	}
	return ids
}

// scrollTo turns the wheel.
func scrollTo(table *Table, y float32) {
	table.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: table.scroll.Offset.Y - y}})
}

func TestOnlyRowsInSightHaveViews(t *testing.T) {
	table, _ := shownTable(t, 760, headHeight+10*rowHeight, 10_000)
	if n := len(table.body.views); n > 13 {
		t.Errorf("%d views for ten rows in sight", n)
	}
	if got := drawn(table); got[0] != "10000" || got[9] != "9991" {
		t.Errorf("shown are %v, want 10000 to 9991", got)
	}
	scrollTo(table, 5000*rowHeight)
	if got := drawn(table); got[0] != "5000" {
		t.Errorf("scrolled halfway the first row is %s, want 5000", got[0])
	}
}

func TestSightIsTold(t *testing.T) {
	table, _ := shownTable(t, 760, headHeight+4*rowHeight, 100)
	var told []string
	table.OnSight = func(ids []string) { told = ids }
	scrollTo(table, 10*rowHeight)
	if len(told) < 4 || told[0] != "90" {
		t.Errorf("told of %v, want 90 and the next ones", told)
	}
}

func TestChoiceStaysWithItsExchange(t *testing.T) {
	table, _ := shownTable(t, 760, 400, 20)
	var told []string
	table.OnChosen = func(id string) { told = append(told, id) }
	test.TapCanvas(fyne.CurrentApp().Driver().CanvasForObject(table), fyne.NewPos(300, headHeight+2.5*rowHeight))
	table.SetRows(rows(25))
	if table.Chosen() != "18" || !slices.Equal(told, []string{"18"}) {
		t.Fatalf("chosen is %s, told %v; want 18, once", table.Chosen(), told)
	}
	for _, v := range table.body.views {
		if v.looks.chosen != (v.row != nil && v.row.Exchange.ID == "18") {
			t.Errorf("the row of %s shows chosen: %v", v.row.Exchange.ID, v.looks.chosen)
		}
	}
}

func TestWhatIsReadStaysWhileRowsArrive(t *testing.T) {
	table, _ := shownTable(t, 760, headHeight+5*rowHeight, 100)
	scrollTo(table, 50.5*rowHeight)
	before := drawn(table)
	table.SetRows(rows(107))
	if after := drawn(table); !slices.Equal(before, after) {
		t.Errorf("shown were %v, and after seven more arrived %v", before, after)
	}
	scrollTo(table, 0)
	table.SetRows(rows(110))
	if got := drawn(table); got[0] != "110" {
		t.Errorf("at the top the first row is %s, want the newest, 110", got[0])
	}
}

func TestRowsThatVanish(t *testing.T) {
	table, _ := shownTable(t, 760, headHeight+5*rowHeight, 100)
	scrollTo(table, 95*rowHeight)
	table.SetRows(rows(3))
	if got := drawn(table); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("shown are %v, want 3, 2, 1", got)
	}
	table.SetRows(nil)
	if got := drawn(table); len(got) != 0 {
		t.Errorf("an empty table shows %v", got)
	}
}

func TestTicking(t *testing.T) {
	table, _ := shownTable(t, 760, 400, 20)
	var told []string
	table.OnTicked = func(ids []string) { told = ids }
	at := func(x float32, n int, with fyne.KeyModifier) {
		position := fyne.NewPos(x, (float32(n)+0.5)*rowHeight)
		table.body.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: position}, Modifier: with})
		table.body.Tapped(&fyne.PointEvent{Position: position})
	}
	at(10, 1, 0) // the box
	at(300, 3, fyne.KeyModifierControl)
	if !slices.Equal(told, []string{"19", "17"}) {
		t.Errorf("ticked %v, want 19, 17", told)
	}
	at(10, 1, 0)
	if !slices.Equal(told, []string{"17"}) {
		t.Errorf("ticked %v, want 17", told)
	}
	at(300, 5, 0)
	at(300, 7, fyne.KeyModifierShift)
	if !slices.Equal(told, []string{"17", "15", "14", "13"}) {
		t.Errorf("ticked %v, want 17, 15, 14, 13", told)
	}
}

func TestKeys(t *testing.T) {
	table, window := shownTable(t, 760, headHeight+5*rowHeight, 100)
	var copied, found, left bool
	table.OnCopy, table.OnFind, table.OnLeave = func(id string) { copied = id == "99" }, func() { found = true }, func() { left = true }
	window.Canvas().Focus(table)
	press := func(name fyne.KeyName) { table.TypedKey(&fyne.KeyEvent{Name: name}) }
	for _, step := range []struct {
		key  fyne.KeyName
		want string
	}{{fyne.KeyDown, "100"}, {fyne.KeyDown, "99"}, {fyne.KeyUp, "100"}, {fyne.KeyUp, "100"}, {fyne.KeyPageDown, "96"}, {fyne.KeyEnd, "1"}, {fyne.KeyHome, "100"}, {fyne.KeyDown, "99"}} {
		press(step.key)
		if table.Chosen() != step.want {
			t.Errorf("%s chooses %s, want %s", step.key, table.Chosen(), step.want)
		}
		if !slices.Contains(drawn(table), step.want) {
			t.Errorf("%s leaves %s out of sight", step.key, step.want)
		}
	}
	table.TypedShortcut(&fyne.ShortcutCopy{})
	table.TypedRune('/')
	table.TypedRune(' ')
	press(fyne.KeyEscape)
	if !copied || !found || !left || !slices.Equal(table.Ticked(), []string{"99"}) {
		t.Errorf("copied %v, found %v, left %v, ticked %v; want all, and 99", copied, found, left, table.Ticked())
	}
}

func TestMenuIsOfTheRow(t *testing.T) {
	table, _ := shownTable(t, 760, 400, 20)
	var of string
	table.OnMenu = func(id string, _ fyne.Position) { of = id }
	table.body.TappedSecondary(&fyne.PointEvent{Position: fyne.NewPos(300, 4.5*rowHeight)})
	if of != "16" || table.Chosen() != "16" {
		t.Errorf("the menu is of %q and chosen is %q, want 16", of, table.Chosen())
	}
}

func TestNarrowTablesGiveColumnsUp(t *testing.T) {
	for width := float32(380); width < 1600; width += 20 {
		l := layOut(width)
		last := l[colStrip]
		if end := last.x + last.width; end > width+1 {
			t.Errorf("%v wide, the columns take %v", width, end)
		}
		if l[colTime].width == 0 || l[colMark].width == 0 || l[colPlace].width <= 0 {
			t.Errorf("%v wide, mark, place or time is missing", width)
		}
	}
	if wide := layOut(1200); wide[colProtocol].width == 0 {
		t.Errorf("a wide table lacks the protocol")
	}
}

// BenchmarkUpdate is one refresh of a table with 10,000 rows of which those in
// sight have changed, one having arrived on top. Twenty of them a second may take
// a third of a core: 16 ms each.
func BenchmarkUpdate(b *testing.B) {
	table, window := shownTable(b, 760, 760, 10_000)
	old := rows(10_000)
	b.ReportAllocs()
	n := 10_000
	for b.Loop() {
		n++
		next := make([]*feed.Row, 0, len(old)+1)
		next = append(next, row(n))
		for i, r := range old {
			if i < 30 {
				changed := *r
				changed.Exchange.Totals.Units++
				changed.Exchange.Totals.Reads++
				changed.Elapsed += 50 * time.Millisecond
				r = &changed
			}
			next = append(next, r)
		}
		old = next[:10_000]
		table.SetRows(old)
	}
	_ = window
}
