package kit

import (
	"cmp"
	"math"
)

// last is added to a comparison's result for rows that come last whichever way
// the order runs, because they have nothing to compare.
const last = 2

// ByNumber compares rows by a number. Rows whose number is NaN come last in
// either direction.
func ByNumber[R any](value func(R) float64) func(a, b R) int {
	return func(a, b R) int {
		x, y := value(a), value(b)
		switch xn, yn := math.IsNaN(x), math.IsNaN(y); {
		case xn && yn:
			return 0
		case xn:
			return last
		case yn:
			return -last
		}
		return cmp.Compare(x, y)
	}
}

// ByText compares rows by a text the way people do: w2 before w10. Rows
// without a text come last in either direction.
func ByText[R any](text func(R) string) func(a, b R) int {
	return func(a, b R) int {
		x, y := text(a), text(b)
		switch {
		case x == y:
			return 0
		case x == "":
			return last
		case y == "":
			return -last
		}
		return Natural(x, y)
	}
}

// Natural compares two texts with the numbers inside them as numbers: w2 comes
// before w10. Texts that differ are never equal.
func Natural(a, b string) int {
	// Most names share a beginning; numbers in it are equal too, unless one ends
	// at the first difference.
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	for i > 0 && digit(a[i-1]) {
		i--
	}
	j := i
	for i < len(a) && j < len(b) {
		if digit(a[i]) && digit(b[j]) {
			si, sj := i, j
			for i < len(a) && digit(a[i]) {
				i++
			}
			for j < len(b) && digit(b[j]) {
				j++
			}
			if c := number(a[si:i], b[sj:j]); c != 0 {
				return c
			}
			continue
		}
		if a[i] != b[j] {
			return cmp.Compare(a[i], b[j])
		}
		i++
		j++
	}
	if c := cmp.Compare(len(a)-i, len(b)-j); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number compares two rows of digits of any length.
func number(a, b string) int {
	for len(a) > 1 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 1 && b[0] == '0' {
		b = b[1:]
	}
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}
