package lab

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// status writes what runs and what the cluster says of itself, and says
// whether all of it is there.
func (l *Lab) status(ctx context.Context, out io.Writer) (bool, error) {
	var b strings.Builder
	const mib = 1 << 20
	complete, total := true, int64(0)
	known := map[int]bool{}
	for _, d := range l.wanted() {
		p, ok := l.running(d)
		if !ok {
			complete = false
			fmt.Fprintf(&b, "%-24s down\n", d)
			continue
		}
		known[p.pid] = true
		total += p.resident
		fmt.Fprintf(&b, "%-24s pid %-8d %5d MiB\n", d, p.pid, p.resident/mib)
	}
	count, rest := 0, int64(0)
	for pid, p := range proc().of(l.set.Dir) {
		if !known[pid] {
			count++
			rest += p.resident
		}
	}
	fmt.Fprintf(&b, "%-24s %-12d %5d MiB  log writers, workers, their Python, ssh sessions\n", "other processes", count, rest/mib)
	fmt.Fprintf(&b, "%-37s %5d MiB\n", "in all", (total+rest)/mib)
	if len(known) > 0 {
		s, err := l.ask(ctx)
		if err != nil {
			complete = false
			fmt.Fprintf(&b, "nimbus: %v\n", err)
		}
		for _, n := range s.nimbuses {
			fmt.Fprintf(&b, "nimbus      %s\n", n)
		}
		for _, n := range s.supervisors {
			fmt.Fprintf(&b, "supervisor  %s\n", n)
		}
		for _, t := range s.topologies {
			fmt.Fprintf(&b, "topology    %s %s, %d workers, %d executors, %d tasks\n", t.id, t.status, t.workers, t.executors, t.tasks)
		}
	}
	_, err := io.WriteString(out, b.String())
	return complete, err
}
