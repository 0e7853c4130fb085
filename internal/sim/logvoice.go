package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// How a component's own lines reach a file.
type manner int

const (
	javaLog     manner = iota // its logger, in worker.log
	shellLog                  // Storm's storm.py: the worker logs what it is told
	pystormLog                // pystorm without a log path: the same, with a line of pystorm inside
	pystormFile               // pystorm with a log path: a file of its own
)

// speech is what a line may be about: one executor at one moment.
type speech struct {
	r      *rand.Rand
	e      *executor
	task   int
	ms     float64 // what a tuple takes, queue included
	work   float64 // what a tuple takes
	wait   float64 // seconds in the queue
	total  int64   // tuples so far
	acked  int64   // of a spout, in the last period
	failed int64
}

// took is one duration around the average, in milliseconds.
func (s *speech) took() float64 { return s.ms * (0.55 + 0.9*s.r.Float64()) }

func (s *speech) pick(from ...string) string { return from[s.r.IntN(len(from))] }

// voice is a kind of line of a component.
type voice struct {
	logger string  // when it is not the component's class
	every  float64 // tuples between two of an executor; 0 for none by tuples
	period float64 // seconds between two of an executor; 0 for none by time
	level  string
	when   func(s *speech) bool
	say    func(s *speech) string
}

// mannerOf is how a component logs.
func mannerOf(c part) manner {
	switch {
	case !c.shell():
		return javaLog
	case c.id == "language":
		return pystormFile
	case c.id == "geo":
		return pystormLog
	}
	return shellLog
}

// kafkaVoices are the lines of the Kafka client inside a spout.
var kafkaVoices = []voice{{logger: "o.a.k.c.NetworkClient", period: 540, level: "INFO", say: func(s *speech) string {
	group := s.e.of.id
	if g, ok := s.e.of.conf["config.groupid"].(string); ok {
		group = g
	}
	return fmt.Sprintf("[Consumer clientId=consumer-%s-%d, groupId=%s] Node -1 disconnected.", group, s.e.index+1, group)
}}}

// voicesOf are the lines of a component; Storm's own have none.
func voicesOf(t *topology, c *component) []voice {
	if system(c.id) {
		return nil
	}
	if v, ok := voices[t.name+"/"+c.id]; ok {
		return v
	}
	switch {
	case strings.HasSuffix(c.class, ".KafkaSpout"):
		return kafkaVoices
	case strings.HasPrefix(c.class, "org.apache.storm."):
		return nil // it says nothing while all is well
	case c.spout:
		return []voice{{period: 60, level: "INFO", say: sayEmitted}}
	case c.shell():
		return []voice{{every: 400, level: "INFO", say: func(s *speech) string { return fmt.Sprintf("took %.0f ms", s.took()) }}}
	}
	return []voice{{every: 5000, level: "INFO", say: func(s *speech) string {
		return fmt.Sprintf("processed %d tuples, the last took %.1f ms", s.total, s.took())
	}}}
}

func sayEmitted(s *speech) string {
	return fmt.Sprintf("emitted %d tuples (acked %d, failed %d since the last report)", s.total, s.acked, s.failed)
}

func slowQueue(s *speech) bool { return s.wait > 2 }

var words = strings.Fields("the and a seven ago years keeps doctor away apple cow jumped over moon snow white dwarfs four score at nature two am i with der die und ein grüßt süße の は Zebra")

