package screens

import (
	"errors"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
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
	return s.try(append(slices.Clone(s.terms), logs.Term{Kind: kind, Pattern: pattern, IgnoreCase: match.Smart(pattern)}))
}

// changeTerm replaces the pattern of the term that the editor is on.
func (s *logView) changeTerm(pattern string) tea.Cmd {
	if s.filters == nil || s.filters.at >= len(s.terms) || pattern == "" {
		return nil
	}
	terms := slices.Clone(s.terms)
	terms[s.filters.at].Pattern, terms[s.filters.at].IgnoreCase = pattern, match.Smart(pattern)
	return s.try(terms)
}

// try puts a stack into force; when it is not one, the old one stays.
func (s *logView) try(terms []logs.Term) tea.Cmd {
	if _, err := logs.NewFilter(terms); err != nil {
		return screen.Problem(filterProblem(err))
	}
	s.terms = terms
	s.refilter()
	return nil
}

// refilter gives the stack, which is known to be one, to the view. The old
// picture stays until there is something of the new one.
func (s *logView) refilter() {
	if f, err := logs.NewFilter(s.terms); err == nil && s.view != nil {
		s.view.SetFilter(f)
	}
	s.relight()
}

// nextLevel raises the level floor by one step, and takes it away behind ERROR.
func (s *logView) nextLevel() tea.Cmd {
	terms := slices.Clone(s.terms)
	i := slices.IndexFunc(terms, func(t logs.Term) bool { return t.Kind == logs.LevelFloor })
	switch {
	case i < 0 && len(terms) >= maxTerms:
		return screen.Problem(fmt.Sprintf("There are %d filters already; f removes some.", maxTerms))
	case i < 0:
		terms = slices.Insert(terms, 0, logs.Term{Kind: logs.LevelFloor, Level: logs.LevelInfo})
	case terms[i].Off:
		terms[i].Off = false
	case terms[i].Level < logs.LevelInfo:
		terms[i].Level = logs.LevelInfo
	case terms[i].Level < logs.LevelError:
		terms[i].Level++
	default:
		terms = slices.Delete(terms, i, i+1)
	}
	return s.try(terms)
}

// filtering reports whether the stack may hide records.
func (s *logView) filtering() bool { return !s.filter.Empty() }

// badPattern says what is wrong with a pattern, and where.
func badPattern(err error) string {
	if e, ok := errors.AsType[*logs.PatternError](err); ok {
		return fmt.Sprintf("%s at column %d", safetext.Clean(e.Reason), e.Column)
	}
	if e, ok := errors.AsType[*match.Error](err); ok {
		return fmt.Sprintf("%s at column %d", safetext.Clean(e.Reason), e.Column)
	}
	return safetext.Clean(err.Error())
}

// filterProblem is the message for a pattern that is none.
func filterProblem(err error) string {
	return "Filter not changed: " + badPattern(err) + `. RE2 syntax; \( for a literal bracket.`
}

// termWords says what a term is, in a few words.
func (s *logView) termWords(t logs.Term) string {
	not := ""
	if t.Not {
		not = "not "
	}
	switch t.Kind {
	case logs.Include:
		return "in " + t.Pattern
	case logs.Exclude:
		return "out " + t.Pattern
	case logs.LevelFloor:
		if t.Not {
			return "level < " + t.Level.String()
		}
		return "level ≥ " + t.Level.String()
	case logs.TimeRange:
		return not + "time " + s.rangeWords(t.From, t.To)
	case logs.FieldIs:
		return not + t.Field + " " + t.Value
	case logs.SourceIs:
		return not + human.Exact(len(t.Sources)) + " sources"
	}
	return not + t.Pattern
}

// trueOf is how many of the held records a term is true of, -1 when that is not
// known; out says that it hides those.
func (s *logView) trueOf(i int) (n int64, out bool) {
	f := s.view.Filter()
	if f == nil || i >= len(s.terms) || s.terms[i].Off {
		return -1, false
	}
	// The terms in force may be older than the stack while it is being applied.
	counts, terms := s.view.Counts(), f.Terms()
	if i >= len(counts) || len(terms) != len(s.terms) {
		return -1, false
	}
	return counts[i], terms[i].Kind == logs.Exclude || terms[i].Kind != logs.Include && terms[i].Not
}

// hides is how many of the held records a term hides, where there are no marks
// among them; -1 when that is not known.
func (s *logView) hides(i int) int64 {
	n, out := s.trueOf(i)
	if n < 0 || out {
		return n
	}
	lo, hi := s.store.Range()
	return max(int64(hi-lo)-n, 0)
}

// filterEditor is the stack as a list.
type filterEditor struct {
	at int
}

func newFilterEditor(*logView) *filterEditor { return &filterEditor{} }

