package screens

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/screen"
)

var splitArg = screen.Arg{TopologyID: wordcountID, Component: "split"}

// opensLogs opens the stream of a fixture.
func opensLogs(t *testing.T, f *logFixture, arg screen.Arg) (*logView, screen.Env) {
	t.Helper()
	env, _ := f.over(fixtureEnv(fixtureWorld()))
	s := opens(t, Logs, env, arg).(*logView)
	s.View(env, screen.Size{W: 120, H: 35})
	return s, env
}

// typeIn types a text letter by letter and ends it with enter.
func typeIn(t *testing.T, env screen.Env, s screen.Screen, text string) {
	t.Helper()
	for _, r := range text {
		run(env, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	press(t, env, s, "enter")
}

func rows(t *testing.T, env screen.Env, s screen.Screen) string {
	t.Helper()
	frame := s.View(env, screen.Size{W: 120, H: 35})
	termtest.CheckFrame(t, frame, 120, 35)
	return termtest.Render(frame, 120, 35).Text()
}

func TestLogGoldens(t *testing.T) {
	f := splitLogs(t)
	env, _ := f.over(fixtureEnv(fixtureWorld()))
	open := func(keys ...string) func() screen.Screen {
		return func() screen.Screen {
			s := opens(t, Logs, env, splitArg)
			s.View(env, bodies[0])
			press(t, env, s, keys...)
			return s
		}
	}
	goldens(t, "logs", env, open())
	goldens(t, "logs_unfolded", env, open("Z", "w", "t"))
	goldens(t, "logs_sources", env, open("L"))
	goldens(t, "logs_menu", env, open("x"))
	goldens(t, "logs_time", env, open("T"))
	goldens(t, "logs_record", env, open("g", "j", "j", "j", "m", "Z", "enter"))
	paused := env
	paused.Paused = true
	goldens(t, "logs_paused", paused, func() screen.Screen { return opens(t, Logs, paused, splitArg) })

	s := open("g", "W", "W", "!")().(*logView)
	typeIn(t, env, s, "heartbeat")
	press(t, env, s, "&")
	typeIn(t, env, s, "split|Traceback")
	press(t, env, s, "/")
	typeIn(t, env, s, "sentence")
	f.filtered(t, 3)
	press(t, env, s, "c")
	goldens(t, "logs_filtered", env, func() screen.Screen { return s })
	press(t, env, s, "f", "2")
	f.filtered(t, 3)
	goldens(t, "logs_filters", env, func() screen.Screen { return s })
}

func TestLogStateGoldens(t *testing.T) {
	world := fixtureEnv(fixtureWorld())
	lost := newLogFixture(t)
	lost.source("w1", 6700, logs.KindWorker, "/opt/storm/logs/w1/worker.log", "", logs.StateLost)
	lost.source("w2", 6700, logs.KindWorker, "/opt/storm/logs/w2/worker.log", "", logs.StateFailed)
	lost.states[0].Words, lost.states[0].RetryAt = "w1: timeout in key exchange after 10 s", fixtureNow.Add(8*time.Second)
	lost.states[1].Words = "w2: HOST KEY CHANGED. Not connected, nothing sent."
	partial := newLogFixture(t)
	at := partial.source("w1", 6700, logs.KindWorker, "/opt/storm/logs/w1/worker.log", "", logs.StateFollowing)
	partial.source("w2", 6700, logs.KindWorker, "/opt/storm/logs/w2/worker.log", "", logs.StateLost)
	partial.states[1].Words, partial.states[1].RetryAt = "w2: connection refused", fixtureNow.Add(4*time.Second)
	partial.add(t, shellLine(at, "14:32:00.100", logs.LevelInfo, 14, 1822, "flushed"))
	partial.note = "no log directory known on w3"
	loading := newLogFixture(t)
	loading.note = "looking for the log directories on 3 hosts"
	empty := newLogFixture(t)
	empty.source("w1", 6700, logs.KindWorker, "/opt/storm/logs/w1/worker.log", "", logs.StateQuiet)
	for name, f := range map[string]*logFixture{"lost": lost, "partial": partial, "loading": loading, "empty": empty} {
		env, _ := f.over(world)
		goldens(t, "logs_"+name, env, func() screen.Screen { return opens(t, Logs, env, splitArg) })
	}
	env, _ := empty.over(world)
	goldens(t, "logs_choose", env, func() screen.Screen { return opens(t, Logs, env, screen.Arg{}) })
	goldens(t, "logs_none", world, func() screen.Screen { return opens(t, Logs, world, splitArg) })
}

func TestLogFrames(t *testing.T) {
	f := splitLogs(t)
	keys := []string{
		"j", "k", "up", "down", "left", "right", "h", "l", "g", "G", "F", "pgup", "pgdown", "space", "b", "ctrl+d", "ctrl+u", "/", "s", "p", "l", "enter", "n", "N",
		"W", "&", "!", "(", "f", "d", "i", "D", "<", ">", "esc", "e", "E", "Z", "m", "u", "U", "c", "t", "w", "T", "3", "0", "{", "}", "L", "a", "x", "d", "m", "P", "z", "y", "Y", "esc",
	}
	frames(t, fixtureEnv(fixtureWorld()), func(env screen.Env) screen.Screen {
		env, _ = f.over(env)
		return &withLogs{opens(t, Logs, env, splitArg), env.Logs}
	}, keys...)
}

// withLogs gives a screen logs whatever the environment says.
type withLogs struct {
	screen.Screen
	logs screen.Logs
}

func (s *withLogs) View(env screen.Env, size screen.Size) string {
	env.Logs = s.logs
	return s.Screen.View(env, size)
}

func (s *withLogs) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	env.Logs = s.logs
	return s.Screen.Update(env, msg)
}

func TestLogFollowEndsUpwardsAndCountsWhatIsNew(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	if status := s.Status(env, 120).Plain(); !strings.HasPrefix(status, "FOLLOW · 18 lines held") {
		t.Errorf("status %q", status)
	}
	press(t, env, s, "k", "k")
	at := s.Position(env)
	f.add(t, shellLine(0, "14:32:07.000", logs.LevelInfo, 14, 1822, "more"), shellLine(0, "14:32:07.001", logs.LevelInfo, 14, 1822, "and more"))
	run(env, s, screen.Refreshed{})
	rows(t, env, s)
	// All lines fit on the screen: none is below it.
	if s.Position(env) != at {
		t.Errorf("the cursor went from %s to %s", at, s.Position(env))
	}
	size := screen.Size{W: 120, H: 8}
	s.View(env, size)
	f.add(t, shellLine(0, "14:32:07.002", logs.LevelInfo, 14, 1822, "below"))
	run(env, s, screen.Refreshed{})
	s.View(env, size)
	if status := s.Status(env, 120).Plain(); !strings.Contains(status, "+1 new below") || s.Position(env) != at {
		t.Errorf("status %q at %s", status, s.Position(env))
	}
	press(t, env, s, "F")
	s.View(env, size)
	if status := s.Status(env, 120).Plain(); !strings.HasPrefix(status, "FOLLOW") || s.Position(env) != "14:32:07.002" {
		t.Errorf("status %q at %s", status, s.Position(env))
	}
}

func TestLogPauseLosesNothing(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	env.Paused = true
	before := rows(t, env, s)
	f.add(t, shellLine(0, "14:32:07.000", logs.LevelInfo, 14, 1822, "while it stands"))
	run(env, s, screen.Refreshed{})
	if after := rows(t, env, s); after != before {
		t.Errorf("the picture changed:\n%s", after)
	}
	press(t, env, s, "W", "W")
	f.filtered(t, 1)
	if got := rows(t, env, s); strings.Contains(got, "while it stands") {
		t.Errorf("a filter lets in what came later:\n%s", got)
	}
	press(t, env, s, "W", "W")
	f.filtered(t, 0)
	big := logs.Record{Source: 0, Text: make([]byte, 64<<10)}
	for range 70 {
		f.store.Append([]logs.Record{big})
	}
	run(env, s, screen.Refreshed{})
	if !slices.Contains(f.did, "hold true") {
		t.Error("the files do not wait when there is no room")
	}
	env.Paused = false
	run(env, s, screen.Refreshed{})
	if f.did[len(f.did)-1] != "hold false" {
		t.Errorf("afterwards %v", f.did)
	}
}

func TestLogFiltersKeepTheLine(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "g", "j", "j") // the warning of c
	at := s.Position(env)
	if at != "14:31:19.020" {
		t.Fatalf("the cursor is at %s", at)
	}
	press(t, env, s, "W", "W")
	f.filtered(t, 1)
	run(env, s, screen.Refreshed{})
	if got := rows(t, env, s); strings.Contains(got, "flushed") || !strings.Contains(got, "empty sentence") || !strings.Contains(got, "── left:") {
		t.Errorf("floor WARN shows\n%s", got)
	}
	if s.Position(env) != at {
		t.Errorf("the filter moved the cursor to %s", s.Position(env))
	}
	press(t, env, s, "W") // ERROR: the line itself goes
	f.settled(t)
	press(t, env, s, "W") // all
	f.filtered(t, 0)
	run(env, s, screen.Refreshed{})
	if s.Position(env) != at {
		t.Errorf("the line is lost: %s", s.Position(env))
	}
	press(t, env, s, "&")
	for _, r := range "(x" {
		run(env, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	if got := rows(t, env, s); !strings.Contains(got, "at column 3") {
		t.Errorf("the prompt does not say what is wrong:\n%s", got)
	}
	msgs := press(t, env, s, "enter")
	want := screen.NoticeMsg{Text: `Filter not changed: missing closing ) at column 3. RE2 syntax; \( for a literal bracket.`, Error: true}
	if len(msgs) != 1 || msgs[0] != want {
		t.Errorf("a bad pattern says %+v", msgs)
	}
	press(t, env, s, "esc", "&")
	typeIn(t, env, s, "nobody writes this")
	f.filtered(t, 1)
	run(env, s, screen.Refreshed{})
	press(t, env, s, "x", "m") // marks stay whatever filters say; this hides them
	if lo, hi := s.bounds(); hi-lo != 8 {
		t.Errorf("%d records match, all of them marks", hi-lo)
	}
}

func TestLogHiddenByFilters(t *testing.T) {
	f := newLogFixture(t)
	at := f.source("w1", 6700, logs.KindWorker, "/w1/worker.log", "", logs.StateFollowing)
	for i := range 20 {
		f.add(t, shellLine(at, fmt.Sprintf("14:32:%02d.000", i), logs.LevelInfo, 1, 1, "word"))
	}
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "&")
	typeIn(t, env, s, "sentence")
	f.filtered(t, 1)
	run(env, s, screen.Refreshed{})
	if got := rows(t, env, s); !strings.Contains(got, "0 of 20 lines match. f shows which filter hides them (1: in sentence hides 20).") {
		t.Errorf("nothing matches:\n%s", got)
	}
}

func TestLogWalk(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	wantAt := func(step, at string) {
		t.Helper()
		if got := s.Position(env); got != at {
			t.Errorf("%s: the cursor is at %s, not %s", step, got, at)
		}
	}
	press(t, env, s, "E")
	wantAt("previous error", "14:31:19.551")
	if msgs := press(t, env, s, "E"); len(msgs) != 1 || msgs[0].(screen.NoticeMsg).Text != "Nothing above: an error." {
		t.Errorf("no further error says %+v", msgs)
	}
	press(t, env, s, "m", "G", "m", "U")
	wantAt("previous bookmark", "14:31:19.551")
	press(t, env, s, "u")
	wantAt("next bookmark", "14:32:05.540")
	press(t, env, s, "{")
	wantAt("a minute back", "14:31:18.204")
	press(t, env, s, "}")
	wantAt("a minute on", "14:32:05.540")
	press(t, env, s, "/")
	typeIn(t, env, s, "flushed 2,000")
	wantAt("found above", "14:32:04.702")
	press(t, env, s, "N", "N")
	wantAt("hit before", "14:31:18.377")
	press(t, env, s, "n")
	wantAt("next hit", "14:31:20.118")
	press(t, env, s, "T", "t")
	typeIn(t, env, s, "14:32")
	wantAt("a moment", "14:32:01.730")
	press(t, env, s, "T", "1")
	wantAt("the start", "14:31:18.204")
	if s.Escape(); s.hunt != nil {
		t.Error("esc leaves the search")
	}
}

func TestLogUnfoldThenOpen(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "E")
	if got := rows(t, env, s); !strings.Contains(got, "▸ 7 lines") || !strings.Contains(got, "Traceback … UnicodeDecodeError") || strings.Contains(got, "in process") {
		t.Errorf("folded:\n%s", got)
	}
	press(t, env, s, "enter")
	if got := rows(t, env, s); !strings.Contains(got, `File "split.py", line 31, in process`) || strings.Contains(got, "▸ 7 lines") {
		t.Errorf("unfolded:\n%s", got)
	}
	press(t, env, s, "enter")
	got := rows(t, env, s)
	for _, want := range []string{"record · w2:6700 split 15", "task         15", "pid          2210", "component    split", "logger       o.a.s.t.ShellBolt", "UnicodeDecodeError"} {
		if !strings.Contains(got, want) {
			t.Errorf("the record lacks %q:\n%s", want, got)
		}
	}
	msgs := press(t, env, s, "Y")
	if len(msgs) != 1 || strings.Count(msgs[0].(screen.CopyMsg).Text, "\n") != 6 {
		t.Errorf("copying gives %+v", msgs)
	}
	press(t, env, s, "esc")
	if s.Typing() {
		t.Error("esc leaves the record open")
	}
}

