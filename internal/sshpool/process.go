package sshpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// maxStderr is how much of what a command says there is kept.
	maxStderr = 16 << 10
	// endTime is how long a command has to end after it was told to, closeTime how
	// long the server has to close a channel after that.
	endTime   = 500 * time.Millisecond
	closeTime = 3 * time.Second
)

// A Process is a command that runs on a host. Reading gives its standard output
// to the end, writing goes to its standard input.
type Process struct {
	session *session
	stderr  bounded
	done    chan struct{} // closed when the server has closed the channel
	ended   *ExitError    // how, nil when well; once done is closed
	once    sync.Once
	writing sync.Mutex // the library's channel must not be written to while its input is ended
}

var (
	_ io.ReadWriter = (*Process)(nil)
	_ io.Closer     = (*Process)(nil)
)

// An ExitError says how a command ended that did not end well.
type ExitError struct {
	// Host and Status are where and with what, Signal what killed it, "" if none
	// did. Status is -1 when the host did not say.
	Host   string
	Status int
	Signal string
	// Err is why the host could not say, with [ErrLost] as a rule.
	Err error
	// Stderr is the beginning of what it said.
	Stderr string
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s: the command ended with status %d", e.Host, e.Status)
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Signal != "":
		text = fmt.Sprintf("%s: the command was ended by SIG%s", e.Host, e.Signal)
	}
	if said := clip(e.Stderr, 200); said != "" {
		text += ": " + said
	}
	return text
}

// Unwrap gives the reason why the host did not say how the command ended.
func (e *ExitError) Unwrap() error { return e.Err }

// errCommand is about a command that no shell can be given.
var errCommand = errors.New("a command cannot have a NUL byte")

// Start runs a command. A command of plain words goes to the user's login shell
// as it is, any other one is for a POSIX shell and given to /bin/sh, whatever the
// login shell is. The context is that of starting; Close ends the command.
func (h *Host) Start(ctx context.Context, command string) (*Process, error) {
	if strings.IndexByte(command, 0) >= 0 {
		return nil, &Error{Host: h.name, Phase: phaseOpen, Err: ErrNoCommand, Text: ": " + errCommand.Error()}
	}
	p, err := h.start(ctx, command)
	if err == nil {
		h.awaitClock(ctx)
	}
	return p, err
}

func (h *Host) start(ctx context.Context, command string) (*Process, error) {
	s, err := h.session(ctx)
	if err != nil {
		return nil, err
	}
	p := &Process{session: s, stderr: bounded{limit: maxStderr}, done: make(chan struct{})}
	go p.watch()
	ok, err := s.ask(ctx, "exec", struct{ Command string }{forLoginShell(command)})
	if err == nil && ok {
		go func() { _, _ = io.Copy(&p.stderr, s.Stderr()) }()
		return p, nil
	}
	_ = s.Close()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, h.errorOf(s.link, &Error{Host: h.name, Phase: phaseOpen, Err: ErrLost, Cause: err})
	}
	return nil, &Error{Host: h.name, Phase: phaseOpen, Err: ErrNoCommand}
}

// watch takes what the server says about the end of the command.
func (p *Process) watch() {
	defer close(p.done)
	exit := &ExitError{Host: p.session.link.host.name, Status: -1}
	told := false
	p.session.each(func(r *ssh.Request) {
		switch r.Type {
		case "exit-status":
			var m struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &m) == nil {
				exit.Status, told = int(m.Status), true
			}
		case "exit-signal":
			var m struct {
				Signal    string
				Core      bool
				Text, Tag string
			}
			if ssh.Unmarshal(r.Payload, &m) == nil {
				exit.Signal, told = clip(m.Signal, 20), true
			}
		}
	})
	switch {
	case !told:
		exit.Err = &Error{Host: exit.Host, Phase: phaseOpen, Err: ErrLost, Text: ": the command did not say how it ended"}
		p.ended = exit
	case exit.Status != 0 || exit.Signal != "":
		p.ended = exit
	}
}

// Read reads the command's standard output.
func (p *Process) Read(b []byte) (int, error) { return p.session.Read(b) }

// Write writes to its standard input. It blocks while the command does not read.
func (p *Process) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.session.Write(b)
}

// CloseInput ends its standard input.
func (p *Process) CloseInput() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.session.CloseWrite()
}

// Stderr is the beginning of what the command said there, 16 KB at most.
func (p *Process) Stderr() string { return p.stderr.String() }

// Wait awaits the end of the command. It answers nil when that was well, else an
// [*ExitError]. Output that was not read by then can still be read.
func (p *Process) Wait() error {
	<-p.done
	if p.ended == nil {
		return nil
	}
	e := *p.ended
	e.Stderr = p.Stderr()
	if e.Err != nil {
		e.Err = p.session.link.host.errorOf(p.session.link, e.Err)
	}
	return &e
}

// Close ends the command, if it still runs, and awaits that. Its input ends and it
// gets a TERM signal, where the server passes one on; then its channel is closed.
// A command that heeds none of this, and never writes either, may live on: what
// [Watched] wrote does not.
func (p *Process) Close() error {
	p.once.Do(func() {
		s := p.session
		select {
		case <-p.done:
		default:
			// Both wait for a peer that may be frozen; its end frees them.
			go func() {
				_, _ = s.SendRequest("signal", false, ssh.Marshal(struct{ Name string }{"TERM"}))
				_ = p.CloseInput() // waits for a Write that waits
			}()
			s.await(p.done, endTime)
		}
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = s.Close()
		}()
		s.await(closed, closeTime)
		s.await(p.done, closeTime)
	})
	return nil
}

// Output runs a command to its end and gives what it wrote. Beyond limit bytes the
// command is ended, and what came until then returned with [ErrTooLong].
func (h *Host) Output(ctx context.Context, command string, limit int) ([]byte, error) {
	p, err := h.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	// Closing the process frees the reader.
	stop := context.AfterFunc(ctx, func() { _ = p.Close() })
	defer stop()
	out, err := io.ReadAll(io.LimitReader(p, int64(limit)+1))
	if len(out) > limit {
		_ = p.Close()
		return out[:limit], &Error{Host: h.name, Phase: phaseOpen, Err: ErrTooLong, Text: fmt.Sprintf(": more than %d bytes", limit)}
	}
	if err == nil {
		err = p.Wait()
	}
	if cause := ctx.Err(); cause != nil && err != nil {
		err = cause
	}
	_ = p.Close()
	return out, err
}
