package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

type logKeys struct {
	kit.KeyMap
	follow, include, exclude, filters, level, context, nextError, prevError, mark, prevMark, nextMark, sources,
	wrap, sideways, left, right, stamps, rotated, slices, unfold, foldAll, copyLine, copyRecord, reconnect, rangeOf,
	minutes, nextMinute, prevMinute, actions, zoom, closes, follows key.Binding
}

func newLogKeys() logKeys {
	return logKeys{
		KeyMap: kit.DefaultKeys(),
		follow: kit.Bind("F", "follow", "F"), include: kit.Bind("&", "in", "&"), exclude: kit.Bind("!", "out", "!"),
		filters: kit.Bind("f", "filters", "f"), level: kit.Bind("W", "level", "W"), context: kit.Bind("c", "context", "c"),
		nextError: kit.Bind("e", "next error", "e"), prevError: kit.Bind("E", "previous error", "E"),
		mark: kit.Bind("m", "mark", "m"), prevMark: kit.Bind("U", "previous mark", "U"), nextMark: kit.Bind("u", "next mark", "u"),
		sources: kit.Bind("L", "sources", "L"), wrap: kit.Bind("w", "wrap", "w"), stamps: kit.Bind("t", "time column", "t"),
		sideways: kit.Bind("← →", "sideways, columns", "left", "right", "h", "l"),
		left:     kit.Bind("←", "left", "left", "h"), right: kit.Bind("→", "right", "right", "l"),
		rotated: kit.Bind("P", "rotated files", "P"), slices: kit.Bind("i", "timeline", "i"),
		unfold: kit.Bind("enter", "unfold, open", "enter"), foldAll: kit.Bind("Z", "unfold all", "Z"),
		copyLine: kit.Bind("y", "copy line", "y"), copyRecord: kit.Bind("Y", "copy record", "Y"),
		reconnect: kit.Bind("ctrl-r", "reconnect", "ctrl+r"), rangeOf: kit.Bind("T", "time", "T"),
		minutes: kit.Bind("{ }", "a minute back, on", "{", "}"), nextMinute: kit.Bind("}", "next minute", "}"), prevMinute: kit.Bind("{", "previous minute", "{"),
		actions: kit.Bind("x", "save, pipe, more", "x"), zoom: kit.Bind("z", "lines alone", "z"),
		closes: kit.Bind("esc", "close", "esc"), follows: kit.Bind("enter", "follow its logs", "enter"),
	}
}

// press answers a key of the stream.
func (s *logView) press(env screen.Env, msg tea.KeyPressMsg) tea.Cmd {
	k := &s.keys
	switch {
	case key.Matches(msg, k.follow):
		s.stream.Follow()
	case key.Matches(msg, k.left, k.right):
		s.shift(key.Matches(msg, k.right))
	case key.Matches(msg, k.nextError, k.prevError):
		return s.toError(env, key.Matches(msg, k.prevError))
	case key.Matches(msg, k.nextMinute, k.prevMinute):
		s.minute(key.Matches(msg, k.prevMinute))
	case key.Matches(msg, k.Search):
		s.ask(askSearch, " / ", s.hunted)
	case key.Matches(msg, k.include):
		s.ask(askInclude, " & in  ", "")
	case key.Matches(msg, k.exclude):
		s.ask(askExclude, " ! out  ", "")
	case key.Matches(msg, k.rangeOf):
		s.menu = s.timeMenu(env)
	case s.hunt != nil && key.Matches(msg, k.NextHit):
		return s.search(env, 1)
	case s.hunt != nil && key.Matches(msg, k.PrevHit):
		return s.search(env, -1)
	case key.Matches(msg, k.level):
		return s.nextLevel()
	case key.Matches(msg, k.filters):
		s.filters = newFilterEditor(s)
	case key.Matches(msg, k.sources):
		s.sources = newLogPicker(s)
	case key.Matches(msg, k.reconnect):
		s.session.Reconnect()
		return screen.Notice("Trying again what waits or failed.")
	case key.Matches(msg, k.rotated):
		return s.toggleRotated()
	case key.Matches(msg, k.actions):
		s.menu = s.actionMenu()
	default:
		if cmd, did := s.restyle(env, msg); did {
			return cmd
		}
		return s.pressRecord(msg)
	}
	return nil
}

