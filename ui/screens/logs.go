package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// Logs is one stream of records of many files.
var Logs = screen.Register(screen.Spec{
	ID: "logs", Title: "logs", Short: "logs", Order: 5, Key: kit.Bind("5", "logs", "5"), Over: true,
	Words: []string{"logs", "tail"}, Detail: "logs",
	About: "one time-ordered stream of many workers' logs, Java and Python together",
	New:   func(env screen.Env, arg screen.Arg) screen.Screen { return newLogView(arg) },
})

// logView shows the records that a session's view selects.
type logView struct {
	arg     screen.Arg
	session screen.LogSession
	away    bool // the session was released

	// cursor is the number of the record it stands on; while following it is the
	// newest. top is the first record drawn.
	cursor, top int
	following   bool
	seenTo      int // the end of the view when following ended

	left      int
	wrap      bool
	stamps    stampMode
	context   int
	unfolded  map[uint64]bool
	allOpen   bool
	marks     map[uint64]bool
	histogram bool // it is shown
	rotated   bool

	terms  []logs.Term
	floor  logs.Level
	hunt   *match.Matcher
	hunted string
	prompt *kit.Prompt
	asking asking

	filters *kit.Menu  // the editor of the stack
	sources *logPicker // the table of sources
	opened  *kit.Viewer
	height  int // records' rows at the last drawing

	keys logKeys
}

// stampMode is what the time column shows.
type stampMode int

const (
	stampTime stampMode = iota
	stampDate
	stampAge
	stampOff
	stampModes
)

// asking is what a prompt is for.
type asking int

const (
	askSearch asking = iota
	askInclude
	askExclude
	askRange
)

type logKeys struct {
	kit.KeyMap
	follow, include, exclude, filters, level, context, nextError, prevError, mark, prevMark, nextMark, sources,
	wrap, stamps, rotated, slices, unfold, foldAll, copyLine, copyRecord, reconnect, rangeOf key.Binding
}

func newLogKeys() logKeys {
	return logKeys{
		KeyMap: kit.DefaultKeys(),
		follow: kit.Bind("F", "follow", "F"), include: kit.Bind("&", "filter in", "&"), exclude: kit.Bind("!", "filter out", "!"),
		filters: kit.Bind("f", "filters", "f"), level: kit.Bind("W", "level", "W"), context: kit.Bind("c", "context", "c"),
		nextError: kit.Bind("e", "next error", "e"), prevError: kit.Bind("E", "previous error", "E"),
		mark: kit.Bind("m", "mark", "m"), prevMark: kit.Bind("U", "previous mark", "U"), nextMark: kit.Bind("u", "next mark", "u"),
		sources: kit.Bind("L", "sources", "L"), wrap: kit.Bind("w", "wrap", "w"), stamps: kit.Bind("t", "time column", "t"),
		rotated: kit.Bind("P", "rotated files", "P"), slices: kit.Bind("i", "histogram", "i"),
		unfold: kit.Bind("enter", "unfold", "enter"), foldAll: kit.Bind("Z", "unfold all", "Z"),
		copyLine: kit.Bind("y", "copy line", "y"), copyRecord: kit.Bind("Y", "copy record", "Y"),
		reconnect: kit.Bind("ctrl-r", "reconnect", "ctrl+r"), rangeOf: kit.Bind("T", "time range", "T"),
	}
}

func newLogView(arg screen.Arg) *logView {
	return &logView{
		arg: arg, following: true, unfolded: map[uint64]bool{}, marks: map[uint64]bool{}, histogram: true, floor: logs.LevelNone, keys: newLogKeys(),
	}
}

// attach opens the session the first time there is somebody to ask, and again
// after it was left.
func (s *logView) attach(env screen.Env) {
	if env.Logs == nil || s.arg == (screen.Arg{}) || s.session != nil && !s.away {
		return
	}
	s.away = false
	s.session = env.Logs.Open(screen.LogTarget{
		TopologyID: s.arg.TopologyID, Component: s.arg.Component, Host: s.arg.Host, Port: s.arg.Port, Daemon: s.arg.Daemon,
	})
}

// Leave lets the session go on by itself.
func (s *logView) Leave() {
	if s.session != nil && !s.away {
		s.away = true
		s.session.Release()
	}
}

