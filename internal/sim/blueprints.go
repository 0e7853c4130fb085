package sim

// The demo's topologies, at a parallelism a team would give them.
func demoBlueprints() []blueprint {
	return []blueprint{wordcount(), wikipediaTrends(), twitterClicks(), globalAlarms()}
}

func wordcount() blueprint {
	return blueprint{
		name: "wordcount", owner: "ingest", workers: 3, ackers: 3, timeout: 30, maxPending: 500, age: 9 * 86400,
		components: []part{
			{
				id: "sentences", spout: true, executors: 2, tasks: 2, class: "com.example.words.RandomSentenceSpout",
				rate: 420, daily: 0.15, outputs: []output{emits(1, "sentence")},
			},
			{
				id: "split", executors: 4, tasks: 8, command: "python3", script: "split.py", serviceMs: 3,
				inputs: []input{from("sentences", shuffle)}, outputs: []output{emits(7, "word")},
			},
			{
				id: "count", executors: 8, tasks: 8, command: "python3", script: "count.py", serviceMs: 0.6, skew: 0.6,
				inputs: []input{from("split", fields, "word")}, outputs: []output{emits(1, "word", "count")},
			},
		},
	}
}

func wikipediaTrends() blueprint {
	return blueprint{
		name: "wikipedia-trends", owner: "research", workers: 4, ackers: 4, events: 1, timeout: 60, maxPending: 1000, age: 3*86400 + 4000,
		components: []part{
			{
				id: "edits", spout: true, executors: 2, tasks: 2, class: "com.example.wikipedia.RecentChangesSpout",
				rate: 180, daily: 0.35, outputs: []output{emits(1, "wiki", "title", "user", "bytes")},
			},
			{
				id: "language", executors: 4, tasks: 4, command: "python3", script: "language.py", serviceMs: 8.5,
				inputs: []input{from("edits", shuffle)}, outputs: []output{emits(0.96, "title", "language")},
				complaint: languageComplaint,
			},
			{
				id: "trends", executors: 6, tasks: 12, class: "com.example.wikipedia.RollingCountBolt", serviceMs: 0.9, skew: 0.8,
				inputs: []input{from("language", fields, "title")}, outputs: []output{emits(0.12, "title", "count", "window")},
			},
			{
				id: "ranking", executors: 1, tasks: 1, class: "com.example.wikipedia.TotalRankingBolt", serviceMs: 1.6,
				inputs: []input{from("trends", global)},
			},
		},
	}
}

func twitterClicks() blueprint {
	return blueprint{
		name: "twitter-clicks", owner: "ads", workers: 5, ackers: 5, events: 1, timeout: 30, maxPending: 5000, age: 86400 + 11000,
		components: []part{
			{
				id: "clicks", spout: true, executors: 4, tasks: 4, class: "org.apache.storm.kafka.spout.KafkaSpout",
				rate: 820, daily: 0.25, replays: true, outputs: []output{emits(1, "topic", "partition", "offset", "key", "value")},
				conf: map[string]any{
					"config.topics": "ads.clicks", "config.groupid": "twitter-clicks", "config.bootstrap.servers": "k1:9092,k2:9092,k3:9092",
				},
			},
			{
				id: "parse", executors: 4, tasks: 4, class: "com.example.clicks.ParseBolt", serviceMs: 0.6,
				inputs: []input{from("clicks", localOrShuffle)}, outputs: []output{emits(0.995, "url", "user", "address")},
			},
			{
				id: "geo", executors: 8, tasks: 16, command: "python3", script: "geo.py", serviceMs: 3.4,
				inputs: []input{from("parse", shuffle)}, outputs: []output{emits(1, "url", "user", "country")},
			},
			{
				id: "store", executors: 6, tasks: 12, class: "com.example.clicks.StoreBolt", serviceMs: 2.4, skew: 0.7, keyed: true,
				inputs: []input{from("geo", fields, "url")}, complaint: storeComplaint,
			},
		},
	}
}

