package theme

import (
	"fmt"
	"image/color"
	"math"
	"reflect"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

func TestNew(t *testing.T) {
	for _, name := range Names() {
		if th := New(name, true); th.Name != name || !th.Unicode || th.Glyphs != unicodeGlyphs {
			t.Errorf("New(%q) = %q", name, th.Name)
		}
	}
	if th := New("no such", false); th.Name != "dark" || th.Glyphs != asciiGlyphs {
		t.Errorf("an unknown name gives %q", th.Name)
	}
	if Known("no such") || !Known("colour-blind") {
		t.Error("Known")
	}
}

func TestStylesAreSGR(t *testing.T) {
	for _, name := range Names() {
		th := New(name, true)
		for i := range tokens + 3 {
			tok := Token(i)
			on := th.On(tok)
			if ansi.Strip(on) != "" || on != "" && !strings.HasPrefix(on, "\x1b[") {
				t.Errorf("%s %s: %q", name, tok, on)
			}
			if got, want := on+"x"+Off, th.Style(tok).Render("x"); on != "" && got != want {
				t.Errorf("%s %s: %q, lipgloss writes %q", name, tok, got, want)
			}
			if name == "mono" && (strings.Contains(on, "38;") || strings.Contains(on, "48;")) {
				t.Errorf("mono has a colour for %s: %q", tok, on)
			}
		}
		if th.Cursor() == "" || th.On(Text) != "" {
			t.Errorf("%s: cursor %q, text %q", name, th.Cursor(), th.On(Text))
		}
	}
}

func TestOnlyBarsHaveABackground(t *testing.T) {
	for _, name := range Names() {
		p := paletteOf(name)
		for i := range tokens {
			tok := Token(i)
			_, none := p.style(tok).GetBackground().(lipgloss.NoColor)
			if bar := tok == Header || tok == Prod; !none && !bar {
				t.Errorf("%s gives %s a background", name, tok)
			}
		}
	}
}

func TestTokenNames(t *testing.T) {
	seen := map[string]bool{}
	for i := range tokens {
		name := Token(i).String()
		if name == "" || seen[name] {
			t.Errorf("token %d is called %q", i, name)
		}
		seen[name] = true
	}
	if Token(200).String() != "text" || Cat(0) != Cat1 || Cat(7) != Cat2 || Cat(-1) > Cat6 || Cat(-1) < Cat1 {
		t.Error("tokens outside the range")
	}
}

func TestGlyphsAreOneCell(t *testing.T) {
	u, a := reflect.ValueOf(unicodeGlyphs), reflect.ValueOf(asciiGlyphs)
	check := func(name, unicode, ascii string) {
		if ansi.StringWidth(unicode) != 1 || ansi.StringWidthWc(unicode) != 1 {
			t.Errorf("%s: %q is not one cell", name, unicode)
		}
		if len(ascii) != 1 || ascii[0] < 0x21 || ascii[0] > 0x7e {
			t.Errorf("%s: %q is not one ASCII character", name, ascii)
		}
	}
	for i := range u.NumField() {
		name := u.Type().Field(i).Name
		if u.Field(i).Kind() == reflect.Array {
			for j := range u.Field(i).Len() {
				check(fmt.Sprint(name, j), u.Field(i).Index(j).String(), a.Field(i).Index(j).String())
			}
			continue
		}
		check(name, u.Field(i).String(), a.Field(i).String())
	}
}

// TestFold: each of the console's glyphs has an ASCII form, and the forms of the
// design are these.
func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"▸●○◌▲✕◆›…−": ">*o.!X#>~-", "─│┌┐└┘": "-|++++", "███▌··": "###...", "a–b": "a-b", "plain": "plain", "é": "é",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	v := reflect.ValueOf(unicodeGlyphs)
	for i := range v.NumField() {
		glyph := ""
		if v.Field(i).Kind() == reflect.Array {
			for j := range v.Field(i).Len() {
				glyph += v.Field(i).Index(j).String()
			}
		} else {
			glyph = v.Field(i).String()
		}
		folded := Fold(glyph)
		for _, r := range folded {
			if r > 0x7e {
				t.Errorf("%s: %q folds to %q", v.Type().Field(i).Name, glyph, folded)
			}
		}
		if ansi.StringWidth(folded) != ansi.StringWidth(glyph) {
			t.Errorf("%s changes its width", v.Type().Field(i).Name)
		}
	}
}

