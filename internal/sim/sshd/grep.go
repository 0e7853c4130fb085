package sshd

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// searching is what grep was asked for.
type searching struct {
	match                                    func(line []byte) [][]int // positions; nil for none
	invert, count, numbers, names, only      bool
	quiet, listMatching, listOthers, offsets bool
	limit                                    int // 0 for none
	before, after                            int
	unzip                                    bool
}

var grepLong = map[string]rune{
	"extended-regexp": 'E', "fixed-strings": 'F', "basic-regexp": 'G', "perl-regexp": 'P', "count": 'c', "line-number": 'n', "ignore-case": 'i',
	"invert-match": 'v', "max-count": 'm', "with-filename": 'H', "no-filename": 'h', "regexp": 'e', "only-matching": 'o', "quiet": 'q', "silent": 'q',
	"files-with-matches": 'l', "files-without-match": 'L', "no-messages": 's', "word-regexp": 'w', "line-regexp": 'x', "after-context": 'A',
	"before-context": 'B', "context": 'C', "text": 'a', "color": 'k', "colour": 'k', "line-buffered": 'k', "byte-offset": 'b', "null": 'Z',
	"binary-files": 'k', "recursive": 'r', "no-ignore-case": 'k',
}

// grepTool is grep, egrep, fgrep, zgrep and theirs: by what name it is called
// decides.
func grepTool(ctx context.Context, c *call) int {
	o, ok := c.options("EFGPcnivm:Hhe:oqlLswxA:B:C:akbZrU", grepLong)
	if !ok {
		_, _ = fmt.Fprintln(c.err, "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.")
		return 2
	}
	name := c.args[0]
	s := searching{
		invert: o.has['v'], count: o.has['c'], numbers: o.has['n'], only: o.has['o'], quiet: o.has['q'],
		listMatching: o.has['l'], listOthers: o.has['L'], offsets: o.has['b'], unzip: strings.HasPrefix(name, "z"),
	}
	for r, to := range map[rune]*int{'m': &s.limit, 'A': &s.after, 'B': &s.before} {
		if !o.has[r] {
			continue
		}
		n, err := strconv.Atoi(o.value[r])
		if err != nil || n < 0 {
			c.complain("invalid %s", map[rune]string{'m': "max count", 'A': o.value[r] + ": context length argument", 'B': o.value[r] + ": context length argument"}[r])
			return 2
		}
		if *to = n; r == 'm' && n == 0 {
			return 1
		}
	}
	if o.has['C'] {
		n, err := strconv.Atoi(o.value['C'])
		if err != nil || n < 0 {
			c.complain("%s: invalid context length argument", o.value['C'])
			return 2
		}
		s.before, s.after = n, n
	}
	s.before, s.after = min(s.before, 1000), min(s.after, 1000)
	patterns := o.values['e']
	if patterns == nil {
		if len(o.rest) == 0 {
			_, _ = fmt.Fprintln(c.err, "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.")
			return 2
		}
		patterns, o.rest = o.rest[:1], o.rest[1:]
	}
	kind := 'G'
	if strings.HasSuffix(name, "egrep") {
		kind = 'E'
	}
	if strings.HasSuffix(name, "fgrep") {
		kind = 'F'
	}
	for _, r := range o.order {
		if strings.ContainsRune("EFGP", r) {
			kind = r
		}
	}
	var err error
	if s.match, err = matcher(patterns, kind, o.has['i'], o.has['w'], o.has['x']); err != nil {
		c.complain("%v", err)
		return 2
	}
	files := o.rest
	if len(files) == 0 {
		files = []string{"-"}
	}
	s.names = (len(files) > 1 || o.has['H']) && !o.has['h']
	found, failed := false, false
	for _, name := range files {
		hits, err := s.file(ctx, c, name)
		if errors.Is(err, errOutput) {
			return statusPipe
		}
		if err != nil {
			if failed = true; !o.has['s'] {
				c.complain("%s: %s", name, hostfs.Words(err))
			}
		}
		if found = found || hits; found && s.quiet {
			return 0
		}
		if ctx.Err() != nil {
			return statusKilled
		}
	}
	switch {
	case failed:
		return c.done(2)
	case found:
		return c.done(0)
	}
	return c.done(1)
}

