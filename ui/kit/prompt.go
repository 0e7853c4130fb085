package kit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Bounds of a prompt: what a person types, with room to spare.
const (
	maxPrompt  = 4096 // bytes
	maxHistory = 200  // entries
)

// Prompt is a line of input with a history and completions.
type Prompt struct {
	// Label stands before the input.
	Label string
	// Keys are the keys Update answers.
	Keys KeyMap
	// Complete gives the completions of what is typed; nil for none. It is
	// called after every change.
	Complete func(value string) []Completion
	// Limit is the number of bytes that fit, 4,096 when 0.
	Limit int

	value   string
	at      int // byte
	history []string
	back    int    // how far back in history; 0 is what is being typed
	draft   string // what was being typed before going back
	items   []Completion
	item    int
}

// Completion is something the operator may mean.
type Completion struct {
	Value string // what the input becomes
	Label Line   // as listed; Value when empty
	Note  Line   // behind the label
}

// PromptEvent is what a key did to a prompt.
type PromptEvent uint8

// The events.
const (
	PromptIgnored   PromptEvent = iota // not for a prompt
	PromptHandled                      // the caret or the list moved
	PromptChanged                      // the value changed
	PromptDone                         // enter
	PromptCancelled                    // esc or ctrl-c
)

// NewPrompt returns an empty prompt with the default keys.
func NewPrompt(label string) *Prompt { return &Prompt{Label: label, Keys: DefaultKeys()} }

// Value returns what is typed.
func (q *Prompt) Value() string { return q.value }

// SetValue replaces what is typed and puts the caret behind it.
func (q *Prompt) SetValue(s string) {
	q.value = ""
	q.at = 0
	q.insert(s)
	q.refresh()
}

// History returns what was entered before, oldest first, for keeping.
func (q *Prompt) History() []string { return q.history }

// SetHistory replaces the history, oldest first; of more than 200 entries the
// newest stay.
func (q *Prompt) SetHistory(entries []string) {
	q.history = append([]string(nil), entries[max(len(entries)-maxHistory, 0):]...)
	q.back = 0
}

// Remember adds an entry to the history, once.
func (q *Prompt) Remember(entry string) {
	if entry == "" || len(q.history) > 0 && q.history[len(q.history)-1] == entry {
		return
	}
	if len(q.history) == maxHistory {
		q.history = append(q.history[:0], q.history[1:]...)
	}
	q.history = append(q.history, entry)
	q.back = 0
}

// Chosen returns the completion that is selected in the list.
func (q *Prompt) Chosen() (Completion, bool) {
	if q.item < 0 || q.item >= len(q.items) {
		return Completion{}, false
	}
	return q.items[q.item], true
}

// Update answers a key or a paste.
func (q *Prompt) Update(msg tea.Msg) PromptEvent {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		return q.changed(q.insert(msg.Content))
	case tea.KeyPressMsg:
		return q.press(msg)
	}
	return PromptIgnored
}

func (q *Prompt) changed(did bool) PromptEvent {
	if !did {
		return PromptHandled
	}
	q.back = 0
	q.refresh()
	return PromptChanged
}

func (q *Prompt) refresh() {
	q.items, q.item = nil, 0
	if q.Complete != nil {
		q.items = q.Complete(q.value)
	}
}

func (q *Prompt) press(msg tea.KeyPressMsg) PromptEvent {
	if msg.Text != "" && msg.Mod&^tea.ModShift == 0 {
		return q.changed(q.insert(msg.Text))
	}
	switch msg.String() {
	case "enter":
		return PromptDone
	case "esc", "ctrl+c":
		return PromptCancelled
	case "backspace", "ctrl+h":
		return q.changed(q.erase(q.before(q.at), q.at))
	case "delete", "ctrl+d":
		return q.changed(q.erase(q.at, q.after(q.at)))
	case "ctrl+w", "alt+backspace":
		return q.changed(q.erase(q.wordBefore(), q.at))
	case "ctrl+u":
		return q.changed(q.erase(0, q.at))
	case "ctrl+k":
		return q.changed(q.erase(q.at, len(q.value)))
	case "left", "ctrl+b":
		q.at = q.before(q.at)
	case "right", "ctrl+f":
		q.at = q.after(q.at)
	case "home", "ctrl+a":
		q.at = 0
	case "end", "ctrl+e":
		q.at = len(q.value)
	case "alt+left", "alt+b", "ctrl+left":
		q.at = q.wordBefore()
	case "alt+right", "alt+f", "ctrl+right":
		q.at = q.wordAfter()
	default:
		return q.choose(msg)
	}
	return PromptHandled
}

