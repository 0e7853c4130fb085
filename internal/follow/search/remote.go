package search

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/follow/remote"
	"github.com/stormtop/stormtop/logs"
)

const (
	// attempts is how often a source is searched again because its files were
	// rotated meanwhile.
	attempts = 3
	// maxHeads bounds the places at which the head of a record is looked for
	// afterwards, in one file.
	maxHeads = 400
)

// errBudget ends reading when the budget is used up.
var errBudget = errors.New("the budget of bytes is used up")

// remote searches one source on its host. Its blocks are those of one complete
// attempt, or of the last one with the error that says what it lacks.
func (r *run) remote(ctx context.Context, at int) ([]Block, error) {
	src := r.sources[at]
	host := r.cfg.Hosts.Host(src.Host)
	var blocks []Block
	for range attempts {
		var a answer
		var err error
		blocks, a, err = r.ask(ctx, host, at)
		switch {
		case err != nil && len(a.rows) == 0 && !errors.Is(err, errBudget) && ctx.Err() == nil:
			// No shell there; perhaps its files can be read.
			if over, overErr := r.overFiles(ctx, host, at); overErr == nil || len(over) > 0 {
				return over, overErr
			}
			return nil, err
		case err != nil:
			return blocks, err
		case a.none():
			return nil, fmt.Errorf("%s: %w", src.Path, fs.ErrNotExist)
		case a.moved():
			continue
		case len(a.problems) > 0:
			return blocks, fmt.Errorf("reading %s failed", strings.Join(prefixed(src.Path, a.problems), ", "))
		}
		return blocks, nil
	}
	return blocks, fmt.Errorf("%s was rotated again and again while it was searched", src.Path)
}

func prefixed(path string, suffixes []string) []string {
	out := make([]string, len(suffixes))
	for i, s := range suffixes {
		out[i] = path + s
	}
	return out
}

// ask runs the script once.
func (r *run) ask(ctx context.Context, host logs.Host, at int) (blocks []Block, a answer, err error) {
	src := r.sources[at]
	w := wanted{path: src.Path, rotated: r.rotated(src), literals: r.cfg.Literals, fold: r.cfg.Fold, before: r.cfg.Context, after: r.cfg.Context}
	switch bounded := r.bounded(); {
	case r.cfg.Records:
		w.before, w.after = maxRecord, maxRecord
	case bounded && r.cfg.Context > 0:
		// Every match of a block is chosen by its own record's time.
		w.before = max(maxRecord, w.before)
	}
	sel := r.selector(at, func(b Block) error {
		b.File = a.file
		blocks = append(blocks, b)
		return nil
	})
	a.begin = func(string) { sel.restart() }
	a.line, a.end = sel.line, sel.end
	p, err := remote.Start(ctx, host, script(w))
	if err != nil {
		return nil, a, err
	}
	err = eachLine(r.counted(p), a.take)
	if err == nil {
		err = p.Process.Wait()
	}
	// Its end was awaited, or nobody wants it any more.
	_ = p.Close()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && !a.whole():
		err = errors.New("the answer breaks off")
	}
	if said := p.Said(); err == nil && said != "" {
		err = errors.New(said)
	}
	if err == nil && r.needTimes {
		err = r.heads(ctx, host, at, blocks)
		if r.bounded() && err == nil {
			blocks = slices.DeleteFunc(blocks, func(b Block) bool { return !sel.covers(b.Time) })
		}
	}
	return blocks, a, err
}

// heads finds the times of matches whose record's head was not among the lines
// that came, by asking for the lines before them.
func (r *run) heads(ctx context.Context, host logs.Host, at int, blocks []Block) error {
	byFile := map[string][]*Block{}
	var files []string
	for i := range blocks {
		if b := &blocks[i]; b.Time == 0 {
			if byFile[b.File] == nil {
				files = append(files, b.File)
			}
			byFile[b.File] = append(byFile[b.File], b)
		}
	}
	for _, file := range files {
		list := byFile[file]
		list = list[:min(len(list), maxHeads)]
		var ranges []lineRange
		for _, b := range list {
			first := b.Lines[0].N
			one := lineRange{max(1, first-maxRecord), first}
			if n := len(ranges); n > 0 && one.first <= ranges[n-1].last+1 {
				ranges[n-1].last = one.last
			} else {
				ranges = append(ranges, one)
			}
		}
		p, err := remote.Start(ctx, host, rangesScript(r.sources[at].Path, file, ranges))
		if err != nil {
			return err
		}
		out, err := io.ReadAll(r.counted(p))
		_ = p.Close()
		if err != nil {
			return err
		}
		lines, read := parseRanges(out), r.stamp(at)
		for _, b := range list {
			first := b.Lines[0]
			if !bytes.Equal(bytes.TrimSuffix(lines[first.N], []byte("\r")), first.Text) {
				continue // the file is another one by now
			}
			for n := first.N - 1; n >= 1 && n >= first.N-maxRecord; n-- {
				text, ok := lines[n]
				if !ok {
					break
				}
				if t, stamped := read(text); stamped {
					b.Time = t
					break
				}
			}
		}
	}
	return nil
}

