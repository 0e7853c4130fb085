package sim

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// move lets a served world go on for a while.
func move(t *testing.T, s *Server, d time.Duration) {
	t.Helper()
	for range int(d / time.Second) {
		s.Step(time.Second)
	}
}

// stored is the state of a topology in ZooKeeper and how often it was written.
func stored(t *testing.T, s *Server, id string) (*storm.StormBase, int32) {
	t.Helper()
	s.mirror.tree.mu.Lock()
	defer s.mirror.tree.mu.Unlock()
	n := s.mirror.tree.nodes["/storm/storms/"+id]
	if n == nil {
		return nil, 0
	}
	base := new(storm.StormBase)
	if err := stormthrift.Unmarshal(unpacked(t, n.content()), base); err != nil {
		t.Fatal(err)
	}
	return base, n.stat.version
}

func internal(err error) bool {
	e, ok := errors.AsType[thrift.TApplicationException](err)
	return ok && e.TypeId() == thrift.INTERNAL_ERROR
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRebalance(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	_, before := stored(t, s, tp.id)
	asked := &storm.RebalanceOptions{WaitSecs: new(int32(6)), NumWorkers: new(int32(2)), NumExecutors: map[string]int32{"split": 2, "count": 20}}
	must(t, c.Rebalance(ctx, "wordcount", asked))

	base, version := stored(t, s, tp.id)
	if base.GetStatus() != rebalancing || base.GetPrevStatus() != active || version != before+1 || base.GetNumWorkers() != 3 ||
		base.ComponentExecutors["split"] != 4 || base.TopologyActionOptions.RebalanceOptions.GetWaitSecs() != 6 {
		t.Errorf("while it waits: %v, version %d", base, version)
	}
	for name, err := range map[string]error{
		"activate": c.Activate(ctx, "wordcount"), "deactivate": c.Deactivate(ctx, "wordcount"), "rebalance": c.Rebalance(ctx, "wordcount", asked),
	} {
		if !internal(err) {
			t.Errorf("%s while it is rebalanced: %v", name, err)
		}
	}
	move(t, s, 5*time.Second)
	info, err := c.GetTopologyInfo(ctx, tp.id)
	must(t, err)
	if info.GetStatus() != "REBALANCING" || len(info.Executors) != 17 || info.Executors[0].Stats == nil {
		t.Errorf("5 s later: %s, %d executors", info.GetStatus(), len(info.Executors))
	}
	emitted := tp.component("sentences").executors[0].out[0].emitted.all
	move(t, s, 2*time.Second)
	if now := tp.component("sentences").executors[0].out[0].emitted.all; now != 0 {
		t.Errorf("the spout counts on from %v to %v", emitted, now)
	}
	info, err = c.GetTopologyInfo(ctx, tp.id)
	must(t, err)
	slots, counted := map[string]bool{}, map[string]int{}
	for _, e := range info.Executors {
		if e.Stats != nil {
			t.Errorf("executor %v has statistics before its worker's first heartbeat", e.ExecutorInfo)
		}
		slots[e.GetHost()+strconv.Itoa(int(e.GetPort()))] = true
		counted[e.GetComponentID()]++
	}
	// 20 executors of 8 tasks are 8, and nobody says so.
	if info.GetStatus() != "ACTIVE" || len(slots) != 2 || counted["split"] != 2 || counted["count"] != 8 {
		t.Errorf("after it: %s on %d slots, executors %v", info.GetStatus(), len(slots), counted)
	}
	base, version = stored(t, s, tp.id)
	if base.GetStatus() != active || base.PrevStatus != nil || version != before+3 || base.GetNumWorkers() != 2 ||
		base.ComponentExecutors["count"] != 20 || base.TopologyActionOptions.GetRebalanceOptions() == nil {
		t.Errorf("after it: %v, version %d, before %d", base, version, before)
	}
	move(t, s, 10*time.Second)
	info, err = c.GetTopologyInfo(ctx, tp.id)
	must(t, err)
	if slices.ContainsFunc(info.Executors, func(e *storm.ExecutorSummary) bool { return e.Stats == nil }) {
		t.Error("some executors have no statistics after the first heartbeats")
	}
}

func TestARebalanceThatChangesNothingRestartsNothing(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	must(t, c.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{WaitSecs: new(int32(0))}))
	move(t, s, 2*time.Second)
	before := slices.Clone(tp.workers)
	must(t, c.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{WaitSecs: new(int32(0)), NumWorkers: new(int32(0))}))
	move(t, s, 2*time.Second)
	if !slices.Equal(tp.workers, before) || tp.status != active || tp.wanted != 3 {
		t.Errorf("%d workers of %d are new, status %v, %d wanted", len(tp.workers), len(before), tp.status, tp.wanted)
	}
}

