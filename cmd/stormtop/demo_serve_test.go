package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/config"
)

// program is the whole program in this process, away from any configuration.
func program(t *testing.T, stdout, stderr io.Writer) *app {
	t.Helper()
	return &app{
		stdout: stdout, stderr: stderr, env: func(string) string { return "" }, files: config.Disk(), home: t.TempDir(),
		now: time.Now, keys: consoleKeys,
	}
}

// serving runs demo --serve until the test ends and returns what it printed.
func serving(t *testing.T, flags ...string) servedDemo {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	a := program(t, write, io.Discard)
	go func() { ended <- a.main(ctx, append([]string{"demo", "--serve"}, flags...)) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("demo --serve ended with %d", code)
		}
	})
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var out servedDemo
	if err := json.Unmarshal([]byte(line), &out); err != nil {
		t.Fatalf("printed %q: %v", line, err)
	}
	return out
}

var (
	tabularFormats = []string{"table", "wide", "json", "jsonl", "csv", "name"}
	graphFormats   = []string{"text", "dot", "json"}
)

// demoQuestions are the command lines that are asked of the demo, with the
// formats each has and a word of its answer. Commands that ask no cluster have
// none.
var demoQuestions = []struct {
	line    string
	formats []string
	holds   string
}{
	{"status", tabularFormats, ""},
	{"list", tabularFormats, "twitter-clicks"},
	{"topology wordcount", tabularFormats, "count"},
	{"topology global-alarms --window 3h --sys", tabularFormats, "b-1-alarm"},
	{"component wordcount count", tabularFormats, "11"},
	{"component twitter-clicks clicks --window all", tabularFormats, "9"},
	{"supervisors", tabularFormats, "w6"},
	{"slots", tabularFormats, "w6"},
	{"workers", tabularFormats, "w6"},
	{"workers wordcount", tabularFormats, "w1"},
	{"dag twitter-clicks", graphFormats, "geo"},
	{"dag global-alarms", graphFormats, "correlate"},
	{"conf wikipedia-trends", tabularFormats, "topology.workers"},
	{"conf --nimbus-conf", tabularFormats, "nimbus.seeds"},
	{"zk ls", tabularFormats, "assignments"},
	{"zk ls storms", tabularFormats, "global-alarms"},
	{"zk get supervisors", tabularFormats, ""},
	{"doctor", tabularFormats, ""},
	{"wait wordcount ACTIVE", tabularFormats, "wordcount"},
}

// readsHosts are the commands that read files on hosts; they have tests of their
// own.
var readsHosts = []string{"tail", "grep"}

// asksNobody are the commands that need no cluster.
var asksNobody = []string{"completion", "config", "demo", "help", "keys", "version"}

// TestDemoAnswersEveryCommand asks a served demo everything that the program can
// ask, in every format, over real sockets.
func TestDemoAnswersEveryCommand(t *testing.T) {
	at := serving(t)
	ask := func(line string, more ...string) (stdout, stderr string, code int) {
		var out, said bytes.Buffer
		args := append(strings.Fields(line), more...)
		args = append(args, "--nimbus", strings.Join(at.Nimbus, ","), "--zk", at.ZK)
		code = program(t, &out, &said).main(t.Context(), args)
		return out.String(), said.String(), code
	}
	asked := map[string]bool{}
	for _, q := range demoQuestions {
		asked[strings.Fields(q.line)[0]] = true
		for _, format := range q.formats {
			stdout, stderr, code := ask(q.line, "-o", format)
			if code != exitDone || stderr != "" {
				t.Errorf("%s -o %s: exit code %d, stderr %q", q.line, format, code, stderr)
				continue
			}
			if q.holds != "" && !strings.Contains(stdout, q.holds) {
				t.Errorf("%s -o %s does not tell of %s:\n%s", q.line, format, q.holds, stdout)
			}
			if err := wellFormed(format, stdout); err != nil {
				t.Errorf("%s -o %s: %v\n%s", q.line, format, err, stdout)
			}
		}
	}
	for _, c := range program(t, io.Discard, io.Discard).root().Commands() {
		if name := c.Name(); !c.Hidden && !asked[name] && !slices.Contains(asksNobody, name) && !slices.Contains(readsHosts, name) && !changes(c) {
			t.Errorf("%s is asked nothing here", name)
		}
	}
	for _, wrong := range []struct {
		line, hint string
		code       int
	}{
		{"topology wordcuont", "wordcount", exitNotFound},
		{"component wordcount cuont", "count", exitNotFound},
		{"zk get storms/nothing", "", exitNotFound},
		{"list -o text", "json", exitUsage},
		{"topology w", "wordcount", exitUsage}, // a prefix of two
	} {
		stdout, stderr, code := ask(wrong.line)
		if code != wrong.code || stdout != "" || !strings.HasPrefix(stderr, "stormtop: ") || !strings.Contains(stderr, wrong.hint) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", wrong.line, code, stdout, stderr)
		}
	}
}

// changes reports whether a command changes a cluster; those have tests of their
// own.
func changes(c *cobra.Command) bool { return c.Flags().Lookup("dry-run") != nil }

// wellFormed reads an answer as a program would.
func wellFormed(format, answer string) error {
	switch format {
	case "json":
		var v map[string]any
		return json.Unmarshal([]byte(answer), &v)
	case "jsonl":
		for line := range strings.Lines(answer) {
			var v map[string]any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				return err
			}
		}
	case "csv":
		_, err := csv.NewReader(strings.NewReader(answer)).ReadAll()
		return err
	}
	return nil
}

func TestTwoDemosDoNotMeet(t *testing.T) {
	first, second := serving(t), serving(t, "--seed", "2")
	used := map[string]bool{}
	for _, addr := range append(append(first.Nimbus, second.Nimbus...), first.ZK, second.ZK) {
		_, port, err := net.SplitHostPort(strings.TrimSuffix(addr, "/storm"))
		if err != nil || used[port] {
			t.Errorf("%s: %v, or a port twice", addr, err)
		}
		used[port] = true
	}
}

// gone is the standard output of a program whose reader went away.
type gone struct{}

func (gone) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

// Without a reader for the addresses nobody can use the cluster, so it is not
// served; a closed pipe is quiet, as everywhere.
func TestDemoWithoutAReaderEnds(t *testing.T) {
	var said bytes.Buffer
	if code := program(t, gone{}, &said).main(t.Context(), []string{"demo", "--serve"}); code != exitDone || said.Len() != 0 {
		t.Errorf("exit code %d, stderr %q", code, said.String())
	}
}
