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

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// tools are the programs of a machine.
var tools map[string]tool

func init() { // some of them look into the table
	tools = map[string]tool{
		"tail": tailTool, "cat": catTool, "head": headTool, "wc": wcTool, "echo": echoTool, "printf": printfTool, "dd": ddTool,
		"grep": grepTool, "egrep": grepTool, "fgrep": grepTool, "zgrep": grepTool, "zegrep": grepTool, "zfgrep": grepTool,
		"zcat": zcatTool, "gzip": zcatTool, "gunzip": zcatTool,
		"sort": sortTool, "uniq": uniqTool, "tee": teeTool, "cut": cutTool,
		"ls": lsTool, "stat": statTool, "find": findTool, "readlink": readlinkTool, "realpath": readlinkTool,
		"basename": basenameTool, "dirname": dirnameTool, "test": testTool, "[": testTool,
		"date": dateTool, "sleep": sleepTool, "uptime": uptimeTool,
		"ps": psTool, "pgrep": pgrepTool, "uname": unameTool, "hostname": hostnameTool, "id": idTool, "whoami": whoamiTool, "nproc": nprocTool,
		"true":  func(context.Context, *call) int { return 0 },
		"false": func(context.Context, *call) int { return 1 },
		"which": whichTool, "seq": seqTool,
		"rm": refusing, "mv": refusing, "cp": refusing, "mkdir": refusing, "touch": refusing, "chmod": refusing, "ln": refusing, "truncate": refusing, "mkfifo": refusing, "rmdir": refusing,
	}
}

// refusing answers for whatever would change the disk.
func refusing(_ context.Context, c *call) int {
	name := c.args[len(c.args)-1]
	if len(c.args) == 1 {
		c.complain("missing operand")
		return 1
	}
	c.complain("cannot access '%s': Permission denied", name)
	return 1
}

func sleepTool(ctx context.Context, c *call) int {
	total := 0.0
	for _, a := range c.args[1:] {
		unit := 1.0
		for suffix, u := range map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400} {
			if n, ok := strings.CutSuffix(a, suffix); ok {
				a, unit = n, u
			}
		}
		n, err := strconv.ParseFloat(a, 64)
		if err != nil || n < 0 {
			c.complain("invalid time interval '%s'", a)
			return 1
		}
		total += n * unit
	}
	if len(c.args) == 1 {
		c.complain("missing operand")
		return 1
	}
	if !sleep(ctx, time.Duration(min(total, 1e6)*float64(time.Second))) {
		return statusKilled
	}
	return 0
}

// doTimeout runs a command for a limited time.
func doTimeout(ctx context.Context, sh *shell, args []string) int {
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if (rest[0] == "-k" || rest[0] == "-s") && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) < 2 {
		sh.complain("timeout: missing operand")
		return 125
	}
	n, err := strconv.ParseFloat(strings.TrimRight(rest[0], "s"), 64)
	if err != nil || n < 0 {
		sh.complain("timeout: invalid time interval '%s'", rest[0])
		return 125
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(min(n, 1e6)*float64(time.Second)))
	defer cancel()
	status := sh.runNamed(limited, rest[1:])
	if ctx.Err() == nil && limited.Err() != nil {
		return 124
	}
	return status
}

func unameTool(_ context.Context, c *call) int {
	o, ok := c.options("asnrvmpio", map[string]rune{"all": 'a', "kernel-name": 's', "nodename": 'n', "kernel-release": 'r', "machine": 'm', "operating-system": 'o'})
	if !ok {
		return 1
	}
	var out []string
	for _, p := range []struct {
		r rune
		s string
	}{{'s', "Linux"}, {'n', c.sh.job.m.Name}, {'r', "6.1.0-28-amd64"}, {'v', "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)"}, {'m', "x86_64"}, {'o', "GNU/Linux"}} {
		if o.has[p.r] || o.has['a'] || len(o.has) == 0 && p.r == 's' {
			out = append(out, p.s)
		}
	}
	_, _ = fmt.Fprintln(c.out, strings.Join(out, " "))
	return c.done(0)
}

func hostnameTool(_ context.Context, c *call) int {
	_, _ = fmt.Fprintln(c.out, c.sh.job.m.Name)
	return c.done(0)
}

func nprocTool(_ context.Context, c *call) int {
	_, _ = fmt.Fprintln(c.out, 16)
	return c.done(0)
}

