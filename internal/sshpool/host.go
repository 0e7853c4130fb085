package sshpool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Phase is what a host is doing.
type Phase uint8

// The phases.
const (
	Idle Phase = iota
	Connecting
	Ready
	Waiting // for the next try
)

func (p Phase) String() string { return [...]string{"idle", "connecting", "ready", "waiting"}[p] }

// State is what is known of a host: a value.
type State struct {
	Name  string
	Phase Phase
	// Err is why the last try failed; nil while it is well.
	Err error
	// RetryAt is when it may be tried again.
	RetryAt     time.Time
	Connections int
	Sessions    int
	// Address and From say where the host is and who said so.
	Address, From string
	Clock         Clock
}

// Host is one machine. Get it from [Pool.Host].
type Host struct {
	pool  *Pool
	name  string
	jumps []string // come before its own

	turn chan struct{} // held while a connection is being opened

	mu      sync.Mutex
	conns   []*connection
	limit   int // sessions of a connection, once the server refused one
	phase   Phase
	err     error
	retryAt time.Time
	pause   time.Duration
	address string
	from    string
	clock   Clock
	closed  bool
}

// Name is the host's, as it was asked for.
func (h *Host) Name() string { return h.name }

// State says how the host is.
func (h *Host) State() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := State{Name: h.name, Phase: h.phase, Err: h.err, RetryAt: h.retryAt, Connections: len(h.conns), Address: h.address, From: h.from, Clock: h.clock}
	for _, c := range h.conns {
		s.Sessions += c.sessions
	}
	return s
}

// Reconnect lets the next use try at once, whatever failed before.
func (h *Host) Reconnect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.retryAt, h.pause = time.Time{}, 0
}

// connection is one SSH connection with how many sessions are on it.
type connection struct {
	client   *ssh.Client
	close    func()
	sessions int
	full     bool // it refused a session
}

// reserve finds a connection with room for a session, or opens one. release gives
// the session back.
func (h *Host) reserve(ctx context.Context) (c *connection, release func(), err error) {
	if c := h.free(); c != nil {
		return c, h.releaser(c), nil
	}
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-h.pool.life.Done():
		return nil, nil, &Error{Host: h.name, Phase: "connecting", Err: ErrClosed}
	}
	defer func() { <-h.turn }()
	if c := h.free(); c != nil { // opened while we waited
		return c, h.releaser(c), nil
	}
	if err := h.await(ctx); err != nil {
		return nil, nil, err
	}
	c, err = h.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	return c, h.releaser(c), nil
}

// free takes a session of a connection that has room.
func (h *Host) free() *connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	limit := maxSessions
	if h.limit > 0 {
		limit = h.limit
	}
	for _, c := range h.conns {
		if !c.full && c.sessions < limit {
			c.sessions++
			return c
		}
	}
	return nil
}

func (h *Host) releaser(c *connection) func() {
	var once sync.Once
	return func() {
		once.Do(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			c.sessions--
			c.full = false
		})
	}
}

// await lets the pause after a failure pass.
func (h *Host) await(ctx context.Context) error {
	h.mu.Lock()
	pause, full, closed := h.retryAt.Sub(h.pool.cfg.Now()), len(h.conns) >= maxConnections, h.closed
	h.mu.Unlock()
	switch {
	case closed:
		return &Error{Host: h.name, Phase: "connecting", Err: ErrClosed}
	case full:
		return &Error{Host: h.name, Phase: "session", Err: ErrSessions, Detail: fmt.Sprintf(": %d connections are full", maxConnections)}
	case pause <= 0:
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.pool.life.Done():
		return &Error{Host: h.name, Phase: "connecting", Err: ErrClosed}
	}
}

// connect opens a connection; h.turn is held.
func (h *Host) connect(ctx context.Context) (*connection, error) {
	h.set(Connecting, nil)
	dialled, err := h.dial(ctx)
	if err != nil {
		h.failed(ctx, err)
		return nil, err
	}
	c := &connection{client: dialled.client, close: dialled.close, sessions: 1}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		dialled.close()
		return nil, &Error{Host: h.name, Phase: "connecting", Err: ErrClosed}
	}
	h.conns = append(h.conns, c)
	h.phase, h.err, h.retryAt, h.pause = Ready, nil, time.Time{}, 0
	h.address, h.from = dialled.address, dialled.settings.From
	first := !h.clock.Known
	h.pool.work.Go(func() { h.keep(c, dialled.settings.AliveInterval) })
	h.mu.Unlock()
	if first {
		h.readClock(ctx, c)
	}
	h.pool.changed()
	return c, nil
}

func (h *Host) set(p Phase, err error) {
	h.mu.Lock()
	h.phase, h.err = p, err
	h.mu.Unlock()
	h.pool.changed()
}

