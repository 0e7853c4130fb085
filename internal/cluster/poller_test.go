package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// started runs a poller in the bubble and returns it with its end.
func started(t *testing.T, cfg Config) (*Poller, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := New(cfg)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	synctest.Wait()
	return p, func() {
		cancel()
		<-done
	}
}

// newest takes what a reader that was away would get.
func newest(t *testing.T, p *Poller) *Snapshot {
	t.Helper()
	synctest.Wait()
	select {
	case s := <-p.Snapshots():
		return s
	default:
		return p.Latest()
	}
}

func TestFirstSnapshotComesBeforeAnyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1), slow: 3 * time.Second}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		if s := newest(t, p); s == nil || s.Cluster != nil || s.Seq != 1 {
			t.Fatalf("the first snapshot is %+v, want an empty one", s)
		}
		time.Sleep(3 * time.Second)
		if s := newest(t, p); s.Cluster == nil || len(s.Topologies) != 1 {
			t.Fatalf("no data after the first answer: %+v", s)
		}
	})
}

func TestAStandbysAnswerIsNeverPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(2)}
		p, stop := started(t, Config{Nimbus: n, Jitter: func() float64 { return 1 }})
		defer stop()
		if got := *newest(t, p).Topologies["words-1"].Summary.Workers; got != 2 {
			t.Fatalf("workers %d, want 2", got)
		}
		// Demoted on a live connection: it now answers with zeros.
		n.set(func(n *fakeNimbus) { n.cluster, n.demoted = oneTopology(0), true })
		for range 8 {
			time.Sleep(5 * time.Second)
			s := newest(t, p)
			if got := *s.Topologies["words-1"].Summary.Workers; got != 2 {
				t.Fatalf("a standby's %d workers reached the picture", got)
			}
		}
		s := newest(t, p)
		if !errors.Is(s.Link.NimbusErr, nimbusclient.ErrNotLeader) || !s.Stale(time.Now()) {
			t.Fatalf("link %v, stale %v; want the reason and the age", s.Link.NimbusErr, s.Stale(time.Now()))
		}
		n.set(func(n *fakeNimbus) { n.cluster, n.demoted = oneTopology(3), false })
		time.Sleep(10 * time.Second) // the election is looked at every two seconds
		s = newest(t, p)
		if got := *s.Topologies["words-1"].Summary.Workers; got != 3 || s.Stale(time.Now()) {
			t.Fatalf("workers %d, stale %v after the election; want 3, fresh", got, s.Stale(time.Now()))
		}
	})
}

func TestFailuresBackOffAndKeepTheData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{fail: nimbusclient.ErrRefused}
		p, stop := started(t, Config{Nimbus: n, Jitter: func() float64 { return 1 }})
		defer stop()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if n.reads < 10 || n.reads > 20 { // 0.5 1 2 4 8 16 30 30 …
			t.Errorf("%d polls in five minutes of refusals, want a backing off series", n.reads)
		}
		s := newest(t, p)
		if s.Link.Attempt != n.reads || s.Link.NextTry.IsZero() {
			t.Errorf("attempt %d of %d, next try %v", s.Link.Attempt, n.reads, s.Link.NextTry)
		}
		p.Refresh()
		synctest.Wait()
		if got := newest(t, p).Link.Attempt; got != n.reads {
			t.Errorf("refresh did not try at once: attempt %d, reads %d", got, n.reads)
		}
	})
}

func TestDetailsOnlyOnDemandAndNotFasterThanTheHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1), conf: `{"executor.metrics.frequency.secs": 60}`}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n.called("page")+n.called("info") != 0 {
			t.Fatal("details were read that nobody asked for")
		}
		key := PageKey{Window: nimbusclient.Window10m}
		p.Demand(Demand{Pages: map[string][]PageKey{"words-1": {key}}, Infos: map[string]bool{"words-1": true}})
		synctest.Wait()
		if n.called("page") != 1 || n.called("info") != 1 {
			t.Fatalf("after the demand: %v", n.calls)
		}
		if newest(t, p).Topologies["words-1"].Page(nimbusclient.Window10m, false) == nil {
			t.Fatal("the page is not in the snapshot")
		}
		time.Sleep(5*time.Minute + time.Second)
		synctest.Wait()
		if got := n.called("page"); got < 5 || got > 6 {
			t.Errorf("%d pages in five minutes of a 60 s heartbeat, want 6", got)
		}
		if got := n.called("nimbusConf"); got != 1 {
			t.Errorf("Nimbus' configuration was read %d times from one leader", got)
		}
		if n.most != 1 {
			t.Errorf("%d reads in flight at once", n.most)
		}
	})
}

func TestARefusalStaysWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1), refuse: map[string]error{"info": nimbusclient.ErrUnauthorized}}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		p.Demand(Demand{Pages: map[string][]PageKey{"words-1": {{Window: nimbusclient.Window3h}}}, Infos: map[string]bool{"words-1": true}})
		s := newest(t, p)
		top := s.Topologies["words-1"]
		if !errors.Is(top.Errs["getTopologyInfo"], nimbusclient.ErrUnauthorized) || top.Page(nimbusclient.Window3h, false) == nil || s.Link.NimbusErr != nil {
			t.Fatalf("errs %v, page %v, link %v", top.Errs, top.Pages, s.Link.NimbusErr)
		}
	})
}

func TestZooKeeperAloneStillShowsTopologies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK(zkview.View{
			Storms:      map[string]zkview.Storm{"words-1": {TopologyID: "words-1", Name: "words", Status: "ACTIVE"}},
			Supervisors: []zkview.Supervisor{{ID: "sup-1", Host: "w1", Ports: []int{6700, 6701}}},
			Assignments: map[string]zkview.Assignment{"words-1": {
				TopologyID: "words-1", Hosts: map[string]string{"sup-1": "w1"},
				Executors: map[zkview.TaskRange]zkview.Slot{{Start: 1, End: 1}: {Node: "sup-1", Port: 6700}},
			}},
		})
		p, stop := started(t, Config{Nimbus: &fakeNimbus{fail: nimbusclient.ErrRefused}, ZK: zk})
		defer stop()
		s := newest(t, p)
		if rows := s.TopologyRows(); len(rows) != 1 || rows[0].Name != "words" || *rows[0].Workers != 1 {
			t.Fatalf("topologies from ZooKeeper: %+v", rows)
		}
		if len(s.Hosts) != 1 || len(s.Hosts[0].Slots) != 2 || s.Hosts[0].Slots[0].TopologyID != "words-1" {
			t.Fatalf("slots from ZooKeeper: %+v", s.Hosts)
		}
	})
}

func TestALostHostShowsWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := zkview.View{Supervisors: []zkview.Supervisor{{ID: "a", Host: "w1", Ports: []int{6700}}, {ID: "b", Host: "w2", Ports: []int{6700}}}}
		zk := newFakeZK(two)
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: nimbusclient.Cluster{}}, ZK: zk})
		defer stop()
		time.Sleep(time.Second)
		zk.change(zkview.View{Supervisors: two.Supervisors[:1]}, nil)
		time.Sleep(2 * time.Second)
		s := newest(t, p)
		if h := s.Host("b"); h == nil || h.LostAt.IsZero() {
			t.Fatalf("the lost host is %+v", h)
		}
		if s.Feed[0].Kind != ChangeSupervisor || s.Feed[0].Sign != '-' {
			t.Fatalf("the feed says %+v", s.Feed[0])
		}
		zk.change(two, nil)
		time.Sleep(2 * time.Second)
		s = newest(t, p)
		if h := s.Host("b"); h == nil || !h.LostAt.IsZero() {
			t.Fatalf("the returned host is %+v", h)
		}
	})
}

func TestZooKeepersFailureKeepsItsLastView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK(zkview.View{Supervisors: []zkview.Supervisor{{ID: "a", Host: "w1"}}})
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: oneTopology(1)}, ZK: zk})
		defer stop()
		zk.change(zkview.View{}, zkview.ErrUnavailable)
		time.Sleep(time.Minute)
		s := newest(t, p)
		if !errors.Is(s.Link.ZKErr, zkview.ErrUnavailable) || len(s.ZK.Supervisors) != 1 || s.Link.NimbusErr != nil {
			t.Fatalf("zk %v with %d supervisors, nimbus %v", s.Link.ZKErr, len(s.ZK.Supervisors), s.Link.NimbusErr)
		}
	})
}

func TestSnapshotsAreConflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: oneTopology(1)}, Every: time.Second})
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		s := <-p.Snapshots()
		if s != p.Latest() || s.Seq < 50 {
			t.Fatalf("a slow reader got snapshot %d, the newest is %d", s.Seq, p.Latest().Seq)
		}
		select {
		case old := <-p.Snapshots():
			t.Fatalf("snapshot %d was queued", old.Seq)
		default:
		}
	})
}

// A view of ZooKeeper must not wait for a Nimbus that takes its time.
func TestNewsFromZooKeeperDoNotWaitForNimbus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK(zkview.View{})
		p, stop := started(t, Config{Nimbus: &fakeNimbus{slow: time.Hour}, ZK: zk})
		defer stop()
		zk.change(zkview.View{Supervisors: []zkview.Supervisor{{ID: "a", Host: "w1"}}}, nil)
		time.Sleep(time.Second)
		if s := newest(t, p); len(s.Hosts) != 1 {
			t.Fatalf("hosts %+v while Nimbus is silent", s.Hosts)
		}
	})
}
