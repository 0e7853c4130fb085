package screens

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// fixtureNow is the time in every golden.
var fixtureNow = time.Date(2026, 11, 21, 14, 32, 7, 0, time.UTC)

// The ids of the fixture's topologies.
const (
	wordcountID = "wordcount-12-1794666000"
	twitterID   = "twitter-clicks-31-1794987120"
	wikipediaID = "wikipedia-trends-7-1794454320"
	alarmsID    = "global-alarms-3-1793867820"
)

// fixtureEnv is what a screen of the fixture's cluster may know.
func fixtureEnv(s *cluster.Snapshot) screen.Env {
	env := screen.Env{
		Snap: s, Now: fixtureNow, Theme: theme.New("dark", true), ClusterName: "prod-eu",
		Mode: screen.Mode{Word: "WRITE"}, Window: nimbusclient.Window10m, Self: 1,
	}
	if s.Cluster != nil && len(s.Cluster.Topologies) > 0 {
		env.Found = fixtureFindings()
	}
	return env
}

// fixtureLoading is a picture before the first answer.
func fixtureLoading() *cluster.Snapshot {
	return &cluster.Snapshot{Seq: 1, Made: fixtureNow, Since: fixtureNow.Add(-1200 * time.Millisecond)}
}

// fixtureEmpty is a healthy cluster without topologies.
func fixtureEmpty() *cluster.Snapshot {
	s := fixtureWorld()
	s.Cluster.Topologies = nil
	s.Topologies = map[string]*cluster.Topology{}
	for i := range s.Cluster.Supervisors {
		s.Cluster.Supervisors[i].UsedSlots = new(0)
	}
	for i := range s.Hosts {
		for j := range s.Hosts[i].Slots {
			s.Hosts[i].Slots[j] = cluster.Slot{Port: s.Hosts[i].Slots[j].Port}
		}
		s.Hosts[i].Workers = nil
	}
	s.ZK.Assignments = map[string]zkview.Assignment{}
	s.ZK.Storms = map[string]zkview.Storm{}
	s.ZK.Heartbeats = map[string][]zkview.Heartbeat{}
	s.Feed = nil
	return s
}

// fixtureStale is the whole cluster as it was before Nimbus fell silent.
func fixtureStale() *cluster.Snapshot {
	s := fixtureWorld()
	s.ClusterAt = fixtureNow.Add(-42 * time.Second)
	s.Link.StaleSince = fixtureNow.Add(-12 * time.Second)
	s.Link.NimbusErr = errors.New("nim-a:6627: connection reset")
	s.Link.Attempt = 3
	s.Link.NextTry = fixtureNow.Add(4 * time.Second)
	return s
}

// fixturePartial is the whole cluster without ZooKeeper and with one topology
// that Nimbus does not let this user read.
func fixturePartial() *cluster.Snapshot {
	s := fixtureWorld()
	s.ZK = nil
	s.ZKAt = time.Time{}
	s.Link.ZK = zkview.State{}
	s.Link.ZKErr = errors.New("zk1:2181: connection refused")
	for i := range s.Hosts {
		h := &s.Hosts[i]
		h.Slots = slices.DeleteFunc(h.Slots, func(x cluster.Slot) bool { return x.TopologyID == "" })
		h.FreeNoPort = 4 - len(h.Slots)
	}
	refused := fmt.Errorf("getTopologyPageInfo of twitter-clicks: %w", nimbusclient.ErrUnauthorized)
	t := s.Topologies[twitterID]
	*t = cluster.Topology{
		Summary: t.Summary, Letter: t.Letter, Structure: t.Structure, SampleRate: 0.05,
		Rates: cluster.TopologyRates{Emitted: noRate(), Acked: noRate(), Failed: noRate()},
		Errs: map[string]error{
			"getTopologyPageInfo": refused, "getTopologyInfo": refused,
			"getTopologyConf": refused, "getComponentPageInfo": refused,
		},
	}
	return s
}

// fixtureFindings are what the rules say about the fixture's cluster.
func fixtureFindings() diagnose.Report {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 21, hour, minute, 0, 0, time.UTC) }
	return diagnose.Report{
		Findings: []diagnose.Finding{
			{
				Rule: "restarts", Level: cluster.LevelCrit, Since: at(14, 15), Where: "global-alarms",
				What:     "worker w5:6701 restarts again and again: 4 times in 17m, lives ~5m, youngest now 33s",
				Evidence: []string{`14:31:26 "Halting process: ShellBolt died." exitCode:1 · notify (python) · pid 20817`}, TopologyID: alarmsID, Host: "sup-w5", Port: 6701,
			},
			{
				Rule: "saturated", Level: cluster.LevelCrit, Since: at(14, 12), Where: "twitter-clicks",
				What:     "score is saturated: capacity 1.04 on 4 executors (12 tasks)",
				Evidence: []string{"process latency 6.9 ms"}, TopologyID: twitterID, Component: "score",
			},
			{
				Rule: "failing", Level: cluster.LevelWarn, Since: at(14, 25), Where: "wikipedia-trends", Estimated: true,
				What:     "0.9 % of tuples fail (1,940 of 216k in 10m)",
				Evidence: []string{"bolts failed 1,240, most by enrich (1,120); at least 700 timed out"}, TopologyID: wikipediaID,
			},
			{
				Rule: "error", Level: cluster.LevelWarn, Since: at(14, 24), Where: "wikipedia-trends",
				What:     `error in enrich: java.lang.RuntimeException: Shell Process Exception: Python HTTPError raised while processing Tuple`,
				Evidence: []string{"on w2:6701"}, TopologyID: wikipediaID, Component: "enrich",
			},
			{
				Rule: "skew", Level: cluster.LevelWarn, Since: at(13, 40), Where: "twitter-clicks", Estimated: true,
				What:     "sessionize runs uneven: skew 3.8, one executor does most of the work",
				Evidence: []string{"a hot key in a fields grouping? more executors will not help"}, TopologyID: twitterID, Component: "sessionize",
			},
			{
				Rule: "mixed", Level: cluster.LevelWarn, Since: at(13, 11), Where: "w4", Host: "sup-w4",
				What: "supervisor is blacklisted: Nimbus places nothing on it",
			},
			{
				Rule: "leader", Level: cluster.LevelGood, Since: at(13, 58), Where: "nimbus",
				What: "recovered after 6m: Nimbus answers but no leader is elected",
			},
		},
		Quiet: []string{
			"leader elected", "all supervisors alive", "no topology unscheduled", "spouts of all watched topologies emit",
			"no stuck rebalance or kill", "every worker beat in time", "slots are free", "parallelism as asked for",
			"nothing left switched on", "all sources answer",
		},
		Checked: 16, Rules: 16,
	}
}

