package operate

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/stormtop/stormtop/internal/journal"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Verdict is how a change ended.
type Verdict string

// The verdicts.
const (
	// Running is none yet.
	Running Verdict = ""
	// Settled is what was asked for, reported by every executor that it concerns.
	Settled Verdict = "settled"
	// Gone is a topology that was killed and left nothing running.
	Gone Verdict = "gone"
	// Sent was accepted by Nimbus, but not seen to be carried out.
	Sent Verdict = "sent"
	// Undone was carried out and put back by a new leader.
	Undone Verdict = "undone"
	// Superseded was overtaken by somebody else's change.
	Superseded Verdict = "superseded"
	// Unknown was sent, not answered, and could not be found out.
	Unknown Verdict = "unknown"
	// NotSent was not answered and never arrived.
	NotSent Verdict = "not-sent"
	// Refused is Nimbus' own answer.
	Refused Verdict = "refused"
	// DryRun was not meant to be sent.
	DryRun Verdict = "dry-run"
	// Interrupted says that this program ended first.
	Interrupted Verdict = "interrupted"
)

// Reached reports whether what was asked for came about.
func (v Verdict) Reached() bool { return v == Settled || v == Gone || v == DryRun }

// StepState is where one step of a change stands.
type StepState uint8

// The states of a step.
const (
	Pending StepState = iota
	UnderWay
	Done
	Failed
)

// Step is one step of a change.
type Step struct {
	Name  string
	State StepState
	At    time.Time // when it was done; zero before
	// Detail is "4/5", "12/30s".
	Detail string
}

// Move is what becomes of one slot. From or To is "" when the worker is new or
// goes away.
type Move struct {
	From, To      string
	Before, After int // executors
	Up            bool
}

// ComponentState is what becomes of one component's executors.
type ComponentState struct {
	Component         string
	Before, Asked     int
	Now, Up, Tasks    int
	Stored            int // in ZooKeeper; 0 when not known
	Changed           bool
	MissingHeartbeats []string // "[37-38]"
}

// State is how a change stands: a value, safe to keep.
type State struct {
	No    int64 // in the audit; 0 without one
	Deed  Deed
	Asked time.Time
	Took  time.Duration // so far, or until the verdict
	Steps []Step

	Verdict Verdict
	Words   string // the verdict, or what goes on, in a sentence

	Status        nimbusclient.Status // as last read
	Leader        string
	LeaderChanged bool
	Unanswered    string // why the cluster cannot be read now; "" when it can
	Stuck         string // where and likely why, "" while it moves
	Suspicious    time.Duration

	Slots      []Move
	Components []ComponentState
	Left       []string // what Storm itself cleans up later
	// AuditError says that the outcome could not be written down.
	AuditError string
}

// Progress watches one change until it has ended.
type Progress struct {
	deed   Deed
	before state
	cfg    Config
	record journal.Record

	changes chan struct{}
	done    chan struct{} // closed with the verdict

	mu      sync.Mutex
	tracker tracker
	state   State
	ended   sync.Once
}

func newProgress(d Deed, before state, asked time.Time, cfg Config) *Progress {
	p := &Progress{deed: d, before: before, cfg: cfg, changes: make(chan struct{}, 1), done: make(chan struct{})}
	p.tracker = newTracker(d, before, asked, cfg.Settle)
	p.state = p.tracker.state()
	return p
}

// State is how it stands.
func (p *Progress) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.state
	s.No = p.record.No
	return s
}

// Standing is how a topology stands.
type Standing struct {
	Status    string
	Workers   int
	Executors map[string]int // by component
}

// Before is how it stood just before the change was sent.
func (p *Progress) Before() Standing {
	return Standing{Status: string(p.before.status), Workers: len(p.before.slots), Executors: maps.Clone(p.before.executors)}
}

// Changes tells, conflated, that State is another one.
func (p *Progress) Changes() <-chan struct{} { return p.changes }

// Done is closed when there is a verdict. A verdict of Settled can still become
// Undone or Superseded for a while afterwards.
func (p *Progress) Done() <-chan struct{} { return p.done }

// unknown notes that the answer was lost.
func (p *Progress) unknown(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tracker.unanswered(err)
	p.state = p.tracker.state()
}

func (p *Progress) finish(v Verdict, words string, now time.Time) {
	p.mu.Lock()
	p.tracker.finish(v, words, now)
	p.mu.Unlock()
	p.publish()
}

func (p *Progress) publish() {
	p.mu.Lock()
	p.state = p.tracker.state()
	over := p.state.Verdict != Running
	p.mu.Unlock()
	if over {
		p.ended.Do(func() { close(p.done) })
	}
	select {
	case p.changes <- struct{}{}:
	default:
	}
}

// end notes that the last record could not be written.
func (p *Progress) end(err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	p.tracker.auditError = err.Error()
	p.mu.Unlock()
	p.publish()
}

// run watches until the change has ended, and what came about for a while longer:
// a new leader can put an old parallelism back.
func (p *Progress) run(ctx context.Context) {
	tick := time.NewTicker(p.cfg.Every)
	defer tick.Stop()
	for {
		o := p.observe(ctx)
		if ctx.Err() != nil {
			p.mu.Lock()
			running := p.tracker.verdict == Running
			p.mu.Unlock()
			if running {
				p.finish(Interrupted, "the program ended before the outcome was known", p.cfg.Now())
			}
			return
		}
		p.mu.Lock()
		over := p.tracker.observe(o)
		p.mu.Unlock()
		p.publish()
		if over {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
