package sshd

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// list are the processes, none when nobody names them.
func (m *Machine) list() []Process {
	if m.Processes == nil {
		return nil
	}
	return m.Processes()
}

// column is what ps -o can show.
type column struct {
	title string
	left  bool
	value func(p Process, now time.Time) string
}

// clockOf is a time of processor or of life as ps writes it.
func clockOf(d time.Duration) string {
	s := int(d.Seconds())
	if days := s / 86400; days > 0 {
		return fmt.Sprintf("%d-%02d:%02d:%02d", days, s/3600%24, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// startOf is when a process began: the time within a day, then the date.
func startOf(p Process, now time.Time, layout string) string {
	at := p.Started.In(now.Location())
	switch {
	case now.Sub(at) < 24*time.Hour:
		return at.Format(layout)
	case layout == "15:04":
		return at.Format("Jan02")
	}
	return at.Format("Jan 02")
}

func command(p Process) string { return strings.Join(p.Args, " ") }

func short(p Process) string {
	name := path.Base(p.Args[0])
	return name[:min(len(name), 15)]
}

var columns = map[string]column{
	"pid":    {"PID", false, func(p Process, _ time.Time) string { return strconv.Itoa(p.PID) }},
	"ppid":   {"PPID", false, func(p Process, _ time.Time) string { return strconv.Itoa(p.Parent) }},
	"user":   {"USER", true, func(p Process, _ time.Time) string { return p.User }},
	"uid":    {"UID", false, func(p Process, _ time.Time) string { return strconv.Itoa(int(uidOf(p.User))) }},
	"args":   {"COMMAND", true, func(p Process, _ time.Time) string { return command(p) }},
	"comm":   {"COMMAND", true, func(p Process, _ time.Time) string { return short(p) }},
	"rss":    {"RSS", false, func(p Process, _ time.Time) string { return strconv.FormatInt(p.RSS, 10) }},
	"vsz":    {"VSZ", false, func(p Process, _ time.Time) string { return strconv.FormatInt(p.RSS*8, 10) }},
	"tty":    {"TT", true, func(Process, time.Time) string { return "?" }},
	"stat":   {"STAT", true, func(Process, time.Time) string { return "Sl" }},
	"time":   {"TIME", false, func(p Process, _ time.Time) string { return clockOf(p.CPU) }},
	"start":  {"STARTED", false, func(p Process, now time.Time) string { return startOf(p, now, "15:04:05") }},
	"bstart": {"START", true, func(p Process, now time.Time) string { return startOf(p, now, "15:04") }},
	"lstart": {"STARTED", false, func(p Process, now time.Time) string {
		return p.Started.In(now.Location()).Format("Mon Jan _2 15:04:05 2006")
	}},
	"etimes": {"ELAPSED", false, func(p Process, now time.Time) string { return strconv.Itoa(int(now.Sub(p.Started).Seconds())) }},
	"etime": {"ELAPSED", false, func(p Process, now time.Time) string {
		return strings.TrimPrefix(clockOf(now.Sub(p.Started)), "00:")
	}},
	"pcpu": {"%CPU", false, func(p Process, now time.Time) string {
		return fmt.Sprintf("%.1f", 100*p.CPU.Seconds()/max(now.Sub(p.Started).Seconds(), 1))
	}},
	"pmem": {"%MEM", false, func(p Process, _ time.Time) string { return fmt.Sprintf("%.1f", float64(p.RSS)/(64<<20)*100) }},
	"c":    {"C", false, func(Process, time.Time) string { return "0" }},
}

var columnNames = map[string]string{
	"cmd": "args", "command": "args", "ucmd": "comm", "%cpu": "pcpu", "%mem": "pmem", "rssize": "rss", "vsize": "vsz", "euser": "user", "uname": "user", "tt": "tty", "stime": "bstart", "bsdstart": "bstart", "cputime": "time", "s": "stat",
}

// psTool lists the machine's processes. Sessions' own are not among them.
func psTool(_ context.Context, c *call) int {
	args := c.args[1:]
	// BSD's options come without a dash.
	bsd := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' && strings.Trim(args[0], "auxwfeo") == "" {
		bsd, args = args[0], args[1:]
		if plain, ok := strings.CutSuffix(bsd, "o"); ok {
			bsd, args = plain, append([]string{"-o"}, args...)
		}
	}
	o, ok := c.parse(args, "eAafFlo:p:u:U:C:wjHNxT", map[string]rune{"no-headers": 'z', "no-heading": 'z', "format": 'o', "pid": 'p', "user": 'u', "sort": 'y', "ppid": 'P', "cols": 'k', "width": 'k'})
	if !ok {
		_, _ = fmt.Fprintln(c.err, "\nUsage:\n ps [options]\n\n Try 'ps --help <simple|list|output|threads|misc|all>'\n  or 'ps --help <s|l|o|t|m|a>'\n for additional help text.")
		return 1
	}
	now := c.sh.job.m.Now()
	all := slices.Clone(c.sh.job.m.list())
	slices.SortFunc(all, func(a, b Process) int { return cmp.Compare(a.PID, b.PID) })
	picky := false
	keep := func(r rune, is func(p Process, value string) bool) {
		if !o.has[r] {
			return
		}
		picky = true
		var wanted []string
		for _, v := range o.values[r] {
			wanted = append(wanted, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
		all = slices.DeleteFunc(all, func(p Process) bool {
			return !slices.ContainsFunc(wanted, func(v string) bool { return is(p, v) })
		})
	}
	keep('p', func(p Process, v string) bool { return strconv.Itoa(p.PID) == v })
	keep('u', func(p Process, v string) bool { return p.User == v })
	keep('U', func(p Process, v string) bool { return p.User == v })
	keep('C', func(p Process, v string) bool { return short(p) == v })
	if !picky && !o.has['e'] && !o.has['A'] && !o.has['a'] && !strings.ContainsAny(bsd, "ax") {
		all = nil // only what belongs to the session's terminal, which is nothing
	}
	names := []string{"pid", "tty", "time", "comm"}
	titles := map[string]string{}
	switch {
	case o.has['o']:
		names = nil
		for _, v := range o.values['o'] {
			for _, name := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }) {
				name, title, given := strings.Cut(name, "=")
				if full := columnNames[name]; full != "" {
					name = full
				}
				if _, known := columns[name]; !known {
					c.complain("error: unknown user-defined format specifier \"%s\"", name)
					return 1
				}
				if given {
					titles[name] = title
				}
				names = append(names, name)
			}
		}
	case o.has['f'] || o.has['F']:
		names = []string{"user", "pid", "ppid", "c", "bstart", "tty", "time", "args"}
		titles["user"], titles["bstart"], titles["tty"], titles["args"] = "UID", "STIME", "TTY", "CMD"
	case strings.Contains(bsd, "u"):
		names = []string{"user", "pid", "pcpu", "pmem", "vsz", "rss", "tty", "stat", "bstart", "time", "args"}
		titles["tty"] = "TTY"
	case bsd != "":
		names = []string{"pid", "tty", "stat", "time", "args"}
		titles["tty"] = "TTY"
	}
	rows := [][]string{nil}
	headed := false
	for _, name := range names {
		title, given := titles[name]
		if !given {
			title = columns[name].title
		}
		headed = headed || title != ""
		rows[0] = append(rows[0], title)
	}
	for _, p := range all {
		var row []string
		for _, name := range names {
			row = append(row, columns[name].value(p, now))
		}
		rows = append(rows, row)
	}
	if o.has['z'] || !headed {
		rows = rows[1:]
	}
	widths := make([]int, len(names))
	for _, row := range rows {
		for i, v := range row {
			widths[i] = max(widths[i], len(v))
		}
	}
	for i, name := range names {
		if name == "pid" || name == "ppid" {
			widths[i] = max(widths[i], 7)
		}
	}
	for _, row := range rows {
		for i, v := range row {
			last := i == len(row)-1
			switch {
			case last && columns[names[i]].left:
				_, _ = c.out.WriteString(v)
			case columns[names[i]].left:
				_, _ = fmt.Fprintf(c.out, "%-*s", widths[i], v)
			default:
				_, _ = fmt.Fprintf(c.out, "%*s", widths[i], v)
			}
			_ = c.out.WriteByte(" \n"[flag(last, 1, 0)])
		}
	}
	return c.done(flag(len(all) == 0, 1, 0))
}

func pgrepTool(_ context.Context, c *call) int {
	o, ok := c.options("falu:x", map[string]rune{"full": 'f', "list-full": 'a', "list-name": 'l', "euid": 'u'})
	if !ok || len(o.rest) == 0 {
		return 2
	}
	re, err := compile(o.rest[0])
	if err != nil {
		return 2
	}
	found := 1
	for _, p := range c.sh.job.m.list() {
		name := short(p)
		if o.has['f'] {
			name = command(p)
		}
		if !re.MatchString(name) {
			continue
		}
		found = 0
		switch {
		case o.has['a']:
			_, _ = fmt.Fprintf(c.out, "%d %s\n", p.PID, command(p))
		case o.has['l']:
			_, _ = fmt.Fprintf(c.out, "%d %s\n", p.PID, short(p))
		default:
			_, _ = fmt.Fprintln(c.out, p.PID)
		}
	}
	return c.done(found)
}
