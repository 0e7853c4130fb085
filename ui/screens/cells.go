// Package screens holds the screens of the console, one file each, and the
// cells and rows that several of them share.
//
// Start with a screen's file (topologies.go is a plain one): its Spec, its
// Demand, how it makes rows of the snapshot, its keys. cells.go writes single
// values, levels.go says what is wrong with a thing, states.go what a pane says
// while it has nothing to show.
//
// # Guarantees
//
//   - Screens know each other by ID only.
//   - What the server did not send is a question mark, what does not apply or
//     has no data a dash; neither is ever a zero.
//   - Names, errors and all other remote text reach the terminal through
//     safetext: in a kit.Line by themselves, in crumbs by safetext.Clean.
//   - View keeps its rows until the snapshot, the size, the theme or the
//     screen's own state changes.
package screens

import (
	"math"
	"path"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/theme"
)

// minMeasured is how many measured tuples a share needs to mean anything.
const minMeasured = 10

// none is the cell of what does not apply or has no data.
func none() kit.Line { return kit.S(theme.Dim, human.None) }

// unknown is the cell of what the server did not send.
func unknown() kit.Line { return kit.S(theme.Dim, human.Unknown) }

// said is a cell of text, dim when it says that there is nothing.
func said(text string) kit.Line {
	if text == human.None || text == human.Unknown {
		return kit.S(theme.Dim, text)
	}
	return kit.T(text)
}

// optional is the cell of a value that the server may have left out.
func optional[T any](value *T, write func(T) string, absent string) kit.Line {
	return said(human.Opt(value, write, absent))
}

// rateText writes a rate; a lower bound is marked.
func rateText(r cluster.Rate) string {
	text := human.Rate(r.PerSec)
	if r.AtLeast && text != human.None {
		return "≥" + text
	}
	return text
}

func rateCell(r cluster.Rate) kit.Line { return said(rateText(r)) }

// countCell is a counter, such as tuples in a window.
func countCell(n *int64) kit.Line {
	return optional(n, human.Count[int64], human.None)
}

// intCell is a number of things, such as executors.
func intCell(n *int) kit.Line { return optional(n, human.Count[int], human.Unknown) }

// ageCell is an uptime in seconds.
func ageCell(secs *int) kit.Line { return optional(secs, human.AgeSecs[int], human.Unknown) }

// latencyCell is a time in milliseconds; Storm sends zero when nothing was
// measured in the window, which measured says.
func latencyCell(ms *float64, measured bool) kit.Line {
	if !measured {
		return none()
	}
	return optional(ms, human.Latency, human.None)
}

// textCell is a remote word that may be missing.
func textCell(text *string) kit.Line {
	if text == nil || *text == "" {
		return none()
	}
	return kit.T(*text)
}

// some reports whether a counter was sent and is not zero.
func some(n *int64) bool { return n != nil && *n > 0 }

// failShare is failed ÷ (acked + failed); NaN while fewer tuples were measured
// than a share needs. sample is the share of tuples that Storm measures.
func failShare(acked, failed *int64, sample float64) float64 {
	if acked == nil && failed == nil {
		return math.NaN()
	}
	// Nimbus leaves out a count of a window in which there was nothing to count.
	bad := 0.0
	if failed != nil {
		bad = float64(*failed)
	}
	total := bad
	if acked != nil {
		total += float64(*acked)
	}
	if sample <= 0 || sample > 1 {
		sample = 1
	}
	if total*sample < minMeasured {
		return math.NaN()
	}
	return bad / total
}

// shareCell is a share, in the colour of its level.
func shareCell(share float64, level kit.Level) kit.Line {
	return said(human.Share(share)).As(levelTok(level, share))
}

// levelTok colours the one guilty number of a row.
func levelTok(level kit.Level, value float64) theme.Token {
	switch {
	case math.IsNaN(value):
		return theme.Dim
	case level == kit.LevelCrit:
		return theme.Crit
	case level == kit.LevelWarn:
		return theme.Warn
	}
	return theme.Text
}

// The thresholds at which a number is coloured; the health rules use the same.
const (
	capacityWarn, capacityCrit = 0.80, 1.00
	innerWarn, innerCrit       = 1.0, 3.0 // tuples inside a task of a shell bolt
	failWarn, failCrit         = 0.005, 0.05
	skewWarn                   = 3.0
)

func graded(value, warn, crit float64) kit.Level {
	switch {
	case value >= crit:
		return kit.LevelCrit
	case value >= warn:
		return kit.LevelWarn
	}
	return kit.LevelNone
}

