package cluster

import "time"

// budget bounds the calls a second: a bucket that holds one second's worth, so
// that what a screen needs first goes out at once.
type budget struct {
	perSec int
	tokens float64
	at     time.Time
}

func (b *budget) refill(now time.Time) {
	if b.at.IsZero() {
		b.tokens = float64(b.perSec)
	} else if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(float64(b.perSec), b.tokens+passed*float64(b.perSec))
	}
	b.at = now
}

// available is the number of calls that may be made now.
func (b *budget) available(now time.Time) int {
	b.refill(now)
	return int(b.tokens + 1e-6)
}

// spend takes calls that were made.
func (b *budget) spend(n int) { b.tokens -= float64(n) }

// wait is how long until one call may be made.
func (b *budget) wait(now time.Time) time.Duration {
	b.refill(now)
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / float64(b.perSec) * float64(time.Second))
}
