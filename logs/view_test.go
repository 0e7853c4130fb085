package logs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stormtop/stormtop/logs/match"
)

// settled waits until the view shows the filter and everything in the store.
func settled(t *testing.T, s *Store, v *View, f *Filter) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		_, hi := s.Range()
		if v.Filter() == f && v.upTo(hi) {
			return
		}
		select {
		case <-v.Changed():
		case <-deadline:
			t.Fatal("the view does not settle")
		}
	}
}

// upTo reports whether everything before hi has been looked at.
func (v *View) upTo(hi uint64) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.shown != v.wanted || !v.shown.complete {
		return false
	}
	b := v.shown.blocks
	return hi == 0 || len(b) > 0 && b[len(b)-1].c.first+uint64(b[len(b)-1].looked) == hi
}

// seqs are the numbers in the store of what a view shows.
func seqs(v *View) (all []uint64) {
	lo, hi := v.Range()
	for i := lo; i < hi; i++ {
		if r, ok := v.At(i); ok {
			all = append(all, r.Seq)
		}
	}
	return all
}

// selected is the same by [Filter.Match], one record after the other.
func selected(s *Store, f *Filter) (all []uint64) {
	lo, hi := s.Range()
	for seq := lo; seq < hi; seq++ {
		if r, ok := s.At(seq); ok && f.Match(&r, s.Source) {
			all = append(all, seq)
		}
	}
	return all
}

func filter(t *testing.T, terms ...Term) *Filter {
	t.Helper()
	f, err := NewFilter(terms)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// somewhat is a record with some of everything that terms ask for.
func somewhat(rnd *rand.Rand, i int) Record {
	words := []string{"split", "Traceback", "heartbeat", "took 12ms", "ShellLog pid:7, name:split", "a=1 who=x", "{\"order\": 7}", "\n\tat a.b(C.java:1)", "\n", "", "ok\r"}
	text := "2026-11-21 04:00:00.000 o.a.s.t.ShellBolt Thread-20-split-executor[3 3] [INFO] "
	for range rnd.IntN(4) {
		text += words[rnd.IntN(len(words))] + " "
	}
	r := Record{Source: int32(rnd.IntN(3)), Time: dawn.Add(time.Duration(i) * ms).UnixNano(), Text: []byte(text), Lines: 1, Level: Level(rnd.IntN(7))}
	switch rnd.IntN(40) {
	case 0:
		r.Mark = MarkRotated
	case 1:
		r.Origins = []Origin{{Source: 2}}
	case 2:
		r.Time = 0
	case 3:
		r.Text = nil
	}
	return r
}

var someTerms = []Term{
	{Kind: LevelFloor, Level: LevelWarn},
	{Kind: Include, Pattern: "split|traceback", IgnoreCase: true},
	{Kind: Include, Pattern: `\d+ms`},
	{Kind: Include, Pattern: "^$"},
	{Kind: Include, Pattern: "ok$"},
	{Kind: Exclude, Pattern: "heartbeat"},
	{Kind: Exclude, Pattern: "^\tat"},
	{Kind: Exclude, Pattern: "split", Not: true},
	{Kind: Include, Pattern: "trace.ack", Not: true},
	{Kind: SourceIs, Sources: []int32{0, 2}},
	{Kind: SourceIs, Sources: []int32{1}, Not: true},
	{Kind: FieldIs, Field: "component", Value: "split"},
	{Kind: FieldIs, Field: "order", Value: "7", Not: true},
	{Kind: FieldIs, Field: "task", Value: "3"},
	{Kind: FieldIs, Field: "host", Value: "w1"},
	{Kind: TimeRange, From: dawn.Add(time.Second).UnixNano()},
	{Kind: TimeRange, From: dawn.Add(time.Second).UnixNano(), To: dawn.Add(3 * time.Second).UnixNano(), Not: true},
	{Kind: LevelFloor, Level: LevelError, Off: true},
}

func someStore(budget int64) *Store {
	s := NewStore(StoreConfig{Budget: budget})
	for i := range 3 {
		s.AddSource(Source{Host: fmt.Sprint("w", i), Path: "/a", Component: "c"})
	}
	return s
}

// TestViewsShowWhatTheFilterSelects changes filters and appends in turns, with a
// store that drops, and compares with a filter applied to each record.
func TestViewsShowWhatTheFilterSelects(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := someStore(int64(1+rnd.IntN(2)) << 20)
		f := filter(t)
		v := s.View(f)
		n := 0
		for range 12 {
			var batch []Record
			for range rnd.IntN(1500) {
				batch = append(batch, somewhat(rnd, n))
				n++
			}
			s.Append(batch)
			if rnd.IntN(2) == 0 {
				var terms []Term
				for range rnd.IntN(4) {
					term := someTerms[rnd.IntN(len(someTerms))]
					term.Off = term.Off || rnd.IntN(6) == 0
					terms = append(terms, term)
				}
				f = filter(t, terms...)
				v.SetFilter(f)
			}
			settled(t, s, v, f)
			if diff := gocmp.Diff(selected(s, f), seqs(v)); diff != "" {
				t.Fatalf("seed %d, %+v\n%s", seed, f.terms, diff)
			}
			counts := v.Counts()
			for k := range f.terms {
				want := int64(0)
				for lo, hi := s.Range(); lo < hi; lo++ {
					if r, ok := s.At(lo); ok && r.Mark == MarkNone && !f.terms[k].Off && f.term(k, &r, s.Source) {
						want++
					}
				}
				if counts[k] != want {
					t.Fatalf("seed %d: term %+v is true of %d, %d are counted", seed, f.terms[k], want, counts[k])
				}
			}
		}
		v.Close()
	}
}