// overFiles reads whole files where no command can be run.
func (r *run) overFiles(ctx context.Context, host logs.Host, at int) (blocks []Block, err error) {
	src := r.sources[at]
	files, err := host.Files(ctx)
	if err != nil {
		if r.cfg.Files != nil {
			files = r.cfg.Files(src)
		}
		if files == nil {
			return nil, err
		}
	}
	r.streamed(src.Host)
	names := []string{""}
	if r.rotated(src) {
		list, err := files.ReadDir(ctx, path.Dir(src.Path))
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", path.Dir(src.Path), err)
		}
		names = generations(path.Base(src.Path), list)
	}
	for _, suffix := range names {
		sel := r.selector(at, func(b Block) error {
			b.File = suffix
			blocks = append(blocks, b)
			return nil
		})
		f, err := files.Open(ctx, src.Path+suffix)
		if err != nil {
			return blocks, fmt.Errorf("opening %s: %w", src.Path+suffix, err)
		}
		err = r.stream(f, strings.HasSuffix(suffix, ".gz"), sel)
		_ = f.Close()
		if err != nil {
			return blocks, fmt.Errorf("reading %s: %w", src.Path+suffix, err)
		}
	}
	return blocks, nil
}

// stream reads a whole file through a selector.
func (r *run) stream(f io.ReaderAt, packed bool, sel *selector) error {
	in := r.counted(bufio.NewReaderSize(io.NewSectionReader(f, 0, 1<<62), 1<<18))
	if packed {
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		in = z
	}
	n := int64(0)
	if err := eachLine(in, func(text []byte) error {
		n++
		return sel.line(n, text)
	}); err != nil {
		return err
	}
	return sel.end()
}

// generations lists the suffixes of a file's row, oldest first, the current
// file last; of a number that is there twice the plain one counts.
func generations(base string, list []fs.FileInfo) []string {
	type generation struct {
		n      int
		suffix string
		info   fs.FileInfo
	}
	var out []generation
	current := false
	for _, i := range list {
		rest, ok := strings.CutPrefix(i.Name(), base)
		if !ok || !i.Mode().IsRegular() {
			continue
		}
		if rest == "" {
			current = true
			continue
		}
		digits := strings.TrimSuffix(rest, ".gz")
		if len(digits) < 2 || digits[0] != '.' {
			continue
		}
		n, err := strconv.Atoi(digits[1:])
		if err != nil || n < 1 || n > maxGenerations || strconv.Itoa(n) != digits[1:] {
			continue
		}
		g := generation{n, rest, i}
		if j := slices.IndexFunc(out, func(o generation) bool { return o.n == n }); j < 0 {
			out = append(out, g)
		} else if rest == digits {
			out[j] = g
		}
	}
	slices.SortFunc(out, func(a, b generation) int { return a.n - b.n })
	if len(out) > 1 && out[0].info.ModTime().After(out[len(out)-1].info.ModTime()) {
		slices.Reverse(out)
	}
	var names []string
	for _, g := range out {
		names = append(names, g.suffix)
	}
	if current {
		names = append(names, "")
	}
	return names
}

// eachLine calls fn with every line, without its line feed. What is longer than
// maxLine loses its end. The bytes are valid during the call.
func eachLine(in io.Reader, fn func([]byte) error) error {
	br := bufio.NewReaderSize(in, 1<<18)
	var long []byte
	for {
		part, err := br.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			if e := fn(part[:len(part)-1]); e != nil {
				return e
			}
		case err == nil, err == io.EOF && len(long)+len(part) > 0:
			long = appendCapped(long, bytes.TrimSuffix(part, []byte("\n")))
			if e := fn(long); e != nil {
				return e
			}
			long = nil
		case errors.Is(err, bufio.ErrBufferFull):
			if long == nil {
				long = []byte{}
			}
			long = appendCapped(long, part)
			continue
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func appendCapped(to, more []byte) []byte {
	return append(to, more[:min(len(more), maxLine+32-min(len(to), maxLine+32))]...)
}
