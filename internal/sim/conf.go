package sim

import (
	"encoding/json"
	"maps"
)

// daemonConf is the part of storm.yaml and the defaults that says something
// about this cluster.
func daemonConf(seeds []string, port int, zk string, zkPort int) map[string]any {
	conf := clusterConf()
	conf["nimbus.seeds"], conf["nimbus.thrift.port"] = seeds, port
	conf["storm.zookeeper.servers"], conf["storm.zookeeper.port"] = []string{zk}, zkPort
	return conf
}

func clusterConf() map[string]any {
	return map[string]any{
		"storm.zookeeper.root": "/storm", "storm.zookeeper.session.timeout": 20000, "storm.zookeeper.connection.timeout": 15000,
		"storm.local.dir": "/var/lib/storm", "storm.log.dir": "/var/log/storm", "storm.workers.artifacts.dir": "workers-artifacts",
		"storm.cluster.mode": "distributed", "storm.thrift.transport": "org.apache.storm.security.auth.SimpleTransportPlugin",
		"storm.scheduler": "org.apache.storm.scheduler.DefaultScheduler", "scheduler.display.resource": false,
		"nimbus.task.timeout.secs": 30, "nimbus.supervisor.timeout.secs": 60,
		"nimbus.task.launch.secs": 120, "nimbus.monitor.freq.secs": 10, "nimbus.childopts": "-Xmx1024m",
		"supervisor.slots.ports": []int{6700, 6701, 6702, 6703}, "supervisor.worker.timeout.secs": 30,
		"supervisor.worker.start.timeout.secs": 120, "supervisor.memory.capacity.mb": 4096.0, "supervisor.cpu.capacity": 400.0,
		"worker.childopts":      gcOptions,
		"worker.heap.memory.mb": 768, "worker.heartbeat.frequency.secs": 1, "executor.metrics.frequency.secs": BeatSecs,
		"task.heartbeat.frequency.secs": 3, "logviewer.port": 8000, "ui.port": 8080, "drpc.port": 3772,
		"topology.message.timeout.secs": 30, "topology.max.spout.pending": nil, "topology.acker.executors": nil,
		"topology.workers": 1, "topology.debug": false, "topology.stats.sample.rate": 0.05, "topology.eventlogger.executors": 0,
		"topology.max.error.report.per.interval": 5, "topology.error.throttle.interval.secs": 10,
		"topology.executor.receive.buffer.size": maxQueue, "topology.component.resources.onheap.memory.mb": 128.0,
		"topology.component.resources.offheap.memory.mb": 0.0, "topology.component.cpu.pcore.percent": 10.0,
		"topology.worker.max.heap.size.mb": 768.0, "topology.backpressure.enable": false, "topology.min.replication.count": 1,
		"ui.disable.spout.lag.monitoring": true,
	}
}

// configuration is what getTopologyConf answers.
func (t *topology) configuration() string {
	conf := clusterConf()
	maps.Copy(conf, map[string]any{
		"topology.name": t.name, "storm.id": t.id, "topology.submitter.user": t.owner, "topology.submitter.principal": "",
		"topology.workers": t.blueprint.workers, "topology.acker.executors": t.ackers, "topology.eventlogger.executors": t.events,
		"topology.message.timeout.secs": int(t.timeout), "storm.topology.submission.time.secs": int64(t.launched),
		"topology.users": []string{}, "topology.groups": []string{},
	})
	for _, c := range t.blueprint.components {
		if mannerOf(c) == pystormFile {
			maps.Copy(conf, map[string]any{
				"pystorm.log.path": pystormDir, "pystorm.log.level": "info", "pystorm.log.max_bytes": pystormBytes, "pystorm.log.backup_count": pystormBackups,
			})
		}
	}
	if t.maxPending > 0 {
		conf["topology.max.spout.pending"] = int(t.maxPending)
	}
	return text(conf)
}

// text is JSON; the values here are all ones that JSON has.
func text(conf map[string]any) string {
	out, err := json.Marshal(conf)
	if err != nil {
		return "{}"
	}
	return string(out)
}
