package ui

import (
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/screen"
)

const (
	// noticeFor is how long a notice stays; an error stays until the next one.
	noticeFor = 8 * time.Second
	// maxNotices bounds what :log remembers.
	maxNotices = 500
	// fallback is the screen shown while nothing answers.
	fallback screen.ID = "connections"
	// home is where the console opens.
	home screen.ID = "health"
	// logScreen shows streams of logs.
	logScreen screen.ID = "logs"
)

// model is the one Bubble Tea model; screens and overlays are its parts.
type model struct {
	deps  Deps
	keys  frameKeys
	env   screen.Env
	lay   layout
	where stack
	// over is the overlay on top (palette, help), nil without one.
	over overlay

	// live is the newest snapshot, env.Snap the one on screen: they differ
	// while the picture is paused.
	live     *cluster.Snapshot
	pausedAt time.Time
	tracker  diagnose.Tracker

	notice    screen.Line
	noticeTil time.Time
	mouse     bool
	hint      string // the newest of deps.Hint
	hinting   bool   // it still stands in the hint line
	// aside says that the connection screen opened by itself.
	aside   bool
	palette paletteMemory
	// later is the screen to open as soon as its topology's id is known: it was
	// asked for by name before anything had answered.
	later *screen.OpenMsg

	dirty bool
	frame string
}

func newModel(deps Deps) (*model, error) {
	m := &model{
		deps: deps, keys: newFrameKeys(), mouse: deps.Mouse,
		dirty: true,
	}
	m.takeHint()
	if err := m.keys.rebind(deps.Keys); err != nil {
		return nil, err
	}
	if deps.History != nil {
		m.palette.lines = deps.History.Load()
	}
	m.live = &cluster.Snapshot{Made: deps.Now(), Since: deps.Now()}
	m.env = screen.Env{
		Snap: m.live, Now: deps.Now().In(deps.Zone), Theme: deps.Theme,
		ClusterName: deps.ClusterName, Prod: deps.Prod, Mode: deps.Mode,
		Window: nimbusclient.Window10m,
		Logs:   deps.Logs, Tree: deps.Tree, Settings: deps.Settings, Defaults: deps.Defaults, Secret: deps.Secret,
	}
	first, ok := screen.Lookup(home)
	if !ok {
		return nil, fmt.Errorf("no screen is called %q", home)
	}
	m.where.open(m.env, first, screen.Arg{}) // so that back leads somewhere
	if deps.Open == "" {
		return m, nil
	}
	spec, ok := screen.Lookup(deps.Open)
	switch {
	case !ok:
		return nil, fmt.Errorf("no screen is called %q", deps.Open)
	case deps.OpenArg.TopologyID != "":
		m.later = &screen.OpenMsg{ID: deps.Open, Arg: deps.OpenArg}
	default:
		m.where.open(m.env, spec, deps.OpenArg)
	}
	return m, nil
}

// Init starts the clock.
func (m *model) Init() tea.Cmd { return tick() }

// Update handles one message and tells a screen that is not on top any more.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	on := *m.where.top()
	next, cmd := m.handle(msg)
	if m.where.top().self != on.self {
		if l, ok := on.scr.(screen.Leaver); ok {
			l.Leave()
		}
	}
	return next, cmd
}

// handle handles one message. Only the branches that change the picture mark it
// dirty; View is called after every message all the same.
func (m *model) handle(msg tea.Msg) (tea.Model, tea.Cmd) {
	was := m.dirty
	m.dirty = true
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.lay = newLayout(msg.Width, msg.Height)
		return m, nil
	case snapshotMsg:
		if m.paused() {
			m.hold(msg.snap)
			m.dirty = was
			return m, nil
		}
		return m, m.refresh(msg.snap)
	case logsMsg:
		m.env.Rev++
		m.dirty = was
		if m.where.top().spec.ID != logScreen {
			return m, nil
		}
		m.dirty = was || !m.paused()
		// What the cluster is asked for stays as it was.
		top := m.where.top()
		env := m.env
		env.Self = top.self
		return m, top.scr.Update(env, screen.Refreshed{})
	case tickMsg:
		m.tick(time.Time(msg))
		return m, tick()
	case tea.KeyPressMsg:
		return m, m.press(msg)
	case tea.PasteMsg:
		return m, m.paste(msg)
	case tea.MouseMsg:
		return m, m.click(msg)
	case screen.Answer:
		if o := m.where.find(msg.To); o != nil {
			return m, m.update(o, msg.Msg)
		}
		return m, nil
	case savedMsg:
		m.saved(msg)
		return m, nil
	case pipedMsg:
		m.piped(msg)
		return m, nil
	case askedMsg:
		m.showQuestion()
		return m, nil
	}
	if cmd, ok := m.intent(msg); ok {
		return m, cmd
	}
	m.dirty = was
	return m, nil
}

