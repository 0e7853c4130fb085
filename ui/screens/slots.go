package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// Slots is the map of hosts × worker slots.
var Slots = screen.Register(screen.Spec{
	ID: "slots", Title: "slots", Short: "slot", Order: 3, Key: kit.Bind("3", "slots", "3"),
	Words: []string{"slots", "s", "sup", "workers"},
	About: "which slot of which host runs what; what is free; what moves",
	New: func(_ screen.Env, arg screen.Arg) screen.Screen {
		return &slots{topologyID: arg.TopologyID, filter: arg.Filter, keys: newSlotKeys()}
	},
})

// crowded is the number of hosts above which the map shows letters only.
const crowded = 20

type slotKeys struct {
	up, down, left, right, first, last  key.Binding
	open, tree, whatIf, all, find, copy key.Binding
}

func newSlotKeys() slotKeys {
	return slotKeys{
		up: kit.Bind("↑", "", "up", "k"), down: kit.Bind("↓", "", "down", "j"),
		left: kit.Bind("←", "", "left", "h"), right: kit.Bind("→", "", "right"),
		first: kit.Bind("g", "", "g", "home"), last: kit.Bind("G", "", "G", "end"),
		open: kit.Bind("enter", "worker", "enter"), tree: kit.Bind("T", "tree", "T"),
		whatIf: kit.Bind("D", "what if this host goes", "D"), all: kit.Bind("A", "all hosts", "A"),
		find: kit.Bind("/", "filter", "/"), copy: kit.Bind("y", "copy host:port", "y"),
	}
}

// slots is the screen. Its cursor is a host and a column, by identity.
type slots struct {
	topologyID string // only this topology's slots are lit; "" for all
	hostID     string // under the cursor
	col        int    // 0 is the host itself, then one a slot
	top        int    // first host drawn
	tree, dense,
	whatIf bool
	filter string
	typing bool
	keys   slotKeys
}

func (s *slots) Typing() bool { return s.typing }

// Escape closes what is open on the screen, one thing at a time.
func (s *slots) Escape() bool {
	switch {
	case s.typing:
		s.typing = false
	case s.whatIf:
		s.whatIf = false
	case s.filter != "":
		s.filter = ""
	case s.topologyID != "":
		s.topologyID = ""
	case s.tree:
		s.tree = false
	default:
		return false
	}
	return true
}

func (s *slots) Demand(env screen.Env) cluster.Demand {
	// Without ZooKeeper the workers come from the supervisors' pages.
	d := cluster.Demand{Hosts: map[string]bool{"*": true}}
	if t := env.Snap.Topologies[s.cursorSlot(env).TopologyID]; t != nil {
		d.Infos = map[string]bool{t.Summary.ID: true}
	}
	return d
}

func (s *slots) Keys() []key.Binding {
	k := s.keys
	return []key.Binding{kit.Bind("arrows", "move"), k.open, k.tree, k.whatIf, k.all, k.find, k.copy}
}

func (s *slots) Crumb(env screen.Env) (path []string, state string) {
	hosts := s.hosts(env)
	filled, free, moving := 0, 0, 0
	for _, h := range hosts {
		free += h.FreeNoPort
		for _, slot := range h.Slots {
			switch slot.State {
			case cluster.SlotFree:
				free++
			case cluster.SlotComing, cluster.SlotLeaving:
				moving++
				filled++
			case cluster.SlotUsed:
				filled++
			case cluster.SlotLost:
			}
		}
	}
	path = []string{"slots"}
	if t := env.Snap.Topologies[s.topologyID]; t != nil {
		path = append(path, safetext.Clean(t.Summary.Name))
	}
	state = fmt.Sprintf("%s · %d slots: %d filled, %d free", plural(len(hosts), "host"), filled+free, filled, free)
	if moving > 0 {
		state += fmt.Sprintf(", %d moving", moving)
	}
	return path, state + " · sort HOST"
}

func (s *slots) Position(env screen.Env) string {
	h, ok := s.cursorHost(env)
	if !ok {
		return ""
	}
	if slot := s.cursorSlot(env); slot.Port != 0 {
		return fmt.Sprintf("%s:%d", safetext.Clean(h.Name), slot.Port)
	}
	return safetext.Clean(h.Name)
}

