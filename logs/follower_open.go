package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// opened is an open generation: of a plain file any part can be read, of a
// packed one only what follows.
type opened struct {
	name string
	file File
	// Of a packed file, plain gives what is in it and at is the position there.
	packed bool
	raw    *rawReader
	plain  *bufio.Reader
	at     int64
}

// errNotRegular says that a name leads to something that is no file.
var errNotRegular = errors.New("not a regular file")

// openFile opens the file at path, which must be a regular one: opening a pipe
// could wait for ever.
func openFile(ctx context.Context, files FileSystem, path string) (*opened, fs.FileInfo, error) {
	info, err := files.Stat(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", path, errNotRegular)
	}
	file, err := files.Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	o := &opened{name: path, file: file}
	if strings.HasSuffix(path, ".gz") {
		o.packed, o.raw = true, &rawReader{file: file}
		unpacker, err := gzip.NewReader(bufio.NewReaderSize(o.raw, 128<<10))
		if err != nil {
			err = o.damage(err)
			_ = file.Close()
			return nil, nil, err
		}
		o.plain = bufio.NewReaderSize(unpacker, 32<<10)
	}
	return o, info, nil
}

func (o *opened) close() {
	if o != nil {
		_ = o.file.Close()
	}
}

// A damagedError says that a packed file cannot be read further.
type damagedError struct {
	name  string
	at    int64
	cause error
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("%s is damaged after byte %d: %v", e.name, e.at, e.cause)
}

func (e *damagedError) Unwrap() error { return e.cause }

// damage tells a damaged file from a broken connection.
func (o *opened) damage(err error) error {
	if o.raw.err != nil {
		return o.raw.err
	}
	return &damagedError{name: o.name, at: o.at, cause: err}
}

// unpack reads on in a packed file until b is full or the file ends; io.EOF is
// its end.
func (o *opened) unpack(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = o.plain.Read(b[n:])
		n += k
	}
	o.at += int64(n)
	switch {
	case err == nil, n > 0: // what comes after those bytes is told by the next call
		return n, nil
	case errors.Is(err, io.EOF):
		return 0, io.EOF
	}
	return 0, o.damage(err)
}

// holds reports whether the file is the generation of p, and whether there is
// more in it than p has read. Where it is, reading goes on at p.
func (o *opened) holds(p *place) (same, more bool, err error) {
	if !o.packed {
		info, err := o.file.Stat()
		if err != nil || info.Size() < p.offset {
			return false, false, err
		}
		same, err = p.in(o.file)
		return same, info.Size() > p.offset, err
	}
	var here place
	buf := make([]byte, min(p.offset, 32<<10))
	for here.offset < p.offset {
		n := min(p.offset-here.offset, int64(len(buf)))
		if here.offset == 0 {
			n = int64(len(p.head))
		}
		k, err := o.unpack(buf[:n])
		if err != nil {
			if o.raw.err != nil {
				return false, false, o.raw.err
			}
			return false, false, nil // damaged or shorter: not the one
		}
		here.advance(buf[:k])
		if !bytes.Equal(here.head, p.head[:min(len(here.head), len(p.head))]) {
			return false, false, nil
		}
		// The last four bytes tell the size of the whole. When exactly as much
		// was read of a file that begins alike, nothing need be unpacked.
		if len(here.head) == len(p.head) && here.offset < p.offset && o.sizeModulo() == uint32(p.offset) {
			return true, false, nil
		}
	}
	if !bytes.Equal(here.tail, p.tail) {
		return false, false, nil
	}
	_, err = o.plain.Peek(1)
	return true, !errors.Is(err, io.EOF), nil
}

// sizeModulo is the size of what is packed, modulo 2³², as the end of the file
// has it. Of several members it is that of the last.
func (o *opened) sizeModulo() uint32 {
	info, err := o.file.Stat()
	if err != nil || info.Size() < 18 {
		return 0
	}
	b, err := readRange(o.file, info.Size()-4, 4)
	if err != nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// rawReader reads a file from its beginning and remembers why it could not.
type rawReader struct {
	file File
	off  int64
	err  error
}

func (r *rawReader) Read(b []byte) (int, error) {
	n, err := r.file.ReadAt(b, r.off)
	r.off += int64(n)
	if n > 0 {
		return n, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return 0, err
}
