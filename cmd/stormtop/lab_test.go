//go:build lab && unix

package main

import (
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/lab"
	"github.com/stormtop/stormtop/internal/termtest/require"
)

func openLab(t *testing.T) *lab.Cluster {
	t.Helper()
	c, err := lab.Open(require.Env(t, lab.DescriptionVariable, "stormlab up and stormlab env give it"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// consoleOn starts the console on the lab in a terminal of the given size.
func consoleOn(t *testing.T, c *lab.Cluster, w, h int, flags string) *pane {
	t.Helper()
	p := newPane(t, w, h)
	p.keys("clear; "+buildConsole(t)+" --nimbus "+strings.Join(c.Nimbus, ",")+" --zk "+c.Zookeeper+" "+flags, "Enter")
	p.await("live data", func(s string) bool {
		return strings.Contains(s, "data ") && strings.Contains(s, "leader "+c.Nimbus[0][:3])
	})
	return p
}

// TestLabConsoleShowsEveryTopology looks at the console on whatever Storm runs.
func TestLabConsoleShowsEveryTopology(t *testing.T) {
	c := openLab(t)
	ids, err := c.TopologyIDs(t.Context())
	if err != nil || len(ids) == 0 {
		t.Fatalf("topologies %v, %v", ids, err)
	}
	p := consoleOn(t, c, 120, 40, "--view topologies")
	p.await("every topology with numbers", func(s string) bool {
		for name := range ids {
			if !strings.Contains(s, name) {
				return false
			}
		}
		return strings.Contains(s, "ACTIVE") && !strings.Contains(s, "loading")
	})
	// Storm 0.9 tells nobody its version.
	if !strings.HasPrefix(c.Version, "0.9") && !strings.Contains(p.screen(), "Storm "+c.Version) {
		t.Errorf("the header does not name Storm %s:\n%s", c.Version, p.screen())
	}
	p.keys("Enter")
	p.await("the components", func(s string) bool {
		return strings.Contains(s, "─ bolts") && strings.Contains(s, "split") || strings.Contains(s, "─ bolts")
	})
	p.keys("3")
	p.await("the slots", func(s string) bool { return strings.Contains(s, "imbalance") })
	p.keys("1")
	p.await("the cluster", func(s string) bool { return strings.Contains(s, "─ supervisors") })
}

var workersColumn = regexp.MustCompile(`(?m)^[▸ ] [✕▲◌ ] ?[a-z]? ?(\S+) +ACTIVE +\S+ +\S+(?: ▲)? +(\d+) `)

// TestLabLeaderKilled ends the leader while the console is open: nothing turns
// to zero, the standby's naming of the dead leader is told as such, and within
// ten seconds of the election the new leader's values are live.
func TestLabLeaderKilled(t *testing.T) {
	c := openLab(t)
	if len(c.Nimbus) < 2 {
		t.Skipf("Storm %s runs with one Nimbus", c.Version)
	}
	before, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead, _, err := net.SplitHostPort(before)
	if err != nil {
		t.Fatal(err)
	}
	p := consoleOn(t, c, 120, 40, "--view topologies")
	ids, err := c.TopologyIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A supervisor that still fetches a topology's code ends itself when its
	// Nimbus goes; every topology must be at work first.
	p.patience = 2 * time.Minute
	p.await("every topology at work", func(s string) bool {
		for name := range ids {
			if !regexp.MustCompile(` ` + regexp.QuoteMeta(name) + ` .*\d/s .*\d/s`).MatchString(s) {
				return false
			}
		}
		return len(workersColumn.FindAllString(s, -1)) >= len(ids)
	})
	if err := c.Kill(t.Context(), dead, "nimbus"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A Nimbus that comes back exchanges blobs with the other one, and ends itself
		// when they get into each other's way: Storm leaves starting it again to its
		// keeper.
		var err error
		for range 3 {
			if err = c.Start(context.WithoutCancel(t.Context()), dead, "nimbus"); err == nil {
				return
			}
		}
		t.Errorf("starting %s again: %v", dead, err)
	})
	var elected time.Time
	told := false
	p.await("the new leader's values", func(s string) bool {
		for _, m := range workersColumn.FindAllStringSubmatch(s, -1) {
			if m[2] == "0" {
				t.Fatalf("%s shows 0 workers meanwhile:\n%s", m[1], s)
			}
		}
		header, _, _ := strings.Cut(s, "\n")
		if strings.Contains(header, "leader "+before+" (not answering)") || strings.Contains(header, "leader none") {
			told = true
		}
		if elected.IsZero() {
			if now, err := c.Leader(t.Context()); err == nil && now != before && now != "" {
				elected = time.Now()
			}
		}
		live := strings.Contains(header, "data ") && !strings.Contains(header, "leader "+before)
		if !live && !elected.IsZero() && time.Since(elected) > 10*time.Second {
			t.Fatalf("ten seconds after the election the console shows\n%s", s)
		}
		return live
	})
	if !told {
		t.Error("the header never said that the leader is gone")
	}
}
