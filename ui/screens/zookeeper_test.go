package screens

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/zkview"
)

// fakeTree is a ZooKeeper in memory that counts what is read.
type fakeTree struct {
	nodes   map[string]zkview.Node
	secrets []string
	refused string // a path without read permission
	listed  []string
	read    []string
	err     error // of everything
}

func (f *fakeTree) Children(ctx context.Context, at string) ([]zkview.Child, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a read without a deadline")
	}
	f.listed = append(f.listed, at)
	if f.err != nil {
		return nil, f.err
	}
	if at == f.refused {
		return nil, f.refusal(at)
	}
	var kids []zkview.Child
	for name, n := range f.nodes {
		if name == at || path.Dir(name) != at {
			continue
		}
		kid := zkview.Child{Name: path.Base(name), Path: name, Secret: slices.Contains(f.secrets, name)}
		st := n.Stat
		st.NumChildren = 0
		for other := range f.nodes {
			if other != name && path.Dir(other) == name {
				st.NumChildren++
			}
		}
		kid.Stat = &st
		if kid.Name == "leader-lock" {
			kid.Note = "leader nim-a:6627"
		}
		kids = append(kids, kid)
	}
	slices.SortFunc(kids, func(a, b zkview.Child) int { return strings.Compare(a.Name, b.Name) })
	return kids, nil
}

func (f *fakeTree) refusal(at string) error {
	return &zkview.ReadError{Op: "reading " + at, Text: "no read permission (ACL sasl:nimbus)", Err: zkview.ErrNoAuth}
}

func (f *fakeTree) Node(ctx context.Context, at string) (zkview.Node, error) {
	if _, ok := ctx.Deadline(); !ok {
		return zkview.Node{}, errors.New("a read without a deadline")
	}
	f.read = append(f.read, at)
	switch n, ok := f.nodes[at]; {
	case f.err != nil:
		return zkview.Node{}, f.err
	case at == f.refused:
		return zkview.Node{}, f.refusal(at)
	case ok:
		return n, nil
	}
	return zkview.Node{}, &zkview.ReadError{Op: "reading " + at, Err: zkview.ErrNoNode}
}

// zkFixture is a small tree of Storm's.
func zkFixture() *fakeTree {
	f := &fakeTree{nodes: map[string]zkview.Node{}, refused: "/storm/blobstore"}
	stat := zkview.Stat{
		Czxid: 0x1a00000001, Mzxid: 0x1a00004f21, Pzxid: 0x1a00000001, Ctime: fixtureNow.Add(-48 * time.Hour),
		Mtime: fixtureNow.Add(-44*time.Minute - 36*time.Second), Version: 4, DataLength: 412,
	}
	put := func(at string, n zkview.Node) {
		n.Path = at
		if n.Stat == (zkview.Stat{}) {
			n.Stat = stat
			n.Stat.DataLength = len(n.Raw)
		}
		f.nodes[at] = n
	}
	container := zkview.Node{Encoding: "empty", Decoded: []zkview.Field{{Label: "container", Value: "a node that only holds others"}}}
	put("/storm", container)
	for _, name := range []string{"assignments", "blobstore", "credentials", "errors", "leader-lock", "logconfigs", "nimbuses", "profilerconfigs", "storms", "supervisors", "workerbeats"} {
		put("/storm/"+name, container)
	}
	for _, id := range []string{alarmsID, twitterID, wikipediaID} {
		put("/storm/assignments/"+id, zkview.Node{Encoding: "gzip + Thrift Assignment", Raw: []byte("\x1f\x8b\x08\x00")})
		put("/storm/storms/"+id, zkview.Node{Encoding: "Java-serialised", Raw: []byte{0xac, 0xed, 0, 5}, Hint: "0.9 record, not decoded; children, size and times are shown"})
	}
	put("/storm/assignments/"+wordcountID, zkview.Node{
		Stat: stat, Encoding: "gzip + Thrift Assignment", Raw: []byte(strings.Repeat("\x1f\x8b\x08\x00\x00 Storm \xff", 24)),
		Decoded: []zkview.Field{{Label: "Assignment", Children: []zkview.Field{
			{Label: "master_code_dir", Value: "/srv/storm/nimbus/stormdist/" + wordcountID},
			{Label: "node_host", Children: []zkview.Field{{Label: "7c1e…09af", Value: "w1"}, {Label: "51b0…e210", Value: "w2"}}},
			{Label: "executor_node_port", Children: []zkview.Field{
				{Label: "[1-1]", Value: "w1:6700", Tasks: &zkview.TaskRange{Start: 1, End: 1}},
				{Label: "[4-6]", Value: "w1:6700", Tasks: &zkview.TaskRange{Start: 4, End: 6}},
				{Label: "[14-14]", Value: "w2:6700", Tasks: &zkview.TaskRange{Start: 14, End: 14}},
			}},
			{Label: "owner", Value: "ops"},
		}}},
	})
	put("/storm/credentials/"+wordcountID, zkview.Node{Encoding: "text", Raw: []byte(fixtureSecret), Decoded: []zkview.Field{{Label: "text", Value: fixtureSecret}}})
	put("/storm/leader-lock/latch-1", zkview.Node{Encoding: "text", Raw: []byte("nim-a:6627"), Decoded: []zkview.Field{{Label: "text", Value: "nim-a:6627\nsecond"}}})
	put("/kafkaspout", container)
	put("/kafkaspout/partition_0", zkview.Node{Encoding: "text", Decoded: []zkview.Field{{Label: "offset", Value: "1482"}, {Label: "topic", Value: "clicks"}}})
	f.secrets = []string{"/storm/credentials", "/storm/credentials/" + wordcountID}
	return f
}

