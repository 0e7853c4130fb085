package follow

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest/require"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

// picture is a topology of two components on two hosts, as ZooKeeper and Nimbus
// tell it.
func picture() *cluster.Snapshot {
	t := &cluster.Topology{
		Summary: nimbusclient.TopologySummary{ID: "a-1-7", Name: "a"},
		Info: &nimbusclient.TopologyInfo{ExecutorList: []nimbusclient.Executor{
			{ID: nimbusclient.ExecutorID{Start: 1, End: 1}, Component: "lines", Host: "w1", Port: 6700},
			{ID: nimbusclient.ExecutorID{Start: 2, End: 3}, Component: "split", Host: "w2", Port: 6701},
		}},
		InfoAt: time.Unix(100, 0),
	}
	return &cluster.Snapshot{
		Cluster: &nimbusclient.Cluster{}, Topologies: map[string]*cluster.Topology{"a-1-7": t}, ZKAt: time.Unix(100, 0),
		ZK: &zkview.View{Assignments: map[string]zkview.Assignment{"a-1-7": {
			TopologyID: "a-1-7", Hosts: map[string]string{"sup1": "w1", "sup2": "w2"},
			Executors: map[zkview.TaskRange]zkview.Slot{{Start: 1, End: 1}: {Node: "sup1", Port: 6700}, {Start: 2, End: 3}: {Node: "sup2", Port: 6701}},
		}}},
	}
}

func TestPathsPerVersion(t *testing.T) {
	d := Dirs{Logs: "/l", Artifacts: "/l/workers-artifacts"}
	for _, test := range []struct {
		line nimbusclient.Line
		kind logs.Kind
		want string
	}{
		{nimbusclient.V0_9, logs.KindWorker, "/l/worker-6700.log"},
		{nimbusclient.V0_9, logs.KindErr, ""},
		{nimbusclient.V0_9, logs.KindMetrics, "/l/metrics.log"},
		{nimbusclient.V0_10, logs.KindWorker, "/l/a-1-7-worker-6700.log"},
		{nimbusclient.V0_10, logs.KindErr, "/l/a-1-7-worker-6700.log.err"},
		{nimbusclient.V0_10, logs.KindMetrics, "/l/a-1-7-worker-6700.log.metrics.log"},
		{nimbusclient.V1, logs.KindWorker, "/l/workers-artifacts/a-1-7/6700/worker.log"},
		{nimbusclient.V2, logs.KindErr, "/l/workers-artifacts/a-1-7/6700/worker.log.err"},
		{nimbusclient.V2, logs.KindGC, "/l/workers-artifacts/a-1-7/6700/gc.log"},
		{nimbusclient.V2, logs.KindEvents, "/l/workers-artifacts/a-1-7/6700/events.log"},
		{nimbusclient.LineUnknown, logs.KindWorker, "/l/workers-artifacts/a-1-7/6700/worker.log"},
	} {
		if got := workerLog(test.line, d, "a-1-7", 6700, test.kind); got != test.want {
			t.Errorf("%v %v: %q, want %q", test.line, test.kind, got, test.want)
		}
	}
	for _, id := range []string{"", ".", "..", "../../etc", "a/b", "a\x00b"} {
		if got := workerLog(nimbusclient.V2, d, id, 6700, logs.KindWorker); got != "" {
			t.Errorf("the id %q leads to %q", id, got)
		}
	}
	if got := daemonLog(d, "../passwd"); got != "" {
		t.Errorf("a daemon's name leads to %q", got)
	}
}