func TestRebalanceRefusesWhatStormRefuses(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	for _, test := range []struct {
		options storm.RebalanceOptions
		want    string
	}{
		{
			storm.RebalanceOptions{NumExecutors: map[string]int32{"nobody": 2}},
			"Invalid component nobody for topology wordcount, valid values are count,sentences,split",
		},
		{storm.RebalanceOptions{NumExecutors: map[string]int32{"split": 0}}, "Number of executors must be greater than 0"},
		{storm.RebalanceOptions{TopologyConfOverrides: new("not json")}, ""},
		{storm.RebalanceOptions{TopologyConfOverrides: new("[1]")}, ""},
	} {
		err := c.Rebalance(ctx, "wordcount", &test.options)
		if e, ok := errors.AsType[*storm.InvalidTopologyException](err); ok != (test.want != "") || ok && e.GetMsg() != test.want || !ok && !internal(err) {
			t.Errorf("%v: %v", test.options, err)
		}
	}
	if tp := s.w.topology("wordcount"); tp.status != active {
		t.Errorf("status %v after refusals", tp.status)
	}
}

func TestOverridesAreKept(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	must(t, c.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{
		WaitSecs: new(int32(0)), TopologyConfOverrides: new(`{"topology.max.spout.pending": 7, "topology.submitter.user": "me"}`),
		TopologyResourcesOverrides: map[string]map[string]float64{"split": {"onheap.memory.mb": 256}},
	}))
	move(t, s, 2*time.Second)
	conf, err := c.GetTopologyConf(ctx, tp.id)
	must(t, err)
	summary, err := c.GetTopologySummary(ctx, tp.id)
	must(t, err)
	if tp.maxPending != 7 || !strings.Contains(conf, `"topology.max.spout.pending":7`) || !strings.Contains(conf, `"topology.submitter.user":"ingest"`) {
		t.Errorf("pending %v, conf %s", tp.maxPending, conf)
	}
	if got := summary.GetRequestedMemonheap(); got != 17*128+4*128 {
		t.Errorf("%v MB are requested", got)
	}
}

func TestKill(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	must(t, c.KillTopologyWithOpts(ctx, "wordcount", &storm.KillOptions{WaitSecs: new(int32(30))}))
	base, _ := stored(t, s, tp.id)
	if base.GetStatus() != killed || base.PrevStatus != nil || base.TopologyActionOptions.KillOptions.GetWaitSecs() != 30 {
		t.Errorf("while it waits: %v", base)
	}
	if err := c.Activate(ctx, "wordcount"); !internal(err) {
		t.Errorf("activate: %v", err)
	}
	summary, err := c.GetTopologySummaryByName(ctx, "wordcount")
	if err != nil || summary.GetStatus() != "KILLED" || summary.GetNumExecutors() != 17 {
		t.Errorf("summary %v, %v", summary, err)
	}
	must(t, c.KillTopologyWithOpts(ctx, "wordcount", &storm.KillOptions{WaitSecs: new(int32(5))}))
	move(t, s, 6*time.Second)
	_, err = c.GetTopologyInfo(ctx, tp.id)
	if e, ok := errors.AsType[*storm.NotAliveException](err); !ok || e.GetMsg() != tp.id {
		t.Errorf("after the second, shorter wait: %v", err)
	}
	tree := s.mirror.tree
	left := func() (n int) {
		tree.mu.Lock()
		defer tree.mu.Unlock()
		for path := range tree.nodes {
			if strings.Contains(path, tp.id) {
				n++
			}
		}
		return n
	}
	// Its code of two Nimbuses, three blobs with their numbers, and two empty
	// nodes.
	if n := left(); n != 3*(1+2)+3+2 {
		t.Errorf("%d nodes are left", n)
	}
	move(t, s, 290*time.Second)
	if left() == 0 {
		t.Error("nothing is left after less than five minutes")
	}
	move(t, s, 10*time.Second)
	if n := left(); n != 0 {
		t.Errorf("%d nodes are left after five minutes", n)
	}
}

