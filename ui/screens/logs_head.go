package screens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// View draws the filters, the timeline and as many records as fit.
func (s *logView) View(env screen.Env, size screen.Size) string {
	s.w, s.h = size.W, size.H
	s.sync(env)
	p := paintOf(env, size)
	p.Stale = false // the lines do not come from Nimbus
	switch {
	case env.Logs == nil:
		return kit.Join(p.Rows(nil, kit.T("  No host's logs can be reached: ssh is switched off and no logviewer is known.")))
	case s.choose != nil:
		return kit.Join(s.drawChooser(env, p))
	case s.opened != nil:
		return kit.Join(s.opened.draw(s, p))
	}
	var body []string
	if s.nobody() && s.sources == nil {
		body = newLogPicker(s).instead(p)
	} else {
		body = s.body(p)
	}
	switch {
	case s.filters != nil:
		body = kit.Center(body, s.filters.box(s, p))
	case s.sources != nil:
		body = kit.Center(body, s.sources.box(s, p))
	case s.menu != nil:
		body = s.menu.over(p, body)
	}
	if s.prompt != nil && len(body) > 0 {
		body[len(body)-1] = p.Row(s.promptLine(p))
	}
	return kit.Join(body)
}

// promptLine is the last row while something is typed.
func (s *logView) promptLine(p kit.Paint) kit.Line {
	right := kit.S(theme.Dim, " enter · esc ")
	if s.problem != "" {
		right = kit.S(theme.Warn, " "+s.problem+" ")
	}
	line := s.prompt.Line(p.Sized(max(p.W-right.Width()-1, 10), 1))
	return kit.Apart(line, right, p.W)
}

// nobody reports whether no source could be read yet and none is being tried for
// the first time: then the reasons replace the stream.
func (s *logView) nobody() bool {
	if lo, hi := s.store.Range(); lo < hi {
		return false
	}
	bad := 0
	for _, st := range s.session.States() {
		switch {
		case st.State == logs.StateOff:
		case st.State == logs.StateLost, st.State == logs.StateFailed, st.State == logs.StateWaiting && strings.Contains(st.Words, "denied"):
			bad++
		default:
			return false
		}
	}
	return bad > 0
}

// body draws head, records and foot.
func (s *logView) body(p kit.Paint) []string {
	head, foot := s.head(p), s.foot(p)
	if s.zoomed || len(head)+len(foot)+4 > p.H {
		head, foot = nil, nil
	}
	s.above = len(head)
	room := p.Sized(p.W, p.H-len(head)-len(foot))
	if s.prompt != nil && len(foot) == 0 {
		room.H-- // the prompt's row
	}
	var rows []string
	if lo, hi := s.bounds(); lo >= hi {
		rows = room.Rows(s.nothing(room.W)...)
	} else {
		rows = s.stream.Draw(room)
	}
	if s.stream.Following() {
		_, s.seen = s.view.Range()
	}
	s.seen = max(s.seen, s.stream.Last())
	return p.Stack(head, rows, foot)
}

// head is the rows above the records.
func (s *logView) head(p kit.Paint) []string {
	var rows []string
	if len(s.terms) > 0 || s.hunted != "" {
		rows = append(rows, p.Row(s.filterBar(p.W)))
	}
	if note := s.session.Note(); note != "" {
		rows = append(rows, p.Row(kit.S(theme.Wait, " "+p.Glyphs().Wait+" ").Add(theme.Dim, note)))
	}
	if s.histogram && p.H >= 24 {
		if line := s.timeline(p); len(line) > 0 {
			rows = append(rows, p.Row(line))
		}
	}
	return rows
}

// filterBar lists the stack in one row.
func (s *logView) filterBar(w int) kit.Line {
	g := s.env.Theme.Glyphs
	l := kit.T(" ")
	if w >= full {
		l = kit.S(theme.Dim, " filters  ")
	}
	for i, t := range s.terms {
		sign, tok := kit.S(theme.OK, g.OK), theme.Text
		if t.Off {
			sign, tok = kit.S(theme.Dim, g.Idle), theme.Dim
		}
		words := s.termWords(t)
		if w < full {
			words = strings.Replace(words, "level ", "", 1)
		}
		l = l.Add(tok, fmt.Sprintf("%d ", i+1)).Then(sign).Add(tok, " "+safetext.CutEnd(words, 40)+"  ")
		if w >= full {
			l = l.Text(" ")
		}
	}
	if s.hunted != "" {
		l = l.Add(theme.Dim, "/ ").Add(theme.Match, safetext.CutEnd(s.hunted, 40))
	}
	return kit.Apart(l, kit.S(theme.Accent, " f").Add(theme.Dim, " edit "), w)
}

