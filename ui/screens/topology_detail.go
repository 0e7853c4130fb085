package screens

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// topologyDetails is what the list says about the topology under the cursor.
func topologyDetails(env screen.Env, r topologyRow, hint diagnose.Hint, w int) []kit.Line {
	if w < wide {
		return briefDetails(env, r, hint, w)
	}
	indent := "   "
	lines := []kit.Line{kit.T(indent).Then(provenance(env, r))}
	if l := workersLine(env, r, w-len(indent)); l != nil {
		lines = append(lines, kit.T(indent).Then(l))
	}
	if r.err != nil {
		return append(lines, kit.T(indent).Then(refusal(env, "getTopologyPageInfo", r.err)))
	}
	lines = append(lines, kit.T(indent).Then(totalsLine(env, r)))
	if l := against(env, r); l != nil {
		lines = append(lines, kit.T(indent).Then(l))
	}
	if hint.Text != "" {
		lines = append(lines, kit.T(indent).Then(kit.Line{kitLevel(hint.Level).Span(env.Theme.Glyphs)}).Add(theme.Dim, " hint    ").Text(hint.Text))
	}
	return lines
}

func briefDetails(env screen.Env, r topologyRow, hint diagnose.Hint, w int) []kit.Line {
	lines := []kit.Line{kit.T(" id " + r.ID)}
	sizes := kit.T(" ")
	if text := wanted(env, r); text != "" {
		sizes = sizes.Text(text + " · ")
	}
	sizes = sizes.Text(human.Opt(r.Executors, human.Count[int], human.Unknown) + " executors")
	if secs, ok := timeoutOf(env, r.top); ok {
		sizes = sizes.Text(" · timeout " + human.Age(secs))
	}
	lines = append(lines, sizes)
	if r.err != nil {
		return append(lines, kit.T(" ").Then(refusal(env, "getTopologyPageInfo", r.err)))
	}
	if hint.Text == "" {
		return lines
	}
	const most = 2
	for i, text := range wrap(safetext.Clean(hint.Text), w-6) {
		if i == most {
			lines[len(lines)-1] = lines[len(lines)-1].Text(" " + env.Theme.Glyphs.More)
			break
		}
		mark := kit.T("  ")
		if i == 0 {
			mark = kit.Line{kitLevel(hint.Level).Span(env.Theme.Glyphs)}.Text(" ")
		}
		lines = append(lines, kit.T(" ").Then(mark).Text(text))
	}
	return lines
}

// provenance says whose the topology is, since when, and with which settings.
func provenance(env screen.Env, r topologyRow) kit.Line {
	l := kit.Line{}
	add := func(label, value string) {
		if len(l) > 0 {
			l = l.Add(theme.Dim, " · ")
		}
		l = l.Add(theme.Dim, label+" ").Text(value)
	}
	if r.Owner != nil && *r.Owner != "" {
		add("owner", *r.Owner)
	}
	if at, ok := submitted(env, r); ok {
		add("submitted", at.In(env.Now.Location()).Format("2006-01-02 15:04Z07:00"))
	}
	if r.StormVersion != nil && *r.StormVersion != "" {
		add("storm", *r.StormVersion)
	}
	if r.ReplicationCount != nil {
		add("replication", human.Count(*r.ReplicationCount))
	}
	switch {
	case r.SchedStatus == nil:
	case *r.SchedStatus == "":
		add("sched_status", "empty")
	default:
		add("sched_status", *r.SchedStatus)
	}
	if secs, ok := timeoutOf(env, r.top); ok {
		add("message timeout", human.Age(secs))
	}
	return l
}

// submitted is when the topology was launched, as ZooKeeper has it or as its
// uptime tells.
func submitted(env screen.Env, r topologyRow) (time.Time, bool) {
	if env.Snap.ZK != nil {
		if base := env.Snap.ZK.Storms[r.ID]; base.LaunchTime != nil {
			return time.Unix(*base.LaunchTime, 0), true
		}
	}
	if r.UptimeSecs == nil || env.Snap.ClusterAt.IsZero() {
		return time.Time{}, false
	}
	return env.Snap.ClusterAt.Add(-time.Duration(*r.UptimeSecs) * time.Second), true
}

// timeoutOf is the topology's message timeout, from its own configuration, else
// from Nimbus'.
func timeoutOf(env screen.Env, t *cluster.Topology) (time.Duration, bool) {
	const setting = "topology.message.timeout.secs"
	var value any
	switch {
	case t != nil && t.Conf[setting] != nil:
		value = t.Conf[setting]
	case env.Snap.NimbusConf[setting] != nil:
		value = env.Snap.NimbusConf[setting]
	}
	switch secs := value.(type) {
	case float64:
		return time.Duration(secs * float64(time.Second)), true
	case int:
		return time.Duration(secs) * time.Second, true
	case int64:
		return time.Duration(secs) * time.Second, true
	}
	return 0, false
}

