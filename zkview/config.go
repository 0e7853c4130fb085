package zkview

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// The defaults of [Config].
const (
	DefaultRoot    = "/storm"
	DefaultPort    = "2181"
	DefaultTimeout = 7 * time.Second
	DefaultSession = 10 * time.Second
	DefaultMaxNode = 1 << 20
)

// Config says where the ensemble is and how patient to be with it.
type Config struct {
	// Servers are "host" or "host:port"; the port defaults to 2181.
	Servers []string
	// Root is Storm's own node (`storm.zookeeper.root`), default "/storm".
	Root string
	// Timeout bounds one request and its reply, and one attempt to connect.
	// Default 7 s.
	Timeout time.Duration
	// Session is the session timeout asked of the ensemble; two thirds of it
	// without a word from the server count as a lost connection. Default 10 s.
	Session time.Duration
	// Dial opens the connection to one server; a tunnel puts its own here. Names
	// are handed over unresolved. Default: net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Auth are the credentials sent at the start of each session, in order.
	Auth []Auth
	// MaxNode bounds what is read from one node and what a compressed payload
	// may grow to times four, in bytes. Default 1 MiB, ZooKeeper's own limit; more
	// than 4 MiB has no effect.
	MaxNode int
	// Now is the clock that dates values and states. Default time.Now.
	Now func() time.Time
	// Random spreads the first server asked and the pauses between attempts; it
	// returns a number in [0,1). Default math/rand/v2.
	Random func() float64
	// Logf receives what the library behind this package says about itself.
	// Default: nowhere.
	Logf func(format string, args ...any)
}

// Auth is one ZooKeeper credential: scheme "digest" with payload
// "user:password".
type Auth struct {
	Scheme  string
	Payload []byte
}

func (cfg Config) withDefaults() Config {
	servers := make([]string, 0, len(cfg.Servers))
	for _, server := range cfg.Servers {
		servers = append(servers, withPort(server))
	}
	cfg.Servers = servers
	cfg.Root = cleanRoot(cfg.Root)
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Session <= 0 {
		cfg.Session = DefaultSession
	}
	if cfg.MaxNode <= 0 {
		cfg.MaxNode = DefaultMaxNode
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
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	return cfg
}

// withPort adds ZooKeeper's port where the address names none. An IPv6 address
// without brackets is an address without a port.
func withPort(server string) string {
	server = strings.TrimSpace(server)
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), DefaultPort)
}

func cleanRoot(root string) string {
	if root == "" {
		return DefaultRoot
	}
	root = "/" + strings.Trim(root, "/")
	return root
}

// Root returns Storm's own node below which [Client.View] reads.
func (c *Client) Root() string { return c.cfg.Root }