func whoamiTool(_ context.Context, c *call) int {
	_, _ = fmt.Fprintln(c.out, c.sh.job.user)
	return c.done(0)
}

func idTool(_ context.Context, c *call) int {
	o, ok := c.options("ungG", map[string]rune{"user": 'u', "name": 'n', "group": 'g', "groups": 'G'})
	if !ok {
		return 1
	}
	user := c.sh.job.user
	switch uid := uidOf(user); {
	case o.has['n']:
		_, _ = fmt.Fprintln(c.out, user)
	case o.has['u'] || o.has['g'] || o.has['G']:
		_, _ = fmt.Fprintln(c.out, uid)
	default:
		_, _ = fmt.Fprintf(c.out, "uid=%d(%s) gid=%d(%s) groups=%d(%s)\n", uid, user, uid, user, uid, user)
	}
	return c.done(0)
}

func uptimeTool(_ context.Context, c *call) int {
	now := c.sh.job.m.Now()
	up := 30 * 24 * time.Hour
	if all := c.sh.job.m.list(); len(all) > 0 {
		first := slices.MinFunc(all, func(a, b Process) int { return a.Started.Compare(b.Started) })
		up = now.Sub(first.Started)
	}
	_, _ = fmt.Fprintf(c.out, " %s up %d days, %2d:%02d,  1 user,  load average: 1.42, 1.37, 1.31\n",
		now.Format("15:04:05"), int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60)
	return c.done(0)
}

func readlinkTool(_ context.Context, c *call) int {
	o, ok := c.options("femnsqv", map[string]rune{"canonicalize": 'f', "canonicalize-existing": 'e', "canonicalize-missing": 'm', "no-newline": 'n'})
	if !ok {
		return 1
	}
	status := 0
	for _, name := range o.rest {
		var out string
		var err error
		if c.args[0] == "realpath" || o.has['f'] || o.has['e'] || o.has['m'] {
			if out, err = c.view.RealPath(c.sh.path(name)); err == nil && o.has['e'] {
				_, err = c.view.Stat(out)
			}
		} else {
			out, err = c.view.ReadLink(c.sh.path(name))
		}
		if err != nil {
			if status = 1; c.args[0] == "realpath" {
				c.complain("%s: %s", name, hostfs.Words(err))
			}
			continue
		}
		_, _ = c.out.WriteString(out)
		if !o.has['n'] || c.args[0] == "realpath" {
			_ = c.out.WriteByte('\n')
		}
	}
	return c.done(status)
}

func basenameTool(_ context.Context, c *call) int {
	if len(c.args) < 2 {
		c.complain("missing operand")
		return 1
	}
	name := path.Base(c.args[1])
	if len(c.args) > 2 && name != c.args[2] {
		name = strings.TrimSuffix(name, c.args[2])
	}
	_, _ = fmt.Fprintln(c.out, name)
	return c.done(0)
}

func dirnameTool(_ context.Context, c *call) int {
	if len(c.args) < 2 {
		c.complain("missing operand")
		return 1
	}
	for _, name := range c.args[1:] {
		_, _ = fmt.Fprintln(c.out, path.Dir(name))
	}
	return c.done(0)
}

func whichTool(_ context.Context, c *call) int {
	status := 0
	for _, name := range c.args[1:] {
		if tools[name] == nil && name != "sh" && name != "bash" {
			status = 1
			continue
		}
		_, _ = fmt.Fprintln(c.out, "/usr/bin/"+name)
	}
	return c.done(status)
}

func seqTool(ctx context.Context, c *call) int {
	var n []int
	for _, a := range c.args[1:] {
		v, err := strconv.Atoi(a)
		if err != nil {
			c.complain("invalid floating point argument: '%s'", a)
			return 1
		}
		n = append(n, v)
	}
	from, by, to := 1, 1, 0
	switch len(n) {
	case 1:
		to = n[0]
	case 2:
		from, to = n[0], n[1]
	case 3:
		from, by, to = n[0], n[1], n[2]
	default:
		c.complain("missing operand")
		return 1
	}
	if by == 0 {
		c.complain("invalid Zero increment value: '0'")
		return 1
	}
	for i := from; (by > 0 && i <= to || by < 0 && i >= to) && ctx.Err() == nil; i += by {
		if _, err := fmt.Fprintln(c.out, i); err != nil {
			return statusPipe
		}
	}
	return c.done(0)
}

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
