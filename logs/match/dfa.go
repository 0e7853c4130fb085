package match

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A dfa decides whether a pattern matches in a line, one byte after the other.
//
// Its states are made when they are first reached. A state is the set of places
// in the program that the characters so far lead to, and the bytes of a
// character that is not complete: characters are decoded as package utf8 does,
// so that each invalid byte is U+FFFD, which is what package regexp sees. Which
// of several matches is found does not matter, so sets have no order.
//
// It is for one goroutine.
type dfa struct {
	prog *syntax.Prog
	// anchored: the match must begin where the dfa is started.
	anchored bool
	words    bool // the program asks for word boundaries
	classes  [256]uint8
	sample   []byte // of each class, one byte
	stride   int
	cuts     []rune // where the classes of characters begin
	// trans holds for each state and class the next state, or an odd number,
	// which is a verdict.
	trans  *[1 << 16]uint16
	cr     []uint16 // by state: where a carriage return inside a line leads
	states []state
	index  map[string]uint16
	tails  map[tailKey]tail
	// starts are the beginning states by what stands before: see start.
	starts [3]uint16
	// fresh counts states made since the last time the table was emptied;
	// flushes how often it was.
	flushes int
	scratch scratch
}

// Verdicts. Values that are even are states.
const (
	unknown  = 1  // not looked at yet
	matched  = 3  // the line matches whatever follows
	dead     = 5  // it cannot match any more
	endYes   = 7  // the line ends and matches
	endNo    = 9  // the line ends and does not match
	carriage = 11 // a carriage return: what follows decides whether the line ends
	overfull = 13 // too many states: somebody else must decide
)

// maxFlushes is how often the table of states may fill up before package regexp
// takes over.
const maxFlushes = 8

type state struct {
	set   []uint32
	tail  tail
	flags uint8
}

const (
	afterWord = 1 << iota // the character before is a word character
	atStart               // nothing is before
)

// A tail is the beginning of a character.
type tail struct {
	n uint8
	b [3]byte
}

type tailKey struct {
	n, need, lead uint8
	class         int
}

type scratch struct {
	seen  []uint32
	mark  uint32
	stack []uint32
	list  []uint32
	key   []byte
}

func newDFA(prog *syntax.Prog, anchored bool) *dfa {
	d := &dfa{prog: prog, anchored: anchored}
	for i := range prog.Inst {
		if in := &prog.Inst[i]; in.Op == syntax.InstEmptyWidth {
			if op := syntax.EmptyOp(in.Arg); op&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0 {
				d.words = true
			}
		}
	}
	d.scratch.seen = make([]uint32, len(prog.Inst))
	d.divide()
	d.trans = new([1 << 16]uint16)
	d.empty()
	return d
}

// divide makes classes of the bytes that the program never tells apart.
func (d *dfa) divide() {
	cuts := map[rune]bool{}
	cut := func(lo, hi rune) { cuts[lo], cuts[hi+1] = true, true }
	for i := range d.prog.Inst {
		in := &d.prog.Inst[i]
		switch in.Op {
		case syntax.InstRune, syntax.InstRune1:
			if len(in.Rune) == 1 {
				r := in.Rune[0]
				cut(r, r)
				if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
					for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
						cut(f, f)
					}
				}
				continue
			}
			for k := 0; k+1 < len(in.Rune); k += 2 {
				cut(in.Rune[k], in.Rune[k+1])
			}
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			cuts['\n'], cuts['\n'+1] = true, true
		default:
		}
	}
	cut('\n', '\n')
	cut('\r', '\r')
	if d.words {
		cut('0', '9')
		cut('A', 'Z')
		cut('_', '_')
		cut('a', 'z')
	}
	// Bytes above ASCII differ by what UTF-8 makes of them.
	begins := [257]bool{
		0: true, 0x80: true, 0x90: true, 0xa0: true, 0xc0: true, 0xc2: true, 0xe0: true, 0xe1: true,
		0xed: true, 0xee: true, 0xf0: true, 0xf1: true, 0xf4: true, 0xf5: true,
	}
	for r := range cuts {
		if r > unicode.MaxRune {
			continue
		}
		d.cuts = append(d.cuts, r)
		if r < utf8.RuneSelf {
			begins[r] = true
			continue
		}
		var b [utf8.UTFMax]byte
		n := utf8.EncodeRune(b[:], r)
		if r >= 0xd800 && r < 0xe000 {
			// No character, but classes may begin among the surrogates.
			n = 3
			b[0], b[1], b[2] = 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f
		}
		for i, c := range b[:n] {
			begins[c] = true
			if i < n-1 {
				begins[int(c)+1] = true
			}
		}
	}
	slices.Sort(d.cuts)
	class := -1
	for b := range 256 {
		if begins[b] {
			class++
			d.sample = append(d.sample, byte(b))
		}
		d.classes[b] = uint8(class)
	}
	d.stride = 16
	for d.stride < len(d.sample) {
		d.stride *= 2
	}
}

