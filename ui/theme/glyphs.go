package theme

import "strings"

// Glyphs are the drawing characters of the console. Each is one cell wide in
// both sets; where the two sets differ they do so cell by cell, so a layout
// holds for both.
type Glyphs struct {
	Cursor  string // ▸ the row under the cursor
	OK      string // ●
	Idle    string // ○
	Wait    string // ◌
	Warn    string // ▲
	Crit    string // ✕
	Mark    string // ◆
	Crumb   string // › between the parts of a path
	More    string // … where text was cut
	Leaving string // −
	Coming  string // +
	Differs string // ±
	Dot     string // · free slot, gap, note, separator
	None    string // – does not apply, no data
	Times   string // ×

	SortDown, SortUp string // ▾ ▴
	Open, Shut       string // ▾ ▸ of a tree node
	Here             string // ◂
	Caret            string // ▏ where the next letter goes
	Cycle            string // ↺
	Up, Down         string // ↑ ↓
	Left, Right      string // ← → (<, > in ASCII, to stay one cell wide)
	FieldL, FieldR   string // ‹ ›

	// Spark are the eight levels of a sparkline, lowest first.
	Spark [8]string
	// Eighths are the parts of a gauge's cell: Eighths[3] is three eighths.
	Eighths [9]string
	// Empty is a gauge's empty cell, Over its last one when it is over the top.
	Empty, Over string
	// Heat are the four levels of a heat strip, lowest first.
	Heat [4]string

	H, V, TopL, TopR, BotL, BotR           string // ─ │ ┌ ┐ └ ┘
	TeeL, TeeR, TeeT, TeeB, Cross          string // ├ ┤ ┬ ┴ ┼
	BoldH, BoldV                           string // ━ ┃
	BoldTopL, BoldTopR, BoldBotL, BoldBotR string // ┏ ┓ ┗ ┛
	BoldTeeL, BoldTeeR                     string // ┣ ┫
	BoldTeeT, BoldTeeB, BoldCross          string // ┳ ┻ ╋
	Dashed                                 string // ╌
}

var unicodeGlyphs = Glyphs{
	Cursor: "▸", OK: "●", Idle: "○", Wait: "◌", Warn: "▲", Crit: "✕", Mark: "◆", Crumb: "›", More: "…",
	Leaving: "−", Coming: "+", Differs: "±", Dot: "·", None: "–", Times: "×",
	SortDown: "▾", SortUp: "▴", Open: "▾", Shut: "▸", Here: "◂", Caret: "▏", Cycle: "↺",
	Up: "↑", Down: "↓", Left: "←", Right: "→", FieldL: "‹", FieldR: "›",
	Spark:   [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Eighths: [9]string{"·", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
	Empty:   "·", Over: "!",
	Heat: [4]string{"░", "▒", "▓", "█"},
	H:    "─", V: "│", TopL: "┌", TopR: "┐", BotL: "└", BotR: "┘",
	TeeL: "├", TeeR: "┤", TeeT: "┬", TeeB: "┴", Cross: "┼",
	BoldH: "━", BoldV: "┃", BoldTopL: "┏", BoldTopR: "┓", BoldBotL: "┗", BoldBotR: "┛",
	BoldTeeL: "┣", BoldTeeR: "┫", BoldTeeT: "┳", BoldTeeB: "┻", BoldCross: "╋", Dashed: "╌",
}

var asciiGlyphs = Glyphs{
	Cursor: ">", OK: "*", Idle: "o", Wait: ".", Warn: "!", Crit: "X", Mark: "#", Crumb: ">", More: "~",
	Leaving: "-", Coming: "+", Differs: "+", Dot: ".", None: "-", Times: "x",
	SortDown: "v", SortUp: "^", Open: "v", Shut: ">", Here: "<", Caret: "_", Cycle: "@",
	Up: "^", Down: "v", Left: "<", Right: ">", FieldL: "<", FieldR: ">",
	Spark:   [8]string{"_", ".", "-", "=", "+", "*", "#", "@"},
	Eighths: [9]string{".", ".", ".", ".", ".", ".", ".", ".", "#"},
	Empty:   ".", Over: "!",
	Heat: [4]string{".", ":", "+", "#"},
	H:    "-", V: "|", TopL: "+", TopR: "+", BotL: "+", BotR: "+",
	TeeL: "+", TeeR: "+", TeeT: "+", TeeB: "+", Cross: "+",
	BoldH: "=", BoldV: "#", BoldTopL: "+", BoldTopR: "+", BoldBotL: "+", BoldBotR: "+",
	BoldTeeL: "+", BoldTeeR: "+", BoldTeeT: "+", BoldTeeB: "+", BoldCross: "+", Dashed: ".",
}

// fold gives the ASCII form of the console's own glyphs and punctuation where
// they stand in a sentence. Each is one cell for one cell.
var fold = strings.NewReplacer(
	"▸", ">", "●", "*", "○", "o", "◌", ".", "▲", "!", "✕", "X", "◆", "#", "›", ">", "‹", "<", "…", "~",
	"−", "-", "–", "-", "—", "-", "±", "+", "·", ".", "×", "x", "▾", "v", "▴", "^", "◂", "<", "▏", "_", "↺", "@",
	"↑", "^", "↓", "v", "←", "<", "→", ">", "•", "*", "⋮", ":", "┄", ".",
	"▁", "_", "▂", ".", "▃", "-", "▄", "=", "▅", "+", "▆", "*", "▇", "#", "█", "#",
	"▎", ".", "▍", ".", "▌", ".", "▋", ".", "▊", ".", "▉", ".", "░", ".", "▒", ":", "▓", "+",
	"─", "-", "│", "|", "┌", "+", "┐", "+", "└", "+", "┘", "+", "├", "+", "┤", "+", "┬", "+", "┴", "+", "┼", "+",
	"━", "=", "┃", "#", "┏", "+", "┓", "+", "┗", "+", "┛", "+", "┣", "+", "┫", "+", "┳", "+", "┻", "+", "╋", "+", "╌", ".",
	"≤", "<", "≥", ">", "≈", "~", "Σ", "S", "Δ", "D", "⟨", "<", "⟩", ">", "’", "'", "‘", "'", "“", "\"", "”", "\"",
)

// Fold returns s with the console's own glyphs as ASCII, cell for cell. Other
// text stays as it is.
func Fold(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return fold.Replace(s)
		}
	}
	return s
}