func (s *logView) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.attach(env)
	if s.session == nil {
		return nil
	}
	s.hold()
	switch msg := msg.(type) {
	case found:
		return s.found(msg)
	case tea.MouseWheelMsg:
		s.scroll(map[tea.MouseButton]int{tea.MouseWheelUp: -3, tea.MouseWheelDown: 3}[msg.Button])
		return nil
	case tea.PasteMsg:
		if s.prompt != nil {
			s.prompt.Update(msg)
		}
		return nil
	case tea.KeyPressMsg:
		return s.press(env, msg)
	}
	return nil
}

// hold keeps the cursor inside what there is.
func (s *logView) hold() {
	lo, hi := s.session.View().Range()
	if s.following {
		s.cursor, s.seenTo = hi-1, hi
	}
	s.cursor = max(lo, min(s.cursor, hi-1))
}

func (s *logView) press(env screen.Env, msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case s.prompt != nil:
		return s.typed(env, msg)
	case s.filters != nil:
		return s.pressFilters(msg)
	case s.sources != nil:
		s.sources.press(s, msg)
		return nil
	case s.opened != nil:
		s.opened.Update(msg)
		return nil
	}
	k := &s.keys
	if cmd, done := s.move(msg); done {
		return cmd
	}
	switch {
	case key.Matches(msg, k.Search):
		s.ask(askSearch, "/ ")
	case key.Matches(msg, k.include):
		s.ask(askInclude, "filter in  ")
	case key.Matches(msg, k.exclude):
		s.ask(askExclude, "filter out  ")
	case key.Matches(msg, k.rangeOf):
		s.ask(askRange, "from-to (14:20-14:30), or back to (14:20)  ")
	case key.Matches(msg, k.NextHit):
		return s.search(env, s.cursor+1, false)
	case key.Matches(msg, k.PrevHit):
		return s.search(env, s.cursor-1, true)
	case key.Matches(msg, k.level):
		s.floor = map[logs.Level]logs.Level{logs.LevelNone: logs.LevelInfo, logs.LevelInfo: logs.LevelWarn, logs.LevelWarn: logs.LevelError}[s.floor]
		return s.refilter()
	case key.Matches(msg, k.filters):
		s.editFilters()
	case key.Matches(msg, k.sources):
		s.sources = newLogPicker(s.session)
	case key.Matches(msg, k.context):
		s.context = map[int]int{0: 2, 2: 5, 5: 10}[s.context]
	case key.Matches(msg, k.wrap):
		s.wrap, s.left = !s.wrap, 0
	case key.Matches(msg, k.stamps):
		s.stamps = (s.stamps + 1) % stampModes
	case key.Matches(msg, k.slices):
		s.histogram = !s.histogram
	case key.Matches(msg, k.rotated):
		s.rotated = !s.rotated
		s.session.Rotated(s.rotated)
		s.following = true
		return tea.Batch(s.refilter(), screen.Notice(map[bool]string{true: "Older generations are read too.", false: "Current files only."}[s.rotated]))
	case key.Matches(msg, k.reconnect):
		s.session.Reconnect()
		return screen.Notice("Trying what failed again.")
	default:
		return s.pressRecord(env, msg)
	}
	return nil
}

// pressRecord answers the keys that are about the record under the cursor.
func (s *logView) pressRecord(env screen.Env, msg tea.KeyPressMsg) tea.Cmd {
	r, ok := s.session.View().At(s.cursor)
	if !ok {
		return nil
	}
	k := &s.keys
	switch {
	case key.Matches(msg, k.unfold):
		if r.Lines <= 1 || s.unfolded[r.Seq] || s.allOpen {
			s.opened = s.record(env, r)
			return nil
		}
		s.unfolded[r.Seq], s.following = true, false
	case key.Matches(msg, k.foldAll):
		s.allOpen = !s.allOpen
		clear(s.unfolded)
	case key.Matches(msg, k.mark):
		if s.marks[r.Seq] {
			delete(s.marks, r.Seq)
		} else if len(s.marks) < maxLogMarks {
			s.marks[r.Seq] = true
		}
	case key.Matches(msg, k.nextMark):
		s.toMark(false)
	case key.Matches(msg, k.prevMark):
		s.toMark(true)
	case key.Matches(msg, k.copyLine):
		first, _, _ := strings.Cut(string(r.Text), "\n")
		return screen.Copy("the line", first)
	case key.Matches(msg, k.copyRecord):
		return screen.Copy("the record", string(r.Text))
	}
	return nil
}

// maxLogMarks bounds the bookmarks of one stream.
const maxLogMarks = 1000

