package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// debugSeconds is how long a rotation may keep a topology at DEBUG. Storm
// takes the level back itself after that, should this program be killed.
const debugSeconds = 120

// rotate puts the root logger of every topology to DEBUG, which fills a log of
// the lab's size within seconds, until each worker log was renamed.
func (l *Lab) rotate(ctx context.Context) error {
	if !l.line.artifacts {
		return usagef("Storm %s cannot change log levels of running workers: bring the cluster up with a small LAB_ROLL_SIZE instead", l.set.Version)
	}
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	if len(s.topologies) == 0 {
		return errors.New("no topology runs, so there is no worker log")
	}
	before, err := l.workerLogs(s.topologies)
	if err != nil {
		return err
	}
	if len(before) == 0 {
		return errors.New("no worker has a log yet")
	}
	for _, t := range s.topologies {
		if err := l.setRootLevel(ctx, t.id, levelUpdate, "DEBUG", debugSeconds); err != nil {
			return fmt.Errorf("raising the log level of %s: %w", t.name, err)
		}
	}
	w := &waiter{lab: l}
	err = w.until(ctx, fmt.Sprintf("%d worker logs rotated", len(before)), func(context.Context) error {
		now, err := l.workerLogs(s.topologies)
		if err != nil {
			return err
		}
		maps.DeleteFunc(before, func(name string, was time.Time) bool { return now[name].After(was) })
		if len(before) > 0 {
			return fmt.Errorf("%d logs to go, one is %s", len(before), slices.Sorted(maps.Keys(before))[0])
		}
		return nil
	})
	after := context.WithoutCancel(ctx)
	for _, t := range s.topologies {
		if e := l.setRootLevel(after, t.id, levelRemove, "", 0); e != nil {
			err = errors.Join(err, fmt.Errorf("taking back the log level of %s: %w", t.name, e))
		}
	}
	return err
}

// workerLogs maps the log of every worker that runs to the time of its newest
// older generation, zero when it has none.
func (l *Lab) workerLogs(topologies []topology) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for _, host := range l.line.hosts {
		for _, t := range topologies {
			logs, err := filepath.Glob(filepath.Join(l.hostDir(host), "logs", "workers-artifacts", t.id, "*", "worker.log"))
			if err != nil {
				return nil, fmt.Errorf("listing worker logs: %w", err)
			}
			for _, log := range logs {
				if !l.workerRuns(log) {
					continue
				}
				older, err := filepath.Glob(log + ".[0-9]*")
				if err != nil {
					return nil, fmt.Errorf("listing worker logs: %w", err)
				}
				out[log] = time.Time{}
				for _, name := range older {
					if info, err := os.Stat(name); err == nil && info.ModTime().After(out[log]) {
						out[log] = info.ModTime()
					}
				}
			}
		}
	}
	return out, nil
}

// workerRuns says whether the worker whose log this is still runs; a rebalance
// leaves the logs of ended ones behind.
func (l *Lab) workerRuns(log string) bool {
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(log), "worker.pid"))
	if err != nil {
		return false
	}
	n := 0
	if _, err := fmt.Sscan(strings.TrimSpace(string(pid)), &n); err != nil {
		return false
	}
	p, ok := proc().read(n)
	return ok && strings.Contains(p.command, "-Dworker.port="+filepath.Base(filepath.Dir(log)))
}
