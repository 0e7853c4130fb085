package sshd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// widest is how far printf pads; more is taken as this.
const widestField = 4096

// unescape replaces backslash sequences; the second result is false when \c ends
// the output.
func unescape(s string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		digits := func(base, most int) bool {
			end := i + 1
			for end < len(s) && end-i-1 < most {
				if _, err := strconv.ParseUint(s[end:end+1], base, 8); err != nil {
					break
				}
				end++
			}
			n, err := strconv.ParseUint(s[i+1:end], base, 16)
			if err == nil {
				out.WriteByte(byte(n))
				i = end - 1
			}
			return err == nil
		}
		switch c := s[i]; {
		case strings.IndexByte(`abfnrtv\e`, c) >= 0:
			out.WriteByte(map[byte]byte{'a': 7, 'b': 8, 'f': 12, 'n': '\n', 'r': '\r', 't': '\t', 'v': 11, '\\': '\\', 'e': 27}[c])
		case c == 'c':
			return out.String(), false
		case c == '"' || c == '\'':
			out.WriteByte(c)
		case c == 'x' && digits(16, 2):
		case c >= '0' && c <= '7':
			if c != '0' {
				i--
			}
			if !digits(8, 3) {
				out.WriteByte(0)
			}
		default:
			out.WriteByte('\\')
			out.WriteByte(c)
		}
	}
	return out.String(), true
}

// printfTool is printf: the format again and again until the arguments are used.
func printfTool(ctx context.Context, c *call) int {
	args := c.args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		c.complain("usage: printf format [arguments]")
		return 2
	}
	format, args := args[0], args[1:]
	status := 0
	for ctx.Err() == nil {
		left, more := c.printf(format, args, &status)
		if !more || len(left) == 0 || len(left) == len(args) {
			break
		}
		args = left
		if c.sh.job.steps.Add(1) > maxSteps {
			break
		}
	}
	return c.done(status)
}

// printf writes the format once and returns the arguments that are left, and
// whether it may go on.
func (c *call) printf(format string, args []string, status *int) ([]string, bool) {
	next := func() string {
		if len(args) == 0 {
			return ""
		}
		a := args[0]
		args = args[1:]
		return a
	}
	for format != "" {
		at := strings.IndexByte(format, '%')
		text := format
		if at >= 0 {
			text, format = format[:at], format[at+1:]
		} else {
			format = ""
		}
		plain, more := unescape(text)
		if _, err := c.out.WriteString(plain); err != nil || !more {
			return nil, false
		}
		if at < 0 {
			break
		}
		spec := "%"
		for format != "" && strings.IndexByte("-+ #0.123456789*", format[0]) >= 0 {
			if format[0] == '*' {
				spec += strconv.Itoa(min(int(c.number(next(), status)), widestField))
			} else {
				spec += format[:1]
			}
			format = format[1:]
		}
		if format == "" {
			c.complain("`%s': missing format character", spec)
			*status = 1
			return nil, false
		}
		verb := format[0]
		format = format[1:]
		if width, _ := strconv.Atoi(strings.TrimLeft(strings.SplitN(spec[1:], ".", 2)[0], "-+ #0")); width > widestField || len(spec) > 20 {
			spec = "%" + strconv.Itoa(widestField)
		}
		switch verb {
		case '%':
			_ = c.out.WriteByte('%')
		case 's':
			_, _ = fmt.Fprintf(c.out, spec+"s", next())
		case 'b':
			s, more := unescape(next())
			_, _ = fmt.Fprintf(c.out, spec+"s", s)
			if !more {
				return nil, false
			}
		case 'c':
			if a := next(); a != "" {
				_, _ = fmt.Fprintf(c.out, spec+"s", a[:1])
			}
		case 'd', 'i', 'u':
			_, _ = fmt.Fprintf(c.out, spec+"d", c.number(next(), status))
		case 'o', 'x', 'X':
			_, _ = fmt.Fprintf(c.out, spec+string(verb), c.number(next(), status))
		case 'e', 'f', 'g', 'E', 'F', 'G':
			a := next()
			f, err := strconv.ParseFloat(a, 64)
			if err != nil && a != "" {
				c.complain("%s: invalid number", a)
				*status = 1
			}
			_, _ = fmt.Fprintf(c.out, spec+string(verb), f)
		default:
			c.complain("`%c': invalid format character", verb)
			*status = 1
			return nil, false
		}
	}
	return args, true
}

// number reads an argument of %d.
func (c *call) number(s string, status *int) int64 {
	if s == "" {
		return 0
	}
	if s[0] == '\'' || s[0] == '"' {
		for _, r := range s[1:] {
			return int64(r)
		}
	}
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		c.complain("%s: invalid number", s)
		*status = 1
	}
	return n
}