// slicesShown is the timeline as it was counted last.
type slicesShown struct {
	logs.Histogram
	at    time.Time
	of    *logs.Filter
	w     int
	asked bool
}

// timelineLabel is the room for times and errors beside the timeline.
const timelineLabel = 24

// slice counts the records over time again, off the program's goroutine and not
// more than once a second.
func (s *logView) slice(env screen.Env) tea.Cmd {
	w := max(s.w, wide) - timelineLabel
	if s.w > 0 {
		w = s.w - timelineLabel
	}
	if !s.histogram || env.Paused || s.view == nil || w < 10 || s.slices.asked || s.slices.of == s.filter && s.slices.w == w && env.Now.Sub(s.slices.at) < time.Second && s.slices.Step > 0 {
		return nil
	}
	s.slices.asked = true
	view, of := s.view, s.filter
	return screen.Ask(env, func() tea.Msg { return slicesShown{Histogram: view.Histogram(w), of: of, w: w} })
}

// timeline is the records over time, with the span and the errors.
func (s *logView) timeline(p kit.Paint) kit.Line {
	h := s.slices
	if h.Step == 0 || len(h.Buckets) == 0 {
		return kit.S(theme.Dim, " ")
	}
	values := make([]float64, len(h.Buckets))
	bad := 0
	for i, b := range h.Buckets {
		values[i] = float64(b.All)
		bad += b.Errors
	}
	l := kit.T(" ")
	spark := kit.Spark(p.Glyphs(), values, len(values)).Plain()
	i := 0
	for _, r := range spark {
		tok := theme.Dim
		if i < len(h.Buckets) {
			switch b := h.Buckets[i]; {
			case b.Errors > 0:
				tok = theme.Crit
			case b.Warnings > 0:
				tok = theme.Warn
			}
		}
		if n := len(l); l[n-1].Tok == tok && n > 1 {
			l[n-1].Text += string(r)
		} else {
			l = l.Add(tok, string(r))
		}
		i++
	}
	zone := s.env.Now.Location()
	from, to := time.Unix(0, h.From).In(zone), time.Unix(0, h.From+h.Step*int64(len(h.Buckets))).In(zone)
	layout := "15:04"
	if to.Sub(from) < 10*time.Minute {
		layout = "15:04:05"
	}
	right := kit.S(theme.Dim, " "+from.Format(layout)+"–"+to.Format(layout))
	if bad > 0 {
		right = right.Add(theme.Crit, " "+p.Glyphs().Crit+human.Count(bad))
	}
	return kit.Apart(l, right.Text(" "), p.W)
}

// foot names the sources under a narrow stream.
func (s *logView) foot(p kit.Paint) []string {
	if p.W >= full || p.H < 14 {
		return nil
	}
	g := p.Glyphs()
	l := kit.T(" ")
	states := s.session.States()
	slices.SortFunc(states, sourceOrder)
	for _, st := range states {
		if st.State == logs.StateOff || st.Index < 0 {
			continue
		}
		cell := kit.S(theme.Cat(int(st.Index)), sourceLetter(st.Index)+" ").Text(whereOf(st.Source) + " ").Then(stateGlyph(g, st))
		if st.State == logs.StateLeft {
			cell = cell.Add(theme.Dim, " left")
		}
		if l.Width()+cell.Width()+2 > p.W {
			l = l.Add(theme.Dim, g.More)
			break
		}
		l = l.Then(cell).Text("  ")
	}
	if len(l) == 1 {
		return nil
	}
	return []string{kit.Rule(p, "sources: L shows all", ""), p.Row(l)}
}

