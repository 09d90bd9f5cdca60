package main

import (
	"fmt"
	"strings"
)

// suggest names the candidate nearest to what was typed, or all of them where
// none is near. prefix is put before each.
func suggest(typed, prefix string, candidates []string) string {
	best, distance := "", len(typed)/2+1
	for _, c := range candidates {
		if strings.HasPrefix(c, typed) && best == "" {
			best, distance = c, 0
		}
		if d := editDistance(typed, c); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return "there are " + prefix + strings.Join(candidates, ", "+prefix)
	}
	return fmt.Sprintf("did you mean %s%s?", prefix, best)
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
