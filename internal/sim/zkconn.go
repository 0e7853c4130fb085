package sim

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"
)

// ZooKeeper's operations, special transaction ids and errors.
const (
	opExists       = 3
	opGetData      = 4
	opGetACL       = 6
	opGetChildren  = 8
	opSync         = 9
	opPing         = 11
	opGetChildren2 = 12
	opAuth         = 100
	opSetWatches   = 101
	opClose        = -11

	xidEvent = -1

	codeUnimplemented = -6
	codeNoNode        = -101
	codeNoAuth        = -102
)

// maxZKRequest is jute.maxbuffer.
const maxZKRequest = 1 << 20

// sessionMillis is the session timeout that is granted to everybody.
const sessionMillis = sessionSecs * 1000

// zooKeeper serves a tree, for reading.
type zooKeeper struct {
	tree *zkTree

	mu       sync.Mutex
	conns    map[*zkConn]bool
	sessions int64
}

// zkConn is one client.
type zkConn struct {
	net.Conn
	zk *zooKeeper

	writing sync.Mutex
	mu      sync.Mutex
	// Watches are told of once: on a node's data or being, on its children.
	data, children map[string]bool
}

func newZooKeeper(t *zkTree) *zooKeeper {
	z := &zooKeeper{tree: t, conns: map[*zkConn]bool{}}
	t.notify = z.notify
	return z
}

// notify tells the clients that wait for a change.
func (z *zooKeeper) notify(kind int32, path string) {
	z.mu.Lock()
	conns := make([]*zkConn, 0, len(z.conns))
	for c := range z.conns {
		conns = append(conns, c)
	}
	z.mu.Unlock()
	for _, c := range conns {
		c.mu.Lock()
		hit := false
		if kind != nodeChildrenChanged && c.data[path] {
			delete(c.data, path)
			hit = true
		}
		if (kind == nodeChildrenChanged || kind == nodeDeleted) && c.children[path] {
			delete(c.children, path)
			hit = true
		}
		c.mu.Unlock()
		if hit {
			c.event(kind, path)
		}
	}
}

func (c *zkConn) event(kind int32, path string) {
	var p packet
	p.header(xidEvent, -1, 0)
	p.i32(kind)
	p.i32(3) // connected
	p.text(path)
	c.send(p)
}

// sendWithin bounds how long a client may not read; it is dropped then.
const sendWithin = 5 * time.Second

func (c *zkConn) send(p packet) {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.SetWriteDeadline(time.Now().Add(sendWithin))
	if err == nil {
		err = writeFrame(c, p.b)
	}
	if err != nil {
		_ = c.Close() // the reader ends with it
	}
}

// talk serves one connection until it ends.
func (z *zooKeeper) talk(nc net.Conn) {
	c := &zkConn{Conn: nc, zk: z, data: map[string]bool{}, children: map[string]bool{}}
	hello, err := readFrame(c, maxZKRequest)
	if err != nil || !c.greet(hello) {
		return
	}
	z.mu.Lock()
	z.conns[c] = true
	z.mu.Unlock()
	defer func() {
		z.mu.Lock()
		delete(z.conns, c)
		z.mu.Unlock()
	}()
	for {
		request, err := readFrame(c, maxZKRequest)
		if err != nil {
			return
		}
		r := &scanner{rest: request}
		xid, op := r.i32(), r.i32()
		if r.err != nil || !c.answer(xid, op, r) {
			return
		}
	}
}

// greet opens a session. A client that has seen more than this server has is
// not served, as ZooKeeper does.
func (c *zkConn) greet(hello []byte) bool {
	r := &scanner{rest: hello}
	r.i32() // protocol
	seen := r.i64()
	r.i32() // timeout
	session := r.i64()
	r.bytes()
	c.zk.tree.mu.Lock()
	zxid := c.zk.tree.zxid
	c.zk.tree.mu.Unlock()
	if r.err != nil || seen > zxid {
		return false
	}
	if session == 0 {
		c.zk.mu.Lock()
		c.zk.sessions++
		session = 0x1000_0000_0000_0000 + c.zk.sessions
		c.zk.mu.Unlock()
	}
	var p packet
	p.i32(0)
	p.i32(sessionMillis)
	p.i64(session)
	p.text("storm-simulator!")
	p.b = append(p.b, 0) // not read-only
	c.send(p)
	return true
}

