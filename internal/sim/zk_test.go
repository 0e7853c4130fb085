package sim

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// greeted is a client with a session.
func greeted(t *testing.T, s *Server) *zkClient {
	t.Helper()
	z := dialZK(t, s, 0)
	z.frame()
	return z
}

// request sends any request and returns the reply.
func (z *zkClient) request(op int32, write func(*packet)) (code int32, rest *scanner) {
	z.t.Helper()
	z.x++
	var p packet
	p.i32(z.x)
	p.i32(op)
	write(&p)
	must(z.t, writeFrame(z.c, p.b))
	r := z.frame()
	if xid := r.i32(); xid != z.x {
		z.t.Fatalf("reply to %d, want %d", xid, z.x)
	}
	r.i64()
	return r.i32(), r
}

func TestZooKeeperRefusesChanges(t *testing.T) {
	s := served(t)
	z := greeted(t, s)
	acl := func(p *packet) { p.i32(1); p.i32(31); p.text("world"); p.text("anyone") }
	for _, test := range []struct {
		op    int32
		path  string
		write func(*packet)
		want  int32
	}{
		{opCreate, "/storm/x", func(p *packet) { p.text("data"); acl(p); p.i32(0) }, codeNoAuth},
		{opCreate, "/no/x", func(p *packet) { p.text(""); acl(p); p.i32(0) }, codeNoNode},
		{opCreate2, "/x", func(p *packet) { p.text(""); acl(p); p.i32(1) }, codeNoAuth},
		{opCreateTTL, "/x", func(p *packet) { p.text(""); acl(p); p.i32(5); p.i64(1000) }, codeNoAuth},
		{opDelete, "/storm/storms", func(p *packet) { p.i32(-1) }, codeNoAuth},
		{opDelete, "/gone", func(p *packet) { p.i32(-1) }, codeNoNode},
		{opSetData, "/storm/storms", func(p *packet) { p.text("x"); p.i32(-1) }, codeNoAuth},
		{opSetACL, "/storm/storms", func(p *packet) { acl(p); p.i32(-1) }, codeNoAuth},
		{opCheck, "/storm/storms", func(p *packet) { p.i32(0) }, 0},
		{opCheck, "/storm/storms", func(p *packet) { p.i32(3) }, codeBadVersion},
		{opReconfig, "", func(*packet) {}, codeNoReconfig},
		{999, "", func(*packet) {}, codeUnimplemented},
	} {
		if code, _ := z.request(test.op, func(p *packet) { p.text(test.path); test.write(p) }); code != test.want {
			t.Errorf("operation %d on %q: %d, want %d", test.op, test.path, code, test.want)
		}
	}
}

func TestZooKeeperTransactions(t *testing.T) {
	s := served(t)
	z := greeted(t, s)
	head := func(p *packet, op int32, done bool) { p.i32(op); p.bool(done); p.i32(-1) }
	check := func(p *packet, path string) { head(p, opCheck, false); p.text(path); p.i32(-1) }
	remove := func(p *packet) { head(p, opDelete, false); p.text("/storm/storms"); p.i32(-1) }
	results := func(r *scanner) (codes []int32) {
		for {
			op, done, code := r.i32(), r.bool(), r.i32()
			if done || r.err != nil {
				must(t, r.err)
				return codes
			}
			if op == -1 {
				r.i32()
			}
			codes = append(codes, code)
		}
	}
	_, r := z.request(opMulti, func(p *packet) { check(p, "/storm"); head(p, -1, true) })
	if got := results(r); !slices.Equal(got, []int32{0}) {
		t.Errorf("a check: %v", got)
	}
	_, r = z.request(opMulti, func(p *packet) { check(p, "/storm"); remove(p); check(p, "/storm"); head(p, -1, true) })
	if got := results(r); !slices.Equal(got, []int32{0, codeNoAuth, codeInconsistent}) {
		t.Errorf("a check, a removal, a check: %v", got)
	}
	_, r = z.request(opMultiRead, func(p *packet) {
		head(p, opGetChildren, false)
		p.text("/gone")
		p.bool(false)
		head(p, opGetData, false)
		p.text("/storm/storms")
		p.bool(false)
		head(p, -1, true)
	})
	if op, _, code := r.i32(), r.bool(), r.i32(); op != -1 || code != codeNoNode || r.i32() != codeNoNode {
		t.Errorf("a node that is not: %d %d", op, code)
	}
	if op, _, code := r.i32(), r.bool(), r.i32(); op != opGetData || code != 0 || r.text() != string(container) {
		t.Errorf("a node that is: %d %d", op, code)
	}
}

