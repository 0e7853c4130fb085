package screens

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/zkview"
)

// linkEnv is the world with every kind of address: one that answers, one that
// does not, one named by another, and three ZooKeeper servers.
func linkEnv() screen.Env {
	s := fixtureWorld()
	s.Link.Nimbus = nimbusclient.State{
		Leader: nimbusclient.LeaderState{
			Phase: nimbusclient.LeaderDead, Nimbus: nimbusclient.Nimbus{Host: "nim-a", Port: 6627}, By: "nim-b:6627", Since: s.Made.Add(-8 * time.Second),
		},
		Endpoints: []nimbusclient.Endpoint{
			{Addr: "nim-a:6627", Seed: true, Asked: s.Made, Err: &nimbusclient.Error{Op: "connect", Addr: "nim-a:6627", Err: nimbusclient.ErrRefused}, Steps: []nimbusclient.Step{{Name: "resolve", Took: time.Millisecond}, {Name: "connect", Took: 2 * time.Millisecond, Err: errors.New("refused")}}},
			{Addr: "nim-b:6627", Seed: true, Asked: s.Made, Names: "nim-a:6627", Steps: []nimbusclient.Step{{Name: "getLeader", Took: 41 * time.Millisecond}}},
			{Addr: "10.0.0.9:6627", Asked: s.Made, Connected: true},
		},
	}
	s.Link.NimbusErr = &nimbusclient.Error{Op: "getLeader", Err: nimbusclient.ErrNoLeader}
	s.Link.Attempt, s.Link.NextTry = 4, s.Made.Add(4*time.Second)
	s.Link.ZK = zkview.State{Connected: true, Server: "zk1:2181", Session: "2009a", Since: s.Made.Add(-time.Hour), Servers: []zkview.Server{
		{Addr: "zk1:2181", Contact: zkview.ContactGood, At: s.Made},
		{Addr: "zk2:2181", Contact: zkview.ContactBad, At: s.Made, Outcome: "no route to host", Hint: "VPN? nc -vz zk2 2181"},
		{Addr: "zk3:2181"},
	}}
	env := fixtureEnv(s)
	env.Settings = []screen.Setting{{Key: "nimbus", Value: "nim-a:6627 nim-b:6627", Origin: "config.yaml:4"}, {Key: "timeout", Value: "7s", Origin: "default"}}
	return env
}

// logEnv is the world with lines in the status row's memory.
func logEnv() screen.Env {
	env := fixtureEnv(fixtureWorld())
	env.Log = []screen.Line{
		{At: env.Now, Text: "Leader changed nim-a → nim-b."},
		{At: env.Now.Add(-time.Minute), Text: "Not saved: disk full.", Problem: true},
	}
	return env
}

// busyHost is the fixture's supervisor with the most workers.
func busyHost(s *cluster.Snapshot) string {
	best, most := "", -1
	for _, h := range s.Hosts {
		if used, _ := usage(h); used > most {
			best, most = h.ID, used
		}
	}
	return best
}

// places are the screens about hosts, changes and connections.
func places() []struct {
	name string
	id   screen.ID
	env  screen.Env
	arg  screen.Arg
} {
	world := fixtureWorld()
	return []struct {
		name string
		id   screen.ID
		env  screen.Env
		arg  screen.Arg
	}{
		{"slots", Slots, fixtureEnv(world), screen.Arg{}},
		{"supervisor", Supervisor, fixtureEnv(world), screen.Arg{Host: busyHost(world)}},
		{"changes", Changes, fixtureEnv(world), screen.Arg{}},
		{"connections", Connections, linkEnv(), screen.Arg{}},
		{"messages", Messages, logEnv(), screen.Arg{}},
	}
}

func TestPlacesLooks(t *testing.T) {
	for _, p := range places() {
		goldens(t, p.name, p.env, func() screen.Screen { return opens(t, p.id, p.env, p.arg) })
	}
}

func TestPlacesStates(t *testing.T) {
	for state, snap := range map[string]*cluster.Snapshot{
		"loading": fixtureLoading(), "empty": fixtureEmpty(), "stale": fixtureStale(), "partial": fixturePartial(),
	} {
		for _, p := range places() {
			if p.id == Messages { // it shows nothing of the cluster
				continue
			}
			env := fixtureEnv(snap)
			termtest.Golden(t, p.name+"-"+state, picture(t, env, opens(t, p.id, env, p.arg), bodies[0]))
		}
	}
}

func TestPlacesFrames(t *testing.T) {
	for _, p := range places() {
		frames(t, p.env, func(env screen.Env) screen.Screen { return opens(t, p.id, env, p.arg) }, "j", "right", "T", "A", "D", "enter", "}", "/", "x", "esc", "G", "g")
	}
}

