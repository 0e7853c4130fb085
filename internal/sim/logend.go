package sim

import "fmt"

// end queues the last lines of a process: those of a crash when an error says
// that a Python process died, else those of a supervisor that stops it. The next
// process begins at next.
func (s *place) end(now, next float64) {
	l := s.life
	s.life = nil
	if now < l.launched {
		s.queue = nil // it never was
		return
	}
	s.life = l
	at := now
	code := 20 // the hook did not finish in its three seconds
	if m := s.victim(); m != nil {
		at = s.crashLines(m, at)
	} else {
		code = 143
	}
	s.shutdownLines(at)
	s.gc.end(now)
	s.on.ended(s, now, next, code)
	s.on.retire(s)
	_ = s.on.disk.Remove(localDir+"/workers/"+l.id, s.clock(now))
	s.life = nil
}

// victim is the executor whose Python process died and took the worker along.
func (s *place) victim() *mouth {
	for _, m := range s.life.mouths {
		if m.e.of.id == s.life.wk.killer && len(m.pids) > 0 {
			return m
		}
	}
	return nil
}

// crashLines are what the end of a Python process leaves, up to the shutdown.
func (s *place) crashLines(m *mouth, at float64) float64 {
	who := fmt.Sprintf("pid:%d, name:%s exitCode:1, errorString: ", m.pids[0], m.e.of.id)
	s.say(at, "o.a.s.t.ShellBolt", m.readers[0], "ERROR", fmt.Sprintf("Halting process: ShellBolt died. Command: [%s, %s], ProcessInfo %s\n", m.e.of.command, m.e.of.script, who)+
		`java.lang.RuntimeException: org.apache.storm.multilang.NoOutputException: Pipe to subprocess seems to be broken! No output read.
Serializer Exception:


	at org.apache.storm.utils.ShellProcess.readShellMsg(ShellProcess.java:121)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:336)
	at java.base/java.lang.Thread.run(Thread.java:840)`)
	s.say(at+0.007, "o.a.s.e.e.ReportError", m.writers[0], "ERROR", `Error
java.io.IOException: Broken pipe
	at java.base/java.io.FileOutputStream.writeBytes(Native Method)
	at java.base/java.io.FileOutputStream.write(FileOutputStream.java:349)
	at java.base/java.io.BufferedOutputStream.flushBuffer(BufferedOutputStream.java:81)
	at java.base/java.io.BufferedOutputStream.flush(BufferedOutputStream.java:142)
	at java.base/sun.nio.cs.StreamEncoder.implFlush(StreamEncoder.java:320)
	at java.base/sun.nio.cs.StreamEncoder.flush(StreamEncoder.java:160)
	at java.base/java.io.OutputStreamWriter.flush(OutputStreamWriter.java:248)
	at java.base/java.io.BufferedWriter.flush(BufferedWriter.java:257)
	at org.apache.storm.multilang.JsonSerializer.writeString(JsonSerializer.java:96)
	at org.apache.storm.multilang.JsonSerializer.writeMessage(JsonSerializer.java:90)
	at org.apache.storm.multilang.JsonSerializer.writeBoltMsg(JsonSerializer.java:73)
	at org.apache.storm.utils.ShellProcess.writeBoltMsg(ShellProcess.java:126)
	at org.apache.storm.task.ShellBolt$BoltWriterRunnable.run(ShellBolt.java:393)
	at java.base/java.lang.Thread.run(Thread.java:840)`)
	s.say(at+0.012, "o.a.s.u.Utils", m.thread, "ERROR", fmt.Sprintf(`Async loop died!
java.lang.RuntimeException: java.lang.RuntimeException: java.lang.RuntimeException: %[1]s
	at org.apache.storm.executor.Executor.acceptTupleAction(Executor.java:305)
	at org.apache.storm.executor.Executor.accept(Executor.java:292)
	at org.apache.storm.utils.JCQueue.consumeImpl(JCQueue.java:113)
	at org.apache.storm.utils.JCQueue.consume(JCQueue.java:89)
	at org.apache.storm.executor.bolt.BoltExecutor$1.call(BoltExecutor.java:154)
	at org.apache.storm.executor.bolt.BoltExecutor$1.call(BoltExecutor.java:140)
	at org.apache.storm.utils.Utils$1.run(Utils.java:398)
	at java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.RuntimeException: java.lang.RuntimeException: %[1]s
	at org.apache.storm.task.ShellBolt.execute(ShellBolt.java:179)
	at org.apache.storm.executor.bolt.BoltExecutor.tupleActionFn(BoltExecutor.java:212)
	at org.apache.storm.executor.Executor.acceptTupleAction(Executor.java:298)
	... 7 more
Caused by: java.lang.RuntimeException: %[1]s
	at org.apache.storm.task.ShellBolt.die(ShellBolt.java:297)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:372)
	... 1 more`, who))
	s.say(at+0.105, "o.a.s.u.Utils", m.thread, "ERROR", `Halting process: Worker died
java.lang.RuntimeException: Halting process: Worker died
	at org.apache.storm.utils.Utils.exitProcess(Utils.java:519)
	at org.apache.storm.utils.Utils$3.run(Utils.java:876)
	at org.apache.storm.executor.error.ReportErrorAndDie.uncaughtException(ReportErrorAndDie.java:41)
	at java.base/java.lang.Thread.dispatchUncaughtException(Thread.java:2017)`)
	return at + 0.109
}

