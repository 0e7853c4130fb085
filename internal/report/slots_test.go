package report

import (
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
)

func host(id string, slots, used int, known ...cluster.Slot) cluster.Host {
	return cluster.Host{ID: id, Name: "w1", Slots: known, Supervisor: &nimbusclient.Supervisor{ID: id, Host: "w1", Slots: &slots, UsedSlots: &used}}
}

func executorAt(start, port, uptime int) nimbusclient.Executor {
	return nimbusclient.Executor{ID: nimbusclient.ExecutorID{Start: start, End: start}, Component: "c", Host: "w1", Port: port, UptimeSecs: &uptime}
}

func infoOf(id string, list ...nimbusclient.Executor) nimbusclient.TopologyInfo {
	return nimbusclient.TopologyInfo{TopologySummary: nimbusclient.TopologySummary{ID: id, Name: "name of " + id}, ExecutorList: list}
}

func slotLines(t *testing.T, l Layout) string {
	t.Helper()
	var b strings.Builder
	for _, p := range l.places() {
		b.WriteString(strings.Join([]string{p.host, p.supervisor, plain(portOf(p)), slotWords[p.state], p.topology, plain(ptr(p.executors)), plain(ptr(p.uptime))}, " ") + "\n")
	}
	return b.String()
}

func TestPlaces(t *testing.T) {
	up := 40
	for name, test := range map[string]struct {
		layout Layout
		want   string
	}{
		"ZooKeeper knows every port": {
			Layout{Hosts: []cluster.Host{host("s1", 3, 1,
				cluster.Slot{Port: 6700, TopologyID: "a-1", State: cluster.SlotUsed, Executors: 4, UptimeSecs: &up},
				cluster.Slot{Port: 6701}, cluster.Slot{Port: 6702, TopologyID: "b-2", State: cluster.SlotLeaving})}},
			"w1 s1 6700 used a-1 4 40\nw1 s1 6701 free   \nw1 s1 6702 leaving b-2  \n",
		},
		"free ports are not known": {
			Layout{Hosts: []cluster.Host{host("s1", 3, 1, cluster.Slot{Port: 6701, TopologyID: "a-1", State: cluster.SlotUsed, Executors: 4})}},
			"w1 s1 6701 used a-1 4 \nw1 s1  free   \nw1 s1  free   \n",
		},
		"a slot is in use by somebody nobody names": {
			Layout{Hosts: []cluster.Host{host("s1", 2, 1)}},
			"w1 s1  used   \nw1 s1  free   \n",
		},
		"executors fill in": {
			Layout{
				Hosts: []cluster.Host{host("s1", 2, 1)},
				Infos: []nimbusclient.TopologyInfo{infoOf("a-1", executorAt(1, 6700, 10), executorAt(2, 6700, 12), executorAt(-1, 6700, 99))},
			},
			"w1 s1 6700 used a-1 2 12\nw1 s1  free   \n",
		},
		"two supervisors share a host name": {
			Layout{
				Hosts: []cluster.Host{host("s1", 1, 1, cluster.Slot{Port: 6700}), host("s2", 1, 1, cluster.Slot{Port: 6701})},
				Infos: []nimbusclient.TopologyInfo{infoOf("a-1", executorAt(1, 6701, 10), executorAt(2, 6700, 12))},
			},
			"w1 s1 6700 used a-1 1 12\nw1 s2 6701 used a-1 1 10\n",
		},
		"and nobody knows their ports": {
			Layout{
				Hosts: []cluster.Host{host("s1", 0, 0), host("s2", 0, 0)},
				Infos: []nimbusclient.TopologyInfo{infoOf("a-1", executorAt(1, 6701, 10))},
			},
			"w1  6701 used a-1 1 10\n",
		},
		"a lost host": {
			Layout{Hosts: []cluster.Host{{ID: "s1", Name: "w1", LostAt: now, Slots: []cluster.Slot{{Port: 6700, TopologyID: "a-1", State: cluster.SlotLost}}}}},
			"w1 s1 6700 lost a-1  \n",
		},
	} {
		before := slotLines(t, Layout{Hosts: test.layout.Hosts})
		if got := slotLines(t, test.layout); got != test.want {
			t.Errorf("%s:\n%swant\n%s", name, got, test.want)
		}
		if after := slotLines(t, Layout{Hosts: test.layout.Hosts}); after != before {
			t.Errorf("%s: the hosts given were changed:\n%s, were\n%s", name, after, before)
		}
	}
}

func TestRestarted(t *testing.T) {
	up := func(secs int) *int { return &secs }
	for _, test := range []struct {
		uptime *int
		start  time.Time
		want   any
	}{
		{up(3600), now.Add(-time.Hour), false},
		{up(3500), now.Add(-time.Hour), false},
		{up(60), now.Add(-time.Hour), true},
		{nil, now.Add(-time.Hour), nil},
		{up(60), time.Time{}, nil},
	} {
		if got := (place{uptime: test.uptime, start: test.start}).restarted(now); got != test.want {
			t.Errorf("uptime %v, assigned %s: %v, want %v", plain(ptr(test.uptime)), test.start, got, test.want)
		}
	}
}

func TestWorkersOfOneTopology(t *testing.T) {
	l := Layout{AsOf: now, Hosts: []cluster.Host{host("s1", 2, 2,
		cluster.Slot{Port: 6700, TopologyID: "a-1", State: cluster.SlotUsed}, cluster.Slot{Port: 6701, TopologyID: "b-1", State: cluster.SlotUsed})}}
	if got := written(t, Workers(l, "b-1"), Options{Format: FormatName}); got != "w1:6701\n" {
		t.Errorf("workers of b: %q", got)
	}
	if got := written(t, Workers(l, ""), Options{Format: FormatName}); got != "w1:6700\nw1:6701\n" {
		t.Errorf("all workers: %q", got)
	}
}
