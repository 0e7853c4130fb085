package screens

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// View draws the filters, the histogram and as many records as fit.
func (s *logView) View(env screen.Env, size screen.Size) string {
	s.attach(env)
	p := paintOf(env, size)
	p.Stale = false // the lines do not come from Nimbus
	switch {
	case env.Logs == nil:
		return kit.Join(p.Rows(nil, kit.T("  No host's logs can be reached: ssh is switched off and no logviewer is known.")))
	case s.session == nil:
		return kit.Join(p.Rows(nil, kit.T("  No logs are followed yet. l on a topology, a component or a worker follows its logs; :logs NAME does too.")))
	}
	s.hold()
	var body []string
	switch {
	case s.opened != nil:
		body = s.opened.Draw(p)
	case s.nobody() && s.sources == nil:
		body = newLogPicker(s.session).draw(env, p)
	default:
		body = s.stream(env, p)
	}
	switch {
	case s.filters != nil:
		body = kit.Center(body, s.filters.Box(p))
	case s.sources != nil:
		body = s.sources.draw(env, p)
	}
	return kit.Join(body)
}

// nobody reports whether no source could ever be read: then the reasons replace
// the stream.
func (s *logView) nobody() bool {
	states := s.session.States()
	if lo, hi := s.session.Store().Range(); lo < hi || len(states) == 0 {
		return false
	}
	for _, st := range states {
		if st.State != logs.StateLost && st.State != logs.StateFailed && st.State != logs.StateOff {
			return false
		}
	}
	return true
}

// stream draws head, records and prompt in exactly p.H rows.
func (s *logView) stream(env screen.Env, p kit.Paint) []string {
	var head []string
	if line := s.filterLine(); len(line) > 0 {
		head = append(head, p.Row(line))
	}
	if note := s.session.Note(); note != "" {
		head = append(head, p.Row(kit.S(theme.Wait, " "+p.Glyphs().Wait+" ").Add(theme.Dim, note)))
	}
	if s.histogram && p.H > 10 {
		if line := s.histogramLine(env, p); len(line) > 0 {
			head = append(head, p.Row(line))
		}
	}
	foot := 0
	if s.prompt != nil {
		foot = 1
	}
	s.height = max(1, p.H-len(head)-foot)
	rows := append(head, s.records(env, p, s.height)...)
	rows = p.Sized(p.W, max(0, p.H-foot)).Fill(rows)
	if foot > 0 {
		rows = append(rows[:max(0, p.H-1)], p.Row(s.prompt.Line(p)))
	}
	return p.Fill(rows)
}

// records draws the records around the cursor in at most h rows.
func (s *logView) records(env screen.Env, p kit.Paint, h int) []string {
	view := s.session.View()
	lo, hi := view.Range()
	if lo >= hi {
		return []string{p.Row(kit.T("  " + s.nothing()))}
	}
	// Upwards from the cursor until the rows are used, then downwards.
	if s.following || s.cursor < s.top {
		s.top = s.cursor
	}
	s.top = max(lo, s.top)
	var above []string
	block := s.block(env, p, s.cursor)
	used := len(block)
	at := s.cursor
	for at > lo && used+len(above) < h {
		if !s.following && at <= s.top && s.cursor-at < h {
			break
		}
		at--
		above = append(s.block(env, p, at), above...)
	}
	rows := append(above, block...)
	if over := len(rows) - h; over > 0 {
		rows = rows[over:]
	}
	s.top = at
	for next := s.cursor + 1; next < hi && len(rows) < h; next++ {
		rows = append(rows, s.block(env, p, next)...)
	}
	return rows[:min(len(rows), h)]
}

// nothing says why no record is shown.
func (s *logView) nothing() string {
	lo, hi := s.session.Store().Range()
	if lo < hi {
		worst, hides := -1, int64(0)
		for i, n := range s.session.View().Counts() {
			if miss := int64(hi-lo) - n; i < len(s.terms) && miss > hides {
				worst, hides = i, miss
			}
		}
		text := fmt.Sprintf("0 of %s lines match.", human.Exact(int64(hi-lo)))
		if worst >= 0 {
			text += fmt.Sprintf(" f switches filters one by one; %d hides most.", worst+1)
		} else if s.floor != logs.LevelNone {
			text += " W lowers the level."
		}
		return text
	}
	good := 0
	states := s.session.States()
	for _, st := range states {
		if st.State == logs.StateFollowing || st.State == logs.StateQuiet {
			good++
		}
	}
	return fmt.Sprintf("No line yet. %d of %d sources follow.", good, len(states))
}

