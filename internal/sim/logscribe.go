package sim

import (
	"cmp"
	"slices"
	"time"
)

// entry is something to be written at its time.
type entry struct {
	at   float64
	text string
	to   *logFile
}

// scribe writes what processes of a host say, each line at its time.
type scribe struct {
	on    *machine
	queue []entry // of the present step and of times to come
}

// clock is a time as the host's clock shows it.
func (s *scribe) clock(at float64) time.Time { return moment(at + s.on.skew) }

// line queues one of Storm's lines.
func (s *scribe) line(to *logFile, at float64, logger, thread, level, message string) {
	s.add(at, to, s.clock(at).Format(clockLayout)+" "+logger+" "+thread+" ["+level+"] "+message+"\n")
}

func (s *scribe) add(at float64, to *logFile, text string) {
	s.queue = append(s.queue, entry{at: at, text: text, to: to})
}

// flush writes what is due, in the order of time.
func (s *scribe) flush(now float64) {
	slices.SortStableFunc(s.queue, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	n := 0
	for n < len(s.queue) && s.queue[n].at <= now {
		e := s.queue[n]
		e.to.write([]byte(e.text), s.clock(e.at))
		n++
	}
	s.queue = append(s.queue[:0], s.queue[n:]...)
}
