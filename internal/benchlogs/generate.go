package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// A shape is a kind of line with its share of all lines, in 1/10,000.
type shape struct {
	share int
	write func(g *generator)
}

// shapes are what a busy worker of Storm 1.x and 2.x with Python bolts writes.
var shapes = []shape{
	{5200, (*generator).shell},
	{2000, (*generator).tuple},
	{1500, (*generator).acker},
	{900, (*generator).metrics},
	{300, (*generator).netty},
	{95, (*generator).failed},
	{5, (*generator).memory},
}

type generator struct {
	w    *bufio.Writer
	rnd  *rand.Rand
	now  time.Time
	head []byte
}

var (
	words      = []string{"storm", "stream", "tuple", "spout", "window", "apache", "python", "cluster", "nimbus", "worker", "quick", "brown", "fox", "lazy", "dog"}
	components = []string{"word-count", "split", "enrich", "sessionize", "sink"}
)

// generate writes a worker log of about size bytes. The same seed gives the same
// bytes.
func generate(w io.Writer, size int64, seed uint64) error {
	counting := &counter{w: w}
	g := &generator{
		w:   bufio.NewWriterSize(counting, 1<<20),
		rnd: rand.New(rand.NewPCG(seed, 1)),
		now: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
	}
	for counting.n+int64(g.w.Buffered()) < size {
		g.now = g.now.Add(time.Duration(g.rnd.IntN(30)) * time.Millisecond)
		g.head = g.now.AppendFormat(g.head[:0], "2006-01-02 15:04:05.000 ")
		pick := g.rnd.IntN(10000)
		for _, s := range shapes {
			if pick -= s.share; pick < 0 {
				s.write(g)
				break
			}
		}
	}
	return g.w.Flush()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func (g *generator) word() string { return words[g.rnd.IntN(len(words))] }

func (g *generator) line(format string, args ...any) {
	_, _ = g.w.Write(g.head)
	fmt.Fprintf(g.w, format, args...)
	_ = g.w.WriteByte('\n')
}

// shell is a line of a Python bolt. Nearly all are of the component that one of
// the patterns asks for, so that its literal alone decides little.
func (g *generator) shell() {
	name := components[0]
	if g.rnd.IntN(25) == 0 {
		name = components[1+g.rnd.IntN(len(components)-1)]
	}
	g.line("o.a.s.t.ShellBolt Thread-%d [INFO] ShellLog pid:%d, name:%s %s: %d", 18+g.rnd.IntN(20), 18000+g.rnd.IntN(400), name, g.word(), g.rnd.IntN(100000))
}

func (g *generator) tuple() {
	c := components[g.rnd.IntN(len(components))]
	task := 3 + g.rnd.IntN(60)
	g.line("o.a.s.e.b.BoltExecutor Thread-%d-%s-executor[%d, %d] [INFO] Processing received TUPLE: source: %s:%d, stream: default, id: {%d=%d}, [%s %s %s %s %s] for TASK: %d",
		18+g.rnd.IntN(20), c, task, task, components[g.rnd.IntN(len(components))], 3+g.rnd.IntN(60), g.rnd.Int64(), -g.rnd.Int64(), g.word(), g.word(), g.word(), g.word(), g.word(), task)
}

func (g *generator) acker() {
	task := 1 + g.rnd.IntN(4)
	g.line("o.a.s.d.Acker Thread-%d-__acker-executor[%d, %d] [INFO] BOLT ack TASK: %d TIME: %d TUPLE: source: %s:%d, stream: __ack_ack, id: {}, [%d, %d]",
		18+g.rnd.IntN(20), task, task, task, g.rnd.IntN(40), components[g.rnd.IntN(len(components))], 3+g.rnd.IntN(60), g.rnd.Int64(), -g.rnd.Int64())
}

func (g *generator) metrics() {
	g.line("o.a.s.m.LoggingMetricsConsumer Thread-%d-__metrics_executor[%d, %d] [INFO] %d\tw%02d.example.net:670%d\t%3d:%s\t__execute-count {%s:default=%d}",
		18+g.rnd.IntN(20), 2, 2, g.now.Unix(), g.rnd.IntN(20), g.rnd.IntN(4), g.rnd.IntN(64), components[g.rnd.IntN(len(components))], g.word(), g.rnd.IntN(1000000))
}

func (g *generator) netty() {
	g.line("o.a.s.m.n.Client client-worker-%d [WARN] could not send %d messages to Netty-Client-w%02d.example.net/10.0.%d.%d:670%d, trying again in %dms",
		1+g.rnd.IntN(4), g.rnd.IntN(500), g.rnd.IntN(20), g.rnd.IntN(256), g.rnd.IntN(256), g.rnd.IntN(4), g.rnd.IntN(3000))
}

func (g *generator) failed() {
	g.line("o.a.s.e.e.ReportError Thread-%d [ERROR] Error", 18+g.rnd.IntN(20))
	fmt.Fprintf(g.w, "java.lang.RuntimeException: java.io.IOException: could not read %s %d\n", g.word(), g.rnd.IntN(100000))
	for range 3 + g.rnd.IntN(5) {
		fmt.Fprintf(g.w, "\tat org.apache.storm.%s.%s(%s.java:%d)\n", g.word(), g.word(), g.word(), g.rnd.IntN(900))
	}
	fmt.Fprintf(g.w, "Caused by: java.io.IOException: could not read\n\t... %d more\n", g.rnd.IntN(30))
}

func (g *generator) memory() {
	g.line("o.a.s.u.Utils Thread-%d-%s-executor[%d, %d] [ERROR] Received error in main thread.. terminating server...", 18+g.rnd.IntN(20), components[g.rnd.IntN(len(components))], 7, 7)
	_, _ = g.w.WriteString("java.lang.OutOfMemoryError: Java heap space\n\tat java.util.Arrays.copyOf(Arrays.java:3332)\n")
}

// logFile is a generated log that is made once.
func logFile(dir string, size int64) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("stormtop-bench-%d.log", size))
	if info, err := os.Stat(path); err == nil && info.Size() >= size {
		return path, nil
	}
	part := path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return "", fmt.Errorf("making the log to search: %w", err)
	}
	if err := generate(f, size, 1); err != nil {
		_ = f.Close()
		return "", fmt.Errorf("making the log to search: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("making the log to search: %w", err)
	}
	return path, os.Rename(part, path)
}
