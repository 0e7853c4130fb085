// Package lab brings up a real Apache Storm cluster on one machine, from the
// artifacts that Storm's releases leave on Maven Central, so that what the
// console says can be compared with what Storm says.
//
// Start reading at Lab.Up in up.go: it names the steps in their order. A
// version line's facts (main classes, ports, file layout) are in line.go, what
// is downloaded and built in build.go, the hosts' files in layout.go, the
// command lines in daemon.go, the search for processes in process.go. A test
// begins with Open, which reads what `stormlab up` left.
//
// Guarantees: no daemon is started before its ports were found free and the
// machine-wide lock on them was taken; every process that a cluster starts,
// its workers' children and ssh sessions included, carries a mark by which
// Down finds it again, even after a crash of the program that started it;
// nothing waits for a fixed time, only for conditions with a limit. A Lab and
// a Cluster may be used from one goroutine at a time; two programs that work
// on the same cluster take turns through a file lock.
package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DescriptionVariable is the environment variable that names the description
// of the running cluster.
const DescriptionVariable = "STORMTOP_LAB"

const descriptionFile = "lab.json"

// ErrNoCluster says that no running cluster is described.
var ErrNoCluster = errors.New("no lab cluster is described")

// Cluster is a running lab cluster as a client sees it: `stormlab up` writes
// it to the work directory, Open reads it. Its methods act on the cluster.
type Cluster struct {
	// Version is Storm's, such as 2.8.3.
	Version string `json:"version"`
	// Nimbus lists every Nimbus as host:port; the first one led when the
	// cluster came up.
	Nimbus []string `json:"nimbus"`
	// Zookeeper is host:port/root.
	Zookeeper string `json:"zookeeper"`
	// UI is the address of the Storm UI without a slash at its end, empty
	// when the cluster runs without one.
	UI string `json:"ui,omitempty"`
	// Logviewers lists every logviewer as host:port.
	Logviewers []string `json:"logviewers,omitempty"`
	// Hosts lists the hosts' addresses.
	Hosts []string `json:"hosts"`
	// SSHConfig is an OpenSSH client configuration that knows every host.
	SSHConfig string `json:"sshConfig"`
	// LogDir is Storm's log directory as the hosts themselves see it.
	LogDir string `json:"logDir"`
	// ArtifactsDir is the directory of the worker logs as the hosts see it;
	// before 1.0 it is LogDir.
	ArtifactsDir string `json:"artifactsDir"`
	// HostDirs maps a host to its files as this machine sees them.
	HostDirs map[string]string `json:"hostDirs"`
	// StormYAML is the configuration file of the first host.
	StormYAML string `json:"stormYaml"`
	// Topologies lists the names that Submit knows.
	Topologies []string `json:"topologies"`
	// Settings are those the cluster was brought up with.
	Settings Settings `json:"settings"`
}

// Open reads the description of the running cluster: the file at path or, when
// path is empty, the one named by the variable STORMTOP_LAB. The error is
// ErrNoCluster when there is none.
func Open(path string) (*Cluster, error) {
	if path == "" {
		path = os.Getenv(DescriptionVariable)
	}
	if path == "" {
		return nil, fmt.Errorf("%w: %s is not set", ErrNoCluster, DescriptionVariable)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", ErrNoCluster, path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the description: %w", err)
	}
	c := new(Cluster)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("reading the description %s: %w", path, err)
	}
	return c, nil
}

// Description is the path of the file that describes this cluster.
func (c *Cluster) Description() string {
	return filepath.Join(c.Settings.Dir, descriptionFile)
}

// describe is the cluster as it will be when every wanted daemon runs.
func (l *Lab) describe() *Cluster {
	first := l.line.hosts[0]
	c := &Cluster{
		Version:    l.set.Version,
		Zookeeper:  hostPort(first, l.line.ports.zookeeper) + "/storm",
		Hosts:      l.line.hosts,
		SSHConfig:  filepath.Join(l.set.Dir, "ssh", "config"),
		LogDir:     filepath.Join(l.home(first), "logs"),
		HostDirs:   map[string]string{},
		StormYAML:  filepath.Join(l.hostDir(first), "conf", "storm.yaml"),
		Topologies: l.line.topologies,
		Settings:   l.set,
	}
	c.ArtifactsDir = c.LogDir
	if l.line.artifacts {
		c.ArtifactsDir = filepath.Join(c.LogDir, "workers-artifacts")
	}
	for _, h := range l.line.hosts {
		c.HostDirs[h] = l.hostDir(h)
	}
	for _, d := range l.wanted() {
		switch d.kind {
		case "nimbus":
			c.Nimbus = append(c.Nimbus, hostPort(d.host, l.line.ports.nimbus))
		case "logviewer":
			c.Logviewers = append(c.Logviewers, hostPort(d.host, l.line.ports.logviewer))
		case "ui":
			c.UI = "http://" + hostPort(d.host, l.line.ports.ui)
		}
	}
	return c
}

func (l *Lab) writeDescription() error {
	c := l.describe()
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the description: %w", err)
	}
	return writeFile(c.Description(), append(data, '\n'), 0o644)
}
