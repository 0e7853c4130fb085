package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// question asks the user what ssh must know before it goes on with a host. Its
// first answer is the safe one and has the focus; keys that were meant for the
// screen below do nothing during a moment.
type question struct {
	of     *asked
	opened time.Time
	focus  int // of the buttons of a host key; on the field it is the last one
	field  *kit.Prompt
	wrong  string // what is wrong with what was typed
}

// showQuestion puts the oldest question on the screen; one that is shown stays
// there until it is answered or taken back.
func (m *model) showQuestion() {
	waiting := m.deps.Questions.waiting()
	if q, ok := m.over.(*question); ok {
		if slices.Contains(waiting, q.of) {
			return
		}
		m.over = nil
	}
	if len(waiting) == 0 || m.over != nil {
		return
	}
	q := &question{of: waiting[0], opened: m.deps.Now(), field: kit.NewPrompt("")}
	if q.of.Kind != AskHostKey {
		q.focus = fieldFocus
	}
	m.over = q
}

// The answers about a host key, in the order of their buttons.
const (
	keyNo = iota
	keyRemember
	keyOnce
	keyType
	fieldFocus
)

var keyButtons = []string{"No, skip this host", "yes, remember it", "yes, this time only", "type the fingerprint"}

func (q *question) press(m *model, msg tea.KeyPressMsg) tea.Cmd {
	if m.deps.Now().Sub(q.opened) < kit.Quarantine {
		return nil
	}
	switch msg.String() {
	case "esc", "ctrl+c":
		return q.close(m, QuestionAnswer{})
	case "enter":
		return q.enter(m)
	}
	if q.focus == fieldFocus {
		if q.field.Update(msg) == kit.PromptChanged {
			q.wrong = ""
		}
		return nil
	}
	switch msg.String() {
	case "right", "tab", "down":
		q.focus = (q.focus + 1) % len(keyButtons)
	case "left", "shift+tab", "up":
		q.focus = (q.focus + len(keyButtons) - 1) % len(keyButtons)
	}
	return nil
}

// paste gives pasted text to the field; nothing is answered by it.
func (q *question) paste(text string) {
	if q.focus == fieldFocus {
		q.field.Update(tea.PasteMsg{Content: text})
		q.wrong = ""
	}
}

func (q *question) enter(m *model) tea.Cmd {
	switch {
	case q.of.Kind != AskHostKey:
		if q.field.Value() == "" && q.of.Kind != AskInteractive {
			return q.close(m, QuestionAnswer{})
		}
		return q.close(m, QuestionAnswer{Yes: true, Text: q.field.Value()})
	case q.focus == keyNo:
		return q.close(m, QuestionAnswer{})
	case q.focus == keyRemember:
		return q.close(m, QuestionAnswer{Yes: true, Remember: true})
	case q.focus == keyOnce:
		return q.close(m, QuestionAnswer{Yes: true})
	case q.focus == keyType:
		q.focus = fieldFocus
		return nil
	case sameFingerprint(q.field.Value(), q.of.Fingerprint):
		return q.close(m, QuestionAnswer{Yes: true, Remember: true})
	}
	q.wrong = "That is another fingerprint. Nothing was sent."
	return nil
}

// sameFingerprint compares what was typed or pasted, with or without the name of
// the hash, blanks around it or not.
func sameFingerprint(typed, is string) bool {
	bare := func(s string) string {
		return strings.TrimRight(strings.TrimPrefix(strings.TrimSpace(s), "SHA256:"), "=")
	}
	return bare(typed) != "" && bare(typed) == bare(is)
}

// close gives the answer and shows what is asked next.
func (q *question) close(m *model, with QuestionAnswer) tea.Cmd {
	q.of.answer(with)
	m.over = nil
	for _, a := range m.deps.Questions.waiting() {
		if a != q.of {
			m.over = &question{of: a, opened: m.deps.Now(), field: kit.NewPrompt(""), focus: map[bool]int{true: keyNo, false: fieldFocus}[a.Kind == AskHostKey]}
			break
		}
	}
	return nil
}

// draw puts the question over the body.
func (q *question) draw(m *model, body []string) []string {
	w := min(m.lay.w, 104)
	p := m.paint(m.lay.w, len(body))
	var title string
	var lines []kit.Line
	if q.of.Kind == AskHostKey {
		title, lines = q.hostKey(w)
	} else {
		title, lines = q.secret()
	}
	if others := q.others(m); others != "" {
		lines = append(lines, nil, kit.T(others))
	}
	parts := kit.Indented(2, lines...)
	return kit.Center(body, kit.Box(p, kit.T(title), w, parts, q.foot(p, w)))
}

