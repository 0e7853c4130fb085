package termtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"
)

// patience bounds a wait when the test itself has no deadline. Waits end as
// soon as their condition holds, so it is long only for what fails.
const patience = 20 * time.Second

// maxRaw bounds what is kept of a program's output, in bytes; the oldest goes.
const maxRaw = 1 << 20

// Program is a tea.Program that runs on a virtual terminal. Its methods return
// it, to be chained:
//
//	p.Press("3").See("Supervisors").Row("node-4").IsSelected()
//
// Every wait is for a condition and fails the test when the condition does not
// come. The program is stopped at the end of the test.
type Program struct {
	t    testing.TB
	prog *tea.Program
	in   *io.PipeWriter
	out  *io.PipeReader // the other end of in
	done chan struct{}
	ctx  context.Context //nolint:containedctx // the program's whole life
	stop context.CancelFunc

	mu      sync.Mutex
	em      *vt.Emulator
	raw     bytes.Buffer
	changed chan struct{} // closed at the next output
	err     error         // of Run, once done is closed
}

// Start runs the model on a terminal of w×h cells that has all colours. Options
// are added to those a test needs.
func Start(t testing.TB, model tea.Model, w, h int, options ...tea.ProgramOption) *Program {
	t.Helper()
	p := newProgram(t, w, h)
	prog := tea.NewProgram(model, append(p.options(w, h), options...)...)
	p.prog = prog
	p.start(func() error {
		_, err := prog.Run()
		return err
	})
	return p
}

// Show runs a console that makes its own program, on a terminal as [Start] gives
// it. run must hand the options to its program and return when ctx ends.
// [Program.Send] is not for it.
func Show(t testing.TB, w, h int, run func(ctx context.Context, options []tea.ProgramOption) error) *Program {
	t.Helper()
	p := newProgram(t, w, h)
	p.start(func() error { return run(p.ctx, p.options(w, h)) })
	return p
}

func newProgram(t testing.TB, w, h int) *Program {
	in, input := io.Pipe()
	p := &Program{
		t: t, in: input, out: in, done: make(chan struct{}), em: vt.NewEmulator(w, h), changed: make(chan struct{}),
	}
	p.ctx, p.stop = context.WithCancel(t.Context())
	return p
}

func (p *Program) options(w, h int) []tea.ProgramOption {
	return []tea.ProgramOption{
		tea.WithContext(p.ctx), tea.WithInput(p.out), tea.WithOutput(p), tea.WithWindowSize(w, h),
		tea.WithColorProfile(colorprofile.TrueColor), tea.WithoutSignals(),
		tea.WithEnvironment([]string{"TERM=xterm-256color", "LANG=C.UTF-8"}),
	}
}

// start runs the program until the end of the test.
func (p *Program) start(run func() error) {
	// The emulator answers queries and would block if nobody took the answers.
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, p.em)
	}()
	go func() {
		defer close(p.done)
		err := run()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
	}()
	p.t.Cleanup(func() {
		p.stop()
		_ = p.in.Close()
		<-p.done
		// Closing the emulator itself races with the reader; its pipe does not.
		if pipe, ok := p.em.InputPipe().(io.Closer); ok {
			_ = pipe.Close()
		}
		<-drained
	})
}

// Write takes what the program writes to its terminal.
func (p *Program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw.Write(b)
	if over := p.raw.Len() - maxRaw; over > 0 {
		p.raw.Next(over)
	}
	// Without a terminal as its input, Bubble Tea cannot make one raw and counts
	// on the line discipline to begin a new line at its first column.
	_, err := p.em.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
	close(p.changed)
	p.changed = make(chan struct{})
	return len(b), err
}

// Screen returns what the terminal shows now.
func (p *Program) Screen() *Screen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return capture(p.em)
}

// Raw returns the last megabyte that the program wrote.
func (p *Program) Raw() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw.String()
}

// AltScreen reports whether the terminal shows its alternate screen.
func (p *Program) AltScreen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.em.IsAltScreen()
}

// Send sends a message to the program, as its own goroutines do.
func (p *Program) Send(msg tea.Msg) *Program {
	p.prog.Send(msg)
	return p
}

// Press sends keys by their names, as in bindings: "j", "enter", "ctrl+d",
// "shift+tab".
func (p *Program) Press(keys ...string) *Program {
	p.t.Helper()
	for _, key := range keys {
		seq, ok := sequence(key)
		if !ok {
			p.t.Fatalf("no terminal sends a key %q", key)
		}
		p.input(seq)
	}
	return p
}

