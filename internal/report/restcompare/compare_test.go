package restcompare

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/keys.txt")

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	v, err := Decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func compare(t *testing.T, e Endpoint, line, rest, ours string) Result {
	t.Helper()
	return Compare(e, Pair{Line: line, Rest: decoded(t, rest), Ours: decoded(t, ours), Round: time.Second})
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		rule       Rule
		unsent     bool
		rest, ours string
		same       bool
	}{
		{Exact, false, `7`, `7`, true},
		{Exact, false, `7`, `7.0`, true},
		{Exact, false, `7`, `8`, false},
		{Exact, false, `9007199254740992`, `9007199254740994`, true}, // beyond what a JSON number can tell apart
		{Exact, false, `26.330794341675734`, `26.33079434167573`, true},
		{Exact, false, `26.3307`, `26.330794341675734`, false},
		{Exact, false, `"7"`, `7`, false},
		{Exact, false, `null`, `null`, true},
		{Exact, false, `null`, `0`, false},
		{Exact, false, `0`, `null`, false},
		{Exact, true, `0`, `null`, true},
		{Exact, true, `0.0`, `null`, true},
		{Exact, true, `""`, `null`, true},
		{Exact, true, `1`, `null`, false},
		{Exact, false, `{"a":1}`, `{"a":1}`, true},
		{Exact, false, `{"a":1}`, `{"a":1,"b":2}`, false},
		{Exact, false, `["a",1]`, `["a",1]`, true},
		{Exact, false, `["a",1]`, `[1,"a"]`, false},
		{Decimal, true, `"26.331"`, `26.330794341675734`, true},
		{Decimal, true, `"26.331"`, `26.3316`, false},
		{Decimal, true, `"26.331"`, `"26.331"`, false},
		{Decimal, true, `"0"`, `null`, true},
		{Decimal, true, `"0.000"`, `0.0004`, true},
		{Decimal, true, `"0.000"`, `0.0006`, false},
		{Decimal, true, `"6.3"`, `6.25`, true},
		{Decimal, true, `"1.000"`, `null`, false},
		{Clock, false, `100`, `102`, true},
		{Clock, false, `100`, `103`, false},
		{Clock, false, `100`, `null`, false},
		{PrettyClock, false, `"1d 2h 3m 4s"`, `93784`, true},
		{PrettyClock, false, `"4m"`, `300`, false},
		{Millis, false, `1795235316000`, `1795235316`, true},
		{Millis, false, `1795235316000`, `1795235317`, false},
		{Generic, true, `"fpga=1.0 gpu=2.0"`, `{"gpu":2,"fpga":1}`, true},
		{Generic, true, `"gpu=2.0"`, `{"gpu":3}`, false},
		{Generic, true, `""`, `{}`, true},
		{Generic, true, `null`, `null`, true},
		{Generic, true, `"gpu=2.0"`, `{}`, false},
		{Sampling, true, `10`, `null`, true},
		{Sampling, true, `30.0`, `30`, true},
		{Sampling, true, `30.0`, `null`, false},
		{Config, false, `{"a":{"password":"x","n":1}}`, `{"a":{"password":"********","n":1}}`, true},
		{Config, false, `{"a":"-Dp=x -Xmx1g"}`, `{"a":"-Dp=******** -Xmx1g"}`, true},
		{Config, false, `{"a":1}`, `{"a":2}`, false},
		{Config, false, `{"a":1}`, `{}`, false},
	} {
		e := Endpoint{Object: Object{Keys: []Key{{Name: "v", Rule: test.rule, Unsent: test.unsent}}}}
		r := compare(t, e, "2.x", `{"v":`+test.rest+`}`, `{"v":`+test.ours+`}`)
		if same := len(r.Differences) == 0; same != test.same || r.Compared != 1 {
			t.Errorf("%s: REST %s, ours %s: %v", test.rule, test.rest, test.ours, r.Differences)
		}
	}
}

