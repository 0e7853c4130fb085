package nimbusclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeNet is a network of scripted peers, by "host:port".
type fakeNet struct {
	mu    sync.Mutex
	peers map[string]func(net.Conn) // what an address does with a connection
	gone  map[string]bool           // blackholes: no connection ever comes about
	mute  map[string]bool           // connections stand, but nothing comes back
	dials map[string]int
	open  map[string][]net.Conn
	ips   map[string]string // host → address, for connections and lookups
	done  sync.WaitGroup
}

func newFakeNet() *fakeNet {
	return &fakeNet{
		peers: map[string]func(net.Conn){}, gone: map[string]bool{}, mute: map[string]bool{}, dials: map[string]int{},
		open: map[string][]net.Conn{}, ips: map[string]string{},
	}
}

// addressed is a pipe that has an address.
type addressed struct {
	net.Conn
	remote net.Addr
}

func (c addressed) RemoteAddr() net.Addr { return c.remote }

// mutable is a peer's end of a connection, which may fall silent.
type mutable struct {
	net.Conn
	n    *fakeNet
	addr string
}

func (c mutable) Write(b []byte) (int, error) {
	c.n.mu.Lock()
	mute := c.n.mute[c.addr]
	c.n.mu.Unlock()
	if mute {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (n *fakeNet) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dials[addr]++
	peer, gone := n.peers[addr], n.gone[addr]
	host, port, _ := net.SplitHostPort(addr)
	ip, known := n.ips[host]
	n.mu.Unlock()
	switch {
	case gone:
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	case !known:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	case peer == nil:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	n.mu.Lock()
	n.open[addr] = append(n.open[addr], theirs)
	n.mu.Unlock()
	n.done.Go(func() {
		peer(mutable{theirs, n, addr})
		_ = theirs.Close()
	})
	p, _ := strconv.Atoi(port)
	return addressed{ours, &net.TCPAddr{IP: net.ParseIP(ip), Port: p}}, nil
}

func (n *fakeNet) lookup(_ context.Context, host string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ip, known := n.ips[host]; known {
		return []string{ip}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// listen makes an address answer; its host gets an address of its own.
func (n *fakeNet) listen(addr string, peer func(net.Conn)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.peers[addr] = peer
	host, _, _ := net.SplitHostPort(addr)
	if _, known := n.ips[host]; !known {
		n.ips[host] = "10.0.0." + strconv.Itoa(len(n.ips)+1)
	}
}

// kill ends a daemon: its connections and its port are closed.
func (n *fakeNet) kill(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.peers, addr)
	for _, c := range n.open[addr] {
		_ = c.Close()
	}
}

// blackhole makes an address swallow everything, as a host without power does.
func (n *fakeNet) blackhole(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone[addr] = true
}

// freeze keeps the connections and the port of a daemon, but nothing answers.
func (n *fakeNet) freeze(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mute[addr] = true
}

func (n *fakeNet) dialled(addr string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[addr]
}

// client returns a client on this network, closed with the test.
func (n *fakeNet) client(t *testing.T, seeds ...string) *Client {
	c := New(Config{Seeds: seeds, Dial: n.dial, LookupHost: n.lookup, User: "ops"})
	t.Cleanup(func() {
		c.Close()
		n.done.Wait()
	})
	return c
}

// fakeCluster is Nimbus daemons that agree on who leads, as far as ZooKeeper
// tells them.
type fakeCluster struct {
	mu      sync.Mutex
	version string
	leader  string        // as every Nimbus names it, "" for none
	alive   []string      // those ZooKeeper lists
	born    time.Time     // when the leader was elected
	fills   time.Duration // how long it takes to collect its topologies
	refuse  map[string]bool
	big     int // bytes of configuration to send
}

func (f *fakeCluster) lead(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leader, f.born = addr, time.Now()
}

func (f *fakeCluster) list(addrs ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alive = addrs
}

// fakeNimbus is one daemon; methods it does not have are unknown to it.
type fakeNimbus struct {
	storm.Nimbus
	*fakeCluster
	self string
}

func (f *fakeCluster) summary(addr string) *storm.NimbusSummary {
	host, port := splitAddr(addr)
	p, up, leads := int32(port), int32(60), addr == f.leader
	return &storm.NimbusSummary{Host: &host, Port: &p, UptimeSecs: &up, IsLeader: &leads, Version: &f.version}
}

func (n *fakeNimbus) GetLeader(context.Context) (*storm.NimbusSummary, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leader == "" {
		return nil, nil
	}
	return n.summary(n.leader), nil
}

// GetClusterInfo answers with zeros unless this Nimbus leads and has collected
// its topologies.
func (n *fakeNimbus) GetClusterInfo(context.Context) (*storm.ClusterSummary, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, name, status, tasks := "words-1-1", "words", string(Active), int32(0)
	if n.leads() {
		tasks = 8
	}
	var all []*storm.NimbusSummary
	for _, a := range n.alive {
		all = append(all, n.summary(a))
	}
	return &storm.ClusterSummary{
		Nimbuses:    all,
		Supervisors: []*storm.SupervisorSummary{},
		Topologies:  []*storm.TopologySummary{{ID: &id, Name: &name, Status: &status, NumTasks: &tasks}},
	}, nil
}

func (n *fakeNimbus) leads() bool {
	return n.leader == n.self && time.Since(n.born) >= n.fills || n.leader == "" && len(n.alive) == 0
}

func (n *fakeNimbus) GetTopologyConf(_ context.Context, id string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.refuse["getTopologyConf"]:
		msg := "ops may not"
		return "", &storm.AuthorizationException{Msg: &msg}
	case id != "words-1-1":
		return "", &storm.NotAliveException{Msg: &id}
	}
	return string(bytes.Repeat([]byte("x"), n.big)) + "{}", nil
}

func (n *fakeNimbus) GetTopologyPageInfo(_ context.Context, id, _ string, _ bool) (*storm.TopologyPageInfo, error) {
	return nil, &storm.NotAliveException{Msg: &id}
}

func (n *fakeNimbus) GetTopologyInfoWithOpts(_ context.Context, id string, _ *storm.GetInfoOptions) (*storm.TopologyInfo, error) {
	return nil, &storm.NotAliveException{Msg: &id}
}

func (n *fakeNimbus) GetTopologySummaries(context.Context) ([]*storm.TopologySummary, error) {
	return []*storm.TopologySummary{}, nil
}

// serve answers framed calls; the methods named are unknown to this server.
func (n *fakeNimbus) serve(without ...string) func(net.Conn) { return serveCalls(n, without...) }

func serveCalls(n storm.Nimbus, without ...string) func(net.Conn) {
	return func(c net.Conn) {
		p := storm.NewNimbusProcessor(n)
		for _, method := range without {
			delete(p.ProcessorMap(), method)
		}
		for {
			request, err := readFrame(c, 1<<20)
			if err != nil {
				return
			}
			buf, w := stormthrift.NewWriter()
			if _, err := p.Process(context.Background(), stormthrift.NewReader(request), w); err != nil && buf.Len() == 0 {
				return
			}
			if writeFrame(c, buf.Bytes()) != nil {
				return
			}
		}
	}
}

func writeFrame(w io.Writer, message []byte) error {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(message)))
	_, err := w.Write(append(frame, message...))
	return err
}

