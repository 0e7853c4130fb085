package sshpool

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

// What can go wrong. Every error of this package wraps one of these, or the
// caller's own.
var (
	ErrHostName       = errors.New("not a host name")
	ErrConfig         = errors.New("ssh configuration")
	ErrUnknownHost    = errors.New("name not found")
	ErrRefused        = errors.New("connection refused")
	ErrUnreachable    = errors.New("unreachable")
	ErrTimeout        = errors.New("timeout")
	ErrNotSSH         = errors.New("does not speak SSH")
	ErrHostKeyUnknown = errors.New("host key unknown")
	ErrHostKeyChanged = errors.New("HOST KEY CHANGED")
	ErrHostKeyRevoked = errors.New("host key revoked")
	ErrAuth           = errors.New("permission denied")
	ErrNoSFTP         = errors.New("no SFTP subsystem")
	ErrSessions       = errors.New("no more sessions")
	ErrForward        = errors.New("forwarding refused")
	ErrLost           = errors.New("connection lost")
	ErrClosed         = errors.New("the pool is closed")
)

// Error is a failure with a plain sentence and a hint. The texts may hold remote
// words and must be made harmless before they are shown.
type Error struct {
	Host string
	// Phase is how far it had come: "configuration", "connecting", "banner", "key
	// exchange", "login", "session".
	Phase string
	// Err is one of the sentinels of this package.
	Err error
	// Cause is what the system or the server said; nil when there is nothing to
	// add.
	Cause error
	// Detail completes the sentence: the keys tried, the fingerprints.
	Detail string
	hint   string
}

// Unwrap gives errors.Is the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// Error is the sentence.
func (e *Error) Error() string {
	text := e.Host + ": " + e.Err.Error()
	switch {
	case errors.Is(e.Err, ErrTimeout):
		text += " in " + e.Phase
	case errors.Is(e.Err, ErrConfig):
		text = e.Host + ": the ssh configuration cannot be used"
	}
	if e.Detail != "" {
		text += e.Detail
	} else if e.Cause != nil && !errors.Is(e.Err, ErrTimeout) {
		if cause := e.Cause.Error(); !strings.Contains(text, cause) {
			text += ": " + cause
		}
	}
	return strings.TrimSuffix(text, ".") + "."
}

// Hint says what to try, "" when there is nothing to say.
func (e *Error) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	switch e.Err {
	case ErrHostName: //nolint:errorlint // Err is one of our sentinels, never wrapped
		return "Letters, digits, dots, dashes; USER@HOST names a user."
	case ErrConfig:
		return "ssh -G " + e.Host + " says what is wrong with it."
	case ErrUnknownHost:
		return "HostName in ~/.ssh/config gives the address of a name."
	case ErrRefused:
		return "Is sshd running there? Port in ~/.ssh/config, or --ssh-port."
	case ErrUnreachable, ErrTimeout:
		return "Other hosts go on. Check ProxyJump and the firewall."
	case ErrNotSSH:
		return "Port in ~/.ssh/config, or --ssh-port."
	case ErrHostKeyUnknown:
		return "ssh " + e.Host + " once, or add it to known_hosts."
	case ErrHostKeyChanged:
		return "Verify the new fingerprint on the host, then ssh-keygen -R " + e.Host + "."
	case ErrAuth:
		return "ssh-add -l; User and IdentityFile for this host in ~/.ssh/config."
	case ErrForward:
		return "AllowTcpForwarding there, or another way in."
	case ErrSessions:
		return "MaxSessions in its sshd_config."
	}
	return ""
}

// dialError words why an address cannot be reached.
func dialError(host, phase string, took time.Duration, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{Host: host, Phase: phase, Cause: err}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns) && !dns.IsTimeout:
		e.Err, e.Cause = ErrUnknownHost, nil
		e.Detail = " (" + dns.Name + ")"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err, e.Cause = ErrRefused, nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Err = ErrTimeout
		e.Detail = fmt.Sprintf(" after %.0f s", max(1, took.Seconds()))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Err = ErrUnreachable
	default:
		e.Err = ErrLost
		e.Detail = " in " + phase + ": " + strings.TrimPrefix(err.Error(), "ssh: ")
	}
	return e
}