// hostKey words the question about a key that is not known.
func (q *question) hostKey(w int) (title string, lines []kit.Line) {
	a := q.of
	where := a.Address
	if len(a.Via) > 0 {
		where += ", through " + strings.Join(a.Via, ", ")
	}
	if where != "" {
		where = " (" + where + ")"
	}
	short, _, _ := strings.Cut(a.Host, ".")
	lines = []kit.Line{
		kit.T("The host key of " + a.Host + where + " is not known."), nil,
		kit.T("  "+a.KeyType+"  ").Add(theme.Accent, a.Fingerprint), nil,
	}
	for _, other := range a.Others {
		lines = append(lines, kit.S(theme.Warn, "  known already: ").Text(other))
	}
	if a.Why != "" {
		lines = append(lines, kit.S(theme.Warn, "  "+a.Why))
	}
	command := "ssh-keygen -lf /etc/ssh/ssh_host_" + fileOfKey(a.KeyType) + "_key.pub"
	if w >= 100 {
		lines = append(lines, kit.T("Compare it with   ").Add(theme.Accent, command).Text("   on "+short+", or ask who runs it."))
	} else {
		lines = append(lines, kit.T("Compare it, on "+short+", with"), kit.S(theme.Accent, "  "+command))
	}
	return "first contact with " + a.Host, lines
}

// fileOfKey is the part of the file's name that tells the type of a host key.
func fileOfKey(keyType string) string {
	for _, kind := range []string{"ed25519", "ecdsa", "rsa", "dsa"} {
		if strings.Contains(keyType, kind) {
			return kind
		}
	}
	return "ed25519"
}

// secret words the question for a passphrase, a password or what a host asks.
func (q *question) secret() (title string, lines []kit.Line) {
	a := q.of
	who := a.Host
	if a.User != "" {
		who = a.User + " on " + a.Host
	}
	switch a.Kind {
	case AskPassphrase:
		title = "passphrase"
		lines = []kit.Line{kit.T("The key " + a.File + " needs its passphrase to log in on " + a.Host + ".")}
	case AskPassword:
		title = "password of " + who
		lines = []kit.Line{kit.T(a.Host + " asks for a password. It goes over the encrypted connection.")}
	default:
		title = a.Host + " asks"
		lines = []kit.Line{kit.T(a.Prompt)}
	}
	if a.Attempt > 1 {
		lines = append(lines, kit.S(theme.Warn, fmt.Sprintf("That was not it; this is attempt %d.", a.Attempt)))
	}
	return title, lines
}

// others says who waits besides, in the queue or in line before it.
func (q *question) others(m *model) string {
	var names []string
	add := func(host string) {
		if short, _, _ := strings.Cut(host, "."); host != q.of.Host && !slices.Contains(names, short) {
			names = append(names, short)
		}
	}
	for _, a := range m.deps.Questions.waiting() {
		add(a.Host)
	}
	for _, h := range m.env.SSH {
		if h.State == "asking" {
			add(h.Name)
		}
	}
	n := len(names)
	if n == 0 {
		return ""
	}
	if len(names) > 6 {
		names = append(names[:6:6], m.env.Theme.Glyphs.More)
	}
	verb, hosts := "waits", "host"
	if n > 1 {
		verb, hosts = "wait", "hosts"
	}
	return fmt.Sprintf("%d more %s %s for an answer (%s).", n, hosts, verb, strings.Join(names, " "))
}

// foot is the buttons, or the field.
func (q *question) foot(p kit.Paint, w int) []kit.Line {
	if q.focus == fieldFocus {
		label := "passphrase  "
		switch q.of.Kind {
		case AskHostKey:
			label = "fingerprint  "
		case AskPassword:
			label = "password  "
		case AskInteractive:
			label = "answer  "
		case AskPassphrase:
		}
		field := q.field
		if q.of.Kind != AskHostKey && (q.of.Kind != AskInteractive || !q.of.Echo) {
			field = kit.NewPrompt("")
			field.SetValue(strings.Repeat("*", len([]rune(q.field.Value()))))
		}
		foot := []kit.Line{kit.T("  ").Add(theme.Dim, label).Then(field.Field(p, w-6-len(label)))}
		if q.wrong != "" {
			foot = append(foot, kit.S(theme.Warn, "  "+q.wrong))
		}
		return append(foot, kit.S(theme.Dim, "  enter sends it · esc skips this host"))
	}
	var one kit.Line
	var each []kit.Line
	for i, label := range keyButtons {
		button := kit.T("  " + label + "  ")
		if i == q.focus {
			button = kit.S(theme.Accent, "[ "+label+" ]").Bold()
		}
		one = one.Then(button)
		each = append(each, kit.T("  ").Then(button))
	}
	if one.Width()+6 <= w {
		return []kit.Line{kit.T("    ").Then(one)}
	}
	return each
}
