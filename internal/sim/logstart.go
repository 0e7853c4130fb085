package sim

import (
	_ "embed" // the texts of Storm's lines
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// startSecs is what passes between the begin of a worker's process and the
// moment when its executors work.
const startSecs = 3.0

// deathMark is in the error that a Python process's end leaves.
const deathMark = "ShellBolt.die"

// gcOptions is worker.childopts.
const gcOptions = "-Xmx%HEAP-MEM%m -XX:+UseSerialGC -Xlog:gc*:file=artifacts/gc.log:time,uptime,level,tags:filecount=3,filesize=256k " +
	"-XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=artifacts/heapdump"

//go:embed logtext/start.txt
var startText string

//go:embed logtext/conf.txt
var confText string

// javaMap prints a configuration as Java's Map.toString does, in the order in
// which Storm was seen to print it. Keys marked + are those of a topology.
func javaMap(conf map[string]any, ofTopology bool) string {
	var out strings.Builder
	left := maps.Clone(conf)
	put := func(key, value string) {
		if out.Len() > 0 {
			out.WriteString(", ")
		}
		out.WriteString(key + "=" + value)
	}
	for line := range strings.Lines(confText) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if key[0] == '+' && !ofTopology {
			continue
		}
		key = strings.TrimPrefix(key, "+")
		if own, ok := left[key]; ok {
			value = javaText(own)
			delete(left, key)
		}
		put(key, value)
	}
	for _, key := range slices.Sorted(maps.Keys(left)) {
		put(key, javaText(left[key]))
	}
	return "{" + out.String() + "}"
}

