// Package floors holds the plan of the house: which package may import which.
//
// Start with [Plan]. The test beside it reads every import of the module and
// fails on an edge that is not drawn there, so the plan cannot drift from the
// code. The linter's depguard rules repeat the part about libraries.
//
// A floor is a package or, when it ends in "/...", a package with everything
// below it. Tests may besides import the rooms named in [TestRooms].
package floors

// Module is the path all own packages begin with.
const Module = "github.com/stormtop/stormtop/"

// A Floor is one row of the plan.
type Floor struct {
	// Room is the package, relative to the module.
	Room string
	// Own are the own packages it may import, in the same notation.
	Own []string
	// Values are own packages of which it may use value types only: no client,
	// no session, nothing that does I/O.
	Values []string
	// Libraries are the third-party modules it may import, by prefix.
	Libraries []string
}

// Charm is the terminal library and its parts.
var charm = []string{"charm.land/", "github.com/charmbracelet/"}

// TestRooms may be imported by tests of every room.
var TestRooms = []string{"internal/termtest/...", "internal/sim/...", "internal/lab", "internal/report/replay"}

// TestLibraries may be imported by tests of every room.
var TestLibraries = []string{
	"github.com/google/go-cmp/", "go.uber.org/goleak", "github.com/charmbracelet/x/",
	"github.com/rogpeppe/go-internal/", "github.com/pkg/sftp",
}

// Plan lists every floor. A package of the module without a row fails the test.
var Plan = []Floor{
	{Room: "internal/safetext", Libraries: []string{"github.com/charmbracelet/x/ansi"}},
	{Room: "internal/human", Libraries: []string{"github.com/charmbracelet/x/ansi"}},
	{Room: "internal/stormthrift/...", Own: []string{"internal/stormthrift/..."}, Libraries: []string{"github.com/apache/thrift/"}},
	{Room: "nimbusclient", Own: []string{"internal/stormthrift/..."}, Libraries: []string{"github.com/apache/thrift/"}},
	{Room: "zkview", Own: []string{"internal/stormthrift/..."}, Libraries: []string{"github.com/apache/thrift/", "github.com/go-zookeeper/zk"}},
	{Room: "internal/sshpool", Libraries: []string{"golang.org/x/crypto/ssh", "golang.org/x/sys/", "github.com/pkg/sftp"}},
	{Room: "rebalance"},
	{Room: "logs/match", Libraries: []string{"golang.org/x/sys/"}},
	{Room: "logs/...", Own: []string{"logs/...", "internal/safetext", "internal/sshpool", "internal/human"}},
	{Room: "internal/cluster", Own: []string{"nimbusclient", "zkview", "internal/human"}},
	{Room: "internal/journal"},
	{
		Room:   "internal/operate",
		Own:    []string{"internal/cluster", "internal/journal", "nimbusclient", "rebalance", "internal/human"},
		Values: []string{"zkview"},
	},
	{Room: "internal/follow/...", Own: []string{"internal/follow/...", "internal/cluster", "logs/..."}, Values: []string{"nimbusclient", "zkview"}},
	{Room: "internal/diagnose", Own: []string{"internal/cluster", "internal/human", "rebalance"}, Values: []string{"nimbusclient", "zkview"}},
	{
		Room:   "internal/report/...",
		Own:    []string{"internal/report/...", "internal/cluster", "internal/diagnose", "internal/human", "internal/safetext", "rebalance", "logs/..."},
		Values: []string{"nimbusclient", "zkview"},
	},
	{Room: "internal/config/...", Own: []string{"internal/config/...", "internal/human"}, Libraries: []string{"go.yaml.in/yaml/v4"}},
	{Room: "internal/sim/...", Own: []string{"internal/sim/...", "internal/stormthrift/...", "internal/human"}, Libraries: []string{"github.com/apache/thrift/", "golang.org/x/crypto/ssh", "golang.org/x/term", "github.com/pkg/sftp", "mvdan.cc/sh/v3/"}},
	{Room: "internal/lab/...", Own: []string{"internal/lab/...", "internal/config"}, Libraries: []string{"golang.org/x/sys/"}},
	{Room: "internal/termtest/...", Own: []string{"internal/termtest/..."}, Libraries: append([]string{"github.com/google/go-cmp/"}, charm...)},
	{Room: "internal/floors"},
	{Room: "internal/benchlogs", Own: []string{"logs/match"}},
	{Room: "ui/theme", Libraries: charm},
	{Room: "ui/kit/...", Own: []string{"ui/kit/...", "ui/theme", "internal/safetext", "internal/human"}, Libraries: append([]string{"github.com/sahilm/fuzzy"}, charm...)},
	{
		Room:      "ui/screen",
		Own:       []string{"ui/theme", "ui/kit", "internal/cluster", "internal/diagnose", "internal/human", "internal/safetext", "rebalance", "logs/..."},
		Values:    []string{"nimbusclient", "zkview"},
		Libraries: charm,
	},
	{
		Room:      "ui/screens",
		Own:       []string{"ui/screen", "ui/theme", "ui/kit/...", "internal/cluster", "internal/diagnose", "internal/human", "internal/safetext", "rebalance", "logs/..."},
		Values:    []string{"nimbusclient", "zkview"},
		Libraries: charm,
	},
	{
		Room:      "ui",
		Own:       []string{"ui/...", "internal/cluster", "internal/diagnose", "internal/human", "internal/safetext", "rebalance", "logs/..."},
		Values:    []string{"nimbusclient", "zkview"},
		Libraries: append([]string{"github.com/sahilm/fuzzy"}, charm...),
	},
	{
		Room:      "cmd/...",
		Own:       []string{"..."},
		Libraries: append([]string{"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/"}, charm...),
	},
}

// NotValues are the names of nimbusclient and zkview that do I/O or lead to it;
// a room that may use values only must not name them.
var NotValues = map[string]bool{"New": true, "Client": true, "Session": true, "Config": true}

// Gate is the only room that may change a cluster; every other room goes through
// it.
const Gate = "internal/operate"

// Changing are the names of the nimbusclient calls that change a cluster, which
// only the room called [Gate] may use.
var Changing = map[string]bool{
	"NewOperator": true, "Operator": true, "Change": true,
	"KillTopology": true, "ActivateTopology": true, "DeactivateTopology": true, "RebalanceTopology": true,
	"SetLogConfig": true, "SampleTuples": true, "RequestProfile": true,
}
