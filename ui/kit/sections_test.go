package kit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui/theme"
)

// body has a text, two tables with rows between them an empty one, and facts.
func body() (s *Sections, first, second *Table[row]) {
	first, empty, second := newRows(dark), newRows(dark), newRows(dark)
	facts := newRows(dark)
	facts.NoCursor, facts.NoTitles = true, true
	for _, t := range []*Table[row]{first, empty, second, facts} {
		t.SortBy("NAME", false)
	}
	first.SetRows(someRows(), start)
	empty.SetRows(nil, start)
	second.SetRows([]row{{name: "x1"}, {name: "x2"}, {name: "x10"}}, start)
	facts.SetRows([]row{{name: "fact"}}, start)
	return NewSections(
		&Section{Body: NewText(S(theme.Dim, " supervisors   ").Text("6 of 6"), T(" slots         14 used")), Gap: true},
		&Section{Title: "topologies", Right: T("2 opens the full list"), Body: first, Gap: true},
		&Section{Title: "errors", Note: S(theme.Warn, "▲ partial: 2 of 3 hosts"), Body: empty},
		&Section{Title: "hosts", Body: second},
		&Section{Title: "hints", NoCount: true, Body: facts},
	), first, second
}

func TestSectionsLook(t *testing.T) {
	s, _, _ := body()
	for _, size := range [][2]int{{100, 24}, {60, 24}, {60, 9}} {
		for _, key := range []string{"g", "G"} {
			p := Paint{Theme: dark, W: size[0], H: size[1]}
			s.Draw(p)
			s.Update(Press(key))
			frame := Join(s.Draw(p))
			termtest.CheckFrame(t, frame, p.W, p.H)
			termtest.Golden(t, fmt.Sprintf("%dx%d_%s", p.W, p.H, key), termtest.Render(frame, p.W, p.H).Text())
		}
	}
}

func TestOneCursorGoesThroughAllSections(t *testing.T) {
	s, first, second := body()
	p := Paint{Theme: dark, W: 80, H: 10}
	want := func(key string, section string, row, of int) {
		t.Helper()
		s.Update(Press(key))
		screen := termtest.Render(Join(s.Draw(p)), p.W, p.H)
		if got := s.Active().Title; got != section {
			t.Errorf("%s goes to %s, want %s", key, got, section)
		}
		if r, n := s.Position(); r != row || n != of {
			t.Errorf("after %s: row %d/%d, want %d/%d", key, r, n, row, of)
		}
		if n := strings.Count(screen.Text(), "▸"); n != 1 {
			t.Errorf("after %s: %d cursors\n%s", key, n, screen.Text())
		}
	}
	want("", "topologies", 1, 7)
	want("j", "topologies", 2, 7)
	want("}", "hosts", 5, 7)
	want("k", "topologies", 4, 7)
	want("j", "hosts", 5, 7)
	want("{", "topologies", 1, 7)
	want("{", "topologies", 1, 7)
	want("G", "hosts", 7, 7)
	want("j", "hosts", 7, 7)
	want("}", "hosts", 7, 7)
	want("g", "topologies", 1, 7)
	want("pgdown", "hosts", 7, 7)

	// Sorting is the active table's own.
	s.Update(Press("I"))
	if first.invert || !second.invert {
		t.Error("I does not invert the active table alone")
	}
	// Zoomed, the cursor stays in the section.
	want("z", "hosts", 5, 7)
	want("G", "hosts", 7, 7)
	want("g", "hosts", 5, 7)
	if screen := termtest.Render(Join(s.Draw(p)), p.W, p.H); screen.Contains("topologies") {
		t.Errorf("zoomed:\n%s", screen.Text())
	}
	if !s.Escape() {
		t.Error("esc does not end the zoom")
	}
	// The active section empties: the cursor goes on to another.
	s.SetFilter("wordcount")
	if shown, all := s.Rows(); shown != 1 || all != 8 || s.Active().Title != "topologies" {
		t.Errorf("filtered: %d of %d, in %s", shown, all, s.Active().Title)
	}
	if !s.Escape() || s.Filter() != "" || s.Escape() {
		t.Error("esc does not clear the filter once")
	}
}

func TestVanishedRowStaysOnlyUnderTheCursor(t *testing.T) {
	s, first, second := body()
	second.Select("x2")
	// The cursor is in the first table: a row of the second goes at once.
	second.SetRows([]row{{name: "x1"}}, start)
	if shown, _ := second.Rows(); shown != 1 || len(second.view) != 1 {
		t.Errorf("a row vanished elsewhere is kept: %s", names(second))
	}
	first.Select("wordcount")
	first.SetRows(someRows()[1:], start)
	if !strings.Contains(names(first), "(wordcount)") {
		t.Errorf("the row under the cursor is not kept: %s", names(first))
	}
	s.Update(Press("}"))
	if strings.Contains(names(first), "(") {
		t.Errorf("it is kept without the cursor: %s", names(first))
	}
}

func TestSectionsFilterAsTyped(t *testing.T) {
	s, _, _ := body()
	p := Paint{Theme: dark, W: 60, H: 12}
	for _, key := range []string{"/", "x", "1"} {
		s.Update(Press(key))
	}
	screen := termtest.Render(Join(s.Draw(p)), p.W, p.H)
	if !s.Typing() || !screen.Contains("hosts (2 of 3)") || !strings.Contains(screen.Row(11), "/ x1▏") {
		t.Errorf("while typing:\n%s", screen.Text())
	}
	s.Update(Press("enter"))
	if s.Typing() || s.Filter() != "x1" {
		t.Error("enter does not keep the filter")
	}
	s.Update(Press("/"))
	s.Update(Press("esc"))
	if s.Typing() || s.Filter() != "" {
		t.Error("esc does not drop the filter")
	}
}

func TestSectionsWithoutRowsScroll(t *testing.T) {
	lines := make([]Line, 30)
	for i := range lines {
		lines[i] = T(fmt.Sprintf("line %d", i))
	}
	s := NewSections(&Section{Body: NewText(lines...)})
	p := Paint{Theme: dark, W: 20, H: 5}
	s.Draw(p)
	for _, step := range []struct{ key, want string }{{"j", "line 1"}, {"G", "line 25"}, {"k", "line 24"}, {"g", "line 0"}} {
		s.Update(Press(step.key))
		if got := strings.TrimSpace(s.Draw(p)[0]); got != step.want {
			t.Errorf("%s shows %q first, want %q", step.key, got, step.want)
		}
	}
	none := NewSections()
	if none.Update(Press("j")) || none.Active() != nil || len(none.Draw(p)) != 5 {
		t.Error("a body without sections")
	}
}

func BenchmarkFrame(b *testing.B) {
	var sections []*Section
	for n := range 4 {
		table := newRows(dark)
		rows := make([]row, 3000)
		for i := range rows {
			rows[i] = row{fmt.Sprintf("row-%d-%d", n, i), "ACTIVE", float64(i), 0.5, Level(i % 6)}
		}
		table.SetRows(rows, start)
		sections = append(sections, &Section{Title: "rows", Body: table})
	}
	s := NewSections(sections...)
	p := Paint{Theme: dark, W: 200, H: 60, Now: start.Add(time.Second)}
	b.ReportAllocs()
	for b.Loop() {
		s.Draw(p)
	}
}
