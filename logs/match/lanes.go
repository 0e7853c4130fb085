package match

import "slices"

// Running an automaton waits for memory: each step needs the one before. So four
// places of a text are read at once.

// blockSize is how much text a lane takes at a time.
const blockSize = 32 << 10

// A lane reads one block.
type lane struct {
	pos, end int
	state    uint16
}

// lanes is the number of matching lines of text. With keep set the places of
// their line feeds (or of the end of the text) are in s.ends, in order.
func (s *scanner) lanes(text []byte, keep bool) int64 {
	s.ends = s.ends[:0]
	r := laneRun{s: s, d: s.dfa(), text: text, keep: keep}
	if !s.spent {
		r.run()
	}
	r.slow(&lane{pos: r.fed, end: len(text)})
	if keep {
		slices.Sort(s.ends)
	}
	return r.n
}

type laneRun struct {
	s    *scanner
	d    *dfa
	text []byte
	keep bool
	n    int64
	fed  int // what has been given to lanes
	set  [4]lane
}

// feed gives a lane the next block.
func (r *laneRun) feed(l *lane) bool {
	if r.fed >= len(r.text) {
		return false
	}
	size := min(max(len(r.text)/8, 256), blockSize)
	end := len(r.text)
	if r.fed+size < end {
		end = min(lineEnd(r.text, r.fed+size)+1, end)
	}
	l.pos, l.end, l.state = r.fed, end, r.d.start()
	r.fed = end
	return true
}

func (r *laneRun) hit(end int) {
	r.n++
	if r.keep {
		r.s.ends = append(r.s.ends, end)
	}
}

func (r *laneRun) run() {
	active := 0
	for active < len(r.set) && r.feed(&r.set[active]) {
		active++
	}
	for active == len(r.set) {
		r.four()
		for i := 0; i < active; i++ {
			l := &r.set[i]
			if l.pos < l.end && !r.step(l) {
				r.giveUp(active)
				return
			}
			if l.pos >= l.end {
				r.finish(l)
				if !r.feed(l) {
					active--
					r.set[i], r.set[active] = r.set[active], r.set[i]
					i--
				}
			}
		}
	}
	for i := range active {
		l := &r.set[i]
		for l.pos < l.end {
			if !r.step(l) {
				// The lanes before are done; the others go on without tables.
				copy(r.set[:], r.set[i:active])
				r.giveUp(active - i)
				return
			}
		}
		r.finish(l)
	}
}

// four reads with all lanes until one of them needs care.
func (r *laneRun) four() {
	t, cl := r.d.trans, &r.d.classes
	a, b, c, d := &r.set[0], &r.set[1], &r.set[2], &r.set[3]
	n := min(a.end-a.pos, b.end-b.pos, c.end-c.pos, d.end-d.pos)
	ta := r.text[a.pos : a.pos+n : a.pos+n]
	tb := r.text[b.pos : b.pos+n : b.pos+n][:len(ta)]
	tc := r.text[c.pos : c.pos+n : c.pos+n][:len(ta)]
	td := r.text[d.pos : d.pos+n : d.pos+n][:len(ta)]
	sa, sb, sc, sd := a.state, b.state, c.state, d.state
	j := 0
	for ; j < len(ta); j++ {
		na := t[sa+uint16(cl[ta[j]])]
		nb := t[sb+uint16(cl[tb[j]])]
		nc := t[sc+uint16(cl[tc[j]])]
		nd := t[sd+uint16(cl[td[j]])]
		if (na|nb|nc|nd)&1 != 0 {
			break
		}
		sa, sb, sc, sd = na, nb, nc, nd
	}
	a.pos, b.pos, c.pos, d.pos = a.pos+j, b.pos+j, c.pos+j, d.pos+j
	a.state, b.state, c.state, d.state = sa, sb, sc, sd
}

// step reads one byte with care, or the rest of a line that is decided. False
// when the automaton has too many states.
func (r *laneRun) step(l *lane) bool {
	d := r.d
	c := r.text[l.pos]
	to := d.trans[l.state+uint16(d.classes[c])]
	if to == unknown {
		if c == '\n' {
			if to = d.end(l.state); to == endNo {
				to = d.start()
				d.trans[l.state+uint16(d.classes['\n'])] = to
			}
		} else {
			to = d.next(l.state, c)
		}
	}
	if to == carriage {
		if l.pos+1 == len(r.text) || r.text[l.pos+1] == '\n' {
			if d.end(l.state) == endYes {
				r.hit(min(l.pos+1, len(r.text)))
			}
			l.pos, l.state = l.pos+2, d.start()
			return true
		}
		to = d.next(l.state, c)
	}
	switch to {
	case matched:
		end := lineEnd(r.text, l.pos)
		r.hit(end)
		l.pos, l.state = end+1, d.start()
	case dead:
		l.pos, l.state = lineEnd(r.text, l.pos)+1, d.start()
	case endYes:
		r.hit(l.pos)
		l.pos, l.state = l.pos+1, d.start()
	case endNo:
		l.pos, l.state = l.pos+1, d.start()
	case overfull:
		return r.renew()
	default:
		l.pos, l.state = l.pos+1, to
	}
	return true
}

// finish decides a last line without a line feed.
func (r *laneRun) finish(l *lane) {
	if l.end == len(r.text) && l.pos == l.end && len(r.text) > 0 && r.text[l.end-1] != '\n' {
		if r.d.end(l.state) == endYes {
			r.hit(l.end)
		}
	}
}

// renew begins the table of states anew with the states the lanes are in.
func (r *laneRun) renew() bool {
	d := r.d
	if d.flushes >= maxFlushes {
		return false
	}
	d.flushes++
	var keep [4]state
	for i := range r.set {
		keep[i] = d.states[int(r.set[i].state)/d.stride]
	}
	d.empty()
	for i := range r.set {
		s := d.state(keep[i].set, keep[i].tail, keep[i].flags)
		if s == overfull {
			return false
		}
		r.set[i].state = s
	}
	return true
}

// giveUp lets package regexp decide the lines that the lanes have not.
func (r *laneRun) giveUp(active int) {
	r.s.spent = true
	for i := range active {
		l := &r.set[i]
		if l.pos >= l.end {
			r.finish(l)
			continue
		}
		// Back to the beginning of the line it is in; nothing of it was counted.
		r.slow(&lane{pos: lineStart(r.text, l.pos), end: l.end})
	}
}

// slow reads lines one by one.
func (r *laneRun) slow(l *lane) {
	for l.pos < l.end {
		end := lineEnd(r.text, l.pos)
		if r.s.line(r.text[l.pos:end]) {
			r.hit(end)
		}
		l.pos = end + 1
	}
}
