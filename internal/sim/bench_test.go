package sim

import (
	"testing"
	"time"
)

// BenchmarkStep tells how many seconds of the world pass in one of a core.
func BenchmarkStep(b *testing.B) {
	w := NewDemo(1, testStart)
	for b.Loop() {
		w.Step(time.Second)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "s/s")
}