func TestLogContextAroundMatches(t *testing.T) {
	f := newLogFixture(t)
	at := f.source("w1", 6700, logs.KindWorker, "/w1/worker.log", "", logs.StateFollowing)
	for i := range 30 {
		word := "plain"
		if i == 10 || i == 12 || i == 25 {
			word = "wanted"
		}
		f.add(t, shellLine(at, fmt.Sprintf("14:32:%02d.000", i), logs.LevelInfo, 1, 1, word))
	}
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "&")
	typeIn(t, env, s, "wanted")
	f.filtered(t, 1)
	press(t, env, s, "c")
	var seconds []string
	for line := range strings.SplitSeq(rows(t, env, s), "\n") {
		switch {
		case strings.Contains(line, "┄"):
			seconds = append(seconds, "┄")
		case len(line) > 9 && strings.Contains(line, "14:32:") && strings.Contains(line, "w1:6700"):
			seconds = append(seconds, line[strings.Index(line, "14:32:")+6:][:2])
		}
	}
	if got, want := strings.Join(seconds, " "), "08 09 10 11 12 13 14 ┄ 23 24 25 26 27"; got != want {
		t.Errorf("the context is %s, want %s", got, want)
	}
}

func TestLogRepeatsAreFolded(t *testing.T) {
	f := newLogFixture(t)
	at := f.source("w1", 6700, logs.KindWorker, "/w1/worker.log", "", logs.StateFollowing)
	for i := range 30 {
		word := "took 12 ms"
		if i == 20 {
			word = "something else"
		}
		f.add(t, shellLine(at, fmt.Sprintf("14:32:%02d.000", i), logs.LevelInfo, 1, 1, word))
	}
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "x", "d")
	got := rows(t, env, s)
	if strings.Count(got, "took 12 ms") != 2 || !strings.Contains(got, "×20") || !strings.Contains(got, "×9") {
		t.Errorf("folded repeats:\n%s", got)
	}
	press(t, env, s, "k")
	if at := s.Position(env); at != "14:32:20.000" {
		t.Errorf("up goes to %s", at)
	}
}