func (s *logView) pressFilters(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	e := s.filters
	e.at = max(0, min(e.at, len(s.terms)-1))
	i, some := e.at, len(s.terms) > 0
	terms := slices.Clone(s.terms)
	switch name := press.String(); {
	case name == "esc", name == "f", name == "q":
		s.filters = nil
		return nil
	case name == "&":
		s.ask(askInclude, " & in  ", "")
		return nil
	case name == "!":
		s.ask(askExclude, " ! out  ", "")
		return nil
	case name == "W":
		return s.nextLevel()
	case !some:
		return nil
	case name == "up", name == "k":
		e.at = max(0, i-1)
		return nil
	case name == "down", name == "j":
		e.at = min(i+1, len(terms)-1)
		return nil
	case name == "space":
		terms[i].Off = !terms[i].Off
	case name == "i":
		terms[i] = inverted(terms[i])
	case name == "c" && isPattern(terms[i]):
		terms[i].IgnoreCase = !terms[i].IgnoreCase
	case name == "d", name == "delete":
		terms = slices.Delete(terms, i, i+1)
		e.at = max(0, min(i, len(terms)-1))
	case name == "D":
		terms, e.at = nil, 0
	case name == "<" && i > 0:
		terms[i-1], terms[i] = terms[i], terms[i-1]
		e.at--
	case name == ">" && i < len(terms)-1:
		terms[i+1], terms[i] = terms[i], terms[i+1]
		e.at++
	case name == "enter" && isPattern(terms[i]):
		s.ask(askEdit, " pattern  ", terms[i].Pattern)
		return nil
	case len(name) == 1 && name[0] >= '1' && name[0] <= '9' && int(name[0]-'1') < len(terms):
		e.at = int(name[0] - '1')
		terms[e.at].Off = !terms[e.at].Off
	default:
		return nil
	}
	return s.try(terms)
}

func isPattern(t logs.Term) bool { return t.Kind == logs.Include || t.Kind == logs.Exclude }

// inverted turns a term around.
func inverted(t logs.Term) logs.Term {
	switch t.Kind {
	case logs.Include:
		t.Kind = logs.Exclude
	case logs.Exclude:
		t.Kind = logs.Include
	default:
		t.Not = !t.Not
	}
	return t
}

// box draws the editor.
func (e *filterEditor) box(s *logView, p kit.Paint) []string {
	g := p.Glyphs()
	w := min(p.W, 100)
	var lines []kit.Line
	for i, t := range s.terms {
		state := kit.S(theme.OK, g.OK)
		tok := theme.Text
		if t.Off {
			state, tok = kit.S(theme.Dim, g.Idle), theme.Dim
		}
		sign := " "
		if i == e.at {
			sign = g.Cursor
		}
		left := kit.T(" ").Add(theme.Accent, sign).Text(fmt.Sprintf(" %d ", i+1)).Then(state).Add(tok, " "+s.termWords(t))
		if isPattern(t) && !t.IgnoreCase {
			left = left.Add(theme.Dim, "  as written")
		}
		right := kit.Line(nil)
		if n, out := s.trueOf(i); n >= 0 && out {
			right = kit.S(theme.Dim, "hides "+human.Exact(n)+" ")
		} else if n >= 0 {
			right = kit.S(theme.Dim, "true of "+human.Exact(n)+" ")
		}
		lines = append(lines, kit.Apart(left, right, w-2))
	}
	if len(lines) == 0 {
		lines = []kit.Line{kit.S(theme.Dim, "   No filter: & lets in what matches, ! leaves it out, W sets the lowest level.")}
	}
	foot := []string{
		"space 1-9 on/off   enter edit   i invert   c case   < > order   d delete   D all",
		"& in   ! out   W level   esc close",
	}
	if w < 84 {
		foot = []string{"space on/off  enter edit  i invert  c case", "< > order  d delete  D all  & in  ! out  W level  esc close"}
	}
	hints := make([]kit.Line, len(foot))
	for i, f := range foot {
		hints[i] = kit.S(theme.Dim, "   "+f)
	}
	lines = append(lines, nil, s.shownLine())
	return kit.Box(p, kit.T("filters"), w, lines, hints)
}

// shownLine says how many lines the stack leaves.
func (s *logView) shownLine() kit.Line {
	lo, hi := s.store.Range()
	from, to := s.bounds()
	l := kit.S(theme.Dim, fmt.Sprintf("   shown %s of %s", human.Exact(to-from), human.Exact(int64(hi-lo))))
	if done, all := s.view.Progress(); done < all {
		l = l.Add(theme.Wait, fmt.Sprintf("   filtering %d %%", 100*done/max(all, 1)))
	}
	return l
}
