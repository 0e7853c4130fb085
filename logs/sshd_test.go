package logs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/internal/termtest/require"
	"github.com/stormtop/stormtop/logs/rotatetest"
)

// An sshServer is a real sshd on loopback behind a proxy that can break, stop
// and count connections.
type sshServer struct {
	dir   string
	cmd   *exec.Cmd
	proxy *breakingProxy
}

func startSSHD(t testing.TB, config string) *sshServer {
	t.Helper()
	sshd := require.Tool(t, "sshd")
	keygen := require.Tool(t, "ssh-keygen")
	require.Tool(t, "ssh")
	dir := t.TempDir()
	for _, name := range []string{"host", "id"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil { //nolint:noctx // ends by itself
			t.Fatalf("%v: %s", err, out)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	_ = listener.Close()
	text := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nUsePAM no\nMaxStartups 50:30:100\n%s\n",
		addr.Port, filepath.Join(dir, "host"), filepath.Join(dir, "id.pub"), config)
	if err := os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		_ = os.MkdirAll("/run/sshd", 0o755)
	}
	s := &sshServer{dir: dir, cmd: exec.Command(sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))} //nolint:noctx // ended below
	var log bytes.Buffer
	s.cmd.Stderr = &log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.proxy = newBreakingProxy(t, addr.String())
	t.Cleanup(func() {
		s.proxy.close()
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %.2000s", log.String())
		}
	})
	for range 200 {
		conn, err := net.Dial("tcp", addr.String()) //nolint:noctx // loopback
		if err == nil {
			_ = conn.Close()
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("sshd does not listen")
	return nil
}

// children are the processes that sshd has started and that live.
func (s *sshServer) children() []string {
	out, _ := exec.Command("ps", "-eo", "pid=,ppid=,args=").Output() //nolint:noctx // ends by itself
	parents := map[string][]string{}
	text := map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 2 {
			parents[f[1]] = append(parents[f[1]], f[0])
			text[f[0]] = strings.Join(f[2:], " ")
		}
	}
	var all []string
	var walk func(pid string)
	walk = func(pid string) {
		for _, child := range parents[pid] {
			all = append(all, text[child])
			walk(child)
		}
	}
	walk(strconv.Itoa(s.cmd.Process.Pid))
	return all
}

// A breakingProxy forwards connections to addr. With breaks left, each is reset
// after a random count of bytes.
type breakingProxy struct {
	listener net.Listener
	addr     string
	breaks   atomic.Int64 // left
	broken   atomic.Int64
	wg       sync.WaitGroup
	mu       sync.Mutex
	conns    map[net.Conn]bool
	frozen   atomic.Bool
	thaw     chan struct{}
	random   *rand.Rand
}

func newBreakingProxy(t testing.TB, addr string) *breakingProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	p := &breakingProxy{listener: listener, addr: addr, conns: map[net.Conn]bool{}, thaw: make(chan struct{}), random: rand.New(rand.NewPCG(1, 2))}
	p.wg.Go(p.accept)
	return p
}

func (p *breakingProxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

func (p *breakingProxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.addr) //nolint:noctx // loopback
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns[in], p.conns[out] = true, true
		limit := int64(2000 + p.random.IntN(40000))
		p.mu.Unlock()
		var passed atomic.Int64
		once := sync.OnceFunc(func() {
			for _, c := range []net.Conn{in, out} {
				_ = c.(*net.TCPConn).SetLinger(0) // a reset
				_ = c.Close()
				p.mu.Lock()
				delete(p.conns, c)
				p.mu.Unlock()
			}
		})
		pipe := func(to, from net.Conn) {
			defer once()
			buf := make([]byte, 4096)
			for {
				n, err := from.Read(buf)
				if p.frozen.Load() {
					<-p.thaw
				}
				if total := passed.Add(int64(n)); total > limit && p.breaks.Load() > 0 {
					cut := max(0, n-int(total-limit))
					_, _ = to.Write(buf[:min(cut, n)])
					if p.breaks.Add(-1) >= 0 {
						p.broken.Add(1)
					}
					return
				}
				if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
					return
				}
			}
		}
		p.wg.Go(func() { pipe(out, in) })
		p.wg.Go(func() { pipe(in, out) })
	}
}

func (p *breakingProxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	if p.frozen.Swap(false) {
		close(p.thaw)
	}
	p.wg.Wait()
}

