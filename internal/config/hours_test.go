package config

import "testing"

func TestHours(t *testing.T) {
	for text, want := range map[string]string{
		"08:00-18:00": "08:00-18:00", "22:00 - 6:30": "22:00-06:30", "8:00-8:00": "",
	} {
		h, f := parseHours(text)
		if f != nil || h.String() != want {
			t.Errorf("%q: %q, %v; want %q", text, h, f, want)
		}
	}
	for _, text := range []string{"", "8-18", "08:00", "25:00-26:00", "a-b", "08:00-18:00-20:00"} {
		if h, f := parseHours(text); f == nil {
			t.Errorf("%q is taken for %q", text, h)
		}
	}
}
