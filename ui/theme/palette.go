package theme

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// palette is the colours of a theme in #rrggbb; a token without one is drawn in
// the terminal's own foreground. The renderer reduces them to what the
// terminal can show.
type palette struct {
	fore     [tokens]string
	headerBg string
	prodBg   string
	cursorBg string
	mono     bool
}

// The colours keep a contrast of 4.5 to 1 and more against the usual
// background, rules and labels 3 to 1; a test computes it.
var (
	dark = palette{
		fore: [tokens]string{
			Dim: "#9096a0", Rule: "#6b717c", Accent: "#5fb0ff", OK: "#7bc47f", Warn: "#f2c14e", Crit: "#ff6b6b",
			Wait: "#c9a0ff", Moving: "#4fd1c5", Stale: "#f2c14e", Lock: "#f2c14e", Paused: "#c9a0ff",
			Mark: "#ff9ecd", Prod: "#ffffff", Header: "#e4e7ec",
			Cat1: "#6cb6ff", Cat2: "#f69d50", Cat3: "#8ddb8c", Cat4: "#dcbdfb", Cat5: "#56d4dd", Cat6: "#ff9ecd",
		},
		headerBg: "#2b3240", prodBg: "#8e1b1b", cursorBg: "#344058",
	}
	light = palette{
		fore: [tokens]string{
			Dim: "#5c6370", Rule: "#8a909b", Accent: "#0550ae", OK: "#1a7f37", Warn: "#8a5a00", Crit: "#c4142a",
			Wait: "#6f42c1", Moving: "#0b6e75", Stale: "#8a5a00", Lock: "#8a5a00", Paused: "#6f42c1",
			Mark: "#a8326f", Prod: "#ffffff", Header: "#1f2328",
			Cat1: "#0550ae", Cat2: "#953800", Cat3: "#116329", Cat4: "#6639ba", Cat5: "#0b6e75", Cat6: "#a8326f",
		},
		headerBg: "#dfe4ec", prodBg: "#a40e26", cursorBg: "#d3e0f5",
	}
	// colourBlind keeps to blue and orange, which the common colour-vision
	// deficiencies tell apart, and to differences of lightness.
	colourBlind = palette{
		fore: [tokens]string{
			Dim: "#9096a0", Rule: "#6b717c", Accent: "#56b4e9", OK: "#56b4e9", Warn: "#f0d264", Crit: "#ff8c1a",
			Wait: "#b9c6d6", Moving: "#b9c6d6", Stale: "#f0d264", Lock: "#f0d264", Paused: "#b9c6d6",
			Mark: "#ffffff", Prod: "#ffffff", Header: "#e4e7ec",
			Cat1: "#56b4e9", Cat2: "#e69f00", Cat3: "#f0e442", Cat4: "#cc79a7", Cat5: "#3fb592", Cat6: "#d5d9e0",
		},
		headerBg: "#2b3240", prodBg: "#8a3d00", cursorBg: "#344058",
	}
	mono = palette{mono: true}
)

func paletteOf(name string) palette {
	switch name {
	case "light":
		return light
	case "colour-blind":
		return colourBlind
	case "mono":
		return mono
	default:
		return dark
	}
}

func (p palette) style(tok Token) lipgloss.Style {
	s := lipgloss.NewStyle()
	if p.mono {
		switch tok {
		case Dim, Rule, Stale:
			s = s.Faint(true)
		case Accent, Crit, Warn, Lock, Paused, Mark:
			s = s.Bold(true)
		case Header:
			s = s.Reverse(true)
		case Prod:
			s = s.Reverse(true).Bold(true)
		case Match:
			s = s.Underline(true)
		default:
		}
		return s
	}
	if c := p.fore[tok]; c != "" {
		s = s.Foreground(lipgloss.Color(c))
	}
	switch tok {
	case Header:
		s = s.Background(lipgloss.Color(p.headerBg))
	case Prod:
		s = s.Background(lipgloss.Color(p.prodBg)).Bold(true)
	case Match:
		s = s.Underline(true)
	case Crit:
		s = s.Bold(true)
	default:
	}
	return s
}

func (p palette) cursorStyle() lipgloss.Style {
	if p.mono {
		return lipgloss.NewStyle().Reverse(true)
	}
	return lipgloss.NewStyle().Background(lipgloss.Color(p.cursorBg)).Bold(true)
}

// opening returns the sequence that lipgloss writes before styled text.
func opening(s lipgloss.Style) string {
	before, _, _ := strings.Cut(s.Render("x"), "x")
	return before
}
