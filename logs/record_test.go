package logs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// assemble makes records of a text, given in pieces of up to n bytes.
func assemble(cfg AssemblerConfig, text []byte, n int) []Record {
	var got []Record
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	a := NewAssembler(cfg, func(r Record) { got = append(got, r) })
	now := time.Unix(1800000000, 0)
	for at := 0; at < len(text); at += n {
		a.Write(text[at:min(at+n, len(text))], int64(at), now)
	}
	a.End(now)
	return got
}

func TestLinesOfEveryLayout(t *testing.T) {
	t.Parallel()
	at := func(s string) int64 {
		u, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return u.UnixNano()
	}
	type want struct {
		line                            string
		time                            int64
		level                           Level
		logger, thread, component, body string
		task, pid                       int
	}
	for _, w := range []want{
		{"2015-05-01T10:11:12.345+0000 b.s.d.executor [INFO] Opened spout", at("2015-05-01T10:11:12.345Z"), LevelInfo, "b.s.d.executor", "", "", "Opened spout", 0, 0},
		{"2026-11-21T04:23:57.519+0100 b.s.t.ShellBolt [WARN] ShellLog pid:7450, name:split a warning", at("2026-11-21T03:23:57.519Z"), LevelWarn, "b.s.t.ShellBolt", "", "split", "a warning", 0, 7450},
		{"2026-11-21 03:59:39.710 b.s.d.worker [ERROR] on 0.10", at("2026-11-21T03:59:39.71Z"), LevelError, "b.s.d.worker", "", "", "on 0.10", 0, 0},
		{"2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [WARN] ShellLog pid:18075, name:charge order 1120", at("2026-11-21T03:59:39.71Z"), LevelWarn, "o.a.s.t.ShellBolt", "Thread-20", "charge", "order 1120", 0, 18075},
		{"2026-11-21 03:59:39.710 o.a.s.s.ShellSpout Thread-17-or-ders-executor[10, 10] [WARN] ShellLog pid:18077, name:or-ders x", at("2026-11-21T03:59:39.71Z"), LevelWarn, "o.a.s.s.ShellSpout", "Thread-17-or-ders-executor[10, 10]", "or-ders", "x", 10, 18077},
		{"2026-11-21 03:59:39.710 o.a.s.d.executor Thread-12-split-executor[3 4] [DEBUG] x [y]", at("2026-11-21T03:59:39.71Z"), LevelDebug, "o.a.s.d.executor", "Thread-12-split-executor[3 4]", "split", "x [y]", 3, 0},
		{"2026-11-21 03:59:39.710 charge Thread-21 [INFO] stderr of task 7: order 1116", at("2026-11-21T03:59:39.71Z"), LevelInfo, "charge", "Thread-21", "charge", "stderr of task 7: order 1116", 0, 0},
		{"2026-11-21 04:24:15,362 - pystorm.component.edits - ERROR - edit 6660 refused", at("2026-11-21T04:24:15.362Z"), LevelError, "pystorm.component.edits", "", "", "edit 6660 refused", 0, 0},
		{"2026-11-21 04:24:15,362 - pystorm.component.edits - said - so", at("2026-11-21T04:24:15.362Z"), LevelNone, "pystorm.component.edits", "", "", "said - so", 0, 0},
		{"2026-11-21 04:24:15,362 WARNING pyleus bolt says", at("2026-11-21T04:24:15.362Z"), LevelWarn, "", "", "", "pyleus bolt says", 0, 0},
		{"[2026-11-21 04:24:15,362][petrel.run][CRITICAL]gone", at("2026-11-21T04:24:15.362Z"), LevelFatal, "petrel.run", "", "", "gone", 0, 0},
		{"[2026-11-21 04:24:15,362] INFO hello", at("2026-11-21T04:24:15.362Z"), LevelInfo, "", "", "", "hello", 0, 0},
		{"[2026-11-21T04:00:43.316+0000][info ][gc,start    ] GC(0) Pause Young", at("2026-11-21T04:00:43.316Z"), LevelInfo, "gc,start", "", "", "GC(0) Pause Young", 0, 0},
		{"[2026-11-21T04:00:43.316+0000][0.013s][warning][gc] slow", at("2026-11-21T04:00:43.316Z"), LevelWarn, "gc", "", "", "slow", 0, 0},
		{"[0.013s][info][os] Use of CLOCK_MONOTONIC", 0, LevelInfo, "os", "", "", "Use of CLOCK_MONOTONIC", 0, 0},
		{"2026-11-21T04:00:43.316+0000: 0.123: [GC (Allocation Failure)", at("2026-11-21T04:00:43.316Z"), LevelNone, "", "", "", ": 0.123: [GC (Allocation Failure)", 0, 0},
		{"Mon May 11 10:00:00 UTC 2026,split,7,-12345,[a, b]", at("2026-05-11T10:00:00Z"), LevelNone, "", "", "", "split,7,-12345,[a, b]", 0, 0},
		{"2026-11-21T04:00:43Z plain", at("2026-11-21T04:00:43Z"), LevelNone, "", "", "", "plain", 0, 0},
		{"2026-11-21T04:00:43.123456789+05:30 plain", at("2026-11-20T22:30:43.123456789Z"), LevelNone, "", "", "", "plain", 0, 0},
		{"2026/11/21 04:00:43 go", at("2026-11-21T04:00:43Z"), LevelNone, "", "", "", "go", 0, 0},
		{`{"ts":1795235623.125,"level":"warn","msg":"x"}`, at("2026-11-21T04:33:43.125Z"), LevelWarn, "", "", "", `{"ts":1795235623.125,"level":"warn","msg":"x"}`, 0, 0},
		{`{"a":{"b":[1,"}"]},"time":"2026-11-21T04:33:43.125+01:00","severity":"ERROR"}`, at("2026-11-21T03:33:43.125Z"), LevelError, "", "", "", `{"a":{"b":[1,"}"]},"time":"2026-11-21T04:33:43.125+01:00","severity":"ERROR"}`, 0, 0},
		{`time=2026-11-21T04:33:43.125Z level=info msg="a b"`, at("2026-11-21T04:33:43.125Z"), LevelInfo, "", "", "", `time=2026-11-21T04:33:43.125Z level=info msg="a b"`, 0, 0},
		{`{"timestamp":1795235623125000}`, at("2026-11-21T04:33:43.125Z"), LevelNone, "", "", "", `{"timestamp":1795235623125000}`, 0, 0},
		{"ERROR:root:no time", 0, LevelError, "", "", "", "ERROR:root:no time", 0, 0},
		{"2026-02-30 04:00:43.000 no such day", 0, LevelNone, "", "", "", "2026-02-30 04:00:43.000 no such day", 0, 0},
		{"2026-11-21 04:00:4x.000 no time", 0, LevelNone, "", "", "", "2026-11-21 04:00:4x.000 no time", 0, 0},
		{"plain", 0, LevelNone, "", "", "", "plain", 0, 0},
		{"", 0, LevelNone, "", "", "", "", 0, 0},
	} {
		rs := assemble(AssemblerConfig{}, []byte(w.line+"\n"), 1<<20)
		if len(rs) != 1 {
			t.Errorf("%q: %d records", w.line, len(rs))
			continue
		}
		r := rs[0]
		f := r.Fields()
		got := want{string(r.Text), r.Time, r.Level, f.Logger, f.Thread, f.Component, string(f.Body.of(r.Text)), f.Task, f.PID}
		if diff := cmp.Diff(w, got, cmp.AllowUnexported(want{})); diff != "" {
			t.Errorf("%q (-want +got)\n%s", w.line, diff)
		}
	}
}

