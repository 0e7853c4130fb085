package sshd

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// client is one connection that has logged in.
type client struct {
	s    *Server
	user string
	ctx  context.Context
	work sync.WaitGroup

	mu       sync.Mutex
	sessions int
}

// open answers a request for a channel.
func (c *client) open(ch ssh.NewChannel) {
	switch ch.ChannelType() {
	case "session":
		if !c.room() {
			// The words and the code of sshd when MaxSessions are open.
			_ = ch.Reject(ssh.ConnectionFailed, "open failed")
			return
		}
		c.work.Go(func() {
			defer c.left()
			channel, requests, err := ch.Accept()
			if err != nil {
				return
			}
			s := &session{client: c, ch: channel, env: map[string]string{}}
			s.run(requests)
		})
	case "direct-tcpip":
		c.work.Go(func() { c.forward(ch) })
	default:
		_ = ch.Reject(ssh.UnknownChannelType, "unknown channel type")
	}
}

func (c *client) room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions >= c.s.conf.MaxSessions {
		return false
	}
	c.sessions++
	return true
}

func (c *client) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions--
}

// forward connects a client with an address of the machine's network.
func (c *client) forward(ch ssh.NewChannel) {
	var asked struct {
		Host     string
		Port     uint32
		From     string
		FromPort uint32
	}
	if ssh.Unmarshal(ch.ExtraData(), &asked) != nil || c.s.conf.Forward == nil {
		_ = ch.Reject(ssh.Prohibited, "open failed")
		return
	}
	to, err := c.s.conf.Forward(c.ctx, net.JoinHostPort(asked.Host, strconv.Itoa(int(asked.Port))))
	if err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	}
	channel, requests, err := ch.Accept()
	if err != nil {
		_ = to.Close()
		return
	}
	stop := context.AfterFunc(c.ctx, func() {
		_ = to.Close()
		_ = channel.Close()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { ssh.DiscardRequests(requests) })
	both.Go(func() {
		_, _ = io.Copy(to, channel)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	})
	_, _ = io.Copy(channel, to)
	_ = channel.Close()
	_ = to.Close()
	both.Wait()
}

// session is one channel with at most one program in it.
type session struct {
	client *client
	ch     ssh.Channel
	env    map[string]string
	term   bool

	end     context.CancelCauseFunc // of the program
	started bool
	program sync.WaitGroup
}

// maxVariables is how many environment variables a client may set.
const maxVariables = 32

// killed is the cause for which a program ended.
type killed string

func (k killed) Error() string { return "killed by SIG" + string(k) }

func (s *session) run(requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancelCause(s.client.ctx)
	s.end = cancel
	for r := range requests {
		granted, program := s.request(ctx, r)
		_ = r.Reply(granted, nil)
		// Not before: a short program would close the channel first.
		if program != nil {
			s.started = true
			s.program.Go(program)
		}
	}
	// The client has closed the channel: as when sshd closes the pipes.
	cancel(killed("HUP"))
	s.program.Wait()
	_ = s.ch.Close()
}

// request decides about one request: whether it is granted, and the program that
// it starts.
func (s *session) request(ctx context.Context, r *ssh.Request) (granted bool, program func()) {
	switch r.Type {
	case "env":
		var v struct{ Name, Value string }
		if ssh.Unmarshal(r.Payload, &v) != nil || len(s.env) > maxVariables || s.started {
			return false, nil
		}
		// AcceptEnv LANG LC_*
		if v.Name != "LANG" && !strings.HasPrefix(v.Name, "LC_") {
			return false, nil
		}
		s.env[v.Name] = v.Value
		return true, nil
	case "pty-req":
		if s.started {
			return false, nil
		}
		s.term = true
		return true, nil
	case "window-change":
		return s.term, nil
	case "exec":
		var v struct{ Command string }
		if ssh.Unmarshal(r.Payload, &v) != nil || s.started {
			return false, nil
		}
		return true, func() { s.exit(s.exec(ctx, v.Command)) }
	case "shell":
		if s.started {
			return false, nil
		}
		return true, func() { s.exit(s.interactive(ctx)) }
	case "subsystem":
		var v struct{ Name string }
		if ssh.Unmarshal(r.Payload, &v) != nil || v.Name != "sftp" || s.started {
			return false, nil
		}
		return true, func() { s.files(ctx) }
	case "signal":
		var v struct{ Name string }
		if ssh.Unmarshal(r.Payload, &v) != nil {
			return false, nil
		}
		s.end(killed(v.Name))
		return true, nil
	}
	return false, nil
}

// exit tells how the program ended, and closes the channel.
func (s *session) exit(status int, cause error) {
	if signal, ok := errors.AsType[killed](cause); ok {
		// A signal the client sent, or a connection that ended; then nobody reads
		// this.
		_, _ = s.ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Name      string
			Core      bool
			Text, Tag string
		}{Name: string(signal)}))
	} else {
		_, _ = s.ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
	}
	_ = s.ch.Close()
}

// exec runs a command line and returns its exit status, or the cause for which
// it was killed.
func (s *session) exec(ctx context.Context, line string) (int, error) {
	return s.client.s.conf.Machine.run(ctx, program{
		line: line, user: s.client.user, env: s.env,
		in: s.ch, out: s.ch, err: s.ch.Stderr(),
	})
}

// files serves SFTP until the client ends it.
func (s *session) files(ctx context.Context) {
	m := s.client.s.conf.Machine
	h := newFiles(m.Files.As(s.client.user), m.Home)
	server := sftp.NewRequestServer(s.ch, h.handlers(), sftp.WithStartDirectory(m.Home))
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve()
	status := 0
	if err != nil && !errors.Is(err, io.EOF) {
		status = 255
	}
	s.exit(status, nil)
}