// fixtureWorld is a cluster of six hosts and four topologies: one is
// saturated, one fails tuples, one restarts, one is well.
func fixtureWorld() *cluster.Snapshot {
	s := &cluster.Snapshot{
		Seq: 400, Made: fixtureNow, Since: time.Date(2026, 11, 21, 13, 2, 0, 0, time.UTC),
		ClusterAt: fixtureNow.Add(-4 * time.Second), ZKAt: fixtureNow.Add(-2 * time.Second),
		HeartbeatPeriod: time.Minute,
		Topologies:      map[string]*cluster.Topology{},
		NimbusConf: map[string]any{
			"storm.zookeeper.servers": []any{"zk1", "zk2", "zk3"}, "storm.zookeeper.root": "/storm",
			"scheduler.display.resource": false, "nimbus.seeds": []any{"nim-a", "nim-b"},
			"executor.metrics.frequency.secs": float64(60), "topology.message.timeout.secs": float64(30),
		},
	}
	s.Link.ZK = zkview.State{Connected: true, Server: "zk2:2181", Session: "0x2000412ab340007", Since: s.Since, Servers: []zkview.Server{
		{Addr: "zk1:2181", Contact: zkview.ContactGood}, {Addr: "zk2:2181", Contact: zkview.ContactGood}, {Addr: "zk3:2181", Contact: zkview.ContactGood},
	}}
	s.Link.Nimbus = nimbusclient.State{
		Leader: nimbusclient.LeaderState{
			Phase: nimbusclient.LeaderConfirmed, Nimbus: nimbusclient.Nimbus{Host: "nim-a", Port: 6627, Leader: true, Version: "2.8.8"},
			By: "nim-a:6627", Dialled: "nim-a:6627", Since: s.Since,
		},
		Endpoints: []nimbusclient.Endpoint{
			{Addr: "nim-a:6627", Seed: true, Asked: s.Since, Names: "nim-a:6627", Connected: true, Steps: []nimbusclient.Step{
				{Name: "resolve", Took: 2 * time.Millisecond}, {Name: "connect", Took: 3 * time.Millisecond}, {Name: "getLeader", Took: 9 * time.Millisecond},
			}},
			{Addr: "nim-b:6627", Seed: true},
		},
		CallsPerSec: 1.2, Slowest: nimbusclient.CallTime{Op: "getTopologyPageInfo", About: "twitter-clicks", Took: 48 * time.Millisecond, At: fixtureNow.Add(-20 * time.Second)},
		Calls: 6431, Failures: 3,
	}
	s.Cluster = &nimbusclient.Cluster{Nimbuses: []nimbusclient.Nimbus{
		{Host: "nim-a", Port: 6627, UptimeSecs: new(41*86400 + 2*3600), Leader: true, Version: "2.8.8"},
		{Host: "nim-b", Port: 6627, UptimeSecs: new(33 * 60), Version: "2.8.8"},
	}}
	s.ZK = &zkview.View{
		Root: "/storm", Server: "zk2:2181", Session: "0x2000412ab340007", At: s.ZKAt,
		Assignments: map[string]zkview.Assignment{}, Storms: map[string]zkview.Storm{},
		Leader: &zkview.Leader{Host: "nim-a", Port: 6627}, Nimbuses: []string{"nim-a:6627", "nim-b:6627"},
		LogConfigs: map[string][]zkview.LogLevel{}, Profiles: map[string][]zkview.Profile{},
		Heartbeats: map[string][]zkview.Heartbeat{}, Missing: map[string]string{},
	}
	for i := 1; i <= 6; i++ {
		name := fmt.Sprintf("w%d", i)
		up := 41*86400 + 2*3600
		if i == 4 {
			up = 12*86400 + 20*3600
		}
		sup := nimbusclient.Supervisor{
			ID: "sup-" + name, Host: name, UptimeSecs: new(up), Slots: new(4), UsedSlots: new(0), Version: "2.8.8",
			Resources:   map[string]float64{"memory.mb": 4096, "cpu.pcore.percent": 400},
			Blacklisted: new(i == 4),
		}
		s.Cluster.Supervisors = append(s.Cluster.Supervisors, sup)
		s.ZK.Supervisors = append(s.ZK.Supervisors, zkview.Supervisor{
			ID: sup.ID, Host: name, Ports: []int{6700, 6701, 6702, 6703}, Time: fixtureNow.Add(-6 * time.Second),
			UptimeSecs: new(int64(up)), Version: "2.8.8", Resources: sup.Resources,
		})
		h := cluster.Host{ID: sup.ID, Name: name}
		for port := 6700; port <= 6703; port++ {
			h.Slots = append(h.Slots, cluster.Slot{Port: port})
		}
		s.Hosts = append(s.Hosts, h)
	}
	for _, t := range []topologyFixture{wordcountFixture(), twitterFixture(), wikipediaFixture(), alarmsFixture()} {
		t.addTo(s)
	}
	for i := range s.Hosts {
		s.Hosts[i].Supervisor = &s.Cluster.Supervisors[i]
		s.Hosts[i].WorkersAt = fixtureNow.Add(-20 * time.Second)
	}
	slices.SortFunc(s.Cluster.Topologies, func(a, b nimbusclient.TopologySummary) int { return strings.Compare(a.Name, b.Name) })
	s.Feed = fixtureFeed()
	return s
}

