package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// printedRecord is what tests read of -o jsonl.
type printedRecord struct {
	Time      *string
	Host      *string
	Port      *int
	Component *string
	Source    *string
	Offset    *int64
	Text      string
	Mark      string
}

func readRecords(t *testing.T, text string) []printedRecord {
	t.Helper()
	var out []printedRecord
	for line := range strings.Lines(text) {
		var r printedRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, r)
	}
	return out
}

// reach are the flags that lead to a served demo.
func (d servedDemo) reach() []string {
	return []string{"--nimbus", strings.Join(d.Nimbus, ","), "--zk", d.ZK, "-F", d.SSHConfig}
}

// TestLogsOfTheDemo tails and searches the logs of a simulated cluster over the
// real wires, ssh included.
func TestLogsOfTheDemo(t *testing.T) {
	at := serving(t)
	ask := func(line ...string) (stdout, stderr string, code int) {
		var out, said bytes.Buffer
		code = program(t, &out, &said).main(t.Context(), append(line, at.reach()...))
		return out.String(), said.String(), code
	}
	out, said, code := ask("tail", "wordcount", "-l", "5", "-o", "jsonl")
	if code != exitDone || said != "" {
		t.Fatalf("tail: %d, %q", code, said)
	}
	hosts := map[string]bool{}
	for _, r := range readRecords(t, out) {
		if r.Host == nil || r.Port == nil || r.Source == nil || !strings.HasPrefix(*r.Source, at.LogDir) {
			t.Fatalf("record %+v", r)
		}
		hosts[*r.Host] = true
	}
	if len(hosts) < 2 {
		t.Errorf("lines of %v", hosts)
	}

	// Lines come in the order of their times, by this machine's clock: that of a
	// host may be wrong.
	out, _, code = ask("tail", "wordcount", "-l", "50", "--files", "worker", "-o", "jsonl")
	last := ""
	for _, r := range readRecords(t, out) {
		if r.Time == nil {
			continue
		}
		if *r.Time < last {
			t.Errorf("after %s comes %s: %s", last, *r.Time, r.Text)
		}
		last = *r.Time
	}
	if code != exitDone || last == "" {
		t.Errorf("tail: %d, %q", code, out)
	}
	if out, _, _ = ask("tail", "wordcount", "-l", "1"); !strings.HasPrefix(out, "w") || !strings.Contains(out[:10], ":6700 ") {
		t.Errorf("lines do not name their source: %q", out)
	}

	// What a host found and what is found in whole files is the same.
	until := time.Now().Add(-2 * time.Second).Format(time.RFC3339)
	one, said, code := ask("grep", "took [0-9]+ ms", "wordcount", "--count", "--until", until)
	two, _, _ := ask("grep", "[tT][oO][oO][kK] [0-9]+ [mM][sS]", "wordcount", "--count", "--until", until)
	if n, err := strconv.Atoi(strings.TrimSpace(one)); err != nil || n < 100 || one != two || code != exitDone || said != "" {
		t.Errorf("grep counts %q and %q, %d, %q", one, two, code, said)
	}
	if _, _, code := ask("grep", "nobody writes this", "wordcount"); code != exitCondition {
		t.Errorf("grep without a match: %d", code)
	}
	out, _, code = ask("tail", "w1:"+at.LogDir+"/supervisor.log", "-l", "1")
	if code != exitDone || !strings.HasPrefix(out, "w1:"+at.LogDir+"/supervisor.log ") {
		t.Errorf("a file of a host: %d, %q", code, out)
	}

	// What is not there.
	for _, wrong := range []struct {
		line []string
		code int
		says string
	}{
		{[]string{"tail", "wordcuont"}, exitNotFound, "Did you mean wordcount"},
		{[]string{"tail", "wordcount/splot"}, exitNotFound, "Did you mean split"},
		{[]string{"tail", "wordcount", "--host", "w9"}, exitNotFound, "No worker runs what is asked for"},
		{[]string{"grep", "x", "wordcount", "--host", "w9"}, exitNotFound, "No worker runs what is asked for"},
		{[]string{"tail", "w1:" + at.LogDir + "/none.log"}, exitNotFound, "none.log"},
		{[]string{"tail", "nohost:/x.log"}, exitUnreachable, "nohost"},
		{[]string{"tail", "wordcount", "nohost:/x.log", "-l", "1"}, exitPartial, "nohost"},
		{[]string{"grep", "took", "wordcount", "nohost:/x.log", "-o", "csv"}, exitPartial, "nohost"},
	} {
		_, said, code := ask(wrong.line...)
		if code != wrong.code || !strings.Contains(said, wrong.says) {
			t.Errorf("%q: %d, %q; want %d", wrong.line, code, said, wrong.code)
		}
	}

	// A reader that has enough ends a tail without a word.
	var errs bytes.Buffer
	a := program(t, &enough{lines: 5}, &errs)
	line := append([]string{"tail", "wordcount/split", "-f", "-i", "took [0-9]+ ms", "-x", "DEBUG", "-o", "jsonl"}, at.reach()...)
	if code := a.main(t.Context(), line); code != exitDone || errs.Len() > 0 {
		t.Errorf("a closed pipe: %d, %q", code, errs.String())
	}
}

