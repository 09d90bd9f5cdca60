package table

import "fyne.io/fyne/v2"

// Sizes in units of the screen.
const (
	rowHeight  = 28
	headHeight = 28
	tickWidth  = 26
	edge       = 8 // left and right within a column
)

// column is one of the table.
type column int

const (
	colTick column = iota
	colMark
	colMethod
	colPlace
	colStatus
	colProtocol
	colFirst
	colUnits
	colTime
	colStrip
	columnCount
)

// fixed are the widths of the columns that have one.
var fixed = [columnCount]float32{
	colTick: tickWidth, colMark: 22, colMethod: 72, colStatus: 50, colProtocol: 76, colFirst: 70, colUnits: 58, colTime: 70,
}

// The columns that share what is left, and when others give way to them.
const (
	minPlace = 230
	minStrip = 120
	maxStrip = 280
)

// giveWay are the columns that a narrow table does without, the first one first.
var giveWay = []column{colProtocol, colUnits, colMethod, colStatus}

// span is where a column stands; no width where there is no room for it.
type span struct{ x, width float32 }

type layout [columnCount]span

// layOut shares width out.
func layOut(width float32) layout {
	var l layout
	shown := fixed
	left := width
	for _, w := range shown {
		left -= w
	}
	for _, c := range giveWay {
		if left >= minPlace+minStrip {
			break
		}
		left += shown[c]
		shown[c] = 0
	}
	shown[colStrip] = min(max(left*0.36, minStrip), maxStrip)
	shown[colPlace] = max(left-shown[colStrip], 0)
	x := float32(0)
	for c, w := range shown {
		l[c] = span{x, w}
		x += w
	}
	return l
}

// rightAligned are the columns of numbers.
func rightAligned(c column) fyne.TextAlign {
	switch c {
	case colStatus, colFirst, colUnits, colTime:
		return fyne.TextAlignTrailing
	}
	return fyne.TextAlignLeading
}
