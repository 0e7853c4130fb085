package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// question is one detail call.
type question struct {
	name string // identifies it, for shunning
	call string // the Thrift call, for Topology.Errs
	id   string // topology or supervisor id
	ask  func(r Reader) (keep func(at time.Time), err error)
	// fail keeps an answer that was an error; nil puts it into Topology.Errs.
	fail func(err error)
}

// period is how old a reading may get: details move with the heartbeat.
func (l *loop) period() time.Duration { return max(l.mem.heartbeat(), 3*time.Second) }

// stale reports whether a reading is due again: after a heartbeat period, or as
// soon as a newer heartbeat is known.
func (l *loop) stale(at, beat, now time.Time) bool {
	return at.IsZero() || now.Sub(at) >= l.period() || beat.After(at)
}

// due lists the questions that the demand asks for and that are not fresh, the
// most visible first.
func (l *loop) due(now time.Time) []question {
	l.mu.Lock()
	d := l.demand
	l.mu.Unlock()
	if l.mem.cluster == nil {
		return nil
	}
	var out []question
	for _, row := range l.mem.cluster.Topologies {
		det := l.mem.detail(row.ID)
		beat := l.mem.beatAt(row.ID)
		if d.Structures[row.ID] && det.structure == nil {
			out = append(out, l.structure(row.ID))
		}
		for _, key := range d.Pages[row.ID] {
			if l.stale(det.pageAt[key], beat, now) {
				out = append(out, l.page(row.ID, key))
			}
		}
		for _, key := range d.Components[row.ID] {
			if l.stale(det.compAt[key], beat, now) {
				out = append(out, l.component(row.ID, key))
			}
		}
		if d.Infos[row.ID] && l.stale(det.infoAt, beat, now) {
			out = append(out, l.info(row.ID))
		}
		if d.Confs[row.ID] && (det.conf == nil || det.confOld) {
			out = append(out, l.conf(row.ID))
		}
		if d.LogConfigs[row.ID] && l.stale(det.logAt, time.Time{}, now) {
			out = append(out, l.logConfig(row.ID))
		}
	}
	if l.mem.server.HasPageCalls || l.mem.server.Line >= nimbusclient.V1 {
		for _, s := range l.mem.cluster.Supervisors {
			if (d.Hosts["*"] || d.Hosts[s.ID]) && l.stale(l.mem.pages[s.ID].at, time.Time{}, now) {
				out = append(out, l.host(s))
			}
		}
	}
	if d.AllTopologies {
		out = append(out, l.everyPage(now)...)
	}
	return slices.DeleteFunc(out, func(q question) bool { return now.Before(l.shunned[q.name]) })
}

// everyPage asks for the ten-minute page of every topology, in turn where there
// are more than MaxPages.
func (l *loop) everyPage(now time.Time) []question {
	rows := l.mem.cluster.Topologies
	var out []question
	for i := range min(len(rows), l.cfg.MaxPages) {
		row := rows[(l.pages+i)%len(rows)]
		key := PageKey{Window: nimbusclient.Window10m}
		if l.stale(l.mem.detail(row.ID).pageAt[key], l.mem.beatAt(row.ID), now) {
			out = append(out, l.page(row.ID, key))
		}
	}
	if len(out) == 0 && len(rows) > l.cfg.MaxPages {
		l.pages = (l.pages + l.cfg.MaxPages) % len(rows)
	}
	return out
}

