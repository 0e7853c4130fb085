package screens

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Conf shows a topology's configuration, or Nimbus' own.
var Conf = screen.Register(screen.Spec{
	ID: "conf", Title: "config", Order: -1, Words: []string{"conf"},
	About: "the configuration in effect of a topology, or of Nimbus: what differs from Storm's defaults",
	New:   newConf,
})

type confKeys struct {
	enter, differ, copyKey, copyValue key.Binding
	table                             kit.KeyMap
}

// conf is the screen.
type conf struct {
	id     string // "" for Nimbus
	opened time.Time
	keys   confKeys

	table    *kit.Table[confRow]
	parts    *kit.Table[confPart]
	body     *kit.Sections
	keyPart  *kit.Section
	compPart *kit.Section
	viewer   *kit.Viewer // of one value, nil without
	viewed   string      // its key

	seen    stamp
	drawn   *theme.Theme
	look    look
	top     *cluster.Topology // as last seen alive
	values  map[string]any
	rows    []confRow
	owns    []confPart
	only    bool // what differs only
	release string
	masked  int
	changed time.Time // when the configuration was seen to change
}

func newConf(env screen.Env, arg screen.Arg) screen.Screen {
	s := &conf{id: arg.TopologyID, opened: env.Now, keys: confKeys{
		enter: kit.Bind("enter", "full value", "enter"), differ: kit.Bind("D", "differ/all", "D"),
		copyKey: kit.Bind("y", "copy key", "y"), copyValue: kit.Bind("Y", "copy value", "Y"), table: kit.DefaultKeys(),
	}}
	if arg.Path == "nimbus" {
		s.id = ""
	}
	s.table = kit.NewTable(func(r confRow) string { return r.key },
		kit.Column[confRow]{Title: "KEY", Min: 24, Max: 60, Flex: 2, Fit: true, Cell: func(r confRow) kit.Line { return kit.T(r.key) }, Less: kit.ByText(func(r confRow) string { return r.key })},
		kit.Column[confRow]{Title: "VALUE", Min: 32, Flex: 2, CutEnd: true, Cell: valueCell},
		kit.Column[confRow]{Title: "DEFAULT", Min: 24, Max: 60, Flex: 1, Priority: 2, CutEnd: true, Cell: func(r confRow) kit.Line { return kit.S(theme.Dim, r.deflt) }},
	)
	s.table.Level = confRow.level
	s.table.Changed = func(was, is confRow) bool { return was.value != is.value }
	s.table.Order = kit.Order[confRow]{Name: "differing first", Less: func(a, b confRow) int { return a.rank() - b.rank() }}
	s.table.NoMatch = s.noMatch
	s.parts = kit.NewTable(func(r confPart) string { return r.id },
		kit.Column[confPart]{Title: "COMPONENT", Min: 12, Max: 40, Fit: true, Flex: 1, Cell: func(r confPart) kit.Line { return kit.T(r.id) }},
		kit.Column[confPart]{Title: "KIND", Min: 6, Priority: 2, Cell: func(r confPart) kit.Line { return kit.S(theme.Dim, r.kind) }},
		kit.Column[confPart]{Title: "", Min: 20, Flex: 4, CutEnd: true, Cell: func(r confPart) kit.Line { return kit.T(strings.Join(r.parts, "  ")) }},
	)
	s.keyPart = &kit.Section{NoCount: true, Body: s.table, Gap: true}
	s.compPart = &kit.Section{Title: "components with their own configuration", Body: s.parts}
	s.body = kit.NewSections(s.keyPart, s.compPart)
	if arg.Filter != "" {
		s.body.SetFilter(arg.Filter)
	}
	s.sync(env)
	return s
}

func valueCell(r confRow) kit.Line {
	if r.value == unsetText || r.secret {
		return kit.S(theme.Dim, r.value)
	}
	return kit.T(r.value)
}

