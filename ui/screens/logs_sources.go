package screens

import (
	"fmt"
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
	table  *kit.Table[logs.SourceState]
	chosen map[string]bool
	from   screen.LogSession
	now    time.Time
}

func newLogPicker(from screen.LogSession) *logPicker {
	l := &logPicker{from: from, chosen: map[string]bool{}}
	of := func(get func(logs.SourceState) kit.Line) func(logs.SourceState) kit.Line { return get }
	l.table = kit.NewTable(func(s logs.SourceState) string { return s.Source.Key() },
		kit.Column[logs.SourceState]{Title: "HOST", Min: 10, Max: 24, Fit: true, Cell: of(func(s logs.SourceState) kit.Line {
			if s.Index < 0 {
				return kit.T("  " + whereOf(s.Source))
			}
			return gutter(s.Index, s.Source, 0).Text(whereOf(s.Source))
		}), Less: kit.ByText(func(s logs.SourceState) string { return s.Source.Host })},
		kit.Column[logs.SourceState]{
			Title: "KIND", Min: 6, Cell: of(func(s logs.SourceState) kit.Line { return kit.T(s.Source.Kind.String()) }),
			Less: kit.ByText(func(s logs.SourceState) string { return s.Source.Kind.String() }),
		},
		kit.Column[logs.SourceState]{Title: "FILE", Min: 10, Max: 40, Fit: true, Cell: of(func(s logs.SourceState) kit.Line { return kit.T(s.Source.Name()) })},
		kit.Column[logs.SourceState]{Title: "STATE", Min: 11, Cell: of(sourceState)},
		kit.Column[logs.SourceState]{
			Title: "READ", Min: 8, Align: kit.Right, Cell: of(func(s logs.SourceState) kit.Line { return kit.T(human.Bytes(s.BytesRead)) }),
			Less: kit.ByNumber(func(s logs.SourceState) float64 { return float64(s.BytesRead) }), Desc: true,
		},
		kit.Column[logs.SourceState]{Title: "LAST", Min: 5, Align: kit.Right, Priority: 3, Cell: of(l.last)},
		kit.Column[logs.SourceState]{Title: "VIA", Min: 5, Priority: 3, Cell: of(func(s logs.SourceState) kit.Line { return kit.S(theme.Dim, s.Via) })},
		kit.Column[logs.SourceState]{Title: "CLOCK", Min: 7, Priority: 4, Cell: of(clockCell)},
		kit.Column[logs.SourceState]{Title: "NOTE", Min: 10, Flex: 1, CutEnd: true, Cell: of(sourceNote)},
	)
	return l
}

// last is how long ago the last line came.
func (l *logPicker) last(s logs.SourceState) kit.Line {
	if s.LastLine.IsZero() {
		return none()
	}
	return kit.S(theme.Dim, human.Age(l.now.Sub(s.LastLine)))
}

// sourceState is the state with its glyph.
func sourceState(s logs.SourceState) kit.Line {
	switch s.State {
	case logs.StateFollowing, logs.StateQuiet, logs.StateRotated, logs.StateDone:
		return kit.S(theme.OK, "● ").Text(s.State.String())
	case logs.StateLost, logs.StateFailed:
		return kit.S(theme.Crit, "✕ ").Text(s.State.String())
	case logs.StateGap:
		return kit.S(theme.Warn, "▲ ").Text(s.State.String())
	case logs.StateConnecting, logs.StateWaiting, logs.StateHeld:
		return kit.S(theme.Wait, "◌ ").Text(s.State.String())
	case logs.StateLeft, logs.StateOff:
	}
	return kit.S(theme.Dim, "○ "+s.State.String())
}

func clockCell(s logs.SourceState) kit.Line {
	zone := ""
	if s.Zone != nil {
		zone = " " + s.Zone.String()
	}
	switch {
	case !s.ClockKnown:
		return unknown().Add(theme.Dim, zone)
	case s.ClockOffset.Abs() >= time.Second:
		return kit.S(theme.Warn, fmt.Sprintf("%+.1fs", s.ClockOffset.Seconds())).Add(theme.Dim, zone)
	}
	return kit.S(theme.Dim, fmt.Sprintf("%+dms%s", s.ClockOffset.Milliseconds(), zone))
}