// hosts are the rows, filtered.
func (s *slots) hosts(env screen.Env) []cluster.Host {
	if s.filter == "" {
		return env.Snap.Hosts
	}
	want := strings.ToLower(s.filter)
	var kept []cluster.Host
	for _, h := range env.Snap.Hosts {
		names := []string{h.Name}
		for _, slot := range h.Slots {
			if t := env.Snap.Topologies[slot.TopologyID]; t != nil {
				names = append(names, t.Summary.Name)
			}
		}
		if strings.Contains(strings.ToLower(strings.Join(names, " ")), want) {
			kept = append(kept, h)
		}
	}
	return kept
}

// cursor returns the place of the cursor's host among hosts.
func (s *slots) cursor(hosts []cluster.Host) int {
	return max(0, slices.IndexFunc(hosts, func(h cluster.Host) bool { return h.ID == s.hostID }))
}

func (s *slots) cursorHost(env screen.Env) (cluster.Host, bool) {
	hosts := s.hosts(env)
	if len(hosts) == 0 {
		return cluster.Host{}, false
	}
	return hosts[s.cursor(hosts)], true
}

// cursorSlot is the slot under the cursor; the zero value on the host itself.
func (s *slots) cursorSlot(env screen.Env) cluster.Slot {
	h, ok := s.cursorHost(env)
	if !ok || s.col == 0 || s.col > len(h.Slots) {
		return cluster.Slot{}
	}
	return h.Slots[s.col-1]
}

func (s *slots) Update(env screen.Env, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		if s.typing {
			s.filter += msg.Content
		}
		return nil
	case tea.MouseWheelMsg:
		if msg.Button == tea.MouseWheelUp {
			s.move(env, -3)
		} else {
			s.move(env, 3)
		}
		return nil
	case tea.KeyPressMsg:
		if s.typing {
			s.typeFilter(msg)
			return nil
		}
		return s.press(env, msg)
	}
	return nil
}

// typeFilter edits the filter.
func (s *slots) typeFilter(msg tea.KeyPressMsg) {
	switch msg.String() {
	case "enter":
		s.typing = false
	case "esc":
		s.typing, s.filter = false, ""
	case "backspace":
		if r := []rune(s.filter); len(r) > 0 {
			s.filter = string(r[:len(r)-1])
		}
	case "ctrl+u":
		s.filter = ""
	default:
		s.filter += msg.Text
	}
}

func (s *slots) press(env screen.Env, msg tea.KeyPressMsg) tea.Cmd {
	k := s.keys
	switch {
	case key.Matches(msg, k.up):
		s.move(env, -1)
	case key.Matches(msg, k.down):
		s.move(env, 1)
	case key.Matches(msg, k.left):
		s.col = max(0, s.col-1)
	case key.Matches(msg, k.right):
		if h, ok := s.cursorHost(env); ok {
			s.col = min(len(h.Slots), s.col+1)
		}
	case key.Matches(msg, k.first):
		s.move(env, -math.MaxInt32)
	case key.Matches(msg, k.last):
		s.move(env, math.MaxInt32)
	case key.Matches(msg, k.tree):
		s.tree = !s.tree
	case key.Matches(msg, k.all):
		s.dense = !s.dense
	case key.Matches(msg, k.whatIf):
		s.whatIf = !s.whatIf
	case key.Matches(msg, k.find):
		s.typing = true
	case key.Matches(msg, k.copy):
		if at := s.Position(env); at != "" {
			return screen.Copy(at, at)
		}
	case key.Matches(msg, k.open):
		if h, ok := s.cursorHost(env); ok {
			return screen.Open("supervisor", screen.Arg{Host: h.ID, Port: s.cursorSlot(env).Port})
		}
	}
	return nil
}

// move puts the cursor on another host; the column stays where it can.
func (s *slots) move(env screen.Env, by int) {
	hosts := s.hosts(env)
	if len(hosts) == 0 {
		return
	}
	at := min(max(s.cursor(hosts)+by, 0), len(hosts)-1)
	s.hostID = hosts[at].ID
	s.col = min(s.col, len(hosts[at].Slots))
}

