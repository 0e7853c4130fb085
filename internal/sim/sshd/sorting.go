package sshd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// gather reads all lines of the inputs, without their newlines.
func (c *call) gather(ctx context.Context, names []string) ([]string, int) {
	var all []string
	size := 0
	status := c.each(names, func(in *input) error {
		return lines(ctx, in, func(line []byte) bool {
			size += len(line)
			all = append(all, strings.TrimSuffix(string(line), "\n"))
			return size < 32*maxValue
		})
	})
	return all, status
}

func sortTool(ctx context.Context, c *call) int {
	o, ok := c.options("nruk:t:hVsf", map[string]rune{"numeric-sort": 'n', "reverse": 'r', "unique": 'u', "key": 'k'})
	if !ok {
		return 2
	}
	all, status := c.gather(ctx, o.rest)
	field, numeric := 0, o.has['n'] || o.has['h']
	if o.has['k'] {
		digits := strings.TrimRight(strings.SplitN(o.value['k'], ",", 2)[0], "nr")
		numeric = numeric || strings.Contains(o.value['k'], "n")
		field, _ = strconv.Atoi(digits)
	}
	key := func(line string) string {
		if field < 1 {
			return line
		}
		parts := strings.Fields(line)
		if o.has['t'] {
			parts = strings.Split(line, o.value['t'])
		}
		if field > len(parts) {
			return ""
		}
		return parts[field-1]
	}
	number := func(s string) float64 {
		s = strings.TrimLeft(s, " \t")
		end := 0
		for end < len(s) && strings.IndexByte("+-.0123456789", s[end]) >= 0 {
			end++
		}
		n, _ := strconv.ParseFloat(s[:end], 64)
		return n
	}
	slices.SortStableFunc(all, func(a, b string) int {
		n := 0
		if numeric {
			switch x, y := number(key(a)), number(key(b)); {
			case x < y:
				n = -1
			case x > y:
				n = 1
			}
		} else {
			n = strings.Compare(key(a), key(b))
		}
		if n == 0 && !o.has['s'] {
			n = strings.Compare(a, b)
		}
		if o.has['r'] || strings.Contains(o.value['k'], "r") {
			return -n
		}
		return n
	})
	if o.has['u'] {
		all = slices.CompactFunc(all, func(a, b string) bool { return key(a) == key(b) })
	}
	return c.print(all, status)
}

func (c *call) print(all []string, status int) int {
	for _, line := range all {
		if _, err := c.out.WriteString(line + "\n"); err != nil {
			return statusPipe
		}
	}
	return c.done(status)
}

func uniqTool(ctx context.Context, c *call) int {
	o, ok := c.options("cdu", map[string]rune{"count": 'c', "repeated": 'd', "unique": 'u'})
	if !ok {
		return 1
	}
	all, status := c.gather(ctx, o.rest)
	var out []string
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		if (!o.has['d'] || n > 1) && (!o.has['u'] || n == 1) {
			if o.has['c'] {
				out = append(out, fmt.Sprintf("%7d %s", n, all[i]))
			} else {
				out = append(out, all[i])
			}
		}
		i += n
	}
	return c.print(out, status)
}

func cutTool(ctx context.Context, c *call) int {
	o, ok := c.options("d:f:c:b:s", map[string]rune{"delimiter": 'd', "fields": 'f', "characters": 'c', "bytes": 'b'})
	if !ok {
		return 1
	}
	list := o.value['f'] + o.value['c'] + o.value['b']
	inside := func(n int) bool {
		for part := range strings.SplitSeq(list, ",") {
			from, to, ranged := strings.Cut(part, "-")
			a, _ := strconv.Atoi(from)
			b, err := strconv.Atoi(to)
			if !ranged {
				b = a
			} else if err != nil {
				b = 1 << 30
			}
			if n >= max(a, 1) && n <= b {
				return true
			}
		}
		return false
	}
	if list == "" {
		c.complain("you must specify a list of bytes, characters, or fields")
		return 1
	}
	sep := "\t"
	if o.has['d'] {
		sep = o.value['d']
	}
	status := c.each(o.rest, func(in *input) error {
		return lines(ctx, in, func(line []byte) bool {
			text := strings.TrimSuffix(string(line), "\n")
			var kept []string
			parts := strings.Split(text, "")
			join := ""
			if o.has['f'] {
				if parts, join = strings.Split(text, sep), sep; len(parts) == 1 {
					if o.has['s'] {
						return true
					}
					kept, parts = parts, nil
				}
			}
			for i, p := range parts {
				if inside(i + 1) {
					kept = append(kept, p)
				}
			}
			_, err := c.out.WriteString(strings.Join(kept, join) + "\n")
			return err == nil
		})
	})
	return c.done(status)
}
