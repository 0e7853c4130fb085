package nimbusclient

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Times of a search for the leader.
const (
	// stagger is how long an address is waited for before the next seed is
	// asked too.
	stagger = 250 * time.Millisecond
	// graceShare of the timeout is left for the others once one Nimbus has
	// answered: the leader it names may be dead in a way that only shows by
	// silence, and the search must come round again soon.
	graceShare = 2
)

// probe is what one address answered.
type probe struct {
	addr  string
	asked time.Time
	conn  *conn
	named *Nimbus // nil: it says there is no leader
	leads bool    // it says that it leads itself, or knows no leaders
	err   error
}

// search is one walk over the seeds and the leaders they name. Every address
// is asked at most once.
type search struct {
	c       *Client
	ctx     context.Context
	results chan probe
	tried   map[string]bool
	running int
	seeds   []string // not asked yet
	done    []probe
}

// resolve finds the leader and returns a connection to it.
func (c *Client) resolve(ctx context.Context) (*conn, error) {
	sctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &search{c: c, ctx: sctx, results: make(chan probe), tried: map[string]bool{}, seeds: c.order()}
	winner := s.run()
	if winner == nil {
		winner = s.lonely()
	}
	cancel()
	for ; s.running > 0; s.running-- {
		s.note(<-s.results)
	}
	for _, p := range s.done {
		if winner == nil || p.conn != winner.conn {
			p.conn.close()
		}
	}
	if winner == nil {
		return nil, s.explain()
	}
	cn := winner.conn
	cn.leader = winner.leader()
	if err := cn.identify(ctx); err != nil {
		cn.close()
		return nil, err
	}
	return cn, nil
}

// order returns the seeds, those whose connection just failed last.
func (c *Client) order() []string {
	seeds := slices.Clone(c.cfg.Seeds)
	slices.SortStableFunc(seeds, func(a, b string) int {
		switch {
		case c.suspects[a] == c.suspects[b]:
			return 0
		case c.suspects[a]:
			return 1
		}
		return -1
	})
	return seeds
}

// run asks until one says that it leads, all have answered, or it is time to
// give up.
func (s *search) run() *probe {
	s.next()
	pause := time.NewTimer(stagger)
	defer pause.Stop()
	grace := time.NewTimer(time.Hour)
	grace.Stop()
	defer grace.Stop()
	answered := false
	for s.running > 0 || len(s.seeds) > 0 {
		select {
		case p := <-s.results:
			s.running--
			s.note(p)
			if p.leads {
				return &p
			}
			if p.err == nil && !answered {
				answered = true
				grace.Reset(s.c.cfg.Timeout / graceShare)
			}
			if p.named != nil {
				s.ask(p.named.Addr())
			} else {
				s.next()
			}
		case <-pause.C:
			s.next()
			pause.Reset(stagger)
		case <-grace.C:
			return nil
		case <-s.ctx.Done():
			return nil
		}
	}
	return nil
}

// next asks the next seed.
func (s *search) next() {
	for len(s.seeds) > 0 {
		addr := s.seeds[0]
		s.seeds = s.seeds[1:]
		if s.ask(addr) {
			return
		}
	}
}

// ask asks an address unless it was asked before.
func (s *search) ask(addr string) bool {
	if s.tried[addr] {
		return false
	}
	s.tried[addr] = true
	s.running++
	go func() { s.results <- s.c.probe(s.ctx, addr) }()
	return true
}

// note keeps a result. One that we gave up on counts as silence.
func (s *search) note(p probe) {
	if errors.Is(p.err, context.Canceled) {
		p.err = &Error{Op: opConnect, Addr: p.addr, Err: ErrTimeout, took: time.Since(p.asked)}
	}
	s.done = append(s.done, p)
}

