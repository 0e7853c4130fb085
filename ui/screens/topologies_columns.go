package screens

import (
	"cmp"
	"math"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// byProblem puts the worst topology first, then the one nearest to its limit.
func byProblem(a, b topologyRow) int {
	if c := cmp.Compare(severity(b.level), severity(a.level)); c != 0 {
		return c
	}
	x, y := loadShare(a.load), loadShare(b.load)
	switch {
	case math.IsNaN(x) && math.IsNaN(y):
		return 0
	case math.IsNaN(x):
		return 1
	case math.IsNaN(y):
		return -1
	}
	return cmp.Compare(y, x)
}

// severity orders levels by how much they need a person.
func severity(l kit.Level) int {
	switch l {
	case kit.LevelCrit:
		return 3
	case kit.LevelWarn:
		return 2
	case kit.LevelWait:
		return 1
	default:
		return 0
	}
}

func same[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// topologyColumns are the columns of the list, the leftmost first.
func topologyColumns(c *look) []kit.Column[topologyRow] {
	number := func(value func(topologyRow) float64) func(a, b topologyRow) int { return kit.ByNumber(value) }
	return []kit.Column[topologyRow]{
		{
			Title: "  NAME", Min: 18, Max: 48, Flex: 2, Fit: true, Cell: func(r topologyRow) kit.Line { return nameCell(r, r.Name) },
			Less: kit.ByText(func(r topologyRow) string { return r.Name }),
		},
		{
			Title: "STATUS", Min: 8, Max: 20, Fit: true, Cell: func(r topologyRow) kit.Line { return statusCell(c, r) },
			Less: kit.ByText(func(r topologyRow) string { return string(r.Status) }),
		},
		{
			Title: "UP", Align: kit.Right, Min: 6, Priority: 3, Cell: func(r topologyRow) kit.Line { return ageCell(r.UptimeSecs) },
			Less: number(func(r topologyRow) float64 { return orNaN(r.UptimeSecs) }), Desc: true,
		},
		{
			Title: "YOUNGEST", Align: kit.Right, Min: 8, Priority: 2, Yield: 4, Cell: func(r topologyRow) kit.Line { return youngestCell(c.g, r) },
			Less: number(func(r topologyRow) float64 {
				if r.top == nil {
					return math.NaN()
				}
				return orNaN(r.top.Youngest)
			}),
		},
		{
			Title: "WORK", Align: kit.Right, Min: 4, Priority: 2, Yield: 5, Cell: func(r topologyRow) kit.Line { return intCell(r.Workers) },
			Less: number(func(r topologyRow) float64 { return orNaN(r.Workers) }), Desc: true,
		},
		{
			Title: "EXEC", Align: kit.Right, Min: 4, Priority: 4, Yield: 3, Cell: func(r topologyRow) kit.Line { return intCell(r.Executors) },
			Less: number(func(r topologyRow) float64 { return orNaN(r.Executors) }), Desc: true,
		},
		{
			Title: "TASK", Align: kit.Right, Min: 4, Priority: 4, Yield: 4, Hidden: true, Cell: func(r topologyRow) kit.Line { return intCell(r.Tasks) },
			Less: number(func(r topologyRow) float64 { return orNaN(r.Tasks) }), Desc: true,
		},
		{
			Title: "~EMIT/S", Align: kit.Right, Min: 8, Priority: 2, Yield: 9, Cell: func(r topologyRow) kit.Line { return rateCell(r.rates.Emitted) },
			Less: number(func(r topologyRow) float64 { return r.rates.Emitted.PerSec }), Desc: true,
		},
		{
			Title: "~ACK/S", Align: kit.Right, Min: 8, Cell: func(r topologyRow) kit.Line { return rateCell(r.rates.Acked) },
			Less: number(func(r topologyRow) float64 { return r.rates.Acked.PerSec }), Desc: true,
		},
		{
			Title: "~TREND", Min: 12, Priority: 5,
			Cell: func(r topologyRow) kit.Line { return trendCell(c.g, r.rates.Acked, c.trend(12)) },
		},
		{
			Title: "~FAIL", Align: kit.Right, Min: 6, Priority: 2, Yield: 2, Cell: func(r topologyRow) kit.Line { return shareCell(r.fails, failLevel(r.fails)) },
			Less: number(func(r topologyRow) float64 { return r.fails }), Desc: true,
		},
		{
			Title: "COMPLETE", Align: kit.Right, Min: 8, Priority: 2, Yield: 3, Cell: func(r topologyRow) kit.Line { return latencyCell(r.totals.CompleteMs, some(r.totals.Acked)) },
			Less: number(func(r topologyRow) float64 { return completeOf(r) }), Desc: true,
		},
		{
			Title: "CAPMAX", Align: kit.Right, Min: 5, Cell: func(r topologyRow) kit.Line { return loadNumber(r.load) },
			Less: number(func(r topologyRow) float64 { return loadShare(r.load) }), Desc: true,
		},
		{
			Title: columnStorm, Align: kit.Right, Min: 9, Hidden: true, Cell: func(r topologyRow) kit.Line { return stormCapacity(r.load) },
		},
		{
			Title: "ERRORS", Min: 6, Priority: 4, Yield: 2, Cell: func(r topologyRow) kit.Line { return errorsCell(r.errors) },
			Less: number(func(r topologyRow) float64 { return float64(r.errors) }), Desc: true,
		},
	}
}

func completeOf(r topologyRow) float64 {
	if r.totals.CompleteMs == nil || !some(r.totals.Acked) {
		return math.NaN()
	}
	return *r.totals.CompleteMs
}

// nameCell is a topology's letter and name.
func nameCell(r topologyRow, name string) kit.Line {
	letter := byte(' ')
	if r.top != nil && r.top.Letter != 0 {
		letter = r.top.Letter
	}
	return kit.S(letterTok(letter), string(letter)).Text(" " + name)
}

func errorsCell(n int) kit.Line {
	switch {
	case n < 0:
		return none()
	case n == 0:
		return kit.T("0")
	}
	return kit.S(theme.Warn, human.Count(n))
}

func orNaN[N ~int | ~int64 | ~float64](p *N) float64 {
	if p == nil {
		return math.NaN()
	}
	return float64(*p)
}