func (s *slots) View(env screen.Env, size screen.Size) string {
	p := kit.Paint{Theme: env.Theme, W: size.W, H: size.H, Now: env.Now, Stale: env.Snap.Stale(env.Now)}
	hosts := s.hosts(env)
	if len(hosts) == 0 {
		return kit.Join(p.Rows(nil, kit.T("  "+s.empty(env))))
	}
	if s.hostID == "" {
		s.hostID = hosts[0].ID
	}
	var head, foot []string
	head = append(head, p.Row(s.legend(env)), p.Row(nil))
	if s.filter != "" || s.typing {
		head[1] = p.Row(s.filterLine(env))
	}
	foot = s.details(env, p, hosts)
	room := size.H - len(head) - len(foot)
	if room < 4 { // the map comes first
		foot = nil
		room = max(0, size.H-len(head))
	}
	var grid []string
	switch {
	case s.tree:
		grid = s.byTopology(env, p, hosts)
	case s.dense || len(hosts) > crowded:
		grid = s.letters(env, p, hosts, room)
	default:
		grid = s.grid(env, p, hosts, room)
	}
	if len(grid) > room {
		grid = grid[:room]
	}
	// The sections stand right below the map, not at the foot of a tall terminal.
	if len(grid) < room {
		grid = append(grid, p.Row(nil))
	}
	return kit.Join(p.Stack(head, grid, foot))
}

func (s *slots) empty(env screen.Env) string {
	switch {
	case s.filter != "":
		return fmt.Sprintf("No host or topology matches %q. esc clears the filter.", s.filter)
	case env.Snap.Cluster == nil && env.Snap.ZK == nil:
		return env.Theme.Glyphs.Wait + " loading (getClusterInfo)"
	default:
		return "No supervisor is registered. Start one with storm supervisor; this map follows."
	}
}

func (s *slots) filterLine(env screen.Env) kit.Line {
	l := kit.S(theme.Accent, " / ").Text(s.filter)
	if s.typing {
		l = l.Add(theme.Accent, env.Theme.Glyphs.Caret)
	}
	return l
}

// legend names the topologies by their letters, with their slots.
func (s *slots) legend(env screen.Env) kit.Line {
	count := map[string]int{}
	for _, h := range env.Snap.Hosts {
		for _, slot := range h.Slots {
			if slot.TopologyID != "" && slot.State != cluster.SlotLost {
				count[slot.TopologyID]++
			}
		}
	}
	l := kit.T("   ")
	for _, t := range lettered(env.Snap) {
		if n := count[t.Summary.ID]; n > 0 {
			l = l.Add(letterTok(t.Letter), string(t.Letter)).Text(" "+safetext.Cut(t.Summary.Name, 24)).Add(theme.Dim, fmt.Sprintf(" %d   ", n))
		}
	}
	g := env.Theme.Glyphs
	return l.Add(theme.Dim, fmt.Sprintf("%s free  ", g.Dot)).Add(theme.Moving, g.Leaving).Add(theme.Dim, " leaving  ").
		Add(theme.Moving, g.Coming).Add(theme.Dim, " coming  ").Add(theme.Crit, g.Crit).Add(theme.Dim, " lost")
}

// lettered are the topologies by letter.
func lettered(snap *cluster.Snapshot) []*cluster.Topology {
	list := make([]*cluster.Topology, 0, len(snap.Topologies))
	for _, t := range snap.Topologies {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *cluster.Topology) int {
		if a.Letter != b.Letter {
			return int(a.Letter) - int(b.Letter)
		}
		return strings.Compare(a.Summary.ID, b.Summary.ID)
	})
	return list
}

// letterTok is the colour of a topology's letter.
func letterTok(letter byte) theme.Token {
	if letter < 'a' {
		return theme.Dim
	}
	return theme.Cat(int(letter - 'a'))
}

// plural words a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return human.Count(int64(n)) + " " + thing + "s"
}
