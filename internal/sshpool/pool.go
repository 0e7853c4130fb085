package sshpool

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// A Pool shares the connections to all hosts of a program.
type Pool struct {
	cfg    Config
	ctx    context.Context //nolint:containedctx // of everything the pool does, cancelled by Close
	cancel context.CancelFunc

	changed   chan struct{}
	dials     gate // of the connections being opened
	asking    gate // one question at a time
	unlocking gate // one key at a time
	secrets   *secrets
	defaults  struct {
		once       sync.Once
		algorithms []string
	}

	mu      sync.Mutex
	closed  bool
	hosts   map[string]*Host
	trusted map[string]bool // keys accepted as long as the pool lives
	wg      sync.WaitGroup
}

// New makes a pool. It does no I/O and starts nothing.
func New(cfg Config) *Pool {
	ctx, cancel := context.WithCancel(context.Background())
	return &Pool{
		cfg: cfg.withDefaults(), ctx: ctx, cancel: cancel,
		changed: make(chan struct{}, 1), dials: make(gate, maxDials),
		asking: newGate(), unlocking: newGate(), secrets: newSecrets(),
		hosts: map[string]*Host{}, trusted: map[string]bool{},
	}
}

// Host gives the host of that name, [user@]host as ssh takes it: an alias of the
// configuration, a DNS name or an address. It does no I/O; the same name gives the
// same Host. A name that cannot be one gives a Host whose methods say so.
func (p *Pool) Host(name string) *Host {
	t, err := parseTarget(name)
	if t.user == "" {
		t.user = p.cfg.User
	}
	if t.port == 0 {
		t.port = p.cfg.Port
	}
	return p.host(name, t, nil, err)
}

// host gives the host for a target that is reached through via, where that goes
// before the configuration.
func (p *Pool) host(name string, t target, via []string, bad error) *Host {
	key := fmt.Sprintf("%s@%s:%d|%s", t.user, t.host, t.port, strings.Join(via, ","))
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[key]
	if h == nil {
		h = &Host{pool: p, name: name, target: t, via: via, bad: bad, limit: maxSessions, retry: make(chan struct{})}
		if bad != nil {
			h.state = State{Phase: Failed, Err: bad}
		}
		p.hosts[key] = h
	}
	return h
}

// Changes holds a value whenever the state of some host has changed. Several
// changes become one.
func (p *Pool) Changes() <-chan struct{} { return p.changed }

func (p *Pool) change() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// Close ends every connection and what runs over it, and awaits all of it.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	hosts := make([]*Host, 0, len(p.hosts))
	for _, h := range p.hosts {
		hosts = append(hosts, h)
	}
	p.mu.Unlock()
	p.cancel()
	for _, h := range hosts {
		h.closeLinks()
	}
	p.wg.Wait()
	p.secrets.clear()
}

// start runs f as a part of the pool, unless that is closed.
func (p *Pool) start(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Go(f)
	return true
}

func (p *Pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// trust accepts a key for a host as long as the pool lives.
func (p *Pool) trust(name string, key ssh.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trusted[name+" "+string(key.Marshal())] = true
}

func (p *Pool) trusts(name string, key ssh.PublicKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trusted[name+" "+string(key.Marshal())]
}

// gate lets as many in as it has room for, and stops waiting when a context ends.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) lock(ctx context.Context) bool {
	select {
	case g <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) unlock() { <-g }
