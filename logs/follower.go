package logs

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// A sink takes what a follower reads, in the order of the file.
type sink interface {
	// chunk takes the next bytes, which stand at offset in their generation and
	// are valid during the call only.
	chunk(b []byte, offset int64)
	// happened takes an event at its place among the bytes. Each but wasResumed
	// ends a line that has no line end.
	happened(h happening)
}

// A happening is something about the file that belongs among its lines.
type happening struct {
	what happeningKind
	// name is the file that is meant: what the log is called now, where it was
	// rotated; the damaged one.
	name string
	// offset is the last position that was read before it.
	offset int64
	// next is the beginning of what is read after it.
	next []byte
	// cause says more about a gap.
	cause error
}

type happeningKind uint8

const (
	wasRotated  happeningKind = iota // read to its end; its successor follows
	wasResumed                       // found again after a broken connection, nothing missed
	wasLost                          // not to be found again: what follows it was missed
	wasEmptied                       // cut to nothing in place, and no copy of it to be found
	wasCopied                        // cut to nothing in place, after a copy was made and read
	wasDamaged                       // its packed form cannot be read to the end
	wasReplaced                      // deleted and begun again, unknown what was between
)

// A follower reads one log through everything that rotation does to it. It is
// used by one goroutine; the connection it reads over may change under it.
//
// It holds the file open, so that a rename takes nothing away, and knows its
// place by the bytes around it, so that a new file under the old name, or the
// old file under a new one, is told from what it looks like. What follows a
// generation is proven before it is read: the next in the row while the one
// that was read still stands before it. What cannot be proven is a gap.
type follower struct {
	path string
	kind Kind
	// lines is how many lines before the end are wanted at first, -1 for all;
	// row asks for the rotated files too.
	lines int
	row   bool
	// since is the time before which nothing is wanted; stamp reads the time
	// of a line.
	since time.Time
	stamp func(line []byte) (time.Time, bool)
	now   func() time.Time
	out   sink

	files FileSystem // of the present connection
	begun bool       // the first position is known
	at    place      // what is read next
	// before is the end of the generation before the one at stands in. It is
	// what at is found by while nothing was read there.
	before place
	// head is how the generation begins and pending what is told before it,
	// while nothing was read there.
	head    []byte
	pending *happening
	final   bool // what is left of the generation cannot be read
	cur     *opened
	old     bool // cur has lost its name
	// seen are the beginnings of the generations that were read last.
	seen [16]uint64
	nth  int

	resuming bool      // the connection was broken since the last position
	emptied  bool      // the file shrank under its name
	told     string    // the unreadable generation that was told of last
	runs     direction // of the numbers of rotated files, once it is known
	missed   int       // how often in a row the place was not found
	// What was seen of the name last, and since when it has been like that.
	size    int64
	changed time.Time
	since0  time.Time
	proven  bool
}

// A pace says when to look again.
type pace uint8

const (
	paceQuiet pace = iota // nothing new
	paceSoon              // something is being changed at this moment
	paceBusy              // lines came
	paceMore              // there is more already
)

const (
	readSize = 64 << 10
	// turnSize is how much is read before others have their turn.
	turnSize = 1 << 20
	// settle is how long a file must look the same before it is compared with
	// what was read: SFTP's times are whole seconds, so a file of the same
	// size that came within that second looks the same.
	settle = 1200 * time.Millisecond
	// recheck is how often a file that looks the same is compared all the same.
	recheck = time.Minute
)

// The buffers of reads that are under way: a small one for what a quiet log
// brings, because each of hundreds of sources may hold one while it waits for
// its host.
var (
	readBuffers  = sync.Pool{New: func() any { b := make([]byte, readSize+tailSize); return &b }}
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 4<<10); return &b }}
)

// errChanged says that the bytes before the place are not those that were read.
var errChanged = errors.New("the file was changed under its name")

// connect takes a new connection; what was open is gone.
func (f *follower) connect(files FileSystem) {
	f.disconnect()
	f.files = files
	f.resuming = f.begun
}

func (f *follower) disconnect() {
	f.cur.close()
	f.cur, f.old, f.missed = nil, false, 0
}

