package screen

import (
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/nimbusclient"
)

// The messages by which a screen tells the frame what is wanted. A screen sends
// them through the functions below and never handles them.
type (
	// OpenMsg opens a screen on top of the back stack.
	OpenMsg struct {
		ID  ID
		Arg Arg
	}
	// BackMsg leaves the screen.
	BackMsg struct{}
	// NoticeMsg shows a line in the status row; an Error stays until the next.
	NoticeMsg struct {
		Text  string
		Error bool
	}
	// CopyMsg puts text on the terminal's clipboard (OSC 52). What names it in
	// the notice.
	CopyMsg struct{ What, Text string }
	// WindowMsg chooses the window for all screens.
	WindowMsg struct{ Window nimbusclient.Window }
	// SysMsg switches system components and streams.
	SysMsg struct{ On bool }
	// Answer carries the result of a command to the screen that asked.
	Answer struct {
		To  uint64
		Msg tea.Msg
	}
	// Refreshed tells a screen that Env.Snap or Env.Rev is a new one.
	Refreshed struct{}
	// SaveMsg writes a text into a file of the state directory, named after Kind.
	SaveMsg struct {
		Kind  string
		Write func(io.Writer) error
	}
	// PipeMsg gives a text to a command of the user's shell, which has the
	// terminal meanwhile.
	PipeMsg struct {
		Command string
		Write   func(io.Writer) error
	}
)

// Open opens the screen id on arg.
func Open(id ID, arg Arg) tea.Cmd { return send(OpenMsg{ID: id, Arg: arg}) }

// Back leaves the screen.
func Back() tea.Cmd { return send(BackMsg{}) }

// Notice shows text in the status line. The text must have passed safetext.
func Notice(text string) tea.Cmd { return send(NoticeMsg{Text: text}) }

// Problem shows text in the status line until another message comes.
func Problem(text string) tea.Cmd { return send(NoticeMsg{Text: text, Error: true}) }

// Copy puts text on the clipboard and says so, naming it what.
func Copy(what, text string) tea.Cmd { return send(CopyMsg{What: what, Text: text}) }

// ChooseWindow selects the window for all screens.
func ChooseWindow(w nimbusclient.Window) tea.Cmd { return send(WindowMsg{Window: w}) }

// ShowSystem switches system components and streams on or off.
func ShowSystem(on bool) tea.Cmd { return send(SysMsg{On: on}) }

// Save writes a text into a file named after kind; write runs off the program's
// goroutine.
func Save(kind string, write func(io.Writer) error) tea.Cmd {
	return send(SaveMsg{Kind: kind, Write: write})
}

// Pipe gives a text to a command of the user's shell; write runs off the
// program's goroutine.
func Pipe(command string, write func(io.Writer) error) tea.Cmd {
	return send(PipeMsg{Command: command, Write: write})
}

// Ask runs work off the program's goroutine and brings its message back to the
// screen that env belongs to, even when another screen is on top by then.
func Ask(env Env, work func() tea.Msg) tea.Cmd {
	to := env.Self
	return func() tea.Msg { return Answer{To: to, Msg: work()} }
}

func send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }
