package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// minEvents is how many measured tuples a share needs to mean anything.
const minEvents = 10

// page returns the ten-minute page of a topology and when it was read.
func page(t *cluster.Topology) (*nimbusclient.Topology, time.Time) {
	for _, sys := range []bool{false, true} {
		key := cluster.PageKey{Window: nimbusclient.Window10m, Sys: sys}
		if p := t.Pages[key]; p != nil {
			return p, t.PageAt[key]
		}
	}
	// Capacity, totals of all windows and last errors are in every page.
	var newest *nimbusclient.Topology
	var at time.Time
	for key, p := range t.Pages {
		if t.PageAt[key].After(at) || newest == nil {
			newest, at = p, t.PageAt[key]
		}
	}
	return newest, at
}

// sorted gives the topologies by id, so that a report has one order.
func sorted(s *cluster.Snapshot) []*cluster.Topology {
	ids := make([]string, 0, len(s.Topologies))
	for id := range s.Topologies {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	list := make([]*cluster.Topology, len(ids))
	for i, id := range ids {
		list[i] = s.Topologies[id]
	}
	return list
}

// loadOf is the load of a bolt: what the rates say, else Storm's capacity. A
// shell bolt's capacity says nothing, so without rates it has no load.
func loadOf(t *cluster.Topology, c nimbusclient.ComponentStats) cluster.Load {
	if r, ok := t.Rates.Components[c.ID]; ok && !math.IsNaN(r.Load.Value) {
		return r.Load
	}
	none := cluster.Load{Value: math.NaN(), Capacity: math.NaN()}
	if c.Capacity == nil || isShell(t, c.ID) {
		return none
	}
	return cluster.Load{Value: *c.Capacity, Capacity: *c.Capacity}
}

func isShell(t *cluster.Topology, component string) bool {
	if t.Structure == nil {
		return false
	}
	for _, c := range t.Structure.Components {
		if c.ID == component {
			return c.Shell != nil
		}
	}
	return false
}

func findSaturated(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		p, at := page(t)
		if p == nil || t.Summary.Status != nimbusclient.Active {
			continue
		}
		for _, c := range p.Bolts {
			if strings.HasPrefix(c.ID, "__") {
				continue
			}
			if cand, ok := saturated(v.limits, t, c); ok {
				cand.beatAt, cand.needBeats = at, 2
				out = append(out, cand)
			}
		}
	}
	return out
}

func saturated(limits Thresholds, t *cluster.Topology, c nimbusclient.ComponentStats) (candidate, bool) {
	load := loadOf(t, c)
	warn, crit := limits.CapacityWarn, limits.CapacityCrit
	if load.Shell {
		warn, crit = limits.LoadWarn, limits.LoadCrit
	}
	if math.IsNaN(load.Value) || load.Value < warn {
		return candidate{}, false
	}
	f := Finding{
		Rule: "saturated", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID,
		Component: c.ID, Estimated: load.Shell,
	}
	if load.Value >= crit {
		f.Level = cluster.LevelCrit
	}
	size := ""
	if c.Executors != nil && c.Tasks != nil {
		size = fmt.Sprintf(" on %s (%s)", count(*c.Executors, "executor"), count(*c.Tasks, "task"))
	}
	if load.Shell {
		f.What = fmt.Sprintf("%s holds ~%.2f tuples in its busiest task%s", c.ID, load.Value, size)
		f.Evidence = []string{"a shell bolt: rate × process latency; a batching bolt holds tuples on purpose"}
	} else {
		f.What = fmt.Sprintf("%s is saturated: capacity %.2f%s", c.ID, load.Value, size)
	}
	if c.ProcessMs != nil {
		f.Evidence = append(f.Evidence, "process latency "+human.Latency(*c.ProcessMs))
	}
	return candidate{Finding: f}, true
}

func findFailing(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		p, _ := page(t)
		if p == nil {
			continue
		}
		total := p.Totals[nimbusclient.Window10m]
		if total.Acked == nil || total.Failed == nil {
			continue
		}
		sum := *total.Acked + *total.Failed
		rate := t.SampleRate
		if rate <= 0 || rate > 1 {
			rate = 1
		}
		if float64(sum)*rate < minEvents {
			continue
		}
		share := float64(*total.Failed) / float64(sum)
		if share < v.limits.FailWarn {
			continue
		}
		f := Finding{
			Rule: "failing", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Estimated: rate < 1,
			What: fmt.Sprintf("%s of tuples fail (%s of %s in 10m)", human.Share(share), human.Count(*total.Failed), human.Count(sum)),
		}
		if share >= v.limits.FailCrit {
			f.Level = cluster.LevelCrit
		}
		f.Evidence = whoFails(p, *total.Failed)
		out = append(out, candidate{Finding: f})
	}
	return out
}

