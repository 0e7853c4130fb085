package logs

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"github.com/stormtop/stormtop/internal/sshpool"
)

// OverSSH reaches hosts through a pool of connections, which the caller closes
// after everything that uses it. All followers of a host share one SFTP session.
func OverSSH(pool *sshpool.Pool) Hosts { return &overSSH{pool: pool, hosts: map[string]*sshHost{}} }

type overSSH struct {
	pool  *sshpool.Pool
	mu    sync.Mutex
	hosts map[string]*sshHost
}

func (o *overSSH) Host(name string) Host {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.hosts[name]
	if h == nil {
		h = &sshHost{h: o.pool.Host(name), turn: make(chan struct{}, 1)}
		o.hosts[name] = h
	}
	return h
}

type sshHost struct {
	h    *sshpool.Host
	turn chan struct{} // held while the session is looked at or opened

	files *sshpool.Files // nil when there is none
}

// Files gives the session there is, or opens one.
func (s *sshHost) Files(ctx context.Context) (FileSystem, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.turn }()
	if s.files != nil {
		select {
		case <-s.files.Done():
		default:
			return sshFiles{s.files}, nil
		}
	}
	files, err := s.h.Files(ctx)
	if errors.Is(err, sshpool.ErrNoSFTP) {
		return nil, errors.Join(ErrNoFiles, err)
	}
	if err != nil {
		return nil, err
	}
	s.files = files
	return sshFiles{files}, nil
}

func (s *sshHost) Start(ctx context.Context, command string) (Process, error) {
	p, err := s.h.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (s *sshHost) Clock() Clock {
	c := s.h.State().Clock
	return Clock{Offset: c.Offset, Zone: c.Zone, Known: c.Known}
}

type sshFiles struct{ f *sshpool.Files }

func (s sshFiles) Open(ctx context.Context, path string) (File, error) {
	f, err := s.f.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s sshFiles) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	return s.f.Stat(ctx, path)
}

func (s sshFiles) ReadDir(ctx context.Context, dir string) ([]fs.FileInfo, error) {
	return s.f.ReadDir(ctx, dir)
}
