package match

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"regexp"
	"regexp/syntax"
	"slices"
)

// A plan is what is known about a pattern before any text is seen.
type plan struct {
	prog *syntax.Prog
	std  []*regexp.Regexp
	// ways are the branches' needles, one to be chosen of each; nil when there
	// is a branch without one.
	ways [][]needle
	// nothing: no line matches. empty: an empty line matches.
	nothing, empty bool
}

// newPlan makes a plan of a parsed pattern; std decides the same lines when any
// of them does.
func newPlan(re *syntax.Regexp, std ...*regexp.Regexp) (*plan, error) {
	re = re.Simplify()
	prog, err := syntax.Compile(re)
	if err != nil {
		return nil, err
	}
	p := &plan{prog: prog, std: std}
	p.empty = p.match(nil)
	list := split(re)
	p.nothing = len(list) == 0
	for _, b := range list {
		needles := b.needles()
		if len(needles) == 0 {
			p.ways = nil
			break
		}
		p.ways = append(p.ways, needles)
	}
	return p, nil
}

// match lets package regexp decide about a line.
func (p *plan) match(line []byte) bool {
	return slices.ContainsFunc(p.std, func(re *regexp.Regexp) bool { return re.Match(line) })
}

// A scanner searches texts for the lines that match a plan. It keeps the
// automata it has made, and is for one goroutine.
type scanner struct {
	plan  *plan
	probe *probe
	// tuned: the probe was chosen by a text.
	tuned bool
	// automaton: the needles are so frequent that running over everything is
	// faster.
	automaton bool
	whole     *dfa
	spent     bool // the automaton has too many states: package regexp decides
	ends      []int
}

func newScanner(p *plan) *scanner {
	s := &scanner{plan: p}
	s.choose(nil)
	return s
}

// sampleSize is how much of a text is looked at to choose needles.
const sampleSize = 64 << 10

// tune chooses the needles by a text, once it is long enough to tell.
func (s *scanner) tune(text []byte) {
	if s.tuned || len(text) < sampleSize/4 {
		return
	}
	s.tuned = true
	s.choose(text[:min(len(text), sampleSize)])
}

// choose takes of each branch the needle that occurs least.
func (s *scanner) choose(sample []byte) {
	s.probe = nil
	if s.plan.ways == nil {
		return
	}
	h := usual
	if sample != nil {
		h = count(sample)
	}
	var targets []target
	exact := true
	for _, way := range s.plan.ways {
		best, bestCost := 0, ^uint64(0)
		for i := range way {
			if cost := frequency(&way[i], h, sample); cost < bestCost {
				best, bestCost = i, cost
			}
		}
		t := newTarget(&way[best])
		if t.conditions(&way[best]) != nil {
			return
		}
		exact = exact && t.before == nil && t.after == nil && !t.cr
		targets = append(targets, t)
	}
	s.probe = newProbe(targets, h)
	s.probe.exact = exact
	s.automaton = false
	if sample != nil && !exact {
		// Count the candidates that lead to nothing.
		vain := 0
		for at := 0; ; at++ {
			if at = s.probe.find(sample, at); at < 0 {
				break
			}
			if s.accept(sample, at) < 0 {
				vain++
			}
		}
		s.automaton = vain > len(sample)/64
	}
}

// frequency estimates how often a needle occurs: by counting where there is a
// sample, else by its three rarest bytes.
func frequency(n *needle, h *histogram, sample []byte) uint64 {
	t := newTarget(n)
	p := newProbe([]target{t}, h)
	estimate := uint64(1)
	for k := range p.at {
		if k > 0 && p.at[k] == p.at[k-1] {
			estimate <<= 16
			continue
		}
		estimate *= min(h.weight(&n.sets[p.at[k]]), 1<<16)
	}
	if sample == nil {
		return estimate >> 8
	}
	hits := uint64(0)
	for at := 0; ; at++ {
		if at = p.find(sample, at); at < 0 {
			break
		}
		hits++
		if t.in(sample, at) {
			hits += 2
		}
	}
	return hits<<40 + estimate>>8
}

// accept says where the needle that stands at a place found ends, when the line
// matches because of it; -1 when it does not, -2 when only the whole line can
// tell.
func (s *scanner) accept(text []byte, at int) int {
	p := s.probe
	verdict := -1
	for i := range p.needles {
		t := &p.needles[i]
		from := at - t.anchor
		if !t.in(text, from) {
			continue
		}
		end := from + len(t.sets)
		if t.cr && text[end-1] == '\r' && (end == len(text) || text[end] == '\n') {
			continue // it is not part of the line
		}
		decided := yes
		if t.after != nil {
			decided = t.after.dfa().ahead(text, end)
		}
		if decided == yes && t.before != nil {
			decided = t.before.dfa().back(text, from)
		}
		if decided == unsure {
			verdict = -2
		}
		if decided != yes {
			continue
		}
		return end
	}
	return verdict
}