func TestNumbersStayWithTheirRecords(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := someStore(1 << 20)
	f := filter(t, Term{Kind: LevelFloor, Level: LevelWarn})
	v := s.View(f)
	defer v.Close()
	numbers := map[int]uint64{}
	for n := range 60 {
		var batch []Record
		for i := range 300 {
			batch = append(batch, somewhat(rnd, n*300+i))
		}
		s.Append(batch)
		settled(t, s, v, f)
		lo, hi := v.Range()
		for i := lo; i < hi; i++ {
			r, ok := v.At(i)
			if !ok {
				t.Fatalf("%d of [%d, %d) is not there", i, lo, hi)
			}
			if seq, known := numbers[i]; known && seq != r.Seq {
				t.Fatalf("%d was %d and is %d", i, seq, r.Seq)
			}
			numbers[i] = r.Seq
		}
		if _, ok := v.At(lo - 1); ok {
			t.Fatal("something before the first")
		}
	}
	if lo, _ := s.Range(); lo == 0 {
		t.Error("nothing was dropped")
	}
}

func TestTheOldPictureStaysUntilTheNewOne(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := someStore(8 << 20)
	var batch []Record
	for i := range 20000 {
		batch = append(batch, somewhat(rnd, i))
	}
	s.Append(batch)
	first := filter(t)
	v := s.View(first)
	defer v.Close()
	settled(t, s, v, first)
	for range 200 { // each abandons the one before
		v.SetFilter(filter(t, Term{Kind: Include, Pattern: fmt.Sprint("x", rnd.IntN(9))}))
		if lo, hi := v.Range(); v.Filter() == first && hi-lo != 20000 {
			t.Fatal("the old picture is gone")
		}
	}
	last := filter(t, Term{Kind: Include, Pattern: "split"})
	v.SetFilter(last)
	settled(t, s, v, last)
	if done, total := v.Progress(); done != total || total != 20000 {
		t.Errorf("%d of %d", done, total)
	}
}

// TestLookingWhileTheViewChanges asks everything of a view while records come
// and go and filters change.
func TestLookingWhileTheViewChanges(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := someStore(1 << 20)
	v := s.View(nil)
	done := make(chan struct{})
	var lookers sync.WaitGroup
	for range 2 {
		lookers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				lo, hi := v.Range()
				if r, ok := v.At(hi - 1); ok && len(r.Text) > 1000 {
					t.Error("not a record of this test")
				}
				v.Histogram(20)
				v.Counts()
				v.Progress()
				v.FindLevel(lo, false, LevelFatal)
				v.Near(dawn.UnixNano())
				v.Context(lo, 2)
			}
		})
	}
	var f *Filter
	for n := range 150 {
		var batch []Record
		for i := range 100 {
			batch = append(batch, somewhat(rnd, n*100+i))
		}
		s.Append(batch)
		if n%10 == 0 {
			f = filter(t, someTerms[rnd.IntN(len(someTerms))])
			v.SetFilter(f)
		}
	}
	settled(t, s, v, f)
	close(done)
	lookers.Wait()
	v.Close()
	if diff := gocmp.Diff(selected(s, f), seqs(v)); diff != "" {
		t.Error(diff)
	}
}

