package logs

import "time"

// A StampReader reads the times at the heads of the lines of one file, for those
// who need no records. It is for one goroutine and reads lines in their order,
// which tells the two turns of an hour that a clock change repeats.
type StampReader struct{ clock *clockReader }

// NewStampReader makes one; zone is that of times without one, nil this
// machine's.
func NewStampReader(zone *time.Location) *StampReader {
	return &StampReader{newClockReader(zone)}
}

// Read gives the time in nanoseconds since 1970; ok is false for a line that
// begins with none, or with the time since a JVM's start.
func (r *StampReader) Read(line []byte) (nanos int64, ok bool) {
	s, ok := r.clock.head(line)
	return s.ns, ok && s.layout != stampUptime
}

// LineLevel is the level that a line names at its head, LevelNone for none.
func LineLevel(line []byte) Level {
	clock := clockReader{zone: utcZone}
	s, _ := clock.head(line)
	return lineLevel(line, s)
}
