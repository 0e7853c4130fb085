package screens

import (
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// maxTerms bounds the stack of filters.
const maxTerms = 32

// addTerm puts a filter on the stack.
func (s *logView) addTerm(kind logs.TermKind, pattern string) tea.Cmd {
	switch {
	case pattern == "":
		return nil
	case len(s.terms) >= maxTerms:
		return screen.Problem(fmt.Sprintf("There are %d filters already; f removes some.", maxTerms))
	}
	s.terms = append(s.terms, logs.Term{Kind: kind, Pattern: pattern, IgnoreCase: match.Smart(pattern)})
	if cmd := s.refilter(); cmd != nil {
		s.terms = s.terms[:len(s.terms)-1]
		return cmd
	}
	return nil
}

// refilter puts the stack and the level into force; the error is a problem to
// show, and then the old filter stays.
func (s *logView) refilter() tea.Cmd {
	terms := append([]logs.Term(nil), s.terms...)
	if s.floor != logs.LevelNone {
		terms = append(terms, logs.Term{Kind: logs.LevelFloor, Level: s.floor})
	}
	f, err := logs.NewFilter(terms)
	if err != nil {
		if bad, ok := errors.AsType[*logs.PatternError](err); ok {
			return screen.Problem(fmt.Sprintf("Filter not changed: %s at column %d. RE2 syntax; \\( for a literal bracket.", safetext.Clean(bad.Reason), bad.Column))
		}
		return screen.Problem("Filter not changed: " + safetext.Clean(err.Error()))
	}
	at, known := s.session.View().At(s.cursor)
	s.session.View().SetFilter(f)
	if known && !s.following && at.Time != 0 {
		s.cursor = s.session.View().Near(at.Time)
	}
	return nil
}

func termWords(t logs.Term) string {
	switch t.Kind {
	case logs.Include:
		return "in " + t.Pattern
	case logs.Exclude:
		return "out " + t.Pattern
	case logs.TimeRange:
		return "time " + clockRange(t)
	case logs.LevelFloor, logs.SourceIs, logs.FieldIs:
	}
	return t.Pattern
}

func clockRange(t logs.Term) string {
	word := func(ns int64) string {
		if ns == 0 {
			return "…"
		}
		return time.Unix(0, ns).Format("15:04:05")
	}
	return word(t.From) + "–" + word(t.To)
}

// editFilters opens the stack: space switches, d removes, n turns around.
func (s *logView) editFilters() {
	items := make([]kit.MenuItem, 0, len(s.terms)+1)
	counts := s.session.View().Counts()
	for i, t := range s.terms {
		state := "● on "
		if t.Off {
			state = "○ off"
		}
		note := ""
		if i < len(counts) && !t.Off {
			note = fmt.Sprintf("true of %d", counts[i])
		}
		items = append(items, kit.MenuItem{Label: fmt.Sprintf("%d %s %s", i+1, state, safetext.CutEnd(safetext.Clean(termWords(t)), 60)), Note: note})
	}
	if len(items) == 0 {
		items = append(items, kit.MenuItem{Label: "no filter: & filters in, ! filters out, W sets the level", Off: true})
	}
	at := 0
	if s.filters != nil {
		at = s.filters.Cursor()
	}
	s.filters = kit.NewMenu("filters · space on/off  n turn around  d remove  D all  esc close", items...)
	s.filters.MoveTo(min(at, len(items)-1))
}

func (s *logView) pressFilters(msg tea.KeyPressMsg) tea.Cmd {
	i := s.filters.Cursor()
	some := i >= 0 && i < len(s.terms)
	switch {
	case msg.String() == "esc" || msg.String() == "f" || msg.String() == "q":
		s.filters = nil
		return nil
	case (msg.String() == "space" || msg.String() == " " || msg.String() == "enter") && some:
		s.terms[i].Off = !s.terms[i].Off
	case msg.String() == "n" && some:
		switch s.terms[i].Kind {
		case logs.Include:
			s.terms[i].Kind = logs.Exclude
		case logs.Exclude:
			s.terms[i].Kind = logs.Include
		default:
			s.terms[i].Not = !s.terms[i].Not
		}
	case msg.String() == "d" && some:
		s.terms = append(s.terms[:i:i], s.terms[i+1:]...)
	case msg.String() == "D":
		s.terms = nil
	default:
		s.filters.Update(msg)
		return nil
	}
	cmd := s.refilter()
	s.editFilters()
	return cmd
}

// limit sets the range of time, "14:20-14:30", or goes to a moment, "14:20".
func (s *logView) limit(env screen.Env, text string) tea.Cmd {
	from, to, isRange := strings.Cut(strings.ReplaceAll(text, " ", ""), "-")
	var kept []logs.Term
	for _, t := range s.terms {
		if t.Kind != logs.TimeRange {
			kept = append(kept, t)
		}
	}
	if text == "" {
		s.terms = kept
		return s.refilter()
	}
	first, ok := todayAt(env.Now, from)
	if !ok {
		return screen.Problem("No time: write 14:20, 14:20:05 or 14:20-14:30; nothing removes the range.")
	}
	if !isRange {
		s.goTo(s.session.View().Near(first.UnixNano()))
		return nil
	}
	last, ok := todayAt(env.Now, to)
	if !ok || !last.After(first) {
		return screen.Problem("No range: write 14:20-14:30, the earlier time first.")
	}
	s.terms = append(kept, logs.Term{Kind: logs.TimeRange, From: first.UnixNano(), To: last.UnixNano()})
	return s.refilter()
}

// todayAt is the last time that it was so late.
func todayAt(now time.Time, text string) (time.Time, bool) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location())
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, true
		}
	}
	return time.Time{}, false
}
