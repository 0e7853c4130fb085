package logs

import (
	"sort"
	"sync"
	"sync/atomic"
	"unsafe"
)

// DefaultBudget is how many bytes a [Store] keeps unless told otherwise.
const DefaultBudget = 256 << 20

// chunkRecords is how many records a chunk holds at most.
const chunkRecords = 1024

// StoreConfig bounds a [Store].
type StoreConfig struct {
	// Budget is in bytes and counts everything the records take; 0 is
	// DefaultBudget. Less than 1 MiB is taken for that.
	Budget int64
}

// A Store keeps the newest records within a budget of bytes. What it drops, the
// oldest first, it counts for every source.
//
// One goroutine at a time calls Append; everything else may be called by any
// number of goroutines meanwhile and copies no text. Records once returned stay
// readable after they were dropped.
type Store struct {
	budget int64
	// chunks is replaced, never changed: readers load it once.
	chunks  atomic.Pointer[[]*chunk]
	bytes   atomic.Int64
	changed chan struct{}

	mu      sync.RWMutex // of what follows
	sources []Source
	gone    []drops // by source
	all     drops
	seen    []int64 // records appended, by source
	views   map[*View]struct{}
}

// drops counts what was dropped.
type drops struct{ records, bytes int64 }

// meta is a record without its text.
type meta struct {
	time, offset, missing int64
	from, to              uint32
	source, lines         int32
	level                 Level
	mark                  Mark
	flags                 uint8
}

const (
	flagLate = 1 << iota
	flagCut
	flagAgain
	flagOrigins
)

// A chunk is up to 1,024 records with their texts in one piece, each followed by
// a line feed. Only the newest one grows, and what n tells of is never changed.
type chunk struct {
	first   uint64
	n       atomic.Int32
	metas   []meta
	text    []byte // of fixed length; used to used, which only the writer knows
	used    int
	origins sync.Map
	cost    int64
}

// chunkOverhead is what a chunk takes besides its records and texts: the struct
// and its places in lists.
const chunkOverhead = int64(unsafe.Sizeof(chunk{})) + 64

// NewStore makes an empty store.
func NewStore(cfg StoreConfig) *Store {
	if cfg.Budget == 0 {
		cfg.Budget = DefaultBudget
	}
	s := &Store{budget: max(cfg.Budget, 1<<20), changed: make(chan struct{}, 1), views: map[*View]struct{}{}}
	s.chunks.Store(&[]*chunk{})
	return s
}

// AddSource makes a source known and returns the index for its records. The
// same key gives the same index.
func (s *Store) AddSource(src Source) int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sources {
		if s.sources[i].Key() == src.Key() {
			s.sources[i] = src
			return int32(i)
		}
	}
	s.sources = append(s.sources, src)
	s.gone = append(s.gone, drops{})
	s.seen = append(s.seen, 0)
	return int32(len(s.sources) - 1)
}

// Source is the source with that index, the zero value for an unknown one.
func (s *Store) Source(i int32) Source {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i < 0 || int(i) >= len(s.sources) {
		return Source{}
	}
	return s.sources[i]
}

// Sources are all of them, by index.
func (s *Store) Sources() []Source {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Source(nil), s.sources...)
}

// Append adds records in this order. Texts are copied.
func (s *Store) Append(records []Record) {
	if len(records) == 0 {
		return
	}
	list := *s.chunks.Load()
	var last *chunk
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	for i := range records {
		r := &records[i]
		if last == nil || !last.fits(r) {
			last = s.grow(list, r)
			list = *s.chunks.Load()
		}
		s.bytes.Add(last.add(r))
	}
	s.count(records)
	s.shrink()
	wake(s.changed)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for v := range s.views {
		wake(v.wake)
	}
}

// wake says that something changed; a reader that has not looked yet will see
// this change too.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// grow begins a chunk whose text has room for r and, going by the chunk before
// it, for 1,024 records.
func (s *Store) grow(list []*chunk, r *Record) *chunk {
	room, first := 64<<10, uint64(0)
	if len(list) > 0 {
		last := list[len(list)-1]
		n := int(last.n.Load())
		first = last.first + uint64(n)
		room = last.used / max(n, 1) * chunkRecords * 17 / 16
	}
	room = min(max(room, 16<<10), 1<<20, int(s.budget/16))
	room = max(room, len(r.Text)+1)
	c := &chunk{first: first, metas: make([]meta, chunkRecords), text: make([]byte, room)}
	c.cost = chunkOverhead + int64(len(c.metas))*int64(unsafe.Sizeof(meta{})) + int64(len(c.text))
	next := append(append(make([]*chunk, 0, len(list)+1), list...), c)
	s.bytes.Add(c.cost)
	s.chunks.Store(&next)
	return c
}