// failed lets the next try wait, longer each time. What the caller gave up says
// nothing about the host.
func (h *Host) failed(ctx context.Context, err error) {
	h.mu.Lock()
	defer h.pool.changed()
	defer h.mu.Unlock()
	if errors.Is(ctx.Err(), context.Canceled) {
		h.phase = Idle
		if len(h.conns) > 0 {
			h.phase = Ready
		}
		return
	}
	h.pause = min(maxPause, max(firstPause, 2*h.pause))
	jitter := time.Duration((0.5 + h.pool.cfg.Random()) * float64(h.pause))
	h.phase, h.err, h.retryAt = Waiting, err, h.pool.cfg.Now().Add(jitter)
}

// keep asks the peer from time to time whether it is there, and forgets the
// connection when it ends.
func (h *Host) keep(c *connection, every time.Duration) {
	if every <= 0 {
		every = defaultAlive
	}
	ended := make(chan error, 1)
	go func() { ended <- c.client.Wait() }() // returns when the connection is closed, below
	tick := time.NewTicker(every)
	defer tick.Stop()
	answers := make(chan struct{}, 1)
	waiting := false
	var why error
loop:
	for {
		select {
		case why = <-ended:
			ended = nil
			break loop
		case <-answers:
			waiting = false
		case <-tick.C:
			if waiting {
				why = &Error{Host: h.name, Phase: "session", Err: ErrTimeout, Detail: fmt.Sprintf(": no answer to a keep-alive in %.0f s", every.Seconds())}
				break loop
			}
			waiting = true
			h.pool.work.Go(func() {
				// Any answer will do, a refusal too; without one the connection ends.
				if _, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil); err == nil {
					answers <- struct{}{}
				}
			})
		case <-h.pool.life.Done():
			break loop
		}
	}
	c.close()
	if ended != nil {
		<-ended
	}
	h.forget(c, why)
}

func (h *Host) forget(c *connection, why error) {
	h.mu.Lock()
	h.conns = slices.DeleteFunc(h.conns, func(o *connection) bool { return o == c })
	if len(h.conns) == 0 && h.phase == Ready {
		h.phase = Idle
		if why != nil && h.pool.life.Err() == nil {
			h.err = &Error{Host: h.name, Phase: "session", Err: ErrLost, Cause: why}
		}
	}
	h.mu.Unlock()
	h.pool.changed()
}

func (h *Host) close() {
	h.mu.Lock()
	h.closed = true
	conns := slices.Clone(h.conns)
	h.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}

// session opens a session. A server that refuses one may allow fewer on a
// connection than is usual: another connection is taken then.
func (h *Host) session(ctx context.Context) (*ssh.Session, func(), error) {
	for range maxConnections {
		c, release, err := h.reserve(ctx)
		if err != nil {
			return nil, nil, err
		}
		s, err := within(ctx, func() (*ssh.Session, error) { return c.client.NewSession() }, func(s *ssh.Session) { _ = s.Close() })
		if err == nil {
			return s, release, nil
		}
		release()
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) {
			c.close() // it is broken; the next try opens another
			return nil, nil, h.broken(ctx, err)
		}
		if !h.learn(c) {
			return nil, nil, &Error{Host: h.name, Phase: "session", Err: ErrSessions, Cause: err}
		}
	}
	return nil, nil, &Error{Host: h.name, Phase: "session", Err: ErrSessions}
}

// learn notes that a connection is full; false when it refused its only session.
func (h *Host) learn(c *connection) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.sessions == 0 {
		return false
	}
	c.full = true
	if h.limit == 0 || c.sessions < h.limit {
		h.limit = c.sessions
	}
	return true
}

func (h *Host) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if h.pool.life.Err() != nil {
		return &Error{Host: h.name, Phase: "session", Err: ErrClosed}
	}
	return &Error{Host: h.name, Phase: "session", Err: ErrLost, Cause: err}
}

// within runs what cannot be cancelled and gives up waiting for it when ctx ends;
// what comes too late is undone.
func within[T any](ctx context.Context, do func() (T, error), undo func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := do()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				undo(r.v)
			}
		}()
		var zero T
		return zero, ctx.Err()
	}
}

// DialContext opens a connection from the host to an address: a tunnel.
func (h *Host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	c, release, err := h.reserve(ctx)
	if err != nil {
		return nil, err
	}
	release() // a forwarded connection is no session
	conn, err := within(ctx, func() (net.Conn, error) { return c.client.Dial(network, addr) }, func(c net.Conn) { _ = c.Close() })
	if err == nil {
		return conn, nil
	}
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) {
		return nil, h.broken(ctx, err)
	}
	if refused.Reason == ssh.ConnectionFailed {
		return nil, &Error{Host: h.name, Phase: "connecting", Err: ErrRefused, Detail: fmt.Sprintf(": %s cannot be reached from there: %s", addr, strings.TrimSpace(refused.Message))}
	}
	return nil, &Error{Host: h.name, Phase: "connecting", Err: ErrForward, Detail: fmt.Sprintf(" to %s: %s", addr, strings.TrimSpace(refused.Message))}
}
