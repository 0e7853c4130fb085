package follow

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stormtop/stormtop/logs"
)

// Config says how log files are found and read.
type Config struct {
	// Feed gives the picture of the cluster; nil follows fixed sources only.
	Feed *Feed
	// Hosts reaches the worker hosts; nil when ssh is not used.
	Hosts logs.Hosts
	// HostStates tells that something about a host changed; may be nil.
	Logviewer logs.Logviewer
	// NoSSH says why ssh is not used, such as "--no-ssh"; "" when it is.
	NoSSH string
	// Places are the directories that are configured, Python the paths of Python
	// logs.
	Places Places
	Python []string

	Lines        int // of each source at first, -1 for all
	Follow       bool
	Rotated      bool
	Exec         bool // read through a shell even where there is SFTP
	Arrival      bool // no merging by time
	Reorder      time.Duration
	Since, Until time.Time
	Zone         *time.Location // of hosts that cannot be asked
	Budget       int64          // bytes of records held
	Stdin        io.Reader
	Now          func() time.Time
}

// firstPatience is how long the first lines wait for hosts that have not said
// yet where their files are.
const firstPatience = 3 * time.Second

// Session follows one target until it is closed.
type Session struct {
	ended   <-chan struct{} // closed when it ends
	cfg     Config
	targets []Target
	fixed   []logs.Source
	changed chan struct{}
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	finding bool          // nothing is read
	orders  chan struct{} // capacity 1: something below was asked for
	settled chan struct{} // closed when the first plan lacks nothing

	mu       sync.Mutex
	reading  *reading
	chosen   map[string]bool
	rotated  bool
	again    bool // Reconnect
	plan     plan
	planned  bool // the plan was made once
	looked   bool // the first look was taken
	released time.Time
	closed   bool
}

// reading is a Mux with what it fills. Another one begins when the rotated files
// are wanted or no longer wanted.
type reading struct {
	store *logs.Store
	mux   *logs.Mux
	view  *logs.View // made when somebody looks
	stop  chan struct{}
	wg    sync.WaitGroup
}

// New begins to follow targets and sources that are known already. It returns at
// once; what it comes to is told by Changed.
func New(cfg Config, targets []Target, fixed []logs.Source) *Session {
	return begin(cfg, targets, fixed, false)
}

// NewFinding begins to look for the files of targets, and reads none of them.
func NewFinding(cfg Config, targets []Target, fixed []logs.Source) *Session {
	return begin(cfg, targets, fixed, true)
}

func begin(cfg Config, targets []Target, fixed []logs.Source, finding bool) *Session {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{
		cfg: cfg, targets: targets, fixed: fixed, changed: make(chan struct{}, 1), cancel: cancel,
		orders: make(chan struct{}, 1), settled: make(chan struct{}), rotated: cfg.Rotated, finding: finding,
	}
	s.ended = ctx.Done()
	s.reading = s.read(cfg.Rotated)
	s.wg.Go(func() { s.run(ctx) })
	return s
}

// read makes a Mux and passes on what it tells.
func (s *Session) read(rotated bool) *reading {
	r := &reading{store: logs.NewStore(logs.StoreConfig{Budget: s.cfg.Budget}), stop: make(chan struct{})}
	mux := logs.MuxConfig{
		Hosts: s.cfg.Hosts, Store: r.store, Reorder: s.cfg.Reorder, Arrival: s.cfg.Arrival, Lines: s.cfg.Lines, Rotated: rotated,
		Since: s.cfg.Since, Until: s.cfg.Until, Follow: s.cfg.Follow, Exec: s.cfg.Exec, Logviewer: s.cfg.Logviewer,
		Stdin: s.cfg.Stdin, Zone: s.cfg.Zone, Now: s.cfg.Now,
	}
	r.mux = logs.NewMux(mux)
	r.wg.Go(func() {
		for {
			select {
			case <-r.stop:
				return
			case <-r.mux.Changes():
				nudge(s.changed)
			}
		}
	})
	return r
}

func (r *reading) close() error {
	close(r.stop)
	r.wg.Wait()
	err := r.mux.Close()
	if r.view != nil {
		r.view.Close()
	}
	return err
}

// run keeps the Mux in step with the cluster.
func (s *Session) run(ctx context.Context) {
	find := newFinder(s.cfg.Places, s.cfg.Python, s.cfg.Hosts, s.cfg.Now)
	find.guess = s.cfg.Logviewer != nil
	defer find.wg.Wait()
	var pictures <-chan struct{}
	if s.cfg.Feed != nil && len(s.targets) > 0 {
		pictures = s.cfg.Feed.join(s, demandOf(s.targets))
		defer s.cfg.Feed.leave(s)
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var last []logs.Source
	var of *reading
	patience := s.cfg.Now().Add(firstPatience)
	for {
		if next := s.nextLook(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(next.Sub(s.cfg.Now()), 10*time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return
		case <-pictures:
		case a := <-find.answers:
			find.take(a)
		case <-timer.C:
		case <-s.orders:
			if s.wantsAgain() {
				find.anew()
			}
		}
		p := s.look(ctx, find)
		sources := s.take(p)
		s.mu.Lock()
		r := s.reading
		s.mu.Unlock()
		if s.finding || !s.isSettled() && (!s.cfg.Follow || last == nil && s.cfg.Now().Before(patience)) {
			// What is read once must be known whole, and what is there at the
			// beginning should not look like having joined.
			nudge(s.changed)
			continue
		}
		if r != of || !slices.Equal(sources, last) || last == nil {
			r.mux.Set(sources)
			last, of = sources, r
		}
		nudge(s.changed)
	}
}

// nextLook is when to plan though nothing was told; zero is never.
func (s *Session) nextLook() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	switch soon := now.Add(firstPatience / 3); {
	case !s.looked:
		return now
	case !s.isSettled() && (s.plan.again.IsZero() || soon.Before(s.plan.again)):
		return soon
	}
	return s.plan.again
}

func (s *Session) isSettled() bool {
	select {
	case <-s.settled:
		return true
	default:
		return false
	}
}

// look makes the plan of all targets.
func (s *Session) look(ctx context.Context, find *finder) plan {
	var all plan
	for _, src := range s.fixed {
		all.files = append(all.files, Found{Source: src, Wanted: true})
	}
	if s.cfg.Feed == nil {
		return all
	}
	picture := s.cfg.Feed.Latest()
	for _, t := range s.targets {
		one := find.plan(ctx, picture, t)
		for _, f := range one.files {
			if !slices.ContainsFunc(all.files, func(x Found) bool { return x.Key() == f.Key() && x.Wanted == f.Wanted }) {
				all.files = append(all.files, f)
			}
		}
		for _, m := range one.missing {
			if !slices.ContainsFunc(all.missing, func(x Missing) bool { return x.Host == m.Host }) {
				all.missing = append(all.missing, m)
			}
		}
		for _, h := range one.looking {
			if !slices.Contains(all.looking, h) {
				all.looking = append(all.looking, h)
			}
		}
		all.unknown = all.unknown || one.unknown
		if !one.again.IsZero() {
			all.soon(one.again)
		}
	}
	return all
}

// take notes a plan and gives the sources to read. What the picture does not
// tell for the moment goes on as it was.
func (s *Session) take(p plan) []logs.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.unknown && s.planned {
		p.files = s.plan.files
	}
	s.plan, s.looked = p, true
	if !p.unknown {
		s.planned = true
	}
	if !p.unknown && len(p.looking) == 0 || s.cfg.Feed == nil {
		select {
		case <-s.settled:
		default:
			close(s.settled)
		}
	}
	sources := []logs.Source{}
	for _, f := range p.files {
		wanted := f.Wanted
		if on, ok := s.chosen[f.Key()]; ok {
			wanted = on
		}
		if wanted {
			sources = append(sources, f.Source)
		}
	}
	return sources
}

func (s *Session) wantsAgain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.again
	s.again = false
	return again
}

// Target is what is followed; of several the first.
func (s *Session) Target() Target {
	if len(s.targets) == 0 {
		return Target{}
	}
	return s.targets[0]
}

