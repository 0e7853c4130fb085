package screen

import (
	"context"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/diagnose"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// Env is what a screen may know. It is a value and safe to keep.
type Env struct {
	// Snap is never nil; before the first answer its Cluster and ZK are.
	Snap *cluster.Snapshot
	// Found are the health findings of Snap, worst first.
	Found diagnose.Report
	Now   time.Time
	Theme *theme.Theme

	ClusterName string
	Prod        bool
	Mode        Mode
	// Window and Sys are shared by all screens of a session.
	Window nimbusclient.Window
	Sys    bool
	// Wide lifts the limit on columns (ctrl-w).
	Wide bool
	// Self names the screen instance that is being asked; see [Ask].
	Self uint64

	// Log are the lines the status row has shown, newest first.
	Log []Line

	// Logs opens log sessions; nil where no host's logs can be reached. Rev grows
	// whenever one of them shows something new.
	Logs Logs
	Rev  uint64

	// SSH is how the hosts that were asked for over SSH are, by name; nil when ssh
	// is not used.
	SSH []SSHHost
	// Paused says that the picture stands still (p).
	Paused bool

	// Tree reads ZooKeeper for the browser; nil without ZooKeeper.
	Tree Tree
	// Settings are the settings in effect, secrets masked.
	Settings []Setting
	// Defaults gives Storm's own configuration of the release nearest to the
	// version, with that release's name; nil when none is built in.
	Defaults func(version string) (values map[string]any, release string)
	// Secret reports whether a configuration key's value must be masked.
	Secret func(key string) bool
}

// Mode says whether the cluster may be changed from here.
type Mode struct {
	ReadOnly bool
	Reason   string // "config.yaml:12", "this cluster is in no configuration"
	Word     string // header: "WRITE", "READ-ONLY", "DEMO"
}

// Line is one line of the status row. Text has passed safetext.
type Line struct {
	At      time.Time
	Text    string
	Problem bool
}

// SSHHost is how one host is reached. Its texts may be remote.
type SSHHost struct {
	Name string
	// State is "idle", "connecting", "asking", "ready", "waiting" or "failed".
	State string
	// Words is one sentence about why it is not ready, "" when nothing is to say;
	// Hint says what to try. Way is how the user logged in, User who that is.
	Words, Hint, Way, User string
	// Changed says that its host key is another one than those known: nothing
	// here can accept it. Offered and Known are the keys in words.
	Changed bool
	Offered string
	Known   []string
	// RetryAt is when it may be tried again; zero when nothing waits.
	RetryAt time.Time
}

// Setting is one setting in effect with where it came from.
type Setting struct{ Key, Value, Origin string }

// Tree reads ZooKeeper, one node at a time.
type Tree interface {
	Children(ctx context.Context, path string) ([]zkview.Child, error)
	Node(ctx context.Context, path string) (zkview.Node, error)
}
