package logs

// Mark says that a record is not from the log but tells what happened to it.
type Mark uint8

// The marks. MarkNone is on the records of the log itself.
const (
	MarkNone Mark = iota
	// MarkJoined and MarkLeft are where a source was added and where it ended.
	MarkJoined
	MarkLeft
	// MarkLost and MarkBack are where the way to its host broke and came back.
	MarkLost
	MarkBack
	// MarkRotated is where its name was given to a new file.
	MarkRotated
	// MarkGap is where lines are missing that could not be read.
	MarkGap
	// MarkDropped is where lines were dropped here for want of room.
	MarkDropped
	// MarkZone is where the reading of local times changes or is uncertain.
	MarkZone
	// MarkNote is anything else.
	MarkNote
)

var markNames = [...]string{"", "joined", "left", "lost", "back", "rotated", "gap", "dropped", "zone", "note"}

// String is the mark as commands print it, "" for none.
func (m Mark) String() string {
	if int(m) < len(markNames) {
		return markNames[m]
	}
	return "note"
}

// An Origin is a place that a record came from.
type Origin struct {
	Source int32
	Offset int64
}

// A Record is one event: a line with the lines that belong to it, such as those
// of a stack trace, or a mark. Nothing in it may be changed.
type Record struct {
	// Seq is its position in the store, growing by one.
	Seq uint64
	// Time is in nanoseconds since 1970 by this machine's clock, that is with
	// the offset of the host's clock applied; 0 when the record names no time.
	Time int64
	// Offset is that of its first byte in the file.
	Offset int64
	// Missing is how many bytes were cut off its end.
	Missing int64
	// Text is the bytes as they came, lines separated by line feeds, no last
	// line feed. It is not safe for a screen.
	Text []byte
	// Origins are further places the same record came from.
	Origins []Origin
	// Source is the index for [Store.Source].
	Source int32
	// Lines is 1 and the number of continuation lines.
	Lines int32
	Level Level
	Mark  Mark
	// Late is set when the record came too late to stand at its place.
	Late bool
	// Cut is set when it was too long: bytes or lines are missing at its end.
	Cut bool
	// Again is set when its local time occurs twice, in the hour that a clock
	// change repeats, and nothing tells which of the two is meant.
	Again bool
}
