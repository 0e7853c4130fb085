package kit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui/theme"
)

type row struct {
	name, status string
	rate, load   float64
	level        Level
}

var (
	dark  = theme.New("dark", true)
	start = time.Date(2026, 11, 21, 14, 32, 7, 0, time.UTC)
)

func newRows(th *theme.Theme) *Table[row] {
	t := NewTable(func(r row) string { return r.name },
		Column[row]{
			Title: "NAME", Min: 12, Max: 20, Cell: func(r row) Line { return T(r.name) },
			Less: ByText(func(r row) string { return r.name }),
		},
		Column[row]{Title: "STATUS", Min: 8, Priority: 2, Cell: func(r row) Line { return T(r.status) }},
		Column[row]{
			Title: "~ACK/S", Min: 8, Align: Right, Priority: 3, Desc: true,
			Cell: func(r row) Line { return T(human.Rate(r.rate)) },
			Less: ByNumber(func(r row) float64 { return r.rate }),
		},
		Column[row]{
			Title: "LOAD", Min: 11, Priority: 1, Desc: true,
			Cell: func(r row) Line { return Capacity(th.Glyphs, r.load, r.level) },
			Less: ByNumber(func(r row) float64 { return r.load }),
		},
		Column[row]{Title: "NOTE", Min: 6, Flex: 1, CutEnd: true, Priority: 5, Cell: func(r row) Line {
			return S(theme.Dim, "about "+r.name+" and more")
		}},
	)
	t.Level = func(r row) Level { return r.level }
	t.Order = Order[row]{Name: "PROBLEM", Less: func(a, b row) int { return int(b.level) - int(a.level) }}
	t.Empty = T("No topology is running.")
	return t
}

func someRows() []row {
	return []row{
		{"wordcount", "ACTIVE", 2510, 0.63, LevelNone},
		{"wikipedia-trends", "ACTIVE", 358, 0.72, LevelWarn},
		{"twitter-clicks", "REBALANCING", 3990, 1.04, LevelCrit},
		{"global-alarms", "ACTIVE", math.NaN(), 0.12, LevelCrit},
	}
}

// names returns the names in the order shown.
func names(t *Table[row]) string {
	var list []string
	for _, i := range t.view {
		if i == gone {
			list = append(list, "("+t.ghost.row.name+")")
			continue
		}
		list = append(list, t.all[i].name)
	}
	return strings.Join(list, " ")
}

func selected(t *Table[row]) string {
	r, ok := t.Selected()
	if !ok {
		return "-"
	}
	return r.name
}

func TestTableLooks(t *testing.T) {
	for _, name := range theme.Names() {
		for _, unicode := range []bool{true, false} {
			th := theme.New(name, unicode)
			table := newRows(th)
			table.Changed = func(was, is row) bool { return was.rate < is.rate }
			rows := someRows()
			table.SetRows(rows, start)
			rows = someRows()
			rows[0].rate++
			table.SetRows(rows, start)
			table.Select("wikipedia-trends")
			table.Update(Press("space"))
			table.SetFilter("r")
			for _, w := range []int{30, 60, 100} {
				frame := Join(table.Draw(Paint{Theme: th, W: w, H: 6}))
				termtest.CheckFrame(t, frame, w, 6)
				screen := termtest.Render(frame, w, 6)
				if name == "dark" {
					termtest.Golden(t, fmt.Sprintf("unicode=%v_%d", unicode, w), screen.Text())
				}
				if w == 100 && unicode {
					termtest.Golden(t, "styled_"+name, screen.Styled())
				}
			}
		}
	}
}