func sourceNote(s logs.SourceState) kit.Line {
	var parts []string
	if s.Words != "" {
		parts = append(parts, s.Words)
	}
	if s.Source.Note != "" {
		parts = append(parts, s.Source.Note)
	}
	if s.Gaps > 0 {
		parts = append(parts, fmt.Sprintf("%d gaps", s.Gaps))
	}
	if s.Dropped > 0 {
		parts = append(parts, human.Count(s.Dropped)+" dropped")
	}
	if s.Breaks > 0 {
		parts = append(parts, fmt.Sprintf("lost %d times", s.Breaks))
	}
	return kit.S(theme.Dim, strings.Join(parts, " · "))
}

// press answers a key; the table is closed by the screen.
func (l *logPicker) press(s *logView, msg tea.KeyPressMsg) {
	row, some := l.table.Selected()
	all := func(on bool, which func(logs.SourceState) bool) {
		for _, st := range l.from.States() {
			if which(st) {
				l.chosen[st.Source.Key()] = on
			}
		}
	}
	every := func(logs.SourceState) bool { return true }
	switch msg.String() {
	case "L", "q":
		s.sources = nil
		return
	case "space", " ":
		if !some {
			return
		}
		key := row.Source.Key()
		l.chosen[key] = row.State == logs.StateOff || row.State == logs.StateLeft
	case "a":
		all(true, every)
	case "n":
		all(false, every)
	case "enter":
		if !some {
			return
		}
		all(false, every)
		l.chosen[row.Source.Key()] = true
		s.sources = nil
	case "P":
		s.rotated = !s.rotated
		l.from.Rotated(s.rotated)
		return
	default:
		l.table.Update(msg)
		return
	}
	l.from.Choose(l.chosen)
}

func (l *logPicker) draw(env screen.Env, p kit.Paint) []string {
	states := l.from.States()
	on := 0
	for _, st := range states {
		if st.State != logs.StateOff && st.State != logs.StateLeft {
			on++
		}
	}
	l.now = env.Now
	l.table.SetRows(states, env.Now)
	l.table.Empty = kit.T("No source is known yet.")
	head := p.Row(kit.S(theme.Dim, fmt.Sprintf(" %d of %d sources on · space on/off  a all  n none  enter only this one  P rotated  esc close", on, len(states))))
	return p.Fill(append([]string{head}, l.table.Draw(p.Sized(p.W, max(0, p.H-1)))...))
}

// record shows one record whole, with its fields and where it came from.
func (s *logView) record(env screen.Env, r logs.Record) *kit.Viewer {
	src := s.session.Store().Source(r.Source)
	f := r.Fields().With(src)
	var lines []kit.Line
	field := func(name, value string) {
		if value != "" {
			lines = append(lines, kit.S(theme.Dim, " "+padTo(name, 11)).Text(value))
		}
	}
	if r.Time != 0 {
		field("time", time.Unix(0, r.Time).In(env.Now.Location()).Format("2006-01-02 15:04:05.000 -0700"))
	}
	field("level", r.Level.String())
	field("where", whereOf(src))
	field("file", src.Path)
	field("at byte", fmt.Sprint(r.Offset))
	field("component", f.Component)
	if f.Task > 0 {
		field("task", fmt.Sprint(f.Task))
	}
	if f.PID > 0 {
		field("pid", fmt.Sprint(f.PID))
	}
	field("logger", f.Logger)
	field("thread", f.Thread)
	for _, o := range r.Origins {
		other := s.session.Store().Source(o.Source)
		field("also in", fmt.Sprintf("%s %s at byte %d", whereOf(other), other.Path, o.Offset))
	}
	f.Pairs(func(key, value string) bool {
		field(key, value)
		return len(lines) < 100
	})
	lines = append(lines, nil)
	for line := range strings.SplitSeq(string(r.Text), "\n") {
		lines = append(lines, kit.T(" "+line))
	}
	if r.Cut {
		lines = append(lines, kit.S(theme.Warn, fmt.Sprintf(" cut here: %s more", human.Bytes(r.Missing))))
	}
	return kit.NewViewer(lines...)
}