func fixtureFeed() []cluster.Change {
	at := func(clock string) time.Time {
		t, err := time.Parse(time.DateTime, "2026-11-21 "+clock)
		if err != nil {
			panic(err)
		}
		return t
	}
	return []cluster.Change{
		{At: at("14:31:34"), Kind: cluster.ChangeWorker, Level: cluster.LevelCrit, Object: "global-alarms", TopologyID: alarmsID, Host: "sup-w5", Port: 6701, Detail: "restarted, lived 5m12s"},
		{At: at("14:26:18"), Kind: cluster.ChangeWorker, Level: cluster.LevelCrit, Object: "global-alarms", TopologyID: alarmsID, Host: "sup-w5", Port: 6701, Detail: "restarted, lived 4m58s"},
		{At: at("14:24:02"), Kind: cluster.ChangeError, Level: cluster.LevelWarn, Object: "wikipedia-trends", TopologyID: wikipediaID, Component: "enrich", Host: "sup-w2", Port: 6701, Detail: "Shell Process Exception: Python HTTPError"},
		{At: at("14:21:12"), Kind: cluster.ChangeWorker, Level: cluster.LevelCrit, Object: "global-alarms", TopologyID: alarmsID, Host: "sup-w5", Port: 6701, Detail: "restarted, lived 5m20s"},
		{At: at("14:15:51"), Kind: cluster.ChangeWorker, Level: cluster.LevelWarn, Object: "global-alarms", TopologyID: alarmsID, Host: "sup-w5", Port: 6701, Detail: "restarted, lived 16d05h"},
		{At: at("13:58:04"), Kind: cluster.ChangeNimbus, Level: cluster.LevelGood, Sign: '+', Object: "nim-b:6627", Detail: "joined as standby"},
		{At: at("13:52:11"), Kind: cluster.ChangeNimbus, Level: cluster.LevelWarn, Sign: '-', Object: "nim-b:6627", Detail: "gone (was standby)"},
		{At: at("13:48:40"), Kind: cluster.ChangeStatus, Level: cluster.LevelGood, Object: "wordcount", TopologyID: wordcountID, Detail: "REBALANCING → ACTIVE"},
		{At: at("13:47:10"), Kind: cluster.ChangeStatus, Level: cluster.LevelMove, Object: "wordcount", TopologyID: wordcountID, Detail: "ACTIVE → REBALANCING"},
	}
}

// componentFixture says what a component does, in tuples per second.
type componentFixture struct {
	id        string
	kind      nimbusclient.Kind
	exec, tax int // executors, tasks
	in        float64
	out       float64
	acked     float64
	failed    float64
	execute   float64 // milliseconds, as process and complete
	process   float64
	complete  float64
	capacity  float64
	shares    []float64 // of the executors; even when nil
	shape     string    // of the trend, in the glyphs of a sparkline
	python    string    // script of a shell component
	inputs    []nimbusclient.Input
	outputs   []nimbusclient.OutputStream
	fault     *nimbusclient.ErrorInfo
	from      int // first slot used
}

// topologyFixture is a topology with its components and slots.
type topologyFixture struct {
	id, name   string
	letter     byte
	up         int // seconds
	slots      []string
	youngest   int
	restarts   int
	ackers     int
	timeout    int
	totals     map[nimbusclient.Window]nimbusclient.Totals
	emitted    cluster.Rate
	acked      cluster.Rate
	failed     cluster.Rate
	components []componentFixture
}

func shuffle(from string) nimbusclient.Input {
	return nimbusclient.Input{From: nimbusclient.StreamID{Component: from, Stream: "default"}, Grouping: nimbusclient.GroupShuffle}
}

func byFields(from string, fields ...string) nimbusclient.Input {
	return nimbusclient.Input{From: nimbusclient.StreamID{Component: from, Stream: "default"}, Grouping: nimbusclient.GroupFields, Fields: fields}
}

func stream(fields ...string) []nimbusclient.OutputStream {
	return []nimbusclient.OutputStream{{ID: "default", Fields: fields}}
}

