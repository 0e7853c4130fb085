package screens

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
)

// timeMenu chooses the range of time.
func (s *logView) timeMenu(env screen.Env) *picker {
	spans := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	items := []kit.MenuItem{
		{Key: "0", Label: "live", Note: "no range, follow the newest line"},
		{Key: "1", Label: "start", Note: "the first line there is"},
		{Key: "2", Label: "last 1m"},
		{Key: "3", Label: "last 5m"},
		{Key: "4", Label: "last 15m"},
		{Key: "5", Label: "last 30m"},
		{Key: "6", Label: "last 1h"},
		{Key: "t", Label: "type", Note: "14:20-14:30, or 14:20 to go there"},
	}
	return &picker{menu: kit.NewMenu("time", items...), close: "T", pick: func(i int) {
		switch {
		case i == 0:
			s.live(env)
		case i == 1:
			lo, _ := s.bounds()
			s.goTo(lo)
		case i-2 < len(spans):
			s.during(env, env.Now.Add(-spans[i-2]), time.Time{})
		default:
			s.ask(askRange, " time  ", "")
		}
	}}
}

// live takes the range away and follows.
func (s *logView) live(env screen.Env) {
	s.terms = slices.DeleteFunc(slices.Clone(s.terms), func(t logs.Term) bool { return t.Kind == logs.TimeRange })
	if !s.from.IsZero() || !s.to.IsZero() {
		s.retarget(env, time.Time{}, time.Time{})
	}
	s.refilter()
	s.stream.Follow()
}

// during shows a range of time. What lies before the records that are held is
// read from the hosts.
func (s *logView) during(env screen.Env, from, to time.Time) {
	s.terms = slices.DeleteFunc(slices.Clone(s.terms), func(t logs.Term) bool { return t.Kind == logs.TimeRange })
	if from.Before(s.heldFrom()) {
		s.retarget(env, from, to)
		s.refilter()
		return
	}
	s.terms = append(s.terms, logs.Term{Kind: logs.TimeRange, From: nanos(from), To: nanos(to)})
	s.refilter()
	if !to.IsZero() {
		s.stream.Stay()
	}
}

// heldFrom is when every source's records begin: before it some are not held.
func (s *logView) heldFrom() time.Time {
	lo, hi := s.store.Range()
	if !s.from.IsZero() {
		if n, _ := s.store.Dropped(); n == 0 {
			return s.from // all since then was read
		}
	}
	// The newest among the first records of the sources; those that joined later
	// had none before.
	first, joined := map[int32]int64{}, map[int32]bool{}
	const looked = 20_000
	for seq := lo; seq < hi && seq < lo+looked; seq++ {
		r, ok := s.store.At(seq)
		if !ok {
			continue
		}
		if r.Mark == logs.MarkJoined {
			joined[r.Source] = true
		}
		if _, known := first[r.Source]; !known && !joined[r.Source] && r.Time != 0 && r.Mark == logs.MarkNone {
			first[r.Source] = r.Time
		}
	}
	latest := int64(0)
	for _, at := range first {
		latest = max(latest, at)
	}
	if latest == 0 {
		return s.env.Now
	}
	return time.Unix(0, latest)
}

// retarget follows the same sources over another time.
func (s *logView) retarget(env screen.Env, from, to time.Time) {
	s.session.Hold(false)
	s.session.Release()
	s.from, s.to = from, to
	s.session, s.view, s.filter = nil, nil, nil
	s.sync(env)
}

// limit takes what was typed: a range, a moment, or nothing for no range.
func (s *logView) limit(env screen.Env, text string) tea.Cmd {
	text = strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), "–", "-")
	if text == "" {
		s.live(env)
		return nil
	}
	first, last, isRange := strings.Cut(text, "-")
	from, ok := timeBefore(env.Now, first)
	if !ok {
		return screen.Problem("No time: write 14:20, 14:20:05 or 14:20-14:30.")
	}
	if !isRange {
		if from.Before(s.heldFrom()) {
			s.during(env, from, time.Time{})
			return nil // its first line is the one
		}
		s.goTo(s.view.Near(from.UnixNano()))
		return nil
	}
	to, ok := timeBefore(env.Now, last)
	if !ok || !to.After(from) {
		return screen.Problem("No range: write the earlier time first, as in 14:20-14:30.")
	}
	s.during(env, from, to)
	return nil
}

// timeBefore is the last time that the clock showed this.
func timeBefore(now time.Time, text string) (time.Time, bool) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location())
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, true
		}
	}
	return time.Time{}, false
}

// nanos is a time as records have it, 0 for none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// rangeWords writes a range of time.
func (s *logView) rangeWords(from, to int64) string {
	word := func(ns int64) string {
		if ns == 0 {
			return ""
		}
		at := time.Unix(0, ns).In(s.env.Now.Location())
		if at.Second() == 0 {
			return at.Format("15:04")
		}
		return at.Format("15:04:05")
	}
	switch {
	case to == 0:
		return "since " + word(from)
	case from == 0:
		return "until " + word(to)
	}
	return word(from) + "–" + word(to)
}
