package kit

import "github.com/stormtop/stormtop/ui/theme"

// Level is what the third column of a table says about a row in one glyph.
type Level uint8

// The levels. LevelNone shows nothing.
const (
	LevelNone    Level = iota
	LevelOK            // ● reachable, live
	LevelIdle          // ○ standing by, gone
	LevelWait          // ◌ in transition
	LevelWarn          // ▲ look at it
	LevelCrit          // ✕ broken now
	LevelLeaving       // − leaving
	LevelComing        // + coming
	LevelDiffers       // ± differs from the default
	LevelNote          // · for the record
	LevelUnknown       // ? not known
)

// Troubled reports whether the filter @warn keeps rows of this level.
func (v Level) Troubled() bool { return v == LevelWarn || v == LevelCrit }

// Span returns the level's glyph in its colour, one cell wide.
func (v Level) Span(g theme.Glyphs) Span {
	switch v {
	case LevelOK:
		return Span{Text: g.OK, Tok: theme.OK}
	case LevelIdle:
		return Span{Text: g.Idle, Tok: theme.Dim}
	case LevelWait:
		return Span{Text: g.Wait, Tok: theme.Wait}
	case LevelWarn:
		return Span{Text: g.Warn, Tok: theme.Warn}
	case LevelCrit:
		return Span{Text: g.Crit, Tok: theme.Crit}
	case LevelLeaving:
		return Span{Text: g.Leaving, Tok: theme.Moving}
	case LevelComing:
		return Span{Text: g.Coming, Tok: theme.Moving}
	case LevelDiffers:
		return Span{Text: g.Differs, Tok: theme.Accent}
	case LevelNote:
		return Span{Text: g.Dot, Tok: theme.Dim}
	case LevelUnknown:
		return Span{Text: "?", Tok: theme.Dim}
	default:
		return Span{Text: " "}
	}
}