func twitterFixture() topologyFixture {
	return topologyFixture{
		id: twitterID, name: "twitter-clicks", letter: 'b', up: 3*86400 + 7*3600, youngest: 3*86400 + 7*3600,
		slots: []string{"w1:6702", "w2:6702", "w4:6701", "w5:6700", "w6:6700"}, ackers: 5, timeout: 30,
		totals: map[nimbusclient.Window]nimbusclient.Totals{
			nimbusclient.Window10m: totals(11_300_000, 2_390_000, 15_600, 378),
			nimbusclient.Window3h:  totals(196_000_000, 41_400_000, 47_200, 301),
			nimbusclient.Window1d:  totals(1_520_000_000, 322_000_000, 201_000, 284),
			nimbusclient.WindowAll: totals(4_910_000_000, 1_040_000_000, 640_000, 279),
		},
		emitted: rate(18_800, "▆▆▆▆▇▇▇▇▇▇▇▇"), acked: rate(3_990, "▆▆▆▆▇▇▇▇▇▇▇▇"), failed: rate(26, "▁▁▁▁▂▂▃▃▃▃▃▃"),
		components: []componentFixture{
			{id: "clicks", kind: nimbusclient.Spout, exec: 4, tax: 4, out: 3420, acked: 3380, failed: 27, complete: 412, shape: "▆▆▆▆▆▇▇▇▇▇▇▇▇▇", outputs: stream("raw")},
			{id: "tweets", kind: nimbusclient.Spout, exec: 2, tax: 2, out: 610, acked: 610, complete: 188, shape: "▄▄▄▄▅▄▄▄▄▄▄▄▄▄", outputs: stream("raw")},
			{id: "decode", kind: nimbusclient.Bolt, exec: 4, tax: 8, in: 3420, out: 3410, acked: 3420, execute: 0.48, process: 2.1, capacity: 0.41, shares: []float64{.28, .24, .24, .24}, shape: "▆▆▆▆▆▇▇▇▇▇▇▇▇▇", inputs: []nimbusclient.Input{shuffle("clicks")}, outputs: stream("user", "click")},
			{id: "geo", kind: nimbusclient.Bolt, exec: 2, tax: 4, in: 610, out: 608, acked: 610, execute: 0.3, process: 0.3, capacity: 0.002, shape: "▄▄▄▄▅▄▄▄▄▄▄▄▄▄", python: "geo.py", inputs: []nimbusclient.Input{shuffle("tweets")}, outputs: stream("user", "place")},
			{id: "join", kind: nimbusclient.Bolt, exec: 4, tax: 8, in: 4020, out: 3420, acked: 4020, execute: 0.55, process: 0.6, capacity: 0.55, shape: "▆▆▆▆▆▇▇▇▇▇▇▇▇▇", inputs: []nimbusclient.Input{byFields("decode", "user"), byFields("geo", "user")}, outputs: stream("user", "click", "place")},
			{id: "score", kind: nimbusclient.Bolt, exec: 4, tax: 12, in: 3420, out: 3420, acked: 3420, failed: 3, execute: 1.21, process: 6.9, capacity: 1.04, shape: "▆▆▆▇▇▇████████", inputs: []nimbusclient.Input{byFields("join", "user")}, outputs: []nimbusclient.OutputStream{{ID: "default", Fields: []string{"user", "session", "score"}}, {ID: "invalid", Fields: []string{"user", "reason"}}}},
			{
				id: "sessionize", kind: nimbusclient.Bolt, exec: 4, tax: 8, in: 3400, out: 3400, acked: 3400, execute: 0.21, process: 0.24, capacity: 0.40, shares: []float64{.56, .15, .15, .14},
				shape: "▆▆▆▆▆▇▇▇▇▇▇▇▇▇", inputs: []nimbusclient.Input{byFields("score", "user")}, outputs: stream("user", "session", "score"),
			},
			{id: "rollup", kind: nimbusclient.Bolt, exec: 2, tax: 4, in: 3400, out: 520, acked: 3400, execute: 0.16, process: 0.2, capacity: 0.27, shape: "▆▆▆▆▆▇▇▇▇▇▇▇▇▇", from: 3, inputs: []nimbusclient.Input{byFields("sessionize", "user")}, outputs: stream("user", "minute", "clicks")},
			{id: "store", kind: nimbusclient.Bolt, exec: 2, tax: 4, in: 520, out: math.NaN(), acked: 520, execute: 1.3, process: 4.8, capacity: 0.34, shares: []float64{.53, .47}, shape: "▅▅▅▅▅▅▅▅▅▅▅▅▅▅", from: 3, inputs: []nimbusclient.Input{shuffle("rollup")}},
			{id: "rejects", kind: nimbusclient.Bolt, exec: 1, tax: 1, in: 4, out: math.NaN(), acked: 4, execute: 0.4, process: 0.4, capacity: 0, shape: "▁▁▁▁▁▂▂▂▂▂▂▂▂▂", from: 4, inputs: []nimbusclient.Input{{From: nimbusclient.StreamID{Component: "score", Stream: "invalid"}, Grouping: nimbusclient.GroupShuffle}}},
		},
	}
}

func wordcountFixture() topologyFixture {
	return topologyFixture{
		id: wordcountID, name: "wordcount", letter: 'a', up: 7 * 86400, youngest: 45 * 60,
		slots: []string{"w1:6700", "w2:6700", "w3:6700"}, ackers: 3, timeout: 30,
		totals: map[nimbusclient.Window]nimbusclient.Totals{
			nimbusclient.Window10m: totals(19_100_000, 1_506_000, 0, 31.6),
			nimbusclient.Window3h:  totals(338_000_000, 27_000_000, 0, 31.2),
			nimbusclient.Window1d:  totals(2_700_000_000, 216_000_000, 120, 31.1),
			nimbusclient.WindowAll: totals(18_900_000_000, 1_510_000_000, 3_400, 31.3),
		},
		emitted: rate(31_800, "▅▅▅▅▅▆▅▅▅▅▅▅"), acked: rate(2_510, "▅▅▅▅▅▆▅▅▅▅▅▅"), failed: rate(0, "▁▁▁▁▁▁▁▁▁▁▁▁"),
		components: []componentFixture{
			{id: "sentences", kind: nimbusclient.Spout, exec: 3, tax: 3, out: 2510, acked: 2510, complete: 31.6, shape: "▅▅▅▅▅▆▅▅▅▅▅▅", outputs: stream("sentence")},
			{id: "split", kind: nimbusclient.Bolt, exec: 6, tax: 12, in: 2510, out: 14_640, acked: 2510, execute: 0.02, process: 3.01, capacity: 0.002, shape: "▅▅▅▅▅▆▅▅▅▅▅▅", python: "split.py", inputs: []nimbusclient.Input{shuffle("sentences")}, outputs: stream("word")},
			{id: "count", kind: nimbusclient.Bolt, exec: 4, tax: 10, in: 14_640, out: 14_640, acked: 14_640, execute: 0.05, process: 0.06, capacity: 0.21, shape: "▅▅▅▅▅▆▅▅▅▅▅▅", inputs: []nimbusclient.Input{byFields("split", "word")}, outputs: stream("word", "count")},
		},
	}
}

