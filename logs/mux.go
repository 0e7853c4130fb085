package logs

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MuxConfig says what a [Mux] reads and where it puts it.
type MuxConfig struct {
	// Hosts reaches the hosts; nil means that there is only this machine.
	Hosts Hosts
	// Store takes the merged records. The Mux is its one writer.
	Store *Store
	// Reorder is the window of the merger, 0 for the default. Arrival gives
	// records out as they come.
	Reorder time.Duration
	Arrival bool
	// Lines is how many lines before the end of each source are wanted at
	// first, -1 for all. Rotated asks for the rotated files too, all of them.
	Lines   int
	Rotated bool
	// Since and Until, unless zero, bound the times of records. With Since,
	// reading begins there instead of so many lines before the end.
	Since, Until time.Time
	// Follow goes on at the end of a source. Otherwise Done tells when all has
	// been read.
	Follow bool
	// Exec reads through a shell on the host even where there is SFTP.
	Exec bool
	// Logviewer serves the files of hosts that cannot be reached otherwise; nil
	// for none.
	Logviewer Logviewer
	// Stdin is read for the source of [KindStdin].
	Stdin io.Reader
	// Zone is that of times without one where neither the source nor its host
	// tells; nil is this machine's.
	Zone *time.Location
	// Retry is the pause after the first failed attempt at a host, 1 s when 0;
	// it doubles up to 30 s.
	Retry time.Duration
	// Now and Random may be set in tests.
	Now    func() time.Time
	Random func() float64
}

// A Mux reads many sources at once and merges them into a store.
//
// Each source has one goroutine, which owns all that is read of it. What happens
// to a source is a record among its lines. Methods may be called by several
// goroutines.
type Mux struct {
	cfg    MuxConfig
	merger *Merger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	changes chan struct{}
	done    chan struct{}
	kick    chan struct{} // records wait in the merger
	held    atomic.Bool
	busy    atomic.Int64 // sources of which lines came at the last look

	mu      sync.Mutex
	tails   []*tail // in the order they joined, those that left included
	gates   map[string]*gate
	begun   bool // Set was called
	running int
	ended   bool // done is closed
	closed  bool
}

// maxLeft is how many sources that left are still told of by States.
const maxLeft = 256

