package screens

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// bodies are the sizes of the goldens: the terminal's less the frame's rows.
var bodies = []screen.Size{{W: 80, H: 19}, {W: 120, H: 35}, {W: 200, H: 55}}

// goldenEnv is the fixture's cluster with executors that count by stream and a
// configuration with secrets and Storm's defaults.
func goldenEnv() screen.Env {
	snap := fixtureWorld()
	for _, t := range snap.Topologies {
		countStreams(t)
	}
	env := fixtureEnv(snap)
	env.Secret = func(key string) bool {
		return strings.Contains(key, "token") || strings.Contains(key, "payload") || strings.Contains(key, "password")
	}
	return env
}

// countStreams gives the executors of a topology counters by input stream that
// fit their components' rates.
func countStreams(t *cluster.Topology) {
	for i := range t.Info.ExecutorList {
		e := &t.Info.ExecutorList[i]
		s := spec(t, e.Component)
		if s == nil || len(s.Inputs) == 0 {
			continue
		}
		bolt := &nimbusclient.BoltStats{}
		page := newestPage(t)
		at := slices.IndexFunc(page.Bolts, func(c nimbusclient.ComponentStats) bool { return c.ID == e.Component })
		for _, w := range nimbusclient.Windows {
			for n, in := range s.Inputs {
				// The first stream carries most.
				executed := int64(1000)
				if n == 0 {
					executed = 5600
				}
				set(&bolt.Executed, w, in.From, executed)
				set(&bolt.Acked, w, in.From, executed)
				set(&bolt.Failed, w, in.From, 20)
				set(&bolt.ExecuteMs, w, in.From, *page.Bolts[at].ExecuteMs)
				set(&bolt.ProcessMs, w, in.From, *page.Bolts[at].ProcessMs)
			}
		}
		e.Stats = &nimbusclient.ExecutorStats{Bolt: bolt, SampleRate: new(0.05)}
	}
}

func set[V any](m *map[nimbusclient.Window]map[nimbusclient.StreamID]V, w nimbusclient.Window, id nimbusclient.StreamID, v V) {
	if *m == nil {
		*m = map[nimbusclient.Window]map[nimbusclient.StreamID]V{}
	}
	if (*m)[w] == nil {
		(*m)[w] = map[nimbusclient.StreamID]V{}
	}
	(*m)[w][id] = v
}

// run gives a screen a message, and the answers of what it asks for.
func run(env screen.Env, s screen.Screen, msg tea.Msg) []tea.Msg {
	var sent []tea.Msg
	queue := []tea.Msg{msg}
	for len(queue) > 0 {
		cmd := s.Update(env, queue[0])
		queue = queue[1:]
		for _, m := range results(cmd) {
			if a, ok := m.(screen.Answer); ok && a.To == env.Self {
				queue = append(queue, a.Msg)
				continue
			}
			sent = append(sent, m)
		}
	}
	return sent
}

func results(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	batch, ok := msg.(tea.BatchMsg)
	if !ok {
		return []tea.Msg{msg}
	}
	var all []tea.Msg
	for _, c := range batch {
		all = append(all, results(c)...)
	}
	return all
}

// picture is a screen with its crumb, position and keys, as a golden has it.
func picture(t *testing.T, env screen.Env, s screen.Screen, size screen.Size) string {
	t.Helper()
	s.View(env, size)
	frame := s.View(env, size)
	termtest.CheckFrame(t, frame, size.W, size.H)
	var b strings.Builder
	if c, ok := s.(screen.Crumber); ok {
		path, state := c.Crumb(env)
		fmt.Fprintf(&b, "%s | %s\n", strings.Join(path, " › "), state)
	}
	b.WriteString(termtest.Render(frame, size.W, size.H).Text())
	if c, ok := s.(screen.Positioner); ok {
		fmt.Fprintf(&b, "%s\n", c.Position(env))
	}
	for _, k := range s.Keys() {
		fmt.Fprintf(&b, "%s %s · ", k.Help().Key, k.Help().Desc)
	}
	return b.String() + "\n"
}

// goldens compares a screen with its golden at every size.
func goldens(t *testing.T, name string, env screen.Env, open func() screen.Screen) {
	t.Helper()
	for _, size := range bodies {
		termtest.Golden(t, fmt.Sprintf("%s_%dx%d", name, size.W, size.H), picture(t, env, open(), size))
	}
}

// frames draws a screen at random sizes, between random keys, in both glyph
// sets; every frame must be a whole one.
func frames(t *testing.T, env screen.Env, open func(env screen.Env) screen.Screen, keys ...string) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		env.Theme = theme.New("dark", rnd.IntN(2) == 0)
		s := open(env)
		for range 25 {
			size := screen.Size{W: rnd.IntN(230) + 1, H: rnd.IntN(70) + 1}
			termtest.CheckFrame(t, s.View(env, size), size.W, size.H)
			run(env, s, kit.Press(keys[rnd.IntN(len(keys))]))
		}
		if t.Failed() {
			return
		}
	}
}

func opens(t *testing.T, id screen.ID, env screen.Env, arg screen.Arg) screen.Screen {
	t.Helper()
	sp, ok := screen.Lookup(id)
	if !ok {
		t.Fatalf("no screen %q", id)
	}
	s := sp.New(env, arg)
	run(env, s, screen.Refreshed{})
	return s
}
