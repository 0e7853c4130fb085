package screen

import (
	"time"

	"github.com/stormtop/stormtop/logs"
)

// LogTarget says whose logs to follow. Empty fields are not limited.
type LogTarget struct {
	TopologyID string
	Component  string
	Host       string // its name, not the supervisor's id
	Port       int
	// Daemon is one of Storm's own on Host: "nimbus", "supervisor".
	Daemon   string
	From, To time.Time
}

// Logs opens log sessions. A session goes on unseen for a while after it was
// released.
type Logs interface {
	// Open gives the session of a target. It does no I/O itself.
	Open(LogTarget) LogSession
	// Changed tells, conflated, that some session shows something new.
	Changed() <-chan struct{}
}

// LogSession is one stream of records of many files. Its methods do no I/O.
type LogSession interface {
	View() *logs.View
	Store() *logs.Store
	States() []logs.SourceState
	// Note says what is not as usual; "" when nothing is. It may hold remote text.
	Note() string
	// Rotated reads the older generations too; the store and the view are others
	// then.
	Rotated(on bool)
	// Hold makes the sources wait at their offsets while on is set.
	Hold(on bool)
	// Late counts the lines that came too late to stand at their place.
	Late() int64
	// Choose switches sources on and off by their keys.
	Choose(on map[string]bool)
	Reconnect()
	// Release says that nobody looks any more.
	Release()
}
