package screens

import (
	"cmp"
	"fmt"
	"math"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// executorRow is one executor of a component.
type executorRow struct {
	nimbusclient.ExecutorRow
	rates    cluster.ExecutorRates
	work     float64 // executed, for a spout emitted; NaN before the first heartbeat
	share    float64
	starting bool
	level    kit.Level
}

// executorRows are the executors on the component's page, in the order of their
// tasks; without a page the executors that are known from elsewhere.
func executorRows(env screen.Env, t *cluster.Topology, page *nimbusclient.Component, name string) []executorRow {
	if t == nil {
		return nil
	}
	var list []nimbusclient.ExecutorRow
	switch {
	case page != nil:
		list = page.Execs
	case t.Info != nil:
		for _, e := range t.Info.ExecutorList {
			if e.Component == name {
				list = append(list, nimbusclient.ExecutorRow{ID: e.ID, Host: e.Host, Port: e.Port, UptimeSecs: e.UptimeSecs})
			}
		}
	}
	found := foundIn(env.Found)
	rows := make([]executorRow, 0, len(list))
	total := 0.0
	for _, e := range list {
		r := executorRow{ExecutorRow: e, work: math.NaN(), share: math.NaN()}
		switch {
		case e.Executed != nil:
			r.work = float64(*e.Executed)
		case e.Emitted != nil:
			r.work = float64(*e.Emitted)
		}
		if !math.IsNaN(r.work) {
			total += r.work
		}
		r.starting = e.UptimeSecs == nil || *e.UptimeSecs == 0
		var ok bool
		if r.rates, ok = t.Rates.Executors[e.ID]; !ok {
			r.rates = cluster.ExecutorRates{In: unknownRate(), Out: unknownRate(), Share: math.NaN(), Load: cluster.Load{Value: math.NaN(), Capacity: math.NaN()}}
		}
		if math.IsNaN(r.rates.Load.Value) && e.Capacity != nil {
			r.rates.Load.Capacity = *e.Capacity
			if s := spec(t, name); s == nil || s.Shell == nil {
				r.rates.Load.Value = *e.Capacity
			}
		}
		r.level = max(loadLevel(r.rates.Load), found.executors[workerAt{supervisorOf(env, t.Summary.ID, e.Host, e.Port), e.Port}])
		rows = append(rows, r)
	}
	for i := range rows {
		rows[i].share = rows[i].rates.Share
		if math.IsNaN(rows[i].share) && total > 0 {
			rows[i].share = rows[i].work / total
		}
	}
	markBusiest(rows, t.Rates.Components[name].Skew)
	return rows
}

// markBusiest marks the executor that makes a component uneven.
func markBusiest(rows []executorRow, skew float64) {
	if !(skew > skewWarn) {
		return
	}
	most := 0
	for i := range rows {
		if perTask(rows[i]) > perTask(rows[most]) {
			most = i
		}
	}
	rows[most].level = max(rows[most].level, kit.LevelWarn)
}

// perTask is an executor's work over its tasks; 0 when not known.
func perTask(r executorRow) float64 {
	if math.IsNaN(r.work) || r.ID.Tasks() < 1 {
		return 0
	}
	return r.work / float64(r.ID.Tasks())
}

// byWork puts the executor with most work first.
func byWork(a, b executorRow) int {
	x, y := a.work, b.work
	switch {
	case math.IsNaN(x) && math.IsNaN(y):
		return cmp.Compare(a.ID.Start, b.ID.Start)
	case math.IsNaN(x):
		return 1
	case math.IsNaN(y):
		return -1
	}
	return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.ID.Start, b.ID.Start))
}

