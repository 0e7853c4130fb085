package theme

import "strings"

// UnicodeLocale reports whether the locale named by the environment promises a
// terminal that shows the console's glyphs one cell wide: its encoding is UTF-8
// and its language none of those in whose fonts ● takes two cells. Lookup is
// os.LookupEnv or a stand-in.
func UnicodeLocale(lookup func(string) (string, bool)) bool {
	locale := ""
	// The order is that of POSIX; an empty variable counts as unset.
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value, ok := lookup(name); ok && value != "" {
			locale = value
			break
		}
	}
	language, encoding, _ := strings.Cut(locale, ".")
	encoding, _, _ = strings.Cut(strings.ToLower(encoding), "@")
	// macOS sets LC_CTYPE to the bare encoding.
	if language == "UTF-8" {
		language, encoding = "", "utf-8"
	}
	if encoding != "utf-8" && encoding != "utf8" {
		return false
	}
	language, _, _ = strings.Cut(language, "_")
	switch strings.ToLower(language) {
	case "zh", "ja", "ko":
		return false
	}
	return true
}