func TestNothingEscapes(t *testing.T) {
	list := List{Name: "rows", Ours: "lines", ID: []string{"id"}, Row: Object{Keys: exact("id", "n")}}
	e := Endpoint{Object: Object{Keys: exact("a"), LeftOut: leftOut(pretty, "b"), Lists: []List{list}}}
	ours := `{"a":1,"lines":[{"id":"x","n":1},{"id":"y","n":2}],"more":0}`
	for rest, want := range map[string]string{
		`{"a":1,"b":9,"rows":[{"id":"y","n":2},{"id":"x","n":1}]}`: "",
		`{"a":1,"new":1}`:                          "new: REST has this key and the list does not",
		`{"rows":[{"id":"x","n":1}]}`:              "rows[y]: REST has no such row",
		`{"rows":[{"id":"x","n":1},{"id":"z"}]}`:   "rows[z]: stormtop has no such row",
		`{"rows":[{"id":"x","n":1},{"id":"y"}]}`:   "",
		`{"rows":[{"id":"x","n":5},{"id":"y"}]}`:   "rows[x].n: REST 5, stormtop 1",
		`{"rows":[{"id":"x"},{"id":"y","new":1}]}`: "rows[y].new: REST has this key and the list does not",
		`{"rows":7}`: "rows: REST has no list here",
	} {
		r := compare(t, e, "2.x", rest, ours)
		if got := strings.Join(r.Differences, "; "); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("REST %s: %q, want %q", rest, got, want)
		}
	}
	if r := compare(t, e, "2.x", `{"a":1}`, `{}`); len(r.Differences) != 1 {
		t.Errorf("a key that we lack: %v", r.Differences)
	}
	if r := compare(t, e, "2.x", `{"rows":[]}`, `{}`); len(r.Differences) != 1 {
		t.Errorf("a list that we lack: %v", r.Differences)
	}
}

func TestSameIgnoresClocksAndOrderOnly(t *testing.T) {
	page := func(uptime, emitted, name, order string) map[string]any {
		rows := []string{`{"window":"600","emitted":` + emitted + `}`, `{"window":"10800","emitted":7}`}
		if order == "turned" {
			slices.Reverse(rows)
		}
		return decoded(t, `{"name":"`+name+`","uptimeSeconds":`+uptime+`,"windowHint":"`+uptime+`","topologyStats":[`+strings.Join(rows, ",")+`]}`)
	}
	first := page("1", "5", "a", "")
	if !Same(TopologyPage, "2.x", first, page("9", "5", "a", "turned")) {
		t.Error("clocks, left-out keys and order count")
	}
	if Same(TopologyPage, "2.x", first, page("1", "6", "a", "")) || Same(TopologyPage, "2.x", first, page("1", "5", "b", "")) {
		t.Error("a value does not count")
	}
}

// The 0.9 UI calls some keys otherwise and has one column wrong.
func TestLineOfTheServer(t *testing.T) {
	rest := `{"inputStats":[{"component":"a","stream":"s","executeLatency":"0.959","processLatency":"0.959"}],
		"componentErrors":[{"time":1795235316000,"errorHost":"h","errorPort":1,"error":"e","errorLapsedSecs":14}],
		"executorStats":[{"id":"[1-1]","uptime":"2m 1s"}]}`
	ours := `{"inputStats":[{"component":"a","stream":"s","executeLatency":0.959,"processLatency":0.77}],
		"componentErrors":[{"errorTime":1795235316,"errorHost":"h","errorPort":1,"error":"e","errorLapsedSecs":14}],
		"executorStats":[{"id":"[1-1]","uptimeSeconds":121}]}`
	if r := compare(t, ComponentPage, "0.9", rest, ours); len(r.Differences) != 0 {
		t.Errorf("0.9: %v", r.Differences)
	}
	if r := compare(t, ComponentPage, "1.x", rest, ours); len(r.Differences) == 0 {
		t.Error("1.x has that column right, and the difference is not seen")
	}
}

// Every key that is left out has a reason, and no key is both.
func TestListIsWhole(t *testing.T) {
	var walk func(where string, o Object)
	walk = func(where string, o Object) {
		for _, l := range o.LeftOut {
			if l.Reason == "" {
				t.Errorf("%s.%s is left out without a reason", where, l.Name)
			}
			if k, ok := o.key(l.Name, ""); ok && k.Line == "" {
				t.Errorf("%s.%s is compared and left out", where, l.Name)
			}
		}
		for _, l := range o.Lists {
			if len(l.ID) == 0 {
				t.Errorf("%s.%s: nothing tells its rows apart", where, l.Name)
			}
			walk(where+"."+l.Name, l.Row)
		}
	}
	for _, e := range Endpoints {
		if e.Path == "" || e.Command == "" {
			t.Errorf("%+v has no path or command", e)
		}
		walk(e.Path, e.Object)
	}
}

// testdata/keys.txt is the list for people.
func TestKeysForReaders(t *testing.T) {
	const name = "testdata/keys.txt"
	got := Describe()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not up to date; go test ./internal/report/restcompare -update rewrites it", name)
	}
	for _, e := range Endpoints {
		if !strings.Contains(got, fmt.Sprintf("%s = stormtop %s\n", e.Path, e.Command)) {
			t.Errorf("%s is not described", e.Path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"a":1}`)
	f.Add(`[]`)
	f.Add(`{"topologies":[{"id":1,"uptime":"3m x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Decode(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, e := range Endpoints {
			if !Same(e, "0.9", v, v) {
				t.Errorf("%s: an answer differs from itself", e.Path)
			}
			Compare(e, Pair{Line: "0.9", Rest: v, Ours: v})
		}
	})
}
