package sshpool

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Config says how hosts are reached. The zero value does what `ssh` does, without
// anybody to ask.
type Config struct {
	// File is an ssh configuration to use instead of the usual ones.
	File string
	// User and Port come before the configuration's; "" and 0 leave it alone.
	User string
	Port int
	// Timeout is of opening one connection, login included; 0 is ten seconds.
	Timeout time.Duration
	// Ask answers what only the user can; nil means that there is nobody. It may
	// be called for several hosts at once, and must return when ctx ends.
	Ask func(ctx context.Context, q Question) (Answer, error)
	// Resolve gives the settings of a host instead of `ssh -G`.
	Resolve func(ctx context.Context, host string) (Settings, error)
	// Dial opens a TCP connection; nil dials directly.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now is the clock, Random of [0,1) spreads retries; nil takes the usual ones.
	Now    func() time.Time
	Random func() float64
}

// Bounds of a pool.
const (
	maxDials       = 8
	maxSessions    = 10 // of a connection, as sshd allows by default
	maxConnections = 64 // of a host
	defaultTimeout = 10 * time.Second
	defaultAlive   = 15 * time.Second
	maxPause       = time.Minute
	firstPause     = time.Second
)

// Pool holds the connections. Make one with [New] and close it.
type Pool struct {
	cfg     Config
	life    context.Context
	end     context.CancelFunc
	dials   chan struct{}
	changes chan struct{}
	work    sync.WaitGroup
	secrets secrets

	mu    sync.Mutex
	hosts map[string]*Host
}

// New returns a pool. It does no I/O.
func New(cfg Config) *Pool {
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	p := &Pool{
		cfg: cfg, dials: make(chan struct{}, maxDials), changes: make(chan struct{}, 1), hosts: map[string]*Host{},
		secrets: secrets{keys: map[string]ssh.Signer{}},
	}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// Host gives a host by its name, [user@]host as `ssh` takes it. It does no I/O; a
// name that cannot be one shows in the first use.
func (p *Pool) Host(name string) *Host { return p.host(name, nil) }

// host gives a host behind the given jumps, which come before its own.
func (p *Pool) host(name string, jumps []string) *Host {
	key := name
	for _, j := range jumps {
		key += " via " + j
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[key]
	if h == nil {
		h = &Host{pool: p, name: name, jumps: jumps, turn: make(chan struct{}, 1)}
		p.hosts[key] = h
	}
	return h
}

// Changes tells, conflated, that the state of some host is another one.
func (p *Pool) Changes() <-chan struct{} { return p.changes }

func (p *Pool) changed() {
	select {
	case p.changes <- struct{}{}:
	default:
	}
}

// Close ends every connection and waits for what runs for it.
func (p *Pool) Close() {
	p.end()
	p.mu.Lock()
	hosts := make([]*Host, 0, len(p.hosts))
	for _, h := range p.hosts {
		hosts = append(hosts, h)
	}
	p.mu.Unlock()
	for _, h := range hosts {
		h.close()
	}
	p.work.Wait()
}
