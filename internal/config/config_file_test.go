package config

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestConfigFileFaults(t *testing.T) {
	cases := []struct{ name, text, where, what, hint string }{
		{"unknown top key", "uy:\n  theme: dark\n", "1:1", `unknown key "uy"`, "Did you mean ui?"},
		{"unknown nested key", "ui:\n  them: dark\n", "2:3", `unknown key "ui.them"`, "Did you mean ui.theme?"},
		{"guard rail mistyped", "clusters:\n  a:\n    nimbus: x\n    protct: ^g\n", "4:5", `unknown key "protct"`, "Did you mean protect?"},
		{"nothing near", "frobnicate: 1\n", "1:1", `unknown key "frobnicate"`, "config init prints an example with every key."},
		{"cluster key at the top", "protect: x\n", "1:1", `unknown key "protect"`, "It belongs into a cluster: clusters: NAME: protect."},
		{"top key in a cluster", "clusters:\n  a:\n    nimbus: x\n    keys: y\n", "4:5", `unknown key "keys"`, "It belongs at the top of the file, not into a cluster."},
		{"bad port", "clusters:\n  a:\n    nimbus: [ok, \"x:99999\"]\n", "3:5", `the port "99999" is not a number from 1 to 65535`, ""},
		{"bad value of a cluster not chosen", "default: a\nclusters:\n  a: {nimbus: x}\n  b: {nimbus: y, timeout: soon}\n", "4:18", `"soon" is not a length of time`, ""},
		{"bad pattern", "clusters: {a: {nimbus: x, protect: \"a(\"}}\n", "1:27", "is not a pattern: missing closing )", "RE2 syntax"},
		{"bad mode", "clusters: {a: {nimbus: x, mode: readonly}}\n", "1:27", `"readonly" is none of read-only, write`, "Did you mean read-only?"},
		{"via", "clusters:\n  a:\n    nimbus:\n      hosts: x\n      via: bastion\n", "5:7", "nimbus.via is not supported by this version", "Remove it or reach Nimbus directly."},
		{"via dotted", "clusters: {a: {nimbus: x, nimbus.via: bastion}}\n", "1:27", "nimbus.via is not supported by this version", "Remove it"},
		{"tls", "clusters: {a: {nimbus: x, tls: {ca: y}}}\n", "1:27", "tls is not supported by this version", "plain"},
		{"transport", "clusters: {a: {nimbus: x, transport: kerberos}}\n", "1:27", "transport: kerberos is not supported by this version", "plain"},
		{"twice", "clusters:\n  a: {nimbus: x}\n  a: {nimbus: y}\n", "3:3", "a is already given on line 2", ""},
		{"twice in two spellings", "ui: {theme: dark}\nui.theme: light\n", "2:1", "ui.theme is already given on line 1", ""},
		{"group as value", "ui: dark\n", "1:5", "ui is a group of settings", "theme"},
		{"value as group", "clusters: {a: {nimbus: x, mode: {x: 1}}}\n", "1:33", "mode wants a value", ""},
		{"clusters as list", "clusters: [a, b]\n", "1:11", "clusters is not a list of names with settings", ""},
		{"reserved name", "clusters: {storm.yaml: {nimbus: x}}\n", "1:12", `"storm.yaml" is a name stormtop uses itself`, ""},
		{"name with slash", "clusters: {a/b: {nimbus: x}}\n", "1:12", "it holds '/'", ""},
		{"default unknown", "default: prid\nclusters: {prod: {nimbus: x}}\n", "1:10", `there is no cluster "prid"`, "Did you mean prod?"},
		{"crit below warn", "thresholds: {capacity: {crit: 0.5}}\n", "1:25", "thresholds.capacity.crit is below thresholds.capacity.warn", ""},
		{"no nimbus", "clusters: {a: {prod: true}}\n", "1:12", "the cluster a names no Nimbus", ""},
		{"not a mapping", "- a\n- b\n", "1:1", "is not a list of keys and values", ""},
		{"syntax", "ui:\n\ttheme: x\n", "2:1", "is not YAML", "indentation"},
		{"tag", "ui: {theme: !!java.lang.String dark}\n", "1:13", `the tag "!!java.lang.String" is refused`, ""},
		{"two documents", "ui: {mouse: true}\n---\nui: {mouse: false}\n", "", "holds several documents", ""},
		{"list for one value", "timeout: [1, 2]\n", "1:1", "one value is wanted, not a list", ""},
		{"ssh option injection", "ssh: {user: -oProxyCommand=x}\n", "1:7", "is not a user name", ""},
		{"frame", "nimbus.max_frame: 12\n", "1:1", `"12" is out of bounds`, "64K to 1G"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			e, _ := box{files: map[string]string{confPath: tc.text}}.fails(t)
			where := "~/.config/stormtop/config.yaml"
			if tc.where != "" {
				where += ":" + tc.where
			}
			if e.Where != where || !strings.Contains(e.What, tc.what) || !strings.Contains(e.Hint, tc.hint) {
				t.Errorf("%q %q %q", e.Where, e.What, e.Hint)
			}
		})
	}
}

