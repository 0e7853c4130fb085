package cluster

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// maxComponentPages bounds the component pages kept of one topology.
const maxComponentPages = 64

// detail is what was read about one topology. Its values are replaced, never
// changed, so that snapshots may share them.
type detail struct {
	pages      map[PageKey]*nimbusclient.Topology
	pageAt     map[PageKey]time.Time
	info       *nimbusclient.TopologyInfo
	infoAt     time.Time
	structure  *nimbusclient.Structure
	components map[ComponentKey]*nimbusclient.Component
	compAt     map[ComponentKey]time.Time
	logConfig  map[string]nimbusclient.LogLevel
	logAt      time.Time
	errs       map[string]error

	// conf is what getTopologyConf said, pageConf what came with a page; they
	// differ in what Storm merges into them.
	conf, pageConf         map[string]any
	confText, pageConfText string
	confAt                 time.Time // zero makes it due again

	// taskOf names the component of each task, and tasks counts them. Tasks
	// are fixed when a topology is submitted, so one reading is enough.
	taskOf map[int]string
	tasks  map[string]int
	// drift is what differed in the newest reading of ZooKeeper, driftAt since
	// when it has been the same, settled what is believed.
	drift   []Drift
	driftAt time.Time
	settled []Drift

	trends trends
	// rates are those of info, structure and window.
	rates       TopologyRates
	ratesOf     *nimbusclient.TopologyInfo
	ratesShape  *nimbusclient.Structure
	ratesWindow nimbusclient.Window
}

func newDetail() *detail {
	return &detail{
		pages: map[PageKey]*nimbusclient.Topology{}, pageAt: map[PageKey]time.Time{},
		components: map[ComponentKey]*nimbusclient.Component{}, compAt: map[ComponentKey]time.Time{},
		errs: map[string]error{},
	}
}

// setPage takes a topology page. The configuration in it is decoded only when
// its text changed; then the one asked for by itself is due again too.
func (d *detail) setPage(key PageKey, p *nimbusclient.Topology, at time.Time) {
	d.pages[key], d.pageAt[key] = p, at
	if p.Conf != "" && p.Conf != d.pageConfText {
		if d.pageConfText != "" {
			d.confAt = time.Time{}
		}
		d.pageConf, d.pageConfText = decode(p.Conf), p.Conf
	}
}

func (d *detail) setComponent(key ComponentKey, c *nimbusclient.Component, at time.Time) {
	d.components[key], d.compAt[key] = c, at
	for len(d.components) > maxComponentPages {
		oldest := key
		for k := range d.components {
			if d.compAt[k].Before(d.compAt[oldest]) {
				oldest = k
			}
		}
		delete(d.components, oldest)
		delete(d.compAt, oldest)
	}
}

func (d *detail) setConf(text string, at time.Time) {
	if text != d.confText || d.conf == nil {
		d.conf, d.confText = decode(text), text
	}
	d.confAt = at
}

// configuration is the best one known, and the call it came from.
func (d *detail) configuration() (conf map[string]any, call string) {
	switch {
	case d.conf != nil:
		return d.conf, callConf
	case d.pageConf != nil:
		return d.pageConf, callPage
	}
	return nil, ""
}

// setInfo takes all executors. step is the time between two readings.
func (d *detail) setInfo(info *nimbusclient.TopologyInfo, at time.Time, step time.Duration) {
	d.info, d.infoAt = info, at
	d.trends.see(info, step)
	if d.taskOf == nil && len(info.ExecutorList) > 0 {
		d.taskOf, d.tasks = map[int]string{}, map[string]int{}
		for _, e := range info.ExecutorList {
			for task := max(e.ID.Start, 0); task <= e.ID.End; task++ {
				d.taskOf[task] = e.Component
				d.tasks[e.Component]++
			}
		}
	}
}

// settleFor is how long desired and actual numbers must differ, in two readings
// at least, before it is called a drift: a reading of ZooKeeper takes a moment,
// in which a rebalance may move both.
const settleFor = 2 * time.Second

// setDrift notes what differs in a reading of ZooKeeper.
func (d *detail) setDrift(now []Drift, at time.Time) {
	switch {
	case !slices.Equal(now, d.drift) || d.driftAt.IsZero():
		d.drift, d.driftAt, d.settled = now, at, nil
	case at.Sub(d.driftAt) >= settleFor:
		d.settled = now
	}
}

// heartbeat is how often the topology's statistics move, where it sets that
// itself.
func (d *detail) heartbeat(cluster time.Duration, line nimbusclient.Line) time.Duration {
	conf, _ := d.configuration()
	if line == nimbusclient.V2 || line == nimbusclient.LineUnknown {
		if secs, ok := number(conf["executor.metrics.frequency.secs"]); ok && secs >= 1 {
			return time.Duration(secs * float64(time.Second))
		}
	}
	return cluster
}

// allRates are the rates of the topology over a window, from its executors where
// they are known and no older than two periods against the pages, else from the
// pages of the topology and of its components.
func (d *detail) allRates(w nimbusclient.Window, period time.Duration, youngest *int) TopologyRates {
	if d.info != nil && d.newestPageAt().Sub(d.infoAt) <= 2*period {
		if d.ratesOf != d.info || d.ratesShape != d.structure || d.ratesWindow != w {
			d.rates = Rates(d.info, d.structure, w)
			d.trends.fill(&d.rates)
			d.ratesOf, d.ratesShape, d.ratesWindow = d.info, d.structure, w
		}
		return d.rates
	}
	out := pageRates(d.page(w), w, youngest)
	for _, key := range slices.SortedFunc(maps.Keys(d.components), func(a, b ComponentKey) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), d.compAt[a].Compare(d.compAt[b]))
	}) {
		if key.Window == w {
			out.addComponent(d.components[key], isShell(d.structure, key.Component))
		}
	}
	out.shells(d.structure)
	return out
}

func (d *detail) newestPageAt() time.Time {
	var newest time.Time
	for _, at := range d.pageAt {
		newest = later(newest, at)
	}
	return newest
}

// page is the newest page of the window if there is one, else the newest of any,
// which holds the totals of all windows too; nil when none was read.
func (d *detail) page(w nimbusclient.Window) *nimbusclient.Topology {
	var newest *nimbusclient.Topology
	var newestKey PageKey
	for key, p := range d.pages {
		if newest == nil || (key.Window == w) != (newestKey.Window == w) && key.Window == w ||
			(key.Window == w) == (newestKey.Window == w) && d.pageAt[key].After(d.pageAt[newestKey]) {
			newest, newestKey = p, key
		}
	}
	return newest
}

// sampleRate is the share of tuples that are measured, as the configuration or
// the executors say; Storm's default until then.
func (d *detail) sampleRate() float64 {
	conf, _ := d.configuration()
	if rate, ok := number(conf["topology.stats.sample.rate"]); ok && rate > 0 && rate <= 1 {
		return rate
	}
	if d.info != nil {
		for _, e := range d.info.ExecutorList {
			if e.Stats != nil && e.Stats.SampleRate != nil && !system(e.Component) && *e.Stats.SampleRate > 0 {
				return *e.Stats.SampleRate
			}
		}
	}
	return defaultSampleRate
}

// decode reads a configuration as Nimbus sends it; what is no object is empty.
func decode(text string) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return map[string]any{}
	}
	return out
}

func number(v any) (float64, bool) {
	n, ok := v.(float64)
	return n, ok
}
