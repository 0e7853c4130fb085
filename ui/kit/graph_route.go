package kit

import "slices"

// wire is a straight piece of an edge with what ends it.
type wire struct {
	x, y, n int // n cells to the right, or downwards
	down    bool
	weight  Weight
	net     int    // pieces of the same net join, others cross
	label   string // at cell at, for a horizontal piece
	labelAt int
	arrow   bool // in the last cell
	// bentLeft and bentRight tell that a horizontal piece ends at a vertical one.
	bentLeft, bentRight bool
	from, to            int // nodes, for the slowest path; -1 where several share the piece
}

// net is a bundle of hops between two layers that share a vertical piece: all
// hops of one source, or all hops to one target.
type net struct {
	hops   []netHop
	fanOut bool
	lowIn  bool // enters boxes one row lower, to stay apart from what leaves there
	col    int
	weight Weight
}

type netHop struct {
	from *item
	hop
}

// channel is the gap between two layers with its nets.
type channel struct {
	nets []*net
	cols int
	w    int
}

// row returns where the hop leaves, and in where it enters.
func (h netHop) row() int { return h.from.port() }

func (n *net) in(h netHop) int {
	if n.lowIn && h.to.node >= 0 {
		return h.to.port() + 1
	}
	return h.to.port()
}

// straight reports whether the net is one hop on one row.
func (n *net) straight() bool { return len(n.hops) == 1 && n.hops[0].row() == n.in(n.hops[0]) }

// span returns the rows of the net's vertical piece.
func (n *net) span() (top, bottom int) {
	top, bottom = n.hops[0].row(), n.hops[0].row()
	for _, h := range n.hops {
		top, bottom = min(top, h.row(), n.in(h)), max(bottom, h.row(), n.in(h))
	}
	return top, bottom
}

// route bundles the hops between two layers and gives each bundle a column.
func route(left []*item) *channel {
	c := &channel{}
	single := map[*item]int{} // hops of sources with one hop, by target
	for _, it := range left {
		if len(it.hops) == 1 {
			single[it.hops[0].to]++
		}
	}
	byTarget := map[*item]*net{}
	for _, it := range left {
		switch len(it.hops) {
		case 0:
		case 1:
			to := it.hops[0].to
			n := byTarget[to]
			if n == nil || single[to] < 2 {
				n = &net{}
				byTarget[to] = n
				c.nets = append(c.nets, n)
			}
			n.hops = append(n.hops, netHop{it, it.hops[0]})
		default:
			n := &net{fanOut: true}
			for _, h := range it.hops {
				n.hops = append(n.hops, netHop{it, h})
			}
			c.nets = append(c.nets, n)
		}
	}
	for _, n := range c.nets {
		for _, h := range n.hops {
			n.weight = max(n.weight, h.weight)
		}
	}
	c.columns()
	c.w = gapW
	if c.cols > 1 {
		c.w = c.cols + 4
	}
	return c
}

// before reports whether a must lie to the left of b: a leaves on a row on which
// b enters.
func before(a, b *net) bool {
	if a == b {
		return false
	}
	for _, x := range a.hops {
		for _, y := range b.hops {
			if x.row() == b.in(y) && x.to != y.to {
				return true
			}
		}
	}
	return false
}

// columns orders the nets so that no two of them share a row by mistake. Where
// two would have to lie left of each other, one enters its boxes a row lower.
func (c *channel) columns() {
	var turning []*net
	for _, n := range c.nets {
		if !n.straight() {
			turning = append(turning, n)
		}
	}
	var placed []*net
	for len(placed) < len(turning) {
		next := -1
		for i, n := range turning {
			if slices.Contains(placed, n) {
				continue
			}
			free := !slices.ContainsFunc(turning, func(m *net) bool { return !slices.Contains(placed, m) && before(m, n) })
			if free {
				next = i
				break
			}
		}
		if next < 0 {
			next = lower(turning, placed)
		}
		n := turning[next]
		for slices.ContainsFunc(placed, func(m *net) bool {
			return m.col > n.col && before(m, n) || m.col == n.col && (overlap(m, n) || before(m, n))
		}) {
			n.col++
		}
		c.cols = max(c.cols, n.col+1)
		placed = append(placed, n)
	}
}

// lower breaks a circle of nets: the first that is left enters a row lower.
func lower(nets, placed []*net) int {
	first := -1
	for i, n := range nets {
		if slices.Contains(placed, n) {
			continue
		}
		if first < 0 {
			first = i
		}
		if !n.lowIn {
			n.lowIn = true
			return i
		}
	}
	return first
}

// overlap reports whether the vertical pieces of two nets would touch in one
// column.
func overlap(a, b *net) bool {
	at, ab := a.span()
	bt, bb := b.span()
	return at <= bb && bt <= ab
}

// wires returns the pieces of the channel, which begins at cell x.
func (c *channel) wires(x int) []wire {
	var out []wire
	for i, n := range c.nets {
		if n.straight() {
			out = append(out, c.straight(x, i))
			continue
		}
		out = append(out, c.turning(x, i)...)
	}
	return out
}

func (c *channel) straight(x, i int) wire {
	h := c.nets[i].hops[0]
	return wire{
		x: x, y: h.row(), n: c.w, weight: h.weight, net: i, label: h.label, labelAt: 1, arrow: h.to.node >= 0,
		from: ends(h)[0], to: ends(h)[1],
	}
}

// turning returns the pieces of a net with a vertical piece.
func (c *channel) turning(x, i int) []wire {
	n := c.nets[i]
	col := x + 2 + n.col
	if c.cols == 1 && n.fanOut {
		col = x + 1
	}
	top, bottom := n.span()
	out := []wire{{x: col, y: top, n: bottom - top + 1, down: true, weight: n.weight, net: i, from: -1, to: -1}}
	left, right := map[int]bool{}, map[int]bool{}
	for _, h := range n.hops {
		e := ends(h)
		if !left[h.row()] {
			left[h.row()] = true
			w := wire{x: x, y: h.row(), n: col - x + 1, bentRight: true, weight: h.weight, net: i, from: e[0], to: e[1]}
			if n.fanOut {
				w.weight, w.from, w.to = n.weight, -1, -1
			} else {
				w.label, w.labelAt = h.label, 1
			}
			out = append(out, w)
		}
		if !right[n.in(h)] {
			right[n.in(h)] = true
			w := wire{
				x: col, y: n.in(h), n: x + c.w - col, bentLeft: true, weight: h.weight, net: i, arrow: h.to.node >= 0,
				from: e[0], to: e[1],
			}
			if n.fanOut {
				w.label, w.labelAt = h.label, x+c.w-2-col
			} else {
				w.weight, w.from, w.to = n.weight, -1, -1
			}
			out = append(out, w)
		}
	}
	return out
}

// ends returns the nodes of an edge's last hop.
func ends(h netHop) [2]int {
	if h.to.node < 0 {
		return [2]int{-1, -1}
	}
	return h.edge
}

// passing returns the piece of a lane through a layer.
func (it *item) passing(x, w int) wire {
	weight := WeightNone
	for _, h := range it.hops {
		weight = max(weight, h.weight)
	}
	return wire{x: x, y: it.y, n: w, weight: weight, net: -1, from: -1, to: -1}
}
