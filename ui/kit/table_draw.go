package kit

import (
	"math"
	"slices"
	"strconv"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

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
