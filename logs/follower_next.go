package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// errMoved says that the row was renamed while it was looked at.
var errMoved = errors.New("the row of files moved")

// next finds where the log goes on after the place and opens it: the same
// generation under another name, the one after it, or, where the place is not
// to be found any more, what is left.
func (f *follower) next(ctx context.Context) (pace, error) {
	const attempts = 20
	for attempt := range attempts {
		p, err := f.tryNext(ctx)
		if !errors.Is(err, errMoved) {
			return p, err
		}
		if err := sleep(ctx, time.Duration(1+attempt)*time.Millisecond); err != nil {
			return paceQuiet, err
		}
	}
	return paceSoon, nil
}

func (f *follower) tryNext(ctx context.Context) (pace, error) {
	// The name is opened first: should the row show no newer generation after
	// that, it is the successor of the newest.
	named, _, err := openFile(ctx, f.files, f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return paceQuiet, err
	}
	defer func() {
		if f.cur != named {
			named.close()
		}
	}()
	a := f.anchor()
	if named != nil && !a.none() {
		same, _, err := named.holds(a)
		if err != nil {
			return paceQuiet, err
		}
		if same {
			f.emptied = false
			f.reenter(named, false)
			return paceMore, nil
		}
	}
	row, err := f.listRow(ctx)
	if err != nil {
		return paceQuiet, err
	}
	if a.none() {
		return f.first(ctx, named, row)
	}
	i, found, more, err := f.find(ctx, row)
	switch {
	case err != nil:
		return paceQuiet, err
	case i < 0:
		return f.miss(ctx, named, row)
	case more && !f.final:
		f.reenter(found, true)
		return paceMore, nil
	}
	found.close()
	f.missed = 0
	return f.succeed(ctx, named, row, i)
}

// first begins a log of which nothing was there when it was looked at first:
// all of it is new.
func (f *follower) first(ctx context.Context, named *opened, row []generation) (pace, error) {
	o, head, err := f.oldest(ctx, named, row)
	if o == nil || err != nil {
		return paceQuiet, err
	}
	defer func() {
		if f.cur != o && o != named {
			o.close()
		}
	}()
	// Looking again proves that the row did not move meanwhile.
	again, err := f.listRow(ctx)
	if err != nil {
		return paceQuiet, err
	}
	o2, head2, err := f.oldest(ctx, named, again)
	if o2 != named {
		o2.close()
	}
	if err != nil {
		return paceQuiet, err
	}
	sameKey := func(a, b generation) bool { return a.key == b.key }
	if (o2 == named) != (o == named) || !bytes.Equal(head, head2) || !slices.EqualFunc(row, again, sameKey) {
		return paceQuiet, errMoved
	}
	if len(row) > 0 && row[0].index >= 0 {
		for _, n := range []int{row[0].index - 1, row[0].index + 1} {
			if len(row) > 1 && n == row[1].index || n < 0 {
				continue
			}
			if there, err := f.exists(ctx, n); there || err != nil {
				return paceQuiet, moved(err)
			}
		}
	}
	var before *happening
	if len(row) > 1 {
		// Whether the oldest that is there was the first is not to be known.
		before = &happening{what: wasLost, name: f.base(), next: head}
	}
	f.enter(o, o != named, head, before)
	return paceMore, nil
}

// oldest opens the first generation that holds anything, or gives named; nil
// where that holds nothing either.
func (f *follower) oldest(ctx context.Context, named *opened, row []generation) (*opened, []byte, error) {
	o, _, err := f.firstOf(ctx, row)
	if err != nil {
		return nil, nil, err
	}
	if o == nil {
		if empty, err := named.empty(); empty || err != nil {
			return nil, nil, err
		}
		o = named
	}
	head, err := o.beginning()
	if err != nil && o != named {
		o.close()
	}
	if err != nil {
		return nil, nil, err
	}
	return o, head, nil
}

// succeed opens what follows row[i], which was read to its end.
func (f *follower) succeed(ctx context.Context, named *opened, row []generation, i int) (pace, error) {
	o, j, err := f.firstOf(ctx, row[i+1:])
	if err != nil {
		return paceQuiet, err
	}
	defer func() {
		if o != nil && f.cur != o && o != named {
			o.close()
		}
	}()
	newest := o == nil
	if newest {
		if empty, err := named.empty(); empty || err != nil {
			f.resumed()
			return paceSoon, err // between the rename and the first line
		}
		o = named
	}
	head, err := o.beginning()
	if err != nil {
		return paceQuiet, err
	}
	if !newest && f.knows(head) {
		// What seems to follow was read before: the row runs the other way.
		if f.runs == newestLowest {
			f.runs = newestHighest
		} else {
			f.runs = newestLowest
		}
		return paceQuiet, errMoved
	}
	whole, err := f.adjoins(ctx, row, i, min(i+1+j, len(row)-1), newest)
	if err != nil {
		return paceQuiet, err
	}
	if err := f.stands(ctx, row[i]); err != nil {
		return paceQuiet, err
	}
	f.resumed()
	h := happening{what: wasRotated, name: row[i].name(f.base()), offset: f.anchor().offset, next: head}
	switch {
	case !whole:
		h.what = wasLost
	case f.emptied:
		h.what = wasCopied
	}
	f.enter(o, !newest, head, &h)
	return paceMore, nil
}

// adjoins checks that nothing is missing from the row between i, which was read,
// and j, or beyond j where the log itself follows its newest. A listing may have missed a file that was renamed or packed just
// then, so the names between and beyond are looked at one by one. It is false
// where a number is truly missing, and errMoved where the listing lied.
func (f *follower) adjoins(ctx context.Context, row []generation, i, j int, newest bool) (bool, error) {
	if f.kind == KindGC || row[i].index < 0 {
		return true, nil // dates and circles have no neighbours to look for
	}
	whole := true
	for k := i; k < j; k++ {
		low, high := row[k].index, row[k+1].index
		if low > high {
			low, high = high, low
		}
		const most = 100 // files looked for in one hole
		for n := low + 1; n < min(high, low+most); n++ {
			if there, err := f.exists(ctx, n); there || err != nil {
				return false, moved(err)
			}
			whole = false
		}
	}
	if !newest {
		return whole, nil
	}
	last := row[j].index
	beyond := []int{last + 1, last - 1}
	runs := f.runs
	if j > 0 && row[j-1].index >= 0 {
		runs = newestHighest
		if row[j-1].index > last {
			runs = newestLowest
		}
	}
	switch runs {
	case newestHighest:
		beyond = beyond[:1]
	case newestLowest:
		beyond = beyond[1:]
	case unknownDirection:
	}
	for _, n := range beyond {
		if n < 0 {
			continue
		}
		if there, err := f.exists(ctx, n); there || err != nil {
			return false, moved(err)
		}
	}
	return whole, nil
}

// moved is err, or errMoved where there is none.
func moved(err error) error {
	if err == nil {
		return errMoved
	}
	return err
}

// exists reports whether there is a rotated file of that number. The packed one
// is whole before the plain one goes, so that at least one is seen.
func (f *follower) exists(ctx context.Context, n int) (bool, error) {
	for _, suffix := range []string{"", ".gz"} {
		_, err := f.files.Stat(ctx, fmt.Sprintf("%s.%d%s", f.path, n, suffix))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return false, err
		}
	}
	return false, nil
}

// stands proves that nothing was renamed since the successor of g was opened:
// rotation moves a whole row one way, so while g is where it was, its neighbour
// was its neighbour; and while no newer one is there, the name led to its
// successor.
func (f *follower) stands(ctx context.Context, g generation) error {
	o, err := f.open(ctx, g)
	if errors.Is(err, errMoved) && g.plain != nil {
		g.plain = nil // packed meanwhile
		o, err = f.open(ctx, g)
	}
	if err != nil {
		return err
	}
	defer o.close()
	same, _, err := o.holds(f.anchor())
	if err == nil && !same {
		err = errMoved
	}
	return err
}

// miss handles a place that is in no file any more. Looking several times rules
// out that it was renamed or packed while it was looked for.
func (f *follower) miss(ctx context.Context, named *opened, row []generation) (pace, error) {
	const looks = 3
	if f.missed++; f.missed < looks {
		return paceSoon, nil
	}
	a := f.anchor()
	var newer []generation
	for _, g := range row {
		if !g.changed().Before(a.changed.Truncate(time.Second)) {
			newer = append(newer, g)
		}
	}
	var o *opened
	var head []byte
	for len(newer) > 0 && o == nil {
		var err error
		if o, _, err = f.firstOf(ctx, newer); err != nil {
			return paceQuiet, err
		}
		if o == nil {
			break
		}
		if head, err = o.beginning(); err == nil && f.knows(head) {
			o.close()
			o, newer = nil, newer[1:]
		} else if err != nil {
			o.close()
			return paceQuiet, err
		}
	}
	if o == nil {
		if empty, err := named.empty(); empty || err != nil {
			return paceQuiet, err
		}
		var err error
		if head, err = named.beginning(); err != nil {
			return paceQuiet, err
		}
		o = named
	}
	h := happening{what: wasLost, name: f.base(), offset: a.offset, next: head}
	switch {
	case f.emptied:
		h.what = wasEmptied
	case f.cur != nil:
		h.what = wasReplaced
	}
	f.enter(o, o != named, head, &h)
	return paceMore, nil
}

// find looks for the generation of the place in the row, newest first. Nothing
// is open when it is not there, and i is -1.
func (f *follower) find(ctx context.Context, row []generation) (i int, o *opened, more bool, err error) {
	for i, g := range slices.Backward(row) {
		o, err := f.open(ctx, g)
		if unusable(err) {
			continue
		}
		if err != nil {
			return -1, nil, false, err
		}
		same, more, err := o.holds(f.anchor())
		if same && err == nil {
			return i, o, more, nil
		}
		o.close()
		if err != nil {
			return -1, nil, false, err
		}
	}
	return -1, nil, false, nil
}