// NewMux makes a Mux. It does no I/O before Set.
func NewMux(cfg MuxConfig) *Mux {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Retry <= 0 {
		cfg.Retry = firstRetry
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	m := &Mux{
		cfg: cfg, gates: map[string]*gate{},
		changes: make(chan struct{}, 1), done: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.merger = NewMerger(MergerConfig{
		Reorder: cfg.Reorder, Arrival: cfg.Arrival, Source: cfg.Store.Source, Emit: m.emit,
	})
	return m
}

// emit takes merged records. The merger calls it one call at a time.
func (m *Mux) emit(records []Record) {
	if m.cfg.Since.IsZero() && m.cfg.Until.IsZero() {
		m.cfg.Store.Append(records)
		return
	}
	m.cfg.Store.Append(slices.DeleteFunc(slices.Clone(records), func(r Record) bool {
		return r.Time != 0 && (!m.cfg.Since.IsZero() && r.Time < m.cfg.Since.UnixNano() ||
			!m.cfg.Until.IsZero() && r.Time > m.cfg.Until.UnixNano())
	}))
}

// Set says which sources are wanted. New ones join; one that is no longer among
// them is read to its end and leaves.
func (m *Mux) Set(sources []Source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	wanted := make(map[string]bool, len(sources))
	present := map[string]*tail{}
	for _, t := range m.tails {
		if !t.over() {
			present[t.src.Key()] = t
		}
	}
	for _, src := range sources {
		key := src.Key()
		if wanted[key] {
			continue
		}
		wanted[key] = true
		if t := present[key]; t != nil && t.stay() {
			continue
		}
		m.join(src)
	}
	for key, t := range present {
		if !wanted[key] {
			t.leave()
		}
	}
	if !m.begun {
		m.begun = true
		m.wg.Go(m.advance)
	}
	m.forget()
	m.finish()
	wake(m.changes)
}

// join starts a source. The lock is held.
func (m *Mux) join(src Source) {
	t := newTail(m, src, m.begun)
	m.tails = append(m.tails, t)
	m.running++
	m.wg.Go(func() {
		t.run(m.ctx)
		m.mu.Lock()
		m.running--
		m.finish()
		m.mu.Unlock()
		wake(m.changes)
	})
}

// forget drops the oldest of too many sources that left. The lock is held.
func (m *Mux) forget() {
	left := 0
	for _, t := range m.tails {
		if t.over() {
			left++
		}
	}
	m.tails = slices.DeleteFunc(m.tails, func(t *tail) bool {
		if left > maxLeft && t.over() {
			left--
			return true
		}
		return false
	})
}

// finish closes done when everything asked for has been read. The lock is held.
func (m *Mux) finish() {
	if m.ended || m.running > 0 || m.cfg.Follow || !m.begun {
		return
	}
	m.ended = true
	m.merger.Flush()
	close(m.done)
}

// advance gives out what waited its time in the merger.
func (m *Mux) advance() {
	const beat = 50 * time.Millisecond
	timer := time.NewTimer(beat)
	defer timer.Stop()
	for {
		if m.merger.Stats().Held > 0 {
			timer.Reset(beat)
			select {
			case <-timer.C:
			case <-m.ctx.Done():
				return
			}
		} else {
			select {
			case <-m.kick:
				continue
			case <-m.ctx.Done():
				return
			}
		}
		m.merger.Advance(m.cfg.Now())
	}
}

// Hold makes all sources stop reading where they are while on is set, and go on
// from there afterwards: the files are the buffer. It is for a reader that
// stands still while the budget of the store is used.
func (m *Mux) Hold(on bool) {
	if m.held.Swap(on) != on {
		wake(m.changes)
	}
}

// Changes tells that some [SourceState] changed. It has room for one value.
func (m *Mux) Changes() <-chan struct{} { return m.changes }

// Done is closed when everything asked for has been read and merged. While
// following it never is.
func (m *Mux) Done() <-chan struct{} { return m.done }

// States gives all sources in the order they joined; of those that left, the
// last 256.
func (m *Mux) States() []SourceState {
	m.mu.Lock()
	tails := slices.Clone(m.tails)
	m.mu.Unlock()
	states := make([]SourceState, len(tails))
	for i, t := range tails {
		states[i] = t.stateNow()
	}
	return states
}

// Stats are the counts of the merger.
func (m *Mux) Stats() MergeStats { return m.merger.Stats() }

// Retry makes lost sources try again at once.
func (m *Mux) Retry() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.gates {
		g.open()
	}
	for _, t := range m.tails {
		wake(t.nudge)
	}
}

// closeGrace is how long Close waits for hosts that do not answer.
const closeGrace = 2 * time.Second

// Close ends all reading, here and on the hosts, and gives out what waits.
//
// A request that a host does not answer ends with the connection it was sent
// over, which is not the Mux's. Close waits for it a moment and then names the
// sources that are left to it; a read of standard input that is under way is
// left to its end.
func (m *Mux) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	ended := make(chan struct{})
	go func() {
		m.wg.Wait()
		close(ended)
	}()
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	var err error
	select {
	case <-ended:
	case <-grace.C:
		m.mu.Lock()
		err = fmt.Errorf("closing: %d sources wait for hosts that do not answer", m.running)
		m.mu.Unlock()
	}
	m.merger.Flush()
	return err
}

// gateOf is the gate of a host. The lock is not held.
func (m *Mux) gateOf(host string) *gate {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.gates[host]
	if g == nil {
		g = &gate{first: m.cfg.Retry}
		m.gates[host] = g
	}
	return g
}

// A gate spaces the attempts at one host, whatever many sources are there.
type gate struct {
	first time.Duration

	mu       sync.Mutex
	failures int
	next     time.Time
}

const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// failed notes a failure at now and tells when the next attempt is due. Those
// who failed together wait together.
func (g *gate) failed(now time.Time, random float64) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.next) {
		return g.next
	}
	base := min(g.first<<min(g.failures, 10), lastRetry)
	g.failures++
	g.next = now.Add(base/2 + time.Duration(random*float64(base/2)))
	return g.next
}

func (g *gate) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = 0
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures, g.next = 0, time.Time{}
}
