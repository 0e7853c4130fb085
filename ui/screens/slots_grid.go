package screens

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// The columns before the slots: level glyph, host name, used/all and a gauge.
const (
	hostCells = 12
	headCells = 4 + hostCells + 1 + 5 + 1 + kit.GaugeCells + 2
	// A slot narrower than this shows the letter alone.
	nameCells = 14
)

// grid draws one row a host and one column a port.
func (s *slots) grid(env screen.Env, p kit.Paint, hosts []cluster.Host, room int) []string {
	ports := portsOf(hosts)
	width := 6
	if len(ports) > 0 {
		width = min(max((p.W-headCells)/len(ports), 6), 23)
	}
	title := kit.S(theme.Dim, "    HOST").To(4+hostCells+1).Add(theme.Dim, " USED").To(headCells)
	for i, port := range ports {
		text := fmt.Sprint(port)
		if port == 0 {
			text = "?"
		}
		title = title.Add(theme.Dim, text).To(headCells + (i+1)*width)
	}
	rows := []string{p.Row(title)}
	at := s.cursor(hosts)
	visible := max(1, room-3) // the title, a blank and the line of sums
	s.top = scrolled(s.top, at, visible, len(hosts))
	for i := s.top; i < min(len(hosts), s.top+visible); i++ {
		rows = append(rows, p.Row(s.gridRow(env, p, hosts[i], ports, width, i == at)))
	}
	return append(rows, p.Row(nil), p.Row(sums(hosts)))
}

// scrolled keeps the cursor among the visible rows.
func scrolled(top, at, visible, n int) int {
	if at < top {
		top = at
	}
	if at >= top+visible {
		top = at - visible + 1
	}
	return max(0, min(top, n-visible))
}

// portsOf are the columns: every port of every host, and 0 for free slots whose
// port nobody told.
func portsOf(hosts []cluster.Host) []int {
	var ports []int
	hidden := 0
	for _, h := range hosts {
		for _, slot := range h.Slots {
			if !slices.Contains(ports, slot.Port) {
				ports = append(ports, slot.Port)
			}
		}
		hidden = max(hidden, h.FreeNoPort)
	}
	slices.Sort(ports)
	for range hidden {
		ports = append(ports, 0)
	}
	return ports
}

func (s *slots) gridRow(env screen.Env, p kit.Paint, h cluster.Host, ports []int, width int, here bool) kit.Line {
	g := p.Theme.Glyphs
	mark := " "
	if here {
		mark = g.Cursor
	}
	l := kit.S(theme.Accent, mark+" ").Then(kit.Line{hostLevel(h).Span(g)}).Text(" ")
	name := kit.T(safetext.Cut(h.Name, hostCells))
	if !h.LostAt.IsZero() || p.Stale {
		name = name.As(theme.Dim)
	}
	if here && s.col == 0 {
		name = under(name)
	}
	l = l.Then(name).To(4 + hostCells + 1)
	used, all := usage(h)
	l = l.Text(safetext.PadLeft(fmt.Sprintf("%d/%d", used, all), 5)).Text(" ")
	if !h.LostAt.IsZero() {
		l = l.Add(theme.Crit, "lost "+human.Age(p.Now.Sub(h.LostAt)))
	} else {
		l = l.Then(kit.Gauge(g, ratio(used, all)))
	}
	l = l.To(headCells)
	free := h.FreeNoPort
	for i, port := range ports {
		var cell kit.Line
		switch at := slices.IndexFunc(h.Slots, func(s cluster.Slot) bool { return s.Port == port && port != 0 }); {
		case at >= 0:
			cell = s.slotCell(env, p, h.Slots[at], width-1)
			if here && s.col == at+1 {
				cell = under(cell)
			}
		case port == 0 && free > 0:
			free--
			cell = kit.S(theme.Dim, g.Dot)
		}
		l = l.Then(cell).To(headCells + (i+1)*width)
	}
	return l
}

// slotCell says what a slot runs, in at most w cells.
func (s *slots) slotCell(env screen.Env, p kit.Paint, slot cluster.Slot, w int) kit.Line {
	g := p.Theme.Glyphs
	if slot.TopologyID == "" {
		return kit.S(theme.Dim, g.Dot)
	}
	name, letter := slot.TopologyID, byte('?')
	if t := env.Snap.Topologies[slot.TopologyID]; t != nil {
		name, letter = t.Summary.Name, t.Letter
	}
	tok, sign := letterTok(letter), string(letter)
	switch slot.State {
	case cluster.SlotLeaving:
		tok, sign = theme.Moving, g.Leaving
	case cluster.SlotComing:
		tok, sign = theme.Moving, g.Coming
	case cluster.SlotLost:
		tok, sign = theme.Crit, g.Crit
	case cluster.SlotFree, cluster.SlotUsed:
	}
	if slot.State == cluster.SlotUsed && slot.Restarts > 0 {
		sign, tok = g.Crit, theme.Crit
	}
	text := theme.Text
	if s.topologyID != "" && s.topologyID != slot.TopologyID || p.Stale {
		tok, text = theme.Dim, theme.Dim
	}
	count := ""
	if slot.Executors > 0 {
		count = fmt.Sprintf(" %dx", slot.Executors)
	}
	if w < nameCells {
		return kit.S(tok, sign).Add(theme.Dim, count)
	}
	return kit.S(tok, sign).Add(text, " "+safetext.Cut(name, w-2-len(count))).Add(theme.Dim, count)
}

