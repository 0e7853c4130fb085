package zkview

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// maxInFlight bounds the requests on the wire at once.
const maxInFlight = 16

// closeGrace is how long a server may take to say goodbye.
const closeGrace = 300 * time.Millisecond

// Client reads one ZooKeeper ensemble. It may be used by several goroutines.
type Client struct {
	cfg     Config
	slots   chan struct{} // one token a request on the wire
	changes chan struct{} // capacity 1
	wake    chan struct{} // capacity 1: try again now
	book    *book
	beats   *beats

	life context.Context // of everything in the background
	stop context.CancelFunc
	work sync.WaitGroup // what runs in the background

	mu       sync.Mutex
	link     *link         // nil while there is no session
	moved    chan struct{} // closed and replaced whenever link, failures or closed change
	running  bool
	closed   bool
	failures int // attempts in a row that led to no answered request
	state    State
	oversize map[string]time.Time // paths whose reply broke the bounds, and when
}

// New returns a client that connects when it is first asked something.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	life, stop := context.WithCancel(context.Background())
	c := &Client{
		cfg:     cfg,
		slots:   make(chan struct{}, maxInFlight),
		changes: make(chan struct{}, 1),
		wake:    make(chan struct{}, 1),
		book:    newBook(),
		beats:   newBeats(),
		life:    life, stop: stop,
		moved:    make(chan struct{}),
		oversize: make(map[string]time.Time),
	}
	for _, addr := range cfg.Servers {
		c.state.Servers = append(c.state.Servers, Server{Addr: addr})
	}
	return c
}

// Close ends the session and everything that runs for the client. It returns
// when all of it has ended, at the latest after a second or when ctx is done;
// then with an error.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.signal()
	c.mu.Unlock()
	c.stop()
	ended := make(chan struct{})
	go func() {
		c.work.Wait()
		close(ended)
	}()
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("closing the ZooKeeper session: %w", ctx.Err())
	case <-late.C:
		return errors.New("closing the ZooKeeper session: its end was not confirmed within a second")
	}
}

// Reconnect tries again at once when the client waits between two attempts.
func (c *Client) Reconnect() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Changes tells that what [Client.View] reads may have changed: an assignment,
// a topology, a supervisor, a Nimbus, the leader, a log level, a profiler
// request, or the connection itself; not heartbeats. Signals are
// conflated; read the view to learn what changed, which also arms the watches
// again.
func (c *Client) Changes() <-chan struct{} { return c.changes }

func (c *Client) changed() {
	select {
	case c.changes <- struct{}{}:
	default:
	}
}

// signal wakes everybody who waits for a connection; c.mu is held.
func (c *Client) signal() {
	close(c.moved)
	c.moved = make(chan struct{})
}

// ready waits for a session and counts the request that is to use it as work
// of the client; the caller owes c.work.Done. It gives up as soon as every server has been tried
// in vain, so that an ensemble that is down is known as fast as it refuses.
func (c *Client) ready(ctx context.Context, op string) (*link, error) {
	for {
		c.mu.Lock()
		switch {
		case c.closed:
			c.mu.Unlock()
			return nil, &ReadError{Op: op, Err: ErrClosed}
		case len(c.cfg.Servers) == 0:
			c.mu.Unlock()
			return nil, &ReadError{
				Op: op, Text: "no ZooKeeper servers are known", Err: ErrUnavailable,
				Hint: "zookeeper.servers in the configuration, --zk, or storm.yaml",
			}
		case c.link != nil && !c.link.ended():
			l := c.link
			c.work.Add(1) // under the lock, so that Close waits for the request
			c.mu.Unlock()
			return l, nil
		case c.failures >= len(c.cfg.Servers):
			err := c.unavailable(op)
			c.mu.Unlock()
			return nil, err
		}
		if !c.running {
			c.running = true
			c.work.Go(c.run)
		}
		moved := c.moved
		c.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, outOfTime(ctx, op, "no ZooKeeper server has answered yet")
		}
	}
}

// unavailable says what came of every server; c.mu is held.
func (c *Client) unavailable(op string) error {
	return &ReadError{Op: op, Text: c.state.Err, Err: ErrUnavailable, Hint: c.hint()}
}

// hint returns the first server's hint; c.mu is held.
func (c *Client) hint() string {
	for _, server := range c.state.Servers {
		if server.Hint != "" {
			return server.Hint
		}
	}
	return ""
}

