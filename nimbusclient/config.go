package nimbusclient

import (
	"context"
	"net"
	"time"
)

// What [New] uses for fields of [Config] that are zero.
const (
	DefaultTimeout  = 7 * time.Second
	DefaultMaxFrame = 16 << 20
)

// Config says where Nimbus is and how to talk to it. Only Seeds is needed.
type Config struct {
	// Seeds are the "host:port" addresses asked for the leader, in this order.
	Seeds []string
	// Timeout is for one answer: connecting counts as one, and so does each
	// call.
	Timeout time.Duration
	// MaxFrame is the largest reply in bytes that is read.
	MaxFrame int
	// Dial opens a connection; it must give up when ctx ends. nil dials
	// directly. A tunnel is a Dial.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// LookupHost finds the addresses of a host, to recognise a Nimbus under
	// two names. nil uses the system's resolver when Dial is nil too, and
	// nothing otherwise: behind a tunnel, names mean something else.
	LookupHost func(ctx context.Context, host string) ([]string, error)
	// Now is the clock of [State]; nil is time.Now.
	Now func() time.Time
	// Transport carries the messages; nil is [Framed].
	Transport Transport
	// User is whom we act as, for error texts only; "" when nobody knows.
	User string
}

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxFrame <= 0 {
		c.MaxFrame = DefaultMaxFrame
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transport == nil {
		c.Transport = Framed()
	}
	if c.Dial == nil && c.LookupHost == nil {
		c.LookupHost = net.DefaultResolver.LookupHost
	}
	return c
}
