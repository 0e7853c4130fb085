package screens

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// Logs is one stream of records of many files.
var Logs = screen.Register(screen.Spec{
	ID: "logs", Title: "logs", Short: "logs", Order: 5, Key: kit.Bind("5", "logs", "5"), Over: true,
	Words: []string{"logs", "tail"}, Detail: "logs", TakesComponent: true,
	About: "one time-ordered stream of many workers' logs, Java and Python together",
	New:   func(env screen.Env, arg screen.Arg) screen.Screen { return newLogView(env, arg) },
})

// logView shows the records that a session's view selects. What it is made of
// lies in the files beside this one: logs_line.go lays out a record, logs_head.go
// what stands around the records, logs_keys.go answers keys.
type logView struct {
	arg     screen.Arg
	from    time.Time // of the session's target
	to      time.Time
	session screen.LogSession
	away    bool // the session was released
	env     screen.Env

	// view and store are the session's; filter is that of the picture shown: its
	// numbers hold as long as it does.
	view   *logs.View
	store  *logs.Store
	filter *logs.Filter
	stream *kit.Stream
	// anchor is the record that the cursor was put on, by whose Seq it is found
	// again in another picture.
	anchor uint64
	seen   int // the end of what was on the screen
	// standing says that the picture stands still; its records end before the
	// number end, which is that of the record frozen.
	standing bool
	frozen   uint64
	end      int

	terms  []logs.Term // the stack of filters; at most one of them is a LevelFloor
	hunt   *match.Matcher
	hunted string
	lights []*match.Matcher // what is underlined besides
	stop   func()           // ends the search that is under way

	look      logLook
	unfolded  map[uint64]bool // turned around against look.open
	marks     []uint64        // bookmarks, by Seq in order
	histogram bool
	slices    slicesShown
	rotated   bool
	chosen    map[string]bool // sources switched by hand, by key
	pace      paceOf
	clocks    map[string]bool // hosts whose clock was spoken of

	// What lies over the stream; at most one of them.
	prompt  *kit.Prompt
	asking  asking
	problem string // what is wrong with what is typed
	filters *filterEditor
	sources *logPicker
	menu    *picker
	opened  *recordViewer
	choose  *kit.Table[topologyRow] // without a session

	zoomed    bool // the lines alone
	chosenCmd tea.Cmd
	whereW    int // of the column for host and port
	whereN    int // sources it was measured for
	above     int // rows above the records, at the last View
	w, h      int // of the last View
	keys      logKeys
}

