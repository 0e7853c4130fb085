package logs

import (
	"bytes"
	"errors"
	"io"
	"time"
)

// How much of a file is kept to know it again. A name is no identity (a whole
// row of generations is renamed at once), an inode number is none (it is given
// to the next file within milliseconds, and SFTP does not tell it).
const (
	headSize = 256
	tailSize = 128
)

// A place is a position in one generation of a log, together with enough of the
// bytes before it to find that generation again under whatever name it has by
// then. The zero place stands before the first byte of nothing.
type place struct {
	// offset is that of the next byte to read.
	offset int64
	// head is the file's first min(offset, headSize) bytes, tail the last
	// min(offset, tailSize) bytes before offset.
	head, tail []byte
	// changed is when the generation was last written to, by its host's clock.
	changed time.Time
}

// none says that nothing was read that could be found again.
func (p *place) none() bool { return p.offset == 0 }

// advance moves the place over chunk, which was read at its offset.
func (p *place) advance(chunk []byte) {
	if room := headSize - len(p.head); room > 0 && int64(len(p.head)) == p.offset {
		p.head = append(p.head, chunk[:min(room, len(chunk))]...)
	}
	if len(chunk) >= tailSize {
		p.tail = append(p.tail[:0], chunk[len(chunk)-tailSize:]...)
	} else {
		drop := max(0, len(p.tail)+len(chunk)-tailSize)
		p.tail = append(p.tail[:copy(p.tail, p.tail[drop:])], chunk...)
	}
	p.offset += int64(len(chunk))
}

// clone is a place of its own.
func (p *place) clone() place {
	c := *p
	c.head, c.tail = bytes.Clone(p.head), bytes.Clone(p.tail)
	return c
}

// placeIn reads what a place at offset needs to know from r.
func placeIn(r io.ReaderAt, offset int64) (place, error) {
	p := place{offset: offset}
	var err error
	if p.head, err = readRange(r, 0, min(offset, headSize)); err != nil {
		return place{}, err
	}
	if p.tail, err = readRange(r, max(0, offset-tailSize), min(offset, tailSize)); err != nil {
		return place{}, err
	}
	return p, nil
}

// in reports whether r holds the generation of the place, at least up to its
// offset.
func (p *place) in(r io.ReaderAt) (bool, error) {
	head, err := readRange(r, 0, int64(len(p.head)))
	if err != nil || !bytes.Equal(head, p.head) {
		return false, notShort(err)
	}
	tail, err := readRange(r, p.offset-int64(len(p.tail)), int64(len(p.tail)))
	if err != nil || !bytes.Equal(tail, p.tail) {
		return false, notShort(err)
	}
	return true, nil
}

// errShort says that a file ended before what was asked for.
var errShort = errors.New("the file is shorter")

func notShort(err error) error {
	if errors.Is(err, errShort) {
		return nil
	}
	return err
}

// readRange reads exactly n bytes at off, or fails with errShort.
func readRange(r io.ReaderAt, off, n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := make([]byte, n)
	got, err := r.ReadAt(b, off)
	if int64(got) == n {
		return b, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil, errShort
	}
	return nil, err
}
