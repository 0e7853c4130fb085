// Package sshd answers SSH for machines that do not exist.
//
// Start with [Serve], which gives a [Machine] an address. What a client gets
// there is what OpenSSH would give it: a login by key, sessions with commands
// (job.go and shell.go, then a file for each family of tools), files over SFTP,
// forwarded connections, the limits on sessions and on clients that have not
// logged in. The tools print what GNU's do and end alike; real_test.go compares
// some three hundred command lines with a real shell's.
//
// Nothing of the real machine can be reached. Commands are run by an interpreter
// that has no way to a process or a file: the parser and the expansion of words
// are those of mvdan.cc/sh, the evaluator and the commands are here, because its
// interpreter opens real pipes, real FIFOs and the real user database.
//
// A Server owns its goroutines; Close ends and awaits all of them.
package sshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// Version is the greeting: that of the server it behaves like.
const Version = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"

// The defaults of sshd_config.
const (
	MaxSessions   = 10
	startupsBegin = 10
	startupsRate  = 0.3
	startupsFull  = 100
	loginGrace    = 120 * time.Second
	maxAuthTries  = 6
)

// A Machine is what a server shows.
type Machine struct {
	Name  string
	Files *hostfs.FS
	// Home is the directory in which a session begins.
	Home string
	// Now is the machine's clock, in the machine's zone.
	Now func() time.Time
	// Processes are those that run now, in the order of their numbers.
	Processes func() []Process
	// Panicked is told of a mistake inside the interpreter, which ends the command
	// line that met it as if it had been killed. Nil is for nobody.
	Panicked func(what any, stack []byte)
}

// A Process is a line of ps.
type Process struct {
	PID, Parent int
	User        string
	Started     time.Time
	CPU         time.Duration
	RSS         int64 // KiB
	Args        []string
}

// Config says how a machine is served.
type Config struct {
	Machine *Machine
	HostKey ssh.Signer
	// Authorize reports whether a user may log in with a key.
	Authorize func(user string, key ssh.PublicKey) bool
	// Login is called once for each client that has logged in, before its first
	// request is answered. Nil does nothing.
	Login func()
	// Forward opens connections that a client asks for (ssh -L, -J). Nil refuses.
	Forward func(ctx context.Context, addr string) (net.Conn, error)
	// MaxSessions bounds the sessions of one connection; 0 is [MaxSessions].
	MaxSessions int
	// StartupsBegin and StartupsFull are the first and last number of sshd's
	// MaxStartups, whose rate is 30 %; 0 are 10 and 100.
	StartupsBegin, StartupsFull int
	// Random decides which client is refused between the two; from 0 to 1. Nil
	// refuses none before StartupsFull.
	Random func() float64
}

// A Server is one machine on the network.
type Server struct {
	conf   Config
	ssh    *ssh.ServerConfig
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	frozen  bool
	listen  net.Listener
	conns   map[*gate]bool
	waiting int // clients that have not logged in
}

// Serve answers on l until the server is closed.
func Serve(l net.Listener, conf Config) *Server {
	if conf.MaxSessions == 0 {
		conf.MaxSessions = MaxSessions
	}
	if conf.StartupsBegin == 0 {
		conf.StartupsBegin = startupsBegin
	}
	if conf.StartupsFull == 0 {
		conf.StartupsFull = startupsFull
	}
	s := &Server{conf: conf, listen: l, conns: map[*gate]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.ssh = &ssh.ServerConfig{
		MaxAuthTries: maxAuthTries, ServerVersion: Version,
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if !conf.Authorize(c.User(), key) {
				return nil, fmt.Errorf("the key is not authorized for %s", c.User())
			}
			return &ssh.Permissions{}, nil
		},
	}
	s.ssh.AddHostKey(conf.HostKey)
	s.work.Go(s.accept)
	return s
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listen.Addr() }

func (s *Server) accept() {
	for {
		c, err := s.listen.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return
		}
		g := newGate(c)
		if s.frozen {
			g.shut()
		}
		s.conns[g] = true
		full := s.overloaded()
		s.waiting++
		s.work.Go(func() {
			defer func() {
				_ = g.Close()
				s.mu.Lock()
				delete(s.conns, g)
				s.mu.Unlock()
			}()
			if full {
				s.loggedIn()
				_, _ = g.Write([]byte("Exceeded MaxStartups\r\n"))
				return
			}
			s.talk(g)
		})
		s.mu.Unlock()
	}
}

// overloaded decides whether one more client is too many, with sshd's early
// random drop; the lock is held.
func (s *Server) overloaded() bool {
	begin, full := s.conf.StartupsBegin, s.conf.StartupsFull
	switch {
	case s.waiting < begin:
		return false
	case s.waiting >= full:
		return true
	case s.conf.Random == nil:
		return false
	}
	p := startupsRate + (1-startupsRate)*float64(s.waiting-begin)/float64(full-begin)
	return s.conf.Random() < p
}

func (s *Server) loggedIn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
}

// talk serves one connection to its end.
func (s *Server) talk(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(loginGrace))
	conn, channels, requests, err := ssh.NewServerConn(c, s.ssh)
	s.loggedIn()
	if err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})
	if s.conf.Login != nil {
		s.conf.Login()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	client := &client{s: s, user: conn.User(), ctx: ctx}
	client.work.Go(func() {
		for r := range requests {
			// As sshd does with keep-alives: answered, with a no.
			_ = r.Reply(false, nil)
		}
	})
	for ch := range channels {
		client.open(ch)
	}
	cancel()
	client.work.Wait()
	_ = conn.Close()
}

// Freeze makes the machine silent, as when its power fails: what is connected
// stays so and hears nothing more. With false it is back, and has forgotten
// every connection.
func (s *Server) Freeze(frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == frozen {
		return
	}
	s.frozen = frozen
	for c := range s.conns {
		if frozen {
			c.shut()
		} else {
			_ = c.Close()
		}
	}
}

// Close ends every connection and waits for what served them.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	_ = s.listen.Close()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// gate is a connection that can be cut off without being closed.
type gate struct {
	net.Conn
	once   sync.Once
	silent chan struct{} // closed when nothing passes any more
	closed chan struct{}
	ending sync.Once
}

func newGate(c net.Conn) *gate {
	return &gate{Conn: c, silent: make(chan struct{}), closed: make(chan struct{})}
}

func (g *gate) shut() { g.once.Do(func() { close(g.silent) }) }

// pass waits for the end when the gate is shut.
func (g *gate) pass() error {
	select {
	case <-g.silent:
		<-g.closed
		return net.ErrClosed
	default:
		return nil
	}
}

func (g *gate) Read(p []byte) (int, error) {
	if err := g.pass(); err != nil {
		return 0, err
	}
	n, err := g.Conn.Read(p)
	if late := g.pass(); late != nil {
		return 0, late
	}
	return n, err
}

func (g *gate) Write(p []byte) (int, error) {
	if err := g.pass(); err != nil {
		return 0, err
	}
	return g.Conn.Write(p)
}

func (g *gate) Close() error {
	err := net.ErrClosed
	g.ending.Do(func() {
		close(g.closed)
		err = g.Conn.Close()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
