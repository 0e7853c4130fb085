package follow

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/stormtop/stormtop/internal/cluster"
)

// Poller is where the picture of the cluster comes from; *cluster.Poller is one.
type Poller interface {
	Snapshots() <-chan *cluster.Snapshot
	Latest() *cluster.Snapshot
	Demand(cluster.Demand)
}

// Feed shares one poller between the console and the sessions: each sees every
// change, and what each demands is asked for. Run it.
type Feed struct {
	poller Poller
	out    chan *cluster.Snapshot

	mu     sync.Mutex
	own    cluster.Demand
	others map[*Session]cluster.Demand
	wake   map[*Session]chan struct{}
}

// NewFeed makes a feed of a poller that nobody else reads.
func NewFeed(p Poller) *Feed {
	return &Feed{poller: p, out: make(chan *cluster.Snapshot, 1), others: map[*Session]cluster.Demand{}, wake: map[*Session]chan struct{}{}}
}

// Run hands snapshots on until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-f.poller.Snapshots():
			select {
			case <-f.out: // an older one that nobody took
			default:
			}
			f.out <- s
			f.mu.Lock()
			for _, w := range f.wake {
				nudge(w)
			}
			f.mu.Unlock()
		}
	}
}

// Snapshots gives the newest snapshot to the one reader that is no session.
func (f *Feed) Snapshots() <-chan *cluster.Snapshot { return f.out }

// Latest returns the newest snapshot, nil before there is one.
func (f *Feed) Latest() *cluster.Snapshot { return f.poller.Latest() }

// Demand says what the console needs, beside what the sessions do.
func (f *Feed) Demand(d cluster.Demand) {
	f.mu.Lock()
	f.own = d
	all := f.merged()
	f.mu.Unlock()
	f.poller.Demand(all)
}

// join lets a session see changes, and demand.
func (f *Feed) join(s *Session, d cluster.Demand) <-chan struct{} {
	w := make(chan struct{}, 1)
	f.mu.Lock()
	f.wake[s], f.others[s] = w, d
	all := f.merged()
	f.mu.Unlock()
	f.poller.Demand(all)
	return w
}

func (f *Feed) leave(s *Session) {
	f.mu.Lock()
	delete(f.wake, s)
	delete(f.others, s)
	all := f.merged()
	f.mu.Unlock()
	f.poller.Demand(all)
}

// merged is everything that is demanded; f.mu is held.
func (f *Feed) merged() cluster.Demand {
	d := f.own
	if len(f.others) == 0 {
		return d
	}
	d.Infos, d.Structures, d.Confs = maps.Clone(d.Infos), maps.Clone(d.Structures), maps.Clone(d.Confs)
	for _, o := range f.others {
		d.NimbusConf = d.NimbusConf || o.NimbusConf
		for _, m := range []struct {
			into *map[string]bool
			from map[string]bool
		}{{&d.Infos, o.Infos}, {&d.Structures, o.Structures}, {&d.Confs, o.Confs}} {
			for _, id := range slices.Sorted(maps.Keys(m.from)) {
				if *m.into == nil {
					*m.into = map[string]bool{}
				}
				(*m.into)[id] = true
			}
		}
	}
	return d
}

// demandOf is what the poller must read for targets.
func demandOf(targets []Target) cluster.Demand {
	d := cluster.Demand{NimbusConf: true, Infos: map[string]bool{}, Structures: map[string]bool{}, Confs: map[string]bool{}}
	for _, t := range targets {
		if t.TopologyID == "" {
			continue
		}
		d.Infos[t.TopologyID], d.Structures[t.TopologyID], d.Confs[t.TopologyID] = true, true, true
	}
	return d
}

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