// update hands a message to one screen and tells the source what is wanted.
func (m *model) update(o *opened, msg tea.Msg) tea.Cmd {
	env := m.env
	env.Self = o.self
	cmd := o.scr.Update(env, msg)
	m.demand()
	return cmd
}

// demand tells the source what the screen on top needs.
func (m *model) demand() {
	top := m.where.top()
	env := m.env
	env.Self = top.self
	d := cluster.Demand{}
	if asks, ok := top.scr.(screen.Demander); ok {
		d = asks.Demand(env)
	}
	if d.Window == "" {
		d.Window = m.env.Window
	}
	// The health badge is on every screen, so its rules are fed on every screen.
	d.AllTopologies = true
	m.deps.Source.Demand(d)
}

// hold remembers the newest snapshot while the picture is paused. The health
// rules go on: what stood for two heartbeats meanwhile has stood.
func (m *model) hold(s *cluster.Snapshot) {
	m.live = s
	m.tracker.Report(s, m.deps.Now())
}

// refresh puts a new snapshot on screen.
func (m *model) refresh(s *cluster.Snapshot) tea.Cmd {
	m.live = s
	report := m.tracker.Report(s, m.deps.Now())
	before := m.env.Found
	m.env.Snap, m.env.Found = s, report
	m.env.Now = m.deps.Now().In(m.deps.Zone)
	m.fallBack()
	cmd := m.openLater()
	m.announce(before, report)
	return tea.Batch(cmd, m.update(m.where.top(), screen.Refreshed{}))
}

// fallBack shows the connection screen by itself while nothing has ever
// answered, and leaves it again as soon as something does.
func (m *model) fallBack() {
	s := m.env.Snap
	known := s.Cluster != nil || s.ZK != nil
	on := m.where.top().spec.ID == fallback
	switch {
	case !known && s.Link.NimbusErr != nil && !m.aside && !on:
		if spec, ok := screen.Lookup(fallback); ok {
			m.aside = true
			m.where.open(m.env, spec, screen.Arg{})
		}
	case known && m.aside:
		m.aside = false
		if on {
			m.where.back()
		}
	}
}

// openLater opens the screen that waited for its topology's id.
func (m *model) openLater() tea.Cmd {
	if m.later == nil || m.env.Snap.Cluster == nil && m.env.Snap.ZK == nil {
		return nil
	}
	msg := *m.later
	m.later = nil
	id, ok := m.topologyID(msg.Arg.TopologyID)
	if !ok {
		m.say(fmt.Sprintf("No topology %q is running here.", clean(msg.Arg.TopologyID)), true)
		return nil
	}
	msg.Arg.TopologyID = id
	return m.open(msg.ID, msg.Arg)
}

// announce puts a new broken finding into the status line of other screens.
func (m *model) announce(before, after diagnose.Report) {
	if m.where.root() == home || before.Checked == 0 {
		return
	}
	seen := map[string]bool{}
	for _, f := range before.Findings {
		if f.Level == cluster.LevelCrit {
			seen[f.Key()] = true
		}
	}
	for _, f := range after.Findings {
		if f.Level == cluster.LevelCrit && !seen[f.Key()] {
			m.say(clean(f.Where+": "+f.What), false)
			return
		}
	}
}