func wikipediaFixture() topologyFixture {
	return topologyFixture{
		id: wikipediaID, name: "wikipedia-trends", letter: 'c', up: 9*86400 + 11*3600, youngest: 2*3600 + 600,
		slots: []string{"w1:6701", "w2:6701", "w3:6701", "w4:6700"}, ackers: 4, timeout: 60,
		totals: map[nimbusclient.Window]nimbusclient.Totals{
			nimbusclient.Window10m: totals(876_000, 214_800, 1_940, 1840),
			nimbusclient.Window3h:  totals(16_100_000, 3_930_000, 12_300, 1460),
			nimbusclient.Window1d:  totals(128_000_000, 31_400_000, 44_000, 1210),
			nimbusclient.WindowAll: totals(1_190_000_000, 292_000_000, 391_000, 1190),
		},
		emitted: rate(1_460, "▆▆▆▆▅▅▅▄▄▄▄▄"), acked: rate(358, "▆▆▆▆▅▅▅▄▄▄▄▄"), failed: rate(3.2, "▁▁▁▁▂▂▄▆▆▇▇▇"),
		components: []componentFixture{
			{id: "edits", kind: nimbusclient.Spout, exec: 2, tax: 2, out: 362, acked: 358, failed: 3.2, complete: 1840, shape: "▆▆▆▆▅▅▅▄▄▄▄▄", outputs: stream("edit")},
			{id: "enrich", kind: nimbusclient.Bolt, exec: 8, tax: 10, in: 362, out: 358, acked: 360, failed: 1.9, execute: 4.1, process: 16, capacity: 0.72, shape: "▆▆▆▆▅▅▅▄▄▄▄▄", inputs: []nimbusclient.Input{shuffle("edits")}, outputs: stream("page", "language"), fault: &nimbusclient.ErrorInfo{
				Error: "java.lang.RuntimeException: Shell Process Exception: Python HTTPError raised while processing Tuple\n\tat org.apache.storm.utils.ShellProcess", Time: fixtureNow.Add(-8*time.Minute - 5*time.Second).Unix(), Host: new("w2"), Port: new(6701),
			}},
			{id: "language", kind: nimbusclient.Bolt, exec: 4, tax: 4, in: 358, out: 358, acked: 358, execute: 0.9, process: 1.1, capacity: 0.12, shape: "▆▆▆▆▅▅▅▄▄▄▄▄", inputs: []nimbusclient.Input{shuffle("enrich")}, outputs: stream("language", "page")},
			{id: "trends", kind: nimbusclient.Bolt, exec: 6, tax: 8, in: 358, out: math.NaN(), acked: 358, execute: 1.2, process: 1.3, capacity: 0.21, shape: "▆▆▆▆▅▅▅▄▄▄▄▄", inputs: []nimbusclient.Input{byFields("language", "language")}},
		},
	}
}

func alarmsFixture() topologyFixture {
	return topologyFixture{
		id: alarmsID, name: "global-alarms", letter: 'd', up: 16*86400 + 5*3600, youngest: 33, restarts: 4,
		slots: []string{"w5:6701", "w6:6701"}, ackers: 2, timeout: 30,
		totals: map[nimbusclient.Window]nimbusclient.Totals{
			nimbusclient.Window10m: totals(48_600, 24_000, 0, 22.1),
			nimbusclient.Window3h:  totals(870_000, 431_000, 0, 21.8),
			nimbusclient.Window1d:  totals(6_990_000, 3_460_000, 0, 21.7),
			nimbusclient.WindowAll: totals(113_000_000, 56_000_000, 0, 21.9),
		},
		emitted: rate(81, "▅▅··▅▅·▅▅▅·▅"), acked: rate(40, "▅▅··▅▅·▅▅▅·▅"), failed: rate(0, "▁▁··▁▁·▁▁▁·▁"),
		components: []componentFixture{
			{id: "$mastercoord-bg0", kind: nimbusclient.Spout, exec: 1, tax: 1, out: 41, acked: 40, complete: 22.1, shape: "▅▅··▅▅·▅▅▅·▅", outputs: stream("tx", "attempt")},
			{id: "b-0-correlate", kind: nimbusclient.Bolt, exec: 3, tax: 3, in: 41, out: 40, acked: 41, execute: 1.1, process: 2.2, capacity: 0.12, shape: "▅▅··▅▅·▅▅▅·▅", inputs: []nimbusclient.Input{{From: nimbusclient.StreamID{Component: "$mastercoord-bg0", Stream: "default"}, Grouping: nimbusclient.GroupAll}}, outputs: stream("alarm")},
			{id: "notify", kind: nimbusclient.Bolt, exec: 3, tax: 5, in: 40, out: math.NaN(), acked: 40, execute: 0.1, process: 1.9, capacity: 0.001, shape: "▅▅··▅▅·▅▅▅·▅", python: "notify.py", inputs: []nimbusclient.Input{{From: nimbusclient.StreamID{Component: "b-0-correlate", Stream: "default"}, Grouping: nimbusclient.GroupFields}}},
		},
	}
}

// addTo puts the topology into every part of the snapshot that knows of it.
func (f topologyFixture) addTo(s *cluster.Snapshot) {
	b := fixtureBuilder{f: f, s: s}
	b.build()
}

type fixtureBuilder struct {
	f    topologyFixture
	s    *cluster.Snapshot
	t    *cluster.Topology
	spec []nimbusclient.ComponentSpec
	info []nimbusclient.Executor
}

