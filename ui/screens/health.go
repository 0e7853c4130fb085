package screens

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Health lists everything that needs a person, worst first.
var Health = screen.Register(screen.Spec{
	ID: "health", Title: "health", Short: "hlth", Order: 0, Key: kit.Bind("0", "health", "0"),
	Words: []string{"health", "h"},
	About: "what is wrong now, worst first, with its evidence and where to look next",
	New:   newHealth,
})

const (
	// hideFor is how long H hides a finding.
	hideFor = time.Hour
	// recoveredFor is how long what recovered stays listed.
	recoveredFor = time.Hour
	// keepPlace is how long a line stays where it is after its level changed.
	keepPlace = 10 * time.Second
	// maxHidden bounds what may be hidden at a time.
	maxHidden = 1000
)

// health is the screen.
type health struct {
	opened time.Time
	keys   listKeys
	hide   key.Binding
	table  *kit.Table[finding]
	quiet  *kit.Section
	parts  *kit.Sections
	seen   stamp
	look   look
	hidden map[string]time.Time // key of a finding → until when
	places map[string]lastChange
	order  []string // keys of the findings as listed last
	gone   int      // findings hidden now
	// touched says that a key was pressed: until then the cursor is on the
	// worst finding, from then on it stays on its own.
	touched bool
	shownW  int // width that the evidence was broken for
}

// finding is one line of the list.
type finding struct {
	diagnose.Finding
	level kit.Level
}

// lastChange is when a finding got its level; zero when it came with it.
type lastChange struct {
	level cluster.Level
	at    time.Time
}

func newHealth(env screen.Env, arg screen.Arg) screen.Screen {
	s := &health{
		opened: env.Now, keys: newListKeys("open"), hide: kit.Bind("H", "hide 1h", "H"),
		hidden: map[string]time.Time{}, places: map[string]lastChange{},
	}
	s.table = kit.NewTable(func(f finding) string { return f.Key() }, s.columns()...)
	s.table.Level = func(f finding) kit.Level { return f.level }
	s.table.Text = func(f finding) string {
		return f.Rule + " " + f.Where + " " + f.What + " " + strings.Join(f.Evidence, " ")
	}
	s.table.Extra = s.evidence
	s.table.Changed = func(was, is finding) bool { return was.level != is.level }
	s.quiet = &kit.Section{NoCount: true, Body: &kit.Text{Lines: s.quietLines}}
	s.parts = kit.NewSections(&kit.Section{NoCount: true, Body: s.table, Gap: true}, s.quiet)
	if arg.Filter != "" {
		s.parts.SetFilter(arg.Filter)
	}
	return s
}

func (s *health) columns() []kit.Column[finding] {
	return []kit.Column[finding]{
		{Title: "SINCE", Min: 5, Max: 11, Fit: true, Cell: func(f finding) kit.Line {
			if f.Since.IsZero() {
				return none()
			}
			return kit.S(theme.Dim, moment(s.look.env, f.Since))
		}},
		{Title: "WHERE", Min: 16, Max: 30, Fit: true, Cell: func(f finding) kit.Line { return kit.T(f.Where) }},
		{Title: "WHAT AND EVIDENCE", Min: 20, Flex: 8, CutEnd: true, Cell: s.sentence},
	}
}

// sync makes the lines anew when there is something new to show.
func (s *health) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	now := stampOf(env)
	now.window, now.sys = "", false // findings are of ten minutes
	if s.seen != now {
		s.seen = now
		s.rebuild(env)
	}
	if s.shownW != s.look.w {
		s.shownW = s.look.w
		s.relayout()
	}
	s.table.Empty = s.nothing(env)
	s.quiet.Title = fmt.Sprintf("quiet checks (%d)", len(env.Found.Quiet))
	s.quiet.Note = asOf(env, env.Snap.ClusterAt)
	s.quiet.Hide = env.Snap.Cluster == nil && len(s.quietLines(s.look.w)) == 0
	s.quiet.Right = nil
	if s.look.w >= full {
		s.quiet.Right = kit.T("all rules: ?")
	}
}

// relayout counts the lines of all findings again.
func (s *health) relayout() { s.table.SetFilter(s.table.Filter()) }

func (s *health) rebuild(env screen.Env) {
	s.gone = 0
	for k, until := range s.hidden {
		if !env.Now.Before(until) {
			delete(s.hidden, k)
		}
	}
	rows, moving := make([]finding, 0, len(env.Found.Findings)), false
	alive := map[string]bool{}
	for _, f := range env.Found.Findings {
		k := f.Key()
		alive[k] = true
		if _, hidden := s.hidden[k]; hidden {
			s.gone++
			continue
		}
		moving = s.moved(f, env.Now) || moving
		rows = append(rows, finding{Finding: f, level: kitLevel(f.Level)})
	}
	for k := range s.places {
		if !alive[k] {
			delete(s.places, k)
		}
	}
	if moving {
		rows = s.held(rows)
	}
	s.order = s.order[:0]
	for _, f := range rows {
		s.order = append(s.order, f.Key())
	}
	s.table.SetRows(rows, env.Now)
	if !s.touched {
		s.table.MoveTo(0)
	}
}

// held puts the findings where they were: a line keeps its place for ten
// seconds after its level changed, so that it does not jump away from under a
// finger. New ones go above those that are no worse.
func (s *health) held(rows []finding) []finding {
	was := make(map[string]int, len(s.order))
	for i, k := range s.order {
		was[k] = i
	}
	var old, added []finding
	for _, f := range rows {
		if _, ok := was[f.Key()]; ok {
			old = append(old, f)
		} else {
			added = append(added, f)
		}
	}
	slices.SortStableFunc(old, func(a, b finding) int { return cmp.Compare(was[a.Key()], was[b.Key()]) })
	for _, f := range added {
		at := slices.IndexFunc(old, func(other finding) bool { return other.urgency() <= f.urgency() })
		if at < 0 {
			at = len(old)
		}
		old = slices.Insert(old, at, f)
	}
	return old
}

