package sim

import "testing"

func BenchmarkOpenAHost(b *testing.B) {
	for range b.N {
		b.StopTimer()
		w := NewDemo(1, testStart)
		ms := newMachines(w, hostConf{})
		b.StartTimer()
		ms.open("w3")
	}
}
