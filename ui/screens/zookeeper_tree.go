package screens

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// zkListed is the answer of a listing.
type zkListed struct {
	path string
	kids []zkview.Child
	err  error
}

// zkRead is the answer of reading a node.
type zkRead struct {
	path string
	node zkview.Node
	err  error
	at   time.Time
}

// zkDir is a node that has been opened.
type zkDir struct {
	kids    []zkview.Child
	err     error
	reading bool
}

// zkRoot is where Storm keeps its tree.
func zkRoot(env screen.Env) string {
	root := "/storm"
	switch configured, ok := env.Snap.NimbusConf["storm.zookeeper.root"].(string); {
	case env.Snap.ZK != nil && env.Snap.ZK.Root != "":
		root = env.Snap.ZK.Root
	case ok && configured != "":
		root = configured
	}
	return "/" + strings.Trim(root, "/")
}

// list asks for the children of a node.
func (s *zookeeper) list(env screen.Env, path string) tea.Cmd {
	d := s.dirs[path]
	if d == nil {
		d = &zkDir{}
		s.dirs[path] = d
	}
	if d.reading {
		return nil
	}
	d.reading = true
	s.arrange()
	tree := env.Tree
	return screen.Ask(env, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), zkPatience)
		defer cancel()
		kids, err := tree.Children(ctx, path)
		return zkListed{path: path, kids: kids, err: err}
	})
}

// read asks for the node under the cursor when it is not the one shown. One
// node is read at a time: a cursor that runs over many asks for where it stops.
func (s *zookeeper) read(env screen.Env) tea.Cmd {
	n, ok := s.tree.Selected()
	if !ok || s.asked != "" || n.ID == s.shown.path {
		return nil
	}
	path, tree, at := n.ID, env.Tree, env.Now
	s.asked, s.askedAt = path, at
	return screen.Ask(env, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), zkPatience)
		defer cancel()
		node, err := tree.Node(ctx, path)
		return zkRead{path: path, node: node, err: err, at: at}
	})
}

// listed takes the children of a node and goes on towards the wanted path.
func (s *zookeeper) listed(env screen.Env, m zkListed) tea.Cmd {
	d := s.dirs[m.path]
	if d == nil { // closed meanwhile
		return nil
	}
	s.held -= len(d.kids)
	d.reading, d.err, d.kids = false, m.err, m.kids
	s.over = s.held+len(d.kids) > zkMost
	if s.over {
		d.kids = d.kids[:max(zkMost-s.held, 0)]
	}
	s.held += len(d.kids)
	s.arrange()
	if s.want == "" {
		return nil
	}
	next := s.towards(m.path)
	switch {
	case !slices.ContainsFunc(d.kids, func(kid zkview.Child) bool { return kid.Path == next }):
		missing := s.want
		s.want = ""
		s.tree.Select(m.path)
		if m.err != nil {
			return nil // the tree says why
		}
		return screen.Problem("There is no node " + safetext.Clean(missing) + ".")
	case next == s.want:
		s.tree.Select(s.want)
		s.want = ""
		return nil
	}
	s.tree.SetOpen(next, true)
	return s.list(env, next)
}

// secret reports whether a listing marks the node as one that is never read.
func (s *zookeeper) secret(path string) bool {
	parent := path[:max(strings.LastIndexByte(path, '/'), 0)]
	d := s.dirs[cmp.Or(parent, "/")]
	return d != nil && slices.ContainsFunc(d.kids, func(kid zkview.Child) bool { return kid.Path == path && kid.Secret })
}

// towards is the child of a node on the way to the wanted path.
func (s *zookeeper) towards(path string) string {
	prefix := strings.TrimSuffix(path, "/") + "/"
	rest, ok := strings.CutPrefix(s.want, prefix)
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return prefix + name
}

// arrange gives the tree what has been read.
func (s *zookeeper) arrange() {
	root := kit.TreeNode{ID: s.root, Label: kit.T(s.root), Branch: true}
	s.fill(&root, s.dirs[s.root])
	s.tree.SetRoot(root)
}

// fill puts what has been read below a node.
func (s *zookeeper) fill(n *kit.TreeNode, d *zkDir) {
	if d == nil {
		return
	}
	switch {
	case d.reading && d.kids == nil:
		n.Label = n.Label.Add(theme.Wait, " "+s.look.g.Wait)
	case d.err != nil && d.kids == nil:
		n.Label = n.Label.Add(theme.Warn, "  "+s.look.g.Warn+" ").Text(d.err.Error())
	case d.err != nil:
		n.Label = n.Label.Add(theme.Warn, "  "+s.look.g.Warn+" ").Add(theme.Dim, "first "+human.Exact(len(d.kids)))
	}
	n.Kids = make([]kit.TreeNode, len(d.kids))
	for i, kid := range d.kids {
		n.Kids[i] = kit.TreeNode{ID: kid.Path, Label: zkLabel(kid), Branch: kid.Stat == nil || kid.Stat.NumChildren > 0}
		s.fill(&n.Kids[i], s.dirs[kid.Path])
	}
}

// zkLabel is a child's name with what its listing says about it.
func zkLabel(kid zkview.Child) kit.Line {
	l := kit.T(kid.Name)
	if kid.Stat != nil && kid.Stat.NumChildren > 0 {
		l = l.Add(theme.Dim, fmt.Sprintf(" (%s)", human.Exact(kid.Stat.NumChildren)))
	}
	if kid.Secret {
		l = l.Add(theme.Dim, "  •••• never shown")
	}
	if kid.Note != "" {
		l = l.Add(theme.Dim, "  "+kid.Note)
	}
	return l
}

// forget drops what is below a closed node.
func (s *zookeeper) forget(path string) {
	for at, d := range s.dirs {
		if at == path || strings.HasPrefix(at, strings.TrimSuffix(path, "/")+"/") {
			s.held -= len(d.kids)
			delete(s.dirs, at)
			s.tree.SetOpen(at, false)
		}
	}
}

// again reads the node under the cursor, and its children when it is open.
func (s *zookeeper) again(env screen.Env) tea.Cmd {
	n, ok := s.tree.Selected()
	if !ok {
		return nil
	}
	s.shown.path = ""
	var list tea.Cmd
	if s.dirs[n.ID] != nil {
		list = s.list(env, n.ID)
	}
	return tea.Batch(list, s.read(env))
}
