package logs

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestHostileLines sends lines that mean harm through the whole way from bytes
// to a filtered view: 10⁵ of them, or STORMTOP_HOSTILE_LINES. Memory stays
// bounded, nothing is lost without being counted, and the bytes kept are those
// that came.
func TestHostileLines(t *testing.T) {
	lines := 100_000
	if n, err := strconv.Atoi(os.Getenv("STORMTOP_HOSTILE_LINES")); err == nil {
		lines = n
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	const budget, held = 8 << 20, 4 << 20
	store := NewStore(StoreConfig{Budget: budget})
	src := store.AddSource(Source{Host: "w1", Path: "/x", Kind: KindWorker})
	py := store.AddSource(Source{Host: "w1", Path: "/y", Kind: KindPython, PID: 7})
	merger := NewMerger(MergerConfig{Source: store.Source, Held: held, Emit: store.Append})
	now := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
	merger.Join(src, true, now)
	merger.Join(py, false, now)
	given := int64(0)
	take := func(r Record) {
		if len(r.Text) > MaxBytes+MaxLine || r.Lines > MaxLines {
			t.Fatalf("a record of %d bytes, %d lines", len(r.Text), r.Lines)
		}
		given++
		merger.Add(now, r)
	}
	readers := []*Assembler{
		NewAssembler(AssemblerConfig{Source: src, Zone: time.UTC}, take),
		NewAssembler(AssemblerConfig{Source: py, Zone: time.UTC}, take),
	}
	f := filter(t, Term{Kind: Exclude, Pattern: "\x1b"}, Term{Kind: Include, Pattern: `[^a]*\pL`, IgnoreCase: true}, Term{Kind: FieldIs, Field: "time", Value: "x", Not: true})
	v := store.View(f)
	defer v.Close()
	offset := [2]int64{}
	huge := bytes.Repeat([]byte("\x1b[2J\u202eno end "), 10<<20/16)
	for i := range lines {
		k := rnd.IntN(2)
		line := hostile(rnd)
		if i%20_000 == 10_000 {
			line = huge
		}
		if rnd.IntN(50) > 0 {
			line = append(slices.Clip(line), '\n')
		}
		for len(line) > 0 {
			n := min(len(line), 32<<10)
			readers[k].Write(line[:n], offset[k], now)
			offset[k] += int64(n)
			line = line[n:]
		}
		if n := len(readers[k].partial); n > MaxLine {
			t.Fatalf("%d bytes of an unfinished line are held", n)
		}
		if i%100 == 0 {
			now = now.Add(time.Duration(rnd.IntN(300)) * time.Millisecond)
			for _, a := range readers {
				a.Tick(now)
			}
			merger.Advance(now)
		}
		if store.Bytes() > budget {
			t.Fatalf("the store takes %d bytes", store.Bytes())
		}
		if s := merger.Stats(); s.HeldBytes > held {
			t.Fatalf("the merger holds %d bytes", s.HeldBytes)
		}
	}
	for _, a := range readers {
		a.End(now)
	}
	merger.Flush()
	settled(t, store, v, f)
	lo, hi := store.Range()
	dropped, _ := store.Dropped()
	if s := merger.Stats(); given != s.Records+s.Joined || int64(hi) != s.Records || int64(lo) != dropped {
		t.Errorf("%d records were given, %+v, the store has [%d, %d) and dropped %d", given, s, lo, hi, dropped)
	}
}

// FuzzFilter compares filtering by chunks with filtering one record.
func FuzzFilter(f *testing.F) {
	f.Add("split|trace", "a\nb split", uint8(0), uint8(3))
	f.Add(`^\tat`, "x\n\tat a.b\r", uint8(1), uint8(5))
	f.Add("", "\n", uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, pattern, text string, kind, level uint8) {
		if len(pattern) > 40 || len(text) > 2000 {
			return
		}
		terms := []Term{{Kind: TermKind(kind % 2), Pattern: pattern, Not: kind&2 != 0, IgnoreCase: kind&4 != 0}, {Kind: LevelFloor, Level: Level(level % 7), Off: level > 100}}
		flt, err := NewFilter(terms)
		if err != nil {
			return
		}
		s := NewStore(StoreConfig{})
		for i, part := range []string{text, "", text + "\n", "plain", text} {
			s.Append([]Record{{Text: []byte(part), Level: Level(i)}})
		}
		c := (*s.chunks.Load())[0]
		b := &block{c: c}
		flt.look(b, 2, s.Source)
		flt.look(b, 5, s.Source)
		at := 0
		for i := range 5 {
			r := c.record(i)
			in := at < b.len() && b.at(at) == i
			if in {
				at++
			}
			if want := flt.Match(&r, s.Source); in != want {
				t.Fatalf("%+v of %q: by chunk %v, alone %v", terms, r.Text, in, want)
			}
		}
	})
}
