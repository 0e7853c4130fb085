package match

import (
	"bytes"
	"regexp/syntax"
	"slices"
)

// A probe finds where one of its needles stands. Of the bytes of each needle it
// looks for the rarest, three places at a time.
type probe struct {
	needles []target
	// at are the distances of the three places looked at, the first 0 unless
	// there is one needle only.
	at    [3]int
	reach int // the largest of at
	masks [3][2][32]byte
	// pair: one needle whose two rarest places are one letter each, in want as
	// the bits to set and the byte then.
	pair  bool
	want  [2][2][32]byte
	exact bool // wherever a needle stands the line matches
}

// A target is a needle of a probe.
type target struct {
	sets   []set
	anchor int // how far into the needle the probe's first place is
	text   []byte
	fold   []byte     // bits to set in the line's bytes before comparing, nil for none
	plain  bool       // text and fold say everything
	cr     bool       // its last byte may be a carriage return
	before *condition // reads backwards; nil when there is none
	after  *condition
}

// A histogram says how often each byte occurs, in 1/65,536.
type histogram [256]uint32

// usual is the histogram of lines as Storm writes them, for texts too short to
// have their own.
var usual = count([]byte(`2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [WARN] ShellLog pid:18075, name:charge order 1120 failed
2026-11-21 04:00:43.316 o.a.s.e.b.BoltExecutor Thread-17-orders-executor[10, 10] [INFO] Processing received TUPLE: source: sentences:4, stream: default, id: {-6420987=33}, [the quick brown fox] for TASK: 10
2026-11-21 04:00:44.002 o.a.s.e.e.ReportError Thread-20 [ERROR] Error
java.lang.RuntimeException: java.io.IOException: Stream closed
	at java.base/java.io.BufferedOutputStream.flush(BufferedOutputStream.java:142)
Caused by: java.util.concurrent.ExecutionException: KeyError, queue jammed, exit code 143, zookeeper, XY
`))

func count(text []byte) *histogram {
	var h histogram
	for _, c := range text {
		h[c]++
	}
	for i := range h {
		h[i] = uint32(uint64(h[i])<<16/uint64(max(len(text), 1))) + 1
	}
	return &h
}

// weight is how often a byte of the set occurs.
func (h *histogram) weight(s *set) uint64 {
	var n uint64
	for w, bits := range s {
		for b := range 64 {
			if bits>>b&1 != 0 {
				n += uint64(h[w<<6|b])
			}
		}
	}
	return n
}

// newTarget makes a target of a needle, without its conditions.
func newTarget(n *needle) target {
	t := target{sets: n.sets, text: make([]byte, len(n.sets)), plain: true}
	fold := make([]byte, len(n.sets))
	folds := false
	for i := range n.sets {
		var in []byte
		for c := range 256 {
			if n.sets[i].has(byte(c)) {
				in = append(in, byte(c))
			}
		}
		switch {
		case len(in) == 1:
			t.text[i] = in[0]
		case len(in) == 2 && in[0]|0x20 == in[1] && in[0]&0x20 == 0:
			t.text[i], fold[i], folds = in[1], 0x20, true
		default:
			t.plain = false
		}
	}
	if folds {
		t.fold = fold
	}
	t.cr = n.sets[len(n.sets)-1].has('\r')
	return t
}

// in reports whether the needle stands at line[from:].
func (t *target) in(line []byte, from int) bool {
	if from < 0 || from+len(t.sets) > len(line) {
		return false
	}
	b := line[from : from+len(t.sets)]
	switch {
	case !t.plain:
		for i, c := range b {
			if !t.sets[i].has(c) {
				return false
			}
		}
		return true
	case t.fold == nil:
		return bytes.Equal(b, t.text)
	default:
		for i, c := range b {
			if c|t.fold[i] != t.text[i] {
				return false
			}
		}
		return true
	}
}

// single reports whether the needle has one character at a place, a letter of
// either case included.
func (t *target) single(i int) bool { return t.text[i] != 0 || t.sets[i] == set{1} }

// newProbe makes a probe of targets, of at least one.
func newProbe(targets []target, h *histogram) *probe {
	p := &probe{needles: targets}
	if len(targets) == 1 {
		p.spread(h)
		p.pairs()
	} else {
		p.align(h)
	}
	p.reach = max(p.at[0], p.at[1], p.at[2])
	for i := range targets {
		bit := byte(1) << (i & 7)
		for k := range p.at {
			s := &targets[i].sets[targets[i].anchor+p.at[k]]
			for c := range 256 {
				if s.has(byte(c)) {
					m := &p.masks[k]
					m[0][c&15] |= bit
					m[0][16+c&15] |= bit
					m[1][c>>4] |= bit
					m[1][16+c>>4] |= bit
				}
			}
		}
	}
	return p
}