type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// ahead runs from text[i] to the end of the line at most.
func (d *dfa) ahead(text []byte, i int) answer {
	s := d.startAfter(text[i-1])
	for ; i < len(text); i++ {
		c := text[i]
		if c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] == '\n') {
			break
		}
		to := d.trans[s+uint16(d.classes[c])]
		if to&1 != 0 {
			switch to = d.next(s, c); to {
			case matched:
				return yes
			case dead:
				return no
			case overfull:
				d.empty()
				return unsure
			}
		}
		s = to
	}
	if d.end(s) == endYes {
		return yes
	}
	return no
}

// back runs from text[i-1] to the beginning of the line at most. It does not go
// back over characters beyond ASCII.
func (d *dfa) back(text []byte, i int) answer {
	s := d.startAfter(text[i])
	for i--; i >= 0; i-- {
		c := text[i]
		if c == '\n' {
			break
		}
		if c >= 0x80 {
			return unsure
		}
		to := d.trans[s+uint16(d.classes[c])]
		if to&1 != 0 {
			switch to = d.next(s, c); to {
			case matched:
				return yes
			case dead:
				return no
			case overfull:
				d.empty()
				return unsure
			}
		}
		s = to
	}
	if d.end(s) == endYes {
		return yes
	}
	return no
}

// tries is how many needles in vain a line is given before all of it is read.
const tries = 8

// next is the next matching line from a line's beginning on: where its line feed
// is (or the text ends), or -1. It begins at lineStart(text, some), where some
// is a place inside it.
func (s *scanner) next(text []byte, from int) (some, end int) {
	p := s.probe
	vain, vainEnd := 0, -1
	for at := from; ; at++ {
		if at = p.find(text, at); at < 0 {
			return 0, -1
		}
		hit := s.accept(text, at)
		if hit >= 0 {
			return hit - 1, lineEnd(text, hit)
		}
		if at > vainEnd {
			vain, vainEnd = 0, lineEnd(text, at)
		}
		if vain++; hit == -2 || vain > tries {
			if s.line(text[lineStart(text, at):vainEnd]) {
				return at, vainEnd
			}
			at = vainEnd
		}
	}
}

// line reports whether a line matches, by reading all of it. It may end in a
// carriage return.
func (s *scanner) line(line []byte) bool {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if !s.spent {
		d := s.dfa()
		switch d.line(d.start(), line) {
		case matched, endYes:
			return true
		case dead, endNo:
			return false
		}
		s.spent = d.flushes >= maxFlushes
	}
	return s.plan.match(line)
}

// dfa is the automaton for whole lines.
func (s *scanner) dfa() *dfa {
	if s.whole == nil {
		anchored := s.plan.prog.StartCond()&(syntax.EmptyBeginText|syntax.EmptyBeginLine) != 0
		s.whole = newDFA(s.plan.prog, anchored)
	}
	return s.whole
}

func lineEnd(text []byte, i int) int {
	if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(text)
}

// lineStart is where the line begins that text[i] is in.
func lineStart(text []byte, i int) int {
	const feeds, low = 0x0a0a0a0a0a0a0a0a, 0x7f7f7f7f7f7f7f7f
	for ; i >= 8; i -= 8 {
		v := binary.LittleEndian.Uint64(text[i-8:]) ^ feeds
		// The high bit of each byte that is a line feed, and no other.
		if hit := ^((v&low + low) | v | low); hit != 0 {
			return i - bits.LeadingZeros64(hit)/8
		}
	}
	for i > 0 && text[i-1] != '\n' {
		i--
	}
	return i
}

// count is the number of matching lines of a text that begins with a line.
func (s *scanner) count(text []byte) int64 {
	if s.plan.nothing {
		return 0
	}
	s.tune(text)
	if s.probe == nil || s.automaton {
		return s.lanes(text, false)
	}
	var n int64
	for at := 0; at < len(text); {
		_, end := s.next(text, at)
		if end < 0 {
			break
		}
		n++
		at = end + 1
	}
	return n
}

// pieceSize is how much is looked at before the lines found are handed on,
// where they are not found in order.
const pieceSize = 512 << 10

// scan calls fn with where each matching line begins and where its line feed is,
// until fn returns false; false when it did.
func (s *scanner) scan(text []byte, fn func(from, end int) bool) bool {
	if s.plan.nothing {
		return true
	}
	s.tune(text)
	if s.probe != nil && !s.automaton {
		for at := 0; at < len(text); {
			some, end := s.next(text, at)
			if end < 0 {
				break
			}
			if !fn(lineStart(text, min(some, len(text))), end) {
				return false
			}
			at = end + 1
		}
		return true
	}
	for at := 0; at < len(text); {
		end := len(text)
		if at+pieceSize < len(text) {
			end = min(lineEnd(text, at+pieceSize)+1, len(text))
		}
		piece := text[at:end]
		s.lanes(piece, true)
		for _, e := range s.ends {
			if !fn(at+lineStart(piece, e), at+e) {
				return false
			}
		}
		at = end
	}
	return true
}
