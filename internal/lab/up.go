package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a daemon may take to answer. A loaded machine with two
// cores needed a tenth of it.
const patience = 2 * time.Minute

// Up brings the cluster up and returns its description. What already runs is
// left alone. When it fails or ctx is cancelled before the cluster is up, the
// daemons that this call started are ended again.
func (l *Lab) Up(ctx context.Context) (*Cluster, error) {
	began := time.Now()
	if missing := Missing(ctx, l.set); len(missing) > 0 {
		return nil, &missingError{missing}
	}
	if err := l.build(ctx); err != nil {
		return nil, err
	}
	release, err := l.turn(ctx, l.set.Dir+".lock")
	if err != nil {
		return nil, err
	}
	defer release()
	if err := l.sameSource(); err != nil {
		return nil, err
	}
	var missing []daemon
	for _, d := range l.wanted() {
		if _, ok := l.running(d); !ok {
			missing = append(missing, d)
		}
	}
	if len(missing) == len(l.wanted()) {
		// What a crash left behind would hold ports and worker directories.
		if err := l.sweep(ctx); err != nil {
			return nil, err
		}
		if err := l.tryMounts(ctx); err != nil {
			return nil, err
		}
	}
	lock, err := lockPorts(l.portsLock(), holder{l.set.Version, l.set.Dir, time.Now()})
	if err != nil {
		return nil, err
	}
	if lock != nil {
		defer func() { _ = lock.Close() }()
	}
	if l.line.modern && !l.hasWebapp() {
		l.say("no Storm UI and no logviewer: their jar is not published; STORM_WEBAPP_JAR names one, STORM_HOME a distribution")
	}
	if err := l.portsFree(ctx, missing); err != nil {
		return nil, err
	}
	if err := l.layOut(); err != nil {
		return nil, err
	}
	if err := l.layOutSSH(ctx); err != nil {
		return nil, err
	}
	if err := l.bringUp(ctx, missing, lock); err != nil {
		l.say("stopping what was started")
		return nil, errors.Join(err, l.undo(ctx, missing))
	}
	if err := l.writeDescription(); err != nil {
		return nil, err
	}
	l.say("Storm %s is up in %.1f s", l.set.Version, time.Since(began).Seconds())
	return l.describe(), nil
}

// sameSource refuses to mix: daemons that run keep the files they were started
// from.
func (l *Lab) sameSource() error {
	c, err := Open(l.describe().Description())
	if err != nil || c.Settings.Distribution == l.set.Distribution {
		return nil //nolint:nilerr // without a description nothing runs
	}
	return fmt.Errorf("the cluster in %s runs from %s: end it first with stormlab down",
		l.set.Dir, first(c.Settings.Distribution, "Maven's artifacts"))
}

// undo ends the daemons of a failed or interrupted Up.
func (l *Lab) undo(ctx context.Context, started []daemon) error {
	ctx = context.WithoutCancel(ctx)
	if len(started) == len(l.wanted()) {
		return l.sweep(ctx)
	}
	var errs []error
	for _, d := range started {
		errs = append(errs, l.stop(ctx, d, syscall.SIGTERM))
	}
	return errors.Join(errs...)
}

// bringUp starts the missing daemons and waits until the whole cluster
// answers. ZooKeeper comes first, then everything else at once except further
// Nimbus daemons: those wait until the first one leads, so that it and no
// other does.
func (l *Lab) bringUp(ctx context.Context, missing []daemon, lock *os.File) error {
	w := &waiter{lab: l}
	stage := func(d daemon) int {
		switch {
		case d.kind == "zookeeper":
			return 0
		case d.kind == "nimbus" && d.host != l.line.hosts[0]:
			return 2
		}
		return 1
	}
	for n := range 3 {
		for _, d := range missing {
			if stage(d) == n {
				if err := w.start(ctx, d, lock); err != nil {
					return err
				}
			}
		}
		for _, d := range l.wanted() {
			// The first two stages end when what the next one needs is there.
			if (n == 0 && d.kind == "zookeeper") || (n == 1 && d.kind == "nimbus" && stage(d) == 1) ||
				(n == 2 && d.kind != "zookeeper" && d.kind != "nimbus") {
				if err := w.ready(ctx, d); err != nil {
					return err
				}
			}
		}
	}
	return w.until(ctx, "every Nimbus and supervisor is known", l.complete)
}

