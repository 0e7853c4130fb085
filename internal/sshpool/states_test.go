package sshpool

import "testing"

func TestStatesNameEveryHostAskedFor(t *testing.T) {
	p := New(Config{})
	defer p.Close()
	for _, name := range []string{"w2", "w1", "w2", "not a name"} {
		p.Host(name)
	}
	want := map[string]Phase{"not a name": Failed, "w1": Idle, "w2": Idle}
	states := p.States()
	if len(states) != len(want) || states[1].Name != "w1" || states[2].Name != "w2" {
		t.Fatalf("states %+v", states)
	}
	for _, s := range states {
		if s.Phase != want[s.Name] {
			t.Errorf("%s is %s, want %s", s.Name, s.Phase, want[s.Name])
		}
	}
}
