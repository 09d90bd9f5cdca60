package feed

import (
	"strconv"
	"strings"

	"streamgauge/tunnel/verdict"
)

// filter is what a row must have, all of it.
type filter []condition

type condition struct {
	field, value string // field is empty for a word anywhere
	not          bool
	labels       map[verdict.Label]bool
}

// parseFilter reads words, which may stand anywhere, and "host:", "label:",
// "status:" and "kind:" with what they must be or begin with. A minus before any
// of them turns it round. names are the labels as the user knows them.
func parseFilter(text string, names map[verdict.Label]string) filter {
	var conditions filter
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		c := condition{value: word}
		if rest, found := strings.CutPrefix(word, "-"); found && rest != "" {
			c.not, c.value = true, rest
		}
		if field, value, found := strings.Cut(c.value, ":"); found && value != "" {
			switch field {
			case "host", "status", "kind":
				c.field, c.value = field, value
			case "label":
				c.field, c.value, c.labels = field, value, labelsLike(value, names)
			}
		}
		conditions = append(conditions, c)
	}
	return conditions
}

// labelsLike returns the labels whose name in either language holds value.
func labelsLike(value string, names map[verdict.Label]string) map[verdict.Label]bool {
	like := map[verdict.Label]bool{}
	for _, label := range verdict.Labels() {
		if strings.HasPrefix(string(label), value) || strings.Contains(strings.ToLower(names[label]), value) {
			like[label] = true
		}
	}
	return like
}

func (f filter) passes(e *entry) bool {
	for i := range f {
		if f[i].holds(e) == f[i].not {
			return false
		}
	}
	return true
}

func (c *condition) holds(e *entry) bool {
	row := e.row
	switch c.field {
	case "host":
		return strings.Contains(strings.ToLower(row.Exchange.Host), c.value)
	case "status":
		return statusLike(row.Exchange.Status, c.value)
	case "kind":
		return strings.HasPrefix(string(row.Exchange.Kind), c.value)
	case "label":
		return c.labels[row.Verdict.Label]
	}
	return strings.Contains(e.text, c.value)
}

// statusLike compares with a code or the beginning of one, "4xx" included.
func statusLike(status int, value string) bool {
	return status > 0 && strings.HasPrefix(strconv.Itoa(status), strings.TrimRight(value, "x"))
}
