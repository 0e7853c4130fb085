package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// sums are the figures of one window of one or more executors, by the formulas
// of Storm's StatsUtil: latencies are weighted by what was executed (bolts) or
// acked (spouts), capacity is the highest of the executors.
type sums struct {
	emitted, transferred, acked, failed, executed int64
	executeMs, processMs, completeMs              float64 // sums, in milliseconds
	capacity                                      float64
}

func (s *sums) add(o sums) {
	s.emitted += o.emitted
	s.transferred += o.transferred
	s.acked += o.acked
	s.failed += o.failed
	s.executed += o.executed
	s.executeMs += o.executeMs
	s.processMs += o.processMs
	s.completeMs += o.completeMs
	s.capacity = max(s.capacity, o.capacity)
}

func system(id string) bool { return strings.HasPrefix(id, "__") }

// executorSums reads a window of an executor's last heartbeat.
func executorSums(e *executor, window string, sys bool) sums {
	var out sums
	s := e.reported
	if s == nil {
		return out
	}
	for stream, n := range s.Emitted[window] {
		if sys || !system(stream) {
			out.emitted += n
		}
	}
	for stream, n := range s.Transferred[window] {
		if sys || !system(stream) {
			out.transferred += n
		}
	}
	if spout := s.Specific.Spout; spout != nil {
		for stream, n := range spout.Acked[window] {
			out.acked += n
			out.completeMs += spout.CompleteMsAvg[window][stream] * float64(n)
		}
		for _, n := range spout.Failed[window] {
			out.failed += n
		}
		return out
	}
	bolt := s.Specific.Bolt
	for _, n := range bolt.Acked[window] {
		out.acked += n
	}
	for _, n := range bolt.Failed[window] {
		out.failed += n
	}
	for id, n := range bolt.Executed[window] {
		out.executed += n
		out.executeMs += bolt.ExecuteMsAvg[window][id] * float64(n)
		out.processMs += bolt.ProcessMsAvg[window][id] * float64(n)
	}
	if up := min(float64(int64(e.reportedUptime)), windowSecs[0]); up > 0 {
		busy := 0.0
		for id, n := range bolt.Executed[windowNames[0]] {
			busy += bolt.ExecuteMsAvg[windowNames[0]][id] * float64(n)
		}
		out.capacity = busy / (1000 * up)
	}
	return out
}

func componentSums(c *component, window string, sys bool) sums {
	var out sums
	for _, e := range c.executors {
		out.add(executorSums(e, window, sys))
	}
	return out
}

// aggregate is how Nimbus sends sums.
func (c *component) aggregate(s sums) *storm.ComponentAggregateStats {
	out := &storm.ComponentAggregateStats{
		Type: new(c.kind()),
		CommonStats: &storm.CommonAggregateStats{
			NumExecutors: new(int32(0)), NumTasks: new(int32(0)),
			Emitted: new(s.emitted), Transferred: new(s.transferred), Acked: new(s.acked), Failed: new(s.failed),
		},
		SpecificStats: &storm.SpecificAggregateStats{},
	}
	if c.spout {
		out.SpecificStats.Spout = &storm.SpoutAggregateStats{CompleteLatencyMs: new(mean(s.completeMs, s.acked))}
		return out
	}
	out.SpecificStats.Bolt = &storm.BoltAggregateStats{
		ExecuteLatencyMs: new(mean(s.executeMs, s.executed)), ProcessLatencyMs: new(mean(s.processMs, s.executed)),
		Executed: new(s.executed), Capacity: new(s.capacity),
	}
	return out
}

func mean(sum float64, n int64) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (c *component) kind() storm.ComponentType {
	if c.spout {
		return storm.ComponentType_SPOUT
	}
	return storm.ComponentType_BOLT
}

// row is a component on the page of its topology.
func (c *component) row(window string, sys bool) *storm.ComponentAggregateStats {
	out := c.aggregate(componentSums(c, window, sys))
	out.CommonStats.NumExecutors = new(int32(len(c.executors)))
	out.CommonStats.NumTasks = new(int32(c.tasks))
	out.CommonStats.ResourcesMap = c.needs.named()
	out.LastError = c.last.info()
	return out
}

