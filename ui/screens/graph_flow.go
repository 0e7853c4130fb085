package screens

import (
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

// muchOf is the share of the strongest edge from which an edge is drawn heavy.
const muchOf = 0.30

// flow is one subscription with what came over it in the window.
type flow struct {
	from, to string
	input    nimbusclient.Input
	perSec   float64 // tuples; NaN when not known
	share    float64 // of the receiver's input; NaN when not known
	execute  float64 // milliseconds, as process; NaN without measured tuples
	process  float64
	fails    float64
}

// flowsOf are the subscriptions of a topology in the order of the structure.
// What flows along one is the receiver's rate times the subscription's part of
// what it executed.
func flowsOf(env screen.Env, t *cluster.Topology) []flow {
	if t == nil || t.Structure == nil {
		return nil
	}
	sums := inputsOf(env, t)
	var flows []flow
	for _, c := range t.Structure.Components {
		if isSystem(c.ID) && !env.Sys {
			continue
		}
		shown := 0
		for _, in := range c.Inputs {
			if shownInput(env, in) {
				shown++
			}
		}
		for _, in := range c.Inputs {
			if !shownInput(env, in) {
				continue
			}
			f := flow{
				from: in.From.Component, to: c.ID, input: in,
				perSec: math.NaN(), share: math.NaN(), execute: math.NaN(), process: math.NaN(), fails: math.NaN(),
			}
			f.fill(t, sums[c.ID], shown == 1)
			flows = append(flows, f)
		}
	}
	return flows
}

func shownInput(env screen.Env, in nimbusclient.Input) bool {
	return env.Sys || !isSystem(in.From.Component) && !isSystem(in.From.Stream)
}

// fill takes the numbers of the flow from what its receiver did. Without
// executors' counters all input of a component with one subscription came over
// it.
func (f *flow) fill(t *cluster.Topology, sum *inputs, only bool) {
	in := math.NaN()
	if r, ok := t.Rates.Components[f.to]; ok {
		in = r.In.PerSec
	}
	if sum == nil || sum.executed == 0 {
		if only {
			f.perSec, f.share = in, 1
		}
		return
	}
	s := sum.by[f.input.From]
	f.share = float64(s.executed) / float64(sum.executed)
	f.perSec = in * f.share
	if s.executed > 0 {
		f.execute = s.executeMs / float64(s.executed)
	}
	if s.acked > 0 {
		f.process = s.processMs / float64(s.acked)
	}
	f.fails = failShare(&s.acked, &s.failed, t.SampleRate)
}

// inputs are a component's counters by input stream, added up over executors.
type inputs struct {
	executed int64
	by       map[nimbusclient.StreamID]inputSum
}

type inputSum struct {
	executed, acked, failed int64
	executeMs, processMs    float64 // latencies times their counts
}

func inputsOf(env screen.Env, t *cluster.Topology) map[string]*inputs {
	sums := map[string]*inputs{}
	if t.Info == nil {
		return sums
	}
	for _, e := range t.Info.ExecutorList {
		if e.Stats == nil || e.Stats.Bolt == nil {
			continue
		}
		b, w := e.Stats.Bolt, env.Window
		sum := sums[e.Component]
		if sum == nil {
			sum = &inputs{by: map[nimbusclient.StreamID]inputSum{}}
			sums[e.Component] = sum
		}
		for id, n := range b.Executed[w] {
			s := sum.by[id]
			s.executed += n
			s.executeMs += b.ExecuteMs[w][id] * float64(n)
			sum.by[id] = s
			sum.executed += n
		}
		for id, n := range b.Acked[w] {
			s := sum.by[id]
			s.acked += n
			s.processMs += b.ProcessMs[w][id] * float64(n)
			sum.by[id] = s
		}
		for id, n := range b.Failed[w] {
			s := sum.by[id]
			s.failed += n
			sum.by[id] = s
		}
	}
	return sums
}

// groupingLetter is the letter of a grouping on an edge.
func groupingLetter(in nimbusclient.Input) string {
	switch in.Grouping {
	case nimbusclient.GroupShuffle:
		return "S"
	case nimbusclient.GroupFields:
		if len(in.Fields) == 0 {
			return "G"
		}
		return "F"
	case nimbusclient.GroupGlobal:
		return "G"
	case nimbusclient.GroupAll:
		return "A"
	case nimbusclient.GroupNone:
		return "N"
	case nimbusclient.GroupDirect:
		return "D"
	case nimbusclient.GroupCustom:
		return "C"
	case nimbusclient.GroupLocalOrShuffle:
		return "L"
	}
	return "?"
}

// groupingText words a grouping.
func groupingText(in nimbusclient.Input) string {
	switch {
	case in.Grouping == nimbusclient.GroupFields && len(in.Fields) == 0:
		return string(nimbusclient.GroupGlobal)
	case in.Grouping == nimbusclient.GroupFields:
		return "fields: " + strings.Join(in.Fields, ", ")
	case in.Grouping == nimbusclient.GroupCustom && in.Class != "":
		return "custom: " + in.Class[strings.LastIndexByte(in.Class, '.')+1:]
	case in.Grouping == nimbusclient.GroupLocalOrShuffle:
		return "local/shuffle"
	}
	return string(in.Grouping)
}

// graphEdges are the flows as arrows, weighed against the strongest one.
func graphEdges(flows []flow) []kit.GraphEdge {
	most := 0.0
	for _, f := range flows {
		if f.perSec > most {
			most = f.perSec
		}
	}
	edges := make([]kit.GraphEdge, 0, len(flows))
	for _, f := range flows {
		e := kit.GraphEdge{From: f.from, To: f.to, Label: groupingLetter(f.input)}
		switch {
		case math.IsNaN(f.perSec):
			e.Weight = kit.WeightSome
		case f.perSec == 0:
			e.Weight = kit.WeightNone
		case f.perSec >= muchOf*most:
			e.Weight = kit.WeightMuch
		default:
			e.Weight = kit.WeightSome
		}
		edges = append(edges, e)
	}
	return edges
}

// boxInner is the width that the lines of a box have for certain.
const boxInner = 11

// graphNode is a component as a box.
func graphNode(g theme.Glyphs, r componentRow) kit.GraphNode {
	n := kit.GraphNode{ID: r.ID, Title: r.ID, Level: r.level, Kind: string(r.Kind)}
	if lang := language(r.spec); lang != "" && lang != "jvm" {
		if lang == "python" {
			lang = "py"
		}
		n.Title += g.Dot + lang
	}
	if r.Kind == nimbusclient.Spout {
		n.Lines[0] = kit.T("spout")
		if r.Executors != nil {
			n.Lines[0] = n.Lines[0].Text(" " + g.Times + human.Count(*r.Executors))
		}
		n.Lines[1] = boxNumbers(r.rates.Out, completesOf(r))
		return n
	}
	n.Lines[0] = boxLoad(g, r.load)
	n.Lines[1] = boxNumbers(r.rates.In, processOf(r))
	return n
}

// boxLoad is a gauge with its number at the right end of a box.
func boxLoad(g theme.Glyphs, l cluster.Load) kit.Line {
	number := loadText(l)
	room := max(boxInner-kit.GaugeCells-safetext.Width(number), 0)
	return kit.Gauge(g, l.Value).Text(safetext.Spaces(room)).Add(levelTok(loadLevel(l), l.Value), number)
}

// boxNumbers are a rate per second and a latency in a box.
func boxNumbers(r cluster.Rate, ms float64) kit.Line {
	left, right := strings.TrimSuffix(rateText(r), "/s"), boxLatency(ms)
	room := max(boxInner-safetext.Width(left)-safetext.Width(right), 1)
	return kit.Cat(said(left), kit.T(safetext.Spaces(room)), said(right))
}

// boxLatency writes a latency in at most five cells.
func boxLatency(ms float64) string {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return human.None
	case ms == 0:
		return "0ms"
	case ms < 0.005:
		return ">0ms"
	case ms < 0.095:
		return strings.TrimPrefix(human.Decimal(ms, 2), "0") + "ms"
	case ms < 9.95:
		return human.Decimal(ms, 1) + "ms"
	case ms < 999.5:
		return human.Decimal(ms, 0) + "ms"
	}
	return strings.ReplaceAll(human.Latency(ms), " ", "")
}

// graphGroup is the box of several components: its worst member speaks for it.
func graphGroup(g theme.Glyphs, rows []componentRow) kit.GraphNode {
	n := kit.GraphNode{}
	if len(rows) == 0 {
		return n
	}
	worst, most := rows[0], math.Inf(-1)
	level, sum, executors := kit.LevelNone, 0.0, 0
	for _, r := range rows {
		level = max(level, r.level)
		if share := loadShare(r.load); share > most {
			worst, most = r, share
		}
		if !math.IsNaN(r.rates.Out.PerSec) {
			sum += r.rates.Out.PerSec
		}
		if r.Executors != nil {
			executors += *r.Executors
		}
	}
	n.Level = level
	if rows[0].Kind == nimbusclient.Spout {
		n.Lines[0] = kit.T("spouts " + g.Times + human.Count(executors))
		n.Lines[1] = kit.T(human.Rate(sum))
		return n
	}
	n.Lines[0] = boxLoad(g, worst.load)
	n.Lines[1] = none()
	if !math.IsInf(most, -1) {
		n.Lines[1] = kit.T(worst.ID)
	}
	return n
}
