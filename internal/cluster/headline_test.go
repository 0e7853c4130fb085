package cluster

import "testing"

func TestHeadline(t *testing.T) {
	for text, want := range map[string]string{
		"java.lang.IllegalStateException: no\n\tat a.b.c(X.java:1)": "java.lang.IllegalStateException: no",
		"java.lang.Exception: Shell Process Exception: Traceback (most recent call last):\n  File \"x.py\", line 1\n    f()\nCardDeclined: order 7\n\n\tat org.apache.storm.task.ShellBolt": "CardDeclined: order 7",
		"Traceback (most recent call last):": "Traceback (most recent call last):",
		"":                                   "",
		"one line":                           "one line",
	} {
		if got := Headline(text); got != want {
			t.Errorf("Headline(%q) = %q, want %q", text, got, want)
		}
	}
}
