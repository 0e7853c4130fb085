package screens

import (
	"math"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

func TestCells(t *testing.T) {
	g := theme.New("mono", true).Glyphs
	for _, test := range []struct {
		what string
		got  kit.Line
		want string
	}{
		{"rate", rateCell(cluster.Rate{PerSec: 3420}), "3.42k/s"},
		{"lower bound", rateCell(cluster.Rate{PerSec: 3420, AtLeast: true}), "≥3.42k/s"},
		{"no rate", rateCell(cluster.Rate{PerSec: math.NaN(), AtLeast: true}), "–"},
		{"no number", intCell(nil), "?"},
		{"no counter", countCell(nil), "–"},
		{"zero", countCell(new(int64(0))), "0"},
		{"latency", latencyCell(new(412.0), true), "412 ms"},
		{"latency of nothing", latencyCell(new(0.0), false), "–"},
		{"capacity", loadCell(g, cluster.Load{Value: 0.41}), "██▌···  0.41"},
		{"over", loadCell(g, cluster.Load{Value: 1.04}), "█████!  1.04"},
		{"shell", loadCell(g, cluster.Load{Value: 0.05, Shell: true}), "▎····· L0.05"},
		{"no load", loadCell(g, cluster.Load{Value: math.NaN(), Shell: true}), "           –"},
		{"storm", stormCapacity(cluster.Load{Value: 2, Shell: true, Capacity: 0.002}), "<0.01"},
		{"skew", skewCell(3.84), "3.8"},
		{"text", textCell(new("")), "–"},
	} {
		if got := test.got.Plain(); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
	if got := failShare(new(int64(180)), new(int64(0)), 0.05); !math.IsNaN(got) {
		t.Errorf("a share of nine measured tuples is %v", got)
	}
	if got := failShare(new(int64(150)), new(int64(50)), 0.05); got != 0.25 {
		t.Errorf("share %v", got)
	}
	if got := approx(true, "0"); got != "0" {
		t.Errorf("a measured zero is no estimate: %q", got)
	}
}

// TestLoadLevels holds that each kind of bolt is graded on its own scale.
func TestLoadLevels(t *testing.T) {
	for _, test := range []struct {
		load cluster.Load
		want kit.Level
	}{
		{cluster.Load{Value: 0.79}, kit.LevelNone},
		{cluster.Load{Value: 0.80}, kit.LevelWarn},
		{cluster.Load{Value: 1.00}, kit.LevelCrit},
		{cluster.Load{Value: 0.99, Shell: true}, kit.LevelNone},
		{cluster.Load{Value: 1.00, Shell: true}, kit.LevelWarn},
		{cluster.Load{Value: 3.00, Shell: true}, kit.LevelCrit},
		{cluster.Load{Value: math.NaN()}, kit.LevelNone},
	} {
		if got := loadLevel(test.load); got != test.want {
			t.Errorf("%+v: %v", test.load, got)
		}
	}
}

func TestLanguage(t *testing.T) {
	for command, want := range map[string]string{
		"python3": "python", "/usr/bin/python3.11": "python", `C:\Python\python.exe`: "python", "node": "node", "": "shell", "7": "7",
	} {
		if got := language(&nimbusclient.ComponentSpec{Shell: &nimbusclient.Shell{Command: command}}); got != want {
			t.Errorf("%q is %q, want %q", command, got, want)
		}
	}
	if language(nil) != "" || language(&nimbusclient.ComponentSpec{}) != "jvm" {
		t.Error("a component without a child process runs in the JVM, one not known in nothing")
	}
}

func TestWrap(t *testing.T) {
	text := "one two  three-four 日本 five"
	for w := range 40 {
		lines := wrap(text, w)
		for _, line := range lines {
			if w >= 10 && safetext.Width(line) > w {
				t.Errorf("%d: %q", w, lines)
			}
		}
		if strings.Join(strings.Fields(strings.Join(lines, " ")), " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("%d: words are lost: %q", w, lines)
		}
	}
}

func TestTopologyRanks(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	ranks := topologyRanks(env.Snap.Topologies[twitterID].Structure)
	order := []string{"clicks", "tweets", "decode", "geo", "join", "rejects", "score", "__acker", "__system"}
	before := map[string]string{"clicks": "decode", "decode": "join", "join": "score", "score": "rejects", "sessionize": "rollup", "rollup": "store", "store": "__acker"}
	for a, b := range before {
		if ranks[a] >= ranks[b] {
			t.Errorf("%s comes after %s", a, b)
		}
	}
	for _, id := range order {
		if _, ok := ranks[id]; !ok {
			t.Errorf("%s has no rank", id)
		}
	}
	// Cycles and parts that no spout reaches end, too.
	ranks = topologyRanks(&nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{
		{ID: "a", Inputs: []nimbusclient.Input{shuffle("b")}}, {ID: "b", Inputs: []nimbusclient.Input{shuffle("a")}}, {ID: "z", Kind: nimbusclient.Spout},
	}})
	if len(ranks) != 3 || ranks["z"] != 0 {
		t.Errorf("ranks of a cycle: %v", ranks)
	}
}

func TestSumRates(t *testing.T) {
	nan := math.NaN()
	got := sumRates([]cluster.Rate{
		{PerSec: 1, Trend: []float64{1, nan, 3}}, {PerSec: 2, Trend: []float64{10, nan}, AtLeast: true}, {PerSec: nan},
	})
	if got.PerSec != 3 || !got.AtLeast || len(got.Trend) != 3 {
		t.Fatalf("sum %+v", got)
	}
	for i, want := range []float64{1, 10, 3} {
		if got.Trend[i] != want {
			t.Errorf("point %d is %v, want %v", i, got.Trend[i], want)
		}
	}
	if !math.IsNaN(sumRates(nil).PerSec) {
		t.Error("the sum of nothing is known")
	}
}
