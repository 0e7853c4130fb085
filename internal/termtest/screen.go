// Package termtest is a virtual terminal for tests.
//
// A terminal program is right when the screen is right, not when certain bytes
// were written: its renderer sends differences between cells. So tests look at
// cells. [Render] draws a frame that a View returned; [CheckFrame] holds it to
// the rules that all frames keep; [Golden] compares its text with a file.
// [Start] runs a whole program, with keys going in as the bytes of a terminal
// and everything it writes going to the virtual screen.
//
// Package require, below, says what a test needs beyond Go itself.
package termtest

import (
	"fmt"
	"image/color"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/charmbracelet/x/vt"
)

// Screen is what a terminal showed at one moment.
type Screen struct {
	W, H  int
	cells [][]uv.Cell
}

// Render draws a frame, rows separated by line feeds, on a terminal of w×h
// cells. What does not fit is cut off.
func Render(frame string, w, h int) *Screen {
	em := vt.NewEmulator(max(w, 1), max(h, 1))
	// Without wrapping, a row that is too wide does not spoil the next one.
	write(em, ansi.ResetMode(ansi.ModeAutoWrap))
	for y, row := range strings.Split(frame, "\n") {
		if y == h {
			break
		}
		write(em, fmt.Sprintf("\x1b[%d;1H\x1b[m%s", y+1, row))
	}
	return capture(em)
}

// write sends bytes to the emulator, which answers nothing here: a frame asks
// no questions.
func write(em *vt.Emulator, s string) {
	if _, err := em.WriteString(s); err != nil {
		panic("writing to the virtual terminal: " + err.Error())
	}
}

func capture(em *vt.Emulator) *Screen {
	s := &Screen{W: em.Width(), H: em.Height()}
	s.cells = make([][]uv.Cell, s.H)
	for y := range s.cells {
		s.cells[y] = make([]uv.Cell, s.W)
		for x := range s.cells[y] {
			if c := em.CellAt(x, y); c != nil {
				s.cells[y][x] = *c
			}
		}
	}
	return s
}

// Text returns the rows without styles and without the spaces at their ends,
// separated by line feeds.
func (s *Screen) Text() string {
	rows := make([]string, s.H)
	for y := range rows {
		rows[y] = strings.TrimRight(s.Row(y), " ")
	}
	return strings.Join(rows, "\n") + "\n"
}

// Row returns the text of row y, counted from 0, with the spaces at its end.
func (s *Screen) Row(y int) string {
	if y < 0 || y >= s.H {
		return ""
	}
	var b strings.Builder
	for x := 0; x < s.W; {
		c := &s.cells[y][x]
		if c.Content == "" {
			b.WriteByte(' ')
		} else {
			b.WriteString(c.Content)
		}
		x += max(c.Width, 1)
	}
	return b.String()
}

// Find returns the cell where text begins for the first time, or -1, -1.
func (s *Screen) Find(text string) (x, y int) {
	for y := range s.H {
		if before, _, ok := strings.Cut(s.Row(y), text); ok {
			return ansi.StringWidth(before), y
		}
	}
	return -1, -1
}

// Contains reports whether text stands somewhere in one row.
func (s *Screen) Contains(text string) bool {
	_, y := s.Find(text)
	return y >= 0
}

// Style is how a cell looks.
type Style struct {
	Fore, Back                      color.Color // nil for the terminal's own
	Bold, Faint, Reverse, Underline bool
}

// StyleAt returns the looks of a cell.
func (s *Screen) StyleAt(x, y int) Style {
	if x < 0 || y < 0 || x >= s.W || y >= s.H {
		return Style{}
	}
	st := s.cells[y][x].Style
	return Style{
		Fore: st.Fg, Back: st.Bg,
		Bold: st.Attrs&uv.AttrBold != 0, Faint: st.Attrs&uv.AttrFaint != 0, Reverse: st.Attrs&uv.AttrReverse != 0,
		Underline: st.Underline != 0,
	}
}

