package sshpool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// proxy is a ProxyCommand as a connection.
type proxy struct {
	in, out *os.File // what it writes and what it reads
	cmd     *exec.Cmd
	said    *bounded
	done    chan struct{}
	err     error // how it ended, once done is closed
	once    sync.Once
}

// startProxy runs a ProxyCommand with the user's shell, as ssh does. It is ended,
// with all it started, when the connection is closed.
func startProxy(ctx context.Context, host, command string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shell := os.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	in, theirOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("running the ProxyCommand of %s: %w", host, err)
	}
	theirIn, out, err := os.Pipe()
	if err != nil {
		_, _ = in.Close(), theirOut.Close()
		return nil, fmt.Errorf("running the ProxyCommand of %s: %w", host, err)
	}
	p := &proxy{in: in, out: out, said: &bounded{limit: 2048}, done: make(chan struct{})}
	// The command outlives the dial; close ends it.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), shell, "-c", "exec "+command)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirIn, theirOut, p.said
	p.cmd.WaitDelay = time.Second
	ownGroup(p.cmd)
	err = p.cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_, _ = in.Close(), out.Close()
		return nil, &Error{Host: host, Phase: phaseDial, Err: ErrLost, Cause: err, Text: ": its ProxyCommand cannot be run: " + err.Error()}
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

func (p *proxy) Read(b []byte) (int, error)  { return p.in.Read(b) }
func (p *proxy) Write(b []byte) (int, error) { return p.out.Write(b) }

// Close ends the command and awaits that.
func (p *proxy) Close() error {
	p.once.Do(func() {
		_, _ = p.out.Close(), p.in.Close()
		_ = killGroup(p.cmd)
	})
	<-p.done
	return nil
}

// last is what the command said about its end, "" for nothing.
func (p *proxy) last() string {
	lines := strings.Split(strings.TrimSpace(p.said.String()), "\n")
	text := clip(lines[len(lines)-1], 200)
	var status *exec.ExitError
	select {
	case <-p.done:
		if text == "" && errors.As(p.err, &status) {
			text = status.String()
		}
	default:
	}
	return text
}

func (p *proxy) LocalAddr() net.Addr                { return proxyAddr{} }
func (p *proxy) RemoteAddr() net.Addr               { return proxyAddr{} }
func (p *proxy) SetReadDeadline(t time.Time) error  { return p.in.SetReadDeadline(t) }
func (p *proxy) SetWriteDeadline(t time.Time) error { return p.out.SetWriteDeadline(t) }

func (p *proxy) SetDeadline(t time.Time) error {
	return errors.Join(p.SetReadDeadline(t), p.SetWriteDeadline(t))
}

type proxyAddr struct{}

func (proxyAddr) Network() string { return "ProxyCommand" }
func (proxyAddr) String() string  { return "ProxyCommand" }
