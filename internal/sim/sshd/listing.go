package sshd

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// uids are the users of a machine.
var uids = map[string]uint32{"root": 0, "storm": 998}

func uidOf(user string) uint32 {
	if n, ok := uids[user]; ok {
		return n
	}
	return 1000
}

// LookupUserName and LookupGroupName name owners in SFTP's long names.
func (f *files) LookupUserName(uid string) string { return userName(uid) }

// LookupGroupName is [files.LookupUserName]: every user has a group of its own.
func (f *files) LookupGroupName(gid string) string { return userName(gid) }

func userName(uid string) string {
	for name, n := range uids {
		if strconv.Itoa(int(n)) == uid {
			return name
		}
	}
	return uid
}

// rights are a mode as ls writes it.
func rights(m fs.FileMode) string {
	kind := "-"
	switch {
	case m.IsDir():
		kind = "d"
	case m&fs.ModeSymlink != 0:
		kind = "l"
	}
	return kind + m.Perm().String()[1:]
}

type entry struct {
	hostfs.Info
	shown string
	link  string
}

func lsTool(ctx context.Context, c *call) int {
	o, ok := c.options("laA1trSdhinRFLUgoGkspT:I:w:", map[string]rune{"all": 'a', "almost-all": 'A', "directory": 'd', "human-readable": 'h', "inode": 'i', "reverse": 'r', "recursive": 'R', "color": 'k', "full-time": 'z', "time-style": 'T', "numeric-uid-gid": 'n'})
	if !ok {
		return 2
	}
	names := o.rest
	if len(names) == 0 {
		names = []string{"."}
	}
	now := c.sh.job.m.Now()
	style := o.value['T']
	full := o.has['z'] || style == "full-iso"
	long := o.has['l'] || o.has['n'] || o.has['g'] || o.has['o'] || o.has['z']
	var plain []entry
	var dirs []string
	status := 0
	for _, name := range names {
		look := c.view.Stat
		if o.has['d'] || long && !o.has['L'] && !strings.HasSuffix(name, "/") {
			look = c.view.Lstat
		}
		i, err := look(c.sh.path(name))
		if err != nil || name == "" {
			c.complain("cannot access '%s': %s", name, hostfs.Words(err))
			status = 2
			continue
		}
		if i.IsDir() && !o.has['d'] {
			dirs = append(dirs, name)
			continue
		}
		plain = append(plain, c.entry(c.sh.path(name), name, i))
	}
	order := func(list []entry) {
		slices.SortStableFunc(list, func(a, b entry) int {
			n := strings.Compare(a.shown, b.shown)
			switch {
			case o.has['U']:
				n = 0
			case o.has['t'] && !a.ModTime().Equal(b.ModTime()):
				n = b.ModTime().Compare(a.ModTime())
			case o.has['S'] && a.Size() != b.Size():
				n = flag(a.Size() > b.Size(), -1, 1)
			}
			if o.has['r'] {
				return -n
			}
			return n
		})
	}
	show := func(list []entry) {
		order(list)
		for _, e := range list {
			if o.has['i'] {
				_, _ = fmt.Fprintf(c.out, "%7d ", e.Inode)
			}
			if !long {
				_, _ = fmt.Fprintln(c.out, e.shown+suffix(e, o.has['F']))
				continue
			}
			when := e.ModTime().In(now.Location())
			date := when.Format("Jan _2 15:04")
			switch {
			case full:
				date = when.Format("2006-01-02 15:04:05.000000000 -0700")
			case style == "long-iso":
				date = when.Format("2006-01-02 15:04")
			case strings.HasPrefix(style, "+"):
				date = strftime(style[1:], when)
			case now.Sub(when) > 183*24*time.Hour || when.After(now):
				date = when.Format("Jan _2  2006")
			}
			size := strconv.FormatInt(e.Size(), 10)
			if o.has['h'] {
				size = human(e.Size())
			}
			owner := e.Owner
			if o.has['n'] {
				owner = strconv.Itoa(int(uidOf(owner)))
			}
			_, _ = fmt.Fprintf(c.out, "%s %d %s %s %*s %s %s\n", rights(e.Mode()), e.Links, owner, owner, widest(list, o.has['h']), size, date, e.shown+e.link+suffix(e, o.has['F']))
		}
	}
	show(plain)
	visible := func(name string) bool { return name[0] != '.' || o.has['a'] || o.has['A'] }
	for n := 0; n < len(dirs) && n < 10000 && ctx.Err() == nil; n++ {
		dir := dirs[n]
		infos, err := c.view.ReadDir(c.sh.path(dir))
		if err != nil {
			c.complain("cannot open directory '%s': %s", dir, hostfs.Words(err))
			status = 2
			continue
		}
		if len(names) > 1 || o.has['R'] {
			if n > 0 || len(plain) > 0 {
				_ = c.out.WriteByte('\n')
			}
			_, _ = fmt.Fprintf(c.out, "%s:\n", dir)
		}
		var list []entry
		if o.has['a'] {
			for _, dots := range []string{".", ".."} {
				if i, err := c.view.Stat(path.Join(c.sh.path(dir), dots)); err == nil {
					list = append(list, entry{Info: i, shown: dots})
				}
			}
		}
		var below []string
		for _, i := range infos {
			if !visible(i.Name()) {
				continue
			}
			list = append(list, c.entry(path.Join(c.sh.path(dir), i.Name()), i.Name(), i))
			if i.IsDir() && o.has['R'] {
				below = append(below, strings.TrimSuffix(dir, "/")+"/"+i.Name())
			}
		}
		dirs = append(dirs[:n+1], append(below, dirs[n+1:]...)...)
		if long || o.has['s'] {
			blocks := int64(0)
			for _, e := range list {
				blocks += (e.Size() + 4095) / 4096 * 4
			}
			_, _ = fmt.Fprintf(c.out, "total %d\n", blocks)
		}
		show(list)
	}
	return c.done(status)
}

