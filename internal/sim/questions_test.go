package sim

import (
	"context"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// raw are arguments without any, or ones that stormtop's own IDL has not.
type raw func(context.Context, thrift.TProtocol) error

func (r raw) Read(context.Context, thrift.TProtocol) error { return nil }

func (r raw) Write(ctx context.Context, p thrift.TProtocol) error {
	if r != nil {
		if err := r(ctx, p); err != nil {
			return err
		}
	}
	return p.WriteFieldStop(ctx)
}

func nothing(*subject) thrift.TStruct { return raw(nil) }

// questions are the reads and the wrong names: one reply each.
func questions() []question {
	byID := func(r func(*subject) string) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct { return &storm.NimbusGetTopologyArgs{ID: r(s)} }
	}
	calm := func(s *subject) string { return s.calm.id }
	failing := func(s *subject) string { return s.failing.id }
	calmName := func(s *subject) string { return s.calm.name }
	nobody := func(*subject) string { return "nobody" }
	var out []question
	add := func(name, method string, args func(*subject) thrift.TStruct, result any) {
		out = append(out, question{name: name, method: method, args: args, result: result})
	}
	standby := func(name, method string, args func(*subject) thrift.TStruct, result any) {
		out = append(out, question{name: "standby: " + name, nimbus: 1, method: method, args: args, result: result})
	}
	both := func(name, method string, args func(*subject) thrift.TStruct, result any) {
		add(name, method, args, result)
		standby(name, method, args, result)
	}
	info := func(r func(*subject) string, choice storm.NumErrorsChoice) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			return &storm.NimbusGetTopologyInfoWithOptsArgs{ID: r(s), Options: &storm.GetInfoOptions{NumErrChoice: &choice}}
		}
	}
	page := func(r func(*subject) string, window string, sys bool) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			return &storm.NimbusGetTopologyPageInfoArgs{ID: r(s), Window: window, IsIncludeSys: sys}
		}
	}
	component := func(r func(*subject) (id, component string), window string) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			id, c := r(s)
			return &storm.NimbusGetComponentPageInfoArgs{TopologyID: id, ComponentID: c, Window: window}
		}
	}
	supervisor := func(id, host func(*subject) *string) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			return &stormthrift.SupervisorPageArgs{ID: id(s), Host: host(s)}
		}
	}
	text := func(of string) func(*subject) *string { return func(*subject) *string { return &of } }
	none := func(*subject) *string { return nil }
	firstHost := func(s *subject) *string { return &s.hosts[0] }
	owner := func(of *string) func(*subject) thrift.TStruct {
		return func(*subject) thrift.TStruct { return &stormthrift.OwnerArgs{Owner: of} }
	}

	both("getLeader", "getLeader", nothing, new(storm.NimbusGetLeaderResult))
	both("getClusterInfo", "getClusterInfo", nothing, new(storm.NimbusGetClusterInfoResult))
	both("getTopologySummaries", "getTopologySummaries", nothing, new(storm.NimbusGetTopologySummariesResult))
	both("getTopologySummary", "getTopologySummary", byID(calm), new(storm.NimbusGetTopologySummaryResult))
	add("getTopologySummary of nobody", "getTopologySummary", byID(nobody), new(storm.NimbusGetTopologySummaryResult))
	add("getTopologySummary of a name", "getTopologySummary", byID(calmName), new(storm.NimbusGetTopologySummaryResult))
	both("getTopologySummaryByName", "getTopologySummaryByName", byID(calmName), new(storm.NimbusGetTopologySummaryByNameResult))
	add("getTopologySummaryByName of nobody", "getTopologySummaryByName", byID(nobody), new(storm.NimbusGetTopologySummaryByNameResult))
	add("getTopologySummaryByName of an id", "getTopologySummaryByName", byID(calm), new(storm.NimbusGetTopologySummaryByNameResult))

	both("getTopologyInfo", "getTopologyInfo", byID(calm), new(storm.NimbusGetTopologyInfoResult))
	add("getTopologyInfo with errors", "getTopologyInfo", byID(failing), new(storm.NimbusGetTopologyInfoResult))
	add("getTopologyInfo of nobody", "getTopologyInfo", byID(nobody), new(storm.NimbusGetTopologyInfoResult))
	add("getTopologyInfo of a name", "getTopologyInfo", byID(calmName), new(storm.NimbusGetTopologyInfoResult))
	both("getTopologyInfoByName", "getTopologyInfoByName", byID(calmName), new(storm.NimbusGetTopologyInfoByNameResult))
	add("getTopologyInfoByName of nobody", "getTopologyInfoByName", byID(nobody), new(storm.NimbusGetTopologyInfoByNameResult))
	for _, choice := range []storm.NumErrorsChoice{storm.NumErrorsChoice_ALL, storm.NumErrorsChoice_ONE, storm.NumErrorsChoice_NONE} {
		add("getTopologyInfoWithOpts "+choice.String(), "getTopologyInfoWithOpts", info(failing, choice), new(storm.NimbusGetTopologyInfoWithOptsResult))
	}
	add("getTopologyInfoWithOpts of nobody", "getTopologyInfoWithOpts", info(nobody, storm.NumErrorsChoice_NONE), new(storm.NimbusGetTopologyInfoWithOptsResult))

	pageResult := new(storm.NimbusGetTopologyPageInfoResult)
	both("getTopologyPageInfo", "getTopologyPageInfo", page(calm, "600", false), pageResult)
	add("getTopologyPageInfo with system's", "getTopologyPageInfo", page(calm, ":all-time", true), pageResult)
	add("getTopologyPageInfo with errors", "getTopologyPageInfo", page(failing, ":all-time", false), pageResult)
	add("getTopologyPageInfo of window 77", "getTopologyPageInfo", page(calm, "77", false), pageResult)
	add("getTopologyPageInfo of nobody", "getTopologyPageInfo", page(nobody, "600", false), pageResult)

	componentResult := new(storm.NimbusGetComponentPageInfoResult)
	both("getComponentPageInfo of a spout", "getComponentPageInfo", component(func(s *subject) (id, component string) { return s.calm.id, s.calm.spout }, "600"), componentResult)
	both("getComponentPageInfo of a bolt", "getComponentPageInfo", component(func(s *subject) (id, component string) { return s.calm.id, s.calm.bolt }, "600"), componentResult)
	add("getComponentPageInfo with errors", "getComponentPageInfo", component(func(s *subject) (id, component string) { return s.failing.id, s.failing.bolt }, ":all-time"), componentResult)
	add("getComponentPageInfo of the acker", "getComponentPageInfo", component(func(s *subject) (id, component string) { return s.calm.id, ackerID }, "600"), componentResult)
	add("getComponentPageInfo of no component", "getComponentPageInfo", component(func(s *subject) (id, component string) { return s.calm.id, "nobody" }, "600"), componentResult)
	add("getComponentPageInfo of nobody", "getComponentPageInfo", component(func(s *subject) (id, component string) { return "nobody", s.calm.bolt }, "600"), componentResult)

	supervisorResult := new(storm.NimbusGetSupervisorPageInfoResult)
	both("getSupervisorPageInfo by host", "getSupervisorPageInfo", supervisor(none, firstHost), supervisorResult)
	add("getSupervisorPageInfo of an unknown id", "getSupervisorPageInfo", supervisor(text("nobody"), none), supervisorResult)
	add("getSupervisorPageInfo of an unknown host", "getSupervisorPageInfo", supervisor(none, text("nobody")), supervisorResult)
	add("getSupervisorPageInfo of an empty id", "getSupervisorPageInfo", supervisor(text(""), text("")), supervisorResult)
	add("getSupervisorPageInfo of nothing", "getSupervisorPageInfo", supervisor(none, none), supervisorResult)

	ownerResult := new(storm.NimbusGetOwnerResourceSummariesResult)
	both("getOwnerResourceSummaries", "getOwnerResourceSummaries", owner(nil), ownerResult)
	add("getOwnerResourceSummaries of nobody", "getOwnerResourceSummaries", owner(new("nobody")), ownerResult)
	add("getOwnerResourceSummaries of an empty owner", "getOwnerResourceSummaries", owner(new("")), ownerResult)

	both("getTopologyConf", "getTopologyConf", byID(calm), new(storm.NimbusGetTopologyConfResult))
	add("getTopologyConf of nobody", "getTopologyConf", byID(nobody), new(storm.NimbusGetTopologyConfResult))
	both("getNimbusConf", "getNimbusConf", nothing, new(storm.NimbusGetNimbusConfResult))
	both("getTopology", "getTopology", byID(calm), new(storm.NimbusGetTopologyResult))
	add("getTopology of nobody", "getTopology", byID(nobody), new(storm.NimbusGetTopologyResult))
	add("getUserTopology", "getUserTopology", byID(calm), new(storm.NimbusGetUserTopologyResult))
	add("getUserTopology of nobody", "getUserTopology", byID(nobody), new(storm.NimbusGetUserTopologyResult))
	both("getTopologyHistory", "getTopologyHistory", byID(nobody), new(storm.NimbusGetTopologyHistoryResult))
	both("getLogConfig", "getLogConfig", byID(calm), new(storm.NimbusGetLogConfigResult))
	add("getLogConfig of nobody", "getLogConfig", byID(nobody), new(storm.NimbusGetLogConfigResult))
	add("getLogConfig of a name", "getLogConfig", byID(calmName), new(storm.NimbusGetLogConfigResult))
	pending := func(id, component func(*subject) string) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			return &storm.NimbusGetComponentPendingProfileActionsArgs{ID: id(s), ComponentID: component(s), Action: storm.ProfileAction_JPROFILE_STOP}
		}
	}
	pendingResult := new(storm.NimbusGetComponentPendingProfileActionsResult)
	bolt := func(s *subject) string { return s.calm.bolt }
	both("getComponentPendingProfileActions", "getComponentPendingProfileActions", pending(calm, bolt), pendingResult)
	add("getComponentPendingProfileActions of nobody", "getComponentPendingProfileActions", pending(nobody, bolt), pendingResult)
	add("getComponentPendingProfileActions of no component", "getComponentPendingProfileActions", pending(calm, nobody), pendingResult)

	allowed := new(storm.NimbusIsTopologyNameAllowedResult)
	both("isTopologyNameAllowed of a running one", "isTopologyNameAllowed", byID(calmName), allowed)
	both("isTopologyNameAllowed of a/b", "isTopologyNameAllowed", byID(func(*subject) string { return "a/b" }), allowed)
	both("isTopologyNameAllowed of a new one", "isTopologyNameAllowed", byID(nobody), allowed)
	both("isTopologyNameAllowed of nothing", "isTopologyNameAllowed", byID(func(*subject) string { return "" }), allowed)
	add("an unknown method", "noSuchMethod", nothing, new(storm.NimbusGetLeaderResult))

	return append(out, wrongChanges()...)
}

