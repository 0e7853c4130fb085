package ui

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// maxHistory bounds the palette's memory.
const maxHistory = 200

// entry is one line the palette offers.
type entry struct {
	line  string // what enter runs, without the colon
	about string
	alias string
}

// windowWords are the words for the windows.
var windowWords = map[string]nimbusclient.Window{
	"10m": nimbusclient.Window10m, "3h": nimbusclient.Window3h, "1d": nimbusclient.Window1d, "all": nimbusclient.WindowAll,
}

// builtin is a command of the frame itself.
type builtin struct {
	word, args, about string
	// values completes the argument.
	values []string
	run    func(m *model, arg string) (tea.Cmd, error)
}

func builtins() []builtin {
	return []builtin{
		{word: "window", args: "10m|3h|1d|all", about: "the span counters are shown over", values: []string{"10m", "3h", "1d", "all"}, run: runWindow},
		{word: "every", args: "SECS", about: "how often the cluster is asked", run: runEvery},
		{word: "theme", args: "NAME", about: "colours: " + strings.Join(theme.Names(), ", "), values: theme.Names(), run: runTheme},
		{word: "sys", args: "on|off", about: "system components and streams", values: []string{"on", "off"}, run: runSys},
		{word: "dump", about: "save the screen as text", run: func(m *model, _ string) (tea.Cmd, error) { return m.save(), nil }},
		{word: "help", about: "keys and symbols", run: func(m *model, _ string) (tea.Cmd, error) { m.over = newHelp(m); return nil, nil }},
		{word: "keys", about: "keys of all screens", run: func(m *model, _ string) (tea.Cmd, error) {
			h := newHelp(m)
			h.all = true
			m.over = h
			return nil, nil
		}},
		{word: "readonly", about: "forbid every change for the rest of the session", run: runReadOnly},
		{word: "q", about: "quit", run: func(*model, string) (tea.Cmd, error) { return tea.Quit, nil }},
	}
}

func runWindow(_ *model, arg string) (tea.Cmd, error) {
	w, ok := windowWords[arg]
	if !ok {
		return nil, fmt.Errorf("the window is 10m, 3h, 1d or all, not %q", arg)
	}
	return screen.ChooseWindow(w), nil
}

func runEvery(m *model, arg string) (tea.Cmd, error) {
	secs, err := strconv.Atoi(strings.TrimSuffix(arg, "s"))
	if err != nil || secs < 1 || secs > 3600 {
		return nil, fmt.Errorf("the interval is a number of seconds from 1 to 3600, not %q", arg)
	}
	m.deps.Every = time.Duration(secs) * time.Second
	m.deps.Source.SetEvery(m.deps.Every)
	return screen.Notice(fmt.Sprintf("Polling every %ds.", secs)), nil
}

func runTheme(m *model, arg string) (tea.Cmd, error) {
	if !theme.Known(arg) {
		return nil, fmt.Errorf("no theme %q; there are %s", arg, strings.Join(theme.Names(), ", "))
	}
	m.env.Theme = theme.New(arg, m.env.Theme.Unicode)
	return nil, nil
}

func runSys(_ *model, arg string) (tea.Cmd, error) {
	if arg != "on" && arg != "off" {
		return nil, fmt.Errorf("say :sys on or :sys off, not %q", arg)
	}
	return screen.ShowSystem(arg == "on"), nil
}

func runReadOnly(m *model, _ string) (tea.Cmd, error) {
	m.env.Mode = screen.Mode{ReadOnly: true, Reason: ":readonly was typed; it lasts for the session", Word: "READ-ONLY"}
	return screen.Notice("Read-only until stormtop ends."), nil
}

// offers lists what the palette can do for the typed text: commands, then the
// names of the cluster's topologies, best match first.
func (m *model) offers(typed string) []entry {
	all := m.entries()
	word, arg, hasArg := strings.Cut(strings.TrimSpace(typed), " ")
	if hasArg {
		arg = strings.TrimSpace(arg)
		var kept []entry
		for _, e := range all {
			head, tail, _ := strings.Cut(e.line, " ")
			if (head == word || e.alias == word) && tail != "" && !strings.ContainsAny(tail, "|") && strings.Contains(strings.ToLower(tail), strings.ToLower(strings.TrimPrefix(arg, "/"))) {
				kept = append(kept, e)
			}
		}
		return kept
	}
	if word == "" {
		return all
	}
	lines := make([]string, len(all))
	for i, e := range all {
		lines[i] = e.line + " " + e.alias
	}
	found := fuzzy.Find(word, lines)
	kept := make([]entry, 0, len(found))
	for _, hit := range found {
		kept = append(kept, all[hit.Index])
	}
	// The exact word is never below a better-looking guess.
	sort.SliceStable(kept, func(i, j int) bool {
		return exact(kept[i], word) && !exact(kept[j], word)
	})
	return kept
}