// sync makes the rows anew when there is something new to show.
func (s *conf) sync(env screen.Env) {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	s.body.SetWide(env.Wide)
	now := stampOf(env)
	if s.seen == now && s.drawn == env.Theme {
		return
	}
	s.seen, s.drawn = now, env.Theme
	values := env.Snap.NimbusConf
	if env.Snap.NimbusConfErr != nil {
		values = nil // refused: what stands there instead is no configuration
	}
	if s.id != "" {
		if t := env.Snap.Topologies[s.id]; t != nil {
			s.top = t
		}
		values = nil
		if s.top != nil {
			values = s.top.Conf
		}
	}
	if values == nil {
		if s.values == nil {
			return
		}
		values = s.values // as last read
	}
	if s.values != nil && !maps.EqualFunc(s.values, values, sameValue) {
		s.changed = env.Now
	}
	s.values = values
	s.rebuild(env)
}

// rebuild makes the rows of the values.
func (s *conf) rebuild(env screen.Env) {
	m := newMasker(env)
	var defaults map[string]any
	s.release = ""
	if version := s.version(env); env.Defaults != nil && version != "" {
		defaults, s.release = env.Defaults(version)
	}
	s.rows = make([]confRow, 0, len(s.values)+1)
	keys := slices.Collect(maps.Keys(s.values))
	if _, sent := s.values["topology.max.spout.pending"]; !sent && s.id != "" {
		keys = append(keys, "topology.max.spout.pending")
	}
	slices.Sort(keys)
	for _, k := range keys {
		s.rows = append(s.rows, newConfRow(m, k, s.values[k], defaults, s.release))
	}
	s.table.Columns[2].Title = "DEFAULT (" + s.release + ")"
	s.table.Columns[2].Hidden = s.release == ""
	s.show(env)
	s.owns = nil
	if s.id != "" && s.top != nil && s.top.Structure != nil {
		for i := range s.top.Structure.Components {
			c := &s.top.Structure.Components[i]
			if own := ownConf(m, c); len(own) > 0 && (env.Sys || !isSystem(c.ID)) {
				s.owns = append(s.owns, confPart{id: c.ID, kind: language(c), parts: own})
			}
		}
	}
	s.masked = m.masked
	s.parts.SetRows(s.owns, env.Now)
	s.compPart.Hide = len(s.owns) == 0
}

// show gives the table the rows it is to show.
func (s *conf) show(env screen.Env) {
	rows := s.rows
	if s.only {
		rows = nil
		for _, r := range s.rows {
			if r.differs || r.reason != "" {
				rows = append(rows, r)
			}
		}
	}
	s.table.Empty = kit.T("Nothing differs from the defaults of " + s.release + ". D shows all.")
	s.table.SetRows(rows, env.Now)
}

// Demand asks for the configuration, and for the components' own.
func (s *conf) Demand(screen.Env) cluster.Demand {
	if s.id == "" {
		return cluster.Demand{NimbusConf: true}
	}
	return cluster.Demand{Confs: map[string]bool{s.id: true}, Structures: map[string]bool{s.id: true}}
}

// Typing reports whether all keys belong to a filter or a search.
func (s *conf) Typing() bool {
	if s.viewer != nil {
		return s.viewer.Typing()
	}
	return s.body.Typing()
}

// Escape closes what is open, one thing at a time.
func (s *conf) Escape() bool {
	if s.viewer != nil {
		if !s.viewer.Escape() {
			s.viewer = nil
		}
		return true
	}
	return s.body.Escape()
}

// Keys are the bindings that act now.
func (s *conf) Keys() []key.Binding {
	k := &s.keys
	if s.viewer != nil {
		v := &s.viewer.Keys
		return []key.Binding{v.Search, v.NextHit, v.PrevHit, v.Wrap, k.copyKey, k.copyValue}
	}
	if len(s.rows) == 0 {
		return nil
	}
	keys := []key.Binding{k.enter}
	if s.release != "" {
		keys = append(keys, k.differ)
	}
	keys = append(keys, k.table.Filter, k.copyKey, k.copyValue, k.table.SortLeft, k.table.SortRight, k.table.Invert)
	if !s.compPart.Hide {
		keys = append(keys, k.table.NextPart, k.table.PrevPart, k.table.Zoom)
	}
	return keys
}

