package termtest

import "strings"

// sequences are the bytes that an xterm sends for keys with a name.
var sequences = map[string]string{
	"enter": "\r", "esc": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
	"pgup": "\x1b[5~", "pgdown": "\x1b[6~", "delete": "\x1b[3~", "insert": "\x1b[2~",
	"f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~",
	"ctrl+space": "\x00", "ctrl+@": "\x00",
}

// sequence returns the bytes of a key.
func sequence(key string) (string, bool) {
	if seq, ok := sequences[key]; ok {
		return seq, true
	}
	if rest, ok := strings.CutPrefix(key, "alt+"); ok {
		seq, ok := sequence(rest)
		return "\x1b" + seq, ok
	}
	if rest, ok := strings.CutPrefix(key, "ctrl+"); ok && len(rest) == 1 && rest[0] >= 'a' && rest[0] <= 'z' {
		return string(rest[0] - 'a' + 1), true
	}
	if r := []rune(key); len(r) == 1 {
		return key, true
	}
	return "", false
}
