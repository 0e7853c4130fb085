package kit

import (
	"math"
	"strings"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/ui/theme"
)

// Spark returns a sparkline of the newest values in exactly w cells, the newest
// at the right. Values are measured from zero to the largest one shown; a NaN,
// an infinity and what is before the first value are gaps.
func Spark(g theme.Glyphs, values []float64, w int) Line {
	if w <= 0 {
		return nil
	}
	if len(values) > w {
		values = values[len(values)-w:]
	}
	top := 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) && v > top {
			top = v
		}
	}
	var b strings.Builder
	for range w - len(values) {
		b.WriteString(g.Dot)
	}
	for _, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			b.WriteString(g.Dot)
		case v <= 0 || top == 0:
			b.WriteString(g.Spark[0])
		default:
			b.WriteString(g.Spark[min(int(v/top*8), 7)])
		}
	}
	return T(b.String())
}

// GaugeCells is the width of a gauge.
const GaugeCells = 6

// Gauge returns a share of one in six cells: ███▌··, and █████! above one. A
// NaN gives blanks.
func Gauge(g theme.Glyphs, share float64) Line {
	return Bar(g, share, GaugeCells)
}

// Bar is Gauge in any number of cells.
func Bar(g theme.Glyphs, share float64, w int) Line {
	if w <= 0 {
		return nil
	}
	if math.IsNaN(share) {
		return T(strings.Repeat(" ", w))
	}
	if share > 1 {
		return Line{
			{Text: strings.Repeat(g.Eighths[8], w-1)},
			{Text: g.Over, Tok: theme.Crit},
		}
	}
	eighths := int(math.Round(max(share, 0) * float64(w) * 8))
	full, part := eighths/8, eighths%8
	bar := strings.Repeat(g.Eighths[8], full)
	if part > 0 {
		bar += g.Eighths[part]
		full++
	}
	return Line{{Text: bar}, {Text: strings.Repeat(g.Empty, w-full), Tok: theme.Dim}}
}

// Capacity returns a gauge and its number, ██▌··· 0.41, with the number in the
// colour of its level. A NaN is the sign for no data.
func Capacity(g theme.Glyphs, capacity float64, level Level) Line {
	tok := theme.Text
	switch level {
	case LevelWarn:
		tok = theme.Warn
	case LevelCrit:
		tok = theme.Crit
	default:
	}
	return Gauge(g, capacity).Add(theme.Text, " ").Add(tok, human.Capacity(capacity))
}

// Heat returns one cell for each value, darker for larger shares of the largest
// one. A NaN is a gap.
func Heat(g theme.Glyphs, values []float64) Line {
	top := 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) && v > top {
			top = v
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			b.WriteString(g.Dot)
		case v <= 0 || top == 0:
			b.WriteString(g.Heat[0])
		default:
			b.WriteString(g.Heat[min(int(v/top*4), 3)])
		}
	}
	return T(b.String())
}
