package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hostDir is where a host's files lie on this machine.
func (l *Lab) hostDir(host string) string {
	return filepath.Join(l.set.Dir, "hosts", host)
}

// home is storm.home as the host's own processes see it. Where the machine
// allows private mounts it is the same path on both hosts of a 2.x cluster, as
// it is on real ones.
func (l *Lab) home(host string) string {
	if l.privateMounts() {
		return filepath.Join(l.set.Dir, "storm")
	}
	return l.hostDir(host)
}

// privateMounts says whether each host has its own view of <dir>/storm; it was
// decided by the first `up` in this directory.
func (l *Lab) privateMounts() bool {
	if l.mounts == nil {
		can := l.line.modern && exists(filepath.Join(l.set.Dir, "mounts"))
		l.mounts = &can
	}
	return *l.mounts
}

// tryMounts finds out whether the kernel lets us mount and keeps the answer.
func (l *Lab) tryMounts(ctx context.Context) error {
	if !l.line.modern {
		return nil
	}
	probe := filepath.Join(l.set.Dir, "storm")
	if err := os.MkdirAll(probe, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", probe, err)
	}
	mark := filepath.Join(l.set.Dir, "mounts")
	if _, err := l.run(ctx, "unshare", "--mount", "--propagation", "private", "mount", "--bind", probe, probe); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := os.RemoveAll(mark); err != nil {
			return fmt.Errorf("forgetting private mounts: %w", err)
		}
	} else if err := writeFile(mark, nil, 0o644); err != nil {
		return err
	}
	l.mounts = nil
	return nil
}

