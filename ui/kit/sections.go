package kit

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/ui/theme"
)

// Block is what a section shows: a [Table] or a [Text].
type Block interface {
	// lineCount is the number of lines in w cells, titles included.
	lineCount(w int) int
	// lines paints n lines from the given one on.
	lines(p Paint, from, n int, focus bool) []string
	// stops is the number of rows the cursor can stand on, stop the one it
	// stands on, stopLines the lines of a row.
	stops() int
	stop() int
	MoveTo(i int)
	// focus tells whether the cursor is in this block.
	focus(on bool)
	stopLines(i, w int) (from, to int)
	// click puts the cursor on the row that a line belongs to.
	click(line, w int) bool

	Rows() (shown, all int)
	SetFilter(s string)
	SetWide(on bool)
	HiddenColumns() int
	rowKey(press tea.KeyPressMsg) bool
}

// Section is a titled part of [Sections]. Its fields may change between draws.
type Section struct {
	// Title stands in the rule above, followed by the number of rows:
	// ─ bolts (8) ─. Without a title there is no rule.
	Title string
	// NoCount leaves the number out.
	NoCount bool
	// Note follows the title, as "▲ partial: 2 of 3 hosts".
	Note Line
	// Right stands at the right end of the rule.
	Right Line
	Body  Block
	// Gap puts an empty line below.
	Gap bool
	// Hide leaves the section out.
	Hide bool
}

// Sections is a scrolling body of several tables and texts. One cursor goes
// through all of them, one filter holds for all, and sorting is each table's
// own.
type Sections struct {
	// Keys are the keys Update answers.
	Keys KeyMap

	list   []*Section
	active int
	zoomed bool
	top    int
	height int
	drawnW int // cells, at the last Draw; 0 before the first
	filter string
	prompt *Prompt
}

// NewSections returns a body of the sections, the cursor on the first row.
func NewSections(list ...*Section) *Sections {
	s := &Sections{Keys: DefaultKeys(), list: list}
	s.settle()
	return s
}

// Active returns the section the cursor is in, nil without sections.
func (s *Sections) Active() *Section {
	s.settle()
	if s.active >= len(s.list) {
		return nil
	}
	return s.list[s.active]
}

// Activate puts the cursor into the section.
func (s *Sections) Activate(section *Section) {
	for i := range s.list {
		if s.list[i] == section {
			s.active = i
		}
	}
	s.settle()
}

// settle moves the cursor out of a section that has become empty or hidden to
// the nearest one that can hold it, and tells the blocks who has it.
func (s *Sections) settle() {
	s.seek()
	for i, section := range s.list {
		section.Body.focus(i == s.active)
	}
}

func (s *Sections) seek() {
	if s.active < len(s.list) && s.holds(s.active) {
		return
	}
	for d := 1; d < len(s.list)+1; d++ {
		for _, i := range []int{s.active + d, s.active - d} {
			if i >= 0 && i < len(s.list) && s.holds(i) {
				s.active = i
				return
			}
		}
	}
}

func (s *Sections) holds(i int) bool { return !s.list[i].Hide && s.list[i].Body.stops() > 0 }

// Position returns the place of the cursor among the rows of all sections,
// counted from 1, and their number.
func (s *Sections) Position() (row, of int) {
	s.settle()
	for i, section := range s.list {
		if !s.holds(i) {
			continue
		}
		if i == s.active {
			row = of + section.Body.stop() + 1
		}
		of += section.Body.stops()
	}
	return row, of
}

// HiddenColumns returns how many columns did not fit at the last Draw.
func (s *Sections) HiddenColumns() int {
	n := 0
	for _, section := range s.list {
		if !section.Hide {
			n += section.Body.HiddenColumns()
		}
	}
	return n
}

// SetWide lifts the limit on columns in all tables.
func (s *Sections) SetWide(on bool) {
	for _, section := range s.list {
		section.Body.SetWide(on)
	}
}

// Filter returns what the operator filters by, as typed.
func (s *Sections) Filter() string { return s.filter }

// SetFilter filters all tables.
func (s *Sections) SetFilter(filter string) {
	s.filter = filter
	for _, section := range s.list {
		section.Body.SetFilter(filter)
	}
}

