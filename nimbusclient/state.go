package nimbusclient

import (
	"slices"
	"sync"
	"time"
)

// LeaderPhase says how far the search for the leader is.
type LeaderPhase int

// The phases.
const (
	LeaderUnknown   LeaderPhase = iota // nobody was asked yet, or nobody answers
	LeaderNone                         // Nimbus answers that there is none
	LeaderDead                         // one is named, but it does not answer
	LeaderSettling                     // newly elected, still collecting its topologies
	LeaderConfirmed                    // it answers and calls itself the leader
)

// LeaderState is who leads, as far as it is known.
type LeaderState struct {
	Phase LeaderPhase
	// Nimbus is the one named; its zero value when none is.
	Nimbus Nimbus
	// By is the address that named it last.
	By string
	// Dialled is the address it is reached at, which may be another name of
	// the same daemon; "" unless confirmed or settling.
	Dialled string
	// Since is when this phase with this Nimbus began.
	Since time.Time
	// Err is why it does not answer, or why nobody does.
	Err error
}

// Step is one step of reaching an address.
type Step struct {
	Name string // "resolve", "connect", "handshake", or the Thrift call
	Took time.Duration
	Err  error // nil when it went well
}

// Endpoint is one address that was tried.
type Endpoint struct {
	Addr string
	// Seed says that it was configured; otherwise a Nimbus named it.
	Seed bool
	// Asked is when it was last tried; zero for never.
	Asked time.Time
	// Err is how that ended; nil when it answered.
	Err error
	// Steps are those of the last try, in order.
	Steps []Step
	// Names is the leader it named, "" for none.
	Names string
	// Connected says that its connection is the one in use.
	Connected bool
}

// CallTime is how long one call took.
type CallTime struct {
	Op    string
	About string
	Took  time.Duration
	At    time.Time
}

// State is what the header and the connections screen show. It is a copy.
type State struct {
	Leader LeaderState
	// Endpoints are the seeds in their order, then Nimbuses named by others,
	// newest last.
	Endpoints []Endpoint
	// Server is the one in use, or the last one that was.
	Server Server
	// CallsPerSec is the mean of the last ten seconds.
	CallsPerSec float64
	// Slowest is the slowest call of the last minute; its zero value when
	// there was none.
	Slowest CallTime
	// Calls and Failures count since the client was made.
	Calls, Failures uint64
}

// maxNamed bounds the endpoints that were named and not configured.
const maxNamed = 16

// recorder collects State.
type recorder struct {
	now func() time.Time

	mu    sync.Mutex
	state State
	ticks [60]tick
}

// tick is one second of calls.
type tick struct {
	second  int64
	calls   int
	slowest CallTime
}

func newRecorder(cfg Config) *recorder {
	r := &recorder{now: cfg.Now}
	for _, addr := range cfg.Seeds {
		if r.endpoint(addr) == nil {
			r.state.Endpoints = append(r.state.Endpoints, Endpoint{Addr: addr, Seed: true})
		}
	}
	return r
}

func (r *recorder) snapshot() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Endpoints = slices.Clone(s.Endpoints)
	now := r.now().Unix()
	var recent int
	for _, t := range r.ticks {
		age := now - t.second
		if age < 0 || age >= int64(len(r.ticks)) {
			continue
		}
		if age >= 1 && age <= 10 {
			recent += t.calls
		}
		if t.slowest.Took > s.Slowest.Took {
			s.Slowest = t.slowest
		}
	}
	s.CallsPerSec = float64(recent) / 10
	return s
}

// endpoint finds an address; the caller holds the lock or is alone.
func (r *recorder) endpoint(addr string) *Endpoint {
	for i := range r.state.Endpoints {
		if r.state.Endpoints[i].Addr == addr {
			return &r.state.Endpoints[i]
		}
	}
	return nil
}

// tried notes how trying an address ended.
func (r *recorder) tried(addr string, asked time.Time, steps []Step, names string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.endpoint(addr)
	if e == nil {
		r.forgetNamed()
		r.state.Endpoints = append(r.state.Endpoints, Endpoint{Addr: addr})
		e = &r.state.Endpoints[len(r.state.Endpoints)-1]
	}
	e.Asked, e.Steps, e.Names, e.Err = asked, steps, names, err
}

func (r *recorder) forgetNamed() {
	named := func(e Endpoint) bool { return !e.Seed }
	var n int
	for _, e := range r.state.Endpoints {
		if named(e) {
			n++
		}
	}
	if i := slices.IndexFunc(r.state.Endpoints, named); n >= maxNamed {
		r.state.Endpoints = slices.Delete(r.state.Endpoints, i, i+1)
	}
}

// using notes which connection is in use; "" for none.
func (r *recorder) using(addr string, server Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.state.Endpoints {
		e := &r.state.Endpoints[i]
		e.Connected = e.Addr == addr
	}
	if addr != "" {
		r.state.Server = server
	}
}

// failed notes why the connection in use is not any more.
func (r *recorder) failed(addr string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.endpoint(addr); e != nil {
		e.Err, e.Connected = err, false
	}
}

// leader notes who leads; Since moves only when phase or Nimbus change.
func (r *recorder) leader(l LeaderState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.state.Leader
	l.Since = old.Since
	if old.Phase != l.Phase || old.Nimbus.Addr() != l.Nimbus.Addr() || old.Since.IsZero() {
		l.Since = r.now()
	}
	r.state.Leader = l
}

// called notes one finished call.
func (r *recorder) called(c CallTime, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.At = r.now()
	r.state.Calls++
	if failed {
		r.state.Failures++
	}
	second := c.At.Unix()
	t := &r.ticks[uint64(second)%uint64(len(r.ticks))]
	if t.second != second {
		*t = tick{second: second}
	}
	t.calls++
	if c.Took > t.slowest.Took {
		t.slowest = c
	}
}
