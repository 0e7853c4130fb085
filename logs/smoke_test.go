package logs

import (
	"fmt"
	"testing"
	"time"
)

func TestLinesBecomeRecordsOfAView(t *testing.T) {
	store := NewStore(StoreConfig{})
	src := store.AddSource(Source{Host: "w1", Path: "/x/worker.log", Kind: KindWorker})
	merger := NewMerger(MergerConfig{Source: store.Source, Emit: store.Append})
	now := time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)
	a := NewAssembler(AssemblerConfig{Source: src, Zone: time.UTC}, func(r Record) { merger.Add(now, r) })
	text := "2026-11-21 04:00:00.001 o.a.s.t.ShellBolt Thread-20 [WARN] ShellLog pid:7, name:split slow\n" +
		"2026-11-21 04:00:00.002 o.a.s.e.e.ReportError Thread-20 [ERROR] Error\njava.lang.Exception: x\n\tat a.b(C.java:1)\n"
	a.Write([]byte(text), 0, now)
	a.End(now)
	merger.Flush()
	f, err := NewFilter([]Term{{Kind: LevelFloor, Level: LevelError}})
	if err != nil {
		t.Fatal(err)
	}
	v := store.View(f)
	defer v.Close()
	for lo, hi := v.Range(); hi-lo < 1; lo, hi = v.Range() {
		<-v.Changed()
	}
	lo, _ := v.Range()
	r, ok := v.At(lo)
	if !ok || r.Lines != 3 || r.Level != LevelError {
		t.Fatalf("got %v %+v", ok, r)
	}
	if got := fmt.Sprint(v.Counts()); got != "[1]" {
		t.Errorf("counts %s", got)
	}
	first, _ := store.At(0)
	if f := first.Fields(); f.Component != "split" || f.PID != 7 || string(f.Body.of(first.Text)) != "slow" {
		t.Errorf("fields %+v", f)
	}
}
