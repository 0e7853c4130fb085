package cluster

import (
	"cmp"
	"strings"
)

// CompareNames orders names as people number things: w2 before w10. Runs of
// digits compare as numbers, everything else as text; names that are equal so
// far (w2, w02) compare as text, so that the order is total.
func CompareNames(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		var x, y string
		x, restA = run(restA)
		y, restB = run(restB)
		var c int
		if isDigit(x[0]) && isDigit(y[0]) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			c = cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
		} else {
			c = cmp.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), cmp.Compare(a, b))
}

// run splits off a run of digits or of anything else.
func run(s string) (head, rest string) {
	digits := isDigit(s[0])
	for i := range len(s) {
		if isDigit(s[i]) != digits {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
