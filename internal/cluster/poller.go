package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

const (
	// DefaultEvery is how often the cluster summary is asked for.
	DefaultEvery = 10 * time.Second
	// DefaultMaxRPS bounds the detail calls a second.
	DefaultMaxRPS = 5
	// DefaultMaxPages bounds the topologies whose pages are read when all are
	// asked for.
	DefaultMaxPages = 40

	firstBackoff, lastBackoff = 500 * time.Millisecond, 30 * time.Second
	// electionEvery is how often the seeds are asked while the leader is away;
	// electionFor how long, before backing off further.
	electionEvery, electionFor = 2 * time.Second, 2 * time.Minute
	// shunFor is how long a question that made Nimbus close the connection is
	// not asked again.
	shunFor = time.Minute
	// coalesce is how long changes in ZooKeeper are collected before it is read.
	coalesce = 250 * time.Millisecond
	// batch bounds the detail calls between two confirmations of the leader.
	batch = 8
)

// Config says what a Poller asks and how often. Only Nimbus is needed.
type Config struct {
	Nimbus Nimbus
	// ZK is nil when ZooKeeper is not used; ZKOff then says why.
	ZK    ZooKeeper
	ZKOff string
	// ZKLater opens ZooKeeper when Nimbus' configuration has told its servers;
	// it returns nil and why when there is none. It is called at most once, and
	// only without ZK.
	ZKLater func(nimbusConf map[string]any, nimbusHost string) (ZooKeeper, string)

	Every    time.Duration
	MaxRPS   int
	MaxPages int
	// Jitter gives numbers from 0 to 1 for backing off; nil is random.
	Jitter func() float64
}

// Poller keeps a picture of a cluster up to date. Use [New].
type Poller struct {
	cfg  Config
	out  chan *Snapshot
	wake chan struct{}
	zkIn chan zkResult

	mu      sync.Mutex
	demand  Demand
	every   time.Duration
	refresh bool
	latest  *Snapshot
}

// zkResult is one reading of ZooKeeper.
type zkResult struct {
	view zkview.View
	err  error
}

// New makes a Poller. It does no I/O; [Poller.Run] does.
func New(cfg Config) *Poller {
	if cfg.Every <= 0 {
		cfg.Every = DefaultEvery
	}
	if cfg.MaxRPS <= 0 {
		cfg.MaxRPS = DefaultMaxRPS
	}
	if cfg.MaxPages <= 0 {
		cfg.MaxPages = DefaultMaxPages
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	return &Poller{
		cfg: cfg, out: make(chan *Snapshot, 1), wake: make(chan struct{}, 1), zkIn: make(chan zkResult), every: cfg.Every,
	}
}

// Snapshots gives the newest snapshot after every change. A slow reader misses
// older ones. It is never closed.
func (p *Poller) Snapshots() <-chan *Snapshot { return p.out }

// Latest returns the newest snapshot, nil before Run.
func (p *Poller) Latest() *Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// Demand says what is on screen; what is missing is read at once.
func (p *Poller) Demand(d Demand) {
	p.mu.Lock()
	p.demand = d
	p.mu.Unlock()
	p.nudge()
}

// SetEvery changes how often the cluster is asked.
func (p *Poller) SetEvery(every time.Duration) {
	p.mu.Lock()
	p.every = max(every, time.Second)
	p.mu.Unlock()
	p.nudge()
}

// Refresh asks for everything that is on screen now.
func (p *Poller) Refresh() {
	p.mu.Lock()
	p.refresh = true
	p.mu.Unlock()
	p.nudge()
}

func (p *Poller) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// loop is what Run's goroutine owns.
type loop struct {
	*Poller
	mem  *memory
	link Link
	// polled is when the summary was last asked for, failedSince when polls
	// began to fail; nextTry is when to ask again.
	polled, failedSince, nextTry time.Time
	shunned                      map[string]time.Time
	asking                       string // the question under way, for shunning
	zk                           ZooKeeper
	zkWake                       chan struct{}
	zkTried                      bool
	pages                        int // next topology of a demand for all
	wg                           sync.WaitGroup
}

// Run polls until ctx ends. It returns when everything it started has ended.
func (p *Poller) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	l := &loop{Poller: p, mem: newMemory(time.Now()), shunned: map[string]time.Time{}, zk: p.cfg.ZK, zkWake: make(chan struct{}, 1)}
	defer l.wg.Wait()
	defer cancel()
	l.link.ZKOff = p.cfg.ZKOff
	if l.zk != nil {
		l.startZK(ctx)
	} else if l.link.ZKOff == "" {
		l.link.ZKOff = "its servers are not known yet"
	}
	l.publish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-p.zkIn:
			l.takeZK(r)
			l.publish()
		case <-p.wake:
			timer.Reset(l.untilNext(ctx))
		case <-timer.C:
			timer.Reset(l.untilNext(ctx))
		}
	}
}

// untilNext polls what is due and returns how long to wait for the next.
func (l *loop) untilNext(ctx context.Context) time.Duration {
	l.mu.Lock()
	again := l.refresh
	l.refresh = false
	l.mu.Unlock()
	now := time.Now()
	if again {
		l.polled, l.nextTry = time.Time{}, time.Time{}
		clear(l.shunned)
		l.forgetReadings()
		l.wakeZK()
	}
	if now.Before(l.nextTry) {
		return l.nextTry.Sub(now)
	}
	if err := l.poll(ctx); err != nil {
		if ctx.Err() != nil {
			return time.Hour
		}
		l.failed(err)
		l.publish()
		return time.Until(l.nextTry)
	}
	l.mu.Lock()
	every := l.every
	l.mu.Unlock()
	next := l.polled.Add(every)
	if due, ok := l.nextDetail(); ok && due.Before(next) {
		next = due
	}
	return max(time.Until(next), 10*time.Millisecond)
}

