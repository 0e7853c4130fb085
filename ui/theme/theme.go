// Package theme turns the meaning of a piece of text into how it looks.
//
// Screens speak of [Token]s (a warning, a label, the operator's mark), never of
// colours. A [Theme] holds for each token the escape sequence that switches it
// on, computed once, so that painting a span is joining strings: styling cell by
// cell is what makes a terminal program slow. Start with [New].
//
// # Guarantees
//
//   - A Theme is never changed after New and may be shared.
//   - Nothing is carried by colour alone: each token has a glyph, a word or an
//     attribute besides, and the theme "mono" uses no colour at all.
//   - Only the header, the row under the cursor and nothing else has a
//     background.
package theme

import (
	"slices"

	"charm.land/lipgloss/v2"
)

// Token is what a piece of text means.
type Token uint8

// The tokens. Text is the zero value: the terminal's own foreground.
const (
	Text   Token = iota // values
	Dim                 // labels, units, system parts
	Rule                // separators
	Accent              // focus, cursor, active tab, key names
	OK                  // reachable, live
	Warn                // look at it
	Crit                // broken now
	Wait                // in transition, joining
	Moving              // leaving or coming in a rebalance
	Stale               // older than three polls
	Lock                // read-only
	Paused              // the display is frozen
	Mark                // the operator's mark or bookmark
	Match               // filter or search hit
	Prod                // header bar of a cluster marked prod
	Header              // header bar
	Cat1                // identity of a topology or log source
	Cat2
	Cat3
	Cat4
	Cat5
	Cat6
	tokens int = iota
)

var tokenNames = [tokens]string{
	"text", "dim", "rule", "accent", "ok", "warn", "crit", "wait", "moving", "stale", "lock", "paused",
	"mark", "match", "prod", "header", "cat1", "cat2", "cat3", "cat4", "cat5", "cat6",
}

// String returns the token's name in the design.
func (t Token) String() string {
	if int(t) < tokens {
		return tokenNames[t]
	}
	return "text"
}

// Cat returns the token of identity number n, counted from 0; the colours
// repeat after six, the letter beside them does not.
func Cat(n int) Token { return Cat1 + Token(uint(n)%6) }

// Off ends every style of every theme.
const Off = "\x1b[m"

// Theme is the looks of everything.
type Theme struct {
	// Name is "dark", "light", "mono" or "colour-blind".
	Name string
	// Unicode is false on a terminal that can show ASCII only.
	Unicode bool
	// Glyphs are the drawing characters that the terminal can show.
	Glyphs Glyphs

	styles [tokens]lipgloss.Style
	on     [tokens]string
	cursor string
}

// Names returns the names New knows, the default first.
func Names() []string { return []string{"dark", "light", "mono", "colour-blind"} }

// Known reports whether name is one of Names.
func Known(name string) bool { return slices.Contains(Names(), name) }

// New returns the theme of the name, or the dark one for a name it does not
// know. Without unicode all glyphs are ASCII.
func New(name string, unicode bool) *Theme {
	if !Known(name) {
		name = Names()[0]
	}
	t := &Theme{Name: name, Unicode: unicode, Glyphs: asciiGlyphs}
	if unicode {
		t.Glyphs = unicodeGlyphs
	}
	p := paletteOf(name)
	for i := range tokens {
		t.styles[i] = p.style(Token(i))
		t.on[i] = opening(t.styles[i])
	}
	t.cursor = opening(p.cursorStyle())
	return t
}

// On returns the sequence that switches the token's style on; it is empty for
// Text. [Off] ends it.
func (t *Theme) On(tok Token) string {
	if int(tok) >= tokens {
		return ""
	}
	return t.on[tok]
}

// Cursor returns the sequence that begins the row under the cursor. A token's
// On may follow it.
func (t *Theme) Cursor() string { return t.cursor }

// Style returns the token's style for use with lipgloss, in places that are
// drawn seldom.
func (t *Theme) Style(tok Token) lipgloss.Style {
	if int(tok) >= tokens {
		return lipgloss.NewStyle()
	}
	return t.styles[tok]
}
