package screens

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// Connections shows every address with what happened there; it opens by itself
// while nothing has ever answered.
var Connections = screen.Register(screen.Spec{
	ID: "connections", Title: "connections", Order: -1, Words: []string{"conn"},
	About: "every Nimbus and ZooKeeper address: reached or why not, and what to try",
	New:   func(env screen.Env, _ screen.Arg) screen.Screen { return newConnections(env) },
})

// The advice has a column of its own from tryFrom cells on; below, it stands
// under its row.
const (
	tryCells = 44
	tryFrom  = 16 + 1 + 24 + 1 + tryCells
)

// endpoint is one address.
type endpoint struct {
	kind, addr, what, try string
	level                 kit.Level
	steps                 []nimbusclient.Step
}

func (t endpoint) key() string { return t.kind + " " + t.addr }

type connections struct {
	body        *kit.Sections
	nimbus, zk  *kit.Table[endpoint]
	zkPart, set *kit.Section
	settings    *kit.Text
	open        map[string]bool
	keys        struct{ details, copy key.Binding }
	seq         uint64
	wide        int
}

func newConnections(screen.Env) *connections {
	s := &connections{open: map[string]bool{}}
	s.keys.details = kit.Bind("enter", "steps", "enter")
	s.keys.copy = kit.Bind("y", "copy report", "y")
	s.nimbus, s.zk = s.table(), s.table()
	s.settings = kit.NewText()
	s.zkPart = &kit.Section{Title: "zookeeper", NoCount: true, Body: s.zk, Gap: true}
	s.set = &kit.Section{Title: "settings in effect", NoCount: true, Right: kit.T("stormtop config show --origin prints all"), Body: s.settings}
	s.body = kit.NewSections(&kit.Section{Title: "nimbus", NoCount: true, Body: s.nimbus, Gap: true}, s.zkPart, s.set)
	return s
}

func (s *connections) table() *kit.Table[endpoint] {
	t := kit.NewTable(endpoint.key,
		kit.Column[endpoint]{Title: "TARGET", Min: 16, Max: 30, Fit: true, Cell: func(r endpoint) kit.Line { return kit.T(r.addr) }},
		kit.Column[endpoint]{Title: "WHAT HAPPENED", Min: 24, Flex: 1, CutEnd: true, Cell: func(r endpoint) kit.Line { return kit.T(r.what) }},
		kit.Column[endpoint]{Title: "WHAT TO TRY", Min: tryCells, Flex: 1, CutEnd: true, Priority: 3, Cell: func(r endpoint) kit.Line { return kit.S(theme.Dim, r.try) }},
	)
	t.Level = func(r endpoint) kit.Level { return r.level }
	t.Extra = s.extra
	t.Keys.Filter.SetEnabled(false)
	return t
}

// extra are the lines below a endpoint: the advice where its column has no room,
// and the steps of the last try when they were asked for.
func (s *connections) extra(r endpoint, w int) []kit.Line {
	var lines []kit.Line
	if (w < tryFrom || s.open[r.key()]) && r.try != "" {
		for _, part := range folded(r.try, w-4) {
			lines = append(lines, kit.S(theme.Dim, "  "+part))
		}
	}
	if !s.open[r.key()] {
		return lines
	}
	for _, part := range folded(r.what, w-4) {
		lines = append(lines, kit.T("  "+part))
	}
	for _, step := range r.steps {
		l := kit.S(theme.Dim, fmt.Sprintf("  %-14s ", safetext.Clean(step.Name))).Text(human.Elapsed(step.Took))
		if step.Err != nil {
			l = l.Add(theme.Warn, "  "+step.Err.Error())
		}
		lines = append(lines, l)
	}
	return lines
}