// nextDetail is when the next detail becomes due by age alone.
func (l *loop) nextDetail() (time.Time, bool) {
	l.mu.Lock()
	d := l.demand
	l.mu.Unlock()
	var next time.Time
	take := func(at time.Time) {
		if at = at.Add(l.period()); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for id := range l.mem.details {
		det := l.mem.details[id]
		for _, key := range d.Pages[id] {
			take(det.pageAt[key])
		}
		for _, key := range d.Components[id] {
			take(det.compAt[key])
		}
		if d.Infos[id] {
			take(det.infoAt)
		}
	}
	return next, !next.IsZero()
}

// ask puts questions to the leader and keeps the answers only when it confirmed
// that it leads.
func (l *loop) ask(ctx context.Context, questions []question) error {
	var keep []func(at time.Time)
	var failed []func()
	err := l.read(ctx, func(r Reader) error {
		keep, failed = nil, nil
		for _, q := range questions {
			l.asking = q.name
			store, err := q.ask(r)
			switch {
			case err == nil:
				keep = append(keep, store)
			case answered(err):
				failed = append(failed, func() { l.refused(q, err) })
			default:
				return err
			}
		}
		l.asking = ""
		return nil
	})
	if err != nil {
		return err
	}
	now := time.Now()
	for _, store := range keep {
		store(now)
	}
	for _, note := range failed {
		note()
	}
	return nil
}

// refused keeps Nimbus' refusal where it is shown, and does not ask again soon.
func (l *loop) refused(q question, err error) {
	l.shunned[q.name] = time.Now().Add(max(l.period(), 10*time.Second))
	if q.fail != nil {
		q.fail(err)
		return
	}
	l.mem.detail(q.id).errs[q.call] = err
}

func (l *loop) page(id string, key PageKey) question {
	return question{
		name: "page " + id + string(key.Window) + word(key.Sys), call: "getTopologyPageInfo", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			p, err := r.Topology(id, key.Window, key.Sys)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.pages[key], d.pageAt[key] = p, at
				delete(d.errs, "getTopologyPageInfo")
				if d.conf == nil && p.Conf != "" {
					d.conf = decode(p.Conf)
				}
			}, err
		},
	}
}

func word(sys bool) string {
	if sys {
		return " sys"
	}
	return ""
}

func (l *loop) component(id string, key ComponentKey) question {
	return question{
		name: "component " + id + key.Component + string(key.Window) + word(key.Sys), call: "getComponentPageInfo", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			c, err := r.Component(id, key.Component, key.Window, key.Sys)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.components[key], d.compAt[key] = c, at
				delete(d.errs, "getComponentPageInfo")
			}, err
		},
	}
}

func (l *loop) info(id string) question {
	return question{
		name: "info " + id, call: "getTopologyInfo", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			info, err := r.Info(id)
			return func(at time.Time) {
				l.mem.setInfo(id, info, at)
				delete(l.mem.detail(id).errs, "getTopologyInfo")
			}, err
		},
	}
}

func (l *loop) structure(id string) question {
	return question{
		name: "structure " + id, call: "getTopology", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			s, err := r.Structure(id)
			return func(time.Time) {
				l.mem.detail(id).structure = s
				delete(l.mem.detail(id).errs, "getTopology")
			}, err
		},
	}
}

func (l *loop) conf(id string) question {
	return question{
		name: "conf " + id, call: "getTopologyConf", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			text, err := r.Conf(id)
			return func(time.Time) {
				d := l.mem.detail(id)
				d.conf, d.confOld = decode(text), false
				delete(l.mem.detail(id).errs, "getTopologyConf")
			}, err
		},
	}
}

func (l *loop) logConfig(id string) question {
	return question{
		name: "log config " + id, call: "getLogConfig", id: id,
		ask: func(r Reader) (func(time.Time), error) {
			levels, err := r.LogConfig(id)
			return func(at time.Time) {
				d := l.mem.detail(id)
				d.logConfig, d.logAt = levels, at
				delete(d.errs, "getLogConfig")
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

// forgetReadings makes everything that is on screen due again. The values stay
// until they are replaced.
func (l *loop) forgetReadings() {
	for _, d := range l.mem.details {
		clear(d.pageAt)
		clear(d.compAt)
		d.infoAt, d.logAt = time.Time{}, time.Time{}
		d.confOld = true
	}
	for _, id := range slices.Collect(maps.Keys(l.mem.pages)) {
		p := l.mem.pages[id]
		p.at = time.Time{}
		l.mem.pages[id] = p
	}
}
