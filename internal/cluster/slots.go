package cluster

import (
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

const (
	// maxLives bounds the remembered lives of one slot's worker.
	maxLives = 32
	// comingFor is how long an assigned slot may stay without a heartbeat before
	// it is no longer called new: where heartbeats cannot be seen, none comes.
	comingFor = 5 * time.Minute
	// emptyFor is how long a slot that was released is remembered.
	emptyFor = 10 * time.Minute
	// assignedLag is how much later than ZooKeeper an assignment may be seen
	// here; a heartbeat that says more than this plus the time since is of the
	// worker before.
	assignedLag = 15 * time.Second
)

// place is one slot as workers and logs name it.
type place struct {
	node string // supervisor id
	port int
}

// sighting says who told a worker's uptime.
type sighting byte

const (
	byNobody sighting = iota
	byBeat            // the heartbeat in ZooKeeper
	byNimbus          // a page or the executors
)

// placed is what an assignment puts into a slot.
type placed struct {
	topology    string
	tasks       []nimbusclient.ExecutorID
	first, last int64 // executor start times, seconds since the epoch; 0 unknown
}

// slotMemory is what several polls tell about a slot.
type slotMemory struct {
	placed
	executors int // as a page counts them; 0 unknown
	// since is when it was seen to get what it runs, zero for what was there at
	// the start; reportedAt when its worker was first seen to be up.
	since, reportedAt time.Time
	// uptime is the worker's newest, in seconds; seenAt is when it was first
	// told, and by whom.
	uptime int
	seenAt time.Time
	by     sighting
	// beat is the time of the newest heartbeat by the worker's clock, beatAt by
	// ours.
	beat, beatAt time.Time
	restarts     int
	lives        []int
	// left is what ran here until leftAt.
	left   string
	leftAt time.Time
}

// slotBook follows the worker of every slot from poll to poll. It compares
// uptimes with spans of our own clock only, never two machines' clocks.
type slotBook struct {
	slots map[place]*slotMemory
	// restarts counts those seen, by topology.
	restarts map[string]int
	// lag is how much older one source may be than another: two heartbeats and
	// a poll.
	lag time.Duration
}

func newSlotBook() *slotBook {
	return &slotBook{slots: map[place]*slotMemory{}, restarts: map[string]int{}}
}

// assign takes all slots of the assignments. With first, what runs there has
// been running. kept names topologies whose assignment could not be read, which
// stay as they are; planned tells topologies that were rebalanced lately, whose
// workers start anew because somebody asked for it.
func (b *slotBook) assign(slots map[place]placed, now time.Time, first bool, kept, planned func(topology string) bool) {
	for at, p := range slots {
		s := b.slots[at]
		switch {
		case s == nil, s.topology == "":
			s = &slotMemory{placed: p}
			if !first {
				s.since = now
			}
			b.slots[at] = s
		case s.topology != p.topology:
			*s = slotMemory{placed: p, since: now}
		case s.last == 0 && len(s.tasks) == 0: // so far only Nimbus told of it
			s.placed = p
		case p.last > s.last || !slices.Equal(p.tasks, s.tasks) && len(s.tasks) > 0:
			if p.last > s.last && s.last > 0 && !planned(p.topology) {
				b.restarted(s)
			}
			s.placed, s.since = p, now
			s.uptime, s.by, s.seenAt, s.reportedAt = 0, byNobody, time.Time{}, time.Time{}
		default:
			s.placed = p
		}
	}
	for at, s := range b.slots {
		if _, used := slots[at]; !used && s.topology != "" && !kept(s.topology) {
			s.leave(now)
		}
	}
	b.sweep(now)
}

// worker is a worker as a page of Nimbus tells it.
type worker struct {
	topology  string
	executors int
}

// tell takes workers that Nimbus named, where no assignment can be read. What
// is in scope and was not named has ended.
func (b *slotBook) tell(workers map[place]worker, now time.Time, inScope func(place, *slotMemory) bool) {
	for at, w := range workers {
		s := b.slots[at]
		if s == nil || s.topology != w.topology {
			s = &slotMemory{placed: placed{topology: w.topology}, reportedAt: now}
			b.slots[at] = s
		}
		s.executors = w.executors
	}
	for at, s := range b.slots {
		if _, named := workers[at]; !named && s.topology != "" && inScope(at, s) {
			s.leave(now)
		}
	}
	b.sweep(now)
}

func (s *slotMemory) leave(now time.Time) {
	*s = slotMemory{left: s.topology, leftAt: now, beat: s.beat, beatAt: s.beatAt}
}

// sweep forgets slots that have been empty for long.
func (b *slotBook) sweep(now time.Time) {
	for at, s := range b.slots {
		if s.topology == "" && now.Sub(s.leftAt) > emptyFor {
			delete(b.slots, at)
		}
	}
}

// forget drops the slots and the counts of what is gone.
func (b *slotBook) forget(topologyGone func(id string) bool, nodeGone func(node string) bool) {
	for at := range b.slots {
		if nodeGone(at.node) {
			delete(b.slots, at)
		}
	}
	for id := range b.restarts {
		if topologyGone(id) {
			delete(b.restarts, id)
		}
	}
}

// sight takes a worker's uptime in seconds. An uptime that fell is a restart:
// always when the same source told it, and by another source only when it fell
// by more than two sources may differ.
func (b *slotBook) sight(at place, topology string, uptime int, by sighting, now time.Time) {
	s := b.slots[at]
	if s == nil || s.topology != topology || uptime <= 0 {
		return
	}
	if s.reportedAt.IsZero() && !s.since.IsZero() && uptime > seconds(now.Sub(s.since)+assignedLag) {
		return // of the worker before
	}
	if s.by != byNobody && by != s.by {
		grown := s.uptime + seconds(now.Sub(s.seenAt)+b.lag)
		if uptime > grown {
			return // from before a restart that the other source has told
		}
		if uptime < s.uptime && s.uptime-uptime <= seconds(b.lag) {
			return // only older
		}
	}
	if uptime < s.uptime {
		b.restarted(s)
	}
	if uptime != s.uptime || by != s.by {
		s.uptime, s.seenAt, s.by = uptime, now, by
	}
	if s.reportedAt.IsZero() {
		s.reportedAt = now
	}
}

// restarted notes that a slot's worker began a new life.
func (b *slotBook) restarted(s *slotMemory) {
	s.restarts++
	b.restarts[s.topology]++
	if s.uptime > 0 {
		s.lives = append(s.lives, s.uptime)
		s.lives = slices.Clip(s.lives[max(0, len(s.lives)-maxLives):])
	}
}

// beat takes a heartbeat. Its time is of the worker's clock; it is believed as
// far as it lies between the reading before and this one, so that a clock that
// differs makes no heartbeat old. previous is zero for the first reading.
func (b *slotBook) beat(at place, topology string, when, previous, now time.Time) {
	s := b.slots[at]
	if s == nil || s.topology != topology && s.left != topology || when.Equal(s.beat) {
		return
	}
	first := s.beat.IsZero()
	s.beat, s.beatAt = when, when
	if when.After(now) {
		s.beatAt = now
	}
	if !first && !previous.IsZero() && when.Before(previous) {
		s.beatAt = now
	}
}

// leaving reports whether a released slot's worker may still run: until it
// misses a heartbeat by half a period, or the slot is taken.
func (s *slotMemory) leaving(period time.Duration, now time.Time) bool {
	if s.left == "" {
		return false
	}
	last := s.leftAt
	if s.beatAt.After(s.leftAt.Add(-2 * period)) {
		last = s.beatAt
	}
	until := last.Add(period * 3 / 2)
	if soonest := s.leftAt.Add(5 * time.Second); until.Before(soonest) {
		until = soonest
	}
	return now.Before(until)
}

// coming reports whether a slot's worker has not reported yet.
func (s *slotMemory) coming(now time.Time) bool {
	return s.topology != "" && s.reportedAt.IsZero() && !s.since.IsZero() && now.Sub(s.since) < comingFor
}

// beats sums up a topology's heartbeats: the newest one, the time by which every
// worker had beaten once more, and when a worker reported for the first time.
func (b *slotBook) beats(topology string) (newest, round, reported time.Time) {
	complete := true
	for _, s := range b.slots {
		if s.topology != topology {
			continue
		}
		if s.beatAt.IsZero() {
			complete = false
		}
		newest = later(newest, s.beatAt)
		if round.IsZero() || s.beatAt.Before(round) {
			round = s.beatAt
		}
		if !s.since.IsZero() {
			reported = later(reported, s.reportedAt)
		}
	}
	if !complete {
		round = time.Time{}
	}
	return newest, round, reported
}

// youngest is the smallest uptime of a topology's workers in seconds, nil when
// none was told.
func (b *slotBook) youngest(topology string) *int {
	var out *int
	for _, s := range b.slots {
		if s.topology == topology && s.uptime > 0 && (out == nil || s.uptime < *out) {
			up := s.uptime
			out = &up
		}
	}
	return out
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