// voices are the lines of the demo's components.
var voices = map[string][]voice{
	"wordcount/sentences": {{period: 30, level: "INFO", say: sayEmitted}},
	"wordcount/split": {
		{every: 90, level: "INFO", say: func(s *speech) string {
			return fmt.Sprintf("took %.0f ms for %d words", max(1, s.took()), 5+s.r.IntN(6))
		}},
		{every: 2600, level: "WARN", say: func(s *speech) string {
			return fmt.Sprintf("sentence of %d words cut to 64", 65+s.r.IntN(40))
		}},
	},
	"wordcount/count": {{every: 2000, level: "INFO", say: func(s *speech) string {
		var out strings.Builder
		fmt.Fprintf(&out, "top words of task %d after %d", s.task, s.total/2000*2000)
		n := int(float64(s.total) * 0.05)
		for range 5 {
			fmt.Fprintf(&out, "\n  %-10s %6d", s.pick(words...), n)
			n = n * (70 + s.r.IntN(30)) / 100
		}
		return out.String()
	}}},
	"wikipedia-trends/edits": {
		{period: 20, level: "INFO", say: func(s *speech) string {
			return fmt.Sprintf("stream at event %d, %d acked and %d failed since the last report", s.total, s.acked, s.failed)
		}},
	},
	"wikipedia-trends/language": {
		{every: 30, level: "INFO", say: func(s *speech) string {
			return fmt.Sprintf("%s is %s, took %.1f ms", s.pick("Main_Page", "Berlin", "Storm", "Lisboa", "Paris", "Talk:Go"), s.pick("en", "de", "fr", "pt", "es"), s.took())
		}},
		{every: 1500, level: "WARN", say: func(s *speech) string {
			return fmt.Sprintf("low confidence 0.%d for %q", 20+s.r.IntN(30), s.pick("Q42", "OK", "1984", "Λ"))
		}},
	},
	"wikipedia-trends/trends": {{period: 30, level: "INFO", say: func(s *speech) string {
		return fmt.Sprintf("window of 300 s closed: %d titles, %d above the threshold", 200+s.r.IntN(900), s.r.IntN(12))
	}}},
	"wikipedia-trends/ranking": {{period: 15, level: "INFO", say: func(s *speech) string {
		return fmt.Sprintf("ranking\n  1. %s\n  2. %s\n  3. %s", s.pick("Berlin", "Lisboa"), s.pick("Storm", "Main_Page"), s.pick("Paris", "Talk:Go"))
	}}},
	"twitter-clicks/parse": {{every: 3000, level: "WARN", say: func(s *speech) string {
		return fmt.Sprintf("dropped a click without %s at offset %d", s.pick("user", "url", "address"), 40_000_000+s.total)
	}}},
	"twitter-clicks/geo": {
		{every: 120, level: "INFO", say: func(s *speech) string {
			return fmt.Sprintf("lookup of 10.%d.%d.%d took %.1f ms", s.r.IntN(256), s.r.IntN(256), 1+s.r.IntN(254), s.took())
		}},
		{every: 2500, level: "WARN", say: func(s *speech) string {
			return fmt.Sprintf("no country for 10.%d.%d.%d, stored as ZZ", s.r.IntN(256), s.r.IntN(256), 1+s.r.IntN(254))
		}},
	},
	"twitter-clicks/store": {
		{every: 250, level: "INFO", say: func(s *speech) string {
			return fmt.Sprintf("flushed 250 rows in %.0f ms", 250*s.work*(0.9+0.2*s.r.Float64()))
		}},
		{every: 500, level: "WARN", when: slowQueue, say: func(s *speech) string {
			return fmt.Sprintf("rows waited %.0f ms in the queue", s.wait*1000*(0.9+0.2*s.r.Float64()))
		}},
	},
	"global-alarms/b-0-correlate": {{logger: "c.e.a.Correlate", every: 2000, level: "INFO", say: func(s *speech) string {
		return fmt.Sprintf("region=%s sensors=%d score=%.2f took=%.1fms", s.pick("eu-west", "eu-north", "us-east", "ap-south"), 40+s.r.IntN(50), s.r.Float64(), s.took())
	}}},
	"global-alarms/b-1-alarm": {{logger: "c.e.a.AlarmSink", every: 400, level: "WARN", say: func(s *speech) string {
		return fmt.Sprintf(`{"alarm":%q,"region":%q,"score":%.2f,"sensor":%d}`, s.pick("overheat", "silence", "vibration"), s.pick("eu-west", "eu-north", "us-east", "ap-south"), 0.8+0.2*s.r.Float64(), s.r.IntN(9000))
	}}},
}
