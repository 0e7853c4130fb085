package sshpool

import (
	"context"
	"math/rand/v2"
	"net"
	"time"
)

// The bounds of a pool.
const (
	// maxSessions is how many sessions one connection carries: sshd's default.
	maxSessions = 10
	// maxConnections is how many connections one host gets.
	maxConnections = 32
	// maxDials is how many connections are opened at a time: below the ten that
	// sshd lets wait for their login before it drops some.
	maxDials = 8
	// defaultTimeout is that of a dial with its handshake.
	defaultTimeout = 10 * time.Second
	// aliveInterval and aliveCount are those of the keep-alive where the
	// configuration has none; a frozen peer is given up after their product.
	aliveInterval = 15 * time.Second
	aliveCount    = 3
	// idleTime is how long a further connection is kept without a session.
	idleTime = time.Minute
)

// Config says how hosts are reached. The zero value does what ssh would do, asks
// nobody and therefore accepts known hosts only.
type Config struct {
	// File is the configuration file, as with ssh -F; "" means what ssh reads.
	File string
	// User and Port go before what the configuration says; "" and 0 mean none.
	User string
	Port int
	// Timeout is that of one dial with its handshake; 0 means ConnectTimeout of
	// the configuration, and 10 s where it has none.
	Timeout time.Duration
	// Ask asks the user; nil means that there is nobody to ask. It is called for
	// one question at a time.
	Ask func(ctx context.Context, q Question) (Answer, error)
	// Resolve gives the settings of a host; nil means `ssh -G`, and a reading of
	// our own where there is no ssh.
	Resolve func(ctx context.Context, host string) (Settings, error)
	// Dial opens the connection to a host or to its first jump; nil means a
	// net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now and Random (0 to 1) are those of the back-off; nil means the real ones.
	Now    func() time.Time
	Random func() float64
}

func (c Config) withDefaults() Config {
	if c.Dial == nil {
		dialer := &net.Dialer{KeepAlive: aliveInterval}
		c.Dial = dialer.DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

// QuestionKind says what a [Question] is about.
type QuestionKind uint8

// The questions.
const (
	// AskHostKey wants to know whether the key of an unknown host is its key.
	AskHostKey QuestionKind = iota
	// AskPassphrase wants the passphrase of a key file.
	AskPassphrase
	// AskPassword wants the user's password on the host.
	AskPassword
	// AskInteractive passes on a question of the host itself.
	AskInteractive
)

// A Question is one that only the user can answer.
type Question struct {
	Kind QuestionKind
	// Host is the name the host is known by here, User and Address (host:port)
	// whom the configuration makes of it, Via the hosts in between.
	Host, User, Address string
	Via                 []string
	// Key is what the host offered, Others what is known for it already, for
	// AskHostKey; Why says what is wrong with the certificate it came with.
	Key    Key
	Others []Key
	Why    string
	// File is the key of AskPassphrase.
	File string
	// Prompt is the host's own of AskInteractive, Echo whether the answer may be
	// shown while it is typed.
	Prompt string
	Echo   bool
	// Attempt counts from 1.
	Attempt int
}

// An Answer is the user's. The zero value is a no.
type Answer struct {
	// Yes accepts a host key as long as the pool lives, Remember adds it to the
	// user's known hosts as well.
	Yes, Remember bool
	// Text is the passphrase, the password or the answer; for AskHostKey the
	// fingerprint that the user expects, which is a yes when it is the right one.
	Text string
}
