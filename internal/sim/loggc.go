package sim

import "fmt"

// gcLog is a worker's gc.log in the JDK's unified format.
type gcLog struct {
	s     *place
	file  *logFile
	count int
	due   float64
	live  float64 // MB that stay
}

// gcLayout is the decoration "time".
const gcLayout = "2006-01-02T15:04:05.000-0700"

func (g *gcLog) begin(l *life) {
	if g.file == nil {
		g.file = &logFile{disk: g.s.on.disk, path: g.s.dir + "/gc.log", limit: 256 << 10, keep: 3, plain: true}
	} else if g.file.out != nil {
		// The JDK moves the last process's log away.
		g.file.rename(g.file.path, g.file.path+".0", g.s.clock(l.launched))
		g.file.out = nil
	}
	g.file.open(g.s.clock(l.launched))
	g.count, g.live = 0, 60+l.random.Float64()*40
	g.due = l.started + 5 + l.random.Float64()*20
	for i, text := range []string{
		"[gc] Using Serial", "[gc,init] Version: 17.0.15+6-Debian-1deb12u1 (release)", "[gc,init] CPUs: 16 total, 16 available",
		"[gc,init] Memory: 64216M", "[gc,init] Large Page Support: Disabled", "[gc,init] NUMA Support: Disabled",
		"[gc,init] Compressed Oops: Enabled (32-bit)", "[gc,init] Heap Min Capacity: 8M",
		fmt.Sprintf("[gc,init] Heap Initial Capacity: %dM", g.heap(l)), fmt.Sprintf("[gc,init] Heap Max Capacity: %dM", g.heap(l)),
		"[gc,init] Pre-touch: Disabled",
	} {
		g.line(l, l.launched+0.007+float64(i)*0.0002, text)
	}
	g.full(l, l.launched+2.4, "Metadata GC Threshold", 38+10*l.random.Float64(), true)
}

func (g *gcLog) heap(l *life) int { return 128 * max(len(l.mouths), 1) }

func (g *gcLog) line(l *life, at float64, text string) {
	g.s.add(at, g.file, fmt.Sprintf("[%s][%.3fs][info]%s\n", g.s.clock(at).Format(gcLayout), at-l.launched, text))
}

// step writes the collections of a step: the young ones that come by
// themselves, and a full one when the model stopped the worker.
func (g *gcLog) step(now, dt float64) {
	l := g.s.life
	if l.wk.paused > 0 && dt > 0 {
		ms := l.wk.paused * dt * 1000
		g.full(l, now-ms/1000, "Allocation Failure", ms, false)
	}
	for g.due <= now {
		g.young(l, g.due, 6+22*l.random.Float64())
		g.due += 20 + 40*l.random.Float64()
	}
}

// sizes are the parts of the heap in KiB: the young generation's room, its eden,
// and the old generation.
func (g *gcLog) sizes(l *life) (young, eden, old int) {
	all := g.heap(l) * 1024
	young = all * 3 / 10
	return young, young * 8 / 9, all - young*10/9
}

func (g *gcLog) number() string {
	g.count++
	return fmt.Sprintf("GC(%d) ", g.count-1)
}

// after are the lines that both kinds of collection end with.
func (g *gcLog) after(l *life, end float64, n, what string, before, left int, ms float64) {
	g.line(l, end, "[gc,metaspace   ] "+n+"Metaspace: 42123K(42624K)->42123K(42624K) NonClass: 37480K(37696K)->37480K(37696K) Class: 4643K(4928K)->4643K(4928K)")
	g.line(l, end, fmt.Sprintf("[gc             ] %s%s %dM->%dM(%dM) %.3fms", n, what, before/1024, left/1024, g.heap(l)*29/30, ms))
	g.line(l, end, fmt.Sprintf("[gc,cpu         ] %sUser=%.2fs Sys=0.00s Real=%.2fs", n, ms/1000, ms/1000))
}

