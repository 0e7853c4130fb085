package screens

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// edgeRow is an edge of the component under the cursor.
type edgeRow struct {
	flow
	out   bool
	other string  // component at the other end
	part  float64 // of what comes in, or goes out along the edges
}

func edgeTable() *kit.Table[edgeRow] {
	t := kit.NewTable(func(r edgeRow) string {
		return fmt.Sprint(r.out, r.other, "\x00", r.input.From.Stream, "\x00", r.input.Grouping)
	},
		kit.Column[edgeRow]{Title: "", Min: 3, Cell: func(r edgeRow) kit.Line {
			if r.out {
				return kit.S(theme.Dim, "out")
			}
			return kit.S(theme.Dim, "in")
		}},
		kit.Column[edgeRow]{Title: "FROM / TO", Min: 12, Max: 32, Flex: 2, Fit: true, Cell: func(r edgeRow) kit.Line { return kit.T(r.other) }},
		kit.Column[edgeRow]{Title: "STREAM", Min: 8, Max: 20, Flex: 1, Fit: true, Priority: 3, Cell: func(r edgeRow) kit.Line { return kit.T(r.input.From.Stream) }},
		kit.Column[edgeRow]{Title: "GROUPING", Min: 12, Max: 40, Flex: 2, Fit: true, Cell: func(r edgeRow) kit.Line { return kit.T(groupingText(r.input)) }},
		kit.Column[edgeRow]{Title: "~TUPLES/S", Align: kit.Right, Cell: func(r edgeRow) kit.Line { return said(human.Rate(r.perSec)) }},
		kit.Column[edgeRow]{Title: "SHARE", Align: kit.Right, Min: 7, Priority: 2, Cell: func(r edgeRow) kit.Line { return said(human.Share(r.part)) }},
		kit.Column[edgeRow]{Title: "EXECUTE", Align: kit.Right, Min: 9, Priority: 4, Cell: inOnly(func(r edgeRow) string { return human.Latency(r.execute) })},
		kit.Column[edgeRow]{Title: "PROCESS", Align: kit.Right, Min: 9, Priority: 3, Cell: inOnly(func(r edgeRow) string { return human.Latency(r.process) })},
		kit.Column[edgeRow]{Title: "~FAIL", Align: kit.Right, Min: 7, Priority: 3, Cell: inOnly(func(r edgeRow) string { return human.Share(r.fails) })},
	)
	t.NoCursor = true
	t.Empty = kit.S(theme.Dim, "Nothing flows in or out here.")
	return t
}

// inOnly is a cell about input; of what goes out it is empty.
func inOnly(text func(r edgeRow) string) func(r edgeRow) kit.Line {
	return func(r edgeRow) kit.Line {
		if r.out {
			return nil
		}
		return said(text(r))
	}
}

// memberTable lists the components of a group.
func memberTable(c *look) *kit.Table[componentRow] {
	t := kit.NewTable(func(r componentRow) string { return r.ID },
		kit.Column[componentRow]{Title: "COMPONENT", Min: 12, Max: 32, Flex: 1, Fit: true, Cell: func(r componentRow) kit.Line { return kit.T(r.ID) }},
		kit.Column[componentRow]{Title: "KIND", Min: 6, Priority: 3, Cell: func(r componentRow) kit.Line { return languageCell(r.spec, false) }},
		kit.Column[componentRow]{Title: "EX/TA", Align: kit.Right, Min: 7, Priority: 2, Cell: sizeCell},
		kit.Column[componentRow]{Title: "~IN/S", Align: kit.Right, Min: 8, Cell: func(r componentRow) kit.Line { return rateCell(r.rates.In) }},
		kit.Column[componentRow]{Title: "CAPACITY", Min: loadWidth, Cell: func(r componentRow) kit.Line { return componentLoadCell(c, r) }},
		kit.Column[componentRow]{Title: "PROCESS", Align: kit.Right, Min: 9, Priority: 2, Cell: func(r componentRow) kit.Line { return said(human.Latency(processOf(r))) }},
	)
	t.Level = func(r componentRow) kit.Level { return r.level }
	t.NoCursor = true
	return t
}

// details are the rows about what is under the cursor.
func (s *graph) details(env screen.Env, p kit.Paint) []string {
	n, ok := s.pane.Selected()
	if !ok {
		return nil
	}
	s.titles()
	var rows []string
	if n.Members > 0 {
		rows = s.groupDetails(env, p, n)
	} else {
		rows = s.nodeDetails(env, p, n.ID)
	}
	if l := s.pathLine(); l != nil {
		rows = append(rows, p.Row(nil), p.Row(l))
	}
	return rows
}