func (c *call) entry(full, shown string, i hostfs.Info) entry {
	e := entry{Info: i, shown: shown}
	if i.Mode()&fs.ModeSymlink != 0 {
		if target, err := c.view.ReadLink(full); err == nil {
			e.link = " -> " + target
		}
	}
	return e
}

func suffix(e entry, on bool) string {
	switch {
	case on && e.IsDir():
		return "/"
	case on && e.Mode()&fs.ModeSymlink != 0 && e.link == "":
		return "@"
	}
	return ""
}

func widest(list []entry, short bool) int {
	n := 1
	for _, e := range list {
		s := strconv.FormatInt(e.Size(), 10)
		if short {
			s = human(e.Size())
		}
		n = max(n, len(s))
	}
	return n
}

// human is a size as ls -h writes it.
func human(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10)
	}
	f := float64(n)
	for _, unit := range "KMGT" {
		if f /= 1024; f < 10 {
			return fmt.Sprintf("%.1f%c", f+0.04999, unit)
		} else if f < 1024 {
			return fmt.Sprintf("%.0f%c", f+0.4999, unit)
		}
	}
	return fmt.Sprintf("%.0fP", f)
}

func kindOf(i hostfs.Info) string {
	switch {
	case i.IsDir():
		return "directory"
	case i.Mode()&fs.ModeSymlink != 0:
		return "symbolic link"
	case i.Size() == 0:
		return "regular empty file"
	}
	return "regular file"
}

