package sshd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// each opens every input in turn and hands it over; what cannot be opened is
// complained about.
func (c *call) each(names []string, do func(in *input) error) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	status := 0
	for _, name := range names {
		in, err := c.open(name)
		if err == nil && in.isDirectory() {
			err = hostfs.ErrIsDirectory
		}
		if err == nil {
			err = do(in)
		}
		if errors.Is(err, errOutput) {
			return statusPipe
		}
		if err != nil {
			c.complain("%s: %s", name, hostfs.Words(err))
			status = 1
		}
	}
	return status
}

func catTool(ctx context.Context, c *call) int {
	o, ok := c.options("nAvETbsu", map[string]rune{"number": 'n', "show-all": 'A'})
	if !ok {
		return 1
	}
	number := 0
	status := c.each(o.rest, func(in *input) error {
		if o.has['n'] {
			err := lines(ctx, in, func(line []byte) bool {
				number++
				_, err := fmt.Fprintf(c.out, "%6d\t%s", number, line)
				return err == nil
			})
			return err
		}
		buf := make([]byte, 32<<10)
		for ctx.Err() == nil {
			n, err := in.Read(buf)
			if _, werr := c.out.Write(buf[:n]); werr != nil {
				return errOutput
			}
			if in.file == nil && c.out.Flush() != nil {
				return errOutput
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return c.done(status)
}

func headTool(ctx context.Context, c *call) int {
	if len(c.args) > 1 && len(c.args[1]) > 1 && c.args[1][0] == '-' && c.args[1][1] >= '0' && c.args[1][1] <= '9' {
		c.args = append([]string{c.args[0], "-n", c.args[1][1:]}, c.args[2:]...)
	}
	o, ok := c.options("n:c:qv", map[string]rune{"lines": 'n', "bytes": 'c', "quiet": 'q', "verbose": 'v'})
	if !ok {
		return 1
	}
	want, except := amount{n: 10}, false
	for _, r := range o.order {
		if r != 'n' && r != 'c' {
			continue
		}
		except = strings.HasPrefix(o.value[r], "-")
		var err error
		if want, err = parseAmount(o.value[r], r == 'c'); err != nil {
			c.complain("%v", err)
			return 1
		}
	}
	first := true
	status := c.each(o.rest, func(in *input) error {
		if len(o.rest) > 1 && !o.has['q'] || o.has['v'] {
			if !first {
				_ = c.out.WriteByte('\n')
			}
			_, _ = fmt.Fprintf(c.out, "==> %s <==\n", in.name)
		}
		first = false
		left := want.n
		switch {
		case except:
			b, err := io.ReadAll(io.LimitReader(in, 16*maxValue))
			if err != nil {
				return err
			}
			keep := len(b)
			if want.bytes {
				keep -= int(min(want.n, int64(len(b))))
			} else {
				all := bytes.SplitAfter(b, []byte("\n"))
				if n := len(all); n > 0 && len(all[n-1]) == 0 {
					all = all[:n-1]
				}
				keep = 0
				for _, l := range all[:max(len(all)-int(min(want.n, int64(len(all)))), 0)] {
					keep += len(l)
				}
			}
			_, err = c.out.Write(b[:keep])
			return err
		case want.bytes:
			_, err := io.Copy(c.out, io.LimitReader(contextReader{ctx, in}, left))
			return err
		case left == 0:
			return nil
		}
		return lines(ctx, in, func(line []byte) bool {
			_, err := c.out.Write(line)
			left--
			return err == nil && left > 0
		})
	})
	return c.done(status)
}

func wcTool(ctx context.Context, c *call) int {
	o, ok := c.options("lcwm", map[string]rune{"lines": 'l', "bytes": 'c', "words": 'w', "chars": 'm'})
	if !ok {
		return 1
	}
	if len(o.has) == 0 {
		o.has['l'], o.has['w'], o.has['c'] = true, true, true
	}
	type counts struct{ lines, words, bytes int64 }
	var total counts
	width := c.wcWidth(o)
	show := func(n counts, name string) {
		var parts []string
		for _, p := range []struct {
			on bool
			n  int64
		}{{o.has['l'], n.lines}, {o.has['w'], n.words}, {o.has['c'] || o.has['m'], n.bytes}} {
			if p.on {
				parts = append(parts, fmt.Sprintf("%*d", width, p.n))
			}
		}
		if name != "" {
			parts = append(parts, name)
		}
		_, _ = fmt.Fprintln(c.out, strings.Join(parts, " "))
	}
	status := c.each(o.rest, func(in *input) error {
		var n counts
		err := lines(ctx, in, func(line []byte) bool {
			n.bytes += int64(len(line))
			n.words += int64(len(bytes.Fields(line)))
			if line[len(line)-1] == '\n' {
				n.lines++
			}
			return true
		})
		name := in.name
		if len(o.rest) == 0 {
			name = ""
		}
		show(n, name)
		total = counts{total.lines + n.lines, total.words + n.words, total.bytes + n.bytes}
		return err
	})
	if len(o.rest) > 1 {
		show(total, "total")
	}
	return c.done(status)
}

// wcWidth is how wide wc's numbers are: as the sum of the files' sizes, or seven
// when something has no size.
func (c *call) wcWidth(o *options) int {
	if len(o.has) == 1 && len(o.rest) < 2 {
		return 1
	}
	sum, width := int64(0), 1
	for _, name := range o.rest {
		if i, err := c.view.Stat(c.sh.path(name)); err == nil && i.Mode().IsRegular() {
			sum += i.Size()
		} else if err == nil || name == "-" {
			width = 7
		}
	}
	if len(o.rest) == 0 {
		width = 7
	}
	return max(width, len(strconv.FormatInt(sum, 10)))
}

func echoTool(_ context.Context, c *call) int {
	args, newline, escapes := c.args[1:], true, false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		newline = newline && !strings.Contains(args[0], "n")
		escapes = escapes || strings.Contains(args[0], "e")
		args = args[1:]
	}
	out := strings.Join(args, " ")
	if escapes {
		out, _ = unescape(out)
	}
	_, _ = c.out.WriteString(out)
	if newline {
		_ = c.out.WriteByte('\n')
	}
	return c.done(0)
}

// teeTool copies its input; the files it is given cannot be written.
func teeTool(ctx context.Context, c *call) int {
	o, ok := c.options("ai", map[string]rune{"append": 'a'})
	if !ok {
		return 1
	}
	status := 0
	for _, name := range o.rest {
		if f, err := c.sh.createFile(name); err != nil {
			c.complain("%v", err)
			status = 1
		} else {
			f.drop()
		}
	}
	_, err := io.Copy(flushing{c.out}, contextReader{ctx, c.in})
	if err != nil {
		return statusPipe
	}
	return c.done(status)
}

// flushing passes everything on at once.
type flushing struct{ *bufio.Writer }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}
