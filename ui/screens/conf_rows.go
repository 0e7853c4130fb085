package screens

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// confRow is one key.
type confRow struct {
	key     string
	value   string // masked
	full    any    // masked
	deflt   string
	secret  bool
	differs bool
	reason  string // of a trap
}

func (r confRow) level() kit.Level {
	switch {
	case r.reason != "":
		return kit.LevelWarn
	case r.differs:
		return kit.LevelDiffers
	}
	return kit.LevelNone
}

// rank puts what differs first, then traps.
func (r confRow) rank() int {
	switch {
	case r.differs:
		return 0
	case r.reason != "":
		return 1
	}
	return 2
}

// confPart is a component with a configuration of its own.
type confPart struct {
	id, kind string
	parts    []string // key=value, masked
}

func newConfRow(m *masker, k string, v any, defaults map[string]any, release string) confRow {
	before := m.masked
	r := confRow{key: k, full: m.value(k, v)}
	r.value = valueText(r.full)
	r.secret = m.masked > before && strings.HasSuffix(r.value, maskedText)
	deflt, known := defaults[k]
	// The defaults of a secret are no secret, but one may have been typed there.
	kept := m.masked
	switch {
	case bySubmit[k]:
		r.deflt = "– set at submit"
	case known && isUnset(deflt) || !known && stormKey(k):
		r.deflt = unsetText
		if means := whenUnset[k]; means != "" {
			r.deflt = "(unset: " + means + ")"
		}
		r.differs = !isUnset(v)
	case known:
		r.deflt = valueText(m.value(k, deflt))
		r.differs = !sameValue(v, deflt)
	default:
		r.deflt = "– not a Storm key"
		r.differs = true
	}
	m.masked = kept
	if release == "" {
		r.deflt, r.differs = "", false
	}
	if t, ok := traps[k]; ok && t.when(v, release) {
		r.reason = t.reason
	}
	return r
}

// ownConf is what a component configures for itself, masked.
func ownConf(m *masker, c *nimbusclient.ComponentSpec) []string {
	var parts []string
	if c.Shell != nil {
		if c.Shell.Command != "" {
			parts = append(parts, "command: "+m.text(c.Shell.Command))
		}
		if c.Shell.Script != "" {
			parts = append(parts, "script: "+m.text(c.Shell.Script))
		}
	}
	own := map[string]any{}
	if json.Unmarshal([]byte(c.Conf), &own) != nil {
		if c.Conf != "" {
			parts = append(parts, "configuration that is no JSON")
		}
		return parts
	}
	for _, k := range slices.Sorted(maps.Keys(own)) {
		if !isUnset(own[k]) {
			parts = append(parts, k+"="+valueText(m.value(k, own[k])))
		}
	}
	return parts
}

// version is the release whose defaults apply.
func (s *conf) version(env screen.Env) string {
	if s.id != "" && s.top != nil && s.top.Summary.StormVersion != nil && *s.top.Summary.StormVersion != "" {
		return *s.top.Summary.StormVersion
	}
	if v := env.Snap.Link.Nimbus.Leader.Nimbus.Version; v != "" {
		return v
	}
	if env.Snap.Cluster != nil {
		for _, n := range env.Snap.Cluster.Nimbuses {
			if n.Version != "" {
				return n.Version
			}
		}
		for _, sup := range env.Snap.Cluster.Supervisors {
			if sup.Version != "" {
				return sup.Version
			}
		}
	}
	return ""
}

// noMatch names the nearest word of all keys when a filter hides everything.
func (s *conf) noMatch(filter string) kit.Line {
	l := kit.S(theme.Dim, "No key matches ").Text(fmt.Sprintf("%q", safetext.Clean(filter)))
	word, keys := s.nearest(strings.ToLower(strings.TrimSpace(filter)))
	if word == "" {
		return l.Add(theme.Dim, ". esc clears the filter.")
	}
	return l.Add(theme.Dim, ". Nearest: ").Text(word).Add(theme.Dim, " ("+plural(keys, "key")+").")
}

// nearest returns the word of a key that differs least from what was typed, and
// in how many keys it is.
func (s *conf) nearest(typed string) (word string, keys int) {
	if len(typed) < 3 || len(typed) > 64 {
		return "", 0
	}
	count := map[string]int{}
	for _, r := range s.rows {
		words := strings.FieldsFunc(strings.ToLower(r.key), func(c rune) bool { return c == '.' || c == '_' || c == '-' })
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			count[w]++
		}
	}
	best := 3 // more than two letters apart is another word
	for _, w := range slices.Sorted(maps.Keys(count)) {
		if d := apart(typed, w); d < best {
			best, word = d, w
		}
	}
	return word, count[word]
}

// apart is the number of letters to change, add or take away to make a of b.
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
