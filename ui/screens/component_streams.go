package screens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// inputRow is one stream that a bolt reads.
type inputRow struct {
	nimbusclient.StreamStats
	grouping string
}

// inputRows are the input streams of the page with their groupings, and those
// of the structure that carried nothing in the window.
func inputRows(env screen.Env, page *nimbusclient.Component, c *nimbusclient.ComponentSpec) []inputRow {
	var rows []inputRow
	seen := map[nimbusclient.StreamID]bool{}
	add := func(st nimbusclient.StreamStats) {
		if seen[st.StreamID] || !env.Sys && (isSystem(st.Stream) || isSystem(st.Component)) {
			return
		}
		seen[st.StreamID] = true
		rows = append(rows, inputRow{StreamStats: st, grouping: groupingOf(c, st.StreamID)})
	}
	if page != nil {
		for _, st := range page.Inputs {
			add(st)
		}
	}
	if c != nil {
		for _, in := range c.Inputs {
			add(nimbusclient.StreamStats{StreamID: in.From})
		}
	}
	return rows
}

// groupingOf words how a bolt's tasks share a stream; "" when not known.
func groupingOf(c *nimbusclient.ComponentSpec, from nimbusclient.StreamID) string {
	if c == nil {
		return ""
	}
	for _, in := range c.Inputs {
		if in.From == from {
			return groupingText(in)
		}
	}
	return ""
}

func inputColumns() []kit.Column[inputRow] {
	count := func(title string, n func(r inputRow) *int64, priority int) kit.Column[inputRow] {
		return kit.Column[inputRow]{
			Title: title, Align: kit.Right, Min: 9, Priority: priority, Cell: func(r inputRow) kit.Line { return countCell(n(r)) },
			Less: kit.ByNumber(func(r inputRow) float64 { return orNaN(n(r)) }), Desc: true,
		}
	}
	latency := func(title string, priority, yield int, ms func(r inputRow) float64) kit.Column[inputRow] {
		return kit.Column[inputRow]{
			Title: title, Align: kit.Right, Min: 9, Priority: priority, Yield: yield, Cell: func(r inputRow) kit.Line { return said(human.Latency(ms(r))) },
			Less: kit.ByNumber(ms), Desc: true,
		}
	}
	return []kit.Column[inputRow]{
		{
			Title: "FROM", Min: 14, Max: 48, Flex: 2, Fit: true, Cell: func(r inputRow) kit.Line { return kit.T(r.Component) },
			Less: kit.ByText(func(r inputRow) string { return r.Component }),
		},
		{Title: "STREAM", Min: 10, Max: 30, Fit: true, Cell: func(r inputRow) kit.Line { return kit.T(r.Stream) }, Less: kit.ByText(func(r inputRow) string { return r.Stream })},
		{Title: "GROUPING", Min: 12, Max: 40, Flex: 2, Fit: true, Priority: 2, Cell: func(r inputRow) kit.Line {
			if r.grouping == "" {
				return unknown()
			}
			return kit.T(r.grouping)
		}},
		count("~EXECUTED", func(r inputRow) *int64 { return r.Executed }, 1),
		latency("EXECUTE", 3, 1, func(r inputRow) float64 { return measured(r.ExecuteMs, r.Executed) }),
		latency("PROCESS", 3, 0, func(r inputRow) float64 { return measured(r.ProcessMs, r.Acked) }),
		count("~ACKED", func(r inputRow) *int64 { return r.Acked }, 4),
		count("~FAILED", func(r inputRow) *int64 { return r.Failed }, 2),
	}
}

// outputRow is one stream that a component declares.
type outputRow struct {
	nimbusclient.StreamStats
	fields string // "" when not known
}

