package logs

import (
	"bytes"
	"hash/maphash"
)

// copyIndex finds, among the records that wait, the two copies of one line that
// a Python component wrote both to its own file and, through ShellLog, to the
// worker's log.
type copyIndex struct {
	python  map[int32]Source // files of Python components
	worker  map[int32]Source // workers' logs
	seed    maphash.Seed
	waiting map[uint64][]waitingCopy
	entries int
	limit   int // of entries before those given out are forgotten
}

// waitingCopy names a record in a queue.
type waitingCopy struct {
	s     *stream
	place uint64
}

func (c *copyIndex) joined(of func(int32) Source, source int32) {
	if of == nil {
		return
	}
	if c.python == nil {
		c.python, c.worker = map[int32]Source{}, map[int32]Source{}
		c.seed, c.waiting = maphash.MakeSeed(), map[uint64][]waitingCopy{}
	}
	src := of(source)
	switch src.Kind {
	case KindPython:
		c.python[source] = src
	case KindWorker:
		c.worker[source] = src
	default:
	}
}

func (c *copyIndex) left(source int32) {
	delete(c.python, source)
	delete(c.worker, source)
}

// active reports whether copies can occur.
func (c *copyIndex) active() bool { return len(c.python) > 0 && len(c.worker) > 0 }

// A pythonLine is what a line must have in common with its copy.
type pythonLine struct {
	host      string
	pid       int
	component string
	level     Level
	// stamp is the time as Python wrote it, empty when only Storm wrote one.
	stamp []byte
	// text is the message and the lines after it.
	text []byte
}

// pythonLine takes a record for a copy apart.
func (c *copyIndex) pythonLine(r *Record) (pythonLine, bool) {
	if r.Mark != MarkNone || r.Cut || len(r.Origins) > 0 {
		return pythonLine{}, false
	}
	if src, ok := c.python[r.Source]; ok {
		f := r.Fields().With(src)
		if f.Stamp == (Span{}) {
			return pythonLine{}, false
		}
		return pythonLine{src.Host, f.PID, f.Component, r.Level, f.Stamp.of(r.Text), f.Body.of(r.Text)}, true
	}
	src, ok := c.worker[r.Source]
	if !ok || !bytes.Contains(r.Text[:min(len(r.Text), 512)], shellLog) {
		return pythonLine{}, false
	}
	f := r.Fields()
	if !f.Shell {
		return pythonLine{}, false
	}
	p := pythonLine{src.Host, f.PID, f.Component, r.Level, nil, f.Body.of(r.Text)}
	clock := clockReader{zone: utcZone}
	if s, ok := clock.at(p.text, 0); ok {
		// The component's own format stands inside the text.
		inner := Record{Text: p.text}
		i := inner.Fields()
		p.stamp, p.text = p.text[s.from:s.to], p.text[i.Body.From:]
	}
	return p, true
}

// same reports whether two lines are copies of one: from the same process, with
// the same text, the same time where both have Python's, and the same level.
func (p pythonLine) same(q pythonLine) bool {
	if p.host != q.host || p.level != q.level || !bytes.Equal(p.text, q.text) {
		return false
	}
	if p.pid != 0 && q.pid != 0 {
		if p.pid != q.pid {
			return false
		}
	} else if p.component == "" || p.component != q.component {
		return false
	}
	return len(p.stamp) == 0 || len(q.stamp) == 0 || bytes.Equal(p.stamp, q.stamp)
}

// join looks for the copy of a record that was just queued. One of the two stays
// where it is, the one that stands first, and tells of the other as an origin.
func (m *Merger) join(s *stream, h *held) {
	c := &m.copies
	if !c.active() {
		return
	}
	line, ok := c.pythonLine(&h.rec)
	if !ok || len(line.text) == 0 {
		return
	}
	_, fromPython := c.python[s.source]
	hash := maphash.Bytes(c.seed, line.text)
	if c.entries > c.limit {
		c.sweep()
		c.limit = max(1<<14, 2*c.entries)
	}
	list := c.waiting[hash]
	kept := list[:0]
	for i, w := range list {
		other := w.held()
		if other == nil || other.gone {
			c.entries--
			continue
		}
		_, otherPython := c.python[w.s.source]
		if gap := h.key - other.key; fromPython != otherPython && gap >= -int64(CopyWindow) && gap <= int64(CopyWindow) {
			if l, ok := c.pythonLine(&other.rec); ok && l.same(line) {
				first, second := other, h
				if h.key < other.key || h.key == other.key && s.source < w.s.source {
					first, second = h, other
				}
				second.gone = true
				first.rec.Origins = append(first.rec.Origins, Origin{Source: second.rec.Source, Offset: second.rec.Offset})
				m.stats.Joined++
				c.entries--
				kept = append(kept, list[i+1:]...)
				c.store(hash, kept)
				return
			}
		}
		kept = append(kept, w)
	}
	c.entries++
	c.waiting[hash] = append(kept, waitingCopy{s, s.popped + uint64(s.n) - 1})
}

func (c *copyIndex) store(hash uint64, list []waitingCopy) {
	if len(list) == 0 {
		delete(c.waiting, hash)
		return
	}
	c.waiting[hash] = list
}

// held is the record named, nil when it has been given out.
func (w waitingCopy) held() *held {
	if w.place < w.s.popped {
		return nil
	}
	i := int(w.place - w.s.popped)
	return &w.s.queue[(w.s.head+i)&(len(w.s.queue)-1)]
}

// sweep forgets the records that have been given out.
func (c *copyIndex) sweep() {
	c.entries = 0
	for hash, list := range c.waiting {
		kept := list[:0]
		for _, w := range list {
			if h := w.held(); h != nil && !h.gone {
				kept = append(kept, w)
			}
		}
		c.entries += len(kept)
		c.store(hash, kept)
	}
}