func zkEnv() (screen.Env, *fakeTree) {
	env, tree := goldenEnv(), zkFixture()
	env.Tree = tree
	env.Snap.Link.ZK.Zxid = 0x1a00004f21
	return env, tree
}

func TestZooKeeperGoldens(t *testing.T) {
	env, _ := zkEnv()
	at := screen.Arg{Path: "/storm/assignments/" + wordcountID}
	goldens(t, "root", env, func() screen.Screen { return opens(t, ZooKeeper, env, screen.Arg{}) })
	goldens(t, "decoded", env, func() screen.Screen { return opens(t, ZooKeeper, env, at) })
	for _, size := range bodies {
		for n, name := range []string{"raw", "stat"} {
			s := opens(t, ZooKeeper, env, at)
			s.View(env, size)
			for range n + 1 {
				run(env, s, kit.Press("tab"))
			}
			if size.W < full { // the tree is one of the views
				run(env, s, kit.Press("tab"))
			}
			termtest.Golden(t, fmt.Sprintf("%s_%dx%d", name, size.W, size.H), picture(t, env, s, size))
		}
	}
	goldens(t, "secret", env, func() screen.Screen {
		return opens(t, ZooKeeper, env, screen.Arg{Path: "/storm/credentials/" + wordcountID})
	})
	goldens(t, "refused", env, func() screen.Screen {
		return opens(t, ZooKeeper, env, screen.Arg{Path: "/storm/blobstore"})
	})
	goldens(t, "outside", env, func() screen.Screen {
		s := opens(t, ZooKeeper, env, screen.Arg{Path: "/kafkaspout"})
		run(env, s, kit.Press("down"))
		return s
	})
}

