package logs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
)

// How often a source is looked at.
const (
	// leastPause is between two looks while lines come, mostPause while none
	// come; soonPause while the file is being rotated.
	leastPause = 100 * time.Millisecond
	mostPause  = 2 * time.Second
	soonPause  = 20 * time.Millisecond
	// perSource stretches leastPause when lines come from many sources at once:
	// what each look costs is the same, and so is then their sum.
	perSource = 4 * time.Millisecond
	// busiest bounds that.
	busiest = 500 * time.Millisecond
	// deniedPause is between two looks at a file that may not be read.
	deniedPause = 10 * time.Second
	// linger is how long a source that is no longer wanted must be silent before
	// it leaves, and lingerMost how long it may speak: a worker goes on for a
	// while after its slot was given up.
	linger     = 10 * time.Second
	lingerMost = time.Minute
	// joinBack is how much before its joining a source is read that joins while
	// others are being followed: its first lines came before it was noticed.
	joinBack = 30 * time.Second
	// tries is how often a source is tried when nothing is to be followed.
	tries = 3
)

// A tail reads one source. What is not behind mu or atomic belongs to the
// goroutine of run.
type tail struct {
	m     *Mux
	src   Source
	index int32
	late  bool // joined while others were being followed
	nudge chan struct{}
	timer *time.Timer

	leaving atomic.Bool
	finish  atomic.Bool // run has ended or is about to

	f       follower
	asm     *Assembler
	clock   *clockReader // of the first line after a gap
	batch   []Record
	since   time.Time // records before it are not wanted, until one after it came
	live    bool      // caught up once
	lostAt  time.Time // since when the host is out of reach
	leftAt  time.Time // since when it is silent and no longer wanted
	pause   time.Duration
	soon    int
	active  bool // counted in m.busy
	known   Clock
	rateAt  int64 // the first and the last time read, and how much came between
	lastAt  int64
	rateLen int64

	mu    sync.Mutex
	state SourceState
}

func newTail(m *Mux, src Source, late bool) *tail {
	t := &tail{m: m, src: src, late: late, index: m.cfg.Store.AddSource(src), nudge: make(chan struct{}, 1)}
	t.asm = NewAssembler(AssemblerConfig{Source: t.index, Zone: t.zone()}, t.take)
	t.clock = newClockReader(t.zone())
	t.f = follower{
		path: src.Path, kind: src.Kind, lines: m.cfg.Lines, row: m.cfg.Rotated, since: m.cfg.Since,
		now: m.cfg.Now, out: t, stamp: t.stamp,
	}
	if late && m.cfg.Lines >= 0 && m.cfg.Follow && m.cfg.Since.IsZero() && src.Kind != KindStdin {
		t.since = m.cfg.Now().Add(-joinBack)
		t.f.since = t.since
	}
	t.state = SourceState{Source: src, Index: t.index, Zone: t.zone(), Words: "connecting to " + hostWords(src.Host)}
	return t
}

func hostWords(host string) string {
	if host == "" {
		return "this machine"
	}
	return host
}

// zone is that of the file's times.
func (t *tail) zone() *time.Location {
	for _, z := range []*time.Location{t.src.Zone, t.known.Zone, t.m.cfg.Zone} {
		if z != nil {
			return z
		}
	}
	return time.Local
}

// stamp reads the time at the head of a line, by our clock.
func (t *tail) stamp(line []byte) (time.Time, bool) {
	s, ok := t.clock.head(line)
	if !ok || s.ns == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, s.ns).Add(-t.known.Offset), true
}

func (t *tail) over() bool { return t.finish.Load() }

// leave asks for the rest of the file, then the end.
func (t *tail) leave() {
	t.leaving.Store(true)
	wake(t.nudge)
}

// stay takes leave back, if it is not too late.
func (t *tail) stay() bool {
	t.leaving.Store(false)
	return !t.over()
}