func exact(e entry, word string) bool {
	head, _, more := strings.Cut(e.line, " ")
	return !more && (head == word || e.alias == word)
}

// entries are all lines the palette can offer now.
func (m *model) entries() []entry {
	var all []entry
	for _, spec := range screen.Specs() {
		if len(spec.Words) == 0 {
			continue
		}
		alias := ""
		if len(spec.Words) > 1 {
			alias = spec.Words[1]
		}
		if !spec.NeedsArg {
			all = append(all, entry{line: spec.Words[0], about: spec.About, alias: alias})
		}
		if !spec.NeedsArg && !spec.TakesComponent {
			continue
		}
		for _, t := range m.env.Snap.TopologyRows() {
			all = append(all, entry{line: spec.Words[0] + " " + clean(t.Name), about: spec.About, alias: alias})
		}
	}
	for _, b := range builtins() {
		line := b.word
		all = append(all, entry{line: line, about: strings.TrimSpace(b.args + "  " + b.about)})
		for _, v := range b.values {
			all = append(all, entry{line: b.word + " " + v, about: b.about})
		}
	}
	return all
}

// run carries out one line of the palette.
func (m *model) run(line string) tea.Cmd {
	line = strings.TrimSpace(line)
	if line == "" {
		return nil
	}
	m.palette.add(line)
	if m.deps.History != nil {
		m.deps.History.Add(line)
	}
	word, arg, _ := strings.Cut(line, " ")
	arg = strings.TrimSpace(arg)
	for _, b := range builtins() {
		if b.word != word {
			continue
		}
		cmd, err := b.run(m, arg)
		if err != nil {
			return screen.Problem(clean(err.Error()))
		}
		return cmd
	}
	for _, spec := range screen.Specs() {
		if slices.Contains(spec.Words, word) {
			return m.openNamed(spec, arg)
		}
	}
	return screen.Problem(fmt.Sprintf("No command %q. Nearest: :%s", clean(word), nearest(word)))
}

// openNamed opens a screen by its word; the argument is a topology's name, a
// filter behind a slash, or a path.
func (m *model) openNamed(spec screen.Spec, arg string) tea.Cmd {
	a := screen.Arg{}
	if name, filter, ok := strings.Cut(arg, "/"); ok && !strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, "/") && !spec.TakesPath {
		a.Filter, arg = filter, strings.TrimSpace(name)
	}
	if spec.TakesComponent {
		a.Component, a.Filter = a.Filter, ""
	}
	switch {
	case spec.TakesPath, arg == "nimbus" && spec.ID == "conf":
		a.Path = arg
	case arg != "":
		id, ok := m.topologyID(arg)
		if !ok {
			return screen.Problem(fmt.Sprintf("No topology %q is running here.", clean(arg)))
		}
		a.TopologyID = id
	case spec.NeedsArg:
		return screen.Problem(fmt.Sprintf(":%s needs a topology, as in :%s NAME", spec.Words[0], spec.Words[0]))
	}
	id := spec.ID
	// A list named with one topology opens that topology.
	if a.TopologyID != "" && spec.Detail != "" {
		id = spec.Detail
	}
	return screen.Open(id, a)
}

func (m *model) topologyID(name string) (string, bool) {
	for _, t := range m.env.Snap.TopologyRows() {
		if t.Name == name || t.ID == name || clean(t.Name) == name {
			return t.ID, true
		}
	}
	return "", false
}

// nearest names the command closest to a mistyped word.
func nearest(word string) string {
	var words []string
	for _, spec := range screen.Specs() {
		words = append(words, spec.Words...)
	}
	for _, b := range builtins() {
		words = append(words, b.word)
	}
	best, bestD := "help", 1<<30
	for _, w := range words {
		if d := distance(word, w); d < bestD {
			best, bestD = w, d
		}
	}
	return best
}

// distance is the number of edits between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			prev, row[j] = row[j], min(row[j]+1, row[j-1]+1, prev+cost)
		}
	}
	return row[len(b)]
}

// paletteMemory is the history of this session and, when kept, of earlier ones.
type paletteMemory struct {
	lines []string // oldest first
	at    int      // steps back from the newest; 0 is none
}

func (p *paletteMemory) add(line string) {
	p.at = 0
	if n := len(p.lines); n > 0 && p.lines[n-1] == line {
		return
	}
	p.lines = append(p.lines, line)
	if over := len(p.lines) - maxHistory; over > 0 {
		p.lines = append([]string(nil), p.lines[over:]...)
	}
}

func (p *paletteMemory) older() string {
	p.at = min(p.at+1, len(p.lines))
	return p.line()
}

func (p *paletteMemory) newer() string {
	p.at = max(p.at-1, 0)
	return p.line()
}

func (p *paletteMemory) line() string {
	if p.at == 0 || p.at > len(p.lines) {
		return ""
	}
	return p.lines[len(p.lines)-p.at]
}
