package zkview

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// fakeZK is a ZooKeeper of one server that speaks the real protocol over pipes.
type fakeZK struct {
	mu       sync.Mutex
	nodes    map[string]*fakeNode
	zxid     int64
	sessions int64
	conns    map[*fakeConn]bool
	asked    map[string]int // operation and path → count
	dials    int
	work     sync.WaitGroup

	// hook, when set, may answer a request in its own way: it returns whether
	// it did. It runs without the lock.
	hook func(c *fakeConn, op int32, xid int32, path string) bool
	// refuse fails every dial with this error.
	refuse error
	// greeting, when set, replaces the reply to the connect request.
	greeting func(c *fakeConn) bool
	granted  int32
	password string
}

type fakeNode struct {
	data   []byte
	stat   fakeStat
	denied bool
	acl    []string // scheme:id
}

type fakeStat struct {
	Czxid          int64 `json:"czxid"`
	Mzxid          int64 `json:"mzxid"`
	Ctime          int64 `json:"ctime"`
	Mtime          int64 `json:"mtime"`
	Version        int32 `json:"version"`
	Cversion       int32 `json:"cversion"`
	Aversion       int32 `json:"aversion"`
	EphemeralOwner int64 `json:"ephemeralOwner"`
	DataLength     int32 `json:"dataLength"`
	NumChildren    int32 `json:"numChildren"`
	Pzxid          int64 `json:"pzxid"`
}

type fakeConn struct {
	net.Conn
	zk      *fakeZK
	writing sync.Mutex
	watches map[watchKey]bool // under zk.mu
}

func newFakeZK() *fakeZK {
	return &fakeZK{
		nodes: map[string]*fakeNode{"/": {}}, conns: map[*fakeConn]bool{},
		asked: map[string]int{}, zxid: 100, granted: 10_000,
	}
}

// client returns a client of the fake that is closed with the test.
func (z *fakeZK) client(t testing.TB, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Servers: []string{"zk1:2181"}, Dial: z.dial, Timeout: 5 * time.Second, Random: func() float64 { return 0 }}
	for _, f := range change {
		f(&cfg)
	}
	c := New(cfg)
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
		z.shut()
		goleak.VerifyNone(t)
	})
	return c
}

func (z *fakeZK) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.dials++
	if z.refuse != nil {
		return nil, z.refuse
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	c := &fakeConn{Conn: far, zk: z, watches: map[watchKey]bool{}}
	z.conns[c] = true
	z.work.Go(c.serve)
	return near, nil
}

// drop breaks every connection.
func (z *fakeZK) drop() {
	z.mu.Lock()
	defer z.mu.Unlock()
	for c := range z.conns {
		_ = c.Close()
	}
}

func (z *fakeZK) shut() {
	z.drop()
	z.work.Wait()
}

func (z *fakeZK) count(op string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[op]
}

// set creates or changes a node, its parents included, and fires the watches.
func (z *fakeZK) set(path string, data []byte) {
	z.mu.Lock()
	created, changed := z.put(path, data)
	z.mu.Unlock()
	for _, p := range created {
		z.fire(1, p, watchData)
		z.fire(4, parent(p), watchChildren)
	}
	if changed {
		z.fire(3, path, watchData)
	}
}

func (z *fakeZK) put(path string, data []byte) (created []string, changed bool) {
	z.zxid++
	if n := z.nodes[path]; n != nil {
		n.data = data
		n.stat.Version++
		n.stat.Mzxid = z.zxid
		n.stat.DataLength = int32(len(data))
		return nil, true
	}
	if path != "/" && z.nodes[parent(path)] == nil {
		created, _ = z.put(parent(path), nil)
	}
	z.nodes[path] = &fakeNode{data: data, stat: fakeStat{
		Czxid: z.zxid, Mzxid: z.zxid, DataLength: int32(len(data)), Ctime: 1795233392000, Mtime: 1795233392000,
	}}
	return append(created, path), false
}

