package report

import (
	"strings"
	"testing"

	"github.com/stormtop/stormtop/nimbusclient"
)

func spec(id string, kind nimbusclient.Kind, inputs ...nimbusclient.Input) nimbusclient.ComponentSpec {
	return nimbusclient.ComponentSpec{ID: id, Kind: kind, Inputs: inputs}
}

func input(from, stream string, g nimbusclient.GroupingKind, fields ...string) nimbusclient.Input {
	return nimbusclient.Input{From: nimbusclient.StreamID{Component: from, Stream: stream}, Grouping: g, Fields: fields}
}

func graph() Graph {
	return Graph{ID: "t-1", Name: "t", Structure: nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{
		spec("__acker", nimbusclient.Bolt, input("src", "__ack_init", nimbusclient.GroupFields, "id")),
		spec("a-sink", nimbusclient.Bolt, input("split", "default", nimbusclient.GroupFields, "word", "lang"), input("src", "errors", nimbusclient.GroupGlobal)),
		spec("orphan", nimbusclient.Bolt),
		// Two bolts that feed each other must not go round for ever.
		spec("loop", nimbusclient.Bolt, input("split", "default", nimbusclient.GroupShuffle), input("back", "default", nimbusclient.GroupShuffle)),
		spec("back", nimbusclient.Bolt, input("loop", "default", nimbusclient.GroupShuffle)),
		spec("split", nimbusclient.Bolt, input("src", "default", nimbusclient.GroupShuffle)),
		spec("src", nimbusclient.Spout),
	}}}
}

func TestGraphText(t *testing.T) {
	const want = `src  (spout)
  default  shuffle            → split
  errors   global             → a-sink
split  (bolt)
  default  fields(word,lang)  → a-sink
  default  shuffle            → loop
a-sink  (bolt)
back  (bolt)
  default  shuffle            → loop
loop  (bolt)
  default  shuffle            → back
orphan  (bolt)
`
	if got := written(t, DAG(graph()), Options{Format: FormatText}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	g := graph()
	g.Sys = true
	if got := written(t, DAG(g), Options{Format: FormatText}); !strings.Contains(got, "__ack_init") || !strings.Contains(got, "__acker") {
		t.Errorf("system components are missing:\n%s", got)
	}
	if got := written(t, DAG(Graph{}), Options{Format: FormatText}); got != "No components.\n" {
		t.Errorf("an empty graph: %q", got)
	}
}

func TestGraphDOTQuotes(t *testing.T) {
	g := Graph{Name: `a"b\c`, Structure: nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{spec(`x"y`, nimbusclient.Spout)}}}
	got := written(t, DAG(g), Options{Format: FormatDOT})
	if !strings.Contains(got, `digraph "a\"b\\c" {`) || !strings.Contains(got, `"x\"y" [label="x\"y\nspout", shape=cds];`) {
		t.Errorf("%s", got)
	}
}

func TestGraphSizes(t *testing.T) {
	two, four := 2, 4
	g := graph()
	g.Page = &nimbusclient.Topology{Bolts: []nimbusclient.ComponentStats{{ID: "split", Stats: nimbusclient.Stats{Executors: &two, Tasks: &four}}}}
	if got := written(t, DAG(g), Options{Format: FormatText}); !strings.Contains(got, "split  (bolt ×2, 4 tasks)\n") {
		t.Errorf("%s", got)
	}
}
