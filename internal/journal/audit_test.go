package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func kill(name string) Record {
	return Record{Who: "ops@ws-7", Cluster: "lab", Action: "kill", Topology: name, ID: name + "-1-1", Parameters: "wait=5", Command: "storm kill " + name + " -w 5"}
}

func TestAChangeIsTwoLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "audit.jsonl")
	a := NewAudit(path, clock)
	if err := a.Writable(); err != nil {
		t.Fatal(err)
	}
	no, err := a.Intend(kill("words"))
	if err != nil || no != 1 {
		t.Fatal(no, err)
	}
	done := kill("words")
	done.No, done.Result, done.TookMS = no, "gone", 5400
	if err := a.Conclude(done); err != nil {
		t.Fatal(err)
	}
	if no, err := a.Intend(kill("other\nname\u202e")); err != nil || no != 2 {
		t.Fatal(no, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n != 3 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	if mode := info(t, path).Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %o", mode)
	}
	h, err := ReadAudit(path, 10)
	if err != nil || len(h.Broken) > 0 || len(h.Changes) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	if c := h.Changes[0]; c.Outcome != nil || c.Intent.Topology != "other\nname\u202e" || !c.Intent.Time.Equal(noon) {
		t.Errorf("newest: %+v", c)
	}
	if c := h.Changes[1]; c.Outcome == nil || c.Outcome.Result != "gone" || c.Intent.No != 1 {
		t.Errorf("oldest: %+v", c)
	}
	if h, err := ReadAudit(path, 1); err != nil || len(h.Changes) != 1 || h.Omitted != 1 || h.Changes[0].Intent.No != 2 {
		t.Errorf("newest only: %+v, %v", h, err)
	}
}

func info(t *testing.T, path string) os.FileInfo {
	t.Helper()
	i, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestWhatWasTamperedWithShows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a := NewAudit(path, clock)
	for i := range 5 {
		if _, err := a.Intend(kill(fmt.Sprint("t", i))); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for name, c := range map[string]struct {
		text   string
		broken string
	}{
		"untouched":    {string(text), "[]"},
		"one taken":    {strings.Join(append(lines[:2:2], lines[3:]...), ""), "[3]"},
		"one changed":  {strings.Replace(string(text), "t2-1-1", "t9-1-1", 1), "[4]"},
		"no JSON":      {lines[0] + "nonsense\n" + lines[1], "[2 3]"},
		"a torn write": {lines[0] + lines[1][:40], "[2]"},
	} {
		h, err := readAudit(strings.NewReader(c.text), 0)
		if got := fmt.Sprint(h.Broken); err != nil || got != c.broken {
			t.Errorf("%s: broken %s, want %s (%v)", name, got, c.broken, err)
		}
	}
}

func TestATornLineDoesNotTakeTheNextWithIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	a := NewAudit(path, clock)
	if _, err := a.Intend(kill("words")); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"no":2,"pha`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if no, err := a.Intend(kill("other")); err != nil || no != 2 {
		t.Fatal(no, err)
	}
	h, err := ReadAudit(path, 0)
	if err != nil || len(h.Changes) != 2 || fmt.Sprint(h.Broken) != "[2]" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestManyWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	var wg sync.WaitGroup
	for i := range 20 {
		// Each its own Audit, as other programs have.
		wg.Go(func() {
			a := NewAudit(path, clock)
			no, err := a.Intend(kill(fmt.Sprint("t", i)))
			if err != nil {
				t.Error(err)
				return
			}
			r := kill(fmt.Sprint("t", i))
			r.No, r.Result = no, "gone"
			if err := a.Conclude(r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h, err := ReadAudit(path, 0)
	if err != nil || len(h.Changes) != 20 || len(h.Broken) != 0 {
		t.Fatalf("%d changes, broken %v, %v", len(h.Changes), h.Broken, err)
	}
	for _, c := range h.Changes {
		if c.Outcome == nil || c.Outcome.Topology != c.Intent.Topology {
			t.Errorf("%+v", c)
		}
	}
}

func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := NewAudit(filepath.Join(dir, "file", "audit.jsonl"), clock)
	if err := a.Writable(); err == nil {
		t.Error("a file is taken for a directory")
	}
	if _, err := a.Intend(kill("words")); err == nil {
		t.Error("written below a file")
	}
	if err := a.Conclude(Record{}); err == nil {
		t.Error("an outcome without an intent was written")
	}
	if h, err := ReadAudit(filepath.Join(dir, "none"), 0); err != nil || len(h.Changes) != 0 {
		t.Errorf("%+v %v", h, err)
	}
}

func FuzzReadAudit(f *testing.F) {
	f.Add([]byte(`{"no":1,"phase":"intent","previous":""}` + "\n"))
	f.Add([]byte("\x00\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := readAudit(bytes.NewReader(text), 3)
		if err == nil && len(h.Changes) > 3 {
			t.Errorf("%d changes", len(h.Changes))
		}
	})
}
