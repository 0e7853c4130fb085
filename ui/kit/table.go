package kit

import (
	"slices"
	"strings"
	"time"
)

// keepGone is how long a vanished row stays visible under the cursor.
const keepGone = 60 * time.Second

// Table shows rows in columns. Set the exported fields before the first
// [Table.SetRows]; Columns may change their titles later, but not their number
// or order.
//
// A row is ▸◆✕ and its cells: cursor, mark, level. The cursor and the marks
// belong to the row's key, not to its place.
type Table[R any] struct {
	Columns []Column[R]
	// Key is the row's identity, unique among the rows.
	Key func(r R) string
	// Level gives the glyph in the third cell; nil for none.
	Level func(r R) Level
	// Text is what a filter looks at; nil for the text of all cells.
	Text func(r R) string
	// Changed reports whether a row with the same key changed since the last
	// poll; it is bold until the next one. Nil for never.
	Changed func(was, is R) bool
	// Extra gives lines that stand below the row and belong to it, for a width
	// in cells; nil for none. They begin after the gutter.
	Extra func(r R, w int) []Line
	// Order is the order at the start; without Less the rows stay as they were
	// given.
	Order Order[R]
	// Empty is shown in place of the rows when there are none.
	Empty Line
	// NoMatch is shown when the filter hides every row; nil for a sentence.
	NoMatch func(filter string) Line
	// NoCursor makes the rows unselectable, as for a short list of facts.
	NoCursor bool
	// NoTitles leaves the row of column titles out.
	NoTitles bool
	// Keys are the keys Update answers.
	Keys KeyMap

	all     []R
	keys    []string       // of all
	index   map[string]int // key to place in all
	changed []bool
	marks   map[string]bool
	anchor  string // where the last mark was set
	pinned  string

	order  []int // places in all, sorted
	view   []int // the part of order that is shown; gone for the vanished row
	cursor int   // place in view
	key    string
	ghost  ghost[R]

	sort   int // column, or -1 for Order
	invert bool
	filter filter
	typed  string
	prompt *Prompt // while a filter is typed

	away   bool // another section has the cursor
	wide   bool
	skip   int // columns scrolled away to the left
	top    int // first line shown
	height int // of the rows, at the last Draw
	drawnW int // cells, at the last Draw; 0 before the first
	first  int // row drawn, at the last Draw
	end    int // row after the last one drawn
	hidden int // columns, at the last layout

	widths map[int]int // of columns that fit, for the present rows
	ends   []int       // last line + 1 of each row of view, where there are Extra lines
	endsW  int
}

// ghost is the row that vanished under the cursor.
type ghost[R any] struct {
	on    bool
	row   R
	since time.Time
}

// gone is the ghost's place in all.
const gone = -1

// NewTable returns a table of the columns with the default keys. Key gives a
// row's identity.
func NewTable[R any](key func(R) string, columns ...Column[R]) *Table[R] {
	return &Table[R]{Columns: columns, Key: key, Keys: DefaultKeys(), sort: -1}
}

// SetRows replaces the rows, as after a poll at the time now. The table keeps
// the slice and does not change it.
func (t *Table[R]) SetRows(rows []R, now time.Time) {
	was, old := t.index, t.all
	keys := make([]string, len(rows))
	for i := range rows {
		keys[i] = t.Key(rows[i])
	}
	// Polls mostly bring the same rows again: then the index holds, and the
	// order is nearly right.
	same := len(keys) > 0 && slices.Equal(keys, t.keys)
	t.all, t.keys = rows, keys
	if !same {
		t.index = make(map[string]int, len(rows))
		t.order = make([]int, len(rows))
		for i, key := range keys {
			t.index[key] = i
			t.order[i] = i
		}
	}
	t.changed = nil
	if t.Changed != nil && len(old) > 0 {
		t.changed = make([]bool, len(rows))
		for i := range rows {
			j, ok := i, same
			if !same {
				j, ok = was[keys[i]]
			}
			t.changed[i] = ok && t.Changed(old[j], rows[i])
		}
	}
	for key := range t.marks {
		if _, ok := t.index[key]; !ok {
			delete(t.marks, key)
		}
	}
	if _, here := t.index[t.key]; here {
		t.ghost = ghost[R]{}
	} else if j, ok := was[t.key]; ok && !t.ghost.on && !t.NoCursor && !t.away {
		t.ghost = ghost[R]{on: true, row: old[j], since: now}
	}
	if t.ghost.on && now.Sub(t.ghost.since) > keepGone {
		t.ghost = ghost[R]{}
	}
	t.sortRows()
	t.arrange()
}