func (z *fakeZK) remove(path string) {
	z.mu.Lock()
	delete(z.nodes, path)
	z.zxid++
	z.mu.Unlock()
	z.fire(2, path, watchData)
	z.fire(2, path, watchChildren)
	z.fire(4, parent(path), watchChildren)
}

func (z *fakeZK) deny(path string, acl ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.nodes[path].denied, z.nodes[path].acl = true, acl
}

func (z *fakeZK) fire(kind int32, path string, which watchKind) {
	z.mu.Lock()
	var hit []*fakeConn
	for c := range z.conns {
		if c.watches[watchKey{path, which}] {
			delete(c.watches, watchKey{path, which})
			hit = append(hit, c)
		}
	}
	z.mu.Unlock()
	for _, c := range hit {
		var w packet
		w.reply(-1, -1, 0)
		w.i32(kind)
		w.i32(3)
		w.text(path)
		c.send(w)
	}
}

func (z *fakeZK) childNames(path string) []string {
	prefix := strings.TrimSuffix(path, "/") + "/"
	var names []string
	for p := range z.nodes {
		if rest, ok := strings.CutPrefix(p, prefix); ok && rest != "" && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	sort.Sort(sort.Reverse(sort.StringSlice(names))) // ZooKeeper promises no order
	return names
}

// packet builds a frame.
type packet struct{ b []byte }

func (p *packet) i32(n int32)   { p.b = binary.BigEndian.AppendUint32(p.b, uint32(n)) }
func (p *packet) i64(n int64)   { p.b = binary.BigEndian.AppendUint64(p.b, uint64(n)) }
func (p *packet) text(s string) { p.i32(int32(len(s))); p.b = append(p.b, s...) }
func (p *packet) reply(xid int32, zxid int64, code int32) {
	p.i32(xid)
	p.i64(zxid)
	p.i32(code)
}

func (p *packet) stat(s fakeStat) {
	for _, n := range []int64{s.Czxid, s.Mzxid, s.Ctime, s.Mtime} {
		p.i64(n)
	}
	p.i32(s.Version)
	p.i32(s.Cversion)
	p.i32(s.Aversion)
	p.i64(s.EphemeralOwner)
	p.i32(s.DataLength)
	p.i32(s.NumChildren)
	p.i64(s.Pzxid)
}

func (c *fakeConn) send(p packet) {
	c.raw(binary.BigEndian.AppendUint32(nil, uint32(len(p.b))), p.b)
}

// raw writes bytes as they are, whole or not at all from the peer's view.
func (c *fakeConn) raw(parts ...[]byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	_, _ = c.Write(all) // the peer may be gone
}

func (c *fakeConn) frame() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(c, frame)
	return frame, err
}

func (c *fakeConn) serve() {
	defer func() {
		_ = c.Close()
		c.zk.mu.Lock()
		delete(c.zk.conns, c)
		c.zk.mu.Unlock()
	}()
	hello, err := c.frame()
	if err != nil {
		return
	}
	c.zk.mu.Lock()
	behind := int64(binary.BigEndian.Uint64(hello[4:])) > c.zk.zxid
	c.zk.mu.Unlock()
	if behind {
		return // as ZooKeeper does
	}
	if c.zk.greeting != nil {
		if !c.zk.greeting(c) {
			return
		}
	} else {
		c.greet()
	}
	for {
		frame, err := c.frame()
		if err != nil || len(frame) < 8 {
			return
		}
		f := &fields{rest: frame}
		xid, op := f.int32(), f.int32()
		path := ""
		watch := false
		switch op {
		case opExists, opGetData, opGetChildren2:
			path = f.text()
			watch = len(f.rest) > 0 && f.rest[0] == 1
		case opGetACL:
			path = f.text()
		}
		c.zk.mu.Lock()
		hook := c.zk.hook
		c.zk.asked[fmt.Sprintf("%d %s", op, path)]++
		c.zk.mu.Unlock()
		if hook != nil && hook(c, op, xid, path) {
			continue
		}
		if !c.answer(op, xid, path, watch, f.rest) {
			return
		}
	}
}