// TestRecordedLogs assembles what real workers wrote, whole and in pieces, and
// compares how many lines each record has.
func TestRecordedLogs(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(*testing.T, []Record){
		"worker-2.8.3-crash.log": func(t *testing.T, rs []Record) {
			trace := rs[indexOf(t, rs, "Shell Process Exception")]
			if trace.Level != LevelError || trace.Lines < 12 || !bytes.Contains(trace.Text, []byte("Thread.run")) {
				t.Errorf("trace: %v, %d lines: %q", trace.Level, trace.Lines, trace.Text)
			}
		},
		"worker-2.8.3-python.log": func(t *testing.T, rs []Record) {
			chained := rs[indexOf(t, rs, "The above exception was the direct cause")]
			if chained.Lines != 21 || !bytes.Contains(chained.Text, []byte("CardDeclined: order 2613")) {
				t.Errorf("chained: %d lines: %s", chained.Lines, chained.Text)
			}
			if r := rs[0]; r.Lines != 4 || r.Fields().Component != "charge" {
				t.Errorf("several lines: %d %+v", r.Lines, r.Fields())
			}
		},
		"worker-2.8.3.err": func(t *testing.T, rs []Record) {
			for _, r := range rs {
				if r.Lines != 1 || r.Time != 0 {
					t.Errorf("joined: %+v %s", r, r.Text)
				}
			}
		},
		"worker-0.9.7.log": func(t *testing.T, rs []Record) {
			if r := rs[indexOf(t, rs, "a warning message")]; r.Level != LevelWarn || r.Fields().PID != 7450 {
				t.Errorf("%v %+v", r.Level, r.Fields())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			whole := assemble(AssemblerConfig{}, text, 1<<20)
			check(t, whole)
			for _, n := range []int{1, 7, 100} {
				if diff := cmp.Diff(whole, assemble(AssemblerConfig{}, text, n)); diff != "" {
					t.Fatalf("in pieces of %d\n%s", n, diff)
				}
			}
			reassembled(t, text, whole)
		})
	}
}

