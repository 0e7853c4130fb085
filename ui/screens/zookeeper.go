package screens

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// ZooKeeper browses Storm's tree in ZooKeeper. It never writes.
var ZooKeeper = screen.Register(screen.Spec{
	ID: "zookeeper", Title: "zookeeper", Order: -1, Words: []string{"zk", "z"}, TakesPath: true,
	About: "browse ZooKeeper, records decoded; never writes",
	New:   newZooKeeper,
})

const (
	// zkPatience is how long one read may take.
	zkPatience = 7 * time.Second
	// zkMost bounds the nodes held; closing a node forgets what is below it.
	zkMost = 50_000
)

// zkMode is how the node under the cursor is shown.
type zkMode int

const (
	zkDecoded zkMode = iota
	zkRaw
	zkStat
	zkModes
)

type zkKeys struct {
	open, view, path, value, reread key.Binding
	into, back                      key.Binding
	table                           kit.KeyMap
}

// zookeeper is the screen: the tree, and the node under its cursor.
type zookeeper struct {
	root   string
	want   string // a path to be opened down to, "" when it is reached
	keys   zkKeys
	tree   *kit.Tree
	viewer *kit.Viewer
	dirs   map[string]*zkDir
	held   int // nodes in dirs
	over   bool

	mode   zkMode
	inNode bool // the keyboard belongs to the node's text
	alone  bool // on a narrow screen the node is shown, not the tree

	shown   zkRead // the node that is shown; path "" before the first
	asked   string // the node being read, "" for none
	askedAt time.Time
	drawn   zkDrawn // what the viewer's lines were made for
	look    look
}

// zkDrawn says what the text of a node was made of.
type zkDrawn struct {
	path  string
	at    time.Time
	mode  zkMode
	bytes int // on a line
	th    *theme.Theme
	names *nimbusclient.TopologyInfo // that gave components their names
}

func newZooKeeper(env screen.Env, arg screen.Arg) screen.Screen {
	s := &zookeeper{
		tree: kit.NewTree(), viewer: kit.NewViewer(), dirs: map[string]*zkDir{},
		keys: zkKeys{
			open: kit.Bind("enter", "open/close", "enter"), view: kit.Bind("tab", "decoded/raw/stat", "tab"),
			path: kit.Bind("y", "copy path", "y"), value: kit.Bind("Y", "copy value", "Y"),
			reread: kit.Bind("u", "read again", "u", "ctrl+r"),
			into:   kit.Bind("}", "into the node", "}"), back: kit.Bind("{", "to the tree", "{"), table: kit.DefaultKeys(),
		},
	}
	s.look.env, s.look.g = env, env.Theme.Glyphs
	s.root = zkRoot(env)
	if at := strings.TrimSpace(arg.Path); at != "" {
		at = "/" + strings.Trim(at, "/")
		if at == s.root || strings.HasPrefix(at, strings.TrimSuffix(s.root, "/")+"/") {
			s.want = at
		} else {
			s.root = at
		}
	}
	s.arrange()
	return s
}

// off says why there is nothing to browse, or nothing.
func (s *zookeeper) off(env screen.Env) string {
	if env.Tree != nil && env.Snap.Link.ZKOff == "" {
		return ""
	}
	return "ZooKeeper is not used (" + safetext.Clean(cmp.Or(env.Snap.Link.ZKOff, "no servers known")) + ")."
}

// Update answers keys, the mouse and what ZooKeeper sent.
func (s *zookeeper) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	s.look.env, s.look.g = env, env.Theme.Glyphs
	if s.off(env) != "" {
		return nil
	}
	switch msg := msg.(type) {
	case zkListed:
		return tea.Batch(s.listed(env, msg), s.read(env))
	case zkRead:
		if s.asked == msg.path {
			s.asked = ""
		}
		if s.secret(msg.path) { // whoever read it
			msg.node.Raw, msg.node.Decoded, msg.node.Encoding = nil, nil, "secret"
		}
		s.shown = msg
		return s.read(env)
	case tea.KeyPressMsg:
		return s.press(env, msg)
	}
	if d := s.dirs[s.root]; d == nil || d.err != nil && d.kids == nil && !d.reading {
		return tea.Batch(s.list(env, s.root), s.read(env))
	}
	if s.Typing() {
		s.pane(msg)
		return nil
	}
	if wheel(msg, s.pane) {
		return s.read(env)
	}
	return nil
}

