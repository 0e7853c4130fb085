package sim

// The story begins within the first minute and comes again.
const storyPeriod = 720

// Hint tells a newcomer of the demo which key of the console shows what. It fits
// into 80 columns beside the help.
const Hint = "Within a minute: 2 hot key · 0 failing bolt · 3 lost host w6"

// tell moves the story on.
func (w *World) tell() {
	w.reassign()
	if w.began == 0 {
		return
	}
	at := w.now - w.began
	for at >= storyPeriod {
		at -= storyPeriod
	}
	if t := w.topology("twitter-clicks"); t != nil {
		// A key becomes popular, stays so and is forgotten.
		t.hot = 0.7 * ramp(at, 5, 30) * (1 - ramp(at, 400, 460))
	}
	if t := w.topology("wikipedia-trends"); t != nil {
		t.component("language").failing = 0.09 * ramp(at, 12, 20) * (1 - ramp(at, 330, 331))
		if between(at, 240) && len(t.workers) > 0 {
			wk := t.workers[1%len(t.workers)]
			if wk.running() {
				w.report(t.component("language"), workerEnds, wk)
				w.crash(wk)
			}
		}
	}
	switch h := w.hosts[len(w.hosts)-1]; {
	case !h.lost && at >= 25 && at < 145:
		w.lose(h)
	case h.lost && (at >= 145 || at < 25):
		w.back(h)
	}
}

const workerEnds = `java.lang.RuntimeException: pid:4711, name:language exitCode:1, errorString: 
	at org.apache.storm.task.ShellBolt.die(ShellBolt.java:310)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:413)
	at java.base/java.lang.Thread.run(Thread.java:840)
`

// between reports whether the story passes a moment with this step.
func between(at, moment float64) bool { return at >= moment && at < moment+maxStep }

// ramp rises from 0 to 1 between two moments.
func ramp(at, begin, end float64) float64 { return min(1, max(0, (at-begin)/(end-begin))) }

func (w *World) topology(name string) *topology {
	for _, t := range w.topologies {
		if t.name == name {
			return t
		}
	}
	return nil
}
