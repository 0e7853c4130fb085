package kit

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/theme"
)

// Items is what a [Stream] shows: items with numbers, of which new ones come at
// the end and old ones leave at the front while it is looked at. A number stays
// with its item.
type Items interface {
	// Range is the numbers there are, [lo, hi).
	Range() (lo, hi int)
	// Key is an item's identity; false when it is not there.
	Key(i int) (key uint64, ok bool)
	// Hidden says that an item is shown with the one before it.
	Hidden(i int) bool
	// Rows lays an item out in at most h rows of w cells, at least one. The first
	// cell of the row that carries the cursor, which is the first one that is not
	// dim as a whole, is a blank of its own or a mark. keep says that the rows stay
	// as they are until [Stream.Forget].
	Rows(i, w, h int) (rows []Line, keep bool)
}

// Stream shows a part of a long list: its newest items, or any others. It lays
// out only what is visible, and keeps what it painted.
type Stream struct {
	Keys KeyMap

	items     Items
	follow    bool
	cursor    int
	top, skip int // the first item drawn, and how many of its rows are above
	h, w      int // at the last Draw
	last      int // the last item drawn
	// whole says that the cursor's item was drawn to its end; cut that its
	// beginning was not.
	whole, cut bool
	at         []int // item of each row drawn

	looks   theme.Theme
	painted map[uint64][]string
	older   map[uint64][]string
}

// maxPainted bounds the items whose rows are kept; twice as many may be held.
const maxPainted = 512

// maxHidden bounds how many hidden items are stepped over.
const maxHidden = 10_000

// NewStream shows items from their newest on.
func NewStream(items Items) *Stream {
	return &Stream{Keys: DefaultKeys(), items: items, follow: true, last: -1}
}

// Forget lays everything out anew, as after a change of how items look.
func (s *Stream) Forget() { s.painted, s.older = nil, nil }

// Following reports whether the cursor stays on the newest item.
func (s *Stream) Following() bool { return s.follow }

// Follow goes to the newest item and stays there.
func (s *Stream) Follow() { s.follow = true; s.hold() }

// Stay ends following where the cursor is.
func (s *Stream) Stay() { s.hold(); s.follow = false }

// Cursor is the number of the item under the cursor; false without items.
func (s *Stream) Cursor() (int, bool) {
	lo, hi := s.items.Range()
	s.hold()
	return s.cursor, lo < hi
}

// Last is the number after the last item that was drawn.
func (s *Stream) Last() int { return s.last + 1 }

// Height is how many rows the last Draw had.
func (s *Stream) Height() int { return s.h }

// MoveTo puts the cursor on an item and ends following.
func (s *Stream) MoveTo(i int) {
	s.follow = false
	far := i < s.top || i > s.last
	s.cursor = i
	s.hold()
	if far { // some items above it give it its context
		s.top, s.skip = s.step(s.cursor, -s.h/3), 0
	}
}

// Place puts the cursor on an item without moving it on the screen more than
// needed, as after the numbers have changed; following goes on.
func (s *Stream) Place(i int) {
	d := s.cursor - s.top
	s.cursor = i
	s.top, s.skip = i-d, 0
	s.hold()
}

// hold keeps the cursor and the top inside what there is, on items that are
// shown.
func (s *Stream) hold() {
	lo, hi := s.items.Range()
	if s.follow {
		s.cursor = hi - 1
	}
	s.cursor = max(lo, min(s.cursor, hi-1))
	s.cursor = s.head(s.cursor, lo)
	if s.top < lo || s.top >= hi {
		s.top, s.skip = max(lo, min(s.top, hi-1)), 0
	}
	s.top = s.head(s.top, lo)
}

// head is the item that i is shown with.
func (s *Stream) head(i, lo int) int {
	for n := 0; i > lo && n < maxHidden && s.items.Hidden(i); n++ {
		i--
	}
	return i
}

// step is the item n shown ones further.
func (s *Stream) step(i, n int) int {
	lo, hi := s.items.Range()
	for ; n > 0; n-- {
		next, ok := s.after(i, hi)
		if !ok {
			return i
		}
		i = next
	}
	for ; n < 0 && i > lo; n++ {
		i = s.head(i-1, lo)
	}
	return max(i, lo)
}

