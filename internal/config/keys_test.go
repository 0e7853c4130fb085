package config

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func knownKeys() []KeyAction {
	return []KeyAction{
		{Set: "", Action: "help", Keys: []string{"?", "f1"}},
		{Set: "", Action: "leave", Keys: []string{"ctrl-c"}, Fixed: true},
		{Set: "tables", Action: "menu", Keys: []string{"x"}},
		{Set: "tables", Action: "graph", Keys: []string{"v"}},
		{Set: "logs", Action: "menu", Keys: []string{"x"}},
		{Set: "logs", Action: "wrap", Keys: []string{"w"}},
	}
}

func TestParseKeys(t *testing.T) {
	b, err := ParseKeys([]byte("tables:\n  menu: v\n  graph: [X, Ctrl+G]\neverywhere: {help: 'h'}\nlogs:\n  wrap:\n"), "keys.yaml", knownKeys())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b[2].Keys, []string{"v"}) || !b[2].Rebound || b[2].Line != 2 || !slices.Equal(b[3].Keys, []string{"X", "ctrl-g"}) || b[0].Keys[0] != "h" || len(b[5].Keys) != 0 || !b[5].Rebound || b[4].Rebound {
		t.Errorf("%+v", b)
	}
	if b, err := ParseKeys(nil, "keys.yaml", knownKeys()); err != nil || len(b) != 6 || b[0].Rebound {
		t.Errorf("%+v %v", b, err)
	}
}

func TestKeysFaults(t *testing.T) {
	cases := []struct{ text, where, what, hint string }{
		{"tables:\n  menu: v\n", "keys.yaml:2", "v is both menu and graph in tables", "stormtop keys --conflicts"},
		{"logs:\n  wrap: f1\n", "keys.yaml:2", "f1 is both help and wrap in logs", ""},
		{"everywhere:\n  help: w\n", "keys.yaml:2", "w is both help and wrap in logs", ""},
		{"logs: {wrap: ctrl-c}\n", "keys.yaml:1", "ctrl-c is both leave and wrap in logs", ""},
		{"tabels: {menu: v}\n", "keys.yaml:1:1", `there is no set of keys "tabels"`, "Did you mean tables?"},
		{"tables: {grap: v}\n", "keys.yaml:1:10", `tables has no action "grap"`, "Did you mean graph?"},
		{"everywhere: {leave: q}\n", "keys.yaml:1:14", "leave keeps its keys", ""},
		{"tables: {menu: hyper-x}\n", "keys.yaml:1:16", `"hyper-x" is no key`, "ctrl-x"},
		{"tables: {menu: {a: b}}\n", "keys.yaml:1:16", "menu wants a key", ""},
		{"tables: {menu: a, menu: b}\n", "keys.yaml:1:19", "menu stands twice", ""},
		{"tables: x\n", "keys.yaml:1:9", "tables is a group of actions", ""},
	}
	for _, tc := range cases {
		_, err := ParseKeys([]byte(tc.text), "keys.yaml", knownKeys())
		var e *Error
		if !errors.As(err, &e) || e.Where != tc.where || !strings.Contains(e.What, tc.what) || !strings.Contains(e.Hint, tc.hint) {
			t.Errorf("%q: %+v", tc.text, err)
		}
	}
	for name, text := range hostile() {
		if _, err := ParseKeys([]byte(text), "keys.yaml", knownKeys()); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestCanonicalKey(t *testing.T) {
	for in, want := range map[string]string{
		"x": "x", "X": "X", "?": "?", "-": "-", "+": "+", "ctrl-x": "ctrl-x", "Ctrl+X": "ctrl-x", "ctrl--": "ctrl--", "ctrl-+": "ctrl-+", "shift-tab": "shift-tab",
		"alt-shift-f5": "alt-shift-f5", "shift-alt-f5": "alt-shift-f5", "Enter": "enter", "return": "enter", "PageDown": "pgdn", "shift-a": "A", " ": "space", "ctrl-space": "ctrl-space", "é": "é",
	} {
		if got, err := CanonicalKey(in); err != nil || got != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "xx", "ctrl-", "hyper-x", "f13", "\x1b", "ctrl-ctrl-x", "\xff", "a b"} {
		if got, err := CanonicalKey(bad); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestLoadKeys(t *testing.T) {
	keysPath := home + "/.config/stormtop/keys.yaml"
	b := box{files: map[string]string{keysPath: "tables: {menu: q}\n"}, modes: map[string]fs.FileMode{keysPath: 0o666}}
	c, _ := b.load(t)
	bindings, ws, err := LoadKeys(b.inputs(), c, knownKeys())
	if err != nil || bindings[2].Keys[0] != "q" || !warned(ws, "~/.config/stormtop/keys.yaml: anybody") {
		t.Errorf("%+v %v %v", bindings, ws, err)
	}
	for _, b := range []box{{}, {home: "-"}} {
		c, _ := b.load(t)
		if bindings, _, err := LoadKeys(b.inputs(), c, knownKeys()); err != nil || bindings[2].Rebound {
			t.Errorf("%+v %v", bindings, err)
		}
	}
	b = box{flags: map[string][]string{"keys": {"/no"}}}
	c, _ = b.load(t)
	if _, _, err := LoadKeys(b.inputs(), c, knownKeys()); err == nil || err.Error() != `--keys: there is no file "/no"` {
		t.Errorf("%v", err)
	}
	b = box{files: map[string]string{keysPath: "tables: {menu: v}\n"}}
	c, _ = b.load(t)
	if _, _, err := LoadKeys(b.inputs(), c, knownKeys()); err == nil || err.Error() != "~/.config/stormtop/keys.yaml:1: v is both menu and graph in tables" {
		t.Errorf("%v", err)
	}
}