func TestFindingInAView(t *testing.T) {
	t.Parallel()
	s := someStore(1 << 20)
	var batch []Record
	for i := range 3000 {
		r := rec(0, time.Duration(i)*time.Second, fmt.Sprintf("line %d", i))
		r.Level = LevelInfo
		if i%1000 == 500 {
			r.Level = LevelError
		}
		batch = append(batch, r)
	}
	s.Append(batch)
	f := filter(t, Term{Kind: Exclude, Pattern: `[13579]$`})
	v := s.View(f)
	defer v.Close()
	settled(t, s, v, f)
	lo, hi := v.Range()
	if hi-lo != 1500 {
		t.Fatalf("%d records", hi-lo)
	}
	text := func(i int, ok bool) string {
		r, there := v.At(i)
		if !ok || !there {
			return "none"
		}
		return string(r.Text)
	}
	m, err := match.Compile([]string{"1.00$"}, match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	at, ok := v.Find(ctx, lo, false, m)
	got := []string{text(at, ok), text(v.Find(ctx, at+1, false, m)), text(v.Find(ctx, at-1, true, m)), text(v.Find(ctx, hi-1, true, m))}
	got = append(got, text(v.FindLevel(lo, false, LevelError)), text(v.FindLevel(hi-1, true, LevelError)), text(v.FindLevel(lo, false, LevelFatal)))
	near := func(d time.Duration) string { return text(v.Near(dawn.Add(d).UnixNano()), true) }
	got = append(got, near(-time.Hour), near(1001*time.Second), near(time.Hour))
	want := []string{"line 1000", "line 1100", "none", "line 1900", "line 500", "line 2500", "none", "line 0", "line 1002", "line 2998"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	none, _ := match.Compile([]string{"nowhere"}, match.Options{})
	if _, ok := v.Find(canceled, lo, false, none); ok {
		t.Error("found nothing nowhere")
	}
	before, after := v.Context(v.Near(dawn.Add(1000*time.Second).UnixNano()), 2)
	if diff := gocmp.Diff([]string{"line 998", "line 999", "line 1001", "line 1002"}, append(listed(before), listed(after)...)); diff != "" {
		t.Error(diff)
	}
	h := v.Histogram(10)
	all, errs := 0, 0
	for _, b := range h.Buckets {
		all, errs = all+b.All, errs+b.Errors
	}
	if all != 1500 || errs != 3 || h.From != dawn.UnixNano() || h.Buckets[0].All != 150 || h.Buckets[9].All != 150 {
		t.Errorf("%+v", h)
	}
}

func TestBadPatternNamesTermAndColumn(t *testing.T) {
	t.Parallel()
	_, err := NewFilter([]Term{{Kind: Include, Pattern: "fine"}, {Kind: Exclude, Pattern: "split|(trace"}})
	var e *PatternError
	if !errors.As(err, &e) || e.Term != 1 || e.Column != 13 || e.Reason != "missing closing )" {
		t.Errorf("%+v", err)
	}
	if _, err := NewFilter([]Term{{Kind: Include, Pattern: "(", Off: true}}); err != nil {
		t.Errorf("a term switched off: %v", err)
	}
}

// BenchmarkRefilter changes the filter over a full store.
func BenchmarkRefilter(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	s := someStore(DefaultBudget)
	for n := 0; ; n += 1024 {
		var batch []Record
		for i := range 1024 {
			batch = append(batch, somewhat(rnd, n+i))
		}
		s.Append(batch)
		if d, _ := s.Dropped(); d > 0 {
			break
		}
	}
	lo, hi := s.Range()
	v := s.View(nil)
	defer v.Close()
	for _, pattern := range []string{"traceback", `\d+ms`, `[a-z]+ [a-z]+ \d`} {
		b.Run(pattern, func(b *testing.B) {
			for range b.N {
				f, err := NewFilter([]Term{{Kind: Include, Pattern: pattern, IgnoreCase: true}})
				if err != nil {
					b.Fatal(err)
				}
				v.SetFilter(f)
				for v.Filter() != f || !v.upTo(hi) {
					<-v.Changed()
				}
			}
			b.ReportMetric(float64(hi-lo)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