// arrange computes the view anew from order and filter, and puts the cursor back
// on its row.
func (t *Table[R]) arrange() {
	t.widths, t.ends = nil, nil
	at := t.cursor
	t.view = t.view[:0]
	for _, i := range t.order {
		if t.keeps(t.all[i]) {
			t.view = append(t.view, i)
		}
	}
	if i, ok := t.index[t.pinned]; ok && t.pinned != "" {
		if n := slices.Index(t.view, i); n > 0 {
			copy(t.view[1:n+1], t.view[:n])
			t.view[0] = i
		}
	}
	if t.ghost.on {
		at = min(at, len(t.view))
		t.view = slices.Insert(t.view, at, gone)
		t.cursor = at
		return
	}
	if i, ok := t.index[t.key]; ok {
		if n := slices.Index(t.view, i); n >= 0 {
			t.cursor = n
			return
		}
	}
	t.cursor = max(min(at, len(t.view)-1), 0)
	t.remember()
}

// remember takes the identity of the row under the cursor.
func (t *Table[R]) remember() {
	t.key = ""
	if t.cursor < len(t.view) {
		if i := t.view[t.cursor]; i != gone {
			t.key = t.keys[i]
		}
	}
}

func (t *Table[R]) keeps(r R) bool {
	if !t.filter.active() {
		return true
	}
	return t.filter.keeps(t.level(r), func() string { return t.text(r) })
}

func (t *Table[R]) level(r R) Level {
	if t.Level == nil {
		return LevelNone
	}
	return t.Level(r)
}

func (t *Table[R]) text(r R) string {
	if t.Text != nil {
		return t.Text(r)
	}
	var b strings.Builder
	for i := range t.Columns {
		b.WriteString(t.Columns[i].Cell(r).Plain())
		b.WriteByte(' ')
	}
	return b.String()
}

// Rows returns how many rows are shown and how many there are.
func (t *Table[R]) Rows() (shown, all int) {
	shown = len(t.view)
	if t.ghost.on {
		shown--
	}
	return shown, len(t.all)
}

// Position returns the place of the cursor, counted from 1, and the number of
// rows shown: row 2/4. Both are 0 without rows.
func (t *Table[R]) Position() (row, of int) {
	if len(t.view) == 0 || t.NoCursor {
		return 0, len(t.view)
	}
	return t.cursor + 1, len(t.view)
}

// Selected returns the row under the cursor. It is false without rows, and for
// a row that has vanished.
func (t *Table[R]) Selected() (R, bool) {
	var none R
	if t.NoCursor || t.cursor >= len(t.view) || t.view[t.cursor] == gone {
		return none, false
	}
	return t.all[t.view[t.cursor]], true
}

// Select puts the cursor on the row with the key and reports whether it is
// shown. A row that comes with a later SetRows gets the cursor then.
func (t *Table[R]) Select(key string) bool {
	t.ghost = ghost[R]{}
	t.key = key
	t.arrange()
	i, ok := t.index[key]
	if !ok || t.cursor >= len(t.view) || t.view[t.cursor] != i {
		// Wait for the row, should it come.
		t.key = key
		return false
	}
	return true
}

// MoveTo puts the cursor on the i-th row shown, counted from 0, or the nearest
// there is.
func (t *Table[R]) MoveTo(i int) {
	if t.ghost.on && i != t.cursor {
		if i > t.cursor {
			i--
		}
		t.ghost = ghost[R]{}
		t.cursor, t.key = i, ""
		t.arrange()
		return
	}
	t.cursor = max(min(i, len(t.view)-1), 0)
	t.remember()
}

// Filter returns what the operator filters by, as typed.
func (t *Table[R]) Filter() string { return t.typed }

// SetFilter shows only rows that match: a text, !text, ~letters, @warn.
func (t *Table[R]) SetFilter(s string) {
	t.typed, t.filter = s, parseFilter(s)
	t.arrange()
}

// SetWide lifts the limit on columns: none is hidden and ← → scroll sideways,
// the first column staying.
func (t *Table[R]) SetWide(on bool) {
	if t.wide != on {
		t.wide, t.skip = on, 0
	}
}

// HiddenColumns returns how many columns did not fit at the last Draw.
func (t *Table[R]) HiddenColumns() int { return t.hidden }

// ToggleColumn shows or hides the column with the title.
func (t *Table[R]) ToggleColumn(title string) {
	for i := range t.Columns {
		if t.Columns[i].Title == title {
			t.Columns[i].Hidden = !t.Columns[i].Hidden
		}
	}
}
