package screens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/screen"
)

// logWorld opens the same session whatever is asked for.
type logWorld struct {
	*logFixture
	opened []screen.LogTarget
	change chan struct{}
}

func (w *logWorld) Open(t screen.LogTarget) screen.LogSession {
	w.opened = append(w.opened, t)
	return w.logFixture
}

func (w *logWorld) Changed() <-chan struct{} { return w.change }

// logFixture is a session whose records a test puts in.
type logFixture struct {
	store   *logs.Store
	view    *logs.View
	states  []logs.SourceState
	note    string
	chosen  map[string]bool
	did     []string // what was asked of it
	late    int64
	rotated func() // what happens then
}

func (f *logFixture) View() *logs.View           { return f.view }
func (f *logFixture) Store() *logs.Store         { return f.store }
func (f *logFixture) States() []logs.SourceState { return append([]logs.SourceState(nil), f.states...) }
func (f *logFixture) Note() string               { return f.note }
func (f *logFixture) Late() int64                { return f.late }
func (f *logFixture) Reconnect()                 { f.did = append(f.did, "reconnect") }
func (f *logFixture) Release()                   { f.did = append(f.did, "release") }
func (f *logFixture) Choose(on map[string]bool)  { f.chosen = on }
func (f *logFixture) Hold(on bool)               { f.did = append(f.did, fmt.Sprint("hold ", on)) }
func (f *logFixture) Rotated(on bool) {
	f.did = append(f.did, fmt.Sprint("rotated ", on))
	if f.rotated != nil {
		f.rotated()
	}
}

func newLogFixture(t *testing.T) *logFixture {
	t.Helper()
	f := &logFixture{store: logs.NewStore(logs.StoreConfig{Budget: 4 << 20})}
	f.view = f.store.View(nil)
	t.Cleanup(func() { f.view.Close() })
	return f
}

// over gives an environment whose logs are the fixture's.
func (f *logFixture) over(env screen.Env) (screen.Env, *logWorld) {
	w := &logWorld{logFixture: f, change: make(chan struct{}, 1)}
	env.Logs = w
	return env, w
}

// source adds a worker's log.
func (f *logFixture) source(host string, port int, kind logs.Kind, path, note string, state logs.FollowState) int32 {
	src := logs.Source{Host: host, Port: port, Kind: kind, TopologyID: wordcountID, Topology: "wordcount", Path: path, Note: note}
	i := f.store.AddSource(src)
	st := logs.SourceState{Source: src, Index: i, State: state, Via: "sftp", ClockKnown: true, Zone: time.UTC, BytesRead: 40_118_272, Lines: 412_007}
	if state == logs.StateFollowing {
		st.LastLine = fixtureNow.Add(-300 * time.Millisecond)
	}
	f.states = append(f.states, st)
	return i
}

// add puts records in and waits until the view has them.
func (f *logFixture) add(t *testing.T, records ...logs.Record) {
	t.Helper()
	for i := range records {
		records[i].Lines = int32(strings.Count(string(records[i].Text), "\n")) + 1
	}
	f.store.Append(records)
	f.settled(t)
}

// settled waits until the view has looked at everything, with the newest filter.
func (f *logFixture) settled(t *testing.T) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	lo, hi := f.store.Range()
	for {
		done, all := f.view.Progress()
		from, to := f.view.Range()
		whole := f.view.Filter().Empty() && to-from == int(hi-lo) || !f.view.Filter().Empty() && all == int(hi-lo)
		if done == all && whole {
			return
		}
		select {
		case <-f.view.Changed():
		case <-limit.C:
			t.Fatalf("the view stays at %d of %d, %d records", done, all, hi-lo)
		}
	}
}

// filtered waits until the view shows a filter with so many terms.
func (f *logFixture) filtered(t *testing.T, terms int) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		n := 0
		if filter := f.view.Filter(); filter != nil {
			n = len(filter.Terms())
		}
		if n == terms {
			f.settled(t)
			return
		}
		select {
		case <-f.view.Changed():
		case <-limit.C:
			t.Fatalf("the filter has %d terms, not %d", n, terms)
		}
	}
}

// momentOf is a time of the fixture's day.
func momentOf(clock string) int64 {
	at, err := time.Parse("15:04:05.000", clock)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 11, 21, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).UnixNano()
}

// shellLine is a line that ShellBolt wrote for a child process.
func shellLine(source int32, clock string, level logs.Level, task, pid int, text string) logs.Record {
	line := fmt.Sprintf("2026-11-21 %s o.a.s.t.ShellBolt Thread-%d-split-executor[%d, %d] [%s] ShellLog pid:%d, name:split %s",
		clock, task, task, task, level, pid, text)
	return logs.Record{Source: source, Time: momentOf(clock), Level: level, Text: []byte(line)}
}