// outputRows are the streams of the page, and those declared that carried
// nothing in the window.
func outputRows(env screen.Env, page *nimbusclient.Component, c *nimbusclient.ComponentSpec) []outputRow {
	var rows []outputRow
	seen := map[string]bool{}
	add := func(st nimbusclient.StreamStats) {
		if seen[st.Stream] || !env.Sys && isSystem(st.Stream) {
			return
		}
		seen[st.Stream] = true
		r := outputRow{StreamStats: st}
		if c != nil {
			for _, out := range c.Outputs {
				if out.ID == st.Stream {
					r.fields = strings.Join(out.Fields, ", ")
					if out.Direct {
						r.fields += " (direct)"
					}
				}
			}
		}
		rows = append(rows, r)
	}
	if page != nil {
		for _, st := range page.Outputs {
			add(st)
		}
	}
	if c != nil {
		for _, out := range c.Outputs {
			add(nimbusclient.StreamStats{StreamID: nimbusclient.StreamID{Stream: out.ID}})
		}
	}
	return rows
}

func outputColumns() []kit.Column[outputRow] {
	return []kit.Column[outputRow]{
		{Title: "STREAM", Min: 18, Max: 40, Fit: true, Cell: func(r outputRow) kit.Line { return kit.T(r.Stream) }},
		{Title: "FIELDS", Min: 20, Max: 60, Flex: 2, Fit: true, Priority: 2, CutEnd: true, Cell: func(r outputRow) kit.Line {
			if r.fields == "" {
				return none()
			}
			return kit.T(r.fields)
		}},
		{Title: "~EMITTED", Align: kit.Right, Min: 9, Cell: func(r outputRow) kit.Line { return countCell(r.Emitted) }},
		{Title: "~TRANSFERRED", Align: kit.Right, Min: 12, Priority: 2, Cell: func(r outputRow) kit.Line { return countCell(r.Transferred) }},
	}
}

// errorRow is one error that a component reported.
type errorRow struct {
	key   string
	at    time.Time
	where string
	text  string
	level kit.Level
}

// errorRows are the errors that Storm lists and those that were seen to appear
// and are no longer listed, newest first.
func errorRows(env screen.Env, t *cluster.Topology, page *nimbusclient.Component, name string) []errorRow {
	var rows []errorRow
	if page != nil {
		for i, e := range page.Errors {
			r := errorRow{at: time.Unix(e.Time, 0), text: e.Error, level: kit.LevelNote, key: fmt.Sprintf("%d %d", e.Time, i)}
			if e.Host != nil && *e.Host != "" {
				r.where = *e.Host
				if e.Port != nil && *e.Port > 0 {
					r.where += fmt.Sprintf(":%d", *e.Port)
				}
			}
			rows = append(rows, r)
		}
	}
	if t != nil {
		for i, c := range env.Snap.Feed {
			listed := func(r errorRow) bool { return r.at.Unix() == c.At.Unix() }
			if c.Kind != cluster.ChangeError || c.TopologyID != t.Summary.ID || c.Component != name || slices.ContainsFunc(rows, listed) {
				continue
			}
			rows = append(rows, errorRow{at: c.At, text: c.Detail, level: kit.LevelNote, key: fmt.Sprintf("seen %d %d", c.At.Unix(), i)})
		}
	}
	for i := range rows {
		if env.Now.Sub(rows[i].at) < errorsWithin {
			rows[i].level = kit.LevelWarn
		}
	}
	slices.SortStableFunc(rows, func(a, b errorRow) int { return b.at.Compare(a.at) })
	return rows
}

func errorColumns(c *look) []kit.Column[errorRow] {
	return []kit.Column[errorRow]{
		{Title: "TIME", Min: 11, Cell: func(r errorRow) kit.Line { return kit.S(theme.Dim, moment(c.env, r.at)) }},
		{Title: "WHERE", Min: 9, Max: 30, Fit: true, Priority: 2, Cell: func(r errorRow) kit.Line {
			if r.where == "" {
				return unknown()
			}
			return kit.T(r.where)
		}},
		{Title: "ERROR", Min: 20, Flex: 1, CutEnd: true, Cell: func(r errorRow) kit.Line {
			lines := safetext.Lines(r.text, 2)
			if len(lines) == 0 {
				return none()
			}
			return kit.T(lines[0])
		}},
	}
}
