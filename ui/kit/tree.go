package kit

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/ui/theme"
)

// TreeNode is a node of a [Tree].
type TreeNode struct {
	// ID is the node's identity, unique in the tree.
	ID string
	// Label is what is shown, such as a name and a count.
	Label Line
	// Branch reports whether the node can be opened. Kids are what is below it,
	// nil as long as they have not been read.
	Branch bool
	Kids   []TreeNode
}

// Tree shows nodes that open and close. The cursor and what is open belong to
// the nodes' identities.
type Tree struct {
	// Keys are the keys Update answers.
	Keys KeyMap

	root    TreeNode
	open    map[string]bool
	rows    []treeRow
	cursor  int
	id      string
	top     int
	height  int
	filter  filter
	typed   string
	prompt  *Prompt
	waiting string // an ID to select when it comes
}

// treeRow is a visible node: the lines before it are drawn from last, which
// says for each level above whether its node was the last one there.
type treeRow struct {
	node *TreeNode
	last []bool
}

// TreeEvent is what a key did to a tree.
type TreeEvent uint8

// The events.
const (
	TreeIgnored TreeEvent = iota
	TreeHandled           // the cursor or the filter changed
	TreeOpened            // the selected node was opened; its kids may be needed
	TreeClosed
	TreeChosen // enter on a leaf
)

// NewTree returns an empty tree with the default keys.
func NewTree() *Tree { return &Tree{Keys: DefaultKeys(), open: map[string]bool{}} }

// SetRoot replaces all nodes. The root is always open.
func (t *Tree) SetRoot(root TreeNode) {
	t.root = root
	t.arrange()
}

// IsOpen reports whether the node is open.
func (t *Tree) IsOpen(id string) bool { return id == t.root.ID || t.open[id] }

// SetOpen opens or closes a node. What is open below a closed node stays so.
func (t *Tree) SetOpen(id string, open bool) {
	if open {
		t.open[id] = true
	} else {
		delete(t.open, id)
	}
	t.arrange()
}

// Open returns the identities of the open nodes, in no order.
func (t *Tree) Open() []string {
	ids := make([]string, 0, len(t.open))
	for id := range t.open {
		ids = append(ids, id)
	}
	return ids
}

// Selected returns the node under the cursor.
func (t *Tree) Selected() (TreeNode, bool) {
	if t.cursor >= len(t.rows) {
		return TreeNode{}, false
	}
	return *t.rows[t.cursor].node, true
}

// Select puts the cursor on a node, at once or as soon as it is there. The nodes
// above it must be open.
func (t *Tree) Select(id string) {
	t.waiting = id
	t.arrange()
}

// Position returns the place of the cursor, counted from 1, and the number of
// nodes shown.
func (t *Tree) Position() (node, of int) {
	if len(t.rows) == 0 {
		return 0, 0
	}
	return t.cursor + 1, len(t.rows)
}

func (t *Tree) arrange() {
	t.rows = t.rows[:0]
	if t.root.ID != "" {
		t.rows = append(t.rows, treeRow{node: &t.root})
		t.add(&t.root, nil)
	}
	for i := range t.rows {
		if id := t.rows[i].node.ID; t.waiting != "" && id == t.waiting {
			t.cursor, t.id, t.waiting = i, id, ""
			return
		}
	}
	for i := range t.rows {
		if t.rows[i].node.ID == t.id {
			t.cursor = i
			return
		}
	}
	t.moveTo(t.cursor)
}

// add lists the kids of an open node.
func (t *Tree) add(n *TreeNode, above []bool) {
	kids := make([]*TreeNode, 0, len(n.Kids))
	for i := range n.Kids {
		if !t.filter.active() || t.matches(&n.Kids[i]) {
			kids = append(kids, &n.Kids[i])
		}
	}
	for i, kid := range kids {
		last := append(slices.Clip(above), i == len(kids)-1)
		t.rows = append(t.rows, treeRow{kid, last})
		if t.IsOpen(kid.ID) {
			t.add(kid, last)
		}
	}
}

// matches reports whether a node or an open one below it passes the filter.
func (t *Tree) matches(n *TreeNode) bool {
	if t.filter.keeps(LevelNone, n.Label.Plain) {
		return true
	}
	if !t.IsOpen(n.ID) {
		return false
	}
	for i := range n.Kids {
		if t.matches(&n.Kids[i]) {
			return true
		}
	}
	return false
}

func (t *Tree) moveTo(i int) {
	t.cursor = max(min(i, len(t.rows)-1), 0)
	t.id = ""
	if t.cursor < len(t.rows) {
		t.id = t.rows[t.cursor].node.ID
	}
}

