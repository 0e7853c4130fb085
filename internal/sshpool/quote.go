package sshpool

import (
	"fmt"
	"strings"
)

// Quote writes words for a POSIX shell, so that each is one word with just these
// bytes. It is meant for the text of a [Script].
func Quote(args ...string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}

// Script makes a command of a POSIX script that every login shell (sh, bash, dash,
// ksh, zsh, fish, csh, tcsh) hands to /bin/sh unchanged: what those shells read
// differently is written as octal numbers.
func Script(sh string) string {
	var b strings.Builder
	b.WriteString(`exec /bin/sh -c 'eval "$(printf %b "`)
	for i := range len(sh) {
		switch c := sh[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(" ./_=:,+@-", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\0%03o`, c)
		}
	}
	b.WriteString(`")"'`)
	return b.String()
}

// Watched makes a command of a POSIX script that ends when we are gone: sshd does
// not end a command whose connection has broken, and one that writes nothing
// would run for ever. The script's input is empty; what it runs last should be
// run with exec.
func Watched(sh string) string {
	return Script("exec 3<&0\n( " + sh + "\n) </dev/null 3<&- & p=$!\n" +
		"( cat <&3 >/dev/null 2>&1; kill -TERM $p 2>/dev/null ) >/dev/null 2>&1 & w=$!\nexec 3<&-\nwait $p; s=$?\nkill $w 2>/dev/null\nexit $s")
}
