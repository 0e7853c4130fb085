package config

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// quote shows a bad value in a sentence: bounded, control characters escaped.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// ParseDuration reads `7` (seconds), `0.5`, `500ms`, `7s`, `10m`, `1h30m` or
// `2d`. It refuses negative, endless and unitless rubbish in a plain sentence.
func ParseDuration(s string) (time.Duration, error) {
	d, f := parseDuration(s)
	if f != nil {
		return 0, f
	}
	return d, nil
}

func parseDuration(s string) (time.Duration, *fault) {
	s = strings.TrimSpace(s)
	bad := &fault{quote(s) + " is not a length of time", "Write seconds (7), or a unit: 500ms, 7s, 10m, 1h, 2d."}
	if s == "" || len(s) > 40 {
		return 0, bad
	}
	seconds := math.NaN()
	if n, err := strconv.ParseFloat(s, 64); err == nil && plainNumber(s) {
		seconds = n
	} else if days, ok := strings.CutSuffix(s, "d"); ok && plainNumber(days) {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return 0, bad
		}
		seconds = n * 86400
	} else if d, err := time.ParseDuration(s); err == nil {
		if d < 0 {
			return 0, &fault{quote(s) + " is negative", "Write a length of time such as 7s."}
		}
		return d, nil
	}
	switch {
	case math.IsNaN(seconds):
		return 0, bad
	case seconds < 0:
		return 0, &fault{quote(s) + " is negative", "Write a length of time such as 7s."}
	case seconds > 100*365*86400:
		return 0, &fault{quote(s) + " is longer than a hundred years", bad.hint}
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), nil
}

// plainNumber keeps strconv's NaN, Inf, hexadecimal and exponents out.
func plainNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// ParseSize reads a number of bytes: `16777216`, `64K`, `16M`, `16MiB`, `1G`;
// the units count in 1,024s.
func ParseSize(s string) (int64, error) {
	n, f := parseSize(s)
	if f != nil {
		return 0, f
	}
	return n, nil
}

func parseSize(s string) (int64, *fault) {
	s = strings.TrimSpace(s)
	bad := &fault{quote(s) + " is not a number of bytes", "Write bytes (16777216), or K, M or G: 16M."}
	if len(s) > 40 {
		return 0, bad
	}
	text := strings.ToLower(s)
	text = strings.TrimSuffix(strings.TrimSuffix(text, "b"), "i")
	shift := 0
	switch {
	case strings.HasSuffix(text, "k"):
		shift = 10
	case strings.HasSuffix(text, "m"):
		shift = 20
	case strings.HasSuffix(text, "g"):
		shift = 30
	}
	if shift > 0 {
		text = strings.TrimSpace(text[:len(text)-1])
	} else if strings.HasSuffix(strings.ToLower(s), "i") || strings.HasSuffix(strings.ToLower(s), "ib") {
		return 0, bad
	}
	n, err := strconv.ParseUint(text, 10, 40)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, bad
	}
	return int64(n) << shift, nil
}

func sizeText(n int64) string {
	for _, u := range []struct {
		shift int
		name  string
	}{{30, "G"}, {20, "M"}, {10, "K"}} {
		if n >= 1<<u.shift && n%(1<<u.shift) == 0 {
			return strconv.FormatInt(n>>u.shift, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func durationText(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d%(24*time.Hour) == 0:
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	case d%time.Millisecond == 0:
		return strconv.FormatInt(int64(d/time.Millisecond), 10) + "ms"
	default:
		return d.String()
	}
}

func parseBool(s string) (bool, *fault) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, &fault{quote(s) + " is neither true nor false", "Write true or false."}
}

// parseShare reads 0.005 or 0.5% as a fraction of one.
func parseShare(s string) (float64, *fault) {
	bad := &fault{quote(s) + " is not a share", "Write a percentage (0.5%) or a fraction of one (0.005)."}
	text, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	text = strings.TrimSpace(text)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !plainNumber(text) || n < 0 {
		return 0, bad
	}
	if percent {
		n /= 100
	}
	if n > 1 {
		return 0, bad
	}
	return n, nil
}

func parseNumber(s string) (float64, *fault) {
	text := strings.TrimSpace(s)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !plainNumber(text) || n < 0 || n > 1e9 {
		return 0, &fault{quote(s) + " is not a number from 0 up", "Write a plain number such as 0.8."}
	}
	return n, nil
}

func numberText(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
func shareText(n float64) string  { return strconv.FormatFloat(round6(n*100), 'f', -1, 64) + "%" }
func round6(n float64) float64    { return math.Round(n*1e6) / 1e6 }

// hasControl finds bytes that have no place in a path, a name or a pattern.
func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) >= 0
}
