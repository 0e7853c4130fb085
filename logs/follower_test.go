package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/logs/rotatetest"
)

// checkSink gives what a follower reads to the checker.
type checkSink struct {
	check  rotatetest.Checker
	part   []byte
	next   int64
	events []happening
}

func (s *checkSink) chunk(b []byte, offset int64) {
	if offset != 0 && offset != s.next {
		panic("bytes out of order")
	}
	s.next = offset + int64(len(b))
	for line := range bytes.Lines(b) {
		s.part = append(s.part, line...)
		if line[len(line)-1] == '\n' {
			s.end()
		}
	}
}

func (s *checkSink) end() {
	if len(s.part) > 0 {
		s.check.Line(bytes.TrimSuffix(s.part, []byte("\n")))
	}
	s.part = s.part[:0]
}

func (s *checkSink) happened(h happening) {
	s.events = append(s.events, h)
	if h.what != wasResumed {
		s.end()
	}
	if h.what.gap() {
		s.check.Gap()
	}
}

func (s *checkSink) count(what happeningKind) (n int) {
	for _, h := range s.events {
		if h.what == what {
			n++
		}
	}
	return n
}

// rig is a writer and a follower over one disk in memory.
type rig struct {
	disk   *memDisk
	writer *rotatetest.Writer
	f      *follower
	sink   *checkSink
	honest bool // listings are whole
}

func newRig(style rotatetest.Style, kind Kind) *rig {
	r := &rig{disk: newMemDisk(time.Now), sink: &checkSink{}, honest: true}
	name := "worker.log"
	if style != rotatetest.Log4j2 {
		name = "app.log"
	}
	r.writer = &rotatetest.Writer{Disk: r.disk, Name: name, Style: style, Now: time.Now}
	r.f = &follower{path: "/logs/" + name, kind: kind, lines: -1, now: time.Now, out: r.sink, stamp: stampOf}
	r.f.connect(r.disk)
	return r
}

func stampOf(line []byte) (time.Time, bool) {
	s, ok := newClockReader(time.UTC).head(line)
	return time.Unix(0, s.ns), ok
}

// settle polls until nothing more comes, over as many connections as it takes.
func (r *rig) settle(t *testing.T) {
	t.Helper()
	for quiet := 0; quiet < 4; {
		p, err := r.f.poll(context.Background())
		switch {
		case errors.Is(err, errBroken):
			r.f.connect(r.disk)
		case err != nil:
			t.Fatalf("poll: %v", err)
		case p == paceQuiet || p == paceSoon:
			quiet++
		default:
			quiet = 0
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func (r *rig) must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) done(t *testing.T) {
	t.Helper()
	r.settle(t)
	r.sink.check.End(r.writer.Written())
	if err := r.sink.check.Err(); err != nil {
		t.Fatal(err)
	}
	r.f.disconnect()
	if r.disk.open != 0 {
		t.Errorf("%d files left open", r.disk.open)
	}
}

// TestFollowsEveryRotation polls now and then while a writer rotates in every
// style, and breaks the connection at random operations.
func TestFollowsEveryRotation(t *testing.T) {
	styles := []struct {
		style rotatetest.Style
		kind  Kind
	}{
		{rotatetest.Log4j2, KindWorker}, {rotatetest.Logback, KindPython}, {rotatetest.CopyTruncate, KindFile},
	}
	for _, s := range styles {
		for seed := range seeds() {
			t.Run(fmt.Sprintf("%v/%d", s.style, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(seed, 1))
					r := newRig(s.style, s.kind)
					if seed%2 == 0 {
						r.must(t, r.writer.Lines(3))
					}
					if _, err := r.f.poll(context.Background()); err != nil {
						t.Fatal(err)
					}
					if seed%3 > 0 {
						r.disk.tick = func() error {
							if random.IntN(60) == 0 {
								return errBroken
							}
							// The writer goes on between any two operations.
							if seed%3 == 2 && random.IntN(6) == 0 && r.writer.Written() < 3000 {
								randomWrite(t, r, random)
							}
							return nil
						}
					}
					if seed%4 == 3 {
						r.disk.skip, r.honest = func() bool { return random.IntN(40) == 0 }, false
					}
					for range 300 {
						randomWrite(t, r, random)
						time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
						if random.IntN(3) > 0 {
							if _, err := r.f.poll(context.Background()); errors.Is(err, errBroken) {
								r.f.connect(r.disk)
							} else if err != nil {
								t.Fatal(err)
							}
						}
					}
					r.disk.tick, r.disk.skip = nil, nil
					r.must(t, r.writer.Lines(1))
					r.done(t)
					if got := r.sink.check; got.Declared() > 0 && seed%3 == 0 && r.honest {
						t.Errorf("gaps in spite of a steady poll: %v", got.String())
					}
				})
			})
		}
	}
}

