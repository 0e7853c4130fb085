// Package safetext makes remote text harmless; it is the only door from bytes
// to the screen.
//
// Host names, topology and component names, error texts, log lines, znodes and
// configuration values come from machines that stormtop does not trust to be
// polite. Start with [Clean]; [Cut], [PadRight] and [PadLeft] then fit clean
// text into cells.
//
// # Guarantees
//
//   - The result of Clean is valid UTF-8 on a single line. It holds no control
//     character (C0, C1), no bidirectional or other format character, no
//     invisible or private-use one and no noncharacter: each is shown in a
//     visible form, such as ␛, \x9b or ⟨U+202E⟩, and never dropped in silence.
//   - At most [MaxMarks] combining marks follow a character.
//   - Every terminal agrees about its width: text whose width depends on
//     whether a terminal counts characters or grapheme clusters is replaced by
//     question marks of a known width.
//   - Clean is idempotent, and clean text is returned as it is, without an
//     allocation.
package safetext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// MaxMarks is how many combining marks one character may carry.
const MaxMarks = 4

// tabStop is the distance of tab stops. Four cells keep a Java stack trace,
// whose lines begin with a tab, inside a narrow pane.
const tabStop = 4

// Clean returns s as one line that is safe to print. Tabs become spaces up to
// the next multiple of four cells.
func Clean(s string) string {
	if _, ok := scan(s); ok {
		return s
	}
	return settle(visible(s))
}

// Lines splits s at line feeds, with or without a carriage return before them,
// and returns each line clean. Of more than limit lines the last one returned
// says how many are missing. A limit below 1 returns nothing.
func Lines(s string, limit int) []string {
	if limit < 1 || s == "" {
		return nil
	}
	s = strings.TrimSuffix(s, "\n")
	total := strings.Count(s, "\n") + 1
	lines := make([]string, 0, min(total, limit))
	for line := range strings.SplitSeq(s, "\n") {
		if len(lines) == limit-1 && total > limit {
			return append(lines, "… "+itoa(total-limit+1)+" more lines")
		}
		lines = append(lines, Clean(strings.TrimSuffix(line, "\r")))
	}
	return lines
}

// scan reports the width of s, and whether s is made of simple characters only
// and thereby clean. It stops at the first other one.
func scan(s string) (width int, ok bool) {
	i := 0
	for ; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e {
			break
		}
	}
	if i == len(s) {
		return i, true
	}
	width = i
	for _, r := range s[i:] {
		w := simple(r)
		if w == 0 {
			return width, false
		}
		width += w
	}
	return width, true
}

// simple returns the width of a character that is printable, stands for itself
// and is counted alike by all terminals, or 0 for all others. It knows the
// scripts and symbols that stormtop meets often; what it does not know takes
// the slow way with the same result, which a test compares character by
// character.
func simple(r rune) int {
	switch {
	case r < 0x20:
		return 0
	case r < 0x7f:
		return 1
	case r < 0xa1:
		return 0
	case r < 0x300: // Latin
		if r == 0xad {
			return 0
		}
		return 1
	case r >= 0x391 && r <= 0x3ff: // Greek
		if r == 0x3a2 {
			return 0
		}
		return 1
	case r >= 0x400 && r <= 0x52f: // Cyrillic
		if r >= 0x482 && r <= 0x489 {
			return 0
		}
		return 1
	case r >= 0x2010 && r <= 0x2027, r >= 0x2030 && r <= 0x205e: // dashes, quotes, …, ›
		return 1
	case r >= 0x2190 && r <= 0x21ff: // arrows
		return 1
	case r >= 0x2212 && r <= 0x2265: // − ≈ ≠ ≤ ≥
		return 1
	case r >= 0x2400 && r <= 0x2426: // control pictures
		return 1
	case r >= 0x2500 && r <= 0x25fc: // boxes, blocks, geometric shapes
		return 1
	case r == 0x22ee, r == 0x2715, r == 0x27e8, r == 0x27e9: // ⋮ ✕ ⟨ ⟩
		return 1
	case r >= 0x3041 && r <= 0x3096, r >= 0x30a1 && r <= 0x30ff, // kana
		r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3: // Han, Hangul syllables
		return 2
	default:
		return 0
	}
}

