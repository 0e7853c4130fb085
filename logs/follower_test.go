package logs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/logs/rotatetest"
)

// checkSink gives what a follower reads to the checker.
type checkSink struct {
	check  rotatetest.Checker
	events []happening
	last   int64
}

func (s *checkSink) line(text []byte, _, beyond int64) {
	if beyond > 0 {
		panic("cut")
	}
	s.check.Line(text)
}

func (s *checkSink) happened(h happening) {
	s.events = append(s.events, h)
	if h.what.gap() {
		s.check.Gap()
	}
}

func (s *checkSink) flush(int) {}

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
}

func newRig(style rotatetest.Style, kind Kind) *rig {
	r := &rig{disk: newMemDisk(time.Now), sink: &checkSink{}}
	r.writer = &rotatetest.Writer{Disk: r.disk, Name: "worker.log", Style: style, Now: time.Now}
	r.f = &follower{path: "/logs/worker.log", kind: kind, lines: -1, now: time.Now, out: r.sink}
	r.f.connect(r.disk)
	return r
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
		for seed := range uint64(60) {
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
					r.disk.tick = nil
					r.must(t, r.writer.Lines(1))
					r.done(t)
					if got := r.sink.check; r.writer.Keep == 0 && got.Declared() > 0 && seed%3 == 0 {
						t.Errorf("gaps in spite of a steady poll: %v", got.String())
					}
				})
			})
		}
	}
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
