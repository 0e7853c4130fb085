package cluster

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeNimbus is a leader that can be slow, fail, or lose its leadership.
type fakeNimbus struct {
	mu       sync.Mutex
	cluster  nimbusclient.Cluster
	infos    map[string]nimbusclient.TopologyInfo
	conf     string
	fail     error            // of every read
	refuse   map[string]error // by call: Nimbus' own answer
	demoted  bool             // answers, but does not lead when asked again
	slow     time.Duration
	reads    int
	calls    map[string]int
	inFlight int
	most     int
}

func (f *fakeNimbus) set(change func(*fakeNimbus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeNimbus) called(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[call]
}

func (f *fakeNimbus) State() nimbusclient.State { return nimbusclient.State{} }

func (f *fakeNimbus) Read(ctx context.Context, fn func(Reader) error) error {
	f.mu.Lock()
	f.reads++
	f.inFlight++
	f.most = max(f.most, f.inFlight)
	fail, slow := f.fail, f.slow
	f.mu.Unlock()
	defer f.set(func(f *fakeNimbus) { f.inFlight-- })
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail
	}
	if err := fn(fakeReader{f}); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.demoted {
		return nimbusclient.ErrNotLeader
	}
	return nil
}

type fakeReader struct{ f *fakeNimbus }

func (r fakeReader) note(call string) error {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	if r.f.calls == nil {
		r.f.calls = map[string]int{}
	}
	r.f.calls[call]++
	return r.f.refuse[call]
}

func (r fakeReader) Server() nimbusclient.Server {
	return nimbusclient.Server{Addr: "n1:6627", Line: nimbusclient.V2, Version: "2.8.3", HasPageCalls: true}
}

func (r fakeReader) Cluster() (*nimbusclient.Cluster, error) {
	err := r.note("cluster")
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	c := r.f.cluster
	return &c, err
}

func (r fakeReader) Topology(id string, w nimbusclient.Window, sys bool) (*nimbusclient.Topology, error) {
	return &nimbusclient.Topology{ID: id, Window: w, Sys: sys}, r.note("page")
}

func (r fakeReader) Component(id, component string, w nimbusclient.Window, sys bool) (*nimbusclient.Component, error) {
	return &nimbusclient.Component{ID: component, TopologyID: id, Window: w, Sys: sys}, r.note("component")
}

func (r fakeReader) Info(id string) (*nimbusclient.TopologyInfo, error) {
	err := r.note("info")
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	info := r.f.infos[id]
	return &info, err
}

func (r fakeReader) Structure(string) (*nimbusclient.Structure, error) {
	return &nimbusclient.Structure{}, r.note("structure")
}

func (r fakeReader) Conf(string) (string, error) {
	return `{"topology.stats.sample.rate": 1.0}`, r.note("conf")
}

func (r fakeReader) NimbusConf() (string, error) {
	err := r.note("nimbusConf")
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	return r.f.conf, err
}

func (r fakeReader) LogConfig(string) (map[string]nimbusclient.LogLevel, error) {
	return nil, r.note("logConfig")
}

func (r fakeReader) SupervisorPage(string, bool) (*nimbusclient.SupervisorPage, error) {
	return &nimbusclient.SupervisorPage{}, r.note("host")
}

// fakeZK is a ZooKeeper whose view can be changed.
type fakeZK struct {
	mu      sync.Mutex
	view    zkview.View
	err     error
	reads   int
	changes chan struct{}
}

func newFakeZK(v zkview.View) *fakeZK { return &fakeZK{view: v, changes: make(chan struct{}, 1)} }

func (f *fakeZK) View(context.Context) (zkview.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.view, f.err
}

func (f *fakeZK) Changes() <-chan struct{} { return f.changes }
func (f *fakeZK) State() zkview.State      { return zkview.State{} }

// change replaces the view and fires the watch.
func (f *fakeZK) change(v zkview.View, err error) {
	f.mu.Lock()
	f.view, f.err = v, err
	f.mu.Unlock()
	select {
	case f.changes <- struct{}{}:
	default:
	}
}

// oneTopology is a cluster of one host and one topology.
func oneTopology(workers int) nimbusclient.Cluster {
	return nimbusclient.Cluster{
		Nimbuses:    []nimbusclient.Nimbus{{Host: "n1", Port: 6627, Leader: true}},
		Supervisors: []nimbusclient.Supervisor{{ID: "sup-1", Host: "w1", Slots: new(4), UsedSlots: new(workers)}},
		Topologies: []nimbusclient.TopologySummary{{
			ID: "words-1", Name: "words", Status: nimbusclient.Active, Workers: new(workers), Executors: new(3), UptimeSecs: new(100),
		}},
	}
}
