package operate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Times of the judgement.
const (
	// arrives is how long a request whose answer was lost is given to show.
	arrives = 30 * time.Second
	// aftermath is how long a rebalance is watched after it settled.
	aftermath = 2 * time.Minute
	// sure is for how long something must be seen before it is believed: page
	// calls and executor lists of a new leader fill one after the other.
	sure = 10 * time.Second
)

// tracker judges how a change stands from one observation after the other. It is
// pure: the observations carry the time.
type tracker struct {
	deed   Deed
	before state
	asked  time.Time
	settle time.Duration

	steps   []Step
	verdict Verdict
	words   string
	took    time.Duration

	lost          bool // the answer was
	last          observation
	seen          bool // last is one of Nimbus
	leader        string
	leaderChanged bool
	passed        bool  // REBALANCING is over
	moving        bool  // REBALANCING or KILLED was seen
	assigned      int64 // of the first observation
	oddSince      time.Time
	sign          string // what the steps looked like when they last moved
	moved         time.Time
	settledAt     time.Time
	unreachable   string
	auditError    string
}

func newTracker(d Deed, before state, asked time.Time, settle time.Duration) tracker {
	t := tracker{deed: d, before: before, asked: asked, settle: settle, moved: asked, leader: before.leader}
	for _, name := range stepsOf(d.Action) {
		t.steps = append(t.steps, Step{Name: name})
	}
	t.steps[0].State, t.steps[0].At = Done, asked
	return t
}

func stepsOf(a Action) []string {
	switch a {
	case Rebalance:
		return []string{"asked", "waiting", "unassigned", "workers up", "executors up", "active", "settled"}
	case Kill:
		return []string{"asked", "waiting", "removed", "workers gone"}
	case RestartWorker:
		return []string{"asked", "taken up", "ended", "up again"}
	case Jstack, Heap, ProfileStart, ProfileDump, ProfileStop:
		return []string{"asked", "taken up"}
	case Activate, Deactivate, LogLevels, Sample:
	}
	return []string{"asked", "in force"}
}

// wait is how long Storm waits before it acts.
func (t *tracker) wait() time.Duration {
	var secs int
	switch {
	case t.deed.Plan != nil:
		secs, _ = t.deed.Plan.WaitSeconds()
	case t.deed.Wait != nil:
		secs = *t.deed.Wait
	case t.deed.Action == Kill:
		// The message timeout, which is not known here: what is seen decides.
		return 0
	}
	return time.Duration(secs) * time.Second
}

func (t *tracker) unanswered(err error) {
	t.lost = true
	t.words = err.Error()
	t.steps[0].State = UnderWay
}

func (t *tracker) finish(v Verdict, words string, at time.Time) {
	t.verdict, t.words = v, words
	t.took = at.Sub(t.asked)
}

// mark sets a step, and all before it when it is done.
func (t *tracker) mark(name string, s StepState, at time.Time, detail string) {
	i := slices.IndexFunc(t.steps, func(x Step) bool { return x.Name == name })
	if i < 0 {
		return
	}
	if s == Done {
		for j := range t.steps[:i] {
			if t.steps[j].State != Done {
				t.steps[j].State, t.steps[j].At = Done, at
			}
		}
	}
	x := &t.steps[i]
	if x.State == Done && s == Done {
		return
	}
	x.State, x.Detail = s, detail
	if s == Done {
		x.At = at
	}
}

// observe takes one observation and reports whether watching is over.
func (t *tracker) observe(o observation) bool {
	if t.settledAt.IsZero() && t.verdict != Running {
		return true
	}
	if o.err != nil {
		t.unreachable = o.err.Error()
		return t.tired(o.at)
	}
	t.unreachable = ""
	if !t.seen {
		t.assigned = o.assigned
	}
	t.last, t.seen = o, true
	if o.leader != "" {
		if t.leader != "" && o.leader != t.leader {
			t.leaderChanged = true
		}
		t.leader = o.leader
	}
	if !t.settledAt.IsZero() {
		return t.after(o)
	}
	switch t.deed.Action {
	case Rebalance:
		t.rebalance(o)
	case Kill:
		t.kill(o)
	default:
		t.simple(o)
	}
	if t.verdict != Running && t.settledAt.IsZero() {
		return true
	}
	return t.tired(o.at)
}

// after watches a rebalance that settled for what a new leader makes of it. What
// somebody does afterwards is another change.
func (t *tracker) after(o observation) bool {
	if !o.there || o.status != t.before.status || o.zk && t.overtaken(o) != "" {
		return true
	}
	l := o.layout()
	if same, wrong := t.asAsked(l); !same && t.leaderChanged && len(l.slots) > 0 {
		t.odd(o.at, Undone, fmt.Sprintf("after the leader change %s, though %s stored. Rebalance again?", wrong, t.wanted(o)))
	} else {
		t.oddSince = time.Time{}
	}
	return t.verdict != Settled || o.at.Sub(t.settledAt) >= aftermath
}

