package sim

import "fmt"

// peer is what a worker knows of another one of its topology.
type peer struct {
	at       slot
	attempts int
	next     float64 // attempt to connect
}

// How often a worker tries to reach one that is not there: a host without power
// lets every attempt wait.
const (
	retrySecs     = 1
	retryLostSecs = 4
)

// peers queues what a worker says about those that it sends to: a connection
// that broke, attempts at a new one, and a new place.
func (s *place) peers(now float64) {
	if s.knows == nil {
		s.knows = map[*worker]*peer{}
	}
	here := map[*worker]bool{}
	for _, wk := range s.t.workers {
		if wk == s.life.wk {
			continue
		}
		here[wk] = true
		p := s.knows[wk]
		if p == nil {
			p = &peer{at: slot{wk.host, wk.port}}
			s.knows[wk] = p
		}
		if is := (slot{wk.host, wk.port}); is != p.at {
			s.refreshed(now, "closing Netty Client Netty-Client-/"+addressOfSlot(p.at))
			s.refreshed(now, "Creating Netty Client, connecting to "+addressOfSlot(is)+", bufferSize: 5242880, lowWatermark: 8388608, highWatermark: 16777216")
			*p = peer{at: is}
		}
		if wk.running() {
			p.attempts = 0
			continue
		}
		s.unreachable(p, wk, now)
	}
	for wk := range s.knows {
		if !here[wk] {
			delete(s.knows, wk)
		}
	}
}

func (s *place) refreshed(now float64, text string) {
	s.say(now-0.1, "o.a.s.m.n.Client", "refresh-connections-timer", "INFO", text)
}

// unreachable queues what the absence of a peer makes a worker say.
func (s *place) unreachable(p *peer, wk *worker, now float64) {
	name := "/" + addressOfSlot(p.at)
	if p.attempts == 0 {
		s.say(now-0.3, "o.a.s.m.n.Client", "Worker-Transfer", "ERROR", "connection to Netty-Client-"+name+" is unavailable")
		s.say(now-0.299, "o.a.s.m.n.Client", "Worker-Transfer", "INFO", fmt.Sprintf("Dropping %d messages", 1+s.life.random.IntN(200)))
		p.next = now - 0.2
	}
	why, every := "Connection refused", float64(retrySecs)
	if wk.host.lost {
		why, every = "No route to host", retryLostSecs
	}
	for p.next <= now {
		p.attempts++
		s.say(p.next, "o.a.s.m.n.Client", "client-worker-1", "ERROR", fmt.Sprintf("connection attempt %d to Netty-Client-%s failed: org.apache.storm.shade.io.netty.channel.AbstractChannel$AnnotatedConnectException: %s: %s", p.attempts, name, why, name))
		p.next += every * (0.9 + 0.2*s.life.random.Float64())
	}
}

func addressOfSlot(at slot) string { return fmt.Sprintf("%s:%d", addressOf(at.host.name), at.port) }
