package sim

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// network is where a server listens and is reached.
type network interface {
	// listen opens an address, a free one when it is "".
	listen(ctx context.Context, addr string) (net.Listener, error)
	dial(ctx context.Context, addr string) (net.Conn, error)
	// wait returns when every connection that was closed here has ended.
	wait()
}

// loopback is TCP on this computer.
type loopback struct{}

func (loopback) listen(ctx context.Context, addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", addr)
}

func (loopback) dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (loopback) wait() {}

// pipes is a network inside the process: nobody else can reach it, and no port
// of the computer is taken.
type pipes struct {
	mu   sync.Mutex
	last int
	work sync.WaitGroup // what delivers
	open map[string]*pipeListener
}

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeListener accepts the other ends of what is dialled.
type pipeListener struct {
	of    *pipes
	addr  pipeAddr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) listen(_ context.Context, addr string) (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if addr == "" {
		p.last++
		addr = fmt.Sprintf("pipe:%d", p.last)
	}
	if p.open[addr] != nil {
		return nil, fmt.Errorf("%s is in use", addr)
	}
	l := &pipeListener{of: p, addr: pipeAddr(addr), conns: make(chan net.Conn), done: make(chan struct{})}
	if p.open == nil {
		p.open = map[string]*pipeListener{}
	}
	p.open[addr] = l
	return l, nil
}

func (p *pipes) dial(ctx context.Context, addr string) (net.Conn, error) {
	refused := &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(addr), Err: syscall.ECONNREFUSED}
	p.mu.Lock()
	l := p.open[addr]
	p.mu.Unlock()
	if l == nil {
		return nil, refused
	}
	here, away := net.Pipe()
	there := newBuffered(away, &p.work)
	select {
	case l.conns <- there:
		return here, nil
	case <-l.done:
		_ = there.Close()
		return nil, refused
	case <-ctx.Done():
		_ = there.Close()
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(addr), Err: context.Cause(ctx)}
	}
}

func (p *pipes) wait() { p.work.Wait() }

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		l.of.mu.Lock()
		delete(l.of.open, string(l.addr))
		l.of.mu.Unlock()
		close(l.done)
	})
	return nil
}

func (l *pipeListener) Addr() net.Addr { return l.addr }
