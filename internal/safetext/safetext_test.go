package safetext

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/termtest"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "wikipedia-trends", "wikipedia-trends"},
		{"empty", "", ""},
		{"design glyphs", "▸●○◌▲✕◆›…− ▁▂▃▄▅▆▇█ ███▌·· ░▒▓█ ─│┌┐└┘", "▸●○◌▲✕◆›…− ▁▂▃▄▅▆▇█ ███▌·· ░▒▓█ ─│┌┐└┘"},
		{"cjk", "日本語 한국어", "日本語 한국어"},
		{"erase display", "a\x1b[2Jb", "a␛[2Jb"},
		{"clipboard", "\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"},
		{"null, delete", "\x00\x7f", "␀␡"},
		{"line ends", "a\r\nb", "a␍␊b"},
		{"tab", "\tat x\ty", "    at x    y"},
		{"raw c1", "\x9b31m", `\x9b31m`},
		{"encoded c1", "\u009b31m\u0085", `\x9b31m\x85`},
		{"invalid", "a\xff\xc3(", `a\xff\xc3(`},
		{"surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"bidi", "a\u202eb\u2066c\u200f\u061c", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩⟨U+061C⟩"},
		{"zero width", "a\u200bb\u200dc\ufeff", "a⟨U+200B⟩b⟨U+200D⟩c⟨U+FEFF⟩"},
		{"tags", "a\U000e0041", "a⟨U+E0041⟩"},
		{"noncharacter, private", "\ufdd0\uffff\ue000\U0010fffd", "⟨U+FDD0⟩⟨U+FFFF⟩⟨U+E000⟩⟨U+10FFFD⟩"},
		{"separators", "a\u2028b\u2029c", "a⟨U+2028⟩b⟨U+2029⟩c"},
		{"spaces", "a\u00a0b\u3000c", "a b  c"},
		{"variation selector", "❤\ufe0f", "❤⟨U+FE0F⟩"},
		{"soft hyphen, filler", "a\u00adb\u3164c", "a⟨U+00AD⟩b⟨U+3164⟩c"},
		{"accents", "e\u0301", "e\u0301"},
		{"mark without base", "\u0301a", "⟨U+0301⟩a"},
		{"zalgo", "a" + strings.Repeat("\u0300", 200) + "b", "a\u0300\u0300\u0300\u0300⟨+marks⟩b"},
		{"flag", "🇫🇷", "??"},
		{"emoji", "🔥", "🔥"},
		{"replacement character", "\ufffd", "\ufffd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Clean(test.in)
			if got != test.want {
				t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.want)
			}
			check(t, test.in)
		})
	}
}

// check tests what must hold for every text.
func check(t *testing.T, s string) {
	t.Helper()
	clean := Clean(s)
	if !utf8.ValidString(clean) {
		t.Errorf("Clean(%q) is not UTF-8: %q", s, clean)
	}
	marks := 0
	for _, r := range clean {
		if hidden(r) || r == '\n' {
			t.Errorf("Clean(%q) lets %U through", s, r)
		}
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if marks > MaxMarks {
			t.Errorf("Clean(%q) stacks %d marks", s, marks)
		}
	}
	if again := Clean(clean); again != clean {
		t.Errorf("Clean is not idempotent on %q: %q, then %q", s, clean, again)
	}
	if g, wc := ansi.StringWidth(clean), ansi.StringWidthWc(clean); g != wc || g != Width(s) {
		t.Errorf("width of %q: %d by clusters, %d by characters, Width says %d", clean, g, wc, Width(s))
	}
	// Neighbours on the screen must not change anything.
	if joined := clean + "a" + clean + clean; ansi.StringWidth(joined) != 3*Width(s)+1 || Clean(joined) != joined {
		t.Errorf("%q changes beside itself", clean)
	}
	if m, w := Measure(s); m != clean || w != Width(s) {
		t.Errorf("Measure(%q) = %q, %d; want %q, %d", s, m, w, clean, Width(s))
	}
	for _, cells := range []int{-1, 0, 1, 2, 3, 7, 20} {
		for name, got := range map[string]string{"Cut": Cut(s, cells), "CutEnd": CutEnd(s, cells)} {
			w := Width(got)
			if w > max(cells, 0) || w < min(Width(s), cells)-2 || got != Clean(got) {
				t.Errorf("%s(%q, %d) = %q of %d cells", name, s, cells, got, w)
			}
		}
		if got := PadRight(s, cells); Width(got) != max(cells, 0) {
			t.Errorf("PadRight(%q, %d) = %q", s, cells, got)
		}
		if got := PadLeft(s, cells); Width(got) != max(cells, 0) {
			t.Errorf("PadLeft(%q, %d) = %q", s, cells, got)
		}
		if got := Drop(s, cells); Width(got) != max(Width(s)-max(cells, 0), 0) {
			t.Errorf("Drop(%q, %d) = %q of %d cells, want %d", s, cells, got, Width(got), Width(s)-cells)
		}
	}
	for _, r := range ASCII(s) {
		if r < 0x20 || r > 0x7e {
			t.Errorf("ASCII(%q) = %q", s, ASCII(s))
			break
		}
	}
}

