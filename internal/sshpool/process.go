package sshpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxStderr is how much of a command's errors is kept.
const maxStderr = 4096

// closing is how long a command is given to end when it is closed.
const closing = 2 * time.Second

// Process is a command that runs on a host. Read it to its end or close it: at
// most 2 MiB that nobody reads are held, then the host waits.
type Process struct {
	host    string
	session *ssh.Session
	stdin   io.WriteCloser
	stdout  io.Reader
	stderr  *bounded
	release func()

	done chan struct{} // closed when it has ended
	err  error         // how; set before done is closed
	once sync.Once
}

// Start runs a command for the login shell of the host, which is best given by
// [Script]. ctx is of starting it only.
func (h *Host) Start(ctx context.Context, command string) (*Process, error) {
	s, release, err := h.session(ctx)
	if err != nil {
		return nil, err
	}
	p := &Process{host: h.name, session: s, release: release, stderr: &bounded{limit: maxStderr}, done: make(chan struct{})}
	s.Stderr = p.stderr
	fail := func(err error) (*Process, error) {
		_ = s.Close()
		release()
		return nil, h.broken(ctx, err)
	}
	if p.stdin, err = s.StdinPipe(); err != nil {
		return fail(err)
	}
	if p.stdout, err = s.StdoutPipe(); err != nil {
		return fail(err)
	}
	if _, err := within(ctx, func() (struct{}, error) { return struct{}{}, s.Start(command) }, func(struct{}) { _ = s.Close() }); err != nil {
		return fail(err)
	}
	h.pool.work.Go(func() {
		p.err = s.Wait()
		_ = s.Close()
		release()
		close(p.done)
	})
	return p, nil
}

// Read reads the command's standard output.
func (p *Process) Read(b []byte) (int, error) { return p.stdout.Read(b) }

// Write writes to its standard input.
func (p *Process) Write(b []byte) (int, error) { return p.stdin.Write(b) }

// CloseInput ends its standard input.
func (p *Process) CloseInput() error { return p.stdin.Close() }

// Stderr is the beginning of what it wrote there.
func (p *Process) Stderr() string { return p.stderr.String() }

// ExitError is how a command ended when it did not succeed.
type ExitError struct {
	Host string
	// Status is the exit status, -1 when the connection ended first; Signal is the
	// signal that ended it, "" for none.
	Status int
	Signal string
	Stderr string
}

func (e *ExitError) Error() string {
	switch {
	case e.Signal != "":
		return fmt.Sprintf("%s: the command was ended by signal %s", e.Host, e.Signal)
	case e.Status < 0:
		return e.Host + ": the connection ended before the command did"
	case e.Stderr != "":
		return fmt.Sprintf("%s: the command ended with %d: %s", e.Host, e.Status, e.Stderr)
	}
	return fmt.Sprintf("%s: the command ended with %d", e.Host, e.Status)
}

// Wait awaits the command's end; its output should have been read to the end. The
// error is an [*ExitError] unless it succeeded.
func (p *Process) Wait() error {
	<-p.done
	if p.err == nil {
		return nil
	}
	e := &ExitError{Host: p.host, Status: -1, Stderr: p.Stderr()}
	var exit *ssh.ExitError
	if errors.As(p.err, &exit) {
		e.Status, e.Signal = exit.ExitStatus(), exit.Signal()
	}
	return e
}

// Close ends the command, on the host too as far as the server lets us, and
// awaits that for a while. A command that reads its input ends when that ends, and
// so does one that is [Watched].
func (p *Process) Close() error {
	p.once.Do(func() {
		select {
		case <-p.done:
			return
		default:
		}
		_ = p.stdin.Close()
		// What is still coming must not keep the end from being seen.
		go func() { _, _ = io.Copy(io.Discard, p.stdout) }() // ends with the session, closed below
		_ = p.session.Signal(ssh.SIGTERM)
		late := time.NewTimer(closing)
		defer late.Stop()
		select {
		case <-p.done:
		case <-late.C:
			// The server keeps the channel until its command ends, which a command
			// that is not [Watched] may never do; the session goes with the
			// connection then.
			_ = p.session.Close()
		}
	})
	return nil
}

// Output runs a command and returns its output, at most limit bytes of it.
func (h *Host) Output(ctx context.Context, command string, limit int) ([]byte, error) {
	p, err := h.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Close() })
	defer stop()
	defer func() { _ = p.Close() }()
	out := &bounded{limit: limit}
	_, err = io.Copy(out, p)
	if ctx.Err() != nil {
		return out.Bytes(), ctx.Err()
	}
	if wait := p.Wait(); err == nil {
		err = wait
	}
	if n := out.dropped(); err == nil && n > 0 {
		err = fmt.Errorf("%s: the answer is %d bytes longer than %d", h.name, n, limit)
	}
	return out.Bytes(), err
}
