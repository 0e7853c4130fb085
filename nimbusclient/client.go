package nimbusclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Client reads from the Nimbus that leads. Make one with [New].
type Client struct {
	cfg Config
	rec *recorder

	life context.Context // ends with Close
	end  context.CancelFunc

	// turn is held by whoever uses what is below.
	turn chan struct{}
	conn *conn // to the leader; nil when there is none
	// unsettled says that a leader was missing or another one: the next one
	// has just been elected.
	unsettled bool
	led       string // the last leader confirmed, "host:port"
	suspects  map[string]bool

	diagnosing sync.Mutex
	zookeepers map[string]bool // addresses found to be ZooKeeper, or not
}

// New returns a client. It does no I/O.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, rec: newRecorder(cfg), turn: make(chan struct{}, 1), suspects: map[string]bool{}, zookeepers: map[string]bool{}}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// Close ends what is under way and closes the connection. Reads fail
// afterwards.
func (c *Client) Close() {
	c.end()
	c.turn <- struct{}{}
	c.drop()
	<-c.turn
}

// State returns what the client knows about the daemons. It never waits for a
// read.
func (c *Client) State() State { return c.rec.snapshot() }

// Read finds the leader, runs fn over one connection to it, and returns nil
// only if that Nimbus calls itself the leader afterwards; otherwise nothing fn
// read may be used. fn runs a second time when the first connection turned out
// to be stale, so it must begin anew each time.
//
// An error of fn is returned as it is, unless the connection broke or the
// Nimbus is not the leader, which explains it better. Reads by several
// goroutines go one after the other. Each search asks every address at most
// once; when to search again is up to the caller. A call that Nimbus answers by
// closing the connection, as Storm before 1.2.3 does when something fails
// inside it, fails the whole read; ask what may fail so in a read of its own.
func (c *Client) Read(ctx context.Context, fn func(*Session) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return c.ended(ctx)
	}
	defer func() { <-c.turn }()

	again, err := c.readOnce(ctx, fn)
	if again && ctx.Err() == nil {
		_, err = c.readOnce(ctx, fn)
	}
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return c.ended(ctx)
	}
	return err
}

// ended says why a read could not go on: the client was closed, or the caller
// gave up.
func (c *Client) ended(ctx context.Context) error {
	if c.life.Err() != nil {
		return &Error{Op: "read", Err: ErrClientClosed}
	}
	return context.Cause(ctx)
}

// readOnce reports besides whether another connection may do better: reads can
// be repeated, but not after a timeout, which would take as long again.
func (c *Client) readOnce(ctx context.Context, fn func(*Session) error) (again bool, err error) {
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return false, err
		}
	}
	cn := c.conn
	err = fn(&Session{ctx: ctx, conn: cn})
	if cn.broken == nil {
		if confirmed := c.confirm(ctx, cn); confirmed != nil {
			err = confirmed
		}
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // given up, which says nothing about Nimbus
		c.drop()
		return false, ctx.Err()
	case cn.broken != nil:
		c.rec.failed(cn.addr, cn.broken)
		c.rec.leader(LeaderState{Phase: LeaderDead, Nimbus: cn.leader, By: cn.addr, Err: cn.broken})
		c.suspects[cn.addr] = true
		c.unsettled = true
		c.drop()
		return !errors.Is(cn.broken, ErrTimeout), cn.broken
	case errors.Is(err, ErrNotLeader):
		c.unsettled = true
		c.drop()
		return true, err
	}
	return false, err
}

// confirm asks the Nimbus of this connection whether it still leads.
func (c *Client) confirm(ctx context.Context, cn *conn) error {
	if cn.server.Line < V1 { // it has nobody beside it
		c.rec.leader(LeaderState{Phase: LeaderConfirmed, Nimbus: cn.leader, By: cn.addr, Dialled: cn.addr})
		return nil
	}
	named, err := cn.namedLeader(ctx)
	switch {
	case err != nil:
		return err
	case named == nil:
		return &Error{Op: "getLeader", Addr: cn.addr, Err: ErrNotLeader}
	case named.Addr() != cn.leader.Addr():
		return &Error{Op: "getLeader", Addr: cn.addr, Err: ErrNotLeader, leader: named.Addr()}
	}
	cn.leader = *named
	c.rec.leader(LeaderState{Phase: LeaderConfirmed, Nimbus: *named, By: cn.addr, Dialled: cn.addr})
	return nil
}

// connect finds the leader and waits until it has collected its topologies.
func (c *Client) connect(ctx context.Context) error {
	cn, err := c.resolve(ctx)
	if err != nil {
		c.unsettled = true
		return err
	}
	if c.led != "" && c.led != cn.leader.Addr() {
		c.unsettled = true
	}
	c.conn = cn
	c.rec.using(cn.addr, cn.server)
	if c.unsettled {
		if err := c.settle(ctx, cn); err != nil {
			c.drop()
			return err
		}
	}
	c.unsettled = false
	c.led = cn.leader.Addr()
	clear(c.suspects)
	return nil
}

// How long a new leader is given to collect its topologies, and how often it
// is asked. It takes 0.2 s on a small cluster; until then they have no
// executors.
const (
	settleTime  = 3 * time.Second
	settlePause = 100 * time.Millisecond
)

// settle waits until no active topology of a new leader is without tasks, or
// long enough to believe it: a topology may wait for slots.
func (c *Client) settle(ctx context.Context, cn *conn) error {
	if cn.server.Line < V2 {
		return nil // it reads ZooKeeper for every answer
	}
	c.rec.leader(LeaderState{Phase: LeaderSettling, Nimbus: cn.leader, By: cn.addr, Dialled: cn.addr})
	timer := time.NewTimer(0)
	defer timer.Stop()
	for began := time.Now(); time.Since(began) < settleTime; timer.Reset(settlePause) {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		cluster, err := (&Session{ctx: ctx, conn: cn}).Cluster()
		if err != nil {
			return err
		}
		if !cluster.collecting() {
			return nil
		}
	}
	return nil
}

// collecting reports whether an active topology has no tasks.
func (cl *Cluster) collecting() bool {
	for _, t := range cl.Topologies {
		if t.Status == Active && t.Tasks != nil && *t.Tasks == 0 {
			return true
		}
	}
	return false
}

func (c *Client) drop() {
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
		c.rec.using("", Server{})
	}
}