// Rows returns how many rows of all tables are shown and how many there are.
func (s *Sections) Rows() (shown, all int) {
	for _, section := range s.list {
		if !section.Hide {
			a, b := section.Body.Rows()
			shown, all = shown+a, all+b
		}
	}
	return shown, all
}

// Typing reports whether the operator is typing a filter.
func (s *Sections) Typing() bool { return s.prompt != nil }

// Escape closes the prompt, or the zoom, or clears the filter. It reports
// whether there was something to close.
func (s *Sections) Escape() bool {
	switch {
	case s.prompt != nil:
		s.prompt = nil
		s.SetFilter("")
	case s.zoomed:
		s.zoomed = false
	case s.filter != "":
		s.SetFilter("")
	default:
		return false
	}
	return true
}

// Update answers a key or a paste and reports whether it did; enter, esc and
// what it does not know are left to the screen.
func (s *Sections) Update(msg tea.Msg) bool {
	if s.prompt != nil {
		return s.typeFilter(msg)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || len(s.list) == 0 {
		return false
	}
	s.settle()
	if step, ok := moved(&s.Keys, press, s.height); ok {
		s.move(step)
		return true
	}
	switch {
	case key.Matches(press, s.Keys.Filter):
		s.prompt = NewPrompt("/ ")
		s.prompt.SetValue(s.filter)
	case key.Matches(press, s.Keys.NextPart):
		s.jump(1)
	case key.Matches(press, s.Keys.PrevPart):
		s.jump(-1)
	case key.Matches(press, s.Keys.Zoom):
		s.zoomed = !s.zoomed
		s.top = 0
	default:
		return s.list[s.active].Body.rowKey(press)
	}
	return true
}

// move moves the cursor by rows, through the sections.
func (s *Sections) move(step int) {
	row, of := s.Position()
	if of == 0 {
		s.top = max(s.top+step, 0)
		return
	}
	to := max(min(row-1+step, of-1), 0)
	if s.zoomed {
		body := s.list[s.active].Body
		body.MoveTo(max(min(body.stop()+step, body.stops()-1), 0))
		return
	}
	for i, section := range s.list {
		if !s.holds(i) {
			continue
		}
		if n := section.Body.stops(); to >= n {
			to -= n
			continue
		}
		s.active = i
		section.Body.MoveTo(to)
		s.settle()
		return
	}
}

// jump goes to the first row of the next or previous section.
func (s *Sections) jump(step int) {
	for i := s.active + step; i >= 0 && i < len(s.list); i += step {
		if s.holds(i) {
			s.active = i
			s.list[i].Body.MoveTo(0)
			s.settle()
			return
		}
	}
}

func (s *Sections) typeFilter(msg tea.Msg) bool {
	switch s.prompt.Update(msg) {
	case PromptChanged:
		s.SetFilter(s.prompt.Value())
	case PromptDone:
		s.prompt = nil
	case PromptCancelled:
		s.prompt = nil
		s.SetFilter("")
	case PromptIgnored:
		return false
	case PromptHandled:
	}
	return true
}

// Draw draws the visible part in exactly p.H rows of p.W cells. While a filter
// is typed, the last row shows it.
func (s *Sections) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	if s.prompt == nil || p.H == 1 {
		return s.draw(p)
	}
	shown, all := s.Rows()
	prompt := p.Row(Apart(s.prompt.Line(p), countOf(shown, all), p.W))
	return append(s.draw(p.Sized(p.W, p.H-1)), prompt)
}

// part is where a section lies among all lines.
type part struct {
	section        *Section
	from, body, to int // rule, body, line after the last
	focus          bool
}

func (s *Sections) draw(p Paint) []string {
	s.settle()
	parts, total, from, to := s.parts(p)
	s.height, s.drawnW = p.H, p.W
	s.top = scroll(s.top, p.H, total, from, to)
	rows := make([]string, 0, p.H)
	for _, part := range parts {
		at := s.top + len(rows)
		if part.to <= at || len(rows) == p.H {
			// The block learns that none of it is visible.
			part.section.Body.lines(p, 0, 0, false)
			continue
		}
		if at < part.body {
			rows = append(rows, p.Row(s.rule(p, part.section)))
			at++
		}
		if n := p.H - len(rows); n > 0 {
			rows = append(rows, part.section.Body.lines(p, at-part.body, n, part.focus)...)
		}
		if at = s.top + len(rows); at < part.to && len(rows) < p.H {
			rows = append(rows, p.Row(nil))
		}
	}
	return p.Fill(rows)
}