// TestARowThatRunsTheOtherWay has a worker's log rotated by another
// configuration than Storm's: the times tell, of the files or of the lines.
func TestARowThatRunsTheOtherWay(t *testing.T) {
	for _, apart := range []time.Duration{time.Minute, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(rotatetest.Logback, KindWorker)
			r.writer.Name, r.f.path = "worker.log", "/logs/worker.log"
			r.must(t, r.writer.Lines(3))
			r.settle(t)
			r.f.disconnect()
			for range 5 {
				time.Sleep(apart)
				r.must(t, r.writer.Rotate(), r.writer.Lines(4))
			}
			r.f.connect(r.disk)
			r.done(t)
			if n := r.sink.count(wasRotated); n != 5 {
				t.Errorf("%d rotations seen", n)
			}
		})
	}
}

// seeds is how many schedules are tried in each style.
func seeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("STORMTOP_SEEDS"), 10, 32); err == nil {
		return n
	}
	return 60
}

// randomWrite does one step of the writer: some lines, a rotation in pieces.
func randomWrite(t *testing.T, r *rig, random *rand.Rand) {
	t.Helper()
	r.writer.Unpacked = random.IntN(2) == 0
	switch random.IntN(6) {
	case 0:
		r.must(t, r.writer.Rotate())
		if random.IntN(2) == 0 {
			r.must(t, r.writer.Begin())
		}
	case 1:
		r.must(t, r.writer.Pack())
	default:
		r.must(t, r.writer.Lines(1+random.IntN(20)))
	}
}

