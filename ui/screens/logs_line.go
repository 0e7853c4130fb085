package screens

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// logItems is the stream's view of the records: they are its items, by their
// numbers.
type logItems struct{ *logView }

// Range is the numbers of the records.
func (s logItems) Range() (lo, hi int) {
	if s.view == nil {
		return 0, 0
	}
	return s.bounds()
}

// Key is a record's Seq.
func (s logItems) Key(i int) (uint64, bool) {
	r, ok := s.view.At(i)
	return r.Seq, ok
}

// Hidden says that a record is shown with the one before it: it repeats that, or
// it is a mark and marks are not wanted.
func (s logItems) Hidden(i int) bool {
	if !s.look.repeats && !s.look.noMarks {
		return false
	}
	r, ok := s.view.At(i)
	if !ok {
		return false
	}
	if r.Mark != logs.MarkNone {
		return s.look.noMarks
	}
	if !s.look.repeats {
		return false
	}
	before, ok := s.view.At(i - 1)
	return ok && r.Repeats(&before)
}

// maxRepeats bounds how far repeats are counted.
const maxRepeats = 1000

// repeats is how many records are shown with this one, itself included.
func (s *logView) repeats(i int) int {
	n := 1
	if !s.look.repeats || i < 0 {
		return n
	}
	for _, hi := s.bounds(); i+n < hi && n <= maxRepeats && (logItems{s}).Hidden(i+n); n++ {
	}
	return n
}

// Rows lays a record out, with the lines around it when they are wanted.
func (s logItems) Rows(i, w, h int) (rows []kit.Line, keep bool) {
	r, ok := s.view.At(i)
	if !ok {
		return []kit.Line{nil}, false
	}
	keep = s.look.stamps != stampAge && s.look.context == 0 && !s.look.repeats
	if s.look.context == 0 || !s.filtering() || r.Mark != logs.MarkNone {
		return s.recordRows(&r, i, w, h), keep
	}
	before, after, gap := s.around(i, r.Seq)
	if gap {
		rows = append(rows, kit.S(theme.Rule, "  ┄"))
	}
	for _, c := range before {
		rows = append(rows, s.firstLine(&c, -1, w).whole().As(theme.Dim))
	}
	rows = append(rows, s.recordRows(&r, i, w, h)...)
	for _, c := range after {
		rows = append(rows, s.firstLine(&c, -1, w).whole().As(theme.Dim))
	}
	return rows, keep
}

// around are the hidden records around one that is shown; those that lie nearer
// to the one before it stand there. gap says that others lie between the two.
func (s *logView) around(i int, seq uint64) (before, after []logs.Record, gap bool) {
	n := uint64(s.look.context)
	lo, hi := s.bounds()
	from := seq - min(seq, n)
	if i > lo {
		if prev, ok := s.view.At(i - 1); ok {
			ours := prev.Seq + 1
			if prev.Mark == logs.MarkNone {
				ours = prev.Seq + n + 1 // it shows the n after it
			}
			gap = from > ours
			from = max(from, ours)
		}
	}
	to := seq + n + 1
	if i+1 < hi {
		if next, ok := s.view.At(i + 1); ok {
			to = min(to, next.Seq)
		}
	}
	for at := from; at < seq; at++ {
		if r, ok := s.store.At(at); ok {
			before = append(before, r)
		}
	}
	for at := seq + 1; at < to; at++ {
		r, ok := s.store.At(at)
		if !ok {
			break
		}
		after = append(after, r)
	}
	return before, after, gap
}

// recordRows lays out a record: its first line, and the others folded or not.
func (s *logView) recordRows(r *logs.Record, i, w, h int) []kit.Line {
	l := s.firstLine(r, i, w)
	rows := []kit.Line{l.Line}
	indent := min(l.at, w/2)
	if s.look.wrap && r.Mark == logs.MarkNone {
		rows = broken(l.Line, l.text, indent, w, h)
	}
	if r.Lines <= 1 || r.Mark != logs.MarkNone {
		return rows
	}
	if !s.isOpen(r) {
		if sum := summary(r.Text); sum != "" && w >= full {
			rows = append(rows, kit.T(safetext.Spaces(indent)).Then(s.lit(sum).Drop(max(s.look.part, 0))))
		}
		return rows
	}
	if w < full {
		indent = 2
	}
	_, rest, _ := bytes.Cut(r.Text, []byte{'\n'})
	for n := 1; len(rest) > 0 && len(rows) < h-1; n++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		text := s.lit(safetext.Clean(string(s.visible(line, w))))
		if s.look.wrap {
			rows = append(rows, broken(kit.T(safetext.Spaces(indent)), text, indent, w, h-len(rows)-1)...)
			continue
		}
		rows = append(rows, kit.T(safetext.Spaces(indent)).Then(text.Drop(max(s.look.part, 0))))
	}
	if len(rest) > 0 {
		rows = append(rows, kit.S(theme.Warn, safetext.Spaces(indent)+"… more: enter shows all"))
	}
	return rows
}

