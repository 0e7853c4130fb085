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
