package logs

import (
	"math"
	"sync"
	"time"
)

// Defaults of a [MergerConfig].
const (
	// DefaultReorder is how long a record waits for older ones of other sources.
	DefaultReorder = 250 * time.Millisecond
	// DefaultPatience is how long a source that reads its past may be silent
	// before the others go on without it.
	DefaultPatience = 5 * time.Second
	// DefaultHeld bounds the texts held.
	DefaultHeld = 32 << 20
	// CopyWindow is how far apart the times of a line in the worker's log and of
	// its copy in the Python log may be.
	CopyWindow = 50 * time.Millisecond
)

// MergerConfig says how records are merged.
type MergerConfig struct {
	// Reorder is the window; 0 is DefaultReorder, negative is none.
	Reorder time.Duration
	// Patience is DefaultPatience when 0.
	Patience time.Duration
	// Held bounds the bytes held; 0 is DefaultHeld. Beyond it the oldest
	// records are given out before their time.
	Held int64
	// Source tells what a source is, for recognising copies; nil joins none.
	Source func(int32) Source
	// Arrival gives records out as they come, whatever their time.
	Arrival bool
	// Emit takes the merged records. It is called by Add, Advance, Leave and
	// Flush, one call at a time; it must neither keep the slice nor call the
	// merger.
	Emit func([]Record)
}

// MergeStats counts what a merger did.
type MergeStats struct {
	// Records were given out, Late of them too late for their place; Joined
	// were copies that became an origin of another record. Forced left the
	// window early because too much was held.
	Records, Late, Joined, Forced int64
	// Held are waiting, HeldBytes is what they take.
	Held, HeldBytes int64
}

// A Merger brings the records of many sources into one order: that of their
// times, then of their sources; the order within a source is never changed.
//
// A record is given out when no source can bring an older one any more (each
// has gone beyond it) or when it is older than the window, whichever is first;
// so a silent source holds the others for the window and no longer. Sources that
// are still reading their past ([Merger.Join] with past set) hold the others
// until they have caught up, bounded by Patience and by Held.
//
// A record without a time stands after the one before it. A time ahead of now is
// taken for now, and one behind the record before it in its file for that one's
// time; only the place is meant, Time itself stays. A record whose place has
// been passed is given out at once, marked Late.
//
// The same calls with the same times give the same order. Methods may be called
// by several goroutines.
type Merger struct {
	mu      sync.Mutex
	cfg     MergerConfig
	streams map[int32]*stream
	heap    []front // of the streams with records, by their first record
	out     []Record
	stats   MergeStats
	// passed is the place of the last record given out.
	passedKey    int64
	passedSource int32
	highest      int64 // time given out
	copies       copyIndex
}

// A stream holds the records of one source that wait.
type stream struct {
	source  int32
	queue   []held // a ring, its size a power of two
	head, n int
	popped  uint64 // how many left the queue, for naming places in it
	lastKey int64
	lastAt  int64
	bytes   int64
	past    bool
}

// held is a waiting record with its place in time.
type held struct {
	key  int64
	rec  Record
	gone bool // joined to another record
}

// A front is the first record of a stream: its place, kept beside each other for
// all streams.
type front struct {
	key    int64
	source int32
	s      *stream
}

func (a *front) less(b *front) bool {
	return a.key < b.key || a.key == b.key && a.source < b.source
}

const never = math.MinInt64

// NewMerger makes a merger; it starts nothing.
func NewMerger(cfg MergerConfig) *Merger {
	if cfg.Reorder == 0 {
		cfg.Reorder = DefaultReorder
	}
	cfg.Reorder = max(cfg.Reorder, 0)
	if cfg.Patience <= 0 {
		cfg.Patience = DefaultPatience
	}
	if cfg.Held <= 0 {
		cfg.Held = DefaultHeld
	}
	return &Merger{cfg: cfg, streams: map[int32]*stream{}, passedKey: never, highest: never}
}

// Join says that a source may bring records from now on. With past set it
// begins with its past, until [Merger.Live].
func (m *Merger) Join(source int32, past bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(source, now)
	s.past, s.lastAt = past, now.UnixNano()
	m.copies.joined(m.cfg.Source, source)
}

// Live says that a source has caught up with its present.
func (m *Merger) Live(source int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.streams[source]; s != nil {
		s.past = false
	}
}

// Leave says that a source brings nothing more.
func (m *Merger) Leave(source int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[source]
	if s == nil {
		return
	}
	// What it brought waits like everything else, but it holds nobody back.
	s.lastKey, s.past = math.MaxInt64, false
	m.copies.left(source)
}

// Ahead reports whether a source has brought so much that the others should be
// read first.
func (m *Merger) Ahead(source int32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[source]
	share := m.cfg.Held / int64(2*max(len(m.streams), 1))
	return s != nil && s.bytes > max(share, min(64<<10, m.cfg.Held/4))
}

// Stats are the counts by now.
func (m *Merger) Stats() MergeStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

func (m *Merger) stream(source int32, now time.Time) *stream {
	s := m.streams[source]
	if s == nil || s.lastKey == math.MaxInt64 && s.n == 0 {
		s = &stream{source: source, lastKey: never, lastAt: now.UnixNano()}
		m.streams[source] = s
	}
	return s
}

