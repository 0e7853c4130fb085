package sshd

import (
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
