package kit

// Visible returns the rows drawn by the last Draw, so that a screen can ask for
// no more than what is seen; all rows before the first.
func (t *Table[R]) Visible() []R {
	first, end := t.first, min(t.end, len(t.view))
	if t.drawnW == 0 {
		first, end = 0, len(t.view)
	}
	rows := make([]R, 0, max(end-first, 0))
	for i := first; i < end; i++ {
		if t.view[i] != gone {
			rows = append(rows, t.all[t.view[i]])
		}
	}
	return rows
}

// Click puts the cursor on the row drawn at line y of the last Draw, counted
// from 0, and reports whether there is one.
func (t *Table[R]) Click(y int) bool {
	line := y - t.headLines()
	if t.drawnW == 0 || line < 0 || line >= t.height {
		return false
	}
	return t.clickLine(t.top+line, t.drawnW)
}

// clickLine puts the cursor on the row that a line belongs to, the first row
// being line 0.
func (t *Table[R]) clickLine(line, w int) bool {
	i := t.rowAt(line, w)
	if t.NoCursor || line < 0 || i >= len(t.view) {
		return false
	}
	t.MoveTo(i)
	return true
}

// Click puts the cursor on the row drawn at line y of the last Draw, counted
// from 0, and reports whether there is one.
func (s *Sections) Click(y int) bool {
	if s.drawnW == 0 || y < 0 || y >= s.height {
		return false
	}
	parts, _, _, _ := s.parts(Paint{W: s.drawnW, H: s.height})
	for _, part := range parts {
		if at := s.top + y; at >= part.body && at < part.to {
			if !part.section.Body.click(at-part.body, s.drawnW) {
				return false
			}
			s.Activate(part.section)
			return true
		}
	}
	return false
}

// click is the table as a block: its titles are line 0.
func (t *Table[R]) click(line, w int) bool { return t.clickLine(line-t.headLines(), w) }

func (*Text) click(int, int) bool { return false }