// after is the next item that is shown.
func (s *Stream) after(i, hi int) (int, bool) {
	for n := 0; i+1 < hi; n++ {
		i++
		if n >= maxHidden || !s.items.Hidden(i) {
			return i, true
		}
	}
	return 0, false
}

// Update answers the keys that move, and reports whether it did.
func (s *Stream) Update(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		by := 3
		if msg.Button == tea.MouseWheelUp {
			by = -3
		}
		s.Move(by)
		return true
	case tea.KeyPressMsg:
		return s.press(msg)
	}
	return false
}

func (s *Stream) press(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, s.Keys.Space):
		s.page(s.h)
	case key.Matches(msg, s.Keys.Back):
		s.page(-s.h)
	case key.Matches(msg, s.Keys.PageDown):
		s.page(s.h)
	case key.Matches(msg, s.Keys.PageUp):
		s.page(-s.h)
	case key.Matches(msg, s.Keys.HalfDown):
		s.page(s.h / 2)
	case key.Matches(msg, s.Keys.HalfUp):
		s.page(-s.h / 2)
	case key.Matches(msg, s.Keys.Down):
		s.Move(1)
	case key.Matches(msg, s.Keys.Up):
		s.Move(-1)
	case key.Matches(msg, s.Keys.Home):
		lo, _ := s.items.Range()
		s.follow, s.cursor, s.top, s.skip = false, lo, lo, 0
		s.hold()
	case key.Matches(msg, s.Keys.End):
		s.Follow()
	default:
		return false
	}
	return true
}

// Move moves the cursor by items; an item that is higher than the screen is
// scrolled through first. Upwards it ends following.
func (s *Stream) Move(by int) {
	s.hold()
	if by < 0 {
		s.follow = false
	}
	switch {
	case by == 1 && !s.whole && s.top == s.cursor:
		s.skip++
	case by == -1 && s.cut && s.top == s.cursor:
		s.skip--
	default:
		s.cursor = s.step(s.cursor, by)
	}
}

// page moves the cursor by rows.
func (s *Stream) page(rows int) {
	s.hold()
	if rows < 0 {
		s.follow = false
	}
	step := 1
	if rows < 0 {
		step, rows = -1, -rows
	}
	for left := max(rows, 1); left > 0; {
		next := s.step(s.cursor, step)
		if next == s.cursor {
			break
		}
		at := next
		if step > 0 {
			at = s.cursor
		}
		left -= len(s.lay(at, s.w, max(s.h, 1)))
		s.cursor = next
	}
}

// Click puts the cursor on the item drawn in row y.
func (s *Stream) Click(y int) bool {
	if y < 0 || y >= len(s.at) {
		return false
	}
	s.follow, s.cursor = false, s.at[y]
	return true
}

// lay lays an item out.
func (s *Stream) lay(i, w, h int) []Line {
	rows, _ := s.items.Rows(i, w, h)
	return rows
}

// paintItem paints an item's rows, or takes those that were painted before.
func (s *Stream) paintItem(p Paint, i int, here bool) []string {
	key, ok := s.items.Key(i)
	if !ok {
		return nil
	}
	if !here {
		if rows, ok := s.painted[key]; ok {
			return rows
		}
		if rows, ok := s.older[key]; ok {
			s.painted[key] = rows
			return rows
		}
	}
	lines, keep := s.items.Rows(i, p.W, maxItemRows)
	rows := make([]string, len(lines))
	for n, l := range lines {
		style := RowStyle(0)
		if here && n == headRow(lines) {
			style = RowCursor
			if l[0].Text == " " {
				l = Cat(S(theme.Accent, p.Theme.Glyphs.Cursor), l[1:])
			}
		}
		rows[n] = p.Styled(l, style)
	}
	if keep && !here {
		if s.painted == nil || len(s.painted) >= maxPainted {
			s.painted, s.older = make(map[uint64][]string, maxPainted), s.painted
		}
		s.painted[key] = rows
	}
	return rows
}