// restyle answers the keys that change how records look.
func (s *logView) restyle(env screen.Env, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k, l := &s.keys, &s.look
	var cmd tea.Cmd
	switch {
	case key.Matches(msg, k.context):
		l.context = map[int]int{0: 2, 2: 5, 5: 10}[l.context]
		switch {
		case l.context == 0:
			cmd = screen.Notice("No lines around matches.")
		case !s.filtering():
			cmd = screen.Notice(fmt.Sprintf("%d lines around matches, as soon as a filter hides some.", l.context))
		default:
			cmd = screen.Notice(fmt.Sprintf("%d lines around matches.", l.context))
		}
	case key.Matches(msg, k.wrap):
		l.wrap, l.part = !l.wrap, min(l.part, 0)
	case key.Matches(msg, k.stamps):
		l.stamps = (l.stamps + 1) % stampModes
	case key.Matches(msg, k.slices):
		s.histogram = !s.histogram
		if s.histogram {
			cmd = s.slice(env)
		}
	case key.Matches(msg, k.foldAll):
		l.open = !l.open
		clear(s.unfolded)
	case key.Matches(msg, k.zoom):
		s.zoomed = !s.zoomed
	default:
		return nil, false
	}
	s.stream.Forget()
	return cmd, true
}

// shift shows more to the right or to the left: the columns of the source come
// and go first, then the text is scrolled.
func (s *logView) shift(right bool) {
	const step = 20
	switch {
	case right && s.look.part < 0:
		s.look.part++
	case right && !s.look.wrap:
		s.look.part += step
	case !right && s.look.part > 0:
		s.look.part = max(0, s.look.part-step)
	case !right:
		s.look.part = max(-2, s.look.part-1)
	}
	s.stream.Forget()
}

// maxLogMarks bounds the bookmarks of one stream, maxUnfolded what was unfolded
// by hand.
const (
	maxLogMarks = 1000
	maxUnfolded = 10_000
)

// pressRecord answers the keys that are about the record under the cursor.
func (s *logView) pressRecord(msg tea.KeyPressMsg) tea.Cmd {
	r, i, ok := s.current()
	if !ok {
		return nil
	}
	k := &s.keys
	switch {
	case key.Matches(msg, k.unfold):
		if r.Lines <= 1 || s.isOpen(&r) || len(s.unfolded) >= maxUnfolded {
			s.opened = s.openRecord(&r)
			return nil
		}
		s.unfolded[r.Seq] = !s.unfolded[r.Seq]
		s.stream.Forget()
		s.goTo(i)
	case key.Matches(msg, k.mark):
		at, marked := slices.BinarySearch(s.marks, r.Seq)
		switch {
		case marked:
			s.marks = slices.Delete(s.marks, at, at+1)
		case len(s.marks) < maxLogMarks:
			s.marks = slices.Insert(s.marks, at, r.Seq)
		default:
			return screen.Problem(fmt.Sprintf("There are %d bookmarks already.", maxLogMarks))
		}
		s.stream.Forget()
	case key.Matches(msg, k.nextMark, k.prevMark):
		return s.toMark(&r, key.Matches(msg, k.prevMark))
	case key.Matches(msg, k.copyLine):
		first, _, _ := strings.Cut(string(r.Text), "\n")
		return screen.Copy("the line", safetext.Clean(first))
	case key.Matches(msg, k.copyRecord):
		return screen.Copy("the record", strings.Join(safetext.Lines(string(r.Text), int(r.Lines)+1), "\n"))
	}
	return nil
}

