package cluster

import "github.com/stormtop/stormtop/nimbusclient"

// letters gives each topology a letter by its name, so that it keeps it over a
// resubmission and is the same on every screen.
type letters struct {
	of map[string]byte
}

// give hands out letters to topologies that have none, in the order given: the
// first that nobody ever had, then one of a topology that is gone. With more
// than 26 alive, letters are shared.
func (l *letters) give(rows []nimbusclient.TopologySummary) {
	if l.of == nil {
		l.of = map[string]byte{}
	}
	alive := map[string]bool{}
	for _, row := range rows {
		alive[row.Name] = true
	}
	for _, row := range rows {
		if _, ok := l.of[row.Name]; ok {
			continue
		}
		l.of[row.Name] = l.next(alive)
	}
}

func (l *letters) next(alive map[string]bool) byte {
	var users [26]int
	var gone [26][]string
	for name, letter := range l.of {
		i := letter - 'a'
		if alive[name] {
			users[i]++
		} else {
			gone[i] = append(gone[i], name)
		}
	}
	best := -1
	for i := range users {
		if users[i] == 0 && len(gone[i]) == 0 {
			return 'a' + byte(i)
		}
		if best < 0 || users[i] < users[best] {
			best = i
		}
	}
	for _, name := range gone[best] {
		delete(l.of, name)
	}
	return 'a' + byte(best)
}