func TestFactsOfCommandLines(t *testing.T) {
	proc := "=120\n java\n -Dstorm.log.dir=/srv/storm/logs\n -Dworkers.artifacts=/srv/storm/logs/workers-artifacts\n" +
		" -Dstorm.id=a b-1-7\n -Dworker.port=6700\n -Dstorm.local.dir=/srv/local\n org.apache.storm.LogWriter\n" +
		"=121\n java\n -Dworker.port=6700\n -Dstorm.id=a b-1-7\n -Dstorm.log.dir=/other\n" +
		"=77\n java\n -Ddaemon.name=supervisor\n -Dstorm.log.dir=/srv/storm/logs\n+1\n+9\n.\n"
	f := parseFacts([]byte(proc), 3)
	if !f.whole || len(f.processes) != 2 || !f.there[1] || f.there[9] {
		t.Fatalf("facts %+v", f)
	}
	if p := f.processes[0]; p.id != "a b-1-7" || p.port != 6700 || p.artifacts != "/srv/storm/logs/workers-artifacts" || p.local != "/srv/local" || p.pid != 120 {
		t.Errorf("worker %+v", p)
	}
	if p := f.processes[1]; p.daemon != "supervisor" {
		t.Errorf("daemon %+v", p)
	}
	ps := "~120 java -server -Dstorm.log.dir=/srv/my logs -Dworker.port=6701 -Dstorm.id=x y-2-8 -cp a:b\n~oops\n~\n"
	f = parseFacts([]byte(ps), 0)
	if len(f.processes) != 1 || f.processes[0].logs != "/srv/my logs" || f.processes[0].id != "x y-2-8" || f.whole {
		t.Errorf("of ps: %+v", f)
	}
}

// TestFactsScriptRuns asks this machine, with a process that looks like a worker.
func TestFactsScriptRuns(t *testing.T) {
	sh := require.Tool(t, "sh")
	dir := t.TempDir()
	worker := exec.CommandContext(t.Context(), sh, "-c", "read x", "java", "-Dworker.port=6712", "-Dstorm.id=odd name-1-2", "-Dstorm.log.dir="+dir)
	in, err := worker.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = worker.Wait()
	}()
	out, err := exec.CommandContext(t.Context(), sh, "-c", factsScript([]string{"/nowhere/at all", dir})).Output()
	if err != nil {
		t.Fatal(err)
	}
	f := parseFacts(out, 2)
	if !f.whole || f.there[0] || !f.there[1] {
		t.Errorf("directories %v of %q", f.there, out)
	}
	for _, p := range f.processes {
		if p.port == 6712 {
			if p.id != "odd name-1-2" || p.logs != dir || p.pid != worker.Process.Pid {
				t.Errorf("worker %+v", p)
			}
			return
		}
		if p.port == 0 && p.logs == "" {
			t.Errorf("the script found itself: %+v", p)
		}
	}
	t.Errorf("no worker in %q", out)
}

func TestWhoSaysTheDirectory(t *testing.T) {
	byWorker := facts{processes: []process{{port: 6700, id: "a", logs: "/w/logs", artifacts: "/w/art"}}}
	for name, test := range map[string]struct {
		places Places
		conf   map[string]any
		facts  facts
		want   Dirs
	}{
		"flags": {
			Places{LogDir: Told{"/x", "--log-dir"}},
			nil, byWorker,
			Dirs{Logs: "/x", Artifacts: "/x/workers-artifacts", From: "--log-dir"},
		},
		"relative artifacts": {
			Places{LogDir: Told{"/x", "--log-dir"}, ArtifactsDir: Told{"art", "config.yaml"}},
			nil, byWorker,
			Dirs{Logs: "/x", Artifacts: "/x/art", From: "config.yaml"},
		},
		"nimbus": {
			Places{},
			map[string]any{"storm.log.dir": "/n/logs", "storm.workers.artifacts.dir": "wa"},
			facts{there: map[int]bool{0: true}},
			Dirs{Logs: "/n/logs", Artifacts: "/n/logs/wa", From: fromNimbus},
		},
		"nimbus is wrong about this host": {
			Places{},
			map[string]any{"storm.log.dir": "/n/logs"},
			byWorker,
			Dirs{Logs: "/w/logs", Artifacts: "/w/art", From: fromWorkers},
		},
		"nimbus knows neither": {
			Places{},
			map[string]any{"storm.workers.artifacts.dir": "workers-artifacts"},
			byWorker,
			Dirs{Logs: "/w/logs", Artifacts: "/w/art", From: fromWorkers},
		},
		"only a daemon runs": {
			Places{},
			nil,
			facts{processes: []process{{daemon: "supervisor", home: "/opt/s"}}},
			Dirs{Logs: "/opt/s/logs", Artifacts: "/opt/s/logs/workers-artifacts", From: "the daemons' command lines"},
		},
		"a usual place": {
			Places{},
			nil,
			facts{there: map[int]bool{0: true}},
			Dirs{Logs: usualDirs[0], Artifacts: usualDirs[0] + "/workers-artifacts", From: fromUsual},
		},
	} {
		got, ok := test.places.withNimbus(test.conf).decide(nimbusclient.V2, test.facts)
		if !ok || got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, ok, test.want)
		}
	}
	if d, ok := (Places{}).decide(nimbusclient.V2, facts{}); ok {
		t.Errorf("nobody told, and yet %+v", d)
	}
}

