package report

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Status is the answer of `status`: REST's cluster/summary with "nimbuses" as
// in nimbus/summary, "leader", and "problems": what is wrong now. Nimbuses are
// sorted by host, then port; problems from the worst to the least, then by
// place.
func Status(c nimbusclient.Cluster, server nimbusclient.Server, nimbusConf map[string]any, health diagnose.Report) Answer {
	nimbuses := nimbusRows(c, nimbusConf)
	made := rows(nimbuses, nimbusFields())
	problems := rows(problemsOf(health), problemFields())
	summary := clusterSummary(c, server, nimbusConf)
	body := append(object{{"leader", leaderOf(nimbuses)}}, summary...)
	body = append(body, pair{"nimbuses", made}, pair{"problems", problems})
	a := Answer{body: body, records: []object{body}, keys: objectKeys(body)}
	for _, n := range nimbuses {
		a.names = append(a.names, n.addr())
	}
	a.sections = []section{
		{facts: statusFacts(body)},
		{title: "nimbuses", columns: columns(nimbusFields()), rows: made, empty: "Nobody tells."},
		problemSection(problems, health),
	}
	return a
}

func objectKeys(o object) []string {
	out := make([]string, len(o))
	for i, p := range o {
		out[i] = p.key
	}
	return out
}

// clusterSummary sums up the way the Storm UI does.
func clusterSummary(c nimbusclient.Cluster, server nimbusclient.Server, conf map[string]any) object {
	sups := c.Supervisors
	slots := sumInt(sups, func(s nimbusclient.Supervisor) *int { return s.Slots })
	used := sumInt(sups, func(s nimbusclient.Supervisor) *int { return s.UsedSlots })
	mem, cpu := sum(sups, totalMemory), sum(sups, totalCPU)
	freeMem := sum(sups, func(s nimbusclient.Supervisor) *float64 { return left(server, totalMemory(s), s.UsedMem) })
	freeCPU := sum(sups, func(s nimbusclient.Supervisor) *float64 { return left(server, totalCPU(s), s.UsedCPU) })
	usedMem := sum(sups, func(s nimbusclient.Supervisor) *float64 { return s.UsedMem })
	usedCPU := sum(sups, func(s nimbusclient.Supervisor) *float64 { return s.UsedCPU })
	total, inUse := genericTotals(sups)
	return object{
		{"stormVersion", word(server.Version)},
		{"supervisors", len(sups)},
		{"topologies", len(c.Topologies)},
		{"slotsTotal", ptr(slots)},
		{"slotsUsed", ptr(used)},
		{"slotsFree", minus(slots, used)},
		{"executorsTotal", ptr(sumInt(c.Topologies, func(t nimbusclient.TopologySummary) *int { return t.Executors }))},
		{"tasksTotal", ptr(sumInt(c.Topologies, func(t nimbusclient.TopologySummary) *int { return t.Tasks }))},
		{"schedulerDisplayResource", conf["scheduler.display.resource"]},
		{"totalMem", ptr(mem)},
		{"availMem", ptr(freeMem)},
		{"memAssignedPercentUtil", shareOf(usedMem, freeMem, mem)},
		{"totalCpu", ptr(cpu)},
		{"availCpu", ptr(freeCPU)},
		{"cpuAssignedPercentUtil", shareOf(usedCPU, freeCPU, cpu)},
		{"fragmentedMem", ptr(sum(sups, func(s nimbusclient.Supervisor) *float64 { return s.FragmentedMem }))},
		{"fragmentedCpu", ptr(sum(sups, func(s nimbusclient.Supervisor) *float64 { return s.FragmentedCPU }))},
		{"totalGenerics", generic(total)},
		{"availGenerics", genericLeft(total, inUse)},
	}
}

// genericTotals sums up the resources of all hosts, as far as they were sent.
func genericTotals(sups []nimbusclient.Supervisor) (total, used map[string]float64) {
	total, used = map[string]float64{}, map[string]float64{}
	for _, s := range sups {
		for name, v := range s.Resources {
			total[name] += v
		}
		for name, v := range s.UsedGeneric {
			used[name] += v
		}
	}
	return total, used
}

// shareOf is what is assigned, in percent of the total; absent when no host
// reports what it uses.
func shareOf(used, free, total *float64) any {
	if used == nil || free == nil || total == nil {
		return nil
	}
	if *total <= 0 {
		return 0.0
	}
	return (*total - *free) / *total * 100
}

func minus(a, b *int) any {
	if a == nil || b == nil {
		return nil
	}
	return *a - *b
}

// sum adds up; it is nil when a part is missing, and 0 of nothing.
func sum[T any](list []T, of func(T) *float64) *float64 {
	total := 0.0
	for _, v := range list {
		p := of(v)
		if p == nil {
			return nil
		}
		total += *p
	}
	return &total
}

func sumInt[T any](list []T, of func(T) *int) *int {
	total := 0
	for _, v := range list {
		p := of(v)
		if p == nil {
			return nil
		}
		total += *p
	}
	return &total
}

// nimbusRow is a master daemon or a seed that is not there.
type nimbusRow struct {
	host    string
	port    int
	status  string
	uptime  *int
	version string
}

func (n nimbusRow) addr() string { return net.JoinHostPort(n.host, strconv.Itoa(n.port)) }

// The words of REST for the state of a Nimbus.
const (
	roleLeader  = "Leader"
	roleStandby = "Not a Leader"
	roleOffline = "Offline"
)