// firstOf opens the first generation of row that holds anything, and says which
// it is; nil and the length of row for none. One that cannot be read at all is
// told once and passed over.
func (f *follower) firstOf(ctx context.Context, row []generation) (*opened, int, error) {
	for i, g := range row {
		o, err := f.open(ctx, g)
		var empty bool
		if err == nil {
			if empty, err = o.empty(); err == nil && !empty {
				return o, i, nil
			}
			o.close()
		}
		if err != nil && !unusable(err) {
			return nil, 0, err
		}
		if err != nil && f.told != g.id() {
			f.told = g.id()
			f.out.happened(happening{what: wasDamaged, name: g.name(f.base()), offset: 0, cause: err})
		}
	}
	return nil, len(row), nil
}

// unusable says that a generation is there and cannot be read.
func unusable(err error) bool {
	var damage *damagedError
	return errors.As(err, &damage) || errors.Is(err, fs.ErrPermission) || errors.Is(err, errNotRegular)
}

// open opens a generation under the name that the row gave it.
func (f *follower) open(ctx context.Context, g generation) (*opened, error) {
	dir, base := path.Split(f.path)
	o, _, err := openFile(ctx, f.files, dir+g.name(base))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errMoved
	}
	return o, err
}

func (f *follower) base() string { return path.Base(f.path) }

// listRow lists the row of rotated files, oldest first.
func (f *follower) listRow(ctx context.Context) ([]generation, error) {
	row, err := readRow(ctx, f.files, f.path)
	if err != nil {
		return nil, err
	}
	some := numbered(row)
	if len(some) < 2 {
		return row, nil
	}
	if f.kind == KindGC { // the JVM goes round
		slices.SortStableFunc(some, func(a, b generation) int { return a.changed().Compare(b.changed()) })
		return row, nil
	}
	if f.runs == unknownDirection {
		f.runs = byChange(some)
	}
	if f.runs == unknownDirection {
		if f.runs, err = f.byLines(ctx, some); err != nil {
			return nil, err
		}
	}
	runs := f.runs
	if runs == unknownDirection {
		runs = byRule(some, f.base())
	}
	if runs == newestLowest {
		slices.Reverse(some)
	}
	return row, nil
}

// byLines tells the direction by the times of the first lines of the files,
// between the first and the last that have one.
func (f *follower) byLines(ctx context.Context, row []generation) (direction, error) {
	low, i, err := f.firstStamp(ctx, row)
	if err != nil || i < 0 {
		return unknownDirection, err
	}
	back := slices.Clone(row[i:])
	slices.Reverse(back)
	high, _, err := f.firstStamp(ctx, back)
	if err != nil {
		return unknownDirection, err
	}
	// Had the row moved between the two, they would not be of one row.
	if again, _, err := f.firstStamp(ctx, row[i:i+1]); err != nil || !again.Equal(low) {
		return unknownDirection, err
	}
	switch {
	case low.Before(high):
		return newestHighest, nil
	case high.Before(low):
		return newestLowest, nil
	}
	return unknownDirection, nil
}

// firstStamp is the time of the first line of the first file that has one, and
// which file that is, -1 for none.
func (f *follower) firstStamp(ctx context.Context, row []generation) (time.Time, int, error) {
	for i, g := range row {
		o, err := f.open(ctx, g)
		if err == nil {
			var head []byte
			head, err = o.beginning()
			o.close()
			if t, ok := f.stamp(head); err == nil && ok {
				return t, i, nil
			}
		}
		if err != nil && !unusable(err) {
			return time.Time{}, -1, err
		}
	}
	return time.Time{}, -1, nil
}

// id tells a generation that could not be read from others of its name.
func (g *generation) id() string {
	return fmt.Sprint(g.key, g.changed().UnixNano())
}

// empty reports whether there is nothing to read, as in no file.
func (o *opened) empty() (bool, error) {
	if o == nil {
		return true, nil
	}
	if !o.packed {
		info, err := o.file.Stat()
		return err == nil && info.Size() == 0, err
	}
	_, err := o.plain.Peek(1)
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, io.EOF):
		return true, nil
	}
	return false, o.damage(err)
}

// beginning is what a generation begins with, as much as a place keeps of it.
// Reading goes on at the first byte.
func (o *opened) beginning() ([]byte, error) {
	if o.packed {
		head, err := o.plain.Peek(headSize)
		if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
			return nil, o.damage(err)
		}
		return slices.Clone(head), nil
	}
	head := make([]byte, headSize)
	n, err := o.file.ReadAt(head, 0)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return head[:n], nil
}

// sleep waits, or fails when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