// broken breaks a text behind its head into rows of w cells.
func broken(head, text kit.Line, indent, w, h int) []kit.Line {
	room := max(w-indent, 1)
	rows := []kit.Line{head.Then(text.Take(room))}
	for text = text.Drop(room); text.Width() > 0 && len(rows) < h; text = text.Drop(room) {
		rows = append(rows, kit.T(safetext.Spaces(indent)).Then(text.Take(room)))
	}
	return rows
}

// laid is a record's first line. The text stands in it from a cell on; when
// lines are wrapped it is apart from its head.
type laid struct {
	kit.Line
	text kit.Line
	at   int
}

// whole is the line with its text.
func (l laid) whole() kit.Line { return l.Then(l.text) }

// firstLine lays out a record's first line: time, source, level, message, and at
// the right what else is to say.
func (s *logView) firstLine(r *logs.Record, i, w int) laid {
	src := s.store.Source(r.Source)
	sign := kit.Span{Text: " "}
	if _, marked := slices.BinarySearch(s.marks, r.Seq); marked {
		sign = kit.Span{Text: s.env.Theme.Glyphs.Mark, Tok: theme.Mark}
	}
	l := append(make(kit.Line, 0, 12), sign)
	l = l.Then(s.stamp(r, w)).Then(s.gutter(r, src, w))
	first, _, _ := bytes.Cut(r.Text, []byte{'\n'})
	if r.Mark != logs.MarkNone {
		return laid{Line: l.Then(s.markLine(r, src, string(first), w)), at: l.Width()}
	}
	f := r.Fields().With(src)
	if w >= full && s.look.part >= 0 {
		l = l.Add(theme.Dim, safetext.PadRight(who(f), s.whoWidth()))
	}
	l = l.Then(levelCell(r.Level, w))
	at := l.Width()
	text := s.message(&f, first, w)
	tail := s.tail(r, &f, i)
	if s.look.wrap {
		if len(tail) > 0 {
			text = text.Add(theme.Dim, "  ").Then(tail)
		}
		return laid{Line: l, text: text, at: at}
	}
	text = text.Drop(max(s.look.part, 0))
	if len(tail) == 0 {
		return laid{Line: l.Then(text), at: at}
	}
	return laid{Line: kit.Apart(l.Then(text), kit.T(" ").Then(tail), w), at: at}
}

// message is the text of a record: what stands behind time, thread and level,
// after a short form of who logged it.
func (s *logView) message(f *logs.Fields, first []byte, w int) kit.Line {
	body := first
	if f.Body.From <= len(first) {
		body = first[f.Body.From:]
	}
	head := ""
	switch {
	case w < full || s.look.bare:
	case f.Shell:
		head = fmt.Sprintf("ShellLog pid:%d %s ", f.PID, f.Component)
	case f.Logger != "" && f.Logger != f.Component:
		head = shortLogger(f.Logger) + " "
	}
	text := s.lit(safetext.Clean(string(s.visible(body, w))))
	if head == "" {
		return text
	}
	return kit.S(theme.Dim, head).Then(text)
}

// shortLogger shortens the packages of a class to their first letters.
func shortLogger(name string) string {
	parts := strings.Split(name, ".")
	if len(parts) < 3 {
		return name
	}
	for i := range len(parts) - 1 {
		for _, first := range parts[i] {
			parts[i] = string(first)
			break
		}
	}
	return strings.Join(parts, ".")
}

// who is the component and the task.
func who(f logs.Fields) string {
	if f.Task > 0 {
		return fmt.Sprintf("%s %d", f.Component, f.Task)
	}
	return f.Component
}

// whoWidth is the width of the column for component and task, a blank included.
func (s *logView) whoWidth() int {
	if c := s.arg.Component; c != "" {
		return max(min(safetext.Width(c)+5, 18), 9)
	}
	return 15
}