// Styled returns the rows with their styles as escape sequences, for a golden
// of the looks.
func (s *Screen) Styled() string {
	var b strings.Builder
	for y := range s.cells {
		last := uv.Style{}
		for x := 0; x < s.W; {
			c := &s.cells[y][x]
			b.WriteString(c.Style.Diff(&last))
			last = c.Style
			if c.Content == "" {
				b.WriteByte(' ')
			} else {
				b.WriteString(c.Content)
			}
			x += max(c.Width, 1)
		}
		b.WriteString("\x1b[m\n")
	}
	return b.String()
}

// CheckFrame fails the test unless frame is exactly h rows of exactly w cells,
// on the terminal as well as by count, each row beginning and ending without a
// style, and holds no control sequence but styles.
func CheckFrame(t testing.TB, frame string, w, h int) {
	t.Helper()
	if problem := frameProblem(frame, w, h); problem != "" {
		t.Errorf("frame of %d×%d: %s", w, h, problem)
	}
}

// frameProblem says what is wrong with a frame, or nothing.
func frameProblem(frame string, w, h int) string {
	if h == 0 && frame == "" {
		return ""
	}
	rows := strings.Split(frame, "\n")
	if len(rows) != h {
		return fmt.Sprintf("%d rows, want %d", len(rows), h)
	}
	if !utf8.ValidString(frame) {
		return "not UTF-8"
	}
	for y, row := range rows {
		if problem := rowProblem(row, w); problem != "" {
			return fmt.Sprintf("row %d: %s: %q", y, problem, row)
		}
	}
	return terminalProblem(rows, w)
}

// lines are virtual terminals of one row; making one costs megabytes.
var lines = sync.Pool{New: func() any { return vt.NewEmulator(1, 1) }}

// terminalProblem gives the terminal the last word on widths: a mark after each
// row must land in the cell after it.
func terminalProblem(rows []string, w int) string {
	em := lines.Get().(*vt.Emulator)
	em.Resize(w+1, 1)
	write(em, ansi.ResetMode(ansi.ModeAutoWrap))
	for y, row := range rows {
		write(em, "\x1b[H\x1b[2K"+row+"!")
		if c := em.CellAt(w, 0); c == nil || c.Content != "!" {
			// What is in the terminal now is unknown: it is not used again.
			return fmt.Sprintf("row %d is not %d cells wide on a terminal: %q", y, w, row)
		}
	}
	lines.Put(em)
	return ""
}

func rowProblem(row string, w int) string {
	styled := false
	for i := 0; i < len(row); i++ {
		switch c := row[i]; {
		case c == 0x1b:
			end := sgr(row[i:])
			if end == 0 {
				return fmt.Sprintf("a control sequence that is no style at byte %d", i)
			}
			params := row[i+2 : i+end-1]
			styled = params != "" && params != "0"
			i += end - 1
		case c < 0x20 || c == 0x7f:
			return fmt.Sprintf("control byte %#02x", c)
		}
	}
	if styled {
		return "a style is left on at its end"
	}
	for _, r := range row {
		if r >= 0x80 && r < 0xa0 {
			return fmt.Sprintf("control character %U", r)
		}
	}
	if n, wc := ansi.StringWidth(row), ansi.StringWidthWc(row); n != w || wc != w {
		return fmt.Sprintf("%d cells by clusters, %d by characters, want %d", n, wc, w)
	}
	return ""
}

// sgr returns the length of the style sequence that s begins with, or 0.
func sgr(s string) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// Golden compares text with the file testdata/<test>/<name>.golden; the flag
// -update writes it. An empty name leaves the part after the test's name out.
func Golden(t testing.TB, name, text string) {
	t.Helper()
	path := t.Name()
	if name != "" {
		path += "/" + name
	}
	golden.RequireEqual(named{t, path}, text)
}

// named is a test under another name, from which the golden's file is derived.
type named struct {
	testing.TB
	name string
}

func (n named) Name() string { return n.name }
