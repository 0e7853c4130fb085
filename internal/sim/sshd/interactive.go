package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/term"
)

// interrupt is what ctrl-c sends.
const interrupt = 3

// interactive is a login without a command: a prompt when there is a terminal,
// else a shell that reads its script from the input.
func (s *session) interactive(ctx context.Context) (int, error) {
	if !s.term {
		return s.exec(ctx, "exec sh")
	}
	m := s.client.s.conf.Machine
	ctx, j, end := m.newJob(ctx, s.client.user)
	defer end()
	keys := &keyboard{from: s.ch}
	typed, enter := io.Pipe()
	defer func() { _ = typed.Close() }()
	s.program.Go(func() { keys.read(enter) }) // until the channel is closed
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{typed, s.ch}, "")
	sh := newShell(j, program{user: s.client.user, env: s.env, in: nothing{}, out: screen, err: screen})
	defer sh.closeFiles()
	sh.name = "-sh"
	_, _ = fmt.Fprintf(screen, "Linux %s 6.1.0-28-amd64, a simulated host of stormtop. Logs are in /var/log/storm.\n", m.Name)
	for {
		screen.SetPrompt(fmt.Sprintf("%s@%s:%s$ ", s.client.user, m.Name, sh.dir))
		line, err := screen.ReadLine()
		if errors.Is(err, term.ErrPasteIndicator) {
			err = nil
		}
		if err != nil {
			_, _ = io.WriteString(screen, "logout\n")
			return sh.status, context.Cause(ctx)
		}
		one, cancel := context.WithCancelCause(ctx)
		keys.listen(func() { cancel(killed("INT")) })
		sh.status = sh.protected(func() int { return sh.eval(one, line) })
		keys.listen(nil)
		if one.Err() != nil && ctx.Err() == nil {
			_, _ = io.WriteString(screen, "^C\n")
			sh.status = 128 + 2
			sh.leaving = staying
		}
		cancel(nil)
		switch {
		case ctx.Err() != nil:
			return statusKilled, context.Cause(ctx)
		case sh.leaving == exiting && sh.status != statusUsage:
			return sh.status, nil
		}
		// A mistake ends the line, not the login.
		sh.leaving = staying
	}
}

// keyboard passes on what is typed at a prompt, and tells of ctrl-c while a
// command runs.
type keyboard struct {
	from io.Reader

	mu        sync.Mutex
	interrupt func()
}

// listen says what ctrl-c does; nil leaves it to the line that is typed.
func (k *keyboard) listen(interrupt func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.interrupt = interrupt
}

func (k *keyboard) read(to *io.PipeWriter) {
	buf := make([]byte, 256)
	for {
		n, err := k.from.Read(buf)
		got := buf[:n]
		k.mu.Lock()
		if k.interrupt != nil {
			// Nobody reads while a command runs, so that the rest is lost.
			if bytes.IndexByte(got, interrupt) >= 0 {
				k.interrupt()
			}
			got = nil
		}
		k.mu.Unlock()
		if _, werr := to.Write(got); werr != nil || err != nil {
			_ = to.CloseWithError(io.EOF)
			return
		}
	}
}
