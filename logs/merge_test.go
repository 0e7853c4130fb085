package logs

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// merged is a merger that keeps what it gives out.
func merged(cfg MergerConfig) (*Merger, *[]Record) {
	out := &[]Record{}
	cfg.Emit = func(rs []Record) { *out = append(*out, rs...) }
	return NewMerger(cfg), out
}

var dawn = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func rec(source int32, at time.Duration, text string) Record {
	return Record{Source: source, Time: dawn.Add(at).UnixNano(), Text: []byte(text), Lines: 1}
}

func listed(rs []Record) (all []string) {
	for _, r := range rs {
		late := ""
		if r.Late {
			late = " late"
		}
		all = append(all, string(r.Text)+late)
	}
	return all
}

const ms = time.Millisecond

func TestASilentSourceHoldsTheOthersForTheWindow(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	m.Join(1, false, dawn)
	m.Join(2, false, dawn)
	m.Add(dawn.Add(100*ms), rec(1, 100*ms, "a"))
	m.Advance(dawn.Add(349 * ms))
	if len(*out) != 0 {
		t.Fatalf("too early: %q", listed(*out))
	}
	// The silent one wakes up with an older line, inside the window.
	m.Add(dawn.Add(349*ms), rec(2, 90*ms, "b"))
	m.Advance(dawn.Add(350 * ms))
	if diff := gocmp.Diff([]string{"b", "a"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatNobodyCanPrecedeGoesAtOnce(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	m.Join(1, false, dawn)
	m.Join(2, false, dawn)
	m.Add(dawn, rec(1, -10*ms, "a"), rec(1, -5*ms, "c"))
	m.Add(dawn, rec(2, -7*ms, "b"))
	m.Advance(dawn)
	if diff := gocmp.Diff([]string{"a", "b"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
	m.Leave(2)
	m.Advance(dawn)
	if diff := gocmp.Diff([]string{"a", "b", "c"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
}

func TestLateRecordsAreMarkedAndCounted(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	m.Join(1, false, dawn)
	m.Join(2, false, dawn)
	m.Add(dawn, rec(1, 0, "a"))
	m.Advance(dawn.Add(time.Second))
	m.Add(dawn.Add(time.Second), rec(2, -700*ms, "b"), rec(2, 900*ms, "c"))
	m.Advance(dawn.Add(2 * time.Second))
	if diff := gocmp.Diff([]string{"a", "b late", "c"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
	if s := m.Stats(); s.Late != 1 || s.Records != 3 || s.Held != 0 || s.HeldBytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestThePastIsMergedWhole(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	m.Join(1, true, dawn)
	m.Join(2, true, dawn)
	m.Add(dawn, rec(1, -3*time.Hour, "1"), rec(1, -time.Hour, "3"))
	m.Advance(dawn.Add(time.Second)) // the other one has not begun
	if len(*out) != 0 {
		t.Fatalf("too early: %q", listed(*out))
	}
	m.Add(dawn.Add(time.Second), rec(2, -2*time.Hour, "2"), rec(2, -30*time.Minute, "4"))
	m.Live(1)
	m.Live(2)
	m.Advance(dawn.Add(2 * time.Second))
	if diff := gocmp.Diff([]string{"1", "2", "3", "4"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
	// One that never brings its past is not waited for without end.
	m.Join(3, true, dawn)
	m.Add(dawn.Add(2*time.Second), rec(1, 2*time.Second, "5"))
	m.Advance(dawn.Add(DefaultPatience))
	if len(*out) != 4 {
		t.Fatalf("not waited for: %q", listed(*out))
	}
	m.Advance(dawn.Add(DefaultPatience + ms))
	if len(*out) != 5 {
		t.Error("waited without end")
	}
}

func TestRecordsWithoutATimeStayBehind(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	none := Record{Source: 1, Text: []byte("a2"), Lines: 1}
	m.Add(dawn, rec(1, -300*ms, "a1"), none, rec(1, -100*ms, "a3"))
	m.Add(dawn, rec(2, -200*ms, "b"))
	m.Flush()
	if diff := gocmp.Diff([]string{"a1", "a2", "b", "a3"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
}

func TestATimeInTheFutureHoldsNobody(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{})
	m.Join(2, false, dawn)
	m.Add(dawn, rec(1, 100*365*24*time.Hour, "far"))
	m.Add(dawn.Add(10*ms), rec(1, 10*ms, "near"))
	m.Advance(dawn.Add(260 * ms))
	if diff := gocmp.Diff([]string{"far", "near"}, listed(*out)); diff != "" {
		t.Error(diff)
	}
}

func TestTooMuchHeldGoesEarly(t *testing.T) {
	t.Parallel()
	m, out := merged(MergerConfig{Held: 64 << 10})
	m.Join(2, true, dawn) // holds everything
	big := make([]byte, 1000)
	for i := range 1000 {
		r := rec(1, time.Duration(i)*ms, "")
		r.Text = big
		m.Add(dawn.Add(time.Second), r)
		if s := m.Stats(); s.HeldBytes > 64<<10 {
			t.Fatalf("%d bytes held", s.HeldBytes)
		}
	}
	if s := m.Stats(); s.Forced == 0 || int(s.Forced) != len(*out) || !m.Ahead(1) {
		t.Errorf("%+v, %d out", s, len(*out))
	}
}

// TestMergedInOrder lets many sources deliver with delays inside the window, in
// turns that chance decides, and expects the one order that the times, the
// sources and their own order give, whatever the turns.
func TestMergedInOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		type arrival struct {
			at time.Duration
			r  Record
		}
		var arrivals []arrival
		n := 2 + rnd.IntN(20)
		for s := range n {
			at, shown := time.Duration(0), time.Duration(0)
			for i := range rnd.IntN(200) {
				at += time.Duration(rnd.IntN(30)) * ms
				// A follower shows what came after its poll, up to 200 ms later.
				shown = max(shown, at+time.Duration(rnd.IntN(200))*ms)
				arrivals = append(arrivals, arrival{shown, rec(int32(s), at, fmt.Sprintf("%d.%d", s, i))})
			}
		}
		want := make([]Record, len(arrivals))
		for i, a := range arrivals {
			want[i] = a.r
		}
		slices.SortStableFunc(want, func(a, b Record) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Source, b.Source))
		})
		slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
		m, out := merged(MergerConfig{})
		for s := range n {
			m.Join(int32(s), false, dawn)
		}
		for _, a := range arrivals {
			m.Add(dawn.Add(a.at), a.r)
			if rnd.IntN(3) == 0 {
				m.Advance(dawn.Add(a.at))
			}
		}
		m.Flush()
		if diff := gocmp.Diff(listed(want), listed(*out)); diff != "" {
			t.Fatalf("seed %d\n%s", seed, diff)
		}
	}
}

// TestTheOrderWithinASourceStays delivers with any delay and with clocks that
// jump; nothing may be lost, doubled or overtaken within its source.
func TestTheOrderWithinASourceStays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		m, out := merged(MergerConfig{Held: int64(1<<10 + rnd.IntN(1<<15))})
		now, next := dawn, [5]int{}
		for range 3000 {
			now = now.Add(time.Duration(rnd.IntN(20)) * ms)
			s := rnd.IntN(5)
			at := now.Sub(dawn) - time.Duration(rnd.IntN(2000)-200)*ms
			r := rec(int32(s), at, fmt.Sprint(next[s]))
			if rnd.IntN(10) == 0 {
				r.Time = 0
			}
			next[s]++
			m.Add(now, r)
			switch rnd.IntN(20) {
			case 0:
				m.Advance(now)
			case 1:
				m.Join(int32(s), rnd.IntN(2) == 0, now)
			case 2:
				m.Live(int32(s))
			case 3:
				m.Leave(int32(s))
			}
		}
		m.Flush()
		seen := [5]int{}
		for _, r := range *out {
			if string(r.Text) != fmt.Sprint(seen[r.Source]) {
				t.Fatalf("seed %d: source %d gave %s, want %d", seed, r.Source, r.Text, seen[r.Source])
			}
			seen[r.Source]++
		}
		if seen != next {
			t.Fatalf("seed %d: %v of %v came out", seed, seen, next)
		}
		if s := m.Stats(); s.Held != 0 || s.HeldBytes != 0 {
			t.Fatalf("seed %d: %+v", seed, s)
		}
	}
}

// pythonSources are a worker's log and two Python files, one of the same host.
func pythonSources(i int32) Source {
	switch i {
	case 0:
		return Source{Host: "w1", Path: "/w/worker.log", Kind: KindWorker}
	case 1:
		return Source{Host: "w1", Path: "/p/pystorm_t_edits_3_7.log", Kind: KindPython, Component: "edits", Task: 3, PID: 7}
	default:
		return Source{Host: "w2", Path: "/p/pystorm_t_edits_4_7.log", Kind: KindPython, Component: "edits", Task: 4, PID: 7}
	}
}

func lineAt(source int32, at time.Duration, format string, args ...any) Record {
	stamp := dawn.Add(at)
	text := fmt.Sprintf(format, args...)
	layout := "2006-01-02 15:04:05.000"
	if source > 0 {
		layout = "2006-01-02 15:04:05,000"
	}
	rs := assemble(AssemblerConfig{Source: source}, []byte(stamp.Format(layout)+text), 1<<20)
	return rs[0]
}

func TestCopiesOfAPythonLineBecomeOne(t *testing.T) {
	t.Parallel()
	const shell = " o.a.s.t.ShellBolt Thread-20 [WARN] ShellLog pid:%d, name:edits %s"
	const python = " - pystorm.component.edits - %s - %s"
	for name, c := range map[string]struct {
		a, b Record
		one  bool
	}{
		"same":              {lineAt(0, 3*ms, shell, 7, "slow"), lineAt(1, 0, python, "WARNING", "slow"), true},
		"several lines":     {lineAt(0, 3*ms, shell, 7, "slow\n  x"), lineAt(1, 0, python, "WARNING", "slow\n  x"), true},
		"other lines":       {lineAt(0, 3*ms, shell, 7, "slow\n  x"), lineAt(1, 0, python, "WARNING", "slow\n  y"), false},
		"python's time":     {lineAt(0, 3*ms, shell, 7, "2026-11-21 04:00:00,000 - pystorm.component.edits - slow"), lineAt(1, 0, python, "WARNING", "slow"), true},
		"another time":      {lineAt(0, 3*ms, shell, 7, "2026-11-21 04:00:00,001 - pystorm.component.edits - slow"), lineAt(1, 0, python, "WARNING", "slow"), false},
		"another level":     {lineAt(0, 3*ms, shell, 7, "slow"), lineAt(1, 0, python, "ERROR", "slow"), false},
		"another process":   {lineAt(0, 3*ms, shell, 8, "slow"), lineAt(1, 0, python, "WARNING", "slow"), false},
		"another text":      {lineAt(0, 3*ms, shell, 7, "slow "), lineAt(1, 0, python, "WARNING", "slow"), false},
		"too far apart":     {lineAt(0, 51*ms, shell, 7, "slow"), lineAt(1, 0, python, "WARNING", "slow"), false},
		"another host":      {lineAt(0, 3*ms, shell, 7, "slow"), lineAt(2, 0, python, "WARNING", "slow"), false},
		"not from a child":  {lineAt(0, 3*ms, " o.a.s.t.ShellBolt Thread-20 [WARN] slow"), lineAt(1, 0, python, "WARNING", "slow"), false},
		"within one source": {lineAt(0, 3*ms, shell, 7, "slow"), lineAt(0, 4*ms, shell, 7, "slow"), false},
	} {
		for _, turned := range []bool{false, true} {
			m, out := merged(MergerConfig{Source: pythonSources})
			for i := range int32(3) {
				m.Join(i, false, dawn)
			}
			first, second := c.a, c.b
			if turned && c.a.Source != c.b.Source {
				first, second = second, first
			}
			m.Add(dawn.Add(100*ms), first)
			m.Advance(dawn.Add(100 * ms))
			m.Add(dawn.Add(150*ms), second)
			m.Advance(dawn.Add(time.Second))
			if one := len(*out) == 1 && len((*out)[0].Origins) == 1; one != c.one || !c.one && len(*out) != 2 {
				t.Errorf("%s (turned %v): %q", name, turned, listed(*out))
			}
			if c.one {
				if r := (*out)[0]; r.Source != c.b.Source || r.Origins[0] != (Origin{c.a.Source, c.a.Offset}) {
					t.Errorf("%s: source %d, origins %v", name, r.Source, r.Origins)
				}
			}
		}
	}
}

// TestDifferentLinesAreNeverJoined lets a component write few different texts
// very often, to its file, to Storm or to both, and counts that every line is
// there once: as a record or as the origin of one with the same text.
func TestDifferentLinesAreNeverJoined(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		m, out := merged(MergerConfig{Source: pythonSources})
		m.Join(0, false, dawn)
		m.Join(1, false, dawn)
		levels := [][2]string{{"WARN", "WARNING"}, {"ERROR", "ERROR"}}
		written := map[string]int{}
		var queues [2][]Record
		at := time.Duration(0)
		for i := range 500 {
			at += time.Duration(rnd.IntN(20)) * ms
			text, level, pid := fmt.Sprintf("text %d", rnd.IntN(4)), levels[rnd.IntN(2)], 7+rnd.IntN(2)
			r := lineAt(0, at+time.Duration(rnd.IntN(3))*ms, " o.a.s.t.ShellBolt Thread-20 [%s] ShellLog pid:%d, name:edits %s", level[0], pid, text)
			p := lineAt(1, at, " - edits - %s - %s", level[1], text)
			r.Offset, p.Offset = int64(i), int64(i)
			if rnd.IntN(3) > 0 {
				queues[0] = append(queues[0], r)
				written[fmt.Sprint(0, i, level[0], text)]++
			}
			if rnd.IntN(3) > 0 {
				queues[1] = append(queues[1], p)
				written[fmt.Sprint(1, i, level[0], text)]++
			}
		}
		for len(queues[0])+len(queues[1]) > 0 {
			s := rnd.IntN(2)
			if len(queues[s]) == 0 {
				continue
			}
			now := time.Unix(0, queues[s][0].Time).Add(50 * ms)
			m.Add(now, queues[s][0])
			queues[s] = queues[s][1:]
			m.Advance(now)
		}
		m.Flush()
		for _, r := range *out {
			f := r.Fields()
			key := func(source int32, offset int64) string {
				return fmt.Sprint(source, offset, r.Level.String(), string(f.Body.of(r.Text)))
			}
			written[key(r.Source, r.Offset)]--
			for _, o := range r.Origins {
				written[key(o.Source, o.Offset)]--
			}
			if len(r.Origins) > 1 {
				t.Fatalf("seed %d: %d origins", seed, len(r.Origins))
			}
		}
		for line, n := range written {
			if n != 0 {
				t.Fatalf("seed %d: %q is there %d times too few", seed, line, n)
			}
		}
	}
}

// BenchmarkMerge500 is one core's rate over 500 sources, records of a typical
// length included in the store.
func BenchmarkMerge500(b *testing.B) {
	const sources, batch = 500, 20
	store := NewStore(StoreConfig{Budget: 64 << 20})
	outOfOrder, last := 0, int64(0)
	m := NewMerger(MergerConfig{Emit: func(rs []Record) {
		for i := range rs {
			if rs[i].Time < last {
				outOfOrder++
			}
			last = max(last, rs[i].Time)
		}
		store.Append(rs)
	}})
	text := []byte("2026-11-21 04:00:00.000 o.a.s.t.ShellBolt Thread-20 [INFO] ShellLog pid:1822, name:word-count fox: 42123 and some more of what a bolt may want to say about a tuple")
	records := make([]Record, batch)
	for i := range sources {
		m.Join(int32(i), false, dawn)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	b.ResetTimer()
	done := 0
	for tick := 0; done < b.N; tick++ {
		// Every source brings 20 lines of the last 100 ms, in any order of sources.
		now := dawn.Add(time.Duration(tick) * 100 * ms)
		for s := range sources {
			from := now.Add(-200*ms).UnixNano() + int64(rnd.IntN(20))*int64(ms)
			for i := range records {
				records[i] = Record{Source: int32(s), Time: from + int64(i)*int64(ms)*4, Text: text, Lines: 1, Level: LevelInfo}
			}
			m.Add(now, records...)
			done += batch
		}
		m.Advance(now)
	}
	m.Flush()
	b.StopTimer()
	b.ReportMetric(float64(done)/b.Elapsed().Seconds()/1e6, "Mlines/s")
	b.ReportMetric(float64(outOfOrder), "out-of-order")
}