// isOpen reports whether a record is unfolded.
func (s *logView) isOpen(r *logs.Record) bool { return s.look.open != s.unfolded[r.Seq] }

// toMark goes to the next bookmark that is shown, or the one before.
func (s *logView) toMark(r *logs.Record, back bool) tea.Cmd {
	at, marked := slices.BinarySearch(s.marks, r.Seq)
	step := 1
	switch {
	case back:
		at, step = at-1, -1
	case marked:
		at++
	}
	for ; at >= 0 && at < len(s.marks); at += step {
		i := s.number(s.marks[at])
		if o, ok := s.view.At(i); ok && o.Seq == s.marks[at] {
			s.goTo(i)
			return nil
		}
	}
	return screen.Notice("No bookmark " + aboveBelow(back) + " that is shown.")
}

// minute moves to the record a minute later or before.
func (s *logView) minute(back bool) {
	r, i, ok := s.current()
	lo, hi := s.bounds()
	for n := 0; ok && r.Time == 0 && i > lo && n < 1000; n++ { // it is where the one before it is
		i--
		r, ok = s.view.At(i)
	}
	if !ok || r.Time == 0 {
		return
	}
	step := int64(time.Minute)
	if back {
		step = -step
	}
	s.goTo(min(s.view.Near(r.Time+step), hi-1))
}

// aboveBelow says where something was looked for.
func aboveBelow(back bool) string {
	if back {
		return "above"
	}
	return "below"
}

// asking is what a prompt is for.
type asking int

const (
	askSearch asking = iota
	askInclude
	askExclude
	askEdit // a pattern of the stack
	askRange
	askPipe
	askCount
)

// ask opens the prompt.
func (s *logView) ask(what asking, label, value string) {
	s.prompt, s.asking, s.problem = kit.NewPrompt(label), what, ""
	s.prompt.SetValue(value)
}

// pattern says whether what is typed is one.
func (a asking) pattern() bool {
	return a == askSearch || a == askInclude || a == askExclude || a == askEdit || a == askCount
}

// pressOver gives a key or a paste to what lies over the stream.
func (s *logView) pressOver(env screen.Env, msg tea.Msg) tea.Cmd {
	_, press := msg.(tea.KeyPressMsg)
	_, paste := msg.(tea.PasteMsg)
	_, turn := msg.(tea.MouseWheelMsg)
	if !press && !paste && !turn {
		return s.slice(env)
	}
	switch {
	case s.prompt != nil:
		return s.typed(env, msg)
	case s.menu != nil:
		menu := s.menu
		if !menu.update(msg) && s.menu == menu {
			s.menu = nil
		}
		cmd := s.chosenCmd
		s.chosenCmd = nil
		return cmd
	case s.filters != nil:
		return s.pressFilters(msg)
	case s.sources != nil:
		return s.pressSources(msg)
	case s.opened != nil:
		return s.pressOpened(msg)
	}
	return nil
}

// typed gives a key to the prompt and acts on what was entered.
func (s *logView) typed(env screen.Env, msg tea.Msg) tea.Cmd {
	switch s.prompt.Update(msg) {
	case kit.PromptCancelled:
		s.prompt = nil
		if s.asking == askSearch {
			s.relight()
		}
	case kit.PromptChanged:
		s.problem = ""
		if s.asking.pattern() {
			m, err := compile(s.prompt.Value())
			switch {
			case err != nil:
				s.problem = badPattern(err)
			case s.asking != askCount:
				s.preview(m)
			}
		}
	case kit.PromptDone:
		text := s.prompt.Value()
		if s.asking.pattern() && text != "" {
			if _, err := compile(text); err != nil {
				return screen.Problem(filterProblem(err)) // and the prompt stays
			}
		}
		s.prompt = nil
		return s.entered(env, text)
	case kit.PromptIgnored, kit.PromptHandled:
	}
	return nil
}

