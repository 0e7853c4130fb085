package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// nothing is what stands in place of the graph.
func (s *graph) nothing(env screen.Env) kit.Line {
	switch {
	case s.top == nil && env.Snap.Cluster != nil:
		return kit.T("This topology is not running any more. esc goes back.")
	case s.top == nil || s.top.Structure == nil:
		var err error
		if s.top != nil {
			err = s.top.Errs["getTopology"]
		}
		l := waiting(env, "getTopology", err, s.opened)
		if err != nil {
			l = l.Text("; the component table still works: esc")
		}
		return l
	}
	return kit.T("This topology has no components of its own. S shows Storm's.")
}

// notes are the lines above the graph: what is wrong with the picture itself.
func (s *graph) notes(env screen.Env) []kit.Line {
	var lines []kit.Line
	if !s.alive && env.Snap.Cluster != nil {
		lines = append(lines, kit.S(theme.Warn, " "+s.look.g.Warn).Text(" "+s.name()+" is not alive any more. 6 shows when it went."))
	}
	if s.top == nil {
		return lines
	}
	for _, call := range []string{"getTopologyPageInfo", "getTopologyInfo"} {
		if err := s.top.Errs[call]; err != nil {
			lines = append(lines, kit.T(" ").Then(refusal(env, call, err)))
		}
	}
	return lines
}

// legend explains lines, letters and boxes.
func (s *graph) legend() []kit.Line {
	g := s.look.g
	dim := func(text string) kit.Line { return kit.S(theme.Dim, text) }
	letters := "S shuffle  F fields  A all  G global  L local/shuffle"
	return []kit.Line{
		dim(" " + g.BoldH + " ≥ 30 % of the strongest edge  " + g.H + " less  " + g.Dashed + " none in the window · " + letters),
		dim(" N none  D direct  C custom · box: capacity gauge, " + approx(s.look.sampled, "in/s") + ", process ms (spout: " +
			approx(s.look.sampled, "out/s") + ", complete ms) · py = child process"),
	}
}

// pathLine is the slowest path in words.
func (s *graph) pathLine() kit.Line {
	if len(s.path.Components) < 2 {
		return nil
	}
	l := kit.S(theme.Dim, " slowest path  ")
	for i, id := range s.path.Components {
		if i > 0 {
			l = l.Add(theme.Dim, " "+s.look.g.Crumb+" ")
		}
		l = l.Text(id)
	}
	return kit.Apart(l, kit.S(theme.Dim, "  sum of process ").Text(human.Latency(s.path.Ms)+" "), s.look.w)
}

// Text is the whole graph: components, then their inputs.
func (s *graph) Text(env screen.Env) string {
	s.sync(env)
	var b strings.Builder
	ids := make([]string, 0, len(s.rows))
	for id := range s.rows {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if d := s.rows[a].rank - s.rows[b].rank; d != 0 {
			return d
		}
		return kit.Natural(a, b)
	})
	for _, id := range ids {
		r := s.rows[id]
		fmt.Fprintf(&b, "%s  %s  %s", safetext.Clean(id), r.Kind, safetext.Clean(language(r.spec)))
		if !math.IsNaN(r.load.Value) {
			b.WriteString("  load " + loadText(r.load))
		}
		b.WriteByte('\n')
		for _, f := range s.flows {
			if f.to == id {
				fmt.Fprintf(&b, "  <- %s  %s  %s  %s\n", safetext.Clean(f.from), safetext.Clean(f.input.From.Stream),
					safetext.Clean(groupingText(f.input)), human.Rate(f.perSec))
			}
		}
	}
	if l := s.pathLine(); l != nil {
		b.WriteString("\nslowest path: " + safetext.Clean(strings.Join(s.path.Components, " > ")) + ", " + human.Latency(s.path.Ms) + "\n")
	}
	return b.String()
}