// spread takes the three rarest places of the only needle.
func (p *probe) spread(h *histogram) {
	t := &p.needles[0]
	order := make([]int, len(t.sets))
	weights := make([]uint64, len(t.sets))
	for i := range order {
		order[i], weights[i] = i, h.weight(&t.sets[i])
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case weights[a] < weights[b]:
			return -1
		case weights[a] > weights[b]:
			return 1
		default:
			return 0
		}
	})
	for k := range p.at {
		p.at[k] = order[min(k, len(order)-1)]
	}
}

// pairs prepares the search for two letters only, which is faster.
func (p *probe) pairs() {
	t := &p.needles[0]
	if !t.single(p.at[0]) || !t.single(p.at[1]) {
		return
	}
	p.pair = true
	for k := range p.want {
		for i := range 32 {
			if t.fold != nil {
				p.want[k][0][i] = t.fold[p.at[k]]
			}
			p.want[k][1][i] = t.text[p.at[k]]
		}
	}
}

// align takes three places side by side, in each needle the rarest.
func (p *probe) align(h *histogram) {
	width := 3
	for i := range p.needles {
		width = min(width, len(p.needles[i].sets))
	}
	for k := range p.at {
		p.at[k] = min(k, width-1)
	}
	for i := range p.needles {
		t := &p.needles[i]
		best := ^uint64(0)
		for from := 0; from+width <= len(t.sets); from++ {
			w := uint64(1)
			for k := range width {
				w *= min(h.weight(&t.sets[from+k]), 1<<16)
			}
			if w < best {
				best, t.anchor = w, from
			}
		}
	}
}

// find is the first place from on where the bytes look like a needle, or -1. It
// is where the places in at are counted from.
func (p *probe) find(text []byte, from int) int {
	n := len(text) - p.reach - from
	if n <= 0 {
		return -1
	}
	if !haveKernel || n < 32 {
		return p.findGo(text, from)
	}
	i := p.kernel(&text[from], n&^31)
	if i < 0 && n&31 != 0 {
		from += n - 32 // the rest, with some that was looked at
		i = p.kernel(&text[from], 32)
	}
	if i < 0 {
		return -1
	}
	return from + i
}

func (p *probe) kernel(data *byte, n int) int {
	if p.pair {
		return kernelPairAVX2(data, n, &p.want, &p.at)
	}
	return kernelAVX2(data, n, &p.masks, &p.at)
}

// findGo is find without the kernel.
func (p *probe) findGo(text []byte, from int) int {
	end := len(text) - p.reach
	if p.pair {
		fold0, fold1 := p.want[0][0][0], p.want[1][0][0]
		want0, want1 := p.want[0][1][0], p.want[1][1][0]
		for i := from; i < end; i++ {
			if fold0 == 0 {
				// The rarest byte leads from place to place.
				j := bytes.IndexByte(text[i+p.at[0]:end+p.at[0]], want0)
				if j < 0 {
					return -1
				}
				i += j
			}
			if text[i+p.at[0]]|fold0 == want0 && text[i+p.at[1]]|fold1 == want1 {
				return i
			}
		}
		return -1
	}
	m := &p.masks
	for i := from; i < end; i++ {
		a, b, c := text[i+p.at[0]], text[i+p.at[1]], text[i+p.at[2]]
		if m[0][0][a&15]&m[0][1][a>>4]&m[1][0][b&15]&m[1][1][b>>4]&m[2][0][c&15]&m[2][1][c>>4] != 0 {
			return i
		}
	}
	return -1
}

// A condition is what must match beside a needle. Its automaton, with a large
// table, is made when it is first asked for.
type condition struct {
	prog *syntax.Prog
	d    *dfa
}

func newCondition(re *syntax.Regexp) (*condition, error) {
	prog, err := syntax.Compile(re.Simplify())
	return &condition{prog: prog}, err
}

func (c *condition) dfa() *dfa {
	if c.d == nil {
		c.d = newDFA(c.prog, true)
	}
	return c.d
}

// conditions makes the conditions of a needle.
func (t *target) conditions(n *needle) (err error) {
	if n.before != nil {
		if t.before, err = newCondition(reverse(n.before)); err != nil {
			return err
		}
	}
	if n.after != nil {
		t.after, err = newCondition(n.after)
	}
	return err
}
