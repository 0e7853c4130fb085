package ui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// View hands out the cached frame and draws it again only when something
// changed: Bubble Tea calls it after every message.
func (m *model) View() tea.View {
	if m.dirty {
		m.frame = m.draw()
		m.dirty = false
	}
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.WindowTitle = "stormtop " + clean(m.env.ClusterName)
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// draw makes the frame: exactly lay.h lines of lay.w cells.
func (m *model) draw() string {
	if m.lay.w < 1 || m.lay.h < 1 {
		return ""
	}
	if m.lay.tooSmall {
		return strings.Join(m.small(), "\n")
	}
	// The body first: what a screen says of itself goes with what it drew.
	body := m.body()
	rows := make([]string, 0, m.lay.h)
	rows = append(rows, m.header(), m.tabRow(), m.crumbRow())
	if m.over != nil {
		body = m.over.draw(m, body)
	}
	rows = append(rows, body...)
	rows = append(rows, m.statusRow(), m.hintsRow())
	return strings.Join(rows, "\n")
}

// body is what the screen on top draws, held to the size it was given.
func (m *model) body() []string {
	top := m.where.top()
	env := m.env
	env.Self = top.self
	lines := strings.Split(top.scr.View(env, screen.Size{W: m.lay.w, H: m.lay.bodyH}), "\n")
	return m.paint(m.lay.w, m.lay.bodyH).Fill(lines)
}

// tab is one cell of the tab bar with its place, for the mouse.
type tab struct {
	id   screen.ID
	x, w int
	seg  seg
}

// tabs lays out the tab bar; below 100 columns titles are short.
func (m *model) tabs() []tab {
	var out []tab
	x := 1
	for _, spec := range screen.Specs() {
		if !isRoot(spec) {
			continue
		}
		title := spec.Title
		if m.lay.w < 100 && spec.Short != "" {
			title = spec.Short
		}
		text := spec.Key.Help().Key + " " + title
		tok := theme.Dim
		if n, level := m.badge(spec.ID); n > 0 {
			mark := m.env.Theme.Glyphs.Warn
			if level == cluster.LevelCrit {
				mark = m.env.Theme.Glyphs.Crit
			}
			text += fmt.Sprintf(" %s%d", mark, n)
		}
		if spec.ID == m.where.root() {
			text, tok = "["+text+"]", theme.Accent
		} else {
			text = " " + text + " "
		}
		w := safetext.Width(text)
		out = append(out, tab{id: spec.ID, x: x, w: w, seg: seg{text: text, tok: tok}})
		x += w
		if m.lay.w >= 100 {
			out[len(out)-1].seg.text += " "
			x++
		}
	}
	return out
}

// badge counts what is wrong behind a tab.
func (m *model) badge(id screen.ID) (n int, level cluster.Level) {
	if id != home {
		return 0, 0
	}
	for _, f := range m.env.Found.Findings {
		switch {
		case f.Level == cluster.LevelCrit && level != cluster.LevelCrit:
			n, level = 1, cluster.LevelCrit
		case f.Level == level && f.Level >= cluster.LevelWarn:
			n++
		case f.Level == cluster.LevelWarn && level < cluster.LevelWarn:
			n, level = 1, cluster.LevelWarn
		}
	}
	return n, level
}

func (m *model) tabRow() string {
	left := []seg{{text: " "}}
	for _, t := range m.tabs() {
		left = append(left, t.seg)
	}
	right := []seg{{text: fmt.Sprintf("every %s ", every(m.deps.Every)), tok: theme.Dim, rank: 1}}
	return row(m.env.Theme, m.lay.w, 0, left, right)
}

// crumbRow is the path on the left, the state of the view on the right.
func (m *model) crumbRow() string {
	top := m.where.top()
	env := m.env
	env.Self = top.self
	path, state := []string{top.spec.Title}, ""
	if c, ok := top.scr.(screen.Crumber); ok {
		path, state = c.Crumb(env)
	}
	sep := " " + m.env.Theme.Glyphs.Crumb + " "
	left := []seg{{text: " "}}
	for i, part := range path {
		tok := theme.Dim
		if i == len(path)-1 {
			tok = theme.Text
		}
		if i > 0 {
			left = append(left, seg{text: sep, tok: theme.Dim})
		}
		left = append(left, seg{text: part, tok: tok})
	}
	// A path too long for the row loses its beginning, never its end.
	right := []seg{{text: state + " ", tok: theme.Dim}}
	if room := m.lay.w - line(right).Width() - 2; line(left).Width() > room && len(path) > 1 {
		left = []seg{{text: " " + m.env.Theme.Glyphs.More + sep, tok: theme.Dim}, {text: path[len(path)-1]}}
	}
	return row(m.env.Theme, m.lay.w, 0, left, right)
}

// statusRow is the last message on the left, the cursor's place on the right.
func (m *model) statusRow() string {
	var left, right []seg
	if m.notice.Text != "" {
		tok := theme.Text
		if m.notice.Problem {
			tok = theme.Crit
		}
		left = []seg{{text: " "}, {text: m.notice.Text, tok: tok}}
	}
	top := m.where.top()
	env := m.env
	env.Self = top.self
	if p, ok := top.scr.(screen.Positioner); ok {
		if at := p.Position(env); at != "" {
			right = []seg{{text: "  " + at + " ", tok: theme.Dim}}
		}
	}
	if s, ok := top.scr.(screen.Reporter); ok && len(left) == 0 {
		if said := s.Status(env, m.lay.w); len(said) > 0 {
			return kit.Paint{Theme: m.env.Theme, W: m.lay.w, H: 1}.Row(kit.Apart(kit.T(" ").Then(said), line(right), m.lay.w))
		}
	}
	return row(m.env.Theme, m.lay.w, 0, left, right)
}

// hintsRow names the keys that act here, as many as fit, and the two that
// always do.
func (m *model) hintsRow() string {
	right := []seg{
		{text: "  "},
		{text: m.keys.Palette.Help().Key, tok: theme.Accent},
		{text: " cmd  ", tok: theme.Dim},
		{text: "?", tok: theme.Accent},
		{text: " help ", tok: theme.Dim},
	}
	if m.hinting {
		left := []seg{{text: " "}, {text: m.hint, tok: theme.Accent}}
		return row(m.env.Theme, m.lay.w, 0, left, right)
	}
	left := []seg{{text: " "}}
	room := m.lay.w - line(right).Width() - 1
	for _, b := range m.bindings() {
		if !b.Enabled() || b.Help().Desc == "" {
			continue
		}
		pair := []seg{{text: b.Help().Key, tok: theme.Accent}, {text: " " + b.Help().Desc + "  ", tok: theme.Dim}}
		if line(pair).Width()-2 > room {
			break
		}
		room -= line(pair).Width()
		left = append(left, pair...)
	}
	return row(m.env.Theme, m.lay.w, 0, left, right)
}

// small is the notice for a terminal too small to draw in.
func (m *model) small() []string {
	w, h := m.lay.w, m.lay.h
	p := m.paint(w, h)
	if w < boxW || h < boxH {
		return p.Rows(kit.T(fmt.Sprintf("%d×%d!", minW, minH)))
	}
	g := m.env.Theme.Glyphs
	inner := boxW - 2
	title := g.H + " stormtop "
	lines := []kit.Line{kit.T(g.TopL + title + strings.Repeat(g.H, inner-safetext.Width(title)) + g.TopR)}
	for _, text := range []string{
		fmt.Sprintf("This terminal is %d×%d.", w, h),
		fmt.Sprintf("The console needs at least %d×%d", minW, minH),
		"(made for 80×24 and more).",
		"q quits",
	} {
		lines = append(lines, kit.T(g.V+safetext.PadRight("  "+text, inner)+g.V))
	}
	return p.Rows(append(lines, kit.T(g.BotL+strings.Repeat(g.H, inner)+g.BotR))...)
}

// paint says how to draw an area of the frame.
func (m *model) paint(w, h int) kit.Paint {
	return kit.Paint{Theme: m.env.Theme, W: w, H: h, Now: m.env.Now}
}

// bindings lists what acts on the screen on top, the most useful first: the
// screen's own keys, and the one for logs where the row has some.
func (m *model) bindings() []key.Binding {
	keys := m.where.top().scr.Keys()
	if _, ok := m.logsHere(); ok && len(keys) > 0 {
		keys = slices.Insert(slices.Clone(keys), 1, m.keys.Logs)
	}
	return keys
}
