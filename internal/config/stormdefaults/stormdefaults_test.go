package stormdefaults

import (
	"encoding/json"
	"testing"
)

func TestFor(t *testing.T) {
	cases := []struct {
		version, name string
		exact         bool
	}{
		{"0.9.7", "0.9.7", true},
		{"0.9.2-incubating", "0.9.7", false},
		{"0.10.0", "0.10.2", false},
		{"0.10.2", "0.10.2", true},
		{"1.0.6", "1.2.2", false},
		{"1.2.2", "1.2.2", true},
		{"2.0.0-SNAPSHOT", "2.8.3", false},
		{" 2.8.3 ", "2.8.3", true},
		{"2.9", "2.8.3", false},
		{"2.8-SNAPSHOT", "2.8.3", false},
		{"0.8.1", "", false},
		{"3.0.0", "", false},
		{"", "", false},
		{"Unknown", "", false},
		{"v2.8.3", "", false},
		{"2", "", false},
		{"2.x", "", false},
		{"-1.2", "", false},
	}
	for _, tc := range cases {
		values, exact, name := For(tc.version)
		if name != tc.name || exact != tc.exact || (values == nil) != (tc.name == "") {
			t.Errorf("%q: %s %v, %d values", tc.version, name, exact, len(values))
		}
	}
}

func TestTablesHoldTheFacts(t *testing.T) {
	counts := map[string]int{"0.9.7": 98, "0.10.2": 140, "1.2.2": 208, "2.8.3": 286}
	for _, v := range Versions() {
		values, _, _ := For(v)
		if len(values) != counts[v] {
			t.Errorf("%s: %d keys", v, len(values))
		}
		for key, want := range map[string]any{"nimbus.thrift.port": 6627, "topology.stats.sample.rate": 0.05, "storm.zookeeper.root": "/storm", "topology.debug": false, "topology.tasks": nil, "supervisor.slots.ports": []any{6700, 6701, 6702, 6703}} {
			if got, ok := values[key]; !ok || !Same(got, want) {
				t.Errorf("%s: %s is %v", v, key, got)
			}
		}
	}
	values, _, _ := For("2.8.3")
	if n := values["topology.ras.constraint.max.state.search"]; n != json.Number("10000") {
		t.Errorf("10_000 reads as %v", n)
	}
	values["nimbus.thrift.port"] = nil
	if again, _, _ := For("2.8.3"); again["nimbus.thrift.port"] == nil {
		t.Error("two calls share a map")
	}
}

func TestSame(t *testing.T) {
	equal := [][2]any{
		{json.Number("1.0"), 1},
		{json.Number("0.05"), 0.05},
		{float64(6627), json.Number("6627")},
		{int64(3), float32(3)},
		{nil, nil},
		{"a", "a"},
		{[]any{1, "a"}, []any{json.Number("1"), "a"}},
		{map[string]any{"a": 1}, map[string]any{"a": 1.0}},
		{json.Number("1e3"), 1000},
	}
	for _, p := range equal {
		if !Same(p[0], p[1]) || !Same(p[1], p[0]) {
			t.Errorf("%#v and %#v differ", p[0], p[1])
		}
	}
	differ := [][2]any{
		{1, "1"}, {nil, 0}, {nil, ""}, {true, "true"}, {1, 2}, {[]any{1}, []any{1, 2}}, {map[string]any{"a": nil}, map[string]any{"b": nil}}, {json.Number("1e999999999"), 1}, {json.Number("x"), json.Number("x")}, {struct{}{}, struct{}{}},
	}
	for _, p := range differ {
		if Same(p[0], p[1]) || Same(p[1], p[0]) {
			t.Errorf("%#v and %#v are the same", p[0], p[1])
		}
	}
}