// nimbusRows lists the daemons and the configured seeds that are not among them.
// Before 1.0 there is one, which Nimbus' own configuration names.
func nimbusRows(c nimbusclient.Cluster, conf map[string]any) []nimbusRow {
	port := 6627
	if p := number(conf["nimbus.thrift.port"]); p > 0 {
		port = int(p)
	}
	var list []nimbusRow
	for _, n := range c.Nimbuses {
		status := roleStandby
		if n.Leader {
			status = roleLeader
		}
		list = append(list, nimbusRow{n.Host, n.Port, status, n.UptimeSecs, n.Version})
	}
	if host, ok := conf["nimbus.host"].(string); ok && len(list) == 0 && host != "" {
		list = append(list, nimbusRow{host, port, roleLeader, c.NimbusUptimeSecs, ""})
	}
	seeds, _ := conf["nimbus.seeds"].([]any)
	for _, seed := range seeds {
		host, ok := seed.(string)
		if !ok || host == "" || host == "localhost" || slices.ContainsFunc(list, func(n nimbusRow) bool { return n.host == host && n.port == port }) {
			continue
		}
		list = append(list, nimbusRow{host, port, roleOffline, nil, ""})
	}
	slices.SortStableFunc(list, func(a, b nimbusRow) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.port, b.port))
	})
	return list
}

func leaderOf(list []nimbusRow) any {
	for _, n := range list {
		if n.status == roleLeader {
			return n.addr()
		}
	}
	return nil
}

func nimbusFields() []field[nimbusRow] {
	return []field[nimbusRow]{
		{key: "host", title: "HOST", get: func(n nimbusRow) any { return n.host }},
		{key: "port", title: "PORT", get: func(n nimbusRow) any { return n.port }, show: plain},
		{key: "status", title: "ROLE", get: func(n nimbusRow) any { return n.status }, show: func(v any) string {
			switch v {
			case roleLeader:
				return "leader"
			case roleStandby:
				return "standby"
			default:
				return "offline"
			}
		}},
		{key: "nimbusUpTimeSeconds", title: "UP", show: age, get: func(n nimbusRow) any { return ptr(n.uptime) }},
		{key: "version", title: "VERSION", absent: human.Unknown, get: func(n nimbusRow) any { return word(n.version) }},
	}
}

// statusFacts are the lines above the tables.
func statusFacts(body object) []fact {
	of := func(key string, show func(any) string, absent string) string {
		if v := body.get(key); v != nil {
			return show(v)
		}
		return absent
	}
	facts := []fact{
		{"storm", of("stormVersion", plain, human.Unknown)},
		{"leader", of("leader", plain, "none")},
		{"supervisors", of("supervisors", count, human.Unknown)},
		{"slots", fmt.Sprintf("%s used, %s free of %s", of("slotsUsed", count, human.Unknown), of("slotsFree", count, human.Unknown), of("slotsTotal", count, human.Unknown))},
		{"topologies", of("topologies", count, human.Unknown)},
		{"executors", fmt.Sprintf("%s (tasks %s)", of("executorsTotal", count, human.Unknown), of("tasksTotal", count, human.Unknown))},
	}
	if body.get("schedulerDisplayResource") == true {
		facts = append(facts,
			fact{"memory", room(body, "availMem", "totalMem", "memAssignedPercentUtil", megabytes)},
			fact{"cpu", room(body, "availCpu", "totalCpu", "cpuAssignedPercentUtil", percent)})
	}
	return facts
}

// room says how much of a resource is left; of what nobody reports the use only
// the total is known.
func room(body object, free, total, share string, show func(any) string) string {
	switch {
	case body.get(total) == nil:
		return human.Unknown
	case body.get(share) == nil:
		return show(body.get(total)) + " (its use is not reported)"
	}
	return show(body.get(free)) + " free of " + show(body.get(total))
}

func problemsOf(health diagnose.Report) []diagnose.Finding {
	var out []diagnose.Finding
	for _, f := range health.Findings {
		if f.Level == cluster.LevelWarn || f.Level == cluster.LevelCrit {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b diagnose.Finding) int {
		return cmp.Or(-cmp.Compare(a.Level, b.Level), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Component, b.Component), cmp.Compare(a.What, b.What))
	})
	return out
}

func problemFields() []field[diagnose.Finding] {
	type finding = diagnose.Finding
	return []field[finding]{
		{key: "level", title: "LEVEL", get: func(f finding) any {
			if f.Level == cluster.LevelCrit {
				return "crit"
			}
			return "warn"
		}},
		{key: "where", title: "WHERE", get: func(f finding) any { return f.Where }},
		{key: "rule", title: "RULE", get: func(f finding) any { return f.Rule }},
		{key: "what", title: "WHAT", show: headline, cut: 100, get: func(f finding) any { return f.What }},
		{key: "since", get: func(f finding) any { return instant(f.Since) }},
		{key: "topologyId", get: func(f finding) any { return word(f.TopologyID) }},
		{key: "component", get: func(f finding) any { return word(f.Component) }},
		{key: "supervisorId", get: func(f finding) any { return word(f.Host) }},
		{key: "port", get: func(f finding) any {
			if f.Port == 0 {
				return nil
			}
			return f.Port
		}},
		{key: "estimated", get: func(f finding) any { return f.Estimated }},
	}
}

// instant is a time, or nothing.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// problemSection says what is wrong, or what was found well.
func problemSection(problems []object, health diagnose.Report) section {
	s := section{title: "problems", columns: columns(problemFields()), rows: problems}
	switch {
	case health.Checked == 0:
		s.empty = "Nothing could be checked."
	case len(health.Pending)+len(health.Cannot) > 0:
		s.empty = fmt.Sprintf("None seen: %d of %d rules checked; the others need more than one look.", health.Checked, health.Rules)
	default:
		s.empty = fmt.Sprintf("None: all %d rules checked.", health.Rules)
	}
	return s
}