// titles marks sampled columns.
func (s *graph) titles() {
	s.detail.Columns[4].Title = sampledTitle(s.look.sampled, "TUPLES/S")
	s.detail.Columns[8].Title = sampledTitle(s.look.sampled, "FAIL")
	s.group.Columns[3].Title = sampledTitle(s.look.sampled, "IN/S")
}

func (s *graph) nodeDetails(env screen.Env, p kit.Paint, id string) []string {
	r := s.rows[id]
	edges := s.edgesOf(id)
	s.detail.SetRows(edges, env.Now)
	title := kit.T(id).Then(asOf(env, s.top.PageAt[cluster.PageKey{Window: env.Window, Sys: env.Sys}]))
	rows := []string{p.Row(kit.RuleLine(p, title, kit.T(s.about(r))))}
	rows = append(rows, s.detail.Draw(p.Sized(p.W, max(len(edges), 0)+1))...)
	for _, h := range s.hints {
		if h.Component != id {
			continue
		}
		head := kit.T(" ").Then(kit.Line{kitLevel(h.Level).Span(s.look.g)}).Text(" ")
		for i, part := range wrap(safetext.Clean(h.Text), p.W-head.Width()-1) {
			if i > 0 {
				head = kit.T(safetext.Spaces(head.Width()))
			}
			rows = append(rows, p.Row(kit.Cat(head).Text(part)))
		}
	}
	return rows
}

func (s *graph) groupDetails(env screen.Env, p kit.Paint, n kit.GraphNode) []string {
	var members []componentRow
	for _, m := range s.pane.Members(n.ID) {
		members = append(members, s.rows[m.ID])
	}
	slices.SortStableFunc(members, func(a, b componentRow) int {
		return kit.ByNumber(func(r componentRow) float64 { return -loadShare(r.load) })(a, b)
	})
	s.group.SetRows(members, env.Now)
	title := strings.TrimSpace(strings.SplitN(n.Title, "×", 2)[0])
	rows := []string{kit.Rule(p, fmt.Sprintf("%s (%d)", title, len(members)), "worst first")}
	return append(rows, s.group.Draw(p.Sized(p.W, len(members)+1))...)
}

// edgesOf are the edges of a component, what comes in first.
func (s *graph) edgesOf(id string) []edgeRow {
	var in, out []edgeRow
	total := 0.0
	for _, f := range s.flows {
		if f.to == id {
			in = append(in, edgeRow{flow: f, other: f.from, part: f.share})
		}
		if f.from == id {
			out = append(out, edgeRow{flow: f, out: true, other: f.to})
			total += f.perSec
		}
	}
	for i := range out {
		out[i].part = math.NaN()
		if total > 0 {
			out[i].part = out[i].perSec / total
		}
	}
	return append(in, out...)
}

// about says what a component is and where it runs.
func (s *graph) about(r componentRow) string {
	var parts []string
	if lang := language(r.spec); lang != "" {
		switch {
		case r.spec.Shell != nil && r.spec.Shell.Script != "":
			lang += " " + r.spec.Shell.Script
		case r.spec.Class != "":
			lang += " " + r.spec.Class
		}
		parts = append(parts, safetext.Cut(lang, 40))
	}
	if r.Executors != nil {
		size := plural(*r.Executors, "executor")
		if r.Tasks != nil {
			size += ", " + plural(*r.Tasks, "task")
		}
		parts = append(parts, size)
	}
	if at := placesOf(s.top, r.ID); len(at) > 0 {
		const most = 4
		text := strings.Join(at[:min(len(at), most)], " ")
		if len(at) > most {
			text += fmt.Sprintf(" +%d", len(at)-most)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

// placesOf are the workers that run a component.
func placesOf(t *cluster.Topology, component string) []string {
	if t == nil || t.Info == nil {
		return nil
	}
	var at []string
	for _, e := range t.Info.ExecutorList {
		if e.Component != component || e.Host == "" {
			continue
		}
		if worker := hostPort(e); !slices.Contains(at, worker) {
			at = append(at, worker)
		}
	}
	slices.SortFunc(at, kit.Natural)
	return at
}

func hostPort(e nimbusclient.Executor) string {
	return net.JoinHostPort(safetext.Clean(e.Host), strconv.Itoa(e.Port))
}
