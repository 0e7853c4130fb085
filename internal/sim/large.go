package sim

import "fmt"

// The sizes of the large world.
const (
	largeTopologies = 1000
	largeExecutors  = 5000 // of its largest topology
)

// largeBlueprints are the demo's topologies and enough others around them.
func largeBlueprints() []blueprint {
	out := append(demoBlueprints(), firehose())
	teams := []string{"ads", "billing", "fraud", "infra", "mail", "maps", "retail", "search", "social", "video"}
	subjects := []string{
		"accounts", "alerts", "carts", "catalog", "clicks", "crashes", "events", "feeds", "heartbeats", "images",
		"invoices", "logins", "orders", "payments", "prices", "queries", "ratings", "routes", "sessions", "views",
	}
	kinds := []string{"enrich", "export", "index", "rollup", "rules"}
	for i := 0; len(out) < largeTopologies; i++ {
		team, subject, kind := teams[i%len(teams)], subjects[i/len(teams)%len(subjects)], kinds[i/len(teams)/len(subjects)%len(kinds)]
		out = append(out, pipeline(i, team, team+"-"+subject+"-"+kind))
	}
	return out
}

// pipeline is one of many: a few executors behind a Kafka topic, every third
// with a Python bolt.
func pipeline(i int, owner, name string) blueprint {
	work := part{
		id: "transform", executors: 4, tasks: 4, class: fmt.Sprintf("com.example.%s.TransformBolt", owner), serviceMs: 0.4 + float64(i%17)/10,
		inputs: []input{from("source", localOrShuffle)}, outputs: []output{emits(1, "key", "value")},
	}
	if i%3 == 0 {
		work.class, work.command, work.script = "", "python3", "transform.py"
	}
	return blueprint{
		name: name, owner: owner, workers: 2, ackers: 2, timeout: 30, maxPending: 1000, age: 86400 * float64(2+i%60),
		components: []part{
			{
				id: "source", spout: true, executors: 2, tasks: 2, class: "org.apache.storm.kafka.spout.KafkaSpout",
				rate: 40 + float64(i*37%400), daily: 0.2, replays: true, outputs: []output{emits(1, "topic", "partition", "offset", "key", "value")},
				conf: map[string]any{"config.topics": name, "config.groupid": name, "config.bootstrap.servers": "k1:9092,k2:9092,k3:9092"},
			},
			work,
			{
				id: "write", executors: 4, tasks: 4, class: fmt.Sprintf("com.example.%s.WriteBolt", owner), serviceMs: 1.2 + float64(i%7)/5, skew: 0.3,
				inputs: []input{from("transform", fields, "key")},
			},
		},
	}
}

// firehose is one topology that fills a rack.
func firehose() blueprint {
	const ackers = 100
	executors := func(share float64) int { return int(share * (largeExecutors - ackers)) }
	b := blueprint{
		name: "firehose", owner: "infra", workers: 100, ackers: ackers, timeout: 60, maxPending: 2000, age: 5 * 86400,
		components: []part{
			{
				id: "ingest", spout: true, executors: executors(0.1), class: "org.apache.storm.kafka.spout.KafkaSpout",
				rate: 90000, daily: 0.2, replays: true, outputs: []output{emits(1, "topic", "partition", "offset", "key", "value")},
			},
			{
				id: "decode", executors: executors(0.2), class: "com.example.firehose.DecodeBolt", serviceMs: 4,
				inputs: []input{from("ingest", localOrShuffle)}, outputs: []output{emits(0.99, "account", "event")},
			},
			{
				id: "classify", executors: executors(0.4), command: "python3", script: "classify.py", serviceMs: 11,
				inputs: []input{from("decode", shuffle)}, outputs: []output{emits(1, "account", "event", "class")},
			},
			{
				id: "aggregate", executors: executors(0.2), class: "com.example.firehose.AggregateBolt", serviceMs: 3, skew: 0.3, keyed: true,
				inputs: []input{from("classify", fields, "account")}, outputs: []output{emits(0.1, "account", "class", "count")},
			},
			{
				id: "store", executors: executors(0.1), class: "com.example.firehose.StoreBolt", serviceMs: 12,
				inputs: []input{from("aggregate", shuffle)},
			},
		},
	}
	for i := range b.components {
		b.components[i].tasks = b.components[i].executors
	}
	return b
}