// Typing reports whether the operator is typing a filter.
func (t *Tree) Typing() bool { return t.prompt != nil }

// Filter returns what the operator filters by.
func (t *Tree) Filter() string { return t.typed }

// SetFilter shows only nodes that match, with those above them.
func (t *Tree) SetFilter(s string) {
	t.typed, t.filter = s, parseFilter(s)
	t.arrange()
}

// Escape closes the prompt or clears the filter and reports whether it did.
func (t *Tree) Escape() bool {
	if t.prompt == nil && t.typed == "" {
		return false
	}
	t.prompt = nil
	t.SetFilter("")
	return true
}

// Update answers a key or a paste. The left and right arrows close and open.
func (t *Tree) Update(msg tea.Msg) TreeEvent {
	if t.prompt != nil {
		return t.typeFilter(msg)
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return TreeIgnored
	}
	if step, ok := moved(&t.Keys, press, t.height); ok {
		t.moveTo(max(min(t.cursor+step, len(t.rows)-1), 0))
		return TreeHandled
	}
	n, ok := t.Selected()
	switch {
	case key.Matches(press, t.Keys.Filter):
		t.prompt = NewPrompt("/ ")
		t.prompt.SetValue(t.typed)
		return TreeHandled
	case ok && key.Matches(press, t.Keys.Enter):
		if !n.Branch {
			return TreeChosen
		}
		return t.toggle(n, !t.IsOpen(n.ID))
	case ok && key.Matches(press, t.Keys.Right):
		if n.Branch && !t.IsOpen(n.ID) {
			return t.toggle(n, true)
		}
		return TreeHandled
	case ok && key.Matches(press, t.Keys.Left):
		if n.Branch && t.IsOpen(n.ID) && n.ID != t.root.ID {
			return t.toggle(n, false)
		}
		t.moveTo(t.parent())
		return TreeHandled
	}
	return TreeIgnored
}

func (t *Tree) toggle(n TreeNode, open bool) TreeEvent {
	if n.ID == t.root.ID {
		return TreeOpened
	}
	t.SetOpen(n.ID, open)
	if open {
		return TreeOpened
	}
	return TreeClosed
}

// parent returns the row of the node above the cursor's.
func (t *Tree) parent() int {
	depth := len(t.rows[t.cursor].last)
	for i := t.cursor - 1; i >= 0; i-- {
		if len(t.rows[i].last) < depth {
			return i
		}
	}
	return t.cursor
}

func (t *Tree) typeFilter(msg tea.Msg) TreeEvent {
	switch t.prompt.Update(msg) {
	case PromptChanged:
		t.SetFilter(t.prompt.Value())
	case PromptDone:
		t.prompt = nil
	case PromptCancelled:
		t.prompt = nil
		t.SetFilter("")
	case PromptIgnored:
		return TreeIgnored
	case PromptHandled:
	}
	return TreeHandled
}

// Draw draws the visible nodes in exactly p.H rows of p.W cells.
func (t *Tree) Draw(p Paint) []string {
	if p.H <= 0 {
		return nil
	}
	var prompt []string
	if t.prompt != nil && p.H > 1 {
		prompt = []string{p.Row(t.prompt.Line(p))}
		p.H--
	}
	t.height = p.H
	t.top = scroll(t.top, p.H, len(t.rows), t.cursor, t.cursor+1)
	rows := make([]string, 0, p.H+1)
	for i := t.top; i < len(t.rows) && len(rows) < p.H; i++ {
		style := RowStyle(0)
		if i == t.cursor && !p.Blur {
			style = RowCursor
		}
		if p.Stale {
			style |= RowDim
		}
		rows = append(rows, p.Styled(t.line(p, i), style))
	}
	return append(p.Fill(rows), prompt...)
}

func (t *Tree) line(p Paint, i int) Line {
	g, row := p.Theme.Glyphs, t.rows[i]
	at := pad(1)
	if i == t.cursor {
		at = Span{Text: g.Cursor, Tok: theme.Accent}
	}
	var lines strings.Builder
	for depth, last := range row.last {
		own := depth == len(row.last)-1
		switch {
		case own && last:
			lines.WriteString(g.BotL + g.H + " ")
		case own:
			lines.WriteString(g.TeeL + g.H + " ")
		case last:
			lines.WriteString("   ")
		default:
			lines.WriteString(g.V + "  ")
		}
	}
	l := Line{at, {Text: lines.String(), Tok: theme.Rule}}
	if row.node.Branch && len(row.last) > 0 {
		sign := g.Shut
		if t.IsOpen(row.node.ID) {
			sign = g.Open
		}
		l = l.Add(theme.Dim, sign+" ")
	}
	return append(l, t.filter.mark(row.node.Label)...)
}
