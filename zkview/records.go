package zkview

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// javaDict reads a record or map of 0.9.
func javaDict(value any) (dict, error) {
	translated, err := toClojure(value)
	if err != nil {
		return dict{}, err
	}
	d, ok := translated.(dict)
	if !ok {
		return dict{}, errRecord
	}
	return d, nil
}

// get returns the value under a keyword, nil when there is none.
func (d dict) get(name string) any {
	for _, pair := range d.pairs {
		if pair[0] == keyword(name) {
			return pair[1]
		}
	}
	return nil
}

func (d dict) str(name string) string {
	text, _ := d.get(name).(string)
	return text
}

func (d dict) int64(name string) *int64 {
	switch n := d.get(name).(type) {
	case int64:
		return &n
	case float64:
		if math.Abs(n) < 1<<53 {
			whole := int64(n)
			return &whole
		}
	}
	return nil
}

func (d dict) int(name string) *int {
	n := d.int64(name)
	if n == nil {
		return nil
	}
	value := int(*n)
	return &value
}

func (d dict) ports(name string) []int {
	items, ok := d.get(name).(vector)
	if !ok {
		return nil
	}
	list := make([]int, 0, len(items))
	for _, item := range items {
		if n, ok := item.(int64); ok {
			list = append(list, int(n))
		}
	}
	slices.Sort(list)
	return list
}

func javaSupervisor(id string, value any) (Supervisor, error) {
	d, err := javaDict(value)
	if err != nil {
		return Supervisor{}, err
	}
	s := Supervisor{
		ID: id, Host: d.str("hostname"), Ports: d.ports("meta"), UsedPorts: d.ports("used-ports"),
		Time: epoch(d.int64("time-secs")), UptimeSecs: d.int64("uptime-secs"), Version: d.str("version"),
	}
	if s.Host == "" {
		return Supervisor{}, errRecord
	}
	return s, nil
}

func javaAssignment(a Assignment, value any) (Assignment, error) {
	d, err := javaDict(value)
	if err != nil {
		return Assignment{}, err
	}
	hosts, ok1 := d.get("node->host").(dict)
	slots, ok2 := d.get("executor->node+port").(dict)
	if !ok1 || !ok2 {
		return Assignment{}, errRecord
	}
	for _, pair := range hosts.pairs {
		id, _ := pair[0].(string)
		a.Hosts[id], _ = pair[1].(string)
	}
	for _, pair := range slots.pairs {
		tasks, ok := javaTasks(pair[0])
		slot, ok2 := pair[1].(vector)
		if !ok || !ok2 || len(slot) != 2 {
			return Assignment{}, errRecord
		}
		node, _ := slot[0].(string)
		port, _ := slot[1].(int64)
		a.Executors[tasks] = Slot{Node: node, Port: int(port)}
	}
	if starts, ok := d.get("executor->start-time-secs").(dict); ok {
		for _, pair := range starts.pairs {
			if tasks, ok := javaTasks(pair[0]); ok {
				a.Starts[tasks], _ = pair[1].(int64)
			}
		}
	}
	return a, nil
}

func javaTasks(key any) (TaskRange, bool) {
	pair, ok := key.(vector)
	if !ok || len(pair) != 2 {
		return TaskRange{}, false
	}
	start, ok1 := pair[0].(int64)
	end, ok2 := pair[1].(int64)
	return TaskRange{Start: int(start), End: int(end)}, ok1 && ok2
}

