package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// The Thrift calls whose failures are kept in Topology.Errs by these names.
const (
	callPage      = "getTopologyPageInfo"
	callComponent = "getComponentPageInfo"
	callInfo      = "getTopologyInfo"
	callStructure = "getTopology"
	callConf      = "getTopologyConf"
	callLogConfig = "getLogConfig"
)

const (
	// shunFor is how long a question that broke the connection is left alone,
	// at first; it doubles up to shunMost.
	shunFor, shunMost = time.Minute, 10 * time.Minute
	// unsupportedFor is how long a question is left alone that the server's
	// version does not know.
	unsupportedFor = time.Hour
	// maxUnasked bounds the topologies whose executors are read once without
	// being asked for, by their number of executors.
	maxUnasked = 2000
	// fewTopologies is the number of topologies on screen up to which details
	// follow every heartbeat; beyond, they follow the period where that is
	// longer.
	fewTopologies = 3
)

// question is one detail call.
type question struct {
	name string // identifies it, for shunning
	call string // the Thrift call, for Topology.Errs
	id   string // topology or supervisor id
	ask  func(r Reader) (keep func(at time.Time), err error)
	// fail keeps an answer that was an error; nil puts it into Topology.Errs.
	fail func(err error)

	due time.Time // when it is to be asked; zero is at once
	// back says that no screen waits for it.
	back bool
}

// shun is a question that is left alone for a while.
type shun struct {
	until time.Time
	span  time.Duration
}

// wanted lists every question that the demand raises, with when it is due: what
// is due first, what a screen waits for before what none does.
func (l *loop) wanted(now time.Time) []question {
	l.mu.Lock()
	d := l.demand
	l.mu.Unlock()
	if l.mem.cluster == nil {
		return nil
	}
	var out []question
	put := func(q question, due time.Time) {
		q.due = due
		out = append(out, q)
	}
	for _, row := range l.mem.cluster.Topologies {
		det := l.mem.detail(row.ID)
		when := l.clock(d, det, row.ID)
		if d.Structures[row.ID] && det.structure == nil {
			put(l.structure(row.ID), time.Time{})
		}
		for _, key := range d.Pages[row.ID] {
			put(l.page(row.ID, key), when(det.pageAt[key]))
		}
		for _, key := range d.Components[row.ID] {
			put(l.component(row.ID, key), when(det.compAt[key]))
		}
		if d.Infos[row.ID] {
			put(l.info(row.ID), when(det.infoAt))
		} else if det.taskOf == nil && l.zk != nil && value(row.Executors) > 0 && value(row.Executors) <= maxUnasked {
			q := l.info(row.ID) // which task is of which component, for the moves in the feed
			q.back = true
			put(q, det.infoAt)
		}
		if d.Confs[row.ID] && (det.confAt.IsZero() || det.confAt.Before(l.refreshed)) {
			put(l.conf(row.ID), time.Time{})
		}
		if d.LogConfigs[row.ID] {
			put(l.logConfig(row.ID), when(det.logAt))
		}
	}
	if l.mem.server.HasPageCalls || l.mem.server.Line >= nimbusclient.V1 {
		for _, s := range l.mem.cluster.Supervisors {
			if d.Hosts["*"] || d.Hosts[s.ID] {
				put(l.host(s), l.after(l.mem.hostsOf[s.ID].at, max(l.mem.heartbeat(), l.mem.every)))
			}
		}
	}
	if d.AllTopologies {
		out = append(out, l.everyPage(now)...)
	}
	for i := range out {
		if s := l.shunned[out[i].name]; s.until.After(out[i].due) && s.until.After(now) {
			out[i].due = s.until
		}
	}
	slices.SortStableFunc(out, func(a, b question) int {
		dueA, dueB := !a.due.After(now), !b.due.After(now)
		if dueA != dueB {
			return order(dueA)
		}
		if a.back != b.back {
			return order(b.back)
		}
		return a.due.Compare(b.due)
	})
	return out
}

