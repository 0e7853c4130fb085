package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// hostile is what a name may hold on a cluster that nobody guards.
const hostile = "\x1b]0;owned\a\x1b[2J\u202ename\u009b31m\r\n=cmd|' /C calc'!A1\x00\xff"

var now = time.Date(2026, 11, 21, 14, 32, 7, 0, time.UTC)

// everyAnswer makes one answer of each command, with the given word wherever a
// cluster could put one.
func everyAnswer(word string) map[string]Answer {
	server := nimbusclient.Server{Addr: word, Version: word, Line: nimbusclient.V2}
	conf := map[string]any{"scheduler.display.resource": true, word: word, "nimbus.seeds": []any{word}, "logviewer.port": json.Number("8000")}
	c := nimbusclient.Cluster{
		Nimbuses: []nimbusclient.Nimbus{{Host: word, Port: 6627, Leader: true, Version: word, UptimeSecs: new(5)}},
		Supervisors: []nimbusclient.Supervisor{{
			ID: word, Host: word, Slots: new(4), UsedSlots: new(1), Version: word, UptimeSecs: new(7),
			Resources: map[string]float64{"memory.mb": 4096, "cpu.pcore.percent": 400, word: 1}, UsedGeneric: map[string]float64{word: 1},
		}},
		Topologies: []nimbusclient.TopologySummary{{ID: word, Name: word, Status: nimbusclient.Status(word), Owner: &word, SchedStatus: &word, StormVersion: &word, TopologyVersion: &word}},
	}
	stats := nimbusclient.Stats{Executors: new(2), Tasks: new(4), Emitted: new(int64(20)), Executed: new(int64(40)), ExecuteMs: new(0.5), ProcessMs: new(2.0), Capacity: new(0.3)}
	failure := nimbusclient.ErrorInfo{Error: word, Time: now.Unix() - 9, Host: &word, Port: new(6700)}
	structure := nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{{
		ID: word, Kind: nimbusclient.Bolt, Shell: &nimbusclient.Shell{Command: word, Script: word}, Class: word,
		Inputs:  []nimbusclient.Input{{From: nimbusclient.StreamID{Component: word, Stream: word}, Grouping: nimbusclient.GroupFields, Fields: []string{word}, Class: word}},
		Outputs: []nimbusclient.OutputStream{{ID: word, Fields: []string{word}}},
	}}}
	info := nimbusclient.TopologyInfo{
		TopologySummary: c.Topologies[0],
		ExecutorList:    []nimbusclient.Executor{{ID: nimbusclient.ExecutorID{Start: 1, End: 2}, Component: word, Host: word, Port: 6700, UptimeSecs: new(30)}},
	}
	d := Detail{AsOf: now, Server: server, NimbusConf: conf, Conf: conf, ShowConf: true, Structure: &structure, Info: &info}
	page := nimbusclient.Topology{
		ID: word, Name: word, Status: nimbusclient.Status(word), Owner: &word, SchedStatus: &word, Window: nimbusclient.Window10m,
		Totals:  map[nimbusclient.Window]nimbusclient.Totals{nimbusclient.Window10m: {Emitted: new(int64(3))}, nimbusclient.Window(word): {}},
		Spouts:  []nimbusclient.ComponentStats{{ID: word, Kind: nimbusclient.Spout, Stats: stats, LastError: &failure}},
		Bolts:   []nimbusclient.ComponentStats{{ID: word, Kind: nimbusclient.Bolt, Stats: stats, LastError: &failure}},
		Workers: []nimbusclient.Worker{{SupervisorID: word, Host: word, Port: 6700, TopologyID: word, TopologyName: word, ComponentTasks: map[string]int64{word: 2}}},
	}
	component := nimbusclient.Component{
		ID: word, Kind: nimbusclient.Bolt, TopologyID: word, TopologyName: word, Window: nimbusclient.WindowAll,
		Totals: map[nimbusclient.Window]nimbusclient.Stats{nimbusclient.WindowAll: stats},
		Inputs: []nimbusclient.StreamStats{{StreamID: nimbusclient.StreamID{Component: word, Stream: word}, Stats: stats}},
		Execs:  []nimbusclient.ExecutorRow{{ID: nimbusclient.ExecutorID{Start: 1, End: 2}, Host: word, Port: 6700, Stats: stats}},
		Errors: []nimbusclient.ErrorInfo{failure},
	}
	health := diagnose.Report{Checked: 3, Rules: 4, Findings: []diagnose.Finding{{Rule: word, Level: cluster.LevelCrit, Where: word, What: word}}}
	layout := Layout{
		AsOf: now, Names: map[string]string{word: word}, Infos: []nimbusclient.TopologyInfo{info},
		Hosts: []cluster.Host{{ID: word, Name: word, Supervisor: &c.Supervisors[0], Slots: []cluster.Slot{{Port: 6700, TopologyID: word, State: cluster.SlotUsed, StartAt: now.Add(-time.Hour)}}}},
	}
	return map[string]Answer{
		"status":      Status(c, server, conf, health),
		"list":        List(c, server, conf),
		"supervisors": Supervisors(c, server, conf),
		"topology":    Topology(page, d),
		"component":   Component(component, d),
		"slots":       Slots(layout),
		"workers":     Workers(layout, ""),
		"dag":         DAG(Graph{ID: word, Name: word, Structure: structure, Page: &page}),
		"conf":        Conf(word, word, conf),
		"settings":    Settings([]Setting{{word, word, word, word}}, true),
		"keys":        Keys([]Key{{word, word, word, word}}),
		"version":     Version(Program{word, word, word}),
		"zk ls":       Children(word, []zkview.Child{{Name: word, Path: word, Note: word, Stat: &zkview.Stat{Mtime: now}}}),
		"zk get":      Node(zkview.Node{Path: word, Encoding: word, Decoded: []zkview.Field{{Label: word, Value: word, Children: []zkview.Field{{Label: word}}}}, Hint: word}, false),
		"zk get raw":  Node(zkview.Node{Path: word, Encoding: word, Raw: []byte(word), Truncated: true}, true),
		"doctor":      Doctor([]Check{{word, word, GradeFault, word, word}, {"nimbus", word, GradeOK, "", ""}}),
	}
}