// Type sends text letter by letter.
func (p *Program) Type(text string) *Program {
	p.t.Helper()
	for _, r := range text {
		p.input(string(r))
	}
	return p
}

// Paste sends text as a terminal does when it is pasted.
func (p *Program) Paste(text string) *Program {
	p.t.Helper()
	p.input("\x1b[200~" + text + "\x1b[201~")
	return p
}

// Resize changes the size of the terminal.
func (p *Program) Resize(w, h int) *Program {
	p.mu.Lock()
	p.em.Resize(w, h)
	p.mu.Unlock()
	p.prog.Send(tea.WindowSizeMsg{Width: w, Height: h})
	return p
}

// input writes bytes to the program; when it has ended they are lost, as they
// would be.
func (p *Program) input(s string) {
	p.t.Helper()
	var err error
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		_, err = io.WriteString(p.in, s)
	}()
	select {
	case <-wrote:
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			p.t.Fatalf("sending %q: %v", s, err)
		}
	case <-p.done:
		_ = p.in.Close()
		<-wrote
	case <-time.After(patience):
		_ = p.in.Close()
		<-wrote
		p.t.Fatalf("the program does not read its input: %q", s)
	}
}

// See waits until text stands in one row of the screen.
func (p *Program) See(text string) *Program {
	p.t.Helper()
	p.Until("to see "+quoted(text), func(s *Screen) bool { return s.Contains(text) })
	return p
}

// Gone waits until text stands nowhere on the screen.
func (p *Program) Gone(text string) *Program {
	p.t.Helper()
	p.Until(quoted(text)+" to go", func(s *Screen) bool { return !s.Contains(text) })
	return p
}

// Until waits for a condition on the screen; what says for what.
func (p *Program) Until(what string, holds func(*Screen) bool) *Screen {
	p.t.Helper()
	limit := time.NewTimer(p.left())
	defer limit.Stop()
	ended := false
	for {
		p.mu.Lock()
		screen, changed := capture(p.em), p.changed
		p.mu.Unlock()
		if holds(screen) {
			return screen
		}
		if ended {
			p.t.Fatalf("the program ended; waited for %s\n%s", what, screen.Text())
		}
		select {
		case <-changed:
		case <-p.done:
			// What it wrote last may be what is waited for.
			ended = true
		case <-limit.C:
			p.t.Fatalf("waited for %s\n%s", what, screen.Text())
		}
	}
}

// left is how long a wait may take: until shortly before the test's deadline.
func (p *Program) left() time.Duration {
	if t, ok := p.t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := t.Deadline(); ok {
			return min(max(time.Until(deadline)-time.Second, 0), patience)
		}
	}
	return patience
}

// Row waits for a row that holds text and returns it.
func (p *Program) Row(text string) *Row {
	p.t.Helper()
	p.See(text)
	return &Row{p: p, text: text}
}

// Row is the row of a running program's screen that holds a text; it is looked
// up anew for every question, since rows move.
type Row struct {
	p    *Program
	text string
}

// IsSelected waits until the row is the one under the cursor.
func (r *Row) IsSelected() *Program {
	r.p.t.Helper()
	r.p.Until(quoted(r.text)+" to be selected", func(s *Screen) bool {
		return r.any(s, func(row string) bool { return strings.HasPrefix(row, "▸") || strings.HasPrefix(row, ">") })
	})
	return r.p
}

// IsMarked waits until the row carries the operator's mark.
func (r *Row) IsMarked() *Program {
	r.p.t.Helper()
	r.p.Until(quoted(r.text)+" to be marked", func(s *Screen) bool {
		return r.any(s, func(row string) bool {
			cells := []rune(row)
			return len(cells) > 1 && (cells[1] == '◆' || cells[1] == '#')
		})
	})
	return r.p
}

// Holds waits until the row holds another text too.
func (r *Row) Holds(text string) *Program {
	r.p.t.Helper()
	r.p.Until(quoted(r.text)+" to hold "+quoted(text), func(s *Screen) bool {
		return r.any(s, func(row string) bool { return strings.Contains(row, text) })
	})
	return r.p
}

func (r *Row) any(s *Screen, is func(row string) bool) bool {
	for y := range s.H {
		if row := s.Row(y); strings.Contains(row, r.text) && is(row) {
			return true
		}
	}
	return false
}

// Ended waits until the program has ended and returns its error.
func (p *Program) Ended() error {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(p.left()):
		p.t.Fatalf("the program goes on\n%s", p.Screen().Text())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop ends the program's context and waits for its end.
func (p *Program) Stop() {
	p.stop()
	<-p.done
}

func quoted(s string) string { return "“" + s + "”" }