// matcher finds any of some patterns in a line.
func matcher(patterns []string, kind rune, fold, words, whole bool) (func([]byte) [][]int, error) {
	var all []string
	for _, p := range patterns {
		all = append(all, strings.Split(p, "\n")...)
	}
	plain := kind == 'F' && !fold && !words && !whole && len(all) == 1 && all[0] != ""
	if plain {
		needle := []byte(all[0])
		return func(line []byte) [][]int {
			var out [][]int
			for at := 0; len(out) < 1000; {
				i := bytes.Index(line[at:], needle)
				if i < 0 {
					break
				}
				out = append(out, []int{at + i, at + i + len(needle)})
				at += i + len(needle)
			}
			return out
		}, nil
	}
	for i, p := range all {
		switch kind {
		case 'F':
			p = regexp.QuoteMeta(p)
		case 'G':
			p = basic(p)
		}
		all[i] = "(?:" + p + ")"
	}
	expr := strings.Join(all, "|")
	if words {
		expr = `\b(?:` + expr + `)\b`
	}
	if whole {
		expr = `^(?:` + expr + `)$`
	}
	if fold {
		expr = "(?i)" + expr
	}
	re, err := compile(expr)
	if err != nil {
		return nil, errors.New("invalid regular expression")
	}
	return func(line []byte) [][]int { return re.FindAllIndex(line, 1000) }, nil
}

