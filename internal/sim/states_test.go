package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// lookEvery is how often states are looked at, and how long a simulated cluster's
// step is.
const lookEvery = 100 * time.Millisecond

// logLevels sets and removes levels, on the standby too.
func logLevels(s *subject) []string {
	var out []string
	set := func(nimbus int, logger string, level *storm.LogLevel) {
		out = append(out, s.form(nimbus, "setLogConfig", &storm.NimbusSetLogConfigArgs{Name: s.victim.id, Config: &storm.LogConfig{
			NamedLoggerLevel: map[string]*storm.LogLevel{logger: level},
		}}, new(storm.NimbusSetLogConfigResult)))
		out = append(out, s.shown("getLogConfig", &storm.NimbusGetLogConfigArgs{Name: s.victim.id}, new(storm.NimbusGetLogConfigResult))...)
	}
	update, drop := storm.LogLevelAction_UPDATE, storm.LogLevelAction_REMOVE
	set(1, "by.the.standby", &storm.LogLevel{Action: &update, TargetLogLevel: new("INFO")})
	set(0, "timed", &storm.LogLevel{Action: &update, TargetLogLevel: new("DEBUG"), ResetLogLevelTimeoutSecs: new(int32(20))})
	set(0, "loud", &storm.LogLevel{Action: &update, TargetLogLevel: new("LOUD")})
	set(0, "timed", &storm.LogLevel{Action: &drop})
	set(0, "loud", &storm.LogLevel{Action: &drop})
	set(0, "by.the.standby", &storm.LogLevel{Action: &drop})
	return append(out, s.nodeOf("logconfigs")...)
}

// shown is an answer as lines.
func (s *subject) shown(method string, args thrift.TStruct, result any) []string {
	return question{method: method, args: func(*subject) thrift.TStruct { return args }, result: result}.lines(s)
}

// nodeOf is a topology's node below one of Storm's, read and described.
func (s *subject) nodeOf(kind string) []string {
	z := s.dial()
	defer z.c.Close()
	return s.describe(z, "/storm/"+kind+"/"+s.victim.id)
}

func (s *subject) describe(z *zkClient, path string) []string {
	n, err := z.node(path)
	if err != nil {
		return []string{s.place(path) + ": gone"}
	}
	form, plain, err := payload(n.data)
	if err != nil || plain == nil {
		return []string{s.place(path) + ": " + form}
	}
	shape := newShape()
	if err := shape.learn(stormthrift.NewReader(plain), thrift.STRUCT, storedAs[strings.Split(path, "/")[2]], ""); err != nil {
		return []string{err.Error()}
	}
	return shape.lines(s.place(path)+" ", 0)
}

// debugging adds percentages up.
func debugging(s *subject) []string {
	var out []string
	for _, call := range []struct {
		component string
		enable    bool
		percent   float64
	}{{s.victim.bolt, true, 1}, {s.victim.bolt, false, 0}, {"nobody", true, 2}, {"nobody", true, 3}, {"nobody", false, 7}} {
		out = append(out, s.form(0, "debug", &storm.NimbusDebugArgs{
			Name: s.victim.name, Component: call.component, Enable: call.enable, SamplingPercentage: call.percent,
		}, new(storm.NimbusDebugResult)))
		base, _ := s.base()
		for _, name := range slices.Sorted(maps.Keys(base.ComponentDebug)) {
			d := base.ComponentDebug[name]
			out = append(out, s.pattern(fmt.Sprintf("%s: %v %v", name, d.GetEnable(), d.GetSamplingpct())))
		}
	}
	return append(out, s.shown("getComponentPageInfo", &storm.NimbusGetComponentPageInfoArgs{
		TopologyID: s.victim.id, ComponentID: s.victim.bolt, Window: "600",
	}, new(storm.NimbusGetComponentPageInfoResult))...)
}

// base is what ZooKeeper has of the victim, nil after its end, and the number of
// writes.
func (s *subject) base() (*storm.StormBase, int32) {
	s.t.Helper()
	z := s.dial()
	defer z.c.Close()
	return s.baseBy(z)
}

func (s *subject) baseBy(z *zkClient) (*storm.StormBase, int32) {
	s.t.Helper()
	n, err := z.node("/storm/storms/" + s.victim.id)
	if err != nil {
		return nil, 0
	}
	out := new(storm.StormBase)
	must(s.t, stormthrift.Unmarshal(unpacked(s.t, n.data), out))
	return out, n.version
}