func TestSeveralFaultsAreAllReportedInOrder(t *testing.T) {
	_, err := box{files: map[string]string{confPath: "ui:\n  mouse: maybe\n  them: x\n  every: never\n"}}.fails(t)
	var all Errors
	if !errors.As(err, &all) || len(all) != 3 {
		t.Fatalf("%v", err)
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		if !strings.Contains(line, fmt.Sprintf("config.yaml:%d:", i+2)) {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

func TestSpellings(t *testing.T) {
	for name, text := range map[string]string{
		"scalar":   "clusters:\n  a:\n    nimbus: n1,n2:7\n    zookeeper: z1,z2:9/live\n    nimbus.max_frame: 32M\n",
		"nested":   "clusters:\n  a:\n    nimbus: {hosts: [n1, 'n2:7'], max_frame: 33554432, via: none}\n    zookeeper: {servers: [z1, 'z2:9'], root: /live}\n",
		"dotted":   "clusters:\n  a:\n    nimbus.seeds: [n1, 'n2:7']\n    nimbus.max_frame: 32MiB\n    zookeeper.servers: z1,z2:9\n    zookeeper.root: /live/\n    protect:\n",
		"anchors":  "clusters:\n  a: &x\n    nimbus: &n [n1, 'n2:7']\n    zookeeper: z1,z2:9/live\n    nimbus.max_frame: 32M\n  b: {<<: *x, nimbus: other}\n",
		"crlf bom": "\ufeffclusters:\r\n  a:\r\n    nimbus: n1,n2:7\r\n    zookeeper: z1,z2:9/live\r\n    nimbus.max_frame: 32M\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := box{files: map[string]string{confPath: text}, flags: map[string][]string{"cluster": {"a"}}}.load(t)
			if addressTexts(c.Nimbus.V) != "n1:6627, n2:7" || addressTexts(c.ZooKeeper.V) != "z1:2181, z2:9" || c.ZooKeeperRoot.V != "/live" || c.MaxFrame.V != 32<<20 || c.Protect.V != nil {
				t.Errorf("%v %v %v %v", c.Nimbus, c.ZooKeeper, c.ZooKeeperRoot, c.MaxFrame)
			}
		})
	}
	c, _ := box{files: map[string]string{confPath: "clusters:\n  a: &x {nimbus: n, prod: true, log_dir: /l}\n  b: {<<: *x, nimbus: other}\n"}, flags: map[string][]string{"cluster": {"b"}}}.load(t)
	if c.Nimbus.V[0].Host != "other" || !c.Prod.V || c.LogDir.V != "/l" {
		t.Errorf("merged: %v %v %v", c.Nimbus, c.Prod, c.LogDir)
	}
}

var commented = regexp.MustCompile(`(?m)^# (.*)$`)

func TestExample(t *testing.T) {
	c, ws := box{files: map[string]string{confPath: Example()}}.load(t)
	if c.Configured || len(ws) != 0 {
		t.Errorf("the example as it is changes something: %v", ws)
	}
	text := commented.ReplaceAllString(Example(), "$1")
	c, ws = box{files: map[string]string{confPath: text}}.load(t)
	if len(ws) != 0 || c.Name != "prod-eu" || len(c.Clusters()) != 2 {
		t.Fatalf("%v %s", ws, c.Name)
	}
	// Every key has its place in the example, and the values shown are the defaults.
	fresh := defaults(c.Paths)
	file, errs := parseConfigFile([]byte(text), Origin{}, box{}.inputs())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	block, _ := file.find("prod-eu")
	for _, sp := range specs() {
		if _, ok := block.layer.Entries[sp.key]; sp.scope&inCluster != 0 && !ok {
			t.Errorf("%s is not in the example's cluster", sp.key)
		}
		if _, ok := file.top.Entries[sp.key]; sp.scope&atTop != 0 && !ok {
			t.Errorf("%s is not at the example's top", sp.key)
		}
		if strings.HasPrefix(sp.key, "thresholds.") || strings.HasPrefix(sp.key, "ui.") || sp.key == "timeout" || sp.key == "nimbus.max_frame" || sp.key == "keys" {
			got, _, _ := sp.show(c)
			want, _, _ := sp.show(fresh)
			if got != want {
				t.Errorf("%s is %s in the example, %s by default", sp.key, got, want)
			}
		}
	}
}

// hostile are files that must be refused, or read, without much time or memory.
func hostile() map[string]string {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i <= 'i'; i++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", i-1), 9), ","))
	}
	return map[string]string{
		"alias bomb":     bomb + "nimbus.seeds: *i\nclusters: {a: *i}\n",
		"deep flow":      strings.Repeat("[", 100_000),
		"deep block":     strings.Repeat("- ", 60_000),
		"deep maps":      strings.Repeat("{a: ", 60) + strings.Repeat("}", 60),
		"self reference": "clusters: &x\n  a: *x\nnimbus.seeds: &y [*y]\n",
		"NUL":            "nimbus.host: a\x00b\n",
		"binary":         "\x7fELF\x02\x01\x01\xff\xfe\xfa",
		"UTF-16":         "\xff\xfea\x00:\x00",
		"invalid UTF-8":  "a: \xc3\x28\n",
		"wide list":      "nimbus.seeds: [" + strings.Repeat("a,", 60_000) + "a]\n",
		"long key":       strings.Repeat("k", 100_000) + ": 1\n",
		"many keys":      strings.Repeat("{a: b, ", 15_000),
		"merge bomb":     "x: &x {a: 1, b: 2}\nclusters: {<<: [" + strings.TrimSuffix(strings.Repeat("*x,", 20_000), ",") + "]}\n",
		"shared list": "x: &x [" + strings.Repeat("h,", 900) + "h]\nclusters:\n" + func() string {
			var b strings.Builder
			for i := range 190 {
				fmt.Fprintf(&b, "  c%d: {nimbus: *x}\n", i)
			}
			return b.String()
		}(),
	}
}

