package screens

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// statsAge says how old a topology's statistics are: workers report them with
// their heartbeats.
func statsAge(env screen.Env, t *cluster.Topology) string {
	switch {
	case t != nil && !t.BeatAt.IsZero():
		return fmt.Sprintf("stats %s old", human.Age(env.Now.Sub(t.BeatAt)))
	case env.Snap.HeartbeatPeriod > 0:
		return fmt.Sprintf("stats ≤%ds", int(env.Snap.HeartbeatPeriod.Seconds()))
	}
	return "stats of unknown age"
}

// head is what stands above the lists.
func (s *topology) head(env screen.Env) []kit.Line {
	var lines []kit.Line
	if !s.alive && env.Snap.Cluster != nil {
		lines = append(lines, goneLine(env, s.name(), s.last))
		if s.top == nil {
			return lines
		}
	}
	lines = append(lines, s.refusals(env)...)
	full := s.look.w >= full && s.look.h >= 28
	if full {
		lines = append(lines, s.sizes(env))
		if s.page != nil {
			lines = append(lines, windowLines(&s.look, s.row, s.page, env.Window)...)
		}
	} else if s.page != nil {
		lines = append(lines, s.briefSizes(env))
	}
	lines = append(lines, s.young(env)...)
	lines = append(lines, driftLines(&s.look, s.top, "")...)
	if full {
		lines = append(lines, nil)
	}
	return lines
}

// goneLine says that a topology has ended.
func goneLine(env screen.Env, name string, last time.Time) kit.Line {
	l := kit.S(theme.Warn, " "+env.Theme.Glyphs.Warn).Text(" " + name + " is not alive any more")
	if !last.IsZero() {
		l = l.Add(theme.Dim, " (last seen "+last.In(env.Now.Location()).Format(time.TimeOnly)+")")
	}
	return l.Text(". 6 shows when it went.")
}

// refusals says which calls failed while there is something to show without
// them.
func (s *topology) refusals(env screen.Env) []kit.Line {
	if s.top == nil {
		return nil
	}
	var lines []kit.Line
	for _, call := range []string{"getTopologyPageInfo", "getTopologyInfo", "getTopology"} {
		if err := s.top.Errs[call]; err != nil && (call != "getTopologyPageInfo" || s.top.Structure != nil) {
			lines = append(lines, kit.T(" ").Then(refusal(env, call, err)))
		}
	}
	return lines
}

// sizes is the line of facts.
func (s *topology) sizes(env screen.Env) kit.Line {
	l := kit.T(" ")
	add := func(label, value, unit string) {
		if len(l) > 1 {
			l = l.Add(theme.Dim, " · ")
		}
		l = l.Add(theme.Dim, label).Text(value).Add(theme.Dim, unit)
	}
	add("up ", human.Opt(s.row.UptimeSecs, human.AgeSecs[int], human.Unknown), "")
	if s.top != nil && s.top.Youngest != nil {
		add("youngest worker ", human.AgeSecs(*s.top.Youngest), "")
	}
	add("", s.workers(env), " workers")
	add("", human.Opt(s.row.Executors, human.Count[int], human.Unknown), " executors")
	add("", human.Opt(s.row.Tasks, human.Count[int], human.Unknown), " tasks")
	if n, ok := ackers(env, s.top, s.id); ok {
		add("ackers ", human.Count(n), "")
	}
	if d, ok := timeoutOf(env, s.top); ok {
		add("timeout ", human.Age(d), "")
	}
	if s.top != nil {
		add("sample rate ", fmt.Sprint(s.top.SampleRate), "")
	}
	return l
}

// workers says how many of the wanted workers there are.
func (s *topology) workers(env screen.Env) string {
	have := human.Opt(s.row.Workers, human.Count[int], human.Unknown)
	if env.Snap.ZK != nil {
		if base := env.Snap.ZK.Storms[s.id]; base.Workers != nil {
			return have + " of " + human.Count(*base.Workers)
		}
	}
	return have
}

// briefSizes is the line of facts of a small screen.
func (s *topology) briefSizes(env screen.Env) kit.Line {
	l := kit.T(" "+strings.Replace(s.workers(env), " of ", "/", 1)).Add(theme.Dim, " workers")
	l = l.Add(theme.Dim, " · complete ").Then(latencyCell(s.row.totals.CompleteMs, some(s.row.totals.Acked)))
	l = l.Add(theme.Dim, " · acked ").Then(rateCell(s.row.rates.Acked))
	return l.Add(theme.Dim, " · failed ").Then(shareCell(s.row.fails, failLevel(s.row.fails)))
}

