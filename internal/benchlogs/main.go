// Command benchlogs compares the search of package logs/match with other tools
// on a generated worker log, each pair in alternating runs of whole processes.
//
// scripts/bench-logs runs it. Peers are looked for on PATH; one that is missing
// is named in the output. Ratios are the medians of the pairs' ratios: the
// machine's speed drifts, but both of a pair see the same of it.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/stormtop/stormtop/logs/match"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "search" {
		fail(search(os.Args[2:]))
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "perline" {
		fail(perLine(os.Stdin, os.Stdout, os.Args[2]))
		return
	}
	dir := flag.String("dir", os.TempDir(), "directory of the generated logs, which are kept")
	size := flag.Int64("size", 500, "MB of the log that is counted in")
	runs := flag.Int("runs", 7, "pairs of runs")
	program := flag.String("stormtop", "", "count with this program's `stormtop grep` in place of the search alone")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	self, err := os.Executable()
	fail(err)
	large, err := logFile(*dir, *size<<20)
	fail(err)
	small, err := logFile(*dir, min(*size, 100)<<20)
	fail(err)
	b := bench{ctx: ctx, runs: *runs, self: self, program: *program}
	fmt.Printf("%s/%s, %d cores, %s, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), filepath.Base(large))
	b.peers()
	b.counting(large)
	b.filtering(small)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchlogs:", err)
		os.Exit(1)
	}
}

// search is the side of stormtop: count PATTERN FILE CORES prints the number of
// matching lines, print PATTERN FILE prints them; the file - is standard input.
func search(args []string) error {
	m, err := match.Compile([]string{args[1]}, match.Options{})
	if err != nil {
		return err
	}
	if args[0] == "count" {
		cores := 0
		if _, err := fmt.Sscan(args[3], &cores); err != nil {
			return err
		}
		n, err := m.CountFile(args[2], cores)
		fmt.Println(n)
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	defer out.Flush()
	put := func(line []byte) bool {
		_, err := out.Write(line)
		return err == nil && out.WriteByte('\n') == nil
	}
	if args[2] == "-" {
		return m.ScanReader(os.Stdin, func(line []byte, _ int64) bool { return put(line) })
	}
	return m.ScanFile(args[2], 1, func(line []byte, _ int64) bool { return put(line) })
}
