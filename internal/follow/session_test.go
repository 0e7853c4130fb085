package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest/require"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakePoller publishes pictures that the test makes.
type fakePoller struct {
	mu     sync.Mutex
	latest *cluster.Snapshot
	out    chan *cluster.Snapshot
	demand cluster.Demand
}

func newFakePoller(s *cluster.Snapshot) *fakePoller {
	p := &fakePoller{out: make(chan *cluster.Snapshot, 1)}
	p.publish(s)
	return p
}

func (p *fakePoller) publish(s *cluster.Snapshot) {
	p.mu.Lock()
	p.latest = s
	p.mu.Unlock()
	p.out <- s
}

func (p *fakePoller) Snapshots() <-chan *cluster.Snapshot { return p.out }

func (p *fakePoller) Latest() *cluster.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

func (p *fakePoller) Demand(d cluster.Demand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.demand = d
}

func (p *fakePoller) demanded() cluster.Demand {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.demand
}

// feedOf runs a feed of pictures.
func feedOf(t *testing.T, s *cluster.Snapshot) (*Feed, *fakePoller) {
	p := newFakePoller(s)
	f := NewFeed(p)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return f, p
}

// theseHosts are all this machine, with its shell; those in dead do not answer.
type theseHosts struct {
	sh   string
	mu   sync.Mutex
	dead map[string]bool
	runs map[string]int
}

func (h *theseHosts) Host(name string) logs.Host { return oneHost{h, name} }

func (h *theseHosts) set(host string, dead bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead == nil {
		h.dead = map[string]bool{}
	}
	h.dead[host] = dead
}

type oneHost struct {
	all  *theseHosts
	name string
}

var errDead = errors.New("no route to host")

func (h oneHost) ok() error {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if h.all.dead[h.name] {
		return errDead
	}
	return nil
}

func (h oneHost) Clock() logs.Clock { return logs.Clock{} }

func (h oneHost) Files(context.Context) (logs.FileSystem, error) {
	if err := h.ok(); err != nil {
		return nil, err
	}
	return disk{}, nil
}

func (h oneHost) Start(ctx context.Context, command string) (logs.Process, error) {
	if err := h.ok(); err != nil {
		return nil, err
	}
	h.all.mu.Lock()
	if h.all.runs == nil {
		h.all.runs = map[string]int{}
	}
	h.all.runs[h.name]++
	h.all.mu.Unlock()
	cmd := exec.CommandContext(ctx, h.all.sh, "-c", command)
	p := &ran{cmd: cmd}
	cmd.Stderr = &p.errs
	var err error
	if p.WriteCloser, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, cmd.Start()
}

type ran struct {
	io.WriteCloser
	out  io.Reader
	cmd  *exec.Cmd
	errs bytes.Buffer
}

func (p *ran) Read(b []byte) (int, error) { return p.out.Read(b) }
func (p *ran) Stderr() string             { return p.errs.String() }
func (p *ran) Wait() error                { return p.cmd.Wait() }
func (p *ran) Close() error {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return nil
}

type disk struct{}

func (disk) Open(_ context.Context, name string) (logs.File, error)   { return os.Open(name) }
func (disk) Stat(_ context.Context, name string) (fs.FileInfo, error) { return os.Stat(name) }
func (disk) ReadDir(_ context.Context, dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	var out []fs.FileInfo
	for _, e := range entries {
		if i, err := e.Info(); err == nil {
			out = append(out, i)
		}
	}
	return out, err
}

// placed is the picture with the executors at other places.
func placed(logDir string, at map[zkview.TaskRange]string) *cluster.Snapshot {
	s := picture()
	s.NimbusConf = map[string]any{"storm.log.dir": logDir}
	a := zkview.Assignment{TopologyID: "a-1-7", Hosts: map[string]string{}, Executors: map[zkview.TaskRange]zkview.Slot{}}
	for r, where := range at {
		var host string
		var port int
		if _, err := fmt.Sscanf(strings.Replace(where, ":", " ", 1), "%s %d", &host, &port); err != nil {
			panic(err)
		}
		a.Hosts["sup-"+host] = host
		a.Executors[r] = zkview.Slot{Node: "sup-" + host, Port: port}
	}
	s.ZK.Assignments["a-1-7"] = a
	return s
}

