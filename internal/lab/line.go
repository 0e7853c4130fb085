package lab

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ports are where a line's daemons listen. Lines with different ports can run
// beside each other.
type ports struct {
	zookeeper, nimbus, supervisor, ui, logviewer, ssh int
	slots                                             []int
}

// line holds what differs between the lines of Storm versions.
type line struct {
	// modern is 2.x: two hosts with a Nimbus each, split libraries, Flux.
	modern bool
	// artifacts says that worker logs have a directory per topology (1.0 on).
	artifacts bool
	// logback is the logging of 0.9, which also needs a stand-in for a Java
	// class that is not on Maven Central; later lines use log4j 2.
	logback bool
	// pkg is the Java package of the line.
	pkg string
	// pom is the Maven description of the daemons' libraries.
	pom   string
	hosts []string
	// daemons in the order in which they are started.
	daemons    []daemon
	mains      map[string]string
	heaps      map[string]string
	ports      ports
	topologies []string
	// further are topologies that "all" leaves out: there are not slots enough.
	further []string
}

// daemon is one process of the cluster: a name on a host. The kind is the
// name without the number that tells two of a kind on one host apart.
type daemon struct {
	kind, name, host string
}

func (d daemon) String() string { return d.name + "@" + d.host }

// Versions lists the versions that the lab is tested with.
func Versions() []string { return []string{"0.9.7", "0.10.2", "1.2.2", "2.8.3"} }

var versionPattern = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+([.-][0-9A-Za-z.-]+)?$`)

func lineOf(version string) (line, error) {
	if !versionPattern.MatchString(version) {
		return line{}, usagef("%q is no Storm version: the lab knows %s", version, strings.Join(Versions(), ", "))
	}
	switch {
	case strings.HasPrefix(version, "2."):
		return modernLine(), nil
	case strings.HasPrefix(version, "0.9."):
		l := oldLine("backtype.storm", "lib-0.9")
		l.logback = true
		return l, nil
	case strings.HasPrefix(version, "0.10."):
		return oldLine("backtype.storm", "lib-0.10"), nil
	case strings.HasPrefix(version, "1."):
		l := oldLine("org.apache.storm", "lib-1")
		l.artifacts = true
		l.mains["supervisor"] = "org.apache.storm.daemon.supervisor.Supervisor"
		return l, nil
	}
	return line{}, usagef("Storm %s is unknown here: the lab knows %s", version, strings.Join(Versions(), ", "))
}

func modernLine() line {
	hosts := []string{"127.0.0.1", "127.0.0.2"}
	l := line{
		modern: true, artifacts: true, pkg: "org.apache.storm", pom: "lib-2", hosts: hosts,
		mains: map[string]string{
			"zookeeper":  "org.apache.zookeeper.server.ZooKeeperServerMain",
			"nimbus":     "org.apache.storm.daemon.nimbus.Nimbus",
			"supervisor": "org.apache.storm.daemon.supervisor.Supervisor",
			"ui":         "org.apache.storm.daemon.ui.UIServer",
			"logviewer":  "org.apache.storm.daemon.logviewer.LogviewerServer",
		},
		heaps: map[string]string{"zookeeper": "96m", "nimbus": "192m", "supervisor": "128m", "ui": "192m", "logviewer": "96m"},
		ports: ports{
			zookeeper: 2181, nimbus: 6627, supervisor: 6628, ui: 8080, logviewer: 8000, ssh: 2222,
			slots: []int{6700, 6701, 6702, 6703},
		},
		topologies: []string{"wordcount", "flaky", "skew", "edits"},
		further:    []string{"numbers"},
	}
	l.daemons = append(l.daemons, daemon{"zookeeper", "zookeeper", hosts[0]})
	for _, kind := range []string{"nimbus", "supervisor", "sshd"} {
		for _, h := range hosts {
			l.daemons = append(l.daemons, daemon{kind, kind, h})
		}
	}
	l.daemons = append(l.daemons, daemon{"ui", "ui", hosts[0]})
	for _, h := range hosts {
		l.daemons = append(l.daemons, daemon{"logviewer", "logviewer", h})
	}
	return l
}

func oldLine(pkg, pom string) line {
	const host = "127.0.0.1"
	return line{
		pkg: pkg, pom: pom, hosts: []string{host},
		daemons: []daemon{
			{"zookeeper", "zookeeper", host},
			{"nimbus", "nimbus", host},
			{"ui", "ui", host},
			{"supervisor", "supervisor", host},
			{"supervisor", "supervisor-2", host},
			{"logviewer", "logviewer", host},
			{"sshd", "sshd", host},
		},
		mains: map[string]string{
			"zookeeper":  pkg + ".command.dev_zookeeper",
			"nimbus":     pkg + ".daemon.nimbus",
			"supervisor": pkg + ".daemon.supervisor",
			"ui":         pkg + ".ui.core",
			"logviewer":  pkg + ".daemon.logviewer",
		},
		heaps: map[string]string{"zookeeper": "128m", "nimbus": "256m", "supervisor": "192m", "ui": "192m", "logviewer": "128m"},
		ports: ports{
			zookeeper: 21810, nimbus: 26627, ui: 28080, logviewer: 28000, ssh: 28022,
			slots: []int{26700, 26701, 26702, 26703},
		},
		topologies: []string{"lab-words"},
	}
}

// wanted lists the daemons of this cluster, in the order of their start.
func (l *Lab) wanted() []daemon {
	web := l.hasWebapp()
	var out []daemon
	for _, d := range l.line.daemons {
		if slices.Contains(l.set.Without, d.kind) {
			continue
		}
		if (d.kind == "ui" || d.kind == "logviewer") && !web {
			continue
		}
		out = append(out, d)
	}
	return out
}

// find returns the wanted daemon of that name on that host.
func (l *Lab) find(host, name string) (daemon, error) {
	var names []string
	for _, d := range l.wanted() {
		if d.host == host && d.name == name {
			return d, nil
		}
		if d.host == host {
			names = append(names, d.name)
		}
	}
	if !slices.Contains(l.line.hosts, host) {
		return daemon{}, usagef("there is no host %q: the hosts are %s", host, strings.Join(l.line.hosts, ", "))
	}
	return daemon{}, usagef("host %s has no %q: it runs %s", host, name, strings.Join(names, ", "))
}

// port is where the daemon listens, 0 for a supervisor before 2.0.
func (l *Lab) port(d daemon) int {
	p := l.line.ports
	return map[string]int{
		"zookeeper": p.zookeeper, "nimbus": p.nimbus, "supervisor": p.supervisor,
		"ui": p.ui, "logviewer": p.logviewer, "sshd": p.ssh,
	}[d.kind]
}

func hostPort(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}
