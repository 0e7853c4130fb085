package kit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui/theme"
)

// clickStream is the topology of the design's graph.
func clickStream(g theme.Glyphs) (nodes []GraphNode, edges []GraphEdge) {
	for _, n := range []struct {
		id, numbers string
		capacity    float64
	}{
		{"clicks", "3.42k 412ms", -1},
		{"tweets", "610   188ms", -1},
		{"decode", "3.42k 2.1ms", 0.41},
		{"geo", "610   0.3ms", 0.09},
		{"join", "4.02k 0.6ms", 0.55},
		{"score", "3.42k 6.9ms", 1.04},
		{"sessionize", "3.40k 0.2ms", 0.40},
		{"rejects", "4     0.4ms", 0},
		{"rollup", "3.40k 0.2ms", 0.27},
		{"store", "520   4.8ms", 0.34},
	} {
		node := GraphNode{ID: n.id, Title: n.id, Kind: "bolt", Lines: [2]Line{Capacity(g, n.capacity, 0), T(n.numbers)}}
		if n.capacity < 0 {
			node.Lines[0], node.Kind = T("spout ×4"), "spout"
		}
		if n.capacity > 1 {
			node.Level = LevelCrit
		}
		nodes = append(nodes, node)
	}
	edge := func(from, to, label string, weight Weight) { edges = append(edges, GraphEdge{from, to, label, weight}) }
	edge("clicks", "decode", "S", WeightMuch)
	edge("tweets", "geo", "S", WeightSome)
	edge("decode", "join", "F", WeightMuch)
	edge("geo", "join", "F", WeightSome)
	edge("join", "score", "F", WeightMuch)
	edge("score", "sessionize", "F", WeightMuch)
	edge("score", "rejects", "S", WeightSome)
	edge("sessionize", "rollup", "F", WeightMuch)
	edge("rollup", "store", "S", WeightSome)
	return nodes, edges
}

func TestGraphLooks(t *testing.T) {
	for _, unicode := range []bool{true, false} {
		th := theme.New("dark", unicode)
		nodes, edges := clickStream(th.Glyphs)
		g := NewGraph()
		g.SetData(nodes, append(edges, GraphEdge{"clicks", "store", "N", WeightNone}, GraphEdge{"store", "join", "D", WeightSome}))
		g.SetPath([]string{"clicks", "decode", "join", "score"})
		g.Select("score")
		name := "unicode"
		if !unicode {
			name = "ascii"
		}
		for _, size := range [][2]int{{120, 20}, {80, 24}, {110, 10}} {
			frame := Join(g.Draw(Paint{Theme: th, W: size[0], H: size[1]}))
			termtest.CheckFrame(t, frame, size[0], size[1])
			termtest.Golden(t, fmt.Sprintf("%s_%dx%d", name, size[0], size[1]), termtest.Render(frame, size[0], size[1]).Text())
		}
	}
}

func TestGraphFolds(t *testing.T) {
	th := theme.New("dark", true)
	var nodes []GraphNode
	var edges []GraphEdge
	add := func(prefix string, n int, after string) {
		for i := range n {
			id := fmt.Sprintf("%s-%c", prefix, 'a'+i)
			nodes = append(nodes, GraphNode{ID: id, Title: id, Kind: "bolt"})
			if after != "" {
				edges = append(edges, GraphEdge{after + "-a", id, "F", WeightSome})
			}
			if i > 1 {
				edges = append(edges, GraphEdge{fmt.Sprintf("%s-%c", prefix, 'a'+i-1), id, "F", WeightSome})
			}
		}
	}
	add("kafka", 6, "")
	add("parse", 14, "kafka")
	add("enrich", 12, "parse")
	add("sink", 9, "enrich")
	g := NewGraph()
	g.Group = func(members []GraphNode) GraphNode {
		return GraphNode{Lines: [2]Line{T("███··· 0.52"), T(members[0].ID)}, Level: LevelWarn}
	}
	g.SetData(nodes, edges)
	g.Select("enrich-c")
	p := Paint{Theme: th, W: 120, H: 12}
	frame := Join(g.Draw(p))
	termtest.CheckFrame(t, frame, 120, 12)
	termtest.Golden(t, "folded", termtest.Render(frame, 120, 12).Text())
	if n, _ := g.Selected(); n.Members != 12 || len(g.Members(n.ID)) != 12 {
		t.Errorf("the group of enrich-c is %+v", n)
	}
	if box, of, all := g.Position(); box != 3 || of != 4 || all != 41 {
		t.Errorf("position %d of %d, %d nodes", box, of, all)
	}
	if g.Update(Press("enter")) != GraphHandled {
		t.Error("enter does not open the group")
	}
	g.Draw(p)
	if n, _ := g.Selected(); n.Members != 0 || Prefix(n.ID) != "enrich-" {
		t.Errorf("after opening the cursor is on %+v", n)
	}
	g.Update(Press("c"))
	g.Draw(p)
	if n, _ := g.Selected(); n.Members != 12 {
		t.Errorf("after folding the cursor is on %+v", n)
	}
}

