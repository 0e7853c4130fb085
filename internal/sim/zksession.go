package sim

import (
	"crypto/rand"
	"crypto/subtle"
	"time"
)

// The bounds of a session's timeout: 2 and 20 ticks of ZooKeeper's clock.
const (
	minSession = 4 * time.Second
	maxSession = 40 * time.Second
)

// zkSession is a client over one or more connections.
type zkSession struct {
	id       int64
	password [16]byte
	timeout  time.Duration
	conn     *zkConn   // nil between connections
	seen     time.Time // when the last one ended
}

// greet opens a session or takes one up again. A client that has seen more than
// this server has is not served, as ZooKeeper does.
func (c *zkConn) greet(hello []byte) bool {
	r := &scanner{rest: hello}
	r.i32() // protocol
	seen := r.i64()
	wanted := time.Duration(r.i32()) * time.Millisecond
	id := r.i64()
	password := r.bytes()
	// Clients since 3.4 say whether a read-only server would do, and want to
	// hear the same of the server.
	modern := len(r.rest) > 0
	c.zk.tree.mu.Lock()
	zxid := c.zk.tree.zxid
	c.zk.tree.mu.Unlock()
	if r.err != nil || seen > zxid {
		return false
	}
	s := c.zk.open(c, id, password, min(maxSession, max(minSession, wanted)))
	var p packet
	p.i32(0)
	if s == nil { // it has expired
		p.i32(0)
		p.i64(0)
		p.text(string(make([]byte, 16)))
	} else {
		p.i32(int32(s.timeout.Milliseconds()))
		p.i64(s.id)
		p.text(string(s.password[:]))
	}
	if modern {
		p.bool(false)
	}
	c.send(p)
	return s != nil
}

// open returns the session for a connection, nil when the one that was asked
// for is no more.
func (z *zooKeeper) open(c *zkConn, id int64, password []byte, timeout time.Duration) *zkSession {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := z.now()
	for key, s := range z.sessions {
		if s.conn == nil && now.Sub(s.seen) > s.timeout {
			delete(z.sessions, key)
		}
	}
	if id != 0 {
		s := z.sessions[id]
		if s == nil || subtle.ConstantTimeCompare(s.password[:], password) != 1 {
			return nil
		}
		if s.conn != nil {
			_ = s.conn.Close() // the client has moved
		}
		s.conn, s.timeout, c.session = c, timeout, s
		return s
	}
	z.last++
	s := &zkSession{id: 0x1000_0000_0000_0000 + z.last, timeout: timeout, conn: c}
	_, _ = rand.Read(s.password[:]) // never fails
	z.sessions[s.id], c.session = s, s
	return s
}

// expire ends a session.
func (z *zooKeeper) expire(s *zkSession) {
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.sessions, s.id)
}
