package lab

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeProcess writes one process to a directory that looks like /proc.
func fakeProcess(t *testing.T, root string, pid, parent int, name, command, environ, mapped string) {
	t.Helper()
	dir := filepath.Join(root, fmt.Sprint(pid))
	stat := fmt.Sprintf("%d (%s) S %d 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 1000 25 0", pid, name, parent, 5000+pid)
	for file, text := range map[string]string{
		"stat": stat, "cmdline": strings.ReplaceAll(command, " ", "\x00") + "\x00", "environ": environ, "maps": mapped,
	} {
		if err := writeFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProcessesOfACluster(t *testing.T) {
	root := t.TempDir()
	const dir = "/var/lab"
	mark := ownerVariable + "=" + dir + "\x00"
	fakeProcess(t, root, 1, 0, "init", "/sbin/init", "", "")
	fakeProcess(t, root, 10, 1, "java", "java Nimbus", "PATH=/bin\x00"+mark, "")
	fakeProcess(t, root, 11, 10, "python3", "python3 charge.py", "", "")
	fakeProcess(t, root, 12, 11, "sh) S 1 (", "sh -c true", "", "")
	fakeProcess(t, root, 13, 1, "java", "java -Dstorm.local.dir="+dir+"/storm/storm-local Worker", "", "")
	fakeProcess(t, root, 14, 1, "sshd", "sshd: root@notty", "garbled", "7f00-7f01 r-xp 0 00:00 1    "+dir+"/bindto.so (deleted)\n")
	fakeProcess(t, root, 15, 14, "sftp-server", "internal-sftp", "", "")
	// Not of the cluster: another directory with the same beginning, another
	// sshd, a client that merely knows the description.
	fakeProcess(t, root, 20, 1, "java", "java Nimbus", ownerVariable+"="+dir+"-2\x00", "")
	fakeProcess(t, root, 21, 1, "java", "java -Dstorm.local.dir="+dir+"-2/x Worker", "", "")
	fakeProcess(t, root, 22, 1, "sshd", "sshd: listener", "", "7f00-7f01 r-xp 0 00:00 1    /lib/libc.so\n")
	fakeProcess(t, root, 23, 1, "stormtop", "stormtop", DescriptionVariable+"="+dir+"/lab.json\x00", "")

	got := slices.Sorted(maps.Keys(processes{root}.of(dir)))
	if want := []int{10, 11, 12, 13, 14, 15}; !slices.Equal(got, want) {
		t.Errorf("processes of the cluster are %v, want %v", got, want)
	}
}

func TestProcessesOfAClusterSpareTheCaller(t *testing.T) {
	root := t.TempDir()
	const dir = "/var/lab"
	mark := ownerVariable + "=" + dir + "\x00"
	// This very process, in a session of the lab's sshd.
	session := os.Getpid() + 100000
	fakeProcess(t, root, session, 1, "sshd", "sshd: root@notty", mark, "")
	fakeProcess(t, root, os.Getpid(), session, "stormlab", "stormlab down", mark, "")
	fakeProcess(t, root, session+1, 1, "java", "java", mark, "")
	got := slices.Sorted(maps.Keys(processes{root}.of(dir)))
	if want := []int{session + 1}; !slices.Equal(got, want) {
		t.Errorf("processes to end are %v, want %v: not the caller's own session", got, want)
	}
}

func TestReadProcess(t *testing.T) {
	root := t.TempDir()
	fakeProcess(t, root, 7, 3, "a (b) c", "java -server  Main", "", "")
	p, ok := processes{root}.read(7)
	want := process{pid: 7, parent: 3, born: 5007, resident: 25 * int64(os.Getpagesize()), command: "java -server  Main"}
	if !ok || p != want {
		t.Errorf("read %+v, %v; want %+v", p, ok, want)
	}
	const zombie = "8 (java) Z 3 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1000 25 0"
	for name, stat := range map[string]string{
		"zombie": zombie,
		"short":  "8 (java) S 3 1",
		"empty":  "",
		"words":  "8 (java) S x 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1000 25 0",
	} {
		if err := writeFile(filepath.Join(root, "8", "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := (processes{root}).read(8); ok {
			t.Errorf("%s: read as a live process", name)
		}
	}
	// The first thread of a JVM ends before those that hold its ports.
	for _, thread := range []string{"8", "9"} {
		if err := writeFile(filepath.Join(root, "8", "task", thread, "stat"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeFile(filepath.Join(root, "8", "stat"), []byte(zombie), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, ok := (processes{root}).read(8); !ok {
		t.Error("a process with a live thread counts as gone")
	}
}

func FuzzReadProcess(f *testing.F) {
	f.Add([]byte("7 (java) S 3 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 1000 25 0"))
	f.Add([]byte("7 ()"))
	f.Add([]byte(") ("))
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, stat []byte) {
		if err := writeFile(filepath.Join(root, "7", "stat"), stat, 0o644); err != nil {
			t.Fatal(err)
		}
		if p, ok := (processes{root}).read(7); ok && p.pid != 7 {
			t.Errorf("read %+v from the directory of process 7", p)
		}
	})
}

// daemonProcess starts a process that behaves as the mood says and returns it
// once it is ready.
func daemonProcess(t *testing.T, mood string) process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "LAB_TEST_DAEMON="+mood)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // its end was collected by the code under test
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the process says %q, %v", line, err)
	}
	p, ok := proc().read(cmd.Process.Pid)
	if !ok {
		t.Fatalf("process %d is not there", cmd.Process.Pid)
	}
	return p
}

func TestEnd(t *testing.T) {
	for _, mood := range []string{"gentle", "stubborn"} {
		t.Run(mood, func(t *testing.T) {
			p := daemonProcess(t, mood)
			if !proc().alive(p) {
				t.Fatal("not alive before its end")
			}
			reused := p
			reused.born++
			if proc().alive(reused) {
				t.Error("another process with the same pid counts as alive")
			}
			if err := proc().end(t.Context(), []process{reused}, syscall.SIGKILL, time.Second); err != nil {
				t.Error(err)
			}
			if !proc().alive(p) {
				t.Fatal("a process was ended that only had the same pid")
			}
			if err := proc().end(t.Context(), []process{p}, syscall.SIGTERM, 50*time.Millisecond); err != nil {
				t.Error(err)
			}
			if proc().alive(p) {
				t.Error("still alive after its end")
			}
		})
	}
}

func TestEndHeedsTheContext(t *testing.T) {
	p := daemonProcess(t, "stubborn")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := proc().end(ctx, []process{p}, syscall.SIGTERM, time.Hour); err == nil {
		t.Error("no error although the end was not waited for")
	}
}

func TestParsePidFile(t *testing.T) {
	if pid, born, ok := parsePidFile("12 345\n"); !ok || pid != 12 || born != 345 {
		t.Errorf("got %d %d %v", pid, born, ok)
	}
	for _, text := range []string{"", "12", "0 1", "-1 1", "x 1", "1 x", "1 2 3"} {
		if _, _, ok := parsePidFile(text); ok {
			t.Errorf("%q is taken for a pid file", text)
		}
	}
}