// pane gives a message to the pane that has the keyboard.
func (s *zookeeper) pane(msg tea.Msg) bool {
	if s.inNode {
		return s.viewer.Update(msg)
	}
	return s.tree.Update(msg) != kit.TreeIgnored
}

// Demand asks for the executors of the topology under the cursor, whose names
// stand beside their tasks.
func (s *zookeeper) Demand(env screen.Env) cluster.Demand {
	n, ok := s.tree.Selected()
	if !ok {
		return cluster.Demand{}
	}
	t := topologyIn(env, n.ID)
	if t == nil || !small(t.Summary) {
		return cluster.Demand{}
	}
	return cluster.Demand{Infos: map[string]bool{t.Summary.ID: true}}
}

func (s *zookeeper) press(env screen.Env, press tea.KeyPressMsg) tea.Cmd {
	if s.Typing() {
		s.pane(press)
		if s.inNode {
			return nil
		}
		return s.read(env)
	}
	k := &s.keys
	switch {
	case key.Matches(press, k.view):
		s.nextMode()
		return nil
	case key.Matches(press, k.path):
		if n, ok := s.tree.Selected(); ok {
			return screen.Copy(safetext.Clean(n.ID), n.ID)
		}
		return nil
	case key.Matches(press, k.value):
		return s.copyValue()
	case key.Matches(press, k.reread):
		return s.again(env)
	case key.Matches(press, k.into):
		s.enter()
		return nil
	case key.Matches(press, k.back):
		s.inNode, s.alone = false, false
		return nil
	}
	if s.inNode {
		s.viewer.Update(press)
		return nil
	}
	n, _ := s.tree.Selected()
	switch s.tree.Update(press) {
	case kit.TreeOpened:
		if n.ID == s.root && s.dirs[s.root] != nil && s.dirs[s.root].err == nil {
			return s.read(env)
		}
		return tea.Batch(s.list(env, n.ID), s.read(env))
	case kit.TreeClosed:
		s.forget(n.ID)
		s.arrange()
	case kit.TreeChosen:
		s.enter()
	case kit.TreeHandled, kit.TreeIgnored:
	}
	return s.read(env)
}

// enter gives the keyboard to the node's text.
func (s *zookeeper) enter() { s.inNode, s.alone = true, true }

// nextMode goes to the next way of showing a node; on a narrow screen the tree
// is one of them.
func (s *zookeeper) nextMode() {
	if !s.narrow() {
		s.mode = (s.mode + 1) % zkModes
		return
	}
	switch {
	case !s.alone:
		s.alone, s.inNode, s.mode = true, true, zkDecoded
	case s.mode == zkStat:
		s.alone, s.inNode, s.mode = false, false, zkDecoded
	default:
		s.mode++
	}
}

// narrow reports whether there is room for one pane only.
func (s *zookeeper) narrow() bool { return s.look.w > 0 && s.look.w < full }

// copyValue puts the node's record on the clipboard; a secret has none.
func (s *zookeeper) copyValue() tea.Cmd {
	n, ok := s.tree.Selected()
	if !ok || n.ID != s.shown.path || s.shown.err != nil || zkSecret(s.shown.node) {
		return nil
	}
	lines := zkDecodedLines(s.shown.node, nil)
	if s.shown.node.Decoded == nil {
		lines = zkRawLines(s.shown.node, 16)
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l.Plain(), " ") + "\n")
	}
	return screen.Copy("the record of "+safetext.Clean(n.ID), b.String())
}

// Typing reports whether a filter or a search is being typed.
func (s *zookeeper) Typing() bool { return s.tree.Typing() || s.inNode && s.viewer.Typing() }

// Escape leaves the node's text, then clears the filter.
func (s *zookeeper) Escape() bool {
	switch {
	case s.inNode && s.viewer.Escape():
	case s.inNode || s.alone:
		s.inNode, s.alone = false, false
	default:
		return s.tree.Escape()
	}
	return true
}

