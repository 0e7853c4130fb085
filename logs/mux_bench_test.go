package logs

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// BenchmarkTails follows many files over SFTP to a server in this process, 20
// lines a second each: what a tail costs without the encryption of ssh. The
// server's own work is in the figures.
func BenchmarkTails(b *testing.B) {
	for _, n := range []int{100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				here, there := net.Pipe()
				server, err := sftp.NewServer(there, sftp.ReadOnly())
				if err != nil {
					b.Fatal(err)
				}
				served := make(chan struct{})
				go func() {
					_ = server.Serve()
					close(served)
				}()
				client, err := sftp.NewClientPipe(here, here)
				if err != nil {
					b.Fatal(err)
				}
				host := &benchHost{files: clientFiles{client}}
				benchmarkTails(b, n, 1, host)
				_ = client.Close()
				_ = here.Close()
				_ = there.Close()
				<-served
			}
		})
	}
}

// BenchmarkTailsOverSSH is the same over a real sshd on loopback, one
// connection, 1 and 5 lines a beat, against as many ssh processes that run
// `tail -F`. The figures of CPU and memory are of this process and of the ssh
// processes, without the servers.
func BenchmarkTailsOverSSH(b *testing.B) {
	for _, n := range []int{100, 500} {
		for _, via := range []string{"sftp", "exec"} {
			if via == "exec" && n > 100 {
				continue // a shell each: for the few hosts without SFTP
			}
			b.Run(fmt.Sprintf("%s/%d", via, n), func(b *testing.B) {
				for b.Loop() {
					s := startSSHD(b, "Subsystem sftp internal-sftp")
					pool := s.pool(b)
					benchmarkTails(b, n, 500/n, &viaHosts{OverSSH(pool), via == "exec"})
					pool.Close()
				}
			})
		}
	}
	b.Run("ssh/100", func(b *testing.B) {
		for b.Loop() {
			benchmarkPrograms(b, 100, 5)
		}
	})
}

// viaHosts has no SFTP where it is told so.
type viaHosts struct {
	Hosts
	exec bool
}

// A crowd is many files, and the lines that come in them: so many every 50 ms.
type crowd struct {
	files []*os.File
	names []string
}

func newCrowd(b *testing.B, n int) *crowd {
	c := &crowd{}
	dir := b.TempDir()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("f%d.log", i))
		file, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(file, "%s first line\n", time.Now().Format("2006-01-02 15:04:05.000"))
		c.files, c.names = append(c.files, file), append(c.names, name)
	}
	return c
}

// write writes for a while, in another process, so that its work is not counted.
func (c *crowd) write(b *testing.B, lines int) {
	script := fmt.Sprintf(`import sys, time
fs = [open(f, "ab", 0) for f in sys.argv[1:]]
next = time.time()
for beat in range(%d):
    line = time.strftime("%%Y-%%m-%%d %%H:%%M:%%S.000") + " o.a.s.t.ShellBolt Thread-20 [INFO] ShellLog pid:1, name:split a line of some length\n"
    for f in fs: f.write(line.encode() * %d)
    next += 0.05
    time.sleep(max(0, next - time.time()))
`, beats, lines)
	if out, err := exec.Command(require.Tool(b, "python3"), append([]string{"-c", script}, c.names...)...).CombinedOutput(); err != nil { //nolint:noctx // ends by itself
		b.Fatalf("%v: %s", err, out)
	}
}

func (c *crowd) close() {
	for _, f := range c.files {
		_ = f.Close()
	}
}

const beats = 200

