package lab

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// answering makes the first host's Nimbus of the cluster answer every question
// with the summary of a cluster that it leads.
func answering(t *testing.T, l *Lab) {
	t.Helper()
	_, port, err := net.SplitHostPort(serve(t, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if l.line.ports.nimbus, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
}

func TestCopied(t *testing.T) {
	l := cluster(t, "2.8.3", nil)
	answering(t, l)
	self, ok := proc().read(os.Getpid())
	if !ok {
		t.Fatal("this process is not in /proc")
	}
	blob := func(host, part, text string) {
		t.Helper()
		file := filepath.Join(l.hostDir(host), "storm-local", "blobs", "12", "data_wc-1-1-"+part, "data")
		if err := writeFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		err := l.copied(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("copied: %v, want %q", err, want)
		}
	}
	expect("") // no Nimbus runs
	for _, host := range l.line.hosts {
		pid := fmt.Appendf(nil, "%d %d\n", self.pid, self.born)
		if err := writeFile(l.pidFile(daemon{"nimbus", "nimbus", host}), pid, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect("nimbus@127.0.0.1 lacks wc-1-1-stormjar.jar")
	for _, part := range []string{"stormjar.jar", "stormcode.ser", "stormconf.ser"} {
		blob("127.0.0.1", part, "code")
	}
	expect("nimbus@127.0.0.2 lacks wc-1-1-stormjar.jar")
	for _, part := range []string{"stormjar.jar", "stormcode.ser", "stormconf.ser"} {
		blob("127.0.0.2", part, "co")
	}
	expect("nimbus@127.0.0.2 has 2 of 4 bytes of wc-1-1-stormjar.jar")
	for _, part := range []string{"stormjar.jar", "stormcode.ser", "stormconf.ser"} {
		blob("127.0.0.2", part, "code")
	}
	expect("")
}

func TestSubmitLeavesRunningTopologiesAlone(t *testing.T) {
	l := cluster(t, "1.2.2", nil)
	answering(t, l)
	var told strings.Builder
	l.out = &told
	if err := l.submit(t.Context(), []string{"wc"}); err != nil {
		t.Fatal(err)
	}
	if told.String() != "  wc runs already\n" {
		t.Errorf("told %q", told.String())
	}
}

func TestComplete(t *testing.T) {
	l := cluster(t, "1.2.2", nil)
	answering(t, l)
	if err := l.complete(t.Context()); err == nil || !strings.Contains(err.Error(), "1 of 2 supervisors") {
		t.Errorf("with one supervisor of two: %v", err)
	}
	l = cluster(t, "2.8.3", nil)
	answering(t, l)
	if err := l.complete(t.Context()); err == nil || !strings.Contains(err.Error(), "1 of 2 Nimbus daemons") {
		t.Errorf("with one Nimbus of two: %v", err)
	}
}
