package config

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const (
	home      = "/home/op"
	confPath  = home + "/.config/stormtop/config.yaml"
	stormPath = home + "/.storm/storm.yaml"
)

// box is a machine: files, variables, flags.
type box struct {
	files map[string]string
	env   map[string]string
	flags map[string][]string
	modes map[string]fs.FileMode
	home  string
}

func (b box) inputs() Inputs {
	m := fstest.MapFS{}
	for name, text := range b.files {
		mode := fs.FileMode(0o644)
		if b.modes[name] != 0 {
			mode = b.modes[name]
		}
		m[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text), Mode: mode}
	}
	h := b.home
	if h == "" {
		h = home
	}
	if h == "-" {
		h = ""
	}
	trim := func(s string) string { return strings.TrimPrefix(s, "/") }
	return Inputs{
		Flags: b.flags, Home: h,
		Env: func(name string) string { return b.env[name] },
		Files: Files{
			Stat: func(name string) (fs.FileInfo, error) { return m.Stat(trim(name)) },
			Open: func(name string) (fs.File, error) { return m.Open(trim(name)) },
		},
	}
}

func (b box) load(t *testing.T) (*Config, []Warning) {
	t.Helper()
	c, w, err := Load(b.inputs())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c, w
}

func (b box) fails(t *testing.T) (*Error, error) {
	t.Helper()
	_, _, err := Load(b.inputs())
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("Load gave %v, want an *Error", err)
	}
	return e, err
}

func setting(t *testing.T, c *Config, key string) Setting {
	t.Helper()
	for _, s := range c.Settings() {
		if s.Key == key {
			return s
		}
	}
	t.Fatalf("no setting %s", key)
	return Setting{}
}

func warned(ws []Warning, part string) bool {
	return slices.ContainsFunc(ws, func(w Warning) bool { return strings.Contains(w.String(), part) })
}

const twoClusters = `default: prod-eu
clusters:
  prod-eu:
    nimbus: [nim-a, nim-b:6630]
    zookeeper:
      servers: zk1
      root: /storm-live
    prod: true
    protect: ^global-
    min_kill_wait: 30s
    ssh: {user: storm, port: 2222, config: ssh_eu}
    timeout: 9
  lab:
    nimbus: 127.0.0.1
    mode: read-only
ui:
  theme: dark
  every: 5
`

const stormFileText = `nimbus.seeds: ["nim-a", "nim-b"]
nimbus.thrift.port: "6640"
storm.zookeeper.servers:
  - zk7
  - zk8
storm.zookeeper.port: 2182
storm.zookeeper.root: "/storm-y"
storm.log.dir: /srv/storm/logs
storm.workers.artifacts.dir: artifacts
logviewer.port: 8001
ui.port: '8081'
`

func TestNothingConfiguredMeansLocalhost(t *testing.T) {
	c, _ := box{}.load(t)
	if got := addressTexts(c.Nimbus.V); got != "localhost:6627" || c.Nimbus.Origin.String() != "default" {
		t.Errorf("nimbus %s from %s", got, c.Nimbus.Origin)
	}
	if c.Configured || c.AdHoc || c.Name != "localhost" {
		t.Errorf("Configured %v AdHoc %v Name %q", c.Configured, c.AdHoc, c.Name)
	}
	if !c.Mode.ReadOnly || !c.Mode.AdHoc {
		t.Errorf("mode %+v", c.Mode)
	}
	want := "~/.config/stormtop/config.yaml, $STORM_CONF_DIR, ~/.storm/storm.yaml, /etc/storm/storm.yaml, $STORM_HOME"
	if got := strings.Join(c.LookedAt, ", "); got != want {
		t.Errorf("looked at %s", got)
	}
	if len(c.ZooKeeper.V) != 0 || c.Timeout.V != 7*time.Second || c.MaxFrame.V != 16<<20 {
		t.Errorf("defaults: %v %v %v", c.ZooKeeper.V, c.Timeout.V, c.MaxFrame.V)
	}
}