// Update answers keys, the mouse and new snapshots.
func (s *conf) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.sync(env)
	if s.viewer != nil {
		return s.inViewer(msg)
	}
	if s.body.Typing() {
		s.body.Update(msg)
		return nil
	}
	if wheel(msg, s.body.Update) || clicked(msg, s.body.Click) {
		return nil
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	k := &s.keys
	switch {
	case key.Matches(press, k.enter):
		s.view()
	case key.Matches(press, k.differ) && s.release != "":
		s.only = !s.only
		s.show(env)
	case key.Matches(press, k.copyKey, k.copyValue):
		return s.copy(key.Matches(press, k.copyValue))
	default:
		s.body.Update(press)
	}
	return nil
}

func (s *conf) inViewer(msg tea.Msg) tea.Cmd {
	if wheel(msg, s.viewer.Update) {
		return nil
	}
	if press, ok := msg.(tea.KeyPressMsg); ok && !s.viewer.Typing() && key.Matches(press, s.keys.copyKey, s.keys.copyValue) {
		return s.copy(key.Matches(press, s.keys.copyValue))
	}
	s.viewer.Update(msg)
	return nil
}

// copy puts the key or the masked value under the cursor on the clipboard.
func (s *conf) copy(value bool) tea.Cmd {
	name, text := "", ""
	if s.body.Active() == s.compPart {
		if r, ok := s.parts.Selected(); ok {
			name, text = r.id, strings.Join(r.parts, "\n")
		}
	} else if r, ok := s.table.Selected(); ok {
		name, text = r.key, r.value
	}
	switch {
	case name == "":
		return nil
	case value:
		return screen.Copy("the value of "+safetext.Clean(name), text)
	}
	return screen.Copy(safetext.Clean(name), name)
}

// view opens the full value under the cursor.
func (s *conf) view() {
	var lines []kit.Line
	if s.body.Active() == s.compPart {
		r, ok := s.parts.Selected()
		if !ok {
			return
		}
		s.viewed = r.id
		for _, part := range r.parts {
			lines = append(lines, kit.T(" "+part))
		}
	} else {
		r, ok := s.table.Selected()
		if !ok {
			return
		}
		s.viewed = r.key
		lines = s.explained(r)
	}
	s.viewer = kit.NewViewer(lines...)
	s.viewer.Update(kit.Press("w")) // long lines wrap
}

// explained is all there is to say about a key.
func (s *conf) explained(r confRow) []kit.Line {
	var lines []kit.Line
	if r.reason != "" {
		lines = append(lines, kit.S(theme.Warn, " "+s.look.g.Warn).Text(" "+r.reason), nil)
	}
	text := r.value
	switch r.full.(type) {
	case []any, map[string]any:
		text = jsonText(r.full, "  ")
	}
	for part := range strings.SplitSeq(text, "\n") {
		lines = append(lines, kit.T(" "+strings.TrimSuffix(part, "\r")))
	}
	if r.secret {
		lines = append(lines, nil, kit.S(theme.Dim, " The name says that it is a secret; it is never shown, copied or saved."))
	}
	if s.release != "" {
		lines = append(lines, nil, kit.S(theme.Dim, " default of "+s.release+"  ").Text(r.deflt))
	}
	return lines
}

