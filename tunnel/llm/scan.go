package llm

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// members walks over a JSON object, elements over an array (RFC 8259 §4, §5).
// Both look at each byte once and keep nothing, so that an event costs no
// allocation. They are lenient: what is malformed ends the walk, and a last
// value without an end goes on to the end of the text, as it does in a unit of
// which only the beginning is at hand.
type members struct {
	rest       []byte
	key, value []byte // as they are written; key without its quotes
}

// object begins a walk. What is no object has no members.
func object(raw []byte) members { return members{rest: inside(raw, '{')} }

// next moves to the next member and reports whether there is one.
func (m *members) next() bool {
	at := separator(m.rest)
	if at == len(m.rest) || m.rest[at] != '"' {
		m.rest = nil
		return false
	}
	end := stringEnd(m.rest, at)
	m.key = quoted(m.rest[at:end])
	at = space(m.rest, end)
	if at == len(m.rest) || m.rest[at] != ':' {
		m.rest = nil
		return false
	}
	m.value, m.rest = cutValue(m.rest[at+1:])
	return len(m.value) > 0
}

type elements struct{ rest, value []byte }

// array begins a walk. What is no array has no elements.
func array(raw []byte) elements { return elements{rest: inside(raw, '[')} }

// next moves to the next element and reports whether there is one.
func (e *elements) next() bool {
	e.value, e.rest = cutValue(e.rest[separator(e.rest):])
	return len(e.value) > 0
}

// inside is what follows the opening bracket.
func inside(raw []byte, bracket byte) []byte {
	if len(raw) == 0 || raw[0] != bracket {
		return nil
	}
	return raw[1:]
}

// cutValue splits off the value that b begins with, without white space. It is
// empty where there is none.
func cutValue(b []byte) (value, rest []byte) {
	b = b[space(b, 0):]
	end := valueEnd(b)
	return b[:end], b[end:]
}

// valueEnd is where the value that begins with b ends.
func valueEnd(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return stringEnd(b, 0)
	case '{', '[':
		return nestEnd(b)
	}
	end := bytes.IndexAny(b, ",]} \t\r\n")
	if end < 0 {
		end = len(b)
	}
	return end
}

// nestEnd is where the object or array that begins with b ends. It counts
// brackets of both kinds alike: in valid JSON they match.
func nestEnd(b []byte) int {
	depth := 0
	for at := 0; at < len(b); at++ {
		switch b[at] {
		case '"':
			at = stringEnd(b, at) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return len(b)
}

// stringEnd is where the string that begins at ends, its quotes included.
func stringEnd(b []byte, at int) int {
	for at++; at < len(b); {
		quote := bytes.IndexByte(b[at:], '"')
		if quote < 0 {
			break
		}
		quote += at
		escape := quote
		for escape > at && b[escape-1] == '\\' {
			escape--
		}
		at = quote + 1
		if (quote-escape)%2 == 0 {
			return at
		}
	}
	return len(b)
}

// separator is the index of the first byte that neither separates nor is blank.
func separator(b []byte) int {
	at := space(b, 0)
	if at < len(b) && b[at] == ',' {
		at = space(b, at+1)
	}
	return at
}

func space(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\t') {
		at++
	}
	return at
}

// quoted is what stands between the quotes of a string, escapes and all; nil
// for any other value.
func quoted(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return nil
	}
	if n := len(raw); n > 1 && raw[n-1] == '"' {
		return raw[1 : n-1]
	}
	return raw[1:]
}

// isEmpty reports that a value says nothing: absent, null, or without content.
func isEmpty(raw []byte) bool {
	switch string(raw) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// count is a whole number that is not negative; else 0.
func count(raw []byte) int64 {
	const most = 1 << 53 // what JSON numbers are read as elsewhere
	var n int64
	for _, c := range raw {
		if c < '0' || c > '9' || n > most/10 {
			return 0
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// appendText adds the text of a string to b, its escapes undone. A value of
// another kind adds nothing.
func appendText(b, raw []byte) []byte {
	text := quoted(raw)
	for {
		escape := bytes.IndexByte(text, '\\')
		if escape < 0 || escape+1 == len(text) {
			return append(b, text...)
		}
		b = append(b, text[:escape]...)
		b, text = appendEscape(b, text[escape+1:])
	}
}

// appendEscape adds the character whose escape stands behind a backslash.
func appendEscape(b, escape []byte) (longer, rest []byte) {
	switch c := escape[0]; c {
	case 'n':
		return append(b, '\n'), escape[1:]
	case 't':
		return append(b, '\t'), escape[1:]
	case 'r':
		return append(b, '\r'), escape[1:]
	case 'b':
		return append(b, '\b'), escape[1:]
	case 'f':
		return append(b, '\f'), escape[1:]
	case 'u':
		r := hex4(escape[1:])
		escape = escape[min(5, len(escape)):]
		if utf16.IsSurrogate(r) && len(escape) > 1 && escape[0] == '\\' && escape[1] == 'u' {
			if r = utf16.DecodeRune(r, hex4(escape[2:])); r != utf8.RuneError {
				escape = escape[min(6, len(escape)):]
			}
		}
		return utf8.AppendRune(b, r), escape
	default: // the character itself
		return append(b, c), escape[1:]
	}
}

// hex4 reads four hexadecimal digits; what is none is the replacement character.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return utf8.RuneError
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return utf8.RuneError
		}
	}
	return r
}