func TestPrecedence(t *testing.T) {
	files := map[string]string{confPath: twoClusters, stormPath: stormFileText}
	cases := []struct {
		name       string
		b          box
		key        string
		value, org string
	}{
		{"cluster block", box{files: files}, "nimbus", "nim-a:6640, nim-b:6630", "~/.config/stormtop/config.yaml:4"},
		{"cluster over storm.yaml", box{files: files}, "zookeeper.root", "/storm-live", "~/.config/stormtop/config.yaml:7"},
		{"port of storm.yaml below", box{files: files}, "zookeeper.servers", "zk1:2182", "~/.config/stormtop/config.yaml:6"},
		{"storm.yaml below", box{files: files}, "log_dir", "/srv/storm/logs", "~/.storm/storm.yaml:8"},
		{"port as a string", box{files: files}, "ui.port", "8081", "~/.storm/storm.yaml:11"},
		{"flag over all", box{files: files, flags: map[string][]string{"timeout": {"500ms"}}, env: map[string]string{"STORMTOP_TIMEOUT": "3"}}, "timeout", "500ms", "--timeout"},
		{"variable over the file", box{files: files, env: map[string]string{"STORMTOP_TIMEOUT": "3"}}, "timeout", "3s", "STORMTOP_TIMEOUT"},
		{"file over default", box{files: files}, "timeout", "9s", "~/.config/stormtop/config.yaml:12"},
		{"default", box{files: files}, "nimbus.max_frame", "16M", "default"},
		{"-c over storm.yaml", box{files: files, flags: map[string][]string{"c": {"logviewer.port=9000"}}}, "logviewer.port", "9000", "-c logviewer.port"},
		{"top of the file", box{files: files}, "ui.theme", "dark", "~/.config/stormtop/config.yaml:17"},
		{"path beside the file", box{files: files}, "ssh.config", home + "/.config/stormtop/ssh_eu", "~/.config/stormtop/config.yaml:11"},
		{"switch", box{files: files, flags: map[string][]string{"no-zk": {"true"}}}, "zookeeper.enabled", "false", "--no-zk"},
		{"switch by variable", box{files: files, env: map[string]string{"STORMTOP_NO_SSH": "1"}}, "ssh.enabled", "false", "STORMTOP_NO_SSH"},
		{"switch said no", box{files: files, flags: map[string][]string{"no-zk": {"false"}}, env: map[string]string{"STORMTOP_NO_ZK": "1"}}, "zookeeper.enabled", "true", "--no-zk"},
		{"zk flag", box{files: files, flags: map[string][]string{"zk": {"z1,z2:2190/other"}}}, "zookeeper.servers", "z1:2182, z2:2190", "--zk"},
		{"zk flag root", box{files: files, flags: map[string][]string{"zk": {"z1,z2:2190/other"}}}, "zookeeper.root", "/other", "--zk"},
		{"seeds by -c", box{flags: map[string][]string{"c": {`nimbus.seeds=["h1","h2"]`, "nimbus.thrift.port=7"}}}, "nimbus", "h1:7, h2:7", "-c nimbus.seeds"},
		{"host by -c", box{files: map[string]string{stormPath: stormFileText}, flags: map[string][]string{"c": {"nimbus.host=nim-a"}}}, "nimbus", "nim-a:6640", "-c nimbus.host"},
		{"nimbus.host of 0.9", box{files: map[string]string{stormPath: "nimbus.host: old\n"}}, "nimbus", "old:6627", "~/.storm/storm.yaml:1"},
		{"larger buffer", box{files: map[string]string{stormPath: "nimbus.host: old\nnimbus.thrift.max_buffer_size: 33554432\n"}}, "nimbus.max_frame", "32M", "~/.storm/storm.yaml:2"},
		{"smaller buffer", box{files: map[string]string{stormPath: "nimbus.host: old\nnimbus.thrift.max_buffer_size: 1048576\n"}}, "nimbus.max_frame", "16M", "default"},
		{"keys file", box{}, "keys", home + "/.config/stormtop/keys.yaml", "default"},
		{"last of a repeated flag", box{flags: map[string][]string{"timeout": {"1", "2"}}}, "timeout", "2s", "--timeout"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := tc.b.load(t)
			s := setting(t, c, tc.key)
			if s.Value != tc.value || s.Origin.String() != tc.org {
				t.Errorf("%s = %q from %q, want %q from %q", tc.key, s.Value, s.Origin, tc.value, tc.org)
			}
		})
	}
}

