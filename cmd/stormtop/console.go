package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/config/stormdefaults"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// console is what the bare command needs to know.
type console struct {
	cfg *config.Config
	// view is the screen to open, as "topology:wordcount" or "slots"; "" opens
	// health.
	view string
}

// run shows the console until the user quits.
func (c console) run(ctx context.Context) error {
	deps, err := c.deps()
	if err != nil {
		return err
	}
	return c.supervised(ctx, func(ctx context.Context) error {
		nimbus := nimbusclient.New(nimbusConfig(c.cfg))
		defer nimbus.Close()
		zk := &lazyTree{timeout: c.cfg.Timeout.V}
		defer zk.close(ctx)

		poller := cluster.New(pollerConfig(c.cfg, nimbus, zk))
		ctx, cancel := context.WithCancel(ctx)
		var polling sync.WaitGroup
		defer polling.Wait()
		defer cancel()
		feed := follow.NewFeed(poller)
		polling.Go(func() { poller.Run(ctx) })
		polling.Go(func() { feed.Run(ctx) })
		deps.Questions = ui.NewQuestions()
		hosts := hostsOf(c.cfg, func() int { return logviewerPort(poller.Latest()) }, askIn(deps.Questions))
		defer hosts.Close()
		if hosts.pool != nil {
			deps.SSH = func() []screen.SSHHost { return sshStates(hosts.pool) }
		}
		sessions := newLogSessions(c.cfg, feed, hosts.Hosts, hosts.why, hosts.logviewer)
		defer sessions.close()
		deps.Source, deps.Tree, deps.Logs = fed{feed, poller}, zk, sessions
		return ui.Run(ctx, deps)
	})
}

// pollerConfig says what keeps the picture of the cluster. ZooKeeper is opened
// now, or when Nimbus has told its servers.
func pollerConfig(cfg *config.Config, nimbus *nimbusclient.Client, zk *lazyTree) cluster.Config {
	poll := cluster.Config{Nimbus: cluster.Over(nimbus), Every: cfg.UI.Every.V}
	switch {
	case !cfg.UseZooKeeper.V:
		poll.ZKOff = cfg.UseZooKeeper.Origin.Short()
	case len(cfg.ZooKeeper.V) > 0:
		poll.ZK = zk.open(addresses(cfg.ZooKeeper.V), cfg.ZooKeeperRoot.V)
	default:
		poll.ZKLater = func(conf map[string]any, host string) (cluster.ZooKeeper, string) {
			servers, root := zooKeeperOf(conf, host)
			if len(servers) == 0 {
				return nil, "Nimbus' configuration names no servers"
			}
			return zk.open(servers, root), ""
		}
	}
	return poll
}