func TestLogSourcesAreChosen(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	key := func(i int) string { return f.states[i].Source.Key() }
	press(t, env, s, "L")
	rows(t, env, s)
	press(t, env, s, "space")
	if on, ok := f.chosen[key(0)]; !ok || on {
		t.Errorf("space chose %v", f.chosen)
	}
	press(t, env, s, "n", "j", "enter")
	if !f.chosen[key(1)] || f.chosen[key(0)] || f.chosen[key(3)] || s.Typing() {
		t.Errorf("enter chose %v", f.chosen)
	}
	press(t, env, s, "ctrl+r")
	if !slices.Contains(f.did, "reconnect") {
		t.Errorf("ctrl-r did %v", f.did)
	}
	old := f.view
	f.rotated = func() {
		f.store = logs.NewStore(logs.StoreConfig{Budget: 1 << 20})
		f.view = f.store.View(nil)
	}
	press(t, env, s, "P")
	old.Close()
	if !slices.Contains(f.did, "rotated true") || s.view != f.view {
		t.Errorf("P did %v", f.did)
	}
}

func TestLogTimeReadsBackFromTheHosts(t *testing.T) {
	f := splitLogs(t)
	env, w := f.over(fixtureEnv(fixtureWorld()))
	s := opens(t, Logs, env, splitArg)
	press(t, env, s, "T", "5") // half an hour: before all that is held
	last := w.opened[len(w.opened)-1]
	if len(w.opened) != 2 || !last.From.Equal(fixtureNow.Add(-30*time.Minute)) || last.Component != "split" {
		t.Errorf("opened %+v", w.opened)
	}
	press(t, env, s, "T", "0")
	if last := w.opened[len(w.opened)-1]; len(w.opened) != 3 || !last.From.IsZero() {
		t.Errorf("live again opened %+v", w.opened)
	}
	if len(f.did) != 4 { // hold false and release, twice
		t.Errorf("did %v", f.did)
	}
	s.(screen.Leaver).Leave()
	if f.did[len(f.did)-1] != "release" {
		t.Errorf("leaving did %v", f.did)
	}
}