func TestStreamparseLayerHasItsPlace(t *testing.T) {
	in := box{}.inputs()
	c := defaults(in.paths())
	var layers [ranks]Layer
	layers[rankStreamparse] = Layer{Name: "config.json", Entries: map[string]Entry{
		"nimbus":   {[]string{"from-json"}, Origin{Kind: OriginStreamparse, Path: "config.json", Name: "live"}},
		"ssh.user": {[]string{"ops"}, Origin{Kind: OriginStreamparse, Path: "config.json", Name: "live"}},
	}}
	layers[rankStorm] = Layer{Entries: map[string]Entry{"nimbus": {[]string{"from-storm"}, Origin{Kind: OriginStorm}}}}
	layers[rankCluster] = Layer{Entries: map[string]Entry{"ssh.user": {[]string{"storm"}, Origin{Kind: OriginConfig}}}}
	var errs Errors
	apply(c, layers, in, &errs)
	if len(errs) > 0 || c.Nimbus.V[0].Host != "from-json" || c.SSHUser.V != "storm" {
		t.Fatalf("%v %v %v", errs, c.Nimbus, c.SSHUser)
	}
	if got := c.Nimbus.Origin.String(); got != "config.json (env live)" {
		t.Errorf("origin %q", got)
	}
	e, _ := box{flags: map[string][]string{"env": {"live"}}}.fails(t)
	if e.Where != "--env" || !strings.Contains(e.What, "not supported by this version") {
		t.Errorf("%+v", e)
	}
}

func TestStormSearchOrder(t *testing.T) {
	all := map[string]string{
		"/a/flag.yaml": "nimbus.host: flag\n", "/a/var.yaml": "nimbus.host: var\n", "/conf/storm.yaml": "nimbus.host: dir\n",
		stormPath: "nimbus.host: dot\n", "/opt/storm/conf/storm.yaml": "nimbus.host: opt\n", "/etc/storm/storm.yaml": "nimbus.host: etc\n",
		"/opt/storm/conf/rel.yaml": "nimbus.host: rel\n",
	}
	env := map[string]string{"STORM_CONF_FILE": "/a/var.yaml", "STORM_CONF_DIR": "/conf", "STORM_HOME": "/opt/storm"}
	without := func(names ...string) map[string]string {
		e := map[string]string{}
		for k, v := range env {
			if !slices.Contains(names, k) {
				e[k] = v
			}
		}
		return e
	}
	cases := []struct {
		name string
		b    box
		want string
	}{
		{"flag", box{files: all, env: env, flags: map[string][]string{"storm-conf": {"/a/flag.yaml"}}}, "flag"},
		{"variable of ours", box{files: all, env: map[string]string{"STORMTOP_STORM_CONF": "/a/flag.yaml"}}, "flag"},
		{"STORM_CONF_FILE", box{files: all, env: env}, "var"},
		{"relative STORM_CONF_FILE", box{files: all, env: map[string]string{"STORM_CONF_FILE": "rel.yaml", "STORM_HOME": "/opt/storm"}}, "rel"},
		{"STORM_CONF_DIR", box{files: all, env: without("STORM_CONF_FILE")}, "dir"},
		{"home", box{files: all, env: without("STORM_CONF_FILE", "STORM_CONF_DIR")}, "dot"},
		{"STORM_HOME", box{files: all, home: "-", env: without("STORM_CONF_FILE", "STORM_CONF_DIR")}, "opt"},
		{"etc", box{files: all, home: "-"}, "etc"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := tc.b.load(t)
			if c.Nimbus.V[0].Host != tc.want || c.Name != "storm.yaml" || c.Mode.ReadOnly {
				t.Errorf("nimbus %v, name %s, mode %+v", c.Nimbus, c.Name, c.Mode)
			}
		})
	}
	for name, b := range map[string]box{
		"--storm-conf":    {flags: map[string][]string{"storm-conf": {"/no"}}},
		"STORM_CONF_FILE": {env: map[string]string{"STORM_CONF_FILE": "/no"}},
		"--config":        {flags: map[string][]string{"config": {"/no"}}},
		"STORMTOP_CONFIG": {env: map[string]string{"STORMTOP_CONFIG": "/no"}},
	} {
		e, _ := b.fails(t)
		if e.Where != name || e.What != `there is no file "/no"` || e.Hint == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	_, ws := box{files: all, env: map[string]string{"STORM_CONF_DIR": "/empty"}}.load(t)
	if !warned(ws, "there is no storm.yaml in /empty") {
		t.Errorf("warnings %v", ws)
	}
}

