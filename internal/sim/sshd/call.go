package sshd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// call is a tool that runs: its arguments and what it is connected to.
type call struct {
	sh   *shell
	args []string // the name first
	in   io.Reader
	out  *bufio.Writer
	err  io.Writer
	view hostfs.View
}

func newCall(sh *shell, args []string) *call {
	return &call{
		sh: sh, args: args, in: sh.files[0], out: bufio.NewWriterSize(sh.files[1], 32<<10), err: sh.files[2], view: sh.job.view,
	}
}

// tool is a program of the machine. It returns its exit status.
type tool func(ctx context.Context, c *call) int

// complain writes a line about a mistake.
func (c *call) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(c.err, c.args[0]+": "+format+"\n", args...)
}

// done flushes what was printed and turns a broken pipe into its status.
func (c *call) done(status int) int {
	if err := c.out.Flush(); err != nil {
		return statusPipe
	}
	return status
}

// input is something to read from: a file, or the standard input as "-".
type input struct {
	name string
	io.Reader
	file *hostfs.File // nil for the standard input and for devices
}

// open opens an argument.
func (c *call) open(name string) (*input, error) {
	if name == "/dev/null" {
		return &input{name: name, Reader: nothing{}}, nil
	}
	if name == "-" {
		in := &input{name: name, Reader: c.in}
		if f, ok := c.in.(*file); ok && f != nil {
			in.file = f.disk
		}
		return in, nil
	}
	if fd, ok := c.sh.descriptor(name); ok {
		switch held := c.sh.files[fd]; {
		case held == nil:
			return nil, fs.ErrNotExist
		case held.disk != nil:
			f := held.disk.Reopen()
			return &input{name: name, Reader: f, file: f}, nil
		default:
			return &input{name: name, Reader: held}, nil
		}
	}
	f, err := c.view.Open(c.sh.path(name))
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, hostfs.ErrNotDirectory
	}
	return &input{name: name, Reader: f, file: f}, nil
}

// isDirectory reports whether it is one, which can be opened and not read.
func (i *input) isDirectory() bool { return i.file != nil && i.file.Stat().IsDir() }

// lines gives each line of r with its newline, which the last may lack. It stops
// when do returns false.
func lines(ctx context.Context, r io.Reader, do func(line []byte) bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var long []byte
	for ctx.Err() == nil {
		part, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) && len(long) < maxValue {
			long = append(long, part...)
			continue
		}
		line := part
		if len(long) > 0 {
			line = append(long, part...)
			long = long[:0]
		}
		if len(line) > 0 && !do(line) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	return ctx.Err()
}

// options are what a tool's command line says. Letters followed by a colon in
// spec take a value. Long options stand for a letter.
type options struct {
	has    map[rune]bool
	value  map[rune]string
	values map[rune][]string
	order  []rune
	rest   []string
}

// options reads the command line as getopt does: options anywhere before "--".
func (c *call) options(spec string, long map[string]rune) (*options, bool) {
	return c.parse(c.args[1:], spec, long)
}

func (c *call) parse(args []string, spec string, long map[string]rune) (*options, bool) {
	o := &options{has: map[rune]bool{}, value: map[rune]string{}, values: map[rune][]string{}}
	put := func(r rune, value string) {
		o.has[r], o.value[r] = true, value
		o.values[r] = append(o.values[r], value)
		o.order = append(o.order, r)
	}
	wants := func(r rune) bool { return strings.Contains(spec, string(r)+":") }
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			o.rest = append(o.rest, args...)
			return o, true
		case strings.HasPrefix(a, "--"):
			name, value, given := strings.Cut(strings.TrimLeft(a, "-"), "=")
			r, ok := long[name]
			if !ok {
				c.complain("unrecognized option '%s'", a)
				return nil, false
			}
			if wants(r) && !given {
				if len(args) == 0 {
					c.complain("option '%s' requires an argument", a)
					return nil, false
				}
				value, args = args[0], args[1:]
			}
			put(r, value)
		case len(a) > 1 && a[0] == '-':
			for i, r := range a[1:] {
				switch {
				case r == ':' || !strings.ContainsRune(spec, r):
					c.complain("invalid option -- '%c'", r)
					return nil, false
				case !wants(r):
					put(r, "")
					continue
				}
				value := a[1+i+len(string(r)):]
				if value == "" {
					if len(args) == 0 {
						c.complain("option requires an argument -- '%c'", r)
						return nil, false
					}
					value, args = args[0], args[1:]
				}
				put(r, value)
				break
			}
		default:
			o.rest = append(o.rest, a)
		}
	}
	return o, true
}

// compile is regexp.Compile with a bound on the expression.
func compile(expr string) (*regexp.Regexp, error) {
	if len(expr) > 64<<10 {
		return nil, errors.New("regular expression too big")
	}
	return regexp.Compile(expr)
}

// sleep waits, unless the job ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