// visible is as much of a line as can matter for what is shown of it: a line may
// be very long, and of it a screen and what is scrolled away is laid out.
func (s *logView) visible(line []byte, w int) []byte {
	const widest = 16 // bytes of a cell with its marks, generously
	most := (max(s.look.part, 0) + w) * widest
	if s.look.wrap {
		most = w * maxWrapped * 4
	}
	return line[:min(len(line), most)]
}

// maxWrapped is how many rows of one line are laid out at most.
const maxWrapped = 100

// lit is clean text with what was searched for or let in underlined.
func (s *logView) lit(text string) kit.Line {
	if len(s.lights) == 0 {
		return kit.T(text)
	}
	var l kit.Line
	at := 0
	for _, hit := range hits(s.lights, []byte(text)) {
		if hit[0] > at {
			l = append(l, kit.Span{Text: text[at:hit[0]]})
		}
		l = append(l, kit.Span{Text: text[hit[0]:hit[1]], Tok: theme.Match, Attr: kit.Under})
		at = hit[1]
	}
	return append(l, kit.Span{Text: text[at:]})
}

// hits are the places of all matches, in order and without overlaps.
func hits(lights []*match.Matcher, text []byte) [][2]int {
	var all [][2]int
	for _, m := range lights {
		all = append(all, m.Index(text)...)
	}
	if len(lights) == 1 {
		return all
	}
	slices.SortFunc(all, func(a, b [2]int) int { return a[0] - b[0] })
	joined := all[:0]
	for _, at := range all {
		if n := len(joined); n > 0 && at[0] <= joined[n-1][1] {
			joined[n-1][1] = max(joined[n-1][1], at[1])
			continue
		}
		joined = append(joined, at)
	}
	return joined
}

// tail is what stands at the right of a record.
func (s *logView) tail(r *logs.Record, f *logs.Fields, i int) kit.Line {
	g := s.env.Theme.Glyphs
	var l kit.Line
	add := func(tok theme.Token, text string) {
		if len(l) > 0 {
			l = l.Add(theme.Dim, " "+g.Dot+" ")
		}
		l = l.Add(tok, text)
	}
	if n := s.repeats(i); n > maxRepeats {
		add(theme.Accent, fmt.Sprintf("%s%d+", g.Times, maxRepeats))
	} else if n > 1 {
		add(theme.Accent, fmt.Sprintf("%s%d", g.Times, n))
	}
	if r.Lines > 1 && !s.isOpen(r) {
		add(theme.Dim, fmt.Sprintf("%s %d lines", g.Shut, r.Lines))
	}
	if r.Cut {
		add(theme.Warn, g.More+"+"+human.Bytes(r.Missing))
	}
	if r.Late {
		add(theme.Warn, s.lateWords(r))
	}
	if r.Again {
		add(theme.Dim, "this hour comes twice")
	}
	if n := len(r.Origins); n > 0 {
		add(theme.Dim, fmt.Sprintf("%d origins", n+1))
	} else if f.PID > 0 && !f.Shell {
		add(theme.Dim, fmt.Sprintf("pid %d", f.PID))
	}
	return l
}

// lateWords says how late a record came: how far its time is behind that of the
// record before it.
func (s *logView) lateWords(r *logs.Record) string {
	if r.Seq > 0 && r.Time != 0 {
		if before, ok := s.store.At(r.Seq - 1); ok && before.Time > r.Time {
			return "late +" + human.Latency(float64(before.Time-r.Time)/float64(time.Millisecond))
		}
	}
	return "late"
}

// markLine says what happened to a source, where its text would be.
func (s *logView) markLine(r *logs.Record, src logs.Source, text string, w int) kit.Line {
	tok := theme.Wait
	switch r.Mark {
	case logs.MarkLost, logs.MarkGap, logs.MarkDropped:
		tok = theme.Warn
	case logs.MarkJoined, logs.MarkLeft:
		tok = theme.Moving
	default:
	}
	text = safetext.Clean(text)
	head := ""
	if w >= full && s.look.part >= 0 {
		head = safetext.Spaces(s.whoWidth())
	} else if r.Source >= 0 {
		if where := whereOf(src); where != "" {
			if word, rest, ok := strings.Cut(text, ":"); ok && !strings.Contains(word, " ") {
				text = word + " " + safetext.Clean(where) + ":" + rest
			}
		}
	}
	dash := s.env.Theme.Glyphs.H + s.env.Theme.Glyphs.H
	return kit.T(head).Add(theme.Rule, dash).Add(tok, " "+text+" ").Add(theme.Rule, dash)
}