func TestDeactivate(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	e := tp.component("sentences").executors[0]
	must(t, c.Deactivate(ctx, "wordcount"))
	must(t, c.Deactivate(ctx, "wordcount"))
	before := e.out[0].emitted.all
	move(t, s, 20*time.Second)
	if after := e.out[0].emitted.all; after != before || tp.status != inactive {
		t.Errorf("an inactive spout emitted %v, then %v", before, after)
	}
	must(t, c.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{WaitSecs: new(int32(1))}))
	move(t, s, 3*time.Second)
	if tp.status != inactive {
		t.Errorf("after a rebalance it is %v", tp.status)
	}
	must(t, c.Activate(ctx, "wordcount"))
	e = tp.component("sentences").executors[0]
	before = e.out[0].emitted.all
	move(t, s, 20*time.Second)
	if after := e.out[0].emitted.all; after <= before {
		t.Error("an active spout emits nothing")
	}
}

func TestDebugAddsUp(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	for _, call := range []struct {
		component string
		enable    bool
		percent   float64
		want      float64
	}{{"split", true, 10, 10}, {"split", true, 10, 20}, {"split", false, 0, 20}, {"split", true, 500, 120}, {"nobody", true, 5, 5}, {"", true, 1, 1}} {
		must(t, c.Debug(ctx, "wordcount", call.component, call.enable, call.percent))
		info, err := c.GetTopologyInfo(ctx, tp.id)
		must(t, err)
		key := call.component
		if key == "" {
			key = tp.id
		}
		if got := info.ComponentDebug[key]; got.GetSamplingpct() != call.want || got.GetEnable() != call.enable {
			t.Errorf("%+v: %v", call, got)
		}
	}
	page, err := c.GetTopologyPageInfo(ctx, tp.id, "600", false)
	if err != nil || page.DebugOptions.GetSamplingpct() != 1 {
		t.Errorf("the page says %v, %v", page.DebugOptions, err)
	}
}

func TestSettingsAreBounded(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	many := map[string]*storm.LogLevel{}
	for i := range maxSettings + 1 {
		many[strconv.Itoa(i)] = &storm.LogLevel{Action: new(storm.LogLevelAction_UPDATE), TargetLogLevel: new("INFO")}
	}
	if err := c.SetLogConfig(ctx, s.w.topology("wordcount").id, &storm.LogConfig{NamedLoggerLevel: many}); !internal(err) {
		t.Errorf("too many loggers: %v", err)
	}
	for range 5 {
		must(t, c.KillTopologyWithOpts(ctx, "wordcount", &storm.KillOptions{WaitSecs: new(int32(60))}))
	}
	if len(s.w.timers) != 1 {
		t.Errorf("%d timers for one end", len(s.w.timers))
	}
}

