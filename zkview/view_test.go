package zkview

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestViewOfRecordings reads whole recorded trees over the protocol and holds
// the values against the structs decoded beside them, by Thrift's own code.
func TestViewOfRecordings(t *testing.T) {
	for _, name := range []string{
		"2.8.3-now", "2.8.3-rebalancing", "2.8.3-killed", "2.8.3-loglevel", "2.8.3-profiler", "2.8.3-failover",
	} {
		t.Run(name, func(t *testing.T) {
			zk, rec := newFakeZK(), load(t, name)
			zk.play(rec)
			view, err := zk.client(t).View(within(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(view.Missing) > 0 {
				t.Errorf("missing %v", view.Missing)
			}
			want := wantedView(t, rec)
			want.Root, want.Server, want.Session, want.At = view.Root, view.Server, view.Session, view.At
			if diff := cmp.Diff(want, view); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// wantedView builds a view from the decoded side of a recording.
func wantedView(t *testing.T, rec recording) View {
	t.Helper()
	view := View{
		Assignments: map[string]Assignment{}, Storms: map[string]Storm{}, LogConfigs: map[string][]LogLevel{},
		Profiles: map[string][]Profile{}, Heartbeats: map[string][]Heartbeat{}, Missing: map[string]string{},
	}
	lock := ""
	for _, path := range rec.names {
		n := rec.nodes[path]
		parts := strings.Split(strings.TrimPrefix(path, "/storm/"), "/")
		if parts[0] == "leader-lock" && len(parts) == 2 {
			if sequence(parts[1]) < sequence(lock) || lock == "" {
				lock = parts[1]
				host, rest, _ := strings.Cut(string(n.data), ":")
				leader := Leader{Host: host}
				if _, err := fmt.Sscanf(rest, "%d:%d", &leader.Port, &leader.TLSPort); err != nil {
					t.Fatal(err)
				}
				view.Leader = &leader
			}
		}
		for kind, raw := range n.decoded {
			wantNode(t, &view, kind, parts, raw, n)
		}
	}
	slices.SortFunc(view.Supervisors, func(a, b Supervisor) int { return strings.Compare(a.Host, b.Host) })
	slices.Sort(view.Nimbuses)
	return view
}

type ranged[T any] []struct {
	Key   [2]int `json:"key"`
	Value T      `json:"value"`
}

type nodeInfo struct {
	Node string `json:"node"`
	Port []int  `json:"port"`
}

func wantNode(t *testing.T, view *View, kind string, parts []string, raw json.RawMessage, n recorded) {
	t.Helper()
	read := func(into any) {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%v: %v", parts, err)
		}
	}
	switch kind {
	case "SupervisorInfo":
		var v struct {
			Time      int64              `json:"time_secs"`
			Hostname  string             `json:"hostname"`
			Used      []int              `json:"used_ports"`
			Meta      []int              `json:"meta"`
			Uptime    *int64             `json:"uptime_secs"`
			Version   string             `json:"version"`
			Resources map[string]float64 `json:"resources_map"`
		}
		read(&v)
		slices.Sort(v.Used)
		view.Supervisors = append(view.Supervisors, Supervisor{
			ID: parts[1], Host: v.Hostname, Ports: v.Meta, UsedPorts: v.Used, Time: time.Unix(v.Time, 0),
			UptimeSecs: v.Uptime, Version: v.Version, Resources: v.Resources,
		})
	case "Assignment":
		var v struct {
			Hosts map[string]string `json:"node_host"`
			Slots ranged[nodeInfo]  `json:"executor_node_port"`
			Start ranged[int64]     `json:"executor_start_time_secs"`
			Owner string            `json:"owner"`
		}
		read(&v)
		a := Assignment{
			TopologyID: parts[1], Hosts: v.Hosts, Executors: map[TaskRange]Slot{}, Starts: map[TaskRange]int64{},
			Owner: v.Owner, Zxid: n.stat.Mzxid, Mtime: time.UnixMilli(n.stat.Mtime),
		}
		for _, e := range v.Slots {
			a.Executors[TaskRange{e.Key[0], e.Key[1]}] = Slot{Node: e.Value.Node, Port: e.Value.Port[0]}
		}
		for _, e := range v.Start {
			a.Starts[TaskRange{e.Key[0], e.Key[1]}] = e.Value
		}
		view.Assignments[parts[1]] = a
	case "StormBase":
		var v struct {
			Name    string         `json:"name"`
			Status  string         `json:"status"`
			Prev    string         `json:"prev_status"`
			Workers *int           `json:"num_workers"`
			Counts  map[string]int `json:"component_executors"`
			Launch  *int64         `json:"launch_time_secs"`
			Owner   string         `json:"owner"`
			Options struct {
				Kill struct {
					Wait *int `json:"wait_secs"`
				} `json:"kill_options"`
				Rebalance struct {
					Wait *int `json:"wait_secs"`
				} `json:"rebalance_options"`
			} `json:"topology_action_options"`
			Debug map[string]struct {
				Enable bool     `json:"enable"`
				Pct    *float64 `json:"samplingpct"`
			} `json:"component_debug"`
		}
		read(&v)
		s := Storm{
			TopologyID: parts[1], Name: v.Name, Status: v.Status, PrevStatus: v.Prev, Workers: v.Workers,
			ComponentExecutors: v.Counts, LaunchTime: v.Launch, Owner: v.Owner,
			KillWaitSecs: v.Options.Kill.Wait, RebalanceWaitSecs: v.Options.Rebalance.Wait, Mtime: time.UnixMilli(n.stat.Mtime),
		}
		for name, debug := range v.Debug {
			if s.Debug == nil {
				s.Debug = map[string]Debug{}
			}
			s.Debug[name] = Debug{Enabled: debug.Enable, SamplingPct: debug.Pct}
		}
		view.Storms[parts[1]] = s
	case "ClusterWorkerHeartbeat":
		var v struct {
			Time   int64  `json:"time_secs"`
			Uptime *int64 `json:"uptime_secs"`
		}
		read(&v)
		i := strings.LastIndexByte(parts[2], '-')
		var port int
		if _, err := fmt.Sscan(parts[2][i+1:], &port); err != nil {
			t.Fatal(err)
		}
		view.Heartbeats[parts[1]] = append(view.Heartbeats[parts[1]], Heartbeat{
			Slot: Slot{Node: parts[2][:i], Port: port}, Time: time.Unix(v.Time, 0), UptimeSecs: v.Uptime,
		})
	case "NimbusSummary":
		var v struct {
			Host string `json:"host"`
			Port int    `json:"port"`
		}
		read(&v)
		view.Nimbuses = append(view.Nimbuses, fmt.Sprintf("%s:%d", v.Host, v.Port))
	case "LogConfig":
		var v struct {
			Levels map[string]struct {
				Action  string `json:"action"`
				Level   string `json:"target_log_level"`
				Timeout *int   `json:"reset_log_level_timeout_secs"`
				Epoch   *int64 `json:"reset_log_level_timeout_epoch"`
			} `json:"named_logger_level"`
		}
		read(&v)
		for _, name := range slices.Sorted(maps.Keys(v.Levels)) {
			l := v.Levels[name]
			view.LogConfigs[parts[1]] = append(view.LogConfigs[parts[1]], LogLevel{
				Logger: name, Action: l.Action, Level: l.Level, TimeoutSecs: l.Timeout, TimeoutEpoch: l.Epoch,
			})
		}
	case "ProfileRequest":
		var v struct {
			Node   nodeInfo `json:"nodeInfo"`
			Action string   `json:"action"`
			Time   *int64   `json:"time_stamp"`
		}
		read(&v)
		view.Profiles[parts[1]] = append(view.Profiles[parts[1]], Profile{
			Host: v.Node.Node, Port: v.Node.Port[0], Action: v.Action, Time: v.Time,
		})
	}
}

// TestViewOfOldRecordings checks 1.2.2 and 0.9.7 by hand, whose recordings are
// bytes alone; the records of 0.9 are compared in java_test.go.
func TestViewOfOldRecordings(t *testing.T) {
	t.Run("1.2.2 log level and profiler", func(t *testing.T) {
		zk := newFakeZK()
		zk.play(load(t, "1.2.2-log-debug-profile"))
		view, err := zk.client(t).View(within(t))
		if err != nil {
			t.Fatal(err)
		}
		const id = "lab-words-4-1795234323"
		if l := view.Leader; l == nil || l.Host != "127.0.0.1" || l.Port != 26627 || l.TLSPort != 0 {
			t.Errorf("leader %+v", l)
		}
		if !slices.Equal(view.Nimbuses, []string{"127.0.0.1:26627"}) {
			t.Errorf("nimbuses %v", view.Nimbuses)
		}
		profiles := view.Profiles[id]
		if len(profiles) != 1 || profiles[0].Port != 26700 || profiles[0].Action != "JSTACK_DUMP" || profiles[0].Host != "127.0.0.1" {
			t.Errorf("profiles %+v", profiles)
		}
		// After REMOVE the node of the log levels stays, with nothing in it.
		if _, ok := view.LogConfigs[id]; ok || len(view.Missing) > 0 {
			t.Errorf("log levels %v, missing %v", view.LogConfigs, view.Missing)
		}
		debug := view.Storms[id].Debug["split"]
		if debug.Enabled || debug.SamplingPct == nil || *debug.SamplingPct != 30 {
			t.Errorf("debug %+v: disabling keeps the percentage", view.Storms[id].Debug)
		}
		if s := view.Supervisors[0]; !slices.Equal(s.Ports, []int{26700, 26701}) || s.Version != "1.2.2" {
			t.Errorf("supervisor %+v", s)
		}
	})
	for _, test := range []struct {
		name, status, prev string
		kill, rebalance    bool
	}{
		{"1.2.2-reads", "ACTIVE", "", false, false},
		{"1.2.2-rebalancing", "REBALANCING", "ACTIVE", false, true},
		{"1.2.2-killed", "KILLED", "", true, false},
		{"0.9.7-rebalancing", "REBALANCING", "ACTIVE", false, true},
		{"0.9.7-killed", "KILLED", "", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			zk := newFakeZK()
			zk.play(load(t, test.name))
			view, err := zk.client(t).View(within(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(view.Missing) > 0 {
				t.Errorf("missing %v", view.Missing)
			}
			found := false
			for _, s := range view.Storms {
				if s.Status != test.status {
					continue
				}
				found = true
				if s.PrevStatus != test.prev && test.prev != "" {
					t.Errorf("%s: previous status %q", s.TopologyID, s.PrevStatus)
				}
				if (s.KillWaitSecs != nil) != test.kill || (s.RebalanceWaitSecs != nil) != test.rebalance {
					t.Errorf("%s: waits %v %v", s.TopologyID, s.KillWaitSecs, s.RebalanceWaitSecs)
				}
			}
			if !found {
				t.Errorf("no topology is %s: %+v", test.status, view.Storms)
			}
			for id, a := range view.Assignments {
				if len(a.Executors) == 0 || len(a.Starts) != len(a.Executors) || len(a.Hosts) == 0 {
					t.Errorf("assignment of %s: %+v", id, a)
				}
			}
			if strings.HasPrefix(test.name, "0.9") && (view.Leader != nil || view.Nimbuses != nil) {
				t.Errorf("a leader before 1.0: %+v %v", view.Leader, view.Nimbuses)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	zk.deny("/storm/assignments", "sasl:nimbus", "digest:ops:hash")
	zk.deny("/storm/supervisors/6f4a6daf-4c22-4d70-a608-5f976636fde1-127.0.0.1")
	zk.set("/storm/storms/broken-1-1", append([]byte{0x1f, 0x8b}, "not gzip at all"...))
	zk.set("/storm/storms/bomb-1-1", bomb(t, 8<<20))
	zk.set("/storm/storms/zstd-1-1", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0})
	zk.set("/storm/storms/java-1-1", []byte{0xac, 0xed, 0, 5, 0x7d})
	zk.set("/storm/storms/large-1-1", bytes.Repeat([]byte("x"), DefaultMaxNode+1))
	zk.set("/storm/workerbeats/flaky-1-1795235512/no-port-at-all", nil)
	c := zk.client(t)
	view, err := c.View(within(t))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/assignments":       "no read permission (ACL sasl:nimbus, digest:ops)",
		"/storms/broken-1-1": "its gzip header is damaged: gzip: invalid header",
		"/storms/bomb-1-1":   "unpacks to more than 4194304 bytes: too large to read",
		"/storms/zstd-1-1":   "zstd-compressed, not decoded",
		"/storms/java-1-1":   "0.9 record, not decoded: a Java stream with parts that are not understood (marker 0x7d)",
		"/storms/large-1-1":  "1048577 bytes, more than the 1048576 allowed",
		"/supervisors/6f4a6daf-4c22-4d70-a608-5f976636fde1-127.0.0.1": "no read permission",
	} {
		if got := view.Missing[path]; got != want {
			t.Errorf("missing[%s] = %q, want %q", path, got, want)
		}
		delete(view.Missing, path)
	}
	if len(view.Missing) > 0 {
		t.Errorf("missing besides: %v", view.Missing)
	}
	if len(view.Supervisors) != 2 {
		t.Errorf("%d supervisors: one that cannot be read is still there", len(view.Supervisors))
	}
	if len(view.Storms) != 4 || len(view.Assignments) != 0 {
		t.Errorf("%d storms, %d assignments", len(view.Storms), len(view.Assignments))
	}
}

// bomb is a gzip of size zeros.
func bomb(t testing.TB, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUnlistableRoot still reads what lies below a root that may not be listed.
func TestUnlistableRoot(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	zk.deny("/storm")
	view, err := zk.client(t).View(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Supervisors) != 2 || len(view.Storms) != 4 || view.Leader == nil {
		t.Errorf("view %+v", view)
	}
}

func TestWrongRoot(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm2/supervisors", nil)
	zk.set("/zookeeper", nil)
	_, err := zk.client(t).View(within(t))
	mustBe(t, err, ErrNoNode)
	if !strings.Contains(Hint(err), "/storm2 /zookeeper") {
		t.Errorf("hint %q does not name what there is", Hint(err))
	}
}

func TestRootIsTop(t *testing.T) {
	zk := newFakeZK()
	zk.set("/supervisors", nil)
	zk.set("/storms", nil)
	zk.set("/credentials/a-1-1", []byte("secret"))
	c := zk.client(t, func(cfg *Config) { cfg.Root = "/" })
	if _, err := c.View(within(t)); err != nil {
		t.Fatal(err)
	}
	if !c.secret("/credentials/a-1-1") {
		t.Error("credentials at the top are open")
	}
}

// TestQuietViews reads again only what changes without a word or changed with
// one.
func TestQuietViews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK()
		zk.play(load(t, "2.8.3-now"))
		c := New(Config{Servers: []string{"zk1"}, Dial: zk.dial})
		ctx := context.Background()
		read := func() View {
			t.Helper()
			view, err := c.View(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return view
		}
		counts := func() map[string]int {
			zk.mu.Lock()
			defer zk.mu.Unlock()
			return maps.Clone(zk.asked)
		}
		const (
			assignment = "4 /storm/assignments/flaky-1-1795235512"
			beat       = "4 /storm/workerbeats/flaky-1-1795235512/6f4a6daf-4c22-4d70-a608-5f976636fde1-127.0.0.1-6701"
			supervisor = "4 /storm/supervisors/d56e65a8-f0a8-4d91-88bd-820d482e1371-127.0.0.1"
			list       = "12 /storm/assignments"
		)
		read()
		first := read()
		asked := counts()
		for what, want := range map[string]int{assignment: 1, beat: 1, list: 1, supervisor: 2} {
			if asked[what] != want {
				t.Errorf("%q asked %d times in two views, want %d", what, asked[what], want)
			}
		}
		<-c.Changes() // connected
		select {
		case <-c.Changes():
			t.Error("a change was told though nothing changed")
		default:
		}

		path := "/storm/assignments/flaky-1-1795235512"
		zk.mu.Lock()
		other := zk.nodes["/storm/assignments/skew-1-1795234974"].data
		zk.mu.Unlock()
		zk.set(path, other)
		<-c.Changes()
		second := read()
		if cmp.Equal(first.Assignments["flaky-1-1795235512"].Executors, second.Assignments["flaky-1-1795235512"].Executors) {
			t.Error("the changed assignment was not read again")
		}
		zk.set(path, nil) // the watch is armed again
		<-c.Changes()
		if view := read(); view.Missing["/assignments/flaky-1-1795235512"] == "" {
			t.Error("the second change was not read")
		}

		zk.remove("/storm/supervisors/d56e65a8-f0a8-4d91-88bd-820d482e1371-127.0.0.1")
		<-c.Changes()
		if view := read(); len(view.Supervisors) != 1 {
			t.Errorf("%d supervisors after one went away", len(view.Supervisors))
		}

		before := counts()[assignment]
		time.Sleep(rereadAfter + time.Second)
		read()
		if counts()[assignment] != before+1 {
			t.Error("a silent watch was believed for longer than a minute")
		}

		// A new session reads everything again.
		before = counts()[assignment]
		zk.drop()
		<-c.Changes()
		view := read()
		if counts()[assignment] != before+1 || view.Session == first.Session {
			t.Errorf("session %s: the assignment was not read again", view.Session)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		zk.shut()
	})
}

// TestLostHost is told of at once, not at the next poll.
func TestLostHost(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	c, ctx := zk.client(t), within(t)
	again(ctx, t, c)
	<-c.Changes()
	for _, change := range []func(){
		func() { zk.remove("/storm/supervisors/6f4a6daf-4c22-4d70-a608-5f976636fde1-127.0.0.1") },
		func() { zk.set("/storm/storms/new-5-1795240000", []byte{0}) },
		func() { zk.set("/storm/storms/new-5-1795240000", []byte{0, 0}) },
		func() { zk.set("/storm/leader-lock/_c_0-latch-0000000009", []byte("nim:6627:0")) },
	} {
		change()
		select {
		case <-c.Changes():
		case <-ctx.Done():
			t.Fatal("a change was not told")
		}
		again(ctx, t, c)
	}
}

// TestVanishing removes nodes between listing and reading: that is no fault.
func TestVanishing(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	zk.hook = func(c *fakeConn, op, xid int32, path string) bool {
		if op != opGetData && op != opExists || strings.Count(path, "/") < 3 {
			return false
		}
		var p packet
		p.reply(xid, 1, -101)
		c.send(p)
		return true
	}
	view, err := zk.client(t).View(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Missing) > 0 || len(view.Storms) > 0 || len(view.Heartbeats) > 0 || view.Leader != nil ||
		len(view.Supervisors) > 0 || len(view.Nimbuses) > 0 {
		t.Errorf("view %+v", view)
	}
}

func TestViewCancelled(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	zk.hook = func(_ *fakeConn, op, _ int32, _ string) bool {
		if op == opGetData {
			cancel()
		}
		return op == opGetData
	}
	_, err := zk.client(t, func(cfg *Config) { cfg.Timeout = 200 * time.Millisecond }).View(ctx)
	mustBe(t, err, context.Canceled)
	if errors.Is(err, ErrUnavailable) {
		t.Error("a cancelled view is taken for an ensemble that is down")
	}
}

func TestParseLeader(t *testing.T) {
	for text, want := range map[string]Leader{
		"nim-a:6627":         {Host: "nim-a", Port: 6627},
		"127.0.0.1:6627:0":   {Host: "127.0.0.1", Port: 6627},
		"nim-a:6627:6628":    {Host: "nim-a", Port: 6627, TLSPort: 6628},
		"fe80::1:6627:0":     {Host: "fe80::1", Port: 6627},
		"[fe80::1]:6627:0\n": {Host: "fe80::1", Port: 6627},
	} {
		if got, err := parseLeader(text); err != nil || got != want {
			t.Errorf("parseLeader(%q) = %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "nim-a", "nim-a:", ":6627", "nim-a:x", "nim-a:70000", "\x07"} {
		if got, err := parseLeader(text); err == nil {
			t.Errorf("parseLeader(%q) = %+v", text, got)
		}
	}
}

func TestFirstInLine(t *testing.T) {
	names := []string{
		"_c_078bb1ff-c36d-45d2-bdb9-6566dfce9997-latch-0000000012",
		"_c_f1620c43-6f1d-42ad-a5cc-0cbd49050382-latch-0000000009",
		"_c_01620c43-6f1d-42ad-a5cc-0cbd49050382-latch-0000000010",
	}
	if got := firstInLine(names); got != names[1] {
		t.Errorf("firstInLine = %s", got)
	}
	if got := firstInLine([]string{"x"}); got != "x" {
		t.Errorf("firstInLine of a short name = %s", got)
	}
}
