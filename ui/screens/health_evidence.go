package screens

import (
	"fmt"
	"strings"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// evidenceAt is where evidence begins behind the gutter.
const evidenceAt = 25

// room is the width that sentences have.
func (s *health) room() int { return max(s.look.w-evidenceAt-6, 20) }

// what is the sentence of a finding. A sampled number is marked.
func (s *health) what(f finding) string {
	text := safetext.Clean(f.What)
	switch {
	case f.Level == cluster.LevelGood:
		return text + " (shown until " + moment(s.look.env, f.Since.Add(recoveredFor)) + ")"
	case !f.Estimated || strings.Contains(text, "~"):
		return text
	case text != "" && text[0] >= '0' && text[0] <= '9':
		return "~" + text
	}
	return text + " (~ sampled)"
}

// sentence is the first line of what is wrong; where the rest does not follow
// below, it is cut.
func (s *health) sentence(f finding) kit.Line {
	if !s.unfolds(f) {
		return kit.T(s.what(f))
	}
	return kit.T(wrap(s.what(f), s.room())[0])
}

// unfolds reports whether a finding shows its evidence. On a narrow screen only
// the one under the cursor does.
func (s *health) unfolds(f finding) bool {
	if !s.look.narrow() {
		return true
	}
	at, ok := s.table.Selected()
	return ok && at.Key() == f.Key()
}

// evidence are the lines below a finding: the rest of a long sentence, what
// tells it, and where to look.
func (s *health) evidence(f finding, _ int) []kit.Line {
	if !s.unfolds(f) {
		return nil
	}
	var lines []kit.Line
	indent := safetext.Spaces(evidenceAt)
	for _, text := range wrap(s.what(f), s.room())[1:] {
		lines = append(lines, kit.T(indent[2:]).Text(text))
	}
	for _, e := range f.Evidence {
		for _, text := range wrap(safetext.Clean(e), s.room()) {
			lines = append(lines, kit.T(indent).Add(theme.Dim, text))
		}
	}
	next := s.next(f)
	if n := len(lines); next != "" && n > 0 && len(f.Evidence) > 0 {
		if last := lines[n-1]; last.Width()+len(next)+4 < s.room()+evidenceAt {
			lines[n-1] = last.Add(theme.Dim, " · ").Add(theme.Accent, "next: ").Add(theme.Dim, next)
			return lines
		}
	}
	if next != "" {
		lines = append(lines, kit.T(indent).Add(theme.Accent, "next: ").Add(theme.Dim, next))
	}
	return lines
}

// next names the keys that lead on.
func (s *health) next(f finding) string {
	if f.Level == cluster.LevelGood {
		return ""
	}
	names := map[screen.ID]string{
		"component": "component", "topology": "components", "supervisor": "worker", "connections": "connections",
		"slots": "slots", "cluster": "cluster",
	}
	to := leads(f.Finding)
	text := "enter " + names[to.id]
	if to.id == "supervisor" && f.Port == 0 {
		text = "enter host"
	}
	if f.TopologyID != "" && f.Component != "" {
		text += " · v graph"
	}
	return text
}

// leads is the screen that shows a finding's evidence.
func leads(f diagnose.Finding) destination {
	arg := screen.Arg{TopologyID: f.TopologyID, Component: f.Component, Host: f.Host, Port: f.Port}
	switch f.Rule {
	case "leader", "sources":
		return destination{id: "connections"}
	case "no room", "supervisor lost":
		return destination{id: "slots", arg: screen.Arg{Host: f.Host}}
	case "left on": // its component may be a logger
		return destination{id: "topology", arg: screen.Arg{TopologyID: f.TopologyID}}
	}
	switch {
	case f.Host != "":
		arg.Component = ""
		return destination{id: "supervisor", arg: arg}
	case f.TopologyID != "" && f.Component != "":
		return destination{id: "component", arg: arg}
	case f.TopologyID != "":
		return destination{id: "topology", arg: arg}
	}
	return destination{id: "cluster"}
}

// quietLines say what was checked and is well, what could not be checked, what
// is hidden, and how much is watched.
func (s *health) quietLines(w int) []kit.Line {
	env := s.look.env
	var lines []kit.Line
	add := func(tok theme.Token, text string) {
		for _, part := range wrap(safetext.Clean(text), w-5) {
			lines = append(lines, kit.S(tok, "   "+part))
		}
	}
	if len(env.Found.Quiet) > 0 {
		add(theme.Text, strings.Join(env.Found.Quiet, " · "))
	}
	if len(env.Found.Pending) > 0 {
		limit := ""
		if p := env.Snap.HeartbeatPeriod; p > 0 {
			limit = fmt.Sprintf(" (≤ %ds)", int(2*p.Seconds()))
		}
		add(theme.Wait, fmt.Sprintf("%s some rules need two heartbeats%s; %d of %d checked", s.look.g.Wait, limit, env.Found.Checked, env.Found.Rules))
	}
	for _, text := range cannot(env.Found.Cannot) {
		add(theme.Warn, text)
	}
	if len(s.hidden) > 0 {
		add(theme.Dim, fmt.Sprintf("hidden (%d): %s", len(s.hidden), s.hiddenText(env)))
	}
	if text := watching(env); text != "" {
		add(theme.Dim, text)
	}
	return lines
}

// cannot groups the rules that could not be checked by their reason.
func cannot(list []string) []string {
	var reasons []string
	rules := map[string][]string{}
	for _, each := range list {
		rule, reason, _ := strings.Cut(each, ": ")
		if rules[reason] == nil {
			reasons = append(reasons, reason)
		}
		rules[reason] = append(rules[reason], rule)
	}
	lines := make([]string, len(reasons))
	for i, reason := range reasons {
		lines[i] = fmt.Sprintf("cannot check (%d): %s – %s", len(rules[reason]), reason, strings.Join(rules[reason], ", "))
	}
	return lines
}

func (s *health) hiddenText(env screen.Env) string {
	var parts []string
	for _, f := range env.Found.Findings {
		if until, ok := s.hidden[f.Key()]; ok {
			parts = append(parts, fmt.Sprintf("%s of %s until %s", f.Rule, f.Where, moment(env, until)))
		}
	}
	if rest := len(s.hidden) - len(parts); rest > 0 {
		parts = append(parts, fmt.Sprintf("%d that are well now", rest))
	}
	return strings.Join(parts, " · ")
}

// watching says how much is looked at, and since when.
func watching(env screen.Env) string {
	if env.Snap.Cluster == nil {
		return ""
	}
	workers := 0
	for _, t := range env.Snap.Cluster.Topologies {
		if t.Workers != nil {
			workers += *t.Workers
		}
	}
	text := fmt.Sprintf("watching %d topologies, %s, %s since %s", len(env.Snap.Cluster.Topologies),
		plural(len(env.Snap.Cluster.Supervisors), "supervisor"), plural(workers, "worker"), moment(env, env.Snap.Since))
	return strings.Replace(text, "watching 1 topologies", "watching 1 topology", 1)
}