// answer replies to one request and reports whether the session goes on.
func (c *zkConn) answer(xid, op int32, r *scanner) bool {
	var p packet
	z := c.zk.tree
	switch op {
	case opPing, opAuth, opClose, opSync:
		z.mu.Lock()
		p.header(xid, z.zxid, 0)
		z.mu.Unlock()
		if op == opSync {
			p.text(r.text())
		}
		c.send(p)
		return op != opClose && r.err == nil
	case opSetWatches:
		return c.setWatches(xid, r)
	case opExists, opGetData, opGetChildren, opGetChildren2, opGetACL:
	default:
		z.mu.Lock()
		p.header(xid, z.zxid, codeUnimplemented)
		z.mu.Unlock()
		c.send(p)
		return true
	}
	path := r.text()
	watch := op != opGetACL && r.bool()
	if r.err != nil {
		return false
	}
	z.mu.Lock()
	n := z.nodes[path]
	code := int32(0)
	switch {
	case n == nil:
		code = codeNoNode
	case n.secret && op != opExists:
		code = codeNoAuth
	}
	p.header(xid, z.zxid, code)
	if code == 0 {
		c.write(&p, op, n)
	}
	if watch && (code == 0 || op == opExists && n == nil) {
		c.mu.Lock()
		if op == opGetChildren || op == opGetChildren2 {
			c.children[path] = true
		} else {
			c.data[path] = true
		}
		c.mu.Unlock()
	}
	// The reply is on the wire before the event of any later change.
	c.send(p)
	z.mu.Unlock()
	return true
}

func (c *zkConn) write(p *packet, op int32, n *znode) {
	switch op {
	case opGetData:
		p.text(string(n.data))
	case opGetChildren, opGetChildren2:
		names := namesOf(n)
		p.i32(int32(len(names)))
		for _, name := range names {
			p.text(name)
		}
		if op == opGetChildren {
			return
		}
	case opGetACL:
		p.i32(1)
		p.i32(31) // everything
		p.text("world")
		p.text("anyone")
	}
	p.stat(n)
}

// setWatches takes a client's watches over from its last connection and tells
// of what changed since.
func (c *zkConn) setWatches(xid int32, r *scanner) bool {
	since := r.i64()
	data, exist, child := r.texts(), r.texts(), r.texts()
	if r.err != nil {
		return false
	}
	var late []event
	z := c.zk.tree
	z.mu.Lock()
	var p packet
	p.header(xid, z.zxid, 0)
	c.mu.Lock()
	for _, path := range data {
		switch n := z.nodes[path]; {
		case n == nil:
			late = append(late, event{nodeDeleted, path})
		case n.stat.mzxid > since:
			late = append(late, event{nodeDataChanged, path})
		default:
			c.data[path] = true
		}
	}
	for _, path := range exist {
		if z.nodes[path] != nil {
			late = append(late, event{nodeCreated, path})
		} else {
			c.data[path] = true
		}
	}
	for _, path := range child {
		switch n := z.nodes[path]; {
		case n == nil:
			late = append(late, event{nodeDeleted, path})
		case n.stat.pzxid > since:
			late = append(late, event{nodeChildrenChanged, path})
		default:
			c.children[path] = true
		}
	}
	c.mu.Unlock()
	for _, e := range late {
		c.event(e.kind, e.path)
	}
	c.send(p)
	z.mu.Unlock()
	return true
}

// packet builds a frame.
type packet struct{ b []byte }

func (p *packet) i32(n int32)   { p.b = binary.BigEndian.AppendUint32(p.b, uint32(n)) }
func (p *packet) i64(n int64)   { p.b = binary.BigEndian.AppendUint64(p.b, uint64(n)) }
func (p *packet) text(s string) { p.i32(int32(len(s))); p.b = append(p.b, s...) }

func (p *packet) header(xid int32, zxid int64, code int32) {
	p.i32(xid)
	p.i64(zxid)
	p.i32(code)
}

func (p *packet) stat(n *znode) {
	s := n.stat
	p.i64(s.czxid)
	p.i64(s.mzxid)
	p.i64(s.ctime)
	p.i64(s.mtime)
	p.i32(s.version)
	p.i32(s.cversion)
	p.i32(s.aversion)
	p.i64(s.owner)
	p.i32(int32(len(n.data)))
	p.i32(int32(len(n.children)))
	p.i64(s.pzxid)
}

var errShort = errors.New("a request ends inside a value")

// scanner reads a request and remembers the first value that is not whole.
type scanner struct {
	rest []byte
	err  error
}

func (r *scanner) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.rest)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *scanner) i32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *scanner) i64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (r *scanner) bool() bool {
	b := r.take(1)
	return len(b) == 1 && b[0] != 0
}

func (r *scanner) bytes() []byte {
	n := r.i32()
	if n == -1 {
		return nil
	}
	return r.take(int(n))
}

func (r *scanner) text() string { return string(r.bytes()) }

func (r *scanner) texts() []string {
	n := r.i32()
	if n < 0 || int(n) > len(r.rest)/4 {
		if n != -1 {
			r.err = errShort
		}
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		out = append(out, r.text())
	}
	return out
}
