package logs

import (
	"context"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/stormtop/stormtop/logs/match"
)

// A View is the records of a store that a filter selects, kept up to date by a
// goroutine of its own until [View.Close].
//
// The selected records are numbered. A number stays with its record as long as
// the same filter is in force: new records are added at the end, dropped ones
// leave at the front, and while the past is still being filtered its records are
// added at the front, newest first. [View.Range] says which numbers there are.
//
// After [View.SetFilter] everything kept is filtered again, in parallel and from
// the newest records backwards; the old picture stays until the first part of
// the new one is there. All methods may be called by several goroutines.
type View struct {
	store   *Store
	wake    chan struct{} // the store has more, or the filter changed
	changed chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
	workers int

	mu     sync.RWMutex
	shown  *picture
	wanted *picture // the one being made; shown itself when it is up to date
}

// A picture is what one filter selects.
type picture struct {
	filter *Filter
	of     SourceOf
	blocks []*block // in order; one for each chunk looked at
	hi     int      // the number after the newest
	// todo are the chunks not looked at yet, all older than blocks; done and
	// total count records.
	done, total atomic.Int64
	complete    bool
	abandoned   atomic.Bool
}

// A block is what is selected of one chunk.
type block struct {
	c *chunk
	// looked is how many records of the chunk have been looked at.
	looked int
	// hits are the selected ones; all is set instead when that is every one.
	hits []uint16
	all  bool
	// base is the number of the first selected one.
	base int
	// counts are the records that each term is true of.
	counts []int32
}

func (b *block) len() int {
	if b.all {
		return b.looked
	}
	return len(b.hits)
}

// at is the index in the chunk of the i-th selected record.
func (b *block) at(i int) int {
	if b.all {
		return i
	}
	return int(b.hits[i])
}

// View makes a view; nil selects everything.
func (s *Store) View(f *Filter) *View {
	ctx, cancel := context.WithCancel(context.Background())
	v := &View{
		store: s, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		stop: cancel, done: make(chan struct{}), workers: runtime.GOMAXPROCS(0),
	}
	v.shown = v.picture(f)
	v.wanted = v.shown
	s.mu.Lock()
	s.views[v] = struct{}{}
	s.mu.Unlock()
	wake(v.wake)
	go v.run(ctx)
	return v
}

func (v *View) picture(f *Filter) *picture {
	return &picture{filter: f, of: v.store.Source}
}

// Close ends the view's goroutine and waits for it. The view keeps answering
// with what it has.
func (v *View) Close() {
	v.store.mu.Lock()
	delete(v.store.views, v)
	v.store.mu.Unlock()
	v.stop()
	v.mu.Lock()
	v.wanted.abandoned.Store(true)
	v.mu.Unlock()
	<-v.done
}

// SetFilter changes the filter. It returns at once; a change before it that is
// still under way is abandoned.
func (v *View) SetFilter(f *Filter) {
	v.mu.Lock()
	if !v.wanted.complete {
		v.wanted.abandoned.Store(true)
	}
	v.wanted = v.picture(f)
	v.mu.Unlock()
	wake(v.wake)
}

// Filter is the filter of what is shown.
func (v *View) Filter() *Filter {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.shown.filter
}

// Changed is signalled, at most once ahead, when the view shows something new.
func (v *View) Changed() <-chan struct{} { return v.changed }

// Progress is how many of the kept records have been filtered and how many there
// are; equal when the view is up to date.
func (v *View) Progress() (done, total int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	p := v.wanted
	if p.complete {
		return int(p.total.Load()), int(p.total.Load())
	}
	return int(p.done.Load()), int(p.total.Load())
}

func (v *View) run(ctx context.Context) {
	defer close(v.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.wake:
		}
		for v.step(ctx) {
		}
	}
}

// step does one piece of work; false when there is none.
func (v *View) step(ctx context.Context) bool {
	v.mu.RLock()
	p := v.wanted
	v.mu.RUnlock()
	if ctx.Err() != nil {
		return false
	}
	list := *v.store.chunks.Load()
	if !p.complete {
		v.refilter(ctx, p, list)
		v.mu.RLock()
		again := v.wanted != p
		v.mu.RUnlock()
		return again || p.complete
	}
	return v.extend(p, list)
}