// nothing says why no record is shown.
func (s *logView) nothing(w int) []kit.Line {
	lo, hi := s.store.Range()
	text := ""
	if held := int64(hi - lo); held > 0 {
		text = fmt.Sprintf("0 of %s lines match. f shows which filter hides them.", human.Exact(held))
		worst, most := -1, int64(0)
		for i := range s.terms {
			if n := s.hides(i); n > most {
				worst, most = i, n
			}
		}
		if worst >= 0 {
			text = fmt.Sprintf("0 of %s lines match. f shows which filter hides them (%d: %s hides %s).",
				human.Exact(held), worst+1, s.termWords(s.terms[worst]), human.Exact(most))
		}
		if done, all := s.view.Progress(); done < all {
			text = fmt.Sprintf("%s filtering, %d %% of %s lines looked at", s.env.Theme.Glyphs.Wait, 100*done/max(all, 1), human.Exact(all))
		}
	} else {
		text = s.quiet()
	}
	lines := []kit.Line{nil}
	for _, part := range wrap(safetext.Clean(text), w-4) {
		lines = append(lines, kit.T("  "+part))
	}
	return lines
}

// quiet says that no line has come, and from how many sources one may.
func (s *logView) quiet() string {
	good, all, waits := 0, 0, ""
	for _, st := range s.session.States() {
		switch st.State {
		case logs.StateOff, logs.StateLeft:
			continue
		case logs.StateFollowing, logs.StateQuiet, logs.StateRotated, logs.StateGap, logs.StateDone:
			good++
		case logs.StateConnecting:
			waits = "connecting to " + st.Source.Host
		default:
			if st.Words != "" {
				waits = st.Source.Host + ": " + st.Words
			}
		}
		all++
	}
	switch {
	case all == 0:
		return "No line yet, and no file to read is known so far."
	case waits != "":
		return fmt.Sprintf("No line yet. %d of %s follow; %s.", good, plural(all, "source"), strings.TrimSuffix(waits, "."))
	}
	return fmt.Sprintf("No line yet. %d of %s follow.", good, plural(all, "source"))
}

// Status is what the stream comes to: whether it follows, what is held, dropped,
// shown and late.
func (s *logView) Status(env screen.Env, w int) kit.Line {
	if s.session == nil || s.view == nil {
		return nil
	}
	lo, hi := s.store.Range()
	from, to := s.bounds()
	l := kit.Line(nil)
	add := func(tok theme.Token, text string) {
		if len(l) > 0 {
			l = l.Add(theme.Dim, " "+env.Theme.Glyphs.Dot+" ")
		}
		l = l.Add(tok, text)
	}
	_, newest := s.view.Range()
	switch below := newest - s.seen; {
	case env.Paused:
		add(theme.Paused, "PAUSED")
		if below = newest - to; below > 0 {
			add(theme.Text, "+"+human.Exact(below)+" new")
		}
	case s.stream.Following():
		add(theme.Accent, "FOLLOW")
	case below > 0:
		add(theme.Accent, "+"+human.Exact(below)+" new below")
	}
	if done, all := s.view.Progress(); done < all {
		add(theme.Wait, fmt.Sprintf("filtering %d %%", 100*done/max(all, 1)))
	}
	held := human.Exact(int64(hi-lo)) + " held"
	if w >= full {
		held = fmt.Sprintf("%s lines held (%s of %s)", human.Exact(int64(hi-lo)), human.Bytes(s.store.Bytes()), human.Bytes(s.store.Budget()))
	}
	add(theme.Dim, held)
	gone, _ := s.store.Dropped()
	for _, st := range s.session.States() {
		gone += st.Dropped
	}
	tok := theme.Dim
	if gone > 0 {
		tok = theme.Warn
	}
	add(tok, human.Exact(gone)+" dropped")
	if n := s.filtersOn(); n > 0 {
		text := fmt.Sprintf("shown %s of %s", human.Exact(to-from), human.Exact(int64(hi-lo)))
		if w >= full {
			text += " by " + plural(n, "filter")
		}
		add(theme.Text, text)
	}
	if n := s.session.Late(); n > 0 {
		add(theme.Dim, "late "+human.Exact(n))
	}
	if s.pace.lines >= 1 {
		rate := human.Rate(s.pace.lines)
		if w >= full {
			rate = strings.Replace(rate, "/", " lines/", 1)
		}
		add(theme.Dim, rate)
	}
	return l
}

func (s *logView) filtersOn() int {
	n := 0
	for _, t := range s.terms {
		if !t.Off {
			n++
		}
	}
	return n
}

