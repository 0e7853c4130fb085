//go:build lab

package lab

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// TestLabIsAsDescribed compares the running cluster with its description.
func TestLabIsAsDescribed(t *testing.T) {
	c, err := Open(require.Env(t, DescriptionVariable, "stormlab up and stormlab env give it"))
	if err != nil {
		t.Fatal(err)
	}
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.Nimbus, leader) {
		t.Errorf("%s leads, the description knows %v", leader, c.Nimbus)
	}
	l, err := c.lab()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range l.wanted() {
		pid, ok := c.Running(d.host, d.name)
		if !ok {
			t.Errorf("%s does not run", d)
			continue
		}
		if _, ok := proc().of(c.Settings.Dir)[pid]; !ok {
			t.Errorf("%s, process %d, does not carry the cluster's mark: down would leave it", d, pid)
		}
	}
	if err := l.complete(t.Context()); err != nil {
		t.Errorf("Nimbus knows less than runs: %v", err)
	}
	for _, file := range []string{c.SSHConfig, c.StormYAML} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	ids, err := c.TopologyIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range ids {
		if !strings.HasPrefix(id, name+"-") {
			t.Errorf("topology %s has the id %s", name, id)
		}
	}
}

// TestLabUIAgrees asks the Storm UI for its version.
func TestLabUIAgrees(t *testing.T) {
	c, err := Open(require.Env(t, DescriptionVariable, "stormlab up and stormlab env give it"))
	if err != nil {
		t.Fatal(err)
	}
	if c.UI == "" {
		t.Skip("this cluster runs without the Storm UI")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.UI+"/api/v1/cluster/summary", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = res.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}()
	var got struct{ StormVersion string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.StormVersion != c.Version {
		t.Errorf("the UI says version %q, %v; want %s", got.StormVersion, err, c.Version)
	}
}

// TestLabDaemonComesBack ends a logviewer by SIGKILL, which nothing depends
// on, and starts it again.
func TestLabDaemonComesBack(t *testing.T) {
	c, err := Open(require.Env(t, DescriptionVariable, "stormlab up and stormlab env give it"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Logviewers) == 0 {
		t.Skip("this cluster runs without logviewers")
	}
	host := c.Hosts[len(c.Hosts)-1]
	before, ok := c.Running(host, "logviewer")
	if !ok {
		t.Fatal("no logviewer runs")
	}
	if err := c.Kill(t.Context(), host, "logviewer"); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Running(host, "logviewer"); ok {
		t.Error("it runs after it was killed")
	}
	if err := c.Start(t.Context(), host, "logviewer"); err != nil {
		t.Fatal(err)
	}
	after, ok := c.Running(host, "logviewer")
	if !ok || after == before {
		t.Errorf("after the start it runs: %v, as process %d (before: %d)", ok, after, before)
	}
	logs, err := filepath.Glob(filepath.Join(c.HostDirs[host], "logs", "logviewer*.log"))
	if err != nil || len(logs) == 0 {
		t.Errorf("its log is not where the description says: %v", err)
	}
}
