package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Graph is what was read about the shape of a topology.
type Graph struct {
	ID, Name  string
	Structure nimbusclient.Structure
	// Page gives the numbers of executors and tasks; nil when it was not read.
	Page *nimbusclient.Topology
	// Sys shows Storm's own components and streams too.
	Sys bool
}

// node is one component of a graph.
type node struct {
	nimbusclient.ComponentSpec
	executors, tasks *int
	depth            int
}

// edge is one subscription.
type edge struct {
	from, stream, to string
	grouping         nimbusclient.GroupingKind
	fields           []string
	class            string
}

// DAG is the answer of `dag`, as text, DOT or JSON. Components stand in the
// order in which tuples reach them, then by id; edges by source, stream and
// target.
func DAG(g Graph) Answer {
	nodes, edges := g.nodes(), g.edges()
	body := object{{"id", g.ID}, {"name", word(g.Name)}}
	components := make([]object, len(nodes))
	for i, n := range nodes {
		components[i] = object{
			{"id", n.ID},
			{"componentType", string(n.Kind)},
			{"kind", kindOf(shellOf(&g.Structure, n.ID))},
			{"script", scriptOf(n)},
			{"class", word(n.Class)},
			{"parallelism", ptr(n.Parallelism)},
			{"executors", ptr(n.executors)},
			{"tasks", ptr(n.tasks)},
			{"streams", streamObjects(n, g.Sys)},
		}
	}
	links := make([]object, len(edges))
	for i, e := range edges {
		links[i] = object{
			{"from", e.from},
			{"stream", e.stream},
			{"to", e.to},
			{"grouping", string(e.grouping)},
			{"fields", stringList(e.fields)},
			{"class", word(e.class)},
		}
	}
	body = append(body, pair{"components", components}, pair{"edges", links})
	return Answer{body: body, texts: map[Format]string{FormatText: g.text(nodes, edges), FormatDOT: g.dot(nodes, edges)}}
}

func stringList(list []string) any {
	if list == nil {
		return nil
	}
	return list
}

func scriptOf(n node) any {
	if n.Shell == nil {
		return nil
	}
	return word(n.Shell.Script)
}

func streamObjects(n node, sys bool) []object {
	list := slices.Clone(n.Outputs)
	slices.SortStableFunc(list, func(a, b nimbusclient.OutputStream) int { return cmp.Compare(a.ID, b.ID) })
	out := []object{}
	for _, s := range list {
		if sys || !system(s.ID) {
			out = append(out, object{{"id", s.ID}, {"fields", stringList(s.Fields)}, {"direct", s.Direct}})
		}
	}
	return out
}

// system reports whether an id is Storm's own.
func system(id string) bool { return strings.HasPrefix(id, "__") }

// edges lists the subscriptions.
func (g Graph) edges() []edge {
	var out []edge
	for _, c := range g.Structure.Components {
		for _, in := range c.Inputs {
			if !g.Sys && (system(c.ID) || system(in.From.Component) || system(in.From.Stream)) {
				continue
			}
			out = append(out, edge{in.From.Component, in.From.Stream, c.ID, in.Grouping, in.Fields, in.Class})
		}
	}
	slices.SortStableFunc(out, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.stream, b.stream), cmp.Compare(a.to, b.to))
	})
	return out
}

// nodes lists the components by their distance from a spout. A cycle ends where
// it comes round.
func (g Graph) nodes() []node {
	edges := g.edges()
	depth := map[string]int{}
	for _, c := range g.Structure.Components {
		if c.Kind == nimbusclient.Spout {
			depth[c.ID] = 0
		}
	}
	// The longest way through n components has n-1 steps.
	for range len(g.Structure.Components) {
		moved := false
		for _, e := range edges {
			d, ok := depth[e.from]
			if have, seen := depth[e.to]; ok && (!seen || have < d+1) && d+1 < len(g.Structure.Components) {
				depth[e.to] = d + 1
				moved = true
			}
		}
		if !moved {
			break
		}
	}
	var out []node
	for _, c := range g.Structure.Components {
		if !g.Sys && system(c.ID) {
			continue
		}
		n := node{ComponentSpec: c, depth: len(g.Structure.Components)}
		if d, ok := depth[c.ID]; ok {
			n.depth = d
		}
		n.executors, n.tasks = g.sizes(c.ID)
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b node) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (g Graph) sizes(component string) (executors, tasks *int) {
	if g.Page == nil {
		return nil, nil
	}
	for _, list := range [][]nimbusclient.ComponentStats{g.Page.Spouts, g.Page.Bolts} {
		for _, c := range list {
			if c.ID == component {
				return c.Executors, c.Tasks
			}
		}
	}
	return nil, nil
}

// about says in a word or two what a component is.
func (g Graph) about(n node) string {
	parts := []string{string(n.Kind)}
	if kind := kindOf(shellOf(&g.Structure, n.ID)); kind != nil && kind != jvm {
		parts = append(parts, plain(kind))
	}
	switch {
	case n.executors != nil && n.tasks != nil && *n.executors != *n.tasks:
		parts = append(parts, fmt.Sprintf("×%d, %d tasks", *n.executors, *n.tasks))
	case n.executors != nil:
		parts = append(parts, fmt.Sprintf("×%d", *n.executors))
	case n.Parallelism != nil:
		parts = append(parts, fmt.Sprintf("×%d", *n.Parallelism))
	}
	return strings.Join(parts, " ")
}

// how writes a grouping: shuffle, fields(word), custom(Class).
func (e edge) how() string {
	switch {
	case len(e.fields) > 0:
		return string(e.grouping) + "(" + strings.Join(e.fields, ",") + ")"
	case e.class != "":
		return string(e.grouping) + "(" + e.class + ")"
	}
	return string(e.grouping)
}

func (g Graph) text(nodes []node, edges []edge) string {
	streamWidth, howWidth := 0, 0
	for _, e := range edges {
		streamWidth = max(streamWidth, safetext.Width(e.stream))
		howWidth = max(howWidth, safetext.Width(e.how()))
	}
	var b strings.Builder
	if len(nodes) == 0 {
		return "No components."
	}
	for _, n := range nodes {
		fmt.Fprintf(&b, "%s  (%s)\n", safetext.Clean(n.ID), safetext.Clean(g.about(n)))
		for _, e := range edges {
			if e.from == n.ID {
				fmt.Fprintf(&b, "  %s  %s  → %s\n", safetext.PadRight(e.stream, streamWidth), safetext.PadRight(e.how(), howWidth), safetext.Clean(e.to))
			}
		}
	}
	return b.String()
}

func (g Graph) dot(nodes []node, edges []edge) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n  rankdir=LR;\n  node [shape=box];\n", quoted(g.Name))
	for _, n := range nodes {
		shape := ""
		if n.Kind == nimbusclient.Spout {
			shape = ", shape=cds"
		}
		fmt.Fprintf(&b, "  %s [label=%s%s];\n", quoted(n.ID), quoted(n.ID, g.about(n)), shape)
	}
	for _, e := range edges {
		label := e.how()
		if e.stream != "default" {
			label = e.stream + " " + label
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", quoted(e.from), quoted(e.to), quoted(label))
	}
	b.WriteString("}\n")
	return b.String()
}

// quoted writes lines as one quoted text of the DOT language.
func quoted(lines ...string) string {
	clean := make([]string, len(lines))
	for i, line := range lines {
		line = strings.ReplaceAll(safetext.Clean(line), `\`, `\\`)
		clean[i] = strings.ReplaceAll(line, `"`, `\"`)
	}
	return `"` + strings.Join(clean, `\n`) + `"`
}
