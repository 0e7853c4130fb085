package config

import (
	"testing"
	"time"
)

func TestPythonLogTemplates(t *testing.T) {
	for in, want := range map[string]string{
		"/srv/py/pystorm_{topology_name}_{component_name}_{task_id}_{pid}.log": "/srv/py/pystorm_{topology}_{component}_{task}_{pid}.log",
		"/tmp/{topology_id}/{script}-{pid}.log":                                "/tmp/{topology_id}/{script}-{pid}.log",
		"/srv/{host}.log":                                                      "",
		"/srv/{pid.log":                                                        "",
		"srv/{pid}.log":                                                        "",
		"/srv/{topology}/":                                                     "",
		"/srv/\x1b{pid}.log":                                                   "",
	} {
		got, f := parsePythonLog(in)
		if (f != nil) != (want == "") || got != want {
			t.Errorf("parsePythonLog(%q) = %q, %v; want %q", in, got, f, want)
		}
	}
}

func TestZones(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{"Europe/Berlin": "14:00", "+05:30": "17:30", "-0800": "04:00", "UTC": "12:00"} {
		loc, err := Zone(in)
		if err != nil {
			t.Fatalf("Zone(%q): %v", in, err)
		}
		if got := at.In(loc).Format("15:04"); got != want {
			t.Errorf("Zone(%q): %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"Nowhere/Else", "+2", "../../etc/passwd", "\x1b"} {
		if _, err := Zone(in); err == nil {
			t.Errorf("Zone(%q) is a zone", in)
		}
	}
	if loc, err := Zone(""); err != nil || loc != time.Local {
		t.Errorf("Zone of nothing = %v, %v", loc, err)
	}
}

func TestLogSettings(t *testing.T) {
	file, errs := parseConfigFile([]byte(`
logs: {reorder: 1s, memory: 64M}
clusters:
  lab:
    nimbus: nim-a
    logs:
      python: ["/srv/a_{task_id}.log", "/srv/b_{pid}.log"]
      timezone: Asia/Tokyo
`), Origin{Kind: OriginConfig, Path: "config.yaml"}, Inputs{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	lab, _ := file.find("lab")
	if got := lab.layer.Entries["logs.python"].Texts; len(got) != 2 {
		t.Errorf("logs.python = %q", got)
	}
	for _, bad := range []string{"logs: {memory: 1K}", "logs: {reorder: 2h}", "logs: {timezone: Mars}", "clusters: {a: {logs: {python: nowhere}}}"} {
		if _, errs := parseConfigFile([]byte(bad), Origin{Kind: OriginConfig, Path: "config.yaml"}, Inputs{}); len(errs) == 0 {
			t.Errorf("%s is accepted", bad)
		}
	}
}
