package cluster

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

var tenMinutes = PageKey{Window: nimbusclient.Window10m}

func pagesOf(ids ...string) Demand {
	d := Demand{Pages: map[string][]PageKey{}}
	for _, id := range ids {
		d.Pages[id] = []PageKey{tenMinutes}
	}
	return d
}

// many is a cluster of n topologies.
func many(n int) nimbusclient.Cluster {
	c := oneTopology(1)
	c.Topologies = nil
	for i := range n {
		name := fmt.Sprintf("t%03d", i)
		c.Topologies = append(c.Topologies, nimbusclient.TopologySummary{ID: name + "-1", Name: name, Status: nimbusclient.Active})
	}
	return c
}

// beating is a view in which the topology's one worker beat at a time.
func beating(at time.Time, uptime int64) zkview.View {
	slot := zkview.Slot{Node: "sup-1", Port: 6700}
	return zkview.View{
		Storms:      map[string]zkview.Storm{"words-1": {Name: "words", Status: "ACTIVE"}},
		Supervisors: []zkview.Supervisor{{ID: "sup-1", Host: "w1", Ports: []int{6700, 6701}}},
		Assignments: map[string]zkview.Assignment{"words-1": {
			Hosts: map[string]string{"sup-1": "w1"}, Executors: map[zkview.TaskRange]zkview.Slot{{Start: 1, End: 1}: slot},
		}},
		Heartbeats: map[string][]zkview.Heartbeat{"words-1": {{Slot: slot, Time: at, UptimeSecs: &uptime}}},
	}
}

// A worker's host whose clock runs ahead must not make every reading look old.
func TestAClockThatRunsAheadAsksNoFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1), slow: 10 * time.Millisecond}
		p, stop := started(t, Config{Nimbus: n, ZK: newFakeZK(beating(time.Now().Add(time.Hour), 500))})
		defer stop()
		p.Demand(pagesOf("words-1"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := n.called("page"); got > 4 {
			t.Errorf("%d pages in two minutes of a 60 s heartbeat", got)
		}
		if at := newest(t, p).Topologies["words-1"].BeatAt; at.After(time.Now()) {
			t.Errorf("a heartbeat at %v, in the future", at)
		}
	})
}

// With more details than may be asked for, the summary keeps its period and
// what a screen waits for goes first.
func TestDetailsHoldUpNeitherTheSummaryNorTheScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: many(300)}
		p, stop := started(t, Config{Nimbus: n, MaxPages: 300})
		defer stop()
		p.Demand(Demand{AllTopologies: true})
		time.Sleep(20*time.Second + time.Millisecond)
		synctest.Wait()
		if got := n.called("cluster"); got != 3 {
			t.Errorf("%d summaries in 20 s of a 10 s period", got)
		}
		if got := n.called("page"); got > 5*21 {
			t.Errorf("%d pages in 20 s at 5 a second", got)
		}
		d := pagesOf("t299-1")
		d.AllTopologies = true
		p.Demand(d)
		time.Sleep(time.Second)
		if newest(t, p).Topologies["t299-1"].Page(nimbusclient.Window10m, false) == nil {
			t.Error("the page on screen waited for those that nobody looks at")
		}
	})
}

func TestOnlyMaxPagesOfAllTopologiesAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: many(120)}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		p.Demand(Demand{AllTopologies: true})
		for minute := 1; minute <= 6; minute++ {
			time.Sleep(time.Minute)
			synctest.Wait()
			if got, most := n.called("page"), DefaultMaxPages*(minute+1); got > most {
				t.Fatalf("%d pages after %d heartbeats, want at most %d", got, minute, most)
			}
		}
		for _, top := range newest(t, p).Topologies {
			if top.Page(nimbusclient.Window10m, false) == nil {
				t.Fatalf("%s never had its turn", top.Summary.Name)
			}
		}
	})
}

// One question that Nimbus cannot answer in time is left alone; the others go
// on, and nothing looks stale.
func TestAQuestionThatBreaksTheConnectionIsLeftAlone(t *testing.T) {
	for _, broken := range []error{nimbusclient.ErrTimeout, nimbusclient.ErrFrameTooLarge, nimbusclient.ErrClosed} {
		t.Run(broken.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &fakeNimbus{cluster: oneTopology(1), refuse: map[string]error{"page": broken}}
				p, stop := started(t, Config{Nimbus: n})
				defer stop()
				d := pagesOf("words-1")
				d.Infos = map[string]bool{"words-1": true}
				p.Demand(d)
				for range 50 {
					time.Sleep(time.Second)
					if s := newest(t, p); s.Link.NimbusErr != nil || s.Stale(time.Now()) {
						t.Fatalf("stale for one question: %v", s.Link.NimbusErr)
					}
				}
				top := newest(t, p).Topologies["words-1"]
				if !errors.Is(top.Errs["getTopologyPageInfo"], broken) || top.Info == nil {
					t.Errorf("errs %v, info %v", top.Errs, top.Info)
				}
				if got := n.called("page"); got > 2 {
					t.Errorf("asked %d times in a minute", got)
				}
			})
		})
	}
}

// A leader that dies while it answers convicts no question.
func TestALeaderThatDiesConvictsNoQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1)}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		n.set(func(n *fakeNimbus) {
			n.refuse = map[string]error{"page": nimbusclient.ErrClosed, "cluster": nimbusclient.ErrNoLeader}
		})
		p.Demand(pagesOf("words-1"))
		time.Sleep(20 * time.Second)
		n.set(func(n *fakeNimbus) { n.refuse = nil })
		time.Sleep(5 * time.Second)
		top := newest(t, p).Topologies["words-1"]
		if top.Page(nimbusclient.Window10m, false) == nil || len(top.Errs) != 0 {
			t.Errorf("five seconds after the election: page %v, errs %v", top.Pages, top.Errs)
		}
	})
}

func TestRefreshKeepsWhatItReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1)}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		p.Demand(pagesOf("words-1"))
		time.Sleep(time.Second)
		n.set(func(n *fakeNimbus) { n.slow = time.Second })
		p.Refresh()
		for range 6 {
			time.Sleep(500 * time.Millisecond)
			top := newest(t, p).Topologies["words-1"]
			if top.PageAt[tenMinutes].IsZero() || top.Page(nimbusclient.Window10m, false) == nil {
				t.Fatal("a page lost its time while it was read again")
			}
		}
		if got := n.called("page"); got != 2 {
			t.Errorf("%d pages, want one more", got)
		}
	})
}

func TestAReadingThatHangsGoesStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1)}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		n.set(func(n *fakeNimbus) { n.slow = 5 * time.Minute })
		time.Sleep(29 * time.Second)
		if s := newest(t, p); s.Stale(time.Now()) {
			t.Fatal("stale within three periods")
		}
		time.Sleep(2 * time.Second)
		if s := newest(t, p); !s.Stale(time.Now()) || s.Cluster == nil {
			t.Fatalf("fresh after 31 s without an answer: %v", s.Link.StaleSince)
		}
	})
}

// However long nobody led, the new leader is seen soon.
func TestALateElectionIsSeenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1)}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		n.set(func(n *fakeNimbus) { n.fail = nimbusclient.ErrNoLeader })
		time.Sleep(time.Hour)
		n.set(func(n *fakeNimbus) { n.fail = nil })
		time.Sleep(3 * time.Second)
		if s := newest(t, p); s.Stale(time.Now()) || s.Link.NimbusErr != nil {
			t.Errorf("three seconds after the election: %v", s.Link.NimbusErr)
		}
	})
}

// A part of ZooKeeper that may not be read is unknown, not empty.
func TestAnUnreadablePartReleasesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zk := newFakeZK(beating(time.Now(), 500))
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: oneTopology(1)}, ZK: zk})
		defer stop()
		blind := beating(time.Now(), 510)
		blind.Assignments, blind.Supervisors, blind.Storms = nil, nil, nil
		blind.Missing = map[string]string{"/assignments": "no read permission", "/supervisors": "no read permission", "/storms": "no read permission"}
		zk.change(blind, nil)
		time.Sleep(2 * time.Second)
		s := newest(t, p)
		if h := s.Host("sup-1"); !h.LostAt.IsZero() || h.Slots[0].State != SlotUsed || len(s.Feed) != 0 {
			t.Errorf("host %+v, feed %+v", h, s.Feed)
		}
	})
}

// Nimbus' last summary still names a host that ZooKeeper has just lost; a
// ZooKeeper of another cluster says nothing about this one's hosts.
func TestZooKeeperDecidesWhichHostsAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneTopology(1)
		zk := newFakeZK(beating(time.Now(), 500))
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: c}, ZK: zk})
		defer stop()
		gone := beating(time.Now(), 500)
		gone.Supervisors = nil
		zk.change(gone, nil)
		time.Sleep(2 * time.Second)
		if h := newest(t, p).Host("sup-1"); h.LostAt.IsZero() {
			t.Error("the host is there although its registration ended")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		other := zkview.View{Supervisors: []zkview.Supervisor{{ID: "other", Host: "x1"}}}
		p, stop := started(t, Config{Nimbus: &fakeNimbus{cluster: oneTopology(1)}, ZK: newFakeZK(other)})
		defer stop()
		time.Sleep(time.Minute)
		if h := newest(t, p).Host("sup-1"); h == nil || !h.LostAt.IsZero() {
			t.Errorf("a host of Nimbus is %+v by another cluster's tree", h)
		}
	})
}

// While Nimbus is silent, ZooKeeper tells what is alive.
func TestZooKeeperCorrectsASilentNimbus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1)}
		zk := newFakeZK(beating(time.Now(), 500))
		p, stop := started(t, Config{Nimbus: n, ZK: zk})
		defer stop()
		n.set(func(n *fakeNimbus) { n.fail = nimbusclient.ErrRefused })
		time.Sleep(15 * time.Second)
		v := beating(time.Now(), 515)
		v.Storms = map[string]zkview.Storm{"words-1": {Name: "words", Status: "KILLED"}, "new-2": {Name: "new", Status: "ACTIVE"}}
		zk.change(v, nil)
		time.Sleep(time.Second)
		rows := newest(t, p).TopologyRows()
		if len(rows) != 2 || rows[0].Name != "new" || rows[1].Status != nimbusclient.Killed || rows[1].Executors == nil {
			t.Errorf("rows %+v", rows)
		}
	})
}

// A refused configuration is not "loading" for ever: the reason is told.
func TestARefusedNimbusConfigurationSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: oneTopology(1), refuse: map[string]error{"nimbusConf": nimbusclient.ErrUnauthorized}}
		p, stop := started(t, Config{Nimbus: n})
		defer stop()
		s := newest(t, p)
		if !errors.Is(s.NimbusConfErr, nimbusclient.ErrUnauthorized) || s.Link.NimbusErr != nil {
			t.Errorf("configuration: %v, link: %v", s.NimbusConfErr, s.Link.NimbusErr)
		}
	})
}
