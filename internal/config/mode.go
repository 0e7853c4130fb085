package config

// Mode says whether changes are allowed in the console.
type Mode struct {
	// ReadOnly is true when they are not.
	ReadOnly bool
	// AdHoc is true when the only reason is that no configuration names the
	// cluster; then --write lifts it, and so does the explicitness of a
	// mutating subcommand.
	AdHoc bool
	// Reason completes "Read-only: … is not possible here (…)": the place of
	// the setting, or "this cluster is in no configuration". Empty in write mode.
	Reason string
	// Hint is what the operator could do about it, a sentence; empty in write mode.
	Hint string
	// Origin is the setting that decided; the zero value when none did.
	Origin Origin
}

// String is the word of the header: WRITE or READ-ONLY.
func (m Mode) String() string {
	if m.ReadOnly {
		return "READ-ONLY"
	}
	return "WRITE"
}

// Subcommand is the mode for a mutating subcommand, which is explicit enough
// to act on an ad-hoc cluster without --write.
func (m Mode) Subcommand() Mode {
	if m.AdHoc {
		return Mode{}
	}
	return m
}

// decideMode settles the mode of a resolved configuration. The first rule that
// forbids wins; nothing lifts one but the last.
func (c *Config) decideMode(g guards) []Warning {
	switch {
	case g.readOnly.V:
		c.Mode = Mode{
			ReadOnly: true, Reason: g.readOnly.Origin.Short(), Origin: g.readOnly.Origin,
			Hint: "Start without " + g.readOnly.Origin.Short() + ".",
		}
	case c.mode.V == modeReadOnly:
		c.Mode = Mode{
			ReadOnly: true, Reason: c.mode.Origin.Short(), Origin: c.mode.Origin,
			Hint: "Set mode: write for this cluster.",
		}
	case !c.ActionsEnabled.V:
		c.Mode = Mode{
			ReadOnly: true, Reason: "ui.actions.enabled: false, " + c.ActionsEnabled.Origin.Short(), Origin: c.ActionsEnabled.Origin,
			Hint: "Set ui.actions.enabled: true for this cluster.",
		}
	case !c.named() && !g.write:
		c.Mode = Mode{
			ReadOnly: true, AdHoc: true, Reason: "this cluster is in no configuration",
			Hint: "Start with --write, or name the cluster in config.yaml.",
		}
	}
	if g.write && c.Mode.ReadOnly {
		return []Warning{{
			Where: "--write", Text: "the cluster stays read-only (" + c.Mode.Reason + ")",
			Hint: "--write lifts only the mode of a cluster that no configuration names.",
		}}
	}
	return nil
}

// named says whether a configuration file names the target.
func (c *Config) named() bool {
	return !c.AdHoc && c.Configured
}

// guards are the switches of the command line about changes.
type guards struct {
	readOnly Value[bool]
	write    bool
}
