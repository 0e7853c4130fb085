package kit

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/theme"
)

// Graph shows nodes as boxes and the edges between them; below 100 cells as a
// list. A graph wider than the screen folds nodes into groups and scrolls with
// the cursor. Boxes never move when only numbers change.
type Graph struct {
	// Keys are the keys Update answers.
	Keys KeyMap
	// Group describes the box of several nodes whose names share a prefix; its
	// ID, Title and Members are filled in.
	Group func(members []GraphNode) GraphNode

	nodes []GraphNode
	edges []GraphEdge

	folds map[string]bool // what the operator folded (true) or opened (false)
	focus string          // node, "" for all
	hops  int             // how far around focus
	path  map[[2]string]bool
	onWay map[string]bool

	id      string
	plan    *GraphPlan
	shown   []GraphNode // what plan.Boxes refer to
	groups  map[string][]GraphNode
	planW   int
	narrow  bool
	left    int
	top     int
	h       int
	lastBox int // place of the cursor, for when its node goes
}

// GraphEvent is what a key did to a graph.
type GraphEvent uint8

// The events.
const (
	GraphIgnored GraphEvent = iota
	GraphHandled
	GraphChosen // enter on a node
)

// NewGraph returns an empty graph with the default keys.
func NewGraph() *Graph { return &Graph{Keys: DefaultKeys(), folds: map[string]bool{}} }

// SetData replaces nodes and edges.
func (g *Graph) SetData(nodes []GraphNode, edges []GraphEdge) {
	g.nodes, g.edges, g.plan = nodes, edges, nil
}

// SetPath marks the edges from each node to the next, such as the slowest way;
// none for fewer than two.
func (g *Graph) SetPath(ids []string) {
	g.path, g.onWay, g.plan = nil, nil, nil
	if len(ids) < 2 {
		return
	}
	g.path, g.onWay = map[[2]string]bool{}, map[string]bool{ids[0]: true}
	for i := 1; i < len(ids); i++ {
		g.path[[2]string{ids[i-1], ids[i]}] = true
		g.onWay[ids[i]] = true
	}
}

// Selected returns the node or group under the cursor.
func (g *Graph) Selected() (GraphNode, bool) {
	box := g.box()
	if box < 0 {
		return GraphNode{}, false
	}
	return g.shown[g.plan.Boxes[box].Node], true
}

// Select puts the cursor on a node, or on the group it is folded into.
func (g *Graph) Select(id string) { g.id = id }

// Focus returns what the graph is limited to: the nodes within hops of a node;
// hops is 0 when all are shown.
func (g *Graph) Focus() (id string, hops int) { return g.focus, g.hops }

// Position returns the place of the cursor among the boxes, counted from 1,
// their number, and the number of nodes in them.
func (g *Graph) Position() (box, of, nodes int) {
	at := g.box()
	if at < 0 {
		return 0, 0, 0
	}
	for _, n := range g.shown {
		nodes += max(n.Members, 1)
	}
	return at + 1, len(g.plan.Boxes), nodes
}

// Narrow reports whether the last Draw showed a list.
func (g *Graph) Narrow() bool { return g.narrow }

// Escape widens a graph that is limited to the surroundings of a node and
// reports whether it was.
func (g *Graph) Escape() bool {
	if g.focus == "" {
		return false
	}
	g.focus, g.hops, g.plan = "", 0, nil
	return true
}

// arrange computes what is shown and where, for the width of the last Draw.
func (g *Graph) arrange() {
	if g.plan != nil {
		return
	}
	nodes, edges := g.around()
	w := g.planW
	if w == 0 {
		w = narrowW
	}
	g.shown, g.groups = nodes, nil
	g.plan = Layout(nodes, edges, w)
	auto := !g.plan.Fits || w < narrowW && len(nodes) > 50
	if folded := g.foldable(nodes, auto); len(folded) > 0 {
		g.fold(nodes, edges, folded, w)
	}
	g.narrow = w < narrowW
}

