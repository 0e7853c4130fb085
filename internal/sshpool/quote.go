package sshpool

import (
	"fmt"
	"strings"
)

// Quote writes words so that a shell takes each for one word of just these
// bytes, whatever they are. The text means the same in sh, bash, dash, ksh, zsh,
// fish, csh and tcsh, except that the last two cannot hold a newline in a word;
// [Host.Start] therefore hands a command that is more than plain words to
// /bin/sh. No shell has words with a NUL byte, which Start refuses.
func Quote(args ...string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		quoteWord(&b, arg)
	}
	return b.String()
}

// quoteWord puts quotes around all but the three bytes that some shell reads even
// within them: the quote itself, the backslash (fish) and the exclamation mark
// (csh). A backslash outside of quotes makes each of them plain in every shell.
func quoteWord(b *strings.Builder, arg string) {
	if arg != "" && plainWord(arg) {
		b.WriteString(arg)
		return
	}
	quoted := false
	toggle := func(want bool) {
		if quoted != want {
			b.WriteByte('\'')
			quoted = want
		}
	}
	for i := range len(arg) {
		switch c := arg[i]; c {
		case '\'', '\\', '!':
			toggle(false)
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			toggle(true)
			b.WriteByte(c)
		}
	}
	if arg == "" {
		b.WriteString("''")
	}
	toggle(false)
}

const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:,+@-"

// plainWord says that no shell reads anything into these bytes.
func plainWord(s string) bool { return strings.Trim(s, plainBytes) == "" }

// scriptStart is how a command begins that every login shell hands to /bin/sh.
const scriptStart = `exec /bin/sh -c '`

// Script makes a command of a script for a POSIX shell, so that any login shell
// hands it to /bin/sh unchanged. The script has the process' standard input and
// should end when that ends; [Watched] is for one that does not read it.
//
// What shells read differently is written as octal numbers, five bytes for one: a
// script may have some 20 KB.
func Script(script string) string {
	var b strings.Builder
	b.WriteString(scriptStart + `eval "$(printf %b "`)
	for i := range len(script) {
		if c := script[i]; c == ' ' || strings.IndexByte(plainBytes, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\0%03o`, c)
		}
	}
	b.WriteString(`")"'`)
	return b.String()
}

// Watched is like [Script] for a script that reads nothing: it ends, with all that
// it started, as soon as its process or connection is closed, even when it never
// writes again. Its standard input is empty.
//
// The real standard input, which is open as long as the connection is, serves as
// a leash: a background shell waits for its end and then ends the group of
// processes that sshd made for the session.
func Watched(script string) string {
	return Script("exec 3<&0\n" +
		"{ while read -r _; do :; done; kill -TERM 0; } <&3 3<&- >/dev/null 2>&1 &\n" +
		"leash=$!\n" +
		"( " + script + "\n) </dev/null 3<&-\n" +
		"code=$?\n" +
		"kill $leash 2>/dev/null\n" +
		"exit $code\n")
}

// forLoginShell is a command as it is sent: unchanged when every shell reads it
// alike or it calls /bin/sh itself, else for /bin/sh.
func forLoginShell(command string) string {
	if strings.HasPrefix(command, scriptStart) || plainWord(strings.ReplaceAll(command, " ", "")) {
		return command
	}
	return Script(command)
}
