package screens

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// componentRow is one component of a topology.
type componentRow struct {
	nimbusclient.ComponentStats
	spec   *nimbusclient.ComponentSpec // nil while the structure is unknown
	rates  cluster.ComponentRates
	load   cluster.Load
	fails  float64
	level  kit.Level
	errors int
	rank   int  // in topology order
	sink   bool // it declares no stream
	// timeout is the topology's message timeout, 0 when not known.
	timeout time.Duration
}

// componentRows are the components of a page in topology order. Without a page
// they come from the structure and have no numbers.
func componentRows(env screen.Env, t *cluster.Topology, page *nimbusclient.Topology, hints []diagnose.Hint) []componentRow {
	if t == nil {
		return nil
	}
	var stats []nimbusclient.ComponentStats
	switch {
	case page != nil:
		stats = slices.Concat(page.Spouts, page.Bolts)
	case t.Structure != nil:
		for _, c := range t.Structure.Components {
			stats = append(stats, nimbusclient.ComponentStats{ID: c.ID, Kind: c.Kind, Stats: nimbusclient.Stats{Executors: c.Parallelism}})
		}
	}
	ranks := topologyRanks(t.Structure)
	found := foundIn(env.Found)
	timeout, _ := timeoutOf(env, t)
	rows := make([]componentRow, 0, len(stats))
	for _, c := range stats {
		if isSystem(c.ID) && !env.Sys {
			continue
		}
		r := componentRow{
			ComponentStats: c, spec: spec(t, c.ID), fails: failShare(c.Acked, c.Failed, t.SampleRate),
			level: found.components[[2]string{t.Summary.ID, c.ID}], timeout: timeout, load: loadOf(t, c),
			errors: -1,
		}
		if page != nil || t.Info != nil {
			r.errors = componentErrors(env, t, c)
		}
		var ok bool
		if r.rates, ok = t.Rates.Components[c.ID]; !ok {
			r.rates = cluster.ComponentRates{In: unknownRate(), Out: unknownRate(), Acked: unknownRate(), Failed: unknownRate(), Skew: math.NaN()}
		}
		for _, h := range hints {
			if h.Component == c.ID {
				r.level = max(r.level, kitLevel(h.Level))
			}
		}
		if r.rank, ok = ranks[c.ID]; !ok {
			r.rank = len(ranks) + 1
		}
		r.sink = r.spec != nil && !slices.ContainsFunc(r.spec.Outputs, func(o nimbusclient.OutputStream) bool { return !isSystem(o.ID) })
		rows = append(rows, r)
	}
	return rows
}

// componentErrors counts a component's errors of the last ten minutes.
func componentErrors(env screen.Env, t *cluster.Topology, c nimbusclient.ComponentStats) int {
	after := env.Now.Add(-errorsWithin)
	listed, seen := 0, 0
	if t.Info != nil {
		for _, e := range t.Info.Errors[c.ID] {
			if time.Unix(e.Time, 0).After(after) {
				listed++
			}
		}
	}
	if listed == 0 && c.LastError != nil && time.Unix(c.LastError.Time, 0).After(after) {
		listed = 1
	}
	for _, f := range env.Snap.Feed {
		if f.Kind == cluster.ChangeError && f.TopologyID == t.Summary.ID && f.Component == c.ID && f.At.After(after) {
			seen++
		}
	}
	return max(listed, seen)
}

// topologyRanks numbers the components breadth-first from the spouts, by name
// where nothing else decides; system components come last.
func topologyRanks(s *nimbusclient.Structure) map[string]int {
	if s == nil {
		return nil
	}
	ranks := make(map[string]int, len(s.Components))
	next := map[string][]string{}
	var queue, rest []string
	for _, c := range s.Components { // sorted by id
		if c.Kind == nimbusclient.Spout {
			queue = append(queue, c.ID)
		} else {
			rest = append(rest, c.ID)
		}
		for _, in := range c.Inputs {
			if !isSystem(c.ID) && !slices.Contains(next[in.From.Component], c.ID) {
				next[in.From.Component] = append(next[in.From.Component], c.ID)
			}
		}
	}
	visit := func() {
		for len(queue) > 0 {
			id := queue[0]
			queue = queue[1:]
			if _, done := ranks[id]; done {
				continue
			}
			ranks[id] = len(ranks)
			queue = append(queue, next[id]...)
		}
	}
	visit()
	slices.SortStableFunc(rest, func(a, b string) int { // what no spout reaches
		switch {
		case isSystem(a) == isSystem(b):
			return 0
		case isSystem(a):
			return 1
		}
		return -1
	})
	for _, id := range rest {
		queue = append(queue, id)
		visit()
	}
	return ranks
}