// TestSimpleIsTheFastPathOnly compares the fast path with the plain one for
// every character there is.
func TestSimpleIsTheFastPathOnly(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		w := simple(r)
		if w == 0 {
			continue
		}
		s := string(r)
		if hidden(r) || unicode.Is(unicode.M, r) || settleSlowly(s) != s || ansi.StringWidth(s) != w {
			t.Fatalf("%U is not simple with width %d", r, w)
		}
	}
}

// settleSlowly is settle without its fast path.
func settleSlowly(s string) string {
	if cluster, w := firstCluster(s); cluster != s || !steady(s, w) {
		return "?"
	}
	return s
}

// TestRandomTexts strings together the troublesome and the harmless, and asks a
// terminal about their width.
func TestRandomTexts(t *testing.T) {
	pieces := []string{
		"a", " ", "word", "\x1b", "[31m", "\x9b", "é", "e\u0301", "\u0301", "日", "한", "ᄀ", "ᅡ", "ᆨ", "🔥", "👍", "🏽",
		"🇫", "🇷", "\u200d", "\ufe0f", "क", "्", "ष", "ि", "ก", "ำ", "ا", "ل", "\u202e", "\t", "\n", "\xff", "\ue000", "\u1160",
		"\u0600", "ﷺ", "\U0001f468", "\u20e3", "1", "#", "\u0903", "\U000e0100", "\u115f", "\u302a", "\uff9e",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 6_000 {
		var b strings.Builder
		for range rng.IntN(8) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		check(t, b.String())
		termtest.CheckFrame(t, Clean(b.String()), Width(b.String()), 1)
		if t.Failed() {
			return
		}
	}
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 3, ""},
		{"one", 3, "one"},
		{"one\r\ntwo\n", 3, "one|two"},
		{"a\n\nb", 3, "a||b"},
		{"a\nb\nc\nd", 3, "a|b|… 2 more lines"},
		{"a\nb\nc", 3, "a|b|c"},
		{"a\nb", 1, "… 2 more lines"},
		{"a\u2028b\x1b\nc", 5, "a⟨U+2028⟩b␛|c"},
		{"a", 0, ""},
	} {
		if got := strings.Join(Lines(test.in, test.limit), "|"); got != test.want {
			t.Errorf("Lines(%q, %d) = %q, want %q", test.in, test.limit, got, test.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in    string
		cells int
		want  string
	}{
		{"wikipedia-trends", 14, "wikipedia…ends"},
		{"wikipedia-trends", 16, "wikipedia-trends"},
		{"wikipedia-trends", 4, "wi…s"},
		{"wikipedia-trends", 1, "…"},
		{"wikipedia-trends", 0, ""},
		{"日本語日本語", 7, "日本…語"},
		{"日本語日本語", 6, "日本…"},
	} {
		if got := Cut(test.in, test.cells); got != test.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", test.in, test.cells, got, test.want)
		}
	}
	if got := CutEnd("HTTPError: 503 Server Error", 22); got != "HTTPError: 503 Server…" {
		t.Errorf("CutEnd = %q", got)
	}
	if got := Drop("日本語", 3); got != " 語" {
		t.Errorf("Drop of half a character = %q", got)
	}
	if got := ASCII("a\x1bé日\x7f"); got != "a^[???^?" {
		t.Errorf("ASCII = %q", got)
	}
}

func TestCleanTextIsNotCopied(t *testing.T) {
	for _, s := range []string{"topology.message.timeout.secs", "▸ ✕ 14:15 größe 日本語 …"} {
		if n := testing.AllocsPerRun(100, func() {
			Clean(s)
			Width(s)
			Cut(s, 100)
		}); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a", "\x1b]0;x\x07", "\u202e", "🇫🇷", "e\u0301\u0301\u0301\u0301\u0301", "\xff\xfe", "क्षि", "👨\u200d👩", "\t\n\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func BenchmarkClean(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":   strings.Repeat("2026-11-20 14:32:04.611 o.a.s.d.w.Worker [INFO] ", 4),
		"glyphs":  strings.Repeat("▁▂▃▄▅▆▇█ ███▌··", 10),
		"hostile": strings.Repeat("\x1b[31mred\u202e e\u0301 🇫🇷", 8),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Clean(s)
			}
		})
	}
}