// move answers the keys that only move.
func (s *logView) move(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k := &s.keys
	page := max(1, s.height-1)
	view := s.session.View()
	switch {
	case key.Matches(msg, k.Down):
		s.scroll(1)
	case key.Matches(msg, k.Up):
		s.scroll(-1)
	case key.Matches(msg, k.HalfDown):
		s.scroll(page / 2)
	case key.Matches(msg, k.HalfUp):
		s.scroll(-page / 2)
	case key.Matches(msg, k.PageDown, k.Space):
		s.scroll(page)
	case key.Matches(msg, k.PageUp, k.Back):
		s.scroll(-page)
	case key.Matches(msg, k.Home):
		lo, _ := view.Range()
		s.goTo(lo)
	case key.Matches(msg, k.End, k.follow):
		s.following = true
		s.hold()
	case key.Matches(msg, k.Left):
		s.left = max(0, s.left-20)
	case key.Matches(msg, k.Right):
		s.left += 20
	case key.Matches(msg, k.nextError), key.Matches(msg, k.prevError):
		back := key.Matches(msg, k.prevError)
		from := s.cursor + 1
		if back {
			from = s.cursor - 1
		}
		i, ok := view.FindLevel(from, back, logs.LevelError)
		if !ok {
			return screen.Notice("No error " + map[bool]string{true: "before", false: "after"}[back] + " this line."), true
		}
		s.goTo(i)
	case key.Matches(msg, k.NextPart), key.Matches(msg, k.PrevPart):
		s.minute(key.Matches(msg, k.PrevPart))
	default:
		return nil, false
	}
	return nil, true
}

// scroll moves the cursor; any upward move ends following, and arriving at the
// newest record begins it again.
func (s *logView) scroll(by int) {
	lo, hi := s.session.View().Range()
	if by < 0 {
		s.following = false
	}
	s.cursor = max(lo, min(s.cursor+by, hi-1))
}

func (s *logView) goTo(i int) {
	s.following = false
	s.cursor = i
	s.hold()
}

// minute moves to the record a minute later or before.
func (s *logView) minute(back bool) {
	r, ok := s.session.View().At(s.cursor)
	if !ok || r.Time == 0 {
		return
	}
	step := int64(time.Minute)
	if back {
		step = -step
	}
	s.goTo(s.session.View().Near(r.Time + step))
}

// toMark goes to the next bookmark, or the one before.
func (s *logView) toMark(back bool) {
	view := s.session.View()
	lo, hi := view.Range()
	step := 1
	if back {
		step = -1
	}
	for i := s.cursor + step; i >= lo && i < hi; i += step {
		if r, ok := view.At(i); ok && s.marks[r.Seq] {
			s.goTo(i)
			return
		}
	}
}

// ask opens the prompt.
func (s *logView) ask(what asking, label string) {
	s.prompt, s.asking = kit.NewPrompt(label), what
	if what == askSearch {
		s.prompt.SetValue(s.hunted)
	}
}

func (s *logView) typed(env screen.Env, msg tea.KeyPressMsg) tea.Cmd {
	switch s.prompt.Update(msg) {
	case kit.PromptCancelled:
		s.prompt = nil
	case kit.PromptDone:
		text := s.prompt.Value()
		s.prompt = nil
		switch s.asking {
		case askSearch:
			return s.begin(env, text)
		case askInclude:
			return s.addTerm(logs.Include, text)
		case askExclude:
			return s.addTerm(logs.Exclude, text)
		case askRange:
			return s.limit(env, text)
		}
	default:
	}
	return nil
}

// begin searches for a pattern from the cursor backwards: what is wanted is
// usually recent.
func (s *logView) begin(env screen.Env, text string) tea.Cmd {
	s.hunted, s.hunt = text, nil
	if text == "" {
		return nil
	}
	m, err := match.Compile([]string{text}, match.Options{IgnoreCase: match.Smart(text)})
	if err != nil {
		return screen.Problem("Not searched: " + safetext.Clean(err.Error()) + ". RE2 syntax; \\( for a literal bracket.")
	}
	s.hunt = m
	return s.search(env, s.cursor, true)
}

// found is the answer of a search.
type found struct {
	at   int
	ok   bool
	back bool
}

// search looks for the pattern off the program's goroutine: there may be millions
// of lines.
func (s *logView) search(env screen.Env, from int, back bool) tea.Cmd {
	if s.hunt == nil {
		return nil
	}
	view, m := s.session.View(), s.hunt
	return screen.Ask(env, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), searchFor)
		defer cancel()
		at, ok := view.Find(ctx, from, back, m)
		return found{at, ok, back}
	})
}

