package diagnose

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

var t0 = time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)

// healthy is a cluster in which every rule is quiet.
func healthy() *cluster.Snapshot {
	key := cluster.PageKey{Window: nimbusclient.Window10m}
	row := nimbusclient.TopologySummary{ID: "words-1", Name: "words", Status: nimbusclient.Active, Workers: new(1), Executors: new(2)}
	page := &nimbusclient.Topology{
		ID: "words-1", Window: nimbusclient.Window10m, UptimeSecs: new(7200),
		Totals: map[nimbusclient.Window]nimbusclient.Totals{nimbusclient.Window10m: {Acked: new(int64(1000)), Failed: new(int64(0)), CompleteMs: new(20.0)}},
		Spouts: []nimbusclient.ComponentStats{{ID: "lines", Kind: nimbusclient.Spout}},
		Bolts: []nimbusclient.ComponentStats{{ID: "count", Kind: nimbusclient.Bolt, Stats: nimbusclient.Stats{
			Capacity: new(0.2), ExecuteMs: new(1.0), ProcessMs: new(2.0), Executors: new(2), Tasks: new(4), Failed: new(int64(0)),
		}}},
	}
	return &cluster.Snapshot{
		Cluster: &nimbusclient.Cluster{
			Nimbuses:    []nimbusclient.Nimbus{{Host: "n1", Port: 6627, Leader: true}},
			Supervisors: []nimbusclient.Supervisor{{ID: "a", Host: "w1", Slots: new(4), UsedSlots: new(1), Version: "2.8.3"}},
			Topologies:  []nimbusclient.TopologySummary{row},
		},
		ClusterAt: t0, HeartbeatPeriod: time.Minute, ZKAt: t0,
		ZK: &zkview.View{
			Storms:      map[string]zkview.Storm{"words-1": {Name: "words", Workers: new(1)}},
			Assignments: map[string]zkview.Assignment{"words-1": {Hosts: map[string]string{"a": "w1"}, Executors: map[zkview.TaskRange]zkview.Slot{{Start: 1, End: 1}: {Node: "a", Port: 6700}}}},
			Heartbeats:  map[string][]zkview.Heartbeat{"words-1": {{Slot: zkview.Slot{Node: "a", Port: 6700}, Time: t0}}},
		},
		Topologies: map[string]*cluster.Topology{"words-1": {
			Summary: row, Pages: map[cluster.PageKey]*nimbusclient.Topology{key: page}, PageAt: map[cluster.PageKey]time.Time{key: t0},
			SampleRate: 1, InfoAt: t0,
		}},
		Hosts: []cluster.Host{{ID: "a", Name: "w1"}},
	}
}

func pageOf(s *cluster.Snapshot) *nimbusclient.Topology {
	return s.Topologies["words-1"].Pages[cluster.PageKey{Window: nimbusclient.Window10m}]
}

// beaten moves the snapshot to the next heartbeat.
func beaten(s *cluster.Snapshot, at time.Time) {
	s.ZKAt, s.ClusterAt = at, at
	top := s.Topologies["words-1"]
	top.InfoAt = at
	for key := range top.PageAt {
		top.PageAt[key] = at
	}
	for i := range s.ZK.Heartbeats["words-1"] {
		s.ZK.Heartbeats["words-1"][i].Time = at
	}
}

func TestEachRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rule string
		level      cluster.Level
		says       string
		break_     func(*cluster.Snapshot)
	}{
		{"all is well", "", 0, "", func(*cluster.Snapshot) {}},
		{"no leader", "leader", cluster.LevelCrit, "no leader", func(s *cluster.Snapshot) { s.Link.NimbusErr = nimbusclient.ErrNoLeader }},
		{"no nimbus", "leader", cluster.LevelCrit, "refused", func(s *cluster.Snapshot) { s.Link.NimbusErr = errors.New("n1: connection refused") }},
		{"lost host", "supervisor lost", cluster.LevelCrit, "ran 1 worker", func(s *cluster.Snapshot) {
			s.Hosts = append(s.Hosts, cluster.Host{ID: "b", Name: "w2", LostAt: t0, Slots: []cluster.Slot{{Port: 1, TopologyID: "words-1"}}})
		}},
		{"no worker", "unscheduled", cluster.LevelCrit, "no worker", func(s *cluster.Snapshot) { s.Cluster.Topologies[0].Workers = new(0) }},
		{"too few workers", "unscheduled", cluster.LevelCrit, "1 of 2", func(s *cluster.Snapshot) {
			s.ZK.Storms["words-1"] = zkview.Storm{Name: "words", Workers: new(2)}
		}},
		{"one restart", "restarts", cluster.LevelWarn, "restarted", func(s *cluster.Snapshot) { s.Feed = restartsAt(1) }},
		{"restarts", "restarts", cluster.LevelCrit, "3 times", func(s *cluster.Snapshot) { s.Feed = restartsAt(3) }},
		{"busy bolt", "saturated", cluster.LevelWarn, "0.85", func(s *cluster.Snapshot) { pageOf(s).Bolts[0].Capacity = new(0.85) }},
		{"full bolt", "saturated", cluster.LevelCrit, "1.04", func(s *cluster.Snapshot) { pageOf(s).Bolts[0].Capacity = new(1.04) }},
		{"waiting python", "saturated", cluster.LevelCrit, "3.50 tuples", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].Rates.Components = map[string]cluster.ComponentRates{"count": {Load: cluster.Load{Value: 3.5, Shell: true, Capacity: 0.01}, Skew: math.NaN()}}
		}},
		{"failing", "failing", cluster.LevelWarn, "1 %", func(s *cluster.Snapshot) { fails(s, 990, 10) }},
		{"failing badly", "failing", cluster.LevelCrit, "10 %", func(s *cluster.Snapshot) { fails(s, 900, 100) }},
		{"error", "error", cluster.LevelWarn, "KeyError", func(s *cluster.Snapshot) {
			pageOf(s).Bolts[0].LastError = &nimbusclient.ErrorInfo{Error: "KeyError: 'x'\n at y", Time: t0.Add(-time.Minute).Unix(), Host: new("w1"), Port: new(6700)}
		}},
		{"silent spout", "silent spout", cluster.LevelWarn, "nothing for 5m", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].Rates.Components = map[string]cluster.ComponentRates{"lines": {Out: cluster.Rate{Trend: []float64{9, 0, 0, 0, 0, 0, 0}}, Skew: math.NaN(), Load: cluster.Load{Value: math.NaN()}}}
		}},
		{"late beat", "missing beat", cluster.LevelWarn, "w1:6700", func(s *cluster.Snapshot) { s.ZKAt = t0.Add(4 * time.Minute) }},
		{"no room", "no room", cluster.LevelWarn, "all 4 slots", func(s *cluster.Snapshot) { s.Cluster.Supervisors[0].UsedSlots = new(4) }},
		{"skew", "skew", cluster.LevelWarn, "skew 8.9", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].Rates.Components = map[string]cluster.ComponentRates{"count": {Skew: 8.9, Load: cluster.Load{Value: math.NaN()}}}
		}},
		{"versions", "mixed", cluster.LevelWarn, "2.8.3 on 1 host", func(s *cluster.Snapshot) {
			s.Cluster.Supervisors = append(s.Cluster.Supervisors, nimbusclient.Supervisor{ID: "b", Host: "w2", Version: "2.8.0", Slots: new(4), UsedSlots: new(0)})
		}},
		{"blacklisted", "mixed", cluster.LevelWarn, "blacklisted", func(s *cluster.Snapshot) { s.Cluster.Supervisors[0].Blacklisted = new(true) }},
		{"fallen back", "parallelism", cluster.LevelWarn, "2 executors, 3 were asked for", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].Drift = []cluster.Drift{{Component: "count", Desired: 3, Actual: 2}}
		}},
		{"sampling", "left on", cluster.LevelWarn, "sampling is on at 10 %", func(s *cluster.Snapshot) {
			pageOf(s).Debug = &nimbusclient.Debug{Enabled: true, SamplingPct: new(10.0)}
		}},
		{"log level", "left on", cluster.LevelWarn, "DEBUG", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].LogConfig = map[string]nimbusclient.LogLevel{"org.x": {Target: "DEBUG"}}
		}},
		{"ended log level", "", 0, "", func(s *cluster.Snapshot) {
			s.Topologies["words-1"].LogConfig = map[string]nimbusclient.LogLevel{"org.x": {Target: "DEBUG", TimeoutEpoch: new(t0.Add(-time.Hour).UnixMilli())}}
		}},
		{"zookeeper", "sources", cluster.LevelWarn, "not available", func(s *cluster.Snapshot) { s.Link.ZKErr = errors.New("zookeeper is not available") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := healthy()
			c.break_(s)
			var tr Tracker
			tr.Report(s, t0)
			// Some findings must stand at two heartbeats.
			zkAt := s.ZKAt
			top := s.Topologies["words-1"]
			top.InfoAt = t0.Add(time.Minute)
			for key := range top.PageAt {
				top.PageAt[key] = t0.Add(time.Minute)
			}
			s.ZKAt = zkAt.Add(time.Minute)
			if c.rule != "missing beat" {
				s.ZK.Heartbeats["words-1"][0].Time = s.ZKAt
			}
			rep := tr.Report(s, t0)
			var got []Finding
			for _, f := range rep.Findings {
				if f.Rule == c.rule {
					got = append(got, f)
				} else {
					t.Errorf("another finding: %s: %s", f.Rule, f.What)
				}
			}
			if c.rule == "" {
				if rep.Checked != rep.Rules || len(rep.Quiet) != rep.Rules {
					t.Errorf("%d of %d checked, %d quiet", rep.Checked, rep.Rules, len(rep.Quiet))
				}
				return
			}
			if len(got) != 1 || got[0].Level != c.level || !strings.Contains(got[0].What, c.says) {
				t.Fatalf("found %+v, want one %s with %q", got, c.rule, c.says)
			}
		})
	}
}

