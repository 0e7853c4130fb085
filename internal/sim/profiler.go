package sim

import (
	"maps"
	"slices"
	"strconv"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// How long a supervisor takes over a profile request.
const (
	restartSecs       = 12 // until a worker that is to be restarted ends
	restartForgetSecs = 16 // until that request goes
	profileForgetSecs = 14 // until any other goes
)

// profile is a request to a worker, which stays until the worker's supervisor
// has carried it out; one to nobody stays for good.
type profile struct {
	request   *storm.ProfileRequest
	host      string
	port      int
	at        float64
	restarted bool
}

func (p *profile) node() string {
	return p.host + "_" + strconv.Itoa(p.port) + "_" + p.request.GetAction().String()
}

// setProfile stores a request in place of the last one of its kind.
func (w *World) setProfile(t *topology, r *storm.ProfileRequest) {
	p := &profile{request: r, host: r.NodeInfo.GetNode(), port: int(r.NodeInfo.Port[0]), at: w.now}
	t.profiles = append(slices.DeleteFunc(t.profiles, func(old *profile) bool { return old.node() == p.node() }), p)
	w.journal(written{kind: profileWritten, id: t.id, profile: p})
}

// profiling is what the supervisors do about requests.
func (w *World) profiling(t *topology) {
	for _, p := range t.profiles {
		wk := t.workerAt(p.host, p.port)
		restart := p.request.GetAction() == storm.ProfileAction_JVM_RESTART
		if restart && !p.restarted && wk != nil && wk.running() && w.now >= p.at+restartSecs {
			p.restarted = true
			w.crash(wk)
		}
	}
	t.profiles = slices.DeleteFunc(t.profiles, func(p *profile) bool {
		wk := t.workerAt(p.host, p.port)
		if wk == nil || wk.host.lost {
			return false
		}
		ends := p.at + profileForgetSecs
		if p.request.GetAction() == storm.ProfileAction_JVM_RESTART {
			ends = p.at + restartForgetSecs
		}
		if p.request.GetAction() == storm.ProfileAction_JPROFILE_STOP {
			// It runs until the moment that the request names.
			ends = max(ends, float64(p.request.GetTimeStamp())/1000)
		}
		if w.now < ends {
			return false
		}
		w.journal(written{kind: profileRemoved, id: t.id, profile: p})
		return true
	})
}

func (t *topology) workerAt(host string, port int) *worker {
	for _, wk := range t.workers {
		if wk.host.name == host && wk.port == port {
			return wk
		}
	}
	return nil
}

// requests are those of a kind to the workers that a component is in.
func (t *topology) requests(component string, action storm.ProfileAction) []*storm.ProfileRequest {
	out := []*storm.ProfileRequest{}
	c := t.component(component)
	if c == nil {
		return out
	}
	in := map[*worker]bool{}
	for _, e := range c.executors {
		in[e.on] = true
	}
	for _, p := range t.profiles {
		if wk := t.workerAt(p.host, p.port); in[wk] && wk != nil && p.request.GetAction() == action {
			out = append(out, p.request)
		}
	}
	return out
}

// setLogs merges a change of log levels into those that are set: what is there
// already turns into old news.
func (w *World) setLogs(t *topology, change map[string]*storm.LogLevel) {
	merged := map[string]*storm.LogLevel{}
	for name, level := range t.logs {
		old := *level
		old.Action = new(storm.LogLevelAction_UNCHANGED)
		merged[name] = &old
	}
	for name, level := range change {
		switch level.GetAction() {
		case storm.LogLevelAction_UPDATE:
			set := *level
			set.ResetLogLevelTimeoutEpoch = nil
			if secs := set.GetResetLogLevelTimeoutSecs(); secs > 0 {
				set.ResetLogLevelTimeoutEpoch = new(int64(w.now*1000) + int64(secs)*1000)
			}
			merged[name] = &set
		case storm.LogLevelAction_REMOVE:
			delete(merged, name)
		case storm.LogLevelAction_UNCHANGED:
		}
	}
	t.logs = merged
	w.journal(written{kind: logsWritten, id: t.id, logs: t.logConfig()})
}

// logConfig is what is set, without a map before the first change.
func (t *topology) logConfig() *storm.LogConfig {
	if t.logs == nil {
		return &storm.LogConfig{}
	}
	return &storm.LogConfig{NamedLoggerLevel: maps.Clone(t.logs)}
}
