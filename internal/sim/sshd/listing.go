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
