package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
)

// demoApp is the program without a world around it.
func demoApp(stdout io.Writer) *app {
	return &app{stdout: stdout, stderr: io.Discard, env: func(string) string { return "" }, now: time.Now}
}

// runDemo runs demo with arguments and returns its error.
func runDemo(ctx context.Context, a *app, args ...string) error {
	cmd := a.demoCommand()
	a.addFlags(cmd.PersistentFlags())
	cmd.SetFlagErrorFunc(flagError)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	return cmd.ExecuteContext(ctx)
}

func TestDemoRefusesBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--speed", "0"},
		{"--speed", "1000"},
		{"--speed", "NaN"},
		{"--speed", "fast"},
		{"--seed", "-1"},
		{"--nimbus", "nim-a"},
		{"--zk", "zk1"},
		{"--serve", "--view", "slots"},
		{"--size", "huge"},
		{"--view", "nowhere"},
	} {
		var wrong error
		if wrong = runDemo(t.Context(), demoApp(io.Discard), args...); wrong == nil {
			t.Errorf("%v is accepted", args)
			continue
		}
		if code, said := explain(wrong); code != exitUsage || said[0].hint == "" {
			t.Errorf("%v: exit code %d, %+v", args, code, said)
		}
	}
}

// TestDemoShowsAWholeCluster looks at the demo through the console's own
// clients.
func TestDemoShowsAWholeCluster(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	defer goleak.VerifyNone(t, ignore)
	cfg, err := demoApp(io.Discard).withFlags().demoConfig()
	if err != nil {
		t.Fatal(err)
	}
	live, err := demo{seed: 1, speed: 1, size: sizeSmall}.start(t.Context(), console{cfg: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer live.stop()
	live.watch(t.Context())

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	asked := false
	for {
		var s *cluster.Snapshot
		select {
		case s = <-live.poller.Snapshots():
		case <-ctx.Done():
			t.Fatal("the picture was never complete")
		}
		if s.Cluster == nil {
			continue
		}
		if !asked {
			asked = true
			live.poller.Demand(everything(s))
			continue
		}
		if s.ZK != nil && complete(s) {
			check(t, s)
			return
		}
	}
}

// BenchmarkDemoStart tells how long the console waits for its cluster.
func BenchmarkDemoStart(b *testing.B) {
	cfg, err := demoApp(io.Discard).withFlags().demoConfig()
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []string{sizeSmall, sizeLarge} {
		b.Run(size, func(b *testing.B) {
			for b.Loop() {
				live, err := demo{seed: 1, speed: 1, size: size}.start(b.Context(), console{cfg: cfg})
				if err != nil {
					b.Fatal(err)
				}
				live.stop()
			}
		})
	}
}

// everything demands all that the console can show.
func everything(s *cluster.Snapshot) cluster.Demand {
	d := cluster.Demand{
		Pages: map[string][]cluster.PageKey{}, Infos: map[string]bool{}, Structures: map[string]bool{}, Confs: map[string]bool{},
		LogConfigs: map[string]bool{}, Components: map[string][]cluster.ComponentKey{}, Hosts: map[string]bool{"*": true},
		NimbusConf: true, Window: nimbusclient.Window10m,
	}
	for _, row := range s.Cluster.Topologies {
		d.Pages[row.ID] = []cluster.PageKey{{Window: nimbusclient.Window10m}, {Window: nimbusclient.WindowAll, Sys: true}}
		d.Infos[row.ID], d.Structures[row.ID], d.Confs[row.ID], d.LogConfigs[row.ID] = true, true, true, true
	}
	return d
}

func complete(s *cluster.Snapshot) bool {
	if s.NimbusConf == nil {
		return false
	}
	for _, row := range s.Cluster.Topologies {
		t := s.Topologies[row.ID]
		if t == nil || len(t.Pages) < 2 || t.Info == nil || t.Structure == nil || t.Conf == nil {
			return false
		}
	}
	return true
}

func check(t *testing.T, s *cluster.Snapshot) {
	t.Helper()
	if len(s.Cluster.Topologies) != 4 || len(s.Cluster.Supervisors) != 6 || len(s.Hosts) != 6 || len(s.Cluster.Nimbuses) != 2 {
		t.Errorf("%d topologies, %d supervisors, %d hosts, %d Nimbuses",
			len(s.Cluster.Topologies), len(s.Cluster.Supervisors), len(s.Hosts), len(s.Cluster.Nimbuses))
	}
	if s.Link.NimbusErr != nil || s.Link.ZKErr != nil || len(s.ZK.Missing) > 0 {
		t.Errorf("Nimbus: %v, ZooKeeper: %v, missing: %v", s.Link.NimbusErr, s.Link.ZKErr, s.ZK.Missing)
	}
	if s.ZK.Leader == nil || s.ZK.Leader.Host != "nim-a" || len(s.ZK.Supervisors) != 6 || len(s.ZK.Storms) != 4 || len(s.ZK.Heartbeats) != 4 {
		t.Errorf("ZooKeeper: leader %+v, %d supervisors, %d storms, heartbeats of %d",
			s.ZK.Leader, len(s.ZK.Supervisors), len(s.ZK.Storms), len(s.ZK.Heartbeats))
	}
	if s.HeartbeatPeriod != 10*time.Second {
		t.Errorf("heartbeats every %v", s.HeartbeatPeriod)
	}
	for id, top := range s.Topologies {
		if len(top.Errs) > 0 || len(top.Drift) > 0 {
			t.Errorf("%s: refused %v, drift %v", id, top.Errs, top.Drift)
		}
		page := top.Page(nimbusclient.Window10m, false)
		if page == nil || len(page.Spouts) == 0 || page.Totals[nimbusclient.Window10m].Acked == nil || *page.Totals[nimbusclient.Window10m].Acked == 0 {
			t.Errorf("%s: page %+v", id, page)
		}
		if n := len(top.Rates.Emitted.Trend); n < primedBeats {
			t.Errorf("%s: the trend begins with %d points", id, n)
		}
		assigned := s.ZK.Assignments[id]
		for _, e := range top.Info.ExecutorList {
			if e.Stats == nil || e.UptimeSecs == nil || *e.UptimeSecs < 3600 {
				t.Errorf("%s: executor %v has no history", id, e.ID)
			}
		}
		if len(assigned.Executors) != len(top.Info.ExecutorList) {
			t.Errorf("%s: %d executors are assigned, %d are listed", id, len(assigned.Executors), len(top.Info.ExecutorList))
		}
	}
}

func TestDemoServesOthersUntilItIsStopped(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	defer goleak.VerifyNone(t, ignore)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- runDemo(ctx, demoApp(write), "--serve", "--seed", "3") }()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var out servedDemo
	if err := json.Unmarshal([]byte(line), &out); err != nil || len(out.Nimbus) != 2 || !strings.HasSuffix(out.ZK, "/storm") {
		t.Fatalf("printed %q, %v", line, err)
	}
	if conf, err := os.ReadFile(out.SSHConfig); err != nil || !strings.Contains(string(conf), "Host w6\n") || out.LogDir != "/var/log/storm" {
		t.Errorf("ssh: %.20q, %v; logs in %q", conf, err, out.LogDir)
	}
	client := nimbusclient.New(nimbusclient.Config{Seeds: out.Nimbus[1:]}) // the standby
	err = client.Read(ctx, func(s *nimbusclient.Session) error {
		list, err := s.Topologies()
		if err == nil && len(list) != 4 {
			err = errors.New("not four topologies")
		}
		return err
	})
	client.Close()
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", out.Nimbus[0])
	if err == nil {
		_ = c.Close()
		t.Error("something is left behind")
	}
	if _, err := os.Stat(filepath.Dir(out.SSHConfig)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the files for ssh are left behind: %v", err)
	}
}

// withFlags declares the flags that every command has.
func (a *app) withFlags() *app {
	cmd := a.demoCommand()
	a.addFlags(cmd.PersistentFlags())
	return a
}