// Add takes records of one source, in their order.
func (m *Merger) Add(now time.Time, records ...Record) {
	if len(records) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cfg.Arrival {
		m.stats.Records += int64(len(records))
		m.cfg.Emit(records)
		return
	}
	at := now.UnixNano()
	s := m.stream(records[0].Source, now)
	s.lastAt = at
	for i := range records {
		r := &records[i]
		key := r.Time
		if key == 0 {
			key = s.lastKey
			if key == never || key == math.MaxInt64 {
				// It begins in the middle of a record: what comes next tells when.
				key = firstTime(records[i+1:], at)
			}
		}
		key = min(key, at)
		if s.lastKey != math.MaxInt64 {
			key = max(key, s.lastKey)
			s.lastKey = key
		}
		m.push(s, key, r)
	}
	if m.stats.HeldBytes > m.cfg.Held {
		m.force()
	}
}

// firstTime is the time of the first record that has one.
func firstTime(records []Record, otherwise int64) int64 {
	for i := range records {
		if records[i].Time != 0 {
			return records[i].Time
		}
	}
	return otherwise
}

// size is what a waiting record takes.
func size(r *Record) int64 { return int64(len(r.Text)) + 128 }

func (m *Merger) push(s *stream, key int64, r *Record) {
	if s.n == len(s.queue) {
		grown := make([]held, max(8, 2*len(s.queue)))
		for i := range s.n {
			grown[i] = s.queue[(s.head+i)&(len(s.queue)-1)]
		}
		s.queue, s.head = grown, 0
	}
	at := (s.head + s.n) & (len(s.queue) - 1)
	s.queue[at] = held{key: key, rec: *r}
	s.n++
	b := size(r)
	s.bytes += b
	m.stats.Held++
	m.stats.HeldBytes += b
	if s.n == 1 {
		m.heapPush(front{key, s.source, s})
	}
	m.join(s, &s.queue[at])
}

// Advance gives out what need not wait any longer.
func (m *Merger) Advance(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, source := m.watermark(now.UnixNano())
	m.drain(key, source)
	m.flushOut()
}

// Flush gives out everything.
func (m *Merger) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drain(math.MaxInt64, math.MaxInt32)
	m.flushOut()
}

// watermark is the last place that may be given out.
func (m *Merger) watermark(now int64) (key int64, source int32) {
	floor := now - int64(m.cfg.Reorder)
	key, source = math.MaxInt64, math.MaxInt32
	pastKey, pastSource := int64(math.MaxInt64), int32(math.MaxInt32)
	for id, s := range m.streams {
		if s.lastKey == math.MaxInt64 && s.n == 0 {
			delete(m.streams, id)
			continue
		}
		last := s.lastKey
		if last < key || last == key && s.source < source {
			key, source = last, s.source
		}
		if s.past && now-s.lastAt <= int64(m.cfg.Patience) && (last < pastKey || last == pastKey && s.source < pastSource) {
			pastKey, pastSource = last, s.source
		}
	}
	if m.copies.active() && key != math.MaxInt64 && key != never {
		key -= int64(CopyWindow) // a copy may still come
	}
	if floor > key {
		key, source = floor, math.MaxInt32
	}
	if pastKey < key || pastKey == key && pastSource < source {
		key, source = pastKey, pastSource
	}
	return key, source
}

// drain moves everything up to the place from the queues to out.
func (m *Merger) drain(key int64, source int32) {
	for len(m.heap) > 0 {
		first := &m.heap[0]
		if first.key > key || first.key == key && first.source > source {
			return
		}
		m.pop(first.s)
	}
}

// pop gives out the first record of s, which is at the top of the heap.
func (m *Merger) pop(s *stream) {
	h := &s.queue[s.head]
	b := size(&h.rec)
	s.bytes -= b
	m.stats.Held--
	m.stats.HeldBytes -= b
	if !h.gone {
		late := h.key < m.passedKey || h.key == m.passedKey && s.source < m.passedSource
		if late || h.rec.Time != 0 && m.highest != never && h.rec.Time < m.highest-int64(m.cfg.Reorder) {
			h.rec.Late = true
			m.stats.Late++
		}
		if !late {
			m.passedKey, m.passedSource = h.key, s.source
		}
		m.highest = max(m.highest, min(h.rec.Time, h.key))
		m.out = append(m.out, h.rec)
		if len(m.out) == cap(m.out) || len(m.out) >= 1024 {
			m.flushOut()
		}
	}
	*h = held{}
	s.head = (s.head + 1) & (len(s.queue) - 1)
	s.n--
	s.popped++
	if s.n == 0 {
		m.heapPop()
		if len(s.queue) > 64 {
			s.queue, s.head = nil, 0
		}
		return
	}
	m.heap[0].key = s.queue[s.head].key
	m.down()
}

// force makes room: the oldest records leave before their time.
func (m *Merger) force() {
	for m.stats.HeldBytes > m.cfg.Held*7/8 && len(m.heap) > 0 {
		m.stats.Forced++
		m.pop(m.heap[0].s)
	}
	m.flushOut()
}

func (m *Merger) flushOut() {
	if len(m.out) == 0 {
		if m.out == nil {
			m.out = make([]Record, 0, 1024)
		}
		return
	}
	m.stats.Records += int64(len(m.out))
	m.cfg.Emit(m.out)
	clear(m.out)
	m.out = m.out[:0]
}

func (m *Merger) heapPush(f front) {
	m.heap = append(m.heap, f)
	i := len(m.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !f.less(&m.heap[parent]) {
			break
		}
		m.heap[i] = m.heap[parent]
		i = parent
	}
	m.heap[i] = f
}

func (m *Merger) heapPop() {
	last := len(m.heap) - 1
	m.heap[0] = m.heap[last]
	m.heap[last] = front{}
	m.heap = m.heap[:last]
	if last > 0 {
		m.down()
	}
}

// down lets the first one sink to its place.
func (m *Merger) down() {
	h := m.heap
	f, i := h[0], 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].less(&h[child]) {
			child = right
		}
		if !h[child].less(&f) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = f
}
