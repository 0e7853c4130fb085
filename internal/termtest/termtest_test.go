package termtest

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// Bubble Tea leaves its input reader behind when a key is pending at quit.
		goleak.IgnoreAnyFunction("github.com/charmbracelet/ultraviolet.(*TerminalReader).sendEvents"))
}

func TestRender(t *testing.T) {
	s := Render("a\x1b[1;31mb\x1b[m日c  \nsecond", 8, 3)
	if got := s.Text(); got != "ab日c\nsecond\n\n" {
		t.Errorf("text %q", got)
	}
	if got := s.Row(0); got != "ab日c   " {
		t.Errorf("row %q", got)
	}
	if x, y := s.Find("c"); x != 4 || y != 0 {
		t.Errorf("c is at %d, %d", x, y)
	}
	if !s.StyleAt(1, 0).Bold || s.StyleAt(1, 0).Fore == nil || s.StyleAt(0, 0).Bold {
		t.Errorf("styles %+v, %+v", s.StyleAt(0, 0), s.StyleAt(1, 0))
	}
	if got := Render("too wide\nnext", 3, 1).Text(); !strings.HasPrefix(got, "to") || strings.Contains(got, "next") {
		t.Errorf("cut to %q", got)
	}
	if got := s.Styled(); !strings.Contains(got, "b") || strings.Count(got, "\n") != 3 {
		t.Errorf("styled %q", got)
	}
}

func TestFrameProblems(t *testing.T) {
	for _, test := range []struct {
		frame string
		want  string
	}{
		{"ab\ncd", ""},
		{"\x1b[31mab\x1b[m\n日", ""},
		{"ab", "1 rows, want 2"},
		{"abc\ncd", "3 cells"},
		{"a\ncd", "1 cells"},
		{"\x1b[31mab\ncd", "style is left on"},
		{"\x1b[2Jab\ncd", "no style"},
		{"\x1b]0;x\x07ab\ncd", "no style"},
		{"a\tb\ncd", "control byte"},
		{"ab\u009b\ncd", "control character"},
		{"ab\xff\ncd", "not UTF-8"},
	} {
		got := frameProblem(test.frame, 2, 2)
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%q: %q, want %q", test.frame, got, test.want)
		}
	}
}

func TestGolden(t *testing.T) {
	Golden(t, "text", Render("kept\nas a file", 12, 2).Text())
}

// counter is a small program with a list, to try the harness on.
type counter struct {
	rows   []string
	cursor int
	typed  string
	w, h   int
}

func (c counter) Init() tea.Cmd { return nil }

func (c counter) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.w, c.h = msg.Width, msg.Height
	case tea.PasteMsg:
		c.typed += "<" + msg.Content + ">"
	case tea.KeyPressMsg:
		switch msg.String() {
		case "j", "down":
			c.cursor++
		case "k", "up":
			c.cursor--
		case "q":
			return c, tea.Quit
		default:
			c.typed += "(" + msg.String() + ")"
		}
	}
	return c, nil
}

func (c counter) View() tea.View {
	var b strings.Builder
	fmt.Fprintf(&b, "size %d×%d typed %s\n", c.w, c.h, c.typed)
	for i, row := range c.rows {
		at := " "
		if i == c.cursor {
			at = "▸"
		}
		fmt.Fprintf(&b, "%s◆  %s\n", at, row)
	}
	v := tea.NewView(b.String())
	v.AltScreen = true
	return v
}

func TestProgram(t *testing.T) {
	p := Start(t, counter{rows: []string{"alpha", "beta", "gamma"}}, 100, 10)
	p.Row("alpha").IsSelected().Press("j").Row("beta").IsSelected()
	p.Press("down").Row("gamma").IsSelected().Press("up", "k").Row("alpha").IsSelected()
	p.Row("alpha").IsMarked().Row("beta").Holds("◆")
	p.Press("enter", "ctrl+d", "shift+tab", "space").See("(enter)(ctrl+d)(shift+tab)(space)")
	p.Type("xy").See("(x)(y)").Paste("a b").See("<a b>")
	p.Press("esc").See("(esc)")
	p.Resize(50, 8).See("size 50×8").Gone("size 100×10")
	if !p.AltScreen() {
		t.Error("the program is not on the alternate screen")
	}
	p.Press("q")
	if err := p.Ended(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if p.AltScreen() || !strings.Contains(p.Raw(), "\x1b[?1049l") {
		t.Error("the program left the alternate screen on")
	}
	// Keys after the end are lost without harm.
	p.Press("j")
}

func TestKeysHaveSequences(t *testing.T) {
	for key, want := range map[string]string{
		"j": "j", "ctrl+a": "\x01", "ctrl+z": "\x1a", "alt+f": "\x1bf", "alt+left": "\x1b\x1b[D", "日": "日",
	} {
		if got, ok := sequence(key); !ok || got != want {
			t.Errorf("%s: %q, %v", key, got, ok)
		}
	}
	if _, ok := sequence("hyper+x"); ok {
		t.Error("hyper+x has a sequence")
	}
}
