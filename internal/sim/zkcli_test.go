package sim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

// zkCLI is the command line of ZooKeeper's own client, which comes with the
// libraries of a real Storm.
func zkCLI(t *testing.T, s *Server, words ...string) *exec.Cmd {
	t.Helper()
	java := require.Tool(t, "java")
	cache := os.Getenv("STORMTOP_LAB_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		must(t, err)
		cache = filepath.Join(dir, "stormtop-lab")
	}
	lib := filepath.Join(cache, Version, "lib")
	if jars, err := filepath.Glob(filepath.Join(lib, "zookeeper-3*.jar")); err != nil || len(jars) == 0 {
		require.Missing(t, "no libraries of Storm "+Version+" in "+lib+"; a lab cluster downloads them")
	}
	args := []string{
		"-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(lib, "*"), "org.apache.zookeeper.ZooKeeperMain",
		"-server", s.zk.Addr().String(),
	}
	return exec.CommandContext(t.Context(), java, append(args, words...)...)
}

// TestZooKeepersOwnClient reads the tree with zkCli, one command after the other
// on one session as an operator types them.
func TestZooKeepersOwnClient(t *testing.T) {
	s := served(t)
	tp := s.w.topology("wordcount")
	cli := zkCLI(t, s)
	cli.Stdin = strings.NewReader(strings.Join([]string{
		"ls -R /storm", "ls -s /storm/storms", "stat /storm/supervisors/" + s.w.hosts[0].node, "get -s /storm/assignments",
		"get /storm/leader-lock/" + s.mirror.tree.children("/storm/leader-lock")[0], "getAcl /storm", "getAllChildrenNumber /storm/storms",
		"getEphemerals", "whoami", "sync /storm", "ls /nothing", "create /mine x", "set /storm/storms x", "deleteall /storm/storms", "quit",
	}, "\n") + "\n")
	said, err := cli.CombinedOutput()
	out := string(said)
	for _, want := range []string{
		"/storm/storms/" + tp.id, "/storm/workerbeats/" + tp.id + "/" + tp.workers[0].host.node, "numChildren = 4", "ephemeralOwner = 0x20",
		"dataLength = 1", "nim-a:6627:0", "'world,'anyone", ": cdrwa", "Sync is OK", "Node does not exist: /nothing",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("zkCli did not say %q", want)
		}
	}
	if n := strings.Count(out, "Insufficient permission") + strings.Count(out, "Authentication is not valid") + strings.Count(out, "NoAuth"); n < 2 {
		t.Errorf("%d of three changes were refused", n)
	}
	if t.Failed() {
		t.Logf("%v\n%s", err, out)
	}
	if s.mirror.tree.nodes["/mine"] != nil || len(s.mirror.tree.children("/storm/storms")) != 4 {
		t.Error("zkCli changed something")
	}
}

// TestZooKeepersOwnClientWatches waits with zkCli for a change of state.
func TestZooKeepersOwnClientWatches(t *testing.T) {
	s := served(t)
	tp := s.w.topology("wordcount")
	cli := zkCLI(t, s)
	in, err := cli.StdinPipe()
	must(t, err)
	out := &awaited{t: t, more: make(chan struct{}, 1)}
	cli.Stdout, cli.Stderr = out, out
	must(t, cli.Start())
	say := func(line string) {
		_, err := in.Write([]byte(line + "\n"))
		must(t, err)
	}
	say("get -w -s /storm/storms/" + tp.id)
	out.await("dataVersion = ")
	must(t, nimbusOf(t, s, 0).Rebalance(t.Context(), tp.name, &storm.RebalanceOptions{WaitSecs: new(int32(1))}))
	out.await("type:NodeDataChanged path:/storm/storms/" + tp.id)
	say("ls -w /storm/supervisors")
	out.await(s.w.hosts[0].node)
	s.w.mu.Lock()
	s.w.lose(s.w.hosts[0])
	s.w.mu.Unlock()
	move(t, s, sessionSecs*time.Second+time.Second)
	out.await("type:NodeChildrenChanged path:/storm/supervisors")
	say("quit")
	_ = cli.Wait() // how it ends is not asked
}

// awaited keeps what a program says.
type awaited struct {
	t    *testing.T
	more chan struct{}
	mu   sync.Mutex
	said bytes.Buffer
}

func (a *awaited) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
	return a.said.Write(p)
}

func (a *awaited) await(words string) {
	a.t.Helper()
	for {
		a.mu.Lock()
		said := a.said.String()
		a.mu.Unlock()
		if strings.Contains(said, words) {
			return
		}
		select {
		case <-a.more:
		case <-time.After(30 * time.Second):
			a.t.Fatalf("zkCli never said %q:\n%s", words, said)
		}
	}
}
