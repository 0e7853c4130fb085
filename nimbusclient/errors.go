package nimbusclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// What can go wrong. Every error of this package is an [*Error] that wraps one
// of these, or the caller's own error.
var (
	// The address leads nowhere, or not to Nimbus.
	ErrUnknownHost = errors.New("name not found")
	ErrRefused     = errors.New("connection refused")
	ErrUnreachable = errors.New("unreachable")
	ErrHTTP        = errors.New("speaks HTTP")
	ErrSSH         = errors.New("speaks SSH")
	ErrZooKeeper   = errors.New("is ZooKeeper")
	ErrNotNimbus   = errors.New("is not Nimbus")
	ErrTLS         = errors.New("wants TLS")
	ErrSASL        = errors.New("wants SASL")

	// The connection failed.
	ErrTimeout  = errors.New("no answer in time")
	ErrClosed   = errors.New("connection closed")
	ErrProtocol = errors.New("makes no sense")

	// Nimbus answers, but there is nobody to rely on.
	ErrNoAnswer  = errors.New("no Nimbus answers")
	ErrNoLeader  = errors.New("no leader")
	ErrNotLeader = errors.New("not the leader")

	// Nimbus answered, and this is its answer. The connection goes on.
	ErrNotAlive      = errors.New("not alive")
	ErrUnauthorized  = errors.New("not permitted")
	ErrUnsupported   = errors.New("needs a newer Storm")
	ErrInternal      = errors.New("failed inside Nimbus")
	ErrFrameTooLarge = errors.New("reply too large")
	ErrInvalid       = errors.New("not accepted")

	// ErrOutcomeUnknown says that a change was sent and not answered: the cluster
	// must be asked what became of it before it may be sent again.
	ErrOutcomeUnknown = errors.New("outcome unknown")

	// ErrClientClosed is the answer of a client after [Client.Close].
	ErrClientClosed = errors.New("client is closed")
)

// Error is a failed read: a plain sentence, and a hint at what to try. The
// texts hold names the user gave, and may hold names the cluster gave, which
// must be made harmless before they are shown.
type Error struct {
	// Op is the Thrift call, or "connect".
	Op string
	// Addr is the "host:port" that was asked; "" when several were.
	Addr string
	// Err is one of the sentinels of this package.
	Err error
	// Cause is what the system said; nil when there is nothing to add.
	Cause error
	// About is the topology, component or host that was asked about.
	About string
	// Seeds are the errors of the addresses asked, of ErrNoAnswer and
	// ErrNoLeader.
	Seeds []*Error

	took        time.Duration // ErrTimeout: how long it was waited for
	size, limit int64         // ErrFrameTooLarge, bytes
	need, runs  string        // ErrUnsupported: versions
	leader      string        // ErrNoLeader, ErrNotLeader: who is named, "" for nobody
	by          string        // who names it
	user        string        // ErrUnauthorized
	says        string        // ErrInvalid: Nimbus' own words
	first       bool          // ErrClosed, ErrTimeout: nothing was ever answered
}

// Unwrap gives errors.Is and errors.As the sentinel, the cause and the errors
// of the seeds.
func (e *Error) Unwrap() []error {
	all := []error{e.Err}
	if e.Cause != nil {
		all = append(all, e.Cause)
	}
	for _, s := range e.Seeds {
		all = append(all, s)
	}
	return all
}

// Error returns the sentence.
func (e *Error) Error() string {
	if sentence := e.sentence(); sentence != "" {
		return sentence
	}
	return e.Addr + ": " + e.Short() + "."
}

