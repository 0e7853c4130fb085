//go:build lab

package sim

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/lab"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

// TestLabSimIsTrueToRecording asks a real cluster the table of questions and
// compares with what was recorded of one, so that the recording that the
// simulator is held against stays true. With -update it is recorded anew. It
// kills the topology skew and submits it again.
func TestLabSimIsTrueToRecording(t *testing.T) {
	c, err := lab.Open(require.Env(t, lab.DescriptionVariable, "stormlab up and stormlab env give it"))
	must(t, err)
	if c.Version != Version {
		t.Skipf("the simulator is like Storm %s, this is %s", Version, c.Version)
	}
	zk, _, _ := strings.Cut(c.Zookeeper, "/")
	leader, err := c.Leader(t.Context())
	must(t, err)
	s := &subject{t: t, zk: zk, hosts: c.Hosts, wait: time.Sleep}
	s.nimbus = append(s.nimbus, leader)
	for _, n := range c.Nimbus {
		if n != leader {
			s.nimbus = append(s.nimbus, n)
		}
		host, _, err := net.SplitHostPort(n)
		must(t, err)
		s.names = append(s.names, host)
	}
	ids, err := c.TopologyIDs(t.Context())
	must(t, err)
	s.calm = role{"wordcount", ids["wordcount"], "sentences", "split"}
	s.failing = role{"flaky", ids["flaky"], "orders", "charge"}
	s.victim = role{"skew", ids["skew"], "clicks", "tally"}
	settle(t, s)
	t.Cleanup(func() {
		if err := c.Submit(context.WithoutCancel(t.Context()), "skew"); err != nil {
			t.Errorf("submitting skew again: %v", err)
		}
	})
	said := interview(s)
	if *update {
		must(t, writeTruth(said))
		return
	}
	for _, d := range differences(readTruth(t), said) {
		t.Errorf("recording and cluster disagree: %s", d)
	}
}

// settle waits until every executor counts what it does, and the failing bolt has
// reported several errors.
func settle(t *testing.T, s *subject) {
	t.Helper()
	counts := func(r role) bool {
		reply, err := s.ask(0, "getTopologyInfo", &storm.NimbusGetTopologyInfoArgs{ID: r.id})
		must(t, err)
		var result storm.NimbusGetTopologyInfoResult
		must(t, replied(reply, &result))
		// An executor that no key leads to never counts anything.
		counting := map[string]bool{}
		for _, e := range result.Success.Executors {
			if e.Stats == nil {
				return false
			}
			c, some := e.GetComponentID(), false
			if bolt := e.Stats.Specific.Bolt; bolt != nil {
				some = len(bolt.Executed) > 0
			}
			if spout := e.Stats.Specific.Spout; spout != nil {
				some = len(spout.Acked) > 0
			}
			counting[c] = counting[c] || some || c == eventLoggerID
		}
		return len(counting) > 0 && !slices.Contains(slices.Collect(maps.Values(counting)), false)
	}
	for range 300 {
		if counts(s.calm) && counts(s.failing) && counts(s.victim) && strings.HasPrefix(errorOrder(s)[0], "several") {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Fatalf("the topologies do not come to work: %v %v %v, errors %v", counts(s.calm), counts(s.failing), counts(s.victim), errorOrder(s))
}
