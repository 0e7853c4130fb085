package kit

import (
	"strconv"
	"strings"
)

// Members returns the nodes that a group stands for, nil for a single node.
func (g *Graph) Members(id string) []GraphNode { return g.groups[id] }

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