// workerFile makes the log of a worker and returns how to append to it.
func workerFile(t *testing.T, logDir string, port int) func(format string, args ...any) {
	t.Helper()
	dir := filepath.Join(logDir, artifactsName, "a-1-7", fmt.Sprint(port))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "worker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return func(format string, args ...any) {
		stamp := time.Now().Format("2006-01-02 15:04:05.000")
		if _, err := fmt.Fprintf(f, stamp+" l.X main [INFO] "+format+"\n", args...); err != nil {
			t.Error(err)
		}
	}
}

// await waits until a session shows what is asked for.
func await(t *testing.T, s *Session, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for !ok() {
		select {
		case <-s.Changed():
		case <-s.Store().Changed():
		case <-deadline.C:
			t.Fatalf("no %s; states %+v, note %q, lines %q", what, s.States(), s.Note(), texts(s))
		}
	}
}

// texts are the records of a session.
func texts(s *Session) []string {
	var out []string
	lo, hi := s.Store().Range()
	for i := lo; i < hi; i++ {
		if r, ok := s.Store().At(i); ok {
			text := string(r.Text)
			if r.Mark != logs.MarkNone {
				text = "<" + r.Mark.String() + ">"
			} else if _, after, found := strings.Cut(text, "[INFO] "); found {
				text = after
			}
			out = append(out, text)
		}
	}
	return out
}

func TestSessionFollowsWherever(t *testing.T) {
	sh := require.Tool(t, "sh")
	dir := t.TempDir()
	one, two := workerFile(t, dir, 6700), workerFile(t, dir, 6701)
	one("one 1")
	two("two 1")
	at := map[zkview.TaskRange]string{{Start: 1, End: 1}: "w1:6700", {Start: 2, End: 3}: "w2:6701"}
	feed, poller := feedOf(t, placed(dir, at))
	hosts := &theseHosts{sh: sh}
	s := New(Config{Feed: feed, Hosts: hosts, Follow: true, Lines: -1}, []Target{{TopologyID: "a-1-7", Kinds: []logs.Kind{logs.KindWorker}}}, nil)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	await(t, s, "first lines of both", func() bool { return len(texts(s)) == 2 })
	if d := poller.demanded(); !d.Infos["a-1-7"] || !d.Confs["a-1-7"] || !d.Structures["a-1-7"] || !d.NimbusConf {
		t.Errorf("demanded %+v", d)
	}
	<-s.Settled()
	hosts.mu.Lock()
	if hosts.runs["w1"] != 1 || hosts.runs["w2"] != 1 {
		t.Errorf("the hosts were asked %v times", hosts.runs)
	}
	hosts.mu.Unlock()

	// The second worker moves, on a host that was not asked yet.
	three := workerFile(t, dir, 6702)
	three("three 1")
	at[zkview.TaskRange{Start: 2, End: 3}] = "w3:6702"
	poller.publish(placed(dir, at))
	await(t, s, "the line of the new worker", func() bool { return slices.Contains(texts(s), "three 1") })
	two("two 2, after the move")
	one("one 2")
	await(t, s, "the last words of the old worker", func() bool {
		got := texts(s)
		return slices.Contains(got, "two 2, after the move") && slices.Contains(got, "one 2") && slices.Contains(got, "<joined>")
	})

	// Neither Nimbus nor ZooKeeper answers any more: everything goes on.
	lost := placed(dir, nil)
	lost.ZK.Missing = map[string]string{"/assignments": "connection lost"}
	lost.Topologies["a-1-7"].Info = nil
	poller.publish(lost)
	three("three 2")
	await(t, s, "lines without the cluster", func() bool { return slices.Contains(texts(s), "three 2") })
	if n := len(slices.DeleteFunc(texts(s), func(x string) bool { return x[0] == '<' })); n != 6 {
		t.Errorf("%d lines: %q", n, texts(s))
	}
	for _, st := range s.States() {
		if st.Source.Port == 6702 && st.Source.Kind == logs.KindWorker && st.State == logs.StateLeft {
			t.Error("the new worker left with the cluster")
		}
	}
}

