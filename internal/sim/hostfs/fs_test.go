package hostfs

import (
	"errors"
	"io"
	"io/fs"
	"testing"
	"time"
)

var at = time.Unix(1795233392, 0)

func tree(t *testing.T) *FS {
	t.Helper()
	f := New(at)
	if err := f.MkdirAll("/var/log/storm", "storm", 0o755, at); err != nil {
		t.Fatal(err)
	}
	return f
}

func create(t *testing.T, f *FS, name, text string) *Writer {
	t.Helper()
	w, err := f.Create(name, "storm", 0o644, at)
	if err != nil {
		t.Fatal(err)
	}
	w.Append([]byte(text), at)
	return w
}

func read(t *testing.T, f *File) string {
	t.Helper()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func open(t *testing.T, f *FS, name string) *File {
	t.Helper()
	file, err := f.As("storm").Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAHandleOutlivesItsName(t *testing.T) {
	f := tree(t)
	w := create(t, f, "/var/log/storm/worker.log", "one\n")
	h := open(t, f, "/var/log/storm/worker.log")
	if err := f.Rename("/var/log/storm/worker.log", "/var/log/storm/worker.log.1", at); err != nil {
		t.Fatal(err)
	}
	w.Append([]byte("two\n"), at)
	if _, err := f.As("storm").Open("/var/log/storm/worker.log"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old name: %v", err)
	}
	moved, err := f.As("storm").Stat("/var/log/storm/worker.log.1")
	if err != nil || moved.Inode != h.Stat().Inode || moved.Links != 1 {
		t.Errorf("it moved as %+v, %v; the handle has %d", moved, err, h.Stat().Inode)
	}
	if err := f.Remove("/var/log/storm/worker.log.1", at); err != nil {
		t.Fatal(err)
	}
	if got := read(t, h); got != "one\ntwo\n" {
		t.Errorf("the handle reads %q", got)
	}
}

func TestInodesComeBackLowestFirst(t *testing.T) {
	f := tree(t)
	a := create(t, f, "/var/log/storm/a", "")
	create(t, f, "/var/log/storm/b", "")
	numberOfA := a.node.inode
	for _, name := range []string{"b", "a"} {
		if err := f.Remove("/var/log/storm/"+name, at); err != nil {
			t.Fatal(err)
		}
	}
	if c := create(t, f, "/var/log/storm/c", ""); c.node.inode != numberOfA {
		t.Errorf("the new file is %d, the removed ones were %d and %d", c.node.inode, numberOfA, numberOfA+1)
	}
}

func TestRenameOverAFileFreesIt(t *testing.T) {
	f := tree(t)
	create(t, f, "/var/log/storm/a", "a")
	b := create(t, f, "/var/log/storm/b", "b")
	if err := f.Rename("/var/log/storm/a", "/var/log/storm/b", at); err != nil {
		t.Fatal(err)
	}
	if got := read(t, open(t, f, "/var/log/storm/b")); got != "a" {
		t.Errorf("it reads %q", got)
	}
	if c := create(t, f, "/var/log/storm/c", ""); c.node.inode != b.node.inode {
		t.Errorf("inode %d was not given out again: %d", b.node.inode, c.node.inode)
	}
}

func TestLinksAndDots(t *testing.T) {
	f := tree(t)
	create(t, f, "/var/log/storm/worker.log", "text")
	for name, target := range map[string]string{"/logs": "/var/log", "/rel": "var/log/storm", "/loop": "loop"} {
		if err := f.Symlink(target, name, "root", at); err != nil {
			t.Fatal(err)
		}
	}
	v := f.As("storm")
	for name, want := range map[string]string{
		"/logs/storm/worker.log": "/var/log/storm/worker.log", "/rel/../storm/./worker.log": "/var/log/storm/worker.log",
		"//var//log/": "/var/log", "/../..": "/", "/rel/none": "/var/log/storm/none",
	} {
		if got, err := v.RealPath(name); got != want || err != nil {
			t.Errorf("%s is really %q, %v; want %q", name, got, err, want)
		}
	}
	if got := read(t, open(t, f, "/logs/storm/../storm/worker.log")); got != "text" {
		t.Errorf("through links: %q", got)
	}
	for name, want := range map[string]error{
		"/loop": ErrLoop, "/var/log/storm/worker.log/x": ErrNotDirectory, "/var/log/storm/worker.log/": ErrNotDirectory, "/none": fs.ErrNotExist,
	} {
		if _, err := v.Stat(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if i, err := v.Lstat("/loop"); err != nil || i.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link itself: %v, %v", i, err)
	}
}

func TestRights(t *testing.T) {
	f := tree(t)
	if err := f.MkdirAll("/root/deep", "root", 0o700, at); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteFile("/etc-shadow", "root", 0o640, []byte("x"), at); err != nil {
		t.Fatal(err)
	}
	storm, root := f.As("storm"), f.As("root")
	for _, name := range []string{"/root/deep", "/etc-shadow"} {
		if _, err := storm.Open(name); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("storm opens %s: %v", name, err)
		}
		if _, err := root.Open(name); err != nil {
			t.Errorf("root does not open %s: %v", name, err)
		}
	}
	if _, err := storm.ReadDir("/root"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("storm lists /root: %v", err)
	}
}

func TestChangedTellsOfTheNextChange(t *testing.T) {
	f := tree(t)
	w := create(t, f, "/var/log/storm/a", "")
	changed := f.Changed()
	select {
	case <-changed:
		t.Fatal("told without a change")
	default:
	}
	w.Append([]byte("x"), at)
	<-changed
	select {
	case <-f.Changed():
		t.Fatal("told twice of one change")
	default:
	}
}

func TestReadingTheEnd(t *testing.T) {
	f := tree(t)
	create(t, f, "/var/log/storm/a", "0123456789")
	h := open(t, f, "/var/log/storm/a")
	buf := make([]byte, 4)
	for _, c := range []struct {
		offset int64
		n      int
		err    error
	}{{0, 4, nil}, {6, 4, nil}, {8, 2, io.EOF}, {10, 0, io.EOF}, {1 << 40, 0, io.EOF}, {-1, 0, fs.ErrInvalid}} {
		if n, err := h.ReadAt(buf, c.offset); n != c.n || !errors.Is(err, c.err) {
			t.Errorf("at %d: %d, %v; want %d, %v", c.offset, n, err, c.n, c.err)
		}
	}
}
