package nimbusclient

import (
	"context"
	"errors"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// Session is one connection to the leader, for the length of one [Client.Read].
// Its calls go one after the other, each under its own deadline and all under
// the context of that Read. After an error that is about the connection and not
// about the question, every further call returns it.
//
// Topologies are named by id, never by name, unless a method says otherwise.
type Session struct {
	ctx  context.Context
	conn *conn
}

// Server returns what is known about the Nimbus that answers.
func (s *Session) Server() Server { return s.conn.server }

// Leader returns what the Nimbus that answers is called. It makes no call.
func (s *Session) Leader() Nimbus { return s.conn.leader }

// Errors says how many errors of each component [Session.InfoErrors] reads.
type Errors int

// How many errors.
const (
	ErrorsAll  Errors = iota // those still in ZooKeeper, ten a component
	ErrorsOne                // the last one, which outlives the worker on 2.x
	ErrorsNone               // none, which is quickest
)

// Cluster reads the daemons and the topologies (getClusterInfo).
func (s *Session) Cluster() (*Cluster, error) {
	r, err := s.client().GetClusterInfo(s.ctx)
	return convert(r, s.wrap("", err), toCluster)
}

// Topologies reads the list of topologies, with less work for the server than
// [Session.Cluster] from 2.3 on (getTopologySummaries).
func (s *Session) Topologies() ([]TopologySummary, error) {
	if s.conn.server.Line >= V2 {
		r, err := s.client().GetTopologySummaries(s.ctx)
		if err = s.wrap("", err); !errors.Is(err, ErrUnsupported) {
			return convert(&r, err, toTopologySummaries)
		}
	}
	cluster, err := s.Cluster()
	if err != nil {
		return nil, err
	}
	return cluster.Topologies, nil
}

// Summary reads one row of the list of topologies (getTopologySummary; 2.3).
func (s *Session) Summary(id string) (*TopologySummary, error) {
	r, err := s.client().GetTopologySummary(s.about(id), id)
	return convert(r, s.wrap(id, err), toTopologySummary)
}

// SummaryByName is Summary for the topology that has a name now
// (getTopologySummaryByName; 2.3).
func (s *Session) SummaryByName(name string) (*TopologySummary, error) {
	r, err := s.client().GetTopologySummaryByName(s.about(name), name)
	return convert(r, s.wrap(name, err), toTopologySummary)
}

// Topology reads one topology over a window (getTopologyPageInfo), or computes
// it as the Storm UI of servers before 1.0 does.
func (s *Session) Topology(id string, window Window, sys bool) (*Topology, error) {
	if !s.conn.server.HasPageCalls {
		return s.computeTopology(id, window, sys)
	}
	r, err := s.client().GetTopologyPageInfo(s.about(id), id, string(window), sys)
	return convert(r, s.wrap(id, err), func(p *storm.TopologyPageInfo) *Topology { return toTopology(p, window, sys) })
}

// Component reads one component over a window (getComponentPageInfo), or
// computes it as the Storm UI of servers before 1.0 does.
func (s *Session) Component(id, component string, window Window, sys bool) (*Component, error) {
	if !s.conn.server.HasPageCalls {
		return s.computeComponent(id, component, window, sys)
	}
	what := component + " of " + id
	r, err := s.client().GetComponentPageInfo(s.about(what), id, component, string(window), sys)
	return convert(r, s.wrap(what, err), func(p *storm.ComponentPageInfo) *Component { return toComponent(p, window, sys) })
}

// Info reads every executor of a topology with its counters (getTopologyInfo).
func (s *Session) Info(id string) (*TopologyInfo, error) {
	r, err := s.client().GetTopologyInfo(s.about(id), id)
	return convert(r, s.wrap(id, err), toTopologyInfo)
}

// InfoErrors is Info with as many errors as wanted (getTopologyInfoWithOpts);
// 0.9 gives all.
func (s *Session) InfoErrors(id string, wanted Errors) (*TopologyInfo, error) {
	if !s.conn.server.HasInfoOptions {
		return s.Info(id)
	}
	r, err := s.client().GetTopologyInfoWithOpts(s.about(id), id, errorsWanted(wanted))
	return convert(r, s.wrap(id, err), toTopologyInfo)
}

// InfoByName is InfoErrors for the topology that has a name now
// (getTopologyInfoByNameWithOpts; 2.3).
func (s *Session) InfoByName(name string, wanted Errors) (*TopologyInfo, error) {
	r, err := s.client().GetTopologyInfoByNameWithOpts(s.about(name), name, errorsWanted(wanted))
	return convert(r, s.wrap(name, err), toTopologyInfo)
}

// Structure reads a topology's graph as it runs, with what Storm adds to it
// (getTopology).
func (s *Session) Structure(id string) (*Structure, error) {
	r, err := s.client().GetTopology(s.about(id), id)
	return convert(r, s.wrap(id, err), toStructure)
}

// UserStructure reads a topology's graph as it was submitted
// (getUserTopology).
func (s *Session) UserStructure(id string) (*Structure, error) {
	r, err := s.client().GetUserTopology(s.about(id), id)
	return convert(r, s.wrap(id, err), toStructure)
}

// Conf reads a topology's configuration as JSON (getTopologyConf).
func (s *Session) Conf(id string) (string, error) {
	r, err := s.client().GetTopologyConf(s.about(id), id)
	return r, s.wrap(id, err)
}

// NimbusConf reads Nimbus' configuration as JSON. It may hold secrets
// (getNimbusConf).
func (s *Session) NimbusConf() (string, error) {
	r, err := s.client().GetNimbusConf(s.ctx)
	return r, s.wrap("", err)
}

// LogConfig reads the dynamic log levels by logger (getLogConfig; 1.0). An
// unknown id is [ErrInternal], because the call declares no exception.
func (s *Session) LogConfig(id string) (map[string]LogLevel, error) {
	r, err := s.client().GetLogConfig(s.about(id), id)
	return convert(r, s.wrap(id, err), toLogConfig)
}

// PendingProfiles reads the profilings that run in a component's workers
// (getComponentPendingProfileActions; 1.0).
func (s *Session) PendingProfiles(id, component string) ([]ProfileRequest, error) {
	r, err := s.client().GetComponentPendingProfileActions(s.about(id), id, component, storm.ProfileAction_JPROFILE_STOP)
	return convert(&r, s.wrap(id, err), toProfileRequests)
}

// SupervisorPage reads one supervisor with its workers, by its id
// (getSupervisorPageInfo; 1.1). sys counts system components too.
func (s *Session) SupervisorPage(id string, sys bool) (*SupervisorPage, error) {
	return s.supervisorPage(&stormthrift.SupervisorPageArgs{ID: &id, Sys: sys}, id)
}

// HostPage reads all supervisors of a host with their workers
// (getSupervisorPageInfo; 1.1).
func (s *Session) HostPage(host string, sys bool) (*SupervisorPage, error) {
	return s.supervisorPage(&stormthrift.SupervisorPageArgs{Host: &host, Sys: sys}, host)
}

func (s *Session) supervisorPage(args *stormthrift.SupervisorPageArgs, what string) (*SupervisorPage, error) {
	var r storm.NimbusGetSupervisorPageInfoResult
	_, err := s.conn.Call(s.about(what), "getSupervisorPageInfo", args, &r)
	return convert(r.Success, s.wrap(what, supervisorPageError(&r, err)), toSupervisorPage)
}

// Owners reads every owner's use of the cluster (getOwnerResourceSummaries;
// 2.0).
func (s *Session) Owners() ([]OwnerSummary, error) { return s.owners(nil) }

// Owner reads one owner's use of the cluster. An owner that nobody knows has
// zeros.
func (s *Session) Owner(owner string) ([]OwnerSummary, error) { return s.owners(&owner) }

func (s *Session) owners(owner *string) ([]OwnerSummary, error) {
	var r storm.NimbusGetOwnerResourceSummariesResult
	_, err := s.conn.Call(s.ctx, "getOwnerResourceSummaries", &stormthrift.OwnerArgs{Owner: owner}, &r)
	return convert(&r.Success, s.wrap("", ownersError(&r, err)), toOwners)
}

// History reads the ids of topologies that ran and that a user may see, newest
// last (getTopologyHistory; 1.0).
func (s *Session) History(user string) ([]string, error) {
	r, err := s.client().GetTopologyHistory(s.ctx, user)
	return convert(r, s.wrap("", err), toHistory)
}

// NameAllowed asks whether a topology of this name could be submitted
// (isTopologyNameAllowed; 1.1).
func (s *Session) NameAllowed(name string) (bool, error) {
	r, err := s.client().IsTopologyNameAllowed(s.about(name), name)
	return r, s.wrap(name, err)
}

// leader asks who leads; nil when nobody does (getLeader; 1.1).
func (s *Session) leader() (*Nimbus, error) {
	r, err := s.client().GetLeader(s.ctx)
	if isMissingResult(err) {
		return nil, nil
	}
	return convert(r, s.wrap("", err), func(n *storm.NimbusSummary) *Nimbus { v := toNimbus(n); return &v })
}

func (s *Session) client() *storm.NimbusClient { return storm.NewNimbusClient(s.conn) }

func (s *Session) about(what string) context.Context { return withAbout(s.ctx, what) }

// convert turns a reply into a value of this package, unless there is none.
func convert[R, V any](reply *R, err error, to func(*R) V) (V, error) {
	if err != nil || reply == nil {
		var none V
		return none, err
	}
	return to(reply), nil
}