func TestGraphMoves(t *testing.T) {
	th := theme.New("dark", true)
	nodes, edges := clickStream(th.Glyphs)
	g := NewGraph()
	g.SetData(nodes, edges)
	p := Paint{Theme: th, W: 120, H: 20}
	g.Select("clicks")
	g.Draw(p)
	want := func(key, id string) {
		t.Helper()
		g.Update(Press(key))
		g.Draw(p)
		if n, _ := g.Selected(); n.ID != id {
			t.Errorf("%s goes to %s, want %s", key, n.ID, id)
		}
	}
	want("right", "decode")
	want("j", "geo")
	want("right", "join")
	want("right", "score")
	want("down", "score")
	want("left", "join")
	want("G", "store")
	want("g", "clicks")
	want("k", "clicks")

	g.Select("score")
	g.Update(Press("f"))
	g.Draw(p)
	if _, of, _ := g.Position(); of != 4 {
		t.Errorf("focus ±1 of score shows %d nodes", of)
	}
	g.Update(Press("f"))
	if _, hops := g.Focus(); hops != 2 {
		t.Errorf("focus again shows ±%d", hops)
	}
	if !g.Escape() || g.Escape() {
		t.Error("esc does not widen once")
	}
	if g.Update(Press("enter")) != GraphChosen {
		t.Error("enter does not choose")
	}
	// The list below 100 cells goes by order, and the cursor stays.
	p.W = 80
	g.Draw(p)
	if !g.Narrow() {
		t.Error("80 cells are not narrow")
	}
	want("j", "rejects")
	want("k", "score")

	// The node under the cursor goes: the cursor stays near.
	g.SetData(nodes[:4], edges)
	g.Draw(p)
	if _, ok := g.Selected(); !ok {
		t.Error("no cursor after the node went")
	}
	g.SetData(nil, nil)
	g.Draw(p)
	if g.Update(Press("j")) != GraphIgnored {
		t.Error("an empty graph takes keys")
	}
}

func TestPrefix(t *testing.T) {
	for name, want := range map[string]string{
		"parse-json": "parse-", "enrich_geo_ip": "enrich_geo_", "a.b": "a.", "bolt12": "bolt", "sink-3": "sink-",
		"split": "", "-x": "", "42": "", "__acker": "__",
	} {
		if got := Prefix(name); got != want {
			t.Errorf("Prefix(%q) = %q, want %q", name, got, want)
		}
	}
}

// randomGraph has circles, edges to itself, double edges and edges to nowhere.
func randomGraph(rng *rand.Rand) (nodes []GraphNode, edges []GraphEdge) {
	n := 1 + rng.IntN(14)
	for i := range n {
		nodes = append(nodes, GraphNode{ID: fmt.Sprintf("n%d", i), Title: strings.Repeat("x", 1+rng.IntN(16))})
	}
	for range rng.IntN(2 * n) {
		edges = append(edges, GraphEdge{
			fmt.Sprintf("n%d", rng.IntN(n)), fmt.Sprintf("n%d", rng.IntN(n+1)), "F", Weight(rng.IntN(3)),
		})
	}
	return nodes, edges
}

func TestLayoutProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1500 {
		nodes, edges := randomGraph(rng)
		plan := Layout(nodes, edges, 120)
		checkPlan(t, nodes, edges, plan)

		shuffled := slices.Clone(edges)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		heavier := slices.Clone(shuffled)
		for i := range heavier {
			heavier[i].Weight = Weight(rng.IntN(3))
		}
		if diff := cmp.Diff(plan.Boxes, Layout(nodes, heavier, 120).Boxes); diff != "" {
			t.Errorf("boxes move with the numbers or the order of edges:\n%s", diff)
		}
		if t.Failed() {
			t.Fatalf("nodes %v\nedges %v", nodes, edges)
		}
	}
}