// sumUp rewrites State.Err from what is known of each server; c.mu is held.
func (c *Client) sumUp() {
	var parts []string
	for _, server := range c.state.Servers {
		if server.Contact == ContactBad {
			parts = append(parts, server.Addr+": "+server.Outcome)
		}
	}
	c.state.Err = strings.Join(parts, "; ")
}

// outcome is what an attempt at a request came to.
type outcome[T any] struct {
	value T
	err   error
}

// ask runs one request of the library under a slot and a deadline. A request
// whose connection was lost under it is asked once more on the next one.
func ask[T any](ctx context.Context, c *Client, verb, path string, request func(*zk.Conn) (T, error)) (T, error) {
	value, err := askOnce(ctx, c, verb, path, request)
	if errors.Is(err, errLost) && ctx.Err() == nil {
		value, err = askOnce(ctx, c, verb, path, request)
	}
	return value, inWords(verb, path, err)
}

// errLost marks a request whose connection ended before the reply.
var errLost = errors.New("the connection was lost before the answer came")

func askOnce[T any](ctx context.Context, c *Client, verb, path string, request func(*zk.Conn) (T, error)) (T, error) {
	var none T
	op := verb + " " + path
	if len(path) > maxPath {
		return none, &ReadError{Op: verb, Text: "a path of more than " + strconv.Itoa(maxPath) + " bytes", Err: ErrPath}
	}
	if err := c.tooLarge(path); err != nil {
		return none, &ReadError{Op: op, Text: err.Error(), Err: ErrTooLarge}
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return none, outOfTime(ctx, op, "too many requests are waiting for an answer")
	}
	free := func() { <-c.slots }
	l, err := c.ready(ctx, op)
	if err != nil {
		free()
		return none, err
	}
	result := make(chan outcome[T], 1)
	go func() {
		defer c.work.Done()
		defer free() // when the library lets go of the request, not when the caller does
		value, err := request(l.conn)
		result <- outcome[T]{value, err}
	}()
	late := time.NewTimer(c.cfg.Timeout)
	defer late.Stop()
	select {
	case got := <-result:
		if got.err == nil || !lostConnection(got.err) {
			return got.value, got.err
		}
		if c.life.Err() != nil {
			return none, &ReadError{Op: op, Err: ErrClosed}
		}
		l.guard.end(errLost) // for a session that ended without its connection
		<-l.gone
		var broken *violation
		if errors.As(l.cause, &broken) && broken.path != "" && broken.path == path {
			c.leaveAlone(path)
			return none, &ReadError{Op: op, Text: broken.text, Err: ErrTooLarge}
		}
		return none, &ReadError{Op: op, Text: errLost.Error(), Err: errors.Join(ErrUnavailable, errLost)}
	case <-ctx.Done():
		return none, outOfTime(ctx, op, "no answer came in time")
	case <-late.C:
		// The server owes an answer and pings still pass: a new connection is the
		// only way on.
		err := fmt.Errorf("no answer within %s", c.cfg.Timeout)
		l.guard.end(err)
		return none, &ReadError{Op: op, Text: err.Error(), Err: ErrUnavailable}
	}
}

// outOfTime says in words that ctx ended first.
func outOfTime(ctx context.Context, op, text string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &ReadError{Op: op, Text: "cancelled", Err: ctx.Err()}
	}
	return &ReadError{Op: op, Text: text, Err: errors.Join(ErrUnavailable, ctx.Err()), Hint: "a longer timeout"}
}

func lostConnection(err error) bool {
	return errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) ||
		errors.Is(err, zk.ErrClosing) || errors.Is(err, zk.ErrSessionExpired)
}

// oversizeFor is how long a path whose reply broke the bounds is left alone;
// asking again would end the connection again.
const (
	oversizeFor = time.Minute
	maxOversize = 256
)

func (c *Client) leaveAlone(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.oversize) >= maxOversize {
		clear(c.oversize)
	}
	c.oversize[path] = c.cfg.Now()
}

func (c *Client) tooLarge(path string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	since, ok := c.oversize[path]
	if !ok {
		return nil
	}
	if c.cfg.Now().Sub(since) > oversizeFor {
		delete(c.oversize, path)
		return nil
	}
	return fmt.Errorf("its reply exceeds %d bytes", maxFrame)
}