func TestLogLevels(t *testing.T) {
	s := served(t)
	ctx, c, standby := t.Context(), nimbusOf(t, s, 0), nimbusOf(t, s, 1)
	id := s.w.topology("wordcount").id
	set := func(c *storm.NimbusClient, logger string, level *storm.LogLevel) error {
		return c.SetLogConfig(ctx, id, &storm.LogConfig{NamedLoggerLevel: map[string]*storm.LogLevel{logger: level}})
	}
	update, drop := storm.LogLevelAction_UPDATE, storm.LogLevelAction_REMOVE
	if logs, err := c.GetLogConfig(ctx, id); err != nil || logs.NamedLoggerLevel != nil {
		t.Errorf("before any change: %v, %v", logs, err)
	}
	must(t, set(standby, "a", &storm.LogLevel{Action: &update, TargetLogLevel: new("LOUD")}))
	must(t, set(c, "b", &storm.LogLevel{Action: &update, TargetLogLevel: new("DEBUG"), ResetLogLevelTimeoutSecs: new(int32(20))}))
	logs, err := c.GetLogConfig(ctx, id)
	must(t, err)
	a, b := logs.NamedLoggerLevel["a"], logs.NamedLoggerLevel["b"]
	if a.GetAction() != storm.LogLevelAction_UNCHANGED || a.ResetLogLevelTimeoutEpoch != nil || b.GetAction() != update ||
		b.GetResetLogLevelTimeoutEpoch() != s.w.Now().UnixMilli()+20_000 {
		t.Errorf("levels %v, %v", a, b)
	}
	must(t, set(c, "b", &storm.LogLevel{Action: &drop}))
	if logs, err = c.GetLogConfig(ctx, id); err != nil || len(logs.NamedLoggerLevel) != 1 {
		t.Errorf("after a removal: %v, %v", logs, err)
	}
	if err := set(c, "", &storm.LogLevel{Action: &update}); !internal(err) {
		t.Errorf("an empty logger: %v", err)
	}
}

func TestProfilerRequestsPass(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 0)
	tp := s.w.topology("wordcount")
	wk := tp.workers[0]
	ask := func(port int, action storm.ProfileAction) {
		must(t, c.SetWorkerProfiler(ctx, tp.id, &storm.ProfileRequest{
			NodeInfo: &storm.NodeInfo{Node: new(wk.host.name), Port: []int64{int64(port)}}, Action: &action, TimeStamp: new(s.w.Now().UnixMilli()),
		}))
	}
	component := ""
	for _, e := range tp.byTask {
		if e.on == wk {
			component = e.of.id
		}
	}
	waiting := func(action storm.ProfileAction) int {
		t.Helper()
		list, err := c.GetComponentPendingProfileActions(ctx, tp.id, component, action)
		must(t, err)
		return len(list)
	}
	ask(wk.port, storm.ProfileAction_JSTACK_DUMP)
	ask(6799, storm.ProfileAction_JSTACK_DUMP)
	if waiting(storm.ProfileAction_JSTACK_DUMP) != 1 || waiting(storm.ProfileAction_JVM_RESTART) != 0 {
		t.Error("the request is not listed")
	}
	move(t, s, 13*time.Second)
	if waiting(storm.ProfileAction_JSTACK_DUMP) != 1 {
		t.Error("the request went before 14 s")
	}
	move(t, s, 2*time.Second)
	if waiting(storm.ProfileAction_JSTACK_DUMP) != 0 || len(tp.profiles) != 1 {
		t.Errorf("after 15 s %d requests wait; the one to nobody stays", len(tp.profiles))
	}
	started := wk.started
	ask(wk.port, storm.ProfileAction_JVM_RESTART)
	move(t, s, 13*time.Second)
	if wk.started == started || waiting(storm.ProfileAction_JVM_RESTART) != 1 {
		t.Error("the worker was not restarted, or its request is gone too early")
	}
	move(t, s, 4*time.Second)
	if waiting(storm.ProfileAction_JVM_RESTART) != 0 {
		t.Error("the restart waits still")
	}
}

