package logs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"
)

// begin finds the first position: so many lines before the end, the first line
// at a time, or the oldest of the row.
func (f *follower) begin(ctx context.Context) error {
	if f.row || !f.since.IsZero() {
		row, err := f.listRow(ctx)
		if err != nil {
			return err
		}
		for len(row) > 0 && !f.since.IsZero() && row[0].changed().Before(f.since) {
			row = row[1:]
		}
		o, _, err := f.firstOf(ctx, row)
		if err != nil {
			return err
		}
		if o != nil {
			start, err := f.startIn(o)
			if err != nil {
				o.close()
				return err
			}
			return f.beginIn(o, start, true)
		}
	}
	named, info, err := openFile(ctx, f.files, f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.beginAfter(ctx)
	case err != nil:
		return err
	case info.Size() == 0:
		named.close()
		return f.beginAfter(ctx)
	}
	start, err := f.startIn(named)
	if err != nil {
		named.close()
		return err
	}
	return f.beginIn(named, start, false)
}

// beginIn begins in o at offset.
func (f *follower) beginIn(o *opened, offset int64, old bool) error {
	var at place
	var head []byte
	var err error
	if offset > 0 {
		at, err = placeIn(o.file, offset)
	} else {
		head, err = o.beginning()
	}
	if err != nil {
		o.close()
		return err
	}
	f.head = head
	f.cur, f.old, f.at, f.begun = o, old, at, true
	f.size = -1
	return nil
}

// beginAfter begins where there is nothing to read yet. The newest rotated file
// stands before what will come. It is looked at first and the log's name again
// afterwards, so that what is rotated in between counts as new.
func (f *follower) beginAfter(ctx context.Context) error {
	row, err := f.listRow(ctx)
	if err != nil {
		return err
	}
	var before place
	for _, g := range slices.Backward(row) {
		end, err := f.endOf(ctx, g)
		if unusable(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !end.none() {
			before = end
			break
		}
	}
	named, _, err := openFile(ctx, f.files, f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer named.close()
	if empty, err := named.empty(); err != nil {
		return err
	} else if !empty {
		return errMoved // it came just now
	}
	f.begun, f.before = true, before
	return nil
}

// endOf is the place at the end of a generation.
func (f *follower) endOf(ctx context.Context, g generation) (place, error) {
	o, err := f.open(ctx, g)
	if err != nil {
		return place{}, err
	}
	defer o.close()
	if info, err := o.file.Stat(); err != nil {
		return place{}, err
	} else if !info.ModTime().Equal(g.changed()) {
		return place{}, errMoved
	}
	var end place
	if o.packed {
		buf := make([]byte, readSize)
		for {
			n, err := o.unpack(buf)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return place{}, err
			}
			end.advance(buf[:n])
		}
	} else {
		info, err := o.file.Stat()
		if err != nil {
			return place{}, err
		}
		if end, err = placeIn(o.file, info.Size()); err != nil {
			return place{}, err
		}
	}
	end.changed = g.changed()
	return end, nil
}

// startIn is the offset at which reading begins in o.
func (f *follower) startIn(o *opened) (int64, error) {
	if o.packed {
		return 0, nil
	}
	info, err := o.file.Stat()
	if err != nil {
		return 0, err
	}
	switch {
	case !f.since.IsZero():
		return f.firstSince(o.file, info.Size())
	case f.row, f.lines < 0:
		return 0, nil
	}
	return lastLines(o.file, info.Size(), f.lines)
}

// lastLines is where the last n of the lines in the first size bytes begin. A
// last line that has not ended counts, and is never begun in its middle.
func lastLines(r io.ReaderAt, size int64, n int) (int64, error) {
	const block = 32 << 10
	ends := n // the line ends still to be passed, going backwards
	for hi := size; hi > 0; {
		lo := max(0, hi-block)
		b, err := readRange(r, lo, hi-lo)
		if errors.Is(err, errShort) {
			return 0, nil // cut meanwhile; what is there now is all new
		}
		if err != nil {
			return 0, err
		}
		if hi == size && b[len(b)-1] == '\n' {
			if n == 0 {
				return size, nil
			}
			b = b[:len(b)-1]
		}
		for {
			i := bytes.LastIndexByte(b, '\n')
			if i < 0 {
				break
			}
			if ends--; ends <= 0 {
				return lo + int64(i) + 1, nil
			}
			b = b[:i]
		}
		hi = lo
	}
	return 0, nil
}

// firstSince is the offset of a line shortly before the first one at or after
// the time wanted, found by halving. Lines without a time are passed over.
func (f *follower) firstSince(r io.ReaderAt, size int64) (int64, error) {
	const block = 64 << 10
	lo, hi := int64(0), size
	for hi-lo > block {
		mid := lo + (hi-lo)/2
		b, err := readRange(r, mid, min(block, size-mid))
		if errors.Is(err, errShort) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if t, ok := f.firstTime(b); ok && t.Before(f.since) {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, nil
	}
	b, err := readRange(r, lo, min(block, size-lo))
	if errors.Is(err, errShort) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return lo + int64(bytes.IndexByte(b, '\n')) + 1, nil
}

// firstTime is the time of the first line with one that begins in b.
func (f *follower) firstTime(b []byte) (time.Time, bool) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return time.Time{}, false
		}
		b = b[i+1:]
		if t, ok := f.stamp(b[:min(len(b), headSize)]); ok {
			return t, true
		}
	}
}
