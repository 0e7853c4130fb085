package operate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/journal"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// Operator sends a change once; see [Over].
type Operator interface {
	Do(ctx context.Context, prepare func(cluster.Reader) (nimbusclient.Change, error)) error
	Close()
}

// ZooKeeper is what a Progress asks of ZooKeeper. *zkview.Client is one.
type ZooKeeper interface {
	View(ctx context.Context) (zkview.View, error)
}

// Audit is where changes are written down. *journal.Audit is one.
type Audit interface {
	Writable() error
	Intend(journal.Record) (int64, error)
	Conclude(journal.Record) error
}

// Config says what a gate stands before.
type Config struct {
	Cluster string
	// Who is the user and the machine, for the audit.
	Who   string
	Rules Rules

	Operator Operator
	Reads    cluster.Nimbus
	ZK       ZooKeeper // nil without ZooKeeper
	Audit    Audit

	Now func() time.Time
	// Every is how often a change under way is looked at; 0 is a second.
	Every time.Duration
	// Settle is how long a change may go without a step beyond its wait before it
	// is said to be stuck; 0 is two minutes. After five times as long watching
	// ends.
	Settle time.Duration
}

// Over makes an Operator for a cluster's Nimbus. It does no I/O.
func Over(cfg nimbusclient.Config) Operator { return operator{nimbusclient.NewOperator(cfg)} }

type operator struct{ o *nimbusclient.Operator }

func (o operator) Close() { o.o.Close() }

func (o operator) Do(ctx context.Context, prepare func(cluster.Reader) (nimbusclient.Change, error)) error {
	return o.o.Do(ctx, func(s *nimbusclient.Session) (nimbusclient.Change, error) { return prepare(s) })
}

// Gate lets changes through. Make one with [New] and close it.
type Gate struct {
	cfg    Config
	life   context.Context
	end    context.CancelFunc
	mu     sync.Mutex
	closed bool
	// running are the changes under way, ended those of this program's life that
	// are over, newest last.
	running, ended []*Progress
	watching       sync.WaitGroup
}

// maxEnded bounds the changes that are remembered when they are over; the audit
// has them all.
const maxEnded = 64

// New returns a gate. It does no I/O.
func New(cfg Config) *Gate {
	if cfg.Every <= 0 {
		cfg.Every = time.Second
	}
	if cfg.Settle <= 0 {
		cfg.Settle = 2 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Gate{cfg: cfg}
	g.life, g.end = context.WithCancel(context.Background())
	return g
}

// Close ends what is watched and waits for it. What Storm was told goes on
// without us; the audit says so.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.end()
	g.watching.Wait()
	g.cfg.Operator.Close()
}

// Rules are the guard rails in force.
func (g *Gate) Rules() Rules { return g.cfg.Rules }

// Check asks the guard rails and the audit, without a look at the cluster: what a
// screen asks before it opens a dialog. The error is a [*Refusal].
func (g *Gate) Check(d Deed) error {
	if err := g.cfg.Rules.check(d, g.cfg.Now()); err != nil {
		return err
	}
	if err := g.cfg.Audit.Writable(); err != nil && !g.cfg.Rules.AuditOptional {
		return refuse("audit", "Free space, or audit: optional in the config.", "Changes are off: %v.", err)
	}
	return nil
}

// Running are the changes under way, oldest first.
func (g *Gate) Running() []*Progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Progress(nil), g.running...)
}

// Ended are the changes of this program that are over, oldest first.
func (g *Gate) Ended() []*Progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Progress(nil), g.ended...)
}

// Do lets a deed through: guard rails, fresh check, audit, send, watch. The error
// is a [*Refusal] when nothing was sent by our own decision, or what Nimbus or
// the connection said when nothing was changed. When the outcome is not known the
// error is nil and the Progress says so and finds out.
func (g *Gate) Do(ctx context.Context, d Deed) (*Progress, error) {
	if err := g.Check(d); err != nil {
		return nil, err
	}
	asked := g.cfg.Now()
	record := journal.Record{
		Who: g.cfg.Who, Cluster: g.cfg.Cluster, Action: string(d.Action), Topology: d.Topology, ID: d.TopologyID,
		Parameters: d.Parameters(), Command: d.Command(), Reason: d.Reason,
	}
	var before state
	err := g.cfg.Operator.Do(ctx, func(r cluster.Reader) (nimbusclient.Change, error) {
		seen, err := look(r, d)
		if err != nil {
			return nimbusclient.Change{}, err
		}
		before = seen
		if d.DryRun || g.cfg.Rules.DryRun {
			return nimbusclient.Change{}, errDryRun
		}
		if record.No == 0 {
			if record.No, err = g.cfg.Audit.Intend(record); err != nil && !g.cfg.Rules.AuditOptional {
				return nimbusclient.Change{}, refuse("audit", "Free space, or audit: optional in the config.", "Changes are off: %v.", err)
			}
		}
		return d.change(g.cfg.Now(), before.sampled)
	})
	p := newProgress(d, before, asked, g.cfg)
	p.record = record
	switch {
	case errors.Is(err, errDryRun):
		p.finish(DryRun, "dry run: nothing sent", g.cfg.Now())
		return p, nil
	case errors.Is(err, nimbusclient.ErrOutcomeUnknown):
		p.unknown(err)
	case err != nil:
		return nil, errors.Join(err, g.conclude(record, resultOf(err), err.Error(), 0))
	}
	return p, g.watch(p)
}

var errDryRun = errors.New("dry run")

// resultOf is what the audit says of a change that was not made.
func resultOf(err error) string {
	var own *Refusal
	switch {
	case errors.As(err, &own):
		return "aborted"
	case errors.Is(err, nimbusclient.ErrInternal), errors.Is(err, nimbusclient.ErrInvalid), errors.Is(err, nimbusclient.ErrNotAlive),
		errors.Is(err, nimbusclient.ErrUnauthorized), errors.Is(err, nimbusclient.ErrUnsupported):
		return string(Refused)
	}
	return "not sent"
}

// conclude writes an outcome when there is an intent to it.
func (g *Gate) conclude(r journal.Record, result, detail string, took time.Duration) error {
	if r.No == 0 {
		return nil
	}
	r.Result, r.Detail, r.TookMS = result, detail, took.Milliseconds()
	if err := g.cfg.Audit.Conclude(r); err != nil && !g.cfg.Rules.AuditOptional {
		return fmt.Errorf("the outcome of change %d could not be written down: %w", r.No, err)
	}
	return nil
}

// watch gives a Progress its goroutine.
func (g *Gate) watch(p *Progress) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		p.finish(Interrupted, "the program ended before the outcome was known", g.cfg.Now())
		return g.conclude(p.record, string(Interrupted), p.State().Words, 0)
	}
	g.running = append(g.running, p)
	g.watching.Go(func() {
		p.run(g.life)
		s := p.State()
		err := g.conclude(p.record, string(s.Verdict), s.Words, s.Took)
		p.end(err)
		g.mu.Lock()
		defer g.mu.Unlock()
		for i, q := range g.running {
			if q == p {
				g.running = append(g.running[:i:i], g.running[i+1:]...)
			}
		}
		if g.ended = append(g.ended, p); len(g.ended) > maxEnded {
			g.ended = g.ended[len(g.ended)-maxEnded:]
		}
	})
	return nil
}
