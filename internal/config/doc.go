// Package config resolves what stormtop was told into one Config in which
// every setting carries its origin.
//
// The layers, strongest first: command-line flags; STORMTOP_* variables; the
// chosen cluster's block in config.yaml; one environment of streamparse's
// config.json (its place is kept, rankEnvFile, this version does not read it);
// `-c key=value` over storm.yaml; the defaults. Start reading at Load, then
// settings.go, the table of all settings.
//
// Guarantees:
//   - Nothing here touches the network, the process environment, the clock or
//     a global: files, variables and directories come in through Inputs.
//   - A file is at most 128 KiB, its nesting at most 50 deep, aliases are
//     bounded; text that is not YAML is refused with file, line and column.
//   - Settings of two clusters are never mixed: a storm.yaml that names other
//     Nimbus hosts than those in effect is left aside with a warning.
//   - Values of secret keys (Secret) never appear in Settings, in a warning or
//     in an error.
//   - A Config is a value that nobody changes after Load; it may be shared
//     between goroutines.
package config
