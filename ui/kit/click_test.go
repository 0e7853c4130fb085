package kit

import (
	"strings"
	"testing"
)

func visible(t *Table[row]) string {
	var list []string
	for _, r := range t.Visible() {
		list = append(list, r.name)
	}
	return strings.Join(list, " ")
}

func TestTableClick(t *testing.T) {
	table := newRows(dark)
	table.SortBy("NAME", false)
	table.Extra = func(row, int) []Line { return []Line{T("evidence")} }
	table.SetRows(someRows(), start)
	if table.Click(1) {
		t.Error("a click before anything was drawn")
	}
	if got := visible(table); got != "global-alarms twitter-clicks wikipedia-trends wordcount" {
		t.Errorf("before the first draw %s are asked for", got)
	}
	p := Paint{Theme: dark, W: 60, H: 6}
	table.Draw(p)
	for _, test := range []struct {
		y    int
		hit  bool
		want string
	}{
		{0, false, "global-alarms"}, // the titles
		{3, true, "twitter-clicks"},
		{4, true, "twitter-clicks"}, // its extra line
		{1, true, "global-alarms"},
		{6, false, "global-alarms"},
		{-1, false, "global-alarms"},
	} {
		if hit := table.Click(test.y); hit != test.hit || selected(table) != test.want {
			t.Errorf("a click on line %d hits %v and selects %s, want %s", test.y, hit, selected(table), test.want)
		}
	}
	if got := visible(table); got != "global-alarms twitter-clicks wikipedia-trends" {
		t.Errorf("%s are visible", got)
	}
	table.Update(Press("G"))
	table.Draw(p)
	if got := visible(table); got != "twitter-clicks wikipedia-trends wordcount" {
		t.Errorf("at the end %s are visible", got)
	}
}

func TestSectionsClick(t *testing.T) {
	s, first, second := body()
	p := Paint{Theme: dark, W: 60, H: 20}
	if s.Click(5) {
		t.Error("a click before anything was drawn")
	}
	s.Draw(p)
	for y, want := range []string{
		"", "", "", // the summary
		"", "", "global-alarms", "twitter-clicks", "wikipedia-trends", "wordcount", "", // rule, titles, rows, gap
		"", "", // rule, the sentence of the empty table
		"", "", "x1", "x2", "x10",
		"", "", // rule, the facts without a cursor
		"",
	} {
		hit := s.Click(y)
		if hit != (want != "") || hit && selected(s.Active().Body.(*Table[row])) != want {
			t.Errorf("a click on line %d hits %v, want %q", y, hit, want)
		}
	}
	s.Update(Press("G"))
	s.Draw(p.Sized(60, 5))
	if got := visible(first); got != "" {
		t.Errorf("%s of the first table are visible though it is scrolled away", got)
	}
	if got := visible(second); got != "x1 x2 x10" {
		t.Errorf("%s of the second table are visible", got)
	}
}