func TestTableOrder(t *testing.T) {
	table := newRows(dark)
	table.SetRows(someRows(), start)
	for _, test := range []struct {
		title  string
		invert bool
		want   string
		name   string
	}{
		{"", false, "global-alarms twitter-clicks wikipedia-trends wordcount", "PROBLEM ▾"},
		{"NAME", false, "global-alarms twitter-clicks wikipedia-trends wordcount", "NAME ▴"},
		{"NAME", true, "wordcount wikipedia-trends twitter-clicks global-alarms", "NAME ▾"},
		{"~ACK/S", false, "twitter-clicks wordcount wikipedia-trends global-alarms", "~ACK/S ▾"},
		{"~ACK/S", true, "wikipedia-trends wordcount twitter-clicks global-alarms", "~ACK/S ▴"},
	} {
		if !table.SortBy(test.title, test.invert) {
			t.Errorf("cannot sort by %q", test.title)
		}
		if got := names(table); got != test.want {
			t.Errorf("sorted by %s %v: %s, want %s", test.title, test.invert, got, test.want)
		}
		if got := table.SortName(dark.Glyphs); got != test.name {
			t.Errorf("sort is called %q, want %q", got, test.name)
		}
	}
	if table.SortBy("STATUS", false) || table.SortBy("nothing", false) {
		t.Error("sorted by a column that cannot be")
	}
	table.SortBy("", false)
	table.Update(Press("<"))
	for _, want := range []string{"NAME ▴", "~ACK/S ▾", "LOAD ▾", "LOAD ▾"} {
		table.Update(Press(">"))
		if got := table.SortName(dark.Glyphs); got != want {
			t.Errorf("> goes to %q, want %q", got, want)
		}
	}
	table.Update(Press("I"))
	if got := table.SortName(dark.Glyphs); got != "LOAD ▴" {
		t.Errorf("I gives %q", got)
	}
	if orders, at := table.Orders(); strings.Join(orders, " ") != "PROBLEM NAME ~ACK/S LOAD" || at != 3 {
		t.Errorf("orders %v, %d in effect", orders, at)
	}
}

func TestTableKeepsTheRowUnderTheCursor(t *testing.T) {
	table := newRows(dark)
	rows := someRows()
	table.SetRows(rows, start)
	table.Select("wordcount")
	table.SortBy("~ACK/S", false)
	if selected(table) != "wordcount" {
		t.Errorf("sorting moves the cursor to %s", selected(table))
	}
	table.SetFilter("w")
	table.SetFilter("")
	if selected(table) != "wordcount" {
		t.Errorf("a filter that keeps the row moves the cursor to %s", selected(table))
	}
	table.SetRows([]row{rows[2], rows[0]}, start)
	if selected(table) != "wordcount" {
		t.Errorf("a refresh moves the cursor to %s", selected(table))
	}
	if table.Select("new") {
		t.Error("a row that is not there is selected")
	}
	table.SetRows(append(rows, row{name: "new"}), start)
	if selected(table) != "new" {
		t.Errorf("the row that was waited for is not selected but %s", selected(table))
	}
}