// markOf is a mark.
func markOf(source int32, clock string, mark logs.Mark, text string) logs.Record {
	return logs.Record{Source: source, Time: momentOf(clock), Mark: mark, Text: []byte(text)}
}

// splitLogs are the logs of the split bolt of wordcount over three hosts, while
// somebody rebalances it.
func splitLogs(t *testing.T) *logFixture {
	f := newLogFixture(t)
	dir := "/opt/storm/logs/workers-artifacts/" + wordcountID
	a := f.source("w1", 6700, logs.KindWorker, dir+"/6700/worker.log", "split [13-14] [19-20]", logs.StateFollowing)
	b := f.source("w2", 6700, logs.KindWorker, dir+"/6700/worker.log", "split [15-16]", logs.StateFollowing)
	c := f.source("w3", 6700, logs.KindWorker, dir+"/6700/worker.log", "split [17-18]", logs.StateLeft)
	d := f.source("w4", 6702, logs.KindWorker, dir+"/6702/worker.log", "split [17-18]", logs.StateFollowing)
	e := f.source("w1", 0, logs.KindPython, dir+"/6700/pystorm_split_13_1822.log", "", logs.StateFollowing)
	f.source("w2", 0, logs.KindPython, dir+"/6700/pystorm_split_15_2210.log", "", logs.StateWaiting)
	f.states[5].Words = "permission denied: " + dir + "/6700/pystorm_split_15_2210.log"
	f.states[3].ClockOffset = 3200 * time.Millisecond
	f.states = append(f.states, logs.SourceState{
		Source: logs.Source{Host: "w1", Port: 6700, Kind: logs.KindErr, Path: dir + "/6700/worker.log.err"}, Index: -1, State: logs.StateOff,
	})
	f.late = 2
	late := shellLine(d, "14:32:05.540", logs.LevelWarn, 18, 911, "queue long: 1,204")
	late.Late = true
	copied := shellLine(b, "14:32:04.702", logs.LevelInfo, 15, 2210, "flushed 2,000 words in 801 ms")
	copied.Origins = []logs.Origin{{Source: 5, Offset: 99_120}}
	cut := shellLine(a, "14:32:06.240", logs.LevelDebug, 14, 1822, "state "+strings.Repeat("0123456789", 40))
	cut.Cut, cut.Missing = true, 963<<10
	f.add(t,
		shellLine(a, "14:31:18.204", logs.LevelInfo, 14, 1822, "flushed 2,000 words in 812 ms"),
		shellLine(b, "14:31:18.377", logs.LevelInfo, 15, 2210, "flushed 2,000 words in 790 ms"),
		shellLine(c, "14:31:19.020", logs.LevelWarn, 17, 3307, "empty sentence, task 17, id -71120943"),
		shellLine(b, "14:31:19.551", logs.LevelError, 15, 2210, "could not decode sentence\nTraceback (most recent call last):\n"+
			"  File \"split.py\", line 31, in process\n    words = decode(tup.values[0])\n  File \"split.py\", line 12, in decode\n"+
			"    return raw.decode('utf-8')\nUnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 14"),
		shellLine(a, "14:31:20.118", logs.LevelInfo, 19, 1825, "flushed 2,000 words in 805 ms"),
		markOf(-1, "14:31:26.001", logs.MarkNote, "wordcount: REBALANCING, wait 30s"),
		markOf(c, "14:31:57.410", logs.MarkLeft, "left: worker stopped, old file read to its end"),
		markOf(a, "14:31:58.002", logs.MarkRotated, "rotated: worker.log → worker.log.1.gz, 0 lines lost"),
		markOf(d, "14:32:01.730", logs.MarkJoined, "joined: split [17-18] now here"),
		logs.Record{Source: d, Time: momentOf("14:32:02.011"), Level: logs.LevelInfo, Text: []byte("2026-11-21 14:32:02.011 o.a.s.t.ShellBolt Thread-17-split-executor[17, 17] [INFO] Launched subprocess with pid 911")},
		markOf(b, "14:32:02.540", logs.MarkLost, "lost: connection reset; retry in 2s"),
		markOf(b, "14:32:04.611", logs.MarkBack, "back after 2s, continued at byte 40,118,272, nothing missed"),
		copied,
		markOf(e, "14:32:05.100", logs.MarkJoined, "joined: pystorm_split_13_1822.log"),
		logs.Record{Source: e, Time: momentOf("14:32:05.113"), Level: logs.LevelInfo, Text: []byte("2026-11-21 14:32:05,113 - split.py - INFO - reloaded stop words: 318\x1b[2J\u202e")},
		markOf(d, "14:32:05.300", logs.MarkGap, "gap: lines between 14:32:02.9 and 14:32:05.1 were rotated away (≈ 4.2 MB)"),
		cut, late,
	)
	return f
}
