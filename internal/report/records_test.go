package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
)

var recordSources = []logs.Source{
	{Host: "w1", Port: 6700, Topology: "wordcount", TopologyID: "wordcount-1-1", Kind: logs.KindWorker, Path: "/logs/wordcount-1-1/6700/worker.log"},
	{Host: "w2", Kind: logs.KindPython, Component: "split", Task: 13, PID: 1822, Topology: "wordcount", Path: "/py/pystorm_wordcount_split_13_1822.log"},
	{Path: "/tmp/x.log"},
}

func printed(t *testing.T, o RecordOptions, list ...logs.Record) string {
	t.Helper()
	var b bytes.Buffer
	o.Source = func(i int32) logs.Source { return recordSources[i] }
	o.Zone = time.UTC
	r := NewRecords(&b, Head{Cluster: "lab", AsOf: time.Unix(0, 0).UTC()}, o)
	for i := range list {
		if err := r.Write(&list[i], false); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close([]string{"w3 was not reached"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func traceback() logs.Record {
	return logs.Record{
		Time: time.Date(2026, 11, 21, 3, 59, 39, 710e6, time.UTC).UnixNano(), Offset: 77, Lines: 2, Level: logs.LevelError,
		Text:    []byte("2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [ERROR] ShellLog pid:7, name:split no\n\tat \x1b[2Jx"),
		Origins: []logs.Origin{{Source: 1, Offset: 5}},
	}
}

func TestRecordAsJSON(t *testing.T) {
	got := printed(t, RecordOptions{Format: FormatJSONL}, traceback(), logs.Record{Source: 2, Mark: logs.MarkJoined, Text: []byte("joined")})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	want := `{"time":"2026-11-21T03:59:39.710Z","host":"w1","port":6700,"topology":"wordcount","component":"split","task":null,"pid":7,` +
		`"level":"ERROR","logger":"o.a.s.t.ShellBolt","thread":"Thread-20","source":"/logs/wordcount-1-1/6700/worker.log","offset":77,` +
		`"text":"2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [ERROR] ShellLog pid:7, name:split no\n\tat \u001b[2Jx",` +
		`"lines":2,"late":false,"origins":[{"host":"w2","source":"/py/pystorm_wordcount_split_13_1822.log","offset":5}]}`
	if lines[0] != want {
		t.Errorf("a record is\n%s\nwant\n%s", lines[0], want)
	}
	if !strings.Contains(lines[1], `"host":null`) || !strings.HasSuffix(lines[1], `"mark":"joined"}`) {
		t.Errorf("a mark is %s", lines[1])
	}
	for _, list := range [][]logs.Record{nil, {traceback()}, {traceback(), traceback()}} {
		var answer struct {
			Cluster  string
			Records  []map[string]any
			Warnings []string
		}
		text := printed(t, RecordOptions{Format: FormatJSON}, list...)
		if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Records) != len(list) || answer.Cluster != "lab" || len(answer.Warnings) != 1 {
			t.Errorf("%v of\n%s", err, text)
		}
	}
}

func TestRecordAsLines(t *testing.T) {
	for name, test := range map[string]struct {
		o    RecordOptions
		want string
	}{
		"one source": {RecordOptions{Tabs: true}, "2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [ERROR] ShellLog pid:7, name:split no\n\tat ␛[2Jx\n"},
		"several":    {RecordOptions{Prefix: true}, "w1:6700 2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [ERROR] ShellLog pid:7, name:split no\nw1:6700     at ␛[2Jx\n"},
		"topologies": {RecordOptions{Prefix: true, Topologies: true, ASCII: true}, "wordcount w1:6700 2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [ERROR] ShellLog pid:7, name:split no\nwordcount w1:6700     at ^[[2Jx\n"},
	} {
		test.o.Format = FormatTable
		if got := printed(t, test.o, traceback()); got != test.want {
			t.Errorf("%s:\n%q, want\n%q", name, got, test.want)
		}
	}
	m, err := match.Compile([]string{"pid:[0-9]+"}, match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := printed(t, RecordOptions{Format: FormatTable, Colour: true, Highlight: []*match.Matcher{m}}, traceback())
	if !strings.Contains(got, "\x1b[1;7mpid:7\x1b[0m\x1b[31m, name") {
		t.Errorf("the match is not marked: %q", got)
	}
}

func TestRecordByTemplate(t *testing.T) {
	tpl, err := ParseTemplate("{{.host}}|{{.port}}|{{.level}}|{{.task}}|{{.text}}")
	if err != nil {
		t.Fatal(err)
	}
	got := printed(t, RecordOptions{Format: FormatTable, Template: tpl}, traceback())
	if !strings.HasPrefix(got, "w1|6700|ERROR||2026") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"{{.hots}}", "{{", "{{.text.x}}"} {
		if _, err := ParseTemplate(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestLabels(t *testing.T) {
	for want, src := range map[string]logs.Source{
		"w1:6700":     {Host: "w1", Port: 6700, Kind: logs.KindWorker},
		"w1:6700 err": {Host: "w1", Port: 6700, Kind: logs.KindErr},
		"w1 split 13": {Host: "w1", Port: 6700, Kind: logs.KindPython, Component: "split", Task: 13},
		"w1 ui.log":   {Host: "w1", Kind: logs.KindDaemon, Path: "/logs/ui.log"},
		"w1:/x":       {Host: "w1", Path: "/x"},
		"-":           {Kind: logs.KindStdin},
		"␛x":          {Path: "\x1bx"},
	} {
		if got := Label(src); got != want {
			t.Errorf("%+v is %q, want %q", src, got, want)
		}
	}
}

// TestHostileRecordsDoNoHarm prints hostile lines, paths and names in every form
// and looks for bytes that a terminal would act upon.
func TestHostileRecordsDoNoHarm(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5_000
	}
	pieces := []string{
		"\x1b]0;title\x07", "\x1b[8m", "\x9b2J", "\u009d0;x\u009c", "\u202e", "\u200b", "\u2028", "\xff\xfe", "\x00", "\r", "\x7f", "\x08", "plain", "\t", "e\u0301\u0301\u0301\u0301\u0301\u0301",
		"\x1bP", "\U000e0041", "2026-11-21 03:59:39.710 ", "[ERROR] ", "{\"a\":\"\x1b\"}", "\n",
	}
	rng := rand.New(rand.NewPCG(3, 5))
	hostile := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	tpl, err := ParseTemplate("{{.host}} {{.component}} {{.text}}")
	if err != nil {
		t.Fatal(err)
	}
	sources := []logs.Source{
		{Host: hostile(), Port: 1, Topology: hostile(), Component: hostile(), Kind: logs.KindPython, Path: hostile()},
		{Topology: hostile(), Path: hostile()},
	}
	for name, o := range map[string]RecordOptions{
		"lines": {Format: FormatTable, Prefix: true, Topologies: true}, "jsonl": {Format: FormatJSONL}, "csv": {Format: FormatCSV},
		"template": {Format: FormatTable, Template: tpl}, "ascii": {Format: FormatTable, ASCII: true, Tabs: true},
	} {
		var b bytes.Buffer
		o.Source = func(i int32) logs.Source { return sources[i] }
		r := NewRecords(&b, Head{}, o)
		for range n / 5 {
			rec := logs.Record{Source: int32(rng.IntN(2)), Text: []byte(hostile()), Level: logs.Level(rng.IntN(7)), Lines: 1}
			if err := r.Write(&rec, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(nil); err != nil {
			t.Fatal(err)
		}
		allowed := "\n"
		if o.Tabs {
			allowed += "\t"
		}
		for _, c := range b.String() {
			if (c < 0x20 || c == 0x7f || c >= 0x80 && c < 0xa0 || c == '\u202e' || c == '\u200b' || c == '\u2028' || c == 0xfeff) && !strings.ContainsRune(allowed, c) {
				t.Fatalf("%s lets %U through", name, c)
			}
		}
		if name == "csv" {
			if _, err := csv.NewReader(&b).ReadAll(); err != nil {
				t.Errorf("csv: %v", err)
			}
		}
	}
}

func BenchmarkRecordsAsLines(b *testing.B) {
	rec := traceback()
	o := RecordOptions{Format: FormatTable, Prefix: true, Source: func(i int32) logs.Source { return recordSources[i] }}
	r := NewRecords(discard{}, Head{}, o)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Write(&rec, false); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