// tired gives up when nothing has moved for very long.
func (t *tracker) tired(at time.Time) bool {
	if sign := t.signature(); sign != t.sign {
		t.sign, t.moved = sign, at
	}
	if !t.settledAt.IsZero() {
		return at.Sub(t.settledAt) >= aftermath
	}
	if at.Sub(t.moved) < t.wait()+5*t.settle {
		return false
	}
	if t.lost {
		t.finish(Unknown, "outcome unknown: "+orText(t.unreachable, "the cluster does not show what became of it"), at)
	} else {
		t.finish(Sent, "accepted, but not seen to be carried out: "+orText(t.stuck(at), t.unreachable), at)
	}
	return true
}

func (t *tracker) signature() string {
	var b strings.Builder
	for _, s := range t.steps {
		fmt.Fprintf(&b, "%d%s ", s.State, s.Detail)
	}
	return b.String()
}

// arrived notes that a request whose answer was lost did arrive.
func (t *tracker) arrived(at time.Time) {
	if t.lost {
		t.lost, t.words = false, "the answer was lost, but it did arrive"
	}
	t.mark("asked", Done, at, "")
}

// absent decides that a request whose answer was lost never arrived.
func (t *tracker) absent(at time.Time) {
	if t.lost && at.Sub(t.asked) >= arrives {
		t.finish(NotSent, "it did not arrive: "+t.deed.Topology+" is as before", at)
	}
}

func (t *tracker) rebalance(o observation) {
	if !o.there || o.status == nimbusclient.Killed {
		t.finish(Superseded, t.deed.Topology+" was killed meanwhile", o.at)
		return
	}
	wait := t.wait()
	if o.status == nimbusclient.Rebalancing {
		if t.passed && o.at.Sub(t.steps[1].At) > sure {
			t.finish(Superseded, "somebody else rebalances "+t.deed.Topology, o.at)
			return
		}
		t.arrived(o.at)
		t.moving = true
		elapsed := min(wait, o.at.Sub(t.asked))
		t.mark("waiting", UnderWay, o.at, fmt.Sprintf("%d/%ds", int(elapsed.Seconds()), int(wait.Seconds())))
		return
	}
	if !t.moving && !t.reassigned(o) {
		// A short wait may be over before we looked; without an answer it may
		// never have begun.
		if t.absent(o.at); t.lost || o.at.Sub(t.asked) < wait {
			return
		}
	}
	t.arrived(o.at)
	t.passed = true
	t.mark("waiting", Done, o.at, fmt.Sprintf("%ds", int(wait.Seconds())))
	if t.reassigned(o) {
		t.mark("unassigned", Done, o.at, "")
	}
	t.judgeLayout(o)
}

// reassigned reports whether Nimbus has given out the slots anew.
func (t *tracker) reassigned(o observation) bool {
	if o.zk && t.assigned != 0 && o.assigned != t.assigned {
		return true
	}
	l := o.layout()
	return len(l.slots) > 0 && (!maps.Equal(l.slots, t.before.slots) || !maps.Equal(l.components, t.before.executors))
}

// judgeLayout compares what runs with what was asked for.
func (t *tracker) judgeLayout(o observation) {
	l := o.layout()
	up, all := l.reported()
	same, wrong := t.asAsked(l)
	if len(l.slots) > 0 {
		t.mark("workers up", doneIf(l.running() == len(l.slots) && t.passed), o.at, fmt.Sprintf("%d/%d", l.running(), len(l.slots)))
		t.mark("executors up", doneIf(up == all && l.running() == len(l.slots)), o.at, fmt.Sprintf("%d/%d", up, all))
	}
	if up == all && all > 0 {
		t.mark("active", Done, o.at, "")
	}
	if o.zk && t.overtaken(o) != "" {
		t.odd(o.at, Superseded, t.overtaken(o))
		return
	}
	switch {
	case same && up == all && all > 0:
		t.mark("settled", Done, o.at, "")
		t.settledAt = o.at
		t.finish(Settled, fmt.Sprintf("settled in %s. %s", human.Span(o.at.Sub(t.asked)), t.result()), o.at)
	case !same && t.leaderChanged && all > 0:
		t.odd(o.at, Undone, fmt.Sprintf("after the leader change %s, though %s stored. Rebalance again?", wrong, t.wanted(o)))
	default:
		t.oddSince = time.Time{}
	}
}

func doneIf(done bool) StepState {
	if done {
		return Done
	}
	return UnderWay
}

