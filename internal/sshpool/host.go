package sshpool

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// The pauses after failures: they double from the first to the last. What cannot
// be helped by trying again, a refused login above all, waits the long one.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
	longPause  = time.Minute
)

// A Host is one host of a [Pool]. Its connections are opened when something is
// asked of it.
type Host struct {
	pool   *Pool
	name   string
	target target
	via    []string // jumps that go before those of the configuration
	bad    error    // what is wrong with the name

	mu      sync.Mutex
	links   []*link
	attempt *attempt
	limit   int // sessions a connection
	failed  int // failures in a row
	retryAt time.Time
	retry   chan struct{} // closed by Reconnect
	state   State
	noSFTP  error
	clock   *asked // the question for the clock
}

// attempt is a connection that is being opened.
type attempt struct {
	done chan struct{}
	err  error // once done is closed
}

// Name is the name the host was asked for by.
func (h *Host) Name() string { return h.name }

// State is how the host is doing now.
func (h *Host) State() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state
	s.Name = h.name
	s.Via, s.Notes, s.Steps = slices.Clone(s.Via), slices.Clone(s.Notes), slices.Clone(s.Steps)
	s.Connections, s.Limit = len(h.links), h.limit
	for _, l := range h.links {
		s.Sessions += l.session
	}
	if s.Words == "" && s.Err != nil {
		s.Words, s.Hint = s.Err.Error(), Hint(s.Err)
	}
	return s
}

// set changes the state; h.mu is held.
func (h *Host) set(phase Phase, err error, text string) {
	h.state.Phase, h.state.Err, h.state.Words, h.state.Hint = phase, err, text, ""
	h.state.RetryAt, h.state.Attempt = h.retryAt, h.failed
	if err != nil {
		h.state.Words, h.state.Hint = err.Error(), Hint(err)
	}
	h.pool.change()
}

// describe tells in the state what the configuration says of the host.
func (h *Host) describe(s Settings) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.User, h.state.Address, h.state.From = s.User, s.address(), s.From
	h.state.Via, h.state.Notes = s.ProxyJump, s.Notes
	h.pool.change()
}

// maxNotes bounds what is noted about a host.
const maxNotes = 16

func (h *Host) addNote(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.state.Notes, text) && len(h.state.Notes) < maxNotes {
		h.state.Notes = append(slices.Clone(h.state.Notes), text)
	}
}

// Reconnect forgets that the host failed, and that the user did not want to
// answer: who waits for it tries again at once.
func (h *Host) Reconnect() {
	h.pool.secrets.again()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed, h.retryAt, h.noSFTP = 0, time.Time{}, nil
	close(h.retry)
	h.retry = make(chan struct{})
	if h.bad == nil && (h.state.Phase == Failed || h.state.Phase == Waiting) {
		h.set(Idle, nil, "")
	}
}

// link gives a connection that has room for a session, or any for a tunnel, and
// holds it until release. It opens one where there is none, together with all who
// want one at the same time. After a failure it waits for the end of the pause; a
// failure that trying again cannot help is returned at once.
func (h *Host) link(ctx context.Context, session bool) (*link, error) {
	for {
		h.mu.Lock()
		switch {
		case h.bad != nil:
			h.mu.Unlock()
			return nil, h.bad
		case h.pool.isClosed():
			h.mu.Unlock()
			return nil, ErrClosed
		}
		if l := h.free(session); l != nil {
			h.hold(l, session)
			h.mu.Unlock()
			return l, nil
		}
		if len(h.links) >= maxConnections {
			h.mu.Unlock()
			return nil, &Error{Host: h.name, Phase: phaseOpen, Err: ErrSessions, Text: ": all connections to it are full"}
		}
		a, retry := h.attempt, h.retry
		wait, last := h.retryAt.Sub(h.pool.cfg.Now()), h.state.Err
		if a == nil && wait <= 0 {
			a = &attempt{done: make(chan struct{})}
			if !h.pool.start(func() { h.open(a) }) {
				h.mu.Unlock()
				return nil, ErrClosed
			}
			h.attempt = a
			if len(h.links) == 0 {
				h.set(Connecting, nil, "connecting")
			}
		}
		h.mu.Unlock()
		switch {
		case a != nil:
			if err := await(ctx, a.done, last); err != nil {
				return nil, err
			}
			if a.err != nil {
				return nil, a.err
			}
		case last != nil && permanent(last):
			return nil, last
		default:
			timer := time.NewTimer(wait)
			err := h.rest(ctx, timer.C, retry, last)
			timer.Stop()
			if err != nil {
				return nil, err
			}
		}
	}
}

// rest waits until a host may be tried again.
func (h *Host) rest(ctx context.Context, timer <-chan time.Time, retry <-chan struct{}, last error) error {
	select {
	case <-timer:
		return nil
	case <-retry:
		return nil
	case <-h.pool.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return late(ctx, last)
	}
}

func await(ctx context.Context, done <-chan struct{}, last error) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return late(ctx, last)
	}
}

