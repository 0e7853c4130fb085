package match

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// windowSize is how much of a file is taken at a time.
const windowSize = 2 << 20

// CountFile is the number of matching lines of a file, or of what else can be
// read under that name. Up to cores windows of a regular file are searched at a
// time, one for each core when cores is 0.
func (m *Matcher) CountFile(path string, cores int) (int64, error) {
	var n atomic.Int64
	err := m.file(path, cores, func(s *scanner, text []byte, _ int64) func() bool {
		n.Add(s.count(text))
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("counting the lines of %s: %w", path, err)
	}
	return n.Load(), nil
}

// ScanFile calls fn with each matching line of a file and its offset, in order,
// until fn returns false; cores is as for [Matcher.CountFile]. A line is only
// valid during the call.
func (m *Matcher) ScanFile(path string, cores int, fn func(line []byte, offset int64) bool) error {
	err := m.file(path, cores, func(s *scanner, text []byte, offset int64) func() bool {
		var hits [][2]int
		s.scan(text, func(from, end int) bool {
			hits = append(hits, [2]int{from, end})
			return true
		})
		return func() bool {
			for _, h := range hits {
				if !fn(trim(text[h[0]:h[1]]), offset+int64(h[0])) {
					return false
				}
			}
			return true
		}
	})
	if err != nil {
		return fmt.Errorf("searching %s: %w", path, err)
	}
	return nil
}

// A search looks at a window, which begins and ends with lines; what it returns
// is called in the order of the windows.
type search func(s *scanner, text []byte, offset int64) func() bool

func (m *Matcher) file(path string, cores int, fn search) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if cores <= 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	if info.Mode().IsRegular() && info.Size() > 0 {
		text, unmap, err := mapFile(f, info.Size())
		if err == nil {
			defer unmap()
			err = m.mapped(text, cores, fn)
			if !errors.Is(err, errShrunk) {
				return err
			}
			return fmt.Errorf("%w while it was read", err)
		}
	}
	return m.read(f, fn)
}

// errShrunk says that a mapped file became shorter.
var errShrunk = errors.New("the file was cut short")

// mapped searches a text with several goroutines.
func (m *Matcher) mapped(text []byte, cores int, fn search) error {
	windows := (len(text) + windowSize - 1) / windowSize
	cores = min(cores, windows)
	type result struct {
		at   int
		done func() bool
		err  error
	}
	var next atomic.Int64
	var stop atomic.Bool
	results := make(chan result, cores)
	sampleText := text[:min(len(text), sampleSize)]
	var workers sync.WaitGroup
	for range cores {
		workers.Go(func() {
			s := newScanner(m.plan)
			first := true
			for !stop.Load() {
				w := int(next.Add(1)) - 1
				if w >= windows {
					return
				}
				r := result{at: w}
				r.err = guarded(func() {
					if first {
						s.tune(sampleText)
						first = false
					}
					from, to := window(text, w)
					if from < to {
						r.done = fn(s, text[from:to], int64(from))
					}
				})
				results <- r
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	// Windows are handed on in order; the workers wait when they are ahead by
	// more than one each, because the channel is full.
	waiting := map[int]result{}
	var err error
	at := 0
	for r := range results {
		waiting[r.at] = r
		for {
			r, ok := waiting[at]
			if !ok {
				break
			}
			delete(waiting, at)
			at++
			if stop.Load() {
				continue
			}
			if r.err != nil {
				err = r.err
				stop.Store(true)
				continue
			}
			if r.done == nil {
				continue
			}
			more := true
			if err = guarded(func() { more = r.done() }); err != nil || !more {
				stop.Store(true)
			}
		}
	}
	return err
}

// window is the w-th part of the text, from a line's beginning to a line's end.
func window(text []byte, w int) (from, to int) {
	return boundary(text, w*windowSize), boundary(text, (w+1)*windowSize)
}

// boundary is the beginning of the first line that begins at i or later.
func boundary(text []byte, i int) int {
	if i <= 0 {
		return 0
	}
	if i >= len(text) {
		return len(text)
	}
	return min(lineEnd(text, i-1)+1, len(text))
}

// read searches what cannot be mapped, in one goroutine.
func (m *Matcher) read(r io.Reader, fn search) error {
	s := newScanner(m.plan)
	buf := make([]byte, 256<<10)
	n, offset := 0, int64(0)
	for {
		k, err := r.Read(buf[n:])
		n += k
		end := n
		if err == nil {
			for end > 0 && buf[end-1] != '\n' {
				end--
			}
		}
		if end > 0 {
			if done := fn(s, buf[:end], offset); done != nil && !done() {
				return nil
			}
			offset += int64(end)
			n = copy(buf, buf[end:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n == len(buf):
			// A line longer than the buffer.
			buf = append(buf, make([]byte, len(buf))...)
		}
	}
}

// CountReader is the number of matching lines that can be read.
func (m *Matcher) CountReader(r io.Reader) (int64, error) {
	var n int64
	err := m.read(r, func(s *scanner, text []byte, _ int64) func() bool {
		n += s.count(text)
		return nil
	})
	return n, err
}

// ScanReader is [Matcher.ScanFile] for a stream.
func (m *Matcher) ScanReader(r io.Reader, fn func(line []byte, offset int64) bool) error {
	return m.read(r, func(s *scanner, text []byte, offset int64) func() bool {
		more := s.scan(text, func(from, end int) bool {
			return fn(trim(text[from:end]), offset+int64(from))
		})
		return func() bool { return more }
	})
}
