package cluster

import "github.com/stormtop/stormtop/nimbusclient"

func noRates() TopologyRates {
	return TopologyRates{
		Components: map[string]ComponentRates{}, Executors: map[nimbusclient.ExecutorID]ExecutorRates{},
		Emitted: Rate{PerSec: unknown}, Acked: Rate{PerSec: unknown}, Failed: Rate{PerSec: unknown},
	}
}

// PageRates computes rates over a page's own window from its totals, where the
// executors were not read.
func PageRates(p *nimbusclient.Topology) TopologyRates { return pageRates(p, p.Window, nil) }

// pageRates computes rates over a window from a page's totals: count ÷ min(topology uptime, window). They are lower
// bounds when a worker is younger than that; youngest is the least uptime known
// from elsewhere in seconds, or nil.
//
// A page of another window has the topology's totals of this one too, but not
// the components'. p may be nil.
func pageRates(p *nimbusclient.Topology, w nimbusclient.Window, youngest *int) TopologyRates {
	out := noRates()
	if p == nil || value(p.UptimeSecs) <= 0 {
		return out
	}
	secs := span(*p.UptimeSecs, w)
	low := youngest != nil && float64(*youngest) < secs
	for _, worker := range p.Workers {
		low = low || worker.UptimeSecs != nil && float64(*worker.UptimeSecs) < secs
	}
	per := func(n *int64) Rate {
		if n == nil {
			return Rate{PerSec: unknown}
		}
		return Rate{PerSec: float64(*n) / secs, AtLeast: low}
	}
	t := p.Totals[w]
	out.Emitted, out.Acked, out.Failed = per(t.Emitted), per(t.Acked), per(t.Failed)
	same := func(n *int64) Rate {
		if p.Window != w {
			return Rate{PerSec: unknown}
		}
		return per(n)
	}
	for _, c := range p.Spouts {
		out.Components[c.ID] = ComponentRates{
			In: Rate{PerSec: unknown}, Out: same(c.Emitted), Acked: same(c.Acked), Failed: same(c.Failed),
			Skew: unknown, Load: Load{Value: unknown, Capacity: unknown},
		}
	}
	for _, c := range p.Bolts {
		load := Load{Value: orUnknown(c.Capacity), Capacity: orUnknown(c.Capacity)}
		out.Components[c.ID] = ComponentRates{
			In: same(c.Executed), Out: same(c.Emitted), Acked: same(c.Acked), Failed: same(c.Failed), Skew: unknown, Load: load,
		}
	}
	return out
}

// addComponent puts in what a component's page tells of its executors, by the
// formulas of [Rates]. L needs the page of the ten-minute window.
func (r *TopologyRates) addComponent(c *nimbusclient.Component, shell bool) {
	out := ComponentRates{
		In: Rate{PerSec: unknown}, Out: Rate{PerSec: unknown}, Acked: Rate{PerSec: unknown}, Failed: Rate{PerSec: unknown},
		Load: Load{Value: unknown, Shell: shell, Capacity: unknown},
	}
	work := func(e nimbusclient.ExecutorRow) float64 {
		n := e.Executed
		if c.Kind == nimbusclient.Spout {
			n = e.Emitted
		}
		if n == nil {
			return 0
		}
		return float64(*n)
	}
	var each []float64
	total, most, all := 0.0, 0.0, 0.0
	for _, e := range c.Execs {
		all += work(e)
		if tasks := e.ID.Tasks(); tasks > 0 && value(e.UptimeSecs) > 0 {
			x := work(e) / float64(tasks)
			each, total, most = append(each, x), total+x, max(most, x)
		}
	}
	for _, e := range c.Execs {
		up := value(e.UptimeSecs)
		if up <= 0 {
			continue
		}
		secs := span(up, c.Window)
		per := func(n *int64) float64 {
			if n == nil {
				return unknown
			}
			return float64(*n) / secs
		}
		one := ExecutorRates{In: Rate{PerSec: unknown}, Out: Rate{PerSec: per(e.Emitted)}, Share: unknown}
		one.Load = Load{Value: orUnknown(e.Capacity), Shell: shell, Capacity: orUnknown(e.Capacity)}
		if c.Kind == nimbusclient.Bolt {
			one.In.PerSec = per(e.Executed)
		}
		if shell {
			one.Load.Value = unknown
			if c.Window == capacityWindow && e.ProcessMs != nil && e.ID.Tasks() > 0 {
				one.Load.Value = one.In.PerSec * *e.ProcessMs / (1000 * float64(e.ID.Tasks()))
			}
		}
		if all > 0 {
			one.Share = work(e) / all
		}
		r.Executors[e.ID] = one
		add(&out.In, one.In.PerSec)
		add(&out.Out, one.Out.PerSec)
		add(&out.Acked, per(e.Acked))
		add(&out.Failed, per(e.Failed))
		out.Load.Value = larger(out.Load.Value, one.Load.Value)
		out.Load.Capacity = larger(out.Load.Capacity, one.Load.Capacity)
	}
	out.Skew = skew(each, total, most)
	r.Components[c.ID] = out
}

// shells takes the capacity away from shell bolts whose load is not known: it
// says nothing there.
func (r *TopologyRates) shells(s *nimbusclient.Structure) {
	for name, c := range r.Components {
		if isShell(s, name) && !c.Load.Shell {
			c.Load.Shell, c.Load.Value = true, unknown
			r.Components[name] = c
		}
	}
}

func orUnknown(x *float64) float64 {
	if x == nil {
		return unknown
	}
	return *x
}