// executorColumns are those of a spout or a bolt. What a bolt in a child process
// does shows in PROCESS: its EXECUTE is the hand-over only.
func executorColumns(c *look, spout, shell bool) []kit.Column[executorRow] {
	cols := []kit.Column[executorRow]{
		{
			Title: "EXECUTOR", Min: 9, Cell: func(r executorRow) kit.Line { return kit.T(r.ID.String()) },
			Less: kit.ByNumber(func(r executorRow) float64 { return float64(r.ID.Start) }),
		},
		{
			Title: "WORKER", Min: 9, Max: 40, Fit: true, Cell: func(r executorRow) kit.Line { return kit.T(fmt.Sprintf("%s:%d", r.Host, r.Port)) },
			Less: kit.ByText(func(r executorRow) string { return fmt.Sprintf("%s:%d", r.Host, r.Port) }),
		},
		{
			Title: "UP", Align: kit.Right, Min: 6, Priority: 5, Yield: 7, Cell: func(r executorRow) kit.Line {
				if r.starting {
					return kit.T("0")
				}
				return ageCell(r.UptimeSecs)
			},
			Less: kit.ByNumber(func(r executorRow) float64 { return orNaN(r.UptimeSecs) }),
		},
	}
	name, flow := "~IN/S", func(r executorRow) cluster.Rate { return r.rates.In }
	if spout {
		name, flow = "~OUT/S", func(r executorRow) cluster.Rate { return r.rates.Out }
	}
	cols = append(cols, kit.Column[executorRow]{
		Title: name, Align: kit.Right, Min: 9, Cell: func(r executorRow) kit.Line { return rateCell(flow(r)) },
		Less: kit.ByNumber(func(r executorRow) float64 { return flow(r).PerSec }), Desc: true,
	}, kit.Column[executorRow]{
		Title: "~TREND", Min: 14, Priority: 5, Yield: 6, Cell: func(r executorRow) kit.Line {
			if r.starting {
				return kit.S(theme.Wait, "starting")
			}
			return trendCell(c.g, flow(r), c.trend(14))
		},
	}, kit.Column[executorRow]{
		Title: "SHARE", Align: kit.Right, Min: 6, Cell: func(r executorRow) kit.Line { return said(human.Share(r.share)) },
		Less: kit.ByNumber(func(r executorRow) float64 { return r.share }), Desc: true,
	})
	execute, process := 2, 5
	if shell {
		execute, process = 5, 2
	}
	if spout {
		cols = append(cols, executorLatency("COMPLETE", 1, 0, func(r executorRow) float64 { return measured(r.CompleteMs, r.Acked) }))
	} else {
		cols = append(cols, kit.Column[executorRow]{
			Title: "CAPACITY", Min: loadWidth, Cell: func(r executorRow) kit.Line { return loadCell(c.g, r.rates.Load) },
			Less: kit.ByNumber(func(r executorRow) float64 { return loadShare(r.rates.Load) }), Desc: true,
		}, kit.Column[executorRow]{
			Title: columnStorm, Align: kit.Right, Min: 9, Hidden: true, Cell: func(r executorRow) kit.Line { return stormCapacity(r.rates.Load) },
		},
			executorLatency("EXECUTE", execute, 8, func(r executorRow) float64 { return measured(r.ExecuteMs, r.Executed) }),
			executorLatency("PROCESS", process, 8, func(r executorRow) float64 { return measured(r.ProcessMs, r.Acked) }))
	}
	return append(cols, kit.Column[executorRow]{
		Title: "~ACKED", Align: kit.Right, Min: 8, Priority: 5, Yield: 9, Cell: func(r executorRow) kit.Line { return countCell(r.Acked) },
		Less: kit.ByNumber(func(r executorRow) float64 { return orNaN(r.Acked) }), Desc: true,
	}, kit.Column[executorRow]{
		Title: "~FAILED", Align: kit.Right, Min: 7, Priority: 2, Cell: func(r executorRow) kit.Line { return countCell(r.Failed) },
		Less: kit.ByNumber(func(r executorRow) float64 { return orNaN(r.Failed) }), Desc: true,
	})
}

func executorLatency(title string, priority, yield int, ms func(r executorRow) float64) kit.Column[executorRow] {
	return kit.Column[executorRow]{
		Title: title, Align: kit.Right, Min: 9, Priority: priority, Yield: yield,
		Cell: func(r executorRow) kit.Line { return said(human.Latency(ms(r))) }, Less: kit.ByNumber(ms), Desc: true,
	}
}