// Cells of components.

func componentCell(r componentRow) kit.Line {
	if isSystem(r.ID) {
		return kit.S(theme.Dim, r.ID)
	}
	return kit.T(r.ID)
}

// sizeCell is executors/tasks.
func sizeCell(r componentRow) kit.Line {
	if r.Executors == nil && r.Tasks == nil {
		return unknown()
	}
	return kit.T(human.Opt(r.Executors, human.Count[int], human.Unknown) + "/" + human.Opt(r.Tasks, human.Count[int], human.Unknown))
}

func outCell(r componentRow) kit.Line {
	if r.sink {
		return none()
	}
	return rateCell(r.rates.Out)
}

func timeoutCell(r componentRow) kit.Line {
	if r.timeout <= 0 {
		return none()
	}
	return kit.T(human.Age(r.timeout))
}

func componentLoadCell(c *look, r componentRow) kit.Line {
	if r.Kind == nimbusclient.Spout {
		return nil
	}
	return loadCell(c.g, r.load)
}

// Columns of components. The rate, trend and latency columns differ for spouts
// and bolts; the list of both has all of them.

func firstColumns(c *look) []kit.Column[componentRow] {
	return []kit.Column[componentRow]{
		{
			Title: "COMPONENT", Min: 12, Max: 48, Flex: 3, Fit: true, Cell: componentCell,
			Less: kit.ByText(func(r componentRow) string { return r.ID }),
		},
		{
			Title: "KIND", Min: 6, Cell: func(r componentRow) kit.Line { return languageCell(r.spec, c.narrow()) },
			Less: kit.ByText(func(r componentRow) string { return language(r.spec) }),
		},
		{
			Title: "EX/TA", Align: kit.Right, Min: 5, Max: 9, Fit: true, Cell: sizeCell,
			Less: kit.ByNumber(func(r componentRow) float64 { return orNaN(r.Executors) }), Desc: true,
		},
	}
}

func inColumn() kit.Column[componentRow] {
	return kit.Column[componentRow]{
		Title: "~IN/S", Align: kit.Right, Min: 8, Cell: func(r componentRow) kit.Line { return rateCell(r.rates.In) },
		Less: kit.ByNumber(func(r componentRow) float64 { return r.rates.In.PerSec }), Desc: true,
	}
}

func outColumn(priority, yield int) kit.Column[componentRow] {
	return kit.Column[componentRow]{
		Title: "~OUT/S", Align: kit.Right, Min: 8, Priority: priority, Yield: yield, Cell: outCell,
		Less: kit.ByNumber(func(r componentRow) float64 {
			if r.sink {
				return math.NaN()
			}
			return r.rates.Out.PerSec
		}), Desc: true,
	}
}

func trendColumn(c *look, title string, rate func(r componentRow) cluster.Rate) kit.Column[componentRow] {
	return kit.Column[componentRow]{
		Title: title, Min: 14, Priority: 5, Yield: 5,
		Cell: func(r componentRow) kit.Line { return trendCell(c.g, rate(r), c.trend(14)) },
	}
}

func failColumn() kit.Column[componentRow] {
	return kit.Column[componentRow]{
		Title: "~FAIL", Align: kit.Right, Min: 6, Priority: 2, Cell: func(r componentRow) kit.Line { return shareCell(r.fails, failLevel(r.fails)) },
		Less: kit.ByNumber(func(r componentRow) float64 { return r.fails }), Desc: true,
	}
}

