package config

import (
	"fmt"
	"strings"
	"time"
)

// Hours are the times of day, as time since midnight, between which something is
// allowed. To may be before From, over midnight; equal means always.
type Hours struct{ From, To time.Duration }

// String is as it is configured, "08:00-18:00"; "" for always.
func (h Hours) String() string {
	if h.From == h.To {
		return ""
	}
	return clock(h.From) + "-" + clock(h.To)
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func parseHours(s string) (Hours, *fault) {
	bad := &fault{quote(s) + " is no span of hours", "Write it as 08:00-18:00."}
	first, last, ok := strings.Cut(strings.ReplaceAll(s, " ", ""), "-")
	if !ok {
		return Hours{}, bad
	}
	from, err := time.Parse("15:04", first)
	if err != nil {
		return Hours{}, bad
	}
	to, err := time.Parse("15:04", last)
	if err != nil {
		return Hours{}, bad
	}
	since := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return Hours{since(from), since(to)}, nil
}

// The words of audit:.
const (
	auditRequired = "required"
	auditOptional = "optional"
)

func parseAudit(s string) (optional bool, f *fault) {
	word, f := oneOf(auditRequired, auditOptional)(s)
	return word == auditOptional, f
}

func auditText(optional bool) string {
	if optional {
		return auditOptional
	}
	return auditRequired
}
