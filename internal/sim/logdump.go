package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/stormthrift/gen/storm"
)

// dumps writes what the profiler was asked for.
func (s *place) dumps(now float64) {
	for _, p := range s.t.profiles {
		if p.host != s.on.name || p.port != s.port || s.dumped[p] || now < p.at+dumpSecs {
			continue
		}
		if s.dumped == nil {
			s.dumped = map[*profile]bool{}
		}
		s.dumped[p] = true
		at := s.clock(p.at + dumpSecs)
		name := fmt.Sprintf("%d-%s", s.life.pid, at.Format("20060102150405"))
		switch p.request.GetAction() {
		case storm.ProfileAction_JSTACK_DUMP:
			s.put(s.dir+"/jstack-"+name+".txt", s.stacks(at.Format("2006-01-02 15:04:05")), at)
		case storm.ProfileAction_JMAP_DUMP:
			s.put(s.dir+"/recording-"+name+".bin", "JAVA PROFILE 1.0.2\x00\x00\x00\x00\x08"+strings.Repeat("\x00", 4096), at)
		case storm.ProfileAction_JPROFILE_STOP, storm.ProfileAction_JPROFILE_DUMP:
			s.put(s.dir+"/recording-"+name+".jfr", "FLR\x00\x00\x02\x00\x01"+strings.Repeat("\x00", 4096), at)
		case storm.ProfileAction_JVM_RESTART, storm.ProfileAction_JPROFILE_START:
		}
	}
	maps.DeleteFunc(s.dumped, func(p *profile, _ bool) bool { return !slices.Contains(s.t.profiles, p) })
}

// dumpSecs is how long a supervisor takes to have a worker dumped.
const dumpSecs = 10

// stacks are the threads of a worker as jstack prints them.
func (s *place) stacks(at string) string {
	var out strings.Builder
	out.WriteString(at + "\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1deb12u1 mixed mode, sharing):\n\n")
	thread := func(i int, name, state string, frames ...string) {
		fmt.Fprintf(&out, "%q #%d prio=5 os_prio=0 cpu=%d.%02dms elapsed=%.2fs tid=0x00007fc7%08x nid=0x%x %s\n   java.lang.Thread.State: %s\n", name, 12+i, 40+i*317%9000, i*37%100,
			s.on.of.w.now-s.life.launched, 0x7e390000+i*0x1800, s.life.pid+i, map[bool]string{true: "runnable  [0x00007fc7a1d00000]", false: "waiting on condition  [0x00007fc7a1e00000]"}[state == "RUNNABLE"], state)
		for _, f := range frames {
			out.WriteString("\tat " + f + "\n")
		}
		out.WriteByte('\n')
	}
	thread(0, "main", "WAITING (on object monitor)", "java.lang.Object.wait(java.base@17.0.15/Native Method)", "org.apache.storm.daemon.worker.Worker.main(Worker.java:180)")
	for i, m := range slices.SortedStableFunc(slices.Values(s.life.mouths), func(a, b *mouth) int { return cmp.Compare(a.e.start, b.e.start) }) {
		if m.e.waiting > 0.001 {
			thread(i+1, m.thread, "RUNNABLE", "org.apache.storm.executor.bolt.BoltExecutor.tupleActionFn(BoltExecutor.java:212)", "org.apache.storm.executor.Executor.acceptTupleAction(Executor.java:298)",
				"org.apache.storm.utils.JCQueue.consumeImpl(JCQueue.java:113)", "org.apache.storm.utils.Utils$1.run(Utils.java:398)", "java.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
			continue
		}
		thread(i+1, m.thread, "TIMED_WAITING (parking)", "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)", "java.util.concurrent.locks.LockSupport.parkNanos(java.base@17.0.15/LockSupport.java:376)",
			"org.apache.storm.policy.WaitStrategyProgressive.idle(WaitStrategyProgressive.java:67)", "org.apache.storm.utils.Utils$1.run(Utils.java:398)", "java.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
	}
	return out.String()
}
