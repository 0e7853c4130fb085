package sim

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// The ports and the host by which the daemons know each other in the world's own
// network.
const (
	nimbusPort = 6627
	zkPort     = 2181
	zkHost     = "zk1"
)

// Wires say how a world is served: on free ports of 127.0.0.1, or within the
// process.
type Wires struct {
	// Hosts are what the Nimbuses call themselves, with the ports on which they
	// listen, for clients outside. Nil takes the names and ports of the world's
	// own network, which only [Server.Dial] reaches.
	Hosts []string
	// Within keeps it all inside the process: no port is taken, and only
	// [Server.Dial] reaches it. It goes without Hosts.
	Within bool
	// Held keeps the wall clock from moving the world before [Server.Release].
	Held bool
	// Every is how often the world is moved; 0 is half a second.
	Every time.Duration
	// Speed is how many seconds of the world pass in one; 0 is 1.
	Speed float64
	// LogBytes is the size at which the workers' logs are rotated; 0 is 512 KiB,
	// where Storm has 100 MB, so that it can be watched. It bounds the memory of
	// the hosts: a log and nine compressed ones for every worker of a host that
	// somebody has logged in to.
	LogBytes int64
}

// A Server puts a world on the network. Close it.
type Server struct {
	w      *World
	mirror *mirror
	inside *hosts // what SSH shows
	doors  []*door
	zk     net.Listener
	zkAddr string
	net    network

	release  sync.Once
	released chan struct{}
	hosts    []string
	ports    []int
	named    map[string]string // addresses of the world's network → where they are

	cancel context.CancelFunc
	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]int // whose they are: the number of a Nimbus or ofZooKeeper
}

const ofZooKeeper = -1

// door is where a Nimbus listens, and while it does not run, where it did.
type door struct {
	at     string
	listen net.Listener // nil while it is shut
	talk   func(net.Conn)
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
	s := &Server{w: w, cancel: cancel, conns: map[net.Conn]int{}, named: map[string]string{}, net: loopback{}, released: make(chan struct{})}
	if wires.Within {
		s.net = &pipes{}
	}
	if !wires.Held {
		s.Release()
	}
	open := func() (net.Listener, error) {
		l, err := s.net.listen(ctx, "")
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
		s.doors = append(s.doors, &door{at: l.Addr().String(), listen: l})
		host, port := n.host, nimbusPort
		if i < len(wires.Hosts) {
			host, port = wires.Hosts[i], portOf(l)
		}
		s.hosts, s.ports = append(s.hosts, host), append(s.ports, port)
		s.named[net.JoinHostPort(host, strconv.Itoa(port))] = l.Addr().String()
	}
	zk, err := open()
	if err != nil {
		return nil, err
	}
	s.zk = zk
	conf := daemonConf(s.hosts, nimbusPort, zkHost, zkPort)
	s.zkAddr = net.JoinHostPort(zkHost, strconv.Itoa(zkPort))
	if wires.Hosts != nil {
		// One port stands for all in Storm's configuration.
		conf = daemonConf(s.hosts[:1], s.ports[0], "127.0.0.1", portOf(zk))
		s.zkAddr = zk.Addr().String()
	}
	s.named[s.zkAddr] = zk.Addr().String()

	if err := s.openHosts(ctx, wires); err != nil {
		s.Close()
		return nil, err
	}

	tree := newTree()
	served := newZooKeeper(tree)
	s.mirror = newMirror(w, tree, s.hosts, s.ports)
	s.mirror.sync()
	words := text(conf)
	for i, d := range s.doors {
		a := &answers{w: w, self: i, hosts: s.hosts, ports: s.ports, changed: s.mirror.sync, conf: func() string { return words }}
		d.talk = func(c net.Conn) { a.talk(ctx, c) }
		l := d.listen
		s.work.Go(func() { s.accept(l, i, d.talk) })
	}
	s.work.Go(func() { s.accept(zk, ofZooKeeper, served.talk) })
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
	select {
	case <-ctx.Done():
		return
	case <-s.released:
	}
	tick := time.NewTicker(wires.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.Step(time.Duration(float64(wires.Every) * wires.Speed))
		// A log that is being rotated is away for a moment.
		select {
		case <-ctx.Done():
			return
		case <-time.After(settleAfter):
			s.inside.machines.settle()
		}
	}
}

// sync lets the wires follow the world.
func (s *Server) sync() {
	s.mirror.sync()
	s.inside.follow(s.w)
	var listening net.ListenConfig
	for i, d := range s.doors {
		running := s.w.nimbusRuns(i)
		s.mu.Lock()
		switch {
		case s.closed:
		case !running && d.listen != nil:
			_ = d.listen.Close()
			d.listen = nil
			for c, whose := range s.conns {
				if whose == i {
					_ = c.Close()
				}
			}
		case running && d.listen == nil:
			// Somebody else may have the port; then this is tried again.
			if l, err := listening.Listen(context.Background(), "tcp", d.at); err == nil {
				d.listen = l
				s.work.Go(func() { s.accept(l, i, d.talk) })
			}
		}
		s.mu.Unlock()
	}
}

// Release lets the wall clock move the world.
func (s *Server) Release() { s.release.Do(func() { close(s.released) }) }

// Step moves the world by dt and lets the wires follow, besides what the wall
// clock does.
func (s *Server) Step(dt time.Duration) {
	s.w.Step(dt)
	s.sync()
}

// accept serves every connection on a goroutine of its own.
func (s *Server) accept(l net.Listener, whose int, talk func(net.Conn)) {
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
		s.conns[c] = whose
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
	for _, d := range s.doors {
		if d.listen != nil {
			_ = d.listen.Close()
		}
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
	if s.inside != nil {
		s.inside.close()
	}
	s.net.wait()
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

// ZooKeeper is its address, in the same network as those of the Nimbuses.
func (s *Server) ZooKeeper() string { return s.zkAddr }

// Dial reaches the daemons under their names; it is for clients in this process.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	at, ok := s.named[addr]
	if !ok {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			host = addr
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	if host, port, err := net.SplitHostPort(addr); err == nil && port == strconv.Itoa(sshPort) && s.w.lostHosts()[host] {
		return nil, unreachable(network)
	}
	return s.net.dial(ctx, at)
}
