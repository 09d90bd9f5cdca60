package main

import (
	"fmt"
	"slices"
	"strings"
)

// elsewhere maps what other programs call a flag to what it is called here.
var elsewhere = map[string]string{
	"x": "upstream", "proxy": "upstream", "noproxy": "bypass", "no-proxy": "bypass",
	"p": "listen", "port": "listen", "addr": "listen", "address": "listen", "bind": "listen",
	"config": "settings", "format": "as", "output": "o",
}

// suggest names the candidate nearest to what was typed, or all of them where
// none is near, each as spell spells it.
func suggest(typed string, candidates []string, spell func(string) string) string {
	best, distance := "", len(typed)/2+1
	if known := elsewhere[typed]; slices.Contains(candidates, known) {
		best, distance = known, 0
	}
	for _, c := range candidates {
		if strings.HasPrefix(c, typed) && best == "" {
			best, distance = c, 0
		}
		if d := editDistance(typed, c); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		var all []string
		for _, c := range candidates {
			all = append(all, spell(c))
		}
		return "there are " + strings.Join(all, ", ")
	}
	return fmt.Sprintf("did you mean %s?", spell(best))
}

// misspelt returns the candidate that s was surely meant to be, or "".
func misspelt(s string, candidates []string) string {
	const slips = 2
	for _, c := range candidates {
		if editDistance(s, c) <= slips {
			return c
		}
	}
	return ""
}

// editDistance is how many letters must be put in, taken out, changed or
// swapped with their neighbour to turn a into b.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
