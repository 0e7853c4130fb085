package sim

import "fmt"

// Storm keeps so many errors of a component.
const maxErrors = 10

// fault is an error that a component reported to ZooKeeper.
type fault struct {
	sequence int
	text     string
	at       float64
	host     string
	port     int
}

// The throttle of a task's error reports: topology.max.error.report.per.interval
// in topology.error.throttle.interval.secs.
const (
	reportsPerInterval = 5
	intervalSecs       = 10
)

// throttle is what an executor knows of the errors that it reported.
type throttle struct {
	rest  float64 // failed tuples since the last whole one
	since float64 // when the interval began
	seen  int     // errors in it
}

// complain reports that an executor failed tuples, as often as Storm's throttle
// lets it.
func (w *World) complain(e *executor, failed float64) {
	if failed <= 0 || e.of.complaint == "" {
		return
	}
	for e.errors.rest += failed; e.errors.rest >= 1; e.errors.rest-- {
		if w.now-e.errors.since > intervalSecs {
			e.errors.since, e.errors.seen = w.now, 0
		}
		e.errors.seen++
		if e.errors.seen <= reportsPerInterval {
			w.report(e.of, fmt.Sprintf(e.of.complaint, w.random.Int64()), e.on)
		}
	}
}

// report keeps an error and the newest ten.
func (w *World) report(c *component, text string, on *worker) {
	w.sequence++
	f := fault{sequence: w.sequence, text: text, at: w.now, host: on.host.name, port: on.port}
	c.errors = append(c.errors, f)
	if len(c.errors) > maxErrors {
		c.errors = append(c.errors[:0], c.errors[1:]...)
	}
	c.last = &f
}

// forgetErrors drops what ended with a worker's session: since 2.x all but the
// last error of a component.
func (w *World) forgetErrors(wk *worker) {
	for _, c := range wk.of.components {
		kept := c.errors[:0]
		for _, f := range c.errors {
			if f.host != wk.host.name || f.port != wk.port {
				kept = append(kept, f)
			}
		}
		c.errors = kept
	}
}
