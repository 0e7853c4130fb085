package search

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/termtest/require"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// thisHost runs commands with a shell of this machine, as a host's would.
type thisHost struct {
	t     testing.TB
	shell string // "" has none
	// between is called when a command was started.
	between func()
}

func (h thisHost) Host(string) logs.Host { return h }
func (h thisHost) Clock() logs.Clock     { return logs.Clock{} }
func (h thisHost) Files(context.Context) (logs.FileSystem, error) {
	return thisDisk{}, nil
}

func (h thisHost) Start(ctx context.Context, command string) (logs.Process, error) {
	if h.shell == "" {
		return nil, errors.New("this account has no shell")
	}
	cmd := exec.CommandContext(ctx, h.shell, "-c", command)
	cmd.WaitDelay = 50 * time.Millisecond // what it started may hold its output open
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if h.between != nil {
		h.between()
	}
	return &process{cmd: cmd, Writer: in, Reader: out, errs: &errs}, nil
}

type process struct {
	io.Reader
	io.Writer
	cmd  *exec.Cmd
	errs *bytes.Buffer
}

func (p *process) Stderr() string { return p.errs.String() }
func (p *process) Wait() error    { return p.cmd.Wait() }
func (p *process) Close() error {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return nil
}

type thisDisk struct{}

func (thisDisk) Open(_ context.Context, name string) (logs.File, error)     { return os.Open(name) }
func (thisDisk) Stat(_ context.Context, name string) (fs.FileInfo, error)   { return os.Stat(name) }
func (thisDisk) ReadDir(_ context.Context, d string) ([]fs.FileInfo, error) { return readDir(d) }

func readDir(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []fs.FileInfo
	for _, e := range entries {
		if i, err := e.Info(); err == nil {
			out = append(out, i)
		}
	}
	return out, nil
}

func stamps(logs.Source) func([]byte) (int64, bool) { return logs.NewStampReader(time.UTC).Read }