// order sorts what is so before what is not.
func order(first bool) int {
	if first {
		return -1
	}
	return 1
}

// after is when a reading is due again: at once when there is none or when all
// is to be read anew.
func (l *loop) after(at time.Time, span time.Duration) time.Time {
	if at.IsZero() || at.Before(l.refreshed) {
		return time.Time{}
	}
	return at.Add(span)
}

// clock tells when readings of a topology are due: a heartbeat period after the
// last, or a poll period after it where ZooKeeper has told since that every
// worker has beaten once more or that a new one is up. All times are of our own
// clock; a clock of a worker's host that runs ahead must not make every reading
// look old.
func (l *loop) clock(d Demand, det *detail, id string) func(at time.Time) time.Time {
	beat := max(det.heartbeat(l.mem.heartbeat(), l.mem.server.Line), 3*time.Second)
	if len(d.Pages) > fewTopologies || len(d.Infos) > fewTopologies {
		beat = max(beat, l.mem.every)
	}
	_, round, reported := l.mem.slots.beats(id)
	return func(at time.Time) time.Time {
		if round.After(at) || reported.After(at) {
			return l.after(at, min(beat, l.mem.every))
		}
		return l.after(at, beat)
	}
}

// everyPage asks for the ten-minute page of every topology, at most MaxPages of
// them a period.
func (l *loop) everyPage(now time.Time) []question {
	if l.allSince.IsZero() {
		l.allSince = now
	}
	rows := l.mem.cluster.Topologies
	span := max(l.mem.heartbeat(), l.mem.every)
	turns := (len(rows) + l.cfg.MaxPages - 1) / l.cfg.MaxPages
	key := PageKey{Window: nimbusclient.Window10m}
	out := make([]question, 0, len(rows))
	for i, row := range rows {
		q := l.page(row.ID, key)
		q.back = true
		if at := l.mem.detail(row.ID).pageAt[key]; !at.IsZero() {
			q.due = l.after(at, span*time.Duration(turns))
		} else {
			q.due = l.allSince.Add(span * time.Duration(i/l.cfg.MaxPages))
		}
		out = append(out, q)
	}
	return out
}

// ask puts questions to the leader and keeps the answers only when it confirmed
// that it leads. guilty is the question in whose answer the connection broke,
// nil when it was not about a question.
func (l *loop) ask(ctx context.Context, questions []question) (guilty *question, err error) {
	var keep []func(at time.Time)
	var failed []func()
	err = l.read(ctx, func(r Reader) error {
		keep, failed, guilty = nil, nil, nil
		for _, q := range questions {
			store, err := q.ask(r)
			switch {
			case err == nil:
				keep = append(keep, store)
			case answered(err):
				failed = append(failed, func() { l.refused(q, err) })
			default:
				guilty = &q
				return err
			}
		}
		return nil
	})
	if err != nil {
		if !breaks(err) {
			guilty = nil
		}
		return guilty, err
	}
	now := time.Now()
	for _, store := range keep {
		store(now)
	}
	for _, note := range failed {
		note()
	}
	return nil, nil
}

