package kit_test

import (
	"fmt"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

func ExampleLine() {
	th := theme.New("mono", true)
	l := kit.S(theme.Dim, "owner ").Text("ops").Add(theme.Warn, " ▲")
	fmt.Printf("%q\n", kit.Paint{Theme: th, W: 14, H: 1}.Row(l))
	fmt.Printf("%q\n", kit.T("cut at the end").Cut(8, false).Plain())
	// Output:
	// "\x1b[2mowner \x1b[mops\x1b[1m ▲\x1b[m   "
	// "cut at …"
}

func ExampleRule() {
	p := kit.Paint{Theme: theme.New("dark", true), W: 40, H: 1}
	print([]string{kit.Rule(p, "bolts (8)", "S shows 2 more")})
	// Output: |─ bolts (8) ─────────── S shows 2 more ─|
}

func ExampleSpark() {
	g := theme.New("dark", true).Glyphs
	fmt.Println(kit.Spark(g, []float64{1, 2, 4, 8}, 6).Plain())
	fmt.Println(kit.Gauge(g, 0.58).Plain(), kit.Gauge(g, 1.04).Plain())
	fmt.Println(kit.Heat(g, []float64{8, 1, 2, 4}).Plain())
	// Output:
	// ··▂▃▅█
	// ███▌·· █████!
	// █░▒▓
}

func ExampleTree() {
	tree := kit.NewTree()
	tree.SetRoot(kit.TreeNode{ID: "/storm", Label: kit.T("/storm"), Branch: true, Kids: []kit.TreeNode{
		{ID: "/storm/errors", Label: kit.T("errors (1)"), Branch: true, Kids: []kit.TreeNode{
			{ID: "/storm/errors/x", Label: kit.T("x")},
		}},
		{ID: "/storm/nimbuses", Label: kit.T("nimbuses")},
	}})
	tree.Update(kit.Press("j"))
	// On TreeOpened a screen reads the node's kids, if it has not yet.
	fmt.Println(tree.Update(kit.Press("enter")) == kit.TreeOpened)
	print(tree.Draw(kit.Paint{Theme: theme.New("dark", true), W: 24, H: 4}))
	// Output:
	// true
	// | /storm                 |
	// |▸├─ ▾ errors (1)        |
	// | │  └─ x                |
	// | └─ nimbuses            |
}

func ExamplePrompt() {
	q := kit.NewPrompt(":")
	q.Complete = func(string) []kit.Completion { return []kit.Completion{{Value: "topologies"}} }
	q.Update(kit.Press("t"))
	q.Update(kit.Press("tab"))
	fmt.Println(q.Value(), q.Update(kit.Press("enter")) == kit.PromptDone)
	// Output: topologies true
}

func ExampleGraph() {
	g := kit.NewGraph()
	g.SetData([]kit.GraphNode{
		{ID: "words", Title: "words", Lines: [2]kit.Line{kit.T("spout ×1")}},
		{ID: "count", Title: "count", Lines: [2]kit.Line{kit.T("██▌··· 0.41")}},
	}, []kit.GraphEdge{{From: "words", To: "count", Label: "F", Weight: kit.WeightMuch}})
	print(g.Draw(kit.Paint{Theme: theme.New("dark", true), W: 100, H: 4}))
	// Output:
	// | ┌▸words─────┐    ┌count──────┐                                                                     |
	// | │spout ×1   │━F━▸│██▌··· 0.41│                                                                     |
	// | │           │    │           │                                                                     |
	// | └───────────┘    └───────────┘                                                                     |
}