// cluster makes a network with one daemon an address; the first leads.
func cluster(addrs ...string) (*fakeNet, *fakeCluster) {
	n := newFakeNet()
	f := &fakeCluster{version: "2.8.3", leader: addrs[0], alive: slices.Clone(addrs), refuse: map[string]bool{}, born: time.Now().Add(-time.Hour)}
	for _, a := range addrs {
		n.listen(a, (&fakeNimbus{fakeCluster: f, self: a}).serve())
	}
	return n, f
}

// tasks reads the tasks of the only topology, and fails the test when a
// standby's zeros come through.
func tasks(t *testing.T, c *Client) error {
	t.Helper()
	var seen int
	err := c.Read(t.Context(), func(s *Session) error {
		cl, err := s.Cluster()
		if err != nil {
			return err
		}
		seen = *cl.Topologies[0].Tasks
		return nil
	})
	if err == nil && seen != 8 {
		t.Errorf("the topology has %d tasks, which is what a standby says", seen)
	}
	return err
}

// answering returns a peer that reads one request and sends what reply makes
// of it.
func answering(reply func(c net.Conn, request []byte)) func(net.Conn) {
	return func(c net.Conn) {
		for {
			request, err := readFrame(c, 1<<20)
			if err != nil {
				return
			}
			reply(c, request)
		}
	}
}

// message makes a reply by hand.
func message(name string, kind thrift.TMessageType, seq int32, body ...byte) []byte {
	buf, w := stormthrift.NewWriter()
	_ = w.WriteMessageBegin(context.Background(), name, kind, seq)
	return append(buf.Bytes(), body...)
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v (%T) is no *Error", err, err)
	}
	return e
}
