package screens

import (
	"fmt"
	"slices"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// wide is the width from which tables show all that they were designed for;
// below full, words are cut short.
const wide, full = 118, 100

// look is what cells need besides their row. It changes from draw to draw,
// while the rows stay.
type look struct {
	env     screen.Env
	g       theme.Glyphs
	sampled bool // counters are estimates
	w, h    int  // of the last View; 0 before it
}

// narrow reports whether words are cut short.
func (c *look) narrow() bool { return c.w > 0 && c.w < full }

// trend is the number of points a trend shows, given what it was designed for:
// fewer on a narrow screen, more where there is room.
func (c *look) trend(designed int) int {
	switch {
	case c.narrow():
		return min(designed, 8)
	case c.w >= 160:
		return min(designed+(c.w-120)/3, 40)
	}
	return designed
}

// window is the part of the breadcrumb that names the window.
func (c *look) window() string {
	if c.narrow() {
		return windowName(c.env.Window)
	}
	return "window " + windowName(c.env.Window)
}

// stamp says what rows were made of; they are made anew when it changes.
type stamp struct {
	snap   *cluster.Snapshot
	window nimbusclient.Window
	sys    bool
}

func stampOf(env screen.Env) stamp {
	return stamp{snap: env.Snap, window: env.Window, sys: env.Sys}
}

// hiddenColumns is the part of the breadcrumb that says how many columns did
// not fit.
func hiddenColumns(n int) string {
	if n == 1 {
		return "+1 col"
	}
	return fmt.Sprintf("+%d cols", n)
}

// nameWidth gives names room before trends and secondary counts: the width of
// the longest, at least that of the design and not more than a good part of the
// screen.
func (c *look) nameWidth(longest, designed int) int {
	most := 2 * designed
	if c.narrow() {
		most = designed + designed/3
	}
	return min(max(longest, designed), most)
}

// statusWidth is the width of a topology's status; words in transition say how
// far they are.
func (c *look) statusWidth(changing bool) int {
	switch {
	case !changing:
		return 8
	case c.narrow():
		return 12
	}
	return 17
}

// changing reports whether a topology is being rebalanced or killed.
func changing(rows []topologyRow) bool {
	return slices.ContainsFunc(rows, func(r topologyRow) bool { return statusLevel(r.Status) == kit.LevelWait })
}

// longestName is the width of the longest name in a list of topologies.
func longestName(rows []topologyRow) int {
	longest := 0
	for _, r := range rows {
		longest = max(longest, safetext.Width(r.Name))
	}
	return longest
}
