package zkview

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/stormthrift"
	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// errRecord says that a node of 0.9 holds a record that was not understood.
var errRecord = errors.New("0.9 record, not decoded")

// record is a node's payload out of its wrapping: one of Storm's structs in
// Thrift's binary protocol, or a Java-serialised value as 0.9 writes them.
type record struct {
	thrift []byte
	java   any
	isJava bool
}

// openRecord takes a payload out of its wrapping.
func (c *Client) openRecord(data []byte) (record, error) {
	inner, _, err := unpack(data, growth*c.cfg.MaxNode)
	if err != nil {
		return record{}, err
	}
	if !isJava(inner) {
		return record{thrift: inner}, nil
	}
	value, err := parseJava(inner)
	if err != nil {
		return record{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	return record{java: value, isJava: true}, nil
}

// toSupervisor reads `SupervisorInfo`.
func toSupervisor(id string, r record) (Supervisor, error) {
	if r.isJava {
		return javaSupervisor(id, r.java)
	}
	var info storm.SupervisorInfo
	if err := stormthrift.Unmarshal(r.thrift, &info); err != nil {
		return Supervisor{}, err
	}
	if info.Hostname == nil {
		return Supervisor{}, errors.New("not a SupervisorInfo")
	}
	return Supervisor{
		ID: id, Host: *info.Hostname, Ports: sortedPorts(info.Meta), UsedPorts: sortedPorts(info.UsedPorts),
		Time: epoch(info.TimeSecs), UptimeSecs: info.UptimeSecs, Version: info.GetVersion(),
		Resources: info.ResourcesMap,
	}, nil
}

// toAssignment reads `Assignment`.
func toAssignment(id string, r record, stat Stat) (Assignment, error) {
	a := Assignment{
		TopologyID: id, Zxid: stat.Mzxid, Mtime: stat.Mtime,
		Hosts: map[string]string{}, Executors: map[TaskRange]Slot{}, Starts: map[TaskRange]int64{},
	}
	if r.isJava {
		return javaAssignment(a, r.java)
	}
	read, err := stormthrift.ReadAssignment(r.thrift)
	if err != nil {
		return Assignment{}, err
	}
	if read.MasterCodeDir == nil {
		return Assignment{}, errors.New("not an Assignment")
	}
	if read.Owner != nil {
		a.Owner = *read.Owner
	}
	maps.Copy(a.Hosts, read.NodeHost)
	for tasks, slot := range read.ExecutorNodePort {
		a.Executors[toTasks(tasks)] = Slot{Node: slot.Node, Port: int(slot.Port)}
	}
	for tasks, at := range read.ExecutorStartSecs {
		a.Starts[toTasks(tasks)] = at
	}
	return a, nil
}

func toTasks(e stormthrift.Executor) TaskRange {
	return TaskRange{Start: int(e.Start), End: int(e.End)}
}

// toStorm reads `StormBase`.
func toStorm(id string, r record, stat Stat) (Storm, error) {
	s := Storm{TopologyID: id, Mtime: stat.Mtime}
	if r.isJava {
		return javaStorm(s, r.java)
	}
	var base storm.StormBase
	if err := stormthrift.Unmarshal(r.thrift, &base); err != nil {
		return Storm{}, err
	}
	if base.Name == nil {
		return Storm{}, errors.New("not a StormBase")
	}
	s.Name, s.Owner = base.GetName(), base.GetOwner()
	s.Status, s.PrevStatus = word(base.Status), word(base.PrevStatus)
	s.Workers, s.LaunchTime = widen[int](base.NumWorkers), widen[int64](base.LaunchTimeSecs)
	if len(base.ComponentExecutors) > 0 {
		s.ComponentExecutors = make(map[string]int, len(base.ComponentExecutors))
		for component, n := range base.ComponentExecutors {
			s.ComponentExecutors[component] = int(n)
		}
	}
	if action := base.TopologyActionOptions; action != nil {
		if action.KillOptions != nil {
			s.KillWaitSecs = widen[int](action.KillOptions.WaitSecs)
		}
		if action.RebalanceOptions != nil {
			s.RebalanceWaitSecs = widen[int](action.RebalanceOptions.WaitSecs)
		}
	}
	if len(base.ComponentDebug) > 0 {
		s.Debug = make(map[string]Debug, len(base.ComponentDebug))
		for component, options := range base.ComponentDebug {
			s.Debug[component] = Debug{Enabled: options.GetEnable(), SamplingPct: options.Samplingpct}
		}
	}
	return s, nil
}

// toError reads `ErrorInfo`.
func toError(component string, r record, last bool) (Error, error) {
	if r.isJava {
		return javaError(component, r.java, last)
	}
	var info storm.ErrorInfo
	if err := stormthrift.Unmarshal(r.thrift, &info); err != nil {
		return Error{}, err
	}
	if info.Error == nil || info.ErrorTimeSecs == nil {
		return Error{}, errors.New("not an ErrorInfo")
	}
	return Error{
		Component: component, Text: *info.Error, Time: int64(*info.ErrorTimeSecs),
		Host: info.GetHost(), Port: widen[int](info.Port), Last: last,
	}, nil
}

// toHeartbeat reads the times of `ClusterWorkerHeartbeat` and passes over its
// statistics, which are most of it.
func toHeartbeat(slot Slot, r record) (Heartbeat, error) {
	if r.isJava {
		return javaHeartbeat(slot, r.java)
	}
	v, err := pickFields(r.thrift, 3, 4)
	if err != nil {
		return Heartbeat{}, err
	}
	at := v.number(3)
	if at == nil {
		return Heartbeat{}, errors.New("not a ClusterWorkerHeartbeat")
	}
	return Heartbeat{Slot: slot, Time: epoch(at), UptimeSecs: v.number(4)}, nil
}

// toLogLevels reads `LogConfig`.
func toLogLevels(r record) ([]LogLevel, error) {
	var config storm.LogConfig
	if err := stormthrift.Unmarshal(r.thrift, &config); err != nil {
		return nil, err
	}
	var levels []LogLevel
	for logger, level := range config.NamedLoggerLevel {
		levels = append(levels, LogLevel{
			Logger: logger, Action: word(level.Action), Level: level.GetTargetLogLevel(),
			TimeoutSecs:  widen[int](level.ResetLogLevelTimeoutSecs),
			TimeoutEpoch: level.ResetLogLevelTimeoutEpoch,
		})
	}
	slices.SortFunc(levels, func(a, b LogLevel) int { return strings.Compare(a.Logger, b.Logger) })
	return levels, nil
}

// toProfile reads `ProfileRequest`.
func toProfile(r record) (Profile, error) {
	var request storm.ProfileRequest
	if err := stormthrift.Unmarshal(r.thrift, &request); err != nil {
		return Profile{}, err
	}
	node := request.NodeInfo
	if node == nil || node.Node == nil || len(node.Port) == 0 {
		return Profile{}, errors.New("not a ProfileRequest")
	}
	return Profile{
		Host: *node.Node, Port: int(node.Port[0]), Action: word(request.Action), Time: request.TimeStamp,
	}, nil
}

// toNimbus reads the address out of `NimbusSummary`; the node's name has it too
// up to 1.x, but only the host on 2.x.
func toNimbus(name string, r record) string {
	var summary storm.NimbusSummary
	err := stormthrift.Unmarshal(r.thrift, &summary)
	if err != nil || summary.Host == nil || summary.Port == nil {
		return name
	}
	return *summary.Host + ":" + strconv.Itoa(int(*summary.Port))
}

// parseLeader reads the text of a leader-lock node: host:port up to 1.x,
// host:port:tlsPort on 2.x, where 0 means no TLS.
func parseLeader(text string) (Leader, error) {
	parts := strings.Split(strings.TrimSpace(text), ":")
	number := func(i int) (int, bool) {
		if i < 1 || i >= len(parts) {
			return 0, false
		}
		n, err := strconv.Atoi(parts[i])
		return n, err == nil && n >= 0 && n <= 65535
	}
	last := len(parts) - 1
	tls, okTLS := number(last)
	port, okPort := number(last - 1)
	switch {
	case len(parts) >= 3 && okTLS && okPort:
		host := strings.Join(parts[:last-1], ":")
		return Leader{Host: strings.Trim(host, "[]"), Port: port, TLSPort: tls}, nil
	case len(parts) == 2 && okTLS && parts[0] != "":
		return Leader{Host: parts[0], Port: tls}, nil
	}
	return Leader{}, errors.New("not host:port")
}

// word is the name of an enum's value, "" when it is absent.
func word[T fmt.Stringer](value *T) string {
	if value == nil {
		return ""
	}
	return (*value).String()
}

// widen turns an optional number into a wider one; nil stays nil.
func widen[To, From int | int32 | int64](n *From) *To {
	if n == nil {
		return nil
	}
	wide := To(*n)
	return &wide
}

// sortedPorts keeps absent apart from none.
func sortedPorts(list []int64) []int {
	if list == nil {
		return nil
	}
	ports := make([]int, 0, len(list))
	for _, port := range list {
		ports = append(ports, int(port))
	}
	slices.Sort(ports)
	return ports
}

// epoch turns seconds into a time; nil into the zero time.
func epoch(secs *int64) time.Time {
	if secs == nil {
		return time.Time{}
	}
	return time.Unix(*secs, 0)
}
