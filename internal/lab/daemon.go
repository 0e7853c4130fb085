package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// small are the JVM options that keep a daemon small and quick to start:
// released classes need no second verification, which takes a fifth of the
// start of Storm's Clojure lines. With IPv4 alone the preloaded library sees
// every bind.
func small() []string {
	return []string{
		"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.net.preferIPv4Stack=true",
		"-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote",
	}
}

// jdk is the path of one of the JDK's programs.
func (l *Lab) jdk(program string) string {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", program)
	}
	return program
}

// command is a daemon's command line, as its host runs it.
func (l *Lab) command(d daemon) ([]string, error) {
	switch {
	case d.kind == "sshd":
		sshd, err := findTool(exec.LookPath, "sshd")
		if err != nil {
			return nil, err
		}
		// sshd wants to be called by its full path.
		return []string{sshd, "-D", "-e", "-f", filepath.Join(l.set.Dir, "ssh", d.host, "sshd_config")}, nil
	case d.kind == "zookeeper" && l.line.modern:
		return l.zookeeper(d), nil
	}
	h := l.home(d.host)
	logging := "-Dlog4j.configurationFile=" + h + "/log4j2/cluster.xml"
	if l.line.logback {
		logging = "-Dlogback.configurationFile=" + h + "/logback/cluster.xml"
	}
	cp := []string{h + "/*", h + "/lib/*"}
	if d.kind == "ui" || d.kind == "logviewer" {
		if l.line.modern {
			cp = append(cp, h+"/lib-webapp/*")
		}
		if l.set.WebappJar != "" {
			cp = append(cp, l.set.WebappJar)
		}
	}
	if l.line.modern {
		cp = append(cp, h+"/extlib/*", h+"/extlib-daemon/*")
	}
	if l.line.logback {
		cp = append(cp, l.stub())
	}
	cp = append(cp, filepath.Join(h, l.conf(d)))
	cmd := []string{l.jdk("java"), "-server", "-Xmx" + l.line.heaps[d.kind]}
	cmd = append(cmd, small()...)
	if l.line.modern {
		cmd = append(cmd, "-Djava.deserialization.disabled=true")
	} else {
		cmd = append(cmd, opens()...)
	}
	return append(cmd,
		"-Ddaemon.name="+d.kind, "-Dstorm.options=", "-Dstorm.home="+h, "-Dstorm.log.dir="+h+"/logs",
		"-Djava.library.path=/usr/local/lib:/opt/local/lib:/usr/lib:/usr/lib64", "-Dstorm.conf.file=",
		"-Dlogfile.name="+d.name+".log", logging, "-cp", strings.Join(cp, ":"), l.line.mains[d.kind]), nil
}

func (l *Lab) zookeeper(d daemon) []string {
	h := l.home(d.host)
	cmd := append([]string{l.jdk("java"), "-Xmx" + l.line.heaps[d.kind]}, small()...)
	return append(cmd, "-Dstorm.log.dir="+h+"/logs", "-Dlogfile.name=zookeeper.log",
		"-Dlog4j.configurationFile="+h+"/log4j2/cluster.xml",
		"-cp", h+"/lib/*:"+l.library("lib-zookeeper")+"/*",
		l.line.mains[d.kind], filepath.Join(l.set.Dir, "zookeeper", "zoo.cfg"))
}

// onHost wraps a command so that it runs with the host's view of the files.
func (l *Lab) onHost(host string, command []string) []string {
	if !l.privateMounts() {
		return command
	}
	return append([]string{
		"unshare", "--mount", "--propagation", "private", "sh", "-c",
		`mount --bind "$0" "$1" && shift && exec "$@"`, l.hostDir(host), filepath.Join(l.set.Dir, "storm"),
	}, command...)
}

func (l *Lab) environment(d daemon) []string {
	env := append(os.Environ(),
		ownerVariable+"="+l.set.Dir,
		"LD_PRELOAD="+filepath.Join(l.set.Dir, preloaded),
		"BIND_ADDR="+d.host)
	if !l.line.modern {
		env = append(env, "STORM_CONF_DIR="+filepath.Join(l.home(d.host), l.conf(d)))
	}
	return env
}

func (l *Lab) pidFile(d daemon) string { return filepath.Join(l.set.Dir, "run", d.String()+".pid") }

// running returns the daemon's process.
func (l *Lab) running(d daemon) (process, bool) {
	text, err := os.ReadFile(l.pidFile(d))
	if err != nil {
		return process{}, false
	}
	pid, born, ok := parsePidFile(string(text))
	if !ok {
		return process{}, false
	}
	p := process{pid: pid, born: born}
	if !proc().alive(p) {
		return process{}, false
	}
	return proc().read(pid)
}

func proc() processes { return processes{root: "/proc"} }

// parsePidFile reads "pid start-time".
func parsePidFile(text string) (pid int, born uint64, ok bool) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(fields[0])
	if err != nil || pid <= 0 {
		return 0, 0, false
	}
	born, err = strconv.ParseUint(fields[1], 10, 64)
	return pid, born, err == nil
}

// start starts the daemon in a session of its own, where no signal of this
// terminal reaches it; lock, when not nil, is inherited by it.
func (l *Lab) start(ctx context.Context, d daemon, lock *os.File) error {
	command, err := l.command(d)
	if err != nil {
		return fmt.Errorf("starting %s: %w", d, err)
	}
	command = l.onHost(d.host, command)
	out := filepath.Join(l.set.Dir, "run", d.String()+".out")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("starting %s: %w", d, err)
	}
	log, err := os.OpenFile(out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("starting %s: %w", d, err)
	}
	defer func() { _ = log.Close() }()
	// The daemon outlives this program and so this context.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...)
	cmd.Dir = l.set.Dir
	if !l.line.modern {
		cmd.Dir = l.home(d.host)
	}
	cmd.Env = l.environment(d)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if lock != nil {
		cmd.ExtraFiles = []*os.File{lock}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", d, err)
	}
	p, ok := proc().read(cmd.Process.Pid)
	if !ok {
		return fmt.Errorf("starting %s: it ended at once, see %s", d, out)
	}
	return writeFile(l.pidFile(d), fmt.Appendf(nil, "%d %d\n", p.pid, p.born), 0o644)
}

// forget removes the pid file of a daemon that was stopped on purpose.
func (l *Lab) forget(d daemon) error {
	if err := os.Remove(l.pidFile(d)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forgetting %s: %w", d, err)
	}
	return nil
}
