package report

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestObjectKeepsItsOrder(t *testing.T) {
	port := 6700
	o := object{
		{"z", 1},
		{"a", ptr(&port)},
		{"absent", ptr[int](nil)},
		{"nan", math.NaN()},
		{"big", int64(9007199254740993)},
		{"ms", 26.330794341675734},
		{"when", time.Date(2026, 11, 21, 4, 0, 0, 0, time.FixedZone("", 3600))},
		{"rows", []object{{{"k", "v"}}, {}}},
		{"none", []object{}},
		{"resources", map[string]float64{"b": 2, "a": 1.5}},
		{"nothing", map[string]float64(nil)},
		{"yes", true},
		{"asWritten", json.Number("1.50")},
	}
	const want = `{"z":1,"a":6700,"absent":null,"nan":null,"big":9007199254740993,"ms":26.330794341675734,` +
		`"when":"2026-11-21T04:00:00+01:00","rows":[{"k":"v"},{}],"none":[],"resources":{"a":1.5,"b":2},"nothing":null,"yes":true,"asWritten":1.50}`
	if got := string(appendJSON(nil, o, -1)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var flat, indented any
	if err := json.Unmarshal(appendJSON(nil, o, -1), &flat); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(appendJSON(nil, o, 0), &indented); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(flat, indented) {
		t.Errorf("indented JSON differs: %v, %v", flat, indented)
	}
}

// FuzzString: any text comes back as JSON has it, and nothing in it acts upon a
// terminal.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c", "\x1b[31mred", "\u009b31m", "line\nbreak\ttab", "\u202egnp.exe", "日本 🙂", "\xff\xfe", "\u2028", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := string(appendString(nil, s))
		var back string
		if err := json.Unmarshal([]byte(text), &back); err != nil {
			t.Fatalf("%q is no JSON: %v", text, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); back != want && back != toValid(s) {
			t.Errorf("%q came back as %q", s, back)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q holds what does not print at %d", text, i)
		}
	})
}

// toValid replaces each byte that is no UTF-8, as range does.
func toValid(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func TestFloatsAsEncodingJSON(t *testing.T) {
	for _, v := range []float64{0, 1, -1, 0.1, 1e-7, 1e21, 1.0 / 3, 26.330794341675734, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back, same float64
		if err := json.Unmarshal(appendFloat(nil, v), &back); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(want, &same); err != nil {
			t.Fatal(err)
		}
		if back != same || back != v {
			t.Errorf("%v is written as %s", v, appendFloat(nil, v))
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := string(appendFloat(nil, v)); got != "null" {
			t.Errorf("%v is written as %s", v, got)
		}
	}
}

func TestCutErrorCountsAsJava(t *testing.T) {
	long := strings.Repeat("x", 300)
	if got := cutError(long); len(got) != 200 {
		t.Errorf("%d characters stay", len(got))
	}
	if got := cutError(strings.Repeat("é", 201)); got != strings.Repeat("é", 200) {
		t.Errorf("%q", got)
	}
	// A character beyond the basic plane counts twice and is never split.
	if got := cutError(strings.Repeat("x", 199) + "🙂tail"); got != strings.Repeat("x", 199) {
		t.Errorf("%q", got)
	}
	if got := cutError("short"); got != "short" {
		t.Errorf("%q", got)
	}
}