// Keys are the bindings that act now.
func (s *zookeeper) Keys() []key.Binding {
	k := &s.keys
	n, ok := s.tree.Selected()
	if !ok || s.off(s.look.env) != "" {
		return nil
	}
	keys := []key.Binding{}
	if s.inNode {
		keys = append(keys, k.back, k.view, s.viewer.Keys.Search, s.viewer.Keys.NextHit, s.viewer.Keys.PrevHit, s.viewer.Keys.Wrap)
	} else {
		open := k.open
		if !n.Branch {
			open = kit.Bind("enter", "into the node", "enter")
		}
		keys = append(keys, open, k.view, k.table.Filter, k.into)
	}
	keys = append(keys, k.path)
	if s.shown.path == n.ID && s.shown.err == nil && !zkSecret(s.shown.node) {
		keys = append(keys, k.value)
	}
	return append(keys, k.reread)
}

// Crumb names the node and the server that answers.
func (s *zookeeper) Crumb(env screen.Env) (path []string, state string) {
	at := s.root
	if n, ok := s.tree.Selected(); ok {
		at = n.ID
	}
	parts := []string{}
	link := env.Snap.Link.ZK
	if link.Server != "" {
		parts = append(parts, safetext.Clean(link.Server))
	}
	if link.Session != "" && s.look.w >= wide {
		parts = append(parts, "session "+safetext.Cut(link.Session, 14))
	}
	if link.Zxid != 0 && s.look.w >= wide {
		parts = append(parts, fmt.Sprintf("zxid %#x", link.Zxid))
	}
	if f := s.tree.Filter(); f != "" {
		parts = append(parts, "filter "+safetext.Cut(f, 20))
	}
	return []string{"zookeeper", safetext.Clean(at)}, strings.Join(append(parts, "never writes"), " · ")
}

// Position says where the cursor is.
func (s *zookeeper) Position(screen.Env) string {
	if s.inNode {
		line, of := s.viewer.Position()
		if hit, hits := s.viewer.Hits(); hits > 0 {
			return fmt.Sprintf("hit %d/%d · line %d/%d", hit, hits, line, of)
		}
		return fmt.Sprintf("line %d/%d", line, of)
	}
	if node, of := s.tree.Position(); of > 0 {
		return fmt.Sprintf("node %d/%d", node, of)
	}
	return ""
}

// Help says what is read and what is not.
func (s *zookeeper) Help(screen.Env) []string {
	return []string{
		"Children are read when a node is opened, a record when the cursor stops on it; u reads both again.",
		"(4) is the number of children. Nothing is ever written, and no ephemeral node of its own is made.",
		"Never read: credentials, secretkeys and the like. Raw shows the first 64 KB as stored.",
		":zk PATH opens any path, also outside Storm's root, such as /transactional or an old Kafka spout's offsets.",
	}
}

// View draws the tree beside the node, or on a narrow screen one of them.
func (s *zookeeper) View(env screen.Env, size screen.Size) string {
	s.look.w, s.look.h = size.W, size.H
	if env.Theme.Glyphs != s.look.g {
		s.look.g = env.Theme.Glyphs
		s.arrange()
	}
	s.look.env = env
	p := paintOf(env, size)
	p.Stale = false // what is shown was read when it was asked for
	if why := s.off(env); why != "" {
		return kit.Join(p.Rows(kit.T("  "+why+" "), nil, kit.S(theme.Dim, "  --zk HOST or zookeeper.servers in the configuration names servers; :conn shows what answers.")))
	}
	if s.narrow() || size.W < 3 {
		if s.alone {
			return kit.Join(s.drawNode(env, p))
		}
		return kit.Join(s.drawTree(p))
	}
	left := size.W * 2 / 5
	return kit.Join(p.Beside(s.drawTree(p.Sized(left, size.H)), s.drawNode(env, p.Sized(size.W-left-1, size.H))))
}

func (s *zookeeper) drawTree(p kit.Paint) []string {
	p.Blur = s.inNode
	if !s.over || p.H < 2 {
		return s.tree.Draw(p)
	}
	note := kit.S(theme.Warn, " "+p.Theme.Glyphs.Warn).Text(" more than " + human.Exact(zkMost) + " nodes are open; close some")
	return p.Stack([]string{p.Row(note)}, s.tree.Draw(p.Sized(p.W, p.H-1)))
}