// profiling asks a worker for a dump and follows the request.
func profiling(s *subject) []string {
	var out []string
	host, port := s.workerOf(s.victim.bolt)
	request := jstack(host, int64(port))
	request.TimeStamp = new(time.Now().UnixMilli())
	out = append(out, s.form(0, "setWorkerProfiler", &storm.NimbusSetWorkerProfilerArgs{ID: s.victim.id, ProfileRequest: request}, new(storm.NimbusSetWorkerProfilerResult)))
	pending := func(component string) []string {
		return s.shown("getComponentPendingProfileActions", &storm.NimbusGetComponentPendingProfileActionsArgs{
			ID: s.victim.id, ComponentID: component, Action: storm.ProfileAction_JSTACK_DUMP,
		}, new(storm.NimbusGetComponentPendingProfileActionsResult))
	}
	out = append(out, pending(s.victim.bolt)...)
	out = append(out, pending("nobody")...)
	z := s.dial()
	defer z.c.Close()
	out = append(out, s.describe(z, fmt.Sprintf("/storm/profilerconfigs/%s/%s_%d_JSTACK_DUMP", s.victim.id, host, port))...)
	out = append(out, s.describe(z, "/storm/profilerconfigs/"+s.victim.id)...)
	out = append(out, s.describe(z, "/storm/profilerconfigs")...)
	// One to nobody, by the standby.
	out = append(out, s.form(1, "setWorkerProfiler", &storm.NimbusSetWorkerProfilerArgs{ID: s.victim.id, ProfileRequest: jstack(s.hosts[0], 6799)}, new(storm.NimbusSetWorkerProfilerResult)))
	for range 300 {
		if n, err := z.node("/storm/profilerconfigs/" + s.victim.id); err == nil && len(n.children) == 1 {
			return append(out, "it vanishes, the one to nobody stays")
		}
		s.wait(lookEvery)
	}
	return append(out, "it stays")
}

// workerOf is a slot that a component of the victim is in.
func (s *subject) workerOf(component string) (host string, port int32) {
	for _, e := range s.executors() {
		if e.GetComponentID() == component {
			return e.GetHost(), e.GetPort()
		}
	}
	s.t.Errorf("%s runs nowhere", component)
	return "", 0
}

func (s *subject) executors() []*storm.ExecutorSummary {
	s.t.Helper()
	reply, err := s.ask(0, "getTopologyInfo", &storm.NimbusGetTopologyInfoArgs{ID: s.victim.id})
	must(s.t, err)
	var result storm.NimbusGetTopologyInfoResult
	must(s.t, replied(reply, &result))
	return result.Success.Executors
}

// toggling activates and deactivates twice each.
func toggling(s *subject) []string {
	var out []string
	for _, method := range []string{"deactivate", "deactivate", "activate", "activate"} {
		_, before := s.base()
		answer := s.form(0, method, &storm.NimbusActivateArgs{Name: s.victim.name}, new(storm.NimbusActivateResult))
		base, after := s.base()
		out = append(out, fmt.Sprintf("%s: %s, then %s, written %d times", method, answer, base.GetStatus(), after-before))
	}
	return out
}

// following collects the states that a topology passes, as Nimbus and as
// ZooKeeper tell them, until done.
func (s *subject) following(done func(nimbus, zookeeper string) bool) []string {
	s.t.Helper()
	z := s.dial()
	defer z.c.Close()
	var byNimbus, byZK []string
	add := func(list *[]string, state string) {
		if n := len(*list); n == 0 || (*list)[n-1] != state {
			*list = append(*list, state)
		}
	}
	for deadline := 600; deadline > 0; deadline-- {
		reply, err := s.ask(0, "getTopologySummaryByName", &storm.NimbusGetTopologySummaryByNameArgs{Name: s.victim.name})
		must(s.t, err)
		var result storm.NimbusGetTopologySummaryByNameResult
		must(s.t, replied(reply, &result))
		state := "gone"
		if result.Success != nil {
			state = result.Success.GetStatus()
		}
		add(&byNimbus, state)
		stored := "gone"
		if base, _ := s.baseBy(z); base != nil {
			stored = base.GetStatus().String()
		}
		add(&byZK, stored)
		if done(state, stored) {
			break
		}
		s.wait(lookEvery)
	}
	return []string{"by Nimbus: " + strings.Join(byNimbus, " "), "by ZooKeeper: " + strings.Join(byZK, " ")}
}

// rebalanceStates changes the parallelism of a bolt and follows it.
func rebalanceStates(s *subject) []string {
	var out []string
	was, before := s.base()
	workers := was.GetNumWorkers()
	placed := s.version("/storm/assignments/" + s.victim.id)
	counts := func() string {
		n := 0
		for _, e := range s.executors() {
			if e.GetComponentID() == s.victim.bolt {
				n++
			}
		}
		return fmt.Sprintf("%d executors of the bolt", n)
	}
	ask := func(o *storm.RebalanceOptions) string {
		return s.form(0, "rebalance", &storm.NimbusRebalanceArgs{Name: s.victim.name, Options: o}, new(storm.NimbusRebalanceResult))
	}
	// The number is above the tasks, which nobody minds.
	out = append(out, ask(&storm.RebalanceOptions{WaitSecs: new(int32(3)), NumWorkers: new(int32(1)), NumExecutors: map[string]int32{s.victim.bolt: 3, s.victim.spout: 40}}))
	base, after := s.base()
	out = append(out, fmt.Sprintf("at once: written %d times, %s before %s, %v workers as before",
		after-before, base.GetStatus(), base.GetPrevStatus(), base.GetNumWorkers() == workers))
	out = append(out, s.nodeOf("storms")...)
	for _, method := range []string{"activate", "deactivate"} {
		out = append(out, method+" meanwhile: "+s.form(0, method, &storm.NimbusActivateArgs{Name: s.victim.name}, new(storm.NimbusActivateResult)))
	}
	out = append(out, "rebalance meanwhile: "+ask(&storm.RebalanceOptions{}))
	statistics := func() string {
		with := 0
		list := s.executors()
		for _, e := range list {
			if e.Stats != nil {
				with++
			}
		}
		switch with {
		case 0:
			return "no statistics"
		case len(list):
			return "statistics"
		}
		return "statistics of some"
	}
	out = append(out, "meanwhile: "+statistics())
	out = append(out, s.following(func(nimbus, zookeeper string) bool { return nimbus == "ACTIVE" && zookeeper == "ACTIVE" })...)
	base, after = s.base()
	out = append(out, fmt.Sprintf("afterwards: written %d times, %d workers, %d executors of the spout asked for, assignment written %d times",
		after-before, base.GetNumWorkers(), base.ComponentExecutors[s.victim.spout], s.version("/storm/assignments/"+s.victim.id)-placed))
	out = append(out, counts())
	out = append(out, s.nodeOf("storms")...)
	had := false
	for range 1600 {
		now := statistics()
		had = had || now == "no statistics"
		if had && now == "statistics" {
			out = append(out, "no statistics for a while, then statistics")
			break
		}
		s.wait(lookEvery)
	}
	return out
}

