// Package hostfs is the disk of a machine that does not exist: directories,
// files and links in memory, with the behaviour of a Linux file system that
// matters to somebody who follows logs.
//
// Start with [New], fill it with [FS.MkdirAll], [FS.Create] and
// [Writer.Append], and read it through [FS.As]. A handle stays valid when its
// file is renamed or removed. Numbers of inodes are given out again, the lowest
// first, as ext4 does.
//
// Paths are absolute and separated by slashes on every system. An FS may be used
// by several goroutines. Its memory is what was written and not removed; it has
// no bound of its own.
package hostfs

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxLinks is how many symbolic links one path may lead through.
const maxLinks = 40

// firstInode is the number of the root directory.
const firstInode = 2

// node is a file, a directory or a link.
type node struct {
	inode    uint64
	mode     fs.FileMode
	owner    string
	modified time.Time
	data     []byte           // of a file; the target of a link
	entries  map[string]*node // of a directory
	names    int              // directory entries that lead here
}

// An FS is a tree of files.
type FS struct {
	mu      sync.RWMutex
	root    *node
	free    []uint64 // inodes to give out again, ascending
	next    uint64
	changed chan struct{} // nil while nobody waits
}

// New returns an empty tree, whose root belongs to root.
func New(at time.Time) *FS {
	f := &FS{next: firstInode}
	f.root = f.node(fs.ModeDir|0o755, "root", at)
	f.root.names = 1
	return f
}

func (f *FS) node(mode fs.FileMode, owner string, at time.Time) *node {
	n := &node{mode: mode, owner: owner, modified: at}
	if mode.IsDir() {
		n.entries = map[string]*node{}
	}
	if len(f.free) > 0 {
		n.inode, f.free = f.free[0], f.free[1:]
		return n
	}
	n.inode = f.next
	f.next++
	return n
}

// unlink takes a name away from a node.
func (f *FS) unlink(n *node) {
	n.names--
	if n.names > 0 {
		return
	}
	at, _ := slices.BinarySearch(f.free, n.inode)
	f.free = slices.Insert(f.free, at, n.inode)
	for _, child := range n.entries {
		f.unlink(child)
	}
}

// Changed returns a channel that is closed by the next change to anything.
// Take it before looking.
func (f *FS) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// touch tells those who wait; the lock is held.
func (f *FS) touch() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// walk finds a node. The last part of the path is followed when it is a link
// and follow is set. A user other than root needs the right to search every
// directory on the way.
func (f *FS) walk(user, name string, follow bool) (*node, error) {
	at := f.root
	parts := split(name)
	var trail []*node // the directories above at
	for links := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		if at.entries == nil {
			return nil, ErrNotDirectory
		}
		if !allowed(at, user, 1) {
			return nil, fs.ErrPermission
		}
		if part == ".." {
			if len(trail) > 0 {
				at, trail = trail[len(trail)-1], trail[:len(trail)-1]
			}
			continue
		}
		next, ok := at.entries[part]
		if !ok {
			return nil, fs.ErrNotExist
		}
		if next.mode&fs.ModeSymlink != 0 && (follow || len(parts) > 0) {
			if links++; links > maxLinks {
				return nil, ErrLoop
			}
			target := string(next.data)
			if path.IsAbs(target) {
				at, trail = f.root, nil
			}
			parts = append(split(target), parts...)
			continue
		}
		trail = append(trail, at)
		at = next
	}
	if strings.HasSuffix(name, "/") && at.entries == nil && at.mode&fs.ModeSymlink == 0 {
		return nil, ErrNotDirectory
	}
	return at, nil
}

// split cuts a path into its names; a ".." stays, since a link before it
// decides where it leads.
func split(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(s string) bool { return s == "" || s == "." })
}

// allowed reports whether a user has the right want (4 read, 2 write, 1 search).
// There are no groups: who is not the owner is another.
func allowed(n *node, user string, want fs.FileMode) bool {
	switch user {
	case "root":
		return true
	case n.owner:
		return n.mode.Perm()>>6&want == want
	}
	return n.mode.Perm()&want == want
}

// parent finds the directory that holds name, and the last part of it.
func (f *FS) parent(name string) (*node, string, error) {
	dir, base := path.Split(path.Clean(name))
	if base == "" || base == ".." || base == "." {
		return nil, "", fs.ErrInvalid
	}
	n, err := f.walk("root", dir, true)
	if err != nil {
		return nil, "", err
	}
	if n.entries == nil {
		return nil, "", ErrNotDirectory
	}
	return n, base, nil
}