// shrink drops chunks until the budget is kept. The newest stays.
func (s *Store) shrink() {
	list := *s.chunks.Load()
	if s.bytes.Load() <= s.budget || len(list) < 2 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	drop := 0
	for s.bytes.Load() > s.budget && drop < len(list)-1 {
		c := list[drop]
		for i := range int(c.n.Load()) {
			m := &c.metas[i]
			size := int64(m.to - m.from)
			if int(m.source) < len(s.gone) && m.source >= 0 {
				s.gone[m.source].records++
				s.gone[m.source].bytes += size
			}
			s.all.records++
			s.all.bytes += size
		}
		s.bytes.Add(-c.cost)
		drop++
	}
	next := append([]*chunk(nil), list[drop:]...)
	s.chunks.Store(&next)
}

func (s *Store) count(records []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range records {
		if src := records[i].Source; src >= 0 && int(src) < len(s.seen) {
			s.seen[src]++
		}
	}
}

func (c *chunk) fits(r *Record) bool {
	return int(c.n.Load()) < len(c.metas) && len(c.text)-c.used > len(r.Text)
}

// add takes a record and returns what it costs beyond the chunk's own cost.
func (c *chunk) add(r *Record) int64 {
	i := c.n.Load()
	from := c.used
	to := from + copy(c.text[from:], r.Text)
	c.text[to] = '\n'
	c.used = to + 1
	m := &c.metas[i]
	*m = meta{
		time: r.Time, offset: r.Offset, missing: r.Missing, from: uint32(from), to: uint32(to),
		source: r.Source, lines: r.Lines, level: r.Level, mark: r.Mark,
	}
	if r.Late {
		m.flags |= flagLate
	}
	if r.Cut {
		m.flags |= flagCut
	}
	if r.Again {
		m.flags |= flagAgain
	}
	extra := int64(0)
	if len(r.Origins) > 0 {
		m.flags |= flagOrigins
		origins := append([]Origin(nil), r.Origins...)
		c.origins.Store(i, origins)
		extra = int64(len(origins))*int64(unsafe.Sizeof(Origin{})) + 128
		c.cost += extra
	}
	c.n.Store(i + 1)
	return extra
}

// record is the i-th record of the chunk; i is below n.
func (c *chunk) record(i int) Record {
	m := &c.metas[i]
	r := Record{
		Seq: c.first + uint64(i), Time: m.time, Offset: m.offset, Missing: m.missing,
		Source: m.source, Lines: m.lines, Level: m.level, Mark: m.mark,
		Late: m.flags&flagLate != 0, Cut: m.flags&flagCut != 0, Again: m.flags&flagAgain != 0,
		Text: c.text[m.from:m.to:m.to],
	}
	if m.flags&flagOrigins != 0 {
		if o, ok := c.origins.Load(int32(i)); ok {
			r.Origins = o.([]Origin)
		}
	}
	return r
}

// Range is the sequence numbers kept, [lo, hi).
func (s *Store) Range() (lo, hi uint64) {
	list := *s.chunks.Load()
	if len(list) == 0 {
		return 0, 0
	}
	last := list[len(list)-1]
	return list[0].first, last.first + uint64(last.n.Load())
}

// At is the record with that number; false when it was dropped or is not there
// yet.
func (s *Store) At(seq uint64) (Record, bool) {
	c, i := find(*s.chunks.Load(), seq)
	if c == nil {
		return Record{}, false
	}
	return c.record(i), true
}

// find is the chunk of a record and its index there.
func find(list []*chunk, seq uint64) (*chunk, int) {
	k := sort.Search(len(list), func(k int) bool { return list[k].first > seq }) - 1
	if k < 0 {
		return nil, 0
	}
	i := seq - list[k].first
	if i >= uint64(list[k].n.Load()) {
		return nil, 0
	}
	return list[k], int(i)
}

// Dropped is how many records were dropped, and their texts' bytes.
func (s *Store) Dropped() (records, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.all.records, s.all.bytes
}

// DroppedOf is the same for one source.
func (s *Store) DroppedOf(source int32) (records, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if source < 0 || int(source) >= len(s.gone) {
		return 0, 0
	}
	return s.gone[source].records, s.gone[source].bytes
}

// SeenOf is how many records of a source were appended.
func (s *Store) SeenOf(source int32) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if source < 0 || int(source) >= len(s.seen) {
		return 0
	}
	return s.seen[source]
}

// Bytes is what the records take, everything counted; Budget is its bound.
func (s *Store) Bytes() int64 { return s.bytes.Load() }

// Budget is what Bytes may reach.
func (s *Store) Budget() int64 { return s.budget }

// Changed is signalled, at most once ahead, when records were appended. It is
// for one reader; views have their own.
func (s *Store) Changed() <-chan struct{} { return s.changed }
