package cluster

import (
	"errors"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

const (
	firstBackoff, lastBackoff = 500 * time.Millisecond, 30 * time.Second
	// leastBackoff keeps full jitter from asking twice in the same moment.
	leastBackoff = 100 * time.Millisecond
	// electionEvery is how often the seeds are asked while a leader is missing.
	// Where nobody answers at all, that too looks like an election for the
	// length of electionFor.
	electionEvery, electionFor = 2 * time.Second, 2 * time.Minute
)

// backoff is the wait before polling again after the n-th failure in a row:
// a random share of a span that doubles from half a second to half a minute
// (full jitter), so that consoles that lost the same Nimbus do not come back
// together.
func backoff(attempt int, jitter float64) time.Duration {
	span := min(lastBackoff, firstBackoff<<min(max(attempt-1, 0), 10))
	return max(leastBackoff, time.Duration(float64(span)*jitter))
}

// retryIn is the wait before polling again. An election is short and its end
// must be seen soon: while somebody answers that nobody leads, and for a while
// after a cluster that was known fell silent, the seeds are asked every two
// seconds.
func retryIn(err error, attempt int, known bool, failing time.Duration, jitter float64) time.Duration {
	wait := backoff(attempt, jitter)
	switch {
	case electing(err), known && failing < electionFor:
		if attempt > 1 {
			return electionEvery
		}
		return min(wait, electionEvery)
	}
	return wait
}

// electing reports whether an error means that nobody leads right now.
func electing(err error) bool {
	return errors.Is(err, nimbusclient.ErrNoLeader) || errors.Is(err, nimbusclient.ErrNotLeader)
}
