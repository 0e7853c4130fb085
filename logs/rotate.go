package logs

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A generation is one rotated file of a log: what was the log itself once.
type generation struct {
	// key is what the name adds to the log's: ".7", "-20261121".
	key string
	// index is the number of key, -1 where key is a date.
	index int
	// plain and packed are the file and its gzipped form; either may be nil.
	plain, packed fs.FileInfo
}

// name is that of the file to read. While the plain one is there it is whole,
// and the packed one may be half written or have been left so.
func (g *generation) name(base string) string {
	if g.plain != nil {
		return base + g.key
	}
	return base + g.key + ".gz"
}

// changed is when the generation was last written to, or packed.
func (g *generation) changed() time.Time {
	if g.plain != nil {
		return g.plain.ModTime()
	}
	return g.packed.ModTime()
}

// rotated matches what rotation adds to a name: a number (log4j2, logback,
// Python, the JVM, logrotate) or a date (logrotate's dateext, Python by time).
var rotated = regexp.MustCompile(`^(?:\.[0-9]{1,6}|[.-][0-9]{4}[0-9_-]{4,16})$`)

// readRow lists the generations of the log at file, oldest first.
func readRow(ctx context.Context, files FileSystem, file string, kind Kind) ([]generation, error) {
	dir, base := path.Split(file)
	infos, err := files.ReadDir(ctx, path.Clean(dir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, nil // nothing can be found there
		}
		return nil, err
	}
	return rowOf(infos, base, kind), nil
}

func rowOf(infos []fs.FileInfo, base string, kind Kind) []generation {
	found := map[string]*generation{}
	for _, info := range infos {
		rest, ok := strings.CutPrefix(info.Name(), base)
		if !ok || !info.Mode().IsRegular() {
			continue
		}
		key, packed := strings.CutSuffix(rest, ".gz")
		if !rotated.MatchString(key) {
			continue
		}
		g := found[key]
		if g == nil {
			g = &generation{key: key, index: -1}
			if n, err := strconv.Atoi(key[1:]); err == nil && key[0] == '.' && len(key) <= 7 {
				g.index = n
			}
			found[key] = g
		}
		if packed {
			g.packed = info
		} else {
			g.plain = info
		}
	}
	row := make([]generation, 0, len(found))
	for _, g := range found {
		row = append(row, *g)
	}
	slices.SortFunc(row, func(a, b generation) int {
		return cmp.Or(cmp.Compare(a.index, b.index), strings.Compare(a.key, b.key))
	})
	orderRow(row, base, kind)
	return row
}

// orderRow turns a row sorted by number into one sorted by age, oldest first.
//
// log4j2's highest number is the newest; logback (0.9), Python's handlers, the
// event logger and logrotate give the newest the lowest; the JVM goes round.
// The times of the files decide where they are far enough apart, because a
// cluster may bring a configuration of its own.
func orderRow(row []generation, base string, kind Kind) {
	first := slices.IndexFunc(row, func(g generation) bool { return g.index >= 0 })
	if first < 0 {
		return
	}
	numbered := row[first:] // dates sort before numbers and grow
	if len(numbered) < 2 {
		return
	}
	if kind == KindGC {
		slices.SortStableFunc(numbered, func(a, b generation) int { return a.changed().Compare(b.changed()) })
		return
	}
	age := numbered[len(numbered)-1].changed().Sub(numbered[0].changed())
	down := age < -clearlyApart
	if age.Abs() <= clearlyApart {
		down = newestLowest(numbered, base, kind)
	}
	if down {
		slices.Reverse(numbered)
	}
}

// clearlyApart is beyond what the resolution of SFTP's times, a second, and the
// time of packing can turn around.
const clearlyApart = 3 * time.Second

// workerOf09 is the name of a worker's log on Storm 0.9.
var workerOf09 = regexp.MustCompile(`^worker-[0-9]+\.log$`)

// newestLowest says whether ".1" is the newest, by who writes such a file.
func newestLowest(row []generation, base string, kind Kind) bool {
	switch kind {
	case KindPython, KindEvents, KindFile:
		return true
	case KindWorker:
		return workerOf09.MatchString(base)
	case KindDaemon:
		// log4j2 packs all but the one it is packing, logback of 0.9 none.
		return !slices.ContainsFunc(row, func(g generation) bool { return g.packed != nil })
	default:
		return false
	}
}
