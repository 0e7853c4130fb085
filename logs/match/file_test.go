package match

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// largeText has lines of very different lengths, some longer than a window.
func largeText() []byte {
	rnd := rand.New(rand.NewPCG(11, 12))
	var b []byte
	for i := 0; len(b) < 3*windowSize; i++ {
		b = append(b, random(rnd, 30)...)
		if i%4000 == 3999 {
			b = append(b, bytes.Repeat([]byte("long "), windowSize/4)...)
		}
	}
	return b
}

// TestFilesAreSearchedLikeTexts searches a file by windows and a stream by
// buffers and compares both with the text in one piece.
func TestFilesAreSearchedLikeTexts(t *testing.T) {
	t.Parallel()
	text := largeText()
	path := filepath.Join(t.TempDir(), "worker.log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"OutOfMemoryError", "[0-9]+ms", "foo$", "^$", "", "long$", `\w+ \w+`} {
		m, err := Compile([]string{p}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var want, got, streamed []string
		m.Scan(text, func(line []byte, at int) bool {
			want = append(want, fmt.Sprint(at, len(line)))
			return true
		})
		keep := func(all *[]string) func([]byte, int64) bool {
			return func(line []byte, at int64) bool {
				if !bytes.Equal(line, text[at:at+int64(len(line))]) {
					t.Errorf("%q: the line at %d is %q", p, at, shorten(line))
				}
				*all = append(*all, fmt.Sprint(at, len(line)))
				return true
			}
		}
		if err := m.ScanFile(path, 2, keep(&got)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %d lines of the file, %d of the text", p, len(got), len(want))
		}
		if err := m.ScanReader(iotest.HalfReader(bytes.NewReader(text)), keep(&streamed)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(streamed, want) {
			t.Errorf("%q: %d lines of the stream, %d of the text", p, len(streamed), len(want))
		}
		for cores := range 4 {
			if n, err := m.CountFile(path, cores); err != nil || n != int64(len(want)) {
				t.Errorf("%q on %d cores: %d, %v, want %d", p, cores, n, err, len(want))
			}
		}
		if n, err := m.CountReader(bytes.NewReader(text)); err != nil || n != int64(len(want)) {
			t.Errorf("%q of a reader: %d, %v, want %d", p, n, err, len(want))
		}
		if len(want) > 3 {
			n := 0
			if err := m.ScanFile(path, 2, func([]byte, int64) bool { n++; return n < 3 }); err != nil || n != 3 {
				t.Errorf("%q: stopped after %d, %v", p, n, err)
			}
		}
	}
}

func TestFilesThatCannotBeSearched(t *testing.T) {
	t.Parallel()
	m, err := Compile([]string{"x"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.CountFile(filepath.Join(t.TempDir(), "none"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := m.CountFile(empty, 0); n != 0 || err != nil {
		t.Errorf("an empty file: %d, %v", n, err)
	}
	if _, err := m.CountReader(io.MultiReader(strings.NewReader("x\n"), iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken stream: %v", err)
	}
}

// TestAFileCutShortWhileItIsRead truncates a file whose beginning has been read,
// as copytruncate does.
func TestAFileCutShortWhileItIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "worker.log")
	text := bytes.Repeat([]byte("a line with x\n"), 8*windowSize/14)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"line", "l[a-z]+e .*h x", "[a-z]+ [a-z]+ .*"} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Compile([]string{pattern}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		cut := false
		err = m.ScanFile(path, 1, func(line []byte, _ int64) bool {
			if !cut {
				cut = true
				if err := os.Truncate(path, 100); err != nil {
					t.Error(err)
				}
			}
			return len(line) > 0
		})
		if err == nil || !errors.Is(err, errShrunk) {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}