func statTool(_ context.Context, c *call) int {
	o, ok := c.options("c:Lfq:t", map[string]rune{"format": 'c', "printf": 'q', "dereference": 'L'})
	if !ok {
		return 1
	}
	if len(o.rest) == 0 {
		c.complain("missing operand")
		return 1
	}
	status := 0
	for _, name := range o.rest {
		look := c.view.Lstat
		if o.has['L'] {
			look = c.view.Stat
		}
		i, err := look(c.sh.path(name))
		if err != nil {
			c.complain("cannot statx '%s': %s", name, hostfs.Words(err))
			status = 1
			continue
		}
		switch {
		case o.has['c']:
			_, _ = c.out.WriteString(c.statFormat(o.value['c'], name, i) + "\n")
		case o.has['q']:
			_, _ = c.out.WriteString(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(c.statFormat(o.value['q'], name, i)))
		default:
			_, _ = c.out.WriteString(c.statFormat(
				"  File: %n\n  Size: %-10s\tBlocks: %-10b IO Block: %o   %F\nDevice: 8,1\tInode: %-10i  Links: %h\n"+
					"Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n", name, i))
		}
	}
	return c.done(status)
}

// statFormat writes the directives of stat -c, with width, minus and zero.
func (c *call) statFormat(format, name string, i hostfs.Info) string {
	when := i.ModTime().In(c.sh.job.m.Now().Location())
	long := when.Format("2006-01-02 15:04:05.000000000 -0700")
	var out strings.Builder
	for at := 0; at < len(format); at++ {
		if format[at] != '%' || at+1 == len(format) {
			out.WriteByte(format[at])
			continue
		}
		end := at + 1
		for end < len(format)-1 && strings.IndexByte("-0123456789", format[end]) >= 0 {
			end++
		}
		pad := format[at+1 : end]
		value := ""
		switch format[end] {
		case 'n':
			value = name
		case 'N':
			value = "'" + name + "'"
		case 's':
			value = strconv.FormatInt(i.Size(), 10)
		case 'b':
			value = strconv.FormatInt((i.Size()+4095)/4096*8, 10)
		case 'B':
			value = "512"
		case 'o':
			value = "4096"
		case 'i':
			value = strconv.FormatUint(i.Inode, 10)
		case 'h':
			value = strconv.Itoa(i.Links)
		case 'F':
			value = kindOf(i)
		case 'a':
			value = strconv.FormatUint(uint64(i.Mode().Perm()), 8)
		case 'A':
			value = rights(i.Mode())
		case 'f':
			raw := uint32(i.Mode().Perm()) | 0o100000
			if i.IsDir() {
				raw = uint32(i.Mode().Perm()) | 0o040000
			} else if i.Mode()&fs.ModeSymlink != 0 {
				raw = uint32(i.Mode().Perm()) | 0o120000
			}
			value = strconv.FormatUint(uint64(raw), 16)
		case 'u', 'g':
			value = strconv.Itoa(int(uidOf(i.Owner)))
		case 'U', 'G':
			value = i.Owner
		case 'd':
			value = "2049"
		case 'D':
			value = "801"
		case 'X', 'Y', 'Z':
			value = strconv.FormatInt(when.Unix(), 10)
		case 'W':
			value = "0"
		case 'x', 'y', 'z':
			value = long
		case 'w':
			value = "-"
		case '%':
			value = "%"
		default:
			value = "?"
		}
		at = end
		width, _ := strconv.Atoi(strings.TrimLeft(pad, "-0"))
		if width = min(width, 1000); width > len(value) {
			fill := strings.Repeat(" ", width-len(value))
			switch {
			case strings.HasPrefix(pad, "-"):
				value += fill
			case strings.HasPrefix(pad, "0"):
				value = strings.Repeat("0", width-len(value)) + value
			default:
				value = fill + value
			}
		}
		out.WriteString(value)
	}
	return out.String()
}

