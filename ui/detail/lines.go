package detail

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/tunnel/llm"
	"streamgauge/tunnel/recording"
	"streamgauge/ui/look"
	"streamgauge/ui/words"
)

// lineView shows long text line by line: only what can be seen is drawn, where a
// label would set a megabyte at once.
type lineView struct {
	list  *widget.List
	lines []string
	bytes []byte
}

// Columns of a line of text, and bytes of a line of bytes.
const (
	textColumns = 64
	bytesInLine = 16
)

func newLineView() *lineView {
	v := &lineView{}
	v.list = widget.NewList(v.count, func() fyne.CanvasObject {
		t := canvas.NewText(" ", look.Color(theme.ColorNameForeground))
		t.TextSize = theme.CaptionTextSize() + 1
		t.TextStyle.Monospace = true
		return look.Inset(0, 0, 12, 4, t)
	}, func(i widget.ListItemID, o fyne.CanvasObject) {
		t := o.(*fyne.Container).Objects[0].(*canvas.Text)
		look.SetLine(t, v.line(i), theme.ColorNameForeground)
	})
	v.list.HideSeparators = true
	return v
}

func (v *lineView) count() int {
	if v.bytes != nil {
		return (len(v.bytes) + bytesInLine - 1) / bytesInLine
	}
	return len(v.lines)
}

func (v *lineView) line(i int) string {
	if v.bytes != nil {
		return hexLine(v.bytes, i*bytesInLine)
	}
	return v.lines[i]
}

func (v *lineView) set(lines []string) {
	v.lines = lines
	v.list.Refresh()
}

func (v *lineView) setBytes(body []byte) {
	v.bytes = body
	v.list.Refresh()
}

// hexLine is sixteen bytes with where they stand, and what of them is ASCII.
func hexLine(body []byte, from int) string {
	part := body[from:min(from+bytesInLine, len(body))]
	var digits, letters strings.Builder
	for i := range bytesInLine {
		if i == bytesInLine/2 {
			digits.WriteByte(' ')
		}
		if i >= len(part) {
			digits.WriteString("   ")
			continue
		}
		fmt.Fprintf(&digits, "%02x ", part[i])
		if c := part[i]; c >= ' ' && c < 0x7f {
			letters.WriteByte(c)
		} else {
			letters.WriteByte('.')
		}
	}
	return fmt.Sprintf("%06x  %s %s", from, digits.String(), letters.String())
}

// transcriptParts are the texts of an answer, each under its name where there is
// more than the answer itself.
func transcriptParts(t *llm.Transcript) []string {
	var parts []string
	if t.Reasoning != "" {
		parts = append(parts, "── "+words.T("window.part.reasoning")+" ──\n"+t.Reasoning)
	}
	if t.Tool != "" {
		parts = append(parts, "── "+words.T("window.part.tool")+" ──\n"+t.Tool)
	}
	if t.Content != "" {
		content := t.Content
		if len(parts) > 0 {
			content = "── " + words.T("window.part.content") + " ──\n" + content
		}
		parts = append(parts, content)
	}
	if t.Cut && len(parts) > 0 {
		parts = append(parts, "── "+words.T("window.units.cut")+" ──")
	}
	return parts
}

// textOf is the merged text of a model's answer, or of any other body that is
// text the body.
func textOf(ex *tunnel.Exchange) []string {
	transcript := llm.TextOf(ex)
	if parts := transcriptParts(&transcript); len(parts) > 0 {
		return parts
	}
	if len(ex.Body) == 0 || bytes.IndexByte(ex.Body, 0) >= 0 {
		return nil
	}
	return []string{strings.TrimRight(strings.ToValidUTF8(string(ex.Body), "\uFFFD"), "\n")}
}

// textLines are texts in lines as wide as the view, fit to be shown.
func textLines(parts []string) []string {
	var lines []string
	for i, part := range parts {
		if i > 0 {
			lines = append(lines, "")
		}
		for line := range strings.SplitSeq(recording.RedactText(part), "\n") {
			lines = append(lines, wrap(recording.Visible(line), textColumns)...)
		}
	}
	return lines
}

// wrap breaks a line into pieces of at most so many columns, at blanks where
// there are some. Wide characters take two.
func wrap(line string, columns int) []string {
	var lines []string
	for line != "" {
		end, blank, width := 0, 0, 0
		for end < len(line) {
			r, size := utf8.DecodeRuneInString(line[end:])
			if width += columnsOf(r); width > columns {
				break
			}
			end += size
			if r == ' ' || columnsOf(r) == 2 {
				blank = end
			}
		}
		if end < len(line) && blank > 0 {
			end = blank
		}
		if end == 0 {
			_, end = utf8.DecodeRuneInString(line)
		}
		lines = append(lines, line[:end])
		line = line[end:]
	}
	if lines == nil {
		return []string{""}
	}
	return lines
}

func columnsOf(r rune) int {
	if r >= 0x1100 {
		return 2
	}
	return 1
}