// poll looks once whether there is more and reads it. An error that is neither
// fs.ErrNotExist nor fs.ErrPermission nor errNotRegular means that the
// connection is broken.
func (f *follower) poll(ctx context.Context) (pace, error) {
	if !f.begun {
		err := f.begin(ctx)
		if errors.Is(err, errMoved) {
			return paceSoon, nil
		}
		if err != nil {
			return paceQuiet, err
		}
		if f.cur != nil {
			return paceMore, nil
		}
	}
	if f.cur == nil {
		return f.next(ctx)
	}
	if f.old {
		return f.drain(ctx)
	}
	info, err := f.files.Stat(ctx, f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.old = true
		return f.drain(ctx)
	case err != nil:
		return paceQuiet, err
	case info.Size() > f.at.offset:
		return f.grown(ctx, info)
	case info.Size() < f.at.offset:
		return f.shrunk(ctx)
	}
	return f.still(ctx, info)
}

// grown reads a file that is longer than what was read, if it is the same file.
func (f *follower) grown(ctx context.Context, info fs.FileInfo) (pace, error) {
	upTo := min(info.Size(), f.at.offset+turnSize)
	begun := f.at.offset
	for f.at.offset < upTo {
		n, err := f.read(upTo)
		if errors.Is(err, errChanged) {
			return f.cut(ctx)
		}
		if err != nil {
			return paceQuiet, err
		}
		if n == 0 {
			break
		}
	}
	if f.at.offset == begun {
		// The name leads to a longer file than the one that is open.
		return f.shrunk(ctx)
	}
	f.missed = 0
	switch f.at.offset {
	case info.Size():
		f.at.changed = info.ModTime()
		f.look(info)
		return paceBusy, nil
	case upTo:
		return paceMore, nil
	}
	return paceSoon, nil
}

// shrunk finds out whether the open file was cut or another one has its name.
func (f *follower) shrunk(ctx context.Context) (pace, error) {
	info, err := f.cur.file.Stat()
	if err != nil {
		return paceQuiet, err
	}
	if info.Size() < f.at.offset {
		return f.cut(ctx)
	}
	f.old = true
	return f.drain(ctx)
}

// still handles a name that leads to as many bytes as were read. That proves
// nothing while the time of the last change may hide another one.
func (f *follower) still(ctx context.Context, info fs.FileInfo) (pace, error) {
	now := f.now()
	if info.Size() != f.size || !info.ModTime().Equal(f.changed) {
		f.look(info)
	}
	since := now.Sub(f.since0)
	if f.proven && since < recheck || !f.proven && since < settle {
		return paceQuiet, nil
	}
	named, _, err := openFile(ctx, f.files, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		f.old = true
		return f.drain(ctx)
	}
	if err != nil {
		return paceQuiet, err
	}
	defer named.close()
	same, _, err := named.holds(&f.at)
	if err != nil {
		return paceQuiet, err
	}
	if !same {
		return f.shrunkOrRewritten(ctx)
	}
	f.proven, f.since0 = true, now
	return paceQuiet, nil
}

// shrunkOrRewritten tells a rewritten file from one that took its name.
func (f *follower) shrunkOrRewritten(ctx context.Context) (pace, error) {
	if same, _, err := f.cur.holds(&f.at); err != nil {
		return paceQuiet, err
	} else if !same {
		return f.cut(ctx)
	}
	f.old = true
	return f.drain(ctx)
}

// look remembers what the name leads to.
func (f *follower) look(info fs.FileInfo) {
	f.size, f.changed, f.since0, f.proven = info.Size(), info.ModTime(), f.now(), false
}

// cut handles a file that was emptied or rewritten in place.
func (f *follower) cut(ctx context.Context) (pace, error) {
	f.cur.close()
	f.cur, f.old, f.emptied = nil, false, true
	return f.next(ctx)
}

