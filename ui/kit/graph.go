package kit

import (
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
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

// Members returns the nodes that a group stands for, nil for a single node.
func (g *Graph) Members(id string) []GraphNode { return g.groups[id] }

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

// around returns the nodes within the focus, and the edges between them.
func (g *Graph) around() ([]GraphNode, []GraphEdge) {
	if g.focus == "" {
		return g.nodes, g.edges
	}
	near := map[string]bool{g.focus: true}
	for range g.hops {
		wider := map[string]bool{}
		for _, e := range g.edges {
			if near[e.From] {
				wider[e.To] = true
			}
			if near[e.To] {
				wider[e.From] = true
			}
		}
		for id := range wider {
			near[id] = true
		}
	}
	var nodes []GraphNode
	for _, n := range g.nodes {
		if near[n.ID] {
			nodes = append(nodes, n)
		}
	}
	// Layout leaves edges of unknown nodes out.
	return nodes, g.edges
}

// groupID is the identity of the group a node can fold into.
func groupID(n GraphNode) string {
	prefix := Prefix(n.ID)
	if prefix == "" {
		return ""
	}
	return n.Kind + "\x00" + prefix
}

// foldable returns the groups of two and more nodes that are folded: by the
// operator, or by the lack of room.
func (g *Graph) foldable(nodes []GraphNode, auto bool) map[string]bool {
	count := map[string]int{}
	for _, n := range nodes {
		if id := groupID(n); id != "" {
			count[id]++
		}
	}
	folded := map[string]bool{}
	for id, members := range count {
		wanted, said := g.folds[id]
		if members > 1 && (said && wanted || !said && auto) {
			folded[id] = true
		}
	}
	return folded
}

// fold lays the graph out anew with one box for each folded group.
func (g *Graph) fold(nodes []GraphNode, edges []GraphEdge, folded map[string]bool, w int) {
	g.groups = map[string][]GraphNode{}
	stands := map[string]string{} // node to what stands for it
	var boxes []GraphNode
	for _, n := range nodes {
		id := groupID(n)
		if !folded[id] {
			stands[n.ID] = n.ID
			boxes = append(boxes, n)
			continue
		}
		stands[n.ID] = id
		if g.groups[id] == nil {
			boxes = append(boxes, GraphNode{ID: id})
		}
		g.groups[id] = append(g.groups[id], n)
	}
	for i, box := range boxes {
		members := g.groups[box.ID]
		if members == nil {
			continue
		}
		n := GraphNode{}
		if g.Group != nil {
			n = g.Group(members)
		}
		n.ID, n.Kind, n.Members = box.ID, members[0].Kind, len(members)
		n.Title = Prefix(members[0].ID) + "* ×" + strconv.Itoa(len(members))
		boxes[i] = n
	}
	var joined []GraphEdge
	for _, e := range edges {
		from, to := stands[e.From], stands[e.To]
		// What flows inside a group is not shown.
		if from == to && g.groups[from] != nil {
			continue
		}
		e.From, e.To = from, to
		joined = append(joined, e)
	}
	g.shown = boxes
	g.plan = Layout(boxes, joined, w)
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

// limit shows only what is near the node; again, what is a step further.
func (g *Graph) limit(at int) {
	n := g.shown[g.plan.Boxes[at].Node]
	if n.Members > 0 {
		return
	}
	if g.focus != n.ID {
		g.focus, g.hops = n.ID, 0
	}
	g.hops = min(g.hops+1, 3)
	g.plan = nil
}

func (g *Graph) toggleFold(at int) {
	n := g.shown[g.plan.Boxes[at].Node]
	if n.Members > 0 {
		g.folds[n.ID] = false
		if members := g.groups[n.ID]; len(members) > 0 {
			g.id = members[0].ID
		}
	} else if id := groupID(n); id != "" {
		g.folds[id] = true
	}
	g.plan = nil
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

// names gives the titles of groups in place of their identities.
func (g *Graph) names(ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id
		if _, prefix, ok := strings.Cut(id, "\x00"); ok {
			names[i] = prefix + "*"
		}
	}
	return names
}

// drawList draws one row for each node and one for each edge below it.
func (g *Graph) drawList(p Paint, at int) []string {
	from, to, total := 0, 0, 0
	for i, b := range g.plan.Boxes {
		if i == at {
			from = total
		}
		total += 1 + len(g.plan.Out[b.ID]) + len(g.plan.Loops[b.ID])
		if i == at {
			to = total
		}
	}
	g.top = scroll(g.top, p.H, total, from, min(to, from+p.H))
	name := 8
	for _, n := range g.shown {
		name = max(name, min(safetext.Width(n.Title), 24, p.W/3))
	}
	rows := make([]string, 0, p.H)
	line := 0
	for i, b := range g.plan.Boxes {
		edges := 1 + len(g.plan.Out[b.ID]) + len(g.plan.Loops[b.ID])
		if line+edges <= g.top {
			line += edges
			continue
		}
		style := RowStyle(0)
		if i == at && !p.Blur {
			style = RowCursor
		}
		for k, l := range g.listed(p, b, i == at, name) {
			if line >= g.top && len(rows) < p.H {
				rows = append(rows, p.Styled(l, style))
			}
			line++
			if k == 0 {
				style = 0
			}
		}
		if len(rows) == p.H {
			break
		}
	}
	return p.Fill(rows)
}

// listed returns the lines of a node in the list.
func (g *Graph) listed(p Paint, b GraphBox, selected bool, name int) []Line {
	n, glyphs := g.shown[b.Node], p.Theme.Glyphs
	cursor := pad(1)
	if selected {
		cursor = Span{Text: glyphs.Cursor, Tok: theme.Accent}
	}
	head := Line{cursor, pad(1), n.Level.Span(glyphs), pad(1)}
	head = put(head, T(n.Title), name, Left, true)
	for _, l := range n.Lines {
		head = append(head, pad(2)).Then(l)
	}
	lines := []Line{head}
	out, loops := g.plan.Out[b.ID], g.names(g.plan.Loops[b.ID])
	for i, e := range out {
		branch := glyphs.TeeL
		if i == len(out)-1 && len(loops) == 0 {
			branch = glyphs.BotL
		}
		tok := theme.Rule
		if g.path[[2]string{e.From, e.To}] {
			tok = theme.Accent
		}
		lines = append(lines, Line{pad(gutter + 1)}.Add(tok, branch+edgeLabel(e, &glyphs)+glyphs.Cursor+" ").
			Add(theme.Dim, g.names([]string{e.To})[0]))
	}
	for i, to := range loops {
		branch := glyphs.TeeL
		if i == len(loops)-1 {
			branch = glyphs.BotL
		}
		lines = append(lines, Line{pad(gutter + 1)}.Add(theme.Rule, branch+glyphs.Cycle+" ").Add(theme.Dim, to))
	}
	return lines
}

// edgeLabel is an edge's letter, or a line in its weight.
func edgeLabel(e GraphEdge, g *theme.Glyphs) string {
	switch {
	case e.Label != "":
		return safetext.Take(e.Label, 1)
	case e.Weight == WeightNone:
		return g.Dashed
	case e.Weight == WeightMuch:
		return g.BoldH
	default:
		return g.H
	}
}
