package screens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// logPicker is the table of sources, where each is switched on and off.
type logPicker struct {
	table *kit.Table[logs.SourceState]
	of    *logView
}

func newLogPicker(of *logView) *logPicker {
	l := &logPicker{of: of}
	type state = logs.SourceState
	l.table = kit.NewTable(func(s state) string { return s.Source.Key() },
		kit.Column[state]{Title: "HOST", Min: 9, Max: 22, Fit: true, Cell: func(s state) kit.Line {
			if s.Index < 0 {
				return kit.T("  " + placeOf(s.Source))
			}
			return kit.S(theme.Cat(int(s.Index)), sourceLetter(s.Index)+" ").Text(placeOf(s.Source))
		}},
		kit.Column[state]{Title: "KIND", Min: 7, Cell: func(s state) kit.Line { return kit.T(kindOf(s)) }},
		kit.Column[state]{Title: "FILE", Min: 10, Max: 24, Fit: true, Priority: 2, Cell: func(s state) kit.Line { return kit.T(fileOf(s)) }},
		kit.Column[state]{Title: "STATE", Min: 12, Cell: func(s state) kit.Line {
			return stateGlyph(of.env.Theme.Glyphs, s).Text(" " + s.State.String())
		}},
		kit.Column[state]{Title: "BYTES/S", Min: 9, Align: kit.Right, Priority: 3, Cell: l.rate},
		kit.Column[state]{Title: "LAST", Min: 4, Align: kit.Right, Priority: 3, Cell: l.last},
		kit.Column[state]{Title: "NOTE", Min: 10, Flex: 1, CutEnd: true, Cell: func(s state) kit.Line { return l.note(s) }},
	)
	l.table.Empty = kit.T("No file is known yet.")
	return l
}

// on reports whether a source is on, by hand or by the target.
func (l *logPicker) on(s logs.SourceState) bool {
	if on, ok := l.of.chosen[s.Source.Key()]; ok {
		return on
	}
	return s.State != logs.StateOff && s.State != logs.StateLeft
}

// rate is what comes from a source in a second.
func (l *logPicker) rate(s logs.SourceState) kit.Line {
	b, ok := l.of.pace.bytes[s.Source.Key()]
	if !ok || b.rate < 0 || s.State == logs.StateOff || s.State == logs.StateLeft {
		return none()
	}
	return kit.T(human.Bytes(b.rate))
}

// last is how long ago the last line came.
func (l *logPicker) last(s logs.SourceState) kit.Line {
	if s.LastLine.IsZero() {
		return none()
	}
	return kit.S(theme.Dim, human.Age(max(l.of.env.Now.Sub(s.LastLine), 0)))
}

// note is what a person should know of a source.
func (l *logPicker) note(s logs.SourceState) kit.Line {
	var parts []string
	add := func(part string) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	add(strings.TrimSuffix(wordsOf(s), "."))
	if !s.RetryAt.IsZero() {
		add("again in " + human.Age(max(s.RetryAt.Sub(l.of.env.Now), 0)))
	}
	add(s.Source.Note)
	if s.State == logs.StateLeft {
		add("drained; history stays")
	}
	if s.State == logs.StateHeld {
		add("waiting at byte " + human.Exact(s.Offset))
	}
	if s.Source.PID > 0 {
		add(fmt.Sprintf("pid %d", s.Source.PID))
	}
	if s.ClockKnown && s.ClockOffset.Abs() >= time.Second {
		add(fmt.Sprintf("clock %+.1fs", s.ClockOffset.Seconds()))
	}
	if s.Gaps > 0 {
		add(plural(s.Gaps, "gap"))
	}
	if s.Dropped > 0 {
		add(human.Exact(s.Dropped) + " dropped")
	}
	if s.Breaks > 0 {
		add(fmt.Sprintf("lost %d×", s.Breaks))
	}
	return kit.S(theme.Dim, strings.Join(parts, " · "))
}

// placeOf is a source's host with its port.
func placeOf(src logs.Source) string {
	switch {
	case src.Host == "" && src.Port == 0:
		return "here"
	case src.Port > 0:
		return fmt.Sprintf("%s:%d", src.Host, src.Port)
	}
	return src.Host
}

// kindOf is what a file holds; a host whose files are not known has none.
func kindOf(s logs.SourceState) string {
	if s.Source.Path == "" && s.Source.Kind != logs.KindStdin {
		return ""
	}
	return s.Source.Kind.String()
}

func fileOf(s logs.SourceState) string {
	if s.Source.Path == "" && s.Source.Kind != logs.KindStdin {
		return ""
	}
	return s.Source.Name()
}

// stateGlyph is a source's state in one cell.
func stateGlyph(g theme.Glyphs, s logs.SourceState) kit.Line {
	switch s.State {
	case logs.StateFollowing, logs.StateQuiet, logs.StateRotated, logs.StateDone:
		return kit.S(theme.OK, g.OK)
	case logs.StateLost, logs.StateFailed:
		return kit.S(theme.Crit, g.Crit)
	case logs.StateGap:
		return kit.S(theme.Warn, g.Warn)
	case logs.StateConnecting, logs.StateWaiting, logs.StateHeld:
		return kit.S(theme.Wait, g.Wait)
	case logs.StateLeft, logs.StateOff:
	}
	return kit.S(theme.Dim, g.Idle)
}