func TestLogSavesWhatIsShown(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	press(t, env, s, "W", "W")
	f.filtered(t, 1)
	write := func(msgs []tea.Msg) string {
		t.Helper()
		var b strings.Builder
		switch m := msgs[0].(type) {
		case screen.SaveMsg:
			if err := m.Write(&b); err != nil {
				t.Error(err)
			}
		case screen.PipeMsg:
			if err := m.Write(&b); err != nil {
				t.Error(err)
			}
			b.WriteString("| " + m.Command)
		}
		return b.String()
	}
	text := write(press(t, env, s, "x", "s"))
	if strings.Contains(text, "flushed") || !strings.Contains(text, "w2:6700  UnicodeDecodeError") || !strings.Contains(text, "w4:6702  ── gap: ") {
		t.Errorf("saved %q", text)
	}
	raw := write(press(t, env, s, "x", "r"))
	if strings.Contains(raw, "──") || !strings.HasPrefix(raw, "2026-11-21 14:31:19.020 o.a.s.t.ShellBolt") {
		t.Errorf("saved raw %q", raw)
	}
	press(t, env, s, "x", "p")
	for _, r := range "wc -l" {
		run(env, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	if piped := write(press(t, env, s, "enter")); piped != text+"| wc -l" {
		t.Errorf("piped %q", piped)
	}
	press(t, env, s, "x", "c")
	for _, r := range "sentence" {
		run(env, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	if msgs := press(t, env, s, "enter"); len(msgs) != 1 || msgs[0].(screen.NoticeMsg).Text != "2 of 3 lines shown match sentence." {
		t.Errorf("counted %+v", msgs)
	}
	var b strings.Builder
	if err := s.Dump(env)(&b); err != nil || b.String() != text {
		t.Errorf("ctrl-s saves %q, %v", b.String(), err)
	}
	broken := fmt.Errorf("disk full")
	if err := s.Dump(env)(failing{broken}); err == nil {
		t.Error("a full disk is not told")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

var _ io.Writer = failing{}

func TestLogClockIsSpokenOfOnce(t *testing.T) {
	f := splitLogs(t)
	env, _ := f.over(fixtureEnv(fixtureWorld()))
	sp, _ := screen.Lookup(Logs)
	s := sp.New(env, splitArg)
	first := run(env, s, screen.Refreshed{})
	second := run(env, s, screen.Refreshed{})
	want := screen.NoticeMsg{Text: "w4 is 3.2s ahead; its lines are shifted back by that much."}
	if len(first) != 1 || first[0] != want || len(second) != 0 {
		t.Errorf("first %+v, then %+v", first, second)
	}
}

func TestLogMouse(t *testing.T) {
	f := splitLogs(t)
	s, env := opensLogs(t, f, splitArg)
	rows(t, env, s)
	run(env, s, tea.MouseClickMsg{Button: tea.MouseLeft, X: 10, Y: s.above + 2})
	if at := s.Position(env); at != "14:31:19.020" {
		t.Errorf("a click goes to %s", at)
	}
	run(env, s, tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if at := s.Position(env); at != "14:31:18.204" {
		t.Errorf("the wheel goes to %s", at)
	}
}