// empty forgets all states.
func (d *dfa) empty() {
	if d.states == nil {
		for i := range d.trans {
			d.trans[i] = unknown
		}
	} else {
		for i := range d.trans[:len(d.states)*d.stride] {
			d.trans[i] = unknown
		}
	}
	d.states, d.cr = d.states[:0], d.cr[:0]
	if d.states == nil {
		d.states = []state{}
	}
	d.index = map[string]uint16{}
	if d.tails == nil {
		d.tails = map[tailKey]tail{}
	}
	start := []uint32{uint32(d.prog.Start)}
	for i, flags := range []uint8{atStart, 0, afterWord} {
		d.starts[i] = d.state(start, tail{}, flags)
	}
}

// start is the state at the beginning of a line.
func (d *dfa) start() uint16 { return d.starts[0] }

// startAfter is the state after the byte before, inside a line.
func (d *dfa) startAfter(before byte) uint16 {
	if word(rune(before)) {
		return d.starts[2]
	}
	return d.starts[1]
}

func word(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}

// state is the number of a state, which is where its row begins in trans; it is
// overfull when the table is full.
func (d *dfa) state(set []uint32, t tail, flags uint8) uint16 {
	if !d.words {
		flags &^= afterWord
	}
	key := append(d.scratch.key[:0], flags, t.n, t.b[0], t.b[1], t.b[2])
	for _, pc := range set {
		key = binary.AppendUvarint(key, uint64(pc))
	}
	d.scratch.key = key
	if s, ok := d.index[string(key)]; ok {
		return s
	}
	at := len(d.states) * d.stride
	if at+d.stride > len(d.trans) {
		return overfull
	}
	s := uint16(at)
	d.index[string(key)] = s
	d.states = append(d.states, state{set: slices.Clone(set), tail: t, flags: flags})
	d.cr = append(d.cr, unknown)
	d.trans[at+int(d.classes['\r'])] = carriage
	return s
}

// next is where a byte leads from a state; the byte is no line feed. For a
// carriage return it is where one inside a line leads.
func (d *dfa) next(s uint16, b byte) uint16 {
	class := int(d.classes[b])
	if b == '\r' {
		k := int(s) / d.stride
		if d.cr[k] != unknown {
			return d.cr[k]
		}
		to := d.compute(s, b)
		if to != overfull {
			d.cr[k] = to
		}
		return to
	}
	if to := d.trans[int(s)+class]; to != unknown {
		return to
	}
	to := d.compute(s, d.sample[class])
	if to != overfull {
		d.trans[int(s)+class] = to
	}
	return to
}

// end is whether the line matches when it ends in a state: endYes or endNo.
func (d *dfa) end(s uint16) uint16 {
	at := int(s) + int(d.classes['\n'])
	if v := d.trans[at]; v != unknown {
		if v&1 == 0 {
			return endNo // a start state, put there for the lanes
		}
		return v
	}
	st := &d.states[int(s)/d.stride]
	v := uint16(endNo)
	set, flags := slices.Clone(st.set), st.flags
	for range st.tail.n {
		var hit bool
		if set, flags, hit = d.step(set, flags, utf8.RuneError); hit {
			v = endYes
		}
	}
	if v == endNo && d.closure(set, d.empties(flags, -1)) {
		v = endYes
	}
	d.trans[at] = v
	return v
}

// compute finds where a byte leads.
func (d *dfa) compute(s uint16, b byte) uint16 {
	st := d.states[int(s)/d.stride]
	set, flags := st.set, st.flags
	var buf [4]byte
	text := append(append(buf[:0], st.tail.b[:st.tail.n]...), b)
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		var hit bool
		if set, flags, hit = d.step(set, flags, r); hit {
			return matched
		}
	}
	if len(set) == 0 {
		return dead
	}
	return d.state(set, d.tail(text), flags)
}

// tail is the beginning of a character, or another one that can only end in
// characters of the same class.
func (d *dfa) tail(text []byte) tail {
	var t tail
	if len(text) == 0 {
		return t
	}
	t.n = uint8(copy(t.b[:], text))
	lo, hi, need := complete(text)
	class := d.class(lo)
	if class != d.class(hi) {
		return t
	}
	key := tailKey{n: t.n, need: need, class: class}
	if t.n == 1 {
		switch text[0] {
		case 0xe0, 0xed, 0xf0, 0xf4:
			key.lead = text[0] // the next byte is from a smaller range
		}
	}
	if same, ok := d.tails[key]; ok {
		return same
	}
	d.tails[key] = t
	return t
}

