package sshpool

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The causes that callers tell apart, for errors.Is.
var (
	// ErrHostName says that a name cannot be that of a host or a user.
	ErrHostName = errors.New("not a host name")
	// ErrConfig says that the ssh configuration cannot be used.
	ErrConfig = errors.New("the ssh configuration cannot be used")
	// ErrLoop says that jump hosts lead back to where they began.
	ErrLoop = errors.New("ProxyJump goes round in a circle")
	// ErrUnknownHost says that the host's name has no address.
	ErrUnknownHost = errors.New("name not found")
	// ErrRefused says that nothing listens at the address.
	ErrRefused = errors.New("connection refused")
	// ErrUnreachable says that there is no way to the address.
	ErrUnreachable = errors.New("unreachable")
	// ErrTimeout says that a step of the handshake took too long.
	ErrTimeout = errors.New("timeout")
	// ErrNotSSH says that what listens there does not speak SSH.
	ErrNotSSH = errors.New("does not speak SSH")
	// ErrBusy says that the server drops new connections (MaxStartups).
	ErrBusy = errors.New("the server takes no more logins at the moment")
	// ErrAlgorithms says that both sides have no algorithm in common.
	ErrAlgorithms = errors.New("no algorithm in common")
	// ErrHostKeyUnknown says that the host's key is not known and nobody said yes.
	ErrHostKeyUnknown = errors.New("host key unknown")
	// ErrHostKeyChanged says that another key is known for the host.
	ErrHostKeyChanged = errors.New("HOST KEY CHANGED")
	// ErrHostKeyRevoked says that the key, or who signed it, was revoked.
	ErrHostKeyRevoked = errors.New("HOST KEY REVOKED")
	// ErrAuth says that the host does not let the user in.
	ErrAuth = errors.New("permission denied")
	// ErrSessions says that the host grants no more sessions.
	ErrSessions = errors.New("no more sessions")
	// ErrNoSFTP says that the host does not serve files over SFTP.
	ErrNoSFTP = errors.New("no SFTP subsystem")
	// ErrForward says that the host refuses to forward.
	ErrForward = errors.New("forwarding refused")
	// ErrNoCommand says that the host refuses to run a command.
	ErrNoCommand = errors.New("the host refuses to run commands")
	// ErrTooLong says that a command wrote more than was asked for.
	ErrTooLong = errors.New("more output than expected")
	// ErrLost says that the connection is gone.
	ErrLost = errors.New("connection lost")
	// ErrClosed says that the pool was closed.
	ErrClosed = errors.New("the ssh pool is closed")
)

// The phases of a connection, as [Error.Phase] names them.
const (
	phaseConfig = "configuration"
	phaseDial   = "connecting"
	phaseBanner = "banner"
	phaseKex    = "key exchange"
	phaseLogin  = "login"
	phaseOpen   = "session"
)

// A Key is a host key in words.
type Key struct {
	// Type is that of the key, "ssh-ed25519", and Fingerprint its SHA256 text.
	Type, Fingerprint string
	// File and Line say where it is known; "" and 0 for one that was offered.
	File string
	Line int
}

func (k Key) String() string {
	text := k.Type + " " + k.Fingerprint
	if k.File != "" {
		text += fmt.Sprintf(" (%s:%d)", k.File, k.Line)
	}
	return text
}

// An Error is one failure. Its text is a plain sentence for the operator.
type Error struct {
	// Host is the name the host is known by here.
	Host string
	// Phase is how far it had come: "configuration", "connecting", "banner", "key
	// exchange", "login", "session".
	Phase string
	// Err is one of the sentinels of this package.
	Err error
	// Cause is what the system or the peer said, nil when there is nothing to add.
	Cause error
	// Text completes the sentence after the words of Err.
	Text string
	// Advice is what to try, "" for the usual one of Err.
	Advice string
	// Offered and Known are the keys of a refused host key.
	Offered Key
	Known   []Key
	// Tried names the keys and other ways that were tried to log in.
	Tried []string
}

// Unwrap gives errors.Is the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// Error is the sentence, with the host in front.
func (e *Error) Error() string {
	text := e.Host + ": " + e.Err.Error()
	if errors.Is(e.Err, ErrForward) {
		text = e.Host + " refuses to forward"
	}
	text += e.Text
	if e.Text == "" && e.Cause != nil {
		text += ": " + words(e.Cause)
	}
	return strings.TrimRight(text, ". \n") + "."
}

// Hint says what to try about it, "" when there is nothing to say.
func (e *Error) Hint() string {
	if e.Advice != "" {
		return e.Advice
	}
	if other, ok := errors.AsType[*Error](e.Cause); ok {
		return other.Hint() // the jump host's
	}
	for _, h := range hints {
		if errors.Is(e.Err, h.err) {
			return strings.ReplaceAll(h.text, "HOST", e.Host)
		}
	}
	return ""
}

// Hint returns what to try about err, or "".
func Hint(err error) string {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Hint()
	}
	return ""
}

var hints = []struct {
	err  error
	text string
}{
	{ErrHostName, "Letters, digits, dots, dashes and underscores; USER@HOST names a user."},
	{ErrConfig, "ssh -G HOST says what is wrong with it."},
	{ErrLoop, "ProxyJump of these hosts in ~/.ssh/config."},
	{ErrUnknownHost, "HostName in ~/.ssh/config gives a name its address."},
	{ErrRefused, "Is sshd running there? Port in ~/.ssh/config, or --ssh-port."},
	{ErrUnreachable, "Other hosts go on. Check ProxyJump and the firewall."},
	{ErrTimeout, "Other hosts go on. Check ProxyJump and the firewall."},
	{ErrNotSSH, "Port in ~/.ssh/config, or --ssh-port."},
	{ErrBusy, "MaxStartups in its sshd_config; it is tried again."},
	{ErrAlgorithms, "HostKeyAlgorithms, KexAlgorithms, Ciphers or MACs for this host in ~/.ssh/config."},
	{ErrHostKeyUnknown, "ssh HOST once, or add it to known_hosts."},
	{ErrHostKeyChanged, "Verify the new fingerprint on the host; ssh-keygen -R only after checking."},
	{ErrHostKeyRevoked, "Ask who runs the host for its new key."},
	{ErrAuth, "ssh-add -l; User and IdentityFile for this host in ~/.ssh/config."},
	{ErrSessions, "MaxSessions in its sshd_config."},
	{ErrNoSFTP, "Subsystem sftp in its sshd_config; files are read by commands instead."},
	{ErrForward, "AllowTcpForwarding in its sshd_config, or another way in."},
	{ErrNoCommand, "ForceCommand or restrictions of the key there."},
	{ErrLost, "It is tried again."},
}

// words is an error without the prefixes of the libraries it came through.
func words(err error) string {
	text := err.Error()
	if known, ok := errors.AsType[*Error](err); ok {
		text = known.Error()
	}
	for _, prefix := range []string{"ssh: handshake failed: ", "ssh: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return clip(text, 400)
}

// clip bounds what a peer said to a part of a sentence.
func clip(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// permanent says that trying again soon cannot help and would only be noise in
// the host's log.
func permanent(err error) bool {
	for _, e := range []error{
		ErrHostName, ErrConfig, ErrLoop, ErrHostKeyUnknown, ErrHostKeyChanged, ErrHostKeyRevoked, ErrAuth, ErrAlgorithms,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// seconds writes a time as in "after 10s".
func inSeconds(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func isError(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}