// sentence is the text of errors that do not simply begin with the address, ""
// for the others.
func (e *Error) sentence() string {
	switch e.Err {
	case ErrHTTP: //nolint:errorlint // Err is one of our sentinels, never wrapped
		return e.Addr + " speaks HTTP, not Thrift. That looks like the UI port."
	case ErrSSH:
		return e.Addr + " speaks SSH, not Thrift."
	case ErrZooKeeper:
		return e.Addr + " is ZooKeeper, not Nimbus."
	case ErrNotNimbus:
		return e.Addr + " speaks Thrift, but is not Nimbus. That looks like a supervisor's or the DRPC port."
	case ErrTLS:
		return e.Addr + " speaks TLS, not plain Thrift."
	case ErrSASL:
		return e.Addr + " answers, but asks for SASL."
	case ErrNoAnswer:
		return e.noAnswer()
	case ErrNoLeader:
		return e.noLeader()
	case ErrNotLeader:
		if e.leader == "" {
			return e.Addr + " is not the leader any more; there is none now."
		}
		return fmt.Sprintf("%s is not the leader any more; it names %s.", e.Addr, e.leader)
	case ErrNotAlive:
		return orText(e.About, "The topology") + " is not alive."
	case ErrUnauthorized:
		return fmt.Sprintf("Nimbus refuses %s%s: not permitted.", e.Op, forUser(e.user))
	case ErrUnsupported:
		return fmt.Sprintf("%s needs Storm %s; %s runs %s.", e.Op, orText(e.need, "of another version"), e.Addr, orText(e.runs, "another"))
	case ErrInternal:
		return fmt.Sprintf("%s: %s failed inside Nimbus%s.", e.Addr, e.Op, about(e.About))
	case ErrFrameTooLarge:
		return fmt.Sprintf("%s: the reply of %s to %s exceeds %s.", e.Addr, megabytes(e.size), e.Op, megabytes(e.limit))
	case ErrInvalid:
		return fmt.Sprintf("Nimbus refuses %s: %s.", e.Op, orText(strings.TrimSuffix(e.says, "."), "it gives no reason"))
	case ErrOutcomeUnknown:
		return fmt.Sprintf("Connection lost after sending %s%s. Outcome unknown.", e.Op, forTopology(e.About))
	case ErrClientClosed:
		return "The client is closed."
	}
	return ""
}

// Short returns what happened in a few words without the address, for a row
// that names it already.
func (e *Error) Short() string {
	switch e.Err {
	case ErrTimeout: //nolint:errorlint // Err is one of our sentinels, never wrapped
		switch {
		case e.Op == opConnect:
			return "no connection in " + seconds(e.took)
		case e.first:
			return "accepts connections, but does not answer in " + seconds(e.took)
		}
		return fmt.Sprintf("no answer to %s in %s", e.Op, seconds(e.took))
	case ErrClosed:
		if e.first {
			return "closed the connection at the first message: it probably wants SASL or TLS"
		}
		return "closed the connection instead of answering " + e.Op
	case ErrProtocol:
		return fmt.Sprintf("the answer to %s makes no sense%s", e.Op, because(e.Cause))
	case ErrUnreachable:
		return unreachable(e.Cause)
	case ErrSASL:
		return "answers, but asks for SASL"
	case ErrFrameTooLarge:
		return fmt.Sprintf("the reply of %s to %s exceeds %s", megabytes(e.size), e.Op, megabytes(e.limit))
	case ErrNoAnswer:
		if len(e.Seeds) == 1 {
			return e.Seeds[0].Short()
		}
	case ErrNoLeader, ErrNotLeader, ErrNotAlive, ErrUnauthorized, ErrUnsupported, ErrInternal, ErrInvalid, ErrOutcomeUnknown:
	default:
		return e.Err.Error()
	}
	return strings.TrimSuffix(e.sentence(), ".")
}

func (e *Error) noAnswer() string {
	if len(e.Seeds) == 1 {
		return e.Seeds[0].Error()
	}
	if len(e.Seeds) == 0 {
		return "No Nimbus answers: no address is known."
	}
	each := make([]string, len(e.Seeds))
	for i, s := range e.Seeds {
		each[i] = s.Addr + ": " + s.Short()
	}
	return "No Nimbus answers: " + strings.Join(each, ", ") + "."
}

func (e *Error) noLeader() string {
	if e.leader == "" {
		return "Nimbus answers but no leader is elected. Reads are old, changes wait."
	}
	why := "it does not answer"
	for _, s := range e.Seeds {
		if s.Addr == e.leader {
			why = s.Short()
		}
	}
	return fmt.Sprintf("The leader %s, as %s names it, is not answering: %s.", e.leader, e.by, why)
}