// complete is the range of characters that begin with these bytes, and how many
// bytes they have.
func complete(text []byte) (lo, hi rune, need uint8) {
	switch b := text[0]; {
	case b < 0xe0:
		need = 2
	case b < 0xf0:
		need = 3
	default:
		need = 4
	}
	var low, high [4]byte
	copy(low[:], text)
	copy(high[:], text)
	for i := len(text); i < int(need); i++ {
		low[i], high[i] = 0x80, 0xbf
		if i == 1 {
			switch text[0] {
			case 0xe0:
				low[i] = 0xa0
			case 0xed:
				high[i] = 0x9f
			case 0xf0:
				low[i] = 0x90
			case 0xf4:
				high[i] = 0x8f
			}
		}
	}
	lo, _ = utf8.DecodeRune(low[:need])
	hi, _ = utf8.DecodeRune(high[:need])
	return lo, hi, need
}

// class is the class of a character.
func (d *dfa) class(r rune) int {
	i, found := slices.BinarySearch(d.cuts, r)
	if found {
		i++
	}
	return i
}

// empties are the assertions that hold between what flags tells of and r; r is
// -1 at the end of the line.
func (d *dfa) empties(flags uint8, r rune) syntax.EmptyOp {
	var op syntax.EmptyOp
	if flags&atStart != 0 {
		op |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	}
	if r < 0 {
		op |= syntax.EmptyEndText | syntax.EmptyEndLine
	}
	if d.words {
		if (flags&afterWord != 0) != (r >= 0 && word(r)) {
			op |= syntax.EmptyWordBoundary
		} else {
			op |= syntax.EmptyNoWordBoundary
		}
	}
	return op
}

// closure puts into scratch.list the instructions for characters that set leads
// to where the assertions hold; true when it leads to a match.
func (d *dfa) closure(set []uint32, holds syntax.EmptyOp) bool {
	sc := &d.scratch
	sc.mark++
	if sc.mark == 0 {
		clear(sc.seen)
		sc.mark = 1
	}
	sc.list = sc.list[:0]
	stack := append(sc.stack[:0], set...)
	hit := false
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if sc.seen[pc] == sc.mark {
			continue
		}
		sc.seen[pc] = sc.mark
		in := &d.prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^holds == 0 {
				stack = append(stack, in.Out)
			}
		case syntax.InstMatch:
			hit = true
		case syntax.InstFail:
		default:
			sc.list = append(sc.list, pc)
		}
	}
	sc.stack = stack
	return hit
}

// step takes one character. The set returned is sorted and in scratch memory.
func (d *dfa) step(set []uint32, flags uint8, r rune) ([]uint32, uint8, bool) {
	if d.closure(set, d.empties(flags, r)) {
		return nil, 0, true
	}
	next := make([]uint32, 0, len(d.scratch.list)+1)
	for _, pc := range d.scratch.list {
		if in := &d.prog.Inst[pc]; runeMatches(in, r) {
			next = append(next, in.Out)
		}
	}
	if !d.anchored {
		next = append(next, uint32(d.prog.Start))
	}
	slices.Sort(next)
	next = slices.Compact(next)
	// What matches without looking any further matches.
	if d.closure(next, 0) {
		return nil, 0, true
	}
	flags = 0
	if d.words && word(r) {
		flags = afterWord
	}
	return next, flags, false
}

func runeMatches(in *syntax.Inst, r rune) bool {
	switch in.Op {
	case syntax.InstRune:
		return in.MatchRune(r)
	case syntax.InstRune1:
		return r == in.Rune[0]
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return r != '\n'
	default:
		return false
	}
}

// line runs over a line from a state and says matched, dead, endYes, endNo or
// overfull.
func (d *dfa) line(s uint16, line []byte) uint16 {
	flushed := false
	for i := range line {
		to := d.trans[s+uint16(d.classes[line[i]])]
		if to&1 == 0 {
			s = to
			continue
		}
		if to = d.next(s, line[i]); to == overfull {
			// Begin the table anew, with the state that was reached.
			if flushed || d.flushes >= maxFlushes {
				return overfull
			}
			flushed = true
			d.flushes++
			st := d.states[int(s)/d.stride]
			set := slices.Clone(st.set)
			d.empty()
			if s = d.state(set, st.tail, st.flags); s == overfull {
				return overfull
			}
			if to = d.next(s, line[i]); to == overfull {
				return overfull
			}
		}
		if to&1 != 0 {
			return to
		}
		s = to
	}
	return d.end(s)
}
