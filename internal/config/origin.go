package config

import (
	"path"
	"strconv"
	"strings"
)

// OriginKind says which layer a setting came from.
type OriginKind int

// The layers, strongest first. OriginStreamparse is the place of an
// environment in streamparse's config.json, which this version does not read.
const (
	OriginFlag OriginKind = iota + 1
	OriginEnv
	OriginConfig
	OriginStreamparse
	OriginStormOption
	OriginStorm
	OriginDefault
)

// Origin is where a setting came from. The zero Origin means nowhere.
type Origin struct {
	Kind OriginKind
	// Name is the flag with its dashes, the variable, the `-c` key, or the
	// environment's name in config.json.
	Name string
	// Path is the file as it was opened; empty for flags, variables and defaults.
	Path string
	// Line and Column count from 1; 0 when the whole file is meant.
	Line, Column int
	// home shortens the path for display.
	home string
}

// String is the origin in full, as `config show --origin` prints it:
// "--nimbus", "STORMTOP_NIMBUS", "~/.config/stormtop/config.yaml:6",
// "config.json (env live)", "-c ui.port", "default".
func (o Origin) String() string { return o.text(tilde(o.Path, o.home)) }

// Short is the origin with the file's base name only, for a table cell:
// "config.yaml:6".
func (o Origin) Short() string { return o.text(path.Base(o.Path)) }

func (o Origin) text(file string) string {
	switch o.Kind {
	case OriginFlag, OriginEnv:
		return o.Name
	case OriginStormOption:
		return "-c " + o.Name
	case OriginStreamparse:
		return file + " (env " + o.Name + ")"
	case OriginConfig, OriginStorm:
		if o.Line > 0 {
			return file + ":" + strconv.Itoa(o.Line)
		}
		return file
	case OriginDefault:
		return "default"
	default:
		return ""
	}
}

// where is the origin as an error names it: with the column.
func (o Origin) where() string {
	s := o.String()
	if o.Path != "" && o.Line > 0 && o.Column > 0 {
		s += ":" + strconv.Itoa(o.Column)
	}
	return s
}

// tilde writes a path below the home directory with a leading ~.
func tilde(file, home string) string {
	if home == "" || home == "/" {
		return file
	}
	if rest, ok := strings.CutPrefix(file, strings.TrimSuffix(home, "/")+"/"); ok {
		return "~/" + rest
	}
	return file
}

// Value is a setting with the layer it came from.
type Value[T any] struct {
	V      T
	Origin Origin
}

// Set says whether any layer above the defaults gave the value.
func (v Value[T]) Set() bool { return v.Origin.Kind != 0 && v.Origin.Kind != OriginDefault }
