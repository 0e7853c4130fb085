package zkview

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// link is one connection with its session. A lost link is never mended: the
// next one is a new session over a new connection, and everything is read
// again. The library's own resumption is not used.
type link struct {
	server int // index in Config.Servers
	guard  *guard
	conn   *zk.Conn
	hello  chan struct{} // closed when the session is open
	gone   chan struct{} // closed when the connection ended; cause is set before
	cause  error
	proven bool // a request was answered
	greet  sync.Once
	host   *oneHost
}

// ended reports whether the connection is gone.
func (l *link) ended() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// run keeps a session up until the client is closed.
func (c *Client) run() {
	next := int(c.cfg.Random() * float64(len(c.cfg.Servers)))
	for c.pause() {
		c.serve(next % len(c.cfg.Servers))
		next++
	}
}

// The pauses between rounds of attempts.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
	leastPause = 50 * time.Millisecond
)

// pause waits after each round of failed attempts, with full jitter, and
// reports whether to go on.
func (c *Client) pause() bool {
	if c.life.Err() != nil {
		return false
	}
	c.mu.Lock()
	servers := len(c.cfg.Servers)
	rounds := c.failures / servers
	if c.failures == 0 || c.failures%servers != 0 {
		c.mu.Unlock()
		return true
	}
	base := min(firstPause<<min(rounds-1, 10), lastPause)
	wait := max(time.Duration(c.cfg.Random()*float64(base)), leastPause)
	c.state.NextTry = c.cfg.Now().Add(wait)
	c.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.wake:
	case <-c.life.Done():
		return false
	}
	return true
}

// serve makes one attempt at one server and stays with it while it lasts.
func (c *Client) serve(server int) {
	addr := c.cfg.Servers[server]
	c.note(server, ContactTrying, nil, 0)
	begun := c.cfg.Now()
	ctx, cancel := context.WithTimeout(c.life, c.cfg.Timeout)
	conn, err := c.cfg.Dial(ctx, "tcp", addr)
	cancel()
	if err != nil {
		c.failed(server, err)
		return
	}
	rtt := c.cfg.Now().Sub(begun)
	l := &link{server: server, hello: make(chan struct{}), gone: make(chan struct{})}
	l.guard = newGuard(conn, c.cfg.Timeout, c.floor(),
		func(cause error) { l.cause = cause; close(l.gone) },
		func() { c.proven(l) })
	events, err := c.start(l, addr)
	if err != nil {
		_ = l.guard.Close() // nothing was sent
		c.failed(server, err)
		return
	}
	select {
	case <-l.hello:
		if err := c.login(l); err != nil {
			l.guard.end(err)
			break
		}
		c.note(server, ContactGood, nil, rtt)
		c.joined(l)
	case <-l.gone:
	case <-c.life.Done():
	}
	select {
	case <-l.gone:
	case <-c.life.Done():
	}
	c.left(l)
	c.release(l, events)
}

// floor is the zxid below which a server is too far behind. When all servers
// were refused or refuse it, the ensemble may have been set up anew.
func (c *Client) floor() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures >= len(c.cfg.Servers) {
		c.state.Zxid = 0
	}
	return c.state.Zxid
}

// start hands the guarded connection to the library.
func (c *Client) start(l *link, addr string) (<-chan zk.Event, error) {
	once := make(chan net.Conn, 1)
	once <- l.guard
	l.host = &oneHost{addr: addr, redial: make(chan struct{}), quit: make(chan struct{})}
	conn, events, err := zk.Connect([]string{addr}, c.cfg.Session,
		zk.WithHostProvider(l.host),
		zk.WithDialer(func(string, string, time.Duration) (net.Conn, error) {
			select {
			case conn := <-once:
				return conn, nil
			default:
				return nil, errors.New("this session ends with its connection")
			}
		}),
		zk.WithLogger(logger(c.cfg.Logf)), zk.WithLogInfo(false),
		zk.WithMaxBufferSize(maxFrame),
		zk.WithEventCallback(func(event zk.Event) { c.heard(l, event) }))
	if err != nil {
		return nil, fmt.Errorf("starting a session: %w", err)
	}
	l.conn = conn
	return events, nil
}

// heard takes the events of a link. It must not block: the library calls it
// from its reading goroutine.
func (c *Client) heard(l *link, event zk.Event) {
	switch {
	case event.Type != zk.EventSession:
		if c.book.fired(event) {
			c.changed()
		}
	case event.State == zk.StateHasSession:
		l.greet.Do(func() { close(l.hello) })
	case event.State == zk.StateExpired:
		// The library keeps such a connection open and forgets it.
		l.guard.end(errors.New("answers, but opens no session"))
	}
}

