package diagnose

import (
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
)

// Finding is one thing that needs a person, with its evidence. Its strings hold
// remote text and must pass safetext on their way to a screen.
type Finding struct {
	Rule     string        // id of the rule, such as "saturated"
	Level    cluster.Level // LevelWarn, LevelCrit, or LevelGood for "recovered"
	Since    time.Time
	Where    string // topology name, host, or nimbus
	What     string // one line, the guilty number included
	Evidence []string
	// What it is about, for opening the screen that shows it.
	TopologyID string
	Component  string
	Host       string // supervisor id
	Port       int
	// Estimated says that the number is sampled or an estimate.
	Estimated bool
}

// Key identifies a finding from one snapshot to the next.
func (f Finding) Key() string {
	return f.Rule + "\x00" + f.TopologyID + "\x00" + f.Component + "\x00" + f.Host + "\x00" + f.Where
}

// Report is the outcome of all rules over one snapshot.
type Report struct {
	Findings []Finding // worst first, then newest first
	Quiet    []string  // what was checked and is well, in words
	Pending  []string  // rules that need another heartbeat
	Cannot   []string  // rules whose source is down, with the reason
	Checked  int       // rules checked
	Rules    int       // rules there are
}

// Hint explains one component's numbers on the topology screen.
type Hint struct {
	Rule      string
	Level     cluster.Level
	Component string
	Text      string // names its numbers
}
