// Package screen is the contract between the console's frame and its screens.
//
// A screen is one file in ui/screens with one [Spec]; tab bar, hot key,
// palette entry, help, the README's table and the goldens follow from the Spec.
// Start reading at [Screen] and [Env].
//
// # Guarantees
//
//   - [Env] is a value: immutable snapshot, theme, clock and small interfaces.
//     It holds no client, so a command may keep it safely.
//   - A screen mutates only itself, in Update, on the one goroutine of the
//     program. It does no I/O and starts no goroutine; work that takes time is a
//     tea.Cmd whose answer comes back to the screen that asked ([Ask]).
//   - View is pure and gives exactly size.H lines of size.W cells.
package screen

import (
	"io"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/ui/kit"
)

// Screen is one screen of the console: the body between the breadcrumb and the
// status line.
type Screen interface {
	// Update takes a key, a mouse event, a [Refreshed] or an answer that the
	// screen asked for.
	Update(env Env, msg tea.Msg) tea.Cmd
	// View draws the body, exactly size.H lines of size.W cells.
	View(env Env, size Size) string
	// Keys are the bindings that act here and now, the most useful first; the
	// hint line and the help derive from them. A key that does nothing in the
	// present state or mode is not among them.
	Keys() []key.Binding
}

// Size is the body's size in cells.
type Size struct{ W, H int }

// Crumber is a Screen that names itself in the breadcrumb.
type Crumber interface {
	// Crumb gives the path on the left, joined by " › ", and the state of the
	// view on the right ("window 10m · sort PROBLEM ▾ · 4 of 4"). Both may hold
	// remote text only after safetext.
	Crumb(env Env) (path []string, state string)
}

// Positioner is a Screen that says where the cursor is ("row 2/4 · ◆0").
type Positioner interface {
	Position(env Env) string
}

// Demander is a Screen that needs more than the cluster summary.
type Demander interface {
	Demand(env Env) cluster.Demand
}

// Typer is a Screen that can have the keyboard for itself, as while a filter is
// typed; the frame then keeps its own keys to ctrl-c and F1.
type Typer interface {
	Typing() bool
}

// Escaper is a Screen that has something to close before it is left (a filter,
// a menu, a split). Escape reports whether it closed something.
type Escaper interface {
	Escape() bool
}

// Logger is a Screen whose rows have logs: the frame's key for logs follows those
// of the row under the cursor. ok is false where it has none.
type Logger interface {
	Logs(env Env) (arg Arg, ok bool)
}

// Leaver is a Screen that wants to know that it is not on top any more. It may be
// shown again.
type Leaver interface {
	Leave()
}

// Reporter is a Screen that has something to say in the status row, in w cells,
// while there is no message.
type Reporter interface {
	Status(env Env, w int) kit.Line
}

// Texter is a Screen that can give its whole content as plain text for saving;
// without it the screen as drawn is saved.
type Texter interface {
	Text(env Env) string
}

// Dumper is a Screen that writes its whole content off the program's goroutine;
// nil has the screen as drawn saved.
type Dumper interface {
	Dump(env Env) func(io.Writer) error
}

// Helper is a Screen that explains its columns and limits in the help.
type Helper interface {
	Help(env Env) []string
}
