package zkview

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errRecord says that a node of 0.9 holds a record that was not understood.
var errRecord = errors.New("0.9 record, not decoded")

// record takes a node's payload out of its wrapping and reads it as one of
// Storm's structs, or as a Java-serialised value as 0.9 writes them.
type record struct {
	thrift wireValue
	java   any
	isJava bool
}

// open reads the payload of a node. With ids, only those fields of a Thrift
// struct are kept.
func (c *Client) openRecord(data []byte, ids ...int16) (record, error) {
	inner, _, err := unpack(data, growth*c.cfg.MaxNode)
	if err != nil {
		return record{}, err
	}
	if isJava(inner) {
		value, err := parseJava(inner)
		if err != nil {
			return record{}, fmt.Errorf("%w: %w", errRecord, err)
		}
		return record{java: value, isJava: true}, nil
	}
	var value wireValue
	if len(ids) > 0 {
		value, err = pickFields(inner, ids...)
	} else {
		value, err = parseStruct(inner)
	}
	if err != nil {
		return record{}, err
	}
	return record{thrift: value}, nil
}

// toSupervisor reads `SupervisorInfo`.
func toSupervisor(id string, r record) (Supervisor, error) {
	if r.isJava {
		return javaSupervisor(id, r.java)
	}
	v := r.thrift
	s := Supervisor{
		ID: id, Host: v.str(2),
		UsedPorts: ports(v.elements(4)), Ports: ports(v.elements(5)),
		Time: epoch(v.int64(1)), UptimeSecs: v.int64(7), Version: v.str(8),
	}
	if s.Host == "" || s.Time.IsZero() {
		return Supervisor{}, errors.New("not a SupervisorInfo")
	}
	for _, pair := range v.entries(9) {
		if pair[1].kind != wireDouble {
			continue
		}
		if s.Resources == nil {
			s.Resources = make(map[string]float64)
		}
		s.Resources[string(pair[0].text)] = pair[1].double
	}
	return s, nil
}

// toAssignment reads `Assignment`, whose maps are keyed by lists.
func toAssignment(id string, r record, stat Stat) (Assignment, error) {
	a := Assignment{
		TopologyID: id, Zxid: stat.Mzxid, Mtime: stat.Mtime,
		Hosts: map[string]string{}, Executors: map[TaskRange]Slot{}, Starts: map[TaskRange]int64{},
	}
	if r.isJava {
		return javaAssignment(a, r.java)
	}
	v := r.thrift
	if _, ok := v.field(1, wireString); !ok {
		return Assignment{}, errors.New("not an Assignment")
	}
	a.Owner = v.str(7)
	for _, pair := range v.entries(2) {
		a.Hosts[string(pair[0].text)] = string(pair[1].text)
	}
	for _, pair := range v.entries(3) {
		tasks, slots := taskRange(pair[0]), ports(pair[1].elements(2))
		if tasks == nil || len(slots) != 1 {
			return Assignment{}, errors.New("an Assignment whose executors are not understood")
		}
		a.Executors[*tasks] = Slot{Node: pair[1].str(1), Port: slots[0]}
	}
	for _, pair := range v.entries(4) {
		if tasks := taskRange(pair[0]); tasks != nil {
			a.Starts[*tasks] = pair[1].num
		}
	}
	return a, nil
}

