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

// readRow lists the generations of the log at file, by their numbers.
func readRow(ctx context.Context, files FileSystem, file string) ([]generation, error) {
	dir, base := path.Split(file)
	infos, err := files.ReadDir(ctx, path.Clean(dir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, nil // nothing can be found there
		}
		return nil, err
	}
	return rowOf(infos, base), nil
}

func rowOf(infos []fs.FileInfo, base string) []generation {
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
	return row
}

// numbered is the part of a row that has numbers. Dates sort before them, and
// their names grow with time.
func numbered(row []generation) []generation {
	first := slices.IndexFunc(row, func(g generation) bool { return g.index >= 0 })
	if first < 0 {
		return nil
	}
	return row[first:]
}

// A direction says how the numbers of a row run.
type direction uint8

const (
	unknownDirection direction = iota
	newestHighest              // log4j2
	newestLowest               // logback, Python, the event logger, logrotate
)

// clearlyApart is beyond what the resolution of SFTP's times, a second, and the
// time of packing can turn around.
const clearlyApart = 3 * time.Second

// byChange tells the direction where the times of the files are far enough
// apart. It goes before all rules, because a cluster may bring a configuration
// of its own.
func byChange(row []generation) direction {
	age := row[len(row)-1].changed().Sub(row[0].changed())
	switch {
	case age > clearlyApart:
		return newestHighest
	case age < -clearlyApart:
		return newestLowest
	}
	return unknownDirection
}

// Names of Storm's own logs: worker.log and its companions and the log of a
// daemon from log4j2 (0.10 and later), the worker's log of 0.9 from logback.
var (
	byLog4j2  = regexp.MustCompile(`^(?:worker\.log|.+-worker-[0-9]+\.log)(?:\.(?:err|out|metrics|metrics\.log))?$`)
	byLogback = regexp.MustCompile(`^worker-[0-9]+\.log$`)
	byDaemon  = regexp.MustCompile(`^(?:nimbus|supervisor|ui|logviewer|drpc|pacemaker|access.*)\.log$`)
)

// byRule tells the direction by who writes such a file.
func byRule(row []generation, base string) direction {
	switch {
	case byLogback.MatchString(base):
		return newestLowest
	case byLog4j2.MatchString(base):
		return newestHighest
	case byDaemon.MatchString(base) && slices.ContainsFunc(row, func(g generation) bool { return g.packed != nil }):
		// log4j2 packs all but the one it is packing, logback of 0.9 none.
		return newestHighest
	}
	return newestLowest
}