func (s *subject) version(path string) int32 {
	z := s.dial()
	defer z.c.Close()
	n, err := z.node(path)
	must(s.t, err)
	return n.version
}

// idleRebalance asks for what is there: no workers, which means no wish.
func idleRebalance(s *subject) []string {
	assignment := "/storm/assignments/" + s.victim.id
	base, before := s.base()
	workers, placed := base.GetNumWorkers(), s.version(assignment)
	out := []string{s.form(0, "rebalance", &storm.NimbusRebalanceArgs{
		Name: s.victim.name, Options: &storm.RebalanceOptions{WaitSecs: new(int32(1)), NumWorkers: new(int32(0))},
	}, new(storm.NimbusRebalanceResult))}
	out = append(out, s.following(func(nimbus, zookeeper string) bool { return nimbus == "ACTIVE" && zookeeper == "ACTIVE" })...)
	base, after := s.base()
	for _, e := range s.executors() {
		if e.Stats == nil {
			out = append(out, "an executor was restarted")
		}
	}
	return append(out, fmt.Sprintf("written %d times, %v workers as before, assignment written %d times",
		after-before, base.GetNumWorkers() == workers, s.version(assignment)-placed))
}

// killStates ends the victim, with a longer and then a shorter wait, and looks at
// what is left of it.
func killStates(s *subject) []string {
	var out []string
	_, before := s.base()
	kill := func(wait int32) {
		out = append(out, s.form(0, "killTopologyWithOpts", &storm.NimbusKillTopologyWithOptsArgs{
			Name: s.victim.name, Options: &storm.KillOptions{WaitSecs: &wait},
		}, new(storm.NimbusKillTopologyWithOptsResult)))
	}
	kill(60)
	base, after := s.base()
	out = append(out, fmt.Sprintf("at once: written %d times, %s, previous status %v", after-before, base.GetStatus(), base.PrevStatus != nil))
	out = append(out, s.nodeOf("storms")...)
	for _, method := range []string{"activate", "deactivate"} {
		out = append(out, method+" meanwhile: "+s.form(0, method, &storm.NimbusActivateArgs{Name: s.victim.name}, new(storm.NimbusActivateResult)))
	}
	out = append(out, "rebalance meanwhile: "+s.form(0, "rebalance", &storm.NimbusRebalanceArgs{Name: s.victim.name, Options: &storm.RebalanceOptions{}}, new(storm.NimbusRebalanceResult)))
	kill(2)
	base, _ = s.base()
	out = append(out, fmt.Sprintf("the wait is now %d", base.TopologyActionOptions.KillOptions.GetWaitSecs()))
	out = append(out, s.following(func(nimbus, zookeeper string) bool { return nimbus == "gone" && zookeeper == "gone" })...)
	kill(2)
	out = append(out, s.form(0, "getTopologyInfo", &storm.NimbusGetTopologyInfoArgs{ID: s.victim.id}, new(storm.NimbusGetTopologyInfoResult)))
	return append(out, s.left()...)
}

// left are the places where ZooKeeper still has something of the victim. What its
// workers leave below the two nodes that are theirs depends on how they died.
func (s *subject) left() []string {
	z := s.dial()
	defer z.c.Close()
	places := map[string]bool{}
	var walk func(path string)
	walk = func(path string) {
		n, err := z.node(path)
		if err != nil {
			return
		}
		theirs := strings.HasPrefix(path, "/storm/errors/") || strings.HasPrefix(path, "/storm/workerbeats/")
		if strings.Contains(path, s.victim.id) {
			places[s.place(path)] = true
			if theirs {
				return
			}
		}
		for _, child := range n.children {
			walk(path + "/" + child)
		}
	}
	walk("/storm")
	return slices.Sorted(maps.Keys(places))
}