func TestTableKeepsAVanishedRow(t *testing.T) {
	table := newRows(dark)
	rows := someRows()
	table.SortBy("NAME", false)
	table.SetRows(rows, start)
	table.Select("twitter-clicks")
	rest := []row{rows[0], rows[1], rows[3]}
	table.SetRows(rest, start)
	if got := names(table); got != "global-alarms (twitter-clicks) wikipedia-trends wordcount" || selected(table) != "-" {
		t.Errorf("after it vanished: %s, selected %s", got, selected(table))
	}
	if shown, all := table.Rows(); shown != 3 || all != 3 {
		t.Errorf("%d of %d rows", shown, all)
	}
	p := Paint{Theme: dark, W: 60, H: 5, Now: start.Add(12 * time.Second)}
	frame := Join(table.Draw(p))
	termtest.CheckFrame(t, frame, 60, 5)
	termtest.Golden(t, "", termtest.Render(frame, 60, 5).Text())
	// It stays through polls, for a minute.
	table.SetRows(rest, start.Add(59*time.Second))
	if !strings.Contains(names(table), "(") {
		t.Error("it is gone after 59s")
	}
	table.SetRows(rest, start.Add(61*time.Second))
	if got := names(table); strings.Contains(got, "(") || selected(table) != "wikipedia-trends" {
		t.Errorf("after 61s: %s, selected %s", got, selected(table))
	}
	// It comes back.
	table.SetRows(rows, start)
	table.Select("twitter-clicks")
	table.SetRows(rest, start)
	table.SetRows(rows, start)
	if strings.Contains(names(table), "(") || selected(table) != "twitter-clicks" {
		t.Errorf("after it came back: %s, selected %s", names(table), selected(table))
	}
	// Leaving it lets it go.
	for key, want := range map[string]string{"j": "wikipedia-trends", "k": "global-alarms"} {
		table.SetRows(rows, start)
		table.Select("twitter-clicks")
		table.SetRows(rest, start)
		table.Update(Press(key))
		if strings.Contains(names(table), "(") || selected(table) != want {
			t.Errorf("after %s: %s, selected %s", key, names(table), selected(table))
		}
	}
	// The last one.
	table.SetRows(rows[:1], start)
	table.Select("wordcount")
	table.SetRows(nil, start)
	if got := names(table); got != "(wordcount)" {
		t.Errorf("after the last row vanished: %s", got)
	}
	table.SetRows(nil, start.Add(2*time.Minute))
	if got := table.Draw(p)[0]; !strings.Contains(got, "No topology is running.") {
		t.Errorf("empty table shows %q", got)
	}
}

func TestTableMarks(t *testing.T) {
	table := newRows(dark)
	table.SortBy("NAME", false)
	table.SetRows(someRows(), start)
	table.Update(Press("space"))
	if selected(table) != "twitter-clicks" {
		t.Errorf("marking goes to %s", selected(table))
	}
	table.Update(Press("G"))
	table.Update(Press("ctrl+space"))
	if n := len(table.Marked()); n != 4 {
		t.Errorf("a range marks %d rows, want 4", n)
	}
	table.Update(Press("space"))
	table.SetRows(someRows()[1:], start)
	if n := len(table.Marked()); n != 3 {
		t.Errorf("%d marks, want those of the rows that are left", n)
	}
	table.Update(Press("U"))
	if n := len(table.Marked()); n != 0 {
		t.Errorf("%d marks after U", n)
	}
}

func TestTableFilter(t *testing.T) {
	for filter, want := range map[string]string{
		"":             "global-alarms twitter-clicks wikipedia-trends wordcount",
		"w":            "global-alarms twitter-clicks wikipedia-trends wordcount",
		"word":         "wordcount",
		"rebal":        "twitter-clicks",
		"REBAL":        "twitter-clicks",
		"Rebal":        "",
		"!active":      "twitter-clicks",
		"~wkptr":       "wikipedia-trends",
		"@warn":        "global-alarms twitter-clicks wikipedia-trends",
		"@warn trends": "wikipedia-trends",
		"!":            "global-alarms twitter-clicks wikipedia-trends wordcount",
		"nothing":      "",
	} {
		table := newRows(dark)
		table.Text = func(r row) string { return r.name + " " + r.status + " w" }
		table.SetRows(someRows(), start)
		table.SortBy("NAME", false)
		table.SetFilter(filter)
		if got := names(table); got != want {
			t.Errorf("filter %q: %q, want %q", filter, got, want)
		}
	}
	table := newRows(dark)
	table.SetRows(someRows(), start)
	p := Paint{Theme: dark, W: 60, H: 5}
	for _, key := range []string{"/", "t", "w", "i"} {
		if !table.Update(Press(key)) {
			t.Errorf("%s is not answered", key)
		}
	}
	if !table.Typing() || table.Filter() != "twi" || names(table) != "twitter-clicks" {
		t.Errorf("while typing: %v, %q, %s", table.Typing(), table.Filter(), names(table))
	}
	screen := termtest.Render(Join(table.Draw(p)), 60, 5)
	if got := strings.TrimSpace(screen.Row(4)); !strings.HasPrefix(got, "/ twi▏") || !strings.HasSuffix(got, "1 of 4") {
		t.Errorf("the prompt is %q", got)
	}
	if x, y := screen.Find("twitter"); !screen.StyleAt(x, y).Underline || screen.StyleAt(x+3, y).Underline {
		t.Error("the match is not underlined")
	}
	table.Update(Press("enter"))
	if table.Typing() || table.Filter() != "twi" {
		t.Error("enter does not keep the filter")
	}
	if !table.Escape() || table.Filter() != "" || table.Escape() {
		t.Error("esc does not clear the filter once")
	}
	table.SetFilter("zzz")
	if got := ansi.Strip(table.Draw(p)[0]); !strings.Contains(got, `No row matches "zzz". esc clears the filter.`) {
		t.Errorf("without a match: %q", got)
	}
}

