package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// after puts two states of a topology into snapshots and returns what changed.
func after(old, now *Topology, feed ...Change) []Change {
	for _, t := range []*Topology{old, now} {
		t.Summary = nimbusclient.TopologySummary{ID: "words-1", Name: "words", Status: nimbusclient.Active}
	}
	return Diff(&Snapshot{Topologies: map[string]*Topology{"words-1": old}, Feed: feed},
		&Snapshot{Made: start, Topologies: map[string]*Topology{"words-1": now}})
}

func TestADriftAfterAnElectionSaysSo(t *testing.T) {
	t.Parallel()
	drifted := &Topology{Drift: []Drift{{Component: "split", Desired: 3, Actual: 2}}}
	for _, c := range []struct {
		feed []Change
		want string
	}{
		{nil, "runs with split 2, asked for 3"},
		{[]Change{{Kind: ChangeLeader, At: start.Add(-20 * time.Second)}}, "reassigned with split 2, asked for 3: fallen back after a change of leader"},
		{[]Change{{Kind: ChangeLeader, At: start.Add(-time.Hour)}}, "runs with split 2, asked for 3"},
	} {
		got := after(&Topology{}, drifted, c.feed...)
		if len(got) != 1 || got[0].Kind != ChangeDrift || got[0].Detail != c.want {
			t.Errorf("%+v, want %q", got, c.want)
		}
	}
	if got := after(drifted, &Topology{}); len(got) != 1 || got[0].Level != LevelGood {
		t.Errorf("the end of a drift: %+v", got)
	}
}

func TestADriftIsBelievedAfterTwoReadings(t *testing.T) {
	t.Parallel()
	m := newMemory(start, DefaultEvery)
	c := oneTopology(1)
	m.setCluster(&c, start)
	m.setInfo("words-1", infoOf(bolt(1, 2, 9, 0, 0, 0)), start)
	read := func(asked int, at time.Time) []Drift {
		v := moving(start, nil, zkview.Slot{Node: "a", Port: 6700})
		v.Storms = map[string]zkview.Storm{"words-1": {Name: "words", Status: "ACTIVE", ComponentExecutors: map[string]int{"count": asked}}}
		m.setZK(v, at)
		return m.snapshot(Link{}, at).Topologies["words-1"].Drift
	}
	read(1, start)
	if got := read(2, start.Add(10*time.Second)); len(got) != 0 {
		t.Errorf("a rebalance in the making is %v", got)
	}
	if got := read(2, start.Add(20*time.Second)); len(got) != 1 {
		t.Errorf("what stays so is %v", got)
	}
}

func TestConfigurationInTheFeed(t *testing.T) {
	t.Parallel()
	old := &Topology{ConfCall: callPage, Conf: map[string]any{"topology.message.timeout.secs": 60.0, "db.password": "old", "gone": true}}
	now := &Topology{ConfCall: callPage, Conf: map[string]any{"topology.message.timeout.secs": 30.0, "db.password": "s3cret"}}
	var text []string
	for _, c := range after(old, now) {
		text = append(text, c.Detail)
	}
	got := strings.Join(text, "; ")
	if want := "db.password changed; gone true → unset; topology.message.timeout.secs 60 → 30"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The two calls merge different things into a configuration.
	now.ConfCall = callConf
	if got := after(old, now); len(got) != 0 {
		t.Errorf("another source is no change: %+v", got)
	}
}

func TestOnlyNewErrorsAreChanges(t *testing.T) {
	t.Parallel()
	page := func(rows ...nimbusclient.ComponentStats) *Topology {
		return &Topology{Pages: map[PageKey]*nimbusclient.Topology{tenMinutes: {Bolts: rows}}}
	}
	row := func(id string, when int64) nimbusclient.ComponentStats {
		c := nimbusclient.ComponentStats{ID: id}
		if when > 0 {
			c.LastError = &nimbusclient.ErrorInfo{Time: when, Error: "boom\n at x", Host: new("w1"), Port: new(6700)}
		}
		return c
	}
	for _, c := range []struct {
		name     string
		old, now *Topology
		want     string
	}{
		{"first page", &Topology{}, page(row("split", 5)), ""},
		{"the same", page(row("split", 5)), page(row("split", 5)), ""},
		{"first error", page(row("split", 0)), page(row("split", 5)), "split on w1:6700: boom"},
		{"newer", page(row("split", 5)), page(row("split", 6)), "split on w1:6700: boom"},
		{"system components were switched on", page(row("split", 5)), page(row("split", 5), row("__acker", 3)), ""},
	} {
		got := ""
		for _, change := range after(c.old, c.now) {
			got += change.Detail
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLogLevelsInTheFeed(t *testing.T) {
	t.Parallel()
	view := func(levels ...zkview.LogLevel) *Snapshot {
		return &Snapshot{Made: start, ZK: &zkview.View{
			Storms: map[string]zkview.Storm{"words-1": {Name: "words"}}, LogConfigs: map[string][]zkview.LogLevel{"words-1": levels},
		}}
	}
	debug := zkview.LogLevel{Logger: "org.apache.storm", Level: "DEBUG", TimeoutSecs: new(300)}
	if got := Diff(view(), view(debug)); len(got) != 1 || got[0].Detail != "org.apache.storm DEBUG set, for 5m" {
		t.Errorf("%+v", got)
	}
	if got := Diff(view(debug), view()); len(got) != 1 || got[0].Detail != "org.apache.storm DEBUG taken back" {
		t.Errorf("%+v", got)
	}
}