// probe reaches one address and asks it who leads.
func (c *Client) probe(ctx context.Context, addr string) probe {
	p := probe{addr: addr, asked: time.Now()}
	noted := c.cfg.Now()
	p.conn, p.err = dial(ctx, c.cfg, c.rec, addr)
	if p.err == nil {
		began := time.Now()
		p.named, p.leads, p.err = p.conn.ask(ctx)
		p.conn.step(askedWith(p.conn.server), began, p.err)
	}
	if e, ok := errors.AsType[*Error](p.err); ok && errors.Is(e, ErrClosed) && e.first && c.isZooKeeper(ctx, addr) {
		p.err = &Error{Op: e.Op, Addr: addr, Err: ErrZooKeeper}
	}
	var names string
	if p.named != nil {
		names = p.named.Addr()
		p.leads = c.same(ctx, p.conn, *p.named)
	}
	if !errors.Is(p.err, context.Canceled) {
		c.rec.tried(addr, noted, p.conn.steps, names, p.err)
	}
	return p
}

func askedWith(s Server) string {
	if s.HasGetLeader || s.Line == LineUnknown {
		return "getLeader"
	}
	return "getClusterInfo"
}

// leader is what the Nimbus of a probe is called when it leads.
func (p probe) leader() Nimbus {
	if p.named != nil {
		return *p.named
	}
	host, port := splitAddr(p.addr)
	return Nimbus{Host: host, Port: port, Leader: true}
}

// same reports whether the daemon at the other end of a connection is the one
// named: the names are equal, or the named host has the address that answers.
func (c *Client) same(ctx context.Context, cn *conn, named Nimbus) bool {
	host, port := splitAddr(cn.addr)
	if port != named.Port {
		return false
	}
	if sameHost(host, named.Host) {
		return true
	}
	remote, ok := cn.net.RemoteAddr().(*net.TCPAddr)
	if !ok || c.cfg.LookupHost == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	addrs, err := c.cfg.LookupHost(ctx, named.Host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addrs, func(a string) bool {
		ip := net.ParseIP(a)
		return ip != nil && ip.Equal(remote.IP)
	})
}

// sameHost compares host names; a short one equals its full form.
func sameHost(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSuffix(a, ".")), strings.ToLower(strings.TrimSuffix(b, "."))
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || net.ParseIP(b) == nil && !strings.Contains(a, ".") && strings.HasPrefix(b, a+".")
}

func splitAddr(addr string) (host string, port int) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, 0
	}
	port, _ = strconv.Atoi(text)
	return host, port
}

// lonely finds the leader among those that answered when the name it goes by
// leads nowhere from here: a Nimbus that knows of no other and says that one
// leads must be that one.
func (s *search) lonely() *probe {
	for i := range s.done {
		p := &s.done[i]
		if p.err != nil || p.named == nil || s.ctx.Err() != nil {
			continue
		}
		cluster, err := (&Session{ctx: s.ctx, conn: p.conn}).Cluster()
		if err == nil && len(cluster.Nimbuses) == 1 && cluster.Nimbuses[0].Leader && cluster.Nimbuses[0].Addr() == p.named.Addr() {
			return p
		}
	}
	return nil
}

// explain says why there is no leader, and notes it for [Client.State].
func (s *search) explain() error {
	e := &Error{Op: opConnect, Err: ErrNoAnswer}
	var dead *Nimbus
	failed := map[string]bool{}
	for _, p := range s.done {
		if one, failing := errors.AsType[*Error](p.err); failing {
			e.Seeds = append(e.Seeds, one)
			failed[p.addr] = true
		}
	}
	for _, p := range s.done {
		if p.err != nil {
			continue
		}
		e.Err = ErrNoLeader
		if p.named != nil && failed[p.named.Addr()] {
			dead, e.leader, e.by = p.named, p.named.Addr(), p.addr
		}
	}
	state := LeaderState{Err: e}
	switch {
	case dead != nil:
		state.Phase, state.Nimbus, state.By = LeaderDead, *dead, e.by
	case errors.Is(e, ErrNoLeader):
		state.Phase = LeaderNone
	}
	s.c.rec.leader(state)
	return e
}
