package logs

import (
	"bytes"
	"time"
)

// Bounds of a record, where the [AssemblerConfig] gives none.
const (
	// MaxLine is how much of one line is kept.
	MaxLine = 64 << 10
	// MaxLines and MaxBytes are how long a record becomes before the rest of its
	// lines begins another one.
	MaxLines = 2000
	MaxBytes = 256 << 10
	// HoldOpen is how long the last record waits for lines that belong to it. It
	// is shorter than the merger's window, so that waiting makes no line late.
	HoldOpen = 100 * time.Millisecond
	// HoldPartial is how long the beginning of a line waits for its end.
	HoldPartial = 2 * time.Second
)

// AssemblerConfig says what an [Assembler] reads and how much it keeps.
type AssemblerConfig struct {
	// Source is the index put on the records.
	Source int32
	// Zone is that of times without one; nil is this machine's.
	Zone *time.Location
	// MaxLine, MaxLines and MaxBytes bound a record; 0 is the constant's value.
	MaxLine, MaxLines, MaxBytes int
	// HoldOpen and HoldPartial are how long an unfinished record and an
	// unfinished line are waited for; 0 is the constant's value.
	HoldOpen, HoldPartial time.Duration
}

// An Assembler makes records of the lines of one source: it reads their times,
// and joins the lines of stack traces, tracebacks and messages of several lines
// to the line they belong to.
//
// A line that begins with a time begins a record. In a file that has shown such
// lines every other line belongs to the record before it; in a file without
// times a line belongs to the record before it when it looks like part of a
// trace or is indented.
//
// Records are given to the function it was made with, in their order. What it
// holds is bounded by one record and one line. It is for one goroutine.
type Assembler struct {
	cfg   AssemblerConfig
	clock *clockReader
	emit  func(Record)
	shift int64 // what the host's clock is ahead of ours

	arena []byte // filled to len; texts that were given out stay in it
	open  bool
	rec   Record
	begin int // of the open record's text in arena
	since time.Time
	// stamped: this file begins its records with times.
	stamped bool
	trace   traceState

	partial   []byte // the beginning of a line whose end is not there yet
	partialAt int64
	skipped   int64 // bytes of that line beyond MaxLine
	inLine    bool
	lineSince time.Time
}

// NewAssembler makes an assembler that gives its records to emit.
func NewAssembler(cfg AssemblerConfig, emit func(Record)) *Assembler {
	or := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	or(&cfg.MaxLine, MaxLine)
	or(&cfg.MaxLines, MaxLines)
	or(&cfg.MaxBytes, MaxBytes)
	if cfg.HoldOpen <= 0 {
		cfg.HoldOpen = HoldOpen
	}
	if cfg.HoldPartial <= 0 {
		cfg.HoldPartial = HoldPartial
	}
	return &Assembler{cfg: cfg, clock: newClockReader(cfg.Zone), emit: emit}
}

// SetZone changes the zone of times without one, from the next line on.
func (a *Assembler) SetZone(zone *time.Location) {
	if zone == nil {
		zone = time.Local
	}
	a.clock.zone, a.clock.haveZone = zone, false
}

// SetClock says how far the host's clock is ahead of this machine's.
func (a *Assembler) SetClock(ahead time.Duration) { a.shift = int64(ahead) }

// Write takes the next bytes of the file, which begin at offset there. The end
// of a line may come with a later call.
func (a *Assembler) Write(chunk []byte, offset int64, now time.Time) {
	for len(chunk) > 0 {
		end := bytes.IndexByte(chunk, '\n')
		if end < 0 {
			a.hold(chunk, offset, now)
			return
		}
		if a.inLine {
			a.hold(chunk[:end], offset, now)
			a.endLine(now)
		} else {
			a.Feed(chunk[:end], offset, now)
		}
		chunk, offset = chunk[end+1:], offset+int64(end)+1
	}
}

// hold keeps the beginning of a line, or more of it.
func (a *Assembler) hold(part []byte, offset int64, now time.Time) {
	if !a.inLine {
		a.inLine, a.partialAt = true, offset
	}
	a.lineSince = now
	keep := min(len(part), a.cfg.MaxLine-len(a.partial))
	a.partial = append(a.partial, part[:keep]...)
	a.skipped += int64(len(part) - keep)
}

// endLine feeds the line held back.
func (a *Assembler) endLine(now time.Time) {
	a.inLine = false
	a.feed(a.partial, a.skipped, a.partialAt, now)
	a.skipped = 0
	if a.partial = a.partial[:0]; cap(a.partial) > 4096 {
		a.partial = nil
	}
}

// Feed takes one whole line, without its line feed, that begins at offset.
func (a *Assembler) Feed(line []byte, offset int64, now time.Time) {
	var missing int64
	if len(line) > a.cfg.MaxLine {
		missing = int64(len(line) - a.cfg.MaxLine)
		line = line[:a.cfg.MaxLine]
	}
	a.feed(line, missing, offset, now)
}

