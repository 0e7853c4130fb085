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

// complain reports that a component fails tuples, no more often than Storm's
// throttle lets it (topology.max.error.report.per.interval 5 in 10 seconds).
func (w *World) complain(c *component) {
	if w.now < c.nextError || c.complaint == "" {
		return
	}
	c.nextError = w.now + 4 + w.random.Float64()*9
	e := c.executors[w.random.IntN(len(c.executors))]
	if e.on.running() {
		w.report(c, fmt.Sprintf(c.complaint, w.random.Int64()), e.on)
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
	w.changes++
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