func TestUnicodeLocale(t *testing.T) {
	for _, test := range []struct {
		env  string
		want bool
	}{
		{"LANG=en_US.UTF-8", true},
		{"LANG=de_DE.utf8", true},
		{"LANG=C.UTF-8", true},
		{"LC_CTYPE=UTF-8", true},
		{"LANG=ca_ES.UTF-8@valencia", true},
		{"", false},
		{"LANG=C", false},
		{"LANG=POSIX", false},
		{"LANG=en_US.ISO-8859-1", false},
		{"LANG=en_US.UTF-8 LC_ALL=C", false},
		{"LANG=C LC_CTYPE=en_US.UTF-8", true},
		{"LANG=C LC_ALL= LC_CTYPE=en_US.UTF-8", true},
		{"LANG=ja_JP.UTF-8", false},
		{"LANG=zh_CN.UTF-8", false},
		{"LANG=ko_KR.UTF-8", false},
		{"LANG=ja_JP.UTF-8 LC_CTYPE=en_US.UTF-8", true},
	} {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(test.env) {
			key, value, _ := strings.Cut(pair, "=")
			env[key] = value
		}
		got := UnicodeLocale(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if got != test.want {
			t.Errorf("%q: %v, want %v", test.env, got, test.want)
		}
	}
}

// TestContrast computes the contrast of WCAG 2 against the usual backgrounds of
// terminals and against the row under the cursor.
func TestContrast(t *testing.T) {
	for name, backgrounds := range map[string][]string{
		"dark":         {"#000000", "#1e1e1e", dark.cursorBg},
		"light":        {"#ffffff", "#fafafa", light.cursorBg},
		"colour-blind": {"#000000", "#1e1e1e", colourBlind.cursorBg},
	} {
		p := paletteOf(name)
		for i := range tokens {
			tok := Token(i)
			if p.fore[tok] == "" {
				continue
			}
			on := backgrounds
			switch tok {
			case Header:
				on = []string{p.headerBg}
			case Prod:
				on = []string{p.prodBg}
			default:
			}
			for _, back := range on {
				least := 4.5
				if tok == Dim || tok == Rule || back == p.cursorBg {
					least = 3
				}
				if tok == Rule {
					least = 2
				}
				if c := contrast(p.fore[tok], back); c < least {
					t.Errorf("%s: %s %s on %s has a contrast of %.1f, want %.1f", name, tok, p.fore[tok], back, c, least)
				}
			}
		}
	}
}

// TestLevelsDiffer: what is broken, what wants a look and what is well can be
// told apart, in the colour-blind theme with the two common deficiencies too.
func TestLevelsDiffer(t *testing.T) {
	// Simulation of Machado, Oliveira and Fernandes (2009), severity 1.
	views := map[string][9]float64{
		"normal":       {1, 0, 0, 0, 1, 0, 0, 0, 1},
		"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
		"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	}
	for name, p := range map[string]palette{"dark": dark, "light": light, "colour-blind": colourBlind} {
		for view, m := range views {
			if view != "normal" && name != "colour-blind" {
				continue
			}
			levels := []Token{OK, Warn, Crit}
			for i, a := range levels {
				for _, b := range levels[i+1:] {
					if d := distance(p.fore[a], p.fore[b], m); d < 0.15 {
						t.Errorf("%s, %s: %s and %s are %.2f apart", name, view, a, b, d)
					}
				}
			}
		}
	}
}

func linear(hex string) [3]float64 {
	r, g, b, _ := lipgloss.Color(hex).(color.RGBA).RGBA()
	var out [3]float64
	for i, c := range []uint32{r, g, b} {
		v := float64(c) / 0xffff
		if v <= 0.04045 {
			out[i] = v / 12.92
		} else {
			out[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return out
}

func contrast(a, b string) float64 {
	luminance := func(hex string) float64 {
		c := linear(hex)
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

func distance(a, b string, m [9]float64) float64 {
	see := func(hex string) [3]float64 {
		c := linear(hex)
		var out [3]float64
		for i := range out {
			out[i] = math.Cbrt(max(m[3*i]*c[0]+m[3*i+1]*c[1]+m[3*i+2]*c[2], 0))
		}
		return out
	}
	x, y := see(a), see(b)
	return math.Sqrt((x[0]-y[0])*(x[0]-y[0]) + (x[1]-y[1])*(x[1]-y[1]) + (x[2]-y[2])*(x[2]-y[2]))
}

func ExampleTheme() {
	th := New("mono", false)
	fmt.Printf("%q\n", th.On(Crit)+"X broken"+Off)
	// Output: "\x1b[1mX broken\x1b[m"
}
