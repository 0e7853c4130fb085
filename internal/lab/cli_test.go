package lab

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// labEnvironment is an environment in which no command reaches a real cluster.
func labEnvironment(t *testing.T, more map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{"STORMTOP_LAB_DIR": filepath.Join(dir, "lab"), "STORMTOP_LAB_CACHE": filepath.Join(dir, "cache")}
	maps.Copy(env, more)
	return func(name string) string { return env[name] }
}

func TestMainArguments(t *testing.T) {
	for _, c := range []struct {
		args string
		env  map[string]string
		code int
		says string
	}{
		{"", nil, ExitUsage, "stormlab: a command is missing"},
		{"fly", nil, ExitUsage, `stormlab: there is no command "fly"`},
		{"up now", nil, ExitUsage, "stormlab: it is: stormlab up\n"},
		{"submit", nil, ExitUsage, "stormlab: it is: stormlab submit NAME…\n"},
		{"kill", nil, ExitUsage, "stormlab: it is: stormlab kill NAME [WAIT]\n"},
		{"kill wc soon", nil, ExitUsage, `"soon" is no number of seconds`},
		{"kill wc -1", nil, ExitUsage, `"-1" is no number of seconds`},
		{"stop 127.0.0.1", nil, ExitUsage, "stop HOST DAEMON [-9]"},
		{"stop 127.0.0.1 nimbus -15", nil, ExitUsage, `-9 only, not "-15"`},
		{"stop 10.0.0.1 nimbus", nil, ExitUsage, `there is no host "10.0.0.1": the hosts are 127.0.0.1, 127.0.0.2`},
		{"start 127.0.0.2 ui", nil, ExitUsage, `host 127.0.0.2 has no "ui": it runs nimbus, supervisor, sshd`},
		{"start 127.0.0.1 supervisor-3 --storm 1.2.2", nil, ExitUsage, "it runs zookeeper, nimbus, ui, supervisor, supervisor-2, logviewer, sshd"},
		{"start 127.0.0.1 nimbus", nil, ExitFailed, "bring it up first"},
		{"submit nonsense", nil, ExitUsage, "submit knows wordcount, flaky, skew, edits"},
		{"--storm", nil, ExitUsage, "--storm needs a version"},
		{"--storm= up", nil, ExitUsage, "--storm needs a version"},
		{"--storm latest status", nil, ExitUsage, `"latest" is no Storm version: the lab knows 0.9.7, 0.10.2, 1.2.2, 2.8.3`},
		{"--storm 3.0.0 status", nil, ExitUsage, "Storm 3.0.0 is unknown here"},
		{"status", map[string]string{"STORM": "../evil"}, ExitUsage, "no Storm version"},
		{"status", map[string]string{"STORM_HOME": "/nonexistent"}, ExitUsage, "no RELEASE file"},
		{"status", map[string]string{"STORM_WEBAPP_JAR": "/nonexistent.jar"}, ExitUsage, "there is no such file"},
		{"status", map[string]string{"LAB_RATE": "fast"}, ExitUsage, "LAB_RATE"},
		{"status", map[string]string{"LAB_RATE": "0"}, ExitUsage, "LAB_RATE"},
		{"status", map[string]string{"LAB_WITHOUT": "nimbus"}, ExitUsage, "only ui, logviewer and sshd"},
		{"env", nil, ExitFailed, "no cluster is up in "},
		{"status", nil, ExitFailed, ""},
		{"down", nil, ExitOK, ""},
		{"down --storm=0.9.7", nil, ExitOK, ""},
		{"clean", nil, ExitOK, ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, err bytes.Buffer
			code := Main(t.Context(), strings.Fields(c.args), labEnvironment(t, c.env), &out, &err)
			if code != c.code || !strings.Contains(err.String(), c.says) || (c.says == "" && err.Len() > 0) {
				t.Errorf("exit %d, says %q; want %d and %q", code, err.String(), c.code, c.says)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if code := Main(t.Context(), []string{"-h"}, labEnvironment(t, nil), &out, &out); code != ExitOK {
		t.Errorf("exit %d", code)
	}
	for _, part := range []string{
		"usage: stormlab", "STORM_HOME", "STORM_WEBAPP_JAR", "STORMTOP_LAB_CACHE", "STORMTOP_LAB_DIR", "LAB_ROLL_SIZE", "LAB_RATE",
		"0.9.7, 0.10.2, 1.2.2, 2.8.3", "  JDK 17", "  Maven", "  cc ", "  python3", "  pystorm", "  sshd",
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the help lacks %q:\n%s", part, out.String())
		}
	}
	if strings.Contains(out.String(), "%!") {
		t.Errorf("the help has a hole:\n%s", out.String())
	}
}

func TestCleanLeavesForeignDirectoriesAlone(t *testing.T) {
	getenv := labEnvironment(t, nil)
	precious := filepath.Join(getenv("STORMTOP_LAB_DIR"), "thesis.txt")
	if err := writeFile(precious, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := Main(t.Context(), []string{"clean"}, getenv, &out, &out); code != ExitFailed || !exists(precious) {
		t.Errorf("exit %d, the file is there: %v\n%s", code, exists(precious), out.String())
	}
}

func TestDescription(t *testing.T) {
	l := cluster(t, "2.8.3", func(set *Settings) { set.WebappJar, set.Without = "/jars/webapp.jar", nil })
	if err := l.writeDescription(); err != nil {
		t.Fatal(err)
	}
	dir := l.set.Dir
	c, err := Open(filepath.Join(dir, "lab.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Cluster{
		Version: "2.8.3", Nimbus: []string{"127.0.0.1:6627", "127.0.0.2:6627"}, Zookeeper: "127.0.0.1:2181/storm",
		UI: "http://127.0.0.1:8080", Logviewers: []string{"127.0.0.1:8000", "127.0.0.2:8000"}, Hosts: []string{"127.0.0.1", "127.0.0.2"},
		SSHConfig: dir + "/ssh/config", LogDir: dir + "/hosts/127.0.0.1/logs", ArtifactsDir: dir + "/hosts/127.0.0.1/logs/workers-artifacts",
		HostDirs:  map[string]string{"127.0.0.1": dir + "/hosts/127.0.0.1", "127.0.0.2": dir + "/hosts/127.0.0.2"},
		StormYAML: dir + "/hosts/127.0.0.1/conf/storm.yaml", Topologies: []string{"wordcount", "flaky", "skew", "edits"}, Settings: l.set,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("read back %+v\nwant %+v", c, want)
	}

	// Later commands need not be told what `up` was told, except the rate.
	var set Settings
	getenv := func(name string) string { return map[string]string{"STORMTOP_LAB_DIR": dir, "LAB_RATE": "2"}[name] }
	if set, err = SettingsFrom(getenv, ""); err != nil {
		t.Fatal(err)
	}
	if !set.adopt(getenv) || set.WebappJar != "/jars/webapp.jar" || set.Cache != l.set.Cache || set.Rate != 2 {
		t.Errorf("taken over as %+v", set)
	}

	other := *l
	other.set.Distribution = "/opt/storm"
	if err := other.sameSource(); err == nil || !strings.Contains(err.Error(), "runs from Maven's artifacts") {
		t.Errorf("bringing up another distribution in its place gives %v", err)
	}
	if err := l.sameSource(); err != nil {
		t.Error(err)
	}

	var out bytes.Buffer
	if err := c.writeEnv(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"export STORMTOP_LAB='" + dir + "/lab.json'\n", "export STORMTOP_NIMBUS='127.0.0.1:6627,127.0.0.2:6627'\n",
		"export STORMTOP_ZK='127.0.0.1:2181/storm'\n", "export STORMTOP_LAB_SSH_CONFIG='" + dir + "/ssh/config'\n",
		"export LAB_UI='http://127.0.0.1:8080'\n", "export LAB_VERSION='2.8.3'\n",
		"# stormtop --nimbus 127.0.0.1:6627 --nimbus 127.0.0.2:6627 --zk 127.0.0.1:2181/storm\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("env lacks %q:\n%s", line, out.String())
		}
	}
}

func TestDescriptionOfAnOldLine(t *testing.T) {
	c := cluster(t, "0.9.7", nil).describe()
	if c.ArtifactsDir != c.LogDir || c.Nimbus[0] != "127.0.0.1:26627" || c.Zookeeper != "127.0.0.1:21810/storm" || c.UI != "http://127.0.0.1:28080" {
		t.Errorf("0.9.7 is described as %+v", c)
	}
}

func TestOpenWithoutACluster(t *testing.T) {
	t.Setenv(DescriptionVariable, "")
	if _, err := Open(""); !errors.Is(err, ErrNoCluster) {
		t.Errorf("without the variable: %v", err)
	}
	file := filepath.Join(t.TempDir(), "lab.json")
	if _, err := Open(file); !errors.Is(err, ErrNoCluster) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || errors.Is(err, ErrNoCluster) {
		t.Errorf("with a broken file: %v", err)
	}
}

func TestQuote(t *testing.T) {
	if got := quote(`a 'b' $c`); got != `'a '\''b'\'' $c'` {
		t.Errorf("quoted as %s", got)
	}
}

func TestDistribution(t *testing.T) {
	dir := t.TempDir()
	getenv := labEnvironment(t, map[string]string{"STORM_HOME": dir, "STORM": "1.2.2"})
	write := func(name, text string) {
		t.Helper()
		if err := writeFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("RELEASE", "2.6.1\n")
	if _, err := SettingsFrom(getenv, ""); err == nil || !strings.Contains(err.Error(), "no jars in its lib directory") {
		t.Errorf("an empty distribution gives %v", err)
	}
	write("lib/storm-server-2.6.1.jar", "")
	write("lib-worker/storm-client-2.6.1.jar", "")
	set, err := SettingsFrom(getenv, "")
	if err != nil || set.Version != "2.6.1" {
		t.Fatalf("the distribution's own version is %q, %v", set.Version, err)
	}
	l, err := New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l.hasWebapp() {
		t.Error("a UI without its jar")
	}
	write("lib-webapp/storm-webapp-2.6.1.jar", "")
	if !l.hasWebapp() {
		t.Error("no UI although its jar is there")
	}
	if got := l.libraries(); len(got) != 1 || got["lib-zookeeper"] == "" {
		t.Errorf("from Maven come %v", got)
	}
	write("RELEASE", "0.9.7\n")
	if _, err := SettingsFrom(getenv, ""); err == nil || !strings.Contains(err.Error(), "only 1.x and 2.x") {
		t.Errorf("a 0.9 distribution gives %v", err)
	}
}