// block draws one record with its context, unfolded as it is.
func (s *logView) block(env screen.Env, p kit.Paint, i int) []string {
	r, ok := s.session.View().At(i)
	if !ok {
		return nil
	}
	var rows []string
	if s.context > 0 && s.filtering() {
		before, after := s.session.View().Context(i, s.context)
		for _, c := range before {
			rows = append(rows, p.Styled(s.line(env, p, c, false), kit.RowDim))
		}
		rows = append(rows, s.recordRows(env, p, r, i == s.cursor)...)
		for _, c := range after {
			rows = append(rows, p.Styled(s.line(env, p, c, false), kit.RowDim))
		}
		return append(rows, p.Row(kit.S(theme.Rule, "  ┄")))
	}
	return s.recordRows(env, p, r, i == s.cursor)
}

func (s *logView) filtering() bool {
	f := s.session.View().Filter()
	return f != nil && !f.Empty()
}

// maxUnfolded bounds the rows of one record in the stream; the viewer shows all.
const maxUnfolded = 200

func (s *logView) recordRows(env screen.Env, p kit.Paint, r logs.Record, here bool) []string {
	style := kit.RowStyle(0)
	if here {
		style = kit.RowCursor
	}
	rows := []string{p.Styled(s.line(env, p, r, here), style)}
	if r.Lines <= 1 || !s.allOpen && !s.unfolded[r.Seq] {
		return rows
	}
	_, rest, _ := bytes.Cut(r.Text, []byte{'\n'})
	for n := 0; len(rest) > 0; n++ {
		if n == maxUnfolded {
			return append(rows, p.Row(kit.S(theme.Dim, fmt.Sprintf("      %s %d more lines: enter shows them", p.Glyphs().More, int(r.Lines)-1-n))))
		}
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		rows = append(rows, p.Row(kit.T("      ").Then(s.marked(shown(line, s.left, p.W), theme.Text))))
	}
	return rows
}

// line is a record's first line: time, source, level, message.
func (s *logView) line(env screen.Env, p kit.Paint, r logs.Record, here bool) kit.Line {
	g := p.Glyphs()
	sign := " "
	switch {
	case s.marks[r.Seq]:
		sign = g.Mark
	case here:
		sign = g.Cursor
	}
	l := kit.S(theme.Accent, sign).Add(theme.Dim, s.stamp(env, r))
	src := s.session.Store().Source(r.Source)
	l = l.Then(gutter(r.Source, src, p.W))
	first, _, more := bytes.Cut(r.Text, []byte{'\n'})
	if r.Mark != logs.MarkNone {
		return l.Add(theme.Wait, "── "+string(shown(first, s.left, p.W))+" ──")
	}
	f := r.Fields().With(src)
	if p.W >= 100 {
		who := f.Component
		if f.Task > 0 {
			who += fmt.Sprintf(" %d", f.Task)
		}
		l = l.Add(theme.Dim, safetext.PadRight(safetext.Cut(safetext.Clean(who), whoCells), whoCells)+" ")
	}
	l = l.Then(levelCell(r.Level, p.W))
	body := first
	if f.Body.To > f.Body.From && f.Body.To <= len(first) {
		body = first[f.Body.From:f.Body.To]
	}
	l = l.Then(s.marked(shown(body, s.left, p.W), theme.Text))
	var tail []string
	if more && !s.unfolded[r.Seq] && !s.allOpen {
		tail = append(tail, fmt.Sprintf("%s %d lines", g.Shut, r.Lines))
	}
	if r.Cut {
		tail = append(tail, "cut, "+human.Bytes(r.Missing)+" more")
	}
	if r.Late {
		tail = append(tail, "late")
	}
	if r.Again {
		tail = append(tail, "hour twice")
	}
	if n := len(r.Origins); n > 0 {
		tail = append(tail, fmt.Sprintf("%d origins", n+1))
	}
	if len(tail) == 0 {
		return l
	}
	return kit.Apart(l, kit.S(theme.Dim, " "+strings.Join(tail, " · ")), p.W)
}

// whoCells is the width of the column for component and task.
const whoCells = 14

// shown is as much of a line as can matter for w cells behind the ones scrolled
// away: a line may be long.
func shown(line []byte, left, w int) []byte {
	const widest = 16 // bytes of a cell with its marks, generously
	return line[:min(len(line), (left+w)*widest)]
}

