package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// properties are the settings that the log writer and the worker share on their
// command lines.
func (s *place) properties() []string {
	return []string{
		"-Dlogging.sensitivity=S3", "-Dlogfile.name=worker.log", "-Dstorm.home=" + stormHome, "-Dworkers.artifacts=" + logDir + "/workers-artifacts",
		"-Dstorm.id=" + s.t.id, "-Dworker.id=" + s.life.id, "-Dworker.port=" + strconv.Itoa(s.port), "-Dstorm.log.dir=" + logDir,
		"-DLog4jContextSelector=org.apache.logging.log4j.core.selector.BasicContextSelector", "-Dstorm.local.dir=" + localDir,
		fmt.Sprintf("-Dworker.memory_limit_mb=%d", s.heap()), "-Dlog4j.configurationFile=" + stormHome + "/log4j2/worker.xml",
	}
}

// heap is what a worker's executors may have in MB.
func (s *place) heap() int { return 128 * max(len(s.life.mouths), 1) }

func (s *place) stormdist() string { return localDir + "/supervisor/stormdist/" + s.t.id }

func (s *place) classpath() string {
	return stormHome + "/lib-worker/*:" + stormHome + "/extlib/*:" + stormHome + "/conf:" + s.stormdist() + "/stormjar.jar"
}

// java is the command line of the worker.
func (s *place) java() []string {
	l := s.life
	out := append([]string{"java", "-server"}, s.properties()...)
	out = append(out, strings.Fields(strings.Replace(gcOptions, "%HEAP-MEM%", strconv.Itoa(s.heap()), 1))...)
	return append(out,
		"-Djava.library.path="+s.stormdist()+"/resources/Linux-amd64:"+s.stormdist()+"/resources:/usr/local/lib:/opt/local/lib:/usr/lib:/usr/lib64",
		"-Dstorm.conf.file=", "-Dstorm.options=", "-Djava.io.tmpdir="+localDir+"/workers/"+l.id+"/tmp", "-cp", s.classpath(),
		"org.apache.storm.daemon.worker.Worker", s.t.id, l.wk.host.node, "6628", strconv.Itoa(s.port), l.id)
}

// logWriter is the command line of the process that starts the worker.
func (s *place) logWriter() []string {
	out := append([]string{"java", "-cp", s.classpath(), "-Xmx64m"}, s.properties()...)
	return append(append(out, "org.apache.storm.LogWriter"), s.java()...)
}

// daemon is the command line of a Nimbus or a supervisor.
func daemon(name, class, heap string) []string {
	return []string{
		"java", "-server", "-Ddaemon.name=" + name, "-Dstorm.options=", "-Dstorm.home=" + stormHome, "-Dstorm.log.dir=" + logDir,
		"-Djava.library.path=/usr/local/lib:/opt/local/lib:/usr/lib:/usr/lib64", "-Dstorm.conf.file=",
		"-cp", stormHome + "/*:" + stormHome + "/lib/*:" + stormHome + "/extlib/*:" + stormHome + "/extlib-daemon/*:" + stormHome + "/conf",
		heap, "-Djava.deserialization.disabled=true", "-Dlogfile.name=" + name + ".log", "-Dlog4j.configurationFile=" + stormHome + "/log4j2/cluster.xml", class,
	}
}