func benchmarkTails(b *testing.B, n, lines int, hosts Hosts) {
	c := newCrowd(b, n)
	defer c.close()
	sources := make([]Source, n)
	for i, name := range c.names {
		sources[i] = Source{Host: "a", Kind: KindFile, Path: name}
	}
	forced := false
	if v, ok := hosts.(*viaHosts); ok {
		forced = v.exec
	}
	goroutines := runtime.NumGoroutine()
	debug.FreeOSMemory()
	b.ReportMetric(float64(residentBytes("self"))/(1<<20), "RSS-MB-before")
	begun := time.Now()
	m := NewMux(MuxConfig{Hosts: hosts, Store: NewStore(StoreConfig{Budget: 8 << 20}), Follow: true, Lines: 10, Exec: forced})
	m.Set(sources)
	for open := 0; open < n; time.Sleep(5 * time.Millisecond) {
		open = 0
		for _, s := range m.States() {
			if s.Lines > 0 {
				open++
			}
		}
	}
	opened := time.Since(begun)
	per := float64(runtime.NumGoroutine()-goroutines) / float64(n)
	cpu := cpuTime()
	c.write(b, lines)
	spent := cpuTime() - cpu
	b.ReportMetric(float64(opened.Milliseconds()), "open-ms")
	b.ReportMetric(per, "goroutines/tail")
	b.ReportMetric(float64(residentBytes("self"))/(1<<20), "RSS-MB")
	b.ReportMetric(100*spent.Seconds()/(beats*0.05), "%cpu")
	b.ReportMetric(float64(m.Stats().Records)/(beats*0.05), "lines/s")
	if err := m.Close(); err != nil {
		b.Error(err)
	}
}

// benchmarkPrograms is the peer: an ssh process for each file.
func benchmarkPrograms(b *testing.B, n, lines int) {
	s := startSSHD(b, "MaxStartups 200")
	s.pool(b).Close() // writes the configuration
	c := newCrowd(b, n)
	defer c.close()
	var commands []*exec.Cmd
	var seen sync.WaitGroup
	begun := time.Now()
	for _, name := range c.names {
		cmd := exec.Command("ssh", "-F", filepath.Join(s.dir, "ssh_config"), "-T", "a", "exec tail -n 10 -F "+name) //nolint:noctx // ended below
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		commands = append(commands, cmd)
		seen.Add(1)
		go func() {
			first := make([]byte, 1)
			_, _ = out.Read(first)
			seen.Done()
			_, _ = io.Copy(io.Discard, out)
		}()
	}
	seen.Wait()
	opened := time.Since(begun)
	total := func(of func(pid string) float64) (sum float64) {
		for _, cmd := range commands {
			sum += of(fmt.Sprint(cmd.Process.Pid))
		}
		return sum
	}
	cpu := total(processCPU)
	c.write(b, lines)
	spent := total(processCPU) - cpu
	b.ReportMetric(float64(opened.Milliseconds()), "open-ms")
	b.ReportMetric(total(func(pid string) float64 { return float64(residentBytes(pid)) })/(1<<20), "RSS-MB")
	b.ReportMetric(total(func(pid string) float64 { return float64(proportionalBytes(pid)) })/(1<<20), "PSS-MB")
	b.ReportMetric(100*spent/(beats*0.05), "%cpu")
	for _, cmd := range commands {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// processCPU is what a process used, in seconds: fields 14 and 15 of stat, in
// hundredths.
func processCPU(pid string) float64 {
	text, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return float64(user+system) / 100
}

func residentBytes(pid string) int64     { return kilobytes("/proc/"+pid+"/status", "VmRSS:") }
func proportionalBytes(pid string) int64 { return kilobytes("/proc/"+pid+"/smaps_rollup", "Pss:") }

func kilobytes(file, key string) int64 {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == key {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// clientFiles are the files of an SFTP client.
type clientFiles struct{ client *sftp.Client }

func (f clientFiles) Open(_ context.Context, path string) (File, error) {
	file, err := f.client.Open(path)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f clientFiles) Stat(_ context.Context, path string) (fs.FileInfo, error) {
	return f.client.Stat(path)
}

func (f clientFiles) ReadDir(_ context.Context, dir string) ([]fs.FileInfo, error) {
	return f.client.ReadDir(dir)
}

type benchHost struct{ files FileSystem }

func (h *benchHost) Host(string) Host                          { return h }
func (h *benchHost) Files(context.Context) (FileSystem, error) { return h.files, nil }
func (h *benchHost) Start(context.Context, string) (Process, error) {
	return nil, ErrNoFiles
}
func (h *benchHost) Clock() Clock { return Clock{} }

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