func TestSessionWithAHostThatIsDown(t *testing.T) {
	sh := require.Tool(t, "sh")
	dir := t.TempDir()
	workerFile(t, dir, 6700)("one")
	workerFile(t, dir, 6701)("two")
	feed, _ := feedOf(t, placed(dir, map[zkview.TaskRange]string{{Start: 1, End: 1}: "w1:6700", {Start: 2, End: 3}: "w2:6701"}))
	hosts := &theseHosts{sh: sh}
	hosts.set("w2", true)
	s := New(Config{Feed: feed, Hosts: hosts, Follow: true, Lines: -1}, []Target{{TopologyID: "a-1-7", Kinds: []logs.Kind{logs.KindWorker}}}, nil)
	defer func() { _ = s.Close() }()
	await(t, s, "lines of the other host", func() bool { return slices.Contains(texts(s), "one") })
	<-s.Settled()
	if m := s.Missing(); len(m) != 1 || m[0].Host != "w2" || !errors.Is(m[0].Err, errDead) {
		t.Fatalf("missing %+v", m)
	}
	if n := s.Note(); !strings.Contains(n, "w2") {
		t.Errorf("the note is %q", n)
	}
	hosts.set("w2", false)
	s.Reconnect()
	await(t, s, "lines of the host that is back", func() bool { return slices.Contains(texts(s), "two") })
}

func TestSessionChoosesSources(t *testing.T) {
	sh := require.Tool(t, "sh")
	dir := t.TempDir()
	workerFile(t, dir, 6700)("one")
	feed, _ := feedOf(t, placed(dir, map[zkview.TaskRange]string{{Start: 1, End: 1}: "w1:6700"}))
	s := New(Config{Feed: feed, Hosts: &theseHosts{sh: sh}, Follow: true, Lines: -1}, []Target{{TopologyID: "a-1-7"}}, nil)
	defer func() { _ = s.Close() }()
	await(t, s, "the line", func() bool { return slices.Contains(texts(s), "one") })
	var errs string
	for _, st := range s.States() {
		if st.Source.Kind == logs.KindErr {
			errs = st.Source.Key()
		}
	}
	name := filepath.Join(dir, artifactsName, "a-1-7", "6700", "worker.log.err")
	if errs != "w1:"+name {
		t.Fatalf("the .err file is not offered: %q", errs)
	}
	if err := os.WriteFile(name, []byte("an error\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Choose(map[string]bool{errs: true})
	await(t, s, "the other file", func() bool { return slices.Contains(texts(s), "an error") })

	before := s.Store()
	if err := os.WriteFile(strings.TrimSuffix(name, ".err")+".1", []byte("2020-01-01 00:00:00.000 l.X main [INFO] old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.View()
	s.Rotated(true)
	await(t, s, "the older file", func() bool { return slices.Contains(texts(s), "old") })
	if s.Store() == before {
		t.Error("the lines are in the old store twice")
	}
}

func TestSessionsAreKeptAWhile(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1000, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	m := NewSessions(Config{Now: clock})
	a := m.Open(Target{TopologyID: "a"})
	if m.Open(Target{TopologyID: "a"}) != a {
		t.Error("the same target has two sessions")
	}
	a.Release()
	if m.Open(Target{TopologyID: "a"}) != a {
		t.Error("a session is not kept")
	}
	a.Release()
	b := m.Open(Target{TopologyID: "b"})
	mu.Lock()
	now = now.Add(keptFor)
	mu.Unlock()
	m.sweep()
	if m.Open(Target{TopologyID: "a"}) == a {
		t.Error("a session is kept for ever")
	}
	if m.Open(Target{TopologyID: "b"}) != b {
		t.Error("a session that is looked at was closed")
	}
	for i := range 3 * maxSessions {
		m.Open(Target{TopologyID: fmt.Sprint(i)}).Release()
	}
	m.mu.Lock()
	n := len(m.list)
	m.mu.Unlock()
	if n > maxSessions {
		t.Errorf("%d sessions", n)
	}
	m.Close()
}

func TestLocate(t *testing.T) {
	hosts := &theseHosts{sh: require.Tool(t, "sh")}
	hosts.set("w2", true)
	dir := t.TempDir()
	workerFile(t, dir, 6700)
	got := Locate(t.Context(), hosts, Places{}, map[string]any{"storm.log.dir": dir}, nimbusclient.V2, []string{"w1", "w2"})
	if got[0].Err != nil || got[0].Dirs.From != fromNimbus || got[0].Dirs.Artifacts != filepath.Join(dir, artifactsName) || !errors.Is(got[1].Err, errDead) {
		t.Errorf("located %+v", got)
	}
	got = Locate(t.Context(), hosts, Places{LogDir: Told{dir + "/none", "--log-dir"}}, nil, nimbusclient.V2, []string{"w1"})
	if !errors.Is(got[0].Err, fs.ErrNotExist) || got[0].Dirs.From != "--log-dir" {
		t.Errorf("a directory that is not there: %+v", got)
	}
}