func indexOf(t *testing.T, rs []Record, text string) int {
	t.Helper()
	for i := range rs {
		if bytes.Contains(rs[i].Text, []byte(text)) {
			return i
		}
	}
	t.Fatalf("no record has %q", text)
	return 0
}

// reassembled checks that records hold the text they came from: all of it, in
// order, at their offsets.
func reassembled(t *testing.T, text []byte, rs []Record) {
	t.Helper()
	at := int64(0)
	for _, r := range rs {
		if r.Mark != MarkNone {
			continue
		}
		if r.Offset != at {
			t.Fatalf("record at %d, want %d: %q", r.Offset, at, r.Text)
		}
		want := text[at:]
		lines := 0
		for range r.Lines {
			end := bytes.IndexByte(want, '\n')
			if end < 0 {
				end = len(want)
			}
			at += int64(end) + 1
			want = want[min(end+1, len(want)):]
			lines++
		}
		if r.Cut {
			continue
		}
		clean := bytes.ReplaceAll(text[r.Offset:min(at, int64(len(text)))], []byte("\r\n"), []byte("\n"))
		clean = bytes.TrimSuffix(bytes.TrimSuffix(clean, []byte("\n")), []byte("\r"))
		if !bytes.Equal(clean, r.Text) {
			t.Fatalf("record %q, the file has %q", r.Text, clean)
		}
	}
	if at < int64(len(text)) {
		t.Fatalf("records end at %d of %d", at, len(text))
	}
}

