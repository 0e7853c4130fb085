package report

import (
	"math"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/nimbusclient"
)

// What the UI derives, and how it differs between its versions.
func TestDerivedAsTheUI(t *testing.T) {
	v1, v2 := nimbusclient.Server{Line: nimbusclient.V1}, nimbusclient.Server{Line: nimbusclient.V2}
	sup := nimbusclient.Supervisor{Resources: map[string]float64{"supervisor.memory.capacity.mb": 100, "supervisor.cpu.capacity": 50}, UsedMem: new(130.0), Slots: new(2), UsedSlots: new(3)}
	value := func(s nimbusclient.Server, key string) any { return row(sup, supervisorFields(s)).get(key) }
	for _, test := range []struct {
		what      string
		got, want any
	}{
		{"memory left on 1.x is never negative", value(v1, "availMem"), 0.0},
		{"memory left on 2.x is", value(v2, "availMem"), -30.0},
		{"what is not reported as used is free", value(v2, "availCpu"), 50.0},
		{"but its use is not known", value(v2, "usedCpu"), nil},
		{"more slots used than there are leave none", value(v2, "slotsFree"), 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.what, test.got, test.want)
		}
	}
	topology := nimbusclient.TopologySummary{Assigned: nimbusclient.Assigned{RequestedMemOnHeap: new(1.0), RequestedMemOffHeap: new(2.0), AssignedMemOnHeap: new(4.0)}}
	total := func(s nimbusclient.Server) any { return row(topology, topologyFields(s)).get("requestedTotalMem") }
	if total(v1) != 3.0 || total(v2) != 6.0 {
		t.Errorf("requestedTotalMem of the list: 1.x %v, 2.x %v", total(v1), total(v2))
	}
	off := &nimbusclient.Debug{SamplingPct: new(30.0)}
	for _, test := range []struct {
		debug  *nimbusclient.Debug
		server nimbusclient.Server
		page   bool
		on     any
		pct    any
	}{
		{nil, nimbusclient.Server{Line: nimbusclient.V0_9}, true, nil, nil},
		{nil, v2, true, false, nil},
		{off, v1, true, false, 30.0},
		{off, v2, true, false, nil},
		{off, v2, false, false, 30.0},
		{&nimbusclient.Debug{Enabled: true, SamplingPct: new(5.0)}, v2, true, true, 5.0},
	} {
		o := debugKeys(test.debug, test.server, test.page)
		if o.get("debug") != test.on || o.get("samplingPct") != test.pct {
			t.Errorf("sampling %+v on %s: %v", test.debug, test.server.Line, o)
		}
	}
}

func TestSums(t *testing.T) {
	sups := []nimbusclient.Supervisor{{Slots: new(4), UsedSlots: new(1)}, {Slots: new(4)}}
	o := clusterSummary(nimbusclient.Cluster{Supervisors: sups}, nimbusclient.Server{}, nil)
	if o.get("slotsTotal") != 8 || o.get("slotsUsed") != nil || o.get("slotsFree") != nil || o.get("supervisors") != 2 {
		t.Errorf("a sum of which a part is missing: %v", o)
	}
	o = clusterSummary(nimbusclient.Cluster{}, nimbusclient.Server{}, nil)
	if o.get("slotsTotal") != 0 || o.get("executorsTotal") != 0 {
		t.Errorf("sums of nothing: %v", o)
	}
	full := nimbusclient.Supervisor{Resources: map[string]float64{"memory.mb": 200}, UsedMem: new(50.0)}
	o = clusterSummary(nimbusclient.Cluster{Supervisors: []nimbusclient.Supervisor{full, full}}, nimbusclient.Server{Line: nimbusclient.V2}, nil)
	if o.get("totalMem") != 400.0 || o.get("availMem") != 300.0 || o.get("memAssignedPercentUtil") != 25.0 || o.get("totalCpu") != nil {
		t.Errorf("memory: %v", o)
	}
}

