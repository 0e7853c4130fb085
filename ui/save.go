package ui

import (
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/ui/screen"
)

// savedMsg tells how saving ended.
type savedMsg struct {
	path string
	err  error
}

// save writes what is shown as plain text into the state directory.
func (m *model) save() tea.Cmd {
	if m.deps.Save == nil {
		return screen.Problem("Nothing can be saved here: there is no state directory.")
	}
	top := m.where.top()
	env := m.env
	env.Self = top.self
	if d, ok := top.scr.(screen.Dumper); ok {
		if write := d.Dump(env); write != nil {
			return m.saveWritten(string(top.spec.ID), write)
		}
	}
	text := ""
	if t, ok := top.scr.(screen.Texter); ok {
		text = t.Text(env)
	} else {
		var b strings.Builder
		for line := range strings.SplitSeq(m.draw(), "\n") {
			b.WriteString(strings.TrimRight(ansi.Strip(line), " "))
			b.WriteByte('\n')
		}
		text = b.String()
	}
	kind, store := string(top.spec.ID), m.deps.Save
	return func() tea.Msg {
		path, err := store(kind, text)
		return savedMsg{path, err}
	}
}

// saveWritten saves what write writes.
func (m *model) saveWritten(kind string, write func(io.Writer) error) tea.Cmd {
	store := m.deps.Save
	if store == nil {
		return screen.Problem("Nothing can be saved here: there is no state directory.")
	}
	return func() tea.Msg {
		var b strings.Builder
		if err := write(&b); err != nil {
			return savedMsg{err: err}
		}
		path, err := store(kind, b.String())
		return savedMsg{path, err}
	}
}

// pipedMsg tells how a command ended that was given a text.
type pipedMsg struct {
	command string
	err     error
}

// pipe gives what write writes to a command, which has the terminal until it
// ends.
func (m *model) pipe(command string, write func(io.Writer) error) tea.Cmd {
	if m.deps.Shell == nil {
		return screen.Problem("No command can be run here.")
	}
	in, out := io.Pipe()
	// A command that reads no further ends the writing.
	go func() { _ = out.CloseWithError(write(out)) }()
	return tea.Exec(closing{m.deps.Shell(command, in), in}, func(err error) tea.Msg { return pipedMsg{command, err} })
}

// closing is a command whose input is closed when it has ended.
type closing struct {
	tea.ExecCommand
	in io.Closer
}

// Run runs the command.
func (c closing) Run() error {
	err := c.ExecCommand.Run()
	_ = c.in.Close()
	return err
}

// SetStdin leaves the command the input it has.
func (closing) SetStdin(io.Reader) {}

func (m *model) piped(msg pipedMsg) {
	if msg.err != nil {
		m.say(clean(msg.command+": "+msg.err.Error()), true)
	}
}

func (m *model) saved(msg savedMsg) {
	if msg.err != nil {
		m.say("Not saved: "+clean(msg.err.Error()), true)
		return
	}
	m.say("Saved to "+clean(msg.path)+".", false)
}
