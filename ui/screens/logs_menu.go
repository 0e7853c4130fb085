package screens

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// actionMenu lists what can be done with the stream besides looking at it.
func (s *logView) actionMenu() *picker {
	onOff := func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	type action struct {
		item kit.MenuItem
		do   func() tea.Cmd
	}
	style := func(key, label string, flag *bool, shown bool) action {
		return action{kit.MenuItem{Key: key, Label: label, Note: onOff(shown)}, func() tea.Cmd {
			*flag = !*flag
			s.stream.Forget()
			return nil
		}}
	}
	actions := []action{
		{kit.MenuItem{Key: "s", Label: "save what is shown", Note: "as text, into the state directory"}, func() tea.Cmd { return screen.Save("logs", s.writer(true)) }},
		{kit.MenuItem{Key: "r", Label: "save it raw", Note: "the bytes as they came"}, func() tea.Cmd { return screen.Save("logs-raw", s.writer(false)) }},
		{kit.MenuItem{Key: "p", Label: "pipe to a command", Note: "as text; it has the terminal meanwhile"}, func() tea.Cmd { s.ask(askPipe, " | ", ""); return nil }},
		{kit.MenuItem{Key: "o", Label: "open in the pager", Note: "$PAGER, else less"}, func() tea.Cmd { return s.pipe("${PAGER:-less}") }},
		{kit.MenuItem{Key: "c", Label: "count by pattern", Note: "how many lines shown match"}, func() tea.Cmd { s.ask(askCount, " count  ", s.hunted); return nil }},
		style("d", "show what repeats once", &s.look.repeats, s.look.repeats),
		style("m", "marks in the stream", &s.look.noMarks, !s.look.noMarks),
		style("l", "logger before the text", &s.look.bare, !s.look.bare),
	}
	items := make([]kit.MenuItem, len(actions))
	for i, a := range actions {
		items[i] = a.item
	}
	return &picker{menu: kit.NewMenu("log", items...), close: "x", pick: func(i int) { s.chosenCmd = actions[i].do() }}
}

// writer writes the records shown now, the oldest first, off the program's
// goroutine: as clean lines with their source before them, or as they came.
func (s *logView) writer(clean bool) func(io.Writer) error {
	view, store, noMarks := s.view, s.store, s.look.noMarks
	lo, hi := s.bounds()
	return func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 64<<10)
		for i := lo; i < hi; i++ {
			r, ok := view.At(i)
			switch {
			case !ok || r.Mark != logs.MarkNone && (noMarks || !clean):
				continue
			case !clean:
				_, _ = w.Write(r.Text)
				_ = w.WriteByte('\n')
				continue
			}
			if err := writeRecord(w, &r, store.Source(r.Source)); err != nil {
				return err
			}
		}
		return w.Flush() // the first error of all writes
	}
}

// writeRecord writes a record as text.
func writeRecord(w *bufio.Writer, r *logs.Record, src logs.Source) error {
	where := safetext.Clean(whereOf(src))
	var err error
	for line := range strings.SplitSeq(string(r.Text), "\n") {
		line = safetext.Clean(strings.TrimSuffix(line, "\r"))
		if r.Mark != logs.MarkNone {
			line = "── " + line + " ──"
		}
		_, err = fmt.Fprintf(w, "%s  %s\n", where, line)
	}
	return err
}

// Dump writes what is shown, for the key that saves.
func (s *logView) Dump(screen.Env) func(io.Writer) error {
	if s.view == nil || s.choose != nil || s.opened != nil {
		return nil
	}
	return s.writer(true)
}

// pipe gives what is shown to a command.
func (s *logView) pipe(command string) tea.Cmd {
	if strings.TrimSpace(command) == "" {
		return nil
	}
	return screen.Pipe(command, s.writer(true))
}

// counted is how many of the records shown match a pattern.
type counted struct {
	n, of   int
	pattern string
}

// countPattern counts the records shown that match, off the program's goroutine.
func (s *logView) countPattern(env screen.Env, pattern string) tea.Cmd {
	m, err := compile(pattern)
	if err != nil {
		return screen.Problem(filterProblem(err))
	}
	if m == nil {
		return nil
	}
	view := s.view
	lo, hi := s.bounds()
	return screen.Ask(env, func() tea.Msg { return countMatches(view, m, lo, hi, pattern) })
}

func countMatches(view *logs.View, m *match.Matcher, lo, hi int, pattern string) counted {
	c := counted{pattern: pattern}
	for i := lo; i < hi; i++ {
		r, ok := view.At(i)
		if !ok || r.Mark != logs.MarkNone {
			continue
		}
		c.of++
		if m.Match(r.Text) {
			c.n++
		}
	}
	return c
}

func (s *logView) counted(c counted) tea.Cmd {
	return screen.Notice(fmt.Sprintf("%s of %s lines shown match %s.", human.Exact(c.n), human.Exact(c.of), safetext.Clean(c.pattern)))
}
