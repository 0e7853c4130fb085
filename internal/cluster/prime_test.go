package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormtop/stormtop/nimbusclient"
)

// The trends begin with what the cluster did before Run; nothing else does.
func TestPrimedTrendsComeBeforeThosePolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNimbus{cluster: many(2), conf: `{"executor.metrics.frequency.secs": 10}`}
		beats := 0
		beat := func() {
			beats++
			info := infoOf(bolt(1, 1, 10*beats, int64(50*beats*beats), 0, 0))
			n.set(func(n *fakeNimbus) { n.infos = map[string]nimbusclient.TopologyInfo{"t000-1": *info, "t001-1": *info} })
		}
		beat()
		p := New(Config{Nimbus: n})
		first := func(row nimbusclient.TopologySummary) bool { return row.ID == "t000-1" }
		if err := p.Prime(t.Context(), 4, first, beat); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Run(ctx)
		}()
		defer func() { cancel(); <-done }()
		if s := newest(t, p); len(s.Topologies["t000-1"].Pages) != 0 || s.Topologies["t000-1"].Info != nil || len(s.Feed) != 0 {
			t.Errorf("more than trends was kept: %+v", s.Topologies["t000-1"])
		}
		p.Demand(Demand{Infos: map[string]bool{"t000-1": true, "t001-1": true}})
		time.Sleep(time.Second)
		beat()
		time.Sleep(20 * time.Second)
		s := newest(t, p)
		if got := s.Topologies["t000-1"].Rates.Components["count"].In.Trend; !slices.Equal(got, []float64{15, 25, 35, 45}) {
			t.Errorf("trend %v, want three points of the past and one polled", got)
		}
		if got := s.Topologies["t001-1"].Rates.Components["count"].In.Trend; !slices.Equal(got, []float64{45}) {
			t.Errorf("trend %v of a topology that was not chosen", got)
		}
	})
}

func TestPrimingTellsWhyItFailed(t *testing.T) {
	n := &fakeNimbus{cluster: many(1), demoted: true}
	p := New(Config{Nimbus: n})
	every := func(nimbusclient.TopologySummary) bool { return true }
	if err := p.Prime(t.Context(), 2, every, func() {}); !errors.Is(err, nimbusclient.ErrNotLeader) {
		t.Errorf("priming from a standby: %v", err)
	}
	if p.primed != nil {
		t.Error("it keeps what a standby said")
	}
}
