package kit

import "slices"

// Marked returns the marked rows in the order they were given.
func (t *Table[R]) Marked() []R {
	var rows []R
	for i := range t.all {
		if t.marks[t.keys[i]] {
			rows = append(rows, t.all[i])
		}
	}
	return rows
}

// ClearMarks takes all marks away.
func (t *Table[R]) ClearMarks() { t.marks, t.anchor = nil, "" }

func (t *Table[R]) mark(key string) {
	if t.marks == nil {
		t.marks = map[string]bool{}
	}
	if t.marks[key] {
		delete(t.marks, key)
	} else {
		t.marks[key] = true
	}
	t.anchor = key
}

// markRange marks the rows from the last mark to the cursor.
func (t *Table[R]) markRange() {
	from := slices.IndexFunc(t.view, func(i int) bool { return i != gone && t.keys[i] == t.anchor })
	if from < 0 {
		from = t.cursor
	}
	for n := min(from, t.cursor); n <= max(from, t.cursor) && n < len(t.view); n++ {
		if i := t.view[n]; i != gone {
			if key := t.keys[i]; !t.marks[key] {
				anchor := t.anchor
				t.mark(key)
				t.anchor = anchor
			}
		}
	}
}
