package sim

import (
	"fmt"
	"strings"
)

// deeds are what an executor did in a step.
type deeds struct {
	done, failed, acked float64
	ms                  float64 // of a tuple; 0 for unknown
}

// deeds are what an executor did since it was asked last.
func (m *mouth) deeds() deeds {
	executed, failed, acked, ms := tally(m.e)
	d := deeds{done: max(executed-m.executed, 0), failed: max(failed-m.failed, 0), acked: max(acked-m.acked, 0)}
	if acked > m.acked && ms > m.ackedMs {
		d.ms = (ms - m.ackedMs) / (acked - m.acked)
	}
	m.executed, m.failed, m.acked, m.ackedMs = executed, failed, acked, ms
	return d
}

// rebind finds the executor again when a rebalance that left the worker alone
// has replaced it.
func (m *mouth) rebind() {
	all := m.e.of.executors
	if m.e.index < len(all) && all[m.e.index] == m.e {
		return
	}
	for _, e := range all {
		if e.start == m.e.start && e.end == m.e.end {
			m.e = e
			m.executed, m.failed, m.acked, m.ackedMs = tally(e)
			return
		}
	}
}

// speak queues the lines of an executor about a step that ended now.
func (s *place) speak(m *mouth, d deeds, now, dt float64) {
	l := s.life
	if d.ms > 0 {
		m.ms = d.ms
	}
	m.total += d.done
	m.since.acked += d.acked
	m.since.failed += d.failed
	sp := speech{r: l.random, e: m.e, ms: m.ms, work: m.e.of.serviceMs * m.e.on.host.slow, wait: m.e.waiting, total: int64(m.total)}
	lines := 0
	for i, v := range m.voices {
		if v.period > 0 {
			for m.due[i] <= now {
				sp.acked, sp.failed = int64(m.since.acked), int64(m.since.failed)
				m.since = deeds{}
				s.utter(m, &sp, v, m.due[i])
				m.due[i] += v.period
			}
			continue
		}
		left := d.done
		for left >= m.due[i] && lines < maxLines {
			left -= m.due[i]
			m.due[i] = v.every * (0.7 + 0.6*l.random.Float64())
			if v.when == nil || v.when(&sp) {
				s.utter(m, &sp, v, now-dt*left/max(d.done, 1e-9)*0.999)
				lines++
			}
		}
		m.due[i] = max(m.due[i]-left, 0)
	}
	s.complaints(m, now, dt)
	if m.e.of.spout || m.e.of.complaint == "" {
		return
	}
	m.owed += d.failed
	for n := 0; m.owed >= 1 && n < maxLines; n++ {
		m.owed--
		task := m.e.start + l.random.IntN(m.e.tasks())
		s.fail(m, task, fmt.Sprintf(m.e.of.complaint, l.random.Int64()), now-dt*l.random.Float64()*0.999)
	}
	m.owed = min(m.owed, maxLines)
}

// utter queues one line in the manner of its component.
func (s *place) utter(m *mouth, sp *speech, v voice, at float64) {
	i := sp.r.IntN(m.e.tasks())
	sp.task = m.e.start + i
	text := v.say(sp)
	c := m.e.of
	switch mannerOf(c.part) {
	case javaLog:
		logger := v.logger
		if logger == "" {
			logger = abbreviated(c.class)
		}
		s.say(at, logger, m.thread, v.level, text)
	case shellLog:
		s.say(at, "o.a.s.t.ShellBolt", m.readers[i], v.level, fmt.Sprintf("ShellLog pid:%d, name:%s %s", m.pids[i], c.id, text))
	case pystormLog:
		stamp := strings.Replace(s.clock(at-0.001).Format(clockLayout), ".", ",", 1)
		s.say(at, "o.a.s.t.ShellBolt", m.readers[i], v.level, fmt.Sprintf("ShellLog pid:%d, name:%s %s - pystorm.component.%s - %s", m.pids[i], c.id, stamp, c.id, text))
	case pystormFile:
		s.pystorm(m, i, at, v.level, text)
	}
}

// pystorm queues a line of a Python process's own file.
func (s *place) pystorm(m *mouth, i int, at float64, level, text string) {
	level = strings.Replace(level, "WARN", "WARNING", 1)
	stamp := strings.Replace(s.clock(at).Format(clockLayout), ".", ",", 1)
	s.add(at, s.pystormLog(m, i, at), fmt.Sprintf("%s - pystorm.component.%s - %s - %s\n", stamp, m.e.of.id, level, text))
}

func (s *place) pystormLog(m *mouth, i int, at float64) *logFile {
	name := fmt.Sprintf("%s/pystorm_%s_%s_%d_%d.log", pystormDir, s.t.name, m.e.of.id, m.e.start+i, m.pids[i])
	f := s.python[name]
	if f == nil {
		f = &logFile{disk: s.on.disk, path: name, limit: pystormBytes, keep: pystormBackups, plain: true}
		f.open(s.clock(at))
		s.python[name] = f
	}
	return f
}

// fail queues what a reported error leaves: its text with the trace in the
// worker's log, and a line in the Python file where there is one.
func (s *place) fail(m *mouth, task int, text string, at float64) {
	thread := m.thread
	if m.e.of.shell() {
		thread = m.readers[task-m.e.start]
	}
	s.say(at, "o.a.s.e.e.ReportError", thread, "ERROR", "Error\n"+strings.TrimRight(text, "\n"))
	if mannerOf(m.e.of.part) == pystormFile {
		// pystorm logs the exception itself before it tells Storm.
		_, trace, _ := strings.Cut(text, "\n")
		trace, _, _ = strings.Cut(trace, "\n\tat ")
		s.pystorm(m, task-m.e.start, at-0.002, "ERROR", "Exception in "+m.e.of.id+".process()\n"+strings.TrimSpace(trace))
	}
}

// complaints queues the errors that an executor's component reported to
// ZooKeeper, which are those that its throttle let pass; speak writes the others.
func (s *place) complaints(m *mouth, now, dt float64) {
	for _, f := range m.e.of.errors {
		if f.sequence <= m.faults || f.at > now || f.host != s.on.name || f.port != s.port {
			continue
		}
		m.faults = f.sequence
		if m.first && !strings.Contains(f.text, deathMark) {
			m.owed--
			s.fail(m, m.e.start, f.text, max(f.at, now-dt)-0.001*float64(f.sequence%7))
		}
	}
}
