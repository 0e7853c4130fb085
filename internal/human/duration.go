package human

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Age writes how long something has lasted, in one or two units: 4s, 12m,
// 3h04m, 7d04h. What lies ahead, as between two clocks that differ, is 0s.
func Age(d time.Duration) string {
	switch s := int64(max(d, 0) / time.Second); {
	case s < 60:
		return strconv.FormatInt(s, 10) + "s"
	case s < 3600:
		return strconv.FormatInt(s/60, 10) + "m"
	case s < 86400:
		return pair(s/3600, 'h', s/60%60, 'm')
	default:
		return pair(s/86400, 'd', s/3600%24, 'h')
	}
}

// AgeSecs is Age of a number of seconds.
func AgeSecs[N ~int | ~int32 | ~int64](secs N) string {
	if int64(secs) > math.MaxInt64/int64(time.Second) {
		return Age(math.MaxInt64)
	}
	return Age(time.Duration(max(secs, 0)) * time.Second)
}

// Span is Age with the seconds kept below an hour, for what was measured from
// end to end: 5m02s.
func Span(d time.Duration) string {
	if s := int64(d / time.Second); s >= 60 && s < 3600 {
		return pair(s/60, 'm', s%60, 's')
	}
	return Age(d)
}

// Elapsed writes a wait that is still going on: 1.2 s.
func Elapsed(d time.Duration) string {
	if d >= time.Minute {
		return Span(d)
	}
	return fixed(max(d, 0).Truncate(100*time.Millisecond).Seconds(), 1) + " s"
}

func pair(a int64, unitA byte, b int64, unitB byte) string {
	out := append(strconv.AppendInt(nil, a, 10), unitA, byte('0'+b/10), byte('0'+b%10), unitB)
	return string(out)
}

// ParseDuration reads a duration as people type it: a bare number is seconds
// (7), a number may have a unit (7s, 500ms, 1.5h, 2d), and units may follow one
// another (1h30m, 7d04h). It must not be negative.
func ParseDuration(s string) (time.Duration, error) {
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, errors.New("no duration given: write 7s, 500ms or 1h30m")
	}
	total := 0.0
	for rest != "" {
		n := 0
		for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.') {
			n++
		}
		value, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration: write 7s, 500ms or 1h30m", s)
		}
		unit, size, ok := unitOf(rest[n:])
		if !ok {
			return 0, fmt.Errorf("%q has a unit other than ms, s, m, h and d", s)
		}
		// Seconds without their unit stand alone: 1h30 might mean anything.
		if size == 0 && n < len(strings.TrimSpace(s)) {
			return 0, fmt.Errorf("%q ends in a number without a unit", s)
		}
		total += value * float64(unit)
		rest = rest[n+size:]
	}
	if total >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is longer than any wait", s)
	}
	return time.Duration(math.Round(total)), nil
}

// unitOf returns the unit that s begins with and the length of its name; the
// end of s stands for seconds.
func unitOf(s string) (unit time.Duration, size int, ok bool) {
	switch {
	case s == "":
		return time.Second, 0, true
	case strings.HasPrefix(s, "ms"):
		return time.Millisecond, 2, true
	case s[0] == 's':
		return time.Second, 1, true
	case s[0] == 'm':
		return time.Minute, 1, true
	case s[0] == 'h':
		return time.Hour, 1, true
	case s[0] == 'd':
		return 24 * time.Hour, 1, true
	default:
		return 0, 0, false
	}
}
