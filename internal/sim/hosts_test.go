package sim

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

// login reaches a host of a served world.
func login(t testing.TB, s *Server, host string) *ssh.Client {
	t.Helper()
	c, err := s.Dial(t.Context(), "tcp", host+":22")
	if err != nil {
		t.Fatal(err)
	}
	conn, channels, requests, err := ssh.NewClientConn(c, host, &ssh.ClientConfig{
		User: s.SSHUser(), Auth: []ssh.AuthMethod{ssh.PublicKeys(s.SSHKey())}, HostKeyCallback: ssh.FixedHostKey(s.HostKeys()[host]),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(conn, channels, requests)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// sh is what a command prints on a host.
func sh(t testing.TB, c *ssh.Client, command string) string {
	t.Helper()
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	out, err := session.Output(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

// within is a world inside the process that moves when it is told.
func within(t testing.TB) *Server {
	t.Helper()
	s, err := Serve(t.Context(), NewDemo(1, testStart), Wires{Every: time.Hour, Within: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAWorkersLogGrows(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "w1")
	const count = "cat /var/log/storm/workers-artifacts/wordcount-*/6700/worker.log | wc -l"
	before := sh(t, c, count)
	s.Step(30 * time.Second)
	if after := sh(t, c, count); after == before {
		t.Errorf("%s lines before and after half a minute", strings.TrimSpace(before))
	}
}

func TestATailRunsWhileTheWorldMoves(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "w1")
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start("tail -n 0 -F " + logDir + "/workers-artifacts/wordcount-*/6700/worker.log"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for ctx.Err() == nil {
			s.Step(time.Second)
		}
	}()
	lines := bufio.NewScanner(out)
	for n := 0; n < 50 && lines.Scan(); n++ {
		if !head.MatchString(lines.Text()) && !strings.HasPrefix(lines.Text(), "  ") {
			t.Errorf("a line of no layout: %q", lines.Text())
		}
	}
	cancel()
	<-moved
}

// digest is a sum of all that a world's hosts have on their disks.
func digest(t *testing.T, ms *machines) string {
	t.Helper()
	sum := sha256.New()
	var walk func(disk *hostfs.FS, dir string)
	walk = func(disk *hostfs.FS, dir string) {
		infos, err := disk.As("root").ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			name := strings.TrimSuffix(dir, "/") + "/" + i.Name()
			_, _ = fmt.Fprintln(sum, name, i.Size(), i.Mode(), i.ModTime().UnixNano(), i.Inode)
			switch {
			case i.IsDir():
				walk(disk, name)
			case i.Mode().IsRegular():
				f, err := disk.As("root").Open(name)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(sum, f); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, m := range ms.list {
		walk(m.disk, "/")
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestSameSeedSameFiles(t *testing.T) {
	t.Parallel()
	var seen [3]string
	for i, seed := range []uint64{7, 7, 8} {
		w := NewDemo(seed, testStart)
		ms := newMachines(w, hostConf{LogBytes: 64 << 10}) // often rotated
		w.watch = ms.watch
		ms.open("w1")
		w.Begin()
		run(w, 60*time.Second)
		ms.open("w5")
		ms.open("nim-a")
		run(w, 90*time.Second)
		seen[i] = digest(t, ms)
	}
	if seen[0] != seen[1] {
		t.Error("two worlds of one seed have different files")
	}
	if seen[0] == seen[2] {
		t.Error("two worlds of different seeds have the same files")
	}
}

func TestNobodyPaysForHostsThatNobodyLooksAt(t *testing.T) {
	t.Parallel()
	w := NewDemo(1, testStart)
	ms := newMachines(w, hostConf{})
	w.watch = ms.watch
	run(w, 10*time.Second)
	for _, m := range ms.list {
		if infos, err := m.disk.As("root").ReadDir("/"); err != nil || len(infos) != 0 {
			t.Errorf("%s has %d files, %v", m.name, len(infos), err)
		}
	}
	ms.open("w2")
	run(w, 10*time.Second)
	for _, m := range ms.list {
		if m.opened != (m.name == "w2") {
			t.Errorf("%s is looked at: %t", m.name, m.opened)
		}
	}
}

func TestLookingChangesNothingInTheModel(t *testing.T) {
	t.Parallel()
	var seen [2]string
	for i := range seen {
		w := NewDemo(3, testStart)
		ms := newMachines(w, hostConf{})
		w.watch = ms.watch
		if i == 1 {
			for _, m := range ms.list {
				ms.open(m.name)
			}
		}
		w.Begin()
		run(w, 100*time.Second)
		seen[i] = figures(w)
	}
	if seen[0] != seen[1] {
		t.Error("a world that is looked at counts otherwise")
	}
}

// TestTracesComeAtTheRateOfFailures compares the log with the counters.
func TestTracesComeAtTheRateOfFailures(t *testing.T) {
	t.Parallel()
	w := NewDemo(1, testStart)
	ms := newMachines(w, hostConf{LogBytes: 64 << 20})
	w.watch = ms.watch
	for _, m := range ms.list {
		ms.open(m.name)
	}
	w.Begin()
	run(w, 22*time.Second) // before the host with one of the bolts is lost
	failed := 0.0
	for _, e := range w.topology("wikipedia-trends").component("language").executors {
		_, n, _, _ := tally(e)
		failed += n
	}
	traces := 0
	for _, m := range ms.list {
		for _, s := range m.places {
			if s.t.name == "wikipedia-trends" {
				traces += strings.Count(everything(t, m.disk, s.dir, "worker.log"), "\njava.lang.Exception: Shell Process Exception: Python UnicodeDecodeError")
			}
		}
	}
	if failed < 50 || float64(traces) < 0.9*failed-20 || float64(traces) > failed+20 {
		t.Errorf("%d traces for %.0f failed tuples", traces, failed)
	}
}

// TestWordsAboutTimeFitTheLatency compares what the bolts say with what they
// count.
func TestWordsAboutTimeFitTheLatency(t *testing.T) {
	t.Parallel()
	w := NewDemo(1, testStart)
	ms := newMachines(w, hostConf{LogBytes: 64 << 20})
	w.watch = ms.watch
	for _, m := range ms.list {
		ms.open(m.name)
	}
	run(w, 2*time.Minute)
	took := regexp.MustCompile(`name:geo .* took (\d+\.\d) ms`)
	sum, n := 0.0, 0.0
	for _, m := range ms.list {
		for _, found := range took.FindAllStringSubmatch(everything(t, m.disk, logDir, "worker.log"), -1) {
			ms, err := strconv.ParseFloat(found[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum, n = sum+ms, n+1
		}
	}
	counted := componentSums(w.topology("twitter-clicks").component("geo"), "600", true)
	want := counted.processMs / float64(counted.acked)
	if n < 200 || sum/n < 0.7*want || sum/n > 1.3*want {
		t.Errorf("%.0f lines say %.1f ms, the counters %.1f", n, sum/n, want)
	}
}

func TestACrashAndTheNextBeginAreInOneLog(t *testing.T) {
	t.Parallel()
	w := NewDemo(1, testStart)
	ms := newMachines(w, hostConf{LogBytes: 64 << 20})
	w.watch = ms.watch
	tp := w.topology("wikipedia-trends")
	wk := tp.workers[1]
	ms.open(wk.host.name)
	s := ms.all[wk.host.name].place(tp, wk.port)
	pid := w.pythonOf(wk, tp.component("language"))
	w.mu.Lock()
	w.dies(wk, tp.component("language"))
	w.mu.Unlock()
	run(w, 10*time.Second)
	text := everything(t, s.on.disk, s.dir, "worker.log")
	at := 0
	for _, want := range []string{
		fmt.Sprintf("Halting process: ShellBolt died. Command: [python3, language.py], ProcessInfo pid:%d, name:language exitCode:1", pid),
		"Async loop died!", "Halting process: Worker died", "Shutting down worker " + tp.id, "Shut down worker " + tp.id,
		"Launching worker for " + tp.id, "has finished loading", "Prepared bolt language",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("no %q after byte %d", want, at)
		}
		at += i
	}
	if f := tp.component("language").last; !strings.Contains(f.text, fmt.Sprintf("pid:%d, name:language", pid)) {
		t.Errorf("ZooKeeper has another process: %.80s", f.text)
	}
	supervisor := everything(t, s.on.disk, logDir, "supervisor.log")
	if !strings.Contains(supervisor, "exited with code: 20") || !strings.Contains(supervisor, "main process has exited for topology: "+tp.id) {
		t.Error("the supervisor has not noticed")
	}
}

func TestALostHostIsSilentAndComesBack(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "w6")
	sh(t, c, "true")
	m := s.inside.machines.all["w6"]
	s.w.Begin()
	s.Step(24 * time.Second)
	size := func() int {
		n := 0
		for _, p := range m.sorted() {
			n += len(everything(t, m.disk, p.dir, "worker.log"))
		}
		return n
	}
	s.Step(3 * time.Second)
	before := size()
	s.Step(60 * time.Second)
	if after := size(); after != before {
		t.Errorf("the lost host wrote %d bytes", after-before)
	}
	if _, err := s.Dial(t.Context(), "tcp", "w6:22"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("reaching it: %v", err)
	}
	s.Step(90 * time.Second)
	if err := c.Wait(); err == nil {
		t.Error("the old connection ended without an error")
	}
	again := login(t, s, "w6")
	if out := sh(t, again, "grep -c 'Starting supervisor for storm version' "+logDir+"/supervisor.log"); out != "1\n" {
		t.Errorf("its supervisor began %s times", strings.TrimSpace(out))
	}
	if out := sh(t, again, "ps -ef | grep -c 'daemon.worker.Worke[r]' || true"); out != "0\n" {
		t.Errorf("it runs %s workers", strings.TrimSpace(out))
	}
}

func TestTheClockOfW4IsAhead(t *testing.T) {
	t.Parallel()
	s := within(t)
	seconds := func(host string) float64 {
		f, err := strconv.ParseFloat(strings.TrimSpace(sh(t, login(t, s, host), "date +%s.%N")), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	base := seconds("w1")
	if ahead := seconds("w4") - base; ahead < 3 || ahead > 60 {
		t.Errorf("it is %.1f s ahead", ahead)
	}
	if zone := sh(t, login(t, s, "w4"), "date +%z"); zone != "+0000\n" {
		t.Errorf("its zone is %q", zone)
	}
}

func TestWorkersTellTheirDirectories(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "w1")
	out := sh(t, c, "ps -eo args | grep 'daemon.worker.Worke[r]' | grep -v LogWriter")
	tp := s.w.topology("wordcount")
	for _, want := range []string{
		"-Dworkers.artifacts=" + logDir + "/workers-artifacts", "-Dstorm.log.dir=" + logDir, "-Dstorm.id=" + tp.id, "-Dworker.port=6700", "-Dlogfile.name=worker.log", "-Dworker.id=",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %.300s", want, out)
		}
	}
	pid := strings.TrimSpace(sh(t, c, "cat "+logDir+"/workers-artifacts/"+tp.id+"/6700/worker.pid"))
	if got := sh(t, c, "ps -o args= -p "+pid+" | cut -d ' ' -f 1,2"); got != "java -server\n" {
		t.Errorf("process %s is %q", pid, got)
	}
	// Python processes are the worker's children, with the numbers in its log.
	told := strings.Fields(sh(t, c, "grep -o 'ShellLog pid:[0-9]*, name:split' "+logDir+"/workers-artifacts/"+tp.id+"/6700/worker.log | tail -n 1"))
	python := strings.Trim(strings.TrimPrefix(told[1], "pid:"), ",")
	if got := sh(t, c, "ps -o ppid=,args= -p "+python); strings.Join(strings.Fields(got), " ") != pid+" python3 split.py" {
		t.Errorf("process %s is %q, the worker %s", python, got, pid)
	}
}

func TestAStackDumpAppearsWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "w1")
	sh(t, c, "true")
	tp := s.w.topology("wordcount")
	s.w.mu.Lock()
	s.w.setProfile(tp, &storm.ProfileRequest{NodeInfo: &storm.NodeInfo{Node: new("w1"), Port: []int64{6700}}, Action: new(storm.ProfileAction_JSTACK_DUMP)})
	s.w.mu.Unlock()
	s.Step(12 * time.Second)
	if out := sh(t, c, "head -n 3 "+logDir+"/workers-artifacts/"+tp.id+"/6700/jstack-*.txt"); !strings.Contains(out, "Full thread dump OpenJDK") {
		t.Errorf("it reads %q", out)
	}
}

func TestOpenSSHReachesEveryHost(t *testing.T) {
	t.Parallel()
	client := require.Tool(t, "ssh")
	s, err := Serve(t.Context(), NewDemo(1, testStart), Wires{Every: time.Hour, Hosts: []string{"127.0.0.1", "localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := filepath.Dir(s.SSHConfig())
	for _, name := range []string{"", "ssh_config", "id_ed25519", "known_hosts"} {
		i, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", i.Name(), i.Mode())
		}
	}
	for _, host := range s.Hosts() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, err := exec.CommandContext(ctx, client, "-F", s.SSHConfig(), "-o", "BatchMode=yes", host, "hostname; id -un").CombinedOutput()
		cancel()
		if string(out) != host+"\nstorm\n" || err != nil {
			t.Errorf("%s: %q, %v", host, out, err)
		}
	}
	s.Close()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory stays: %v", err)
	}
}

func TestALoginLeadsToTheDaemons(t *testing.T) {
	t.Parallel()
	s := within(t)
	c := login(t, s, "nim-b")
	to, err := c.Dial("tcp", "zk1:2181")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(to, "ruok"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(to); string(got) != "imok" || err != nil {
		t.Errorf("ZooKeeper says %q, %v", got, err)
	}
	if _, err := c.Dial("tcp", "127.0.0.1:22"); err == nil {
		t.Error("the real machine is reached")
	}
}