// login sends the credentials.
func (c *Client) login(l *link) error {
	late := time.AfterFunc(c.cfg.Timeout, func() {
		l.guard.end(fmt.Errorf("no answer to the credentials within %s", c.cfg.Timeout))
	})
	defer late.Stop()
	for _, auth := range c.cfg.Auth {
		if err := l.conn.AddAuth(auth.Scheme, auth.Payload); err != nil {
			return fmt.Errorf("sending the credentials (%s): %w", auth.Scheme, err)
		}
	}
	return nil
}

// release ends a link: it says goodbye to the server and waits for the
// library's loop to end. The library's own Close waits for an answer to its
// goodbye that nobody gives when the connection is lost meanwhile, so it is
// called only when the loop is about to dial again and answers it itself.
func (c *Client) release(l *link, events <-chan zk.Event) {
	patience := time.NewTimer(closeGrace)
	defer patience.Stop()
	if l.open() && !l.ended() {
		c.work.Go(l.guard.goodbye)
		select {
		case <-l.gone:
		case <-patience.C:
		}
	}
	_ = l.guard.Close()
	<-l.host.redial
	c.work.Go(func() {
		close(l.host.quit)
		l.conn.Close()
	})
	for range events {
		continue // until the loop has ended
	}
}

// open reports whether the session was opened.
func (l *link) open() bool {
	select {
	case <-l.hello:
		return true
	default:
		return false
	}
}

// joined publishes a link with its session.
func (c *Client) joined(l *link) {
	c.book.reset()
	c.mu.Lock()
	c.link = l
	c.state.Connected = true
	c.state.Server = c.cfg.Servers[l.server]
	c.state.Session = fmt.Sprintf("0x%x", uint64(l.conn.SessionID()))
	c.state.Since = c.cfg.Now()
	c.state.Err, c.state.NextTry, c.state.Attempts = "", time.Time{}, 0
	c.signal()
	c.mu.Unlock()
	c.changed()
}

// left withdraws a link that ended, or that is about to because the client is
// being closed.
func (c *Client) left(l *link) {
	if !l.ended() {
		c.mu.Lock()
		c.link = nil
		c.state.Connected, c.state.Session, c.state.Since = false, "", c.cfg.Now()
		c.signal()
		c.mu.Unlock()
		return
	}
	c.mu.Lock()
	was, proven := c.link == l, l.proven
	c.state.Zxid = max(c.state.Zxid, l.guard.newest())
	if was {
		c.link = nil
		c.state.Connected, c.state.Session = false, ""
		c.state.Since = c.cfg.Now()
	}
	if proven {
		c.signal()
	}
	c.mu.Unlock()
	if !proven {
		c.failed(l.server, l.cause)
	} else {
		c.note(l.server, ContactBad, l.cause, 0)
	}
	if was {
		c.book.reset()
		c.changed()
	}
}

// proven notes that a link has answered a request: it is worth returning to at
// once when it is lost.
func (c *Client) proven(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.proven = true
	c.failures = 0
}

// failed counts an attempt that led to nothing.
func (c *Client) failed(server int, cause error) {
	if c.life.Err() != nil {
		return
	}
	c.note(server, ContactBad, cause, 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures++
	c.state.Attempts = c.failures
	if c.state.Since.IsZero() {
		c.state.Since = c.cfg.Now()
	}
	c.signal()
}

// note records what came of a server.
func (c *Client) note(server int, contact Contact, cause error, rtt time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := &c.state.Servers[server]
	if contact == ContactTrying {
		// The last verdict stands until there is a new one.
		if seen.Contact == ContactUntried {
			seen.Contact = ContactTrying
		}
		return
	}
	seen.Contact, seen.At = contact, c.cfg.Now()
	seen.Outcome, seen.Hint = explain(cause)
	if contact == ContactGood {
		seen.RTT = rtt
	}
	if !c.state.Connected {
		c.sumUp()
	}
}

// oneHost is the library's list of servers: the one it was given a connection
// to. After the loss of that there is no other, and the library is told to quit.
type oneHost struct {
	addr   string
	used   bool
	again  sync.Once
	redial chan struct{} // closed when the library wants another server
	quit   chan struct{} // closed when it is told to quit
}

// settle lets the library's goodbye reach its queue before the queue is
// flushed for the last time.
const settle = 20 * time.Millisecond

// Init has nothing to resolve; the connection is there already.
func (*oneHost) Init([]string) error { return nil }

// Len is 1.
func (*oneHost) Len() int { return 1 }

// Next returns the host at once the first time. Later it waits until the
// library is told to quit, and makes it flush its queue.
func (h *oneHost) Next() (server string, retryStart bool) {
	if !h.used {
		h.used = true
		return h.addr, false
	}
	h.again.Do(func() { close(h.redial) })
	<-h.quit
	time.Sleep(settle)
	return h.addr, true
}

// Connected has nothing to remember.
func (*oneHost) Connected() {}

// logger keeps the library's words off the terminal.
type logger func(format string, args ...any)

// Printf is the library's way to speak.
func (l logger) Printf(format string, args ...any) { l(format, args...) }
