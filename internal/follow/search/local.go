package search

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// localRow lists the suffixes of a local file's row.
func localRow(name string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	var list []fs.FileInfo
	base := filepath.Base(name)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), base) {
			continue
		}
		if info, err := os.Stat(filepath.Join(filepath.Dir(name), e.Name())); err == nil {
			list = append(list, info)
		}
	}
	return generations(base, list), nil
}

func packed(name string) bool { return strings.HasSuffix(name, ".gz") }

// lines gives every line of an open file to a selector.
func (r *run) lines(ctx context.Context, f *os.File, packed bool, sel *selector) error {
	var in io.Reader = f
	if packed {
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<18))
		if err != nil {
			return err
		}
		in = z
	}
	n := int64(0)
	if err := eachLine(in, func(text []byte) error {
		n++
		if n&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return sel.line(n, text)
	}); err != nil {
		return err
	}
	return sel.end()
}

// restart prepares for the next file.
func (s *selector) restart() {
	s.last, s.now, s.before, s.open, s.after, s.record, s.hit = 0, 0, nil, Block{}, 0, nil, false
}
