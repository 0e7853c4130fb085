package screen

import (
	"fmt"
	"sort"
	"time"

	"charm.land/bubbles/v2/key"
)

// ID names a screen, such as "topologies".
type ID string

// Arg says what a screen is opened on. Fields that a screen does not know are
// ignored by it.
type Arg struct {
	TopologyID string
	Component  string
	Host       string // supervisor id
	Port       int
	Path       string // znode
	Daemon     string // "nimbus", "supervisor": whose log
	Filter     string
	// From and To bound a time; zero is open.
	From, To time.Time
}

// Spec describes a screen to the frame.
type Spec struct {
	ID    ID
	Title string // in the tab bar and the palette, such as "topologies"
	// Short is the title in a narrow tab bar.
	Short string
	// Order places root screens in the tab bar; negative keeps a screen out of
	// it.
	Order int
	// Key is the hot key that switches to a root screen; zero without one.
	Key key.Binding
	// Words are its names in the palette, without the colon: "topo", "t".
	Words []string
	// About is one line for the palette and the README's table.
	About string
	New   func(env Env, arg Arg) Screen
	// TakesPath says that the palette's argument is a path, not a topology.
	TakesPath bool
	// Detail is the screen that a list's word opens when a topology is named.
	Detail ID
	// Over puts a root screen that is opened on something on top of the stack, so
	// that back leads to where it was opened; its hot key returns to it.
	Over bool
	// TakesComponent says that what follows a slash in the palette's argument is
	// a component of the topology, not a filter.
	TakesComponent bool
	// NeedsArg says that the screen cannot be opened without a topology.
	NeedsArg bool
}

var registered = map[ID]Spec{}

// Register adds a screen; it is called in the declaration of a screen's ID, so
// that adding a screen is adding a file. It panics on a second Spec of the same
// ID, which is a mistake in the program.
func Register(s Spec) ID {
	if _, twice := registered[s.ID]; twice {
		panic(fmt.Sprintf("screen %q registered twice", s.ID))
	}
	registered[s.ID] = s
	return s.ID
}

// Specs returns all screens by order, then ID.
func Specs() []Spec {
	all := make([]Spec, 0, len(registered))
	for _, s := range registered {
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].Order != all[j].Order {
			return all[i].Order < all[j].Order
		}
		return all[i].ID < all[j].ID
	})
	return all
}

// Lookup returns the Spec of an ID.
func Lookup(id ID) (Spec, bool) {
	s, ok := registered[id]
	return s, ok
}
