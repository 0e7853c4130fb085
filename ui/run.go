package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/ui/screen"
	// The screens register themselves.
	_ "github.com/stormtop/stormtop/ui/screens"
	"github.com/stormtop/stormtop/ui/theme"
)

// Source is where the console's data come from: a cluster.Poller, or a replay.
type Source interface {
	// Snapshots gives the newest snapshot after every change; conflated.
	Snapshots() <-chan *cluster.Snapshot
	// Demand says what is on screen. It returns at once.
	Demand(cluster.Demand)
	// Refresh asks for a poll now. It returns at once.
	Refresh()
	// SetEvery changes how often the cluster is asked.
	SetEvery(time.Duration)
}

// Deps is everything the console is given.
type Deps struct {
	Source      Source
	ClusterName string
	Prod        bool
	Mode        screen.Mode
	Theme       *theme.Theme
	Every       time.Duration
	// Open is the first screen and its argument; empty opens health. A topology
	// may be named by its name; the screen opens when its id is known.
	Open    screen.ID
	OpenArg screen.Arg
	Mouse   bool

	// Logs opens log sessions; nil where no host's logs can be reached.
	Logs screen.Logs
	// SSH tells how the hosts are; it is asked once a second. Nil when ssh is not
	// used.
	SSH func() []screen.SSHHost
	// Questions brings what ssh must ask the user; nil when nothing asks.
	Questions *Questions
	// Shell makes a command of the user's shell that reads in; nil when there is
	// none to run.
	Shell func(command string, in io.Reader) tea.ExecCommand

	Tree     screen.Tree
	Settings []screen.Setting
	Defaults func(version string) (values map[string]any, release string)
	Secret   func(key string) bool
	// Keys rebinds actions of the frame, by the action's name; nil keeps all.
	Keys map[string][]string

	// Save writes a file named after kind in the state directory and returns
	// its path; it runs off the program's goroutine. Nil: nothing can be saved.
	Save func(kind, text string) (path string, err error)
	// History keeps the palette's lines between sessions; nil forgets them.
	History History

	// Now is the clock; nil is time.Now. Zone is how times are shown.
	Now  func() time.Time
	Zone *time.Location
	// Hint tells a newcomer what to look at; it is shown in place of the key
	// hints until a key is pressed, and again when it says something else. Nil
	// or "" shows none. It is asked once a second.
	Hint func() string
	// Options are added to the program's, for tests.
	Options []tea.ProgramOption
	// Input and Output replace the terminal, for tests.
	Input  io.Reader
	Output io.Writer
}

// History keeps the palette's lines.
type History interface {
	Load() []string
	Add(line string)
}

// ErrPanic is returned when the program ended by a panic; the terminal was
// restored and the stack has been printed.
var ErrPanic = errors.New("stormtop panicked")

// Run shows the console until the user quits or ctx ends. It returns nil on
// quit, ctx's cause when that ended it, [tea.ErrInterrupted] after an
// interrupt, and an error wrapping [ErrPanic] after a panic.
func Run(ctx context.Context, deps Deps) error {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Zone == nil {
		deps.Zone = time.UTC
	}
	m, err := newModel(deps)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	opts := append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithFPS(fps)}, deps.Options...)
	if deps.Input != nil {
		opts = append(opts, tea.WithInput(deps.Input))
	}
	if deps.Output != nil {
		opts = append(opts, tea.WithOutput(deps.Output))
	}
	p := tea.NewProgram(m, opts...)

	var pump sync.WaitGroup
	pump.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s, open := <-deps.Source.Snapshots():
				if !open {
					return
				}
				p.Send(snapshotMsg{s})
			}
		}
	})
	if deps.Logs != nil {
		pump.Go(func() { pumpLogs(ctx, deps.Logs, p.Send) })
	}
	if deps.Questions != nil {
		pump.Go(func() { pumpQuestions(ctx, deps.Questions, p.Send) })
	}
	_, err = p.Run()
	cancel()
	pump.Wait()
	switch {
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("%w; please report the stack above", ErrPanic)
	case errors.Is(err, tea.ErrProgramKilled) && context.Cause(ctx) != nil && !errors.Is(err, context.Canceled):
		return context.Cause(ctx)
	}
	return err
}

// fps is how often the terminal may be written to in a second: a key waits for
// half a frame on average.
const fps = 120

// logFrames is the pause between two pictures of a stream of logs: however many
// lines come, there are at most so many a second. Keys do not wait for it.
const logFrames = time.Second / 20

// pumpLogs tells the program that logs have something new.
func pumpLogs(ctx context.Context, l screen.Logs, send func(tea.Msg)) {
	pause := time.NewTimer(logFrames)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.Changed():
			send(logsMsg{})
		}
		pause.Reset(logFrames)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// logsMsg tells that a log session shows something new; what it is lies in the
// session.
type logsMsg struct{}

// snapshotMsg brings a new picture of the cluster.
type snapshotMsg struct{ snap *cluster.Snapshot }

// tickMsg moves the clock; ages on screen grow with it.
type tickMsg time.Time

// tick comes at the full second, so that all ages turn together.
func tick() tea.Cmd {
	return tea.Every(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}