// poll asks for the summary when it is due, then for details, a batch at a time;
// every batch is confirmed and published by itself, so that the first figures
// do not wait for the last.
func (l *loop) poll(ctx context.Context) error {
	l.mu.Lock()
	every := l.every
	l.mu.Unlock()
	if now := time.Now(); l.polled.IsZero() || now.Sub(l.polled) >= every {
		l.polled = now
		if err := l.summary(ctx); err != nil {
			return err
		}
		l.recovered()
		l.publish()
	}
	for ctx.Err() == nil {
		questions := l.due(time.Now())
		if len(questions) == 0 {
			return nil
		}
		// A background question leaves room for those of the screen.
		if len(questions) > batch {
			questions = questions[:batch]
		}
		started := time.Now()
		if err := l.ask(ctx, questions); err != nil {
			return err
		}
		l.recovered()
		l.publish()
		if !l.pace(ctx, started, len(questions)) {
			return nil
		}
	}
	return ctx.Err()
}

// pace keeps to MaxRPS. It reports false when something else became due.
func (l *loop) pace(ctx context.Context, started time.Time, calls int) bool {
	rest := time.Duration(calls)*time.Second/time.Duration(l.cfg.MaxRPS) - time.Since(started)
	if rest <= 0 || calls < l.cfg.MaxRPS {
		return true
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case r := <-l.zkIn:
			l.takeZK(r)
			l.publish()
		case <-timer.C:
			return true
		}
	}
}

// summary reads the cluster summary and, once a leader, Nimbus' configuration.
func (l *loop) summary(ctx context.Context) error {
	var c *nimbusclient.Cluster
	var server nimbusclient.Server
	var conf map[string]any
	err := l.read(ctx, func(r Reader) (err error) {
		server = r.Server()
		if c, err = r.Cluster(); err != nil {
			return err
		}
		if l.mem.conf != nil && l.mem.confOf == server.Addr {
			return nil
		}
		text, err := r.NimbusConf()
		if err != nil {
			if answered(err) { // works without; the reason shows where it is asked for
				conf = map[string]any{}
				return nil
			}
			return err
		}
		conf = decode(text)
		return nil
	})
	if err != nil {
		return err
	}
	now := time.Now()
	l.mem.server = server
	l.mem.setCluster(c, now)
	if conf != nil {
		l.mem.conf, l.mem.confOf = conf, server.Addr
		l.openZK(ctx, conf, server)
	}
	return nil
}

// read runs fn against the leader on a goroutine of its own, so that news from
// ZooKeeper are taken and shown while Nimbus takes its time. fn must not touch
// what takeZK changes.
func (l *loop) read(ctx context.Context, fn func(Reader) error) error {
	done := make(chan error, 1)
	l.wg.Go(func() { done <- l.cfg.Nimbus.Read(ctx, fn) })
	for {
		select {
		case err := <-done:
			return err
		case r := <-l.zkIn:
			l.takeZK(r)
			l.publish()
		}
	}
}

// decode reads a configuration as Nimbus sends it; what is no object is empty.
func decode(text string) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return map[string]any{}
	}
	return out
}

// failed keeps the last good data and decides when to try again.
func (l *loop) failed(err error) {
	now := time.Now()
	if l.failedSince.IsZero() {
		l.failedSince = now
	}
	if l.asking != "" && errors.Is(err, nimbusclient.ErrClosed) {
		// Before 1.2.3 Nimbus closes the connection when one question fails
		// inside it; the others must not suffer for that.
		l.shunned[l.asking] = now.Add(shunFor)
	}
	l.asking = ""
	l.link.NimbusErr = err
	l.link.Attempt++
	if l.mem.cluster != nil && l.link.StaleSince.IsZero() {
		l.link.StaleSince = l.mem.clusterAt
	}
	wait := min(lastBackoff, firstBackoff<<min(l.link.Attempt-1, 10))
	wait = time.Duration(float64(wait) * (0.5 + l.cfg.Jitter()/2))
	// An election is short: look often while one may be under way.
	if (settling(err) || l.mem.cluster != nil) && now.Sub(l.failedSince) < electionFor {
		wait = min(wait, electionEvery)
	}
	l.nextTry = now.Add(wait)
	l.link.NextTry = l.nextTry
	l.polled = time.Time{}
}

func (l *loop) recovered() {
	l.link.NimbusErr, l.link.Attempt = nil, 0
	l.link.StaleSince, l.link.NextTry = time.Time{}, time.Time{}
	l.failedSince, l.nextTry = time.Time{}, time.Time{}
	l.asking = ""
}

// publish puts the newest snapshot where readers find it.
func (l *loop) publish() {
	l.link.Nimbus = l.cfg.Nimbus.State()
	if l.zk != nil {
		l.link.ZK = l.zk.State()
	}
	l.mu.Lock()
	if w := l.demand.Window; w != "" {
		l.mem.window = w
	}
	l.mu.Unlock()
	s := l.mem.snapshot(l.link, time.Now())
	l.mu.Lock()
	l.latest = s
	l.mu.Unlock()
	select {
	case <-l.out: // an older one that nobody took
	default:
	}
	l.out <- s
}