// late is the error of a caller whose context ended: what it waited for is more
// telling than that.
func late(ctx context.Context, last error) error {
	if last != nil {
		return errors.Join(last, ctx.Err())
	}
	return ctx.Err()
}

// free finds a connection; h.mu is held.
func (h *Host) free(session bool) *link {
	for _, l := range h.links {
		if l.err == nil && (!session || l.session < h.limit) {
			return l
		}
	}
	return nil
}

// hold counts a use of a connection; h.mu is held.
func (h *Host) hold(l *link, session bool) {
	l.used++
	if session {
		l.session++
	}
	if l.idle != nil {
		l.idle.Stop()
		l.idle = nil
	}
}

// release ends a use. A further connection that nobody uses is closed in a while.
func (h *Host) release(l *link, session bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.used--
	if session {
		l.session--
	}
	if l.used == 0 && len(h.links) > 1 && l != h.links[0] {
		l.idle = time.AfterFunc(idleTime, func() {
			h.mu.Lock()
			unused := l.used == 0 && l.err == nil
			if unused {
				l.err = errIdle
			}
			h.mu.Unlock()
			if unused {
				_ = l.wire.Close()
			}
		})
	}
}

var errIdle = errors.New("not needed any more")

// refusal says what to make of a session that was refused.
type refusal uint8

const (
	nowhere   refusal = iota // the host grants none at all
	elsewhere                // another connection may have room
	soon                     // a place may be free in a moment
)

// full learns that a connection grants no more sessions than it has.
func (h *Host) full(l *link, patient bool) refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	if patient && !l.freed.IsZero() && time.Since(l.freed) < recently {
		return soon
	}
	// The one that was refused is counted already.
	if l.session <= 1 {
		return nowhere
	}
	h.limit = min(h.limit, l.session-1)
	return elsewhere
}

// open opens one connection for all who wait for it.
func (h *Host) open(a *attempt) {
	ctx := h.pool.ctx
	l, err := h.connect(ctx)
	if err == nil && !h.pool.start(func() { l.run(ctx) }) {
		_ = l.wire.Close()
		_ = l.client.Wait()
		l, err = nil, ErrClosed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a.err = err
	h.attempt = nil
	defer close(a.done)
	if err == nil {
		h.links = append(h.links, l)
		h.failed, h.retryAt = 0, time.Time{}
		h.state.Way, h.state.Steps = l.way, l.steps
		h.set(Ready, nil, "")
		return
	}
	h.fail(err)
}

// fail notes a failure; h.mu is held.
func (h *Host) fail(err error) {
	pause := longPause
	phase := Failed
	if !permanent(err) {
		pause = jittered(min(lastPause, firstPause<<min(h.failed, 10)), h.pool.cfg.Random)
		phase = Waiting
	}
	h.failed++
	h.retryAt = h.pool.cfg.Now().Add(pause)
	if len(h.links) > 0 {
		h.pool.change() // one more connection could not be had; the others are fine
		return
	}
	h.set(phase, err, "")
}

// lost notes that a connection has ended.
func (h *Host) lost(l *link, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.idle != nil {
		l.idle.Stop()
	}
	if l.err == nil {
		l.err = &Error{Host: h.name, Phase: phaseOpen, Err: ErrLost, Cause: err}
	}
	h.links = slices.DeleteFunc(h.links, func(o *link) bool { return o == l })
	if len(h.links) == 0 {
		h.clock = nil
	}
	switch {
	case len(h.links) > 0:
		h.pool.change()
	case errors.Is(l.err, errIdle):
		h.set(Idle, nil, "")
	default:
		h.retryAt = h.pool.cfg.Now().Add(jittered(firstPause, h.pool.cfg.Random))
		h.set(Waiting, l.err, "")
	}
}

func (h *Host) closeLinks() {
	h.mu.Lock()
	links := slices.Clone(h.links)
	for _, l := range links {
		if l.err == nil {
			l.err = ErrClosed
		}
	}
	h.mu.Unlock()
	for _, l := range links {
		_ = l.wire.Close()
	}
}

// errorOf is why a connection has ended or is about to, or err while it does not.
func (h *Host) errorOf(l *link, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	return err
}

// ask asks the user, one question at a time over all hosts.
func (h *Host) ask(ctx context.Context, s Settings, q Question) (Answer, error) {
	q.Host, q.User, q.Address, q.Via = h.name, s.User, s.address(), s.ProxyJump
	h.mu.Lock()
	if len(h.links) == 0 {
		h.set(Asking, nil, askingFor(q))
	}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.state.Phase == Asking {
			h.set(Connecting, nil, "connecting")
		}
	}()
	if !h.pool.asking.lock(ctx) {
		return Answer{}, ctx.Err()
	}
	defer h.pool.asking.unlock()
	return h.pool.cfg.Ask(ctx, q)
}

func askingFor(q Question) string {
	switch q.Kind {
	case AskHostKey:
		return "asking for the host key"
	case AskPassphrase:
		return "asking for the passphrase of " + q.File[strings.LastIndexByte(q.File, '/')+1:]
	case AskPassword, AskInteractive:
	}
	return "asking for the password"
}
