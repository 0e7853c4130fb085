package screens

import (
	"fmt"
	"math"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// overviewFacts is the summary above the lists.
type overviewFacts struct {
	supervisors, lost  int
	slots, used        int
	executors, tasks   int
	known              bool // Nimbus has answered
	acked, failed      cluster.Rate
	failShare          float64
	summed, topologies int // topologies that are in the sums, of how many
	memory, cpu        string
	calls, zookeeper   kit.Line
}

func newOverviewFacts(env screen.Env, rows []topologyRow) overviewFacts {
	s := env.Snap
	f := overviewFacts{known: s.Cluster != nil, topologies: len(rows)}
	if s.Cluster != nil {
		t := s.Totals()
		f.supervisors, f.slots, f.used, f.executors, f.tasks = t.Supervisors, t.Slots, t.Used, t.Executors, t.Tasks
	}
	for _, h := range s.Hosts {
		if !h.LostAt.IsZero() {
			f.lost++
		}
	}
	f.sum(rows)
	f.resources(env)
	f.sources(env)
	return f
}

// sum adds up the rates of all topologies.
func (f *overviewFacts) sum(rows []topologyRow) {
	var acked, failed []cluster.Rate
	var ackedCount, failedCount int64
	sample := 1.0
	for _, r := range rows {
		if r.top == nil || math.IsNaN(r.rates.Acked.PerSec) {
			continue
		}
		f.summed++
		acked, failed = append(acked, r.rates.Acked), append(failed, r.rates.Failed)
		if r.totals.Acked != nil && r.totals.Failed != nil {
			ackedCount += *r.totals.Acked
			failedCount += *r.totals.Failed
		}
		sample = min(sample, r.top.SampleRate)
	}
	f.acked, f.failed = sumRates(acked), sumRates(failed)
	f.failShare = failShare(&ackedCount, &failedCount, sample)
}

// sumRates adds rates up, their trends from the newest point backwards. A point
// that only some have is the sum of those.
func sumRates(rates []cluster.Rate) cluster.Rate {
	if len(rates) == 0 {
		return unknownRate()
	}
	points := 0
	for _, r := range rates {
		points = max(points, len(r.Trend))
	}
	sum := cluster.Rate{Trend: make([]float64, points)}
	for i := range sum.Trend {
		sum.Trend[i] = math.NaN()
	}
	for _, r := range rates {
		if !math.IsNaN(r.PerSec) {
			sum.PerSec += r.PerSec
		}
		sum.AtLeast = sum.AtLeast || r.AtLeast
		skip := points - len(r.Trend)
		for i, v := range r.Trend {
			switch at := &sum.Trend[skip+i]; {
			case math.IsNaN(v):
			case math.IsNaN(*at):
				*at = v
			default:
				*at += v
			}
		}
	}
	return sum
}

// resources are memory and CPU, where the scheduler goes by them.
func (f *overviewFacts) resources(env screen.Env) {
	conf := env.Snap.NimbusConf
	if conf == nil || env.Snap.Cluster == nil {
		return
	}
	if shown, ok := conf["scheduler.display.resource"].(bool); !ok || !shown {
		f.memory = "not shown: scheduler.display.resource=false"
		return
	}
	var memory, usedMemory, cpu, usedCPU float64
	for _, sup := range env.Snap.Cluster.Supervisors {
		memory += sup.Resources["memory.mb"]
		cpu += sup.Resources["cpu.pcore.percent"]
		if sup.UsedMem != nil {
			usedMemory += *sup.UsedMem
		}
		if sup.UsedCPU != nil {
			usedCPU += *sup.UsedCPU
		}
	}
	f.memory = fmt.Sprintf("%s of %s · ", human.Bytes(usedMemory*(1<<20)), human.Bytes(memory*(1<<20)))
	f.cpu = fmt.Sprintf("%s of %s cores", human.Decimal(usedCPU/100, 1), human.Decimal(cpu/100, 0))
}

// sources says how the daemons answer.
func (f *overviewFacts) sources(env screen.Env) {
	link := &env.Snap.Link
	if n := link.Nimbus; n.Calls > 0 {
		f.calls = kit.T(human.Rate(n.CallsPerSec))
		if slow := n.Slowest; slow.Took > 0 {
			f.calls = f.calls.Add(theme.Dim, " · slowest ").Text(human.Latency(float64(slow.Took.Microseconds())/1000)).
				Add(theme.Dim, " "+slow.Op)
		}
	}
	switch {
	case link.ZKOff != "":
		f.zookeeper = kit.S(theme.Dim, "not used: "+link.ZKOff)
	case link.ZKErr != nil:
		f.zookeeper = kit.S(theme.Warn, env.Theme.Glyphs.Warn+" ").Text(safetext.Clean(link.ZKErr.Error()))
	case env.Snap.ZK != nil:
		hosts := make([]string, 0, len(link.ZK.Servers))
		for _, server := range link.ZK.Servers {
			hosts = append(hosts, hostOf(server.Addr))
		}
		f.zookeeper = kit.T(strings.Join(hosts, " "))
		if link.ZK.Server != "" {
			f.zookeeper = f.zookeeper.Add(theme.Dim, " · session on ").Text(hostOf(link.ZK.Server))
		}
		f.zookeeper = f.zookeeper.Add(theme.Dim, " · root ").Text(env.Snap.ZK.Root)
	}
}

func hostOf(addr string) string {
	if i := strings.LastIndexByte(addr, ':'); i > 0 {
		return addr[:i]
	}
	return addr
}

// lines draws the summary for a width.
func (f *overviewFacts) lines(c *look) []kit.Line {
	if !f.known {
		return nil
	}
	if c.w < full {
		return f.brief(c)
	}
	label := func(name string) kit.Line { return kit.S(theme.Dim, " "+name).To(15) }
	right := func(left kit.Line, name string, value kit.Line) kit.Line {
		if len(value) == 0 {
			return left
		}
		return left.Cut(60, false).To(62).Then(kit.S(theme.Dim, name).To(15)).Then(value)
	}
	trend := c.w - 62 - 15 - 24
	trend = max(min(trend, 40), 20)
	lines := []kit.Line{
		right(label("supervisors").Then(f.supervisorsText(c)), sampledTitleRate(c, "acked"), f.rateLine(c, f.acked, trend)),
		right(label("slots").Then(f.slotsText(c)), sampledTitleRate(c, "failed"), f.failedLine(c, trend)),
		right(label("executors").Text(human.Count(f.executors)).Add(theme.Dim, " (tasks ").Text(human.Count(f.tasks)).Add(theme.Dim, ")"), "calls", f.calls),
	}
	last := label("memory, cpu")
	switch {
	case f.memory == "":
		last = last.Then(unknown())
	case f.cpu == "":
		last = last.Add(theme.Dim, f.memory)
	default:
		last = last.Text(f.memory + f.cpu)
	}
	return append(lines, right(last, "zookeeper", f.zookeeper))
}

func sampledTitleRate(c *look, name string) string {
	if c.sampled {
		return name + " ~/s"
	}
	return name + " /s"
}

// brief is the summary of a narrow screen.
func (f *overviewFacts) brief(c *look) []kit.Line {
	first := kit.S(theme.Dim, " supervisors ").Then(f.supervisorsShort(c)).Add(theme.Dim, "   slots ").
		Text(fmt.Sprintf("%d/%d ", f.used, f.slots)).Then(kit.Gauge(c.g, share(f.used, f.slots))).
		Add(theme.Dim, "   executors ").Text(human.Count(f.executors))
	second := kit.S(theme.Dim, " acked ").Text(approx(c.sampled, rateText(f.acked))+" ").Then(kit.Spark(c.g, f.acked.Trend, 10)).
		Add(theme.Dim, "   failed ").Text(approx(c.sampled, rateText(f.failed)) + " ").Then(shareCell(f.failShare, failLevel(f.failShare)))
	return []kit.Line{first, second}
}

func (f *overviewFacts) supervisorsShort(c *look) kit.Line {
	l := kit.T(fmt.Sprintf("%d/%d", f.supervisors, f.supervisors+f.lost))
	if f.lost > 0 {
		return l.Add(theme.Crit, " "+c.g.Crit)
	}
	return l
}

func (f *overviewFacts) supervisorsText(c *look) kit.Line {
	l := kit.T(fmt.Sprintf("%d of %d", f.supervisors, f.supervisors+f.lost))
	if f.lost > 0 {
		return l.Add(theme.Crit, fmt.Sprintf("  %s %d lost", c.g.Crit, f.lost))
	}
	return l
}

func (f *overviewFacts) slotsText(c *look) kit.Line {
	return kit.T(fmt.Sprintf("%d", f.used)).Add(theme.Dim, " used · ").Text(fmt.Sprintf("%d", f.slots-f.used)).
		Add(theme.Dim, " free · ").Text(fmt.Sprintf("%d", f.slots)).Text("   ").Then(kit.Gauge(c.g, share(f.used, f.slots)))
}

func (f *overviewFacts) rateLine(c *look, r cluster.Rate, cells int) kit.Line {
	l := kit.Spark(c.g, r.Trend, cells).Text("  " + approx(c.sampled, rateText(r)))
	if f.summed < f.topologies {
		l = l.Add(theme.Dim, fmt.Sprintf("  %d of %d", f.summed, f.topologies))
	}
	if f.topologies > manyTopologies && f.summed < f.topologies {
		return kit.S(theme.Dim, fmt.Sprintf("press A to sum %d topologies", f.topologies))
	}
	return l
}

func (f *overviewFacts) failedLine(c *look, cells int) kit.Line {
	if f.topologies > manyTopologies && f.summed < f.topologies {
		return nil
	}
	return kit.Spark(c.g, f.failed.Trend, cells).Text("  " + approx(c.sampled, rateText(f.failed)) + "  ").
		Then(shareCell(f.failShare, failLevel(f.failShare)))
}

// share is a part of a whole; NaN of nothing.
func share(part, whole int) float64 {
	if whole <= 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}