// marked is text with what is searched for underlined.
func (s *logView) marked(text []byte, tok theme.Token) kit.Line {
	if s.hunt == nil {
		return kit.S(tok, string(text)).Drop(s.left)
	}
	var l kit.Line
	at := 0
	for _, hit := range s.hunt.Index(text) {
		l = append(l, kit.Span{Text: string(text[at:hit[0]]), Tok: tok}, kit.Span{Text: string(text[hit[0]:hit[1]]), Tok: theme.Match, Attr: kit.Under})
		at = hit[1]
	}
	l = append(l, kit.Span{Text: string(text[at:]), Tok: tok})
	return l.Drop(s.left)
}

// stamp is the time column.
func (s *logView) stamp(env screen.Env, r logs.Record) string {
	if s.stamps == stampOff {
		return ""
	}
	width := map[stampMode]int{stampTime: 12, stampDate: 23, stampAge: 6}[s.stamps]
	if r.Time == 0 {
		return strings.Repeat(" ", width+1)
	}
	at := time.Unix(0, r.Time).In(env.Now.Location())
	switch s.stamps {
	case stampDate:
		return at.Format("2006-01-02 15:04:05.000") + " "
	case stampAge:
		return padTo(human.Age(env.Now.Sub(at)), width) + " "
	case stampTime, stampOff, stampModes:
	}
	return at.Format("15:04:05.000") + " "
}

// gutter tells the source: its letter, and its host and port where there is room.
func gutter(index int32, src logs.Source, w int) kit.Line {
	letter := string('a' + index%26)
	tok := [...]theme.Token{theme.Cat1, theme.Cat2, theme.Cat3, theme.Cat4, theme.Cat5, theme.Cat6}[index%6]
	l := kit.S(tok, letter+" ")
	if w < 100 {
		return l
	}
	return l.Add(tok, safetext.PadRight(safetext.Cut(safetext.Clean(whereOf(src)), 12), 12)+" ")
}

// whereOf is where a source is, in a few cells.
func whereOf(src logs.Source) string {
	switch {
	case src.Kind == logs.KindPython:
		return src.Host + " python"
	case src.Port > 0:
		return fmt.Sprintf("%s:%d", src.Host, src.Port)
	case src.Host != "":
		return src.Host
	}
	return src.Name()
}

func padTo(s string, n int) string {
	if len([]rune(s)) >= n {
		return s
	}
	return s + strings.Repeat(" ", n-len([]rune(s)))
}

// levelCell colours only what should be looked at.
func levelCell(l logs.Level, w int) kit.Line {
	word := l.String()
	if w < 100 && word != "" {
		word = word[:1]
	}
	tok := theme.Dim
	switch l {
	case logs.LevelError, logs.LevelFatal:
		tok = theme.Crit
	case logs.LevelWarn:
		tok = theme.Warn
	case logs.LevelNone, logs.LevelTrace, logs.LevelDebug, logs.LevelInfo:
	}
	width := 5
	if w < 100 {
		width = 1
	}
	return kit.S(tok, padTo(word, width)+" ")
}

// filterLine lists the filters in force.
func (s *logView) filterLine() kit.Line {
	var l kit.Line
	if s.floor != logs.LevelNone {
		l = l.Add(theme.Accent, "  level ≥ "+s.floor.String())
	}
	for i, t := range s.terms {
		sign, tok := "●", theme.Text
		if t.Off {
			sign, tok = "○", theme.Dim
		}
		l = l.Add(tok, fmt.Sprintf("  %d %s %s", i+1, sign, termWords(t)))
	}
	if s.hunted != "" {
		l = l.Add(theme.Match, "  / "+s.hunted)
	}
	if len(l) == 0 {
		return nil
	}
	return kit.S(theme.Dim, " filters").Then(l)
}

// histogramLine counts the records shown over time, errors apart.
func (s *logView) histogramLine(env screen.Env, p kit.Paint) kit.Line {
	const label = 20
	w := p.W - label - 2
	if w < 20 {
		return nil
	}
	h := s.session.View().Histogram(w)
	if h.Step == 0 {
		return nil
	}
	values := make([]float64, len(h.Buckets))
	errors := 0
	for i, b := range h.Buckets {
		values[i] = float64(b.All)
		errors += b.Errors
	}
	from := time.Unix(0, h.From).In(env.Now.Location())
	to := time.Unix(0, h.From+h.Step*int64(len(h.Buckets))).In(env.Now.Location())
	l := kit.T(" ").Then(kit.Spark(p.Glyphs(), values, w)).Add(theme.Dim, " "+from.Format("15:04")+"–"+to.Format("15:04"))
	if errors > 0 {
		l = l.Add(theme.Crit, fmt.Sprintf(" %s%s", p.Glyphs().Crit, human.Count(errors)))
	}
	return l
}