func restartsAt(n int) []cluster.Change {
	var feed []cluster.Change
	for i := range n {
		feed = append(feed, cluster.Change{At: t0.Add(-time.Duration(i+1) * time.Minute), Kind: cluster.ChangeWorker, Object: "words", TopologyID: "words-1", Host: "a", Port: 6700})
	}
	return append(feed, cluster.Change{At: t0.Add(-2 * time.Hour), Kind: cluster.ChangeWorker, Object: "words", TopologyID: "words-1", Host: "a", Port: 6700})
}

func fails(s *cluster.Snapshot, acked, failed int64) {
	pageOf(s).Totals[nimbusclient.Window10m] = nimbusclient.Totals{Acked: &acked, Failed: &failed}
}

func TestANumberMustStandForTwoHeartbeats(t *testing.T) {
	t.Parallel()
	s := healthy()
	pageOf(s).Bolts[0].Capacity = new(1.2)
	var tr Tracker
	for range 3 { // the same heartbeat, read again and again
		if got := tr.Report(s, t0); len(got.Findings) != 0 {
			t.Fatalf("found after one heartbeat: %+v", got.Findings)
		}
	}
	beaten(s, t0.Add(time.Minute))
	if got := tr.Report(s, t0.Add(time.Minute)); len(got.Findings) != 1 || !got.Findings[0].Since.Equal(t0) {
		t.Fatalf("after two heartbeats: %+v", got.Findings)
	}
}

