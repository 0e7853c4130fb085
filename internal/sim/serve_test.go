package sim

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served is a world on the network that does not move by itself.
func served(t *testing.T) *Server {
	t.Helper()
	s, err := Serve(t.Context(), NewDemo(1, testStart), Wires{Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func nimbusOf(t *testing.T, s *Server, i int) *storm.NimbusClient {
	t.Helper()
	conf := &thrift.TConfiguration{SocketTimeout: 10 * time.Second}
	socket := thrift.NewTSocketConf(s.doors[i].at, conf)
	if err := socket.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	p := thrift.NewTBinaryProtocolConf(thrift.NewTFramedTransportConf(socket, conf), conf)
	return storm.NewNimbusClient(thrift.NewTStandardClient(p, p))
}

func TestPagesHoldStormsFormulas(t *testing.T) {
	s := served(t)
	ctx := t.Context()
	c := nimbusOf(t, s, 0)
	for _, tp := range s.w.topologies {
		info, err := c.GetTopologyInfo(ctx, tp.id)
		if err != nil {
			t.Fatal(err)
		}
		page, err := c.GetTopologyPageInfo(ctx, tp.id, "600", false)
		if err != nil {
			t.Fatal(err)
		}
		var emitted, acked, failed int64
		for _, rows := range []map[string]*storm.ComponentAggregateStats{page.IDToSpoutAggStats, page.IDToBoltAggStats} {
			for id, row := range rows {
				emitted += row.CommonStats.GetEmitted()
				comp, err := c.GetComponentPageInfo(ctx, tp.id, id, "600", false)
				if err != nil {
					t.Fatal(err)
				}
				if got := comp.WindowToStats["600"].CommonStats; got.GetEmitted() != row.CommonStats.GetEmitted() || got.GetAcked() != row.CommonStats.GetAcked() {
					t.Errorf("%s %s: the two pages differ: %v, %v", tp.name, id, got, row.CommonStats)
				}
				var sum int64
				capacity := 0.0
				for _, e := range comp.ExecStats {
					sum += e.Stats.CommonStats.GetEmitted()
					if b := e.Stats.SpecificStats.Bolt; b != nil {
						capacity = max(capacity, b.GetCapacity())
					}
				}
				if sum != row.CommonStats.GetEmitted() {
					t.Errorf("%s %s: executors emitted %d, the component %d", tp.name, id, sum, row.CommonStats.GetEmitted())
				}
				if b := row.SpecificStats.Bolt; b != nil && math.Abs(b.GetCapacity()-capacity) > 1e-9 {
					t.Errorf("%s %s: capacity %v, the highest of its executors %v", tp.name, id, b.GetCapacity(), capacity)
				}
			}
		}
		for _, row := range page.IDToSpoutAggStats {
			acked += row.CommonStats.GetAcked()
			failed += row.CommonStats.GetFailed()
		}
		totals := page.TopologyStats
		if totals.WindowToEmitted["600"] != emitted || totals.WindowToAcked["600"] != acked || totals.WindowToFailed["600"] != failed {
			t.Errorf("%s: totals %v %v %v, sums %d %d %d", tp.name, totals.WindowToEmitted, totals.WindowToAcked, totals.WindowToFailed, emitted, acked, failed)
		}
		if len(info.Executors) != int(page.GetNumExecutors()) {
			t.Errorf("%s has %d executors in one answer, %d in another", tp.name, len(info.Executors), page.GetNumExecutors())
		}
	}
}

func TestAStandbyAnswersPolitelyAndWrongly(t *testing.T) {
	s := served(t)
	ctx := t.Context()
	c := nimbusOf(t, s, 1)
	leader, err := c.GetLeader(ctx)
	if err != nil || leader.GetHost() != "nim-a" || !leader.GetIsLeader() {
		t.Errorf("it names %v, %v", leader, err)
	}
	cluster, err := c.GetClusterInfo(ctx)
	if err != nil || len(cluster.Supervisors) != 6 || len(cluster.Topologies) != 4 || cluster.Topologies[0].GetNumExecutors() != 0 {
		t.Errorf("cluster: %v, %v", cluster, err)
	}
	_, err = c.GetTopologySummaryByName(ctx, "wordcount")
	var gone *storm.NotAliveException
	if !errors.As(err, &gone) || gone.GetMsg() != "wordcount is not alive" {
		t.Errorf("by name: %v", err)
	}
	id := s.w.topologies[0].id
	info, err := c.GetTopologyInfo(ctx, id)
	if err != nil || len(info.Executors) != 0 || info.GetStatus() != "ACTIVE" {
		t.Errorf("info: %v, %v", info, err)
	}
	if conf, err := c.GetTopologyConf(ctx, id); err != nil || !strings.Contains(conf, `"storm.id":"`+id+`"`) {
		t.Errorf("conf: %.40s, %v", conf, err)
	}
}

func TestWrongQuestionsGetStormsErrors(t *testing.T) {
	s := served(t)
	ctx := t.Context()
	c := nimbusOf(t, s, 0)
	id := s.w.topologies[0].id
	var gone *storm.NotAliveException
	if _, err := c.GetTopologyPageInfo(ctx, "nobody", "600", false); !errors.As(err, &gone) || gone.GetMsg() != "nobody" {
		t.Errorf("unknown id: %v", err)
	}
	if _, err := c.GetTopologySummaryByName(ctx, "nobody"); !errors.As(err, &gone) || gone.GetMsg() != "nobody is not alive" {
		t.Errorf("unknown name: %v", err)
	}
	for name, call := range map[string]func() error{
		"getComponentPageInfo":  func() error { _, err := c.GetComponentPageInfo(ctx, id, "nobody", "600", false); return err },
		"getSupervisorPageInfo": func() error { _, err := c.GetSupervisorPageInfo(ctx, "", "", false); return err },
		"getLogConfig":          func() error { _, err := c.GetLogConfig(ctx, "nobody"); return err },
	} {
		var e thrift.TApplicationException
		if err := call(); !errors.As(err, &e) || e.TypeId() != thrift.INTERNAL_ERROR || e.Error() != "Internal error processing "+name {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := c.Client_().Call(ctx, "noSuchMethod", storm.NewNimbusGetLeaderArgs(), storm.NewNimbusGetLeaderResult())
	var e thrift.TApplicationException
	if !errors.As(err, &e) || e.TypeId() != thrift.UNKNOWN_METHOD || e.Error() != "Invalid method name: 'noSuchMethod'" {
		t.Errorf("an unknown method: %v", err)
	}
	page, err := c.GetTopologyPageInfo(ctx, id, "77", false)
	if err != nil || page.IDToSpoutAggStats["sentences"].CommonStats.GetEmitted() != 0 {
		t.Errorf("an unknown window: %v", err)
	}
}

func TestWhatIsNoFrameEndsTheConnection(t *testing.T) {
	s := served(t)
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.doors[0].at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("it answered %d bytes", n)
	}
}

// zkClient speaks the protocol by hand.
type zkClient struct {
	t *testing.T
	c net.Conn
	x int32
}

func dialZK(t *testing.T, s *Server, seen int64) *zkClient {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.zk.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var p packet
	p.i32(0)
	p.i64(seen)
	p.i32(10000)
	p.i64(0)
	p.text("0123456789abcdef")
	if err := writeFrame(c, p.b); err != nil {
		t.Fatal(err)
	}
	return &zkClient{t: t, c: c}
}

func (z *zkClient) frame() *scanner {
	z.t.Helper()
	b, err := readFrame(z.c, 1<<20)
	if err != nil {
		z.t.Fatal(err)
	}
	return &scanner{rest: b}
}

func (z *zkClient) ask(op int32, path string, watch byte) (code int32, rest *scanner) {
	z.t.Helper()
	z.x++
	var p packet
	p.i32(z.x)
	p.i32(op)
	p.text(path)
	p.b = append(p.b, watch)
	if err := writeFrame(z.c, p.b); err != nil {
		z.t.Fatal(err)
	}
	r := z.frame()
	if xid := r.i32(); xid != z.x {
		z.t.Fatalf("reply to %d, want %d", xid, z.x)
	}
	r.i64()
	return r.i32(), r
}

func TestZooKeeperTellsOfTheLostHost(t *testing.T) {
	s := served(t)
	z := dialZK(t, s, 0)
	hello := z.frame()
	hello.i32()
	if got := hello.i32(); got != 10000 {
		t.Errorf("granted %d ms, asked for 10000", got)
	}
	code, r := z.ask(opGetChildren2, "/storm/supervisors", 1)
	if names := r.texts(); code != 0 || len(names) != 6 {
		t.Fatalf("code %d, supervisors %v", code, names)
	}
	if code, _ := z.ask(opExists, "/storm/nothing", 0); code != codeNoNode {
		t.Errorf("a node that is not: code %d", code)
	}

	s.w.Begin()
	run(s.w, 65*time.Second)
	s.mirror.sync()
	e := z.frame()
	if xid, _, _, kind, _ := e.i32(), e.i64(), e.i32(), e.i32(), e.i32(); xid != xidEvent || kind != nodeChildrenChanged {
		t.Errorf("event %d of kind %d", xid, kind)
	}
	if path := e.text(); path != "/storm/supervisors" {
		t.Errorf("event about %s", path)
	}
	if _, r := z.ask(opGetChildren2, "/storm/supervisors", 0); len(r.texts()) != 5 {
		t.Error("the lost host is still there")
	}
}

func TestZooKeeperHoldsWhatStormWrites(t *testing.T) {
	s := served(t)
	z := dialZK(t, s, 0)
	z.frame()
	tp := s.w.topologies[1]
	_, r := z.ask(opGetData, "/storm/assignments/"+tp.id, 0)
	a, err := stormthrift.ReadAssignment(unpacked(t, r.bytes()))
	if err != nil || len(a.ExecutorNodePort) != len(tp.byTask) {
		t.Errorf("assignment of %d executors, %v", len(a.ExecutorNodePort), err)
	}
	_, r = z.ask(opGetData, "/storm/storms/"+tp.id, 0)
	var base storm.StormBase
	if err := stormthrift.Unmarshal(unpacked(t, r.bytes()), &base); err != nil || base.GetName() != tp.name {
		t.Errorf("base %v, %v", base, err)
	}
	_, r = z.ask(opGetChildren, "/storm/workerbeats/"+tp.id, 0)
	if names := r.texts(); len(names) != len(tp.workers) {
		t.Errorf("heartbeats %v", names)
	}
	_, r = z.ask(opGetData, "/storm/assignments", 0)
	if !bytes.Equal(r.bytes(), container) {
		t.Error("a node without data does not hold 07")
	}
}

func unpacked(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAClientFromTheFutureIsNotServed(t *testing.T) {
	s := served(t)
	z := dialZK(t, s, math.MaxInt64)
	if _, err := readFrame(z.c, 1<<10); err == nil {
		t.Error("it was greeted")
	}
}

func TestWatchesSurviveAReconnect(t *testing.T) {
	s := served(t)
	z := dialZK(t, s, 0)
	z.frame()
	var p packet
	p.i32(-8)
	p.i32(opSetWatches)
	p.i64(0) // everything changed since
	for _, list := range [][]string{{"/storm/supervisors", "/gone"}, {"/not/yet"}, {"/storm/storms"}} {
		p.i32(int32(len(list)))
		for _, path := range list {
			p.text(path)
		}
	}
	if err := writeFrame(z.c, p.b); err != nil {
		t.Fatal(err)
	}
	var kinds []int32
	for range 3 {
		e := z.frame()
		if xid, _, _ := e.i32(), e.i64(), e.i32(); xid != xidEvent {
			t.Fatalf("packet %d before the late events", xid)
		}
		kinds = append(kinds, e.i32())
	}
	if kinds[0] != nodeDataChanged || kinds[1] != nodeDeleted || kinds[2] != nodeChildrenChanged {
		t.Errorf("late events %v", kinds)
	}
	if r := z.frame(); r.i32() != -8 {
		t.Error("no reply to setWatches")
	}
}

func FuzzZooKeeperRequest(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, '/', 0})
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 9})
	tree := newTree()
	zk := newZooKeeper(tree)
	f.Fuzz(func(t *testing.T, request []byte) {
		near, far := net.Pipe()
		defer near.Close()
		c := zk.newConn(far)
		c.session = zk.open(c, 0, nil, minSession)
		r := &scanner{rest: request}
		xid, op := r.i32(), r.i32()
		c.answer(xid, op, r)
		zk.expire(c.session)
		_ = far.Close()
		if len(tree.nodes) != 1 {
			t.Error("a read made a node")
		}
	})
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Serve(ctx, NewDemo(1, testStart), Wires{Every: time.Millisecond, Speed: 100})
	if err != nil {
		t.Fatal(err)
	}
	z := dialZK(t, s, 0)
	z.frame()
	cancel()
	s.Close()
	if _, err := readFrame(z.c, 1<<10); err == nil {
		t.Error("the connection goes on")
	}
}
