package hostfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"time"
)

// Errors besides those of package io/fs.
var (
	ErrNotDirectory = errors.New("not a directory")
	ErrIsDirectory  = errors.New("is a directory")
	ErrLoop         = errors.New("too many levels of symbolic links")
	ErrClosed       = fs.ErrClosed
)

func fail(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// Words are what the C library says about an error of this package.
func Words(err error) string {
	for cause, words := range map[error]string{
		fs.ErrNotExist: "No such file or directory", fs.ErrPermission: "Permission denied", fs.ErrInvalid: "Invalid argument",
		ErrNotDirectory: "Not a directory", ErrIsDirectory: "Is a directory", ErrLoop: "Too many levels of symbolic links",
		fs.ErrClosed: "Bad file descriptor",
	} {
		if errors.Is(err, cause) {
			return words
		}
	}
	return err.Error()
}

// Info describes a file; it is an [fs.FileInfo].
type Info struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
	Inode    uint64
	Links    int
	Owner    string
}

// Name is the last part of the path by which it was asked for.
func (i Info) Name() string { return i.name }

// Size is the number of bytes; of a link, those of its target.
func (i Info) Size() int64 { return i.size }

// Mode is the kind and the rights.
func (i Info) Mode() fs.FileMode { return i.mode }

// ModTime is when the contents changed last.
func (i Info) ModTime() time.Time { return i.modified }

// IsDir reports whether it is a directory.
func (i Info) IsDir() bool { return i.mode.IsDir() }

// Sys is nil: there is no system below.
func (i Info) Sys() any { return nil }

// dirSize is what a small directory takes on a real disk.
const dirSize = 4096

func (n *node) info(name string) Info {
	i := Info{name: name, size: int64(len(n.data)), mode: n.mode, modified: n.modified, Inode: n.inode, Links: n.names, Owner: n.owner}
	if n.entries != nil {
		i.size, i.Links = dirSize, 2
		for _, child := range n.entries {
			if child.entries != nil {
				i.Links++
			}
		}
	}
	return i
}

// A View is a tree as one user may see it. It cannot change anything.
type View struct {
	fs   *FS
	user string
}

// As returns the tree as user sees it.
func (f *FS) As(user string) View { return View{fs: f, user: user} }

// Changed is [FS.Changed].
func (v View) Changed() <-chan struct{} { return v.fs.Changed() }

// Stat describes what a path leads to.
func (v View) Stat(name string) (Info, error) { return v.stat("stat", name, true) }

// Lstat describes a path itself, even when it is a link.
func (v View) Lstat(name string) (Info, error) { return v.stat("lstat", name, false) }

func (v View) stat(op, name string, follow bool) (Info, error) {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	n, err := v.fs.walk(v.user, name, follow)
	if err != nil {
		return Info{}, fail(op, name, err)
	}
	return n.info(path.Base(path.Clean("/" + name))), nil
}

// Access reports whether the user may read (4), write (2) or search (1) a path,
// as an error when not.
func (v View) Access(name string, want fs.FileMode) error {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	n, err := v.fs.walk(v.user, name, true)
	if err == nil && !allowed(n, v.user, want) {
		err = fs.ErrPermission
	}
	if err != nil {
		return fail("access", name, err)
	}
	return nil
}

// ReadLink is where a link leads.
func (v View) ReadLink(name string) (string, error) {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	n, err := v.fs.walk(v.user, name, false)
	if err == nil && n.mode&fs.ModeSymlink == 0 {
		err = fs.ErrInvalid
	}
	if err != nil {
		return "", fail("readlink", name, err)
	}
	return string(n.data), nil
}

// ReadDir lists a directory by name, without following links.
func (v View) ReadDir(name string) ([]Info, error) {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	n, err := v.fs.walk(v.user, name, true)
	switch {
	case err != nil:
	case n.entries == nil:
		err = ErrNotDirectory
	case !allowed(n, v.user, 4):
		err = fs.ErrPermission
	}
	if err != nil {
		return nil, fail("open", name, err)
	}
	out := make([]Info, 0, len(n.entries))
	for _, child := range n.sorted() {
		out = append(out, n.entries[child].info(child))
	}
	return out, nil
}

// RealPath is a path without links and dots; the file need not exist, the
// directories above it must.
func (v View) RealPath(name string) (string, error) {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	real, rest := "/", split(name)
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == ".." {
			real = path.Dir(real)
			continue
		}
		next := path.Join(real, part)
		n, err := v.fs.walk(v.user, next, false)
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(rest) == 0:
			return next, nil
		case err != nil:
			return "", fail("realpath", name, err)
		case n.mode&fs.ModeSymlink == 0:
			real = next
		default:
			if links++; links > maxLinks {
				return "", fail("realpath", name, ErrLoop)
			}
			if target := string(n.data); path.IsAbs(target) {
				real, rest = "/", append(split(target), rest...)
			} else {
				rest = append(split(target), rest...)
			}
		}
	}
	return real, nil
}

// Open opens a file for reading. A directory opens too and refuses to be read,
// as on Linux.
func (v View) Open(name string) (*File, error) {
	v.fs.mu.RLock()
	defer v.fs.mu.RUnlock()
	n, err := v.fs.walk(v.user, name, true)
	if err == nil && !allowed(n, v.user, 4) {
		err = fs.ErrPermission
	}
	if err != nil {
		return nil, fail("open", name, err)
	}
	return &File{fs: v.fs, node: n, name: path.Base(path.Clean("/" + name))}, nil
}

// A File is open for reading; it follows its file, not the name. It may be used
// by several goroutines except for Read, which has one position.
type File struct {
	fs   *FS
	node *node
	name string
	at   int64
}

// ReadAt reads from an offset; at the end it is io.EOF with what there was.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	switch {
	case f.node.entries != nil:
		return 0, fail("read", f.name, ErrIsDirectory)
	case offset < 0:
		return 0, fail("read", f.name, fs.ErrInvalid)
	case offset >= int64(len(f.node.data)):
		return 0, io.EOF
	}
	n := copy(p, f.node.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read reads on from where the last Read ended.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Skip moves the position of Read to an offset from the beginning.
func (f *File) Skip(offset int64) { f.at = offset }

// Stat describes the open file under the name by which it was opened.
func (f *File) Stat() Info {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	return f.node.info(f.name)
}

// Close ends the use of the file. Nothing needs it, since nothing is held
// outside memory.
func (f *File) Close() error { return nil }

// Same reports whether two handles lead to the same file; numbers of inodes do
// not tell, since they are given out again.
func (f *File) Same(other *File) bool { return f.node == other.node }

// Reopen opens the same file again, with a position of its own.
func (f *File) Reopen() *File { return &File{fs: f.fs, node: f.node, name: f.name} }

// Pipe describes a pipe, which is on no disk.
func Pipe(at time.Time) Info {
	return Info{name: "pipe", mode: fs.ModeNamedPipe | 0o600, modified: at, Inode: 1, Links: 1, Owner: "root"}
}
