package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// amount is what -n or -c asks for.
type amount struct {
	n         int64
	bytes     bool
	fromStart bool // +N: from the Nth on
}

// parseAmount reads N, -N, +N with the suffixes of GNU.
func parseAmount(s string, bytes bool) (amount, error) {
	a := amount{bytes: bytes}
	rest := s
	switch {
	case strings.HasPrefix(rest, "+"):
		a.fromStart, rest = true, rest[1:]
	case strings.HasPrefix(rest, "-"):
		rest = rest[1:]
	}
	factor := int64(1)
	for suffix, f := range map[string]int64{"b": 512, "kB": 1000, "KB": 1000, "K": 1 << 10, "k": 1 << 10, "KiB": 1 << 10, "MB": 1e6, "M": 1 << 20, "m": 1 << 20, "MiB": 1 << 20, "GB": 1e9, "G": 1 << 30} {
		if strings.HasSuffix(rest, suffix) && len(strings.TrimSuffix(rest, suffix)) > 0 && strings.Trim(strings.TrimSuffix(rest, suffix), "0123456789") == "" {
			rest, factor = strings.TrimSuffix(rest, suffix), f
			break
		}
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(rest, "+") || n > 1<<50 {
		return a, fmt.Errorf("invalid number of %s: '%s'", map[bool]string{true: "bytes", false: "lines"}[bytes], s)
	}
	a.n = n * factor
	return a, nil
}

// followed is a file that tail -f or -F reads on.
type followed struct {
	name   string
	file   *hostfs.File // nil while there is none
	offset int64
	words  string // why there is none
}

func tailTool(ctx context.Context, c *call) int {
	args := c.args[1:]
	// The old form: tail -20 file, tail +5 file.
	if len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-') && args[0][1] >= '0' && args[0][1] <= '9' {
		old := strings.TrimRight(args[0], "f")
		args = append([]string{"-n", old[1:]}, append(map[bool][]string{true: {"-f"}}[old != args[0]], args[1:]...)...)
	}
	for i, a := range args {
		if a == "---disable-inotify" {
			args = append(append([]string{}, args[:i]...), args[i+1:]...)
			break
		}
	}
	o, ok := c.parse(args, "n:c:fFqvs:zp:r", map[string]rune{
		"lines": 'n', "bytes": 'c', "follow": 'f', "quiet": 'q', "silent": 'q', "verbose": 'v', "sleep-interval": 's', "retry": 'r', "pid": 'p', "zero-terminated": 'z', "max-unchanged-stats": 's',
	})
	if !ok {
		return 1
	}
	want := amount{n: 10}
	for _, r := range o.order {
		if r != 'n' && r != 'c' {
			continue
		}
		var err error
		if want, err = parseAmount(o.value[r], r == 'c'); err != nil {
			c.complain("%v", err)
			return 1
		}
	}
	byName := o.has['F'] || o.value['f'] == "name"
	follow := o.has['f'] || byName
	retry := o.has['F'] || o.has['r']
	names := o.rest
	if len(names) == 0 {
		names = []string{"-"}
	}
	headers := len(names) > 1 && !o.has['q'] || o.has['v']
	status, last := 0, ""
	header := func(name string) {
		if !headers || last == name {
			return
		}
		if name == "-" {
			name = "standard input"
		}
		if last != "" {
			_, _ = c.out.WriteString("\n")
		}
		_, _ = fmt.Fprintf(c.out, "==> %s <==\n", name)
		last = name
	}
	var all []*followed
	changed := c.view.Changed()
	for _, name := range names {
		in, err := c.open(name)
		if err == nil && in.isDirectory() {
			header(name)
			c.complain("error reading '%s': Is a directory", name)
			status = 1
			if !retry {
				continue
			}
		}
		if err != nil {
			c.complain("cannot open '%s' for reading: %s", name, hostfs.Words(err))
			status = 1
			if retry {
				all = append(all, &followed{name: name, words: hostfs.Words(err)})
			}
			continue
		}
		header(name)
		at, err := c.lastPart(ctx, in, want)
		if err != nil {
			if errors.Is(err, errOutput) {
				return statusPipe
			}
			c.complain("error reading '%s': %s", name, hostfs.Words(err))
			status = 1
			continue
		}
		if in.file != nil {
			all = append(all, &followed{name: name, file: in.file, offset: at})
		}
	}
	if !follow || len(all) == 0 {
		if follow && status != 0 {
			c.complain("no files remaining")
		}
		return c.done(status)
	}
	if c.out.Flush() != nil {
		return statusPipe
	}
	for {
		for _, f := range all {
			if err := c.more(ctx, f, header); err != nil {
				return statusPipe
			}
			if byName {
				if err := c.again(ctx, f, header); err != nil {
					return statusPipe
				}
			}
		}
		select {
		case <-changed:
			changed = c.view.Changed()
		case <-ctx.Done():
			return statusKilled
		}
	}
}

var errOutput = errors.New("write error")