// javaText is a value as Java prints it.
func javaText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case float64:
		if v == float64(int64(v)) {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var parts []string
		for _, p := range v {
			parts = append(parts, javaText(p))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+"="+javaText(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// confOf is a host's configuration: the cluster's with the host's name.
func (m *machine) confOf() map[string]any {
	conf := decoded(text(clusterConf()))
	conf["storm.local.hostname"] = m.name
	conf["nimbus.seeds"] = slices.Collect(func(yield func(any) bool) {
		for _, n := range m.of.w.nimbuses {
			if !yield(n.host) {
				return
			}
		}
	})
	conf["storm.zookeeper.servers"] = []any{zkHost}
	return conf
}

func decoded(words string) map[string]any {
	var out map[string]any
	if json.Unmarshal([]byte(words), &out) != nil {
		return map[string]any{}
	}
	return out
}

// fill replaces {names} in a text of Storm's.
func (s *place) fill() *strings.Replacer {
	l := s.life
	return strings.NewReplacer(
		"{topology}", s.t.id, "{worker}", l.id, "{node}", l.wk.host.node, "{host}", s.on.name, "{port}", strconv.Itoa(s.port),
		"{home}", stormHome, "{local}", localDir, "{zkhost}", zkHost, "{zkip}", addressOf(zkHost), "{ip}", addressOf(s.on.name),
		"{local1}", strconv.Itoa(30000+l.random.IntN(20000)), "{local2}", strconv.Itoa(30000+l.random.IntN(20000)),
		"{session}", fmt.Sprintf("1000%011x", l.random.Uint64()>>24), "{hash}", fmt.Sprintf("%x", 0x10000000+l.random.IntN(0x60000000)),
		"{heap}", strconv.Itoa(128*max(len(l.mouths), 1)), "{free}", strconv.Itoa(100*max(len(l.mouths), 1)),
		"{conf}", s.on.conf(), "{topologyconf}", javaMap(topologyConf(s.on, s.t), true),
	)
}

func topologyConf(m *machine, t *topology) map[string]any {
	conf := m.confOf()
	maps.Copy(conf, decoded(t.conf))
	for _, key := range []string{"storm.local.hostname", "nimbus.seeds", "storm.zookeeper.servers"} {
		conf[key] = m.confOf()[key]
	}
	return conf
}

// addressOf is where a host of the world's network is.
func addressOf(name string) string {
	h := seedOf("address", name)
	return fmt.Sprintf("10.20.%d.%d", 1+h%4, 10+h>>8%200)
}

// startLines queues what a worker writes while it starts.
func (s *place) startLines() {
	l := s.life
	r := s.fill()
	at := func(ms float64) float64 { return l.launched + 0.35 + ms/1000 }
	line := func(ms float64, text string) {
		s.add(at(ms), s.log, s.clock(at(ms)).Format(clockLayout)+" "+text+"\n")
	}
	last := 0.0
	for text := range strings.Lines(startText) {
		offset, body, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
		ms, err := strconv.ParseFloat(offset, 64)
		if err != nil {
			continue
		}
		last = ms
		line(ms, r.Replace(body))
	}
	ms := last + 170
	others := map[string]bool{}
	for _, wk := range s.t.workers {
		if wk != l.wk && !wk.dead {
			others[fmt.Sprintf("%s:%d", addressOf(wk.host.name), wk.port)] = true
		}
	}
	for _, peer := range slices.Sorted(maps.Keys(others)) {
		line(ms, "o.a.s.m.n.Client main [INFO] Creating Netty Client, connecting to "+peer+", bufferSize: 5242880, lowWatermark: 8388608, highWatermark: 16777216")
		ms += 4
	}
	ms = max(ms+80, 985)
	load := func(name string) {
		line(ms, "o.a.s.e.Executor main [INFO] Loading executor tasks "+name)
		line(ms+1, "o.a.s.e.Executor main [INFO] Finished loading executor "+name)
		ms += 2
	}
	load("__system:[-1, -1]")
	var bolts []string
	for _, m := range l.mouths {
		load(m.e.of.id + ":" + spanOf(m.e))
		for task := m.e.start; task <= m.e.end; task++ {
			bolts = append(bolts, strconv.Itoa(task))
		}
	}
	line(ms+8, "o.a.s.d.w.Worker main [INFO] Flush Tuple generation disabled. producerBatchSize=1, xferBatchSize=1, flushIntervalMillis=1")
	if len(others) > 0 {
		line(ms+8, "o.a.s.d.w.Worker main [INFO] BackPressure status change checking will be performed every 50 millis")
	} else {
		line(ms+8, "o.a.s.d.w.Worker main [INFO] BackPressure change checking is disabled as there is only one worker")
	}
	line(ms+9, r.Replace("o.a.s.d.w.Worker main [INFO] Worker has topology config {topologyconf}"))
	line(ms+9, r.Replace("o.a.s.d.w.Worker main [INFO] Worker {worker} for storm {topology} on {node}:{port}  has finished loading"))
	for i := range others {
		line(ms+200, r.Replace("o.a.s.d.w.WorkerState Netty-server-{host}-{port}-worker-1 [INFO] Sending BackPressure status to new client. BPStatus: {worker={worker}, bpStatusId=1, bpTasks=[], nonBpTasks=["+strings.Join(bolts, ", ")+"]}"))
		_ = i
		break
	}
	ms = max(ms+400, 1800)
	line(ms, r.Replace("o.a.s.d.w.WorkerState refresh-active-timer [INFO] All connections are ready for worker {node}:{port} with id {worker}"))
	s.prepareLines(ms, line)
}

// prepareLines are those of the executors.
func (s *place) prepareLines(ms float64, line func(ms float64, text string)) {
	system := fmt.Sprintf("Thread-%d-__system-executor[-1, -1]", firstThread)
	line(ms+1, "o.a.s.e.b.BoltExecutor "+system+" [INFO] Preparing bolt __system:[-1]")
	for i, m := range s.life.mouths {
		at := ms + 2 + float64(i)
		name := m.e.of.id + ":" + tasksOf(m.e)
		kind, verb, done := "e.b.BoltExecutor", "Preparing bolt", "Prepared bolt"
		if m.e.of.spout {
			kind, verb, done = "e.s.SpoutExecutor", "Opening spout", "Opened spout"
		}
		line(at, "o.a.s."+kind+" "+m.thread+" [INFO] "+verb+" "+name)
		for k, pid := range m.pids {
			at += 60 + float64(k)*20
			line(at-55, "o.a.s.u.ShellProcess "+m.thread+" [INFO] Storm multilang serializer: org.apache.storm.multilang.JsonSerializer")
			line(at, fmt.Sprintf("o.a.s.t.ShellBolt %s [INFO] Launched subprocess with pid %d", m.thread, pid))
			line(at+2, "o.a.s.t.ShellBolt "+m.thread+" [INFO] Start checking heartbeat...")
			s.pythonStarts(m, k, s.life.launched+0.35+(at+9)/1000)
		}
		line(at+3, "o.a.s."+kind+" "+m.thread+" [INFO] "+done+" "+name)
		if m.e.of.spout {
			line(at+5, "o.a.s."+kind+" "+m.thread+" [INFO] Activating spout "+name)
		}
	}
	at := ms + 20
	for _, metric := range [][2]string{{"CGroupCpuStat", "cpu"}, {"CGroupMemoryLimit", "memory"}, {"CGroupCpuGuaranteeByCfsQuota", "cpu"}, {"CGroupMemoryUsage", "memory"}, {"CGroupCpu", "cpuacct"}, {"CGroupCpuGuarantee", "cpu"}} {
		line(at, "o.a.s.m.c.CGroupMetricsBase "+system+" [INFO] storm.cgroup.hierarchy.dir is not set or does not exist. checking storm.oci.cgroup.root")
		line(at+1, fmt.Sprintf("o.a.s.m.c.CGroupMetricsBase %s [INFO] Metric %s is ENABLED and directory /sys/fs/cgroup/%s exists...", system, metric[0], metric[1]))
		at += 3
	}
	line(at, "o.a.s.e.b.BoltExecutor "+system+" [INFO] Prepared bolt __system:[-1]")
}

// pythonStarts is the first line of a Python process.
func (s *place) pythonStarts(m *mouth, i int, at float64) {
	switch mannerOf(m.e.of.part) {
	case pystormFile:
		s.pystorm(m, i, at, "INFO", fmt.Sprintf("%s bolt starts, pid %d", m.e.of.id, m.pids[i]))
	case pystormLog:
		s.say(at, "o.a.s.t.ShellBolt", m.readers[i], "INFO", fmt.Sprintf(`ShellLog pid:%d, name:%s pystorm StormHandler logging enabled, so all messages at levels greater than "pystorm.log.level" (info) will be sent to Storm.`, m.pids[i], m.e.of.id))
	default:
		s.say(at, "o.a.s.t.ShellBolt", m.readers[i], "INFO", fmt.Sprintf("ShellLog pid:%d, name:%s %s starts as task %d", m.pids[i], m.e.of.id, m.e.of.id, m.e.start+i))
	}
}