func (t *tail) stateNow() SourceState {
	t.mu.Lock()
	s := t.state
	t.mu.Unlock()
	s.Dropped, _ = t.m.cfg.Store.DroppedOf(t.index)
	return s
}

// set changes the state and tells when it is another one.
func (t *tail) set(state FollowState, words string, retry time.Time) {
	t.mu.Lock()
	changed := t.state.State != state || t.state.Words != words
	t.state.State, t.state.Words, t.state.RetryAt = state, words, retry
	t.mu.Unlock()
	if changed {
		wake(t.m.changes)
	}
}

// run reads the source until it is over.
func (t *tail) run(ctx context.Context) {
	t.timer = time.NewTimer(time.Hour)
	defer t.timer.Stop()
	defer t.finish.Store(true)
	defer t.calm()
	t.m.merger.Join(t.index, true, t.m.cfg.Now())
	if t.src.Kind == KindStdin {
		t.runStdin(ctx)
		return
	}
	g := t.m.gateOf(t.src.Host)
	for failures := 0; ctx.Err() == nil; {
		conn, err := t.connect(ctx)
		if err == nil {
			begun := t.state.BytesRead
			err = t.follow(ctx, conn, g)
			conn.close()
			if t.state.BytesRead > begun {
				failures = 0
			}
		}
		if err == nil || ctx.Err() != nil {
			break
		}
		failures++
		retry := g.failed(t.m.cfg.Now(), t.m.cfg.Random())
		t.lost(err, retry)
		if !t.m.cfg.Follow && failures >= tries {
			t.end(StateFailed, errorWords(err))
			return
		}
		if t.leaving.Load() && failures >= tries {
			break
		}
		t.wait(ctx, retry.Sub(t.m.cfg.Now()), false)
	}
	switch {
	case ctx.Err() != nil:
		t.asm.End(t.m.cfg.Now())
		t.deliver()
	case t.leaving.Load():
		t.say(MarkLeft, leftWords(t.src), t.m.cfg.Now())
		t.end(StateLeft, "")
	default:
		t.end(StateDone, t.doneWords())
	}
}

// doneWords says when there was nothing to read.
func (t *tail) doneWords() string {
	if t.f.anchor().none() && t.state.State == StateWaiting {
		return t.state.Words
	}
	return ""
}

// end gives out what is held and leaves the merger.
func (t *tail) end(state FollowState, words string) {
	t.asm.End(t.m.cfg.Now())
	t.deliver()
	t.finish.Store(true)
	t.m.merger.Leave(t.index)
	wake(t.m.kick)
	t.set(state, words, time.Time{})
}

// lost tells once that the way to the host is broken.
func (t *tail) lost(err error, retry time.Time) {
	now := t.m.cfg.Now()
	t.calm()
	words := errorWords(err)
	if t.lostAt.IsZero() {
		t.lostAt = now
		t.mu.Lock()
		t.state.Breaks++
		t.mu.Unlock()
		// Without ending the line that is being read: its rest may come yet.
		t.asm.Mark(MarkLost, lostWords(err, retry.Sub(now)), t.f.at.offset, now)
		t.deliver()
	}
	t.set(StateLost, words, retry)
}