func TestSlotsKeys(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Slots, env, screen.Arg{}).(*slots)
	look := func() string { return picture(t, env, s, bodies[1]) }
	look()
	first := env.Snap.Hosts[0]
	run(env, s, kit.Press("right"))
	if got, want := s.Position(env), first.Name; !strings.HasPrefix(got, want+":") {
		t.Errorf("the cursor is at %q, want a slot of %s", got, want)
	}
	run(env, s, kit.Press("j"))
	if h, _ := s.cursorHost(env); h.ID != env.Snap.Hosts[1].ID {
		t.Errorf("j leads to %s", h.Name)
	}
	// The cursor stays on its host when the order changes.
	on := s.hostID
	env.Snap = fixtureWorld()
	env.Snap.Hosts = append(env.Snap.Hosts[1:], env.Snap.Hosts[0])
	if h, _ := s.cursorHost(env); h.ID != on {
		t.Errorf("after a new order the cursor is on %s", h.Name)
	}
	run(env, s, kit.Press("D"))
	if got := look(); !strings.Contains(got, "what if") || !strings.Contains(got, "placeable") && !strings.Contains(got, "no slot") {
		t.Errorf("D says nothing of the loss:\n%s", got)
	}
	if !s.Escape() || s.whatIf {
		t.Error("esc does not close the question")
	}
	run(env, s, kit.Press("T"))
	if got := look(); !strings.Contains(got, "w2:6700 w3:6700 w1:6700") {
		t.Errorf("T does not group by topology:\n%s", got)
	}
	s.Escape()
	run(env, s, kit.Press("/"))
	for _, r := range "w3" {
		run(env, s, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	run(env, s, kit.Press("enter"))
	if got := s.hosts(env); len(got) != 1 || got[0].Name != "w3" {
		t.Errorf("the filter keeps %d hosts", len(got))
	}
	for _, m := range run(env, s, kit.Press("enter")) {
		if o, ok := m.(screen.OpenMsg); ok && (o.ID != "supervisor" || o.Arg.Host != s.hosts(env)[0].ID) {
			t.Errorf("enter opens %+v", o)
		}
	}
}

// 400 hosts of four slots are shown as letters and can be walked.
func TestSlotsOfManyHosts(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	host := env.Snap.Hosts[0]
	env.Snap.Hosts = nil
	for i := range 400 {
		h := host
		h.ID, h.Name = strings.Repeat("x", 1+i), "w"+strings.Repeat("0", i%3)
		env.Snap.Hosts = append(env.Snap.Hosts, h)
	}
	s := opens(t, Slots, env, screen.Arg{}).(*slots)
	run(env, s, kit.Press("G"))
	if got := picture(t, env, s, bodies[1]); !strings.Contains(got, "▸") {
		t.Errorf("the last host is not on screen:\n%s", got)
	}
	if s.hostID != env.Snap.Hosts[399].ID {
		t.Errorf("G leads to host %d", len(s.hostID))
	}
}

func TestConnectionsExplain(t *testing.T) {
	env := linkEnv()
	s := opens(t, Connections, env, screen.Arg{}).(*connections)
	got := picture(t, env, s, bodies[2])
	for _, want := range []string{"connection refused", "is Nimbus running there"[3:], "names nim-a:6627, which is not answering", "no route to host", "session 0x2009a", "not tried", "config.yaml:4", "Next try in 4s"} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen does not say %q:\n%s", want, got)
		}
	}
	run(env, s, kit.Press("enter"))
	if got := picture(t, env, s, bodies[2]); !strings.Contains(got, "resolve") {
		t.Errorf("enter does not show the steps:\n%s", got)
	}
	if text := s.Text(env); !strings.Contains(text, "nimbus nim-a:6627: connection refused") || strings.Contains(text, "\x1b") {
		t.Errorf("the report reads\n%s", text)
	}
}

func TestChangesOfOneObject(t *testing.T) {
	env := fixtureEnv(fixtureWorld())
	s := opens(t, Changes, env, screen.Arg{}).(*changes)
	_, all := s.table.Rows()
	row, ok := s.table.Selected()
	if !ok || all != len(env.Snap.Feed) {
		t.Fatalf("%d rows of %d changes", all, len(env.Snap.Feed))
	}
	run(env, s, kit.Press("f"))
	if _, some := s.table.Rows(); row.TopologyID != "" && some >= all {
		t.Errorf("f keeps %d of %d", some, all)
	}
	if row.TopologyID != "" && !s.Escape() {
		t.Error("esc does not show all again")
	}
	for _, c := range env.Snap.Feed {
		if cmd := openChange(c); cmd == nil && (c.Host != "" || c.TopologyID != "") {
			t.Errorf("nothing opens for %+v", c)
		}
	}
}