func (b *fixtureBuilder) build() {
	f := b.f
	all := append([]componentFixture{{id: "__acker", kind: nimbusclient.Bolt, exec: f.ackers, tax: f.ackers, in: f.acked.PerSec * 3, out: f.acked.PerSec, acked: f.acked.PerSec * 3, execute: 0.01, process: 0.01, capacity: 0.03, shape: "▅▅▅▅▅▅▅▅▅▅"}}, f.components...)
	slices.SortFunc(all, func(x, y componentFixture) int { return strings.Compare(x.id, y.id) })
	executors, tasks := 0, 0
	for _, c := range all {
		executors += c.exec
		tasks += c.tax
	}
	b.t = &cluster.Topology{
		Summary: nimbusclient.TopologySummary{
			ID: f.id, Name: f.name, Status: nimbusclient.Active, Tasks: &tasks, Executors: &executors, Workers: new(len(f.slots)),
			UptimeSecs: new(f.up), Owner: new("ops"), SchedStatus: new(""), ReplicationCount: new(2), StormVersion: new("2.8.8"),
		},
		Letter: f.letter, Pages: map[cluster.PageKey]*nimbusclient.Topology{}, PageAt: map[cluster.PageKey]time.Time{},
		Components: map[cluster.ComponentKey]*nimbusclient.Component{}, ComponentAt: map[cluster.ComponentKey]time.Time{},
		Conf: map[string]any{
			"topology.name": f.name, "topology.message.timeout.secs": float64(f.timeout), "topology.stats.sample.rate": 0.05,
			"topology.workers": float64(len(f.slots)), "topology.acker.executors": nil, "topology.debug": false,
		},
		LogConfig: map[string]nimbusclient.LogLevel{}, Errs: map[string]error{},
		Restarts: f.restarts, Youngest: new(f.youngest), BeatAt: fixtureNow.Add(-38 * time.Second), SampleRate: 0.05,
		InfoAt: fixtureNow.Add(-20 * time.Second),
		Rates: cluster.TopologyRates{
			Emitted: f.emitted, Acked: f.acked, Failed: f.failed,
			Components: map[string]cluster.ComponentRates{}, Executors: map[nimbusclient.ExecutorID]cluster.ExecutorRates{},
		},
	}
	b.s.Cluster.Topologies = append(b.s.Cluster.Topologies, b.t.Summary)
	b.s.Topologies[f.id] = b.t
	launched := fixtureNow.Unix() - int64(f.up)
	zk := zkview.Assignment{TopologyID: f.id, Hosts: map[string]string{}, Executors: map[zkview.TaskRange]zkview.Slot{}, Starts: map[zkview.TaskRange]int64{}, Owner: "ops"}
	desired := map[string]int{}
	task := 1
	for _, c := range all {
		task = b.component(c, task, launched, &zk)
		desired[c.id] = c.exec
	}
	b.spec = append(b.spec, nimbusclient.ComponentSpec{ID: "__system", Kind: nimbusclient.Bolt})
	slices.SortFunc(b.spec, func(x, y nimbusclient.ComponentSpec) int { return strings.Compare(x.ID, y.ID) })
	b.t.Structure = &nimbusclient.Structure{Components: b.spec}
	b.t.Info = &nimbusclient.TopologyInfo{TopologySummary: b.t.Summary, ExecutorList: b.info, Errors: map[string][]nimbusclient.ErrorInfo{}}
	b.pages(all)
	b.s.ZK.Assignments[f.id] = zk
	b.s.ZK.Storms[f.id] = zkview.Storm{
		TopologyID: f.id, Name: f.name, Status: "ACTIVE", Workers: new(len(f.slots)), ComponentExecutors: desired,
		LaunchTime: &launched, Owner: "ops", Mtime: time.Unix(launched, 0),
	}
	b.slots(executors)
}

