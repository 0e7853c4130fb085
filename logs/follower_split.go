package logs

import "bytes"

// maxLine is how much of one line is kept; the rest is counted and left out.
const maxLine = 1 << 20

// A splitter makes whole lines of chunks. What is left without its line end
// waits for the next chunk, bounded by maxLine.
type splitter struct {
	part   []byte // the beginning of a line, at most maxLine bytes
	at     int64  // where it begins
	beyond int64  // bytes of it that were left out
}

// feed takes the bytes at offset and hands each line that they complete to
// line, with the offset of its first byte and the count of bytes left out of it.
// The text is valid during the call only.
func (s *splitter) feed(chunk []byte, offset int64, line func(text []byte, offset, beyond int64)) {
	for len(chunk) > 0 {
		end := bytes.IndexByte(chunk, '\n')
		if !s.open() {
			if end >= 0 {
				text := chunk[:end]
				cut := max(0, len(text)-maxLine)
				line(text[:len(text)-cut], offset, int64(cut))
				chunk, offset = chunk[end+1:], offset+int64(end)+1
				continue
			}
			s.at = offset
		}
		piece := chunk
		if end >= 0 {
			piece = chunk[:end]
		}
		keep := min(len(piece), maxLine-len(s.part))
		s.part = append(s.part, piece[:keep]...)
		s.beyond += int64(len(piece) - keep)
		if end < 0 {
			return
		}
		s.end(line)
		chunk, offset = chunk[end+1:], offset+int64(end)+1
	}
}

// open says that a line has begun and not ended.
func (s *splitter) open() bool { return len(s.part) > 0 || s.beyond > 0 }

// end hands over what waits for its line end, if anything does.
func (s *splitter) end(line func(text []byte, offset, beyond int64)) {
	if s.open() {
		line(s.part, s.at, s.beyond)
	}
	if cap(s.part) > 64<<10 {
		s.part = nil
	}
	s.part, s.beyond = s.part[:0], 0
}
