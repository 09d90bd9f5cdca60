package terminal

import "strings"

// cutPlace makes a place fit into columns: its query goes first, and only then
// the middle.
func cutPlace(place string, columns int, mark rune) string {
	path, _, found := strings.Cut(place, "?")
	if short := path + "?" + string(mark); found && Width(place) > columns {
		place = short
	}
	return cutMiddle(place, columns, mark)
}

// firstOf returns the first of texts that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return "-"
}