// enough is a reader that goes away after so many lines.
type enough struct{ lines int }

func (e *enough) Write(p []byte) (int, error) {
	if e.lines -= bytes.Count(p, []byte("\n")); e.lines < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

// TestTailGoesAlong rebalances a topology under a tail: its new workers join, and
// nothing in a file is lost, doubled or reordered.
func TestTailGoesAlong(t *testing.T) {
	at := serving(t)
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		code := program(t, write, &errs).main(ctx, append([]string{"tail", "wordcount", "-f", "-l", "0", "-o", "jsonl", "--files", "worker"}, at.reach()...))
		_ = write.Close()
		ended <- code
	}()
	lines := make(chan string, 4096)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(read); s.Scan(); {
			lines <- s.Text()
		}
	}()
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	var all []printedRecord
	until := func(what string, ok func(printedRecord) bool) {
		for {
			select {
			case line, open := <-lines:
				if !open {
					t.Fatalf("the tail ended before %s: %s", what, errs.String())
				}
				r := readRecords(t, line)[0]
				all = append(all, r)
				if ok(r) {
					return
				}
			case <-patience.C:
				t.Fatalf("no %s in %d records", what, len(all))
			}
		}
	}
	until("line of the topology", func(r printedRecord) bool { return r.Mark == "" })
	slots := map[string]bool{}
	where := func(r printedRecord) string { return *r.Host + ":" + strconv.Itoa(*r.Port) }
	until("round of lines", func(r printedRecord) bool { slots[where(r)] = true; return len(all) > 30 })

	var out, said bytes.Buffer
	if code := program(t, &out, &said).main(t.Context(), append([]string{"rebalance", "wordcount", "-n", "5", "-w", "1", "--yes", "--no-wait"}, at.reach()[:4]...)); code != exitDone {
		t.Fatalf("rebalance: %d, %q, %q", code, out.String(), said.String())
	}
	var joined string
	until("worker that joins", func(r printedRecord) bool {
		if r.Mark == "joined" && !slots[where(r)] {
			joined = where(r)
		}
		return joined != ""
	})
	until("line of the worker that joined", func(r printedRecord) bool { return r.Mark == "" && where(r) == joined })
	cancel()
	for line := range lines {
		all = append(all, readRecords(t, line)[0])
	}
	if code := <-ended; code != exitInterrupted {
		t.Errorf("an interrupted tail ends with %d", code)
	}

	// Within a file every line follows the one before it, byte by byte.
	next := map[string]int64{}
	for _, r := range all {
		if r.Mark != "" || r.Offset == nil {
			continue
		}
		key := *r.Host + *r.Source
		if expected, ok := next[key]; ok && *r.Offset != expected && *r.Offset != 0 {
			t.Fatalf("%s: byte %d comes after %d", key, *r.Offset, expected)
		}
		next[key] = *r.Offset + int64(len(r.Text)) + 1
	}
	if len(next) < 3 || slices.ContainsFunc(all, func(r printedRecord) bool { return r.Mark == "gap" || r.Mark == "lost" }) {
		t.Errorf("%d files, marks %v", len(next), all)
	}
}