func lastColumns() []kit.Column[componentRow] {
	return []kit.Column[componentRow]{
		{
			Title: "SKEW", Align: kit.Right, Min: 5, Priority: 5, Yield: 9, Cell: func(r componentRow) kit.Line { return skewCell(r.rates.Skew) },
			Less: kit.ByNumber(func(r componentRow) float64 { return r.rates.Skew }), Desc: true,
		},
		{
			Title: "ERR", Align: kit.Right, Min: 3, Priority: 5, Yield: 7, Cell: func(r componentRow) kit.Line { return errorsCell(r.errors) },
			Less: kit.ByNumber(func(r componentRow) float64 { return float64(r.errors) }), Desc: true,
		},
	}
}

func latencyColumn(title string, priority, yield int, ms func(r componentRow) float64) kit.Column[componentRow] {
	return kit.Column[componentRow]{
		Title: title, Align: kit.Right, Min: 9, Priority: priority, Yield: yield,
		Cell: func(r componentRow) kit.Line { return said(human.Latency(ms(r))) },
		Less: kit.ByNumber(ms), Desc: true,
	}
}

// Latencies are NaN where nothing was measured.

func executeOf(r componentRow) float64   { return measured(r.ExecuteMs, r.Executed) }
func processOf(r componentRow) float64   { return measured(r.ProcessMs, r.Acked) }
func completesOf(r componentRow) float64 { return measured(r.CompleteMs, r.Acked) }

// measured is a latency, NaN where the count that it is a mean over is zero.
func measured(ms *float64, count *int64) float64 {
	if ms == nil || !some(count) {
		return math.NaN()
	}
	return *ms
}

func spoutColumns(c *look) []kit.Column[componentRow] {
	cols := append(firstColumns(c), outColumn(1, 0), kit.Column[componentRow]{
		Title: "~ACK/S", Align: kit.Right, Min: 8, Priority: 4, Cell: func(r componentRow) kit.Line { return rateCell(r.rates.Acked) },
		Less: kit.ByNumber(func(r componentRow) float64 { return r.rates.Acked.PerSec }), Desc: true,
	})
	cols = append(cols, trendColumn(c, "~TREND", func(r componentRow) cluster.Rate { return r.rates.Out }))
	complete := latencyColumn("COMPLETE", 1, 0, completesOf)
	timeout := kit.Column[componentRow]{Title: "TIMEOUT", Align: kit.Right, Min: 10, Priority: 5, Yield: 8, Cell: timeoutCell}
	return append(append(cols, complete, timeout, failColumn()), lastColumns()...)
}

func boltColumns(c *look) []kit.Column[componentRow] {
	cols := append(firstColumns(c), inColumn(), outColumn(5, 6))
	cols = append(cols, trendColumn(c, "~TREND (IN)", func(r componentRow) cluster.Rate { return r.rates.In }))
	return append(append(cols, loadColumns(c)...), lastColumns()...)
}

func loadColumns(c *look) []kit.Column[componentRow] {
	return []kit.Column[componentRow]{
		{
			Title: "CAPACITY", Min: loadWidth, Cell: func(r componentRow) kit.Line { return componentLoadCell(c, r) },
			Less: kit.ByNumber(func(r componentRow) float64 { return loadShare(r.load) }), Desc: true,
		},
		{Title: columnStorm, Align: kit.Right, Min: 9, Hidden: true, Cell: func(r componentRow) kit.Line { return stormCapacity(r.load) }},
		latencyColumn("EXECUTE", 5, 8, executeOf),
		latencyColumn("PROCESS", 2, 1, processOf),
		failColumn(),
	}
}

// mergedColumns are those of spouts and bolts in one list.
func mergedColumns(c *look) []kit.Column[componentRow] {
	in := func(r componentRow) cluster.Rate {
		if r.Kind == nimbusclient.Spout {
			return r.rates.Out
		}
		return r.rates.In
	}
	cols := append(firstColumns(c), inColumn(), outColumn(5, 6), trendColumn(c, "~TREND", in))
	cols = append(cols, loadColumns(c)...)
	complete := latencyColumn("COMPLETE", 4, 0, completesOf)
	at := slices.IndexFunc(cols, func(col kit.Column[componentRow]) bool { return strings.HasSuffix(col.Title, "FAIL") })
	cols = slices.Insert(cols, at, complete)
	return append(cols, lastColumns()...)
}
