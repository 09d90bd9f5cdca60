package llm

import "bytes"

// list cuts a JSON array, of which a piece comes now and then, into its
// elements: so Gemini streams where events are not asked for.
type list struct {
	begun   bool // its bracket was seen
	foreign bool // it is no array of objects
	inText  bool // within a string
	escaped bool // behind a backslash
	depth   int
	element []byte // what was seen of the one at hand, up to maxUnit
}

// feed takes the next bytes and calls each for every element that they complete.
func (l *list) feed(p []byte, each func(element []byte)) {
	if !l.begun && !l.foreign {
		p = bytes.TrimLeft(bytes.TrimPrefix(p, bom), " \t\r\n")
		if len(p) == 0 {
			return
		}
		l.begun, l.foreign = p[0] == '[', p[0] != '['
		p = p[1:]
	}
	for len(p) > 0 && !l.foreign {
		if l.depth == 0 {
			p = bytes.TrimLeft(p, ", \t\r\n")
			if len(p) == 0 {
				return
			}
			if l.foreign = p[0] != '{'; l.foreign { // the closing bracket too
				return
			}
		}
		end, whole := l.scan(p)
		l.element = append(l.element, p[:min(end, maxUnit-len(l.element))]...)
		p = p[end:]
		if whole {
			each(l.element)
			l.element = l.element[:0]
		}
	}
}

// scan looks for the end of the element at hand.
func (l *list) scan(p []byte) (end int, whole bool) {
	for i, c := range p {
		switch {
		case l.escaped:
			l.escaped = false
		case l.inText:
			l.escaped = c == '\\'
			l.inText = c != '"'
		case c == '"':
			l.inText = true
		case c == '{' || c == '[':
			l.depth++
		case c == '}' || c == ']':
			if l.depth--; l.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(p), false
}
