package kit

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/theme"
)

// Quarantine is how long after its opening a dialog drops what is typed: those
// keys were meant for the screen below.
const Quarantine = 300 * time.Millisecond

// Dialog asks a question in a box. The first button is the safe one and has the
// focus. With a Phrase, enter is the first button until exactly the phrase has
// been typed, and a paste never counts as typing.
type Dialog struct {
	Title string
	// Body is what the dialog says.
	Body []Line
	// Phrase must be typed before the second button acts; none when empty.
	Phrase string
	// Ask stands before the field for the phrase.
	Ask string
	// Buttons are the labels; the first one cancels.
	Buttons []string
	// Unready explains why the second button does not act yet.
	Unready string
	// Width is the box's width, 60 when 0; a narrower screen makes it narrower.
	Width int
	// Keys are the keys Update answers.
	Keys KeyMap

	opened time.Time
	field  *Prompt
	focus  int // button; with a phrase len(Buttons) is the field
	pasted bool
}

// DialogEvent is what a key did to a dialog.
type DialogEvent uint8

// The events.
const (
	DialogHandled   DialogEvent = iota // nothing to do
	DialogCancelled                    // the first button, esc, ctrl-c
	DialogChosen                       // another button; see Dialog.Button
)

// NewDialog returns a dialog opened at the time now.
func NewDialog(now time.Time, title string, body []Line, buttons ...string) *Dialog {
	if len(buttons) == 0 {
		buttons = []string{"Close"}
	}
	return &Dialog{Title: title, Body: body, Buttons: buttons, Keys: DefaultKeys(), opened: now}
}

// AskFor makes the operator type phrase before the second button acts.
func (d *Dialog) AskFor(phrase, ask, unready string) *Dialog {
	d.Phrase, d.Ask, d.Unready = phrase, ask, unready
	d.field = NewPrompt("")
	d.focus = len(d.Buttons)
	return d
}

// Button returns the button that was chosen or has the focus.
func (d *Dialog) Button() int {
	if d.focus < len(d.Buttons) {
		return d.focus
	}
	if d.matches() {
		return 1
	}
	return 0
}

func (d *Dialog) matches() bool {
	return d.Phrase != "" && d.field != nil && !d.pasted && d.field.Value() == d.Phrase
}

// ready reports whether a button does something.
func (d *Dialog) ready(button int) bool { return button == 0 || d.Phrase == "" || d.matches() }

// Update answers a key or a paste that came at the time now.
func (d *Dialog) Update(msg tea.Msg, now time.Time) DialogEvent {
	if now.Sub(d.opened) < Quarantine {
		return DialogHandled
	}
	if _, paste := msg.(tea.PasteMsg); paste {
		d.pasted = d.field != nil
		return DialogHandled
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return DialogHandled
	}
	if press.String() == "esc" || press.String() == "ctrl+c" {
		d.focus = 0
		return DialogCancelled
	}
	if press.String() == "enter" {
		return d.enter()
	}
	stops := len(d.Buttons)
	if d.field != nil {
		stops++
	}
	inField := d.focus == len(d.Buttons)
	switch {
	case key.Matches(press, d.Keys.NextField), !inField && press.String() == "right":
		d.focus = (d.focus + 1) % stops
	case key.Matches(press, d.Keys.PrevField), !inField && press.String() == "left":
		d.focus = (d.focus + stops - 1) % stops
	case inField:
		if d.field.Update(msg) == PromptChanged {
			d.pasted = false
		}
	}
	return DialogHandled
}

func (d *Dialog) enter() DialogEvent {
	switch b := d.Button(); {
	case b == 0:
		return DialogCancelled
	case d.ready(b):
		d.focus = b
		return DialogChosen
	}
	return DialogHandled
}

// Box draws the dialog's box, at most p.W cells wide and p.H rows high.
func (d *Dialog) Box(p Paint) []string {
	w := d.Width
	if w == 0 {
		w = 60
	}
	w = min(w, p.W)
	parts := [][]Line{Indented(2, d.Body...)}
	var foot []Line
	if d.field != nil {
		ask := Line{pad(2), {Text: d.Ask + "  "}}
		foot = append(foot, ask.Then(d.field.Field(p, w-4-safetext.Width(d.Ask)-2)), nil)
		if d.pasted {
			foot[1] = Line{pad(2), {Text: "Pasted text does not confirm. Type the name.", Tok: theme.Warn}}
		}
	}
	parts = append(parts, append(foot, d.buttons(w)))
	return Box(p, T(d.Title), w, parts...)
}

func (d *Dialog) buttons(w int) Line {
	var l Line
	for i, label := range d.Buttons {
		if i > 0 {
			l = append(l, pad(2))
		}
		switch {
		case i == d.Button():
			l = append(l, Span{Text: "[ " + label + " ]", Tok: theme.Accent, Attr: Bold})
		case !d.ready(i):
			l = l.Add(theme.Dim, "  "+label+" ("+d.Unready+")")
		default:
			l = l.Text("  " + label + "  ")
		}
	}
	return Cat(Line{pad(max((w-2-l.Width())/2, 0))}, l)
}
