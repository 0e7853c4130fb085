package kit

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
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

// Order is an order that is no column's.
type Order[R any] struct {
	Name string
	Less func(a, b R) int
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

// sortRows sorts by the order in effect, rows that are equal in it by key.
func (t *Table[R]) sortRows() {
	less, down := t.Order.Less, false
	if t.sort >= 0 {
		less, down = t.Columns[t.sort].Less, t.Columns[t.sort].Desc
	}
	if less == nil {
		slices.Sort(t.order)
		return
	}
	slices.SortFunc(t.order, func(i, j int) int {
		c := less(t.all[i], t.all[j])
		if down != t.invert && c > -last && c < last {
			c = -c
		}
		if c == 0 {
			c = Natural(t.keys[i], t.keys[j])
		}
		return c
	})
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

// Filter returns what the operator filters by, as typed.
func (t *Table[R]) Filter() string { return t.typed }

// SetFilter shows only rows that match: a text, !text, ~letters, @warn.
func (t *Table[R]) SetFilter(s string) {
	t.typed, t.filter = s, parseFilter(s)
	t.arrange()
}

// SortBy sorts by the column with the title, or by Order for its name or "". It
// reports whether there is such an order.
func (t *Table[R]) SortBy(title string, invert bool) bool {
	if title == "" || title == t.Order.Name {
		t.sort, t.invert = -1, invert
		t.sortRows()
		t.arrange()
		return true
	}
	for i := range t.Columns {
		if t.Columns[i].Title == title && t.Columns[i].Less != nil {
			t.sort, t.invert = i, invert
			t.sortRows()
			t.arrange()
			return true
		}
	}
	return false
}

// SortName returns the order in effect, such as "CAPMAX ▾".
func (t *Table[R]) SortName(g theme.Glyphs) string {
	name, down := t.Order.Name, true
	if t.sort >= 0 {
		name, down = strings.TrimSpace(t.Columns[t.sort].Title), t.Columns[t.sort].Desc
	}
	if name == "" {
		return ""
	}
	if down != t.invert {
		return name + " " + g.SortDown
	}
	return name + " " + g.SortUp
}

// Orders returns the names of all orders, Order first, and which one is in
// effect.
func (t *Table[R]) Orders() (names []string, current int) {
	names = append(names, t.Order.Name)
	for i := range t.Columns {
		if t.Columns[i].Less != nil {
			if i == t.sort {
				current = len(names)
			}
			names = append(names, t.Columns[i].Title)
		}
	}
	return names, current
}

// stepSort goes to the next or previous order.
func (t *Table[R]) stepSort(step int) {
	names, at := t.Orders()
	at += step
	if at < 0 || at >= len(names) {
		return
	}
	t.SortBy(names[at], false)
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

// columnWidth returns the widest cell of a column among the rows shown.
func (t *Table[R]) columnWidth(col int) int {
	if w, ok := t.widths[col]; ok {
		return w
	}
	w := 0
	for _, i := range t.view {
		if i != gone {
			w = max(w, t.Columns[col].Cell(t.all[i]).Width())
		}
	}
	if t.widths == nil {
		t.widths = map[int]int{}
	}
	t.widths[col] = w
	return w
}

// lineOf returns the first line of the i-th row shown, counted from the first
// row; with i = len(view) the number of lines.
func (t *Table[R]) lineOf(i, w int) int {
	if t.Extra == nil {
		return i
	}
	if t.ends == nil || t.endsW != w {
		t.ends, t.endsW = make([]int, len(t.view)), w
		n := 0
		for j, r := range t.view {
			n++
			if r != gone {
				n += len(t.Extra(t.all[r], w-gutter))
			}
			t.ends[j] = n
		}
	}
	if i == 0 || len(t.ends) == 0 {
		return 0
	}
	return t.ends[min(i, len(t.ends))-1]
}

// rowAt returns the row shown that line belongs to.
func (t *Table[R]) rowAt(line, w int) int {
	if t.Extra == nil {
		return line
	}
	t.lineOf(len(t.view), w)
	n, exact := slices.BinarySearch(t.ends, line)
	if exact {
		n++
	}
	return n
}

// Draw draws titles and rows in exactly p.H rows of p.W cells. While a filter
// is typed, the last row shows it.
func (t *Table[R]) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	if t.prompt != nil && p.H > 1 {
		return append(t.draw(p.Sized(p.W, p.H-1)), t.drawPrompt(p))
	}
	return t.draw(p)
}

// draw draws without the prompt.
func (t *Table[R]) draw(p Paint) []string {
	head := t.headLines()
	rows := make([]string, 0, p.H)
	if head > 0 {
		rows = append(rows, t.lines(p, 0, 1, true)...)
	}
	t.height = max(p.H-head, 1)
	total := t.lineOf(len(t.view), p.W)
	t.top = scroll(t.top, t.height, total, t.lineOf(t.cursor, p.W), t.lineOf(t.cursor+1, p.W))
	rows = append(rows, t.lines(p, head+t.top, t.height, true)...)
	return p.Fill(rows)
}

// scroll returns the first line to show of total lines in h rows so that the
// lines from..to are visible, moving as little as possible.
func scroll(top, h, total, from, to int) int {
	if to > top+h {
		top = to - h
	}
	if from < top {
		top = from
	}
	return max(min(top, total-h), 0)
}

func (t *Table[R]) headLines() int {
	if len(t.view) == 0 || t.NoTitles {
		return 0
	}
	return 1
}

// lines paints n lines from the given one on, the titles being line 0.
func (t *Table[R]) lines(p Paint, from, n int, focus bool) []string {
	places, hidden := layout(t.Columns, p.W, t.wide, t.skip, t.columnWidth)
	t.hidden, t.drawnW, t.first, t.end = hidden, p.W, 0, 0
	if len(t.view) == 0 {
		if from > 0 || n < 1 {
			return nil
		}
		return []string{p.Row(t.nothing())}
	}
	rows := make([]string, 0, n)
	head := t.headLines()
	if from < head && n > 0 {
		rows = append(rows, p.Row(t.titles(places)))
	}
	line := max(from-head, 0)
	t.first = t.rowAt(line, p.W)
	for i := t.first; i < len(t.view) && len(rows) < n; i++ {
		t.end = i + 1
		at := t.lineOf(i, p.W)
		style := t.rowStyle(p, i, focus)
		if at >= line {
			rows = append(rows, p.Styled(t.row(p, places, i, focus), style))
		}
		if t.Extra == nil || t.view[i] == gone {
			continue
		}
		for k, extra := range t.Extra(t.all[t.view[i]], p.W-gutter) {
			if at+1+k >= line && len(rows) < n {
				rows = append(rows, p.Styled(Cat(Line{pad(gutter)}, extra), style&^(RowCursor|RowBold)))
			}
		}
	}
	return rows
}

// nothing is the sentence in place of the rows.
func (t *Table[R]) nothing() Line {
	sentence := t.Empty
	if len(t.all) > 0 {
		if t.NoMatch != nil {
			sentence = t.NoMatch(t.typed)
		} else {
			sentence = S(theme.Dim, "No row matches ").Add(theme.Text, strconv.Quote(safetext.Clean(t.typed))).
				Add(theme.Dim, ". esc clears the filter.")
		}
	}
	return Cat(Line{pad(gutter - 1)}, sentence)
}

func (t *Table[R]) titles(places []place) Line {
	l := make(Line, 0, 2*len(places)+1)
	l = append(l, pad(gutter))
	for _, pl := range places {
		c := &t.Columns[pl.col]
		title := Span{Text: c.Title, Tok: theme.Dim}
		if pl.col == t.sort {
			title.Tok = theme.Accent
		}
		l = append(l, pad(pl.gap))
		l = put(l, Line{title}, pl.w, c.Align, true)
	}
	return l
}

func (t *Table[R]) rowStyle(p Paint, i int, focus bool) RowStyle {
	var style RowStyle
	if i == t.cursor && focus && !p.Blur && !t.NoCursor {
		style |= RowCursor
	}
	switch r := t.view[i]; {
	case r == gone || p.Stale:
		style |= RowDim
	case t.changed != nil && t.changed[r]:
		style |= RowBold
	}
	return style
}

func (t *Table[R]) row(p Paint, places []place, i int, focus bool) Line {
	g := p.Theme.Glyphs
	r, isGone := t.ghost.row, t.view[i] == gone
	if !isGone {
		r = t.all[t.view[i]]
	}
	l := make(Line, 0, 3*len(places)+4)
	at, mark := pad(1), pad(1)
	if i == t.cursor && focus && !t.NoCursor {
		at = Span{Text: g.Cursor, Tok: theme.Accent}
	}
	if !isGone && len(t.marks) > 0 && t.marks[t.Key(r)] {
		mark = Span{Text: g.Mark, Tok: theme.Mark}
	}
	l = append(l, at, mark, t.level(r).Span(g), pad(1))
	for _, pl := range places {
		c := &t.Columns[pl.col]
		l = append(l, pad(pl.gap))
		l = put(l, t.filter.mark(c.Cell(r)), pl.w, c.Align, !c.CutEnd)
	}
	if isGone {
		return Apart(l, T(" gone "+human.Age(p.Now.Sub(t.ghost.since))+" "), p.W)
	}
	return l
}

// put appends a cell in exactly w cells.
func put(l, cell Line, w int, align Align, middle bool) Line {
	n := cell.Width()
	if n > w {
		cell = cell.Cut(w, middle)
		n = cell.Width()
	}
	if align == Right && n < w {
		l = append(l, pad(w-n))
	}
	l = append(l, cell...)
	if align == Left && n < w {
		l = append(l, pad(w-n))
	}
	return l
}

// far is further than any table is long.
const far = math.MaxInt32