// TestBegins checks the first position: so many last lines, never the middle of
// one.
func TestBegins(t *testing.T) {
	tests := []struct {
		give  string
		lines int
		want  string
	}{
		{"a\nb\nc\n", 2, "b\nc\n"},
		{"a\nb\nc\n", 0, ""},
		{"a\nb\nc", 0, "c"},
		{"a\nb\nc", 1, "c"},
		{"a\nb\nc", 2, "b\nc"},
		{"a\nb\nc\n", 9, "a\nb\nc\n"},
		{"a\nb\nc\n", -1, "a\nb\nc\n"},
		{"\n\n", 1, "\n"},
		{"", 5, ""},
		{strings.Repeat("0123456789\n", 10000), 5000, strings.Repeat("0123456789\n", 5000)},
	}
	for _, tt := range tests {
		disk := newMemDisk(time.Now)
		_ = disk.Write("worker.log", []byte(tt.give))
		var got bytes.Buffer
		f := &follower{path: "/logs/worker.log", lines: tt.lines, now: time.Now, out: bufferSink{&got}, stamp: stampOf}
		f.connect(disk)
		for range 5 {
			if _, err := f.poll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != tt.want {
			t.Errorf("the last %d of %.40q: got %.40q, want %.40q", tt.lines, tt.give, got.String(), tt.want)
		}
	}
}

type bufferSink struct{ *bytes.Buffer }

func (s bufferSink) chunk(b []byte, _ int64) { s.Write(b) }
func (bufferSink) happened(happening)        {}

// TestTellsWhatHappened has one case for each thing that can happen to a file.
func TestTellsWhatHappened(t *testing.T) {
	tests := []struct {
		name  string
		style rotatetest.Style
		do    func(t *testing.T, r *rig)
		want  map[happeningKind]int
	}{
		{"rotated", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.must(t, r.writer.Rotate(), r.writer.Lines(3))
		}, map[happeningKind]int{wasRotated: 1}},
		{"three rotations at once", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			for range 3 {
				r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.writer.Lines(1))
			}
		}, map[happeningKind]int{wasRotated: 3}},
		{"more rotations than are kept", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			for range 12 {
				r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.writer.Lines(1))
			}
		}, map[happeningKind]int{wasReplaced: 1, wasRotated: 9}},
		{"the same while disconnected", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.f.disconnect()
			for range 12 {
				r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.writer.Lines(1))
			}
			r.f.connect(r.disk)
		}, map[happeningKind]int{wasLost: 1, wasRotated: 9}},
		{"a rotation while disconnected", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.f.disconnect()
			r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.writer.Lines(1))
			r.f.connect(r.disk)
		}, map[happeningKind]int{wasResumed: 1, wasRotated: 1}},
		{"nothing while disconnected", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.f.connect(r.disk)
		}, map[happeningKind]int{wasResumed: 1}},
		{"copied and truncated", rotatetest.CopyTruncate, func(t *testing.T, r *rig) {
			r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.writer.Lines(1))
		}, map[happeningKind]int{wasCopied: 1}},
		{"truncated", rotatetest.CopyTruncate, func(t *testing.T, r *rig) {
			r.must(t, r.disk.Truncate("app.log"), r.writer.Lines(1))
		}, map[happeningKind]int{wasEmptied: 1}},
		{"truncated and grown beyond the place", rotatetest.CopyTruncate, func(t *testing.T, r *rig) {
			r.must(t, r.disk.Truncate("app.log"), r.writer.Lines(40))
		}, map[happeningKind]int{wasEmptied: 1}},
		{"rewritten with the same size in the same second", rotatetest.CopyTruncate, func(t *testing.T, r *rig) {
			r.must(t, r.disk.Truncate("app.log"))
			r.must(t, r.writer.Lines(5))
		}, map[happeningKind]int{wasEmptied: 1}},
		{"replaced by a file of the same size in the same second", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.must(t, r.writer.Rotate(), r.writer.Lines(5))
		}, map[happeningKind]int{wasRotated: 1}},
		{"deleted and begun again", rotatetest.Delete, func(t *testing.T, r *rig) {
			r.must(t, r.writer.Rotate(), r.writer.Lines(1))
		}, map[happeningKind]int{wasReplaced: 1}},
		{"packing was interrupted", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.f.disconnect()
			r.writer.Unpacked = true
			r.must(t, r.writer.Lines(2), r.writer.Rotate(), r.disk.Write("worker.log.1.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00")), r.writer.Lines(1))
			r.f.connect(r.disk)
		}, map[happeningKind]int{wasResumed: 1, wasRotated: 1}},
		{"a packed generation is damaged", rotatetest.Log4j2, func(t *testing.T, r *rig) {
			r.f.disconnect()
			r.must(t, r.writer.Rotate(), r.writer.Lines(5), r.writer.Rotate(), r.writer.Lines(5), r.writer.Rotate(), r.writer.Lines(1))
			r.must(t, r.disk.Write("worker.log.2.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00")))
			r.f.connect(r.disk)
		}, map[happeningKind]int{wasResumed: 1, wasRotated: 2, wasDamaged: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(tt.style, KindWorker)
				r.must(t, r.writer.Lines(5))
				for range 3 {
					if _, err := r.f.poll(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				tt.do(t, r)
				r.done(t)
				for what := wasRotated; what <= wasReplaced; what++ {
					if got := r.sink.count(what); got != tt.want[what] {
						t.Errorf("%d × event %d, want %d; all: %v", got, what, tt.want[what], r.sink.events)
					}
				}
			})
		})
	}
}