func failLevel(share float64) kit.Level { return graded(share, failWarn, failCrit) }

// loadLevel grades a load by the scale that it is on.
func loadLevel(l cluster.Load) kit.Level {
	if l.Shell {
		return graded(l.Value, innerWarn, innerCrit)
	}
	return graded(l.Value, capacityWarn, capacityCrit)
}

// loadText is Storm's capacity of a bolt on the JVM, and L with its letter for
// one in a child process.
func loadText(l cluster.Load) string {
	text := human.Capacity(l.Value)
	if l.Shell && text != human.None {
		return "L" + text
	}
	return text
}

// loadWidth is the width of loadCell: a gauge, a space and L12.3.
const loadWidth = kit.GaugeCells + 1 + 5

// loadCell is a gauge with its number at the right end of loadWidth cells. The
// gauge is full at 1.0 on both scales.
func loadCell(g theme.Glyphs, l cluster.Load) kit.Line {
	number := loadText(l)
	pad := max(1, loadWidth-kit.GaugeCells-len([]rune(number)))
	return kit.Gauge(g, l.Value).Text(strings.Repeat(" ", pad)).Add(levelTok(loadLevel(l), l.Value), number)
}

// loadNumber is loadCell without the gauge.
func loadNumber(l cluster.Load) kit.Line {
	return kit.S(levelTok(loadLevel(l), l.Value), loadText(l))
}

// stormCapacity is Storm's own number, whatever kind the bolt is.
func stormCapacity(l cluster.Load) kit.Line {
	return said(human.Capacity(l.Capacity))
}

// skewCell is the skew of a component, coloured when it is uneven.
func skewCell(skew float64) kit.Line {
	return said(human.Decimal(skew, 1)).As(levelTok(graded(skew, skewWarn, math.Inf(1)), skew))
}

// trendCell is the trend of a rate.
func trendCell(g theme.Glyphs, r cluster.Rate, cells int) kit.Line {
	return kit.Spark(g, r.Trend, cells)
}

// sampledTitle marks a column title as sampled or estimated.
func sampledTitle(sampled bool, title string) string {
	if sampled {
		return "~" + title
	}
	return title
}

// approx writes a sampled number in a sentence.
func approx(sampled bool, text string) string {
	if sampled && text != human.None && text != human.Unknown && text != "0" && text != "0/s" {
		return "~" + text
	}
	return text
}

// windowName is what a window is called on screen.
func windowName(w nimbusclient.Window) string {
	switch w {
	case nimbusclient.Window10m:
		return "10m"
	case nimbusclient.Window3h:
		return "3h"
	case nimbusclient.Window1d:
		return "1d"
	case nimbusclient.WindowAll:
		return "all"
	}
	return string(w)
}

// nextWindow is the window that tab goes on to.
func nextWindow(w nimbusclient.Window) nimbusclient.Window {
	for i, each := range nimbusclient.Windows {
		if each == w {
			return nimbusclient.Windows[(i+1)%len(nimbusclient.Windows)]
		}
	}
	return nimbusclient.Window10m
}

// spec returns the component as submitted; nil while the structure is unknown.
func spec(t *cluster.Topology, component string) *nimbusclient.ComponentSpec {
	if t == nil || t.Structure == nil {
		return nil
	}
	for i := range t.Structure.Components {
		if t.Structure.Components[i].ID == component {
			return &t.Structure.Components[i]
		}
	}
	return nil
}

// language is what a component is written in: "jvm", or the interpreter of its
// child process without its version; "" while the structure is unknown.
func language(c *nimbusclient.ComponentSpec) string {
	switch {
	case c == nil:
		return ""
	case c.Shell == nil:
		return "jvm"
	}
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(c.Shell.Command, `\`, "/")), ".exe")
	if short := strings.TrimRight(name, "0123456789.-"); short != "" {
		name = short
	}
	if name == "" || name == "." || name == "/" {
		return "shell"
	}
	return name
}

// languageCell is language in as few letters as the column has.
func languageCell(c *nimbusclient.ComponentSpec, short bool) kit.Line {
	name := language(c)
	switch {
	case name == "":
		return unknown()
	case short && name == "python":
		name = "py"
	}
	return kit.S(theme.Dim, name)
}

// isSystem reports whether a component or stream is one of Storm's own.
func isSystem(id string) bool { return strings.HasPrefix(id, "__") }
