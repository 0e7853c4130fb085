package sim

// pastSecs is how long a world has run when it begins: as long as Storm's
// longest window.
const pastSecs = 86400

// restartsPerDay is how many of a hundred workers begin anew in a day.
const restartsPerDay = 25

// grow lives through the past, the finer the nearer the present is, and leaves
// every executor with the counts of its whole life.
func (w *World) grow(stride float64) {
	for w.now < w.start {
		dt := min(stride*strideTo(w.start-w.now), w.start-w.now)
		w.step(dt)
		for _, t := range w.topologies {
			for _, wk := range t.workers {
				if w.random.Float64() < restartsPerDay/100.0*dt/pastSecs && w.start-w.now > 3600 {
					w.crash(wk)
					// Steps are longer here than what a worker takes to begin.
					wk.started = w.now
				}
			}
		}
	}
	for _, t := range w.topologies {
		for _, e := range t.byTask {
			if life := w.now - e.on.started; life > pastSecs {
				e.age(life / pastSecs)
			}
		}
		for _, wk := range t.workers {
			w.beat(wk)
			wk.nextBeat = w.now + w.random.Float64()*BeatSecs
		}
	}
}

// strideTo is how far a step may go with so many seconds of the past left.
func strideTo(left float64) float64 {
	switch {
	case left > windowSecs[1]:
		return 120
	case left > windowSecs[0]:
		return 20
	default:
		return 5
	}
}
