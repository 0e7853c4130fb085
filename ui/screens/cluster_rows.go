package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// nimbusRow is one Nimbus daemon.
type nimbusRow struct {
	nimbusclient.Nimbus
	addr  string
	role  string // leader, standby, not answering, offline
	level kit.Level
	note  string
}

// nimbusRows are the Nimbuses that the leader lists, then the seeds that are
// missing among them.
func nimbusRows(env screen.Env) []nimbusRow {
	s := env.Snap
	if s.Cluster == nil {
		return nil
	}
	var rows []nimbusRow
	for _, n := range s.Cluster.Nimbuses {
		r := nimbusRow{Nimbus: n, addr: n.Addr(), role: "standby", level: kit.LevelIdle}
		if n.Leader {
			r.role, r.level = "leader", kit.LevelOK
			if s.Link.Nimbus.Leader.Phase == nimbusclient.LeaderDead {
				r.role, r.level = "not answering", kit.LevelCrit
			}
		}
		r.note = absences(env, r.addr)
		rows = append(rows, r)
	}
	if len(rows) == 0 { // before 1.0 there is one Nimbus and it does not list itself
		for _, e := range s.Link.Nimbus.Endpoints {
			if e.Connected {
				n := nimbusAt(e.Addr)
				n.UptimeSecs, n.Version = s.Cluster.NimbusUptimeSecs, s.Link.Nimbus.Server.Version
				rows = append(rows, nimbusRow{Nimbus: n, addr: e.Addr, role: "leader", level: kit.LevelOK})
			}
		}
		return rows
	}
	for _, e := range s.Link.Nimbus.Endpoints {
		if !e.Seed || e.Err == nil || e.Connected || slices.ContainsFunc(rows, func(r nimbusRow) bool { return r.addr == e.Addr }) {
			continue
		}
		rows = append(rows, nimbusRow{Nimbus: nimbusAt(e.Addr), addr: e.Addr, role: "offline", level: kit.LevelWarn, note: e.Err.Error()})
	}
	return rows
}

func nimbusAt(addr string) nimbusclient.Nimbus {
	n := nimbusclient.Nimbus{Host: hostOf(addr)}
	for _, digit := range addr[min(len(n.Host)+1, len(addr)):] {
		n.Port = 10*n.Port + int(digit-'0')
	}
	return n
}

// absences says when a Nimbus was last seen to be away.
func absences(env screen.Env, addr string) string {
	var back time.Time
	for _, c := range env.Snap.Feed { // newest first
		if c.Kind != cluster.ChangeNimbus || c.Object != addr {
			continue
		}
		switch {
		case c.Sign == '+' && back.IsZero():
			back = c.At
		case c.Sign == '-' && !back.IsZero():
			return fmt.Sprintf("offline %s–%s (seen by stormtop)", moment(env, c.At), moment(env, back))
		}
	}
	return ""
}

func nimbusColumns() []kit.Column[nimbusRow] {
	return []kit.Column[nimbusRow]{
		{
			Title: "HOST", Min: 12, Max: 40, Fit: true, Cell: func(r nimbusRow) kit.Line { return kit.T(r.Host) },
			Less: kit.ByText(func(r nimbusRow) string { return r.Host }),
		},
		{Title: "PORT", Align: kit.Right, Min: 5, Cell: func(r nimbusRow) kit.Line { return kit.T(fmt.Sprint(r.Port)) }},
		{
			Title: "ROLE", Min: 13, Cell: func(r nimbusRow) kit.Line { return kit.T(r.role) },
			Less: kit.ByText(func(r nimbusRow) string { return r.role }),
		},
		{
			Title: "UP", Align: kit.Right, Min: 6, Cell: func(r nimbusRow) kit.Line { return ageCell(r.UptimeSecs) },
			Less: kit.ByNumber(func(r nimbusRow) float64 { return orNaN(r.UptimeSecs) }), Desc: true,
		},
		{Title: "VERSION", Min: 8, Priority: 4, Cell: func(r nimbusRow) kit.Line { return versionCell(r.Version) }},
		{Title: "", Min: 1, Flex: 1, Priority: 4, CutEnd: true, Cell: func(r nimbusRow) kit.Line { return kit.S(theme.Dim, r.note) }},
	}
}

// versionCell is a version; some daemons say only that they have none.
func versionCell(version string) kit.Line {
	if version == "" || version == "VERSION_NOT_PROVIDED" {
		return unknown()
	}
	return kit.T(version)
}

