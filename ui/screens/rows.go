package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

const (
	// manyExecutors is the size up to which every executor of a topology is
	// read without being asked for.
	manyExecutors = 2000
	// manyTopologies is the number up to which all topologies are read so that
	// their rates can be added up.
	manyTopologies = 40
	// manyVisible bounds the rows that one screen can show.
	manyVisible = 100
	// errorsWithin is how far back the column ERRORS counts.
	errorsWithin = 10 * time.Minute
	// youngSecs marks a worker that started lately in a topology older than
	// oldSecs.
	youngSecs, oldSecs = 600, 3600
)

// topologyRow is one topology in a list.
type topologyRow struct {
	nimbusclient.TopologySummary
	// top is what was read about it; nil until then.
	top    *cluster.Topology
	totals nimbusclient.Totals // of the window shown
	rates  cluster.TopologyRates
	level  kit.Level
	fails  float64
	load   cluster.Load // of the busiest bolt
	busy   string       // the busiest bolt
	errors int          // in the last ten minutes, -1 when not known
	err    error        // why its page could not be read
}

func topologyKey(r topologyRow) string { return r.ID }

// topologyRows are the topologies of the snapshot.
func topologyRows(env screen.Env) []topologyRow {
	all := env.Snap.TopologyRows()
	found := foundIn(env.Found)
	rows := make([]topologyRow, 0, len(all))
	for _, sum := range all {
		rows = append(rows, newTopologyRow(env, sum, found.topologies[sum.ID]))
	}
	return rows
}

func newTopologyRow(env screen.Env, sum nimbusclient.TopologySummary, level kit.Level) topologyRow {
	r := topologyRow{
		TopologySummary: sum, top: env.Snap.Topologies[sum.ID], level: level, fails: math.NaN(), errors: -1,
		load: cluster.Load{Value: math.NaN(), Capacity: math.NaN()},
	}
	if level == kit.LevelNone && sum.Status != nimbusclient.Active {
		r.level = statusLevel(sum.Status)
	}
	r.rates = cluster.TopologyRates{Emitted: unknownRate(), Acked: unknownRate(), Failed: unknownRate()}
	if r.top == nil {
		return r
	}
	r.rates = r.top.Rates
	r.err = r.top.Errs["getTopologyPageInfo"]
	page := newestPage(r.top)
	if page == nil {
		return r
	}
	r.totals = page.Totals[env.Window]
	r.fails = failShare(r.totals.Acked, r.totals.Failed, r.top.SampleRate)
	r.load, r.busy = busiest(r.top, page)
	r.errors = recentErrors(env, r.top, page)
	return r
}

func unknownRate() cluster.Rate { return cluster.Rate{PerSec: math.NaN()} }

// newestPage is the last page read of a topology, of whatever window: totals of
// all windows, capacities and errors are in each.
func newestPage(t *cluster.Topology) *nimbusclient.Topology {
	var newest *nimbusclient.Topology
	var at time.Time
	for key, p := range t.Pages {
		if p == nil {
			continue
		}
		if newest == nil || t.PageAt[key].After(at) || t.PageAt[key].Equal(at) && p.Window < newest.Window {
			newest, at = p, t.PageAt[key]
		}
	}
	return newest
}

// pageOf is the page of the window and the system switch, or nil.
func pageOf(t *cluster.Topology, env screen.Env) *nimbusclient.Topology {
	if t == nil {
		return nil
	}
	if p := t.Pages[cluster.PageKey{Window: env.Window, Sys: env.Sys}]; p != nil {
		return p
	}
	// The page with the system components holds the others too; while it is on
	// its way the other one stands in.
	return t.Pages[cluster.PageKey{Window: env.Window, Sys: !env.Sys}]
}

// loadOf is the load of a bolt. Storm's capacity stands in where no rate is
// known, but not for a bolt in a child process, of which it says nothing.
func loadOf(t *cluster.Topology, c nimbusclient.ComponentStats) cluster.Load {
	if r, ok := t.Rates.Components[c.ID]; ok && !math.IsNaN(r.Load.Value) {
		return r.Load
	}
	none := cluster.Load{Value: math.NaN(), Capacity: math.NaN()}
	if c.Capacity == nil {
		return none
	}
	if s := spec(t, c.ID); s != nil && s.Shell != nil {
		return cluster.Load{Value: math.NaN(), Shell: true, Capacity: *c.Capacity}
	}
	return cluster.Load{Value: *c.Capacity, Capacity: *c.Capacity}
}

// busiest is the bolt nearest to its limit.
func busiest(t *cluster.Topology, page *nimbusclient.Topology) (load cluster.Load, bolt string) {
	load = cluster.Load{Value: math.NaN(), Capacity: math.NaN()}
	most := math.Inf(-1)
	for _, c := range page.Bolts {
		if isSystem(c.ID) {
			continue
		}
		l := loadOf(t, c)
		if share := loadShare(l); share > most {
			load, bolt, most = l, c.ID, share
		}
	}
	return load, bolt
}

// loadShare puts both scales of load on one: 1 is where it is broken.
func loadShare(l cluster.Load) float64 {
	if l.Shell {
		return l.Value / innerCrit
	}
	return l.Value / capacityCrit
}

