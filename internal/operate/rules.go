package operate

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/stormtop/stormtop/rebalance"
)

// Rules are the guard rails of one cluster.
type Rules struct {
	// ReadOnly is why nothing may be changed, "" when it may: "--readonly",
	// "config.yaml:12". ReadOnlyHint says what to do about it.
	ReadOnly, ReadOnlyHint string
	// Protected are names that nothing may be done to, ProtectedBy where that is
	// written.
	Protected   *regexp.Regexp
	ProtectedBy string
	// MinKillWait is the shortest wait of a kill in seconds.
	MinKillWait int
	// From and To are the times of day between which changes are allowed, as time
	// since midnight; equal when always. To may be before From, over midnight.
	From, To time.Duration
	// NeedReason asks for a reason.
	NeedReason bool
	// AuditOptional lets a change pass that cannot be written down.
	AuditOptional bool
	// DryRun sends nothing, whatever a deed says.
	DryRun bool
}

// MaxWait is the longest wait of a kill in seconds.
const MaxWait = rebalance.MaxWait

// MaxAge is how old what the operator decided on may be.
const MaxAge = 30 * time.Second

// Refusal is a change that was not sent, by our own decision.
type Refusal struct {
	// Rule is which: "read-only", "protected", "wait", "hours", "reason", "audit",
	// "gone", "redeployed", "state", "plan", "stale", "sampling", "worker", "deed".
	Rule string
	// Text is a plain sentence, Hint what to try. Both may hold remote names.
	Text, Hint string
}

func (r *Refusal) Error() string { return r.Text }

func refuse(rule, hint, format string, args ...any) error {
	return &Refusal{Rule: rule, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// check asks the guard rails that need no look at the cluster.
func (r Rules) check(d Deed, now time.Time) error {
	if r.ReadOnly != "" {
		return refuse("read-only", orText(r.ReadOnlyHint, "Set mode: write for this cluster, or start with --write."),
			"Read-only: %s is not possible here (%s).", d.Action, r.ReadOnly)
	}
	if r.Protected != nil && r.Protected.MatchString(d.Topology) {
		return refuse("protected", "Change the rule, or ask its owner.",
			"%s is protected by %s.", d.Topology, orText(r.ProtectedBy, "protect: "+r.Protected.String()))
	}
	if d.Topology == "" || d.TopologyID == "" {
		return refuse("deed", "", "A change needs a topology's name and id.")
	}
	if err := r.checkHours(d, now); err != nil {
		return err
	}
	if r.NeedReason && strings.TrimSpace(d.Reason) == "" {
		return refuse("reason", "--reason TEXT, or the dialog's field.", "This cluster wants a reason for every change.")
	}
	if !d.Seen.IsZero() && now.Sub(d.Seen) > MaxAge {
		return refuse("stale", "Look again, and decide then.",
			"What this was decided on is %d s old. Nothing was sent.", int(now.Sub(d.Seen).Seconds()))
	}
	return r.checkDeed(d)
}

func (r Rules) checkHours(d Deed, now time.Time) error {
	if r.From == r.To {
		return nil
	}
	y, m, day := now.Date()
	at := now.Sub(time.Date(y, m, day, 0, 0, 0, 0, now.Location()))
	in := at >= r.From && at < r.To
	if r.To < r.From {
		in = at >= r.From || at < r.To
	}
	if in {
		return nil
	}
	return refuse("hours", "Wait, or change the rule.",
		"%s is allowed here from %s to %s only; it is %s.", d.Action, clock(r.From), clock(r.To), clock(at))
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// levels are the words that Storm's log4j2 knows; Nimbus accepts any.
var levels = map[string]bool{"ALL": true, "TRACE": true, "DEBUG": true, "INFO": true, "WARN": true, "ERROR": true, "FATAL": true, "OFF": true}

func (r Rules) checkDeed(d Deed) error {
	switch d.Action {
	case Kill:
		return r.checkKill(d)
	case Rebalance:
		if d.Plan == nil || d.Plan.Topology.ID != d.TopologyID || d.Plan.Topology.Name != d.Topology {
			return refuse("plan", "", "The plan is not about %s.", d.TopologyID)
		}
		for _, w := range d.Plan.Check() {
			if w.Grade == rebalance.Block {
				return refuse("plan", "Nothing was sent.", "Not sent: %s.", w.Text)
			}
		}
	case LogLevels:
		return checkLevels(d)
	case Sample:
		if !(d.Percent >= 0 && d.Percent <= 100) {
			return refuse("deed", "A percentage from 0 to 100.", "%v %% of the tuples cannot be sampled.", d.Percent)
		}
	case Jstack, Heap, ProfileStart, ProfileDump, ProfileStop, RestartWorker:
		if d.Host == "" || d.Port < 1 || d.Port > 65535 {
			return refuse("deed", "HOST:PORT of a worker.", "%q is no worker.", fmt.Sprintf("%s:%d", d.Host, d.Port))
		}
		if d.Action == ProfileStart && (d.For < time.Second || d.For > 24*time.Hour) {
			return refuse("deed", "From 1s to 24h.", "A profile of %s cannot be taken.", d.For)
		}
	case Activate, Deactivate:
	default:
		return refuse("deed", "", "%q is no action.", d.Action)
	}
	return nil
}

func (r Rules) checkKill(d Deed) error {
	if d.Wait == nil {
		return nil
	}
	switch wait := *d.Wait; {
	case wait < 0:
		return refuse("wait", "Seconds from 0.", "Wait %d s: a wait cannot be negative. Nothing was sent.", wait)
	case wait > MaxWait:
		return refuse("wait", fmt.Sprintf("At most %d s.", MaxWait), "Wait %d s is more than a day. Nothing was sent.", wait)
	case wait < r.MinKillWait:
		return refuse("wait", "Raise the wait or min_kill_wait.",
			"Wait %d s is below this cluster's minimum of %d s. Nothing was sent.", wait, r.MinKillWait)
	}
	return nil
}

func checkLevels(d Deed) error {
	if len(d.Levels) == 0 {
		return refuse("deed", "LOGGER=LEVEL[:SECONDS], or -r LOGGER.", "No log level was named.")
	}
	for logger, l := range d.Levels {
		switch {
		case strings.TrimSpace(logger) == "":
			return refuse("deed", "ROOT is the root logger.", "A log level without a logger.")
		case l.Action == "REMOVE":
		case l.Action != "UPDATE":
			return refuse("deed", "", "%s: %q is no change of a level.", logger, l.Action)
		case !levels[l.Target]:
			return refuse("deed", "ALL TRACE DEBUG INFO WARN ERROR FATAL OFF.", "%s: %q is no log level; Storm would store it.", logger, l.Target)
		case l.TimeoutSecs != nil && (*l.TimeoutSecs < 0 || *l.TimeoutSecs > MaxWait):
			return refuse("deed", "From 1 s to a day; left out, it stays until it is cleared.", "%s: %d s is no time for a level.", logger, *l.TimeoutSecs)
		}
	}
	return nil
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
