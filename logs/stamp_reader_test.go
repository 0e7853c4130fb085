package logs

import (
	"testing"
	"time"
)

func TestStampReader(t *testing.T) {
	r := NewStampReader(time.UTC)
	for line, want := range map[string]string{
		"2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [WARN] x": "2026-11-21T03:59:39.71Z",
		"2026-11-21T04:17:57.664+0100 l.X [INFO] x":                    "2026-11-21T03:17:57.664Z",
		"2026-11-21 04:24:15,362 - pystorm - x":                        "2026-11-21T04:24:15.362Z",
		"\tat java.lang.Thread.run(Thread.java:1)":                     "",
		"[12.345s][info][gc] GC(1)":                                    "",
		"":                                                             "",
	} {
		ns, ok := r.Read([]byte(line))
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestLineLevel(t *testing.T) {
	for line, want := range map[string]Level{
		"2026-11-21 03:59:39.710 o.a.s.t.ShellBolt Thread-20 [WARN] x":     LevelWarn,
		"2026-11-21 04:24:15,362 - pystorm.component.x - ERROR - edit 666": LevelError,
		"\tat java.lang.Thread.run(Thread.java:1)":                         LevelNone,
		"": LevelNone,
	} {
		if got := LineLevel([]byte(line)); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}
