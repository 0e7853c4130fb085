package kit

import (
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
)

// GraphNode is a box of a graph.
type GraphNode struct {
	// ID is the node's identity; nodes of a layer stand in its natural order.
	ID string
	// Title stands in the box's upper edge, Lines inside the box, each in 11
	// cells and more.
	Title string
	Lines [2]Line
	Level Level
	// Kind keeps nodes of different kinds from folding into one group.
	Kind string
	// Members is how many nodes a group stands for; 0 for a single node.
	Members int
}

// Weight is how much flows along an edge.
type Weight uint8

// The weights: nothing in the window ╌, something ─, much ━.
const (
	WeightNone Weight = iota
	WeightSome
	WeightMuch
)

// GraphEdge is an arrow of a graph. Several between the same nodes are drawn as
// one, with the weight and the label of the heaviest.
type GraphEdge struct {
	From, To string
	// Label is one letter on the arrow.
	Label  string
	Weight Weight
}

// Sizes of the drawing, in cells.
const (
	boxW    = 13 // of a box at least: an inner width of 11 shows ██▌··· 0.41
	boxWMax = 22
	boxH    = 4
	gapW    = 4 // between layers at least: ━S━▸
	laneH   = 1 // of an edge that passes a layer
	margin  = 1
	// narrowW is the width below which a graph is a list.
	narrowW = 100
	// straightLane is how much more than a box's place it counts that a long
	// edge stays on its row.
	straightLane = 16
)

// GraphPlan says where everything of a graph lies. It depends on identities,
// titles and edges only, so nothing moves when numbers change.
type GraphPlan struct {
	// W and H are the size of the drawing. Fits reports whether W is within
	// what was asked for.
	W, H int
	Fits bool
	// Boxes lie in the order of layer, then name.
	Boxes []GraphBox
	// Loops are the targets of the edges of each node that would close a circle.
	Loops map[string][]string
	// Out are the other edges of each node, by target.
	Out map[string][]GraphEdge

	wires []wire
}

// GraphBox is the place of a node.
type GraphBox struct {
	ID         string
	Node       int // among the nodes given
	Layer      int
	X, Y, W, H int
}

// item is what stands in a layer: a box, or an edge that passes.
type item struct {
	node int // -1 for a passing edge
	from int // source node of a passing edge
	y    int
	want float64
	prev []*item
	next []*item
	hops []hop // to the next layer
}

// hop is an edge's way from one layer to the next.
type hop struct {
	to     *item
	weight Weight
	label  string // on the edge's last hop
	edge   [2]int // of the last hop: source and target node
}

func (it *item) height() int {
	if it.node < 0 {
		return laneH
	}
	return boxH + 1
}

// port is the row where edges leave and enter.
func (it *item) port() int {
	if it.node < 0 {
		return it.y
	}
	return it.y + 1
}

// Layout lays a graph out for w cells: layers by the longest path from the left,
// the order inside a layer by name. It is pure.
func Layout(nodes []GraphNode, edges []GraphEdge, w int) *GraphPlan {
	plan := &GraphPlan{Loops: map[string][]string{}, Out: map[string][]GraphEdge{}}
	if len(nodes) == 0 {
		plan.Fits = true
		return plan
	}
	order := make([]int, len(nodes)) // by name
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return Natural(nodes[a].ID, nodes[b].ID) })
	links := merge(nodes, edges, order)
	links = plan.cut(nodes, order, links)
	layer := longest(nodes, order, links)
	layers := stack(nodes, order, links, layer)
	align(layers)
	plan.place(nodes, layers, layer, w)
	return plan
}

// link is an edge by the places of its nodes.
type link struct {
	from, to int
	weight   Weight
	label    string
}

// merge makes one link of the edges between the same two nodes, in the order of
// the nodes' names. Edges of unknown nodes are left out.
func merge(nodes []GraphNode, edges []GraphEdge, order []int) []link {
	index := make(map[string]int, len(nodes))
	rank := make([]int, len(nodes))
	for r, i := range order {
		index[nodes[i].ID] = i
		rank[i] = r
	}
	at := map[[2]int]int{}
	var links []link
	for _, e := range edges {
		from, ok := index[e.From]
		to, known := index[e.To]
		if !ok || !known {
			continue
		}
		pair := [2]int{from, to}
		if n, seen := at[pair]; seen {
			if l := &links[n]; e.Weight > l.weight {
				l.weight, l.label = e.Weight, e.Label
			}
			continue
		}
		at[pair] = len(links)
		links = append(links, link{from, to, e.Weight, e.Label})
	}
	slices.SortFunc(links, func(a, b link) int {
		if a.from != b.from {
			return rank[a.from] - rank[b.from]
		}
		return rank[a.to] - rank[b.to]
	})
	return links
}

