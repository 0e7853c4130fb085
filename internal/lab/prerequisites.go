package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Prerequisite is something that the machine must have. Install says how a
// Debian system gets it.
type Prerequisite struct {
	Name, For, Install string
	// check returns why the prerequisite is missing, empty when it is there.
	check func(context.Context, machine) string
}

// machine is what the checks may ask; tests put their own in its place.
type machine struct {
	lookPath func(string) (string, error)
	output   func(ctx context.Context, name string, args ...string) (string, error)
	getenv   func(string) string
}

// Prerequisites lists, in this one place, everything that the lab needs
// besides Go for the cluster that the settings describe.
func Prerequisites(set Settings) []Prerequisite {
	l, err := New(set, nil)
	if err != nil {
		return nil
	}
	all := []Prerequisite{
		{"JDK 17", "to run and compile Storm", "apt-get install openjdk-17-jdk-headless", checkJDK},
		{"Maven", "to download Storm from Maven Central", "apt-get install maven", needs("mvn")},
		{"cc", "to compile the library that keeps each host to its own address", "apt-get install gcc libc6-dev", needs("cc")},
		{"python3", "to run the topologies", "apt-get install python3", needs("python3")},
		{"pystorm", "for the topology \"edits\"; it is installed from PyPI into a virtual environment", "apt-get install python3-venv", checkVenv(set)},
		{"sshd", "as the hosts' OpenSSH server", "apt-get install openssh-server", needs("sshd", "ssh-keygen")},
	}
	cached := l.cached()
	return slices.DeleteFunc(all, func(p Prerequisite) bool {
		switch p.Name {
		case "Maven", "cc":
			return cached
		case "pystorm":
			return !slices.Contains(l.line.topologies, "edits")
		case "sshd":
			return slices.Contains(set.Without, "sshd")
		}
		return false
	})
}

// Missing returns one sentence for each prerequisite that this machine lacks.
func Missing(ctx context.Context, set Settings) []string {
	l := &Lab{}
	return missing(ctx, Prerequisites(set), machine{exec.LookPath, l.run, os.Getenv})
}

func missing(ctx context.Context, all []Prerequisite, m machine) []string {
	var out []string
	for _, p := range all {
		if why := p.check(ctx, m); why != "" {
			out = append(out, fmt.Sprintf("%s is needed %s, but %s; to install it: %s.", p.Name, p.For, why, p.Install))
		}
	}
	return out
}

func needs(programs ...string) func(context.Context, machine) string {
	return func(_ context.Context, m machine) string {
		for _, name := range programs {
			if _, err := findTool(m.lookPath, name); err != nil {
				return "there is no program " + name
			}
		}
		return ""
	}
}

// findTool finds a program on the PATH or where daemons are kept, which is
// seldom on a user's PATH.
func findTool(lookPath func(string) (string, error), name string) (string, error) {
	path, err := lookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if err == nil {
			break
		}
		path, err = lookPath(filepath.Join(dir, name))
	}
	if err != nil {
		return "", fmt.Errorf("there is no program %s", name)
	}
	return filepath.Abs(path)
}

var javaVersion = regexp.MustCompile(`version "?(\d+)(?:\.(\d+))?`)

func checkJDK(ctx context.Context, m machine) string {
	java, where := "java", "on the PATH"
	if home := m.getenv("JAVA_HOME"); home != "" {
		java, where = filepath.Join(home, "bin", "java"), "in JAVA_HOME"
	}
	for _, program := range []string{java, java + "c"} {
		if _, err := m.lookPath(program); err != nil {
			return fmt.Sprintf("there is no %s %s", filepath.Base(program), where)
		}
	}
	out, err := m.output(ctx, java, "-version")
	if err != nil {
		return fmt.Sprintf("%s -version fails (%v)", java, err)
	}
	found := javaVersion.FindStringSubmatch(out)
	if found == nil {
		return fmt.Sprintf("%s -version says %q", java, clip(strings.TrimSpace(out), 60))
	}
	major, err := strconv.Atoi(found[1])
	if err != nil {
		return fmt.Sprintf("%s -version says %q", java, clip(strings.TrimSpace(out), 60))
	}
	if major == 1 { // 1.8 is 8
		major, _ = strconv.Atoi(found[2])
	}
	if major < 17 {
		return fmt.Sprintf("the Java %s is version %d", where, major)
	}
	return ""
}

// checkVenv looks for pystorm, or for what is needed to install it.
func checkVenv(set Settings) func(context.Context, machine) string {
	return func(ctx context.Context, m machine) string {
		if _, err := m.lookPath("python3"); err != nil {
			return "there is no python3 to install it with"
		}
		for _, python := range []string{filepath.Join(set.Cache, "venv", "bin", "python3"), "python3"} {
			if _, err := m.output(ctx, python, "-c", "import pystorm"); err == nil {
				return ""
			}
		}
		if _, err := m.output(ctx, "python3", "-c", "import venv, ensurepip"); err != nil {
			return "python3 has neither it nor the module venv"
		}
		return ""
	}
}

// missingError says that the machine lacks something, a sentence each.
type missingError struct{ sentences []string }

func (e *missingError) Error() string { return strings.Join(e.sentences, "\n") }
