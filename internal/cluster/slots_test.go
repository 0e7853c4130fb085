package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

var (
	start = time.Unix(1_700_000_000, 0)
	one   = place{"a", 6700}
)

func never(string) bool  { return false }
func always(string) bool { return true }

func runs(begin int64, tasks ...int) map[place]placed {
	p := placed{topology: "words-1", first: begin, last: begin}
	for _, n := range tasks {
		p.tasks = append(p.tasks, nimbusclient.ExecutorID{Start: n, End: n})
	}
	return map[place]placed{one: p}
}

func book(lag time.Duration) *slotBook {
	b := newSlotBook()
	b.lag = lag
	b.assign(runs(100, 1), start, true, never, never)
	return b
}

func TestARestartIsCountedOnce(t *testing.T) {
	t.Parallel()
	at := func(secs int) time.Time { return start.Add(time.Duration(secs) * time.Second) }
	for _, c := range []struct {
		name string
		do   func(b *slotBook)
		want []int // lives
	}{
		{"grows", func(b *slotBook) {
			b.sight(one, "words-1", 300, byBeat, at(0))
			b.sight(one, "words-1", 310, byBeat, at(10))
		}, nil},
		{"falls", func(b *slotBook) {
			b.sight(one, "words-1", 300, byBeat, at(0))
			b.sight(one, "words-1", 5, byBeat, at(10))
		}, []int{300}},
		{"a page read before the heartbeat is only older", func(b *slotBook) {
			b.sight(one, "words-1", 310, byBeat, at(10))
			b.sight(one, "words-1", 300, byNimbus, at(11))
		}, nil},
		{"a page from before the restart is of the life before", func(b *slotBook) {
			b.sight(one, "words-1", 300, byBeat, at(0))
			b.sight(one, "words-1", 5, byBeat, at(10))
			b.sight(one, "words-1", 300, byNimbus, at(11))
			b.sight(one, "words-1", 15, byBeat, at(20))
		}, []int{300}},
		{"seen by the other source", func(b *slotBook) {
			b.sight(one, "words-1", 3000, byBeat, at(0))
			b.sight(one, "words-1", 20, byNimbus, at(90))
			b.sight(one, "words-1", 30, byBeat, at(100))
		}, []int{3000}},
		{"a rebalance begins anew", func(b *slotBook) {
			b.sight(one, "words-1", 300, byBeat, at(0))
			b.assign(runs(200, 1, 2), at(10), false, never, always)
			b.sight(one, "words-1", 305, byBeat, at(11)) // the old worker's last
			b.sight(one, "words-1", 4, byBeat, at(20))
		}, nil},
		{"assigned anew though nobody asked", func(b *slotBook) {
			b.sight(one, "words-1", 300, byBeat, at(0))
			b.assign(runs(200, 1), at(10), false, never, never)
			b.sight(one, "words-1", 4, byBeat, at(20))
		}, []int{300}},
	} {
		b := book(30 * time.Second)
		c.do(b)
		if got := b.slots[one]; !slices.Equal(got.lives, c.want) || got.restarts != len(c.want) || b.restarts["words-1"] != len(c.want) {
			t.Errorf("%s: lives %v, %d restarts, %d of the topology; want %v", c.name, got.lives, got.restarts, b.restarts["words-1"], c.want)
		}
	}
}

// A single source tells every restart whose new life is shorter than the old.
func TestEveryFallIsARestart(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	b := book(time.Minute)
	now, up, want := start, 1, 0
	for range 5000 {
		now = now.Add(10 * time.Second)
		if next := rng.IntN(10); rng.IntN(15) == 0 {
			if next+1 < up {
				want++
			}
			up = next + 1
		} else {
			up += 10
		}
		b.sight(one, "words-1", up, byBeat, now)
	}
	s := b.slots[one]
	if s.restarts != want || len(s.lives) > maxLives {
		t.Errorf("%d restarts and %d lives, want %d and at most %d", s.restarts, len(s.lives), want, maxLives)
	}
}