func (g *gcLog) young(l *life, at, ms float64) {
	young, eden, old := g.sizes(l)
	n, end := g.number(), at+ms/1000
	kept := young/40 + l.random.IntN(young/40+1)
	tenured := int(g.live * 1024)
	g.line(l, at, "[gc,start       ] "+n+"Pause Young (Allocation Failure)")
	g.line(l, end, fmt.Sprintf("[gc,heap        ] %sDefNew: %dK(%dK)->%dK(%dK) Eden: %dK(%dK)->0K(%dK) From: %dK(%dK)->%dK(%dK)", n,
		eden+kept/2, young, kept, young, eden, eden, eden, kept/2, young-eden, kept, young-eden))
	grown := tenured + l.random.IntN(300)
	g.line(l, end, fmt.Sprintf("[gc,heap        ] %sTenured: %dK(%dK)->%dK(%dK)", n, tenured, old, grown, old))
	g.after(l, end, n, "Pause Young (Allocation Failure)", eden+kept/2+tenured, kept+grown, ms)
	g.live = float64(grown) / 1024
}

func (g *gcLog) full(l *life, at float64, why string, ms float64, first bool) {
	young, eden, old := g.sizes(l)
	n, end := g.number(), at+ms/1000
	// Until a tag as long as these has been printed the column is narrower.
	start := "[gc,start       ] "
	if first {
		start = "[gc,start    ] "
	}
	g.line(l, at, start+n+"Pause Full ("+why+")")
	t := at
	for i, phase := range []string{"Mark live objects", "Compute new object addresses", "Adjust pointers", "Move objects"} {
		part := ms * []float64{0.36, 0.19, 0.16, 0.29}[i] * 0.97
		g.line(l, t, fmt.Sprintf("[gc,phases,start] %sPhase %d: %s", n, i+1, phase))
		t += part / 1000
		g.line(l, t, fmt.Sprintf("[gc,phases      ] %sPhase %d: %s %.3fms", n, i+1, phase, part))
	}
	used := eden * (60 + l.random.IntN(35)) / 100
	tenured := int(g.live * 1024)
	left := 11600 + l.random.IntN(2000)
	if first {
		tenured = 0
	}
	g.line(l, end, fmt.Sprintf("[gc,heap        ] %sDefNew: %dK(%dK)->0K(%dK) Eden: %dK(%dK)->0K(%dK) From: 0K(%dK)->0K(%dK)", n, used, young, young, used, eden, eden, young-eden, young-eden))
	g.line(l, end, fmt.Sprintf("[gc,heap        ] %sTenured: %dK(%dK)->%dK(%dK)", n, tenured, old, left, old))
	g.after(l, end, n, "Pause Full ("+why+")", used+tenured, left, ms)
	g.live = float64(left) / 1024
}

// end writes the heap at the end of the process.
func (g *gcLog) end(now float64) {
	l := g.s.life
	young, eden, old := g.sizes(l)
	at := now + 0.3
	tenured := int(g.live * 1024)
	g.line(l, at, "[gc,heap,exit   ] Heap")
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]  def new generation   total %dK, used %dK [0x00000000e0000000, 0x00000000e7e10000, 0x00000000eaaa0000)", young, eden/2))
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]   eden space %dK,  50%% used [0x00000000e0000000, 0x00000000e13ef8b0, 0x00000000e64f0000)", eden))
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]   from space %dK,  28%% used [0x00000000e7180000, 0x00000000e75058e0, 0x00000000e7e10000)", young-eden))
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]   to   space %dK,   0%% used [0x00000000e64f0000, 0x00000000e64f0000, 0x00000000e7180000)", young-eden))
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]  tenured generation   total %dK, used %dK [0x00000000eaaa0000, 0x00000000fa6a0000, 0x0000000100000000)", old, tenured))
	g.line(l, at, fmt.Sprintf("[gc,heap,exit   ]    the space %dK, %3d%% used [0x00000000eaaa0000, 0x00000000eb646628, 0x00000000eb646800, 0x00000000fa6a0000)", old, tenured*100/old))
	g.line(l, at, "[gc,heap,exit   ]  Metaspace       used 42123K, committed 42624K, reserved 1114112K")
	g.line(l, at, "[gc,heap,exit   ]   class space    used 4643K, committed 4928K, reserved 1048576K")
}