// whoFails splits a topology's failed tuples into those a bolt failed and the
// rest, which timed out; a lower bound when several bolts fail one tuple tree.
func whoFails(p *nimbusclient.Topology, failed int64) []string {
	var byBolts int64
	var worst string
	var most int64
	for _, b := range p.Bolts {
		if b.Failed == nil || strings.HasPrefix(b.ID, "__") {
			continue
		}
		byBolts += *b.Failed
		if *b.Failed > most {
			worst, most = b.ID, *b.Failed
		}
	}
	var out []string
	if worst != "" && p.Window == nimbusclient.Window10m {
		timeouts := max(0, failed-byBolts)
		out = append(out, fmt.Sprintf("bolts failed %s, most by %s (%s); at least %s timed out",
			human.Count(byBolts), worst, human.Count(most), human.Count(timeouts)))
	}
	return out
}

func findErrors(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		p, _ := page(t)
		if p == nil {
			continue
		}
		for _, c := range slices.Concat(p.Spouts, p.Bolts) {
			e := c.LastError
			if e == nil {
				continue
			}
			at := time.Unix(e.Time, 0)
			if v.now.Sub(at) > v.limits.ErrorWithin {
				continue
			}
			f := Finding{
				Rule: "error", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Component: c.ID,
				Since: at, What: fmt.Sprintf("error in %s: %s", c.ID, cluster.Headline(e.Error)),
			}
			if e.Host != nil && e.Port != nil && *e.Host != "" {
				f.Evidence = []string{fmt.Sprintf("on %s:%d", *e.Host, *e.Port)}
			}
			out = append(out, candidate{Finding: f})
		}
	}
	return out
}

func findSilent(v *view) []candidate {
	period := v.HeartbeatPeriod
	if period <= 0 {
		return nil
	}
	need := max(1, int((v.limits.SilentFor+period-1)/period))
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		p, _ := page(t)
		if p == nil || t.Summary.Status != nimbusclient.Active {
			continue
		}
		for _, c := range p.Spouts {
			trend := t.Rates.Components[c.ID].Out.Trend
			if !silent(trend, need) {
				continue
			}
			out = append(out, candidate{Finding: Finding{
				Rule: "silent spout", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Component: c.ID,
				What: fmt.Sprintf("%s emitted before and nothing for %s", c.ID, age(v.limits.SilentFor)),
			}})
		}
	}
	return out
}

// silent reports whether the last need points are zero after something was not.
func silent(trend []float64, need int) bool {
	if len(trend) <= need {
		return false
	}
	for _, x := range trend[len(trend)-need:] {
		if x != 0 { // NaN is a gap, not silence
			return false
		}
	}
	return slices.ContainsFunc(trend, func(x float64) bool { return x > 0 })
}

func findStuck(v *view) []candidate {
	var out []candidate
	for _, row := range v.Cluster.Topologies {
		if row.Status != nimbusclient.Rebalancing && row.Status != nimbusclient.Killed {
			continue
		}
		wait := 30 * time.Second
		if v.ZK != nil {
			base := v.ZK.Storms[row.ID]
			secs := base.RebalanceWaitSecs
			if row.Status == nimbusclient.Killed {
				secs = base.KillWaitSecs
			}
			if secs != nil {
				wait = time.Duration(*secs) * time.Second
			}
		}
		seen := v.statusAt[row.ID]
		held := v.ClusterAt.Sub(seen.at)
		if held <= wait+v.limits.StuckBeyondWait {
			continue
		}
		out = append(out, candidate{Finding: Finding{
			Rule: "stuck", Level: cluster.LevelCrit, Where: row.Name, TopologyID: row.ID, Since: seen.at,
			What: fmt.Sprintf("%s for %s, the wait was %s", row.Status, age(held), age(wait)),
		}})
	}
	return out
}

func findSkew(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		if t.Summary.Status != nimbusclient.Active {
			continue
		}
		names := make([]string, 0, len(t.Rates.Components))
		for name := range t.Rates.Components {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			skew := t.Rates.Components[name].Skew
			if strings.HasPrefix(name, "__") || !(skew > v.limits.SkewWarn) {
				continue
			}
			out = append(out, candidate{needBeats: 2, beatAt: t.InfoAt, Finding: Finding{
				Rule: "skew", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Component: name,
				Estimated: t.SampleRate < 1,
				What:      fmt.Sprintf("%s runs uneven: one executor does most of the work (%s)", name, times(skew)),
				Evidence:  []string{"a hot key in a fields grouping? more executors will not help"},
			}})
		}
	}
	return out
}

func findDrift(v *view) []candidate {
	var out []candidate
	for _, t := range sorted(v.Snapshot) {
		if t.Summary.Status != nimbusclient.Active && t.Summary.Status != nimbusclient.Inactive {
			continue // a rebalance under way is no drift
		}
		for _, d := range t.Drift {
			what := fmt.Sprintf("%s runs with %s, %d were asked for", d.Component, count(d.Actual, "executor"), d.Desired)
			if d.Component == "" {
				what = fmt.Sprintf("runs with %s, %d were asked for", count(d.Actual, "worker"), d.Desired)
			}
			out = append(out, candidate{needBeats: 2, beatAt: v.ZKAt, Finding: Finding{
				Rule: "parallelism", Level: cluster.LevelWarn, Where: t.Summary.Name, TopologyID: t.Summary.ID, Component: d.Component,
				What:     what,
				Evidence: []string{"a change of leader can put a rebalanced topology back; rebalance again to get what was asked for"},
			}})
		}
	}
	return out
}
