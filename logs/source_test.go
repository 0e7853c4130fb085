package logs

import "testing"

func TestKindsAreReadBack(t *testing.T) {
	for k := KindFile; k <= KindStdin; k++ {
		back, ok := ParseKind(k.String())
		if !ok || back != k {
			t.Errorf("%d is written %q and read back as %d, %v", k, k, back, ok)
		}
	}
	if _, ok := ParseKind("nonsense"); ok {
		t.Error("an unknown kind was read")
	}
}

func TestSourceNames(t *testing.T) {
	tests := []struct {
		give      Source
		key, name string
	}{
		{Source{Host: "w1", Path: "/logs/a-1-1/6700/worker.log"}, "w1:/logs/a-1-1/6700/worker.log", "worker.log"},
		{Source{Path: "/tmp/x.log"}, ":/tmp/x.log", "x.log"},
		{Source{Kind: KindStdin}, "-", "standard input"},
	}
	for _, tt := range tests {
		if got := tt.give.Key(); got != tt.key {
			t.Errorf("Key = %q, want %q", got, tt.key)
		}
		if got := tt.give.Name(); got != tt.name {
			t.Errorf("Name = %q, want %q", got, tt.name)
		}
	}
}