// Store holds the records.
func (s *Session) Store() *logs.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reading.store
}

// View is the session's view of its records.
func (s *Session) View() *logs.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reading
	if r.view == nil {
		r.view = r.store.View(nil)
		if s.closed {
			r.view.Close()
			return r.view
		}
		changes := r.view.Changed()
		r.wg.Go(func() {
			for {
				select {
				case <-r.stop:
					return
				case <-changes:
					nudge(s.changed)
				}
			}
		})
	}
	return r.view
}

// Mux reads the files.
func (s *Session) Mux() *logs.Mux {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reading.mux
}

// States tells of every source: those that are or were read, then hosts whose
// files are not known, then files nobody asked for yet.
func (s *Session) States() []logs.SourceState {
	s.mu.Lock()
	mux, p := s.reading.mux, s.plan
	s.mu.Unlock()
	states := mux.States()
	for _, m := range p.missing {
		states = append(states, logs.SourceState{
			Source: logs.Source{Host: m.Host}, Index: -1, State: logs.StateLost, Words: m.Err.Error(), RetryAt: m.Retry,
		})
	}
	for _, f := range p.files {
		if f.Wanted {
			continue
		}
		if !slices.ContainsFunc(states, func(x logs.SourceState) bool { return x.Source.Key() == f.Key() && x.State != logs.StateLeft }) {
			states = append(states, logs.SourceState{Source: f.Source, Index: -1, State: logs.StateOff})
		}
	}
	return states
}

// Missing are the hosts whose files could not be found.
func (s *Session) Missing() []Missing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.plan.missing)
}

// Found are the files that were found.
func (s *Session) Found() []Found {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.plan.files)
}

// Settled is closed when every host was asked once and has answered, or failed.
func (s *Session) Settled() <-chan struct{} { return s.settled }

// Note says in a few words what is not as usual; "" when nothing is.
func (s *Session) Note() string {
	s.mu.Lock()
	p, planned := s.plan, s.planned
	s.mu.Unlock()
	switch n := len(p.looking); {
	case s.cfg.NoSSH != "":
		return "over the logviewer: " + s.cfg.NoSSH
	case n == 1:
		return "looking for the log directories on " + p.looking[0]
	case n > 1:
		return fmt.Sprintf("looking for the log directories on %d hosts", n)
	case p.unknown && !planned:
		return "waiting for the cluster to say where the workers are"
	case len(p.missing) > 0:
		hosts := make([]string, len(p.missing))
		for i, m := range p.missing {
			hosts[i] = m.Host
		}
		return "no log directory known on " + strings.Join(hosts, ", ")
	}
	return ""
}

// Rotated says whether older generations are read too. A change begins anew,
// with another store and view.
func (s *Session) Rotated(on bool) {
	s.mu.Lock()
	if s.rotated == on || s.closed {
		s.mu.Unlock()
		return
	}
	s.rotated = on
	old := s.reading
	s.reading = s.read(on)
	s.wg.Go(func() { _ = old.close() })
	s.mu.Unlock()
	nudge(s.orders)
}

// Choose switches sources on and off by their keys; for a source without an
// entry the target decides.
func (s *Session) Choose(keys map[string]bool) {
	s.mu.Lock()
	s.chosen = maps.Clone(keys)
	s.mu.Unlock()
	nudge(s.orders)
}

// Reconnect tries everything that failed again at once.
func (s *Session) Reconnect() {
	s.mu.Lock()
	s.again = true
	mux := s.reading.mux
	s.mu.Unlock()
	mux.Retry()
	nudge(s.orders)
}

// Changed tells that something about the session changed: its plan, a source's
// state or the view. It has room for one value.
func (s *Session) Changed() <-chan struct{} { return s.changed }

// Done is closed when the session ends.
func (s *Session) Done() <-chan struct{} { return s.ended }

// Release says that nobody looks any more.
func (s *Session) Release() {
	s.mu.Lock()
	s.released = s.cfg.Now()
	s.mu.Unlock()
}

// Close ends the session and everything it started.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	return s.reading.close()
}