// Crumb says whose configuration it is and what is shown of it.
func (s *conf) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	path = []string{"nimbus", "config"}
	if s.id != "" {
		name := s.id
		if s.top != nil && s.top.Summary.Name != "" {
			name = s.top.Summary.Name
		}
		path = []string{"topologies", safetext.Clean(name), "config"}
	}
	if s.viewer != nil {
		return append(path, safetext.Cut(s.viewed, 60)), ""
	}
	if s.values == nil {
		return path, ""
	}
	differ := 0
	for _, r := range s.rows {
		if r.differs {
			differ++
		}
	}
	parts := []string{plural(len(s.rows), "key")}
	if s.release != "" {
		text := fmt.Sprintf("%d differ", differ)
		if !s.look.narrow() {
			text += " from the defaults of " + safetext.Clean(s.release)
		}
		parts = append(parts, text)
	} else if !s.look.narrow() {
		parts = append(parts, "defaults of this release unknown")
	}
	if s.masked > 0 && !s.look.narrow() {
		parts = append(parts, fmt.Sprintf("%d masked", s.masked))
	}
	if s.only {
		parts = append(parts, "differing only")
	} else if !s.look.narrow() {
		order := s.table.SortName(env.Theme.Glyphs)
		if _, at := s.table.Orders(); at == 0 {
			order = s.table.Order.Name
		}
		parts = append(parts, "all, "+order)
	}
	if f := s.body.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	if !s.changed.IsZero() {
		parts = append(parts, "changed "+moment(env, s.changed))
	}
	return path, strings.Join(parts, " · ")
}

// Position says where the cursor is.
func (s *conf) Position(screen.Env) string {
	if s.viewer != nil {
		line, of := s.viewer.Position()
		if hit, hits := s.viewer.Hits(); hits > 0 {
			return fmt.Sprintf("hit %d/%d · line %d/%d", hit, hits, line, of)
		}
		return fmt.Sprintf("line %d/%d", line, of)
	}
	if row, of := s.body.Position(); of > 0 {
		return fmt.Sprintf("row %d/%d", row, of)
	}
	return ""
}

// Help explains the signs.
func (s *conf) Help(screen.Env) []string {
	return []string{
		"± differs from Storm's default, or is no key of Storm's. ▲ is known to surprise; enter says why.",
		"DEFAULT is Storm's own list of the nearest release of the same line, which the title names.",
		"(unset) is a key without a value. Values of keys that speak of a password, secret, token, credential, payload,",
		"private key or keytab are masked here, in copies and in saved screens, as are such words inside longer values.",
		"A topology's configuration is read once; a rebalance can override parts of it.",
	}
}

// Text is the whole configuration, masked.
func (s *conf) Text(env screen.Env) string {
	s.sync(env)
	var b strings.Builder
	for _, r := range s.rows {
		sign := " "
		switch {
		case r.reason != "":
			sign = "!"
		case r.differs:
			sign = "±"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", sign, safetext.Clean(r.key), safetext.Clean(r.value))
	}
	for _, r := range s.owns {
		fmt.Fprintf(&b, "\n%s\n", safetext.Clean(r.id))
		for _, part := range r.parts {
			fmt.Fprintf(&b, "  %s\n", safetext.Clean(part))
		}
	}
	return b.String()
}

// View draws the keys above the components, or one value.
func (s *conf) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	s.sync(env)
	p := paintOf(env, size)
	switch {
	case s.viewer != nil:
		head := []string{kit.Rule(p, s.viewed, "esc closes")}
		return kit.Join(p.Stack(head, s.viewer.Draw(p.Sized(size.W, max(size.H-1, 0)))))
	case s.values == nil:
		return kit.Join(p.Rows(kit.T("  ").Then(s.nothing(env))))
	}
	shown, all := s.parts.Rows()
	s.compPart.Hide = all == 0 || shown == 0 && s.body.Filter() != ""
	return kit.Join(s.body.Draw(p))
}

// nothing is what stands in place of the configuration.
func (s *conf) nothing(env screen.Env) kit.Line {
	if s.id == "" {
		return waiting(env, "getNimbusConf", env.Snap.NimbusConfErr, s.opened)
	}
	if s.top == nil && env.Snap.Cluster != nil {
		return kit.T("This topology is not running any more. esc goes back.")
	}
	var err error
	if s.top != nil {
		err = s.top.Errs["getTopologyConf"]
	}
	return waiting(env, "getTopologyConf", err, s.opened)
}