// shutdownLines are those of the worker's shutdown hook.
func (s *place) shutdownLines(at float64) {
	l := s.life
	hook := func(after float64, logger, text string) {
		s.say(at+after, logger, "ShutdownHook-shutdownFunc", "INFO", text)
	}
	worker := fmt.Sprintf("worker %s %s %d", s.t.id, s.node(), s.port)
	s.say(at, "o.a.s.u.Utils", "ShutdownHook-sleepKill-3s", "INFO", "Halting after 3 seconds")
	hook(0.003, "o.a.s.d.w.Worker", "Shutting down "+worker)
	after := 0.005
	for _, wk := range s.t.workers {
		if wk == l.wk || wk.dead {
			continue
		}
		peer := fmt.Sprintf("Netty-Client-/%s:%d", addressOf(wk.host.name), wk.port)
		hook(after, "o.a.s.m.n.Client", "closing Netty Client "+peer)
		hook(after+0.001, "o.a.s.m.n.Client", "waiting up to 600000 ms to send 0 pending messages to "+peer)
		after += 0.002
	}
	hook(after+0.010, "o.a.s.d.w.Worker", "Terminating messaging context")
	hook(after+0.010, "o.a.s.d.w.Worker", "Shutting down executors")
	after += 0.011
	for _, m := range l.mouths {
		name := m.e.of.id + ":" + spanOf(m.e)
		hook(after, "o.a.s.e.ExecutorShutdown", "Shutting down executor "+name)
		s.say(at+after+0.003, "o.a.s.u.Utils", m.thread, "INFO", "Async loop interrupted!")
		hook(after+0.005, "o.a.s.e.ExecutorShutdown", "Shut down executor "+name)
		after += 0.006
	}
	for _, line := range []struct{ logger, text string }{
		{"o.a.s.d.w.Worker", "Shut down executors"},
		{"o.a.s.d.w.Worker", "Shutting down transfer thread"},
		{"o.a.s.d.w.Worker", "Shut down transfer thread"},
		{"o.a.s.d.w.WorkerState", "Shutting down default resources"},
		{"o.a.s.d.w.WorkerState", "Shut down default resources"},
		{"o.a.s.d.w.Worker", "Trigger any worker shutdown hooks"},
		{"o.a.s.d.w.Worker", "Disconnecting from storm cluster state context"},
		{"o.a.s.d.w.Worker", "Shut down " + worker},
	} {
		after += 0.02
		hook(after, line.logger, line.text)
	}
}

func (s *place) node() string { return s.on.host.node }
