package zkview

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestErrorsOfRecordings(t *testing.T) {
	for _, name := range []string{"2.8.3-now", "2.8.3-killed", "2.8.3-failover"} {
		t.Run(name, func(t *testing.T) {
			zk, rec := newFakeZK(), load(t, name)
			zk.play(rec)
			c, ctx := zk.client(t), within(t)
			want := map[string]int{} // topology → errors
			for _, path := range rec.names {
				if parts := strings.Split(path, "/"); len(parts) == 4 && parts[2] == "errors" {
					want[parts[3]] = 0
				}
				if raw, ok := rec.nodes[path].decoded["ErrorInfo"]; ok {
					var v struct {
						Error string `json:"error"`
						Time  int64  `json:"error_time_secs"`
					}
					if err := json.Unmarshal(raw, &v); err != nil {
						t.Fatal(err)
					}
					want[strings.Split(path, "/")[3]]++
				}
			}
			for id, n := range want {
				found, err := c.Errors(ctx, id)
				if err != nil || len(found) != n {
					t.Errorf("%s: %d errors, want %d (%v)", id, len(found), n, err)
				}
				for i, e := range found {
					if e.Text == "" || e.Time == 0 || e.Host == "" || e.Port == nil || strings.HasSuffix(e.Component, lastError) {
						t.Errorf("%s: %+v", id, e)
					}
					if i > 0 && e.Time > found[i-1].Time {
						t.Errorf("%s: not newest first", id)
					}
				}
			}
			if found, err := c.Errors(ctx, "gone-1-1"); found != nil || err != nil {
				t.Errorf("a topology without errors: %v, %v", found, err)
			}
		})
	}
}

func TestErrorsOf09(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "0.9.7-reads"))
	c, ctx := zk.client(t), within(t)
	found, err := c.Errors(ctx, "lab-debug-4-1795235268")
	if err != nil || len(found) != 9 {
		t.Fatalf("%d errors, %v", len(found), err)
	}
	e := found[0]
	if e.Component != "count" && e.Component != "split" || !strings.Contains(e.Text, "Exception") || e.Port == nil || e.Last {
		t.Errorf("%+v", e)
	}
}

func TestErrorsOddities(t *testing.T) {
	struct1 := func(text string, at byte) []byte {
		return append(append([]byte{11, 0, 1, 0, 0, 0, byte(len(text))}, text...), 8, 0, 2, 0, 0, 0, at, 0)
	}
	zk := newFakeZK()
	zk.set("/storm/errors/wc-1-1/my+bolt%2Fa/e0000000001", struct1("first", 10))
	zk.set("/storm/errors/wc-1-1/my+bolt%2Fa/e0000000002", []byte("not an error"))
	zk.set("/storm/errors/wc-1-1/my+bolt%2Fa-last-error", struct1("last", 30))
	zk.set("/storm/errors/wc-1-1/odd-last-error/e0000000001", struct1("of a component with that name", 20))
	zk.set("/storm/errors/wc-1-1/bad%zz", nil)
	c, ctx := zk.client(t), within(t)
	found, err := c.Errors(ctx, "wc-1-1")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range found {
		lines = append(lines, fmt.Sprintf("%s|%v|%.20s", e.Component, e.Last, e.Text))
	}
	want := []string{
		"my bolt/a|false|a Thrift struct that", // dated by its node
		"my bolt/a|true|last",
		"odd-last-error|false|of a component with ",
		"my bolt/a|false|first",
	}
	for i, line := range want {
		if i >= len(lines) || i > 0 && lines[i] != line {
			t.Fatalf("got %q, want %q", lines, want)
		}
	}
	if found[0].Component != "my bolt/a" || found[0].Time < 1795000000 {
		t.Errorf("%+v", found[0])
	}
	for _, id := range []string{"", "a/b"} {
		if _, err := c.Errors(ctx, id); err == nil {
			t.Errorf("errors of %q", id)
		}
	}
	zk.deny("/storm/errors/wc-1-1/my+bolt%2Fa")
	_, err = c.Errors(ctx, "wc-1-1")
	mustBe(t, err, ErrNoAuth)
}

func TestOffsets(t *testing.T) {
	offset := func(topic string, partition, at int) []byte {
		return fmt.Appendf(nil, `{"topology":{"id":"7f","name":"wc"},"offset":%d,"partition":%d,"broker":{"host":"k%d","port":9092},"topic":%q}`,
			at, partition, partition, topic)
	}
	zk := newFakeZK()
	zk.set("/kafka/one/partition_0", offset("in", 0, 5))
	zk.set("/kafka/one/partition_1", offset("in", 1, 7))
	zk.set("/kafka/one/partition_2", []byte("not json"))
	zk.set("/kafka/one/partition_3", []byte(`{"nextOffset":5}`)) // of the Trident spout
	zk.set("/kafka/wild/b/partition_0", offset("b", 0, 1))
	zk.set("/kafka/wild/a/partition_10", offset("a", 10, 2))
	zk.set("/kafka/wild/a/partition_9", offset("a", 9, 3))
	zk.set("/kafka/none/x", nil)
	c, ctx := zk.client(t), within(t)
	for path, want := range map[string]string{
		"/kafka/one":  "in/0=5@k0:9092 in/1=7@k1:9092",
		"/kafka/wild": "a/9=3@k9:9092 a/10=2@k10:9092 b/0=1@k0:9092",
	} {
		found, err := c.Offsets(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range found {
			if o.Topology != "wc" || !strings.HasPrefix(o.Path, path) {
				t.Errorf("%+v", o)
			}
			got = append(got, fmt.Sprintf("%s/%d=%d@%s", o.Topic, o.Partition, o.Offset, o.Broker))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", path, got, want)
		}
	}
	for _, path := range []string{"/kafka/none", "/nowhere"} {
		_, err := c.Offsets(ctx, path)
		mustBe(t, err, ErrNoNode)
	}
}
