package screens

import (
	"fmt"
	"math"
	"slices"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

const (
	// heatInRule is how many executors fit into the strips of a rule; more get
	// strips of their own.
	heatInRule = 16
	// heatRow is the length of one row of a strip.
	heatRow = 64
	// hostsInRule is how many hosts a rule names.
	hostsInRule = 6
	// evenSkew is the skew below which the work is spread evenly.
	evenSkew = 1.5
	// slower is how much longer execute takes on a slow host.
	slower = 1.5
)

// heat shows the executors of a component against the largest of them, in the
// order of their tasks.
type heat struct {
	executed, load, execute []float64
	work, loads, efforts    string // what the strips show
	hosts                   []string
	byHost                  []float64 // mean of executed
}

func newHeat(rows []executorRow, spout bool) heat {
	h := heat{work: "executed", loads: "capacity", efforts: "execute"}
	if spout {
		h.work = "emitted"
	}
	sum, count := map[string]float64{}, map[string]float64{}
	for _, r := range rows { // pages list them by first task
		h.executed = append(h.executed, r.work)
		h.load = append(h.load, r.rates.Load.Value)
		h.execute = append(h.execute, effort(r))
		if r.rates.Load.Shell {
			h.loads, h.efforts = "L", "process"
		}
		if count[r.Host] == 0 {
			h.hosts = append(h.hosts, r.Host)
		}
		if !math.IsNaN(r.work) {
			sum[r.Host] += r.work
		}
		count[r.Host]++
	}
	slices.SortFunc(h.hosts, kit.Natural)
	for _, host := range h.hosts {
		h.byHost = append(h.byHost, sum[host]/count[host])
	}
	return h
}

// known reports whether any value of a strip is known.
func known(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// inRule is the heat in the rule above the executors.
func (h heat) inRule(c *look, skew float64) kit.Line {
	if len(h.executed) < 2 || !known(h.executed) {
		return nil
	}
	l := kit.T("heat  " + h.work + " ").Then(kit.Heat(c.g, h.executed).As(theme.Accent))
	if c.w < full {
		return l.Then(skewPart(skew))
	}
	if known(h.load) {
		l = l.Text("  " + h.loads + " ").Then(kit.Heat(c.g, h.load).As(theme.Accent))
	}
	if known(h.execute) {
		l = l.Text("  " + h.efforts + " ").Then(kit.Heat(c.g, h.execute).As(theme.Accent))
	}
	l = l.Then(skewPart(skew))
	if len(h.hosts) < 2 {
		return l
	}
	if part := h.hostPart(c); l.Width()+part.Width() < c.w-24 {
		l = l.Then(part)
	}
	return l
}

func skewPart(skew float64) kit.Line {
	if math.IsNaN(skew) {
		return nil
	}
	return kit.T("   skew ").Then(skewCell(skew))
}

// hostPart is the mean work of an executor by host.
func (h heat) hostPart(c *look) kit.Line {
	l := kit.T("   by host")
	strip := kit.Heat(c.g, h.byHost)
	cells := []rune(strip.Plain())
	for i, host := range h.hosts {
		if i == hostsInRule {
			return l.Text(fmt.Sprintf("  %d more", len(h.hosts)-i))
		}
		l = l.Text("  "+host+" ").Add(theme.Accent, string(cells[i]))
	}
	return l
}

// strips are rows of heat for a component with many executors.
func (h heat) strips(c *look, skew float64) []kit.Line {
	var lines []kit.Line
	add := func(label string, values []float64) {
		if !known(values) {
			return
		}
		cells := []rune(kit.Heat(c.g, values).Plain())
		n := max(min(heatRow, c.w-13), 8)
		for from := 0; from < len(cells); from += n {
			lines = append(lines, kit.S(theme.Dim, " "+label).To(12).Add(theme.Accent, string(cells[from:min(from+n, len(cells))])))
			label = ""
		}
	}
	add(h.work, h.executed)
	add(h.loads, h.load)
	add(h.efforts, h.execute)
	if len(lines) > 0 {
		last := kit.S(theme.Dim, " skew").To(12).Then(skewCell(skew))
		if len(h.hosts) > 1 {
			last = last.Then(h.hostPart(c))
		}
		lines = append(lines, last)
	}
	return lines
}

// verdict says why executors differ: a hot key, a slow host, or that they do
// not. It is empty while there is nothing to compare.
func verdict(rows []executorRow, skew float64) string {
	var with []executorRow
	for _, r := range rows {
		if !math.IsNaN(r.work) && r.Executed != nil {
			with = append(with, r)
		}
	}
	if len(with) < 2 || math.IsNaN(skew) {
		return ""
	}
	if host, factor := slowHost(with); host != "" {
		return fmt.Sprintf("slow host (a tuple takes %.1f times as long on %s as elsewhere)", factor, host)
	}
	if skew < evenSkew {
		return fmt.Sprintf("even (skew %.1f)", skew)
	}
	busy := slices.MaxFunc(with, func(a, b executorRow) int {
		switch x, y := perTask(a), perTask(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	high := 0
	for _, r := range with {
		if perTask(r) > perTask(busy)/2 {
			high++
		}
	}
	if high == 1 {
		return fmt.Sprintf("hot key (%s on %s does %s of the work and is not slower than the others)", busy.ID, busy.Host, human.Share(busy.share))
	}
	return fmt.Sprintf("uneven (skew %.1f, %d of %d executors are busy)", skew, high, len(with))
}

// slowHost names the host all of whose executors take longer than those of the
// other hosts, and how much longer.
func slowHost(rows []executorRow) (host string, factor float64) {
	by := map[string][]float64{}
	var hosts []string
	for _, r := range rows {
		ms := effort(r)
		if math.IsNaN(ms) {
			continue
		}
		if by[r.Host] == nil {
			hosts = append(hosts, r.Host)
		}
		by[r.Host] = append(by[r.Host], ms)
	}
	if len(hosts) < 2 {
		return "", 0
	}
	for _, each := range hosts {
		var others []float64
		for _, other := range hosts {
			if other != each {
				others = append(others, by[other]...)
			}
		}
		usual := median(others)
		if usual > 0 && slices.Min(by[each]) > slower*usual {
			return each, median(by[each]) / usual
		}
	}
	return "", 0
}

// effort is how long a tuple keeps an executor busy, milliseconds. In a child
// process that is the time until the ack: execute is only the hand-over.
func effort(r executorRow) float64 {
	if r.rates.Load.Shell {
		return measured(r.ProcessMs, r.Acked)
	}
	return measured(r.ExecuteMs, r.Executed)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