// recentErrors counts the errors of the last ten minutes that Storm still lists
// or that were seen to appear.
func recentErrors(env screen.Env, t *cluster.Topology, page *nimbusclient.Topology) int {
	after := env.Now.Add(-errorsWithin)
	listed, seen := 0, 0
	if t.Info != nil {
		for _, list := range t.Info.Errors {
			for _, e := range list {
				if time.Unix(e.Time, 0).After(after) {
					listed++
				}
			}
		}
	}
	if listed == 0 {
		for _, c := range slices.Concat(page.Spouts, page.Bolts) {
			if c.LastError != nil && time.Unix(c.LastError.Time, 0).After(after) {
				listed++
			}
		}
	}
	for _, c := range env.Snap.Feed {
		if c.Kind == cluster.ChangeError && c.TopologyID == t.Summary.ID && c.At.After(after) {
			seen++
		}
	}
	return max(listed, seen)
}

// statusLevel is the glyph of a topology that is not simply running.
func statusLevel(s nimbusclient.Status) kit.Level {
	switch s {
	case nimbusclient.Inactive:
		return kit.LevelIdle
	case nimbusclient.Rebalancing, nimbusclient.Killed:
		return kit.LevelWait
	case nimbusclient.Active:
	}
	return kit.LevelNone
}

// transition says how far a rebalance or a kill is. Without ZooKeeper, which
// knows the wait, it is empty.
func transition(env screen.Env, sum nimbusclient.TopologySummary) string {
	if env.Snap.ZK == nil {
		return ""
	}
	base, ok := env.Snap.ZK.Storms[sum.ID]
	if !ok {
		return ""
	}
	began := base.Mtime
	for _, c := range env.Snap.Feed { // newest first
		if c.Kind == cluster.ChangeStatus && c.TopologyID == sum.ID {
			began = c.At
			break
		}
	}
	if began.IsZero() {
		return ""
	}
	switch sum.Status {
	case nimbusclient.Rebalancing:
		return human.Age(env.Now.Sub(began))
	case nimbusclient.Killed:
		if base.KillWaitSecs == nil {
			return ""
		}
		left := began.Add(time.Duration(*base.KillWaitSecs) * time.Second).Sub(env.Now)
		if left <= 0 {
			return human.Age(-left) + " over"
		}
		return human.Age(left) + " left"
	case nimbusclient.Active, nimbusclient.Inactive:
	}
	return ""
}

// statusCell is the status word with what it is doing.
func statusCell(c *look, r topologyRow) kit.Line {
	switch r.Status {
	case nimbusclient.Active:
		return kit.T(string(r.Status))
	case nimbusclient.Inactive:
		return kit.T(string(r.Status)+" ").Add(theme.Dim, c.g.Idle)
	case nimbusclient.Rebalancing, nimbusclient.Killed:
		word, state := string(r.Status), transition(c.env, r.TopologySummary)
		if c.narrow() {
			state = strings.TrimSuffix(state, " left")
			if r.Status == nimbusclient.Rebalancing {
				word = "REBAL"
			}
		}
		l := kit.T(word+" ").Add(theme.Wait, c.g.Wait)
		if state != "" {
			l = l.Text(" " + state)
		}
		return l
	case "":
		return unknown()
	}
	return kit.T(string(r.Status))
}

// youngestCell is the uptime of the youngest worker, marked when it started
// lately in a topology that did not.
func youngestCell(g theme.Glyphs, r topologyRow) kit.Line {
	if r.top == nil || r.top.Youngest == nil {
		return unknown()
	}
	secs := *r.top.Youngest
	if secs < youngSecs && r.UptimeSecs != nil && *r.UptimeSecs > oldSecs {
		return kit.T(human.AgeSecs(secs)+" ").Add(theme.Warn, g.Warn)
	}
	return kit.T(human.AgeSecs(secs))
}

// sampled reports whether any of the topologies' counters are estimates.
func sampled(rows []topologyRow) bool {
	return len(rows) == 0 || slices.ContainsFunc(rows, func(r topologyRow) bool { return r.top == nil || r.top.SampleRate != 1 })
}

// partial is the part of a rule's title that says what is missing.
func partial(g theme.Glyphs, rows []topologyRow) kit.Line {
	failed := 0
	for _, r := range rows {
		if r.err != nil && len(r.top.Pages) == 0 {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return kit.S(theme.Warn, g.Warn).Text(fmt.Sprintf(" partial: %d of %d topologies", len(rows)-failed, len(rows)))
}

// readAll is the demand of a screen that shows every topology: pages and
// structures always, every executor where that is not too much.
func readAll(env screen.Env, rows []topologyRow) cluster.Demand {
	d := cluster.Demand{
		Pages: map[string][]cluster.PageKey{}, Infos: map[string]bool{}, Structures: map[string]bool{}, Window: env.Window,
	}
	for _, r := range rows[:min(len(rows), manyVisible)] {
		d.Pages[r.ID] = []cluster.PageKey{{Window: env.Window, Sys: false}}
		d.Structures[r.ID] = true
		if small(r.TopologySummary) {
			d.Infos[r.ID] = true
		}
	}
	return d
}

// small reports whether every executor of a topology may be read unasked.
func small(sum nimbusclient.TopologySummary) bool {
	return sum.Executors != nil && *sum.Executors <= manyExecutors
}