// follow reads over one connection until it breaks, or until all is read.
func (t *tail) follow(ctx context.Context, c conn, g *gate) error {
	t.f.connect(c.files)
	defer t.f.disconnect()
	t.pause, t.soon = leastPause, 0
	t.learn()
	for ctx.Err() == nil {
		if t.m.held.Load() {
			t.set(StateHeld, "", time.Time{})
			t.calm()
			t.wait(ctx, leastPause, false)
			continue
		}
		p, err := t.f.poll(ctx)
		t.deliver()
		denied := errors.Is(err, fs.ErrPermission) || errors.Is(err, errNotRegular)
		missing := errors.Is(err, fs.ErrNotExist) || err == nil && t.f.cur == nil
		if err != nil && !denied && !missing {
			return err
		}
		g.succeeded()
		t.recovered()
		if t.late && t.f.begun {
			t.late = false
			t.say(MarkJoined, joinedWords(t.src), t.m.cfg.Now())
		}
		switch {
		case denied, missing && p != paceSoon:
			t.set(StateWaiting, waitingWords(t.src.Path, err), time.Time{})
		case p == paceSoon && t.f.old:
			t.set(StateRotated, "", time.Time{})
		case p == paceBusy, p == paceMore:
			t.set(StateFollowing, "", time.Time{})
		case t.pause >= mostPause:
			t.set(StateQuiet, "", time.Time{})
		}
		if p == paceQuiet || p == paceSoon && missing {
			t.caughtUp()
		}
		if t.finished(p) {
			return nil
		}
		t.wait(ctx, t.next(p, denied), true)
		t.learn()
	}
	return ctx.Err()
}

// finished says that all was read that was asked for.
func (t *tail) finished(p pace) bool {
	if p == paceSoon {
		// Between a rename and the new file: nothing is missing if none comes.
		return t.soon > 5 && !t.m.cfg.Follow
	}
	if p != paceQuiet {
		return false
	}
	if !t.m.cfg.Follow {
		return true
	}
	if !t.leaving.Load() {
		t.leftAt = time.Time{}
		return false
	}
	now := t.m.cfg.Now()
	if t.leftAt.IsZero() {
		t.leftAt = now
	}
	t.mu.Lock()
	last := t.state.LastLine
	t.mu.Unlock()
	silent := now.Sub(last)
	if last.Before(t.leftAt) {
		silent = now.Sub(t.leftAt)
	}
	return silent >= linger || now.Sub(t.leftAt) >= lingerMost
}

// next is how long to wait after a look.
func (t *tail) next(p pace, denied bool) time.Duration {
	if p != paceSoon {
		t.soon = 0
	}
	switch {
	case p == paceMore:
		t.speak()
		if t.m.merger.Ahead(t.index) {
			return soonPause
		}
		return 0
	case p == paceBusy:
		t.speak()
		t.pause = min(max(leastPause, time.Duration(t.m.busy.Load())*perSource), busiest)
		return t.pause
	case p == paceSoon:
		t.soon++
		return min(soonPause*time.Duration(1+t.soon/10), mostPause)
	case denied:
		return deniedPause
	}
	t.calm()
	t.pause = min(t.pause*3/2, mostPause)
	return t.pause
}

// speak and calm count the sources of which lines come.
func (t *tail) speak() {
	if !t.active {
		t.active = true
		t.m.busy.Add(1)
	}
}

func (t *tail) calm() {
	if t.active {
		t.active = false
		t.m.busy.Add(-1)
	}
}

// wait waits, and meanwhile gives out the record that waits for more lines. A
// nudge ends it.
func (t *tail) wait(ctx context.Context, d time.Duration, tick bool) {
	for end := t.m.cfg.Now().Add(d); d > 0; d = end.Sub(t.m.cfg.Now()) {
		if tick && t.asm.Pending() {
			d = min(d, HoldOpen)
		}
		t.timer.Reset(d)
		select {
		case <-t.timer.C:
		case <-t.nudge:
			return
		case <-ctx.Done():
			return
		}
		if tick {
			t.asm.Tick(t.m.cfg.Now())
			t.deliver()
		}
	}
}

// caughtUp says once that the present is reached.
func (t *tail) caughtUp() {
	if !t.live {
		t.live = true
		t.m.merger.Live(t.index)
	}
}