// Position is the time of the record under the cursor.
func (s *logView) Position(env screen.Env) string {
	if s.choose != nil || s.view == nil {
		return ""
	}
	r, _, ok := s.current()
	if !ok || r.Time == 0 {
		return ""
	}
	layout := "15:04:05.000"
	if s.w < full {
		layout = "15:04:05.0"
	}
	return time.Unix(0, r.Time).In(env.Now.Location()).Format(layout)
}

// Crumb names whose logs these are and how the sources do.
func (s *logView) Crumb(env screen.Env) (path []string, state string) {
	s.sync(env)
	path = []string{"logs"}
	if s.choose != nil || s.session == nil {
		return path, ""
	}
	path = append(path, strings.Join(s.names(env), " / "))
	good, wait, bad, left := 0, 0, 0, 0
	for _, st := range s.session.States() {
		switch st.State {
		case logs.StateFollowing, logs.StateQuiet, logs.StateRotated, logs.StateGap, logs.StateDone:
			good++
		case logs.StateConnecting, logs.StateHeld:
			wait++
		case logs.StateWaiting:
			wait++
		case logs.StateLost, logs.StateFailed:
			bad++
		case logs.StateLeft:
			left++
		default:
		}
	}
	g := env.Theme.Glyphs
	state = fmt.Sprintf("%s %d", g.OK, good)
	for _, part := range []struct {
		glyph string
		n     int
	}{{g.Wait, wait}, {g.Crit, bad}, {g.Idle, left}} {
		if part.n > 0 {
			state += fmt.Sprintf(" %s %d", part.glyph, part.n)
		}
	}
	if s.w >= full {
		state = plural(good+wait+bad+left, "source") + " " + state
	}
	if !s.from.IsZero() || !s.to.IsZero() {
		state += " · " + s.rangeWords(nanos(s.from), nanos(s.to))
	} else {
		state += " · live"
	}
	if s.rotated {
		state += " · rotated files too"
	}
	if s.w >= full {
		state += " · order by line time"
	}
	return path, state
}

// names say whose logs these are.
func (s *logView) names(env screen.Env) []string {
	var names []string
	add := func(name string) {
		if name != "" {
			names = append(names, safetext.Clean(name))
		}
	}
	name := s.arg.TopologyID
	if t := env.Snap.Topologies[s.arg.TopologyID]; t != nil && t.Summary.Name != "" {
		name = t.Summary.Name
	}
	add(name)
	add(s.arg.Component)
	add(s.arg.Daemon)
	if s.arg.Port > 0 {
		add(fmt.Sprintf("%s:%d", s.arg.Host, s.arg.Port))
	} else {
		add(s.arg.Host)
	}
	return names
}

// paceOf measures how many lines and bytes come in a second.
type paceOf struct {
	at    time.Time
	hi    uint64
	store *logs.Store
	lines float64
	bytes map[string]bytesOf
}

type bytesOf struct {
	read int64
	rate float64 // a second; negative while it is not known
}

// look measures since the last time, when that is a second ago or more.
func (p *paceOf) look(now time.Time, session screen.LogSession) {
	store := session.Store()
	passed := now.Sub(p.at)
	if store == p.store && passed < time.Second {
		return
	}
	_, hi := store.Range()
	if store != p.store {
		*p = paceOf{}
		passed = 0
	}
	if passed > 0 {
		p.lines = float64(hi-p.hi) / passed.Seconds()
	}
	states := session.States()
	next := make(map[string]bytesOf, len(states))
	for _, st := range states {
		b := bytesOf{read: st.BytesRead, rate: -1}
		if was, ok := p.bytes[st.Source.Key()]; ok && passed > 0 {
			b.rate = float64(max(st.BytesRead-was.read, 0)) / passed.Seconds()
		}
		next[st.Source.Key()] = b
	}
	p.at, p.hi, p.store, p.bytes = now, hi, store, next
}

// clockWords says that a host's clock is off.
func clockWords(host string, offset time.Duration) string {
	how, where := "ahead", "back"
	if offset < 0 {
		how, where = "behind", "forward"
	}
	return fmt.Sprintf("%s is %.1fs %s; its lines are shifted %s by that much.", safetext.Clean(host), offset.Abs().Seconds(), how, where)
}