// urgency orders findings: what recovered comes last.
func (f finding) urgency() int {
	if f.Level == cluster.LevelGood {
		return -1
	}
	return int(f.Level)
}

// moved reports whether a finding's level changed within the last ten seconds.
func (s *health) moved(f diagnose.Finding, now time.Time) bool {
	k := f.Key()
	at, known := s.places[k]
	if !known || at.level != f.Level {
		at = lastChange{level: f.Level}
		if known {
			at.at = now
		}
		s.places[k] = at
	}
	return !at.at.IsZero() && now.Sub(at.at) < keepPlace
}

// nothing is the sentence in place of findings.
func (s *health) nothing(env screen.Env) kit.Line {
	switch {
	case env.Snap.Cluster == nil && env.Snap.ZK == nil:
		return waiting(env, "getClusterInfo", env.Snap.Link.NimbusErr, s.opened)
	case s.gone > 0:
		return kit.T(fmt.Sprintf("Nothing else is wrong. %s.", s.checked(env)))
	case env.Found.Checked == 0:
		return kit.S(theme.Wait, env.Theme.Glyphs.Wait).Add(theme.Dim, " no rule was checked yet")
	}
	return kit.S(theme.OK, env.Theme.Glyphs.OK).Text(fmt.Sprintf(" Nothing is wrong. %s.", s.checked(env)))
}

func (s *health) checked(env screen.Env) string {
	text := plural(env.Found.Checked, "rule") + " checked"
	if !env.Snap.ClusterAt.IsZero() {
		text += " " + human.Age(env.Now.Sub(env.Snap.ClusterAt)) + " ago"
	}
	return text
}

// Demand asks for what the rules look at, as far as it is not too much.
func (s *health) Demand(env screen.Env) cluster.Demand {
	all := env.Snap.TopologyRows()
	d := cluster.Demand{AllTopologies: true, Window: env.Window, Infos: map[string]bool{}, Structures: map[string]bool{}, LogConfigs: map[string]bool{}}
	if len(all) > manyTopologies {
		return d
	}
	for _, t := range all {
		d.Structures[t.ID], d.LogConfigs[t.ID] = true, true
		if small(t) {
			d.Infos[t.ID] = true
		}
	}
	return d
}

// Typing reports whether the filter is being typed.
func (s *health) Typing() bool { return s.parts.Typing() }

// Escape closes the filter.
func (s *health) Escape() bool { return s.parts.Escape() }

// Keys are the bindings that act now.
func (s *health) Keys() []key.Binding {
	k := &s.keys
	f, on := s.table.Selected()
	if !on {
		return nil
	}
	keys := []key.Binding{k.enter}
	if f.TopologyID != "" {
		keys = append(keys, k.graph, k.slots)
	}
	return append(keys, s.hide, k.table.Filter, k.copyID)
}

// Update answers keys, the mouse and new snapshots.
func (s *health) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	s.touched = s.touched || byHand(msg)
	if s.look.narrow() {
		defer s.relayout() // the evidence follows the cursor
	}
	if s.parts.Typing() {
		s.parts.Update(msg)
		return nil
	}
	if wheel(msg, s.parts.Update) || clicked(msg, s.parts.Click) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		s.parts.Update(msg)
		return nil
	}
	k := &s.keys
	f, on := s.table.Selected()
	switch {
	case on && key.Matches(press, k.enter):
		to := leads(f.Finding)
		return screen.Open(to.id, to.arg)
	case on && f.TopologyID != "" && key.Matches(press, k.graph):
		return screen.Open("graph", screen.Arg{TopologyID: f.TopologyID, Component: f.Component})
	case on && f.TopologyID != "" && key.Matches(press, k.slots):
		return screen.Open("slots", screen.Arg{TopologyID: f.TopologyID})
	case on && key.Matches(press, s.hide):
		if len(s.hidden) < maxHidden {
			s.hidden[f.Key()] = env.Now.Add(hideFor)
		}
		s.table.Select("") // the line is hidden, not gone
		s.rebuild(env)
	case on && key.Matches(press, k.copyID):
		return screen.Copy("the finding", f.Where+": "+f.What)
	default:
		s.parts.Update(press)
	}
	return nil
}

// Crumb counts the findings.
func (s *health) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	var broken, look, well int
	for _, f := range env.Found.Findings {
		switch f.Level {
		case cluster.LevelCrit:
			broken++
		case cluster.LevelGood:
			well++
		case cluster.LevelWarn, cluster.LevelMove, cluster.LevelInfo:
			look++
		}
	}
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{broken, "broken"}, {look, "to look at"}, {well, "recovered"}, {s.gone, "hidden"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	if f := s.parts.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	if old := asOf(env, env.Snap.ClusterAt); old != nil {
		parts = append(parts, old.Plain())
	}
	return []string{"health"}, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *health) Position(env screen.Env) string {
	s.sync(env)
	row, of := s.table.Position()
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("row %d/%d", row, of)
}

// Help lists all rules.
func (s *health) Help(screen.Env) []string {
	var lines []string
	for _, r := range diagnose.Rules() {
		lines = append(lines, r.Name+": "+r.About)
	}
	return append(lines, "H hides a finding for 1h. A line keeps its place for 10s after its level changed.")
}

// View draws the findings and the quiet checks.
func (s *health) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	s.sync(env)
	return kit.Join(s.parts.Draw(paintOf(env, size)))
}
