package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/follow"
	"github.com/stormtop/stormtop/internal/sim"
	"github.com/stormtop/stormtop/internal/sshpool"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/zkview"
)

// The bounds of --speed: slower looks dead, faster outruns the polls.
const (
	minSpeed = 0.1
	maxSpeed = 60
)

// demoRPS is how many details are read in a second.
const demoRPS = 50

// demoEvery is the time between polls: nothing here is spared by asking less.
const demoEvery = "3s"

// primedBeats is how many heartbeats of the past the trends begin with.
const (
	primedBeats      = 60
	primedBeatsLarge = 10 // there a heartbeat takes its time
)

// demoStep is how often the world moves: lines come in order of their times only
// as far as they are written in time.
const demoStep = 100 * time.Millisecond

// demo is what the demo's flags say.
type demo struct {
	seed  uint64
	speed float64
	size  string
	serve bool
	view  string
}

// The sizes of the demo's cluster.
const (
	sizeSmall = "small"
	sizeLarge = "large"
)

// notForDemo are the flags that choose or guard a cluster; the demo is one of
// its own.
var notForDemo = []string{"nimbus", "zk", "cluster", "storm-conf", "c", "no-zk", "readonly", "write"}

// demoCommand shows the console on a simulated cluster.
func (a *app) demoCommand() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The console on a simulated cluster, nothing to install",
		Long: "Simulates a Storm cluster of six hosts with four topologies in this process and shows the console on it. " +
			"Within the first minute a hot key builds up in twitter-clicks, a bolt of wikipedia-trends begins to fail tuples, " +
			"and a host disappears and returns. It all stays inside the program: no port is taken and nothing is left behind.\n\n" +
			"With --serve there is no console: the addresses are printed as one line of JSON with the keys nimbus, zk, " +
			"sshConfig (a file for ssh -F that reaches every host) and logDir, and served until ctrl-c.",
		Example: "# the console on a cluster that is never the same\nstormtop demo --seed $RANDOM\n" +
			"# a cluster for other commands\nstormtop demo --serve",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkDemo(d); err != nil {
				return err
			}
			if d.serve {
				ctx, stop := interruptible(cmd.Context())
				defer stop()
				return a.serveDemo(ctx, d)
			}
			cfg, err := a.demoConfig()
			if err != nil {
				return err
			}
			return d.run(cmd.Context(), console{cfg: cfg, view: d.view})
		},
	}
	cmd.Flags().Uint64Var(&d.seed, "seed", 1, "chance; the same seed makes the same cluster")
	cmd.Flags().Float64Var(&d.speed, "speed", 1, "seconds that pass there in one second, 0.1 to 60")
	cmd.Flags().StringVar(&d.size, "size", sizeSmall, "small: 6 hosts, 4 topologies; large: 250 hosts, 1,000 topologies")
	cmd.Flags().BoolVar(&d.serve, "serve", false, "print the addresses as JSON and serve until ctrl-c")
	cmd.Flags().StringVar(&d.view, "view", "", "screen to begin with: SCREEN or SCREEN:NAME")
	return cmd
}

func (a *app) checkDemo(d demo) error {
	if math.IsNaN(d.speed) || d.speed < minSpeed || d.speed > maxSpeed {
		return usage("Write a number from 0.1 to 60.", "--speed %v is out of bounds.", d.speed)
	}
	if d.size != sizeSmall && d.size != sizeLarge {
		return usage("Write small or large.", "--size %q is no size.", d.size)
	}
	for name := range a.given() {
		if slices.Contains(notForDemo, name) {
			return usage("Leave it out; stormtop without demo shows a real cluster.", "--%s means nothing to the demo, which is a cluster of its own.", name)
		}
	}
	if d.serve && d.view != "" {
		return usage("Leave one of them out.", "--view is for the console, --serve shows none.")
	}
	return nil
}

// demoConfig is the configuration without any file or variable, so that the demo
// looks the same everywhere; flags about looks count.
func (a *app) demoConfig() (*config.Config, error) {
	flags := a.given()
	flags["nimbus"] = []string{"nim-a"}
	if flags["every"] == nil {
		flags["every"] = []string{demoEvery}
	}
	cfg, _, err := config.Load(config.Inputs{Flags: flags, Home: a.home})
	if err != nil {
		return nil, err
	}
	cfg.Name = "demo"
	return cfg, nil
}

// world makes the cluster as it is at a moment.
func (d demo) world(at time.Time) *sim.World {
	if d.size == sizeLarge {
		return sim.NewLarge(d.seed, at)
	}
	return sim.NewDemo(d.seed, at)
}

// beats is how many heartbeats of the past the trends begin with.
func (d demo) beats() int {
	if d.size == sizeLarge {
		return primedBeatsLarge
	}
	return primedBeats
}

