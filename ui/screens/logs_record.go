package screens

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// recordViewer shows one record whole: its fields, where it came from, its text.
type recordViewer struct {
	viewer *kit.Viewer
	title  string
	text   string // clean
}

// The bounds of what is shown of one record.
const (
	maxFields      = 100
	maxRecordLines = 5000
)

func (s *logView) openRecord(r *logs.Record) *recordViewer {
	src := s.store.Source(r.Source)
	f := r.Fields().With(src)
	var lines []kit.Line
	field := func(name, value string) {
		if value != "" {
			lines = append(lines, kit.S(theme.Dim, " "+safetext.PadRight(name, 12)+" ").Text(value))
		}
	}
	if r.Time != 0 {
		field("time", time.Unix(0, r.Time).In(s.env.Now.Location()).Format("2006-01-02 15:04:05.000 -0700"))
	}
	field("level", r.Level.String())
	field("host", src.Host)
	if src.Port > 0 {
		field("port", fmt.Sprint(src.Port))
	}
	field("topology", src.Topology)
	field("component", f.Component)
	switch {
	case f.TaskTo > f.Task:
		field("task", fmt.Sprintf("%d–%d", f.Task, f.TaskTo))
	case f.Task > 0:
		field("task", fmt.Sprint(f.Task))
	}
	if f.PID > 0 {
		field("pid", fmt.Sprint(f.PID))
	}
	field("logger", f.Logger)
	field("thread", f.Thread)
	field("file", fmt.Sprintf("%s, at byte %s", src.Path, human.Exact(r.Offset)))
	for _, o := range r.Origins {
		other := s.store.Source(o.Source)
		field("also in", fmt.Sprintf("%s, at byte %s", other.Path, human.Exact(o.Offset)))
	}
	if r.Late {
		field("late", "it came after lines with later times had been shown")
	}
	if r.Again {
		field("hour", "this hour comes twice that day; nothing tells which is meant")
	}
	f.Pairs(func(key, value string) bool {
		field(safetext.Clean(key), value)
		return len(lines) < maxFields
	})
	lines = append(lines, nil)
	text := safetext.Lines(string(r.Text), maxRecordLines)
	for _, line := range text {
		lines = append(lines, kit.T(" ").Then(s.lit(line)))
	}
	if r.Cut {
		lines = append(lines, kit.S(theme.Warn, " … cut here: "+human.Bytes(r.Missing)+" more"))
	}
	v := kit.NewViewer(lines...)
	v.Update(kit.Press("w")) // lines are wrapped at first
	title := strings.Trim(fmt.Sprintf("%s %s", whereOf(src), who(f)), " ")
	return &recordViewer{viewer: v, title: title, text: strings.Join(text, "\n")}
}

// pressOpened answers the keys of the record.
func (s *logView) pressOpened(msg tea.Msg) tea.Cmd {
	v := s.opened
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || v.viewer.Typing() {
		if !wheel(msg, v.viewer.Update) {
			v.viewer.Update(msg)
		}
		return nil
	}
	switch press.String() {
	case "esc":
		if !v.viewer.Escape() {
			s.opened = nil
		}
	case "q", "enter":
		s.opened = nil
	case "y", "Y":
		return screen.Copy("the record", v.text)
	case "[", "]":
		s.stream.Move(map[string]int{"[": -1, "]": 1}[press.String()])
		s.settle()
		if r, _, ok := s.current(); ok {
			s.opened = s.openRecord(&r)
		}
	default:
		v.viewer.Update(msg)
	}
	return nil
}

func (v *recordViewer) draw(_ *logView, p kit.Paint) []string {
	line, of := v.viewer.Position()
	right := fmt.Sprintf("line %d of %d · [ ] other records · Y copies · esc closes", line, of)
	rows := v.viewer.Draw(p.Sized(p.W, max(p.H-1, 0)))
	return p.Stack([]string{kit.Rule(p, "record · "+v.title, right)}, rows)
}