func TestTableColumnsLeaveByPriority(t *testing.T) {
	table := newRows(dark)
	table.SetRows(someRows(), start)
	for _, test := range []struct {
		w, hidden int
		gone      string
	}{
		{100, 0, ""},
		{57, 0, ""},
		{52, 1, "NOTE"},
		{45, 2, "NOTE ~ACK/S"},
		{35, 3, "NOTE ~ACK/S STATUS"},
		{20, 3, "NOTE ~ACK/S STATUS"},
	} {
		rows := table.Draw(Paint{Theme: dark, W: test.w, H: 3})
		if table.HiddenColumns() != test.hidden {
			t.Errorf("%d cells hide %d columns, want %d", test.w, table.HiddenColumns(), test.hidden)
		}
		for _, title := range []string{"NAME", "STATUS", "~ACK/S", "LOAD", "NOTE"} {
			if strings.Contains(rows[0], title) == strings.Contains(test.gone, title) && test.w > 30 {
				t.Errorf("%d cells: titles %q, want without %q", test.w, ansi.Strip(rows[0]), test.gone)
			}
		}
	}
	// Without the limit the columns scroll, the first one staying.
	table.SetWide(true)
	p := Paint{Theme: dark, W: 40, H: 3}
	table.Draw(p)
	if table.HiddenColumns() != 0 {
		t.Error("columns are hidden without the limit")
	}
	table.Update(Press("right"))
	table.Update(Press("right"))
	if got := ansi.Strip(table.Draw(p)[0]); !strings.HasPrefix(got, "    NAME  ") || !strings.Contains(got, "LOAD") || strings.Contains(got, "ACK") {
		t.Errorf("scrolled sideways: %q", got)
	}
	table.ToggleColumn("LOAD")
	if got := table.Draw(p)[0]; strings.Contains(got, "LOAD") {
		t.Errorf("a column that was switched off is there: %q", got)
	}
}

func TestTableScrolls(t *testing.T) {
	table := newRows(dark)
	rows := make([]row, 100)
	for i := range rows {
		rows[i].name = fmt.Sprintf("w%d", i)
	}
	table.SortBy("NAME", false)
	table.SetRows(rows, start)
	p := Paint{Theme: dark, W: 60, H: 11}
	table.Draw(p)
	for _, step := range []struct{ key, want string }{
		{"j", "w1"},
		{"ctrl+d", "w6"},
		{"pgdown", "w16"},
		{"G", "w99"},
		{"ctrl+u", "w94"},
		{"pgup", "w84"},
		{"g", "w0"},
		{"k", "w0"},
		{"end", "w99"},
		{"up", "w98"},
		{"home", "w0"},
	} {
		table.Update(Press(step.key))
		frame := termtest.Render(Join(table.Draw(p)), 60, 11)
		if selected(table) != step.want {
			t.Errorf("%s goes to %s, want %s", step.key, selected(table), step.want)
		}
		if _, y := frame.Find("▸   " + step.want + " "); y < 0 {
			t.Errorf("after %s the cursor is not on screen:\n%s", step.key, frame.Text())
		}
	}
	if at, of := table.Position(); at != 1 || of != 100 {
		t.Errorf("position %d/%d", at, of)
	}
	if table.Update(Press("x")) || table.Update(Press("enter")) {
		t.Error("the table answers keys of the screen")
	}
}