func TestWorkersOfATarget(t *testing.T) {
	s := picture()
	list, known := workersOf(s, Target{TopologyID: "a-1-7"})
	if !known || len(list) != 2 || list[0].host != "w1" || list[1].port != 6701 || len(list[1].tasks) != 2 {
		t.Fatalf("%+v, %v", list, known)
	}
	if list, _ := workersOf(s, Target{TopologyID: "a-1-7", Host: "w2"}); len(list) != 1 || list[0].host != "w2" {
		t.Errorf("of w2: %+v", list)
	}
	if list, known := workersOf(s, Target{TopologyID: "gone-1-1"}); !known || len(list) != 0 {
		t.Errorf("of a topology that is gone: %+v, %v", list, known)
	}
	if _, known := workersOf(&cluster.Snapshot{}, Target{TopologyID: "a-1-7"}); known {
		t.Error("known before anybody answered")
	}
	// ZooKeeper is lost; Nimbus tells of the move.
	s.ZK.Missing = map[string]string{"/assignments": "lost"}
	s.Topologies["a-1-7"].Info.ExecutorList[0].Host = "w9"
	if list, _ := workersOf(s, Target{TopologyID: "a-1-7"}); len(list) != 2 || list[1].host != "w9" {
		t.Errorf("without ZooKeeper: %+v", list)
	}
}

func TestPythonNamesAreExact(t *testing.T) {
	s := subject{topology: "a", id: "a-1-7", component: "split", script: "split"}
	n, err := compile(pystormFile, s)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"pystorm_a_split_13_1822.log":    true,
		"pystorm_ab_split_13_1822.log":   false,
		"pystorm_a_b_split_13_1822.log":  false,
		"pystorm_a_split_13_1822.log.1":  false,
		"pystorm_a_split_x_1822.log":     false,
		"xpystorm_a_split_13_1822.log":   false,
		"pystorm_a_split_13_1822xlog":    false,
		"pystorm_a_splitter_13_1822.log": false,
	} {
		task, pid, ok := n.match(name)
		if ok != want || ok && (task != 13 || pid != 1822) {
			t.Errorf("%s: %d %d %v", name, task, pid, ok)
		}
	}
	if _, err := compile("x_{host}.log", s); err == nil {
		t.Error("an unknown field is taken")
	}
	hostile := subject{topology: "a(.*", id: "..", component: "b"}
	if n, err := compile(pystormFile, hostile); err != nil || !n.re.MatchString("pystorm_a(.*_b_1_2.log") || n.re.MatchString("pystorm_axx_b_1_2.log") {
		t.Errorf("a name with signs of patterns: %v", err)
	}
	if _, _, ok := (template{path: "/x/{topology_id}/{pid}.log"}).expand(hostile); ok {
		t.Error("a topology's name leads out of the directory")
	}
}

