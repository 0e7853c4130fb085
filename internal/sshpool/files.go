package sshpool

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"

	"github.com/pkg/sftp"
)

// Files are a host's files over SFTP. All that is opened through them is lost when
// the connection breaks; ask for new ones then.
type Files struct {
	host    string
	client  *sftp.Client
	release func()
	once    sync.Once
	done    chan struct{}
}

// Files opens the host's SFTP subsystem on a session of its own. Close it.
func (h *Host) Files(ctx context.Context) (*Files, error) {
	s, release, err := h.session(ctx)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Files, error) {
		_ = s.Close()
		release()
		return nil, err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return fail(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if _, err := within(ctx, func() (struct{}, error) { return struct{}{}, s.RequestSubsystem("sftp") }, func(struct{}) { _ = s.Close() }); err != nil {
		if ctx.Err() != nil {
			return fail(ctx.Err())
		}
		return fail(&Error{Host: h.name, Phase: "session", Err: ErrNoSFTP, Detail: ": its sshd offers none"})
	}
	client, err := within(ctx, func() (*sftp.Client, error) { return sftp.NewClientPipe(out, in, sftp.UseConcurrentReads(false)) }, func(c *sftp.Client) { _ = c.Close() })
	if err != nil {
		if ctx.Err() != nil {
			return fail(ctx.Err())
		}
		// A subsystem whose program is missing is granted and ends at once.
		return fail(&Error{Host: h.name, Phase: "session", Err: ErrNoSFTP, Cause: err})
	}
	f := &Files{host: h.name, client: client, done: make(chan struct{})}
	f.release = func() {
		close(f.done)
		_ = client.Close()
		_ = s.Close()
		release()
	}
	h.pool.work.Go(func() {
		_ = client.Wait()
		f.once.Do(f.release)
	})
	return f, nil
}

// Done is closed when the session has ended, with whatever was opened through it.
func (f *Files) Done() <-chan struct{} { return f.done }

// Close ends the session and what was opened through it.
func (f *Files) Close() error {
	f.once.Do(f.release)
	return nil
}

// File is an open file. It stays the same file when its name is given to another.
type File struct{ f *sftp.File }

// Open opens a file for reading.
func (f *Files) Open(ctx context.Context, path string) (*File, error) {
	file, err := within(ctx, func() (*sftp.File, error) { return f.client.Open(path) }, func(o *sftp.File) { _ = o.Close() })
	if err != nil {
		return nil, f.wrap("open", path, err)
	}
	return &File{file}, nil
}

// Stat follows symbolic links.
func (f *Files) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	info, err := within(ctx, func() (fs.FileInfo, error) { return f.client.Stat(path) }, func(fs.FileInfo) {})
	return info, f.wrap("stat", path, err)
}

// ReadDir lists a directory.
func (f *Files) ReadDir(ctx context.Context, path string) ([]fs.FileInfo, error) {
	list, err := f.client.ReadDirContext(ctx, path)
	return list, f.wrap("list", path, err)
}

// wrap keeps fs.ErrNotExist and fs.ErrPermission recognisable; anything else means
// that the connection is broken.
func (f *Files) wrap(op, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &fs.PathError{Op: op, Path: path, Err: fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &fs.PathError{Op: op, Path: path, Err: fs.ErrPermission}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var status *sftp.StatusError
	if errors.As(err, &status) && !strings.Contains(status.Error(), "CONNECTION_LOST") {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return &Error{Host: f.host, Phase: "session", Err: ErrLost, Cause: err}
}

// ReadAt reads at an offset.
func (f *File) ReadAt(b []byte, off int64) (int, error) { return f.f.ReadAt(b, off) }

// Stat is of the open file, whatever its name is now.
func (f *File) Stat() (fs.FileInfo, error) { return f.f.Stat() }

// Close closes it.
func (f *File) Close() error { return f.f.Close() }