// hostRow is one supervisor, or in a narrow list several that are alike.
type hostRow struct {
	cluster.Host
	level       kit.Level
	names       string
	alike       int // how many share the line
	slots, used int
	running     string // topologies with their slots, or their letters
	count       int    // of topologies
	spans       kit.Line
	trouble     string
}

// hostRows are the supervisors, lost ones included. With fold, neighbours that
// run the same share a line.
func hostRows(env screen.Env, fold bool) []hostRow {
	found := foundIn(env.Found)
	rows := make([]hostRow, 0, len(env.Snap.Hosts))
	for _, h := range env.Snap.Hosts {
		r := newHostRow(env, h, found.hosts[h.ID], fold)
		if n := len(rows) - 1; fold && n >= 0 && rows[n].folds(r) {
			rows[n].names += " " + r.names
			rows[n].alike++
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

func newHostRow(env screen.Env, h cluster.Host, level kit.Level, short bool) hostRow {
	r := hostRow{Host: h, level: level, names: h.Name, alike: 1}
	r.slots = len(h.Slots) + h.FreeNoPort
	count := map[string]int{}
	for _, slot := range h.Slots {
		if slot.TopologyID != "" && slot.State != cluster.SlotLeaving {
			r.used++
			count[slot.TopologyID]++
		}
	}
	if sup := h.Supervisor; sup != nil && h.LostAt.IsZero() {
		if sup.Slots != nil {
			r.slots = *sup.Slots
		}
		if sup.UsedSlots != nil {
			r.used = *sup.UsedSlots
		}
	}
	if r.level == kit.LevelNone {
		r.level = kit.LevelOK
	}
	for _, t := range lettered(env.Snap) {
		n := count[t.Summary.ID]
		if n == 0 {
			continue
		}
		r.count++
		if short {
			r.spans = r.spans.Add(letterTok(t.Letter), string(t.Letter)).Text(fmt.Sprintf("%d ", n))
			continue
		}
		if r.count > 1 {
			r.spans = r.spans.Add(theme.Dim, " · ")
		}
		r.spans = r.spans.Text(fmt.Sprintf("%s %d", t.Summary.Name, n))
	}
	r.running = r.spans.Plain()
	switch {
	case !h.LostAt.IsZero():
		r.trouble = "lost " + human.Age(env.Now.Sub(h.LostAt)) + " ago"
	case h.Err != nil && len(h.Slots) == 0:
		r.trouble = refusal(env, "getSupervisorPageInfo", h.Err).Plain()
	}
	return r
}

// folds reports whether next runs the same and neither is in trouble.
func (r hostRow) folds(next hostRow) bool {
	return r.level == kit.LevelOK && next.level == kit.LevelOK && r.slots == next.slots && r.used == next.used &&
		r.running == next.running && r.trouble == "" && next.trouble == ""
}

func hostText(r hostRow) string {
	version := ""
	if r.Supervisor != nil {
		version = r.Supervisor.Version
	}
	return strings.Join([]string{r.names, r.ID, version, r.running, r.trouble}, " ")
}

func supervisorColumns(c *look) []kit.Column[hostRow] {
	return []kit.Column[hostRow]{
		{
			Title: "HOST", Min: 11, Max: 40, Fit: true, Cell: func(r hostRow) kit.Line {
				if !r.LostAt.IsZero() {
					return kit.S(theme.Dim, r.names)
				}
				return kit.T(r.names)
			},
			Less: kit.ByText(func(r hostRow) string { return r.Name }),
		},
		{
			Title: "SLOTS", Align: kit.Right, Min: 5, Cell: slotsCell,
			Less: kit.ByNumber(func(r hostRow) float64 { return share(r.used, r.slots) }), Desc: true,
		},
		{Title: "FILLED", Min: 6, Cell: func(r hostRow) kit.Line { return kit.Gauge(c.g, share(r.used, r.slots)) }},
		{
			Title: "UP", Align: kit.Right, Min: 6, Gap: 4, Priority: 3, Cell: func(r hostRow) kit.Line {
				if r.Supervisor == nil || !r.LostAt.IsZero() {
					return none()
				}
				return ageCell(r.Supervisor.UptimeSecs)
			},
			Less: kit.ByNumber(func(r hostRow) float64 {
				if r.Supervisor == nil {
					return math.NaN()
				}
				return orNaN(r.Supervisor.UptimeSecs)
			}), Desc: true,
		},
		{
			Title: "VERSION", Min: 8, Priority: 4, Cell: func(r hostRow) kit.Line {
				if r.Supervisor == nil {
					return unknown()
				}
				return versionCell(r.Supervisor.Version)
			},
			Less: kit.ByText(func(r hostRow) string {
				if r.Supervisor == nil {
					return ""
				}
				return r.Supervisor.Version
			}),
		},
		{Title: "BLACKL", Min: 6, Priority: 4, Yield: 1, Cell: blacklistCell},
		{
			Title: "TOPOLOGIES (slots each)", Min: 10, Flex: 1, CutEnd: true, Cell: runningCell,
			Less: kit.ByNumber(func(r hostRow) float64 { return float64(r.count) }), Desc: true,
		},
	}
}

func slotsCell(r hostRow) kit.Line {
	if r.Supervisor == nil && len(r.Slots) == 0 {
		return unknown()
	}
	return kit.T(fmt.Sprintf("%d/%d", r.used, r.slots))
}

func blacklistCell(r hostRow) kit.Line {
	switch {
	case r.Supervisor == nil || r.Supervisor.Blacklisted == nil:
		return unknown()
	case *r.Supervisor.Blacklisted:
		return kit.S(theme.Warn, "yes")
	}
	return none()
}

func runningCell(r hostRow) kit.Line {
	l := r.spans
	switch {
	case r.used > 0 && r.count == 0 && r.trouble == "":
		l = unknown()
	case r.used == 0 && r.trouble == "":
		l = none()
	}
	if r.alike > 1 {
		l = kit.Cat(l).Add(theme.Dim, fmt.Sprintf(" (%d alike)", r.alike))
	}
	if r.trouble != "" {
		sep := " · "
		if len(l) == 0 {
			sep = ""
		}
		l = kit.Cat(l).Add(levelTok(r.level, 0), sep+r.trouble)
	}
	return l
}

// overviewTopologyColumns are the columns of the short list of topologies.
func overviewTopologyColumns(c *look) []kit.Column[topologyRow] {
	return []kit.Column[topologyRow]{
		{
			Title: "NAME", Min: 18, Max: 48, Fit: true, Cell: func(r topologyRow) kit.Line {
				if c.narrow() {
					return nameCell(r, r.Name)
				}
				return kit.T(r.Name)
			},
			Less: kit.ByText(func(r topologyRow) string { return r.Name }),
		},
		{
			Title: "STATUS", Min: 9, Max: 20, Fit: true, Cell: func(r topologyRow) kit.Line { return statusCell(c, r) },
			Less: kit.ByText(func(r topologyRow) string { return string(r.Status) }),
		},
		{
			Title: "UP", Align: kit.Right, Min: 7, Priority: 3, Cell: func(r topologyRow) kit.Line { return ageCell(r.UptimeSecs) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return orNaN(r.UptimeSecs) }), Desc: true,
		},
		{
			Title: "WORK", Align: kit.Right, Min: 5, Priority: 3, Cell: func(r topologyRow) kit.Line { return intCell(r.Workers) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return orNaN(r.Workers) }), Desc: true,
		},
		{
			Title: "EXEC", Align: kit.Right, Min: 5, Priority: 4, Cell: func(r topologyRow) kit.Line { return intCell(r.Executors) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return orNaN(r.Executors) }), Desc: true,
		},
		{
			Title: "~ACKED/S", Align: kit.Right, Min: 9, Cell: func(r topologyRow) kit.Line { return rateCell(r.rates.Acked) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return r.rates.Acked.PerSec }), Desc: true,
		},
		{
			Title: "~FAIL", Align: kit.Right, Min: 7, Priority: 2, Cell: func(r topologyRow) kit.Line { return shareCell(r.fails, failLevel(r.fails)) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return r.fails }), Desc: true,
		},
		{
			Title: "CAPMAX", Align: kit.Right, Min: 6, Cell: func(r topologyRow) kit.Line { return loadNumber(r.load) },
			Less: kit.ByNumber(func(r topologyRow) float64 { return loadShare(r.load) }), Desc: true,
		},
		{Title: columnStorm, Align: kit.Right, Min: 9, Hidden: true, Cell: func(r topologyRow) kit.Line { return stormCapacity(r.load) }},
		{Title: "", Min: 8, Flex: 1, Priority: 2, Cell: func(r topologyRow) kit.Line { return topologyNote(c, r) }},
	}
}

// topologyNote is the most telling word about a topology: its restarts, why it
// cannot be read, or its busiest bolt.
func topologyNote(c *look, r topologyRow) kit.Line {
	switch {
	case r.err != nil:
		return refusal(c.env, "getTopologyPageInfo", r.err)
	case r.top != nil && r.top.Restarts > 0:
		return kit.T(fmt.Sprintf("restarts %d", r.top.Restarts))
	case r.busy != "":
		return kit.S(theme.Dim, r.busy)
	}
	return nil
}