// pressSources answers the keys of the table.
func (s *logView) pressSources(msg tea.Msg) tea.Cmd {
	l := s.sources
	if wheel(msg, l.table.Update) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || l.table.Typing() {
		l.table.Update(msg)
		return nil
	}
	row, some := l.table.Selected()
	switch name := press.String(); {
	case name == "esc" && l.table.Escape():
		return nil
	case name == "L", name == "q", name == "esc":
		s.sources = nil
		return nil
	case name == "P":
		return s.toggleRotated()
	case name == "ctrl+r":
		s.session.Reconnect()
		return screen.Notice("Trying again what waits or failed.")
	case name == "a":
		l.switchAll(true, func(logs.SourceState) bool { return true })
	case name == "n":
		l.switchAll(false, func(logs.SourceState) bool { return true })
	case !some:
		return nil
	case name == "space":
		s.chosen[row.Source.Key()] = !l.on(row)
	case name == "k":
		l.switchAll(!l.on(row), func(x logs.SourceState) bool { return x.Source.Kind == row.Source.Kind })
	case name == "enter":
		l.switchAll(false, func(logs.SourceState) bool { return true })
		s.chosen[row.Source.Key()] = true
		s.sources = nil
	default:
		l.table.Update(msg)
		return nil
	}
	s.session.Choose(s.chosen)
	return nil
}

// maxChosen bounds the sources that are switched by hand.
const maxChosen = 4096

// switchAll switches the sources that are meant on or off.
func (l *logPicker) switchAll(on bool, meant func(logs.SourceState) bool) {
	for _, st := range l.of.session.States() {
		if meant(st) && st.Source.Path != "" && len(l.of.chosen) < maxChosen {
			l.of.chosen[st.Source.Key()] = on
		}
	}
}

// toggleRotated reads the older generations too, or not any more.
func (s *logView) toggleRotated() tea.Cmd {
	s.rotated = !s.rotated
	s.session.Rotated(s.rotated)
	s.sync(s.env)
	if s.rotated {
		return screen.Notice("Rotated files are read too.")
	}
	return screen.Notice("Current files alone.")
}

// rows gives the table what the session says now.
func (l *logPicker) rows() (on, all int) {
	states := l.of.session.States()
	slices.SortFunc(states, sourceOrder)
	l.table.SetRows(states, l.of.env.Now)
	for _, st := range states {
		if l.on(st) {
			on++
		}
	}
	return on, len(states)
}

// box draws the table over the stream.
func (l *logPicker) box(s *logView, p kit.Paint) []string {
	on, all := l.rows()
	w := min(p.W, 116)
	foot := []kit.Line{
		kit.T(fmt.Sprintf(" %d of %d on · %s held of %s", on, all, human.Bytes(s.store.Bytes()), human.Bytes(s.store.Budget()))),
		kit.S(theme.Dim, " space on/off  a all  n none  k kind  P rotated  ctrl-r reconnect  enter only this  esc close"),
	}
	if w < full {
		foot[1] = kit.S(theme.Dim, " space on/off  a all  n none  k kind  P rotated  enter only this  esc close")
	}
	if st, ok := l.table.Selected(); ok {
		foot = slices.Insert(foot, 0, l.detail(st)...)
	}
	h := min(max(all, 1)+1, max(p.H-len(foot)-3, 2))
	inner := p.Sized(w-2, h)
	lines := make([]kit.Line, h)
	box := kit.Box(p, kit.T("log sources · "+strings.Join(s.names(s.env), " / ")), w, lines, foot)
	return kit.Overlay(box, l.table.Draw(inner), 1, 1)
}

// detail is what there is to say of the source under the cursor.
func (l *logPicker) detail(st logs.SourceState) []kit.Line {
	var first, second []string
	first = append(first, st.Source.Path)
	if st.Via != "" {
		second = append(second, "via "+st.Via)
	}
	if st.Zone != nil {
		second = append(second, "zone "+st.Zone.String())
	}
	if st.ClockKnown && st.Source.Host != "" {
		second = append(second, fmt.Sprintf("clock %+dms", st.ClockOffset.Milliseconds()))
	}
	if st.BytesRead > 0 {
		second = append(second, fmt.Sprintf("read %s, %s lines", human.Bytes(st.BytesRead), human.Exact(st.Lines)))
	}
	if st.Size > st.Offset {
		second = append(second, human.Bytes(st.Size-st.Offset)+" behind")
	}
	if st.Rotations > 0 {
		second = append(second, fmt.Sprintf("rotated %d×", st.Rotations))
	}
	words := kit.S(theme.Dim, " "+strings.Join(second, " · "))
	if st.Words != "" && len(second) == 0 {
		words = kit.S(theme.Dim, " "+st.Words)
	}
	return []kit.Line{kit.S(theme.Dim, " "+strings.Join(first, "")), words}
}

// instead says why nothing can be read, in place of the stream.
func (l *logPicker) instead(p kit.Paint) []string {
	g := p.Glyphs()
	states := l.of.session.States()
	slices.SortFunc(states, sourceOrder)
	lines := []kit.Line{kit.S(theme.Crit, " "+g.Crit).Text(" Nothing can be read. ctrl-r tries again, L chooses other files."), nil}
	for _, st := range states {
		if st.State == logs.StateOff {
			continue
		}
		what := strings.TrimSpace(placeOf(st.Source) + " " + fileOf(st))
		lines = append(lines, kit.T("   ").Then(stateGlyph(g, st)).Text(" "+what+"  ").Add(theme.Dim, st.State.String()))
		note := l.note(st).Plain()
		for _, part := range wrap(note, p.W-8) {
			lines = append(lines, kit.S(theme.Dim, "       "+part))
		}
	}
	return p.Rows(lines...)
}

// wordsOf is what is said of a source, without its host in front.
func wordsOf(s logs.SourceState) string {
	if rest, ok := strings.CutPrefix(s.Words, s.Source.Host+": "); ok && s.Source.Host != "" {
		return rest
	}
	return s.Words
}
