package lab

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		version, host, name string
		want                []string
		without             []string
	}{
		{"2.8.3", "127.0.0.2", "nimbus", []string{
			"-Xmx192m", "-Ddaemon.name=nimbus", "-Dlogfile.name=nimbus.log", "-Dstorm.home=DIR/hosts/127.0.0.2",
			"-Djava.net.preferIPv4Stack=true", "org.apache.storm.daemon.nimbus.Nimbus", "DIR/hosts/127.0.0.2/extlib/*:",
		}, []string{"lib-webapp", "--add-opens"}},
		{"2.8.3", "127.0.0.1", "ui", []string{"lib-webapp/*:/jars/webapp.jar:", "org.apache.storm.daemon.ui.UIServer"}, nil},
		{"2.8.3", "127.0.0.1", "zookeeper", []string{"/lib-zookeeper-", "ZooKeeperServerMain", "DIR/zookeeper/zoo.cfg", "-Xmx96m"}, nil},
		{"0.9.7", "127.0.0.1", "supervisor-2", []string{
			"backtype.storm.daemon.supervisor", "-Ddaemon.name=supervisor", "-Dlogfile.name=supervisor-2.log",
			"conf-supervisor-2", "-Dlogback.configurationFile=", "/stub-", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
		}, []string{"log4j"}},
		{"0.10.2", "127.0.0.1", "zookeeper", []string{"backtype.storm.command.dev_zookeeper"}, []string{"/stub-"}},
		{"1.2.2", "127.0.0.1", "supervisor", []string{"org.apache.storm.daemon.supervisor.Supervisor", "DIR/hosts/127.0.0.1/conf-supervisor "}, nil},
		{"1.2.2", "127.0.0.1", "ui", []string{"org.apache.storm.ui.core", "-Dlog4j.configurationFile="}, []string{"lib-webapp"}},
	} {
		t.Run(c.version+" "+c.name, func(t *testing.T) {
			l := cluster(t, c.version, func(set *Settings) {
				if c.version == "2.8.3" {
					set.WebappJar = "/jars/webapp.jar"
				}
			})
			d, err := l.find(c.host, c.name)
			if err != nil {
				t.Fatal(err)
			}
			command, err := l.command(d)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(command, " ") + " "
			for _, part := range c.want {
				if part = strings.ReplaceAll(part, "DIR", l.set.Dir); !strings.Contains(got, part) {
					t.Errorf("the command lacks %q: %s", part, got)
				}
			}
			for _, part := range c.without {
				if strings.Contains(got, part) {
					t.Errorf("the command has %q: %s", part, got)
				}
			}
		})
	}
}

func TestPrivateMounts(t *testing.T) {
	l := cluster(t, "2.8.3", nil)
	d := daemon{"nimbus", "nimbus", "127.0.0.2"}
	if got := l.onHost(d.host, []string{"java"}); !slices.Equal(got, []string{"java"}) {
		t.Errorf("without mounts it runs %q", got)
	}
	if err := writeFile(filepath.Join(l.set.Dir, "mounts"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l.mounts = nil
	for _, host := range l.line.hosts {
		if got, want := l.home(host), filepath.Join(l.set.Dir, "storm"); got != want {
			t.Errorf("%s sees its home at %s, want %s", host, got, want)
		}
	}
	got := l.onHost(d.host, []string{"java", "-version"})
	if got[0] != "unshare" || !slices.Contains(got, l.hostDir(d.host)) || !slices.Equal(got[len(got)-2:], []string{"java", "-version"}) {
		t.Errorf("with mounts it runs %q", got)
	}
}

func TestEnvironment(t *testing.T) {
	l := cluster(t, "1.2.2", nil)
	env := l.environment(daemon{"supervisor", "supervisor-2", "127.0.0.1"})
	for _, want := range []string{
		ownerVariable + "=" + l.set.Dir, "BIND_ADDR=127.0.0.1", "LD_PRELOAD=" + l.set.Dir + "/bindto.so",
		"STORM_CONF_DIR=" + l.set.Dir + "/hosts/127.0.0.1/conf-supervisor-2",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
}

func TestWanted(t *testing.T) {
	names := func(l *Lab) string {
		var out []string
		for _, d := range l.wanted() {
			out = append(out, d.name)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ name, version, without, jar, want string }{
		{"2.x without a webapp", "2.8.3", "", "", "zookeeper nimbus nimbus supervisor supervisor sshd sshd"},
		{"2.x with one", "2.8.3", "", "x.jar", "zookeeper nimbus nimbus supervisor supervisor sshd sshd ui logviewer logviewer"},
		{"2.x with one unwanted", "2.8.3", "ui sshd", "x.jar", "zookeeper nimbus nimbus supervisor supervisor logviewer logviewer"},
		{"1.x", "1.2.2", "", "", "zookeeper nimbus ui supervisor supervisor-2 logviewer sshd"},
	} {
		l := cluster(t, c.version, func(set *Settings) { set.WebappJar, set.Without = c.jar, strings.Fields(c.without) })
		if got := names(l); got != c.want {
			t.Errorf("%s: runs %s, want %s", c.name, got, c.want)
		}
	}
}