func (m *model) tick(at time.Time) {
	if !m.noticeTil.IsZero() && at.After(m.noticeTil) {
		m.notice, m.noticeTil = screen.Line{}, time.Time{}
	}
	m.takeHint()
	if m.deps.SSH != nil {
		m.env.SSH = m.deps.SSH()
	}
	if m.paused() {
		return
	}
	m.env.Now = m.deps.Now().In(m.deps.Zone)
}

func (m *model) paused() bool { return !m.pausedAt.IsZero() }

// say shows a line in the status row and keeps it for :log. The text has passed
// safetext.
func (m *model) say(text string, problem bool) {
	m.notice = screen.Line{At: m.deps.Now(), Text: text, Problem: problem}
	m.noticeTil = m.notice.At.Add(noticeFor)
	if problem {
		m.noticeTil = time.Time{}
	}
	log := append([]screen.Line{m.notice}, m.env.Log...)
	m.env.Log = log[:min(len(log), maxNotices)]
}

// intent carries out what a screen asked for.
func (m *model) intent(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case screen.OpenMsg:
		return m.open(msg.ID, msg.Arg), true
	case screen.BackMsg:
		m.where.back()
		m.demand()
		return nil, true
	case screen.NoticeMsg:
		m.say(msg.Text, msg.Error)
		return nil, true
	case screen.CopyMsg:
		m.say(fmt.Sprintf("Copied %s (%d bytes, terminal clipboard).", clean(msg.What), len(msg.Text)), false)
		return tea.SetClipboard(msg.Text), true
	case screen.WindowMsg:
		m.env.Window = msg.Window
		return m.update(m.where.top(), screen.Refreshed{}), true
	case screen.SaveMsg:
		return m.saveWritten(msg.Kind, msg.Write), true
	case screen.PipeMsg:
		return m.pipe(msg.Command, msg.Write), true
	case screen.SysMsg:
		m.env.Sys = msg.On
		return m.update(m.where.top(), screen.Refreshed{}), true
	}
	return nil, false
}

// open switches to a screen.
func (m *model) open(id screen.ID, arg screen.Arg) tea.Cmd {
	spec, ok := screen.Lookup(id)
	if !ok {
		m.say(fmt.Sprintf("No screen is called %q.", clean(string(id))), true)
		return nil
	}
	m.aside = false
	if _, asks := m.over.(*question); !asks {
		m.over = nil
	}
	m.where.open(m.env, spec, arg)
	return m.update(m.where.top(), screen.Refreshed{})
}

// logsHere is whose logs the row under the cursor has.
func (m *model) logsHere() (screen.Arg, bool) {
	top := m.where.top()
	l, ok := top.scr.(screen.Logger)
	if !ok || m.env.Logs == nil {
		return screen.Arg{}, false
	}
	env := m.env
	env.Self = top.self
	return l.Logs(env)
}

// takeHint asks for the hint of the moment and shows it when it is a new one.
func (m *model) takeHint() {
	if m.deps.Hint == nil {
		return
	}
	if hint := m.deps.Hint(); hint != m.hint {
		m.hint, m.hinting = hint, hint != ""
	}
}

// press routes a key: the overlay first, then the frame's own keys unless the
// screen is being typed into, then the screen.
func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	m.hinting = false
	if _, asks := m.over.(*question); asks && m.lay.tooSmall {
		if key.Matches(msg, m.keys.Quit) {
			return tea.Quit
		}
		return nil // nobody answers what is not to be seen
	}
	if m.over != nil {
		if _, asks := m.over.(*question); !asks && key.Matches(msg, m.keys.Quit) {
			m.over = nil
			return nil
		}
		cmd := m.over.press(m, msg)
		m.showQuestion() // one may have waited for what was open
		return cmd
	}
	top := m.where.top()
	if t, ok := top.scr.(screen.Typer); ok && t.Typing() {
		switch {
		case key.Matches(msg, m.keys.Quit):
			return tea.Quit
		case msg.String() == "f1":
			m.over = newHelp(m)
			return nil
		}
		return m.update(top, msg)
	}
	if m.lay.tooSmall && !key.Matches(msg, m.keys.Quit, m.keys.Leave, m.keys.Suspend) {
		return nil
	}
	if cmd, ok := m.frameKey(msg); ok {
		return cmd
	}
	if arg, ok := m.logsHere(); ok && key.Matches(msg, m.keys.Logs) {
		return m.open(logScreen, arg)
	}
	for _, spec := range screen.Specs() {
		if isRoot(spec) && key.Matches(msg, spec.Key) {
			return m.open(spec.ID, screen.Arg{})
		}
	}
	return m.update(top, msg)
}

