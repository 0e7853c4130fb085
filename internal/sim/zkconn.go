package sim

import (
	"errors"
	"net"
	"sync"
	"time"
)

// maxZKRequest is jute.maxbuffer.
const maxZKRequest = 1 << 20

// maxUnsent bounds what waits for a client that does not read; it is dropped
// then.
const maxUnsent = 16 << 20

// sendWithin bounds how long a client may not read.
const sendWithin = 5 * time.Second

// maxZKClients is how many connections one address may have (maxClientCnxns).
const maxZKClients = 60

// zooKeeper serves a tree, for reading.
type zooKeeper struct {
	tree *zkTree
	now  func() time.Time

	mu       sync.Mutex
	conns    map[*zkConn]bool
	sessions map[int64]*zkSession
	last     int64 // session
	received int
	sent     int
}

// zkConn is one client.
type zkConn struct {
	net.Conn
	zk      *zooKeeper
	session *zkSession
	names   []string // whoAmI
	watches watches  // under the tree's lock

	mu     sync.Mutex
	unsent [][]byte
	bytes  int
	ending bool          // nothing more comes
	wake   chan struct{} // there is something to send, or the end

	received, sent int // requests, and replies and events; under the server's lock
}

func newZooKeeper(t *zkTree) *zooKeeper {
	z := &zooKeeper{tree: t, now: time.Now, conns: map[*zkConn]bool{}, sessions: map[int64]*zkSession{}}
	t.notify = z.notify
	return z
}

// newConn is a connection that sends nothing before its first request.
func (z *zooKeeper) newConn(nc net.Conn) *zkConn {
	c := &zkConn{Conn: nc, zk: z, wake: make(chan struct{}, 1), watches: newWatches()}
	if host, _, err := net.SplitHostPort(nc.RemoteAddr().String()); err == nil {
		c.names = append(c.names, "ip", host)
	}
	return c
}

// send puts a packet behind those that wait.
func (c *zkConn) send(p packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return
	}
	c.unsent = append(c.unsent, p.b)
	if c.bytes += len(p.b); c.bytes > maxUnsent {
		_ = c.Close() // reading and writing end with it
	}
	c.signal()
}

// finish lets the writer end when all is sent.
func (c *zkConn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	c.signal()
}

func (c *zkConn) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// write sends what waits until the connection ends.
func (c *zkConn) write() {
	for range c.wake {
		c.mu.Lock()
		frames, ending := c.unsent, c.ending
		c.unsent, c.bytes = nil, 0
		c.mu.Unlock()
		for _, f := range frames {
			err := c.SetWriteDeadline(time.Now().Add(sendWithin))
			if err == nil {
				err = writeFrame(c, f)
			}
			if err != nil {
				_ = c.Close() // the reader ends with it
				return
			}
		}
		c.zk.count(c, 0, len(frames))
		if ending {
			return
		}
	}
}

// talk serves one connection until it ends.
func (z *zooKeeper) talk(nc net.Conn) {
	c := z.newConn(nc)
	hello, word, err := firstFrame(c)
	switch {
	case word != "":
		z.word(nc, word)
		return
	case err != nil || !z.admit(c):
		return
	}
	var writing sync.WaitGroup
	writing.Go(c.write)
	defer func() {
		z.leave(c)
		c.finish()
		writing.Wait()
	}()
	for open := c.greet(hello); open; {
		// A client that says nothing for its whole timeout has lost its session.
		err := c.SetReadDeadline(time.Now().Add(c.session.timeout))
		var request []byte
		if err == nil {
			request, err = readFrame(c, maxZKRequest)
		}
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				z.expire(c.session)
			}
			return
		}
		r := &scanner{rest: request}
		xid, op := r.i32(), r.i32()
		open = r.err == nil && c.answer(xid, op, r)
	}
}

// admit counts a connection in, unless there are too many.
func (z *zooKeeper) admit(c *zkConn) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.conns) >= maxZKClients {
		return false
	}
	z.conns[c] = true
	return true
}

// leave forgets a connection; its session lives on until its timeout.
func (z *zooKeeper) leave(c *zkConn) {
	// Whoever notifies holds the tree's lock and may have this one in hand.
	z.tree.mu.Lock()
	defer z.tree.mu.Unlock()
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.conns, c)
	if s := c.session; s != nil && s.conn == c {
		s.conn, s.seen = nil, z.now()
	}
}