func TestMode(t *testing.T) {
	conf := func(extra string) map[string]string {
		return map[string]string{confPath: "clusters:\n  lab:\n    nimbus: n1\n" + extra}
	}
	flag := func(kv ...string) map[string][]string {
		m := map[string][]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = []string{kv[i+1]}
		}
		return m
	}
	cases := []struct {
		name     string
		b        box
		readOnly bool
		reason   string
		forCmd   bool // read-only for a subcommand, too
	}{
		{"named by config.yaml", box{files: conf("")}, false, "", false},
		{"marked", box{files: conf("    mode: read-only\n")}, true, "config.yaml:4", true},
		{"--write does not lift the mark", box{files: conf("    mode: read-only\n"), flags: flag("write", "true")}, true, "config.yaml:4", true},
		{"actions off for all", box{files: conf("ui:\n  actions.enabled: false\n")}, true, "ui.actions.enabled: false, config.yaml:5", true},
		{"actions off nested", box{files: conf("ui: {actions: {enabled: no}}\n")}, true, "ui.actions.enabled: false, config.yaml:4", true},
		{"actions on again for one", box{files: conf("    ui.actions.enabled: true\nui:\n  actions.enabled: false\n")}, false, "", false},
		{"named by storm.yaml", box{files: map[string]string{stormPath: "nimbus.seeds: [a]\n"}}, false, "", false},
		{"actions off in storm.yaml", box{files: map[string]string{stormPath: "nimbus.seeds: [a]\nui.actions.enabled: false\n"}}, true, "ui.actions.enabled: false, storm.yaml:2", true},
		{"storm.yaml without Nimbus", box{files: map[string]string{stormPath: "ui.port: 1\n"}}, true, "this cluster is in no configuration", false},
		{"ad hoc", box{flags: flag("nimbus", "x")}, true, "this cluster is in no configuration", false},
		{"ad hoc by variable", box{env: map[string]string{"STORMTOP_NIMBUS": "x"}}, true, "this cluster is in no configuration", false},
		{"ad hoc beside a configured one", box{files: conf(""), flags: flag("nimbus", "n1")}, true, "this cluster is in no configuration", false},
		{"ad hoc --write", box{flags: flag("nimbus", "x", "write", "true")}, false, "", false},
		{"--write=false", box{flags: flag("nimbus", "x", "write", "false")}, true, "this cluster is in no configuration", false},
		{"never from the environment", box{flags: flag("nimbus", "x"), env: map[string]string{"STORMTOP_WRITE": "1"}}, true, "this cluster is in no configuration", false},
		{"--readonly beats all", box{files: conf("    mode: write\n"), flags: flag("readonly", "true", "write", "true")}, true, "--readonly", true},
		{"STORMTOP_READONLY", box{files: conf(""), env: map[string]string{"STORMTOP_READONLY": "1"}}, true, "STORMTOP_READONLY", true},
		{"STORMTOP_READONLY=0", box{files: conf(""), env: map[string]string{"STORMTOP_READONLY": "0"}}, false, "", false},
		{"--readonly=false lifts nothing", box{files: conf(""), env: map[string]string{"STORMTOP_READONLY": "1"}, flags: flag("readonly", "false")}, true, "STORMTOP_READONLY", true},
		{"other address for a name", box{files: conf(""), flags: flag("cluster", "lab", "nimbus", "elsewhere")}, true, "this cluster is in no configuration", false},
		{"own address for a name", box{files: conf(""), flags: flag("cluster", "lab", "nimbus", "n1:6627")}, false, "", false},
		{"-c names the target", box{flags: flag("c", "nimbus.seeds=x")}, true, "this cluster is in no configuration", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := tc.b.load(t)
			if c.Mode.ReadOnly != tc.readOnly || c.Mode.Reason != tc.reason {
				t.Errorf("mode %+v", c.Mode)
			}
			if c.Mode.Subcommand().ReadOnly != tc.forCmd {
				t.Errorf("subcommand %+v", c.Mode.Subcommand())
			}
			if tc.readOnly != (c.Mode.Hint != "") || tc.readOnly != (c.Mode.String() == "READ-ONLY") {
				t.Errorf("mode %+v", c.Mode)
			}
		})
	}
}