// copyFrom prints a file from an offset to its end, and returns that.
func (c *call) copyFrom(ctx context.Context, f *hostfs.File, offset int64) (int64, error) {
	buf := make([]byte, 32<<10)
	for ctx.Err() == nil {
		n, err := f.ReadAt(buf, offset)
		if n > 0 {
			if _, werr := c.out.Write(buf[:n]); werr != nil {
				return offset, errOutput
			}
			offset += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return offset, nil
		}
		if err != nil {
			return offset, err
		}
	}
	return offset, ctx.Err()
}

// lastPart prints what is asked for of an input, and returns where that ended.
func (c *call) lastPart(ctx context.Context, in *input, want amount) (int64, error) {
	if in.file == nil {
		return 0, c.lastOfStream(ctx, in, want)
	}
	size := in.file.Stat().Size()
	at := int64(0)
	switch {
	case want.bytes && want.fromStart:
		at = max(want.n-1, 0)
	case want.bytes:
		at = max(size-want.n, 0)
	case want.fromStart:
		at = lineStart(ctx, in.file, want.n)
	default:
		at = linesFromEnd(in.file, size, want.n)
	}
	if at > size {
		return at, nil // as GNU tail: nothing until the file is that long
	}
	return c.copyFrom(ctx, in.file, at)
}

// lineStart is the offset of the nth line, from 1.
func lineStart(ctx context.Context, f *hostfs.File, n int64) int64 {
	at, seen := int64(0), int64(1)
	buf := make([]byte, 32<<10)
	for seen < n && ctx.Err() == nil {
		got, err := f.ReadAt(buf, at)
		for i := range got {
			if buf[i] == '\n' {
				if seen++; seen == n {
					return at + int64(i) + 1
				}
			}
		}
		at += int64(got)
		if err != nil {
			break
		}
	}
	return at
}

// linesFromEnd is the offset at which the last n lines begin.
func linesFromEnd(f *hostfs.File, size, n int64) int64 {
	if n == 0 {
		return size
	}
	buf := make([]byte, 32<<10)
	end, seen := size, int64(0)
	for end > 0 {
		from := max(end-int64(len(buf)), 0)
		got, _ := f.ReadAt(buf[:end-from], from)
		for i := got - 1; i >= 0; i-- {
			if buf[i] != '\n' || from+int64(i) == size-1 {
				continue
			}
			if seen++; seen == n {
				return from + int64(i) + 1
			}
		}
		end = from
	}
	return 0
}

// lastOfStream is lastPart for what can be read only once.
func (c *call) lastOfStream(ctx context.Context, in io.Reader, want amount) error {
	if want.fromStart {
		seen := int64(1)
		return lines(ctx, in, func(line []byte) bool {
			var err error
			switch {
			case !want.bytes && seen >= want.n, want.bytes && seen >= want.n:
				_, err = c.out.Write(line)
			case want.bytes && seen+int64(len(line)) > want.n:
				_, err = c.out.Write(line[want.n-seen:])
			}
			seen += int64(map[bool]int{true: len(line), false: 1}[want.bytes])
			return err == nil
		})
	}
	var kept [][]byte
	size := int64(0)
	err := lines(ctx, in, func(line []byte) bool {
		kept = append(kept, bytes.Clone(line))
		size += int64(len(line))
		for len(kept) > 0 && (!want.bytes && int64(len(kept)) > want.n || want.bytes && size-int64(len(kept[0])) >= want.n || size > 16*maxValue) {
			size -= int64(len(kept[0]))
			kept = kept[1:]
		}
		return true
	})
	if err != nil {
		return err
	}
	for i, line := range kept {
		if i == 0 && want.bytes && size > want.n {
			line = line[size-want.n:]
		}
		if _, err := c.out.Write(line); err != nil {
			return errOutput
		}
	}
	return nil
}

// more prints what was added to a file.
func (c *call) more(ctx context.Context, f *followed, header func(string)) error {
	if f.file == nil {
		return nil
	}
	size := f.file.Stat().Size()
	if size < f.offset {
		c.complain("%s: file truncated", f.name)
		f.offset = 0
	}
	if size == f.offset {
		return nil
	}
	header(f.name)
	at, err := c.copyFrom(ctx, f.file, f.offset)
	f.offset = at
	if errors.Is(err, errOutput) || c.out.Flush() != nil {
		return errOutput
	}
	return nil
}

// again looks whether the name leads to another file by now. What was added to
// the old one before it was moved is printed first.
func (c *call) again(ctx context.Context, f *followed, header func(string)) error {
	file, err := c.view.Open(c.sh.path(f.name))
	if err == nil && f.file != nil && f.file.Same(file) {
		return nil
	}
	if err := c.more(ctx, f, header); err != nil {
		return err
	}
	if err != nil {
		if words := hostfs.Words(err); f.file != nil || f.words != words {
			if f.file != nil || !errors.Is(err, fs.ErrNotExist) {
				c.complain("'%s' has become inaccessible: %s", f.name, words)
			}
			f.file, f.words = nil, words
		}
		return nil
	}
	if f.file == nil {
		c.complain("'%s' has appeared;  following new file", f.name)
	} else {
		c.complain("'%s' has been replaced;  following new file", f.name)
	}
	f.file, f.offset, f.words = file, 0, ""
	return c.more(ctx, f, header)
}