// entered acts on a text.
func (s *logView) entered(env screen.Env, text string) tea.Cmd {
	switch s.asking {
	case askSearch:
		return s.begin(env, text)
	case askInclude:
		return s.addTerm(logs.Include, text)
	case askExclude:
		return s.addTerm(logs.Exclude, text)
	case askEdit:
		return s.changeTerm(text)
	case askRange:
		return s.limit(env, text)
	case askPipe:
		return s.pipe(text)
	case askCount:
		return s.countPattern(env, text)
	}
	return nil
}

// compile reads a pattern with smart case.
func compile(text string) (*match.Matcher, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nothing to look for is no matcher
	}
	return match.Compile([]string{text}, match.Options{IgnoreCase: match.Smart(text)})
}

// preview underlines what is being typed.
func (s *logView) preview(m *match.Matcher) {
	s.relight()
	if m != nil {
		s.lights = append(s.lights, m)
	}
	s.stream.Forget()
}

// relight underlines the search and what the filters let in.
func (s *logView) relight() {
	s.lights = nil
	if s.hunt != nil {
		s.lights = append(s.lights, s.hunt)
	}
	for _, t := range s.terms {
		if t.Kind != logs.Include || t.Off || t.Not {
			continue
		}
		if m, err := match.Compile([]string{t.Pattern}, match.Options{IgnoreCase: t.IgnoreCase, Literal: t.Literal}); err == nil {
			s.lights = append(s.lights, m)
		}
	}
	s.stream.Forget()
}

// begin searches for a pattern from the cursor backwards, since what is wanted
// is usually recent; n and N go on from there.
func (s *logView) begin(env screen.Env, text string) tea.Cmd {
	m, err := compile(text)
	if err != nil {
		return screen.Problem(filterProblem(err))
	}
	s.hunted, s.hunt = text, m
	s.relight()
	if m == nil {
		return nil
	}
	return s.search(env, 0)
}

// found is the answer of a search: a record's number in the picture of a filter.
type found struct {
	at   int
	of   *logs.Filter
	ok   bool
	what string // "" when it was given up
}

// search looks for the pattern from the record after the cursor, before it, or
// from the cursor itself backwards.
func (s *logView) search(env screen.Env, step int) tea.Cmd {
	view, m, back := s.view, s.hunt, step <= 0
	_, from, _ := s.current()
	what := aboveBelow(back) + ": " + safetext.Clean(s.hunted)
	return s.seek(env, what, func(ctx context.Context) (int, bool) { return view.Find(ctx, from+step, back, m) })
}

// toError looks for the next error, or the one before.
func (s *logView) toError(env screen.Env, back bool) tea.Cmd {
	view := s.view
	_, from, _ := s.current()
	step := 1
	if back {
		step = -1
	}
	what := aboveBelow(back) + ": an error"
	return s.seek(env, what, func(context.Context) (int, bool) { return view.FindLevel(from+step, back, logs.LevelError) })
}

// seek runs a search off the program's goroutine, since there may be millions of
// records; a search that is under way ends.
func (s *logView) seek(env screen.Env, what string, look func(context.Context) (int, bool)) tea.Cmd {
	if s.stop != nil {
		s.stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	of := s.filter
	return screen.Ask(env, func() tea.Msg {
		at, ok := look(ctx)
		if ctx.Err() != nil {
			return found{}
		}
		return found{at, of, ok, what}
	})
}

// found goes to what was found, unless the picture is another one by now.
func (s *logView) found(f found) tea.Cmd {
	if f.what == "" || f.of != s.filter || s.view == nil {
		return nil
	}
	s.stop = nil
	lo, hi := s.bounds()
	if !f.ok || f.at < lo || f.at >= hi {
		return screen.Notice("Nothing " + f.what + ".")
	}
	s.goTo(f.at)
	return nil
}
