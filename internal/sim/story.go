package sim

import "strings"

// The story begins within the first minute and comes again.
const storyPeriod = 720

// Told are the names of the topologies that the story and its worlds always have.
var Told = []string{"wordcount", "wikipedia-trends", "twitter-clicks", "global-alarms", "firehose"}

// chapter is a part of the story, from a moment of it on. Its hint tells a
// newcomer which key of the console shows what, in 62 columns at most; %s is the
// host that is lost.
type chapter struct {
	from float64
	hint string
}

var chapters = []chapter{
	{0, "A cluster at work: 2 topologies, enter opens, esc goes back"},
	{8, "A key gets hot in twitter-clicks: 2, enter on it, then store"},
	{26, "Host %s is lost: 3 shows its workers move, 6 what changed"},
	{60, "language fails tuples in wikipedia-trends: 0, then enter"},
	{148, "Host %s is back, empty: 3 slots, 1 the cluster"},
	{242, "A worker of wikipedia-trends ended and began anew: 6 changes"},
	{334, "language is mended: 0 keeps what recovered for an hour"},
	{462, "The hot key is forgotten: 2, enter, v draws how tuples flow"},
	{560, "d shows a configuration, :zk what Storm keeps in ZooKeeper"},
}

// Hint tells a newcomer of the demo which key of the console shows what happens
// now; "" before [World.Begin].
func (w *World) Hint() string {
	if s := w.hint.Load(); s != nil {
		return *s
	}
	return ""
}

// narrate chooses the hint for a moment of the story.
func (w *World) narrate(at float64) {
	now := 0
	for i, c := range chapters {
		if at >= c.from {
			now = i
		}
	}
	if hint := strings.ReplaceAll(chapters[now].hint, "%s", w.hosts[len(w.hosts)-1].name); hint != w.Hint() {
		w.hint.Store(&hint)
	}
}

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
	w.narrate(at)
	if t := w.topology("twitter-clicks"); t != nil {
		// A key becomes popular, stays so and is forgotten.
		t.hot = 0.7 * ramp(at, 5, 30) * (1 - ramp(at, 400, 460))
	}
	if t := w.topology("wikipedia-trends"); t != nil {
		t.component("language").failing = 0.09 * ramp(at, 12, 20) * (1 - ramp(at, 330, 331))
		if between(at, 240) && len(t.workers) > 0 {
			wk := t.workers[1%len(t.workers)]
			if wk.running() {
				w.dies(wk, t.component("language"))
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

// workerEnds is what the end of a Python process makes Storm report.
const workerEnds = `java.lang.RuntimeException: pid:%d, name:%s exitCode:1, errorString: 
	at org.apache.storm.task.ShellBolt.die(ShellBolt.java:297)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:372)
	at java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.RuntimeException: org.apache.storm.multilang.NoOutputException: Pipe to subprocess seems to be broken! No output read.
Serializer Exception:


	at org.apache.storm.utils.ShellProcess.readShellMsg(ShellProcess.java:121)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:336)
	... 1 more
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