func TestTracesWithoutTimes(t *testing.T) {
	t.Parallel()
	text := `starting
Exception in thread "main" java.lang.IllegalStateException: a
	at a.B.c(B.java:1)
	Suppressed: java.io.IOException
		at a.B.d(B.java:2)
Caused by: java.io.IOException: b
	at a.B.e(B.java:3)
	... 2 more
Traceback (most recent call last):
  File "x.py", line 1, in <module>
    f()
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "x.py", line 3, in <module>
KeyError: 'y'
after
  + Exception Group Traceback (most recent call last):
  |   File "g.py", line 1, in <module>
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: 1
    +---------------- 2 ----------------
    | ValueError: 2
    +------------------------------------
end
`
	var got []string
	for _, r := range assemble(AssemblerConfig{}, []byte(text), 50) {
		first, _, _ := strings.Cut(string(r.Text), "\n")
		got = append(got, fmt.Sprintf("%d %s", r.Lines, first))
	}
	want := []string{
		"1 starting", `7 Exception in thread "main" java.lang.IllegalStateException: a`, "10 Traceback (most recent call last):",
		"9 after", "1 end",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	cfg := AssemblerConfig{MaxLine: 100, MaxLines: 5, MaxBytes: 300}
	line := "2026-11-21 04:00:00.000 a [INFO] "
	text := []byte(line + strings.Repeat("x", 1000) + "\n" + line + "first\n" + strings.Repeat("\tat x\n", 12) + line + "last\n")
	for _, n := range []int{1, 64, 1 << 20} {
		rs := assemble(cfg, text, n)
		if len(rs) != 5 {
			t.Fatalf("%d records", len(rs))
		}
		if r := rs[0]; !r.Cut || len(r.Text) != 100 || r.Missing != int64(len(line)+1000-100) {
			t.Errorf("long line: cut %v, %d bytes, %d missing", r.Cut, len(r.Text), r.Missing)
		}
		// Nothing is lost of many lines: they go on in records without a time.
		if a, b, c := rs[1], rs[2], rs[3]; !a.Cut || a.Lines != 5 || a.Missing != 0 || b.Lines != 5 || b.Time != 0 || c.Lines != 3 || c.Cut {
			t.Errorf("many lines: %d %d %d", a.Lines, b.Lines, c.Lines)
		}
		reassembled(t, text, rs)
	}
}

func TestUnfinishedLinesWait(t *testing.T) {
	t.Parallel()
	var got []string
	a := NewAssembler(AssemblerConfig{Zone: time.UTC}, func(r Record) { got = append(got, string(r.Text)) })
	now := time.Unix(1800000000, 0)
	a.Write([]byte("2026-11-21 04:00:00.000 a [INFO] one\n2026-11-21 04:00:00.000 a [IN"), 0, now)
	now = now.Add(HoldOpen)
	if a.Tick(now); len(got) != 1 {
		t.Fatalf("after the wait for more lines: %q", got)
	}
	a.Write([]byte("FO] two"), 50, now)
	now = now.Add(HoldPartial - time.Millisecond)
	if a.Tick(now); len(got) != 1 {
		t.Fatalf("an unfinished line came out: %q", got)
	}
	a.Write([]byte(" words\n"), 57, now)
	now = now.Add(HoldOpen)
	if a.Tick(now); len(got) != 2 || got[1] != "2026-11-21 04:00:00.000 a [INFO] two words" {
		t.Fatalf("got %q", got)
	}
	a.Write([]byte("no end"), 100, now)
	now = now.Add(HoldPartial)
	a.Tick(now)
	now = now.Add(HoldOpen)
	if a.Tick(now); len(got) != 3 || a.Pending() {
		t.Fatalf("got %q", got)
	}
}

func TestTheRepeatedHour(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone data")
	}
	text := `2026-10-25 01:59:59.000 a [INFO] before
2026-10-25 02:30:00.000 a [INFO] first turn
2026-10-25 02:59:59.000 a [INFO] first turn
2026-10-25 02:00:01.000 a [INFO] second turn
2026-10-25 02:30:00.000 a [INFO] second turn
2026-10-25 03:00:00.000 a [INFO] after
`
	rs := assemble(AssemblerConfig{Zone: berlin}, []byte(text), 1<<20)
	var got []string
	for _, r := range rs {
		got = append(got, time.Unix(0, r.Time).UTC().Format("15:04:05")+" "+r.Mark.String()+fmt.Sprint(r.Again))
	}
	want := []string{"23:59:59 false", "00:30:00 false", "00:59:59 false", "01:00:01 zonefalse", "01:00:01 false", "01:30:00 false", "02:00:00 false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Beginning inside the hour, nothing tells.
	rs = assemble(AssemblerConfig{Zone: berlin}, []byte("2026-10-25 02:30:00.000 a [INFO] which\n"), 1<<20)
	if !rs[0].Again {
		t.Error("the uncertain time is not marked")
	}
	// The hour that is left out in spring does not exist, but has its place.
	rs = assemble(AssemblerConfig{Zone: berlin}, []byte("2026-03-29 02:30:00.000 a [INFO] never\n"), 1<<20)
	if rs[0].Time == 0 {
		t.Error("no time")
	}
}

// TestLocalTimesAreThoseOfTheZone goes through two years of half hours in zones
// with every kind of change.
func TestLocalTimesAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Skip("no time zone data")
		}
		c := newClockReader(zone)
		for at := time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2013; at = at.Add(10 * time.Minute) {
			s, ok := c.head([]byte(at.In(zone).Format("2006-01-02 15:04:05.000 a")))
			if !ok || s.ns != at.UnixNano() {
				t.Fatalf("%s: %s was read as %s", name, at.In(zone), time.Unix(0, s.ns).In(zone))
			}
		}
	}
}

func TestHostClockIsApplied(t *testing.T) {
	t.Parallel()
	var got Record
	a := NewAssembler(AssemblerConfig{Zone: time.UTC}, func(r Record) { got = r })
	a.SetClock(3200 * time.Millisecond)
	a.Feed([]byte("2026-11-21 04:00:03.200 a [INFO] x"), 0, time.Unix(1800000000, 0))
	a.Flush()
	if want := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC).UnixNano(); got.Time != want || !bytes.HasPrefix(got.Text, []byte("2026-11-21 04:00:03.200")) {
		t.Errorf("%d %s", got.Time-want, got.Text)
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	r := Record{Text: []byte(`2026-11-21 04:00:03.200 o.a.s.t.ShellBolt Thread-20 [INFO] ShellLog pid:1, name:c {"order": 7, "by": "a \"b\"", "in": {"x": [1]}}`)}
	f := r.Fields()
	if v, ok := f.Value("order"); !ok || v != "7" || f.Form != BodyJSON {
		t.Errorf("order %q, form %v", v, f.Form)
	}
	if v, _ := f.Value("by"); v != `a \"b\"` {
		t.Errorf("by %q", v)
	}
	if v, _ := f.Value("in"); v != `{"x": [1]}` {
		t.Errorf("in %q", v)
	}
	r.Text = []byte("2026-11-21 04:00:03.200 a [INFO] took=12ms who=\"x y\" n=3")
	if v, ok := r.Fields().Value("who"); !ok || v != "x y" {
		t.Errorf("who %q", v)
	}
	for _, text := range []string{"a = b", "a=b", `{"a":}`, `{"a":1`, "x=1 and y=2"} {
		r.Text = []byte("2026-11-21 04:00:03.200 a [INFO] " + text)
		if f := r.Fields(); f.Form != BodyText {
			t.Errorf("%q was taken for pairs", text)
		}
	}
}

