package lab

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeMachine has the named programs; a command's output is looked up by its
// whole line, and one that is not listed fails.
func fakeMachine(programs string, outputs map[string]string) machine {
	return machine{
		lookPath: func(name string) (string, error) {
			if slices.Contains(strings.Fields(programs), name) {
				return "/bin/" + filepath.Base(name), nil
			}
			return "", exec.ErrNotFound
		},
		output: func(_ context.Context, name string, args ...string) (string, error) {
			out, ok := outputs[strings.Join(append([]string{name}, args...), " ")]
			if !ok {
				return "", errors.New("exit status 1")
			}
			return out, nil
		},
		getenv: func(string) string { return "" },
	}
}

func TestMissing(t *testing.T) {
	const all = "java javac mvn cc python3 /usr/sbin/sshd ssh-keygen"
	good := map[string]string{
		"java -version":                     "openjdk version \"17.0.15\" 2025-04-15\n",
		"python3 -c import venv, ensurepip": "",
	}
	with := func(changes map[string]string) map[string]string {
		out := maps.Clone(good)
		maps.Copy(out, changes)
		return out
	}
	set := Settings{Version: "2.8.3", Cache: t.TempDir()}
	for _, c := range []struct {
		name, programs string
		outputs        map[string]string
		want           []string
	}{
		{"a complete machine", all, good, nil},
		{"a newer JDK", all, with(map[string]string{"java -version": `openjdk version "21" 2023-09-19`}), nil},
		{"an old JDK", all, with(map[string]string{"java -version": `java version "1.8.0_402"`}), []string{
			"JDK 17 is needed to run and compile Storm, but the Java on the PATH is version 8; to install it: apt-get install openjdk-17-jdk-headless.",
		}},
		{"a JRE", strings.Replace(all, "javac", "", 1), good, []string{
			"JDK 17 is needed to run and compile Storm, but there is no javac on the PATH; to install it: apt-get install openjdk-17-jdk-headless.",
		}},
		{"an odd JDK", all, with(map[string]string{"java -version": "hello"}), []string{
			`JDK 17 is needed to run and compile Storm, but java -version says "hello"; to install it: apt-get install openjdk-17-jdk-headless.`,
		}},
		{"no venv", all, map[string]string{"java -version": good["java -version"]}, []string{
			`pystorm is needed for the topology "edits"; it is installed from PyPI into a virtual environment, but python3 has neither it nor the module venv; to install it: apt-get install python3-venv.`,
		}},
		{"no venv but pystorm", all, map[string]string{"java -version": good["java -version"], "python3 -c import pystorm": ""}, nil},
		{"an empty machine", "", nil, []string{
			"JDK 17 is needed to run and compile Storm, but there is no java on the PATH; to install it: apt-get install openjdk-17-jdk-headless.",
			"Maven is needed to download Storm from Maven Central, but there is no program mvn; to install it: apt-get install maven.",
			"cc is needed to compile the library that keeps each host to its own address, but there is no program cc; to install it: apt-get install gcc libc6-dev.",
			"python3 is needed to run the topologies, but there is no program python3; to install it: apt-get install python3.",
			`pystorm is needed for the topology "edits"; it is installed from PyPI into a virtual environment, but there is no python3 to install it with; to install it: apt-get install python3-venv.`,
			"sshd is needed as the hosts' OpenSSH server, but there is no program sshd; to install it: apt-get install openssh-server.",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := missing(t.Context(), Prerequisites(set), fakeMachine(c.programs, c.outputs))
			if !slices.Equal(got, c.want) {
				t.Errorf("missing:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestPrerequisitesDependOnTheCluster(t *testing.T) {
	names := func(set Settings) string {
		var out []string
		for _, p := range Prerequisites(set) {
			out = append(out, p.Name)
		}
		return strings.Join(out, ", ")
	}
	if got, want := names(Settings{Version: "0.9.7", Cache: t.TempDir(), Without: []string{"sshd"}}), "JDK 17, Maven, cc, python3"; got != want {
		t.Errorf("0.9.7 needs %s, want %s", got, want)
	}
	l := cluster(t, "1.2.2", nil)
	jar, err := l.topologyJar()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{jar, filepath.Join(l.library("lib"), "storm-core.jar")} {
		if err := writeFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(l.set), "JDK 17, python3"; got != want {
		t.Errorf("with a warm cache 1.2.2 needs %s, want %s", got, want)
	}
}