// parts lays the sections out below each other and returns the lines that must
// be visible: those of the row under the cursor, with what stands above the
// first row and below the last.
func (s *Sections) parts(p Paint) (parts []part, total, from, to int) {
	row, of := s.Position()
	for i, section := range s.list {
		if section.Hide || s.zoomed && i != s.active {
			continue
		}
		part := part{section: section, from: total, body: total, focus: i == s.active}
		if section.Title != "" {
			part.body++
		}
		total = part.body + section.Body.lineCount(p.W)
		if section.Gap {
			total++
		}
		part.to = total
		if part.focus && of > 0 {
			stop := section.Body.stop()
			a, b := section.Body.stopLines(stop, p.W)
			from, to = part.body+a, part.body+b
			if stop == 0 {
				from = part.from
			}
		}
		parts = append(parts, part)
	}
	switch {
	case of == 0:
		from, to = s.top, s.top
	case row == 1 && !s.zoomed:
		from = 0
	case row == of:
		to = min(total, from+p.H)
	}
	return parts, total, from, to
}

func (s *Sections) rule(p Paint, section *Section) Line {
	title := section.Title
	if !section.NoCount {
		shown, all := section.Body.Rows()
		count := human.Exact(all)
		if shown != all {
			count = human.Exact(shown) + " of " + count
		}
		title += " (" + count + ")"
	}
	l := T(title)
	if len(section.Note) > 0 {
		l = l.Add(theme.Rule, " ").Then(section.Note)
	}
	return RuleLine(p, l, section.Right)
}

// The table as a block.

func (t *Table[R]) lineCount(w int) int {
	if len(t.view) == 0 {
		return 1
	}
	return t.headLines() + t.lineOf(len(t.view), w)
}

func (t *Table[R]) stops() int {
	if t.NoCursor {
		return 0
	}
	return len(t.view)
}

func (t *Table[R]) stop() int { return t.cursor }

// focus drops the vanished row when the cursor goes to another block: it is kept
// only under the cursor.
func (t *Table[R]) focus(on bool) {
	if t.away = !on; t.away && t.ghost.on {
		t.ghost = ghost[R]{}
		t.arrange()
	}
}

func (t *Table[R]) stopLines(i, w int) (from, to int) {
	head := t.headLines()
	return head + t.lineOf(i, w), head + t.lineOf(i+1, w)
}

// Text is a block of lines without a cursor.
type Text struct {
	// Lines gives the lines for a width in cells.
	Lines func(w int) []Line
	// Indent is put before each line.
	Indent int
}

// NewText returns a block of fixed lines.
func NewText(lines ...Line) *Text {
	return &Text{Lines: func(int) []Line { return lines }}
}

func (x *Text) lineCount(w int) int { return len(x.Lines(w - x.Indent)) }

func (x *Text) lines(p Paint, from, n int, _ bool) []string {
	lines := x.Lines(p.W - x.Indent)
	rows := make([]string, 0, n)
	for i := max(from, 0); i < len(lines) && len(rows) < n; i++ {
		style := RowStyle(0)
		if p.Stale {
			style = RowDim
		}
		rows = append(rows, p.Styled(Cat(Line{pad(x.Indent)}, lines[i]), style))
	}
	return rows
}

// Draw draws the lines in exactly p.H rows.
func (x *Text) Draw(p Paint) []string { return p.Fill(x.lines(p, 0, max(p.H, 0), false)) }

func (*Text) stops() int                    { return 0 }
func (*Text) focus(bool)                    {}
func (*Text) stop() int                     { return 0 }
func (*Text) stopLines(int, int) (int, int) { return 0, 0 }
func (*Text) rowKey(tea.KeyPressMsg) bool   { return false }

// Rows counts no rows: a text is no list.
func (*Text) Rows() (shown, all int) { return 0, 0 }

// MoveTo does nothing: a text has no cursor.
func (*Text) MoveTo(int) {}

// SetFilter does nothing: a text is not filtered.
func (*Text) SetFilter(string) {}

// SetWide does nothing: a text has no columns.
func (*Text) SetWide(bool) {}

// HiddenColumns returns 0.
func (*Text) HiddenColumns() int { return 0 }
