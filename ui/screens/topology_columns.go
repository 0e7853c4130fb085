package screens

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// arrange puts the columns into the order of a wide or a narrow screen.
func (s *topology) arrange() {
	thin := s.look.narrow()
	if thin != s.thin {
		s.thin = thin
		reorder(s.spouts, thin, spoutColumns(&s.look), "OUT/S", "COMPLETE", "FAIL", "TREND")
		reorder(s.bolts, thin, boltColumns(&s.look), "IN/S", "OUT/S", "TREND (IN)", "PROCESS", "FAIL", "CAPACITY")
		reorder(s.merged, thin, mergedColumns(&s.look), "IN/S", "OUT/S", "TREND", "PROCESS", "FAIL", "CAPACITY")
	}
	s.thinSpouts(thin && !s.look.env.Wide)
	for _, t := range []*kit.Table[componentRow]{s.spouts, s.bolts, s.merged} {
		for i := range t.Columns {
			c := &t.Columns[i]
			switch bare := strings.TrimPrefix(c.Title, "~"); bare {
			case "IN/S", "OUT/S", "ACK/S", "TREND", "TREND (IN)", "FAIL":
				c.Title = sampledTitle(s.look.sampled, bare)
				if strings.HasPrefix(bare, "TREND") {
					c.Min = s.look.trend(14)
				}
			case "COMPONENT":
				c.Min = s.look.nameWidth(s.longest, 12)
			case "KIND":
				c.Min = 6
				if thin {
					c.Min = 4
				}
			case columnStorm:
				c.Hidden = !s.look.env.Wide
			}
		}
	}
}

// thinSpouts leaves the secondary columns of the spouts out on a narrow screen:
// their list has no titles there.
func (s *topology) thinSpouts(thin bool) {
	if thin == (s.dropped != nil) {
		return
	}
	if !thin {
		for _, title := range s.dropped {
			setHidden(s.spouts, title, false)
		}
		s.dropped = nil
		return
	}
	s.dropped = []string{}
	for _, title := range []string{"ACK/S", "TIMEOUT", "SKEW", "ERR"} {
		if setHidden(s.spouts, title, true) {
			s.dropped = append(s.dropped, title)
		}
	}
}

// setHidden hides or shows a column and reports whether that changed it.
func setHidden[R any](t *kit.Table[R], title string, hide bool) bool {
	for i := range t.Columns {
		if c := &t.Columns[i]; strings.TrimPrefix(c.Title, "~") == title && c.Hidden != hide {
			c.Hidden = hide
			return true
		}
	}
	return false
}

// reorder gives a table its columns in the wide order, or with those named
// behind the first three.
func reorder(t *kit.Table[componentRow], thin bool, columns []kit.Column[componentRow], tail ...string) {
	names, at := t.Orders()
	for i := range columns { // what the operator chose stays
		for j := range t.Columns {
			if strings.TrimPrefix(t.Columns[j].Title, "~") == strings.TrimPrefix(columns[i].Title, "~") {
				columns[i].Hidden, columns[i].Title = t.Columns[j].Hidden, t.Columns[j].Title
			}
		}
	}
	if thin {
		slices.SortStableFunc(columns[3:], func(a, b kit.Column[componentRow]) int {
			return standing(tail, a.Title) - standing(tail, b.Title)
		})
	}
	t.Columns = columns
	t.SortBy(names[at], false)
}

// standing is where a title stands in the narrow order; the others come behind.
func standing(order []string, title string) int {
	if i := slices.Index(order, strings.TrimPrefix(title, "~")); i >= 0 {
		return i
	}
	return len(order)
}

// merge shows one list in the chosen order, or two in topology order. The
// cursor stays on its component.
func (s *topology) merge() {
	r, on := s.selected()
	_, at := s.merged.Orders()
	apart := at == 0
	if apart { // topology order is never upside down
		s.merged.SortBy("", false)
	}
	if apart == s.mergedPart.Hide {
		return
	}
	s.spoutPart.Hide, s.boltPart.Hide, s.mergedPart.Hide = !apart, !apart, apart
	if !on {
		return
	}
	if !apart {
		s.parts.Activate(s.mergedPart)
		s.merged.Select(r.ID)
		return
	}
	s.selectComponent(r.ID)
}

func (s *topology) columns() *picker {
	switch s.parts.Active() {
	case s.spoutPart:
		return pickColumns(s.look.g, s.spouts, columnStorm)
	case s.mergedPart:
		return pickColumns(s.look.g, s.merged, columnStorm)
	}
	return pickColumns(s.look.g, s.bolts, columnStorm)
}

func (s *topology) copyRow() tea.Cmd {
	switch s.parts.Active() {
	case s.spoutPart:
		return copyRow(s.spouts)
	case s.mergedPart:
		return copyRow(s.merged)
	}
	return copyRow(s.bolts)
}

func (s *topology) sortName(env screen.Env) string {
	if s.mergedPart.Hide {
		return topologyOrder
	}
	return s.merged.SortName(env.Theme.Glyphs)
}