func (f *fault) info() *storm.ErrorInfo {
	if f == nil {
		return nil
	}
	return &storm.ErrorInfo{Error: new(f.text), ErrorTimeSecs: new(int32(f.at)), Host: new(f.host), Port: new(int32(f.port))}
}

// infos are the errors of a component, the newest first.
func (c *component) infos() []*storm.ErrorInfo {
	out := make([]*storm.ErrorInfo, 0, len(c.errors))
	for i := range slices.Backward(c.errors) {
		out = append(out, c.errors[i].info())
	}
	return out
}

// inputSums and outputSums part a component's figures by stream.
func (c *component) inputSums(window string) map[*storm.GlobalStreamId]*storm.ComponentAggregateStats {
	out := map[*storm.GlobalStreamId]*storm.ComponentAggregateStats{}
	for _, in := range c.inputs {
		var s sums
		for _, e := range c.executors {
			if e.reported == nil {
				continue
			}
			bolt := e.reported.Specific.Bolt
			n := bolt.Executed[window][in.id]
			s.add(sums{
				acked: bolt.Acked[window][in.id], failed: bolt.Failed[window][in.id], executed: n,
				executeMs: bolt.ExecuteMsAvg[window][in.id] * float64(n), processMs: bolt.ProcessMsAvg[window][in.id] * float64(n),
			})
		}
		if s != (sums{}) {
			out[in.id] = c.aggregate(s)
		}
	}
	return out
}

func (c *component) outputSums(window string, sys bool) map[string]*storm.ComponentAggregateStats {
	found := map[string]sums{}
	for _, e := range c.executors {
		if e.reported == nil {
			continue
		}
		for stream, n := range e.reported.Emitted[window] {
			s := sums{emitted: n, transferred: e.reported.Transferred[window][stream]}
			if spout := e.reported.Specific.Spout; spout != nil {
				s.acked, s.failed = spout.Acked[window][stream], spout.Failed[window][stream]
				s.completeMs = spout.CompleteMsAvg[window][stream] * float64(s.acked)
			}
			s.add(found[stream])
			found[stream] = s
		}
	}
	out := map[string]*storm.ComponentAggregateStats{}
	for stream, s := range found {
		if sys || !system(stream) {
			out[stream] = c.aggregate(s)
		}
	}
	return out
}

// totals are the sums over a topology: what is emitted and transferred by all,
// what is acked and failed by spouts.
func (t *topology) totals(sys bool) *storm.TopologyStats {
	out := &storm.TopologyStats{
		WindowToEmitted: map[string]int64{}, WindowToTransferred: map[string]int64{},
		WindowToAcked: map[string]int64{}, WindowToFailed: map[string]int64{},
		WindowToCompleteLatenciesMs: map[string]float64{},
	}
	for _, key := range windowNames {
		var every, spouts sums
		for _, c := range t.components {
			if !sys && system(c.id) {
				continue
			}
			s := componentSums(c, key, sys)
			every.add(s)
			if c.spout {
				spouts.add(s)
			}
		}
		// What never happened is not listed.
		for _, of := range []struct {
			list map[string]int64
			n    int64
		}{
			{out.WindowToEmitted, every.emitted},
			{out.WindowToTransferred, every.transferred},
			{out.WindowToAcked, spouts.acked},
			{out.WindowToFailed, spouts.failed},
		} {
			if of.n > 0 {
				of.list[key] = of.n
			}
		}
		if spouts.acked > 0 {
			out.WindowToCompleteLatenciesMs[key] = mean(spouts.completeMs, spouts.acked)
		}
	}
	return out
}

// stats are a copy of the maps of an executor's last heartbeat that the reader
// may keep; the values are shared and never change.
func (e *executor) stats() *storm.ExecutorStats {
	if e.reported == nil {
		return nil
	}
	s := *e.reported
	s.Emitted, s.Transferred = maps.Clone(s.Emitted), maps.Clone(s.Transferred)
	return &s
}