// toStorm reads `StormBase`.
func toStorm(id string, r record, stat Stat) (Storm, error) {
	s := Storm{TopologyID: id, Mtime: stat.Mtime}
	if r.isJava {
		return javaStorm(s, r.java)
	}
	v := r.thrift
	s.Name = v.str(1)
	if s.Name == "" {
		return Storm{}, errors.New("not a StormBase")
	}
	s.Status, s.PrevStatus = enum(v, 2, status), enum(v, 8, status)
	s.Workers, s.LaunchTime, s.Owner = v.int(3), v.int64(5), v.str(6)
	for _, pair := range v.entries(4) {
		if s.ComponentExecutors == nil {
			s.ComponentExecutors = make(map[string]int)
		}
		s.ComponentExecutors[string(pair[0].text)] = int(pair[1].num)
	}
	if options, ok := v.record(7); ok {
		if kill, ok := options.record(1); ok {
			s.KillWaitSecs = kill.int(1)
		}
		if rebalance, ok := options.record(2); ok {
			s.RebalanceWaitSecs = rebalance.int(1)
		}
	}
	for _, pair := range v.entries(9) {
		if s.Debug == nil {
			s.Debug = make(map[string]Debug)
		}
		var debug Debug
		if on, ok := pair[1].field(1, wireBool); ok {
			debug.Enabled = on.num != 0
		}
		if pct, ok := pair[1].field(2, wireDouble); ok {
			debug.SamplingPct = &pct.double
		}
		s.Debug[string(pair[0].text)] = debug
	}
	return s, nil
}

// toError reads `ErrorInfo`.
func toError(component string, r record, last bool) (Error, error) {
	if r.isJava {
		return javaError(component, r.java, last)
	}
	v := r.thrift
	text, ok := v.field(1, wireString)
	at := v.int64(2)
	if !ok || at == nil {
		return Error{}, errors.New("not an ErrorInfo")
	}
	return Error{
		Component: component, Text: string(text.text), Time: *at,
		Host: v.str(3), Port: v.int(4), Last: last,
	}, nil
}

// toHeartbeat reads the times of `ClusterWorkerHeartbeat`.
func toHeartbeat(slot Slot, r record) (Heartbeat, error) {
	if r.isJava {
		return javaHeartbeat(slot, r.java)
	}
	at := r.thrift.int64(3)
	if at == nil {
		return Heartbeat{}, errors.New("not a ClusterWorkerHeartbeat")
	}
	return Heartbeat{Slot: slot, Time: epoch(at), UptimeSecs: r.thrift.int64(4)}, nil
}

// toLogLevels reads `LogConfig`.
func toLogLevels(r record) []LogLevel {
	var levels []LogLevel
	for _, pair := range r.thrift.entries(2) {
		v := pair[1]
		levels = append(levels, LogLevel{
			Logger: string(pair[0].text), Action: enum(v, 1, levelAction), Level: v.str(2),
			TimeoutSecs: v.int(3), TimeoutEpoch: v.int64(4),
		})
	}
	slices.SortFunc(levels, func(a, b LogLevel) int { return strings.Compare(a.Logger, b.Logger) })
	return levels
}

// toProfile reads `ProfileRequest`.
func toProfile(r record) (Profile, error) {
	node, ok := r.thrift.record(1)
	slots := ports(node.elements(2))
	if !ok || len(slots) == 0 {
		return Profile{}, errors.New("not a ProfileRequest")
	}
	return Profile{
		Host: node.str(1), Port: slots[0],
		Action: enum(r.thrift, 2, profileAction), Time: r.thrift.int64(3),
	}, nil
}

// toNimbus reads the address out of `NimbusSummary`; the node's name has it too
// up to 1.x, but only the host on 2.x.
func toNimbus(name string, r record) string {
	host, port := r.thrift.str(1), r.thrift.int(2)
	if host == "" || port == nil {
		return name
	}
	return host + ":" + strconv.Itoa(*port)
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

func enum(v wireValue, id int16, how style) string {
	n := v.int64(id)
	if n == nil {
		return ""
	}
	return numberText(*n, how)
}

func ports(items []wireValue) []int {
	if items == nil {
		return nil
	}
	list := make([]int, 0, len(items))
	for _, item := range items {
		if isInteger(item.kind) {
			list = append(list, int(item.num))
		}
	}
	slices.Sort(list)
	return list
}

// epoch turns seconds into a time; nil into the zero time.
func epoch(secs *int64) time.Time {
	if secs == nil {
		return time.Time{}
	}
	return time.Unix(*secs, 0)
}
