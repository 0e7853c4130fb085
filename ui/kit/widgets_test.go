package kit

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui/theme"
)

func TestBars(t *testing.T) {
	u, a := dark.Glyphs, theme.New("dark", false).Glyphs
	nan := math.NaN()
	for _, test := range []struct{ got, want string }{
		{Spark(u, []float64{0, 1, 2, 4, 8}, 5).Plain(), "▁▂▃▅█"},
		{Spark(u, []float64{nan, 8}, 4).Plain(), "···█"},
		{Spark(u, []float64{1, 2, 3}, 2).Plain(), "▆█"},
		{Spark(u, []float64{0, 0}, 2).Plain(), "▁▁"},
		{Spark(u, []float64{math.Inf(1), -1, 1}, 3).Plain(), "·▁█"},
		{Spark(u, nil, 3).Plain(), "···"},
		{Spark(u, nil, -1).Plain(), ""},
		{Spark(a, []float64{0, 1, 2, 3, 4, 5, 6, 8}, 8).Plain(), "_.-=+*#@"},
		{Gauge(u, 0.58).Plain(), "███▌··"},
		{Gauge(u, 1.04).Plain(), "█████!"},
		{Gauge(u, 1).Plain(), "██████"},
		{Gauge(u, 0).Plain(), "······"},
		{Gauge(u, -1).Plain(), "······"},
		{Gauge(u, nan).Plain(), "      "},
		{Gauge(u, math.Inf(1)).Plain(), "█████!"},
		{Gauge(a, 0.58).Plain(), "###..."},
		{Gauge(a, 1.2).Plain(), "#####!"},
		{Bar(u, 0.5, 0).Plain(), ""},
		{Capacity(u, 0.41, LevelNone).Plain(), "██▌··· 0.41"},
		{Capacity(u, nan, LevelNone).Plain(), "       –"},
		{Heat(u, []float64{8, 1, 1, nan, 4}).Plain(), "█░░·▓"},
		{Heat(a, []float64{0, 2, 5, 8}).Plain(), ".:+#"},
		{Heat(u, []float64{0, 0}).Plain(), "░░"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		w                  int
		title, right, want string
	}{
		{20, "bolts (8)", "", "─ bolts (8) ────────"},
		{30, "bolts (8)", "S shows 2", "─ bolts (8) ────── S shows 2 ─"},
		{20, "bolts (8)", "S shows 2", "─ bolts (8) ────────"},
		{10, "a long title", "", "─ a lon… ─"},
		{5, "", "", "─────"},
		{1, "x", "", "─"},
		{0, "x", "y", ""},
	} {
		got := ansi.Strip(Rule(Paint{Theme: dark, W: test.w}, test.title, test.right))
		if got != test.want {
			t.Errorf("%d cells: %q, want %q", test.w, got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	l := S(theme.Dim, "owner ").Text("ops 日本").Add(theme.Warn, " ▲")
	if l.Width() != 16 || l.Plain() != "owner ops 日本 ▲" {
		t.Errorf("%d cells: %q", l.Width(), l.Plain())
	}
	for _, test := range []struct{ got, want string }{
		{l.Cut(20, false).Plain(), "owner ops 日本 ▲"},
		{l.Cut(12, false).Plain(), "owner ops …"},
		{l.Cut(6, false).Plain(), "owner…"},
		{l.Cut(0, false).Plain(), ""},
		{T("wikipedia-trends").Cut(14, true).Plain(), "wikipedia…ends"},
		{l.Drop(6).Plain(), "ops 日本 ▲"},
		{l.Drop(11).Plain(), " 本 ▲"},
		{l.Drop(99).Plain(), ""},
		{l.Take(8).Plain(), "owner op"},
		{l.Take(0).Plain(), ""},
		{Apart(T("left"), T("right"), 12).Plain(), "left   right"},
		{Apart(T("left part"), T("right"), 12).Plain(), "left … right"},
		{Apart(T("left"), T("right"), 4).Plain(), "right"},
		{T("a").To(4).Text("b").Plain(), "a   b"},
		{T("abcd").To(2).Text("b").Plain(), "abcd b"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	p := Paint{Theme: dark, W: 6}
	for _, test := range []struct {
		l    Line
		want string
	}{
		{T("abcdef"), "abcdef"},
		{T("abcdefg"), "abcde…"},
		{T("abcdef  "), "abcdef"},
		{T("abcdef").Text("  "), "abcdef"},
		{T("abcdef").Text("g"), "abcde…"},
		{T("abc").Text("def").Text("g"), "abcde…"},
		{T("日本語"), "日本語"},
		{T("日本語x"), "日本… "},
		{T("a\x1b[2J"), "a␛[2J "},
	} {
		row := p.Row(test.l)
		termtest.CheckFrame(t, row, 6, 1)
		if got := ansi.Strip(row); got != test.want {
			t.Errorf("%q is painted %q, want %q", test.l.Plain(), got, test.want)
		}
	}
	ascii := Paint{Theme: theme.New("mono", false), W: 14}
	if got := ansi.Strip(ascii.Row(T("▸ é 日 ␛ – …"))); got != "> ? ?? ^[ - ~ " {
		t.Errorf("in ASCII: %q", got)
	}
}

func TestUnderline(t *testing.T) {
	l := S(theme.Dim, "split-").Text("wörd").Add(theme.Warn, "!")
	got := underlineAll(l, "d!", true)
	want := Line{{Text: "split-", Tok: theme.Dim}, {Text: "wör"}, {Text: "d", Tok: theme.Match, Attr: Under}, {Text: "!", Tok: theme.Warn, Attr: Under}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := underlineAll(T("ÉÉé"), "éé", true).Plain(); got != "ÉÉé" {
		t.Errorf("underlining changes the text to %q", got)
	}
}

func TestRowStyles(t *testing.T) {
	p := Paint{Theme: dark, W: 10}
	l := T("text").Add(theme.Crit, "crit")
	plain := termtest.Render(p.Row(l), 10, 1)
	if s := plain.StyleAt(0, 0); s.Fore != nil || s.Back != nil || s.Bold {
		t.Errorf("plain text looks like %+v", s)
	}
	cursor := termtest.Render(p.Styled(l, RowCursor), 10, 1)
	for x := range 10 {
		if cursor.StyleAt(x, 0).Back == nil {
			t.Errorf("cell %d of the cursor row has no background", x)
		}
	}
	if cursor.StyleAt(4, 0).Fore == nil {
		t.Error("the cursor row loses colours")
	}
	dim := termtest.Render(p.Styled(l, RowDim), 10, 1)
	if dim.StyleAt(0, 0).Fore == nil || dim.StyleAt(0, 0) != dim.StyleAt(5, 0) {
		t.Error("a dim row is not dim all over")
	}
	if bold := termtest.Render(p.Styled(l, RowBold), 10, 1); !bold.StyleAt(0, 0).Bold || !bold.StyleAt(9, 0).Bold {
		t.Error("a bold row is not bold")
	}
	head := termtest.Render(p.Styled(l, RowHeader), 10, 1)
	prod := termtest.Render(p.Styled(l, RowProd), 10, 1)
	if head.StyleAt(9, 0).Back == nil || prod.StyleAt(9, 0).Back == nil || head.StyleAt(9, 0).Back == prod.StyleAt(9, 0).Back {
		t.Error("the header bars do not differ")
	}
}

func TestOverlay(t *testing.T) {
	p := Paint{Theme: dark, W: 12, H: 4}
	base := p.Rows(T("日本語日本語"), S(theme.Crit, "abcdefghijkl"), T("x"), T("y"))
	box := Box(p.Sized(12, 9), T("t"), 6, []Line{S(theme.Warn, "warn")})
	for _, test := range []struct{ x, y int }{{3, 0}, {-2, -1}, {9, 2}, {20, 1}, {0, 9}} {
		frame := Join(Overlay(base, box, test.x, test.y))
		termtest.CheckFrame(t, frame, 12, 4)
		termtest.Golden(t, fmt.Sprintf("%d_%d", test.x, test.y), termtest.Render(frame, 12, 4).Text())
	}
	frame := Join(Center(base, box))
	termtest.CheckFrame(t, frame, 12, 4)
	screen := termtest.Render(frame, 12, 4)
	if s := screen.StyleAt(0, 1); s.Fore == nil || s != screen.StyleAt(11, 1) {
		t.Errorf("the base loses its style around the box: %+v, %+v", s, screen.StyleAt(11, 1))
	}
	if got := Center(nil, box); len(got) != 0 {
		t.Errorf("over nothing: %q", got)
	}
}

func TestBoxFitsAnySize(t *testing.T) {
	lines := []Line{T("one"), T("two"), T("three")}
	for w := range 30 {
		for h := range 12 {
			p := Paint{Theme: dark, W: w, H: h}
			box := Box(p, T("title"), 20, lines, lines[:1])
			termtest.CheckFrame(t, Join(box), min(w, 20), min(h, 7))
			if h == 5 && w == 20 && !strings.Contains(box[3], "one") {
				t.Errorf("the last part is not kept:\n%s", strings.Join(box, "\n"))
			}
		}
	}
}

func TestDialog(t *testing.T) {
	at := func(d time.Duration) time.Time { return start.Add(d) }
	ask := func() *Dialog {
		d := NewDialog(start, "kill wordcount on prod-eu", []Line{T("wordcount-12-1794666720 · ACTIVE 7d00h")}, "Cancel", "kill")
		d.Width = 70
		return d.AskFor("wordcount", "Type the name to kill:", "name does not match yet")
	}
	typed := func(d *Dialog, text string) {
		for _, r := range text {
			d.Update(Press(string(r)), at(time.Second))
		}
	}
	d := ask()
	p := Paint{Theme: dark, W: 80, H: 24}
	termtest.Golden(t, "asks", termtest.Render(Join(d.Box(p)), 70, 8).Text())
	if d.Update(Press("enter"), at(100*time.Millisecond)) != DialogHandled {
		t.Error("a key in the first 300 ms counts")
	}
	if d.Update(Press("enter"), at(time.Second)) != DialogCancelled {
		t.Error("enter without the name does not cancel")
	}
	d = ask()
	typed(d, "wordcoun")
	if d.Button() != 0 || d.Update(Press("enter"), at(time.Second)) != DialogCancelled {
		t.Error("part of the name is enough")
	}
	d = ask()
	typed(d, "wordcount")
	termtest.Golden(t, "matches", termtest.Render(Join(d.Box(p)), 70, 8).Text())
	if d.Update(Press("enter"), at(time.Second)) != DialogChosen || d.Button() != 1 {
		t.Error("the name does not confirm")
	}
	d = ask()
	typed(d, "wordcount")
	d.Update(Press("tab"), at(time.Second)) // from the field to Cancel
	if d.Update(Press("enter"), at(time.Second)) != DialogCancelled {
		t.Error("Cancel does not cancel")
	}
	d = ask()
	d.Update(tea.PasteMsg{Content: "wordcount"}, at(time.Second))
	if box := Join(d.Box(p)); !strings.Contains(box, "Pasted text does not confirm") || d.Button() != 0 {
		t.Error("a paste is not refused")
	}
	typed(d, "wordcount")
	if d.Update(Press("enter"), at(time.Second)) != DialogChosen {
		t.Error("typing after a paste does not confirm")
	}
	for _, key := range []string{"esc", "ctrl+c"} {
		d = ask()
		typed(d, "wordcount")
		if d.Update(Press(key), at(time.Second)) != DialogCancelled {
			t.Errorf("%s does not cancel", key)
		}
	}
	// Without a name the buttons decide, the safe one first.
	q := NewDialog(start, "quit", nil, "Stay", "Quit")
	if q.Update(Press("enter"), at(time.Second)) != DialogCancelled {
		t.Error("the first button does not have the focus")
	}
	q.Update(Press("right"), at(time.Second))
	if q.Update(Press("enter"), at(time.Second)) != DialogChosen || q.Button() != 1 {
		t.Error("the second button cannot be chosen")
	}
	if NewDialog(start, "x", nil).Update(Press("enter"), at(time.Second)) != DialogCancelled {
		t.Error("a notice cannot be closed")
	}
}

func TestMenu(t *testing.T) {
	m := NewMenu("actions · wordcount",
		MenuItem{Key: "r", Label: "rebalance", Note: "opens the planner"},
		MenuItem{Key: "j", Label: "stack traces"},
		MenuItem{Key: "p", Label: "profile", Note: "worker.profiler.enabled is false", Off: true},
		MenuItem{Label: "copy the id"},
	)
	p := Paint{Theme: dark, W: 60, H: 10}
	termtest.Golden(t, "", termtest.Render(Join(m.Box(p)), 60, 6).Text())
	want := func(key string, chosen, cursor int) {
		t.Helper()
		if got, _ := m.Update(Press(key)); got != chosen || m.Cursor() != cursor {
			t.Errorf("%s chooses %d with the cursor at %d, want %d and %d", key, got, m.Cursor(), chosen, cursor)
		}
	}
	want("down", -1, 1)
	want("enter", 1, 1)
	want("p", -1, 2)
	want("enter", -1, 2)
	want("r", 0, 0)
	want("j", 1, 1) // an item's letter comes before moving down
	want("G", -1, 3)
	want("enter", 3, 3)
	if _, handled := m.Update(Press("?")); handled {
		t.Error("the menu takes a key it does not know")
	}
	for w := range 70 {
		for h := range 8 {
			box := m.Box(p.Sized(w, h))
			termtest.CheckFrame(t, Join(box), min(w, 55), min(h, 6))
		}
	}
}

func TestTree(t *testing.T) {
	leaf := func(id string) TreeNode { return TreeNode{ID: id, Label: T(id[strings.LastIndex(id, "/")+1:])} }
	branch := func(id string, kids ...TreeNode) TreeNode {
		n := leaf(id)
		n.Branch, n.Kids = true, kids
		return n
	}
	root := branch("/storm",
		branch("/storm/assignments", leaf("/storm/assignments/alarms"), leaf("/storm/assignments/wordcount")),
		branch("/storm/errors", branch("/storm/errors/alarms", leaf("/storm/errors/alarms/notify"))),
		leaf("/storm/nimbuses"),
	)
	tree := NewTree()
	tree.SetRoot(root)
	p := Paint{Theme: dark, W: 30, H: 9}
	want := func(key string, event TreeEvent, id string) {
		t.Helper()
		if got := tree.Update(Press(key)); got != event {
			t.Errorf("%s gives event %d, want %d", key, got, event)
		}
		termtest.CheckFrame(t, Join(tree.Draw(p)), p.W, p.H)
		if n, _ := tree.Selected(); n.ID != id {
			t.Errorf("after %s the cursor is on %s, want %s", key, n.ID, id)
		}
	}
	want("j", TreeHandled, "/storm/assignments")
	want("enter", TreeOpened, "/storm/assignments")
	want("G", TreeHandled, "/storm/nimbuses")
	want("enter", TreeChosen, "/storm/nimbuses")
	want("k", TreeHandled, "/storm/errors")
	want("right", TreeOpened, "/storm/errors")
	want("right", TreeHandled, "/storm/errors")
	want("down", TreeHandled, "/storm/errors/alarms")
	want("enter", TreeOpened, "/storm/errors/alarms")
	termtest.Golden(t, "", termtest.Render(Join(tree.Draw(p)), p.W, p.H).Text())

	// What is above changes: the cursor stays.
	root.Kids = root.Kids[1:]
	tree.SetRoot(root)
	if n, _ := tree.Selected(); n.ID != "/storm/errors/alarms" {
		t.Errorf("a refresh moves the cursor to %s", n.ID)
	}
	want("left", TreeClosed, "/storm/errors/alarms")
	want("left", TreeHandled, "/storm/errors")
	want("left", TreeClosed, "/storm/errors")
	want("left", TreeHandled, "/storm")
	if at, of := tree.Position(); at != 1 || of != 3 {
		t.Errorf("position %d/%d", at, of)
	}
	tree.SetOpen("/storm/errors", true)
	tree.Select("/storm/errors/alarms")
	if n, _ := tree.Selected(); n.ID != "/storm/errors/alarms" {
		t.Errorf("selected %s", n.ID)
	}
	for _, key := range []string{"/", "n", "i", "m"} {
		tree.Update(Press(key))
	}
	if screen := termtest.Render(Join(tree.Draw(p)), p.W, p.H); screen.Contains("errors") || !screen.Contains("nimbuses") || !tree.Typing() {
		t.Errorf("filtered:\n%s", screen.Text())
	}
	if !tree.Escape() || tree.Escape() {
		t.Error("esc does not clear the filter once")
	}
	if got := NewTree(); got.Update(Press("left")) != TreeIgnored || len(got.Draw(p)) != p.H {
		t.Error("an empty tree")
	}
}

func TestViewer(t *testing.T) {
	var lines []Line
	for i := range 40 {
		lines = append(lines, T(fmt.Sprintf("%d the quick brown fox jumps over the lazy dog and on and on", i)))
	}
	lines[30] = T("30 HTTPError: 503").Add(theme.Dim, " Server Error")
	v := NewViewer(lines...)
	p := Paint{Theme: dark, W: 24, H: 6}
	first := func(want string) {
		t.Helper()
		frame := Join(v.Draw(p))
		termtest.CheckFrame(t, frame, p.W, p.H)
		if got := termtest.Render(frame, p.W, p.H).Row(0); !strings.HasPrefix(got, want) {
			t.Errorf("the first row is %q, want %q", got, want)
		}
	}
	first("0 the quick brown fox")
	for _, step := range []struct{ key, want string }{
		{"j", "1 the"},
		{"space", "7 the"},
		{"b", "1 the"},
		{"G", "34 the"},
		{"k", "33 the"},
		{"g", "0 the"},
		{"right", "x jumps over"},
		{"right", "y dog and"},
		{"left", "x jumps"},
		{"left", "0 the"},
	} {
		v.Update(Press(step.key))
		first(step.want)
	}
	v.Update(Press("w"))
	v.Draw(p)
	v.Update(Press("j"))
	first("jumps over the lazy dog ")
	v.Update(Press("w"))
	first("0 the")
	for _, key := range []string{"/", "h", "t", "t", "p", "e"} {
		v.Update(Press(key))
	}
	screen := termtest.Render(Join(v.Draw(p)), p.W, p.H)
	x, y := screen.Find("HTTPE")
	if y < 0 || !screen.StyleAt(x, y).Underline || !screen.Contains("1 of 1") {
		t.Errorf("searching:\n%s", screen.Text())
	}
	v.Update(Press("enter"))
	for _, key := range []string{"n", "N", "n"} {
		v.Update(Press(key))
		if screen := termtest.Render(Join(v.Draw(p)), p.W, p.H); !screen.Contains("HTTPError") {
			t.Errorf("%s leaves the hit:\n%s", key, screen.Text())
		}
	}
	if !v.Escape() || v.Escape() {
		t.Error("esc does not end the search once")
	}
	v.Update(Press("/"))
	v.Update(Press("z"))
	v.Update(Press("9"))
	if hit, of := v.Hits(); hit != 0 || of != 0 {
		t.Errorf("%d of %d hits of nothing", hit, of)
	}
	v.Update(Press("esc"))
	v.SetLines(nil)
	first("     ")
	if line, of := v.Position(); line != 0 || of != 0 {
		t.Errorf("position %d/%d of nothing", line, of)
	}
}

// TestWrapping keeps every character, whatever the width.
func TestWrapping(t *testing.T) {
	text := "日本語 wraps  between wörds, and averylongwordthatfitsnowhere too"
	for w := 1; w < 80; w++ {
		l := T(text)
		var got strings.Builder
		for _, r := range wrapLine(0, l, w) {
			got.WriteString(l.Drop(r.from).Take(r.to - r.from).Plain())
		}
		if w > 1 && got.String() != text {
			t.Errorf("%d cells: %q", w, got.String())
		}
	}
}

func TestPrompt(t *testing.T) {
	q := NewPrompt(": ")
	q.Complete = func(v string) []Completion {
		var out []Completion
		for _, word := range []string{"topologies", "topo wordcount", "quit"} {
			if v != "" && strings.HasPrefix(word, v) {
				out = append(out, Completion{Value: word, Note: T("opens")})
			}
		}
		return out
	}
	press := func(keys ...string) {
		for _, key := range keys {
			q.Update(Press(key))
		}
	}
	want := func(value string) {
		t.Helper()
		if q.Value() != value {
			t.Errorf("value %q, want %q", q.Value(), value)
		}
	}
	press("t", "o", "p")
	want("top")
	p := Paint{Theme: dark, W: 40, H: 4}
	frame := Join(q.Draw(p))
	termtest.CheckFrame(t, frame, 40, 4)
	termtest.Golden(t, "", termtest.Render(frame, 40, 4).Text())
	press("down", "tab")
	want("topo wordcount")
	press("ctrl+w")
	want("topo ")
	press("left", "left", "x", "home", "delete", "end", "backspace", "日", "e", "left", "left", "right", "y")
	want("opxo日ye")
	press("ctrl+u")
	want("e")
	press("ctrl+k")
	want("")
	if q.Update(tea.PasteMsg{Content: "a\nb\tc\x1b[2J\u202e"}) != PromptChanged {
		t.Error("a paste changes nothing")
	}
	want("a b c[2J")
	press("alt+b", "alt+b", "ctrl+k")
	want("a ")
	q.SetValue("e\u0301x")
	press("backspace", "backspace")
	want("")

	q.Complete = nil
	for i := range maxHistory + 5 {
		q.Remember(fmt.Sprint(i))
	}
	q.Remember(fmt.Sprint(maxHistory + 4))
	if h := q.History(); len(h) != maxHistory || h[0] != "5" {
		t.Errorf("history of %d from %s", len(h), h[0])
	}
	press("n", "up", "up")
	want("203")
	press("down", "down")
	want("n")
	press("ctrl+p")
	want("204")
	q.SetHistory([]string{"a", "b"})
	press("ctrl+u", "ctrl+k", "up", "up", "up")
	want("a")

	q.SetValue(strings.Repeat("x", 2*maxPrompt))
	if n := len(q.Value()); n != maxPrompt {
		t.Errorf("%d bytes fit", n)
	}
	for w := range 30 {
		termtest.CheckFrame(t, Join(q.Draw(p.Sized(w, 2))), w, 2)
		q.Update(Press("left"))
	}
	for key, event := range map[string]PromptEvent{"enter": PromptDone, "esc": PromptCancelled, "ctrl+c": PromptCancelled, "f1": PromptIgnored} {
		if got := q.Update(Press(key)); got != event {
			t.Errorf("%s gives event %d, want %d", key, got, event)
		}
	}
}

func FuzzPrompt(f *testing.F) {
	f.Add("abc", "\x00\x01\x02")
	f.Add("日本\u0301🇫🇷", "lrbdw")
	f.Fuzz(func(t *testing.T, text, keys string) {
		q := NewPrompt("> ")
		q.Update(tea.PasteMsg{Content: text})
		names := []string{"left", "right", "backspace", "delete", "ctrl+w", "alt+f", "alt+b", "home", "end", "x", "日"}
		for _, k := range []byte(keys) {
			q.Update(Press(names[int(k)%len(names)]))
			if q.at < 0 || q.at > len(q.value) {
				t.Fatalf("the caret is at %d of %q", q.at, q.value)
			}
			termtest.CheckFrame(t, Join(q.Draw(Paint{Theme: dark, W: 12, H: 1})), 12, 1)
		}
	})
}

func TestPressMatchesTheTerminal(t *testing.T) {
	keys := DefaultKeys()
	if !Is(Press("ctrl+d"), keys.HalfDown) || !Is(Press("shift+tab"), keys.PrevField) || Is(Press("x"), keys.Up, keys.Down) {
		t.Error("keys are not matched by their names")
	}
	for _, name := range []string{"j", "G", "enter", "esc", "ctrl+d", "shift+tab", "space", "alt+f", "pgdown", "f1", "?", "{"} {
		if got := Press(name).String(); got != name {
			t.Errorf("Press(%q) is %q", name, got)
		}
	}
	if Is(tea.PasteMsg{}, keys.Up) {
		t.Error("a paste is a key")
	}
}