// drain reads the rest of a generation that has lost its name, then goes on to
// what follows it.
func (f *follower) drain(ctx context.Context) (pace, error) {
	for begun := f.at.offset; ; {
		n, err := f.readOn()
		var damage *damagedError
		switch {
		case errors.Is(err, errChanged):
			return f.cut(ctx)
		case errors.As(err, &damage):
			f.final = true
			f.out.happened(happening{what: wasDamaged, name: damage.name, offset: f.at.offset, cause: damage.cause})
		case err != nil:
			return paceQuiet, err
		case n > 0 && f.at.offset-begun < turnSize:
			continue
		case n > 0:
			return paceMore, nil
		}
		return f.next(ctx)
	}
}

// readOn reads on in the open file until what is its end now; 0 means the end.
func (f *follower) readOn() (int, error) {
	if f.cur.packed {
		buf := readBuffers.Get().(*[]byte)
		defer readBuffers.Put(buf)
		n, err := f.cur.unpack((*buf)[:readSize])
		if n > 0 {
			f.take((*buf)[:n])
			return n, nil
		}
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		return 0, err
	}
	info, err := f.cur.file.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() < f.at.offset {
		return 0, errChanged
	}
	f.at.changed = info.ModTime()
	if info.Size() == f.at.offset {
		return 0, nil
	}
	return f.read(info.Size())
}

// read reads one piece of the open plain file, at most up to upTo, together
// with the bytes before it, which must be those that were read already.
func (f *follower) read(upTo int64) (int, error) {
	over := len(f.at.tail)
	size := over + int(min(upTo-f.at.offset, readSize))
	pool := &readBuffers
	if size <= 4<<10 {
		pool = &smallBuffers
	}
	pooled := pool.Get().(*[]byte)
	defer pool.Put(pooled)
	buf := (*pooled)[:size]
	n, err := f.cur.file.ReadAt(buf, f.at.offset-int64(over))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n < over || !bytes.Equal(buf[:over], f.at.tail) || over == 0 && !bytes.HasPrefix(buf[:n], f.head) {
		return 0, errChanged
	}
	f.take(buf[over:n])
	return n - over, nil
}

// take hands on bytes that stand at the place.
func (f *follower) take(chunk []byte) {
	if len(chunk) == 0 {
		return
	}
	if f.at.none() {
		if f.pending != nil {
			f.out.happened(*f.pending)
		}
		f.head, f.pending = nil, nil
	}
	f.out.chunk(chunk, f.at.offset)
	f.at.advance(chunk)
}

var headSeed = maphash.MakeSeed()

// remember keeps the beginning of the generation that was read.
func (f *follower) remember() {
	if len(f.at.head) > 0 {
		f.seen[f.nth%len(f.seen)] = maphash.Bytes(headSeed, f.at.head)
		f.nth++
	}
}

// knows reports whether a generation that begins with head was read already.
func (f *follower) knows(head []byte) bool {
	sum := maphash.Bytes(headSeed, head)
	return slices.Contains(f.seen[:min(f.nth, len(f.seen))], sum)
}

// anchor is the place by which the log is found again.
func (f *follower) anchor() *place {
	if f.at.none() {
		return &f.before
	}
	return &f.at
}

// enter begins a generation at its first byte. What happened before it is told
// with its first bytes, which must be head: until then the file may be emptied
// and written again, and what follows be another.
func (f *follower) enter(o *opened, old bool, head []byte, before *happening) {
	f.head, f.pending = head, before
	if !f.at.none() {
		f.remember()
		f.before = f.at.clone()
	}
	f.cur.close()
	f.cur, f.old, f.at, f.final, f.missed, f.emptied = o, old, place{}, false, 0, false
	f.size = -1
	f.resuming = false
}

// reenter goes on at the place in another name or form of its generation.
func (f *follower) reenter(o *opened, old bool) {
	if f.at.none() {
		f.at = f.before.clone()
	}
	f.cur.close()
	f.cur, f.old, f.missed = o, old, 0
	f.size = -1
	f.resumed()
}

// resumed tells once that the log was found again after a broken connection.
func (f *follower) resumed() {
	if f.resuming {
		f.resuming = false
		f.out.happened(happening{what: wasResumed, offset: f.anchor().offset})
	}
}

// gap reports whether lines were lost, or may have been.
func (k happeningKind) gap() bool {
	switch k {
	case wasLost, wasEmptied, wasDamaged, wasReplaced:
		return true
	default:
		return false
	}
}