// Hint says what to try, "" when there is nothing to say.
func (e *Error) Hint() string {
	const (
		port      = "Nimbus listens on nimbus.thrift.port, usually 6627."
		transport = "Set transport: in the cluster's config, or storm.thrift.transport in storm.yaml."
	)
	switch e.Err {
	case ErrUnknownHost: //nolint:errorlint // Err is one of our sentinels, never wrapped
		return "/etc/hosts, DNS; or the address given for Nimbus."
	case ErrRefused:
		return "Is Nimbus running there? storm nimbus; " + port
	case ErrUnreachable:
		return "VPN? From here: nc -vz " + strings.ReplaceAll(e.Addr, ":", " ")
	case ErrHTTP, ErrSSH, ErrNotNimbus:
		return port
	case ErrZooKeeper:
		return port + " ZooKeeper goes with --zk."
	case ErrTLS, ErrSASL:
		return transport
	case ErrTimeout:
		switch {
		case e.Op == opConnect:
			return "A firewall? From here: nc -vz " + strings.ReplaceAll(e.Addr, ":", " ") + "; --timeout raises the limit."
		case e.first:
			return "Is it Nimbus, and is it well? " + port
		}
		return "--timeout raises it; a very large topology may need it."
	case ErrClosed:
		if e.first {
			return transport
		}
		return "Storm before 1.2.3 does so when a call fails inside it; its log says why."
	case ErrProtocol:
		return "Is this Nimbus? " + port
	case ErrNoAnswer:
		return e.hintOfSeeds()
	case ErrNoLeader:
		if e.leader == "" {
			return "Look at leader-lock in :zk; at least one healthy Nimbus is needed."
		}
		return "A standby names a dead leader until its ZooKeeper session ends, 20 s by default. If it lives, its name must lead there from here."
	case ErrNotAlive:
		return "Killed elsewhere? 6 shows when."
	case ErrUnauthorized:
		return "topology.users / nimbus.admins decide."
	case ErrUnsupported:
		return "stormtop doctor lists what this server lacks."
	case ErrInternal:
		return "Nimbus tells nobody why; nimbus.log on the leader does."
	case ErrOutcomeUnknown:
		return "Do not repeat it before the cluster says what became of it."
	case ErrFrameTooLarge:
		return "--max-frame raises the limit, or nimbus.max_frame in the config."
	}
	return ""
}

// hintOfSeeds prefers what one seed's answer gave away over the general advice.
func (e *Error) hintOfSeeds() string {
	if len(e.Seeds) == 1 {
		return e.Seeds[0].Hint()
	}
	for _, s := range e.Seeds {
		switch s.Err {
		case ErrHTTP, ErrSSH, ErrZooKeeper, ErrNotNimbus, ErrTLS, ErrSASL, ErrProtocol: //nolint:errorlint // Err is one of our sentinels, never wrapped
			return s.Addr + ": " + s.Hint()
		}
	}
	return ":conn shows each step; is the port 6627 open from here?"
}

const opConnect = "connect"

// sentinel finds which of the package's errors a failed connection is.
func sentinel(err error) error {
	for _, s := range []error{
		ErrHTTP, ErrSSH, ErrZooKeeper, ErrTLS, ErrSASL, ErrFrameTooLarge, ErrProtocol, ErrTimeout,
	} {
		if errors.Is(err, s) {
			return s
		}
	}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && !dns.IsTimeout:
		return ErrUnknownHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), isDial(err):
		return ErrUnreachable
	}
	return ErrClosed
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// unreachable words what the system or a tunnel said about an address.
func unreachable(cause error) string {
	switch {
	case errors.Is(cause, syscall.EHOSTUNREACH):
		return "no route to host"
	case errors.Is(cause, syscall.ENETUNREACH):
		return "network unreachable"
	case cause != nil:
		return "cannot connect: " + cause.Error()
	}
	return "cannot connect"
}

func forUser(user string) string {
	if user == "" {
		return ""
	}
	return " for user " + user
}

func about(what string) string {
	if what == "" {
		return ""
	}
	return " when asked about " + what
}

func forTopology(what string) string {
	if what == "" {
		return ""
	}
	return " for " + what
}

func because(cause error) string {
	if cause == nil {
		return ""
	}
	return ": " + strings.TrimPrefix(cause.Error(), ErrProtocol.Error()+": ")
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func seconds(d time.Duration) string {
	if d >= time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}