// maxItemRows bounds the rows of one item.
const maxItemRows = 1000

// headRow is the row of an item that carries the cursor: the first one that is
// not dim as a whole, since what stands around an item is.
func headRow(lines []Line) int {
	for n, l := range lines {
		for _, span := range l {
			if span.Tok != theme.Dim && span.Tok != theme.Rule && span.Text != "" {
				return n
			}
		}
	}
	return 0
}

// Draw draws the items around the cursor in exactly p.H rows of p.W cells.
func (s *Stream) Draw(p Paint) []string {
	if p.W != s.w || p.Theme.Name != s.looks.Name || p.Theme.Unicode != s.looks.Unicode {
		s.Forget()
		s.looks.Name, s.looks.Unicode = p.Theme.Name, p.Theme.Unicode
	}
	s.w, s.h = p.W, max(p.H, 0)
	s.at = s.at[:0]
	s.hold()
	lo, hi := s.items.Range()
	if lo >= hi || p.H <= 0 {
		s.last = hi - 1
		return p.Fill(nil)
	}
	if s.follow {
		return s.upwards(p, s.cursor, lo)
	}
	if s.cursor < s.top {
		s.top, s.skip = s.cursor, 0
	}
	rows, full := s.downwards(p, hi)
	if s.last < s.cursor || s.last == s.cursor && !s.whole && s.top != s.cursor {
		// It is below: the least scrolling that shows it, or its beginning.
		if rows := s.paintItem(p, s.cursor, true); len(rows) >= p.H {
			s.top, s.skip = s.cursor, 0
			rows, _ := s.downwards(p, hi)
			return p.Fill(rows)
		}
		return s.upwards(p, s.cursor, lo)
	}
	if !full && (s.top > lo || s.skip > 0) {
		end := s.last
		return s.upwards(p, end, lo)
	}
	return p.Fill(rows)
}

// downwards draws from the top on and reports whether all rows are used.
func (s *Stream) downwards(p Paint, hi int) (rows []string, full bool) {
	s.at = s.at[:0]
	s.whole, s.cut = true, false
	rows = make([]string, 0, p.H)
	for i, ok := s.top, true; ok; i, ok = s.after(i, hi) {
		item := s.paintItem(p, i, i == s.cursor)
		if i == s.top {
			s.skip = max(min(s.skip, len(item)-1), 0)
			item = item[min(s.skip, len(item)):]
			s.cut = i == s.cursor && s.skip > 0
		}
		if over := len(rows) + len(item) - p.H; over > 0 {
			item = item[:len(item)-over]
			s.whole = s.whole && i != s.cursor
		}
		rows = append(rows, item...)
		for range item {
			s.at = append(s.at, i)
		}
		s.last = i
		if len(rows) == p.H {
			return rows, true
		}
	}
	return rows, false
}

// upwards draws so that the item end is the last one, then what fits below it.
func (s *Stream) upwards(p Paint, end, lo int) []string {
	used := 0
	var items [][]string
	var numbers []int
	for i := end; used < p.H; {
		item := s.paintItem(p, i, i == s.cursor)
		items, numbers = append(items, item), append(numbers, i)
		used += len(item)
		if i <= lo {
			break
		}
		i = s.head(i-1, lo)
	}
	s.top, s.skip = numbers[len(numbers)-1], 0
	if _, hi := s.items.Range(); used < p.H && end+1 < hi {
		rows, _ := s.downwards(p, hi)
		return p.Fill(rows)
	}
	over := max(used-p.H, 0)
	s.skip = over
	s.at = s.at[:0]
	s.whole, s.cut = true, false
	rows := make([]string, 0, p.H)
	for n, item := range slices.Backward(items) {
		if drop := min(over, len(item)); drop > 0 {
			item = item[drop:]
			over -= drop
			if numbers[n] == s.cursor {
				s.cut = true
			}
		}
		rows = append(rows, item...)
		for range item {
			s.at = append(s.at, numbers[n])
		}
	}
	s.last = end
	return p.Fill(rows)
}
