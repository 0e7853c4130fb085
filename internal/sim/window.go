package sim

// sampling is 1 / topology.stats.sample.rate: one event in so many is counted,
// as so many.
const sampling = 20

// Storm's windows in seconds, by which its maps are keyed; behind them comes
// the time since the executor began.
var (
	windowSecs  = [3]float64{600, 10800, 86400}
	windowNames = [4]string{"600", "10800", "86400", allTime}
)

const (
	allTime = ":all-time"
	buckets = 20 // of each window; the oldest falls out whole
)

// window is an amount in Storm's windows.
type window struct {
	ring [3][buckets]float64
	sum  [3]float64
	all  float64
}

func (w *window) add(at [3]int, n float64) {
	for i, b := range at {
		w.ring[i][b] += n
		w.sum[i] += n
	}
	w.all += n
}

// turn empties bucket b of window i, which becomes the current one.
func (w *window) turn(i, b int) {
	w.sum[i] -= w.ring[i][b]
	w.ring[i][b] = 0
}

// of returns the amount of window i; 3 is all time.
func (w *window) of(i int) float64 {
	if i == len(w.sum) {
		return w.all
	}
	return w.sum[i]
}

// counter counts tuples as Storm does: every twentieth, evenly.
type counter struct {
	window
	rest float64 // tuples since the last that was counted
}

// count takes n tuples and returns how many were counted for them.
func (c *counter) count(at [3]int, n float64) float64 {
	c.rest += n
	counted := float64(int64(c.rest/sampling)) * sampling
	if counted > 0 {
		c.rest -= counted
		c.add(at, counted)
	}
	return counted
}

// clock turns the windows of everything that shares it.
type clock struct {
	windows []*window
	at      [3]int
	next    [3]float64 // when the next bucket begins, seconds of the world
}

// advance moves to now and empties the buckets that came round.
func (c *clock) advance(now float64) {
	for i, secs := range windowSecs {
		step := secs / buckets
		if c.next[i] == 0 {
			c.next[i] = now + step
		}
		if now < c.next[i] {
			continue
		}
		passed := int((now-c.next[i])/step) + 1
		c.next[i] += step * float64(passed)
		if passed >= buckets {
			c.at[i] = (c.at[i] + passed) % buckets
			for _, w := range c.windows {
				w.ring[i], w.sum[i] = [buckets]float64{}, 0
			}
			continue
		}
		for range passed {
			c.at[i] = (c.at[i] + 1) % buckets
			for _, w := range c.windows {
				w.turn(i, c.at[i])
			}
		}
	}
}