// wrongChanges are changes of nobody, and on a standby of somebody. None of them
// changes anything.
func wrongChanges() []question {
	var out []question
	add := func(method string, args func(name string) thrift.TStruct, result any) {
		out = append(out, question{
			name: method + " of nobody", method: method, result: result,
			args: func(*subject) thrift.TStruct { return args("nobody") },
		}, question{
			name: method + " of an id", method: method, result: result,
			args: func(s *subject) thrift.TStruct { return args(s.calm.id) },
		}, question{
			name: "standby: " + method, nimbus: 1, method: method, result: result,
			args: func(s *subject) thrift.TStruct { return args(s.calm.name) },
		})
	}
	add("killTopology", func(name string) thrift.TStruct { return &storm.NimbusKillTopologyArgs{Name: name} }, new(storm.NimbusKillTopologyResult))
	add("killTopologyWithOpts", func(name string) thrift.TStruct {
		return &storm.NimbusKillTopologyWithOptsArgs{Name: name, Options: &storm.KillOptions{WaitSecs: new(int32(600))}}
	}, new(storm.NimbusKillTopologyWithOptsResult))
	add("activate", func(name string) thrift.TStruct { return &storm.NimbusActivateArgs{Name: name} }, new(storm.NimbusActivateResult))
	add("deactivate", func(name string) thrift.TStruct { return &storm.NimbusDeactivateArgs{Name: name} }, new(storm.NimbusDeactivateResult))
	add("rebalance", func(name string) thrift.TStruct {
		return &storm.NimbusRebalanceArgs{Name: name, Options: &storm.RebalanceOptions{}}
	}, new(storm.NimbusRebalanceResult))
	add("debug", func(name string) thrift.TStruct {
		return &storm.NimbusDebugArgs{Name: name, Component: ""}
	}, new(storm.NimbusDebugResult))
	add("uploadNewCredentials", func(name string) thrift.TStruct {
		return &uploadRequest{name, &credentials{owner: new("mallory")}}
	}, new(storm.NimbusRebalanceResult))

	one := func(name, method string, nimbus int, args func(*subject) thrift.TStruct, result any) {
		out = append(out, question{name: name, nimbus: nimbus, method: method, args: args, result: result})
	}
	for _, wrong := range []struct {
		name    string
		options storm.RebalanceOptions
	}{
		{"of an unknown component", storm.RebalanceOptions{NumExecutors: map[string]int32{"nobody": 2}}},
		{"with no executors", storm.RebalanceOptions{NumExecutors: map[string]int32{ackerID: 0}}},
		{"with a broken override", storm.RebalanceOptions{TopologyConfOverrides: new("{")}},
		{"with a list to override", storm.RebalanceOptions{TopologyConfOverrides: new("[1]")}},
	} {
		one("rebalance "+wrong.name, "rebalance", 0, func(s *subject) thrift.TStruct {
			return &storm.NimbusRebalanceArgs{Name: s.calm.name, Options: &wrong.options}
		}, new(storm.NimbusRebalanceResult))
	}
	one("uploadNewCredentials of somebody else", "uploadNewCredentials", 0, func(s *subject) thrift.TStruct {
		return &uploadRequest{s.calm.name, &credentials{owner: new("mallory")}}
	}, new(storm.NimbusRebalanceResult))
	logs := func(id func(*subject) string, logger string) func(*subject) thrift.TStruct {
		return func(s *subject) thrift.TStruct {
			return &storm.NimbusSetLogConfigArgs{Name: id(s), Config: &storm.LogConfig{NamedLoggerLevel: map[string]*storm.LogLevel{
				logger: {Action: new(storm.LogLevelAction_UPDATE), TargetLogLevel: new("INFO")},
			}}}
		}
	}
	calm := func(s *subject) string { return s.calm.id }
	one("setLogConfig of nobody", "setLogConfig", 0, logs(func(*subject) string { return "nobody" }, "x"), new(storm.NimbusSetLogConfigResult))
	one("setLogConfig of a name", "setLogConfig", 0, logs(func(s *subject) string { return s.calm.name }, "x"), new(storm.NimbusSetLogConfigResult))
	one("setLogConfig of an empty logger", "setLogConfig", 0, logs(calm, ""), new(storm.NimbusSetLogConfigResult))
	one("setWorkerProfiler of nobody", "setWorkerProfiler", 0, func(s *subject) thrift.TStruct {
		return &storm.NimbusSetWorkerProfilerArgs{ID: "nobody", ProfileRequest: jstack(s.hosts[0], 6799)}
	}, new(storm.NimbusSetWorkerProfilerResult))
	one("beginFileUpload", "beginFileUpload", 0, nothing, new(storm.NimbusGetNimbusConfResult))
	one("standby: beginFileUpload", "beginFileUpload", 1, nothing, new(storm.NimbusGetNimbusConfResult))
	return out
}

