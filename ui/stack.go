package ui

import (
	"slices"

	"github.com/stormtop/stormtop/ui/screen"
)

// maxStack bounds the back stack; older entries are forgotten.
const maxStack = 32

// opened is one screen on the back stack.
type opened struct {
	spec screen.Spec
	arg  screen.Arg
	scr  screen.Screen
	self uint64 // never reused in a session
}

// stack is where the user is and how they came there. Root screens are kept by
// ID, so that cursor, marks and filter of each survive a switch.
type stack struct {
	items []opened
	roots map[screen.ID]opened
	// last is the stack before the previous switch, for "-".
	last []opened
	next uint64
}

func (s *stack) top() *opened { return &s.items[len(s.items)-1] }

func (s *stack) make(env screen.Env, spec screen.Spec, arg screen.Arg) opened {
	s.next++
	env.Self = s.next
	return opened{spec: spec, arg: arg, scr: spec.New(env, arg), self: s.next}
}

// open puts a screen on top; a root screen replaces the whole stack.
func (s *stack) open(env screen.Env, spec screen.Spec, arg screen.Arg) {
	if s.roots == nil {
		s.roots = map[screen.ID]opened{}
	}
	s.remember()
	if isRoot(spec) && spec.Over && arg != (screen.Arg{}) {
		o := s.make(env, spec, arg)
		s.roots[spec.ID] = o
		s.push(o)
		return
	}
	if isRoot(spec) {
		root, kept := s.roots[spec.ID]
		if !kept || arg != (screen.Arg{}) {
			root = s.make(env, spec, arg)
			s.roots[spec.ID] = root
		}
		s.items = []opened{root}
		return
	}
	s.push(s.make(env, spec, arg))
}

func (s *stack) push(o opened) {
	s.items = append(s.items, o)
	if over := len(s.items) - maxStack; over > 0 {
		s.items = append([]opened(nil), s.items[over:]...)
	}
}

// back leaves the top screen and reports whether there was one below.
func (s *stack) back() bool {
	if len(s.items) < 2 {
		return false
	}
	s.remember()
	s.items = s.items[:len(s.items)-1]
	return true
}

// swap goes to where the user was before the last move.
func (s *stack) swap() bool {
	if len(s.last) == 0 {
		return false
	}
	s.items, s.last = s.last, append([]opened(nil), s.items...)
	return true
}

func (s *stack) remember() {
	if len(s.items) > 0 {
		s.last = append([]opened(nil), s.items...)
	}
}

// root is the tab the stack stands on: the one of the topmost screen that has
// one.
func (s *stack) root() screen.ID {
	for _, o := range slices.Backward(s.items) {
		if isRoot(o.spec) {
			return o.spec.ID
		}
	}
	return ""
}

// find returns the screen that asked, wherever it is.
func (s *stack) find(self uint64) *opened {
	for _, list := range [][]opened{s.items, s.last} {
		for i := range list {
			if list[i].self == self {
				return &list[i]
			}
		}
	}
	for _, o := range s.roots {
		if o.self == self {
			return &o
		}
	}
	return nil
}

// isRoot reports whether a screen has a tab of its own.
func isRoot(spec screen.Spec) bool { return spec.Order >= 0 && len(spec.Key.Keys()) > 0 }
