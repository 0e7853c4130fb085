package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// holder is what a lock file says about the cluster that has the ports.
type holder struct {
	Version string    `json:"version"`
	Dir     string    `json:"dir"`
	Since   time.Time `json:"since"`
}

// portsTaken says that another cluster has the ports.
type portsTaken struct {
	path string
	by   holder
}

func (e *portsTaken) Error() string {
	if e.by.Dir == "" {
		return fmt.Sprintf("another lab cluster has these ports (lock %s)", e.path)
	}
	return fmt.Sprintf("Storm %s in %s has these ports since %s: end it with STORM=%s STORMTOP_LAB_DIR=%s stormlab down",
		e.by.Version, e.by.Dir, e.by.Since.Format("15:04:05"), e.by.Version, e.by.Dir)
}

// lockPorts takes the machine-wide lock on a line's ports. The daemons are to
// inherit the returned file: the lock then lasts as long as one of them lives,
// and is free again after any crash. The file is nil, without an error, when
// the cluster of this very directory already has the lock.
func lockPorts(path string, me holder) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the ports: %w", err)
	}
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer func() { _ = f.Close() }()
		taken := &portsTaken{path: path}
		data, err := io.ReadAll(io.LimitReader(f, 64<<10))
		if err != nil {
			return nil, fmt.Errorf("reading the lock of the ports: %w", err)
		}
		if json.Unmarshal(data, &taken.by) == nil && taken.by.Dir == me.Dir && taken.by.Version == me.Version {
			return nil, nil
		}
		return nil, taken
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking the ports: %w", err)
	}
	data, err := json.Marshal(me)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(data, '\n'), 0)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("writing the lock of the ports: %w", err)
	}
	return f, nil
}

func (l *Lab) portsLock() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("stormtop-lab-ports-%d.lock", l.line.ports.zookeeper))
}

// turn waits until no other program works on what path stands for, and
// returns what gives the turn back.
func (l *Lab) turn(ctx context.Context, path string) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("waiting for a turn: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("waiting for a turn: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; {
		err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = f.Close()
			return nil, fmt.Errorf("waiting for a turn: %w", err)
		}
		if !told {
			l.say("waiting for another stormlab to finish (%s)", path)
			told = true
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// portsFree fails when a port that a daemon is going to listen on is in use.
func (l *Lab) portsFree(ctx context.Context, daemons []daemon) error {
	for _, d := range daemons {
		port := l.port(d)
		if port == 0 || (d.kind == "supervisor" && !l.line.modern) {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", hostPort(d.host, port))
		if err != nil {
			return fmt.Errorf("%s cannot listen on %s, another program may have the port: %w", d, hostPort(d.host, port), err)
		}
		if err := listener.Close(); err != nil {
			return fmt.Errorf("trying port %d: %w", port, err)
		}
	}
	return nil
}
