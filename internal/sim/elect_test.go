package sim

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// leaderBy is who leads by the word of a Nimbus, "" for nobody.
func leaderBy(t *testing.T, c *storm.NimbusClient) string {
	t.Helper()
	n, err := c.GetLeader(t.Context())
	// An empty result is an error to the generated client.
	if e, ok := errors.AsType[thrift.TApplicationException](err); ok && e.TypeId() == thrift.MISSING_RESULT {
		return ""
	}
	must(t, err)
	return n.GetHost()
}

func TestFailover(t *testing.T) {
	s := served(t)
	ctx, first, c := t.Context(), nimbusOf(t, s, 0), nimbusOf(t, s, 1)
	_, err := first.GetLeader(ctx)
	must(t, err)
	s.w.EndNimbus(0)
	s.sync()
	if _, err := first.GetLeader(ctx); err == nil {
		t.Error("the dead Nimbus answers")
	}
	if conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.doors[0].at); err == nil {
		_ = conn.Close()
		t.Error("the dead Nimbus takes connections")
	}
	var seen []string
	at := map[string]int{}
	for second := range 60 {
		if name := leaderBy(t, c); len(seen) == 0 || seen[len(seen)-1] != name {
			seen = append(seen, name)
			at[name] = second
		}
		if second == 5 {
			cluster, err := c.GetClusterInfo(ctx)
			if err != nil || len(cluster.Nimbuses) != 2 || !cluster.Nimbuses[0].GetIsLeader() || cluster.Topologies[0].GetNumWorkers() != 0 {
				t.Errorf("after 5 s: %v, %v", cluster, err)
			}
		}
		move(t, s, time.Second)
	}
	if got := strings.Join(seen, ","); got != "nim-a,,nim-b" || at[""] != 18 || at["nim-b"] != 20 {
		t.Errorf("leaders %q at %v", got, at)
	}
	cluster, err := c.GetClusterInfo(ctx)
	if err != nil || len(cluster.Nimbuses) != 1 || cluster.Topologies[0].GetNumWorkers() == 0 || cluster.Topologies[0].GetReplicationCount() != 1 {
		t.Errorf("under the new leader: %v, %v", cluster, err)
	}
	must(t, c.Activate(ctx, "wordcount"))

	s.w.StartNimbus(0)
	move(t, s, 5*time.Second)
	old := nimbusOf(t, s, 0)
	if got := leaderBy(t, old); got != "nim-b" {
		t.Errorf("the old leader says that %q leads", got)
	}
	cluster, err = old.GetClusterInfo(ctx)
	if err != nil || len(cluster.Nimbuses) != 2 || cluster.Nimbuses[0].GetIsLeader() || cluster.Nimbuses[0].GetUptimeSecs() > 5 {
		t.Errorf("after its return: %v, %v", cluster, err)
	}
	if names := s.mirror.tree.children("/storm/leader-lock"); len(names) != 2 {
		t.Errorf("the queue is %v", names)
	}
}

func TestANewLeaderPutsBackWhatItRemembers(t *testing.T) {
	s := served(t)
	ctx, first, second := t.Context(), nimbusOf(t, s, 0), nimbusOf(t, s, 1)
	_, err := second.GetClusterInfo(ctx) // it has looked
	must(t, err)
	must(t, first.Rebalance(ctx, "wordcount", &storm.RebalanceOptions{WaitSecs: new(int32(0)), NumExecutors: map[string]int32{"split": 2}}))
	must(t, first.Rebalance(ctx, "global-alarms", &storm.RebalanceOptions{WaitSecs: new(int32(100))}))
	must(t, first.KillTopologyWithOpts(ctx, "wikipedia-trends", &storm.KillOptions{WaitSecs: new(int32(30))}))
	move(t, s, 10*time.Second)
	split := s.w.topology("wordcount").component("split")
	if len(split.executors) != 2 {
		t.Fatalf("%d executors after the rebalance", len(split.executors))
	}
	s.w.EndNimbus(0)
	move(t, s, 35*time.Second)
	if len(split.executors) != 2 {
		t.Error("the new leader was too quick")
	}
	if s.w.topology("wikipedia-trends") == nil {
		t.Error("the wait of the kill was not begun anew")
	}
	move(t, s, 20*time.Second)
	base, _ := stored(t, s, s.w.topology("wordcount").id)
	if len(split.executors) != 4 || base.ComponentExecutors["split"] != 2 {
		t.Errorf("%d executors, %d asked for", len(split.executors), base.ComponentExecutors["split"])
	}
	if s.w.topology("wikipedia-trends") != nil || s.w.topology("global-alarms").status != rebalancing {
		t.Error("a wait of the new leader ended too late or too early")
	}
}

func TestWithoutALeaderNothingIsDone(t *testing.T) {
	w := NewDemo(1, testStart)
	w.EndNimbus(0)
	w.EndNimbus(1)
	w.EndNimbus(7) // there is none
	tp := w.topologies[0]
	w.lose(tp.workers[0].host)
	run(w, 2*time.Minute)
	if !tp.workers[0].dead || w.acting() != -1 || w.lockHolder() != -1 {
		t.Error("somebody moved the workers of a lost host")
	}
	w.StartNimbus(1)
	run(w, 10*time.Second)
	if tp.workers[0].dead || w.acting() != 1 {
		t.Error("the Nimbus that came back did not")
	}
}

func TestARestartWithinTheTimeoutQueuesBehind(t *testing.T) {
	w := NewDemo(1, testStart)
	w.EndNimbus(0)
	run(w, 3*time.Second)
	w.StartNimbus(0)
	run(w, 10*time.Second)
	if w.acting() != -1 || w.lockHolder() != 0 || !w.nimbuses[0].named || w.nimbuses[0].until != 0 {
		t.Errorf("%d leads, the lock is with %d", w.acting(), w.lockHolder())
	}
	run(w, 10*time.Second)
	if w.acting() != 1 || len(w.latches) != 2 {
		t.Errorf("%d leads, %d in the queue", w.acting(), len(w.latches))
	}
}
