package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/charmbracelet/x/term"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/internal/sshpool"
)

// asker answers questions of ssh at the terminal, one at a time.
type asker struct {
	mu sync.Mutex
	// open gives the terminal; it is closed after every question.
	open func() (io.ReadWriteCloser, error)
}

// errNobody is the answer where there is nobody to ask.
var errNobody = errors.New("nobody to ask")

// ask puts one question.
func (k *asker) ask(ctx context.Context, q sshpool.Question) (sshpool.Answer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	tty, err := k.open()
	if err != nil {
		return sshpool.Answer{}, errNobody
	}
	stop := context.AfterFunc(ctx, func() { _ = tty.Close() })
	defer func() {
		stop()
		_ = tty.Close()
	}()
	host := safetext.Clean(q.Host)
	if q.Kind != sshpool.AskHostKey {
		prompt := host + ": password: "
		switch q.Kind {
		case sshpool.AskPassphrase:
			prompt = "passphrase of " + safetext.Clean(q.File) + ": "
		case sshpool.AskInteractive:
			prompt = host + ": " + safetext.Clean(strings.TrimSpace(q.Prompt)) + " "
		default:
		}
		text, err := line(tty, prompt, q.Echo)
		return sshpool.Answer{Yes: err == nil, Text: text}, err
	}
	var prompt strings.Builder
	fmt.Fprintf(&prompt, "stormtop: %s (%s): first contact.\n  %s\n", host, safetext.Clean(q.Address), safetext.Clean(q.Key.String()))
	for _, known := range q.Others {
		prompt.WriteString("  known already: " + safetext.Clean(known.String()) + "\n")
	}
	if q.Why != "" {
		prompt.WriteString("  " + safetext.Clean(q.Why) + "\n")
	}
	prompt.WriteString("  Compare it with the host's. Connect? yes (and remember it), once, no, or the fingerprint you expect: ")
	text, err := line(tty, prompt.String(), true)
	text = strings.TrimSpace(text)
	answer := sshpool.Answer{Yes: strings.EqualFold(text, "yes") || strings.EqualFold(text, "once"), Remember: strings.EqualFold(text, "yes")}
	if strings.HasPrefix(text, "SHA256:") {
		answer = sshpool.Answer{Remember: true, Text: text}
	}
	return answer, err
}

// line reads one line from a terminal; what is typed is shown with echo.
func line(tty io.ReadWriter, prompt string, echo bool) (string, error) {
	if _, err := io.WriteString(tty, prompt); err != nil {
		return "", err
	}
	if !echo {
		restore, err := quiet(tty)
		if err != nil {
			return "", err
		}
		defer restore()
	}
	var text []byte
	one := make([]byte, 1)
	for len(text) < 4096 {
		if _, err := tty.Read(one); err != nil {
			return "", err
		}
		switch c := one[0]; c {
		case '\n', '\r':
			if !echo {
				_, _ = io.WriteString(tty, "\r\n")
			}
			return string(text), nil
		case 3, 4: // ctrl-c and ctrl-d, where the terminal hands them on
			return "", context.Canceled
		case 8, 127:
			text = text[:max(0, len(text)-1)]
		default:
			text = append(text, c)
		}
	}
	return "", errors.New("the answer is too long")
}

// quiet stops the terminal from showing what is typed.
func quiet(tty io.ReadWriter) (restore func(), err error) {
	f, ok := tty.(*os.File)
	if !ok {
		return func() {}, nil
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var state *term.State
	var rawErr error
	if err := conn.Control(func(fd uintptr) { state, rawErr = term.MakeRaw(fd) }); err != nil || rawErr != nil {
		return nil, errors.Join(err, rawErr)
	}
	return func() {
		// The terminal may be gone by now.
		_ = conn.Control(func(fd uintptr) { _ = term.Restore(fd, state) })
	}, nil
}

// terminal opens the terminal this program was started from.
func terminal() (io.ReadWriteCloser, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }
