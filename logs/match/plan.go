package match

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A pattern is turned into branches, one of which every match goes through. A
// branch is a row of items; a run of items that are single bytes is a needle,
// for which the lines are searched, and what stands before and after the needle
// is verified from there.

// maxBranches bounds the branches of a plan, maxNeedle the bytes of a needle.
const (
	maxBranches = 32
	maxNeedle   = 48
)

// A set is the bytes that may stand at one place.
type set [4]uint64

func (s *set) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *set) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }
func (s *set) empty() bool     { return *s == set{} }

// An item is a part of a branch: a byte (or one byte of several possible ones),
// the same repeated once or more, or any other expression.
type item struct {
	re   *syntax.Regexp
	set  set
	kind itemKind
	// inside is set on the bytes of a character after its first.
	inside bool
}

type itemKind uint8

const (
	itemOther itemKind = iota
	itemByte
	itemPlus
)

// A branch is one way to match, as items in order.
type branch []item

// A needle is a row of byte sets that stands in every line which matches through
// its branch.
type needle struct {
	sets []set
	// before and after are what must match up to the needle and from its end
	// on; nil where anything does.
	before, after *syntax.Regexp
}

// split takes an expression apart. It never gives more branches than
// maxBranches: what would is left whole.
func split(re *syntax.Regexp) []branch {
	whole := []branch{{{re: re}}}
	switch re.Op {
	case syntax.OpNoMatch:
		return nil
	case syntax.OpEmptyMatch:
		return []branch{{}}
	case syntax.OpCapture:
		return split(re.Sub[0])
	case syntax.OpLiteral:
		return literal(re)
	case syntax.OpCharClass:
		return class(re)
	case syntax.OpPlus:
		if sub := split(re.Sub[0]); len(sub) == 1 && len(sub[0]) == 1 && sub[0][0].kind == itemByte {
			it := sub[0][0]
			it.kind, it.re = itemPlus, re
			return []branch{{it}}
		}
		return whole
	case syntax.OpAlternate:
		var all []branch
		for _, sub := range re.Sub {
			list := split(sub)
			if len(all)+len(list) > maxBranches {
				return whole
			}
			all = append(all, list...)
		}
		return all
	case syntax.OpConcat:
		all := []branch{{}}
		for _, sub := range re.Sub {
			list := split(sub)
			if len(list)*len(all) > maxBranches || len(list) > 1 && !plain(list) {
				list = []branch{{{re: sub}}}
			}
			var next []branch
			for _, b := range all {
				for _, c := range list {
					next = append(next, append(slices.Clip(b), c...))
				}
			}
			all = next
		}
		return all
	default:
		return whole
	}
}

// plain reports whether the branches are bytes only.
func plain(list []branch) bool {
	for _, b := range list {
		for _, it := range b {
			if it.kind != itemByte {
				return false
			}
		}
	}
	return true
}

// literal makes branches of a text: one, unless letters fold to letters beyond
// ASCII.
func literal(re *syntax.Regexp) []branch {
	all := []branch{{}}
	for _, r := range re.Rune {
		list := letter(r, re.Flags&syntax.FoldCase != 0)
		if len(list)*len(all) > maxBranches {
			one := &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: []rune{r}}
			list = []branch{{{re: one}}}
		}
		var next []branch
		for _, b := range all {
			for _, c := range list {
				next = append(next, append(slices.Clip(b), c...))
			}
		}
		all = next
	}
	return all
}

// letter makes branches of a character: the ASCII ones it stands for as one
// byte, each other one as its bytes.
func letter(r rune, fold bool) []branch {
	if r == utf8.RuneError || r == '\n' || r > unicode.MaxRune || r >= 0xd800 && r < 0xe000 {
		// U+FFFD stands for every invalid byte, the others for nothing.
		one := &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{r}}
		if fold {
			one.Flags = syntax.FoldCase
		}
		return []branch{{{re: one}}}
	}
	var ascii set
	var list []branch
	add := func(r rune) {
		if r < utf8.RuneSelf {
			ascii.add(byte(r))
			return
		}
		list = append(list, encoded(r))
	}
	add(r)
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			add(f)
		}
	}
	if !ascii.empty() {
		list = append([]branch{{{set: ascii, kind: itemByte, re: setRegexp(ascii)}}}, list...)
	}
	return list
}

// encoded is the bytes of a character as items. The expression of the whole
// character is with its first byte; no needle begins or ends inside.
func encoded(r rune) branch {
	one := &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{r}}
	var b branch
	for i, c := range []byte(string(r)) {
		var s set
		s.add(c)
		it := item{set: s, kind: itemByte, inside: i > 0}
		if i == 0 {
			it.re = one
		} else {
			it.re = &syntax.Regexp{Op: syntax.OpEmptyMatch}
		}
		b = append(b, it)
	}
	return b
}