// under marks the cell beneath the cursor.
func under(l kit.Line) kit.Line {
	marked := make(kit.Line, len(l))
	for i, span := range l {
		span.Attr |= kit.Reverse
		marked[i] = span
	}
	return marked
}

func hostLevel(h cluster.Host) kit.Level {
	switch {
	case !h.LostAt.IsZero():
		return kit.LevelCrit
	case h.Err != nil:
		return kit.LevelWarn
	case h.Supervisor != nil && h.Supervisor.Blacklisted != nil && *h.Supervisor.Blacklisted:
		return kit.LevelWarn
	case h.Supervisor == nil:
		return kit.LevelUnknown
	}
	return kit.LevelOK
}

// usage counts a host's used and existing slots.
func usage(h cluster.Host) (used, all int) {
	for _, slot := range h.Slots {
		if slot.TopologyID != "" {
			used++
		}
	}
	return used, len(h.Slots) + h.FreeNoPort
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// sums is the line below the grid: how even the slots are spread, and the
// executors of each host.
func sums(hosts []cluster.Host) kit.Line {
	busiest, total, alive := 0, 0, 0
	executors := kit.S(theme.Dim, "   executors per host ")
	for _, h := range hosts {
		if !h.LostAt.IsZero() {
			continue
		}
		alive++
		used, _ := usage(h)
		total += used
		busiest = max(busiest, used)
		n := 0
		for _, slot := range h.Slots {
			n += slot.Executors
		}
		executors = executors.Text(" "+safetext.Cut(h.Name, hostCells)).Add(theme.Dim, fmt.Sprintf(" %d ", n))
	}
	if total == 0 {
		return nil
	}
	mean := float64(total) / float64(alive)
	return kit.S(theme.Dim, "   imbalance ").Text(fmt.Sprintf("%.2f", float64(busiest)/mean)).
		Add(theme.Dim, fmt.Sprintf(" (busiest host %s, mean %.1f)", plural(busiest, "slot"), mean)).Then(executors)
}

// letters draws many hosts, several a line: w01 abc·
func (s *slots) letters(env screen.Env, p kit.Paint, hosts []cluster.Host, room int) []string {
	name, most := 0, 0
	for _, h := range hosts {
		name = max(name, min(safetext.Width(h.Name), hostCells))
		most = max(most, len(h.Slots)+h.FreeNoPort)
	}
	cell := 2 + name + 1 + most + 2
	perLine := max(1, (p.W-2)/cell)
	at := s.cursor(hosts)
	lines := (len(hosts) + perLine - 1) / perLine
	s.top = scrolled(s.top, at/perLine, max(1, room), lines)
	g := p.Theme.Glyphs
	var rows []string
	for line := s.top; line < min(lines, s.top+room); line++ {
		l := kit.T(" ")
		for i := line * perLine; i < min(len(hosts), (line+1)*perLine); i++ {
			start := l.Width()
			mark := " "
			if i == at {
				mark = g.Cursor
			}
			h := hosts[i]
			tok := theme.Text
			if !h.LostAt.IsZero() {
				tok = theme.Crit
			}
			l = l.Add(theme.Accent, mark).Add(tok, safetext.PadRight(h.Name, name)).Text(" ")
			for j, slot := range h.Slots {
				one := s.slotCell(env, p, slot, 1)[:1]
				if i == at && s.col == j+1 {
					one = under(one)
				}
				l = l.Then(one)
			}
			l = l.Add(theme.Dim, strings.Repeat(g.Dot, h.FreeNoPort)).To(start + cell)
		}
		rows = append(rows, p.Row(l))
	}
	return rows
}

// byTopology draws one line a topology with the slots it holds.
func (s *slots) byTopology(env screen.Env, p kit.Paint, hosts []cluster.Host) []string {
	var rows []string
	for _, t := range lettered(env.Snap) {
		l := kit.T("   ").Add(letterTok(t.Letter), string(t.Letter)).Text(" " + safetext.PadRight(t.Summary.Name, 24)).Text("  ")
		found := false
		for _, h := range hosts {
			for _, slot := range h.Slots {
				if slot.TopologyID == t.Summary.ID {
					l = l.Text(fmt.Sprintf("%s:%d ", h.Name, slot.Port))
					found = true
				}
			}
		}
		if !found {
			l = l.Add(theme.Dim, "no slot")
		}
		rows = append(rows, p.Row(l))
	}
	return rows
}
