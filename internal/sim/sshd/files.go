package sshd

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/pkg/sftp"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// handlePrefix begins the paths under which open files are kept. The library
// asks for the attributes of a handle by the path of its request; with such a
// path instead of the file's name they are those of the open file, whatever it
// is called by now. No file can have it, since a name holds no NUL.
const handlePrefix = "/\x00handle/"

// files answers one SFTP session.
type files struct {
	view hostfs.View
	home string

	mu   sync.Mutex
	open map[string]*hostfs.File
	last int
}

func newFiles(view hostfs.View, home string) *files {
	return &files{view: view, home: home, open: map[string]*hostfs.File{}}
}

func (f *files) handlers() sftp.Handlers {
	return sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f}
}

// Fileread opens a file.
func (f *files) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	file, err := f.view.Open(r.Filepath)
	if err != nil {
		return nil, refusal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	token := handlePrefix + strconv.Itoa(f.last)
	f.open[token] = file
	r.Filepath = token
	return &handle{File: file, of: f, token: token}, nil
}

// handle is an open file that forgets itself when it is closed.
type handle struct {
	*hostfs.File
	of    *files
	token string
}

func (h *handle) ReadAt(p []byte, offset int64) (int, error) {
	n, err := h.File.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, refusal(err)
	}
	return n, err
}

func (h *handle) Close() error {
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	delete(h.of.open, h.token)
	return h.File.Close()
}

// Filewrite refuses: the disk is read-only to clients.
func (f *files) Filewrite(*sftp.Request) (io.WriterAt, error) {
	return nil, sftp.ErrSSHFxPermissionDenied
}

// Filecmd refuses whatever changes something.
func (f *files) Filecmd(*sftp.Request) error { return sftp.ErrSSHFxPermissionDenied }

// Filelist lists a directory or describes a file.
func (f *files) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if r.Method == "List" {
		infos, err := f.view.ReadDir(r.Filepath)
		if err != nil {
			return nil, refusal(err)
		}
		out := make(list, 0, len(infos)+2)
		for _, name := range []string{".", ".."} {
			if i, err := f.view.Stat(path.Join(r.Filepath, name)); err == nil {
				out = append(out, attributes{Info: i, name: name})
			}
		}
		for _, i := range infos {
			out = append(out, attributes{Info: i, name: i.Name()})
		}
		return out, nil
	}
	info, err := f.stat(r.Filepath)
	if err != nil {
		return nil, refusal(err)
	}
	return list{attributes{Info: info, name: info.Name()}}, nil
}

func (f *files) stat(name string) (hostfs.Info, error) {
	if !strings.HasPrefix(name, handlePrefix) {
		return f.view.Stat(name)
	}
	f.mu.Lock()
	file := f.open[name]
	f.mu.Unlock()
	if file == nil {
		return hostfs.Info{}, fs.ErrClosed
	}
	return file.Stat(), nil
}

// Lstat describes a path without following it.
func (f *files) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	info, err := f.view.Lstat(r.Filepath)
	if err != nil {
		return nil, refusal(err)
	}
	return list{attributes{Info: info, name: info.Name()}}, nil
}

// Readlink is where a link leads.
func (f *files) Readlink(name string) (string, error) {
	target, err := f.view.ReadLink(name)
	if err != nil {
		return "", refusal(err)
	}
	return target, nil
}

// RealPath is a path without links, from the user's home when it is relative.
func (f *files) RealPath(name string) (string, error) {
	if !path.IsAbs(name) {
		name = f.home + "/" + name
	}
	real, err := f.view.RealPath(name)
	if err != nil {
		return "", refusal(err)
	}
	return real, nil
}

// refusal is an error as SFTP has it.
func refusal(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, hostfs.ErrNotDirectory):
		return sftp.ErrSSHFxNoSuchFile
	case errors.Is(err, fs.ErrPermission):
		return sftp.ErrSSHFxPermissionDenied
	}
	return sftp.ErrSSHFxFailure
}

// attributes are a file's as SFTP sends them.
type attributes struct {
	hostfs.Info
	name string
}

func (a attributes) Name() string { return a.name }

// Uid and Gid satisfy the library's interface for owners.
func (a attributes) Uid() uint32 { return uidOf(a.Owner) }
func (a attributes) Gid() uint32 { return uidOf(a.Owner) }

// list is an answer that is known as a whole.
type list []fs.FileInfo

func (l list) ListAt(out []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(out, l[offset:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}