func checkPlan(t *testing.T, nodes []GraphNode, edges []GraphEdge, plan *GraphPlan) {
	t.Helper()
	if len(plan.Boxes) != len(nodes) {
		t.Errorf("%d boxes for %d nodes", len(plan.Boxes), len(nodes))
	}
	at := map[string]GraphBox{}
	taken := map[[2]int]string{}
	for i, b := range plan.Boxes {
		at[b.ID] = b
		if b.X < 0 || b.Y < 0 || b.X+b.W > plan.W || b.Y+b.H > plan.H {
			t.Errorf("%+v lies outside %d×%d", b, plan.W, plan.H)
		}
		if i > 0 {
			if a := plan.Boxes[i-1]; a.Layer > b.Layer || a.Layer == b.Layer && (Natural(a.ID, b.ID) >= 0 || a.Y >= b.Y) {
				t.Errorf("%+v stands before %+v", a, b)
			}
		}
		for x := b.X; x < b.X+b.W; x++ {
			for y := b.Y; y < b.Y+b.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Errorf("%s overlaps %s", b.ID, other)
				}
				taken[[2]int{x, y}] = b.ID
			}
		}
	}
	for _, e := range edges {
		if _, ok := at[e.To]; !ok {
			continue
		}
		out := slices.ContainsFunc(plan.Out[e.From], func(o GraphEdge) bool { return o.To == e.To })
		loop := slices.Contains(plan.Loops[e.From], e.To)
		if out == loop {
			t.Errorf("edge %s → %s is drawn %v, as a circle %v", e.From, e.To, out, loop)
		}
		if out && at[e.From].Layer >= at[e.To].Layer {
			t.Errorf("edge %s → %s goes from layer %d to %d", e.From, e.To, at[e.From].Layer, at[e.To].Layer)
		}
	}
	for _, w := range plan.wires {
		for i := range w.n {
			x, y := w.x+i, w.y
			if w.down {
				x, y = w.x, w.y+i
			}
			if id, ok := taken[[2]int{x, y}]; ok {
				t.Errorf("an edge runs through %s at %d, %d", id, x, y)
			}
			if x < 0 || y < 0 || x >= plan.W || y >= plan.H {
				t.Errorf("an edge runs outside at %d, %d", x, y)
			}
		}
	}
	checkArrows(t, plan, at)
}

// checkArrows: every edge that is drawn has an arrow at its target, and every
// arrow a target.
func checkArrows(t *testing.T, plan *GraphPlan, at map[string]GraphBox) {
	t.Helper()
	led := map[string]bool{}
	for _, out := range plan.Out {
		for _, e := range out {
			led[e.To] = true
		}
	}
	arrows := map[string]bool{}
	for _, w := range plan.wires {
		if !w.arrow {
			continue
		}
		hit := false
		for id, b := range at {
			if w.x+w.n == b.X && w.y > b.Y && w.y < b.Y+b.H-1 {
				hit, arrows[id] = true, true
			}
		}
		if !hit {
			t.Errorf("the arrow at %d, %d points at nothing", w.x+w.n-1, w.y)
		}
	}
	if diff := cmp.Diff(led, arrows); diff != "" {
		t.Errorf("arrows:\n%s", diff)
	}
}

func TestGraphFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		nodes, edges := randomGraph(rng)
		g := NewGraph()
		g.SetData(nodes, edges)
		p := Paint{Theme: theme.New("dark", rng.IntN(2) == 0), W: 1 + rng.IntN(250), H: rng.IntN(30)}
		for _, key := range []string{"", "G", "f", "c", "right", "j"} {
			g.Update(Press(key))
			termtest.CheckFrame(t, Join(g.Draw(p)), p.W, p.H)
		}
	}
}

func BenchmarkGraph(b *testing.B) {
	th := theme.New("dark", true)
	nodes, edges := clickStream(th.Glyphs)
	g := NewGraph()
	b.ReportAllocs()
	for b.Loop() {
		g.SetData(nodes, edges)
		g.Draw(Paint{Theme: th, W: 120, H: 29})
	}
}
