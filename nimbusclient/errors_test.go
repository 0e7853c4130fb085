package nimbusclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Every failure has a sentence, a few words and, unless it is nobody's fault, a
// hint; and all can be told apart with errors.Is.
func TestErrorTexts(t *testing.T) {
	const a = "nim-a:6627"
	dead := &Error{Op: opConnect, Addr: a, Err: ErrRefused}
	tests := []struct {
		err               *Error
		text, short, hint string
	}{
		{
			&Error{Op: "getTopologyPageInfo", Addr: a, Err: ErrTimeout, took: 7 * time.Second},
			"nim-a:6627: no answer to getTopologyPageInfo in 7s.", "no answer to getTopologyPageInfo in 7s", "--timeout raises it; a very large topology may need it.",
		},
		{
			&Error{Op: opConnect, Addr: a, Err: ErrTimeout, took: 500 * time.Millisecond},
			"nim-a:6627: no connection in 500ms.", "no connection in 500ms", "nc -vz nim-a 6627",
		},
		{
			&Error{Op: opConnect, Addr: a, Err: ErrUnreachable, Cause: &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}},
			"nim-a:6627: no route to host.", "no route to host", "VPN? From here: nc -vz nim-a 6627",
		},
		{
			&Error{Op: opConnect, Addr: a, Err: ErrUnreachable, Cause: syscall.ENETUNREACH},
			"nim-a:6627: network unreachable.", "network unreachable", "VPN?",
		},
		{
			&Error{Op: opConnect, Addr: a, Err: ErrUnreachable, Cause: errors.New("administratively prohibited")},
			"nim-a:6627: cannot connect: administratively prohibited.", "cannot connect: administratively prohibited", "VPN?",
		},
		{&Error{Op: opConnect, Addr: a, Err: ErrUnreachable}, "nim-a:6627: cannot connect.", "cannot connect", "VPN?"},
		{
			&Error{Op: "getLogConfig", Addr: a, Err: ErrClosed},
			"nim-a:6627: closed the connection instead of answering getLogConfig.", "closed the connection instead of answering getLogConfig", "Storm before 1.2.3",
		},
		{
			&Error{Op: "getLogConfig", Addr: a, Err: ErrInternal, About: "t-1-1"},
			"nim-a:6627: getLogConfig failed inside Nimbus when asked about t-1-1.", "getLogConfig failed inside Nimbus", "nimbus.log",
		},
		{
			&Error{Op: "getNimbusConf", Addr: a, Err: ErrInternal},
			"nim-a:6627: getNimbusConf failed inside Nimbus.", "getNimbusConf failed inside Nimbus", "nimbus.log",
		},
		{&Error{Op: "getNimbusConf", Addr: a, Err: ErrUnauthorized}, "Nimbus refuses getNimbusConf: not permitted.", "Nimbus refuses getNimbusConf", "topology.users / nimbus.admins decide."},
		{&Error{Op: "getTopology", Addr: a, Err: ErrNotAlive}, "The topology is not alive.", "The topology is not alive", "6 shows when."},
		{
			&Error{Op: "getLogConfig", Addr: a, Err: ErrUnsupported, need: "1.0", runs: "0.10.2"},
			"getLogConfig needs Storm 1.0; nim-a:6627 runs 0.10.2.", "getLogConfig needs Storm 1.0", "stormtop doctor",
		},
		{&Error{Op: "getLeader", Addr: a, Err: ErrNotLeader, leader: nimB}, "nim-a:6627 is not the leader any more; it names nim-b:6627.", "is not the leader any more", ""},
		{&Error{Op: "getLeader", Addr: a, Err: ErrNotLeader}, "nim-a:6627 is not the leader any more; there is none now.", "there is none now", ""},
		{
			&Error{Op: opConnect, Err: ErrNoLeader, leader: a, by: nimB, Seeds: []*Error{dead}},
			"The leader nim-a:6627, as nim-b:6627 names it, is not answering: connection refused.", "is not answering: connection refused", "20 s by default",
		},
		{&Error{Op: opConnect, Err: ErrNoLeader, leader: a, by: nimB}, "The leader nim-a:6627, as nim-b:6627 names it, is not answering: it does not answer.", "names it", "20 s"},
		{&Error{Op: opConnect, Err: ErrNoAnswer}, "No Nimbus answers: no address is known.", "No Nimbus answers", ":conn shows each step; is the port 6627 open from here?"},
		{&Error{Op: opConnect, Err: ErrNoAnswer, Seeds: []*Error{dead}}, "nim-a:6627: connection refused.", "connection refused", "Is Nimbus running there?"},
		{
			&Error{Op: opConnect, Err: ErrNoAnswer, Seeds: []*Error{dead, {Op: opConnect, Addr: nimB, Err: ErrTimeout, took: 7 * time.Second}}},
			"No Nimbus answers: nim-a:6627: connection refused, nim-b:6627: no connection in 7s.", "connection refused, nim-b", ":conn shows each step; is the port 6627 open from here?",
		},
		{&Error{Op: "read", Err: ErrClientClosed}, "The client is closed.", "client is closed", ""},
		{&Error{Op: "getLeader", Addr: a, Err: context.Canceled}, "nim-a:6627: context canceled.", "context canceled", ""},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.text {
			t.Errorf("text %q, want %q", got, tt.text)
		}
		if got := tt.err.Short(); !strings.Contains(got, tt.short) || strings.HasSuffix(got, ".") {
			t.Errorf("short %q, want %q", got, tt.short)
		}
		if got := tt.err.Hint(); !strings.Contains(got, tt.hint) || (got == "") != (tt.hint == "") {
			t.Errorf("hint of %q is %q, want %q", tt.text, got, tt.hint)
		}
		if !errors.Is(tt.err, tt.err.Err) {
			t.Errorf("%q is not %v", tt.text, tt.err.Err)
		}
	}
	if err := error(tests[14].err); !errors.Is(err, ErrRefused) || errors.Is(err, ErrTimeout) {
		t.Error("the errors of seeds are not found")
	}
}

// What the system, a tunnel or the library says is told apart.
func TestSentinel(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for err, want := range map[error]error{
		dial(&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}): ErrUnknownHost,
		dial(&net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true}):   ErrTimeout,
		dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)):             ErrRefused,
		dial(syscall.EHOSTUNREACH):                                            ErrUnreachable,
		dial(syscall.ENETUNREACH):                                             ErrUnreachable,
		dial(errors.New("prohibited")):                                        ErrUnreachable,
		dial(context.DeadlineExceeded):                                        ErrTimeout,
		context.DeadlineExceeded:                                              ErrTimeout,
		fmt.Errorf("read: %w", os.ErrDeadlineExceeded):                        ErrTimeout,
		io.EOF:                             ErrClosed,
		syscall.ECONNRESET:                 ErrClosed,
		&tooLarge{size: 3 << 29, limit: 1}: ErrFrameTooLarge,
		fmt.Errorf("%w: it announces nothing", ErrHTTP): ErrHTTP,
	} {
		if got := sentinel(err); !errors.Is(got, want) {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
}