// complete fails until the leader knows every Nimbus and supervisor.
func (l *Lab) complete(ctx context.Context) error {
	nimbuses, supervisors := 0, 0
	for _, d := range l.wanted() {
		switch d.kind {
		case "nimbus":
			nimbuses++
		case "supervisor":
			supervisors++
		}
	}
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	if l.line.artifacts && len(s.nimbuses) < nimbuses {
		return fmt.Errorf("%d of %d Nimbus daemons", len(s.nimbuses), nimbuses)
	}
	if len(s.supervisors) < supervisors {
		return fmt.Errorf("%d of %d supervisors", len(s.supervisors), supervisors)
	}
	return nil
}

// waiter waits for conditions and watches that no started daemon dies
// meanwhile.
type waiter struct {
	lab     *Lab
	started []daemon
}

func (w *waiter) start(ctx context.Context, d daemon, lock *os.File) error {
	if err := w.lab.start(ctx, d, lock); err != nil {
		return err
	}
	w.started = append(w.started, d)
	return nil
}

// until asks check ten times a second until it has no error.
func (w *waiter) until(ctx context.Context, what string, check func(context.Context) error) error {
	began := time.Now()
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(limit)
		if err == nil {
			w.lab.say("  %-40s %5.1f s", what, time.Since(began).Seconds())
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, d := range w.started {
			if _, ok := w.lab.running(d); !ok {
				return fmt.Errorf("%s ended: see %s and %s", d,
					filepath.Join(w.lab.set.Dir, "run", d.String()+".out"), filepath.Join(w.lab.hostDir(d.host), "logs"))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.Done():
			return fmt.Errorf("%s: not within %v: %w (see %s)", what, patience, err, filepath.Join(w.lab.set.Dir, "run"))
		case <-tick.C:
		}
	}
}

// ready waits until the daemon answers in its own protocol.
func (w *waiter) ready(ctx context.Context, d daemon) error {
	addr := hostPort(d.host, w.lab.port(d))
	check := map[string]func(context.Context) error{
		"zookeeper": func(ctx context.Context) error { return zookeeperServes(ctx, addr) },
		"nimbus": func(ctx context.Context) error {
			_, err := w.lab.ask(ctx)
			return err
		},
		"ui":        func(ctx context.Context) error { return httpAnswers(ctx, "http://"+addr+"/api/v1/cluster/summary") },
		"logviewer": func(ctx context.Context) error { return listens(ctx, addr) },
		"sshd":      func(ctx context.Context) error { return greets(ctx, addr) },
	}[d.kind]
	if check == nil {
		return nil
	}
	return w.until(ctx, d.String()+" answers", check)
}

// zookeeperServes asks for "srvr": a ZooKeeper that cannot serve still answers
// "ruok" with "imok".
func zookeeperServes(ctx context.Context, addr string) error {
	got, err := exchange(ctx, addr, "srvr")
	if err == nil && !strings.Contains(got, "Mode:") {
		err = fmt.Errorf("ZooKeeper says %q", clip(got, 80))
	}
	return err
}

func greets(ctx context.Context, addr string) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "SSH-2.0-") {
		err = fmt.Errorf("%s is no ssh server: %q", addr, clip(line, 80))
	}
	return err
}

func listens(ctx context.Context, addr string) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

func exchange(ctx context.Context, addr, send string) (string, error) {
	conn, err := dial(ctx, addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, send); err != nil {
		return "", err
	}
	got, err := io.ReadAll(io.LimitReader(conn, 64<<10))
	return string(got), err
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(3 * time.Second))
}

func httpAnswers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	return nil
}