// component adds one component's executors from the given task on and returns
// the next free task.
func (b *fixtureBuilder) component(c componentFixture, task int, launched int64, zk *zkview.Assignment) int {
	spec := nimbusclient.ComponentSpec{ID: c.id, Kind: c.kind, Inputs: c.inputs, Outputs: c.outputs, Parallelism: new(c.exec)}
	if c.python != "" {
		spec.Shell = &nimbusclient.Shell{Command: "python3", Script: c.python}
	}
	b.spec = append(b.spec, spec)
	page := map[nimbusclient.Window]*nimbusclient.Component{}
	busiest, others := 0.0, 0.0
	for i := range c.exec {
		n := c.tax / c.exec
		if i < c.tax%c.exec {
			n++
		}
		id := nimbusclient.ExecutorID{Start: task, End: task + n - 1}
		task += n
		slot := b.f.slots[(c.from+i)%len(b.f.slots)]
		host, port := place(slot)
		share := 1 / float64(c.exec)
		if c.shares != nil {
			share = c.shares[i]
		}
		perTask := share / float64(n)
		busiest = max(busiest, perTask)
		others += perTask
		b.info = append(b.info, nimbusclient.Executor{ID: id, Component: c.id, Host: host, Port: port, UptimeSecs: new(b.workerUp(slot)), Stats: &nimbusclient.ExecutorStats{SampleRate: new(0.05)}})
		node := "sup-" + host
		zk.Hosts[node] = host
		zk.Executors[zkview.TaskRange(id)] = zkview.Slot{Node: node, Port: port}
		zk.Starts[zkview.TaskRange(id)] = launched
		load := cluster.Load{Value: c.capacity * share * float64(c.exec), Capacity: c.capacity * share * float64(c.exec)}
		if c.shares != nil {
			load.Value = c.capacity * share / slices.Max(c.shares)
			load.Capacity = load.Value
		}
		if c.python != "" {
			load = cluster.Load{Value: c.in * perTask * c.process / 1000, Shell: true, Capacity: c.capacity}
		}
		if c.kind == nimbusclient.Spout {
			load = cluster.Load{Value: math.NaN(), Capacity: math.NaN()}
		}
		b.t.Rates.Executors[id] = cluster.ExecutorRates{In: rate(c.in*share, c.shape), Out: rate(c.out*share, c.shape), Share: share, Load: load}
		for _, w := range nimbusclient.Windows {
			if page[w] == nil {
				page[w] = b.componentPage(c, w)
			}
			row := b.stats(c, w, share)
			row.Executors, row.Tasks = nil, nil
			page[w].Execs = append(page[w].Execs, nimbusclient.ExecutorRow{ID: id, Host: host, Port: port, UptimeSecs: new(b.workerUp(slot)), Stats: row})
		}
	}
	for _, w := range nimbusclient.Windows {
		for _, sys := range []bool{false, true} {
			p := *page[w]
			p.Sys = sys
			key := cluster.ComponentKey{Component: c.id, Window: w, Sys: sys}
			b.t.Components[key], b.t.ComponentAt[key] = &p, fixtureNow.Add(-20*time.Second)
		}
	}
	skew := math.NaN()
	if c.exec > 1 && c.kind == nimbusclient.Bolt {
		skew = busiest / ((others - busiest) / float64(c.exec-1))
	}
	rates := cluster.ComponentRates{
		In: rate(c.in, c.shape), Out: rate(c.out, c.shape), Acked: rate(c.acked, c.shape), Failed: rate(c.failed, c.shape),
		Skew: skew, Load: cluster.Load{Value: c.capacity, Capacity: c.capacity},
	}
	switch {
	case c.kind == nimbusclient.Spout:
		rates.In = noRate()
		rates.Skew = 1
		rates.Load = cluster.Load{Value: math.NaN(), Capacity: math.NaN()}
	case c.python != "":
		rates.Load = cluster.Load{Value: c.in * busiest * c.process / 1000, Shell: true, Capacity: c.capacity}
	}
	b.t.Rates.Components[c.id] = rates
	return task
}

// span is how many seconds of a window the topology has lived.
func (b *fixtureBuilder) span(w nimbusclient.Window) float64 {
	if w == nimbusclient.WindowAll {
		return float64(b.f.up)
	}
	return float64(min(w.Seconds(), b.f.up))
}

func (b *fixtureBuilder) stats(c componentFixture, w nimbusclient.Window, share float64) nimbusclient.Stats {
	n := func(perSec float64) *int64 {
		if math.IsNaN(perSec) {
			return new(int64(0))
		}
		return new(int64(math.Round(perSec*share*b.span(w)/20) * 20))
	}
	st := nimbusclient.Stats{Executors: new(c.exec), Tasks: new(c.tax), Emitted: n(c.out), Transferred: n(c.out), Acked: n(c.acked), Failed: n(c.failed)}
	if c.kind == nimbusclient.Spout {
		st.CompleteMs = new(c.complete)
		return st
	}
	st.Executed, st.ExecuteMs, st.ProcessMs = n(c.in), new(c.execute), new(c.process)
	if w == nimbusclient.Window10m {
		st.Capacity = new(c.capacity)
	}
	return st
}

func (b *fixtureBuilder) componentPage(c componentFixture, w nimbusclient.Window) *nimbusclient.Component {
	p := &nimbusclient.Component{
		ID: c.id, Kind: c.kind, TopologyID: b.f.id, TopologyName: b.f.name, Status: nimbusclient.Active,
		Executors: new(c.exec), Tasks: new(c.tax), Window: w, Totals: map[nimbusclient.Window]nimbusclient.Stats{},
		Debug: &nimbusclient.Debug{},
	}
	for _, each := range nimbusclient.Windows {
		p.Totals[each] = b.stats(c, each, 1)
	}
	for _, in := range c.inputs {
		st := b.stats(c, w, 1/float64(len(c.inputs)))
		st.Emitted, st.Transferred = nil, nil
		p.Inputs = append(p.Inputs, nimbusclient.StreamStats{StreamID: in.From, Stats: st})
	}
	for i, out := range c.outputs {
		share := 1.0
		if i > 0 {
			share = 0.001
		}
		st := b.stats(c, w, share)
		p.Outputs = append(p.Outputs, nimbusclient.StreamStats{StreamID: nimbusclient.StreamID{Stream: out.ID}, Stats: nimbusclient.Stats{Emitted: st.Emitted, Transferred: st.Transferred, Acked: st.Acked, CompleteMs: st.CompleteMs}})
	}
	if c.fault != nil {
		p.Errors = []nimbusclient.ErrorInfo{*c.fault}
	}
	return p
}