// folded breaks a sentence between words.
func folded(text string, w int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && safetext.Width(line)+1+safetext.Width(word) > w {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func (s *connections) refresh(env screen.Env, w int) {
	if s.seq == env.Snap.Seq && s.seq != 0 && s.wide == w {
		return
	}
	s.seq, s.wide = env.Snap.Seq, w
	s.nimbus.SetRows(nimbusEndpoints(env), env.Now)
	s.zk.SetRows(zkEndpoints(env), env.Now)
	s.zkPart.Note = nil
	if off := env.Snap.Link.ZKOff; off != "" {
		s.zk.Empty = kit.S(theme.Dim, "not used: "+off)
	}
	lines := make([]kit.Line, 0, len(env.Settings))
	for _, set := range env.Settings {
		lines = append(lines, kit.S(theme.Dim, "    "+set.Key).To(26).Text(set.Value).Add(theme.Dim, "  ("+set.Origin+")"))
	}
	*s.settings = *kit.NewText(lines...)
}

func nimbusEndpoints(env screen.Env) []endpoint {
	state := env.Snap.Link.Nimbus
	rows := make([]endpoint, 0, len(state.Endpoints)+1)
	for _, e := range state.Endpoints {
		r := endpoint{kind: "nimbus", addr: e.Addr, steps: e.Steps}
		switch {
		case e.Err != nil:
			r.level = kit.LevelCrit
			r.what, r.try = explained(e.Err)
		case e.Asked.IsZero():
			r.level, r.what = kit.LevelIdle, "not asked yet"
		case e.Connected:
			r.level, r.what = kit.LevelOK, "answers as leader"+tookWord(e.Steps)
		case e.Names != "":
			r.level, r.what = kit.LevelOK, "answers, names "+e.Names+" as leader"+tookWord(e.Steps)
		default:
			r.level, r.what = kit.LevelWarn, "answers, names no leader"
		}
		if !e.Seed {
			r.addr += " (named by another)"
		}
		rows = append(rows, r)
	}
	return append(rows, leaderEndpoint(env, state))
}

// leaderEndpoint is the row that says who leads, or why nobody is known to.
func leaderEndpoint(env screen.Env, state nimbusclient.State) endpoint {
	r := endpoint{kind: "leader", addr: "leader"}
	since := ""
	if l := state.Leader; !l.Since.IsZero() {
		since = " since " + clock(env, l.Since)
	}
	switch l := state.Leader; l.Phase {
	case nimbusclient.LeaderConfirmed:
		r.level, r.what = kit.LevelOK, l.Nimbus.Addr()+", confirmed by itself"+since
	case nimbusclient.LeaderSettling:
		r.level, r.what = kit.LevelWait, l.Nimbus.Addr()+" takes over: it collects its topologies"+since
	case nimbusclient.LeaderDead:
		r.level, r.what = kit.LevelCrit, fmt.Sprintf("%s names %s, which is not answering%s", l.By, l.Nimbus.Addr(), since)
		r.try = "a standby names a dead leader until its ZooKeeper session ends, 20 s by default"
	case nimbusclient.LeaderNone:
		r.level, r.what = kit.LevelCrit, "Nimbus answers but no leader is elected"+since
		r.try = "look at leader-lock in :zk; at least one healthy Nimbus is needed"
	case nimbusclient.LeaderUnknown:
		r.level, r.what = kit.LevelUnknown, "unknown: no seed has answered"
	}
	return r
}

// explained splits an error into what happened and what to try.
func explained(err error) (what, try string) {
	if e, ok := errors.AsType[*nimbusclient.Error](err); ok {
		return e.Short(), e.Hint()
	}
	return err.Error(), ""
}

func tookWord(steps []nimbusclient.Step) string {
	var total time.Duration
	for _, s := range steps {
		total += s.Took
	}
	if total == 0 {
		return ""
	}
	return ", " + human.Elapsed(total)
}

func zkEndpoints(env screen.Env) []endpoint {
	state := env.Snap.Link.ZK
	rows := make([]endpoint, 0, len(state.Servers))
	for _, srv := range state.Servers {
		r := endpoint{kind: "zookeeper", addr: srv.Addr, what: srv.Outcome, try: srv.Hint}
		switch srv.Contact {
		case zkview.ContactGood:
			r.level = kit.LevelOK
			if state.Connected && state.Server == srv.Addr {
				r.what = "session 0x" + state.Session + " since " + clock(env, state.Since)
			} else if r.what == "" {
				r.what = "answers"
			}
		case zkview.ContactBad:
			r.level = kit.LevelCrit
		case zkview.ContactTrying:
			r.level, r.what = kit.LevelWait, "trying"
		case zkview.ContactUntried:
			r.level, r.what = kit.LevelIdle, "not tried: another one answers"
		}
		rows = append(rows, r)
	}
	return rows
}

func (s *connections) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.refresh(env, s.wide)
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(press, s.keys.details):
			if r, ok := s.selected(); ok {
				s.open[r.key()] = !s.open[r.key()]
				s.seq = 0
			}
			return nil
		case key.Matches(press, s.keys.copy):
			return screen.Copy("the report", s.report(env))
		}
	}
	s.body.Update(msg)
	return nil
}