func TestHostileFiles(t *testing.T) {
	refusedAsStorm := map[string]bool{"deep flow": true, "deep block": true, "deep maps": true, "NUL": true, "binary": true, "UTF-16": true, "invalid UTF-8": true, "many keys": true, "alias bomb": true, "wide list": true, "self reference": true, "merge bomb": true}
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			_, _, err := Load(box{files: map[string]string{confPath: text}}.inputs())
			if err == nil {
				t.Error("config.yaml was accepted")
			}
			if err != nil && len(err.Error()) > 8000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			_, _, err = Load(box{files: map[string]string{stormPath: text}}.inputs())
			if refusedAsStorm[name] != (err != nil) {
				t.Errorf("storm.yaml: %v", err)
			}
		})
	}
}

// endless is a file that never ends, and says it is small.
type endless struct{ fs.FileInfo }

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}
func (endless) Close() error                 { return nil }
func (e endless) Stat() (fs.FileInfo, error) { return e.FileInfo, nil }

// special is a file that is not regular, or of any size.
type special struct {
	size int64
	mode fs.FileMode
}

func (s special) Name() string       { return "f" }
func (s special) Size() int64        { return s.size }
func (s special) Mode() fs.FileMode  { return s.mode }
func (s special) ModTime() time.Time { return time.Time{} }
func (s special) IsDir() bool        { return s.mode.IsDir() }
func (s special) Sys() any           { return nil }

func TestFilesThatAreNoConfiguration(t *testing.T) {
	cases := []struct {
		name string
		info special
		want string
		open bool
	}{
		{"a gigabyte", special{1 << 30, 0o644}, "is larger than 128 KiB", false},
		{"grows while read", special{10, 0o644}, "is larger than 128 KiB", true},
		{"pipe", special{0, fs.ModeNamedPipe | 0o644}, "is not a regular file", false},
		{"device", special{0, fs.ModeDevice | 0o644}, "is not a regular file", false},
		{"directory", special{0, fs.ModeDir | 0o755}, "is a directory", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			for _, flag := range []string{"config", "storm-conf"} {
				opened := false
				_, _, err := Load(Inputs{Home: home, Flags: map[string][]string{flag: {"/f"}}, Files: Files{
					Stat: func(name string) (fs.FileInfo, error) {
						if name != "/f" {
							return nil, fs.ErrNotExist
						}
						return tc.info, nil
					},
					Open: func(string) (fs.File, error) { opened = true; return endless{tc.info}, nil },
				}})
				if err == nil || !strings.Contains(err.Error(), tc.want) || opened != tc.open {
					t.Errorf("--%s: %v (opened: %v)", flag, err, opened)
				}
			}
		})
	}
	var e *Error
	_, _, err := Load(Inputs{Home: home, Files: Files{
		Stat: func(string) (fs.FileInfo, error) {
			return nil, &fs.PathError{Op: "stat", Path: "x", Err: fs.ErrPermission}
		},
		Open: fstest.MapFS{}.Open,
	}})
	if !errors.As(err, &e) || !strings.Contains(e.What, "permission denied") {
		t.Errorf("%v", err)
	}
}