// searchFor bounds one search.
const searchFor = 10 * time.Second

func (s *logView) found(f found) tea.Cmd {
	if !f.ok {
		return screen.Notice("Nothing found " + map[bool]string{true: "above", false: "below"}[f.back] + " for " + safetext.Clean(s.hunted) + ".")
	}
	s.goTo(f.at)
	return nil
}

// Typing reports whether the keyboard is taken.
func (s *logView) Typing() bool { return s.prompt != nil }

// Escape closes what lies on top.
func (s *logView) Escape() bool {
	switch {
	case s.prompt != nil:
		s.prompt = nil
	case s.opened != nil:
		if !s.opened.Escape() {
			s.opened = nil
		}
	case s.filters != nil:
		s.filters = nil
	case s.sources != nil:
		s.sources = nil
	case s.hunt != nil:
		s.hunt, s.hunted = nil, ""
	default:
		return false
	}
	return true
}

// Crumb names whose logs these are and how the sources do.
func (s *logView) Crumb(env screen.Env) (path []string, state string) {
	path = []string{"logs"}
	if s.session == nil {
		return path, ""
	}
	name := s.arg.TopologyID
	if t := env.Snap.Topology(s.arg.TopologyID); t != nil {
		name = t.Summary.Name
	}
	for _, part := range []string{name, s.arg.Component, s.arg.Daemon, s.arg.Host} {
		if part == s.arg.Host && part != "" && s.arg.Port > 0 {
			part = fmt.Sprintf("%s:%d", part, s.arg.Port)
		}
		if part != "" {
			path = append(path, safetext.Clean(part))
		}
	}
	good, waiting, bad := 0, 0, 0
	for _, st := range s.session.States() {
		switch st.State {
		case logs.StateFollowing, logs.StateQuiet, logs.StateRotated, logs.StateGap, logs.StateHeld, logs.StateDone:
			good++
		case logs.StateConnecting, logs.StateWaiting:
			waiting++
		case logs.StateLost, logs.StateFailed:
			bad++
		case logs.StateLeft, logs.StateOff:
		}
	}
	g := env.Theme.Glyphs
	state = fmt.Sprintf("%d sources %s %d", good+waiting+bad, g.OK, good)
	if waiting > 0 {
		state += fmt.Sprintf(" %s %d", g.Wait, waiting)
	}
	if bad > 0 {
		state += fmt.Sprintf(" %s %d", g.Crit, bad)
	}
	if s.following {
		return path, state + " · live"
	}
	return path, state
}

// Position says what is held and shown.
func (s *logView) Position(screen.Env) string {
	if s.session == nil {
		return ""
	}
	lo, hi := s.session.Store().Range()
	from, to := s.session.View().Range()
	text := fmt.Sprintf("%s held", human.Exact(int64(hi-lo)))
	if to-from != int(hi-lo) {
		text = fmt.Sprintf("shown %s of %s", human.Exact(to-from), human.Exact(int64(hi-lo)))
	}
	if done, all := s.session.View().Progress(); done < all {
		text += fmt.Sprintf(" · filtering %d %%", 100*done/max(all, 1))
	}
	if n, _ := s.session.Store().Dropped(); n > 0 {
		text += fmt.Sprintf(" · %s dropped", human.Count(n))
	}
	if !s.following && to > s.seenTo {
		text += fmt.Sprintf(" · +%s new below", human.Exact(to-s.seenTo))
	}
	return text
}

func (s *logView) Keys() []key.Binding {
	k := &s.keys
	switch {
	case s.session == nil && s.arg == (screen.Arg{}):
		return nil
	case s.prompt != nil, s.opened != nil:
		return []key.Binding{k.Search, k.NextHit}
	case s.filters != nil, s.sources != nil:
		return nil
	}
	keys := []key.Binding{
		k.follow, k.Search, k.include, k.exclude, k.filters, k.level, k.context, k.nextError, k.sources, k.mark, k.unfold, k.foldAll, k.wrap, k.stamps,
		k.slices, k.rotated, k.rangeOf, k.copyLine, k.copyRecord, k.prevError, k.reconnect, k.NextPart, k.PrevPart,
	}
	if s.hunt != nil {
		keys = slices.Insert(keys, 2, k.NextHit, k.PrevHit)
	}
	if len(s.marks) > 0 {
		keys = append(keys, k.nextMark, k.prevMark)
	}
	return keys
}