// young explains why a topology that was just submitted has no numbers.
func (s *topology) young(env screen.Env) []kit.Line {
	if s.page == nil || some(s.page.Totals[nimbusclient.WindowAll].Emitted) {
		return nil
	}
	period := env.Snap.HeartbeatPeriod
	text := " No statistics yet: workers report with their heartbeats."
	if period > 0 {
		text = fmt.Sprintf(" No statistics yet: workers report every %ds on this version of Storm.", int(period.Seconds()))
	}
	if s.row.UptimeSecs != nil && period > 0 {
		first := env.Snap.ClusterAt.Add(period - time.Duration(*s.row.UptimeSecs)*time.Second)
		if first.After(env.Now) {
			text += " First numbers about " + first.In(env.Now.Location()).Format(time.TimeOnly) + "."
		}
	}
	return []kit.Line{kit.T(text)}
}

// ackers is how many executors ack.
func ackers(env screen.Env, t *cluster.Topology, id string) (int, bool) {
	if t != nil && t.Info != nil {
		n := 0
		for _, e := range t.Info.ExecutorList {
			if e.Component == "__acker" {
				n++
			}
		}
		return n, true
	}
	if env.Snap.ZK != nil {
		n, ok := env.Snap.ZK.Storms[id].ComponentExecutors["__acker"]
		return n, ok
	}
	return 0, false
}

// driftLines say where the parallelism is not what Nimbus was asked for; of a
// component, or with "" of the whole topology.
func driftLines(c *look, t *cluster.Topology, component string) []kit.Line {
	if t == nil {
		return nil
	}
	const most = 2
	var lines []kit.Line
	more := 0
	for _, d := range t.Drift {
		if component != "" && d.Component != component {
			continue
		}
		if len(lines) == most {
			more++
			continue
		}
		what, unit := d.Component, "executor"
		if what == "" {
			what, unit = "the topology", "worker"
		}
		lines = append(lines, kit.S(theme.Warn, " "+c.g.Warn).Text(fmt.Sprintf(" %s runs with %s, %d asked for", what, plural(d.Actual, unit), d.Desired)).
			Add(theme.Dim, "; a change of leader can put a rebalanced topology back"))
	}
	if more > 0 {
		lines[most-1] = lines[most-1].Add(theme.Dim, fmt.Sprintf(" (%d more)", more))
	}
	return lines
}

// windowLines is the small table of all windows.
func windowLines(c *look, r topologyRow, page *nimbusclient.Topology, shown nimbusclient.Window) []kit.Line {
	title := func(name string) string { return sampledTitle(c.sampled, name) }
	ends := []int{20, 29, 39, 49, 61, 71}
	lines := []kit.Line{tabular(kit.S(theme.Dim, " window"), ends,
		kit.S(theme.Dim, title("emitted")), kit.S(theme.Dim, "rate"), kit.S(theme.Dim, title("acked")),
		kit.S(theme.Dim, title("failed")), kit.S(theme.Dim, title("fail share")), kit.S(theme.Dim, "complete"))}
	sample := 1.0
	if r.top != nil {
		sample = r.top.SampleRate
	}
	for _, w := range nimbusclient.Windows {
		t := page.Totals[w]
		rate := cluster.Rate{PerSec: math.NaN()}
		switch {
		case w == shown && !math.IsNaN(r.rates.Emitted.PerSec):
			rate = r.rates.Emitted
		case r.UptimeSecs != nil:
			rate.PerSec = perSecond(t.Emitted, w, *r.UptimeSecs)
			rate.AtLeast = youngerThan(r, w)
		}
		fails := failShare(t.Acked, t.Failed, sample)
		l := tabular(kit.T(" "+windowName(w)), ends, countCell(t.Emitted), rateCell(rate), countCell(t.Acked),
			countCell(t.Failed), shareCell(fails, failLevel(fails)), latencyCell(t.CompleteMs, some(t.Acked)))
		if w == shown {
			l = l.Add(theme.Accent, " "+c.g.Here).Add(theme.Dim, " shown")
		}
		lines = append(lines, l)
	}
	return lines
}

// youngerThan reports whether a worker started within the part of the window
// that the topology has lived, so that totals miss what its predecessor did.
func youngerThan(r topologyRow, w nimbusclient.Window) bool {
	if r.top == nil || r.top.Youngest == nil || r.UptimeSecs == nil {
		return false
	}
	span := *r.UptimeSecs
	if w != nimbusclient.WindowAll {
		span = min(span, w.Seconds())
	}
	return *r.top.Youngest < span-60 // workers start a little after the topology
}

// tabular puts cells behind a label so that each ends before its column.
func tabular(label kit.Line, ends []int, cells ...kit.Line) kit.Line {
	l := label
	for i, cell := range cells {
		room := ends[i] - l.Width() - cell.Width()
		l = l.Text(safetext.Spaces(max(room, 1))).Then(cell)
	}
	return l
}