func jstack(host string, port int64) *storm.ProfileRequest {
	return &storm.ProfileRequest{
		NodeInfo: &storm.NodeInfo{Node: &host, Port: []int64{port}}, Action: new(storm.ProfileAction_JSTACK_DUMP), TimeStamp: new(int64(1)),
	}
}

// errorOrder is how the errors of a component follow each other.
func errorOrder(s *subject) []string {
	reply, err := s.ask(0, "getComponentPageInfo", &storm.NimbusGetComponentPageInfoArgs{
		TopologyID: s.failing.id, ComponentID: s.failing.bolt, Window: "600",
	})
	var result storm.NimbusGetComponentPageInfoResult
	if err == nil {
		err = replied(reply, &result)
	}
	if err != nil {
		return []string{err.Error()}
	}
	up, down := 0, 0
	list := result.Success.Errors
	for i := 1; i < len(list); i++ {
		switch a, b := list[i-1].GetErrorTimeSecs(), list[i].GetErrorTimeSecs(); {
		case a < b:
			up++
		case a > b:
			down++
		}
	}
	many := "several"
	if len(list) < 2 {
		many = "too few to tell"
	}
	switch {
	case up > 0 && down > 0:
		return []string{many + ", in no order"}
	case up > 0:
		return []string{many + ", the oldest first"}
	default:
		return []string{many + ", the newest first"}
	}
}

// replied reads a reply into a generated result.
func replied(reply []byte, result thrift.TStruct) error {
	ctx := context.Background()
	p := stormthrift.NewReader(reply)
	_, kind, _, err := p.ReadMessageBegin(ctx)
	if err != nil {
		return err
	}
	if kind == thrift.EXCEPTION {
		e := thrift.NewTApplicationException(0, "")
		if err := e.Read(ctx, p); err != nil {
			return err
		}
		return e
	}
	return result.Read(ctx, p)
}

// form is the first line of an answer.
func (s *subject) form(nimbus int, method string, args thrift.TStruct, result any) string {
	q := question{nimbus: nimbus, method: method, args: func(*subject) thrift.TStruct { return args }, result: result}
	first, _, _ := strings.Cut(strings.Join(q.lines(s), "\n"), "\n")
	return first
}
