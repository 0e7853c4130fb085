package sshpool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones by name, also on a machine without a zone database
)

// askingClock says when it is ready, waits for a line, and then says what time it
// is, so that neither starting the shell nor its profile counts for the round
// trip. The names of the zone come after that.
const askingClock = `echo ready
read -r _
date '+%s %N %z'
echo "TZ $TZ"
readlink /etc/localtime
cat /etc/timezone
exit 0
`

// clockTimeout bounds the question.
const clockTimeout = 15 * time.Second

// clockPatience is how long the first session of a host waits for the answer, so
// that what is read over it can be put into time at once. A host whose start-up
// files take longer is not waited for.
const clockPatience = 2 * time.Second

// asked is the question for the clock, asked once as long as there are
// connections.
type asked struct{ done chan struct{} }

// awaitClock has the clock asked for, if it was not yet, and waits a little.
func (h *Host) awaitClock(ctx context.Context) {
	h.mu.Lock()
	q := h.clock
	if q == nil && len(h.links) > 0 {
		q = &asked{done: make(chan struct{})}
		if h.pool.start(func() {
			defer close(q.done)
			// Without an answer the clock stays unknown, which State shows.
			_, _ = h.askClock(h.pool.ctx)
		}) {
			h.clock = q
		} else {
			q = nil
		}
	}
	h.mu.Unlock()
	if q == nil {
		return
	}
	timer := time.NewTimer(clockPatience)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (h *Host) askClock(ctx context.Context) (Clock, error) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	p, err := h.start(ctx, Script(askingClock))
	if err != nil {
		return Clock{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Close() })
	defer stop()
	defer func() { _ = p.Close() }()
	lines := bufio.NewReader(io.LimitReader(p, 4096))
	if err := untilReady(lines); err != nil {
		return Clock{}, fmt.Errorf("asking %s for the time: %w", h.name, err)
	}
	sent := h.pool.cfg.Now()
	began := time.Now()
	if _, err := io.WriteString(p, "\n"); err != nil {
		return Clock{}, fmt.Errorf("asking %s for the time: %w", h.name, err)
	}
	first, err := lines.ReadString('\n')
	if err != nil {
		return Clock{}, fmt.Errorf("asking %s for the time: %w", h.name, err)
	}
	trip := time.Since(began)
	rest, _ := io.ReadAll(lines)
	c, err := parseClock(first, string(rest), sent, trip)
	if err != nil {
		return Clock{}, fmt.Errorf("asking %s for the time: %w", h.name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.Clock = c
	h.pool.change()
	return c, nil
}

// untilReady passes over what the host's start-up files say.
func untilReady(lines *bufio.Reader) error {
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) == "ready" {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var errNoTime = errors.New("its date command does not tell the time")

// parseClock reads "seconds nanoseconds ±hhmm" and the lines about the zone's
// name. A date command without nanoseconds (macOS, some busyboxes) answers with
// something else there; then the second is known to a half.
func parseClock(first, names string, sent time.Time, trip time.Duration) (Clock, error) {
	words := strings.Fields(first)
	if len(words) < 2 {
		return Clock{}, errNoTime
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return Clock{}, errNoTime
	}
	c := Clock{Known: true, Accuracy: trip / 2}
	there := time.Unix(seconds, 0)
	zone := words[1]
	if len(words) > 2 {
		zone = words[2]
	}
	if nano, err := strconv.ParseInt(words[1], 10, 64); err == nil && len(words) > 2 && len(words[1]) == 9 {
		there = there.Add(time.Duration(nano))
	} else {
		there = there.Add(time.Second / 2)
		c.Accuracy += time.Second / 2
	}
	c.Offset = there.Sub(sent.Add(trip / 2))
	offset, err := zoneOffset(zone)
	if err != nil {
		return Clock{}, err
	}
	c.Zone = zoneNamed(names, there, offset)
	return c, nil
}

// zoneOffset reads ±hhmm, in seconds.
func zoneOffset(text string) (int, error) {
	if len(text) != 5 || text[0] != '+' && text[0] != '-' {
		return 0, errNoTime
	}
	n, err := strconv.ParseUint(text[1:], 10, 16)
	if err != nil || n/100 > 14 || n%100 > 59 {
		return 0, errNoTime
	}
	seconds := int(n/100*3600 + n%100*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, nil
}

// zoneNamed finds the zone among what the host says of its name. Only a zone that
// has the offset the host has now is believed; it also knows the other half of
// the year.
func zoneNamed(names string, now time.Time, offset int) *time.Location {
	for line := range strings.Lines(names) {
		name := strings.TrimSpace(line)
		name = strings.TrimPrefix(strings.TrimPrefix(name, "TZ "), ":")
		if _, after, ok := strings.Cut(name, "zoneinfo/"); ok {
			name = after
		}
		if name == "" || name == "TZ" || name == "Local" || len(name) > 64 {
			continue
		}
		if loc, err := time.LoadLocation(name); err == nil {
			if _, has := now.In(loc).Zone(); has == offset {
				return loc
			}
		}
	}
	if offset == 0 {
		return time.UTC
	}
	sign, abs := "+", offset
	if offset < 0 {
		sign, abs = "-", -offset
	}
	return time.FixedZone(fmt.Sprintf("UTC%s%02d:%02d", sign, abs/3600, abs/60%60), offset)
}