func TestFieldsAllocateNothing(t *testing.T) {
	r := Record{Text: []byte("2026-11-21 03:59:39.710 o.a.s.s.ShellSpout Thread-17-orders-executor[10, 10] [WARN] ShellLog pid:18077, name:orders x")}
	if n := testing.AllocsPerRun(100, func() { r.Fields() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// hostile is a line that does no good: control bytes, sequences for terminals,
// invalid UTF-8, near misses of every layout.
func hostile(rnd *rand.Rand) []byte {
	parts := []string{
		"2026-11-21 04:00:03.200 ", "2026-11-21T04:00:03,2+", "[0.1s", "[2026-11-21 04:00:03]", "Mon May 11 10:00:00 UTC 2026,", "{\"ts\":", "\"", "\\", "time=", "[INFO] ",
		" [", "] ", "ShellLog pid:", "99999999999999999999", ", name:", "-executor[", " - ", "\x1b]8;;", "\x1b[2J", "\x1b[8m", "\u202e", "\u009b", "\xff", "\x00", "\r", "\t",
		"\tat a.b", "Caused by: ", "Traceback (most recent call last):", "During handling of the above exception, another exception occurred:", "{", "}", "[", "a=b", "日本", "\u2028", "x",
	}
	var b []byte
	for range rnd.IntN(12) {
		b = append(b, parts[rnd.IntN(len(parts))]...)
	}
	return b
}

func FuzzAssemble(f *testing.F) {
	names, _ := filepath.Glob("testdata/*")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(text, 100)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var text []byte
		for range 20 {
			text = append(append(text, hostile(rnd)...), '\n')
		}
		f.Add(text, 1+rnd.IntN(40))
	}
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		if n <= 0 || len(text) > 1<<16 {
			return
		}
		cfg := AssemblerConfig{MaxLine: 200, MaxLines: 10, MaxBytes: 1000}
		rs := assemble(cfg, text, n)
		reassembled(t, text, rs)
		for i := range rs {
			r := &rs[i]
			if len(r.Text) > cfg.MaxBytes+cfg.MaxLine || int(r.Lines) > cfg.MaxLines {
				t.Fatalf("a record of %d bytes and %d lines", len(r.Text), r.Lines)
			}
			fields := r.Fields()
			if fields.Body.From < 0 || fields.Body.To < fields.Body.From || fields.Body.To > len(r.Text) || fields.Stamp.From > fields.Stamp.To || fields.Stamp.To > len(r.Text) {
				t.Fatalf("%+v of %q", fields, r.Text)
			}
			fields.Pairs(func(string, string) bool { return true })
		}
	})
}

func FuzzStamp(f *testing.F) {
	for _, s := range []string{"2026-11-21 04:00:03.200 x", "[2026-11-21T04:00:03.200+0000]", "[0.1s] ", "Mon May 11 10:00:00 UTC 2026,", `{"ts":1795235623.125}`, "ts=1795235623 a=b", "2026-11-21 24:00:60"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c := newClockReader(time.UTC)
		s, ok := c.head([]byte(line))
		if !ok {
			return
		}
		if s.from < 0 || s.to < s.from || s.to > len(line) || s.after > len(line) {
			t.Fatalf("%+v of %q", s, line)
		}
		again, ok := c.head([]byte(line))
		if !ok || again.ns != s.ns {
			t.Fatalf("%q was %d, then %d", line, s.ns, again.ns)
		}
	})
}

func FuzzPairs(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"c\"d","e":{"f":[1,2]}}`, "a=b c=\"d e\" f=", "{}", `{"a":}`, `{"a":"\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		eachPair([]byte(text), func(key, value Span) bool {
			if key.From > key.To || value.From > value.To || value.To > len(text) || key.To > value.From {
				t.Fatalf("%v %v of %q", key, value, text)
			}
			return true
		})
	})
}
