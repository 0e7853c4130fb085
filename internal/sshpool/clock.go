package sshpool

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"
)

// Clock is what is known of a host's clock.
type Clock struct {
	Known bool
	// Offset is the host's clock minus ours, good to about the round trip.
	Offset    time.Duration
	RoundTrip time.Duration
	// Zone is the host's time zone; nil while it is not known.
	Zone *time.Location
}

// askClock prints the zone, the time and where the zone's rules come from. %N is
// not known everywhere.
const askClock = `date '+%z %s.%N'; readlink /etc/localtime 2>/dev/null || cat /etc/timezone 2>/dev/null; true`

// clockTimeout bounds the question: login shells can take long to begin.
const clockTimeout = 5 * time.Second

// readClock asks the host what time it is. Without an answer its clock is taken
// for ours.
func (h *Host) readClock(ctx context.Context, c *connection) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	began := h.pool.cfg.Now()
	out, err := within(ctx, func() ([]byte, error) {
		s, err := c.client.NewSession()
		if err != nil {
			return nil, err
		}
		defer func() { _ = s.Close() }()
		b := &bounded{limit: 4096}
		s.Stdout = b
		err = s.Run(Script(askClock))
		return b.Bytes(), err
	}, func([]byte) {})
	if err != nil {
		return
	}
	if clock, ok := parseClock(out, began, h.pool.cfg.Now()); ok {
		h.mu.Lock()
		h.clock = clock
		h.mu.Unlock()
	}
}

// parseClock reads the answer to a question that was asked and answered at these
// times.
func parseClock(out []byte, asked, answered time.Time) (Clock, bool) {
	first, rest, _ := bytes.Cut(out, []byte("\n"))
	zone, stamp, ok := strings.Cut(strings.TrimSpace(string(first)), " ")
	if !ok || len(zone) != 5 || zone[0] != '+' && zone[0] != '-' {
		return Clock{}, false
	}
	hours, err1 := strconv.Atoi(zone[1:3])
	minutes, err2 := strconv.Atoi(zone[3:])
	secs, fraction, _ := strings.Cut(stamp, ".")
	sec, err3 := strconv.ParseInt(secs, 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || hours > 14 || minutes > 59 || sec <= 0 || sec > 1<<40 {
		return Clock{}, false
	}
	nanos, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil || len(fraction) != 9 || nanos < 0 {
		nanos = int64(500 * time.Millisecond) // it may be anywhere in its second
	}
	off := (hours*60 + minutes) * 60
	if zone[0] == '-' {
		off = -off
	}
	there := time.Unix(sec, nanos)
	c := Clock{Known: true, RoundTrip: answered.Sub(asked), Offset: there.Sub(asked.Add(answered.Sub(asked) / 2))}
	c.Zone = time.FixedZone(zone, off)
	if off == 0 {
		c.Zone = time.UTC
	}
	// The rules of a named zone know when it changes; they must agree with now.
	name := strings.TrimSpace(string(rest))
	if i := strings.Index(name, "zoneinfo/"); i >= 0 {
		name = name[i+len("zoneinfo/"):]
	}
	if rules, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		if _, now := there.In(rules).Zone(); now == off {
			c.Zone = rules
		}
	}
	return c, true
}