// choose moves in the list of completions or in the history.
func (q *Prompt) choose(msg tea.KeyPressMsg) PromptEvent {
	down, up := key.Matches(msg, q.Keys.NextItem), key.Matches(msg, q.Keys.PrevItem)
	switch {
	case len(q.items) > 0 && (down || up):
		step := 1
		if up {
			step = len(q.items) - 1
		}
		q.item = (q.item + step) % len(q.items)
		return PromptHandled
	case key.Matches(msg, q.Keys.Complete):
		if c, ok := q.Chosen(); ok && c.Value != q.value {
			q.SetValue(c.Value)
			return PromptChanged
		}
		return PromptHandled
	case key.Matches(msg, q.Keys.Older) || up:
		return q.recall(q.back + 1)
	case key.Matches(msg, q.Keys.Newer) || down:
		return q.recall(q.back - 1)
	}
	return PromptIgnored
}

func (q *Prompt) recall(back int) PromptEvent {
	if back < 0 || back > len(q.history) || back == q.back {
		return PromptHandled
	}
	if q.back == 0 {
		q.draft = q.value
	}
	entry := q.draft
	if back > 0 {
		entry = q.history[len(q.history)-back]
	}
	q.SetValue(entry)
	q.back = back
	return PromptChanged
}

// insert puts text at the caret. Line ends and tabs become spaces, other
// control characters are dropped: nobody means to type them.
func (q *Prompt) insert(text string) bool {
	limit := q.Limit
	if limit <= 0 {
		limit = maxPrompt
	}
	room := limit - len(q.value)
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n', r == '\t':
			r = ' '
		case r == utf8.RuneError || !unicode.IsGraphic(r):
			continue
		}
		if b.Len()+utf8.RuneLen(r) > room {
			break
		}
		b.WriteRune(r)
	}
	q.value = q.value[:q.at] + b.String() + q.value[q.at:]
	q.at += b.Len()
	return b.Len() > 0
}

func (q *Prompt) erase(from, to int) bool {
	if from >= to {
		return false
	}
	q.value = q.value[:from] + q.value[to:]
	q.at = from
	return true
}

// before and after step over one grapheme cluster.
func (q *Prompt) before(at int) int {
	prev := 0
	for i := 0; i < at; {
		prev = i
		i = q.after(i)
	}
	return prev
}

func (q *Prompt) after(at int) int {
	if at >= len(q.value) {
		return len(q.value)
	}
	cluster, _ := ansi.FirstGraphemeCluster(q.value[at:], ansi.GraphemeWidth)
	return at + max(len(cluster), 1)
}

func (q *Prompt) wordBefore() int {
	s := strings.TrimRightFunc(q.value[:q.at], between)
	return strings.LastIndexFunc(s, between) + 1
}

func (q *Prompt) wordAfter() int {
	rest := q.value[q.at:]
	skip := len(rest) - len(strings.TrimLeftFunc(rest, between))
	if n := strings.IndexFunc(rest[skip:], between); n >= 0 {
		return q.at + skip + n
	}
	return len(q.value)
}

// between reports whether r separates words; all of them take one byte.
func between(r rune) bool { return strings.ContainsRune(" -_./:,=", r) }

// Line returns label and input with its caret, scrolled so that the caret is
// visible in p.W cells.
func (q *Prompt) Line(p Paint) Line {
	return Cat(S(theme.Accent, q.Label), q.Field(p, p.W-safetext.Width(q.Label)-1))
}

// Field returns the input with its caret in at most w cells.
func (q *Prompt) Field(p Paint, w int) Line {
	head := safetext.Clean(q.value[:q.at])
	if over := safetext.Width(head) + 2 - w; over > 0 && w > 0 {
		head = p.Theme.Glyphs.More + safetext.Drop(head, over+1)
	}
	l := T(head)
	if q.at == len(q.value) {
		return l.Add(theme.Accent, p.Theme.Glyphs.Caret)
	}
	next := q.after(q.at)
	l = append(l, Span{Text: q.value[q.at:next], Attr: Reverse})
	return l.Text(q.value[next:])
}

// Draw draws the input in the first row and the completions below it, in
// exactly p.H rows.
func (q *Prompt) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	rows := []string{p.Row(q.Line(p))}
	h := p.H - 1
	top := scroll(0, h, len(q.items), q.item, q.item+1)
	for i := top; i < len(q.items) && len(rows) < p.H; i++ {
		rows = append(rows, q.drawItem(p, i))
	}
	return p.Fill(rows)
}

func (q *Prompt) drawItem(p Paint, i int) string {
	c := q.items[i]
	label := c.Label
	if len(label) == 0 {
		label = T(c.Value)
	}
	style, at := RowStyle(0), pad(1)
	if i == q.item {
		style, at = RowCursor, Span{Text: p.Theme.Glyphs.Cursor, Tok: theme.Accent}
	}
	l := Line{pad(1), at, pad(1)}.Then(label.Cut(max(p.W/2, 8), true))
	if len(c.Note) > 0 {
		l = l.To(32).Then(dimmed(c.Note))
	}
	return p.Styled(l, style)
}

// countOf writes how many rows of how many a filter leaves.
func countOf(shown, all int) Line {
	return S(theme.Dim, human.Exact(shown)+" of "+human.Exact(all)+" ")
}
