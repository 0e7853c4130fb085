package config

// nearest is the name most like s among names, or "" when none is close: at
// most a third of the letters differ, and never more than three.
func nearest(s string, names []string) string {
	limit := min(3, max(1, len(s)/3))
	best, found := limit+1, ""
	for _, name := range names {
		if len(name) > len(s)+limit || len(s) > len(name)+limit {
			continue
		}
		if d := distance(s, name); d < best || d == best && found != "" && name < found {
			best, found = d, name
		}
	}
	return found
}

// distance is the number of letters to insert, delete, replace or swap with
// the neighbour to turn a into b.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func didYouMean(s string, names []string) string {
	if name := nearest(s, names); name != "" {
		return "Did you mean " + name + "?"
	}
	return ""
}