func TestNimbusRows(t *testing.T) {
	c := nimbusclient.Cluster{Nimbuses: []nimbusclient.Nimbus{{Host: "b", Port: 6627, Leader: true}, {Host: "a", Port: 6627}}}
	conf := map[string]any{"nimbus.seeds": []any{"a", "b", "c", "localhost", 7, ""}, "nimbus.thrift.port": 6627.0}
	var got []string
	for _, n := range nimbusRows(c, conf) {
		got = append(got, n.addr()+" "+n.status)
	}
	if want := "a:6627 Not a Leader, b:6627 Leader, c:6627 Offline"; strings.Join(got, ", ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if leaderOf(nimbusRows(c, conf)) != "b:6627" || leaderOf(nil) != nil {
		t.Error("wrong leader")
	}
	old := nimbusclient.Cluster{NimbusUptimeSecs: new(350)}
	rows := nimbusRows(old, map[string]any{"nimbus.host": "nim", "nimbus.thrift.port": 26627.0})
	if len(rows) != 1 || rows[0].addr() != "nim:26627" || rows[0].status != roleLeader || *rows[0].uptime != 350 {
		t.Errorf("before 1.0: %+v", rows)
	}
}

// A shell bolt shows L where a JVM bolt shows its capacity; both numbers are in
// the wide table.
func TestLoad(t *testing.T) {
	field := loadField[componentRow]()
	for _, test := range []struct {
		kind, capacity, inside any
		want                   string
	}{
		{jvm, 0.5, 2.0, "0.50"},
		{"python3", 0.002, 1.4, "L 1.40"},
		{"python3", 0.002, nil, "–"},
		{nil, 0.5, nil, "0.50"},
		{jvm, nil, nil, "–"},
	} {
		o := object{{"kind", test.kind}, {"capacity", test.capacity}, {"tuplesInside", test.inside}}
		if got := field.cell(o); got != test.want {
			t.Errorf("%v: %q, want %q", o, got, test.want)
		}
	}
	if known(math.NaN()) != nil || known(math.Inf(1)) != nil || *known(2) != 2 {
		t.Error("known takes what is no number")
	}
}

func TestShareOfExecutors(t *testing.T) {
	n := func(v int64) nimbusclient.Stats { return nimbusclient.Stats{Executed: &v, Emitted: new(int64(1))} }
	c := nimbusclient.Component{ID: "c", Kind: nimbusclient.Bolt, Execs: []nimbusclient.ExecutorRow{
		{ID: nimbusclient.ExecutorID{Start: 2, End: 2}, Stats: n(75)}, {ID: nimbusclient.ExecutorID{Start: 1, End: 1}, Stats: n(25)},
	}}
	list := executorRows(c, Detail{})
	if list[0].ID.Start != 1 || *list[0].share != 0.25 || *list[1].share != 0.75 || list[0].inside != nil {
		t.Errorf("%+v", list)
	}
	c.Kind = nimbusclient.Spout
	if list = executorRows(c, Detail{}); *list[0].share != 0.5 {
		t.Errorf("a spout's share goes by what it emits: %v", *list[0].share)
	}
}

func TestProblems(t *testing.T) {
	health := diagnose.Report{Checked: 2, Rules: 5, Pending: []string{"x"}, Findings: []diagnose.Finding{
		{Level: cluster.LevelWarn, Where: "b"}, {Level: cluster.LevelGood, Where: "gone"}, {Level: cluster.LevelCrit, Where: "z"}, {Level: cluster.LevelWarn, Where: "a"},
	}}
	var got []string
	for _, f := range problemsOf(health) {
		got = append(got, f.Where)
	}
	if strings.Join(got, " ") != "z a b" {
		t.Errorf("problems %v", got)
	}
	for _, test := range []struct {
		health diagnose.Report
		want   string
	}{
		{diagnose.Report{}, "Nothing could be checked."},
		{diagnose.Report{Checked: 5, Rules: 5}, "None: all 5 rules checked."},
		{diagnose.Report{Checked: 2, Rules: 5, Pending: []string{"x"}}, "None seen: 2 of 5 rules checked; the others need more than one look."},
	} {
		if got := problemSection(nil, test.health).empty; got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
