package zkview

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// State says how the ensemble answers right now. It is a copy: reading it does
// no I/O and it does not change afterwards.
type State struct {
	Connected bool
	Server    string    // the one in use, or last in use; "" when none ever was
	Session   string    // hexadecimal session id; "" while there is none
	Zxid      int64     // the newest change seen; 0 before the first answer
	Since     time.Time // since when it is connected, or not; zero before the first attempt
	// Servers are all configured ones in their order.
	Servers []Server
	// Err says in words why there is no connection; "" while there is one or
	// nothing was tried.
	Err string
	// Attempts counts the failed attempts in a row; NextTry is when the next
	// one begins, zero while connected.
	Attempts int
	NextTry  time.Time
}

// Contact says what came of the last attempt to reach a server.
type Contact int

// The outcomes of an attempt.
const (
	ContactUntried Contact = iota
	ContactTrying
	ContactGood
	ContactBad
)

// Server is one member of the ensemble as seen from here.
type Server struct {
	Addr    string
	Contact Contact
	At      time.Time // of the last attempt; zero when never tried
	// Outcome is what happened, in words ("connection refused"); Hint what to
	// try. Both are "" when all is well.
	Outcome string
	Hint    string
	RTT     time.Duration // of the last good TCP connect
}

// Reachable counts the servers that answered when last tried, and all of them.
func (s State) Reachable() (good, total int) {
	for _, server := range s.Servers {
		if server.Contact == ContactGood {
			good++
		}
	}
	return good, len(s.Servers)
}

// State returns how the ensemble answers right now.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.state
	state.Servers = slices.Clone(c.state.Servers)
	if c.link != nil {
		state.Zxid = c.link.guard.newest()
	}
	return state
}

// maxProbes bounds the servers probed at once.
const maxProbes = 8

// Probe opens a TCP connection to each server, sends nothing, and returns what
// came of it. The server in use is taken as good without a connection.
func (c *Client) Probe(ctx context.Context) State {
	inUse := ""
	if state := c.State(); state.Connected {
		inUse = state.Server
	}
	var work sync.WaitGroup
	slots := make(chan struct{}, maxProbes)
	for i, addr := range c.cfg.Servers {
		if addr == inUse {
			continue
		}
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
			defer cancel()
			begun := c.cfg.Now()
			conn, err := c.cfg.Dial(ctx, "tcp", addr)
			switch {
			case err == nil:
				_ = conn.Close() // nothing was sent
				c.note(i, ContactGood, nil, c.cfg.Now().Sub(begun))
			case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
				// The caller lost interest; that says nothing about the server.
			default:
				c.note(i, ContactBad, err, 0)
			}
		})
	}
	work.Wait()
	return c.State()
}

// explain puts the cause of a failed attempt into words and says what to try.
func explain(cause error) (outcome, hint string) {
	var (
		broken  *violation
		unknown *net.DNSError
		timeout net.Error
	)
	switch {
	case cause == nil:
		return "", ""
	case errors.As(cause, &broken):
		return broken.text, broken.hint
	case errors.Is(cause, errNeedsSASL):
		return errNeedsSASL.Error(), "set zookeeper.auth; Nimbus alone is enough to work"
	case errors.Is(cause, errClosedEarly):
		return errClosedEarly.Error(), "too many clients (maxClientCnxns), or not ZooKeeper's client port"
	case errors.As(cause, &unknown) && !unknown.IsTimeout:
		return "name not found", "/etc/hosts, DNS; or zookeeper.servers"
	case errors.Is(cause, syscall.ECONNREFUSED):
		return "connection refused", "is ZooKeeper running there? port 2181?"
	case errors.Is(cause, syscall.EHOSTUNREACH), errors.Is(cause, syscall.ENETUNREACH):
		return "no route to host", "VPN? firewall?"
	case errors.Is(cause, syscall.ECONNRESET), errors.Is(cause, syscall.EPIPE):
		return "connection reset", "did ZooKeeper restart?"
	case errors.Is(cause, os.ErrDeadlineExceeded), errors.Is(cause, context.DeadlineExceeded),
		errors.As(cause, &timeout) && timeout.Timeout():
		return "no answer in time", "firewall? a frozen server? a longer timeout"
	case isEOF(cause), errors.Is(cause, net.ErrClosed):
		return "closed the connection", "did ZooKeeper restart?"
	}
	return cause.Error(), ""
}
