package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// patterns are what is asked of worker logs, by what makes them fast or slow.
var patterns = []struct{ what, pattern string }{
	{"rare literal", "OutOfMemoryError"},
	{"literal", `\[ERROR\]`},
	{"dense literal", "ShellLog"},
	{"alternation", `\[(ERROR|WARN)\]`},
	{"alternation, no common part", "ERROR|timeout|fail"},
	{"any case", "(?i)outofmemoryerror"},
	{"short literal", "[0-9]+ms"},
	{"literal first", `name:word-count \w+: 42[0-9]{3}$`},
	{"byte pairs only", `[a-z]+[0-9]+ .*[0-9]{4,}[x-z]`},
	{"no literal", `^\S+ \S+ \w+ `},
	{"no literal, rare", `[A-Z][a-z]+[A-Z][a-z]+[A-Z][a-z]+[A-Z] `},
}

type bench struct {
	ctx           context.Context
	runs          int
	self, program string
	rg, grep      string
	lnav          string
	taskset       string
}

// peers looks for the others and says which versions they are.
func (b *bench) peers() {
	for name, path := range map[string]*string{"rg": &b.rg, "grep": &b.grep, "lnav": &b.lnav, "taskset": &b.taskset} {
		found, err := exec.LookPath(name)
		if err != nil {
			fmt.Printf("%s: not found, left out\n", name)
			continue
		}
		*path = found
		args := []string{"--version"}
		if name == "lnav" {
			args = []string{"-V"}
		}
		version, _, _ := strings.Cut(b.run(command{args: append([]string{found}, args...)}).out, "\n")
		fmt.Println(version)
	}
}

// A command is a process to be timed.
type command struct {
	args  []string
	env   []string
	stdin string
	core  bool // on one core
}

type result struct {
	wall, cpu time.Duration
	out       string
	bytes     int
}

func (b *bench) run(c command) result {
	args := c.args
	if c.core && b.taskset != "" {
		args = append([]string{b.taskset, "-c", "1"}, args...)
	}
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if c.stdin != "" {
		// Through a pipe, as lines come from elsewhere.
		cat := exec.CommandContext(b.ctx, "cat", c.stdin)
		pipe, err := cat.StdoutPipe()
		fail(err)
		cmd.Stdin = pipe
		fail(cat.Start())
		defer func() { _ = cat.Wait() }()
	}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil {
		fail(err)
	}
	return result{
		wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		out: strings.TrimSpace(out.String()), bytes: out.Len(),
	}
}

// A ratio is what a pair gave: ours against theirs.
type ratio struct{ wall, cpu, ours, theirs float64 }

// pair runs two commands in turns and gives the medians of the ratios.
func (b *bench) pair(ours, theirs command, same bool) ratio {
	var walls, cpus, a, z []float64
	for i := range b.runs + 1 {
		x, y := b.run(ours), b.run(theirs)
		if same && x.out != y.out && (x.out != "0" || y.out != "") {
			fail(fmt.Errorf("%q says %s, %q says %s", ours.args, x.out, theirs.args, y.out))
		}
		if i == 0 {
			continue // warms the caches
		}
		walls, cpus = append(walls, float64(x.wall)/float64(y.wall)), append(cpus, float64(x.cpu)/float64(y.cpu))
		a, z = append(a, x.wall.Seconds()), append(z, y.wall.Seconds())
	}
	return ratio{median(walls), median(cpus), median(a), median(z)}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// count is our command that counts with so many cores.
func (b *bench) count(pattern, file string, cores int) command {
	if b.program != "" {
		c := command{args: []string{b.program, "grep", pattern, file, "--count"}, core: cores == 1}
		c.env = []string{fmt.Sprint("GOMAXPROCS=", cores)}
		return c
	}
	return command{
		args: []string{b.self, "search", "count", pattern, file, fmt.Sprint(cores)},
		env:  []string{fmt.Sprint("GOMAXPROCS=", cores)}, core: cores == 1,
	}
}

// counting compares the number of matching lines.
func (b *bench) counting(file string) {
	fmt.Printf("\nlines counted, ours against the other's time (wall, CPU); %d pairs\n", b.runs)
	fmt.Println("| pattern | | ours, 1 core | rg | 1 core / rg | CPU / rg CPU | 2 cores / rg | 1 core / grep |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, p := range patterns {
		row := []string{p.what, "`" + strings.ReplaceAll(p.pattern, "|", `\|`) + "`"}
		if b.rg != "" {
			rg := command{args: []string{b.rg, "--no-config", "-c", "-e", p.pattern, file}, core: true}
			one := b.pair(b.count(p.pattern, file, 1), rg, true)
			rg.core = false
			two := b.pair(b.count(p.pattern, file, 2), rg, true)
			row = append(row, fmt.Sprintf("%.0f ms", one.ours*1e3), fmt.Sprintf("%.0f ms", one.theirs*1e3),
				fmt.Sprintf("**%.2f**", one.wall), fmt.Sprintf("%.2f", one.cpu), fmt.Sprintf("%.2f", two.wall))
		} else {
			row = append(row, "", "", "no rg", "", "")
		}
		if b.grep != "" {
			grep := command{args: []string{b.grep, "-cP", p.pattern, file}, env: []string{"LC_ALL=C"}, core: true}
			runs := b.runs
			b.runs = 1
			row = append(row, fmt.Sprintf("%.2f", b.pair(b.count(p.pattern, file, 1), grep, true).wall))
			b.runs = runs
		}
		fmt.Println("| " + strings.Join(row, " | ") + " |")
	}
}

// filtering compares the printing of matching lines with tools that take them
// one by one.
func (b *bench) filtering(file string) {
	fmt.Printf("\nmatching lines printed, the other's time against ours; %d pairs\n", b.runs)
	for _, pattern := range []string{"[0-9]+ms", "OutOfMemoryError"} {
		ours := command{args: []string{b.self, "search", "print", pattern, "-"}, stdin: file}
		r := b.pair(ours, command{args: []string{b.self, "perline", pattern}, stdin: file}, true)
		fmt.Printf("standard input, %s: line by line with package regexp and a template takes %.1f times as long, %.1f times the CPU\n", pattern, 1/r.wall, 1/r.cpu)
	}
	if b.lnav == "" {
		fmt.Println("lnav is missing")
		return
	}
	ours := command{args: []string{b.self, "search", "print", "OutOfMemoryError", file}}
	r := b.pair(ours, command{args: []string{b.lnav, "-n", "-c", ":filter-in OutOfMemoryError", file}}, false)
	fmt.Printf("a file, OutOfMemoryError: lnav -n takes %.1f times as long (it reads the time and level of every line too)\n", 1/r.wall)
}
