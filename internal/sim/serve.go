package sim

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Wires say how a world is served. The zero value is usual: everything on free
// ports of 127.0.0.1, the Nimbuses under their own names.
type Wires struct {
	// Hosts are what the Nimbuses call themselves; nil takes the world's names.
	// Clients that do not resolve those need names that they do.
	Hosts []string
	// Every is how often the world is moved; 0 is half a second.
	Every time.Duration
	// Speed is how many seconds of the world pass in one; 0 is 1.
	Speed float64
}

// A Server puts a world on the network. Close it.
type Server struct {
	w      *World
	leader atomic.Int64
	mirror *mirror
	nimbus []net.Listener
	zk     net.Listener
	hosts  []string
	ports  []int

	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

// Serve listens and moves the world until ctx ends or the server is closed.
func Serve(ctx context.Context, w *World, wires Wires) (*Server, error) {
	if wires.Every <= 0 {
		wires.Every = 500 * time.Millisecond
	}
	if wires.Speed <= 0 {
		wires.Speed = 1
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{w: w, cancel: cancel, conns: map[net.Conn]bool{}, hosts: wires.Hosts}
	var listening net.ListenConfig
	open := func() (net.Listener, error) {
		l, err := listening.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("listening on loopback: %w", err)
		}
		return l, nil
	}
	for i, n := range w.nimbuses {
		l, err := open()
		if err != nil {
			return nil, err
		}
		s.nimbus = append(s.nimbus, l)
		s.ports = append(s.ports, portOf(l))
		if i >= len(s.hosts) {
			s.hosts = append(s.hosts, n.host)
		}
	}
	zk, err := open()
	if err != nil {
		return nil, err
	}
	s.zk = zk

	leader := func() int { return int(s.leader.Load()) }
	tree := newTree()
	served := newZooKeeper(tree)
	s.mirror = newMirror(w, tree, s.hosts, s.ports, leader)
	s.mirror.sync()
	conf := w.daemonConf("127.0.0.1", portOf(zk))
	conf["nimbus.seeds"] = s.hosts
	words := text(conf)
	for i, l := range s.nimbus {
		a := &answers{w: w, self: i, hosts: s.hosts, ports: s.ports, leader: leader, conf: func() string { return words }}
		s.work.Go(func() { s.accept(l, func(c net.Conn) { a.talk(ctx, c) }) })
	}
	s.work.Go(func() { s.accept(zk, served.talk) })
	s.work.Go(func() { s.drive(ctx, wires) })
	s.work.Go(func() {
		<-ctx.Done()
		s.shut()
	})
	return s, nil
}

func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// drive moves the world with the wall clock.
func (s *Server) drive(ctx context.Context, wires Wires) {
	tick := time.NewTicker(wires.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.w.Step(time.Duration(float64(wires.Every) * wires.Speed))
		s.mirror.sync()
	}
}

// accept serves every connection on a goroutine of its own.
func (s *Server) accept(l net.Listener, talk func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		s.conns[c] = true
		s.work.Go(func() {
			defer func() {
				_ = c.Close()
				s.mu.Lock()
				delete(s.conns, c)
				s.mu.Unlock()
			}()
			talk(c)
		})
		s.mu.Unlock()
	}
}

func (s *Server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.nimbus {
		_ = l.Close()
	}
	if s.zk != nil {
		_ = s.zk.Close()
	}
	for c := range s.conns {
		_ = c.Close()
	}
}

// Close ends every connection and waits for what served them.
func (s *Server) Close() {
	s.cancel()
	s.shut()
	s.work.Wait()
}

// Nimbuses are the addresses by which the Nimbuses know themselves; the first
// led when the world began.
func (s *Server) Nimbuses() []string {
	out := make([]string, len(s.ports))
	for i, p := range s.ports {
		out[i] = net.JoinHostPort(s.hosts[i], strconv.Itoa(p))
	}
	return out
}

// ZooKeeper is its address.
func (s *Server) ZooKeeper() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(portOf(s.zk))) }

// Dial reaches the daemons under the names of the world, as a resolver of its
// network would; it is for clients in this process.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

// LookupHost finds the address of a host of the world.
func (s *Server) LookupHost(_ context.Context, host string) ([]string, error) {
	for _, h := range s.hosts {
		if h == host {
			return []string{"127.0.0.1"}, nil
		}
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}