// put makes name lead to n, in place of what it led to.
func (f *FS) put(dir *node, name string, n *node, at time.Time) {
	if old := dir.entries[name]; old != nil && old != n {
		f.unlink(old)
	}
	dir.entries[name] = n
	n.names++
	dir.modified = at
	f.touch()
}

// MkdirAll makes a directory and what is missing above it.
func (f *FS) MkdirAll(name, owner string, mode fs.FileMode, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir := f.root
	for _, part := range split(path.Clean(name)) {
		next, ok := dir.entries[part]
		switch {
		case !ok:
			next = f.node(fs.ModeDir|mode.Perm(), owner, at)
			f.put(dir, part, next, at)
		case next.mode&fs.ModeSymlink != 0:
			followed, err := f.walk("root", string(next.data), true)
			if err != nil {
				return fail("mkdir", name, err)
			}
			next = followed
		}
		if next.entries == nil {
			return fail("mkdir", name, ErrNotDirectory)
		}
		dir = next
	}
	return nil
}

// Create makes an empty file in a directory that exists. A file that was there
// loses its name, not its contents for those who hold it open.
func (f *FS) Create(name, owner string, mode fs.FileMode, at time.Time) (*Writer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, err := f.parent(name)
	if err != nil {
		return nil, fail("create", name, err)
	}
	n := f.node(mode.Perm(), owner, at)
	f.put(dir, base, n, at)
	return &Writer{fs: f, node: n}, nil
}

// Reopen opens a file that exists to append to it.
func (f *FS) Reopen(name string) (*Writer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.walk("root", name, true)
	if err == nil && !n.mode.IsRegular() {
		err = ErrIsDirectory
	}
	if err != nil {
		return nil, fail("open", name, err)
	}
	return &Writer{fs: f, node: n}, nil
}

// WriteFile makes a file with contents, or replaces those of one that is there.
func (f *FS) WriteFile(name, owner string, mode fs.FileMode, data []byte, at time.Time) error {
	f.mu.Lock()
	dir, base, err := f.parent(name)
	if err != nil {
		f.mu.Unlock()
		return fail("write", name, err)
	}
	n := dir.entries[base]
	if n == nil || !n.mode.IsRegular() {
		n = f.node(mode.Perm(), owner, at)
		f.put(dir, base, n, at)
	}
	n.data, n.modified = slices.Clone(data), at
	f.touch()
	f.mu.Unlock()
	return nil
}

// Symlink makes name a link to target.
func (f *FS) Symlink(target, name, owner string, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, err := f.parent(name)
	if err != nil {
		return fail("symlink", name, err)
	}
	n := f.node(fs.ModeSymlink|0o777, owner, at)
	n.data = []byte(target)
	f.put(dir, base, n, at)
	return nil
}

// Rename moves a file or a directory; what was at the new name is gone.
func (f *FS) Rename(from, to string, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, oldBase, err := f.parent(from)
	if err != nil {
		return fail("rename", from, err)
	}
	n := old.entries[oldBase]
	if n == nil {
		return fail("rename", from, fs.ErrNotExist)
	}
	dir, base, err := f.parent(to)
	if err != nil {
		return fail("rename", to, err)
	}
	f.put(dir, base, n, at)
	if dir != old || base != oldBase {
		delete(old.entries, oldBase)
	}
	n.names--
	old.modified = at
	return nil
}

// Remove takes a name away, with everything below it.
func (f *FS) Remove(name string, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, err := f.parent(name)
	if err != nil {
		return fail("remove", name, err)
	}
	n := dir.entries[base]
	if n == nil {
		return fail("remove", name, fs.ErrNotExist)
	}
	delete(dir.entries, base)
	f.unlink(n)
	dir.modified = at
	f.touch()
	return nil
}

// A Writer appends to one file, whatever it is called meanwhile.
type Writer struct {
	fs   *FS
	node *node
}

// Append adds to the end of the file.
func (w *Writer) Append(data []byte, at time.Time) {
	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	w.node.data = append(w.node.data, data...)
	w.node.modified = at
	w.fs.touch()
}

// Size is the length of the file.
func (w *Writer) Size() int64 {
	w.fs.mu.RLock()
	defer w.fs.mu.RUnlock()
	return int64(len(w.node.data))
}

// Bytes are the contents of the file so far, which must not be changed.
func (w *Writer) Bytes() []byte {
	w.fs.mu.RLock()
	defer w.fs.mu.RUnlock()
	return slices.Clip(w.node.data)
}

// sorted are a directory's names in order.
func (n *node) sorted() []string { return slices.SortedFunc(maps.Keys(n.entries), cmp.Compare[string]) }