// box returns the place of the cursor's box, -1 without boxes.
func (g *Graph) box() int {
	g.arrange()
	for i, b := range g.plan.Boxes {
		if b.ID == g.id || slices.ContainsFunc(g.groups[b.ID], func(n GraphNode) bool { return n.ID == g.id }) {
			g.lastBox = i
			return i
		}
	}
	if len(g.plan.Boxes) == 0 {
		return -1
	}
	g.lastBox = min(g.lastBox, len(g.plan.Boxes)-1)
	g.id = g.plan.Boxes[g.lastBox].ID
	return g.lastBox
}

// Update answers a key.
func (g *Graph) Update(msg tea.Msg) GraphEvent {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return GraphIgnored
	}
	at := g.box()
	if at < 0 {
		return GraphIgnored
	}
	left := key.Matches(press, g.Keys.Left) || press.String() == "h"
	switch {
	case !g.narrow && left:
		g.step(at, -1)
	case !g.narrow && key.Matches(press, g.Keys.Right):
		g.step(at, 1)
	case !g.narrow && key.Matches(press, g.Keys.Up):
		g.climb(at, -1)
	case !g.narrow && key.Matches(press, g.Keys.Down):
		g.climb(at, 1)
	case key.Matches(press, g.Keys.Enter):
		return g.enter(at)
	case key.Matches(press, g.Keys.Focus):
		g.limit(at)
	case key.Matches(press, g.Keys.Fold):
		g.toggleFold(at)
	default:
		page := max(g.h/boxH, 1)
		if g.narrow {
			page = max(g.h/2, 1)
		}
		step, ok := moved(&g.Keys, press, page)
		if !ok {
			return GraphIgnored
		}
		g.id = g.plan.Boxes[max(min(at+step, len(g.plan.Boxes)-1), 0)].ID
	}
	return GraphHandled
}

func (g *Graph) enter(at int) GraphEvent {
	n := g.shown[g.plan.Boxes[at].Node]
	if n.Members == 0 {
		return GraphChosen
	}
	g.toggleFold(at)
	return GraphHandled
}

// step goes to the nearest box of the next or previous layer that has one.
func (g *Graph) step(at, by int) {
	from := g.plan.Boxes[at]
	best, distance := -1, 0
	for i, b := range g.plan.Boxes {
		if (b.Layer-from.Layer)*by <= 0 {
			continue
		}
		// A layer counts for more than any number of rows.
		d := abs(b.Layer-from.Layer)*1_000_000 + abs(b.Y-from.Y)
		if best < 0 || d < distance {
			best, distance = i, d
		}
	}
	if best >= 0 {
		g.id = g.plan.Boxes[best].ID
	}
}

// climb goes to the box above or below in the same layer.
func (g *Graph) climb(at, by int) {
	if to := at + by; to >= 0 && to < len(g.plan.Boxes) && g.plan.Boxes[to].Layer == g.plan.Boxes[at].Layer {
		g.id = g.plan.Boxes[to].ID
	}
}

func abs(n int) int { return max(n, -n) }

// Draw draws the part of the graph around the cursor in exactly p.H rows of p.W
// cells.
func (g *Graph) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	if g.planW != p.W {
		g.planW, g.plan = p.W, nil
	}
	g.h = p.H
	at := g.box()
	if at < 0 {
		return p.Fill(nil)
	}
	if g.narrow {
		return g.drawList(p, at)
	}
	box := g.plan.Boxes[at]
	g.top = scroll(g.top, p.H, g.plan.H, box.Y, box.Y+box.H)
	g.left = scroll(g.left, p.W, g.plan.W, box.X, box.X+box.W)
	c := newCanvas(p.W, p.H, g.left, g.top)
	glyphs := p.Theme.Glyphs
	drawWires(c, &glyphs, g.plan.wires, func(w wire) theme.Token {
		switch {
		case w.from >= 0 && g.path[[2]string{g.shown[w.from].ID, g.shown[w.to].ID}]:
			return theme.Accent
		case w.weight == WeightMuch:
			return theme.Text
		default:
			return theme.Rule
		}
	})
	for i, b := range g.plan.Boxes {
		n := g.shown[b.Node]
		drawBox(c, &glyphs, b, n, g.names(g.plan.Loops[b.ID]), i == at && !p.Blur, g.onWay[b.ID])
	}
	return c.rows(p.Theme)
}