// servedDemo is what --serve prints.
type servedDemo struct {
	Nimbus []string `json:"nimbus"`
	ZK     string   `json:"zk"`
	// SSHConfig is a file for ssh -F, LogDir storm.log.dir on every host.
	SSHConfig string `json:"sshConfig"`
	LogDir    string `json:"logDir"`
}

// serveDemo serves a cluster for other programs, whose Nimbuses therefore go by
// names that resolve.
func (a *app) serveDemo(ctx context.Context, d demo) error {
	w := d.world(a.now())
	s, err := sim.Serve(ctx, w, sim.Wires{Speed: d.speed, Hosts: []string{"127.0.0.1", "localhost"}})
	if err != nil {
		return err
	}
	defer s.Close()
	w.Begin()
	line, err := json.Marshal(servedDemo{Nimbus: s.Nimbuses(), ZK: s.ZooKeeper() + "/storm", SSHConfig: s.SSHConfig(), LogDir: s.LogDir()})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.stdout, "%s\n", line); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// run shows the console on a cluster that lives as long as the console does.
func (d demo) run(ctx context.Context, c console) error {
	deps, err := c.deps()
	if err != nil {
		return err
	}
	return c.supervised(ctx, func(ctx context.Context) error {
		live, err := d.start(ctx, c)
		if err != nil {
			return err
		}
		defer live.stop()
		live.watch(ctx)
		live.dress(&deps)
		return ui.Run(ctx, deps)
	})
}

// living is a simulated cluster with the clients that look at it.
type living struct {
	world   *sim.World
	server  *sim.Server
	nimbus  *nimbusclient.Client
	zk      *zkview.Client
	poller  *cluster.Poller
	feed    *follow.Feed
	pool    *sshpool.Pool
	logs    *logSessions
	cancel  context.CancelFunc
	polling sync.WaitGroup
}

// start builds the cluster and the clients that look at it, and lets the story
// begin; stop ends them.
func (d demo) start(ctx context.Context, c console) (*living, error) {
	const beat = sim.BeatSecs * time.Second
	l := &living{cancel: func() {}, world: d.world(time.Now().Add(-time.Duration(d.beats()) * beat))}
	var err error
	// It must outlive its clients, and is closed after them.
	if l.server, err = sim.Serve(context.WithoutCancel(ctx), l.world, sim.Wires{Speed: d.speed, Within: true, Held: true, Every: demoStep}); err != nil {
		return nil, err
	}
	l.nimbus = nimbusclient.New(nimbusclient.Config{
		Seeds: l.server.Nimbuses(), Timeout: c.cfg.Timeout.V, Dial: l.server.Dial,
	})
	l.zk = zkview.New(zkview.Config{Servers: []string{l.server.ZooKeeper()}, Timeout: c.cfg.Timeout.V, Dial: l.server.Dial})
	l.poller = cluster.New(cluster.Config{Nimbus: cluster.Over(l.nimbus), ZK: l.zk, Every: c.cfg.UI.Every.V, MaxRPS: demoRPS})
	told := func(row nimbusclient.TopologySummary) bool { return slices.Contains(sim.Told, row.Name) }
	if err := l.poller.Prime(ctx, d.beats()+1, told, func() { l.world.Step(beat) }); err != nil {
		l.stop()
		return nil, fmt.Errorf("looking at the simulated cluster's past: %w", err)
	}
	l.feed = follow.NewFeed(l.poller)
	l.pool = sshpool.New(sshpool.Config{File: l.server.SSHConfig(), Dial: l.server.Dial})
	l.logs = newLogSessions(c.cfg, l.feed, logs.OverSSH(l.pool), "", nil)
	// What the looking back took has passed there too, and ZooKeeper learns of it
	// all at once.
	l.server.Step(max(0, time.Since(l.world.Now())))
	l.world.Begin()
	l.server.Release()
	return l, nil
}

// dress gives the console this cluster.
func (l *living) dress(deps *ui.Deps) {
	deps.Source, deps.Tree, deps.Hint, deps.Logs = fed{l.feed, l.poller}, l.zk, l.world.Hint, l.logs
	deps.SSH = func() []screen.SSHHost { return sshStates(l.pool) }
	deps.Mode = screen.Mode{Word: "DEMO"}
}

// watch begins to poll; stop ends it.
func (l *living) watch(ctx context.Context) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.polling.Go(func() { l.poller.Run(ctx) })
	l.polling.Go(func() { l.feed.Run(ctx) })
}

// stop ends the clients before the cluster, so that nothing sees it go.
func (l *living) stop() {
	if l.logs != nil {
		l.logs.close()
		l.pool.Close()
	}
	l.cancel()
	l.polling.Wait()
	closing, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	// The session ends with its server, which is next.
	_ = l.zk.Close(closing)
	l.nimbus.Close()
	l.server.Close()
}