func TestAdHocTargetKeepsTheGuardRailsOfItsCluster(t *testing.T) {
	b := box{files: map[string]string{confPath: twoClusters}, flags: map[string][]string{"nimbus": {"nim-a"}, "write": {"true"}}}
	c, ws := b.load(t)
	if !c.AdHoc || c.Mode.ReadOnly || !c.Prod.V || c.Protect.V == nil || c.MinKillWait.V != 30*time.Second {
		t.Errorf("%+v %v %v %v", c.Mode, c.Prod, c.Protect, c.MinKillWait)
	}
	if c.ZooKeeperRoot.V != "" || !warned(ws, "belongs to the cluster prod-eu") {
		t.Errorf("root %q, warnings %v", c.ZooKeeperRoot.V, ws)
	}
	b.flags["nimbus"] = []string{"127.0.0.1"}
	if c, _ := b.load(t); !c.Mode.ReadOnly || c.Mode.AdHoc {
		t.Errorf("--write lifted mode: read-only: %+v", c.Mode)
	}
}

func TestClustersAreNotMixed(t *testing.T) {
	files := map[string]string{confPath: twoClusters, stormPath: stormFileText}
	for name, b := range map[string]box{
		"other cluster": {files: files, flags: map[string][]string{"cluster": {"lab"}}},
		"ad hoc":        {files: files, flags: map[string][]string{"nimbus": {"x"}}},
		"ad hoc by -c":  {files: files, flags: map[string][]string{"c": {"nimbus.seeds=x"}}},
	} {
		c, ws := b.load(t)
		if len(c.ZooKeeper.V) != 0 || c.LogDir.V != "" || c.Nimbus.V[0].Port != 6627 {
			t.Errorf("%s: %v %v %v", name, c.ZooKeeper, c.LogDir, c.Nimbus)
		}
		if !warned(ws, "describes another cluster (nim-a, nim-b)") {
			t.Errorf("%s: warnings %v", name, ws)
		}
	}
	c, _ := box{files: files, flags: map[string][]string{"cluster": {"storm.yaml"}}}.load(t)
	if c.Name != "storm.yaml" || addressTexts(c.Nimbus.V) != "nim-a:6640, nim-b:6640" || c.Prod.V {
		t.Errorf("%s %v %v", c.Name, c.Nimbus, c.Prod)
	}
	c, _ = box{files: files, flags: map[string][]string{"storm-conf": {stormPath}}}.load(t)
	if c.Name != "storm.yaml" {
		t.Errorf("--storm-conf chose %s", c.Name)
	}
}

func TestCommandLineTargetOutranksTheEnvironments(t *testing.T) {
	env := map[string]string{"STORMTOP_NIMBUS": "elsewhere", "STORMTOP_ZK": "elsezk", "STORMTOP_CLUSTER": "prod-eu"}
	c, ws := box{files: map[string]string{confPath: twoClusters}, env: env, flags: map[string][]string{"cluster": {"lab"}}}.load(t)
	if c.Name != "lab" || c.Nimbus.V[0].Host != "127.0.0.1" || len(c.ZooKeeper.V) != 0 {
		t.Errorf("%s %v %v", c.Name, c.Nimbus, c.ZooKeeper)
	}
	for _, name := range []string{"STORMTOP_NIMBUS", "STORMTOP_ZK"} {
		if !warned(ws, name+": is ignored") {
			t.Errorf("no word about %s: %v", name, ws)
		}
	}
	c, _ = box{files: map[string]string{confPath: twoClusters}, env: map[string]string{"STORMTOP_CLUSTER": "lab"}}.load(t)
	if c.Name != "lab" {
		t.Errorf("STORMTOP_CLUSTER chose %s", c.Name)
	}
}