func TestZooKeeperStates(t *testing.T) {
	size := bodies[1]
	env, tree := zkEnv()
	env.Tree = nil
	if got := picture(t, env, opens(t, ZooKeeper, env, screen.Arg{}), size); !strings.Contains(got, "ZooKeeper is not used (no servers known).") {
		t.Errorf("without ZooKeeper:\n%s", got)
	}
	env.Snap.Link.ZKOff = "--no-zk"
	env.Tree = tree
	if got := picture(t, env, opens(t, ZooKeeper, env, screen.Arg{}), size); !strings.Contains(got, "ZooKeeper is not used (--no-zk).") {
		t.Errorf("with --no-zk:\n%s", got)
	}
	if len(tree.listed)+len(tree.read) > 0 {
		t.Errorf("read all the same: %v %v", tree.listed, tree.read)
	}
	env.Snap.Link.ZKOff = ""

	// While a read is under way the pane says so, and nothing is asked twice.
	sp, _ := screen.Lookup(ZooKeeper)
	s := sp.New(env, screen.Arg{})
	var cmds []tea.Cmd
	for range 3 {
		if cmd := s.Update(env, screen.Refreshed{}); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	if got := picture(t, env, s, size); !strings.Contains(got, "◌ loading (reading /storm") || len(cmds) != 1 {
		t.Errorf("%d commands, loading:\n%s", len(cmds), got)
	}

	// A failed read is tried again with the next picture.
	tree.err = errors.New("connection \x1b[31mlost")
	s = opens(t, ZooKeeper, env, screen.Arg{})
	if got := picture(t, env, s, size); !strings.Contains(got, "connection ␛[31mlost") {
		t.Errorf("the failure is not shown:\n%s", got)
	}
	tree.err = nil
	run(env, s, screen.Refreshed{})
	if got := picture(t, env, s, size); !strings.Contains(got, "assignments (4)") {
		t.Errorf("not read again:\n%s", got)
	}

	// A path that is not there leaves the cursor where the way ended.
	sent := run(env, sp.New(env, screen.Arg{Path: "/storm/errors/gone"}), screen.Refreshed{})
	if len(sent) != 1 || sent[0].(screen.NoticeMsg).Text != "There is no node /storm/errors/gone." {
		t.Errorf("a missing path: %v", sent)
	}
}

// Children are read when a node is opened, a record where the cursor stops.
func TestZooKeeperReads(t *testing.T) {
	env, tree := zkEnv()
	s := opens(t, ZooKeeper, env, screen.Arg{}).(*zookeeper)
	s.View(env, bodies[1])
	if !slices.Equal(tree.listed, []string{"/storm"}) || !slices.Equal(tree.read, []string{"/storm"}) {
		t.Fatalf("at the start %v listed, %v read", tree.listed, tree.read)
	}
	run(env, s, kit.Press("down"))
	if len(tree.listed) != 1 || tree.read[len(tree.read)-1] != "/storm/assignments" {
		t.Errorf("after down %v listed, %v read", tree.listed, tree.read)
	}
	run(env, s, kit.Press("enter"))
	if tree.listed[len(tree.listed)-1] != "/storm/assignments" {
		t.Errorf("enter listed %v", tree.listed)
	}
	held := s.held
	run(env, s, kit.Press("enter"))
	if s.dirs["/storm/assignments"] != nil || s.held != held-4 {
		t.Errorf("a closed node keeps its children: %d held, %d before", s.held, held)
	}

	// A cursor that runs on while a read is under way asks once more, for where
	// it stopped.
	before := len(tree.read)
	var waiting []tea.Cmd
	for range 5 {
		if cmd := s.Update(env, kit.Press("down")); cmd != nil {
			waiting = append(waiting, cmd)
		}
	}
	if len(waiting) != 1 {
		t.Fatalf("%d reads at once", len(waiting))
	}
	for _, m := range results(waiting[0]) {
		run(env, s, m.(screen.Answer).Msg)
	}
	n, _ := s.tree.Selected()
	if len(tree.read) != before+2 || s.shown.path != n.ID {
		t.Errorf("%d reads, %s shown, the cursor is on %s", len(tree.read)-before, s.shown.path, n.ID)
	}
	run(env, s, kit.Press("u"))
	if tree.read[len(tree.read)-1] != n.ID || len(tree.read) != before+3 {
		t.Errorf("u reads %v", tree.read[before:])
	}
}

func TestZooKeeperKeys(t *testing.T) {
	env, _ := zkEnv()
	s := opens(t, ZooKeeper, env, screen.Arg{Path: "/storm/leader-lock/latch-1"}).(*zookeeper)
	s.View(env, bodies[1])
	copied := func(name string) string {
		for _, m := range run(env, s, kit.Press(name)) {
			if c, ok := m.(screen.CopyMsg); ok {
				return c.Text
			}
		}
		return ""
	}
	if got := copied("y"); got != "/storm/leader-lock/latch-1" {
		t.Errorf("y copies %q", got)
	}
	if got := copied("Y"); !strings.Contains(got, "nim-a:6627") {
		t.Errorf("Y copies %q", got)
	}
	run(env, s, kit.Press("enter"))
	if !s.inNode {
		t.Error("enter on a leaf does not go into the node")
	}
	run(env, s, kit.Press("/"))
	if !s.Typing() {
		t.Error("/ does not search in the node")
	}
	for range 2 {
		if !s.Escape() {
			t.Error("esc closes nothing")
		}
	}
	if s.inNode || s.Escape() {
		t.Error("esc does not leave the node")
	}
	for _, name := range []string{"/", "e", "r", "r"} {
		run(env, s, kit.Press(name))
	}
	if !s.Typing() || s.tree.Filter() != "err" {
		t.Errorf("the filter is %q", s.tree.Filter())
	}
	if _, of := s.tree.Position(); of != 2 {
		t.Errorf("%d nodes pass the filter", of)
	}
	for _, k := range s.Keys() {
		if k.Help().Key == "f" {
			t.Error("f is offered without a way to follow a node")
		}
	}
	if d := s.Demand(env); len(d.Infos) != 0 {
		t.Errorf("demand %+v", d)
	}
	s = opens(t, ZooKeeper, env, screen.Arg{Path: "/storm/assignments/" + wordcountID}).(*zookeeper)
	if d := s.Demand(env); !d.Infos[wordcountID] {
		t.Errorf("demand %+v", d)
	}
}

func TestZooKeeperSecrets(t *testing.T) {
	env, _ := zkEnv()
	s := opens(t, ZooKeeper, env, screen.Arg{Path: "/storm/credentials/" + wordcountID}).(*zookeeper)
	for _, size := range bodies {
		for range 4 {
			if frame := s.View(env, size); strings.Contains(frame, fixtureSecret[:8]) || strings.Contains(frame, "68 75 6e 74") {
				t.Errorf("the secret is shown:\n%s", frame)
			}
			if sent := run(env, s, kit.Press("Y")); len(sent) > 0 {
				t.Errorf("the secret is copied: %v", sent)
			}
			run(env, s, kit.Press("tab"))
		}
	}
}

func TestZooKeeperFrames(t *testing.T) {
	env, tree := zkEnv()
	hostile := "/storm/\x1b[2J\u202e名"
	tree.nodes[hostile] = zkview.Node{
		Path: hostile, Encoding: "te\x07xt", Raw: []byte("\x1b]0;x\x07\xff日本"),
		Decoded: []zkview.Field{{Label: "日\x1b[m", Value: "a\r\n\x1b[31mb\tc"}},
	}
	frames(t, env, func(env screen.Env) screen.Screen {
		return opens(t, ZooKeeper, env, screen.Arg{})
	}, "down", "down", "down", "up", "enter", "tab", "right", "left", "}", "{", "/", "e", "esc", "G", "g", "u")
}
