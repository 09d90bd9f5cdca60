package terminal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// How often a board is drawn: at most every framePause, and while something
// runs at least every idlePause, so that the clock of a silent stream goes on.
const (
	framePause = 100 * time.Millisecond
	idlePause  = time.Second
)

// Frame is what a board shows next.
type Frame struct {
	// Finished are printed for good, in this order.
	Finished []Row
	// Running are redrawn in place; Hidden more run that are not among them.
	Running []Row
	Hidden  int
}

// Board prints a line for each finished exchange and, where the cursor can be
// moved, keeps the running ones below. A Board serves one goroutine.
//
// Between two frames the cursor stands on an empty line with the running
// exchanges beneath it. There it stays with its line when the terminal is
// resized and the lines below are wrapped anew, nothing has to be counted to
// find back, and whatever else is written, a message or what a person types,
// becomes a line above. A program that is killed leaves no hidden cursor and no
// odd mode behind.
type Board struct {
	out    io.Writer
	style  Style
	size   func() (columns, rows int)
	headed int  // the width for which the titles were printed last; 0: not yet
	area   bool // running exchanges stand below the cursor
}

// NewBoard returns a board that draws on out. size tells how large the terminal
// is at the moment; it is not asked where the cursor cannot be moved.
func NewBoard(out io.Writer, style Style, size func() (columns, rows int)) *Board {
	return &Board{out: out, style: style, size: size}
}

// Watch draws what pull returns, now and after each change, until ctx ends;
// then it draws once more what finished and removes the running ones. pull is
// told how many of those there is room for; it is called at most ten times a
// second, from this goroutine.
func (b *Board) Watch(ctx context.Context, changed <-chan struct{}, pull func(room int) Frame) error {
	for ctx.Err() == nil {
		frame := pull(b.room())
		if err := b.Draw(frame); err != nil {
			return err
		}
		pause(ctx, framePause, nil)
		if len(frame.Running) > 0 {
			pause(ctx, idlePause-framePause, changed)
		} else {
			wait(ctx, changed)
		}
	}
	frame := pull(0)
	frame.Running, frame.Hidden = nil, 0
	return b.Draw(frame)
}

// pause returns after d, or earlier when ctx ends or something was received
// from early.
func pause(ctx context.Context, d time.Duration, early <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	wait(ctx, early)
}

func wait(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-changed:
	}
}

// room is how many running exchanges can be shown beside the empty line above
// them and the count below.
func (b *Board) room() int {
	if !b.style.Moves {
		return 0
	}
	_, rows := b.size()
	return max(rows-3, 0)
}

// Draw shows one frame, in a single write.
func (b *Board) Draw(f Frame) error {
	if b.style.Moves {
		b.style.Columns, _ = b.size()
	}
	var buf bytes.Buffer
	if b.style.Moves {
		b.drawInPlace(&buf, f)
	} else {
		b.drawLines(&buf, f, "\n")
	}
	if buf.Len() == 0 {
		return nil
	}
	_, err := b.out.Write(buf.Bytes())
	return err
}

// drawLines writes what stays.
func (b *Board) drawLines(buf *bytes.Buffer, f Frame, end string) {
	if b.wantsHeader(f) {
		buf.WriteString(b.style.Header() + end)
		b.headed = b.style.Columns
	}
	for _, row := range f.Finished {
		buf.WriteString(b.style.Line(row) + end)
	}
}

// wantsHeader reports whether titles belong above f: above the first line, and
// above the first that stays after the columns have moved.
func (b *Board) wantsHeader(f Frame) bool {
	if b.headed == 0 {
		return b.style.Columns > 0 && len(f.Finished)+len(f.Running) > 0
	}
	return b.headed != b.style.Columns && len(f.Finished) > 0
}

// Escape sequences: ECMA-48, and the private modes of DEC's and later terminals.
const (
	beginFrame  = "\x1b[?2026h\x1b[?25l" // draw nothing yet; hide the cursor
	endFrame    = "\x1b[?25h\x1b[?2026l"
	noWrap      = "\x1b[?7l" // a line measured too short is cut, not wrapped
	wrap        = "\x1b[?7h"
	eraseToEnd  = "\x1b[K" // of the line
	eraseBelow  = "\x1b[J" // from the cursor on
	upFormat    = "\x1b[%dA"
	lineInPlace = eraseToEnd + "\n"
)

// drawInPlace overwrites the last frame line by line: erasing it first would
// flicker.
func (b *Board) drawInPlace(buf *bytes.Buffer, f Frame) {
	if !b.area && len(f.Finished)+len(f.Running) == 0 {
		return
	}
	buf.WriteString(beginFrame + "\r")
	b.drawLines(buf, f, lineInPlace)
	b.area = len(f.Running) > 0
	if b.area {
		b.drawRunning(buf, f)
	} else {
		buf.WriteString(eraseBelow)
	}
	buf.WriteString(endFrame)
}

// drawRunning writes an empty line and the running exchanges, and takes the
// cursor back to that line.
func (b *Board) drawRunning(buf *bytes.Buffer, f Frame) {
	buf.WriteString(eraseToEnd + noWrap)
	lines := len(f.Running)
	for _, row := range f.Running {
		buf.WriteString("\n" + b.style.Line(row) + eraseToEnd)
	}
	if f.Hidden > 0 {
		lines++
		buf.WriteString("\n" + b.style.paint(faint, fmt.Sprintf("and %d more running", f.Hidden)) + eraseToEnd)
	}
	buf.WriteString(eraseBelow + wrap + "\r")
	fmt.Fprintf(buf, upFormat, lines)
}