// findTool walks directories with the tests that looking for logs takes.
func findTool(ctx context.Context, c *call) int {
	args := c.args[1:]
	var roots []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "(" && args[0] != "!" {
		roots, args = append(roots, args[0]), args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	type test func(name string, i hostfs.Info) bool
	var tests []test
	depth, least, end, not := 100, 0, "\n", false
	format := ""
	add := func(t test) {
		if inverted := not; inverted {
			plain := t
			t = func(name string, i hostfs.Info) bool { return !plain(name, i) }
		}
		not = false
		tests = append(tests, t)
	}
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		value := ""
		if slices.Contains([]string{"-name", "-iname", "-path", "-wholename", "-type", "-maxdepth", "-mindepth", "-mmin", "-mtime", "-size", "-printf", "-newer"}, a) {
			if len(args) == 0 {
				c.complain("missing argument to `%s'", a)
				return 1
			}
			value, args = args[0], args[1:]
		}
		switch a {
		case "-name":
			add(func(name string, _ hostfs.Info) bool { return match(value, path.Base(name)) })
		case "-iname":
			add(func(name string, _ hostfs.Info) bool {
				return match(strings.ToLower(value), strings.ToLower(path.Base(name)))
			})
		case "-path", "-wholename":
			add(func(name string, _ hostfs.Info) bool { return match(value, name) })
		case "-type":
			add(func(_ string, i hostfs.Info) bool {
				return value == strings.ToLower(strings.Replace(rights(i.Mode())[:1], "-", "f", 1))
			})
		case "-maxdepth":
			depth, _ = strconv.Atoi(value)
		case "-mindepth":
			least, _ = strconv.Atoi(value)
		case "-mmin", "-mtime":
			unit := time.Minute
			if a == "-mtime" {
				unit = 24 * time.Hour
			}
			n, _ := strconv.ParseFloat(strings.TrimLeft(value, "+-"), 64)
			now := c.sh.job.m.Now()
			add(func(_ string, i hostfs.Info) bool {
				age := float64(now.Sub(i.ModTime())) / float64(unit)
				switch value[:min(1, len(value))] {
				case "-":
					return age < n
				case "+":
					return age > n
				}
				return int(age) == int(n)
			})
		case "-size":
			n, _ := parseAmount(strings.TrimLeft(strings.TrimSuffix(value, "c"), "+-"), true)
			add(func(_ string, i hostfs.Info) bool {
				switch value[:min(1, len(value))] {
				case "-":
					return i.Size() < n.n
				case "+":
					return i.Size() > n.n
				}
				return i.Size() == n.n
			})
		case "-newer":
			ref, err := c.view.Stat(c.sh.path(value))
			if err != nil {
				c.complain("'%s': %s", value, hostfs.Words(err))
				return 1
			}
			add(func(_ string, i hostfs.Info) bool { return i.ModTime().After(ref.ModTime()) })
		case "!", "-not":
			not = true
		case "-print":
		case "-print0":
			end = "\x00"
		case "-printf":
			format = value
		default:
			c.complain("unknown predicate `%s'", a)
			return 1
		}
	}
	status, visited := 0, 0
	var walk func(name string, i hostfs.Info, level int)
	walk = func(name string, i hostfs.Info, level int) {
		if visited++; ctx.Err() != nil || visited > maxSteps {
			return
		}
		if level >= least && !slices.ContainsFunc(tests, func(t test) bool { return !t(name, i) }) {
			if format != "" {
				when := i.ModTime()
				_, _ = c.out.WriteString(strings.NewReplacer("%p", name, "%f", path.Base(name), "%s", strconv.FormatInt(i.Size(), 10), "%i", strconv.FormatUint(i.Inode, 10),
					"%T@", fmt.Sprintf("%d.%09d0", when.Unix(), when.Nanosecond()), `\n`, "\n", `\t`, "\t", `\0`, "\x00", "%%", "%", "%h", path.Dir(name)).Replace(format))
			} else {
				_, _ = c.out.WriteString(name + end)
			}
		}
		if !i.IsDir() || level >= depth {
			return
		}
		infos, err := c.view.ReadDir(c.sh.path(name))
		if err != nil {
			c.complain("'%s': %s", name, hostfs.Words(err))
			status = 1
			return
		}
		for _, child := range infos {
			walk(strings.TrimSuffix(name, "/")+"/"+child.Name(), child, level+1)
		}
	}
	for _, root := range roots {
		i, err := c.view.Lstat(c.sh.path(root))
		if err != nil {
			c.complain("'%s': %s", root, hostfs.Words(err))
			status = 1
			continue
		}
		walk(root, i, 0)
	}
	return c.done(status)
}
