package diagnose

import (
	"math"
	"testing"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/rebalance"
)

func TestPlanInput(t *testing.T) {
	s := healthy()
	top := s.Topologies["words-1"]
	if _, ok := PlanTopology(s, "words-1", nimbusclient.Window10m); ok {
		t.Error("planned without executors")
	}
	top.Pages[cluster.PageKey{Window: nimbusclient.Window10m, Sys: true}] = pageOf(s)
	top.Info = &nimbusclient.TopologyInfo{ExecutorList: []nimbusclient.Executor{
		{ID: nimbusclient.ExecutorID{Start: 1, End: 1}, Component: "lines", Host: "w1", Port: 6700},
		{ID: nimbusclient.ExecutorID{Start: 2, End: 3}, Component: "count", Host: "w1", Port: 6700},
		{ID: nimbusclient.ExecutorID{Start: 4, End: 5}, Component: "count", Host: "w2", Port: 6700},
		{ID: nimbusclient.ExecutorID{Start: 6, End: 6}, Component: "__acker", Host: "w2", Port: 6700},
	}}
	top.Structure = &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{
		{ID: "__acker", Kind: nimbusclient.Bolt},
		{ID: "count", Kind: nimbusclient.Bolt, Shell: &nimbusclient.Shell{}},
		{ID: "lines", Kind: nimbusclient.Spout},
		{ID: "__none", Kind: nimbusclient.Bolt},
	}}
	top.Conf = map[string]any{"topology.message.timeout.secs": 30.0, "topology.workers": 5.0}
	top.Rates = cluster.TopologyRates{Acked: cluster.Rate{PerSec: 100}, Components: map[string]cluster.ComponentRates{"count": {Skew: 1.5}, "lines": {Skew: math.NaN()}}}
	s.Hosts = []cluster.Host{
		{ID: "a", Name: "w1", FreeNoPort: 1, Slots: []cluster.Slot{{Port: 6700, State: cluster.SlotUsed, TopologyID: "words-1", Executors: 2}, {Port: 6701}}},
		{ID: "b", Name: "w2", LostAt: t0, Slots: []cluster.Slot{{Port: 6700}}},
	}
	s.Link.Nimbus.Server.Version = "2.8.3-SNAPSHOT"

	p, ok := PlanTopology(s, "words-1", nimbusclient.Window10m)
	if !ok || p.Name != "words" || p.Status != "ACTIVE" || p.Workers != 2 || p.Wanted != 1 || p.MessageTimeout != 30 ||
		p.AckedPerSecond != 100 || p.CompleteMillis != 20 || p.ResourceAware || len(p.Components) != 3 {
		t.Fatalf("%+v", p)
	}
	count, _ := p.Find("count")
	if count.Tasks != 4 || count.Executors != 2 || !count.Shell || count.Skew != 1.5 || count.Kind != rebalance.Bolt || *count.Capacity != 0.2 {
		t.Errorf("count: %+v", count)
	}
	if a, _ := p.Find("__acker"); a.Kind != rebalance.System {
		t.Errorf("acker: %+v", a)
	}
	if l, _ := p.Find("lines"); l.Kind != rebalance.Spout || l.Skew != 0 {
		t.Errorf("lines: %+v", l)
	}
	if c := PlanCluster(s, 30, 4); c != (rebalance.Cluster{FreeSlots: 2, Hosts: 1, Major: 2, Minor: 8, MinWait: 30, MaxFactor: 4}) {
		t.Errorf("cluster: %+v", c)
	}
	if h := PlanHosts(s); len(h) != 1 || len(h[0].Slots) != 3 || h[0].Slots[0].TopologyID != "words-1" {
		t.Errorf("hosts: %+v", h)
	}
	s.NimbusConf = map[string]any{"storm.scheduler": "org.apache.storm.scheduler.resource.ResourceAwareScheduler"}
	if p, _ := PlanTopology(s, "words-1", nimbusclient.Window10m); !p.ResourceAware {
		t.Error("the resource aware scheduler is not seen")
	}
}