// odd believes a bad end when it has been seen for a while.
func (t *tracker) odd(at time.Time, v Verdict, words string) {
	if t.oddSince.IsZero() {
		t.oddSince = at
	}
	if at.Sub(t.oddSince) >= sure {
		t.mark("settled", Failed, at, "")
		t.finish(v, string(v)+": "+words, at)
	}
}

// asAsked reports whether the layout is what was asked for; wrong says of one
// component, or of the workers, how it is instead.
func (t *tracker) asAsked(l layout) (same bool, wrong string) {
	sent := t.deed.Plan.Sent()
	for _, component := range slices.Sorted(maps.Keys(sent)) {
		if n := l.components[component]; n != sent[component] {
			return false, fmt.Sprintf("%s runs on %d again", component, n)
		}
	}
	if n, changed := t.deed.Plan.NewWorkers(); changed && !t.deed.Plan.Topology.ResourceAware {
		all := 0
		for _, k := range l.slots {
			all += k
		}
		if got := len(l.slots); got != min(n, all) {
			return false, fmt.Sprintf("%d workers run", got)
		}
	}
	return true, ""
}

// wanted says what was asked for instead of how it is, as a sentence's part.
func (t *tracker) wanted(o observation) string {
	sent := t.deed.Plan.Sent()
	if changed := slices.Sorted(maps.Keys(sent)); len(changed) > 0 {
		if n := o.stored[changed[0]]; n != 0 {
			return fmt.Sprintf("%d is", n)
		}
		return fmt.Sprintf("%d was asked for and may be", sent[changed[0]])
	}
	if n, changed := t.deed.Plan.NewWorkers(); changed {
		return fmt.Sprintf("%d workers are", n)
	}
	return "the change is"
}

// overtaken says what somebody else has asked for instead, "" for nothing.
func (t *tracker) overtaken(o observation) string {
	if !o.inStorms || len(o.stored) == 0 {
		return ""
	}
	sent := t.deed.Plan.Sent()
	for _, component := range slices.Sorted(maps.Keys(sent)) {
		if n, ok := o.stored[component]; ok && n != sent[component] {
			return fmt.Sprintf("somebody else set %s to %d", component, n)
		}
	}
	if n, changed := t.deed.Plan.NewWorkers(); changed && o.storedWorkers != nil && *o.storedWorkers != n {
		return fmt.Sprintf("somebody else asked for %d workers", *o.storedWorkers)
	}
	return ""
}

// result says what a settled rebalance has come to.
func (t *tracker) result() string {
	var parts []string
	for _, c := range t.deed.Plan.Changes() {
		switch c.What {
		case "executors":
			parts = append(parts, fmt.Sprintf("%s runs on %s executors as asked", c.Component, c.To))
		case "workers":
			parts = append(parts, fmt.Sprintf("%s workers as asked", c.To))
		}
	}
	if len(parts) == 0 {
		return "Every executor has reported."
	}
	return strings.Join(parts, ", ") + "."
}

func (t *tracker) kill(o observation) {
	switch {
	case o.there && o.status == nimbusclient.Killed:
		t.arrived(o.at)
		t.moving = true
		detail := ""
		if w := t.wait(); w > 0 {
			detail = fmt.Sprintf("%d/%ds", int(min(w, o.at.Sub(t.asked)).Seconds()), int(w.Seconds()))
		}
		t.mark("waiting", UnderWay, o.at, detail)
	case o.there:
		t.absent(o.at)
	case o.zk && (o.inStorms || o.inAssignments):
		t.arrived(o.at)
		t.mark("removed", UnderWay, o.at, "still in ZooKeeper")
	default:
		t.arrived(o.at)
		t.mark("removed", Done, o.at, "")
		t.workersGone(o)
	}
}

func (t *tracker) workersGone(o observation) {
	if !o.zk {
		t.finish(Gone, fmt.Sprintf("%s is gone after %s; that its workers ended was not seen: no ZooKeeper",
			t.deed.Topology, human.Span(o.at.Sub(t.asked))), o.at)
		return
	}
	free := 0
	for at := range t.before.slots {
		if !o.used[at] || o.taken[at] {
			free++
		}
	}
	t.mark("workers gone", doneIf(free == len(t.before.slots)), o.at, fmt.Sprintf("%d/%d", free, len(t.before.slots)))
	if free == len(t.before.slots) {
		t.finish(Gone, fmt.Sprintf("%s is gone after %s", t.deed.Topology, human.Span(o.at.Sub(t.asked))), o.at)
	}
}

