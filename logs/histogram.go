package logs

import "slices"

// A Histogram counts records over time.
type Histogram struct {
	// From is when the first bucket begins, Step how long each one is, in
	// nanoseconds; 0 when there is no record with a time.
	From, Step int64
	Buckets    []Bucket
}

// A Bucket is a slice of time.
type Bucket struct {
	// All is every record, Warnings and Errors those at WARN and at ERROR or
	// above.
	All, Warnings, Errors int
}

// Histogram counts the selected records in that many slices of the time they
// span. Marks and records without a time do not count.
func (v *View) Histogram(buckets int) Histogram {
	v.mu.RLock()
	blocks := slices.Clone(v.kept())
	v.mu.RUnlock()
	if buckets < 1 {
		return Histogram{}
	}
	first, last := int64(0), int64(0)
	each(blocks, func(m *meta) {
		if first == 0 || m.time < first {
			first = m.time
		}
		last = max(last, m.time)
	})
	h := Histogram{From: first, Buckets: make([]Bucket, buckets)}
	if first == 0 {
		return h
	}
	h.Step = (last-first)/int64(buckets) + 1
	each(blocks, func(m *meta) {
		b := &h.Buckets[(m.time-first)/h.Step]
		b.All++
		switch {
		case m.level >= LevelError:
			b.Errors++
		case m.level == LevelWarn:
			b.Warnings++
		}
	})
	return h
}

// each calls fn with the selected records that have a time and are no marks.
func each(blocks []*block, fn func(*meta)) {
	for _, b := range blocks {
		for i := range b.len() {
			if m := &b.c.metas[b.at(i)]; m.mark == MarkNone && m.time != 0 {
				fn(m)
			}
		}
	}
}