// logLook is how records look.
type logLook struct {
	stamps  stampMode
	part    int // −2 the letter alone, −1 with host and port, 0 all, above that cells scrolled away
	wrap    bool
	context int
	open    bool // all records are unfolded
	repeats bool // what repeats is shown once
	noMarks bool
	bare    bool // without logger and thread
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

func newLogView(env screen.Env, arg screen.Arg) *logView {
	s := &logView{
		arg: arg, from: arg.From, to: arg.To, env: env,
		unfolded: map[uint64]bool{}, chosen: map[string]bool{}, clocks: map[string]bool{}, histogram: true, keys: newLogKeys(),
	}
	s.stream = kit.NewStream(logItems{s})
	if arg == (screen.Arg{}) {
		s.choose = newLogChooser()
	}
	return s
}

// Logs says that the stream has no other logs to follow.
func (s *logView) Logs(screen.Env) (screen.Arg, bool) { return screen.Arg{}, false }

// target is what the session follows.
func (s *logView) target() screen.LogTarget {
	return screen.LogTarget{
		TopologyID: s.arg.TopologyID, Component: s.arg.Component, Host: s.arg.Host, Port: s.arg.Port, Daemon: s.arg.Daemon,
		From: s.from, To: s.to,
	}
}

// sync takes what the session has by now.
func (s *logView) sync(env screen.Env) {
	s.env = env
	if env.Logs == nil || s.choose != nil {
		return
	}
	if s.session == nil || s.away {
		s.away = false
		s.session = env.Logs.Open(s.target())
	}
	if v := s.session.View(); v != s.view {
		s.attach(v)
	}
	if f := s.view.Filter(); f != s.filter {
		s.filter = f
		s.stream.Forget()
		s.standing = false
		s.place()
	} else if done, all := s.view.Progress(); done < all {
		s.place() // older records come in at the front
	}
	s.stand(env.Paused)
	s.measure()
	s.pace.look(env.Now, s.session)
}

// attach takes another view: the first one, one of another session, or the one
// after the rotated files were wanted or not.
func (s *logView) attach(v *logs.View) {
	s.view, s.store = v, s.session.Store()
	s.filter, s.anchor = v.Filter(), 0
	s.marks, s.unfolded = nil, map[uint64]bool{}
	s.slices = slicesShown{}
	s.whereN = 0
	s.stream.Forget()
	s.stream.Follow()
	switch {
	case len(s.terms) > 0:
		s.refilter()
	case s.filter != nil: // a session that was left earlier
		s.terms = s.filter.Terms()
		s.relight()
	}
	if len(s.chosen) > 0 {
		s.session.Choose(s.chosen)
	}
}

// place puts the cursor back on the record it was on, or the next one.
func (s *logView) place() {
	if !s.stream.Following() {
		s.stream.Place(s.number(s.anchor))
	}
	_, s.seen = s.view.Range()
}

// number is that of the first record shown with this Seq or a later one.
func (s *logView) number(seq uint64) int {
	lo, hi := s.view.Range()
	return lo + sort.Search(hi-lo, func(k int) bool {
		r, ok := s.view.At(lo + k)
		return !ok || r.Seq >= seq
	})
}

// stand freezes the picture, or lets it go on. Lines are taken in meanwhile as
// long as there is room for them; then the files are the buffer.
func (s *logView) stand(paused bool) {
	switch {
	case paused && !s.standing:
		if s.frozen == 0 {
			_, s.frozen = s.store.Range()
		}
		s.standing, s.end = true, s.number(s.frozen)
	case !paused && (s.standing || s.frozen != 0):
		s.standing, s.frozen = false, 0
		s.session.Hold(false)
	}
	if paused && s.store.Bytes() > s.store.Budget()*9/10 {
		s.session.Hold(true)
	}
}

// bounds are the numbers of the records that may be shown.
func (s *logView) bounds() (lo, hi int) {
	lo, hi = s.view.Range()
	if s.standing {
		hi = max(lo, min(hi, s.end))
	}
	return lo, hi
}

// current is the record under the cursor with its number.
func (s *logView) current() (logs.Record, int, bool) {
	if s.session == nil {
		return logs.Record{}, 0, false
	}
	i, ok := s.stream.Cursor()
	if !ok {
		return logs.Record{}, 0, false
	}
	r, ok := s.view.At(i)
	return r, i, ok
}

// settle notes where the cursor is after a person moved it.
func (s *logView) settle() {
	if r, _, ok := s.current(); ok {
		s.anchor = r.Seq
	}
}

// goTo puts the cursor on a record.
func (s *logView) goTo(i int) {
	s.stream.MoveTo(i)
	s.settle()
}

// Leave lets the session go on by itself.
func (s *logView) Leave() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	if s.session != nil && !s.away {
		s.away = true
		s.session.Hold(false)
		s.session.Release()
	}
}

// Update answers keys, the mouse and what the session has new.
func (s *logView) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	switch msg := msg.(type) {
	case found:
		return s.found(msg)
	case slicesShown:
		s.slices = msg
		s.slices.at = env.Now
		return nil
	case counted:
		return s.counted(msg)
	}
	if s.choose != nil {
		return s.pressChooser(env, msg)
	}
	if s.session == nil {
		return nil
	}
	if s.over() {
		return s.pressOver(env, msg)
	}
	if clicked(msg, func(y int) bool { return s.stream.Click(y - s.above) }) || s.stream.Update(msg) {
		s.settle()
		return nil
	}
	if press, ok := msg.(tea.KeyPressMsg); ok {
		return s.press(env, press)
	}
	return tea.Batch(s.slice(env), s.offsets())
}

