package search

import (
	"bytes"
	"slices"
)

// Line is one line of a file, without its line feed and a carriage return before
// that.
type Line struct {
	N     int64 // its number in the file, from 1
	Match bool  // false for a line of context
	Text  []byte
}

// Block is a run of neighbouring lines of one file: matches and their context.
type Block struct {
	Source int    // index in the sources searched
	File   string // what is added to the source's path: "", ".3", ".3.gz"
	// Time is that of the record the first match belongs to, in nanoseconds
	// since 1970; 0 when none is known.
	Time  int64
	Lines []Line
}

const (
	// maxRecord bounds the lines of a record, and so how far a record's head is
	// looked for.
	maxRecord = 200
	// maxLine is where lines are cut.
	maxLine = 1 << 20
)

// stamp reads a line's own time; ok is false for a line without one.
type stamp func(line []byte) (nanos int64, ok bool)

// selector chooses lines of one file, which come in order though some may be
// left out.
type selector struct {
	match        func([]byte) bool
	stamp        stamp
	context      int
	records      bool
	since, until int64 // 0 is open
	emit         func(Block) error

	last   int64 // number of the line before
	now    int64 // time of the record at hand; 0 unknown
	before []Line
	open   Block // the block being made; no lines when there is none
	after  int   // lines of context still wanted
	record []Line
	hit    bool // the record holds a match
}

// line takes the next line. The text is copied when it is kept.
func (s *selector) line(n int64, text []byte) error {
	text = bytes.TrimSuffix(text, []byte("\r"))
	if len(text) > maxLine {
		text = text[:maxLine]
	}
	if n != s.last+1 {
		if err := s.gap(); err != nil {
			return err
		}
	}
	s.last = n
	t, stamped := s.stamp(text)
	if s.records {
		return s.intoRecord(n, text, t, stamped)
	}
	if stamped {
		s.now = t
	}
	switch {
	case s.match(text) && s.within():
		if len(s.open.Lines) == 0 {
			s.open = Block{Time: s.now, Lines: s.before}
			s.before = nil
		}
		s.open.Lines = append(s.open.Lines, Line{N: n, Match: true, Text: slices.Clone(text)})
		s.after = s.context
		if s.context == 0 {
			return s.close()
		}
	case len(s.open.Lines) > 0 && s.after > 0:
		s.open.Lines = append(s.open.Lines, Line{N: n, Text: slices.Clone(text)})
		if s.after--; s.after == 0 {
			return s.close()
		}
	case s.context > 0:
		if len(s.before) == s.context {
			copy(s.before, s.before[1:])
			s.before = s.before[:len(s.before)-1]
		}
		s.before = append(s.before, Line{N: n, Text: slices.Clone(text)})
	}
	return nil
}

// within reports whether the record at hand is in the range asked for. What has
// no time is in it.
func (s *selector) within() bool { return s.covers(s.now) }

func (s *selector) covers(t int64) bool {
	return t == 0 || (s.since == 0 || t >= s.since) && (s.until == 0 || t <= s.until)
}

// intoRecord collects the lines of a record, which is emitted whole.
func (s *selector) intoRecord(n int64, text []byte, t int64, stamped bool) error {
	if stamped || len(s.record) == maxRecord {
		if err := s.endRecord(); err != nil {
			return err
		}
	}
	if stamped {
		s.now = t
	}
	match := s.match(text)
	s.hit = s.hit || match
	s.record = append(s.record, Line{N: n, Match: true, Text: slices.Clone(text)})
	return nil
}

func (s *selector) endRecord() error {
	lines, hit := s.record, s.hit
	s.record, s.hit = nil, false
	if !hit || !s.within() {
		return nil
	}
	return s.emit(Block{Time: s.now, Lines: lines})
}

// gap forgets what belongs to the lines before ones that are left out.
func (s *selector) gap() error {
	err := s.end()
	s.now, s.before = 0, nil
	return err
}

// end gives out what is still open.
func (s *selector) end() error {
	if s.records {
		return s.endRecord()
	}
	return s.close()
}

func (s *selector) close() error {
	if len(s.open.Lines) == 0 {
		return nil
	}
	b := s.open
	s.open, s.after = Block{}, 0
	return s.emit(b)
}