// pages adds the topology page of every window, with and without system parts.
func (b *fixtureBuilder) pages(all []componentFixture) {
	f := b.f
	for _, w := range nimbusclient.Windows {
		for _, sys := range []bool{false, true} {
			p := &nimbusclient.Topology{
				ID: f.id, Name: f.name, Status: nimbusclient.Active, UptimeSecs: new(f.up), Tasks: b.t.Summary.Tasks, Executors: b.t.Summary.Executors,
				WorkerCount: new(len(f.slots)), Owner: new("ops"), SchedStatus: new(""), ReplicationCount: new(2), StormVersion: new("2.8.8"),
				Window: w, Sys: sys, Totals: f.totals, Debug: &nimbusclient.Debug{},
			}
			for _, c := range all {
				if strings.HasPrefix(c.id, "__") && !sys {
					continue
				}
				row := nimbusclient.ComponentStats{ID: c.id, Kind: c.kind, Stats: b.stats(c, w, 1), LastError: c.fault}
				if c.kind == nimbusclient.Spout {
					p.Spouts = append(p.Spouts, row)
				} else {
					row.Capacity = new(c.capacity)
					p.Bolts = append(p.Bolts, row)
				}
			}
			if sys {
				p.Bolts = append(p.Bolts, nimbusclient.ComponentStats{ID: "__system", Kind: nimbusclient.Bolt, Stats: nimbusclient.Stats{Executors: new(0), Tasks: new(len(f.slots))}})
				slices.SortFunc(p.Bolts, func(x, y nimbusclient.ComponentStats) int { return strings.Compare(x.ID, y.ID) })
			}
			for _, slot := range f.slots {
				host, port := place(slot)
				p.Workers = append(p.Workers, nimbusclient.Worker{
					SupervisorID: "sup-" + host, Host: host, Port: port, TopologyID: f.id, TopologyName: f.name, Owner: new("ops"),
					Executors: new(*b.t.Summary.Executors / len(f.slots)), UptimeSecs: new(b.workerUp(slot)), ComponentTasks: map[string]int64{},
				})
			}
			key := cluster.PageKey{Window: w, Sys: sys}
			b.t.Pages[key], b.t.PageAt[key] = p, fixtureNow.Add(-20*time.Second)
		}
	}
	for _, c := range all {
		if c.fault != nil {
			list := make([]nimbusclient.ErrorInfo, 0, 18)
			for i := range 18 {
				e := *c.fault
				e.Time += int64(i)
				list = append(list, e)
			}
			slices.Reverse(list) // newest first
			b.t.Info.Errors[c.id] = list
		}
	}
}

// slots fills the hosts' slots and their workers.
func (b *fixtureBuilder) slots(executors int) {
	for i, slot := range b.f.slots {
		host, port := place(slot)
		for h := range b.s.Hosts {
			if b.s.Hosts[h].Name != host {
				continue
			}
			hs := &b.s.Hosts[h]
			*b.s.Cluster.Supervisors[h].UsedSlots++
			n := executors / len(b.f.slots)
			if i < executors%len(b.f.slots) {
				n++
			}
			at := slices.IndexFunc(hs.Slots, func(x cluster.Slot) bool { return x.Port == port })
			up := b.workerUp(slot)
			hs.Slots[at] = cluster.Slot{Port: port, State: cluster.SlotUsed, TopologyID: b.f.id, Executors: n, UptimeSecs: new(up), StartAt: fixtureNow.Add(-time.Duration(up) * time.Second)}
			for _, e := range b.info {
				if e.Host == host && e.Port == port {
					hs.Slots[at].Tasks = append(hs.Slots[at].Tasks, e.ID)
				}
			}
			hs.Slots[at].Executors = len(hs.Slots[at].Tasks)
			if slot == "w5:6701" {
				hs.Slots[at].Restarts = b.f.restarts
				hs.Slots[at].Lives = []int{16*86400 + 5*3600, 320, 298, 312}
			}
			w := nimbusclient.Worker{
				SupervisorID: hs.ID, Host: host, Port: port, TopologyID: b.f.id, TopologyName: b.f.name, Owner: new("ops"),
				Executors: new(hs.Slots[at].Executors), UptimeSecs: new(up), ComponentTasks: map[string]int64{},
			}
			for _, e := range b.info {
				if e.Host == host && e.Port == port {
					w.ComponentTasks[e.Component] += int64(e.ID.Tasks())
				}
			}
			hs.Workers = append(hs.Workers, w)
			b.s.ZK.Supervisors[h].UsedPorts = append(b.s.ZK.Supervisors[h].UsedPorts, port)
			b.s.ZK.Heartbeats[b.f.id] = append(b.s.ZK.Heartbeats[b.f.id], zkview.Heartbeat{Slot: zkview.Slot{Node: hs.ID, Port: port}, Time: fixtureNow.Add(-38 * time.Second), UptimeSecs: new(int64(up))})
		}
	}
}

// workerUp is the uptime of the topology's worker on a slot, in seconds: the
// first one is the youngest.
func (b *fixtureBuilder) workerUp(slot string) int {
	if slot == b.f.slots[0] {
		return b.f.youngest
	}
	return b.f.up
}

func place(slot string) (host string, port int) {
	host, digits, _ := strings.Cut(slot, ":")
	for _, d := range digits {
		port = 10*port + int(d-'0')
	}
	return host, port
}

func totals(emitted, acked, failed int64, completeMs float64) nimbusclient.Totals {
	return nimbusclient.Totals{Emitted: &emitted, Transferred: &emitted, Acked: &acked, Failed: &failed, CompleteMs: &completeMs}
}

// rate is a rate with a trend drawn in the glyphs of a sparkline.
func rate(perSec float64, shape string) cluster.Rate {
	r := cluster.Rate{PerSec: perSec}
	// What came before went up and down a little around where the shape begins.
	first := float64(strings.IndexRune("▁▂▃▄▅▆▇█", []rune(shape)[0])/len("▁")+1) / 8
	for i := range 36 {
		r.Trend = append(r.Trend, perSec*first*(1+math.Sin(float64(i)/3)/8))
	}
	for _, glyph := range shape {
		level := strings.IndexRune("▁▂▃▄▅▆▇█", glyph) / len("▁")
		switch {
		case glyph == '·':
			r.Trend = append(r.Trend, math.NaN())
		case perSec == 0:
			r.Trend = append(r.Trend, 0)
		default:
			r.Trend = append(r.Trend, perSec*float64(level+1)/8)
		}
	}
	return r
}

func noRate() cluster.Rate { return cluster.Rate{PerSec: math.NaN()} }

func ptr[T any](v T) *T { return new(v) }
