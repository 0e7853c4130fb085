package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// DefaultVersion is the newest Storm whose artifacts are complete on Maven
// Central.
const DefaultVersion = "2.8.3"

// Settings say which cluster to bring up and where its files go. They come
// from the environment (SettingsFrom) or from a running cluster's description.
type Settings struct {
	// Version is Storm's version.
	Version string `json:"version"`
	// Distribution is the directory of an unpacked Storm release, empty to
	// use Maven's artifacts.
	Distribution string `json:"distribution,omitempty"`
	// WebappJar is a storm-webapp jar for 2.x, empty when there is none.
	WebappJar string `json:"webappJar,omitempty"`
	// Cache holds what was downloaded and built, for all versions.
	Cache string `json:"cache"`
	// Dir holds the state of this cluster.
	Dir string `json:"dir"`
	// RollSize is the size at which a worker log is rotated, as log4j
	// writes it.
	RollSize string `json:"rollSize"`
	// Rate multiplies the tuple rate of every topology.
	Rate float64 `json:"rate"`
	// Without names the kinds of daemon that are left out.
	Without []string `json:"without,omitempty"`
}

// SettingsFrom reads the settings from environment variables through getenv.
// A non-empty version outranks STORM.
func SettingsFrom(getenv func(string) string, version string) (Settings, error) {
	set := Settings{
		Version:      first(version, getenv("STORM"), DefaultVersion),
		Distribution: getenv("STORM_HOME"),
		WebappJar:    getenv("STORM_WEBAPP_JAR"),
		RollSize:     first(getenv("LAB_ROLL_SIZE"), "256 KB"),
		Rate:         1,
		Without:      strings.Fields(getenv("LAB_WITHOUT")),
	}
	if text := getenv("LAB_RATE"); text != "" {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || rate <= 0 || rate > 100 {
			return Settings{}, usagef("LAB_RATE is %q: it multiplies the tuple rates and must be a number from above 0 to 100", text)
		}
		set.Rate = rate
	}
	for _, kind := range set.Without {
		if kind != "ui" && kind != "logviewer" && kind != "sshd" {
			return Settings{}, usagef("LAB_WITHOUT names %q: only ui, logviewer and sshd can be left out", kind)
		}
	}
	if set.Distribution != "" {
		if err := set.fromDistribution(); err != nil {
			return Settings{}, err
		}
	}
	if _, err := lineOf(set.Version); err != nil {
		return Settings{}, err
	}
	if set.WebappJar != "" {
		if _, err := os.Stat(set.WebappJar); err != nil {
			return Settings{}, usagef("STORM_WEBAPP_JAR is %s: there is no such file", set.WebappJar)
		}
	}
	set.Cache = getenv("STORMTOP_LAB_CACHE")
	if set.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return Settings{}, fmt.Errorf("finding a cache directory: %w (set STORMTOP_LAB_CACHE)", err)
		}
		set.Cache = filepath.Join(dir, "stormtop-lab")
	}
	set.Dir = first(getenv("STORMTOP_LAB_DIR"), filepath.Join(os.TempDir(), "stormtop-lab-"+set.Version))
	for _, path := range []*string{&set.Cache, &set.Dir, &set.WebappJar, &set.Distribution} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return Settings{}, fmt.Errorf("finding %s: %w", *path, err)
		}
		*path = abs
	}
	return set, nil
}

// fromDistribution takes the version from the release's own RELEASE file.
func (set *Settings) fromDistribution() error {
	text, err := os.ReadFile(filepath.Join(set.Distribution, "RELEASE"))
	if err != nil {
		return usagef("STORM_HOME is %s: it has no RELEASE file, so it is no unpacked Storm distribution", set.Distribution)
	}
	set.Version = strings.TrimSpace(string(text))
	l, err := lineOf(set.Version)
	if err != nil {
		return err
	}
	if strings.HasPrefix(set.Version, "0.") {
		return usagef("STORM_HOME is %s, Storm %s: only 1.x and 2.x distributions can be used", set.Distribution, set.Version)
	}
	libs := []string{"lib"}
	if l.modern {
		libs = append(libs, "lib-worker")
	}
	for _, lib := range libs {
		if jars, err := filepath.Glob(filepath.Join(set.Distribution, lib, "*.jar")); err != nil || len(jars) == 0 {
			return usagef("STORM_HOME is %s: there are no jars in its %s directory", set.Distribution, lib)
		}
	}
	return nil
}

// adopt takes over what the cluster in the work directory was brought up with,
// so that only the first `up` needs to be told. The rate of a topology is the
// business of whoever submits it. It says whether there is such a cluster.
func (set *Settings) adopt(getenv func(string) string) bool {
	c, err := Open(filepath.Join(set.Dir, descriptionFile))
	if err != nil || c.Version != set.Version {
		return false
	}
	rate := c.Settings.Rate
	if getenv("LAB_RATE") != "" {
		rate = set.Rate
	}
	dir := set.Dir
	*set = c.Settings
	set.Rate, set.Dir = rate, dir
	return true
}

// Lab is one cluster that can be brought up and down.
type Lab struct {
	set  Settings
	line line
	out  io.Writer
	// mounts says whether each host sees its own files under one path;
	// nil until it was found out.
	mounts *bool
}

// New returns the cluster that the settings describe, telling its progress to
// out. It does no input or output.
func New(set Settings, out io.Writer) (*Lab, error) {
	l, err := lineOf(set.Version)
	if err != nil {
		return nil, err
	}
	if out == nil {
		out = io.Discard
	}
	return &Lab{set: set, line: l, out: out}, nil
}

// lab returns the Lab behind a described cluster, silent.
func (c *Cluster) lab() (*Lab, error) {
	return New(c.Settings, nil)
}

func (l *Lab) say(format string, args ...any) {
	// Progress is told best effort: a closed pipe must not stop a cluster halfway.
	_, _ = fmt.Fprintf(l.out, format+"\n", args...)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