func (a *Assembler) feed(line []byte, missing, offset int64, now time.Time) {
	if n := len(line); n > 0 && line[n-1] == '\r' && missing == 0 {
		line = line[:n-1]
	}
	s, isHead := a.clock.head(line)
	if isHead && s.layout == stampPair && a.stamped {
		isHead = false // a JSON text inside a record of a log with times
	}
	if !isHead && a.open && a.belongs(line) {
		if int(a.rec.Lines) < a.cfg.MaxLines && len(a.arena)-a.begin+len(line) < a.cfg.MaxBytes {
			a.extend(line, missing, now)
			return
		}
		// Too long: the rest goes on in a record of its own.
		a.rec.Cut = true
		trace := a.trace
		a.Flush()
		a.start(line, missing, offset, stamp{}, now)
		a.trace = trace
		return
	}
	a.Flush()
	if isHead && s.back {
		a.note(s, offset)
	}
	if isHead && s.layout != stampUptime {
		a.stamped = s.layout != stampPair
	}
	a.start(line, missing, offset, s, now)
}

// belongs reports whether a line without a time goes with the open record.
func (a *Assembler) belongs(line []byte) bool {
	more := a.trace.more(line)
	return a.stamped || more
}

// room makes place for n more bytes of the open record in the arena.
func (a *Assembler) room(n int) {
	if cap(a.arena)-len(a.arena) >= n {
		return
	}
	// A source that says little, of which there are hundreds, holds little.
	block := min(max(2*cap(a.arena), 4<<10), 32<<10)
	text := a.arena[a.begin:]
	next := make([]byte, 0, max(block, 2*(len(text)+n)))
	a.arena, a.begin = append(next, text...), 0
}

func (a *Assembler) start(line []byte, missing, offset int64, s stamp, now time.Time) {
	a.begin = len(a.arena)
	a.room(len(line))
	a.arena = append(a.arena, line...)
	a.open, a.since = true, now
	a.rec = Record{Source: a.cfg.Source, Offset: offset, Lines: 1, Missing: missing, Cut: missing > 0, Again: s.again}
	if s.layout != stampNone && s.layout != stampUptime {
		a.rec.Time = s.ns - a.shift
	}
	a.rec.Level = lineLevel(line, s)
	a.trace.begin(line)
}

func (a *Assembler) extend(line []byte, missing int64, now time.Time) {
	a.room(len(line) + 1)
	a.arena = append(append(a.arena, '\n'), line...)
	a.rec.Lines++
	a.rec.Missing += missing
	a.rec.Cut = a.rec.Cut || missing > 0
	a.since = now
}

// note puts a mark before the first record of the second turn of an hour.
func (a *Assembler) note(s stamp, offset int64) {
	at := time.Unix(0, s.ns).In(a.clock.zone)
	a.emit(Record{
		Source: a.cfg.Source, Offset: offset, Time: s.ns - a.shift, Lines: 1, Mark: MarkZone,
		Text: []byte("the host's clock was set back: local times from here on are " + at.Format("MST (-07:00)")),
	})
}

// Mark puts a mark into the stream after what has been fed.
func (a *Assembler) Mark(m Mark, text string, offset int64, now time.Time) {
	a.Flush()
	a.emit(Record{Source: a.cfg.Source, Offset: offset, Time: now.UnixNano(), Lines: 1, Mark: m, Text: []byte(text)})
}

// Tick gives out what has waited long enough: the last record, and the beginning
// of a line whose end does not come.
func (a *Assembler) Tick(now time.Time) {
	if a.inLine && now.Sub(a.lineSince) >= a.cfg.HoldPartial {
		a.endLine(now)
	}
	if a.open && !a.mayExtend() && now.Sub(a.since) >= a.cfg.HoldOpen {
		a.Flush()
	}
}

// mayExtend reports whether the unfinished line may belong to the open record.
// In a file with times it does not when it begins as the record does.
func (a *Assembler) mayExtend() bool {
	return a.inLine && (!a.stamped || len(a.partial) == 0 || len(a.arena) == a.begin || a.partial[0] != a.arena[a.begin])
}

// Pending reports whether something waits for [Assembler.Tick].
func (a *Assembler) Pending() bool { return a.open || a.inLine }

// Flush gives out the last record; what comes later begins another one.
func (a *Assembler) Flush() {
	if !a.open {
		return
	}
	a.open = false
	a.rec.Text = a.arena[a.begin:len(a.arena):len(a.arena)]
	a.emit(a.rec)
	a.begin = len(a.arena)
}

// End gives out everything, the unfinished line included.
func (a *Assembler) End(now time.Time) {
	if a.inLine {
		a.endLine(now)
	}
	a.Flush()
}