func TestChoosing(t *testing.T) {
	files := map[string]string{confPath: "clusters:\n  a: {nimbus: h1}\n  b: {nimbus: h2}\nui: {theme: mono}\n"}
	c, _, err := Load(box{files: files}.inputs())
	if !errors.Is(err, ErrChoose) {
		t.Fatalf("err %v", err)
	}
	if c == nil || c.UI.Theme.V != "mono" || c.Name != "" || len(c.Nimbus.V) != 0 || len(c.Clusters()) != 2 {
		t.Fatalf("config %+v", c)
	}
	if one, _, err := c.For("b"); err != nil || one.Nimbus.V[0].Host != "h2" {
		t.Errorf("For b: %v", err)
	}
	e, _ := box{files: files, flags: map[string][]string{"cluster": {"bb"}}}.fails(t)
	if e.Where != "--cluster" || e.What != `there is no cluster "bb"` || e.Hint != "Did you mean b?" {
		t.Errorf("%+v", e)
	}
	e, _ = box{flags: map[string][]string{"cluster": {"storm.yaml"}}}.fails(t)
	if e.What != "no storm.yaml was found" || !strings.Contains(e.Hint, "~/.storm/storm.yaml") {
		t.Errorf("%+v", e)
	}
	if s := setting(t, c, "cluster"); s.Note != "no cluster is chosen" {
		t.Errorf("%+v", s)
	}
}

func TestClustersAndSwitching(t *testing.T) {
	files := map[string]string{confPath: twoClusters, stormPath: stormFileText}
	c, _ := box{files: files, flags: map[string][]string{"nimbus": {"adhoc.example"}, "timeout": {"3"}, "readonly": {"true"}}}.load(t)
	var lines []string
	for _, cl := range c.Clusters() {
		mark := " "
		if cl.Current {
			mark = "*"
		}
		lines = append(lines, mark+cl.Name+" "+addressTexts(cl.Nimbus)+" "+cl.From.Short()+" "+cl.Mode.String())
	}
	want := []string{
		"*adhoc.example adhoc.example:6627 --nimbus READ-ONLY",
		" prod-eu nim-a:6640, nim-b:6630 config.yaml:3 READ-ONLY",
		" lab 127.0.0.1:6627 config.yaml:13 READ-ONLY",
		" storm.yaml nim-a:6640, nim-b:6640 storm.yaml READ-ONLY",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("clusters:\n%s", strings.Join(lines, "\n"))
	}
	prod, _, err := c.For("prod-eu")
	if err != nil || prod.Nimbus.V[0].Host != "nim-a" || prod.Timeout.V != 3*time.Second || prod.Mode.Reason != "--readonly" || !prod.Prod.V {
		t.Errorf("prod-eu: %+v %v", prod, err)
	}
	back, _, err := prod.For("adhoc.example")
	if err != nil || back.Nimbus.V[0].Host != "adhoc.example" {
		t.Errorf("back: %v", err)
	}
	if _, _, err := c.For("nowhere"); err == nil {
		t.Error("For nowhere gave no error")
	}
}

