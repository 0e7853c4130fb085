package logs

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/pkg/sftp"
)

// BenchmarkTails follows many files over SFTP to a server in this process, 20
// lines a second each: what a tail costs without the encryption of ssh. The
// server's own work is in the figures.
func BenchmarkTails(b *testing.B) {
	for _, n := range []int{100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				benchmarkTails(b, n)
			}
		})
	}
}

func benchmarkTails(b *testing.B, n int) {
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
	dir := b.TempDir()
	files := make([]*os.File, n)
	sources := make([]Source, n)
	for i := range files {
		name := filepath.Join(dir, fmt.Sprintf("f%d.log", i))
		if files[i], err = os.Create(name); err != nil {
			b.Fatal(err)
		}
		sources[i] = Source{Host: "a", Kind: KindFile, Path: name}
		fmt.Fprintf(files[i], "%s first line\n", time.Now().Format("2006-01-02 15:04:05.000"))
	}
	goroutines := runtime.NumGoroutine()
	heap := heapBytes()
	begun := time.Now()
	m := NewMux(MuxConfig{Hosts: host, Store: NewStore(StoreConfig{}), Follow: true, Lines: 10})
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
	used := float64(heapBytes()-heap) / float64(n)
	const beats = 100
	cpu, wall := cpuTime(), time.Now()
	for range beats {
		for _, f := range files {
			fmt.Fprintf(f, "%s o.a.s.t.ShellBolt Thread-20 [INFO] ShellLog pid:1, name:split a line of some length\n", time.Now().Format("2006-01-02 15:04:05.000"))
		}
		time.Sleep(time.Until(wall.Add(50 * time.Millisecond)))
		wall = wall.Add(50 * time.Millisecond)
	}
	spent := cpuTime() - cpu
	b.ReportMetric(float64(opened.Milliseconds()), "open-ms")
	b.ReportMetric(per, "goroutines/tail")
	b.ReportMetric(used, "heapB/tail")
	b.ReportMetric(100*spent.Seconds()/(beats*0.05), "%cpu")
	if err := m.Close(); err != nil {
		b.Error(err)
	}
	_ = client.Close()
	_ = here.Close()
	_ = there.Close()
	<-served
	for _, f := range files {
		_ = f.Close()
	}
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

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
