package sim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// logOf is a log that is rotated at so many bytes.
func logOf(t *testing.T, limit int64, plain bool) *logFile {
	t.Helper()
	disk := hostfs.New(testStart)
	mkdir(disk, "/logs", stormUser, 0o755, testStart)
	f := &logFile{disk: disk, path: "/logs/worker.log", limit: limit, keep: generations, plain: plain}
	if plain {
		f.keep = 3
	}
	f.open(testStart)
	return f
}

func names(t *testing.T, f *logFile) string {
	t.Helper()
	infos, err := f.disk.As(stormUser).ReadDir("/logs")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range infos {
		out = append(out, i.Name())
	}
	return strings.Join(out, " ")
}

// content is what a file holds, unpacked.
func content(t *testing.T, disk *hostfs.FS, name string) string {
	t.Helper()
	f, err := disk.As(stormUser).Open(name)
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestARotationGoesAsLog4jDoesIt(t *testing.T) {
	t.Parallel()
	f := logOf(t, 10, false)
	inode := func(name string) uint64 {
		i, err := f.disk.As(stormUser).Stat("/logs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return i.Inode
	}
	first := inode("worker.log")
	f.write([]byte("0123456789\n"), testStart)
	if got := names(t, f); got != "worker.log.1" || inode("worker.log.1") != first {
		t.Errorf("right after the rename there is %s", got)
	}
	f.write([]byte("held\n"), testStart)
	f.settle(testStart)
	if got := names(t, f); got != "worker.log worker.log.1" || content(t, f.disk, "/logs/worker.log") != "held\n" {
		t.Errorf("a moment later there is %s", got)
	}
	f.compress(testStart)
	if got := names(t, f); got != "worker.log worker.log.1.gz" || content(t, f.disk, "/logs/worker.log.1.gz") != "0123456789\n" {
		t.Errorf("then there is %s", got)
	}
}

func TestTheRowOfArchivesMovesDown(t *testing.T) {
	t.Parallel()
	f := logOf(t, 5, false)
	for i := range 12 {
		f.write(fmt.Appendf(nil, "%04d\n", i), testStart)
		f.settle(testStart)
		f.compress(testStart)
	}
	var want []string
	for n := 1; n <= generations; n++ {
		name := fmt.Sprintf("worker.log.%d.gz", n)
		want = append(want, name)
		// The highest is the newest; three are gone.
		if got := content(t, f.disk, "/logs/"+name); got != fmt.Sprintf("%04d\n", n+2) {
			t.Errorf("%s holds %q", name, got)
		}
	}
	want = append([]string{"worker.log"}, want...)
	slices.Sort(want)
	if got := names(t, f); got != strings.Join(want, " ") {
		t.Errorf("there is %s", got)
	}
	// Numbers of inodes are given out again: twelve rotations made 25 files.
	last, err := f.disk.As(stormUser).Stat("/logs/worker.log")
	if err != nil || last.Inode > generations+6 {
		t.Errorf("the log is %d, %v", last.Inode, err)
	}
}

func TestPythonsRotation(t *testing.T) {
	t.Parallel()
	f := logOf(t, 5, true)
	for i := range 6 {
		f.write(fmt.Appendf(nil, "%04d\n", i), testStart)
	}
	if got := names(t, f); got != "worker.log worker.log.1 worker.log.2 worker.log.3" {
		t.Errorf("there is %s", got)
	}
	// The lowest is the newest.
	if got := content(t, f.disk, "/logs/worker.log.1") + content(t, f.disk, "/logs/worker.log.3"); got != "0005\n0003\n" {
		t.Errorf("the first and the third hold %q", got)
	}
}