// write makes a file, packed when its name says so, of a given age.
func write(t testing.TB, name, text string, age time.Duration) {
	t.Helper()
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// answers runs a search and prints what it found, one line each.
func answers(t testing.TB, cfg Config, sources []logs.Source) (string, Result) {
	t.Helper()
	var b strings.Builder
	res, err := Run(t.Context(), cfg, sources, func(bl Block) error {
		for _, l := range bl.Lines {
			fmt.Fprintf(&b, "%d%s %d %v %s\n", bl.Source, bl.File, l.N, l.Match, l.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), res
}

// TestHostsAnswerAsThisMachineDoes compares the three ways to search, over
// random logs, patterns and options.
func TestHostsAnswerAsThisMachineDoes(t *testing.T) {
	sh := require.Tool(t, "sh")
	require.Tool(t, "gzip")
	rng := rand.New(rand.NewPCG(7, 11))
	words := []string{"took 12ms", "tuple failed", "αβγ", "Traceback (most recent call last):", "-e", "a'b", "=F .3", "12:x", "--", "K\u212a", "\x1b[2J", "\xff\xfe", "it is $(date)", ""}
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text := func() string {
		var b strings.Builder
		for range rng.IntN(40) {
			if rng.IntN(4) > 0 {
				clock = clock.Add(time.Duration(rng.IntN(3)) * 100 * time.Millisecond)
				b.WriteString(clock.Format("2006-01-02 15:04:05.000") + " o.a.s.X [INFO] ")
			} else {
				b.WriteString("\tat ")
			}
			b.WriteString(words[rng.IntN(len(words))])
			b.WriteString(words[rng.IntN(len(words))])
			b.WriteByte('\n')
		}
		if rng.IntN(3) == 0 {
			b.WriteString("an end without a line feed")
		}
		return b.String()
	}
	patterns := []struct {
		re       string
		literals []string
		fold     bool
	}{
		{`took [0-9]+ms`, []string{"took "}, false},
		{`(?i)TUPLE`, []string{"tuple"}, true},
		{`failed|αβ`, []string{"failed", "αβ"}, false},
		{`-e`, []string{"-e"}, false},
		{`a'b`, []string{"a'b"}, false},
		{`\$\(date\)$`, []string{"$(date)"}, false},
		{`^\tat .*[xy]`, nil, false},
		{`Traceback`, []string{"Traceback"}, false},
	}
	for round := range 25 {
		dir := filepath.Join(t.TempDir(), "it's $(a) dir")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		var sources [2]logs.Source
		for i := range sources {
			name := filepath.Join(dir, fmt.Sprintf("w %d.log", i))
			sources[i] = logs.Source{Path: name}
			newestFirst := rng.IntN(2) == 0
			for n := 1; n <= rng.IntN(4); n++ {
				age := time.Duration(10-n) * time.Hour
				if newestFirst {
					age = time.Duration(n) * time.Hour
				}
				write(t, name+fmt.Sprintf(".%d%s", n, []string{"", ".gz"}[rng.IntN(2)]), text(), age)
			}
			write(t, name, text(), 0)
		}
		p := patterns[rng.IntN(len(patterns))]
		re := regexp.MustCompile(p.re)
		cfg := Config{
			Match: re.Match, Literals: p.literals, Fold: p.fold, Stamps: stamps,
			Rotated: func(logs.Source) bool { return true }, Records: rng.IntN(3) == 0,
		}
		if !cfg.Records {
			cfg.Context = rng.IntN(3)
		}
		if rng.IntN(3) == 0 {
			cfg.Since, cfg.Until = clock.Add(-4*time.Second), clock.Add(-time.Second)
		}
		want, res := answers(t, cfg, sources[:])
		if len(res.Failures) > 0 {
			t.Fatalf("here: %v", res.Failures)
		}
		remote := sources
		for i := range remote {
			remote[i].Host = "w1"
		}
		for way, host := range map[string]thisHost{"grep on the host": {t: t, shell: sh}, "without a shell": {t: t}} {
			cfg.Hosts = host
			got, res := answers(t, cfg, remote[:])
			if got != want || len(res.Failures) > 0 {
				t.Fatalf("round %d, %s, %q, %+v:\n%s\nhere:\n%s\n%v", round, way, p.re, cfg, got, want, res.Failures)
			}
		}
	}
}

func TestMissingAndUnreadableFiles(t *testing.T) {
	sh := require.Tool(t, "sh")
	cfg := Config{Match: func([]byte) bool { return true }, Literals: []string{"x"}, Stamps: stamps, Hosts: thisHost{t: t, shell: sh}}
	_, res := answers(t, cfg, []logs.Source{{Host: "w1", Path: filepath.Join(t.TempDir(), "none")}})
	if len(res.Failures) != 1 || !errors.Is(res.Failures[0].Err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", res.Failures)
	}
	name := filepath.Join(t.TempDir(), "x")
	write(t, name, "x\n", 0)
	write(t, name+".1", "x\n", time.Hour)
	if err := os.WriteFile(name+".2.gz", []byte("no gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Rotated = func(logs.Source) bool { return true }
	got, res := answers(t, cfg, []logs.Source{{Host: "w1", Path: name}})
	if len(res.Failures) != 1 || strings.Count(got, "x\n") != 2 {
		t.Errorf("a broken archive: %q, %v", got, res.Failures)
	}
}

func TestBudgetOfBytes(t *testing.T) {
	sh := require.Tool(t, "sh")
	name := filepath.Join(t.TempDir(), "x")
	write(t, name, strings.Repeat("a line with x\n", 100_000), 0)
	cfg := Config{
		Match: func([]byte) bool { return true }, Literals: []string{"x"}, Stamps: stamps,
		Hosts: thisHost{t: t, shell: sh}, Bytes: 300_000,
	}
	got, res := answers(t, cfg, []logs.Source{{Host: "w1", Path: name}})
	if len(res.Failures) != 1 || !res.Failures[0].OverBudget() || res.Matches == 0 || res.Bytes > 700_000 || len(got) == 0 {
		t.Errorf("%d matches of %d bytes, %v", res.Matches, res.Bytes, res.Failures)
	}
}

func TestRotationMeanwhileIsSearchedAgain(t *testing.T) {
	sh := require.Tool(t, "sh")
	name := filepath.Join(t.TempDir(), "x")
	write(t, name, "x old\n", 0)
	// The pipe stands for what rotates it: the first attempt ends late.
	rotated := false
	host := thisHost{t: t, shell: sh}
	cfg := Config{Match: func(line []byte) bool {
		if !rotated {
			rotated = true
			if err := os.Rename(name, name+".1"); err != nil {
				t.Error(err)
			}
			write(t, name, "x new\n", 0)
		}
		return true
	}, Literals: []string{"x"}, Stamps: stamps, Hosts: host, Rotated: func(logs.Source) bool { return true }}
	got, res := answers(t, cfg, []logs.Source{{Host: "w1", Path: name}})
	// Whether the first attempt saw the rotation or not, its answer is whole.
	if len(res.Failures) > 0 || strings.Count(got, "x old") != 1 {
		t.Errorf("%q, %v", got, res.Failures)
	}
}

func TestEndedWhileSearching(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	write(t, name, strings.Repeat("x\n", 100_000), 0)
	cfg := Config{Match: func([]byte) bool { return true }, Stamps: stamps}
	stop := errors.New("enough")
	n := 0
	_, err := Run(t.Context(), cfg, []logs.Source{{Path: name}, {Path: name}}, func(Block) error {
		if n++; n == 5 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
}

// TestScanIsTheFastPathOnly compares it with the way line by line.
func TestScanIsTheFastPathOnly(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	write(t, name, strings.Repeat("one ERROR\r\ntwo\nthree ERROR\n", 3000)+"last ERROR", 0)
	m, err := match.Compile([]string{"ERROR$"}, match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := func(cfg Config) (out []string) {
		if _, err := Run(t.Context(), cfg, []logs.Source{{Path: name}}, func(b Block) error {
			for _, l := range b.Lines {
				out = append(out, string(l.Text))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	cfg := Config{Match: m.Match, Stamps: stamps}
	slow := lines(cfg)
	cfg.Scan = func(path string, fn func([]byte, int64) bool) error { return m.ScanFile(path, 0, fn) }
	if fast := lines(cfg); len(slow) != 6001 || !slices.Equal(slow, fast) {
		t.Errorf("%d lines one by one, %d at once; %q and %q", len(slow), len(fast), slow[0], fast[0])
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("=S 1 .\n=F .\n1:x\n2-y\n--\n=E 0\n=S 1 .\n"))
	f.Add([]byte("motd\n=E 3\n=S\n=F\n999999999999999999999:x\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		depth := 0
		a := answer{
			begin: func(string) { depth++ }, end: func() error { depth--; return nil },
			line: func(n int64, _ []byte) error {
				if n < 0 || depth < 1 {
					t.Fatalf("line %d outside of a file", n)
				}
				return nil
			},
		}
		if err := eachLine(bytes.NewReader(out), a.take); err != nil {
			t.Fatal(err)
		}
		parseRanges(out)
	})
}
