package cluster

import (
	"context"
	"math/rand/v2"
	"reflect"
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

	// coalesce is how long changes in ZooKeeper are collected before it is read.
	coalesce = 250 * time.Millisecond
	// stalePeriods is how many poll periods without an answer make data stale.
	stalePeriods = 3
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
	// primed are the trends that Run begins with, by topology id.
	primed map[string]trends

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

// Demand says what is on screen; what is missing is read at once. Saying the
// same again costs next to nothing, so it may be said at every frame. The maps
// must not be changed afterwards.
func (p *Poller) Demand(d Demand) {
	p.mu.Lock()
	same := reflect.DeepEqual(p.demand, d)
	p.demand = d
	p.mu.Unlock()
	if !same {
		p.nudge()
	}
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
	mem    *memory
	link   Link
	budget budget
	// polled is when the summary was last asked for, zero when it is due;
	// failedSince when polls began to fail; refreshed when all was to be read
	// anew.
	polled, failedSince, refreshed time.Time
	shunned                        map[string]shun
	suspect                        *suspicion
	allSince                       time.Time // since when all topologies are demanded
	zk                             ZooKeeper
	zkWake                         chan struct{}
	zkTried                        bool
	zkSeen                         string // what the newest view says is alive
	wg                             sync.WaitGroup
}

// Run polls until ctx ends. It returns when everything it started has ended.
func (p *Poller) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	l := &loop{
		Poller: p, mem: newMemory(time.Now(), p.cfg.Every), budget: budget{perSec: p.cfg.MaxRPS},
		shunned: map[string]shun{}, zk: p.cfg.ZK, zkWake: make(chan struct{}, 1),
	}
	defer l.wg.Wait()
	defer cancel()
	for id, past := range p.primed {
		l.mem.detail(id).trends = past
	}
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
			timer.Reset(l.step(ctx))
		case <-timer.C:
			timer.Reset(l.step(ctx))
		}
	}
}

// orders takes what was asked of the poller since the last step.
func (l *loop) orders(now time.Time) {
	l.mu.Lock()
	again, window, all, every := l.refresh, l.demand.Window, l.demand.AllTopologies, l.every
	l.refresh = false
	l.mu.Unlock()
	if again {
		l.refreshed, l.polled, l.link.NextTry = now, time.Time{}, time.Time{}
		clear(l.shunned)
		l.wakeZK()
	}
	if !all {
		l.allSince = time.Time{}
	}
	l.mem.setEvery(every)
	if window != "" && window != l.mem.window {
		l.mem.window = window
		l.publish()
	}
}

// step does the next thing that is due, one reading of Nimbus at most, and
// returns how long to wait for the one after: the summary first, then what the
// screen waits for. Every batch is confirmed and published by itself, so that
// the first figures do not wait for the last.
func (l *loop) step(ctx context.Context) time.Duration {
	now := time.Now()
	l.orders(now)
	if now.Before(l.link.NextTry) {
		return l.link.NextTry.Sub(now)
	}
	if l.polled.IsZero() || now.Sub(l.polled) >= l.mem.every {
		l.polled = now
		if err := l.summary(ctx); err != nil {
			return l.failed(ctx, err)
		}
		l.recovered()
		l.publish()
		return 0
	}
	next := l.polled.Add(l.mem.every)
	questions := l.wanted(now)
	n := 0
	for n < len(questions) && !questions[n].due.After(now) {
		n++
	}
	if n == 0 {
		for _, q := range questions {
			if q.due.Before(next) {
				next = q.due
			}
		}
		return max(next.Sub(now), 10*time.Millisecond)
	}
	may := l.budget.available(now)
	if may == 0 {
		return min(max(l.budget.wait(now), time.Millisecond), next.Sub(now))
	}
	n = min(n, may, batch)
	l.budget.spend(n)
	guilty, err := l.ask(ctx, questions[:n])
	switch {
	case guilty != nil:
		// Is it the question, or Nimbus? The summary tells.
		l.suspect = &suspicion{*guilty, err, l.mem.server.Addr}
		l.polled = time.Time{}
		return 0
	case err != nil:
		return l.failed(ctx, err)
	}
	l.recovered()
	l.publish()
	return 0
}

// summary reads the cluster summary and, once a leader, Nimbus' configuration.
func (l *loop) summary(ctx context.Context) error {
	var c *nimbusclient.Cluster
	var server nimbusclient.Server
	var conf map[string]any
	var confErr error
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
				conf, confErr = map[string]any{}, err
				return nil
			}
			return err
		}
		conf, confErr = decode(text), nil
		return nil
	})
	if err != nil {
		return err
	}
	l.mem.setServer(server, conf)
	if conf != nil {
		l.mem.confErr = confErr
	}
	l.mem.setCluster(c, time.Now())
	l.convict()
	if conf != nil {
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
	late := time.NewTimer(max(0, time.Until(l.mem.clusterAt.Add(stalePeriods*l.mem.every))))
	defer late.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-late.C: // it hangs: what is shown gets old meanwhile
			if l.mem.cluster != nil {
				l.stale()
				l.publish()
			}
		case r := <-l.zkIn:
			l.takeZK(r)
			l.publish()
		}
	}
}

// failed keeps the last good data and decides when to try again; it returns how
// long that is.
func (l *loop) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return time.Hour
	}
	now := time.Now()
	if l.failedSince.IsZero() {
		l.failedSince = now
	}
	l.suspect = nil
	l.link.NimbusErr = err
	l.link.Attempt++
	l.stale()
	wait := retryIn(err, l.link.Attempt, l.mem.cluster != nil, now.Sub(l.failedSince), l.cfg.Jitter())
	l.link.NextTry, l.polled = now.Add(wait), time.Time{}
	l.publish()
	return wait
}

// stale marks the data of Nimbus as old, if there are any.
func (l *loop) stale() {
	if l.mem.cluster != nil && l.link.StaleSince.IsZero() {
		l.link.StaleSince = l.mem.clusterAt
	}
}

func (l *loop) recovered() {
	l.link.NimbusErr, l.link.Attempt = nil, 0
	l.link.StaleSince, l.link.NextTry = time.Time{}, time.Time{}
	l.failedSince = time.Time{}
}

// publish puts the newest snapshot where readers find it.
func (l *loop) publish() {
	l.link.Nimbus = l.cfg.Nimbus.State()
	if l.zk != nil {
		l.link.ZK = l.zk.State()
	}
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