// basic turns a basic regular expression into an extended one.
func basic(p string) string {
	var out strings.Builder
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && i+1 < len(p):
			i++
			switch {
			case strings.IndexByte("(){}|+?", p[i]) >= 0:
				out.WriteByte(p[i])
			case p[i] == '<' || p[i] == '>':
				out.WriteString(`\b`)
			default:
				out.WriteByte('\\')
				out.WriteByte(p[i])
			}
		case c == '[':
			end := strings.IndexByte(p[min(i+2, len(p)):], ']')
			if end < 0 {
				out.WriteByte(c)
				continue
			}
			class := p[i : i+2+end+1]
			out.WriteString(class)
			i += len(class) - 1
		case strings.IndexByte("(){}|+?", c) >= 0, c == '*' && out.Len() == 0:
			out.WriteByte('\\')
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// file searches one input and reports whether a line was selected.
func (s *searching) file(ctx context.Context, c *call, name string) (bool, error) {
	in, err := c.open(name)
	if err != nil {
		return false, err
	}
	if in.isDirectory() {
		return false, hostfs.ErrIsDirectory
	}
	var r io.Reader = in
	if s.unzip {
		if r, err = gunzip(in, true); err != nil {
			return false, err
		}
	}
	shown := name
	if name == "-" {
		shown = "(standard input)"
	}
	var (
		number, hits, tail int
		offset             int64
		held               [][]byte
		heldFrom           int
		printedTo          int
		broken             error
	)
	emit := func(line []byte, number int, at int64, mark byte) {
		if s.names {
			_, _ = c.out.WriteString(shown)
			_ = c.out.WriteByte(mark)
		}
		if s.numbers {
			_, _ = c.out.WriteString(strconv.Itoa(number))
			_ = c.out.WriteByte(mark)
		}
		if s.offsets {
			_, _ = c.out.WriteString(strconv.FormatInt(at, 10))
			_ = c.out.WriteByte(mark)
		}
		if _, broken = c.out.Write(line); broken == nil && !bytes.HasSuffix(line, []byte("\n")) {
			broken = c.out.WriteByte('\n')
		}
	}
	live := in.file == nil
	err = lines(ctx, r, func(line []byte) bool {
		number++
		at := offset
		offset += int64(len(line))
		body := bytes.TrimSuffix(line, []byte("\n"))
		where := s.match(body)
		if (len(where) > 0) == s.invert {
			if tail > 0 && !s.count {
				tail--
				emit(line, number, at, '-')
				printedTo = number
				return broken == nil
			}
			if s.before > 0 {
				if held = append(held, bytes.Clone(line)); len(held) > s.before {
					held = held[1:]
				}
				heldFrom = number - len(held) + 1
			}
			return s.limit == 0 || hits < s.limit
		}
		if s.limit > 0 && hits >= s.limit {
			return false
		}
		if hits++; s.quiet || s.listMatching || s.listOthers {
			return false
		}
		if !s.count {
			if s.before+s.after > 0 && printedTo > 0 && number-len(held) > printedTo+1 {
				_, _ = c.out.WriteString("--\n")
			}
			for i, h := range held {
				if heldFrom+i > printedTo {
					emit(h, heldFrom+i, 0, '-')
				}
			}
			held = nil
			if s.only && !s.invert {
				for _, w := range where {
					if w[0] < w[1] {
						emit(body[w[0]:w[1]], number, at+int64(w[0]), ':')
					}
				}
			} else if !s.only {
				emit(line, number, at, ':')
			}
			printedTo, tail = number, s.after
			if live && broken == nil {
				broken = c.out.Flush()
			}
		}
		return broken == nil && (s.limit == 0 || hits < s.limit || s.after > 0)
	})
	if broken != nil {
		return hits > 0, errOutput
	}
	switch {
	case s.quiet:
	case s.listMatching && hits > 0, s.listOthers && hits == 0:
		_, _ = fmt.Fprintln(c.out, shown)
	case s.listMatching, s.listOthers:
	case s.count && s.names:
		_, _ = fmt.Fprintf(c.out, "%s:%d\n", shown, hits)
	case s.count:
		_, _ = fmt.Fprintln(c.out, hits)
	}
	return (hits > 0) != s.listOthers, err
}

// gunzip reads what is compressed; what is not is read as it is when that is
// allowed, as zcat -f and zgrep do.
func gunzip(in io.Reader, asIs bool) (io.Reader, error) {
	head := make([]byte, 2)
	n, err := io.ReadFull(in, head)
	whole := io.MultiReader(bytes.NewReader(head[:n]), in)
	if n == 2 && head[0] == 0x1f && head[1] == 0x8b {
		return gzip.NewReader(whole)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if n == 0 && !asIs {
		return nil, io.ErrUnexpectedEOF
	}
	if asIs {
		return whole, nil
	}
	return nil, errNotGzip
}

var errNotGzip = errors.New("not in gzip format")

// zcatTool is zcat, gzip -dc and gunzip -c.
func zcatTool(ctx context.Context, c *call) int {
	o, ok := c.options("dcfqvkltn123456789", map[string]rune{"decompress": 'd', "stdout": 'c', "to-stdout": 'c', "force": 'f', "quiet": 'q', "keep": 'k', "test": 't', "list": 'l'})
	if !ok {
		return 1
	}
	unpack := c.args[0] != "gzip" || o.has['d'] || o.has['t']
	out := c.args[0] == "zcat" || o.has['c'] || o.has['t'] || len(o.rest) == 0
	files := o.rest
	if len(files) == 0 {
		files = []string{"-"}
	}
	status := 0
	for _, name := range files {
		in, err := c.open(name)
		switch {
		case err == nil && in.isDirectory():
			_, _ = fmt.Fprintf(c.err, "gzip: %s is a directory -- ignored\n", name)
			status = 2
			continue
		case err == nil && !out:
			_, _ = fmt.Fprintf(c.err, "gzip: %s: Permission denied\n", name)
			status = 1
			continue
		case err == nil && unpack:
			var r io.Reader
			if r, err = gunzip(in, o.has['f']); err == nil {
				to := io.Writer(c.out)
				if o.has['t'] {
					to = io.Discard
				}
				_, err = io.Copy(to, contextReader{ctx, r})
			}
		case err == nil:
			z := gzip.NewWriter(c.out)
			if _, err = io.Copy(z, contextReader{ctx, in}); err == nil {
				err = z.Close()
			}
		}
		if ctx.Err() != nil {
			return statusKilled
		}
		if err != nil {
			words := hostfs.Words(err)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				words = "unexpected end of file"
			}
			_, _ = fmt.Fprintf(c.err, "\ngzip: %s: %s\n", strings.Replace(name, "-", "stdin", map[bool]int{true: 1}[name == "-"]), words)
			status = 1
		}
	}
	return c.done(status)
}

// contextReader ends with the job.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
