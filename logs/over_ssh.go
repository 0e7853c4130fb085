package logs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/stormtop/stormtop/internal/sshpool"
)

// OverSSH reaches hosts through a pool of SSH connections. All sources on a host
// share one SFTP session, which ends with the last of them.
func OverSSH(pool *sshpool.Pool) Hosts {
	return &sshHosts{pool: pool, hosts: map[string]*sshHost{}}
}

type sshHosts struct {
	pool *sshpool.Pool

	mu    sync.Mutex
	hosts map[string]*sshHost
}

func (s *sshHosts) Host(name string) Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[name]
	if h == nil {
		h = &sshHost{host: s.pool.Host(name), opening: make(chan struct{}, 1)}
		s.hosts[name] = h
	}
	return h
}

type sshHost struct {
	host    *sshpool.Host
	opening chan struct{} // holds one value while a session is being opened

	mu    sync.Mutex
	files *sshFiles
}

// Files gives the host's one SFTP session, opening it when there is none that
// works. Close gives it back.
func (h *sshHost) Files(ctx context.Context) (FileSystem, error) {
	select {
	case h.opening <- struct{}{}:
		defer func() { <-h.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.mu.Lock()
	if f := h.files; f != nil && !f.ended() {
		f.users++
		h.mu.Unlock()
		return &sshLease{sshFiles: f}, nil
	}
	h.mu.Unlock()
	files, err := h.host.Files(ctx)
	if errors.Is(err, sshpool.ErrNoSFTP) {
		return nil, fmt.Errorf("%w: %w", ErrNoFiles, err)
	}
	if err != nil {
		return nil, err
	}
	f := &sshFiles{host: h, files: files, users: 1}
	h.mu.Lock()
	h.files = f
	h.mu.Unlock()
	return &sshLease{sshFiles: f}, nil
}

func (h *sshHost) Start(ctx context.Context, command string) (Process, error) {
	p, err := h.host.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (h *sshHost) Clock() Clock {
	c := h.host.State().Clock
	return Clock{Offset: c.Offset, Zone: c.Zone, Known: c.Known}
}

// sshFiles is one SFTP session.
type sshFiles struct {
	host  *sshHost
	files *sshpool.Files
	users int // guarded by host.mu
}

func (f *sshFiles) ended() bool {
	select {
	case <-f.files.Done():
		return true
	default:
		return false
	}
}

func (f *sshFiles) Open(ctx context.Context, path string) (File, error) {
	file, err := f.files.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *sshFiles) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	return f.files.Stat(ctx, path)
}

func (f *sshFiles) ReadDir(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	return f.files.ReadDir(ctx, dir)
}

// sshLease is the share that one source has in a session.
type sshLease struct {
	*sshFiles
	once sync.Once
}

// Close gives the share back; the last one ends the session.
func (l *sshLease) Close() error {
	var err error
	l.once.Do(func() {
		h := l.host
		h.mu.Lock()
		l.users--
		last := l.users == 0
		if last && h.files == l.sshFiles {
			h.files = nil
		}
		h.mu.Unlock()
		if last {
			err = l.files.Close()
		}
	})
	return err
}