func setRegexp(s set) *syntax.Regexp {
	re := &syntax.Regexp{Op: syntax.OpCharClass}
	for c := range utf8.RuneSelf {
		if s.has(byte(c)) {
			re.Rune = append(re.Rune, rune(c), rune(c))
		}
	}
	return re
}

// class makes a byte of a class of ASCII characters.
func class(re *syntax.Regexp) []branch {
	var s set
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i+1] >= utf8.RuneSelf {
			return []branch{{{re: re}}}
		}
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			if r != '\n' { // no line has one
				s.add(byte(r))
			}
		}
	}
	if s.empty() {
		return nil
	}
	return []branch{{{set: s, kind: itemByte, re: re}}}
}

// needles are the runs of a branch, each with what surrounds it.
func (b branch) needles() []needle {
	b = b.normal()
	var all []needle
	for from := 0; from < len(b); from++ {
		if b[from].kind == itemOther || b[from].inside {
			continue
		}
		// A run begins here when nothing before could be part of it.
		if from > 0 && b[from].kind == itemByte && b[from-1].kind != itemOther {
			continue
		}
		to := from + 1
		for to < len(b) && to-from < maxNeedle && b[to].kind == itemByte {
			to++
		}
		if to < len(b) && to-from < maxNeedle && b[to].kind == itemPlus {
			to++ // its first one; the others come after
		}
		for to < len(b) && b[to].inside {
			to-- // not through a character
		}
		if to <= from {
			continue
		}
		n := needle{}
		for _, it := range b[from:to] {
			n.sets = append(n.sets, it.set)
		}
		n.before = concat(b[:from], star(b[from]), true)
		var rest *syntax.Regexp
		if to-1 > from {
			rest = star(b[to-1])
		}
		n.after = concat(b[to:], rest, false)
		all = append(all, n)
	}
	return all
}

// normal moves repetitions before equal bytes: dd+ is the same as d+d, and lets
// a needle go through both and on.
func (b branch) normal() branch {
	b = append(branch(nil), b...)
	for i := 1; i < len(b); i++ {
		for k := i; k > 0 && b[k].kind == itemPlus && b[k-1].kind == itemByte && b[k].set == b[k-1].set; k-- {
			b[k], b[k-1] = b[k-1], b[k]
		}
	}
	return b
}

// star is what is left of a repetition when one of it is taken away, nil for
// other items.
func star(it item) *syntax.Regexp {
	if it.kind != itemPlus {
		return nil
	}
	return &syntax.Regexp{Op: syntax.OpStar, Flags: it.re.Flags, Sub: it.re.Sub}
}

// concat is the expression of the items with another one after them (before is
// set: they stand before the needle) or before them; nil when the empty text
// matches it anywhere.
func concat(items []item, extra *syntax.Regexp, before bool) *syntax.Regexp {
	re := &syntax.Regexp{Op: syntax.OpConcat}
	if extra != nil && !before {
		re.Sub = append(re.Sub, extra)
	}
	for _, it := range items {
		re.Sub = append(re.Sub, it.re)
	}
	if extra != nil && before {
		re.Sub = append(re.Sub, extra)
	}
	if nullable(re) {
		return nil
	}
	return re
}

// nullable reports whether the empty text matches whatever stands around it.
func nullable(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return nullable(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || nullable(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !nullable(sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, nullable)
	default:
		return false
	}
}

// reverse is the expression that matches the texts of re read backwards.
func reverse(re *syntax.Regexp) *syntax.Regexp {
	out := *re
	out.Sub = nil
	switch re.Op {
	case syntax.OpLiteral:
		out.Rune = nil
		for _, v := range slices.Backward(re.Rune) {
			out.Rune = append(out.Rune, v)
		}
	case syntax.OpBeginLine:
		out.Op = syntax.OpEndLine
	case syntax.OpEndLine:
		out.Op = syntax.OpBeginLine
	case syntax.OpBeginText:
		out.Op = syntax.OpEndText
	case syntax.OpEndText:
		out.Op = syntax.OpBeginText
	case syntax.OpConcat:
		for _, v := range slices.Backward(re.Sub) {
			out.Sub = append(out.Sub, reverse(v))
		}
		return &out
	default:
	}
	for _, sub := range re.Sub {
		out.Sub = append(out.Sub, reverse(sub))
	}
	return &out
}
