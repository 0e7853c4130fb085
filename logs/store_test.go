package logs

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

// fill appends n records of a source with texts of up to size bytes.
func fill(s *Store, rnd *rand.Rand, source int32, n, size int) {
	batch := make([]Record, 0, n)
	for i := range n {
		text := fmt.Appendf(nil, "%d ", i)
		text = append(text, make([]byte, rnd.IntN(size))...)
		r := Record{Source: source, Time: int64(i), Text: text, Lines: 1, Level: Level(rnd.IntN(7))}
		if rnd.IntN(50) == 0 {
			r.Origins = []Origin{{Source: source, Offset: int64(i)}}
		}
		batch = append(batch, r)
	}
	s.Append(batch)
}

func TestTheStoreKeepsItsBudget(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := NewStore(StoreConfig{Budget: 4 << 20})
	a := s.AddSource(Source{Host: "a", Path: "/a"})
	b := s.AddSource(Source{Host: "b", Path: "/b"})
	if again := s.AddSource(Source{Host: "a", Path: "/a", PID: 3}); again != a || s.Source(a).PID != 3 {
		t.Errorf("the same source got %d", again)
	}
	appended := [2]int64{}
	for i := range 400 {
		n, size := 1+rnd.IntN(300), 1+rnd.IntN(400)
		if i%97 == 0 {
			n, size = 2, 400_000
		}
		source := []int32{a, b}[i&1]
		fill(s, rnd, source, n, size)
		appended[i&1] += int64(n)
		if s.Bytes() > s.Budget() {
			t.Fatalf("%d bytes of %d", s.Bytes(), s.Budget())
		}
	}
	// Everything is either there or counted.
	var sum int64
	for _, c := range *s.chunks.Load() {
		sum += c.cost
	}
	if sum != s.Bytes() {
		t.Errorf("the chunks take %d bytes, %d are counted", sum, s.Bytes())
	}
	lo, hi := s.Range()
	here := [2]int64{}
	for seq := lo; seq < hi; seq++ {
		r, ok := s.At(seq)
		if !ok || r.Seq != seq {
			t.Fatalf("%d is not there", seq)
		}
		here[r.Source]++
	}
	for i, source := range []int32{a, b} {
		dropped, _ := s.DroppedOf(source)
		if dropped == 0 || here[source]+dropped != appended[i] || s.SeenOf(source) != appended[i] {
			t.Errorf("source %d: %d here, %d dropped, %d seen of %d", source, here[source], dropped, s.SeenOf(source), appended[i])
		}
	}
	if all, _ := s.Dropped(); all != int64(lo) {
		t.Errorf("%d dropped, the first kept is %d", all, lo)
	}
	if _, ok := s.At(lo - 1); ok {
		t.Error("a dropped record is there")
	}
	if _, ok := s.At(hi); ok {
		t.Error("a record that is not there yet is there")
	}
}

// TestTheBudgetIsWhatIsUsed compares what the store counts with what the
// process uses.
func TestTheBudgetIsWhatIsUsed(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := NewStore(StoreConfig{Budget: 32 << 20})
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 400 {
		fill(s, rnd, 0, 1000, 200)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if off := float64(used)/float64(s.Bytes()) - 1; off > 0.05 || off < -0.05 {
		t.Errorf("%d bytes are counted, %d used", s.Bytes(), used)
	}
	runtime.KeepAlive(s)
}

func TestRecordsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := NewStore(StoreConfig{})
	want := Record{
		Time: 1, Offset: 2, Missing: 3, Text: []byte("a\nb"), Origins: []Origin{{4, 5}}, Source: 6, Lines: 2, Level: LevelError, Mark: MarkGap, Late: true, Cut: true, Again: true,
	}
	s.Append([]Record{{Text: nil}, want})
	got, _ := s.At(1)
	want.Seq = 1
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if first, _ := s.At(0); len(first.Text) != 0 {
		t.Errorf("%q", first.Text)
	}
	if n := unsafe.Sizeof(meta{}); n > 56 {
		t.Errorf("a record's head is %d bytes", n)
	}
}

// TestReadersDuringWriting reads everywhere while records come and go.
func TestReadersDuringWriting(t *testing.T) {
	t.Parallel()
	s := NewStore(StoreConfig{Budget: 1 << 20})
	source := s.AddSource(Source{Path: "/a"})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				lo, hi := s.Range()
				for seq := lo; seq < hi; seq += 1 + (hi-lo)/100 {
					if r, ok := s.At(seq); ok && string(r.Text) != fmt.Sprint(seq) {
						t.Errorf("%d is %q", seq, r.Text)
						return
					}
				}
				s.Dropped()
				s.Bytes()
			}
		})
	}
	seq := 0
	for range 400 {
		var batch []Record
		for range 50 {
			batch = append(batch, Record{Source: source, Text: fmt.Append(nil, seq), Lines: 1})
			seq++
		}
		s.Append(batch)
	}
	close(done)
	readers.Wait()
	if dropped, _ := s.Dropped(); dropped == 0 {
		t.Error("nothing was dropped")
	}
}