func TestWarnings(t *testing.T) {
	cases := []struct {
		name, want string
		b          box
	}{
		{"HOME", "HOME: is not set", box{home: "-"}},
		{
			"world-writable config", "~/.config/stormtop/config.yaml: anybody on this machine can change this file",
			box{files: map[string]string{confPath: ""}, modes: map[string]fs.FileMode{confPath: 0o666}},
		},
		{
			"world-writable storm.yaml", "~/.storm/storm.yaml: anybody",
			box{files: map[string]string{stormPath: "nimbus.host: a\n"}, modes: map[string]fs.FileMode{stormPath: 0o646}},
		},
		{
			"hidden -c", "-c ui.port: has no effect: ~/.config/stormtop/config.yaml:4 outranks",
			box{files: map[string]string{confPath: "clusters:\n  a:\n    nimbus: x\n    ui.port: 1\n"}, flags: map[string][]string{"c": {"ui.port=2"}}},
		},
		{"useless -c", "Did you mean nimbus.seeds?", box{flags: map[string][]string{"c": {"nimbus.seed=2"}}}},
		{
			"double key", "logviewer.port stands twice; this value counts, not the one on line 1",
			box{files: map[string]string{stormPath: "logviewer.port: 1\nlogviewer.port: 2\n"}},
		},
		{
			"kerberos", "asks for KerberosSaslTransportPlugin; this version speaks the plain transport only",
			box{files: map[string]string{stormPath: "storm.thrift.transport: org.apache.storm.security.auth.kerberos.KerberosSaslTransportPlugin\n"}},
		},
		{"tls", "asks for TLS", box{files: map[string]string{stormPath: "nimbus.thrift.client.use.tls: true\n"}}},
		{
			"zookeeper auth", "storm.zookeeper.auth.payload is recognised and not used",
			box{files: map[string]string{stormPath: "storm.zookeeper.auth.payload: u:p\n"}},
		},
		{"write in vain", "--write: the cluster stays read-only (--readonly)", box{flags: map[string][]string{"readonly": {"true"}, "write": {"true"}}}},
		{"STORMTOP_WRITE", "only --write on the command line", box{env: map[string]string{"STORMTOP_WRITE": "1"}}},
		{
			"broken storm.yaml beside a cluster", "~/.storm/storm.yaml:1:5: is not YAML",
			box{files: map[string]string{stormPath: "a: b: c\n", confPath: "clusters: {a: {nimbus: x}}\n"}},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if _, ws := tc.b.load(t); !warned(ws, tc.want) {
				t.Errorf("warnings %v", ws)
			}
		})
	}
	if _, ws := (box{files: map[string]string{confPath: twoClusters}}).load(t); len(ws) != 0 {
		t.Errorf("warnings about nothing: %v", ws)
	}
}

func TestTransportOfStormYAML(t *testing.T) {
	c, ws := box{files: map[string]string{stormPath: "nimbus.host: a\nstorm.thrift.transport: backtype.storm.security.auth.SimpleTransportPlugin\n"}}.load(t)
	if c.Transport.V != "plain" || c.Transport.Origin.Short() != "storm.yaml:2" || len(ws) != 0 {
		t.Errorf("%v %v", c.Transport, ws)
	}
	c, _ = box{files: map[string]string{stormPath: "nimbus.host: a\nstorm.thrift.transport: x.DigestSaslTransportPlugin\n"}}.load(t)
	if c.Transport.V != "DigestSaslTransportPlugin" {
		t.Errorf("%v", c.Transport)
	}
}

func TestHomelessAndOddXDG(t *testing.T) {
	c, _ := box{home: "-", flags: map[string][]string{"nimbus": {"x"}}}.load(t)
	if c.Paths != (Paths{}) || c.Keys.V != "" {
		t.Errorf("paths %+v keys %v", c.Paths, c.Keys)
	}
	in := box{env: map[string]string{"XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d"}}.inputs()
	want := Paths{Config: confPath, Keys: home + "/.config/stormtop/keys.yaml", State: "/s/stormtop", Dumps: "/d/stormtop/dumps"}
	if got := in.paths(); got != want {
		t.Errorf("paths %+v", got)
	}
	if _, _, err := Load(Inputs{}); err != nil {
		t.Errorf("empty inputs: %v", err)
	}
}

func TestEnvName(t *testing.T) {
	for flag, want := range map[string]string{"nimbus": "STORMTOP_NIMBUS", "ssh-user": "STORMTOP_SSH_USER", "yes": "", "write": "", "force": "", "readonly": "STORMTOP_READONLY"} {
		if got := EnvName(flag); got != want {
			t.Errorf("%s: %q", flag, got)
		}
	}
}
