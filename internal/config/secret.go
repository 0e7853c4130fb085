package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Masked stands where a secret would.
const Masked = "********"

// secretWords mark a key whose value is never shown, after dots, dashes and
// underscores have been taken out.
var secretWords = []string{
	"password", "passwd", "passphrase", "secret", "token", "credential",
	"payload", "private", "keytab", "apikey", "accesskey",
}

// plainTails end keys that hold a length, a count or a switch about a secret,
// not the secret, such as nimbus.credential.renewers.freq.secs.
var plainTails = []string{"secs", "ms", "millis", "mins", "enabled"}

var embeddedSecret = regexp.MustCompile(
	`(?i)([\w.-]*(?:password|passwd|passphrase|secret|token|credential|payload|private|keytab|api[._-]?key|access[._-]?key)[\w.-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)`)

var userinfo = regexp.MustCompile(`(://[^\s/:@]*):[^\s/@]+@`)

// Secret says whether the value of a configuration key must not be shown: the
// key, or its last part, speaks of a password, passphrase, secret, token,
// credential, payload, private key, keytab or API key.
func Secret(key string) bool {
	key = strings.ToLower(key)
	if i := strings.LastIndexByte(key, '.'); i >= 0 && slices.Contains(plainTails, key[i+1:]) {
		return false
	}
	key = strings.NewReplacer(".", "", "-", "", "_", "", " ", "").Replace(key)
	for _, word := range secretWords {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}

// Mask returns the value as it may be shown: Masked for a secret key, else the
// value with secrets inside it masked: entries of nested maps and lists,
// `-Djavax.net.ssl.keyStorePassword=…` in JVM options, passwords in URLs. An
// absent secret (nil or "") stays visible as absent. The value given is not
// changed. Maps and lists deeper than 50 are masked whole.
func Mask(key string, value any) any { return mask(key, value, 0) }

func mask(key string, value any, depth int) any {
	if value == nil || value == "" {
		return value
	}
	if Secret(key) || depth > maxDepth {
		return Masked
	}
	switch v := value.(type) {
	case string:
		return MaskText(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			out[k] = mask(k, inner, depth+1)
		}
		return out
	case map[any]any:
		out := make(map[any]any, len(v))
		for k, inner := range v {
			out[k] = mask(fmt.Sprint(k), inner, depth+1)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = mask("", inner, depth+1)
		}
		return out
	case []string:
		out := make([]string, len(v))
		for i, inner := range v {
			out[i] = MaskText(inner)
		}
		return out
	default:
		return value
	}
}

// MaskText masks secrets inside free text: name=value and name: value where
// the name is secret, and the password of a URL.
func MaskText(s string) string {
	s = embeddedSecret.ReplaceAllString(s, "${1}"+Masked)
	return userinfo.ReplaceAllString(s, "${1}:"+Masked+"@")
}

func redactUserinfo(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		if j := strings.Index(s, "://"); j >= 0 && j < i {
			return s[:j+3] + Masked + s[i:]
		}
	}
	return MaskText(s)
}