// globalAlarms is what Trident makes of a stream of sensors: a coordinator that
// begins batches, bolts that tell each other how many tuples of a batch to
// expect, and a committer at the end.
func globalAlarms() blueprint {
	const (
		master = "$mastercoord-bg0"
		coord  = "$spoutcoord-spout-sensors"
		bolt   = "org.apache.storm.trident.topology.TridentBoltExecutor"
		counts = "$coord-bg0"
	)
	on := func(component, stream string, how grouping, keys ...string) input {
		return input{from: component, stream: stream, how: how, fields: keys}
	}
	return blueprint{
		name: "global-alarms", owner: "ops", workers: 3, ackers: 3, timeout: 30, maxPending: 8, age: 21*86400 + 600,
		components: []part{
			{
				id: master, spout: true, executors: 1, tasks: 1,
				class: "org.apache.storm.trident.topology.MasterBatchCoordinator", rate: 4, daily: 0.02,
				outputs: []output{
					{stream: "$batch", fields: []string{"tx"}, factor: 1},
					{stream: "$commit", fields: []string{"tx"}, factor: 1},
					{stream: "$success", fields: []string{"tx"}, factor: 1},
				},
				conf: map[string]any{"topology.max.task.parallelism": 1},
			},
			{
				id: coord, executors: 1, tasks: 1, class: "org.apache.storm.trident.spout.TridentSpoutCoordinator", serviceMs: 0.8,
				inputs:  []input{on(master, "$batch", global), on(master, "$success", global)},
				outputs: []output{{stream: "$batch", fields: []string{"tx", "metadata"}, factor: 0.5}},
			},
			{
				id: "spout-sensors", executors: 12, tasks: 12, class: bolt, serviceMs: 16,
				inputs: []input{on(coord, "$batch", all), on(master, "$success", all)},
				outputs: []output{
					{stream: "s1", fields: []string{"$batchId", "sensor", "region", "value"}, factor: 45},
					{stream: counts, fields: []string{"id", "count"}, factor: 4, direct: true},
				},
			},
			{
				id: "b-0-correlate", executors: 4, tasks: 8, class: bolt, serviceMs: 0.5, skew: 0.5,
				inputs: []input{on("spout-sensors", "s1", fields, "region"), on("spout-sensors", counts, direct)},
				outputs: []output{
					{stream: "s2", fields: []string{"$batchId", "region", "score"}, factor: 0.15},
					{stream: counts, fields: []string{"id", "count"}, factor: 0.014, direct: true},
				},
			},
			{
				id: "b-1-alarm", executors: 2, tasks: 2, class: bolt, serviceMs: 1.1,
				inputs: []input{on("b-0-correlate", "s2", shuffle), on("b-0-correlate", counts, direct), on(master, "$commit", all)},
			},
		},
	}
}

const languageComplaint = `java.lang.Exception: Shell Process Exception: Python UnicodeDecodeError raised while processing Tuple Tuple(id='%d', component='edits', stream='default', task=3, values=EditsDefaultTuple(wiki='dewiki', title='Z\xc3\xbcrich', user='Bot', bytes=212))
Traceback (most recent call last):
  File "language.py", line 36, in process
    language = self.known[title]
KeyError: 'Z\xc3\xbcrich'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "language.py", line 41, in process
    language = classify(title.decode("ascii"))
UnicodeDecodeError: 'ascii' codec can't decode byte 0xc3 in position 1: ordinal not in range(128)

	at org.apache.storm.task.ShellBolt.handleError(ShellBolt.java:232)
	at org.apache.storm.task.ShellBolt$BoltReaderRunnable.run(ShellBolt.java:354)
	at java.base/java.lang.Thread.run(Thread.java:840)
`

const storeComplaint = `java.lang.RuntimeException: write of batch %d took longer than 2000 ms
	at com.example.clicks.StoreBolt.flush(StoreBolt.java:118)
	at com.example.clicks.StoreBolt.execute(StoreBolt.java:74)
	at org.apache.storm.executor.bolt.BoltExecutor.tupleActionFn(BoltExecutor.java:212)
	at org.apache.storm.executor.Executor.acceptTupleAction(Executor.java:298)
	at org.apache.storm.executor.Executor.accept(Executor.java:292)
	at org.apache.storm.utils.JCQueue.consumeImpl(JCQueue.java:113)
	at org.apache.storm.utils.JCQueue.consume(JCQueue.java:89)
	at org.apache.storm.executor.bolt.BoltExecutor$1.call(BoltExecutor.java:154)
	at org.apache.storm.executor.bolt.BoltExecutor$1.call(BoltExecutor.java:140)
	at org.apache.storm.utils.Utils$1.run(Utils.java:398)
	at java.base/java.lang.Thread.run(Thread.java:840)
`
