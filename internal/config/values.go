package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	defaultMaxFrame = 16 << 20
	transportPlain  = "plain"
)

func text(s string) string { return s }

func portText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func patternText(p *regexp.Regexp) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// between reads a length of time within bounds, both included.
func between(low, high time.Duration) func(string) (time.Duration, *fault) {
	return func(s string) (time.Duration, *fault) {
		d, f := parseDuration(s)
		if f != nil {
			return 0, f
		}
		if d < low || d > high {
			return 0, &fault{quote(s) + " is out of bounds", "Write a length of time from " + durationText(low) + " to " + durationText(high) + "."}
		}
		return d, nil
	}
}

func parseFrame(s string) (int, *fault) {
	n, f := parseSize(s)
	if f != nil {
		return 0, f
	}
	if n < 64<<10 || n > 1<<30 {
		return 0, &fault{quote(s) + " is out of bounds", "Write a size from 64K to 1G; 16M is the default."}
	}
	return int(n), nil
}

func parseTransport(s string) (string, *fault) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case transportPlain, "simple":
		return transportPlain, nil
	case "tls", "ssl", "sasl", "kerberos", "digest":
		return "", &fault{"transport: " + strings.TrimSpace(s) + " is not supported by this version", "Only plain is; a secured Nimbus cannot be reached yet."}
	}
	return "", &fault{quote(s) + " is no transport", "Write transport: plain, or leave the line out."}
}

func oneOf(words ...string) func(string) (string, *fault) {
	return func(s string) (string, *fault) {
		t := strings.ToLower(strings.TrimSpace(s))
		for _, w := range words {
			if t == w {
				return w, nil
			}
		}
		return "", &fault{quote(s) + " is none of " + strings.Join(words, ", "), didYouMean(t, words)}
	}
}

func parseTriState(s string) (string, *fault) {
	if strings.EqualFold(strings.TrimSpace(s), "auto") {
		return "auto", nil
	}
	b, f := parseBool(s)
	if f != nil {
		return "", &fault{quote(s) + " is none of auto, true, false", ""}
	}
	return strconv.FormatBool(b), nil
}

func parseWord(s string) (string, *fault) {
	if s == "" || len(s) > 100 || hasControl(s) {
		return "", &fault{quote(s) + " is not a name", ""}
	}
	return s, nil
}

// parsePath reads a path that is only handed on; the empty path is a value.
func parsePath(s string) (string, *fault) {
	if len(s) > 4096 || hasControl(s) {
		return "", &fault{quote(s) + " is not a path", "Write a path without control characters, at most 4,096 bytes."}
	}
	return s, nil
}

// parseUser keeps out what ssh could take for an option or for another host.
func parseUser(s string) (string, *fault) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "-") || len(s) > 100 || hasControl(s) || strings.ContainsAny(s, "@:/\\ \t\"'`$;&|<>(){}*?!") {
		return "", &fault{quote(s) + " is not a user name", "Write the login name only, without host."}
	}
	return s, nil
}

func parsePattern(s string) (*regexp.Regexp, *fault) {
	const hint = "RE2 syntax; \\( for a literal bracket."
	if s == "" {
		return nil, nil
	}
	if len(s) > 1000 || hasControl(s) {
		return nil, &fault{"the pattern is longer than 1,000 bytes or holds control characters", hint}
	}
	p, err := regexp.Compile(s)
	if err != nil {
		return nil, &fault{fmt.Sprintf("%s is not a pattern: %s", quote(s), strings.TrimPrefix(err.Error(), "error parsing regexp: ")), hint}
	}
	return p, nil
}

// clusterName refuses names that could not be typed back in a confirmation.
func clusterName(s string) *fault {
	hint := "Letters, digits, dot, dash and underscore make a name, such as prod-eu."
	switch {
	case s == "":
		return &fault{"the cluster's name is empty", hint}
	case s == stormYAML || s == "demo":
		return &fault{quote(s) + " is a name stormtop uses itself", "Choose another name for this cluster."}
	case len(s) > 64 || s[0] == '-':
		return &fault{quote(s) + " is not a cluster's name", hint}
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '_' || r == utf8.RuneError {
			return &fault{quote(s) + " is not a cluster's name: it holds " + strconv.QuoteRune(r), hint}
		}
	}
	return nil
}