func TestANewWorkerComesWithItsOwnHeartbeat(t *testing.T) {
	t.Parallel()
	b := book(30 * time.Second)
	b.sight(one, "words-1", 5000, byBeat, start)
	b.assign(runs(200, 1, 2), start.Add(time.Minute), false, never, always)
	now := start.Add(70 * time.Second)
	b.sight(one, "words-1", 5010, byBeat, now)
	if !b.slots[one].coming(now) {
		t.Error("the old worker's heartbeat made the new one be there")
	}
	b.sight(one, "words-1", 6, byBeat, now)
	if b.slots[one].coming(now) {
		t.Error("the new worker reported and is still coming")
	}
}

func TestEmptySlotsAreForgotten(t *testing.T) {
	t.Parallel()
	b := book(time.Minute)
	b.assign(nil, start.Add(time.Minute), false, never, never)
	if s := b.slots[one]; !s.leaving(time.Minute, start.Add(2*time.Minute)) || s.leaving(time.Minute, start.Add(3*time.Minute)) {
		t.Error("a released worker leaves until it missed a heartbeat by half a period")
	}
	b.assign(nil, start.Add(time.Minute+emptyFor+time.Second), false, never, never)
	if len(b.slots) != 0 {
		t.Errorf("%d slots remembered", len(b.slots))
	}
}

func TestPagesTellOfSlotsWithoutZooKeeper(t *testing.T) {
	t.Parallel()
	m := newMemory(start, DefaultEvery)
	c := oneTopology(1)
	m.setServer(nimbusclient.Server{Line: nimbusclient.V2, HasPageCalls: true}, nil)
	m.setCluster(&c, start)
	page := func(up int, at time.Time) *Snapshot {
		p := &nimbusclient.Topology{Window: nimbusclient.Window10m, Workers: []nimbusclient.Worker{{SupervisorID: "sup-1", Host: "w1", Port: 6700, UptimeSecs: &up, Executors: new(3)}}}
		m.setPage("words-1", tenMinutes, p, at)
		return m.snapshot(Link{}, at)
	}
	page(600, start)
	s := page(20, start.Add(time.Minute))
	slot := s.Host("sup-1").Slot(6700)
	if slot.TopologyID != "words-1" || slot.State != SlotUsed || slot.Executors != 3 || slot.Restarts != 1 || s.Host("sup-1").FreeNoPort != 3 {
		t.Errorf("slot %+v of %+v", slot, s.Host("sup-1"))
	}
	if got := s.Topologies["words-1"]; got.Restarts != 1 || *got.Youngest != 20 {
		t.Errorf("topology %+v", got)
	}
}

// Nimbus may tell of a worker before ZooKeeper is read for the first time; that
// does not make it a new one.
func TestTheFirstAssignmentIsNoMove(t *testing.T) {
	t.Parallel()
	at := place{"sup-1", 6700}
	now := time.Unix(1_790_000_000, 0)
	none := func(string) bool { return false }
	b := newSlotBook()
	b.tell(map[place]worker{at: {topology: "words-1", executors: 2}}, now, func(place, *slotMemory) bool { return true })
	b.sight(at, "words-1", 86400, byNimbus, now)
	assigned := placed{topology: "words-1", tasks: []nimbusclient.ExecutorID{{Start: 1, End: 2}}, first: 1_789_900_000, last: 1_789_900_000}
	b.assign(map[place]placed{at: assigned}, now.Add(time.Second), true, none, none)
	s := b.slots[at]
	if s.coming(now.Add(time.Second)) || s.uptime != 86400 || s.restarts != 0 {
		t.Errorf("a worker that is up for a day is coming: %+v", s)
	}
	if len(s.tasks) != 1 {
		t.Errorf("its executors are not taken: %+v", s)
	}
}
