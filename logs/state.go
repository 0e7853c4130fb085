package logs

import "time"

// FollowState says how it goes with one source.
type FollowState uint8

// The states of a source.
const (
	// StateConnecting: the way to the host is being made.
	StateConnecting FollowState = iota
	// StateWaiting: the file is not there yet, or may not be read; Words says
	// which. It is looked for again.
	StateWaiting
	// StateFollowing: lines come.
	StateFollowing
	// StateQuiet: read to the end, and nothing came for a while.
	StateQuiet
	// StateRotated: the file was replaced and its rest is being read.
	StateRotated
	// StateGap: lines were lost a moment ago; the stream says which.
	StateGap
	// StateHeld: reading stopped at Offset because the store's budget is used.
	StateHeld
	// StateLost: the way to the host is broken; tried again at RetryAt.
	StateLost
	// StateLeft: no longer asked for, and read to its end.
	StateLeft
	// StateDone: everything that was asked for has been read.
	StateDone
	// StateFailed: not tried again; Words says why.
	StateFailed
	// StateOff: known, and not asked for. No Mux tells this of a source.
	StateOff
)

var stateNames = [...]string{"connecting", "waiting", "following", "quiet", "rotated", "gap", "held", "lost", "left", "done", "failed", "off"}

// String is the state in one word.
func (s FollowState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// SourceState is what is known about one source by now.
type SourceState struct {
	Source Source
	// Index is that of the source in the store.
	Index int32
	State FollowState
	// Words is one plain sentence about the state, "" when the state says all.
	Words string
	// RetryAt is when the next attempt is made, in StateLost and StateWaiting.
	RetryAt time.Time
	// Offset is that of the next byte to read in the current file; Size is how
	// long that file was when it was last looked at.
	Offset, Size int64
	// BytesRead, Lines and Dropped count since the source joined; Gaps counts
	// the gaps declared in the stream, Breaks the connections lost.
	BytesRead, Lines, Dropped int64
	Gaps, Breaks, Rotations   int
	// LastLine is when the last line came, on our clock.
	LastLine time.Time
	// ClockOffset is the host's clock minus ours, where ClockKnown.
	ClockOffset time.Duration
	ClockKnown  bool
	// Zone is the one in which the file's times are read.
	Zone *time.Location
	// Via is how the file is read: "sftp", "exec", "logviewer", "local", "stdin".
	Via string
}
