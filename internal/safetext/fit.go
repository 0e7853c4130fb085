package safetext

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width returns how many cells s takes once it is clean. Text that is clean
// already is not copied.
func Width(s string) int {
	if w, ok := scan(s); ok {
		return w
	}
	return ansi.StringWidth(Clean(s))
}

// Measure returns s clean together with its width in cells.
func Measure(s string) (clean string, width int) {
	if w, ok := scan(s); ok {
		return s, w
	}
	s = Clean(s)
	return s, ansi.StringWidth(s)
}

// Cut returns s in at most cells cells. A longer text loses its middle, two
// thirds of what stays being its beginning: wikipedia…ends.
func Cut(s string, cells int) string {
	s, width := Measure(s)
	switch {
	case width <= cells:
		return s
	case cells < 1:
		return ""
	case cells == 1:
		return "…"
	}
	head := (2*(cells-1) + 2) / 3
	tail := cells - 1 - head
	return first(s, head) + "…" + last(s, width, tail)
}

// CutEnd returns s in at most cells cells. A longer text loses its end.
func CutEnd(s string, cells int) string {
	s, width := Measure(s)
	switch {
	case width <= cells:
		return s
	case cells < 1:
		return ""
	}
	return first(s, cells-1) + "…"
}

// Take returns the beginning of clean text in at most cells cells, without a
// mark of the cut.
func Take(s string, cells int) string { return first(Clean(s), cells) }

// Drop returns clean text without its first cells cells. Half of a wide
// character becomes a space, so that the rest stays in its columns.
func Drop(s string, cells int) string {
	s, width := Measure(s)
	if cells <= 0 {
		return s
	}
	if cells >= width {
		return ""
	}
	rest := last(s, width, width-cells)
	return strings.Repeat(" ", width-cells-Width(rest)) + rest
}

// PadRight returns s in exactly cells cells, text to the left.
func PadRight(s string, cells int) string {
	s = Cut(s, cells)
	return s + Spaces(cells-Width(s))
}

// PadLeft returns s in exactly cells cells, text to the right.
func PadLeft(s string, cells int) string {
	s = Cut(s, cells)
	return Spaces(cells-Width(s)) + s
}

const blank = "                                                                                                                                "

// Spaces returns n spaces; none for a negative n.
func Spaces(n int) string {
	switch {
	case n <= 0:
		return ""
	case n <= len(blank):
		return blank[:n]
	}
	return strings.Repeat(" ", n)
}

// ASCII returns clean text in ASCII for a terminal that shows nothing else: a
// control picture becomes ^[, every other cell that is not ASCII a question
// mark, so the width stays as it was but for control pictures.
func ASCII(s string) string {
	s = Clean(s)
	for i := 0; ; i++ {
		if i == len(s) {
			return s
		}
		if s[i] >= 0x80 {
			break
		}
	}
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		cluster, w := firstCluster(s)
		s = s[len(cluster):]
		switch r := []rune(cluster)[0]; {
		case len(cluster) == 1:
			b.WriteString(cluster)
		case r >= 0x2400 && r < 0x2420:
			b.WriteByte('^')
			b.WriteByte(byte(r-0x2400) + '@')
		case r == 0x2421:
			b.WriteString("^?")
		default:
			b.WriteString(strings.Repeat("?", w))
		}
	}
	return b.String()
}

// first returns the beginning of clean s, at most cells cells.
func first(s string, cells int) string {
	n := 0
	for i := 0; i < len(s); {
		size, w := next(s[i:])
		if n+w > cells {
			return s[:i]
		}
		n += w
		i += size
	}
	return s
}

// last returns the end of clean s, which is width cells wide, at most cells
// cells.
func last(s string, width, cells int) string {
	for i := 0; i < len(s); {
		if width <= cells {
			return s[i:]
		}
		size, w := next(s[i:])
		width -= w
		i += size
	}
	return ""
}

// next returns the length in bytes and the width of the first grapheme cluster
// of clean s.
func next(s string) (size, width int) {
	if len(s) == 1 || s[0] < 0x80 && s[1] < 0x80 {
		return 1, 1
	}
	cluster, w := firstCluster(s)
	return len(cluster), w
}

func itoa(n int) string { return strconv.Itoa(n) }
