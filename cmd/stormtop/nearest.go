package main

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// nearest lists the names most like s, the best first: those it is a part of,
// then those with few letters to change.
func nearest(s string, names []string, most int) []string {
	limit := min(3, max(1, utf8.RuneCountInString(s)/3))
	type scored struct {
		name string
		far  int
	}
	var list []scored
	low := strings.ToLower(s)
	for _, name := range names {
		switch d := distance(low, strings.ToLower(name)); {
		case d <= limit:
			list = append(list, scored{name, d})
		case len(s) > 1 && strings.Contains(strings.ToLower(name), low):
			list = append(list, scored{name, limit + 1})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, one := range list[:min(most, len(list))] {
		out = append(out, one.name)
	}
	return out
}

// distance is the number of letters to insert, delete or replace to turn a into
// b. Long texts count as far away.
func distance(a, b string) int {
	const longest = 256
	x, y := []rune(a), []rune(b)
	if len(x) > longest || len(y) > longest {
		return longest
	}
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		diagonal := last[0]
		last[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = last[j+1]
			last[j+1] = min(cost, last[j]+1, diagonal+1)
		}
	}
	return last[len(y)]
}

// didYouMean words the nearest names as a hint, otherwise when there are none.
func didYouMean(s string, names []string, otherwise string) string {
	switch near := nearest(s, names, 3); len(near) {
	case 0:
		return otherwise
	case 1:
		return "Did you mean " + near[0] + "?"
	default:
		return "Did you mean " + strings.Join(near[:len(near)-1], ", ") + " or " + near[len(near)-1] + "?"
	}
}