// learn takes over what is known of the host's clock by now.
func (t *tail) learn() {
	c := t.m.hostOf(t.src.Host).Clock()
	if c == t.known {
		return
	}
	t.known = c
	t.asm.SetClock(c.Offset)
	zone := t.zone()
	t.mu.Lock()
	t.state.ClockOffset, t.state.ClockKnown = c.Offset, c.Known
	moved := t.state.Zone != zone
	t.state.Zone = zone
	t.mu.Unlock()
	if moved {
		t.asm.SetZone(zone)
		t.clock = newClockReader(zone)
	}
}

// recovered tells that the host is back, once the place in the file is known.
func (t *tail) recovered() {
	if t.lostAt.IsZero() || t.f.resuming {
		return
	}
	t.back("")
}

// back ends a loss.
func (t *tail) back(words string) {
	if t.lostAt.IsZero() {
		return
	}
	now := t.m.cfg.Now()
	if words == "" {
		words = fmt.Sprintf("back after %s", spanWords(now.Sub(t.lostAt)))
	}
	t.lostAt = time.Time{}
	t.asm.Mark(MarkBack, words, t.f.at.offset, now)
	t.deliver()
}

// chunk implements sink.
func (t *tail) chunk(b []byte, offset int64) {
	now := t.m.cfg.Now()
	t.asm.Write(b, offset, now)
	t.rateLen += int64(len(b))
	t.mu.Lock()
	t.state.BytesRead += int64(len(b))
	t.state.Offset = offset + int64(len(b))
	t.state.LastLine = now
	t.mu.Unlock()
	t.deliver()
}

// happened implements sink.
func (t *tail) happened(h happening) {
	if h.what == wasResumed {
		t.back(backWords(t.m.cfg.Now().Sub(t.lostAt), h.offset))
		return
	}
	l := loss{}
	at := t.m.cfg.Now()
	if t.lastAt != 0 {
		at = time.Unix(0, t.lastAt)
		l.from = at.Add(t.known.Offset).In(t.zone())
	}
	if first, ok := t.stamp(h.next); ok {
		at = first
		l.to = first.Add(t.known.Offset).In(t.zone())
		if span := t.lastAt - t.rateAt; span > int64(time.Second) && first.UnixNano() > t.lastAt {
			l.bytes = float64(t.rateLen) / float64(span) * float64(first.UnixNano()-t.lastAt)
		}
	}
	mark, words := happeningWords(h, t.src.Name(), l)
	if h.what.gap() {
		t.back("")
	}
	t.mu.Lock()
	if h.what.gap() {
		t.state.Gaps++
	} else {
		t.state.Rotations++
	}
	t.mu.Unlock()
	t.say(mark, words, at)
	wake(t.m.changes)
}

// say puts a mark after what was read, whose last line is thereby ended.
func (t *tail) say(mark Mark, words string, at time.Time) {
	t.asm.End(t.m.cfg.Now())
	t.asm.Mark(mark, words, t.f.anchor().offset, at)
	t.deliver()
}

// take takes a record from the assembler.
func (t *tail) take(r Record) {
	if r.Time != 0 && r.Mark == MarkNone {
		if t.rateAt == 0 {
			t.rateAt = r.Time
		}
		t.lastAt = r.Time
	}
	if !t.since.IsZero() && r.Mark == MarkNone {
		if r.Time < t.since.UnixNano() {
			return
		}
		t.since = time.Time{}
	}
	t.batch = append(t.batch, r)
	if len(t.batch) >= 1024 {
		t.deliver()
	}
}

// deliver gives the records to the merger.
func (t *tail) deliver() {
	if len(t.batch) == 0 {
		return
	}
	lines := int64(0)
	for i := range t.batch {
		if t.batch[i].Mark == MarkNone {
			lines += int64(t.batch[i].Lines)
		}
	}
	t.mu.Lock()
	t.state.Lines += lines
	t.mu.Unlock()
	t.m.merger.Add(t.m.cfg.Now(), t.batch...)
	clear(t.batch)
	if t.batch = t.batch[:0]; cap(t.batch) > 64 {
		t.batch = nil
	}
	wake(t.m.kick)
}