// pool reaches the server as "a", through the proxy.
func (s *sshServer) pool(t testing.TB) *sshpool.Pool {
	t.Helper()
	config := filepath.Join(s.dir, "ssh_config")
	text := fmt.Sprintf("Host a\nHostName 127.0.0.1\nPort %d\nIdentityFile %s\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile %s\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking no\n",
		s.proxy.port(), filepath.Join(s.dir, "id"), filepath.Join(s.dir, "known_hosts"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return sshpool.New(sshpool.Config{File: config})
}

// eagerHosts do not wait after a failure: the test breaks so many connections
// that the pauses would be most of it.
type eagerHosts struct {
	Hosts
	pool *sshpool.Pool
}

func (h eagerHosts) Host(name string) Host {
	h.pool.Host(name).Reconnect()
	return h.Hosts.Host(name)
}

// scale is how many rotations and how many broken connections there are: 30
// where nothing may be left out, 1,000 for make verify.
func scale() int {
	if n, err := strconv.Atoi(os.Getenv("STORMTOP_ROTATIONS")); err == nil {
		return n
	}
	if os.Getenv("STORMTOP_REQUIRE") == "all" {
		return 30
	}
	return 8
}

// TestNothingIsLostOverSSH is the checker over a real sshd: lines are written and
// rotated while connections break at random bytes.
func TestNothingIsLostOverSSH(t *testing.T) {
	for _, tt := range []struct {
		style rotatetest.Style
		exec  bool
	}{{rotatetest.Log4j2, false}, {rotatetest.Log4j2, true}, {rotatetest.CopyTruncate, false}, {rotatetest.Logback, false}} {
		via := "sftp"
		if tt.exec {
			via = "exec"
		}
		t.Run(tt.style.String()+" over "+via, func(t *testing.T) {
			if n := checkOverSSH(t, tt.style, tt.exec, "Subsystem sftp internal-sftp", scale(), 9); n > 0 {
				t.Errorf("%d lines were given up, though the files were there", n)
			}
		})
	}
}

// TestGapsAreDeclaredOverSSH keeps so few generations that many are deleted
// before they can be read: all of them must be told.
func TestGapsAreDeclaredOverSSH(t *testing.T) {
	if n := checkOverSSH(t, rotatetest.Log4j2, false, "Subsystem sftp internal-sftp", scale(), 1); n == 0 {
		t.Error("nothing was lost: the test shows nothing")
	}
}

// TestWithoutSFTP has a server without the subsystem.
func TestWithoutSFTP(t *testing.T) {
	checkOverSSH(t, rotatetest.Log4j2, false, "", 5, 9)
}

func checkOverSSH(t *testing.T, style rotatetest.Style, forceExec bool, config string, rounds, keep int) (declared int) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { //nolint:noctx // has the runtime open what it polls with
		_ = l.Close()
	}
	before := goleak.IgnoreCurrent()
	fds := openFDs(t)
	s := startSSHD(t, config)
	dir := t.TempDir()
	name := "worker.log"
	if style != rotatetest.Log4j2 {
		name = "app.log"
	}
	pool := s.pool(t)
	store := NewStore(StoreConfig{})
	m := NewMux(MuxConfig{Hosts: eagerHosts{OverSSH(pool), pool}, Store: store, Follow: true, Lines: -1, Exec: forceExec, Retry: 10 * time.Millisecond})
	m.Set([]Source{{Host: "a", Kind: KindWorker, Path: filepath.Join(dir, name)}})
	w := &rotatetest.Writer{Disk: rotatetest.Dir(dir), Name: name, Style: style, Keep: keep, Now: time.Now}
	random := rand.New(rand.NewPCG(7, uint64(style)))
	if err := w.Lines(1); err != nil {
		t.Fatal(err)
	}
	await(t, "the first line", func() bool { return m.States()[0].Lines >= 1 })
	s.proxy.breaks.Store(int64(rounds))
	for rotations := 0; rotations < rounds || s.proxy.breaks.Load() > 0; {
		for range 1 + random.IntN(20) {
			if err := w.Lines(1 + random.IntN(30)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(random.IntN(10)) * time.Millisecond)
		}
		if rotations < rounds {
			// With room for all, none is deleted before it was read.
			await(t, "the reader to come near", func() bool { return keep == 1 || m.States()[0].Rotations > rotations-keep+2 })
			if err := w.Rotate(); err != nil {
				t.Fatal(err)
			}
			rotations++
		}
	}
	if err := w.Lines(1); err != nil {
		t.Fatal(err)
	}
	var c rotatetest.Checker
	seq := uint64(0)
	await(t, "the last line", func() bool {
		_, hi := store.Range()
		for ; seq < hi; seq++ {
			r, ok := store.At(seq)
			switch {
			case !ok:
				t.Fatal("the store dropped records")
			case r.Mark == MarkGap:
				c.Gap()
			case r.Mark == MarkNone:
				c.Line(r.Text)
			}
		}
		return c.Last() >= w.Written()
	})
	state := m.States()[0]
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	await(t, "the end of what was started on the host", func() bool {
		return !slices.ContainsFunc(s.children(), func(args string) bool { return !strings.HasPrefix(args, "sshd") })
	})
	pool.Close()
	_ = w.Close()
	c.End(w.Written())
	t.Logf("%d rotations, %d broken connections (%d noticed), over %s: %v", rounds, s.proxy.broken.Load(), state.Breaks, state.Via, c.String())
	if err := c.Err(); err != nil {
		t.Error(err)
	}
	if want := map[bool]string{true: "exec", false: "sftp"}[forceExec || config == ""]; state.Via != want {
		t.Errorf("read over %s, not %s", state.Via, want)
	}
	await(t, "the end of every process on the host", func() bool { return len(s.children()) == 0 })
	s.proxy.close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	goleak.VerifyNone(t, before)
	if now := openFDs(t); len(now) > len(fds) {
		t.Errorf("open files %q, before %q", now, fds)
	}
	return c.Declared()
}

// openFDs are what the file descriptors of this process lead to.
func openFDs(t *testing.T) []string {
	t.Helper()
	entries, _ := os.ReadDir("/proc/self/fd")
	var all []string
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			all = append(all, to)
		}
	}
	return all
}

// await waits for a condition, at most two minutes.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited two minutes for %s", what)
		}
	}
}
