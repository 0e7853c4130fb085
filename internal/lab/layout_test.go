package lab

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	got, err := fill("a @ONE@ b @TWO_X@ c@d.e @lower@", map[string]string{"ONE": "1", "TWO_X": "@ONE@"})
	if err != nil || got != "a 1 b @ONE@ c@d.e @lower@" {
		t.Errorf("filled in to %q, %v", got, err)
	}
	if _, err := fill("@NOTHING@", nil); err == nil || !strings.Contains(err.Error(), "@NOTHING@") {
		t.Errorf("a missing value gives %v", err)
	}
}

// cluster lays out a cluster of the version with an empty library.
func cluster(t *testing.T, version string, change func(*Settings)) *Lab {
	t.Helper()
	dir := t.TempDir()
	set := Settings{Version: version, Cache: filepath.Join(dir, "cache"), Dir: filepath.Join(dir, "lab"), RollSize: "256 KB", Rate: 1, Without: []string{"sshd"}}
	if change != nil {
		change(&set)
	}
	l, err := New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(l.bindto(), []byte("library"), 0o755); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLayOut(t *testing.T) {
	for _, version := range Versions() {
		t.Run(version, func(t *testing.T) {
			l := cluster(t, version, nil)
			for range 2 { // a second `up` finds the files of the first
				if err := l.layOut(); err != nil {
					t.Fatal(err)
				}
			}
			files := map[string]string{}
			err := filepath.WalkDir(l.set.Dir, func(path string, e fs.DirEntry, err error) error {
				if err != nil || !e.Type().IsRegular() {
					return err
				}
				text, err := os.ReadFile(path)
				name, _ := filepath.Rel(l.set.Dir, path)
				files[name] = string(text)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range files {
				if hole := placeholder.FindString(text); hole != "" {
					t.Errorf("%s has the hole %s", name, hole)
				}
			}
			for name, parts := range wantedFiles(version, l.set.Dir) {
				for _, part := range parts {
					if !strings.Contains(files[name], part) {
						t.Errorf("%s lacks %q:\n%s", name, part, files[name])
					}
				}
			}
			info, err := os.Stat(filepath.Join(l.hostDir("127.0.0.1"), "bin", "flight.bash"))
			if err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("flight.bash cannot be run: %v, %v", info, err)
			}
		})
	}
}

// wantedFiles names lines that matter, by file.
func wantedFiles(version, dir string) map[string][]string {
	logback := []string{"<maxFileSize>256KB</maxFileSize>"}
	h1, h2 := "hosts/127.0.0.1/", "hosts/127.0.0.2/"
	switch version {
	case "2.8.3":
		return map[string][]string{
			h1 + "conf/storm.yaml": {
				`storm.local.hostname: "127.0.0.1"`, `nimbus.seeds: ["127.0.0.1", "127.0.0.2"]`, "nimbus.thrift.port: 6627",
				"supervisor.slots.ports: [6700, 6701, 6702, 6703]", `storm.zookeeper.servers: ["127.0.0.1"]`,
				`storm.local.dir: "` + dir + `/hosts/127.0.0.1/storm-local"`,
			},
			h2 + "conf/storm.yaml":    {`storm.local.hostname: "127.0.0.2"`, `storm.zookeeper.servers: ["127.0.0.1"]`},
			h1 + "log4j2/worker.xml":  {`<SizeBasedTriggeringPolicy size="256 KB"/>`, "${sys:workers.artifacts}/", `%c{1.} %t [%p]`, `"org.apache.storm.metric.`},
			h2 + "log4j2/cluster.xml": {`shutdownHook="disable"`},
			"zookeeper/zoo.cfg":       {"clientPort=2181", "clientPortAddress=127.0.0.1"},
			h1 + "bin/flight.bash":    {"date +'%Y%m%d%H%M%S'"},
			"hosts/127.0.0.2/RELEASE": {"2.8.3\n"},
			"hosts/127.0.0.1/RELEASE": {"2.8.3\n"},
			preloaded:                 {"library"},
			h2 + "bin/flight.bash":    {"kill -9"},
			h1 + "log4j2/cluster.xml": {"${sys:storm.log.dir}/${sys:logfile.name}"},
			h2 + "log4j2/worker.xml":  {".metrics.%i.gz"},
		}
	case "0.9.7":
		return map[string][]string{
			h1 + "conf/storm.yaml":              {`nimbus.host: "127.0.0.1"`, "nimbus.thrift.port: 26627", "ui.port: 28080", "storm-local/master"},
			h1 + "conf-supervisor/storm.yaml":   {"supervisor.slots.ports: [26700, 26701]", "storm-local/supervisor\"", "--add-opens=java.base/java.nio=ALL-UNNAMED"},
			h1 + "conf-supervisor-2/storm.yaml": {"supervisor.slots.ports: [26702, 26703]", "storm-local/supervisor-2\""},
			h1 + "logback/cluster.xml":          logback,
		}
	case "0.10.2":
		return map[string][]string{
			h1 + "conf/storm.yaml":   {`nimbus.host: "127.0.0.1"`},
			h1 + "log4j2/worker.xml": {`"backtype.storm.metric.`, "${sys:storm.log.dir}", "%c{1.} [%p]", ".metrics.log.%i.gz"},
		}
	}
	return map[string][]string{
		h1 + "conf/storm.yaml":   {`nimbus.seeds: ["127.0.0.1"]`, "worker.heap.memory.mb: 128"},
		h1 + "log4j2/worker.xml": {"${sys:workers.artifacts}/", `%c{1.} %t [%p]`},
		h1 + "bin/flight.bash":   {"date +'%Y%m%d-%H%M%S'"},
	}
}

func TestTopologiesAreComplete(t *testing.T) {
	for _, version := range Versions() {
		l := cluster(t, version, nil)
		for _, name := range slices.Concat(l.line.topologies, l.line.further) {
			if rates()[name] <= 0 {
				t.Errorf("%s has no rate", name)
			}
			if !l.line.modern {
				continue
			}
			text, err := asset("flux/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			text, err = fill(text, map[string]string{"PYTHON": "/usr/bin/python3", "RATE": l.rate(name), "LOGS": "/logs"})
			if err != nil || !strings.Contains(text, `name: "`+name+`"`) {
				t.Errorf("%s: %v, or it names itself differently:\n%s", name, err, text)
			}
		}
	}
}

func TestRate(t *testing.T) {
	l := cluster(t, "2.8.3", func(set *Settings) { set.Rate = 0.25 })
	if got := l.rate("wordcount"); got != "5" {
		t.Errorf("a quarter of 20 a second is %s", got)
	}
}

func TestUnpackWeb(t *testing.T) {
	dir := t.TempDir()
	jar := filepath.Join(dir, "web.jar")
	out := filepath.Join(dir, "out")
	write := func(files map[string]string) {
		t.Helper()
		content := map[string][]byte{}
		for name, text := range files {
			content[name] = []byte(text)
		}
		if err := writeJar(jar, content); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]string{"WEB-INF/index.html": "page", "WEB-INF/js/a.js": "script", "org/A.class": "x", "META-INF/MANIFEST.MF": "m"})
	if err := unpackWeb(jar, out); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(out, "js", "a.js")); err != nil || string(text) != "script" {
		t.Errorf("unpacked %q, %v", text, err)
	}
	if exists(filepath.Join(out, "org")) || exists(filepath.Join(out, "A.class")) {
		t.Error("classes were unpacked too")
	}
	write(map[string]string{"WEB-INF/../../evil": "x"})
	if err := unpackWeb(jar, out); err == nil || exists(filepath.Join(dir, "evil")) {
		t.Errorf("a file outside of the directory gives %v", err)
	}
	write(map[string]string{"org/A.class": "x"})
	if err := unpackWeb(jar, out); err == nil || !strings.Contains(err.Error(), "no storm-webapp jar") {
		t.Errorf("a jar without pages gives %v", err)
	}
}

func TestLink(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "lib")
	for _, target := range []string{"/a", "/a", "/b"} {
		if err := link(target, name); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(name); err != nil || got != target {
			t.Errorf("linked to %s, %v; want %s", got, err, target)
		}
	}
}
