package sshpool

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Files reads the files of a host over an SFTP session. Errors of a file satisfy
// errors.Is with fs.ErrNotExist and fs.ErrPermission where that is the reason; when
// the connection is gone the error has [ErrLost], all that was opened is lost, and
// [Host.Files] gives new Files.
type Files struct {
	session *session
	client  *sftp.Client
	gone    chan struct{} // closed when the SFTP session has ended
}

// Files opens an SFTP session. Where the server has no SFTP the error has
// [ErrNoSFTP], the next time without asking. Close ends the session; many can
// share one.
func (h *Host) Files(ctx context.Context) (*Files, error) {
	h.mu.Lock()
	err := h.noSFTP
	h.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f, err := h.sftp(ctx)
	if errors.Is(err, ErrNoSFTP) {
		h.mu.Lock()
		h.noSFTP = err
		h.mu.Unlock()
	}
	return f, err
}

// sftpTimeout bounds the opening of SFTP on a connection.
const sftpTimeout = 15 * time.Second

func (h *Host) sftp(ctx context.Context) (*Files, error) {
	s, err := h.session(ctx)
	if err != nil {
		return nil, err
	}
	h.awaitClock(ctx)
	ctx, cancel := context.WithTimeout(ctx, sftpTimeout)
	defer cancel()
	f := &Files{session: s, gone: make(chan struct{})}
	said := &bounded{limit: 1024}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.each(func(*ssh.Request) {})
	}()
	fail := func(kind error, cause error, text string) (*Files, error) {
		_ = s.Close()
		if known := h.errorOf(s.link, nil); known != nil {
			return nil, known
		}
		return nil, &Error{Host: h.name, Phase: phaseOpen, Err: kind, Cause: cause, Text: text}
	}
	ok, err := s.ask(ctx, "subsystem", struct{ Name string }{"sftp"})
	switch {
	case ctx.Err() != nil:
		return fail(ErrTimeout, ctx.Err(), " in opening SFTP")
	case err != nil:
		return fail(ErrLost, err, "")
	case !ok:
		return fail(ErrNoSFTP, nil, ": the server refuses it")
	}
	go func() { _, _ = io.Copy(said, s.Stderr()) }()
	// Closing the channel frees a handshake that gets no answer.
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	f.client, err = sftp.NewClientPipe(s.Channel, channelWriter{s.Channel}, sftp.UseFstat(true))
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return fail(ErrTimeout, ctx.Err(), " in opening SFTP")
		}
		text := ": the server has it in its configuration, but it does not run"
		if words := clip(said.String(), 200); words != "" {
			text += ": " + words
		}
		return fail(ErrNoSFTP, err, text)
	}
	go func() {
		// The client ends when its channel does.
		_ = f.client.Wait()
		_ = s.Close()
		<-ended
		close(f.gone)
	}()
	return f, nil
}

// Done is closed when the session has ended, with all that was opened through it.
func (f *Files) Done() <-chan struct{} { return f.gone }

// Close ends the session and what was opened through it.
func (f *Files) Close() error {
	// Both wait for a peer that may be frozen; its end frees them.
	go func() { _ = f.session.Close() }()
	f.session.await(f.gone, closeTime)
	return nil
}

// channelWriter lets the SFTP client end its side of the channel; the server ends
// the rest.
type channelWriter struct {
	channel interface {
		io.Writer
		CloseWrite() error
	}
}

func (w channelWriter) Write(p []byte) (int, error) { return w.channel.Write(p) }
func (w channelWriter) Close() error                { return w.channel.CloseWrite() }

func (f *Files) alive() bool {
	select {
	case <-f.gone:
		return false
	case <-f.session.link.gone:
		return false
	default:
		return true
	}
}

// word tells an error of a file from that of a connection.
func (f *Files) word(err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrClosed) {
		return err
	}
	if err == io.EOF { //nolint:errorlint // the end of a file; one within another error is that of the connection
		return err
	}
	var status *sftp.StatusError
	if errors.As(err, &status) && f.alive() {
		return err
	}
	h := f.session.link.host
	return h.errorOf(f.session.link, &Error{Host: h.name, Phase: phaseOpen, Err: ErrLost, Cause: err})
}

// within runs an operation and leaves it alone when the context ends first; what
// it comes to then is given to late.
func within[T any](ctx context.Context, f *Files, do func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := do()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, f.word(r.err)
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil && late != nil {
				late(r.value)
			}
		}()
		var zero T
		return zero, ctx.Err()
	}
}

// Open opens a file for reading.
func (f *Files) Open(ctx context.Context, path string) (*File, error) {
	file, err := within(ctx, f, func() (*sftp.File, error) { return f.client.Open(path) }, func(file *sftp.File) { _ = file.Close() })
	if err != nil {
		return nil, err
	}
	return &File{files: f, file: file}, nil
}

// Stat follows symbolic links.
func (f *Files) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	return within(ctx, f, func() (fs.FileInfo, error) { return f.client.Stat(path) }, nil)
}

// Lstat does not follow them.
func (f *Files) Lstat(ctx context.Context, path string) (fs.FileInfo, error) {
	return within(ctx, f, func() (fs.FileInfo, error) { return f.client.Lstat(path) }, nil)
}

// ReadDir gives the entries of a directory, in the server's order.
func (f *Files) ReadDir(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	return within(ctx, f, func() ([]fs.FileInfo, error) { return f.client.ReadDirContext(ctx, dir) }, nil)
}

// A File is an open file on a host. It stays the same file when its name is given
// to another one. Its methods wait for the server as long as the connection lives.
type File struct {
	files *Files
	file  *sftp.File
	once  sync.Once
	err   error
}

// ReadAt reads as io.ReaderAt says.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(p, off)
	return n, f.files.word(err)
}

// Stat is about the open file, whatever its name is by now.
func (f *File) Stat() (fs.FileInfo, error) {
	info, err := f.file.Stat()
	return info, f.files.word(err)
}

// Close closes the file.
func (f *File) Close() error {
	f.once.Do(func() { f.err = f.files.word(f.file.Close()) })
	return f.err
}