func (c *fakeConn) greet() {
	c.zk.mu.Lock()
	c.zk.sessions++
	session := 0x2009_0000 + c.zk.sessions
	c.zk.mu.Unlock()
	var p packet
	p.i32(0)
	p.i32(c.zk.granted)
	p.i64(session)
	p.text("0123456789abcdef")
	p.b = append(p.b, 0)
	c.send(p)
}

// answer replies to one request and reports whether the session goes on.
func (c *fakeConn) answer(op, xid int32, path string, watch bool, rest []byte) bool {
	z := c.zk
	z.mu.Lock()
	node := z.nodes[path]
	var p packet
	code := int32(0)
	switch {
	case op == opPing || op == opClose:
	case op == opSetAuth:
		f := &fields{rest: rest}
		f.int32()
		f.text()
		if string(f.buffer()) != z.password {
			code = -115
		}
	case node == nil:
		code = -101
	case node.denied && op != opGetACL && op != opExists:
		code = -102
	case op == opGetACL && node.acl == nil:
		code = -102
	}
	p.reply(xid, z.zxid, code)
	if code == 0 && node != nil {
		stat := node.stat
		switch op {
		case opGetData:
			p.text(string(node.data))
		case opGetChildren2:
			names := z.childNames(path)
			stat.NumChildren = int32(len(names))
			p.i32(int32(len(names)))
			for _, name := range names {
				p.text(name)
			}
		case opGetACL:
			p.i32(int32(len(node.acl)))
			for _, acl := range node.acl {
				scheme, id, _ := strings.Cut(acl, ":")
				p.i32(1)
				p.text(scheme)
				p.text(id)
			}
		}
		p.stat(stat)
	}
	if watch && (code == 0 || op == opExists) {
		kind := watchData
		if op == opGetChildren2 {
			kind = watchChildren
		}
		c.watches[watchKey{path, kind}] = true
	}
	z.mu.Unlock()
	c.send(p)
	return op != opClose && code != -115
}

// recording is a dump of a real cluster's tree.
type recording struct {
	nodes map[string]recorded
	names []string
}

type recorded struct {
	data    []byte
	stat    fakeStat
	form    string
	decoded map[string]json.RawMessage // by struct name; nil when not recorded
}

// load reads testdata/<name>.json.gz in either form of the recordings.
func load(t testing.TB, name string) recording {
	t.Helper()
	var file struct {
		Nodes json.RawMessage `json:"nodes"`
	}
	if err := json.Unmarshal(inflate(t, name+".json.gz"), &file); err != nil {
		t.Fatal(err)
	}
	type node struct {
		Path    string                     `json:"path"`
		Stat    fakeStat                   `json:"stat"`
		Base64  string                     `json:"base64"`
		Data    string                     `json:"data"`
		Form    string                     `json:"form"`
		Decoded map[string]json.RawMessage `json:"decoded"`
	}
	byPath := map[string]node{}
	if file.Nodes[0] == '[' {
		var list []node
		if err := json.Unmarshal(file.Nodes, &list); err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			byPath[n.Path] = n
		}
	} else if err := json.Unmarshal(file.Nodes, &byPath); err != nil {
		t.Fatal(err)
	}
	rec := recording{nodes: map[string]recorded{}}
	for path, n := range byPath {
		data, err := base64.StdEncoding.DecodeString(n.Base64 + n.Data)
		if err != nil {
			t.Fatal(err)
		}
		rec.nodes[path] = recorded{data: data, stat: n.Stat, form: n.Form, decoded: n.Decoded}
	}
	rec.names = sortedKeys(rec.nodes)
	return rec
}

func inflate(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	from, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// play puts a recording into the fake.
func (z *fakeZK) play(rec recording) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, path := range rec.names {
		n := rec.nodes[path]
		if path != "/" && z.nodes[parent(path)] == nil {
			z.put(parent(path), nil)
		}
		z.nodes[path] = &fakeNode{data: n.data, stat: n.stat}
	}
}

// within gives a test's calls an end.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}