func (m *model) frameKey(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Quit):
		return tea.Quit, true
	case key.Matches(msg, k.Suspend):
		return tea.Suspend, true
	case key.Matches(msg, k.Leave):
		if m.lay.tooSmall || !m.where.back() {
			return tea.Quit, true
		}
		m.demand()
	case key.Matches(msg, k.Back):
		if e, ok := m.where.top().scr.(screen.Escaper); ok && e.Escape() {
			return nil, true
		}
		m.where.back()
		m.demand()
	case key.Matches(msg, k.Previous):
		if m.where.swap() {
			return m.update(m.where.top(), screen.Refreshed{}), true
		}
	case key.Matches(msg, k.Palette):
		m.over = newPalette(m, "")
	case key.Matches(msg, k.HistBack):
		m.over = newPalette(m, m.palette.older())
	case key.Matches(msg, k.HistFwd):
		m.over = newPalette(m, m.palette.newer())
	case key.Matches(msg, k.Help):
		m.over = newHelp(m)
	case key.Matches(msg, k.Pause):
		return m.pause(), true
	case key.Matches(msg, k.Poll):
		m.deps.Source.Refresh()
		m.say("Polling now.", false)
		return m.update(m.where.top(), msg), true // a screen may have more to read
	case key.Matches(msg, k.Save):
		return m.save(), true
	case key.Matches(msg, k.Wide):
		m.env.Wide = !m.env.Wide
		return m.update(m.where.top(), screen.Refreshed{}), true
	case key.Matches(msg, k.Mouse):
		m.mouse = !m.mouse
		m.say("Mouse "+onOff(m.mouse)+".", false)
	default:
		return nil, false
	}
	return nil, true
}

// pause freezes or thaws the picture; polling goes on all the while.
func (m *model) pause() tea.Cmd {
	if !m.paused() {
		m.pausedAt = m.deps.Now().In(m.deps.Zone)
		m.env.Paused = true
		m.say("Paused: polling goes on, the picture does not. p goes on.", false)
		return nil
	}
	held := human.Age(m.deps.Now().Sub(m.pausedAt))
	m.pausedAt = time.Time{}
	m.env.Paused = false
	m.say("Live again after "+held+".", false)
	return m.refresh(m.live)
}

// paste never confirms anything: it reaches only a field that is being typed
// into, as text without line ends.
func (m *model) paste(msg tea.PasteMsg) tea.Cmd {
	text := clean(msg.Content)
	if p, ok := m.over.(*palette); ok {
		p.insert(m, text)
		return nil
	}
	if q, ok := m.over.(*question); ok {
		q.paste(text)
		return nil
	}
	top := m.where.top()
	if t, ok := top.scr.(screen.Typer); ok && t.Typing() {
		return m.update(top, tea.PasteMsg{Content: text})
	}
	return nil
}

// click gives the tab bar its clicks and passes the rest to the screen, with
// rows counted from the body's first.
func (m *model) click(msg tea.MouseMsg) tea.Cmd {
	if m.over != nil || m.lay.tooSmall {
		return nil
	}
	at := msg.Mouse()
	if c, ok := msg.(tea.MouseClickMsg); ok && at.Y == m.lay.tabs && c.Button == tea.MouseLeft {
		for _, t := range m.tabs() {
			if at.X >= t.x && at.X < t.x+t.w {
				return m.open(t.id, screen.Arg{})
			}
		}
		return nil
	}
	if at.Y < m.lay.body || at.Y >= m.lay.body+m.lay.bodyH {
		return nil
	}
	at.Y -= m.lay.body
	switch msg.(type) {
	case tea.MouseClickMsg:
		return m.update(m.where.top(), tea.MouseClickMsg(at))
	case tea.MouseWheelMsg:
		return m.update(m.where.top(), tea.MouseWheelMsg(at))
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