// breaks reports whether an error can come from one question alone: its answer
// is too large, takes too long, makes no sense, or Nimbus closes the connection
// because the call failed inside it, as it does before 1.2.3.
func breaks(err error) bool {
	for _, is := range []error{nimbusclient.ErrNoAnswer, nimbusclient.ErrNoLeader, nimbusclient.ErrNotLeader} {
		if errors.Is(err, is) {
			return false
		}
	}
	for _, is := range []error{
		nimbusclient.ErrClosed, nimbusclient.ErrTimeout, nimbusclient.ErrFrameTooLarge, nimbusclient.ErrProtocol,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// suspicion is a question that broke the connection, until it is known whether
// Nimbus answers others.
type suspicion struct {
	question
	err  error
	addr string // the Nimbus that was asked
}

// convict leaves a question alone when Nimbus answers others; where Nimbus
// itself was gone, no question is to blame.
func (l *loop) convict() {
	s := l.suspect
	l.suspect = nil
	if s == nil || s.addr != l.mem.server.Addr {
		return
	}
	span := min(max(shunFor, 2*l.shunned[s.name].span), shunMost)
	l.shun(s.name, span)
	l.keepError(s.question, s.err)
}

func (l *loop) shun(name string, span time.Duration) {
	now := time.Now()
	for old, s := range l.shunned {
		if now.Sub(s.until) > shunMost {
			delete(l.shunned, old)
		}
	}
	l.shunned[name] = shun{now.Add(span), span}
}

// refused keeps Nimbus' refusal where it is shown, and does not ask again soon.
func (l *loop) refused(q question, err error) {
	span := max(l.mem.heartbeat(), l.mem.every, 10*time.Second)
	if errors.Is(err, nimbusclient.ErrUnsupported) {
		span = unsupportedFor
	}
	l.shun(q.name, span)
	l.keepError(q, err)
	if errors.Is(err, nimbusclient.ErrNotAlive) {
		l.bringForward()
	}
}

func (l *loop) keepError(q question, err error) {
	if q.fail != nil {
		q.fail(err)
		return
	}
	l.mem.detail(q.id).errs[q.call] = err
}

func (l *loop) page(id string, key PageKey) question {
	return question{
		name: "page " + id + string(key.Window) + sysWord(key.Sys), call: callPage, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			p, err := r.Topology(id, key.Window, key.Sys)
			return func(at time.Time) {
				l.mem.setPage(id, key, p, at)
				delete(l.mem.detail(id).errs, callPage)
			}, err
		},
	}
}

func sysWord(sys bool) string {
	if sys {
		return " sys"
	}
	return ""
}

func (l *loop) component(id string, key ComponentKey) question {
	return question{
		name: "component " + id + key.Component + string(key.Window) + sysWord(key.Sys), call: callComponent, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			c, err := r.Component(id, key.Component, key.Window, key.Sys)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.setComponent(key, c, at)
				delete(d.errs, callComponent)
			}, err
		},
	}
}

func (l *loop) info(id string) question {
	return question{
		name: "info " + id, call: callInfo, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			info, err := r.Info(id)
			return func(at time.Time) {
				l.mem.setInfo(id, info, at)
				delete(l.mem.detail(id).errs, callInfo)
			}, err
		},
	}
}

func (l *loop) structure(id string) question {
	return question{
		name: "structure " + id, call: callStructure, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			s, err := r.Structure(id)
			return func(time.Time) {
				l.mem.detail(id).structure = s
				delete(l.mem.detail(id).errs, callStructure)
			}, err
		},
	}
}

func (l *loop) conf(id string) question {
	return question{
		name: "conf " + id, call: callConf, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			text, err := r.Conf(id)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.setConf(text, at)
				delete(d.errs, callConf)
			}, err
		},
	}
}

func (l *loop) logConfig(id string) question {
	return question{
		name: "log config " + id, call: callLogConfig, id: id,
		ask: func(r Reader) (func(time.Time), error) {
			levels, err := r.LogConfig(id)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.logConfig, d.logAt = levels, at
				delete(d.errs, callLogConfig)
			}, err
		},
	}
}

func (l *loop) host(s nimbusclient.Supervisor) question {
	return question{
		name: "host " + s.ID, call: "getSupervisorPageInfo", id: s.ID,
		ask: func(r Reader) (func(time.Time), error) {
			p, err := r.SupervisorPage(s.ID, true)
			return func(at time.Time) { l.mem.setHostPage(s.ID, p, nil, at) }, err
		},
		fail: func(err error) { l.mem.setHostPage(s.ID, nil, err, time.Now()) },
	}
}
