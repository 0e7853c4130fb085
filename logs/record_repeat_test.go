package logs

import "testing"

func TestRepeatsMayDifferInNumbers(t *testing.T) {
	t.Parallel()
	const head = "2026-11-21 04:00:00.000 o.a.s.t.ShellBolt Thread-20 [WARN] "
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"took 8ms", "took 1234ms", true},
		{"took 8ms", "took 8s", false},
		{"took ms", "took 8ms", false},
		{"", "", true},
		{"a1", "a1b", false},
		{"7", "42", true},
	} {
		a := assemble(AssemblerConfig{}, []byte(head+c.a+"\n"), 100)[0]
		b := assemble(AssemblerConfig{}, []byte("2026-11-21 04:07:09.123 o.a.s.t.ShellBolt Thread-21 [WARN] "+c.b+"\n"), 100)[0]
		if a.Repeats(&b) != c.want || b.Repeats(&a) != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, !c.want)
		}
		b.Source = 1
		if a.Repeats(&b) {
			t.Errorf("%q of another source", c.b)
		}
	}
}
