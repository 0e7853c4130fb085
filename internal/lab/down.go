package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// Down ends every process of the cluster: daemons, log writers, workers, their
// children, ssh sessions. Its state stays, so a later Up finds the same
// topologies. Without a cluster it does nothing.
func (l *Lab) Down(ctx context.Context) error {
	began := time.Now()
	release, err := l.turn(ctx, l.set.Dir+".lock")
	if err != nil {
		return err
	}
	defer release()
	count := len(proc().of(l.set.Dir))
	if err := l.sweep(ctx); err != nil {
		return err
	}
	if err := os.Remove(l.describe().Description()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the description: %w", err)
	}
	l.say("down in %.1f s, %d processes ended", time.Since(began).Seconds(), count)
	return nil
}

// sweep ends all that runs, in the order that leaves clean state: supervisors
// first, because they would start their workers again, ZooKeeper last.
func (l *Lab) sweep(ctx context.Context) error {
	for _, kinds := range [][]string{{"supervisor"}, {"nimbus", "ui", "logviewer", "sshd", ""}, {"zookeeper"}} {
		known, all := map[int]string{}, proc().of(l.set.Dir)
		for _, d := range l.line.daemons {
			if p, ok := l.running(d); ok {
				known[p.pid], all[p.pid] = d.kind, p
			}
		}
		var victims []process
		for pid, p := range all {
			if slices.Contains(kinds, known[pid]) {
				victims = append(victims, p)
			}
		}
		if err := proc().end(ctx, victims, syscall.SIGTERM, 5*time.Second); err != nil {
			return err
		}
	}
	// Whatever started while the others ended.
	for range 3 {
		left := proc().of(l.set.Dir)
		if len(left) == 0 {
			break
		}
		victims := make([]process, 0, len(left))
		for _, p := range left {
			victims = append(victims, p)
		}
		if err := proc().end(ctx, victims, syscall.SIGKILL, time.Second); err != nil {
			return err
		}
	}
	if left := l.left(); left != "" {
		return fmt.Errorf("still running: %s", left)
	}
	var errs []error
	for _, d := range l.line.daemons {
		errs = append(errs, l.forget(d))
	}
	return errors.Join(errs...)
}

// left names one process of the cluster that still runs.
func (l *Lab) left() string {
	for pid, p := range proc().of(l.set.Dir) {
		return fmt.Sprintf("%d %s", pid, clip(p.command, 80))
	}
	return ""
}

// Clean is Down, and forgets the state too. The cache stays.
func (l *Lab) Clean(ctx context.Context) error {
	if err := l.Down(ctx); err != nil {
		return err
	}
	release, err := l.turn(ctx, l.set.Dir+".lock")
	if err != nil {
		return err
	}
	defer release()
	if exists(l.set.Dir) && !l.ours() {
		return fmt.Errorf("%s was not made by this program: it is left alone", l.set.Dir)
	}
	if err := os.RemoveAll(l.set.Dir); err != nil {
		return fmt.Errorf("removing the state: %w", err)
	}
	return nil
}

// ours says whether the work directory holds nothing but what Up makes, so
// that a mistaken STORMTOP_LAB_DIR does not cost somebody a directory.
func (l *Lab) ours() bool {
	known := []string{"hosts", "run", "ssh", "storm", "mounts", "zookeeper", "public", "submit", preloaded, descriptionFile}
	entries, err := os.ReadDir(l.set.Dir)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !slices.Contains(known, e.Name()) })
}

// stop ends one daemon; sshd's sessions end with it.
func (l *Lab) stop(ctx context.Context, d daemon, sig syscall.Signal) error {
	p, ok := l.running(d)
	if !ok {
		return l.forget(d)
	}
	victims := []process{p}
	if d.kind == "sshd" {
		victims = append(victims, proc().descendants(p.pid)...)
	}
	if err := proc().end(ctx, victims, sig, 5*time.Second); err != nil {
		return err
	}
	return l.forget(d)
}