func TestPythonFilesOfAHost(t *testing.T) {
	snap := picture()
	top := snap.Topologies["a-1-7"]
	top.Conf = map[string]any{"pystorm.log.path": "/py"}
	top.Structure = &nimbusclient.Structure{Components: []nimbusclient.ComponentSpec{
		{ID: "lines"},
		{ID: "split", Shell: &nimbusclient.Shell{Command: "/bin/bash", Script: "setup_splitter.sh"}, Conf: `{"pystorm.log.file":"mine-{task_id}.{pid}.log"}`},
	}}
	templates := templatesOf(top, []string{"/conf/{component}-{task}.log"}, Dirs{Local: "/local"})
	var paths []string
	for _, tpl := range templates {
		paths = append(paths, tpl.path)
	}
	want := "/conf/{component}-{task}.log /py/pystorm_{topology}_{component}_{task}_{pid}.log /py/mine-{task}.{pid}.log " +
		"/local/supervisor/stormdist/{topology_id}/resources/petrel{pid}_{script}.log"
	if strings.Join(paths, " ") != want {
		t.Fatalf("templates %q", paths)
	}
	workers := []worker{{host: "w2", port: 6701, id: "a-1-7", name: "a", tasks: []int{2, 3}}}
	// The picture was not made by a poller, which numbers the tasks.
	on := map[string][]int{"split": {2, 3}}
	list := searches(top, "a-1-7", "a", templates, on)
	if len(list) != 4 {
		t.Fatalf("searches %+v", list)
	}
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	got := pythonSources("w2", workers, on, list, map[string][]entry{
		"/py": {
			{"mine-2.100.log", at(5), true},
			{"mine-2.101.log", at(9), true},
			{"mine-4.102.log", at(9), true},
			{"mine-3.103.log", at(9), false},
			{"pystorm_a_split_3_104.log", at(2), true},
		},
		"/local/supervisor/stormdist/a-1-7/resources": {{"petrel77_splitter.log", at(3), true}, {"petrel78_other.log", at(3), true}},
	})
	var keys []string
	for _, s := range got {
		keys = append(keys, s.Path)
		if s.Kind != logs.KindPython || s.Component != "split" || s.Host != "w2" {
			t.Errorf("source %+v", s)
		}
	}
	if strings.Join(keys, " ") != "/py/pystorm_a_split_3_104.log /py/mine-2.101.log /local/supervisor/stormdist/a-1-7/resources/petrel77_splitter.log" {
		t.Errorf("files %q", keys)
	}
}

func FuzzFacts(f *testing.F) {
	f.Add([]byte("=1\n -Dworker.port=6700\n -Dstorm.log.dir=/x\n+0\n.\n"))
	f.Add([]byte("~1 java -Dstorm.home=/x -Dworker.port=1\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		got := parseFacts(out, 4)
		if len(got.processes) > maxProcesses {
			t.Fatal("too many processes")
		}
		for _, p := range got.processes {
			for _, dir := range []string{p.logs, p.artifacts, p.local, p.home} {
				if dir != "" && dir[0] != '/' {
					t.Fatalf("directory %q", dir)
				}
			}
			if p.port < 0 || p.port > 65535 {
				t.Fatalf("port %d", p.port)
			}
		}
		for i := range got.there {
			if i < 0 || i > 3 {
				t.Fatalf("directory number %d", i)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add("/x/{topology_name}", "{component_name}_{task_id}.log", "a", "pystorm_a_b_1_2.log")
	f.Fuzz(func(t *testing.T, dir, file, topology, name string) {
		tpl, ok := pythonTemplate(dir, file, "test")
		if !ok {
			return
		}
		s := subject{topology: topology, id: topology, component: "c", script: "s"}
		where, base, ok := tpl.expand(s)
		if !ok {
			return
		}
		if where[0] != '/' {
			t.Fatalf("directory %q", where)
		}
		if n, err := compile(base, s); err == nil {
			n.match(name)
		}
	})
}
