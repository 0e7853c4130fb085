package sshpool

import (
	"time"
)

// Phase says what a host is doing, in a word.
type Phase uint8

// The phases of a host.
const (
	// Idle means that nothing was asked of the host yet.
	Idle Phase = iota
	// Connecting means that a connection is being opened.
	Connecting
	// Asking means that the user is being asked something, or waits in line for it.
	Asking
	// Ready means that there is a connection.
	Ready
	// Waiting means that the host failed and is tried again, not before
	// State.RetryAt.
	Waiting
	// Failed means that trying again soon cannot help.
	Failed
)

var phaseNames = [...]string{"idle", "connecting", "asking", "ready", "waiting", "failed"}

func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

// State is how a host is doing.
type State struct {
	// Name is the name the host was asked for by.
	Name  string
	Phase Phase
	// Err is why, nil unless the host failed; Words is its sentence and Hint what
	// to try. Words also says what a host that is not ready is doing.
	Err         error
	Words, Hint string
	// RetryAt is the time before which the host is not tried again.
	RetryAt time.Time
	// Attempt counts failures in a row.
	Attempt int

	// User and Address (host:port) are whom the configuration makes of the name,
	// Via the hosts in between, From who says so. Way is how the user logged in,
	// the name of a key as a rule.
	User, Address string
	Via           []string
	From, Way     string
	// Notes are what of the configuration is not followed, and lines of
	// known_hosts that make no sense.
	Notes []string
	// Steps is how long each part of opening the last connection took.
	Steps []Step
	// Connections and Sessions are those open now; Limit is how many sessions the
	// server grants on a connection, as far as that is known.
	Connections, Sessions, Limit int

	// Clock is the host's, once it was asked for.
	Clock Clock
}

// Clock is what is known about the clock of a host.
type Clock struct {
	// Known says that the clock was asked for and answered.
	Known bool
	// Offset is the host's clock minus ours, Accuracy how far it may be off.
	Offset, Accuracy time.Duration
	// Zone is the host's time zone: a named one where the host tells its name,
	// else its present distance from UTC.
	Zone *time.Location
}