// extend looks at the records that came since, and forgets those that left.
func (v *View) extend(p *picture, list []*chunk) bool {
	news := false
	from := 0
	if n := len(p.blocks); n > 0 {
		last := p.blocks[n-1]
		from = sort.Search(len(list), func(k int) bool { return list[k].first >= last.c.first })
	}
	for _, c := range list[min(from, len(list)):] {
		n := int(c.n.Load())
		v.mu.RLock()
		var b *block
		if k := len(p.blocks); k > 0 && p.blocks[k-1].c == c {
			b = p.blocks[k-1]
		}
		hi := p.hi
		v.mu.RUnlock()
		if b == nil {
			b = &block{c: c, base: hi}
		}
		if b.looked == n {
			continue
		}
		next := *b
		next.counts = append([]int32(nil), b.counts...)
		next.hits = b.hits
		p.filter.look(&next, n, p.of)
		v.mu.Lock()
		if k := len(p.blocks); k > 0 && p.blocks[k-1].c == c {
			p.blocks[k-1] = &next
		} else {
			p.blocks = append(p.blocks, &next)
		}
		p.hi = next.base + next.len()
		if len(list) > 0 {
			p.forget(list[0].first)
		}
		p.total.Store(int64(c.first) + int64(n) - int64(list[0].first))
		v.mu.Unlock()
		news = true
	}
	if news {
		wake(v.changed)
	}
	return false
}

// forget leaves out the blocks of chunks that the store dropped.
func (p *picture) forget(first uint64) {
	k := 0
	for k < len(p.blocks) && p.blocks[k].c.first < first {
		k++
	}
	if k > 0 {
		p.blocks = append([]*block(nil), p.blocks[k:]...)
	}
}

// refilter makes a picture of everything kept, newest chunks first.
func (v *View) refilter(ctx context.Context, p *picture, list []*chunk) {
	total := 0
	counts := make([]int, len(list))
	for i, c := range list {
		counts[i] = int(c.n.Load())
		total += counts[i]
	}
	p.total.Store(int64(total))
	v.mu.Lock()
	if n := len(list); n > 0 {
		// Numbers begin so high that none becomes negative.
		p.hi = int(list[n-1].first) + counts[n-1]
	}
	lo := p.hi
	v.mu.Unlock()
	results := make([]*block, len(list))
	ready := make(chan int, len(list))
	next := atomic.Int64{}
	next.Store(int64(len(list)))
	var workers sync.WaitGroup
	for range min(v.workers, len(list)) {
		workers.Go(func() {
			for {
				i := int(next.Add(-1))
				if i < 0 {
					return
				}
				if ctx.Err() == nil && !p.abandoned.Load() {
					b := &block{c: list[i]}
					p.filter.look(b, counts[i], p.of)
					results[i] = b
				}
				ready <- i
			}
		})
	}
	have := make([]bool, len(list))
	for at, left := len(list)-1, len(list); left > 0; left-- {
		have[<-ready] = true
		from := at
		for at >= 0 && have[at] {
			at--
		}
		if from == at || ctx.Err() != nil || p.abandoned.Load() {
			continue
		}
		v.mu.Lock()
		var more []*block
		for k := at + 1; k <= from; k++ {
			more = append(more, results[k])
		}
		for _, m := range slices.Backward(more) {
			lo -= m.len()
			m.base = lo
			p.done.Add(int64(m.looked))
		}
		p.blocks = append(more, p.blocks...)
		if v.wanted == p && v.shown != p && (p.hi > lo || at < 0) {
			v.shown = p
		}
		v.mu.Unlock()
		wake(v.changed)
	}
	workers.Wait()
	if ctx.Err() != nil || p.abandoned.Load() {
		return
	}
	v.mu.Lock()
	p.complete = true
	if v.wanted == p {
		v.shown = p
	}
	v.mu.Unlock()
	wake(v.changed)
}

// kept is the shown picture's blocks that the store still has.
func (v *View) kept() []*block {
	blocks := v.shown.blocks
	list := *v.store.chunks.Load()
	if len(list) == 0 {
		return nil
	}
	k := sort.Search(len(blocks), func(k int) bool { return blocks[k].c.first >= list[0].first })
	return blocks[k:]
}

