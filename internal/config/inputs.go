package config

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Files is how configuration files are reached. Both functions are needed.
type Files struct {
	// Stat must follow links, so that a named pipe is refused unopened.
	Stat func(name string) (fs.FileInfo, error)
	Open func(name string) (fs.File, error)
}

// Disk reaches the files of this machine.
func Disk() Files {
	return Files{Stat: os.Stat, Open: func(name string) (fs.File, error) { return os.Open(name) }}
}

// Inputs is everything Load may look at.
type Inputs struct {
	// Flags hold the flags that were given, by long name without dashes (see
	// Flags), each with its values in order. A switch given bare has the value
	// "true". A name that is not in Flags() is ignored.
	Flags map[string][]string
	// Env looks a variable up; empty means unset. Nil means no variables.
	Env func(name string) string
	// Files reads configuration files; the zero value reads none.
	Files Files
	// Home is the user's home directory, empty when there is none.
	Home string
	// Themes are the names ui.theme may have; nil accepts any name.
	Themes []string
}

func (in Inputs) env(name string) string {
	if in.Env == nil {
		return ""
	}
	return in.Env(name)
}

// Paths are the places of stormtop's own files; a field is empty when neither
// HOME nor the XDG variable gives it.
type Paths struct {
	Config string // config.yaml, read by Load
	Keys   string // keys.yaml, read by the caller with ParseKeys
	State  string // state, recordings, the audit file
	Dumps  string // what worker profiling fetched
}

func (in Inputs) paths() Paths {
	var p Paths
	base := func(variable, below string) string {
		// The XDG rule: a relative path is invalid and ignored.
		if dir := in.env(variable); filepath.IsAbs(dir) {
			return filepath.Join(dir, "stormtop")
		}
		if in.Home == "" {
			return ""
		}
		return filepath.Join(in.Home, below, "stormtop")
	}
	if dir := base("XDG_CONFIG_HOME", ".config"); dir != "" {
		p.Config = filepath.Join(dir, "config.yaml")
		p.Keys = filepath.Join(dir, "keys.yaml")
	}
	p.State = base("XDG_STATE_HOME", ".local/state")
	if dir := base("XDG_DATA_HOME", ".local/share"); dir != "" {
		p.Dumps = filepath.Join(dir, "dumps")
	}
	return p
}