func TestStuckAndRecovered(t *testing.T) {
	t.Parallel()
	s := healthy()
	s.Cluster.Topologies[0].Status = nimbusclient.Rebalancing
	s.ZK.Storms["words-1"] = zkview.Storm{Name: "words", Workers: new(1), RebalanceWaitSecs: new(30)}
	var tr Tracker
	tr.Report(s, t0)
	at := t0.Add(140 * time.Second)
	beaten(s, at)
	if got := tr.Report(s, at); len(got.Findings) != 0 {
		t.Fatalf("within wait + 120 s: %+v", got.Findings)
	}
	at = t0.Add(160 * time.Second)
	beaten(s, at)
	if got := tr.Report(s, at); len(got.Findings) != 1 || got.Findings[0].Rule != "stuck" {
		t.Fatalf("beyond wait + 120 s: %+v", got.Findings)
	}
	s.Cluster.Topologies[0].Status = nimbusclient.Active
	got := tr.Report(s, at)
	if len(got.Findings) != 1 || got.Findings[0].Level != cluster.LevelGood {
		t.Fatalf("after it ended: %+v", got.Findings)
	}
	at = at.Add(recoveredFor + time.Second)
	beaten(s, at)
	if got := tr.Report(s, at); len(got.Findings) != 0 {
		t.Fatalf("an hour later: %+v", got.Findings)
	}
}

func TestWhatCannotBeCheckedIsNotQuiet(t *testing.T) {
	t.Parallel()
	s := healthy()
	s.ZK, s.Link.ZKOff = nil, "--no-zk"
	var tr Tracker
	rep := tr.Report(s, t0)
	if len(rep.Cannot) != 2 || rep.Checked != rep.Rules-2 {
		t.Errorf("cannot check %v, checked %d of %d", rep.Cannot, rep.Checked, rep.Rules)
	}
	rep = (&Tracker{}).Report(&cluster.Snapshot{}, t0)
	if rep.Checked != 2 || len(rep.Pending)+len(rep.Cannot) != rep.Rules-2 {
		t.Errorf("before any answer: checked %d, pending %v, cannot %v", rep.Checked, rep.Pending, rep.Cannot)
	}
}

func TestHintsNameTheirNumbers(t *testing.T) {
	t.Parallel()
	s := healthy()
	top := s.Topologies["words-1"]
	p := pageOf(s)
	if got := Hints(top, p, Defaults()); len(got) != 0 {
		t.Errorf("hints on a healthy topology: %+v", got)
	}
	p.Bolts[0].Capacity = new(1.04)
	top.Rates.Components = map[string]cluster.ComponentRates{"count": {Skew: 4.2, Load: cluster.Load{Value: 1.04, Capacity: 1.04}}}
	got := Hints(top, p, Defaults())
	if len(got) != 2 || got[0].Rule != "saturated" || !strings.Contains(got[0].Text, "1.04") || !strings.Contains(got[0].Text, "up to 4 executors") || got[1].Rule != "skew" {
		t.Errorf("hints %+v", got)
	}
}

func TestSlowestPath(t *testing.T) {
	t.Parallel()
	spec := func(id string, kind nimbusclient.Kind, from ...string) nimbusclient.ComponentSpec {
		c := nimbusclient.ComponentSpec{ID: id, Kind: kind}
		for _, f := range from {
			c.Inputs = append(c.Inputs, nimbusclient.Input{From: nimbusclient.StreamID{Component: f, Stream: "default"}})
		}
		return c
	}
	top := &cluster.Topology{Structure: &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{
		spec("s", nimbusclient.Spout), spec("a", nimbusclient.Bolt, "s", "c"), spec("b", nimbusclient.Bolt, "s"), spec("c", nimbusclient.Bolt, "a", "b"),
		spec("__acker", nimbusclient.Bolt, "a"),
	}}}
	bolt := func(id string, ms float64) nimbusclient.ComponentStats {
		return nimbusclient.ComponentStats{ID: id, Stats: nimbusclient.Stats{ProcessMs: &ms}}
	}
	page := &nimbusclient.Topology{Bolts: []nimbusclient.ComponentStats{bolt("a", 1), bolt("b", 5), bolt("c", 2)}}
	got := SlowestPath(top, page)
	if strings.Join(got.Components, " ") != "s b c" || got.Ms != 7 {
		t.Errorf("slowest path %+v", got)
	}
	if got := SlowestPath(&cluster.Topology{}, page); len(got.Components) != 0 {
		t.Errorf("without a structure: %+v", got)
	}
}