// Range is the numbers of the selected records, [lo, hi).
func (v *View) Range() (lo, hi int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return bounds(v.kept(), v.shown.hi)
}

func bounds(blocks []*block, hi int) (int, int) {
	if len(blocks) == 0 {
		return hi, hi
	}
	last := blocks[len(blocks)-1]
	return blocks[0].base, last.base + last.len()
}

// At is the record with that number; false when there is none.
func (v *View) At(i int) (Record, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	b, at := locateIn(v.kept(), i)
	if b == nil {
		return Record{}, false
	}
	return b.c.record(at), true
}

// locateIn is the block of a number and the index in its chunk.
func locateIn(blocks []*block, i int) (*block, int) {
	k := sort.Search(len(blocks), func(k int) bool { return blocks[k].base > i }) - 1
	// Blocks without a selected record share their base with the next one.
	for k >= 0 && k < len(blocks) && blocks[k].len() == 0 {
		k--
	}
	if k < 0 || i < blocks[k].base || i-blocks[k].base >= blocks[k].len() {
		return nil, 0
	}
	return blocks[k], blocks[k].at(i - blocks[k].base)
}

// Counts are, for each term of the shown filter, how many of the kept records it
// is true of; 0 for terms switched off. Marks do not count.
func (v *View) Counts() []int64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.shown.filter == nil {
		return nil
	}
	counts := make([]int64, len(v.shown.filter.terms))
	for _, b := range v.kept() {
		for i, n := range b.counts {
			counts[i] += int64(n)
		}
	}
	return counts
}

// Find is the number of the next selected record from on (of the one before,
// going back) that matches m, from itself included.
func (v *View) Find(ctx context.Context, from int, back bool, m *match.Matcher) (int, bool) {
	return v.search(ctx, from, back, func(r *Record) bool { return m.Match(r.Text) })
}

// FindLevel is the number of the next selected record at the level or above, or
// of the one before.
func (v *View) FindLevel(from int, back bool, floor Level) (int, bool) {
	return v.search(context.Background(), from, back, func(r *Record) bool {
		return r.Mark == MarkNone && r.Level >= floor
	})
}

func (v *View) search(ctx context.Context, from int, back bool, good func(*Record) bool) (int, bool) {
	v.mu.RLock()
	blocks := slices.Clone(v.kept())
	lo, hi := bounds(blocks, v.shown.hi)
	v.mu.RUnlock()
	step := 1
	if back {
		step = -1
	}
	for i := min(max(from, lo-1), hi); ; i += step {
		if back && i < lo || !back && i >= hi {
			return 0, false
		}
		if i&1023 == 0 && ctx.Err() != nil {
			return 0, false
		}
		b, at := locateIn(blocks, i)
		if b == nil {
			continue
		}
		if r := b.c.record(at); good(&r) {
			return i, true
		}
	}
}

// Near is the number of the first selected record at the time or later, the last
// one's when there is none.
func (v *View) Near(t int64) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	blocks := v.kept()
	lo, hi := bounds(blocks, v.shown.hi)
	at := sort.Search(hi-lo, func(k int) bool {
		// Records without a time and late ones do not tell; the one before does.
		for i := lo + k; i >= max(lo, lo+k-1000); i-- {
			b, n := locateIn(blocks, i)
			if b == nil {
				return false
			}
			if m := &b.c.metas[n]; m.time != 0 && m.flags&flagLate == 0 {
				return m.time >= t
			}
		}
		return false
	})
	return max(min(lo+at, hi-1), lo)
}

// Context is up to n records before and n after the selected one with that
// number, selected or not, in the order of the store.
func (v *View) Context(i, n int) (before, after []Record) {
	r, ok := v.At(i)
	if !ok {
		return nil, nil
	}
	for k := n; k >= 1; k-- {
		if uint64(k) > r.Seq {
			continue
		}
		if o, ok := v.store.At(r.Seq - uint64(k)); ok {
			before = append(before, o)
		}
	}
	for k := 1; k <= n; k++ {
		o, ok := v.store.At(r.Seq + uint64(k))
		if !ok {
			break
		}
		after = append(after, o)
	}
	return before, after
}