func TestAStandbyChangesNothing(t *testing.T) {
	s := served(t)
	ctx, c := t.Context(), nimbusOf(t, s, 1)
	for name, err := range map[string]error{
		"kill": c.KillTopology(ctx, "wordcount"), "activate": c.Activate(ctx, "wordcount"), "deactivate": c.Deactivate(ctx, "wordcount"),
		"rebalance": c.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{}), "debug": c.Debug(ctx, "wordcount", "", true, 1),
	} {
		if e, ok := errors.AsType[*storm.NotAliveException](err); !ok || e.GetMsg() != "wordcount is not alive" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUploads(t *testing.T) {
	s := served(t)
	ctx := t.Context()
	begin := func(i int) (*storm.NimbusGetNimbusConfResult, error) {
		out := storm.NewNimbusGetNimbusConfResult()
		_, err := nimbusOf(t, s, i).Client_().Call(ctx, "beginFileUpload", storm.NewNimbusGetLeaderArgs(), out)
		return out, err
	}
	if got, err := begin(0); err != nil || !strings.Contains(got.GetSuccess(), "/inbox/stormjar-") {
		t.Errorf("the leader: %v, %v", got, err)
	}
	if _, err := begin(1); !internal(err) {
		t.Errorf("the standby: %v", err)
	}
	upload := func(name string, owner *string) (*storm.NimbusRebalanceResult, error) {
		out := storm.NewNimbusRebalanceResult()
		_, err := nimbusOf(t, s, 0).Client_().Call(ctx, "uploadNewCredentials", &uploadRequest{name, &credentials{values: map[string]string{"k": "v"}, owner: owner}}, out)
		return out, err
	}
	if got, err := upload("nobody", nil); err != nil || got.E.GetMsg() != "nobody is not alive" {
		t.Errorf("unknown: %v, %v", got, err)
	}
	tp := s.w.topology("wordcount")
	if got, err := upload("wordcount", new("mallory")); err != nil || got.Aze.GetMsg() != tp.id+" is expected to be owned by mallory but is actually owned by " {
		t.Errorf("somebody else's: %v, %v", got, err)
	}
	if got, err := upload("wordcount", new("ingest")); err != nil || got.E != nil || got.Aze != nil || s.mirror.tree.nodes["/storm/credentials/"+tp.id] == nil {
		t.Errorf("one's own: %v, %v", got, err)
	}
}

// uploadRequest is what a client of uploadNewCredentials sends.
type uploadRequest struct {
	name        string
	credentials *credentials
}

func (r *uploadRequest) Read(context.Context, thrift.TProtocol) error { return errors.ErrUnsupported }

func (r *uploadRequest) Write(ctx context.Context, p thrift.TProtocol) error {
	return errors.Join(
		p.WriteFieldBegin(ctx, "name", thrift.STRING, 1), p.WriteString(ctx, r.name),
		p.WriteFieldBegin(ctx, "creds", thrift.STRUCT, 2), r.credentials.Write(ctx, p), p.WriteFieldStop(ctx))
}

// FuzzNimbusRequest sends anything to a Nimbus: it answers, or ends the
// connection, and never falls over.
func FuzzNimbusRequest(f *testing.F) {
	w := NewDemo(1, testStart)
	a := &answers{
		w: w, hosts: []string{"nim-a", "nim-b"}, ports: []int{6627, 6627}, changed: func() {},
		conf: func() string { return "{}" },
	}
	processors := storm.NewNimbusProcessor(a).ProcessorMap()
	seed := func(method string, args thrift.TStruct) {
		buf, out := stormthrift.NewWriter()
		if err := errors.Join(out.WriteMessageBegin(f.Context(), method, thrift.CALL, 1), args.Write(f.Context(), out)); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	id := w.topology("wordcount").id
	seed("rebalance", &storm.NimbusRebalanceArgs{Name: "wordcount", Options: &storm.RebalanceOptions{NumExecutors: map[string]int32{"split": 2}}})
	seed("killTopologyWithOpts", &storm.NimbusKillTopologyWithOptsArgs{Name: "global-alarms", Options: &storm.KillOptions{}})
	seed("setWorkerProfiler", &storm.NimbusSetWorkerProfilerArgs{ID: id, ProfileRequest: jstack("w1", 6700)})
	seed("uploadNewCredentials", &uploadRequest{"wordcount", &credentials{values: map[string]string{"k": "v"}}})
	seed("getTopologyPageInfo", &storm.NimbusGetTopologyPageInfoArgs{ID: id, Window: "600"})
	seed("getSupervisorPageInfo", &stormthrift.SupervisorPageArgs{Host: new("w1")})
	f.Fuzz(func(t *testing.T, request []byte) {
		reply, err := a.answer(t.Context(), processors, request)
		if err == nil && len(reply) == 0 {
			t.Error("an empty reply")
		}
		w.Step(time.Second)
	})
}