// stamp is the time column, a blank behind it included.
func (s *logView) stamp(r *logs.Record, w int) kit.Line {
	layout := "15:04:05.000 "
	if w < full {
		layout = "15:04:05 "
	}
	switch s.look.stamps {
	case stampOff:
		return nil
	case stampDate:
		layout = "2006-01-02 " + layout
	case stampAge:
		layout = "       "
	case stampTime, stampModes:
	}
	if r.Time == 0 {
		return kit.T(safetext.Spaces(len(layout)))
	}
	at := time.Unix(0, r.Time).In(s.env.Now.Location())
	if s.look.stamps == stampAge {
		return kit.S(theme.Dim, safetext.PadLeft(human.Age(max(s.env.Now.Sub(at), 0)), len(layout)-1)+" ")
	}
	return kit.S(theme.Dim, at.Format(layout))
}

// gutter tells the source: its letter, and its host and port where there is room.
func (s *logView) gutter(r *logs.Record, src logs.Source, w int) kit.Line {
	tok := theme.Cat(int(r.Source))
	l := kit.S(tok, sourceLetter(r.Source)+" ")
	if w < full || s.look.part < -1 {
		return l
	}
	return l.Add(tok, safetext.PadRight(whereOf(src), s.whereW)+" ")
}

// sourceLetter is a source's one letter; after 52 they repeat.
func sourceLetter(index int32) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if index < 0 {
		return "·" // nobody's: what stormtop itself says
	}
	return letters[index%int32(len(letters)) : index%int32(len(letters))+1]
}

// measure finds the width of the column for host and port: what the sources
// need, within bounds.
func (s *logView) measure() {
	sources := s.store.Sources()
	if len(sources) == s.whereN {
		return
	}
	was := s.whereW
	s.whereN, s.whereW = len(sources), 7
	for _, src := range sources {
		s.whereW = min(max(s.whereW, safetext.Width(whereOf(src))), 20)
	}
	if s.whereW != was {
		s.stream.Forget()
	}
}

// whereOf is where a source is, in a few cells.
func whereOf(src logs.Source) string {
	switch {
	case src.Kind == logs.KindPython && src.Component != "":
		return src.Host + " " + src.Component
	case src.Kind == logs.KindPython:
		return src.Host + " python"
	case src.Port > 0:
		return fmt.Sprintf("%s:%d", src.Host, src.Port)
	case src.Kind == logs.KindDaemon && src.Host != "":
		return src.Host + " " + strings.TrimSuffix(src.Name(), ".log")
	case src.Host != "":
		return src.Host
	case src.Key() == ":":
		return "stormtop"
	}
	return src.Name()
}

// levelCell is the level, coloured only where it should be looked at, with the
// blanks around it.
func levelCell(level logs.Level, w int) kit.Line {
	word := level.String()
	tok := theme.Dim
	switch level {
	case logs.LevelError, logs.LevelFatal:
		tok = theme.Crit
	case logs.LevelWarn:
		tok = theme.Warn
	default:
	}
	if w < full {
		return kit.S(tok, safetext.PadRight(word[:min(len(word), 1)], 1)+" ")
	}
	return kit.S(tok, " "+safetext.PadRight(word, 5)+" ")
}

// summary says in one line what a trace comes to: its deepest cause, or the last
// line of a traceback.
func summary(text []byte) string {
	const most = 400 // lines looked at, from the end
	_, rest, _ := bytes.Cut(text, []byte{'\n'})
	head, _, _ := bytes.Cut(rest, []byte{'\n'})
	head = bytes.TrimSpace(head)
	last := []byte(nil)
	traceback := bytes.HasPrefix(head, []byte("Traceback"))
	for n := 0; len(rest) > 0 && n < most; n++ {
		at := bytes.LastIndexByte(rest, '\n')
		line := bytes.TrimSpace(rest[at+1:])
		rest = rest[:max(at, 0)]
		if len(line) == 0 {
			continue
		}
		if bytes.HasPrefix(line, []byte("Caused by:")) {
			return oneLine(line)
		}
		if last == nil {
			last = line
		}
	}
	switch {
	case traceback:
		return "Traceback … " + oneLine(last)
	case len(head) == 0 || bytes.HasPrefix(head, []byte("at ")):
		return ""
	}
	return oneLine(head)
}

// oneLine is a line, clean and not longer than a screen is wide.
func oneLine(line []byte) string {
	const most = 4 << 10
	return safetext.Clean(string(line[:min(len(line), most)]))
}