// visible writes the forms of everything that must not reach a terminal.
func visible(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	width, marks, base := 0, 0, false
	put := func(text string) {
		b.WriteString(text)
		width += ansi.StringWidthWc(text)
		marks, base = 0, true
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		raw := s[i : i+size]
		i += size
		switch {
		case r == utf8.RuneError && size == 1:
			put(hexByte(raw[0]))
		case r == '\t':
			for put(" "); width%tabStop != 0; {
				put(" ")
			}
		case r < 0x20:
			put(string(0x2400 + r))
		case r == 0x7f:
			put("␡")
		case r > 0x7f && r < 0xa0:
			put(hexByte(byte(r)))
		case simple(r) > 0:
			b.WriteRune(r)
			width += simple(r)
			marks, base = 0, true
		case r == 0x3000:
			put("  ")
		case unicode.Is(unicode.Zs, r):
			put(" ")
		case hidden(r):
			put(codePoint(r))
		case unicode.Is(unicode.M, r):
			// A mark without a character before it would sit on whatever the
			// screen shows to the left of this text.
			if !base {
				put(codePoint(r))
			} else if marks++; marks <= MaxMarks {
				b.WriteRune(r)
			} else if marks == MaxMarks+1 {
				put("⟨+marks⟩")
				marks = MaxMarks + 1
			}
		default:
			put(raw)
		}
	}
	return b.String()
}

// hidden reports whether a terminal would show nothing, or something other
// than the character itself.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || // Cc, Cf, Co, Cs, Cn, Zl, Zp
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r)
}

// settle replaces the grapheme clusters about whose width terminals disagree,
// and those that would merge with what stands beside them.
func settle(s string) string {
	if _, ok := scan(s); ok {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		cluster, w := firstCluster(s)
		s = s[len(cluster):]
		if steady(cluster, w) {
			b.WriteString(cluster)
		} else {
			b.WriteString(strings.Repeat("?", max(1, w)))
		}
	}
	return b.String()
}

// steady reports whether every terminal shows cluster in w cells, whatever text
// comes before and after it.
func steady(cluster string, w int) bool {
	if len(cluster) == 1 {
		return true
	}
	if w == 0 || ansi.StringWidthWc(cluster) != w {
		return false
	}
	switch r, _ := utf8.DecodeRuneInString(cluster); {
	case r >= 0x1f1e6 && r <= 0x1f1ff: // regional indicators pair up to flags
		return false
	case r >= 0x1100 && r <= 0x11ff, r >= 0xa960 && r <= 0xa97f, r >= 0xd7b0 && r <= 0xd7ff: // conjoining jamo
		return false
	}
	// "a" stands for any text; a Devanagari consonant besides joins a virama.
	before, _ := firstCluster("a" + cluster)
	after, _ := firstCluster(cluster + "a")
	joined, _ := firstCluster(cluster + "क")
	return before == "a" && after == cluster && joined == cluster
}

func firstCluster(s string) (cluster string, width int) {
	return ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
}

const hexDigits = "0123456789abcdef"

func hexByte(c byte) string {
	return string([]byte{'\\', 'x', hexDigits[c>>4], hexDigits[c&15]})
}

// codePoint writes r as ⟨U+202E⟩.
func codePoint(r rune) string {
	const upper = "0123456789ABCDEF"
	digits := make([]byte, 0, 6)
	for shift := 20; shift >= 0; shift -= 4 {
		d := byte(r>>shift) & 15
		if len(digits) > 0 || d > 0 || shift < 16 {
			digits = append(digits, upper[d])
		}
	}
	return "⟨U+" + string(digits) + "⟩"
}
