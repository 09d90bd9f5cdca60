package terminal

import "strings"

// column is one of the columns of a line, in the order in which they stand.
type column int

const (
	colClock column = iota
	colMethod
	colPlace
	colStatus
	colFirst
	colTotal
	colSize
	colUnits
	colArrivals
	colLabel
	columnCount
)

// layout is the width of each column; one of width zero is left out, with the
// blank before it.
type layout [columnCount]int

// rightAligned columns hold numbers.
var rightAligned = [columnCount]bool{colFirst: true, colTotal: true, colSize: true, colUnits: true}

// What the elastic columns get at least and at most. Below, other columns
// give way; above, the line stays shorter than the terminal.
const (
	minPlace, maxPlace       = 19, 64
	minArrivals, maxArrivals = 12, 40
	// The verdict gets room for a label, and then for a suspect behind it.
	minLabel, maxLabel = 16, 38
)

// newLayout spreads columns over a terminal. The last column of it stays free,
// where writing would move the cursor on some terminals and not on others.
func newLayout(terminal int) layout {
	l := layout{
		colClock: 8, colMethod: 7, colPlace: minPlace, colStatus: 4, colFirst: 6, colTotal: 6,
		colSize: 6, colUnits: 5, colArrivals: minArrivals, colLabel: minLabel,
	}
	room := terminal - 1
	// What a person misses least goes first.
	for _, give := range []struct {
		column column
		to     int
	}{
		{colClock, 0},
		{colSize, 0},
		{colMethod, 4},
		{colUnits, 0},
		{colFirst, 0},
		{colPlace, 12},
		{colTotal, 0},
		{colLabel, 1},
		{colMethod, 0},
		{colArrivals, 4},
		{colStatus, 0},
		{colPlace, 4},
	} {
		if l.width() <= room {
			break
		}
		l[give.column] = give.to
	}
	l.stretch(room - l.width())
	return l
}

// width is how many columns a line takes, blanks between included.
func (l *layout) width() int {
	sum := -1
	for _, w := range l {
		if w > 0 {
			sum += w + 1
		}
	}
	return sum
}

// stretch gives half of the spare columns to the verdict until it is wide
// enough, and the others to the picture and, twice as many, to the URL.
func (l *layout) stretch(spare int) {
	if spare <= 0 {
		return
	}
	suspect := min(spare/2, max(maxLabel-l[colLabel], 0))
	l[colLabel] += suspect
	spare -= suspect
	picture := min(spare/3, maxArrivals-l[colArrivals])
	l[colArrivals] += picture
	l[colPlace] += min(spare-picture, max(maxPlace-l[colPlace], 0))
}

// cell is the text of one column, and row one for each column.
type (
	cell struct {
		text  string
		color color
	}
	row [columnCount]cell
)

// render cuts, pads, colours and joins the cells of a line.
func (s Style) render(l layout, cells row) string {
	var parts []string
	for c := range columnCount {
		if l[c] > 0 {
			parts = append(parts, s.renderCell(c, cells[c], l[c]))
		}
	}
	return strings.TrimRight(strings.Join(parts, " "), " ")
}

func (s Style) renderCell(col column, c cell, columns int) string {
	text := s.cut(col, c.text, columns)
	padding := strings.Repeat(" ", max(columns-Width(text), 0))
	if rightAligned[col] {
		return padding + s.paint(c.color, text)
	}
	return s.paint(c.color, text) + padding
}

// cut makes the text of a column fit, where it can be missed best.
func (s Style) cut(col column, text string, columns int) string {
	switch col {
	case colMethod, colArrivals: // the beginning tells them apart
		return prefix(text, columns)
	case colPlace:
		return cutPlace(text, columns, s.ellipsis())
	case colLabel:
		return s.cutLabel(text, columns)
	}
	return cutMiddle(text, columns, s.ellipsis())
}

// leastOfLabel is how much of a label must be left to be known by, mark and all.
const leastOfLabel = 6

// cutLabel shortens the label before it shortens who is suspected; of these it
// leaves out whom there is no room for.
func (s Style) cutLabel(text string, columns int) string {
	label, suspect, found := strings.Cut(text, s.separator())
	if !found || Width(text) <= columns {
		return cutMiddle(text, columns, s.ellipsis())
	}
	short := string(s.ellipsis()) + " " + suspect
	if room := columns - Width(short); room >= leastOfLabel {
		return prefix(label, room) + short
	}
	return cutMiddle(label, columns, s.ellipsis())
}
