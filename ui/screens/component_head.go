package screens

import (
	"fmt"
	"math"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// head is what stands above the sections.
func (s *component) head(env screen.Env) []kit.Line {
	var lines []kit.Line
	if !s.alive && env.Snap.Cluster != nil {
		name := s.id
		if s.top != nil {
			name = s.top.Summary.Name
		}
		lines = append(lines, goneLine(env, safetext.Clean(name), s.last))
	}
	if l := s.facts(env); l != nil {
		lines = append(lines, l)
	}
	if s.page != nil && s.look.h >= 24 {
		lines = append(lines, componentWindows(&s.look, s.row, s.page, s.rates, env.Window)...)
	}
	if s.verdict != "" {
		lines = append(lines, kit.S(theme.Dim, " verdict: ").Text(s.verdict))
	}
	lines = append(lines, driftLines(&s.look, s.top, s.name)...)
	if s.look.h >= 24 {
		lines = append(lines, nil)
	}
	return lines
}

// facts is the first line.
func (s *component) facts(env screen.Env) kit.Line {
	if s.page == nil {
		return nil
	}
	l := kit.T(fmt.Sprintf(" %s, %s", countOf(s.page.Executors, "executor"), countOf(s.page.Tasks, "task")))
	if s.page.Tasks != nil && !s.look.narrow() {
		l = l.Add(theme.Dim, fmt.Sprintf(" (ceiling %d)", *s.page.Tasks))
	}
	dot := func() { l = l.Add(theme.Dim, " · ") }
	if n := len(s.page.Errors); n > 0 && s.look.narrow() {
		dot()
		l = l.Add(theme.Warn, plural(n, "error"))
	}
	now := s.page.Totals[env.Window]
	if s.spout {
		dot()
		l = l.Add(theme.Dim, "complete ").Then(said(human.Latency(measured(now.CompleteMs, now.Acked))))
		if d, ok := timeoutOf(env, s.top); ok {
			dot()
			l = l.Add(theme.Dim, "timeout ").Text(human.Age(d))
		}
	} else {
		dot()
		l = l.Then(s.loadFact())
		dot()
		l = l.Add(theme.Dim, "execute ").Then(said(human.Latency(measured(now.ExecuteMs, now.Executed))))
		dot()
		l = l.Add(theme.Dim, "process ").Then(said(human.Latency(measured(now.ProcessMs, now.Acked))))
	}
	if s.look.narrow() {
		return l
	}
	dot()
	l = l.Then(debugFact(s.page))
	dot()
	if n := len(s.page.Errors); n > 0 {
		return l.Add(theme.Warn, plural(n, "error"))
	}
	return l.Add(theme.Dim, "no errors")
}

// loadFact words the load in the facts.
func (s *component) loadFact() kit.Line {
	if !s.rates.Load.Shell {
		return kit.S(theme.Dim, "capacity ").Then(loadNumber(s.rates.Load))
	}
	if s.look.narrow() {
		return kit.S(theme.Dim, "~").Then(loadNumber(s.rates.Load))
	}
	return kit.S(theme.Dim, "~").Then(loadNumber(s.rates.Load)).Add(theme.Dim, " tuples in a task (estimate)")
}

func debugFact(p *nimbusclient.Component) kit.Line {
	if p.Debug == nil || !p.Debug.Enabled {
		return kit.S(theme.Dim, "debug sampling off")
	}
	text := "debug sampling on"
	if p.Debug.SamplingPct != nil {
		text += fmt.Sprintf(" (%.0f %%)", *p.Debug.SamplingPct)
	}
	return kit.S(theme.Warn, text)
}

// countOf words a number of things that may not have been sent.
func countOf(n *int, thing string) string {
	if n == nil {
		return human.Unknown + " " + thing + "s"
	}
	return plural(*n, thing)
}

// componentWindows is the small table of all windows.
func componentWindows(c *look, r topologyRow, p *nimbusclient.Component, rates cluster.ComponentRates, shown nimbusclient.Window) []kit.Line {
	spout := p.Kind == nimbusclient.Spout
	names := []string{"~executed", "~emitted", "~acked", "~failed", "in/s", "execute", "process", "capacity"}
	if spout {
		names = []string{"~emitted", "~transferred", "~acked", "~failed", "out/s", "complete"}
	}
	ends := []int{19, 30, 41, 51, 61, 71, 81, 91}
	if spout {
		ends = []int{19, 33, 44, 54, 64, 74}
	}
	heads := make([]kit.Line, len(names))
	for i, name := range names {
		if strings.HasPrefix(name, "~") {
			name = sampledTitle(c.sampled, name[1:])
		}
		heads[i] = kit.S(theme.Dim, name)
	}
	lines := []kit.Line{tabular(kit.S(theme.Dim, " window"), ends, heads...)}
	for _, w := range nimbusclient.Windows {
		t := p.Totals[w]
		in, live := t.Executed, rates.In
		if spout {
			in, live = t.Emitted, rates.Out
		}
		rate := cluster.Rate{PerSec: math.NaN()}
		switch {
		case w == shown && !math.IsNaN(live.PerSec):
			rate = live
		case r.UptimeSecs != nil:
			rate.PerSec, rate.AtLeast = perSecond(in, w, *r.UptimeSecs), youngerThan(r, w)
		}
		var l kit.Line
		if spout {
			l = tabular(kit.T(" "+windowName(w)), ends, countCell(t.Emitted), countCell(t.Transferred), countCell(t.Acked), countCell(t.Failed),
				rateCell(rate), latencyCell(t.CompleteMs, some(t.Acked)))
		} else {
			load := none()
			if w == nimbusclient.Window10m {
				load = loadNumber(rates.Load)
			}
			l = tabular(kit.T(" "+windowName(w)), ends, countCell(t.Executed), countCell(t.Emitted), countCell(t.Acked), countCell(t.Failed),
				rateCell(rate), latencyCell(t.ExecuteMs, some(t.Executed)), latencyCell(t.ProcessMs, some(t.Acked)), load)
		}
		if w == shown {
			l = l.Add(theme.Accent, " "+c.g.Here).Add(theme.Dim, " shown")
		}
		lines = append(lines, l)
	}
	return lines
}