// javaStorm reads a StormBase of 0.9, whose status is a map of its own while an
// action is under way.
func javaStorm(s Storm, value any) (Storm, error) {
	d, err := javaDict(value)
	if err != nil {
		return Storm{}, err
	}
	if s.Name = d.str("storm-name"); s.Name == "" {
		return Storm{}, errRecord
	}
	s.Workers, s.LaunchTime, s.Owner = d.int("num-workers"), d.int64("launch-time-secs"), d.str("owner")
	if counts, ok := d.get("component->executors").(dict); ok {
		s.ComponentExecutors = make(map[string]int)
		for _, pair := range counts.pairs {
			name, _ := pair[0].(string)
			n, _ := pair[1].(int64)
			s.ComponentExecutors[name] = int(n)
		}
	}
	state, ok := d.get("status").(dict)
	if !ok {
		return s, nil
	}
	s.Status = statusWord(state)
	if old, ok := state.get("old-status").(dict); ok {
		s.PrevStatus = statusWord(old)
	}
	switch s.Status {
	case "KILLED":
		s.KillWaitSecs = state.int("kill-time-secs")
	case "REBALANCING":
		s.RebalanceWaitSecs = state.int("delay-secs")
	}
	return s, nil
}

func statusWord(state dict) string {
	word, _ := state.get("type").(keyword)
	return strings.ToUpper(string(word))
}

func javaError(component string, value any, last bool) (Error, error) {
	d, err := javaDict(value)
	if err != nil {
		return Error{}, err
	}
	at := d.int64("time-secs")
	if at == nil {
		return Error{}, errRecord
	}
	return Error{
		Component: component, Text: d.str("error"), Time: *at,
		Host: d.str("host"), Port: d.int("port"), Last: last,
	}, nil
}

func javaHeartbeat(slot Slot, value any) (Heartbeat, error) {
	d, err := javaDict(value)
	if err != nil {
		return Heartbeat{}, err
	}
	at := d.int64("time-secs")
	if at == nil {
		return Heartbeat{}, errRecord
	}
	return Heartbeat{Slot: slot, Time: time.Unix(*at, 0), UptimeSecs: d.int64("uptime")}, nil
}

// describeClojure makes the lines of a translated value.
func describeClojure(value any) []Field {
	switch v := value.(type) {
	case dict:
		fields := make([]Field, 0, len(v.pairs))
		for _, pair := range v.pairs {
			field := clojureField(clojureKey(pair[0]), pair[1])
			if tasks, ok := javaTasks(pair[0]); ok {
				field.Tasks, field.Label = &tasks, "["+strconv.Itoa(tasks.Start)+"-"+strconv.Itoa(tasks.End)+"]"
			}
			fields = append(fields, field)
		}
		sortFields(fields)
		return fields
	case vector:
		fields := make([]Field, 0, len(v))
		for i, item := range v {
			fields = append(fields, clojureField(strconv.Itoa(i), item))
		}
		return fields
	}
	return []Field{{Label: "value", Value: clojureText(value, plain)}}
}

func clojureField(name string, value any) Field {
	field := Field{Label: name}
	how := plain
	if strings.HasSuffix(name, "time-secs") && name != "kill-time-secs" {
		how = epochSecs
	}
	switch v := value.(type) {
	case dict:
		field.Value, field.Children = counted(len(v.pairs)), describeClojure(v)
	case vector:
		texts := make([]string, 0, len(v))
		for _, item := range v {
			switch item.(type) {
			case dict, vector:
				field.Value, field.Children = counted(len(v)), describeClojure(v)
				return field
			}
			texts = append(texts, clojureText(item, plain))
		}
		field.Value = strings.Join(texts, " ")
	default:
		field.Value = clojureText(value, how)
	}
	return field
}

func clojureKey(key any) string {
	switch k := key.(type) {
	case keyword:
		return string(k)
	case vector:
		parts := make([]string, 0, len(k))
		for _, item := range k {
			parts = append(parts, clojureText(item, plain))
		}
		return strings.Join(parts, " ")
	}
	return clojureText(key, plain)
}

func clojureText(value any, how style) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case string:
		return printable(v)
	case keyword:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return numberText(v, how)
	case float64:
		return doubleText(v)
	case []byte:
		return counted(len(v)) + " bytes"
	case dict:
		return counted(len(v.pairs))
	case vector:
		return counted(len(v))
	}
	return "?"
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