func TestZooKeeperPersistentWatches(t *testing.T) {
	s := served(t)
	z := greeted(t, s)
	tp := s.w.topology("wordcount")
	watch := func(path string, mode int32) {
		if code, _ := z.request(opAddWatch, func(p *packet) { p.text(path); p.i32(mode) }); code != 0 {
			t.Fatalf("addWatch: %d", code)
		}
	}
	watch("/storm/storms", 1)
	c := nimbusOf(t, s, 0)
	must(t, c.Deactivate(t.Context(), tp.name))
	must(t, c.Activate(t.Context(), tp.name))
	for range 2 {
		e := z.frame()
		if xid, _, _, kind, _ := e.i32(), e.i64(), e.i32(), e.i32(), e.i32(); xid != xidEvent || kind != nodeDataChanged || e.text() != "/storm/storms/"+tp.id {
			t.Errorf("event %d of kind %d", xid, kind)
		}
	}
	drop := func(op, kind int32) int32 {
		code, _ := z.request(op, func(p *packet) { p.text("/storm/storms"); p.i32(kind) })
		return code
	}
	if drop(opCheckWatches, watchAny) != 0 || drop(opRemoveWatches, watchData) != codeNoWatcher || drop(opRemoveWatches, watchRecursive) != 0 || drop(opCheckWatches, watchAny) != codeNoWatcher {
		t.Error("watches are found and removed by their kind")
	}
	if code, r := z.request(opDescendants, func(p *packet) { p.text("/storm/storms") }); code != 0 || r.i32() != 4 {
		t.Error("the nodes below are not counted")
	}
	if code, r := z.request(opEphemerals, func(p *packet) { p.text("/") }); code != 0 || len(r.texts()) != 0 {
		t.Error("a client has nodes of its own")
	}
	if code, r := z.request(opWhoAmI, func(*packet) {}); code != 0 || r.i32() != 1 || r.text() != "ip" || r.text() != "127.0.0.1" {
		t.Error("who am I")
	}
}

func TestWatchersSeeEveryWriteOfARebalance(t *testing.T) {
	s := served(t)
	tp := s.w.topology("wordcount")
	var events []string
	s.mirror.tree.notify = func(kind int32, path string) {
		if strings.Contains(path, tp.id) && kind == nodeDataChanged && !strings.Contains(path, "workerbeats") {
			events = append(events, strings.Split(path, "/")[2])
		}
	}
	must(t, nimbusOf(t, s, 0).Rebalance(t.Context(), tp.name, &storm.RebalanceOptions{WaitSecs: new(int32(1)), NumExecutors: map[string]int32{"split": 2}}))
	move(t, s, 3*time.Second)
	if got := strings.Join(events, " "); got != "storms storms assignments storms" {
		t.Errorf("written: %s", got)
	}
}

func (z *zkClient) hello(session int64, password []byte) (timeout int32, id int64, secret []byte) {
	z.t.Helper()
	var p packet
	p.i32(0)
	p.i64(0)
	p.i32(10000)
	p.i64(session)
	p.text(string(password))
	p.bool(false)
	must(z.t, writeFrame(z.c, p.b))
	r := z.frame()
	r.i32()
	timeout, id, secret = r.i32(), r.i64(), r.bytes()
	if readOnly := r.bool(); readOnly || r.err != nil {
		z.t.Errorf("read-only %v, %v", readOnly, r.err)
	}
	return timeout, id, slices.Clone(secret)
}

func rawZK(t *testing.T, s *Server) *zkClient {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.zk.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &zkClient{t: t, c: c}
}

func TestSessionsOutliveConnections(t *testing.T) {
	s := served(t)
	first := rawZK(t, s)
	_, id, secret := first.hello(0, make([]byte, 16))
	if id == 0 || len(secret) != 16 {
		t.Fatalf("session %d, password %x", id, secret)
	}
	// A client that moves takes its session along.
	second := rawZK(t, s)
	if timeout, again, _ := second.hello(id, secret); again != id || timeout != 10000 {
		t.Errorf("taken up as %d with %d ms", again, timeout)
	}
	if _, err := readFrame(first.c, 1<<10); err == nil {
		t.Error("the first connection goes on")
	}
	// A wrong password, and a session that was closed, are of the past.
	if timeout, again, _ := rawZK(t, s).hello(id, make([]byte, 16)); again != 0 || timeout != 0 {
		t.Error("taken up with a wrong password")
	}
	if code, _ := second.request(opClose, func(*packet) {}); code != 0 {
		t.Errorf("close: %d", code)
	}
	if _, err := readFrame(second.c, 1<<10); err == nil {
		t.Error("the connection outlives its session")
	}
	if _, again, _ := rawZK(t, s).hello(id, secret); again != 0 {
		t.Error("a closed session is taken up")
	}
}

func TestSessionsExpire(t *testing.T) {
	zk := newZooKeeper(newTree())
	now := time.Unix(0, 0)
	zk.now = func() time.Time { return now }
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := zk.newConn(far)
	session := zk.open(c, 0, nil, 10*time.Second)
	zk.leave(c)
	now = now.Add(9 * time.Second)
	if zk.open(c, session.id, session.password[:], 10*time.Second) != session {
		t.Error("after 9 s the session is gone")
	}
	zk.leave(c)
	now = now.Add(11 * time.Second)
	if zk.open(c, session.id, session.password[:], 10*time.Second) != nil || len(zk.sessions) != 0 {
		t.Error("after 11 s the session is there")
	}
}

func TestFourLetterWords(t *testing.T) {
	s := served(t)
	greeted(t, s)
	for word, want := range map[string]string{
		"ruok": "imok", "isro": "rw", "srvr": "Mode: standalone\nNode count: ", "stat": "Clients:\n /127.0.0.1:",
		"mntr": "mntr is not executed because it is not in the whitelist.\n",
	} {
		z := rawZK(t, s)
		_, err := io.WriteString(z.c, word)
		must(t, err)
		got, err := io.ReadAll(z.c)
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	s := served(t)
	for range maxZKClients {
		greeted(t, s)
	}
	z := dialZK(t, s, 0)
	if _, err := readFrame(z.c, 1<<10); err == nil {
		t.Error("one more than allowed is served")
	}
}