// layOut writes every host's files: configuration, logging, links to the
// libraries, ssh keys.
func (l *Lab) layOut() error {
	data, err := os.ReadFile(l.bindto())
	if err != nil {
		return fmt.Errorf("reading bindto.so: %w", err)
	}
	library := filepath.Join(l.set.Dir, preloaded)
	if was, err := os.ReadFile(library); err != nil || !bytes.Equal(was, data) {
		if err := writeFile(library, data, 0o755); err != nil {
			return err
		}
	}
	if l.line.modern && l.set.WebappJar != "" {
		if err := unpackWeb(l.set.WebappJar, filepath.Join(l.set.Dir, "public")); err != nil {
			return err
		}
	}
	for _, host := range l.line.hosts {
		if err := l.layOutHost(host); err != nil {
			return err
		}
	}
	if l.line.modern {
		h := l.line.hosts[0]
		err := writeAsset(filepath.Join(l.set.Dir, "zookeeper", "zoo.cfg"), "conf/zoo.cfg", map[string]string{
			"DIR": filepath.Join(l.set.Dir, "zookeeper"), "ZK_HOST": h, "ZK_PORT": strconv.Itoa(l.line.ports.zookeeper),
		}, 0o644)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) layOutHost(host string) error {
	dir := l.hostDir(host)
	subs := []string{"conf", "logs", "bin"}
	if l.line.modern {
		subs = append(subs, "extlib", "extlib-daemon", "healthchecks")
	} else {
		// The pages may be missing, the directory may not.
		subs = append(subs, "empty")
	}
	for _, sub := range subs {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("laying out %s: %w", host, err)
		}
	}
	links := map[string]string{"lib": l.library("lib"), "public": filepath.Join(dir, "empty")}
	if l.line.modern {
		links["lib-worker"] = l.library("lib-worker")
		links["lib-webapp"] = l.library("lib-webapp")
		links["public"] = filepath.Join(l.set.Dir, "public")
	}
	if l.set.Distribution != "" && (l.set.WebappJar == "" || !l.line.modern) {
		links["public"] = filepath.Join(l.set.Distribution, "public")
	}
	for name, target := range links {
		if err := link(target, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(dir, "RELEASE"), []byte(l.set.Version+"\n"), 0o644); err != nil {
		return err
	}
	stamp := "%Y%m%d-%H%M%S"
	if l.line.modern {
		stamp = "%Y%m%d%H%M%S"
	}
	if err := writeAsset(filepath.Join(dir, "bin", "flight.bash"), "bin/flight.bash", map[string]string{"STAMP": stamp}, 0o755); err != nil {
		return err
	}
	if err := l.layOutLogging(dir); err != nil {
		return err
	}
	for _, g := range l.groups() {
		name := "conf/storm-old.yaml"
		if l.line.modern {
			name = "conf/storm-2.yaml"
		}
		if err := writeAsset(filepath.Join(dir, g.conf, "storm.yaml"), name, l.stormYAML(host, g), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// link makes name a symbolic link to target, whatever it was linked to before.
func link(target, name string) error {
	if was, err := os.Readlink(name); err == nil && was == target {
		return nil
	}
	if err := os.RemoveAll(name); err != nil {
		return fmt.Errorf("linking %s: %w", name, err)
	}
	if err := os.Symlink(target, name); err != nil {
		return fmt.Errorf("linking %s: %w", name, err)
	}
	return nil
}

func (l *Lab) layOutLogging(dir string) error {
	v := map[string]string{
		"ROLL_SIZE":     l.set.RollSize,
		"PACKAGE":       l.line.pkg,
		"DIR":           "${sys:storm.log.dir}",
		"METRICS":       "metrics.log",
		"PATTERN":       "%d{yyyy-MM-dd HH:mm:ss.SSS} %c{1.} [%p] %msg%n",
		"SHUTDOWN_HOOK": "",
	}
	if l.line.artifacts {
		v["DIR"] = "${sys:workers.artifacts}/${sys:storm.id}/${sys:worker.port}"
		v["METRICS"] = "metrics"
		v["PATTERN"] = "%d{yyyy-MM-dd HH:mm:ss.SSS} %c{1.} %t [%p] %msg%n"
		v["SHUTDOWN_HOOK"] = ` shutdownHook="disable"`
	}
	if l.line.logback {
		// logback writes sizes without the space.
		v["ROLL_SIZE"] = strings.ReplaceAll(l.set.RollSize, " ", "")
		return writeAsset(filepath.Join(dir, "logback", "cluster.xml"), "conf/logback.xml", v, 0o644)
	}
	for _, name := range []string{"worker.xml", "cluster.xml"} {
		if err := writeAsset(filepath.Join(dir, "log4j2", name), "conf/"+name, v, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// group is a set of daemons of one host with a storm.yaml of their own: two
// supervisors on one host must not share their directory or their slots.
type group struct {
	name, conf string
	slots      []int
}

func (l *Lab) groups() []group {
	slots := l.line.ports.slots
	if l.line.modern {
		return []group{{"", "conf", slots}}
	}
	half := len(slots) / 2
	return []group{
		{"master", "conf", slots[:half]},
		{"supervisor", "conf-supervisor", slots[:half]},
		{"supervisor-2", "conf-supervisor-2", slots[half:]},
	}
}

// conf is the name of the directory with the daemon's storm.yaml.
func (l *Lab) conf(d daemon) string {
	for _, g := range l.groups() {
		if g.name == d.name {
			return g.conf
		}
	}
	return "conf"
}

func (l *Lab) stormYAML(host string, g group) map[string]string {
	p := l.line.ports
	slots := make([]string, len(g.slots))
	for i, s := range g.slots {
		slots[i] = strconv.Itoa(s)
	}
	seeds := make([]string, len(l.line.hosts))
	for i, h := range l.line.hosts {
		seeds[i] = strconv.Quote(h)
	}
	v := map[string]string{
		"DIR": l.set.Dir, "HOME": l.home(host), "HOST": host, "GROUP": g.name,
		"ZK_HOST": l.line.hosts[0], "ZK_PORT": strconv.Itoa(p.zookeeper),
		"SEEDS": strings.Join(seeds, ", "), "SLOTS": strings.Join(slots, ", "),
		"NIMBUS_PORT": strconv.Itoa(p.nimbus), "SUPERVISOR_PORT": strconv.Itoa(p.supervisor),
		"UI_PORT": strconv.Itoa(p.ui), "LOGVIEWER_PORT": strconv.Itoa(p.logviewer),
		"OPENS": strings.Join(opens(), " "),
	}
	v["NIMBUS_KEY"] = "nimbus.host: " + strconv.Quote(host)
	v["MORE"] = "# Stock rotation of worker logs is by size."
	if l.line.artifacts {
		v["NIMBUS_KEY"] = "nimbus.seeds: [" + v["SEEDS"] + "]"
		v["MORE"] = "worker.heap.memory.mb: 128"
	}
	return v
}

// opens lists the options without which Storm before 2.0 does not run on a
// JDK from 9 on.
func opens() []string {
	var out []string
	for _, p := range []string{
		"java.lang", "java.lang.reflect", "java.util", "java.util.concurrent", "java.nio", "java.net", "java.io", "sun.nio.ch",
	} {
		out = append(out, "--add-opens=java.base/"+p+"=ALL-UNNAMED")
	}
	return out
}
