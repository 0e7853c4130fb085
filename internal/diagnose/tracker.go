package diagnose

import (
	"sort"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
)

const (
	// recoveredFor is how long something that ended is still listed.
	recoveredFor = time.Hour
	// maxRemembered bounds the findings remembered between two snapshots.
	maxRemembered = 10_000
)

// Thresholds are the numbers the rules compare with.
type Thresholds struct {
	CapacityWarn, CapacityCrit   float64 // share of one thread
	LoadWarn, LoadCrit           float64 // tuples inside a task of a shell bolt
	FailWarn, FailCrit           float64 // share of failed tuples, 0…1
	SkewWarn                     float64
	RestartsWithin               time.Duration
	ErrorWithin, SilentFor       time.Duration
	StuckBeyondWait, LeftOnAfter time.Duration
}

// Defaults are the thresholds when nothing else is configured.
func Defaults() Thresholds {
	return Thresholds{
		CapacityWarn: 0.80, CapacityCrit: 1.00, LoadWarn: 1, LoadCrit: 3,
		FailWarn: 0.005, FailCrit: 0.05, SkewWarn: 3,
		RestartsWithin: 30 * time.Minute, ErrorWithin: 10 * time.Minute, SilentFor: 5 * time.Minute,
		StuckBeyondWait: 2 * time.Minute, LeftOnAfter: time.Hour,
	}
}

// Tracker remembers from one snapshot to the next what a single snapshot cannot
// tell: since when something is so, whether it was so at the last heartbeat too,
// and what has recovered. The zero value uses [Defaults]. It is not safe for
// concurrent use.
type Tracker struct {
	Limits Thresholds

	ready     bool
	open      map[string]*memory
	recovered map[string]Finding
	statusAt  map[string]statusSeen
}

// memory is what is known of one finding.
type memory struct {
	last  Finding
	since time.Time
	// beats counts the heartbeats in a row at which it was so; beatAt is the
	// last of them.
	beats  int
	beatAt time.Time
}

type statusSeen struct {
	status string
	at     time.Time
}

func (t *Tracker) init() {
	if t.ready {
		return
	}
	if t.Limits == (Thresholds{}) {
		t.Limits = Defaults()
	}
	t.open, t.recovered, t.statusAt = map[string]*memory{}, map[string]Finding{}, map[string]statusSeen{}
	t.ready = true
}

// Report applies all rules to a snapshot. Calling it twice with the same
// snapshot changes nothing.
func (t *Tracker) Report(s *cluster.Snapshot, now time.Time) Report {
	t.init()
	t.seeStatuses(s)
	rep := Report{Rules: len(Rules())}
	var current []candidate
	failedRules := map[string]bool{}
	for _, rule := range Rules() {
		if why := rule.cannot(s); why != "" {
			rep.Cannot = append(rep.Cannot, rule.Name+": "+why)
			failedRules[rule.Name] = true
			continue
		}
		if why := rule.pending(s); why != "" {
			rep.Pending = append(rep.Pending, rule.Name+": "+why)
			continue
		}
		rep.Checked++
		found := rule.find(&view{Snapshot: s, now: now, limits: t.Limits, statusAt: t.statusAt})
		if len(found) == 0 {
			rep.Quiet = append(rep.Quiet, rule.Quiet)
		}
		current = append(current, found...)
	}
	seen := map[string]bool{}
	for _, c := range current {
		key := c.Key()
		seen[key] = true
		if f, show := t.remember(key, c, now); show {
			rep.Findings = append(rep.Findings, f)
		}
	}
	t.forget(seen, failedRules, now)
	for _, f := range t.recovered {
		rep.Findings = append(rep.Findings, f)
	}
	sortFindings(rep.Findings)
	return rep
}

// remember gives a finding its start and decides whether it lasted long enough.
func (t *Tracker) remember(key string, c candidate, now time.Time) (Finding, bool) {
	m := t.open[key]
	if m == nil {
		if len(t.open) >= maxRemembered {
			return c.Finding, true
		}
		m = &memory{since: c.Since}
		if m.since.IsZero() {
			m.since = now
		}
		t.open[key] = m
	}
	if m.beats == 0 || c.beatAt.After(m.beatAt) {
		m.beats++
		m.beatAt = c.beatAt
	}
	if c.Since.IsZero() {
		c.Since = m.since
	}
	m.last = c.Finding
	return c.Finding, m.beats >= c.needBeats
}

// forget moves what ended to the recovered ones. What a rule could not check is
// neither there nor gone.
func (t *Tracker) forget(seen, failedRules map[string]bool, now time.Time) {
	for key, m := range t.open {
		if seen[key] || failedRules[m.last.Rule] {
			continue
		}
		delete(t.open, key)
		if recovers[m.last.Rule] && m.last.Level == cluster.LevelCrit {
			f := m.last
			f.Level = cluster.LevelGood
			f.Evidence = nil
			f.What = "recovered after " + age(now.Sub(m.since)) + ": " + f.What
			f.Since = now
			t.recovered[key] = f
		}
	}
	for key, f := range t.recovered {
		if seen[key] || now.Sub(f.Since) > recoveredFor {
			delete(t.recovered, key)
		}
	}
}

// seeStatuses notes when a topology was first seen in its present status.
func (t *Tracker) seeStatuses(s *cluster.Snapshot) {
	if s.Cluster == nil {
		return
	}
	alive := map[string]bool{}
	for _, row := range s.Cluster.Topologies {
		alive[row.ID] = true
		if old, ok := t.statusAt[row.ID]; !ok || old.status != string(row.Status) {
			t.statusAt[row.ID] = statusSeen{status: string(row.Status), at: s.ClusterAt}
		}
	}
	for id := range t.statusAt {
		if !alive[id] {
			delete(t.statusAt, id)
		}
	}
}

// sortFindings puts the worst first, then the newest, then by place.
func sortFindings(list []Finding) {
	rank := func(l cluster.Level) int {
		switch l {
		case cluster.LevelCrit:
			return 0
		case cluster.LevelWarn:
			return 1
		case cluster.LevelMove:
			return 2
		default:
			return 3
		}
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if rank(a.Level) != rank(b.Level) {
			return rank(a.Level) < rank(b.Level)
		}
		if !a.Since.Equal(b.Since) {
			return a.Since.After(b.Since)
		}
		return a.Key() < b.Key()
	})
}