// cut takes out the links that close a circle, found by walking from the nodes
// that nothing leads to, and records them and the rest.
func (g *GraphPlan) cut(nodes []GraphNode, order []int, links []link) []link {
	out := make([][]int, len(nodes))
	led := make([]bool, len(nodes))
	for n, l := range links {
		out[l.from] = append(out[l.from], n)
		led[l.to] = led[l.to] || l.from != l.to
	}
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(nodes))
	back := make([]bool, len(links))
	var walk func(i int)
	walk = func(i int) {
		state[i] = open
		for _, n := range out[i] {
			switch to := links[n].to; state[to] {
			case open:
				back[n] = true
			case unseen:
				walk(to)
			}
		}
		state[i] = done
	}
	for _, roots := range []bool{true, false} {
		for _, i := range order {
			if state[i] == unseen && (!led[i] || !roots) {
				walk(i)
			}
		}
	}
	kept := links[:0:0]
	for n, l := range links {
		from, to := nodes[l.from].ID, nodes[l.to].ID
		if back[n] {
			g.Loops[from] = append(g.Loops[from], to)
			continue
		}
		g.Out[from] = append(g.Out[from], GraphEdge{From: from, To: to, Label: l.label, Weight: l.weight})
		kept = append(kept, l)
	}
	return kept
}

// longest returns each node's layer: one more than the highest of those that
// lead to it.
func longest(nodes []GraphNode, order []int, links []link) []int {
	layer := make([]int, len(nodes))
	in := make([]int, len(nodes))
	out := make([][]int, len(nodes))
	for _, l := range links {
		in[l.to]++
		out[l.from] = append(out[l.from], l.to)
	}
	var ready []int
	for _, i := range order {
		if in[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		for _, to := range out[i] {
			layer[to] = max(layer[to], layer[i]+1)
			if in[to]--; in[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return layer
}

// stack fills the layers with boxes in the order of their names, and with one
// lane for each node whose edges pass a layer.
func stack(nodes []GraphNode, order []int, links []link, layer []int) [][]*item {
	layers := make([][]*item, slices.Max(layer)+1)
	boxes := make([]*item, len(nodes))
	for _, i := range order {
		boxes[i] = &item{node: i}
		layers[layer[i]] = append(layers[layer[i]], boxes[i])
	}
	lanes := map[[2]int]*item{} // by source and layer
	for _, l := range links {
		at := boxes[l.from]
		for n := layer[l.from] + 1; n < layer[l.to]; n++ {
			lane := lanes[[2]int{l.from, n}]
			if lane == nil {
				lane = &item{node: -1, from: l.from}
				lanes[[2]int{l.from, n}] = lane
				layers[n] = append(layers[n], lane)
			}
			at.join(hop{to: lane, weight: l.weight})
			at = lane
		}
		at.join(hop{to: boxes[l.to], weight: l.weight, label: l.label, edge: [2]int{l.from, l.to}})
	}
	return layers
}

// join adds a hop, or its weight to the one that is there.
func (it *item) join(h hop) {
	for i := range it.hops {
		if it.hops[i].to == h.to {
			it.hops[i].weight = max(it.hops[i].weight, h.weight)
			return
		}
	}
	it.hops = append(it.hops, h)
	it.next = append(it.next, h.to)
	h.to.prev = append(h.to.prev, it)
}

// place gives the layers their columns and records boxes and wires.
func (g *GraphPlan) place(nodes []GraphNode, layers [][]*item, layer []int, w int) {
	widths := make([]int, len(layers))
	gaps := make([]*channel, len(layers))
	total := 2 * margin
	for n, items := range layers {
		widths[n] = boxW
		if n > 0 {
			gaps[n] = route(layers[n-1])
			total += gaps[n].w
		}
		for _, it := range items {
			if it.node >= 0 {
				widths[n] = max(widths[n], min(titleWidth(nodes[it.node])+2, boxWMax))
			}
		}
		total += widths[n]
	}
	// Titles give way before the layout does.
	for total > w {
		widest := slices.Max(widths)
		if widest == boxW {
			break
		}
		widths[slices.Index(widths, widest)]--
		total--
	}
	g.W, g.Fits = total, total <= w
	x := margin
	for n, items := range layers {
		if n > 0 {
			g.wires = append(g.wires, gaps[n].wires(x)...)
			x += gaps[n].w
		}
		for _, it := range items {
			g.H = max(g.H, it.y+it.height())
			if it.node < 0 {
				g.wires = append(g.wires, it.passing(x, widths[n]))
				continue
			}
			g.H = max(g.H, it.y+boxH)
			g.Boxes = append(g.Boxes, GraphBox{
				ID: nodes[it.node].ID, Node: it.node, Layer: layer[it.node], X: x, Y: it.y, W: widths[n], H: boxH,
			})
		}
		x += widths[n]
	}
}

// titleWidth is the room a title wants, with the cursor before it or the level
// after it, or both for a group. It must not depend on what changes.
func titleWidth(n GraphNode) int {
	w := safetext.Width(n.Title) + 1
	if n.Members > 0 {
		w++
	}
	return w
}

// Prefix returns the group a name folds into: all before its last -, _, . or
// row of digits. It is empty for a name that stands alone.
func Prefix(name string) string {
	end := strings.TrimRight(name, "0123456789")
	if end != name && strings.Trim(end, "-_.") != "" {
		return end
	}
	if at := strings.LastIndexAny(name, "-_."); at > 0 {
		return name[:at+1]
	}
	return ""
}
