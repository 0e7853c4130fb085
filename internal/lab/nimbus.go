package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// state is what the leading Nimbus says of the cluster.
type state struct {
	leader      string // host:port of the Nimbus that said it
	nimbuses    []string
	supervisors []string
	topologies  []topology
}

type topology struct {
	id, name, status          string
	tasks, executors, workers int64
}

var errNoLeader = errors.New("no Nimbus leads")

// ask returns the cluster's state from the Nimbus that leads. A standby knows
// who leads and answers everything else with zeros, so it is asked for that
// alone.
func (l *Lab) ask(ctx context.Context) (state, error) {
	var last error
	for _, d := range l.line.daemons {
		if d.kind != "nimbus" {
			continue
		}
		addr := hostPort(d.host, l.line.ports.nimbus)
		got, err := call(ctx, addr, "getClusterInfo", nil)
		if err != nil {
			last = err
			continue
		}
		s, leads := parseState(addr, got)
		if leads {
			return s, nil
		}
	}
	if last == nil {
		return state{}, errNoLeader
	}
	return state{}, last
}

// parseState reads a ClusterSummary that came from addr and says whether that
// Nimbus leads. Before 1.0 there is one Nimbus and no list of them.
func parseState(addr string, got any) (state, bool) {
	s := state{leader: addr}
	summary, ok := got.(record)
	if !ok {
		return s, false
	}
	for _, v := range list(summary[1]) {
		if sup, ok := v.(record); ok {
			s.supervisors = append(s.supervisors, fmt.Sprintf("%s %d/%d slots, id %s",
				text(sup[1]), number(sup[4]), number(sup[3]), text(sup[5])))
		}
	}
	for _, v := range list(summary[3]) {
		if t, ok := v.(record); ok {
			s.topologies = append(s.topologies, topology{
				id: text(t[1]), name: text(t[2]), status: text(t[7]),
				tasks: number(t[3]), executors: number(t[4]), workers: number(t[5]),
			})
		}
	}
	nimbuses := list(summary[4])
	leads := len(nimbuses) == 0 && number(summary[2]) > 0
	for _, v := range nimbuses {
		n, ok := v.(record)
		if !ok {
			continue
		}
		name := hostPort(text(n[1]), int(number(n[2])))
		isLeader, _ := n[4].(bool)
		role := "standby"
		if isLeader {
			role = "leader"
			leads = leads || name == addr
		}
		s.nimbuses = append(s.nimbuses, name+" "+role+", "+text(n[5]))
	}
	return s, leads
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// kill asks the leader to end a topology after wait seconds.
func (l *Lab) kill(ctx context.Context, name string, wait int32) error {
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	_, err = call(ctx, s.leader, "killTopologyWithOpts", func(b *bytes.Buffer) {
		putField(b, tString, 1)
		putString(b, name)
		putField(b, tStruct, 2)
		putField(b, tI32, 1)
		putI32(b, wait)
		b.WriteByte(tStop)
	})
	return err
}

// Actions of setLogConfig on one logger.
const (
	levelUpdate = 2
	levelRemove = 3
)

// setRootLevel changes the level of a topology's root logger for so many
// seconds, or takes the change back.
func (l *Lab) setRootLevel(ctx context.Context, id string, action int32, level string, seconds int32) error {
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	_, err = call(ctx, s.leader, "setLogConfig", func(b *bytes.Buffer) {
		putField(b, tString, 1)
		putString(b, id)
		putField(b, tStruct, 2)
		putField(b, tMap, 2)
		b.Write([]byte{tString, tStruct})
		putI32(b, 1)
		putString(b, "ROOT")
		putField(b, tI32, 1)
		putI32(b, action)
		if action == levelUpdate {
			putField(b, tString, 2)
			putString(b, level)
			putField(b, tI32, 3)
			putI32(b, seconds)
		}
		b.WriteByte(tStop) // LogLevel
		b.WriteByte(tStop) // LogConfig
	})
	return err
}