func (s *connections) selected() (endpoint, bool) {
	if s.body.Active() == s.zkPart {
		return s.zk.Selected()
	}
	return s.nimbus.Selected()
}

// report is the screen's content for a bug report or a colleague.
func (s *connections) report(env screen.Env) string {
	var b strings.Builder
	for _, r := range append(nimbusEndpoints(env), zkEndpoints(env)...) {
		fmt.Fprintf(&b, "%s %s: %s", r.kind, r.addr, r.what)
		if r.try != "" {
			fmt.Fprintf(&b, " (%s)", r.try)
		}
		b.WriteByte('\n')
	}
	for _, set := range env.Settings {
		fmt.Fprintf(&b, "%s = %s (%s)\n", set.Key, set.Value, set.Origin)
	}
	return b.String()
}

// Text is what ctrl-s saves.
func (s *connections) Text(env screen.Env) string { return s.report(env) }

func (s *connections) View(env screen.Env, size screen.Size) string {
	s.refresh(env, size.W)
	p := paintOf(env, size)
	p.Stale = false // what is here is about now
	rows := s.body.Draw(p.Sized(size.W, max(0, size.H-1)))
	return kit.Join(p.Stack(rows, []string{p.Row(s.verdict(env))}))
}

// verdict is the one sentence at the foot.
func (s *connections) verdict(env screen.Env) kit.Line {
	link := env.Snap.Link
	if link.NimbusErr == nil {
		if env.Snap.Cluster == nil {
			return kit.S(theme.Wait, " "+env.Theme.Glyphs.Wait).Text(" asking Nimbus")
		}
		return kit.S(theme.OK, " "+env.Theme.Glyphs.OK).Text(" Nimbus answers.")
	}
	l := kit.S(theme.Crit, " "+env.Theme.Glyphs.Crit).Text(" " + link.NimbusErr.Error())
	if wait := link.NextTry.Sub(env.Now); wait > 0 {
		l = l.Add(theme.Dim, " Next try in "+human.Age(wait)+".")
	}
	return l
}

func (s *connections) Crumb(env screen.Env) (path []string, state string) {
	link := env.Snap.Link
	if link.NimbusErr != nil {
		wait := max(0, link.NextTry.Sub(env.Now))
		state = fmt.Sprintf("next try in %s · attempt %d", human.Age(wait), link.Attempt)
	}
	return []string{"connections"}, state
}

func (s *connections) Position(screen.Env) string {
	row, of := s.body.Position()
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("row %d/%d", row, of)
}

func (s *connections) Keys() []key.Binding {
	return []key.Binding{kit.Bind("ctrl-r", "try now"), s.keys.details, s.keys.copy}
}

func (s *connections) Escape() bool { return s.body.Escape() }
