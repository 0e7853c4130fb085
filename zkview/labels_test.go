package zkview

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestLabelsAgreeWithInterface holds the browser's field names against
// storm.thrift, where the interface has the struct.
func TestLabelsAgreeWithInterface(t *testing.T) {
	text, err := os.ReadFile("../internal/stormthrift/storm.thrift")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)(?:struct|union) (\w+) \{(.*?)\n\}`)
	field := regexp.MustCompile(`(?m)^\s*(\d+):\s+(?:optional|required)?\s*([\w<>, ]+?)\s+(\w+)\s*(?:=.*)?$`)
	compared := 0
	for _, found := range block.FindAllStringSubmatch(string(text), -1) {
		known, ok := labels[found[1]]
		if !ok {
			continue
		}
		for _, f := range field.FindAllStringSubmatch(found[2], -1) {
			id, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			want := f[3]
			switch found[1] + "." + want {
			case "NimbusSummary.uptime_secs":
				want = "started at"
			case "SupervisorInfo.meta":
				want = "meta (all ports)"
			}
			if got := known[int16(id)]; got.name != want {
				t.Errorf("%s %d is %q, want %q", found[1], id, got.name, want)
			}
			if of := known[int16(id)].of; of != "" && !strings.Contains(f[2], of) {
				t.Errorf("%s %s is a %s, want %s", found[1], want, f[2], of)
			}
			compared++
		}
	}
	if compared < 60 {
		t.Errorf("only %d fields compared", compared)
	}
}

func TestLabelsLeadSomewhere(t *testing.T) {
	for name, fields := range labels {
		for id, l := range fields {
			if l.of != "" && labels[l.of] == nil {
				t.Errorf("%s %d leads to %q, which has no labels", name, id, l.of)
			}
		}
	}
}

func TestNumberText(t *testing.T) {
	for _, test := range []struct {
		n    int64
		how  style
		want string
	}{
		{1795235270, epochSecs, "2026-11-21 04:27:50Z"},
		{1795235270123, epochMillis, "2026-11-21 04:27:50Z"},
		{0, epochSecs, "0"},
		{1 << 60, epochSecs, "1152921504606846976"},
		{30, seconds, "30 s"},
		{30, percent, "30 %"},
		{4, status, "KILLED"},
		{9, status, "9"},
		{3, levelAction, "REMOVE"},
		{5, profileAction, "JVM_RESTART"},
		{-7, plain, "-7"},
	} {
		if got := numberText(test.n, test.how); got != test.want {
			t.Errorf("numberText(%d) = %q, want %q", test.n, got, test.want)
		}
	}
}