func written(t *testing.T, a Answer, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.Write(&b, Head{Cluster: hostile, AsOf: now, Warnings: []string{hostile}}, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever the cluster's names hold, no format lets it act upon a terminal, and
// the formats for programs stay what they are.
func TestHostileTextIsHarmless(t *testing.T) {
	for name, a := range everyAnswer(hostile) {
		for _, format := range a.Formats() {
			for _, ascii := range []bool{false, true} {
				out := written(t, a, Options{Format: format, ASCII: ascii})
				for line := range strings.SplitSeq(out, "\n") {
					if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(line) {
						t.Errorf("%s -o %s: %q holds what does not print at %d", name, format, line, i)
						break
					}
					if clean := safetext.Clean(line); format != FormatJSON && format != FormatJSONL && clean != line {
						t.Errorf("%s -o %s: %q is not clean", name, format, line)
						break
					}
				}
				switch format {
				case FormatJSON:
					var v map[string]any
					if err := json.Unmarshal([]byte(out), &v); err != nil {
						t.Errorf("%s: no JSON: %v", name, err)
					}
				case FormatCSV:
					if _, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil {
						t.Errorf("%s: no CSV: %v", name, err)
					}
				case FormatTable, FormatWide, FormatText:
					if ascii && strings.ContainsFunc(out, func(r rune) bool { return r > unicode.MaxASCII }) {
						t.Errorf("%s -o %s: not ASCII:\n%s", name, format, out)
					}
				default:
				}
			}
		}
	}
}

// Every JSON answer is one object with cluster, asOf and warnings; every line of
// JSONL is an object, as many as CSV has records, with the same keys.
func TestShapes(t *testing.T) {
	for name, a := range everyAnswer("word") {
		var v struct {
			Cluster  *string
			AsOf     time.Time
			Warnings []string
		}
		if err := json.Unmarshal([]byte(written(t, a, Options{Format: FormatJSON})), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.Cluster == nil || !v.AsOf.Equal(now) || len(v.Warnings) != 1 {
			t.Errorf("%s: head %+v", name, v)
		}
		if !slices.Contains(a.Formats(), FormatCSV) {
			continue
		}
		table, err := csv.NewReader(strings.NewReader(written(t, a, Options{Format: FormatCSV}))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(written(t, a, Options{Format: FormatJSONL}), "\n"), "\n")
		if len(table) != len(lines)+1 || len(lines) == 0 {
			t.Errorf("%s: %d records of CSV, %d lines of JSON", name, len(table)-1, len(lines))
		}
		for _, line := range lines {
			var o map[string]any
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, key := range table[0] {
				if _, there := o[key]; !there {
					t.Errorf("%s: JSON lines lack %q, which CSV has", name, key)
				}
			}
		}
	}
}

// A key never appears twice in one object.
func TestKeysAreUnique(t *testing.T) {
	var look func(where string, v any)
	look = func(where string, v any) {
		switch v := v.(type) {
		case object:
			seen := map[string]bool{}
			for _, p := range v {
				if seen[p.key] {
					t.Errorf("%s: %q stands twice", where, p.key)
				}
				seen[p.key] = true
				look(where+"."+p.key, p.value)
			}
		case []object:
			for _, o := range v {
				look(where, o)
			}
		}
	}
	for name, a := range everyAnswer("word") {
		look(name, a.body)
		look(name+" records", a.records)
	}
}

// The order in which a server lists things does not show.
func TestOrderDoesNotDependOnTheServer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var c nimbusclient.Cluster
	var page nimbusclient.Topology
	var comp nimbusclient.Component
	for i := range 8 {
		name := string(rune('h' - i))
		c.Nimbuses = append(c.Nimbuses, nimbusclient.Nimbus{Host: name, Port: 6627 + i})
		c.Supervisors = append(c.Supervisors, nimbusclient.Supervisor{Host: "same", ID: name})
		c.Topologies = append(c.Topologies, nimbusclient.TopologySummary{Name: name, ID: name + "-1"})
		page.Bolts = append(page.Bolts, nimbusclient.ComponentStats{ID: name})
		page.Workers = append(page.Workers, nimbusclient.Worker{Host: "same", Port: 6700 + i})
		comp.Outputs = append(comp.Outputs, nimbusclient.StreamStats{StreamID: nimbusclient.StreamID{Stream: name}})
		comp.Execs = append(comp.Execs, nimbusclient.ExecutorRow{ID: nimbusclient.ExecutorID{Start: 9 - i, End: 9 - i}})
		comp.Errors = append(comp.Errors, nimbusclient.ErrorInfo{Error: name, Time: int64(i / 2)})
	}
	all := func() string {
		var s nimbusclient.Server
		answers := []Answer{
			Status(c, s, nil, diagnose.Report{}), List(c, s, nil), Supervisors(c, s, nil),
			Topology(page, Detail{}), Component(comp, Detail{}),
		}
		var out strings.Builder
		for _, a := range answers {
			out.WriteString(written(t, a, Options{Format: FormatJSON}))
			out.WriteString(written(t, a, Options{Format: FormatName}))
		}
		return out.String()
	}
	want := all()
	for range 20 {
		random.Shuffle(8, reflect.Swapper(c.Nimbuses))
		random.Shuffle(8, reflect.Swapper(c.Supervisors))
		random.Shuffle(8, reflect.Swapper(c.Topologies))
		random.Shuffle(8, reflect.Swapper(page.Bolts))
		random.Shuffle(8, reflect.Swapper(page.Workers))
		random.Shuffle(8, reflect.Swapper(comp.Outputs))
		random.Shuffle(8, reflect.Swapper(comp.Execs))
		random.Shuffle(8, reflect.Swapper(comp.Errors))
		if got := all(); got != want {
			t.Fatalf("order of the server shows:\n%s\nwant\n%s", got, want)
		}
	}
}

// Numbers that were not sent are null in JSON, empty in CSV and a mark in a
// table; a measured zero is a zero.
func TestAbsentIsNotZero(t *testing.T) {
	c := nimbusclient.Cluster{Topologies: []nimbusclient.TopologySummary{{ID: "a-1", Name: "a"}, {ID: "b-1", Name: "b", Workers: new(0)}}}
	a := List(c, nimbusclient.Server{}, nil)
	if got := written(t, a, Options{Format: FormatCSV}); !strings.Contains(got, "a,a-1,,,,") || !strings.Contains(got, "b,b-1,,,0,") {
		t.Errorf("CSV:\n%s", got)
	}
	json := written(t, a, Options{Format: FormatJSON})
	if !strings.Contains(json, `"workersTotal": null`) || !strings.Contains(json, `"workersTotal": 0`) {
		t.Errorf("JSON:\n%s", json)
	}
	if got := written(t, a, Options{Format: FormatTable}); !strings.Contains(got, "–") || !strings.Contains(got, "0") {
		t.Errorf("table:\n%s", got)
	}
}

func TestEmptyTablesSaySo(t *testing.T) {
	for want, a := range map[string]Answer{
		noTopology:   List(nimbusclient.Cluster{}, nimbusclient.Server{}, nil),
		noSupervisor: Supervisors(nimbusclient.Cluster{}, nimbusclient.Server{}, nil),
	} {
		if got := written(t, a, Options{Format: FormatTable}); got != want+"\n" {
			t.Errorf("%q, want %q", got, want)
		}
		if got := written(t, a, Options{Format: FormatCSV}); strings.Count(got, "\n") != 1 || len(got) < 10 {
			t.Errorf("CSV without records is %q", got)
		}
		if got := written(t, a, Options{Format: FormatJSONL}); got != "" {
			t.Errorf("JSON lines without records are %q", got)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	a := Version(Program{})
	if err := a.Write(io.Discard, Head{}, Options{Format: FormatDOT}); !errors.Is(err, ErrFormat) {
		t.Errorf("error %v", err)
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestWriteErrorsAreTold(t *testing.T) {
	for name, a := range everyAnswer("word") {
		for _, format := range a.Formats() {
			if err := a.Write(brokenPipe{}, Head{}, Options{Format: format}); !errors.Is(err, errPipe) {
				t.Errorf("%s -o %s: error %v", name, format, err)
			}
		}
	}
}