// supervised shows the console in a child process that its parent outlives, and
// ends it when the parent is gone. Being ended from outside is no error.
func (c console) supervised(ctx context.Context, show func(ctx context.Context) error) error {
	if !onTerminal() {
		return usage("stormtop status, list and others answer without one; stormtop help names them.", "The console needs a terminal, and there is none.")
	}
	if code, done := supervise(ctx, func(report string) (string, error) { return c.save("crash", report) }); done {
		return exitCode(code)
	}
	orphaned, err := superviseChild()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if orphaned != nil {
		go func() {
			select {
			case <-orphaned:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	err = show(ctx)
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, context.Canceled) || errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// onTerminal reports whether somebody can look at the console and type: its
// output is a terminal, and so is its input, or there is one that controls it.
func onTerminal() bool {
	if !term.IsTerminal(os.Stdout.Fd()) {
		return false
	}
	if term.IsTerminal(os.Stdin.Fd()) {
		return true
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	return tty.Close() == nil
}

// deps is what every console is given, whatever cluster it shows; the source and
// the tree are the caller's.
func (c console) deps() (ui.Deps, error) {
	id, arg, err := parseView(c.view)
	if err != nil {
		return ui.Deps{}, err
	}
	return ui.Deps{
		ClusterName: safetext.Clean(c.cfg.Name), Prod: c.cfg.Prod.V,
		Mode:  screen.Mode{ReadOnly: c.cfg.Mode.ReadOnly, Reason: c.cfg.Mode.Reason, Word: c.cfg.Mode.String()},
		Theme: c.theme(), Every: c.cfg.UI.Every.V, Mouse: c.cfg.UI.Mouse.V, Open: id, OpenArg: arg,
		Settings: c.settings(), Secret: config.Secret,
		Defaults: func(version string) (map[string]any, string) {
			values, _, release := stormdefaults.For(version)
			return values, release
		},
		Save: c.save, Shell: shell, History: c.history(), Zone: time.Local,
	}, nil
}

// theme chooses the looks: the one asked for, or by the terminal's background.
func (c console) theme() *theme.Theme {
	name := c.cfg.UI.Theme.V
	if name == "auto" || name == "" {
		name = "dark"
		if os.Getenv("NO_COLOR") != "" || c.cfg.UI.Color.V == "never" {
			name = "mono"
		} else if os.Getenv("COLORFGBG") != "" && strings.HasSuffix(os.Getenv("COLORFGBG"), ";15") {
			name = "light"
		}
	}
	unicode := theme.UnicodeLocale(os.LookupEnv)
	switch c.cfg.UI.Unicode.V {
	case "true":
		unicode = true
	case "false":
		unicode = false
	}
	return theme.New(name, unicode)
}

// settings are those that the connection screen lists.
func (c console) settings() []screen.Setting {
	var list []screen.Setting
	for _, s := range c.cfg.Settings() {
		if s.Value == "" {
			continue
		}
		list = append(list, screen.Setting{Key: s.Key, Value: s.Value, Origin: s.Origin.Short()})
	}
	return list
}

// save writes a text into the state directory and returns its path. The name
// tells the kind and the moment; an existing file is never overwritten.
func (c console) save(kind, text string) (string, error) {
	dir := c.cfg.Paths.State
	if dir == "" {
		return "", errors.New("there is no state directory: neither HOME nor XDG_STATE_HOME is set")
	}
	dir = filepath.Join(dir, "screens")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the state directory: %w", err)
	}
	name := fmt.Sprintf("%s-%s.txt", kind, time.Now().Format("20060102-150405.000"))
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("saving: %w", err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("saving: %w", err)
	}
	return path, nil
}

// lazyTree is the browser's ZooKeeper, which may be opened later than the
// console, by the poller's goroutine.
type lazyTree struct {
	timeout time.Duration

	mu sync.Mutex
	zk *zkview.Client // nil until opened
}

func (t *lazyTree) open(servers []string, root string) *zkview.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.zk = zkview.New(zkview.Config{Servers: servers, Root: root, Timeout: t.timeout})
	return t.zk
}

func (t *lazyTree) get() *zkview.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.zk
}

func (t *lazyTree) close(ctx context.Context) {
	zk := t.get()
	if zk == nil {
		return
	}
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	// The session ends by itself when this does not reach the server.
	_ = zk.Close(closing)
}

// Children lists a znode's children.
func (t *lazyTree) Children(ctx context.Context, path string) ([]zkview.Child, error) {
	if zk := t.get(); zk != nil {
		return zk.Children(ctx, path)
	}
	return nil, errNoZooKeeper
}

// Node reads a znode.
func (t *lazyTree) Node(ctx context.Context, path string) (zkview.Node, error) {
	if zk := t.get(); zk != nil {
		return zk.Node(ctx, path)
	}
	return zkview.Node{}, errNoZooKeeper
}

var errNoZooKeeper = errors.New("ZooKeeper is not used, or its servers are not known yet; --zk HOST names them")

// nimbusConfig takes what the client needs from the configuration.
func nimbusConfig(cfg *config.Config) nimbusclient.Config {
	return nimbusclient.Config{Seeds: addresses(cfg.Nimbus.V), Timeout: cfg.Timeout.V, MaxFrame: cfg.MaxFrame.V}
}

func addresses(list []config.Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}

// zooKeeperOf reads the servers from Nimbus' own configuration; a loopback name
// there means the host Nimbus runs on.
func zooKeeperOf(conf map[string]any, nimbusHost string) (servers []string, root string) {
	port := "2181"
	switch p := conf["storm.zookeeper.port"].(type) {
	case float64:
		port = fmt.Sprint(int(p))
	case json.Number:
		port = p.String()
	case string:
		port = p
	}
	root, _ = conf["storm.zookeeper.root"].(string)
	list, _ := conf["storm.zookeeper.servers"].([]any)
	for _, item := range list {
		host, ok := item.(string)
		if !ok || host == "" {
			continue
		}
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			if own := net.ParseIP(nimbusHost); own == nil || !own.IsLoopback() {
				host = nimbusHost
			}
		}
		servers = append(servers, net.JoinHostPort(host, port))
	}
	return servers, root
}

// parseView reads --view: a screen's id or word, with a topology, host or path
// behind a colon.
func parseView(view string) (screen.ID, screen.Arg, error) {
	if view == "" {
		return "", screen.Arg{}, nil
	}
	word, rest, _ := strings.Cut(view, ":")
	for _, spec := range screen.Specs() {
		known := string(spec.ID) == word
		for _, w := range spec.Words {
			known = known || w == word
		}
		if !known {
			continue
		}
		arg := screen.Arg{}
		switch {
		case spec.TakesPath:
			arg.Path = rest
		case spec.NeedsArg && rest == "":
			return "", screen.Arg{}, &config.Error{Where: "--view " + view, What: "this screen needs a topology", Hint: "Write --view " + word + ":NAME."}
		case spec.TakesComponent:
			arg.TopologyID, arg.Component, _ = strings.Cut(rest, "/")
		case spec.NeedsArg, spec.Detail != "" && rest != "":
			arg.TopologyID = rest
		default:
			arg.Filter = rest
		}
		if arg.TopologyID != "" && spec.Detail != "" {
			return spec.Detail, arg, nil
		}
		return spec.ID, arg, nil
	}
	return "", screen.Arg{}, &config.Error{Where: "--view " + view, What: "no screen is called " + word, Hint: "stormtop keys lists the screens."}
}
