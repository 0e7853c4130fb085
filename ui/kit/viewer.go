package kit

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// sideStep is how many cells ← and → scroll a text.
const sideStep = 20

// Viewer shows a text that can be scrolled, wrapped and searched.
type Viewer struct {
	// Keys are the keys Update answers.
	Keys KeyMap

	lines  []Line
	wrap   bool
	left   int // cells scrolled away
	top    int // row of the text as laid out
	width  int
	height int
	rows   []viewRow // as laid out for width; nil when it has to be done anew

	prompt *Prompt
	before int    // top when the search began
	hunt   string // what is searched for, as typed
	find   filter
	hits   []int // lines with a hit
	hit    int
}

// viewRow is a row of the text as laid out: the cells from..to of a line.
type viewRow struct{ line, from, to int }

// NewViewer returns a viewer of the lines with the default keys.
func NewViewer(lines ...Line) *Viewer {
	return &Viewer{Keys: DefaultKeys(), lines: lines}
}

// SetLines replaces the text and keeps the place as far as it can.
func (v *Viewer) SetLines(lines []Line) {
	v.lines, v.rows = lines, nil
	v.search(v.hunt)
}

// Lines returns the text.
func (v *Viewer) Lines() []Line { return v.lines }

// Position returns the first line shown, counted from 1, and their number.
func (v *Viewer) Position() (line, of int) {
	if len(v.lines) == 0 {
		return 0, 0
	}
	if v.rows == nil || v.top >= len(v.rows) {
		return 1, len(v.lines)
	}
	return v.rows[v.top].line + 1, len(v.lines)
}

// Hits returns which hit of the search is shown, counted from 1, and how many
// lines have one.
func (v *Viewer) Hits() (hit, of int) {
	if len(v.hits) == 0 {
		return 0, 0
	}
	return v.hit + 1, len(v.hits)
}

// Typing reports whether the operator is typing a search.
func (v *Viewer) Typing() bool { return v.prompt != nil }

// Escape closes the prompt or ends the search and reports whether it did.
func (v *Viewer) Escape() bool {
	if v.prompt == nil && v.hunt == "" {
		return false
	}
	v.prompt = nil
	v.search("")
	return true
}

// MoveTo shows the line, counted from 0, at the top.
func (v *Viewer) MoveTo(line int) {
	v.layout()
	for i, row := range v.rows {
		if row.line >= line {
			v.top = i
			return
		}
	}
	v.top = max(len(v.rows)-1, 0)
}

// Update answers a key or a paste and reports whether it did.
func (v *Viewer) Update(msg tea.Msg) bool {
	if v.prompt != nil {
		return v.typeSearch(msg)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false
	}
	if step, ok := moved(&v.Keys, press, v.height); ok {
		v.scrollBy(step)
		return true
	}
	switch {
	case key.Matches(press, v.Keys.Space):
		v.scrollBy(max(v.height, 1))
	case key.Matches(press, v.Keys.Back):
		v.scrollBy(-max(v.height, 1))
	case key.Matches(press, v.Keys.Left):
		v.left = max(v.left-sideStep, 0)
	case key.Matches(press, v.Keys.Right):
		if !v.wrap && v.left+v.width < v.widest() {
			v.left += sideStep
		}
	case key.Matches(press, v.Keys.Wrap):
		line, _ := v.Position()
		v.wrap, v.left, v.rows = !v.wrap, 0, nil
		v.MoveTo(line - 1)
	case key.Matches(press, v.Keys.Search):
		v.before = v.top
		v.prompt = NewPrompt("/ ")
	case key.Matches(press, v.Keys.NextHit):
		v.goTo(v.hit + 1)
	case key.Matches(press, v.Keys.PrevHit):
		v.goTo(v.hit - 1)
	default:
		return false
	}
	return true
}

func (v *Viewer) scrollBy(step int) {
	v.layout()
	v.top = max(min(v.top+step, len(v.rows)-max(v.height, 1)), 0)
}