func TestTableExtraLines(t *testing.T) {
	table := newRows(dark)
	table.Extra = func(r row, w int) []Line {
		if w < 40 {
			return nil
		}
		return []Line{S(theme.Dim, "evidence of "+r.name), T("next: enter")}
	}
	table.SetRows(someRows(), start)
	p := Paint{Theme: dark, W: 60, H: 6}
	table.Draw(p)
	table.Update(Press("j"))
	table.Update(Press("j"))
	frame := Join(table.Draw(p))
	termtest.CheckFrame(t, frame, 60, 6)
	termtest.Golden(t, "", termtest.Render(frame, 60, 6).Text())
	if rows := table.Draw(p.Sized(30, 6)); !strings.Contains(rows[1], "global-alar") {
		t.Errorf("narrow: %q", rows[1])
	}
}

func TestTablePin(t *testing.T) {
	table := newRows(dark)
	table.SortBy("NAME", false)
	table.SetRows(someRows(), start)
	table.Select("wordcount")
	table.Update(Press("f"))
	if got := names(table); !strings.HasPrefix(got, "wordcount ") || selected(table) != "wordcount" {
		t.Errorf("pinned: %s", got)
	}
	table.Update(Press("f"))
	if got := names(table); strings.HasPrefix(got, "wordcount") {
		t.Errorf("unpinned: %s", got)
	}
}

func TestNatural(t *testing.T) {
	sorted := []string{"", "W1", "a", "w", "w01", "w1", "w2", "w2a", "w10", "w10.x", "w99999999999999999999999", "x"}
	for i, a := range sorted {
		for j, b := range sorted {
			c := Natural(a, b)
			if (i < j) != (c < 0) || (i == j) != (c == 0) {
				t.Errorf("Natural(%q, %q) = %d", a, b, c)
			}
		}
	}
}

// randomTable has rows and columns of every kind, with hostile text.
func randomTable(rng *rand.Rand, th *theme.Theme) *Table[int] {
	texts := []string{"", "a", "word", "日本語テキスト", "e\u0301\u0301", "\x1b[31mred", "tab\there", "🇫🇷", strings.Repeat("long ", 20), "\u202e", "–"}
	cols := make([]Column[int], rng.IntN(8))
	for i := range cols {
		cols[i] = Column[int]{
			Title: texts[rng.IntN(4)], Align: Align(rng.IntN(2)), Min: rng.IntN(14), Max: rng.IntN(3) * 20, Flex: rng.IntN(3),
			Fit: rng.IntN(2) == 0, Priority: rng.IntN(6), Gap: rng.IntN(2), CutEnd: rng.IntN(2) == 0, Hidden: rng.IntN(6) == 0,
			Cell: func(r int) Line {
				if (r+i)%3 == 0 {
					return Capacity(th.Glyphs, float64(r)/10, LevelWarn).Add(theme.Crit, texts[(r+i)%len(texts)])
				}
				return T(texts[(r*7+i)%len(texts)])
			},
			Less: func(a, b int) int { return a - b },
		}
	}
	table := NewTable(func(r int) string { return fmt.Sprint(r) }, cols...)
	table.Level = func(r int) Level { return Level(r % 12) }
	if rng.IntN(3) == 0 {
		table.Extra = func(r, _ int) []Line { return make([]Line, r%3) }
	}
	table.Empty = T(texts[rng.IntN(len(texts))])
	return table
}

func TestTableFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	keys := []string{"j", "k", "G", "g", "space", ">", "I", "/", "a", "esc", "pgdown", "f", "right", "ctrl+space"}
	for range 150 {
		th := theme.New(theme.Names()[rng.IntN(4)], rng.IntN(4) > 0)
		table := randomTable(rng, th)
		sections := NewSections(
			&Section{Title: "text", NoCount: true, Body: NewText(T("a\x1bb"), nil), Gap: true},
			&Section{Title: "rows", Right: T("right part"), Body: table, Note: S(theme.Warn, "▲ partial")},
			&Section{Title: "more", Body: randomTable(rng, th), Hide: rng.IntN(3) == 0},
		)
		now := start
		for range 8 {
			rows := make([]int, rng.IntN(20))
			for i := range rows {
				rows[i] = i * (1 + rng.IntN(2))
			}
			table.SetRows(dedup(rows), now)
			now = now.Add(20 * time.Second)
			table.SetWide(rng.IntN(3) == 0)
			sections.Update(Press(keys[rng.IntN(len(keys))]))
			p := Paint{
				Theme: th, W: 20 + rng.IntN(281), H: rng.IntN(40), Now: now,
				Stale: rng.IntN(4) == 0, Blur: rng.IntN(4) == 0,
			}
			if rng.IntN(5) == 0 {
				p.W = rng.IntN(20)
			}
			termtest.CheckFrame(t, Join(table.Draw(p)), p.W, p.H)
			termtest.CheckFrame(t, Join(sections.Draw(p)), p.W, p.H)
		}
		if t.Failed() {
			return
		}
	}
}

func dedup(rows []int) []int {
	seen := map[int]bool{}
	out := rows[:0]
	for _, r := range rows {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

func FuzzLayout(f *testing.F) {
	f.Add(uint64(1), 80, false, 0)
	f.Add(uint64(2), 0, true, 3)
	f.Fuzz(func(t *testing.T, seed uint64, w int, wide bool, skip int) {
		w = max(min(w, 1000), -1)
		rng := rand.New(rand.NewPCG(seed, 1))
		cols := randomTable(rng, dark).Columns
		places, hidden := layout(cols, w, wide, skip, func(col int) int { return col * 5 })
		used, visible := gutter, 0
		for i, p := range places {
			if p.w < 1 || p.gap < 0 || i > 0 && p.col <= places[i-1].col {
				t.Errorf("places %+v", places)
			}
			used += p.gap + p.w
			if c := cols[p.col]; c.Max > 0 && p.w > max(c.Max, c.min()) {
				t.Errorf("column %d has %d cells, at most %d", p.col, p.w, c.Max)
			}
		}
		stay := 0
		for _, c := range cols {
			if !c.Hidden {
				visible++
			}
			if !c.Hidden && c.priority() == 1 {
				stay++
			}
		}
		if !wide && (len(places)+hidden != visible || len(places) < stay) {
			t.Errorf("%d shown, %d hidden of %d, %d of which stay", len(places), hidden, visible, stay)
		}
		if !wide && len(places) > stay && used > w {
			t.Errorf("%d cells used of %d though columns could leave", used, w)
		}
	})
}

func BenchmarkTable10k(b *testing.B) {
	table := newRows(dark)
	table.Text = func(r row) string { return r.name }
	table.Changed = func(was, is row) bool { return was.rate != is.rate }
	rows := make([]row, 10_000)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("topology-%d", i), "ACTIVE", float64(i * 7919 % 10_000), 0.5, Level(i % 6)}
	}
	p := Paint{Theme: dark, W: 200, H: 55}
	b.Run("new snapshot and frame", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.SetRows(rows, start)
			table.Draw(p)
		}
	})
	b.Run("frame", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.Draw(p)
		}
	})
	b.Run("sort by number", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.SortBy("~ACK/S", false)
		}
	})
	b.Run("filter", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.SetFilter("77")
		}
	})
}
