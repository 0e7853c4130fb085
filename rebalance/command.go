package rebalance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Command is the same rebalance as a line for Storm's own client, with what
// [Plan.Sent] sends.
func (p Plan) Command() string {
	words := []string{"storm", "rebalance", p.Topology.Name}
	if p.Wait != nil {
		words = append(words, "-w", strconv.Itoa(*p.Wait))
	}
	if n, changed := p.NewWorkers(); changed {
		words = append(words, "-n", strconv.Itoa(n))
	}
	sent := p.Sent()
	for _, id := range slices.Sorted(maps.Keys(sent)) {
		words = append(words, "-e", fmt.Sprintf("%s=%d", id, sent[id]))
	}
	if len(p.Resources) > 0 {
		words = append(words, "-r", text(p.Resources))
	}
	if len(p.Conf) > 0 {
		words = append(words, "-t", text(p.Conf))
	}
	return Quote(words...)
}

// ParseCommand reads a line that [Plan.Command] wrote, or one of the kind, into a
// plan for the topology t.
func ParseCommand(line string, t Topology, c Cluster) (Plan, error) {
	p := Plan{Topology: t, Cluster: c}
	words, err := split(line)
	if err != nil {
		return Plan{}, err
	}
	if len(words) < 3 || words[0] != "storm" || words[1] != "rebalance" {
		return Plan{}, fmt.Errorf("%q is no rebalance: it begins with storm rebalance NAME", line)
	}
	if words[2] != t.Name {
		return Plan{}, fmt.Errorf("the line is about %s, not %s", words[2], t.Name)
	}
	for rest := words[3:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) < 2 {
			return Plan{}, fmt.Errorf("%s needs a value", rest[0])
		}
		if err := p.option(rest[0], rest[1]); err != nil {
			return Plan{}, err
		}
	}
	return p, nil
}

func (p *Plan) option(name, value string) error {
	number := func(of string) (*int, error) {
		n, err := strconv.Atoi(of)
		if err != nil {
			return nil, fmt.Errorf("%s %s: not a whole number", name, value)
		}
		return &n, nil
	}
	var err error
	switch name {
	case "-w":
		p.Wait, err = number(value)
	case "-n":
		p.Workers, err = number(value)
	case "-e":
		var id string
		var n int
		if id, n, err = ParseExecutors(value); err == nil {
			if p.Executors == nil {
				p.Executors = map[string]int{}
			}
			p.Executors[id] = n
		}
	case "-r":
		err = decode(name, value, &p.Resources)
	case "-t":
		err = decode(name, value, &p.Conf)
	default:
		err = fmt.Errorf("%s: storm rebalance has no such option", name)
	}
	return err
}

// ParseExecutors reads COMPONENT=N. The last = counts: a component's name may
// hold others.
func ParseExecutors(s string) (component string, n int, err error) {
	at := strings.LastIndexByte(s, '=')
	if at < 1 {
		return "", 0, fmt.Errorf("%q is not COMPONENT=N, such as split=4", s)
	}
	n, err = strconv.Atoi(s[at+1:])
	if err != nil {
		return "", 0, fmt.Errorf("%q: %q is not a whole number of executors", s, s[at+1:])
	}
	return s[:at], n, nil
}

func decode(name, value string, into any) error {
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: not a JSON object: %w", name, err)
	}
	if d.More() {
		return fmt.Errorf("%s: more than one JSON value", name)
	}
	return nil
}