// wanted says how many workers were asked for and how many there are.
func wanted(env screen.Env, r topologyRow) string {
	if r.Workers == nil {
		return ""
	}
	if env.Snap.ZK != nil {
		if base := env.Snap.ZK.Storms[r.ID]; base.Workers != nil {
			return fmt.Sprintf("wanted %d, assigned %d", *base.Workers, *r.Workers)
		}
	}
	return fmt.Sprintf("assigned %d", *r.Workers)
}

// workersOf lists a topology's workers as host:port, from its page or, without
// it, from the hosts.
func workersOf(env screen.Env, t *cluster.Topology, id string) []string {
	var list []string
	if t != nil {
		if p := newestPage(t); p != nil {
			for _, w := range p.Workers {
				list = append(list, fmt.Sprintf("%s:%d", w.Host, w.Port))
			}
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, h := range env.Snap.Hosts {
		for _, slot := range h.Slots {
			if slot.TopologyID == id {
				list = append(list, fmt.Sprintf("%s:%d", h.Name, slot.Port))
			}
		}
	}
	slices.SortFunc(list, kit.Natural)
	return list
}

func workersLine(env screen.Env, r topologyRow, w int) kit.Line {
	list := workersOf(env, r.top, r.ID)
	tail := wanted(env, r)
	if len(list) == 0 && tail == "" {
		return nil
	}
	l := kit.S(theme.Dim, "workers   ")
	room := w - l.Width() - len(tail) - 4
	return l.Then(kit.T(strings.Join(list, " ")).Cut(room, false)).Add(theme.Dim, "   "+tail)
}

func totalsLine(env screen.Env, r topologyRow) kit.Line {
	l := kit.S(theme.Dim, "totals    ")
	est := r.top == nil || r.top.SampleRate != 1
	for i, part := range []struct {
		name  string
		value *int64
	}{{"emitted", r.totals.Emitted}, {"transferred", r.totals.Transferred}, {"acked", r.totals.Acked}, {"failed", r.totals.Failed}} {
		if i > 0 {
			l = l.Text("  ")
		}
		l = l.Add(theme.Dim, part.name+" ").Text(approx(est, human.Opt(part.value, human.Count[int64], human.None)))
	}
	return l.Add(theme.Dim, "   in "+windowName(env.Window))
}

// against compares the window with the next longer one; nil where there is
// nothing to compare.
func against(env screen.Env, r topologyRow) kit.Line {
	longer := nextWindow(env.Window)
	page := (*nimbusclient.Topology)(nil)
	if r.top != nil {
		page = newestPage(r.top)
	}
	if env.Window == nimbusclient.WindowAll || page == nil || r.UptimeSecs == nil || !some(r.totals.Acked) && !some(r.totals.Emitted) {
		return nil
	}
	before := page.Totals[longer]
	l := kit.S(theme.Dim, "against "+windowName(longer)+" ")
	now, was := perSecond(r.totals.Emitted, env.Window, *r.UptimeSecs), perSecond(before.Emitted, longer, *r.UptimeSecs)
	if was > 0 && !math.IsNaN(now) {
		l = l.Add(theme.Dim, "  emitted ").Text(change(now/was - 1))
	}
	if r.totals.CompleteMs != nil && before.CompleteMs != nil && some(r.totals.Acked) {
		l = l.Add(theme.Dim, "   complete ").Text(human.Latency(*r.totals.CompleteMs)).
			Add(theme.Dim, " (was "+human.Latency(*before.CompleteMs)+")")
	}
	if old := failShare(before.Acked, before.Failed, r.top.SampleRate); !math.IsNaN(old) && !math.IsNaN(r.fails) {
		l = l.Add(theme.Dim, "   failed ").Then(shareCell(r.fails, failLevel(r.fails))).Add(theme.Dim, " (was "+human.Share(old)+")")
	}
	return l
}

// change writes a growth in percent with its sign.
func change(by float64) string {
	percent := math.Round(by * 100)
	switch {
	case math.Abs(percent) >= 1000:
		return fmt.Sprintf("×%.0f", by+1)
	case percent >= 0:
		return fmt.Sprintf("+%.0f %%", percent)
	}
	return fmt.Sprintf("−%.0f %%", -percent)
}

// perSecond is a counter of a window over the part of it that the topology has
// lived; NaN without either.
func perSecond(n *int64, w nimbusclient.Window, uptime int) float64 {
	span := uptime
	if w != nimbusclient.WindowAll {
		span = min(w.Seconds(), uptime)
	}
	if n == nil || span <= 0 {
		return math.NaN()
	}
	return float64(*n) / float64(span)
}

// worstHint is the first thing to say about a topology's numbers; without a
// text when all is well.
func worstHint(r topologyRow) diagnose.Hint {
	if r.top == nil {
		return diagnose.Hint{}
	}
	hints := diagnose.Hints(r.top, newestPage(r.top), diagnose.Defaults())
	if len(hints) == 0 {
		return diagnose.Hint{}
	}
	return hints[0]
}
