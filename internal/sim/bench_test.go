package sim

import (
	"testing"
	"time"
)

// BenchmarkStep tells how many seconds of the world pass in one of a core.
func BenchmarkStep(b *testing.B) {
	for name, build := range map[string]func(uint64, time.Time) *World{"small": NewDemo, "large": NewLarge} {
		b.Run(name, func(b *testing.B) {
			w := build(1, testStart)
			w.Begin()
			for b.Loop() {
				w.Step(time.Second)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "s/s")
		})
	}
}