func (v *Viewer) widest() int {
	w := 0
	for _, l := range v.lines {
		w = max(w, l.Width())
	}
	return w
}

func (v *Viewer) typeSearch(msg tea.Msg) bool {
	switch v.prompt.Update(msg) {
	case PromptChanged:
		v.top = v.before
		v.search(v.prompt.Value())
		v.goTo(v.firstBelow())
	case PromptDone:
		v.prompt = nil
	case PromptCancelled:
		v.prompt = nil
		v.search("")
		v.top = v.before
	case PromptIgnored:
		return false
	case PromptHandled:
	}
	return true
}

// search finds the lines that hold the text.
func (v *Viewer) search(text string) {
	v.hunt, v.find = text, parseFilter(text)
	v.hits, v.hit = nil, 0
	if v.find.text == "" {
		return
	}
	for i, l := range v.lines {
		if v.find.keeps(LevelNone, l.Plain) {
			v.hits = append(v.hits, i)
		}
	}
}

// firstBelow returns the first hit from the top of the screen on.
func (v *Viewer) firstBelow() int {
	line, _ := v.Position()
	for n, i := range v.hits {
		if i >= line-1 {
			return n
		}
	}
	return 0
}

// goTo shows the n-th hit; after the last one comes the first.
func (v *Viewer) goTo(n int) {
	if len(v.hits) == 0 {
		return
	}
	v.hit = (n + len(v.hits)) % len(v.hits)
	v.layout()
	for i, row := range v.rows {
		if row.line == v.hits[v.hit] {
			// Some lines above the hit give it its context.
			if i < v.top || i >= v.top+v.height {
				v.top = max(i-v.height/3, 0)
			}
			return
		}
	}
}

// layout lays the lines out in rows of v.width cells.
func (v *Viewer) layout() {
	if v.rows != nil {
		return
	}
	v.rows = make([]viewRow, 0, len(v.lines))
	for i, l := range v.lines {
		if !v.wrap {
			v.rows = append(v.rows, viewRow{line: i})
			continue
		}
		v.rows = append(v.rows, wrapLine(i, l, max(v.width, 1))...)
	}
}

// wrapLine breaks a line into rows, at spaces where there are some.
func wrapLine(n int, l Line, w int) []viewRow {
	text := l.Plain()
	var rows []viewRow
	from := 0
	for {
		if safetext.Width(text) <= w {
			return append(rows, viewRow{n, from, from + w})
		}
		head := safetext.Take(text, w)
		if head == "" { // a character wider than the row
			return append(rows, viewRow{n, from, from + w})
		}
		if at := strings.LastIndexByte(head, ' '); at > 0 && strings.TrimSpace(head[:at]) != "" {
			head = head[:at+1]
		}
		width := safetext.Width(head)
		rows = append(rows, viewRow{n, from, from + width})
		from += width
		text = text[len(head):]
	}
}

// Draw draws the text in exactly p.H rows of p.W cells. While a search is typed,
// the last row shows it.
func (v *Viewer) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	h := p.H
	if v.prompt != nil && h > 1 {
		h--
	}
	if v.width != p.W {
		line, _ := v.Position()
		v.width, v.rows = p.W, nil
		v.MoveTo(line - 1)
	}
	v.layout()
	v.height = h
	v.top = max(min(v.top, len(v.rows)-h), 0)
	rows := make([]string, 0, p.H)
	for i := v.top; i < len(v.rows) && len(rows) < h; i++ {
		rows = append(rows, p.Row(v.row(v.rows[i])))
	}
	rows = p.Sized(p.W, h).Fill(rows)
	if h < p.H {
		hit, of := v.Hits()
		found := S(theme.Dim, human.Exact(hit)+" of "+human.Exact(of)+" ")
		rows = append(rows, p.Row(Apart(v.prompt.Line(p), found, p.W)))
	}
	return rows
}

func (v *Viewer) row(r viewRow) Line {
	l := v.find.mark(v.lines[r.line])
	if !v.wrap {
		return l.Drop(v.left)
	}
	return l.Drop(r.from).Take(r.to - r.from)
}
