package config

import (
	"regexp"
	"time"
)

// Config is everything stormtop was told about one cluster and about itself.
type Config struct {
	// Name is the cluster's name: from config.yaml, "storm.yaml", or the first
	// host of an ad-hoc target. Empty while no cluster is chosen (ErrChoose).
	Name string
	// NameOrigin is where the cluster is named.
	NameOrigin Origin
	// AdHoc is true when the target comes from the command line or from
	// STORMTOP_NIMBUS and no configuration file names it.
	AdHoc bool
	// Configured is false when neither a file nor a flag nor a variable names a
	// target and Storm's default, localhost:6627, stands in. LookedAt then says
	// where a configuration was looked for.
	Configured bool
	// LookedAt are the files that were looked for, in order, home as ~.
	LookedAt []string

	// Mode says whether changes are allowed, and why not.
	Mode Mode

	// Nimbus are the seeds, ports filled in. Never empty unless ErrChoose.
	Nimbus Value[[]Address]
	// MaxFrame bounds one answer of Nimbus, in bytes.
	MaxFrame Value[int]
	// Transport is "plain", or the name of what the cluster asks for and this
	// version does not speak, such as "KerberosSaslTransportPlugin".
	Transport Value[string]
	// Timeout bounds one answer.
	Timeout Value[time.Duration]

	// UseZooKeeper is false with --no-zk.
	UseZooKeeper Value[bool]
	// ZooKeeper are the servers; empty means: ask Nimbus' own configuration.
	ZooKeeper Value[[]Address]
	// ZooKeeperRoot is Storm's root; empty means Nimbus' own, else /storm.
	ZooKeeperRoot Value[string]

	// UseSSH is false with --no-ssh.
	UseSSH Value[bool]
	// SSHUser is the login name on worker hosts; empty leaves it to the ssh
	// configuration.
	SSHUser Value[string]
	// SSHPort is 0 when the ssh configuration decides.
	SSHPort Value[int]
	// SSHConfig is the OpenSSH client configuration; empty means the usual files.
	SSHConfig Value[string]

	// LogDir and ArtifactsDir are directories on the worker hosts; empty means
	// Nimbus' configuration or the running workers say. A relative ArtifactsDir
	// is below the log directory.
	LogDir       Value[string]
	ArtifactsDir Value[string]
	// PythonLogs are where Python components write log files of their own on the
	// worker hosts: absolute paths with fields in braces, see PythonLogFields.
	// Topologies that name such a file in their configuration need none.
	PythonLogs Value[[]string]
	// LogZone is the time zone of worker hosts that cannot be asked for it, by
	// its IANA name or as +02:00; empty means this machine's.
	LogZone Value[string]
	// LogReorder is how long a line waits for older lines of other sources.
	LogReorder Value[time.Duration]
	// LogMemory bounds the log lines that are held, in bytes.
	LogMemory Value[int]
	// LogviewerPort and UIPort are Storm's own HTTP daemons.
	LogviewerPort Value[int]
	UIPort        Value[int]

	// Prod marks a cluster on which changes need more care.
	Prod Value[bool]
	// Protect matches topology names that must not be changed; nil matches none.
	Protect Value[*regexp.Regexp]
	// MinKillWait is the shortest wait a kill may have; 0 means any.
	MinKillWait Value[time.Duration]
	// MaxRebalanceFactor is how many times the workers or executors of now a
	// rebalance may ask for; 0 means any.
	MaxRebalanceFactor Value[float64]
	// ChangeHours are the times of day at which changes are allowed; the zero
	// value means always.
	ChangeHours Value[Hours]
	// NeedReason asks for a reason with every change.
	NeedReason Value[bool]
	// AuditOptional lets a change pass that cannot be written into the audit.
	AuditOptional Value[bool]
	// ActionsEnabled is ui.actions.enabled; Mode already reflects it.
	ActionsEnabled Value[bool]

	// UI is how the console looks and feels.
	UI UI
	// Thresholds are the limits of the health rules.
	Thresholds Thresholds
	// Keys is the file of key bindings; empty when there is no place for one.
	// Only a Value that is Set must exist.
	Keys Value[string]
	// Paths are the places of stormtop's own files.
	Paths Paths

	// mode is the cluster's `mode:`.
	mode Value[string]
	// recognised are keys of storm.yaml that are known and not used, masked.
	recognised []Setting
	src        *sources
}

// UI is how the console looks and feels.
type UI struct {
	Theme   Value[string] // "auto" lets the terminal's background decide
	Color   Value[string] // auto, always or never
	Unicode Value[string] // auto, true or false
	Mouse   Value[bool]
	Every   Value[time.Duration] // between polls
}

// Thresholds are the limits of the health rules; `crit` is never below `warn`.
type Thresholds struct {
	RestartsWarn, RestartsCrit   Value[float64] // worker restarts within RestartsWindow
	RestartsWindow               Value[time.Duration]
	CapacityWarn, CapacityCrit   Value[float64]       // JVM bolts; 1 is one thread always busy
	ShellLoadWarn, ShellLoadCrit Value[float64]       // shell components, mean tuples inside a task
	FailShareWarn, FailShareCrit Value[float64]       // fractions of one
	NewError                     Value[time.Duration] // an error younger than this is new
	SilentSpout                  Value[time.Duration] // without emitting
	Stuck                        Value[time.Duration] // beyond the wait of a rebalance or kill
	MissingBeats                 Value[float64]       // heartbeat periods
	Skew                         Value[float64]
	LeftOn                       Value[time.Duration] // debugging, log levels, profilers
	ClockOffset                  Value[time.Duration]
}

// Setting is one row of `config show --origin`.
type Setting struct {
	Key string
	// Value is the text to show, secrets masked; empty when the cluster itself
	// decides (see Note).
	Value  string
	Origin Origin
	// Note says what an empty value means, or that the key is recognised and
	// not used; empty mostly.
	Note string
}