// offsets speaks once of each host whose clock is off.
func (s *logView) offsets() tea.Cmd {
	for _, st := range s.session.States() {
		h := st.Source.Host
		if h == "" || !st.ClockKnown || st.ClockOffset.Abs() < time.Second || s.clocks[h] || len(s.clocks) > maxClocks {
			continue
		}
		s.clocks[h] = true
		return screen.Notice(clockWords(h, st.ClockOffset))
	}
	return nil
}

// maxClocks bounds the hosts that are remembered so.
const maxClocks = 1000

// Typing reports whether all keys belong to what lies over the stream.
func (s *logView) Typing() bool {
	return s.over() || s.choose != nil && s.choose.Typing()
}

// over reports whether something lies over the stream.
func (s *logView) over() bool {
	return s.prompt != nil || s.filters != nil || s.sources != nil || s.menu != nil || s.opened != nil
}

// Escape ends the search.
func (s *logView) Escape() bool {
	switch {
	case s.choose != nil:
		return s.choose.Escape()
	case s.hunt != nil:
		s.hunt, s.hunted = nil, ""
		s.relight()
	default:
		return false
	}
	return true
}

// Keys are the bindings that act now.
func (s *logView) Keys() []key.Binding {
	k := &s.keys
	switch {
	case s.choose != nil:
		if _, on := s.choose.Selected(); on {
			return []key.Binding{k.follows, s.choose.Keys.Filter}
		}
		return nil
	case s.opened != nil:
		return []key.Binding{k.closes, k.Search, k.copyRecord}
	case s.over():
		return []key.Binding{k.closes}
	case s.session == nil:
		return []key.Binding{k.follow, k.Search, k.include, k.exclude, k.filters, k.level, k.sources}
	}
	keys := []key.Binding{k.follow, k.Search, k.include, k.exclude, k.filters, k.level}
	_, _, on := s.current()
	if on {
		keys = append(keys, k.unfold)
	}
	if s.hunt != nil {
		keys = slices.Insert(keys, 2, k.NextHit, k.PrevHit)
	}
	if s.filtering() {
		keys = append(keys, k.context)
	}
	keys = append(keys, k.nextError, k.prevError, k.sources)
	if on {
		keys = append(keys, k.mark)
	}
	if len(s.marks) > 0 {
		keys = append(keys, k.nextMark, k.prevMark)
	}
	keys = append(keys, k.foldAll, k.slices, k.rangeOf, k.minutes, k.stamps, k.wrap, k.sideways, k.rotated, k.reconnect, k.zoom)
	if on {
		keys = append(keys, k.copyLine, k.copyRecord, k.actions)
	}
	return keys
}

// Help explains what is not to be seen.
func (s *logView) Help(screen.Env) []string {
	return []string{
		"Lines of all sources stand in the order of their own times; what came too late for its place is marked late.",
		"A line's letter is its source; left hides host and port, then component and task, right brings them back and scrolls sideways.",
		"▸ 9 lines: a stack trace or traceback, folded; enter unfolds it, again shows the record with its fields and origins.",
		"Filters: of the ins one must match, no out may, the level comes last. RE2; without capital letters either case matches.",
		"── lost, back, joined, left, rotated, gap, dropped ──: what happened to a source, at its place; no filter hides them.",
		"p freezes the picture, nothing is lost: lines are taken in while there is room, then the files wait.",
	}
}

// sourceOrder compares sources as they are listed.
func sourceOrder(a, b logs.SourceState) int {
	return cmp.Or(cmp.Compare(offLast(a), offLast(b)), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Source.Key(), b.Source.Key()))
}

// offLast puts what is not followed behind.
func offLast(s logs.SourceState) int {
	if s.State == logs.StateOff {
		return 1
	}
	return 0
}
