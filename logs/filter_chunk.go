package logs

import "math/bits"

// Chunks are filtered as a whole: each pattern is searched in the texts of all
// its records at once, and the terms are then combined as sets of records.

// A selection is a set of records of a chunk.
type selection [chunkRecords / 64]uint64

func (s *selection) set(i int) { s[i>>6] |= 1 << (i & 63) }

func (s *selection) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// between is the set of the records from lo up to hi.
func between(lo, hi int) (s selection) {
	for i := lo; i < hi; {
		if i&63 == 0 && hi-i >= 64 {
			s[i>>6] = ^uint64(0)
			i += 64
			continue
		}
		s.set(i)
		i++
	}
	return s
}

// look looks at the records of the block's chunk up to n that have not been
// looked at.
func (f *Filter) look(b *block, n int, of SourceOf) {
	if f.Empty() {
		b.all, b.looked = true, n
		return
	}
	if b.counts == nil {
		b.counts = make([]int32, len(f.terms))
	}
	lo := b.looked
	b.looked = n
	if lo >= n {
		return
	}
	marks := f.marks(b.c, lo, n)
	chosen, included, excluded := between(lo, n), selection{}, selection{}
	for k := range f.terms {
		t := &f.terms[k]
		if t.Off {
			continue
		}
		is := f.where(k, b.c, lo, n, of)
		for w := range is {
			is[w] &^= marks[w]
		}
		b.counts[k] += int32(is.len())
		for w := range is {
			switch {
			case t.Kind == Include:
				included[w] |= is[w]
			case t.Kind == Exclude:
				excluded[w] |= is[w]
			case t.Not:
				chosen[w] &^= is[w]
			default:
				chosen[w] &= is[w]
			}
		}
	}
	for w := range chosen {
		if f.includes > 0 {
			chosen[w] &= included[w]
		}
		chosen[w] = chosen[w]&^excluded[w] | marks[w]
		for left := chosen[w]; left != 0; left &= left - 1 {
			b.hits = append(b.hits, uint16(w<<6+bits.TrailingZeros64(left)))
		}
	}
}

// marks is which of the records are marks.
func (f *Filter) marks(c *chunk, lo, n int) (s selection) {
	for i := lo; i < n; i++ {
		if c.metas[i].mark != MarkNone {
			s.set(i)
		}
	}
	return s
}

// where is the records that the k-th term is true of.
func (f *Filter) where(k int, c *chunk, lo, n int, of SourceOf) (s selection) {
	t := &f.terms[k]
	switch t.Kind {
	case Include, Exclude:
		// The texts follow each other, each with a line feed behind it.
		base, i := int(c.metas[lo].from), lo
		f.matchers[k].Scan(c.text[base:c.metas[n-1].to+1], func(_ []byte, at int) bool {
			for int(c.metas[i].to) < base+at {
				i++
			}
			s.set(i)
			return true
		})
	case LevelFloor:
		for i := lo; i < n; i++ {
			if c.metas[i].level.floor() >= t.Level {
				s.set(i)
			}
		}
	case TimeRange:
		for i := lo; i < n; i++ {
			if t.during(c.metas[i].time) {
				s.set(i)
			}
		}
	case SourceIs, FieldIs:
		for i := lo; i < n; i++ {
			if r := c.record(i); f.term(k, &r, of) {
				s.set(i)
			}
		}
	}
	return s
}