// simple judges what is in force at once or not.
func (t *tracker) simple(o observation) {
	if !o.there || o.status == nimbusclient.Killed {
		t.finish(Superseded, t.deed.Topology+" was killed meanwhile", o.at)
		return
	}
	if t.deed.Action.OnWorker() {
		t.worker(o)
		return
	}
	inForce, words := false, ""
	switch t.deed.Action {
	case Activate:
		inForce, words = o.status == nimbusclient.Active, t.deed.Topology+" is ACTIVE"
	case Deactivate:
		inForce, words = o.status == nimbusclient.Inactive, t.deed.Topology+" is INACTIVE"
	case LogLevels:
		inForce, words = t.levelsSet(o), "the log levels are set; workers follow within seconds"
		if inForce && t.expires() {
			words += ", and return up to 30 s after their time"
		}
	case Sample:
		inForce, words = t.sampling(o)
	default:
	}
	if !inForce {
		t.absent(o.at)
		return
	}
	t.arrived(o.at)
	t.mark("in force", Done, o.at, "")
	t.finish(Settled, words, o.at)
}

func (t *tracker) levelsSet(o observation) bool {
	for logger, l := range t.deed.Levels {
		now, there := o.levels[logger]
		switch {
		case l.Action == "REMOVE" && there && now.Action != "REMOVE":
			return false
		case l.Action == "UPDATE" && (!there || now.Target != l.Target):
			return false
		}
	}
	return true
}

func (t *tracker) expires() bool {
	for _, l := range t.deed.Levels {
		if l.TimeoutSecs != nil && *l.TimeoutSecs > 0 {
			return true
		}
	}
	return false
}

func (t *tracker) sampling(o observation) (bool, string) {
	key, what := t.deed.Component, t.deed.Component
	if key == "" {
		key, what = t.deed.TopologyID, "all components"
	}
	d := o.sampling[key]
	if t.deed.Percent <= 0 {
		return !d.Enabled, "sampling of " + what + " is off"
	}
	pct := 0.0
	if d.SamplingPct != nil {
		pct = *d.SamplingPct
	}
	return d.Enabled && pct > 0, fmt.Sprintf("sampling of %s is on at %g %%", what, pct)
}

func (t *tracker) worker(o observation) {
	pending := slices.ContainsFunc(o.pending, func(p profile) bool {
		return p.Host == t.deed.Host && p.Port == t.deed.Port && p.Action == profilerActions[t.deed.Action]
	})
	if pending {
		t.moving = true
		t.arrived(o.at)
		t.mark("taken up", UnderWay, o.at, "")
	}
	if t.deed.Action == RestartWorker {
		t.restarted(o, pending)
		return
	}
	switch {
	case !o.zk && !t.lost:
		t.finish(Sent, "accepted; without ZooKeeper nobody says when the supervisor takes it up", o.at)
	case t.moving && !pending:
		t.mark("taken up", Done, o.at, "")
		t.finish(Settled, "the supervisor has taken it up", o.at)
	case !pending:
		t.absent(o.at)
	}
}

func (t *tracker) restarted(o observation, pending bool) {
	up, there := -1, false
	for _, e := range o.executors {
		if e.at == (slot{t.deed.Host, t.deed.Port}) {
			there = true
			if e.reported {
				up = max(up, e.uptime)
			}
		}
	}
	since := int(o.at.Sub(t.asked).Seconds())
	ended := !there || up < 0 || up == 0 || t.before.uptime >= 0 && up < t.before.uptime && up <= since+1
	switch {
	case ended && up > 0:
		t.arrived(o.at)
		t.mark("up again", Done, o.at, "")
		t.finish(Settled, fmt.Sprintf("%s:%d was restarted and is up since %ds", t.deed.Host, t.deed.Port, up), o.at)
	case ended:
		t.arrived(o.at)
		t.mark("ended", Done, o.at, "")
		t.mark("up again", UnderWay, o.at, "")
	case !pending && !t.moving:
		t.absent(o.at)
	}
}

// stuck says where the change stands still and what is likely, "" while it moves.
func (t *tracker) stuck(at time.Time) string {
	if t.verdict != Running || at.Sub(t.moved) < t.settle || at.Sub(t.asked) < t.wait()+t.settle {
		return ""
	}
	i := slices.IndexFunc(t.steps, func(s Step) bool { return s.State != Done })
	if i < 0 {
		return ""
	}
	where := fmt.Sprintf("stuck at %s", t.steps[i].Name)
	if t.steps[i].Detail != "" {
		where += " " + t.steps[i].Detail
	}
	where += " for " + human.Span(at.Sub(t.moved))
	if t.last.sched != "" && strings.Contains(strings.ToLower(t.last.sched), "not enough") {
		return where + ": " + t.last.sched
	}
	l := t.last.layout()
	for _, s := range slices.SortedFunc(maps.Keys(l.slots), func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	}) {
		if l.upIn[s] == 0 {
			return fmt.Sprintf("%s: %s not launched. Likely log: supervisor.log on %s", where, s, s.Host)
		}
	}
	return where
}
