package zkview

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// heartbeats reads the times of every worker's heartbeat.
func (r *reading) heartbeats() {
	var names []string // "<topology id>/<node>-<port>"
	var mu sync.Mutex
	r.each(r.list(false, "workerbeats"), func(id string) {
		listed := r.list(false, "workerbeats", id)
		mu.Lock()
		defer mu.Unlock()
		for _, name := range listed {
			names = append(names, id+"/"+name)
		}
	})
	slices.Sort(names)
	if len(names) > maxNodes {
		r.put(func(v *View) {
			v.Missing["/workerbeats"] = "only the first " + strconv.Itoa(maxNodes) +
				" of " + strconv.Itoa(len(names)) + " heartbeats are read"
		})
		names = names[:maxNodes]
	}
	r.each(names, func(name string) {
		id, worker, _ := strings.Cut(name, "/")
		if beat, ok := r.heartbeat(id, worker); ok {
			r.put(func(v *View) { v.Heartbeats[id] = append(v.Heartbeats[id], beat) })
		}
	})
}

// heartbeat reads one worker's heartbeat, whose payload is fetched only when it
// was rewritten: on 2.x that is once a minute.
func (r *reading) heartbeat(id, name string) (Heartbeat, bool) {
	i := strings.LastIndexByte(name, '-')
	port, err := strconv.Atoi(name[i+1:])
	if i <= 0 || err != nil {
		return Heartbeat{}, false
	}
	slot := Slot{Node: name[:i], Port: port}
	path := r.c.join("workerbeats", id, name)
	stat, err := r.c.exists(r.ctx, path, false)
	if err != nil {
		r.missing(path, err)
		return Heartbeat{}, false
	}
	if beat, ok := r.c.beats.get(path, stat.Mzxid, r.round); ok {
		return beat, true
	}
	// What was written is dated by ZooKeeper even when it cannot be read.
	beat := Heartbeat{Slot: slot, Time: stat.Mtime.Truncate(time.Second)}
	there := r.decoded(path, func(rec record, read Stat) error {
		decoded, err := toHeartbeat(slot, rec)
		if err == nil {
			beat = decoded
			r.c.beats.put(path, read.Mzxid, r.round, beat)
		}
		return err
	})
	return beat, there
}

// beats keeps decoded heartbeats by the change that wrote them.
type beats struct {
	mu   sync.Mutex
	kept map[string]keptBeat
}

type keptBeat struct {
	zxid  int64
	round uint64
	beat  Heartbeat
}

func newBeats() *beats { return &beats{kept: make(map[string]keptBeat)} }

func (b *beats) get(path string, zxid int64, round uint64) (Heartbeat, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.kept[path]
	if !ok || k.zxid != zxid {
		return Heartbeat{}, false
	}
	k.round = round
	b.kept[path] = k
	return k.beat, true
}

func (b *beats) put(path string, zxid int64, round uint64, beat Heartbeat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[path] = keptBeat{zxid: zxid, round: round, beat: beat}
}

// end drops the heartbeats that the round did not see.
func (b *beats) end(round uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.kept, func(_ string, k keptBeat) bool { return k.round < round })
}
