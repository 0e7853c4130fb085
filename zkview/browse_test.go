package zkview

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEveryRecordedNode opens each node of each recording as the browser does.
func TestEveryRecordedNode(t *testing.T) {
	for _, name := range []string{
		"2.8.3-now", "2.8.3-killed", "2.8.3-failover", "2.8.3-loglevel", "2.8.3-profiler", "2.8.3-rebalancing",
		"1.2.2-reads", "1.2.2-log-debug-profile", "1.2.2-killed", "1.2.2-rebalancing",
		"0.9.7-reads", "0.9.7-killed", "0.9.7-rebalancing",
	} {
		t.Run(name, func(t *testing.T) {
			zk, rec := newFakeZK(), load(t, name)
			zk.play(rec)
			c, ctx := zk.client(t), within(t)
			for _, path := range rec.names {
				node, err := c.Node(ctx, path)
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				checkNode(t, c, node, rec.nodes[path])
			}
		})
	}
}

func checkNode(t *testing.T, c *Client, node Node, want recorded) {
	t.Helper()
	if c.secret(node.Path) {
		if node.Raw != nil || node.Decoded != nil || node.Encoding != "secret" || node.Hint == "" {
			t.Errorf("%s: a secret was read: %+v", node.Path, node)
		}
		return
	}
	if !bytes.Equal(node.Raw, want.data) || node.Truncated || node.Stat.Mzxid != want.stat.Mzxid {
		t.Errorf("%s: raw or stat differ", node.Path)
	}
	form := ""
	switch want.form {
	case "gzip+thrift":
		for kind := range want.decoded {
			form = "gzip + Thrift " + kind
		}
	case "java":
		form = "Java-serialised NimbusInfo"
	}
	if form != "" && node.Encoding != form {
		t.Errorf("%s: %s, want %s", node.Path, node.Encoding, form)
	}
	if bytes.HasPrefix(want.data, magicJava) && !strings.HasPrefix(node.Encoding, "Java-serialised") {
		t.Errorf("%s: %s, want Java", node.Path, node.Encoding)
	}
	if len(want.data) > 0 && node.Decoded == nil {
		t.Errorf("%s: %s not decoded: %s", node.Path, node.Encoding, node.Hint)
	}
	for kind, raw := range want.decoded {
		var fields map[string]any
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			checkField(t, node, kind, name, value)
		}
	}
}

// checkField holds one line of the browser against the recorded value. Values
// that are shown in another form are checked for being there.
func checkField(t *testing.T, node Node, kind, name string, value any) {
	t.Helper()
	switch {
	case name == "meta":
		name = "meta (all ports)"
	case kind == "NimbusSummary" && name == "uptime_secs":
		name = "started at" // that is what the node holds
	}
	i := slices.IndexFunc(node.Decoded, func(f Field) bool { return f.Label == name })
	if i < 0 {
		t.Errorf("%s: no line %q", node.Path, name)
		return
	}
	got := node.Decoded[i]
	switch v := value.(type) {
	case string:
		if got.Value != v {
			t.Errorf("%s %s: %q, want %q", node.Path, name, got.Value, v)
		}
	case bool:
		if got.Value != fmt.Sprint(v) {
			t.Errorf("%s %s: %q, want %v", node.Path, name, got.Value, v)
		}
	case map[string]any:
		if name == "nodeInfo" {
			if !strings.HasPrefix(got.Value, v["node"].(string)+":") {
				t.Errorf("%s %s: %q", node.Path, name, got.Value)
			}
			return
		}
		if want := len(v); len(got.Children) != want {
			t.Errorf("%s %s: %d lines, want %d", node.Path, name, len(got.Children), want)
		}
	case []any:
		if len(v) == 0 && got.Value == "(0)" {
			return
		}
		if got.Children != nil && len(got.Children) != len(v) || got.Children == nil && len(strings.Fields(got.Value)) != len(v) {
			t.Errorf("%s %s: %+v, want %d", node.Path, name, got, len(v))
		}
	default:
		if got.Value == "" {
			t.Errorf("%s %s: empty, want %v", node.Path, name, value)
		}
	}
}

// outline writes fields as indented lines.
func outline(fields []Field, indent string) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s%s  %s\n", indent, f.Label, f.Value)
		b.WriteString(outline(f.Children, indent+"  "))
	}
	return b.String()
}

func TestAssignmentLines(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	node, err := zk.client(t).Node(within(t), "/storm/assignments/wordcount-1-1795233503")
	if err != nil {
		t.Fatal(err)
	}
	want := `master_code_dir  /tmp/storm28/storm/storm-local
node_host  (2)
  6f4a6daf-4c22-4d70-a608-5f976636fde1-127.0.0.1  127.0.0.2
  d56e65a8-f0a8-4d91-88bd-820d482e1371-127.0.0.1  127.0.0.1
executor_node_port  (8)
  [1-1]  127.0.0.1:6700
  [2-2]  127.0.0.2:6700
  [3-3]  127.0.0.1:6700
  [4-4]  127.0.0.2:6700
  [5-5]  127.0.0.1:6700
  [6-7]  127.0.0.2:6700
  [8-8]  127.0.0.1:6700
  [9-9]  127.0.0.2:6700
executor_start_time_secs  8 of 9 differ: newest 2026-11-21 04:27:50Z
`
	if got := outline(node.Decoded, ""); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
	for _, f := range node.Decoded[2].Children {
		if f.Tasks == nil || fmt.Sprintf("[%d-%d]", f.Tasks.Start, f.Tasks.End) != f.Label {
			t.Errorf("%s: tasks %v", f.Label, f.Tasks)
		}
	}
}

func TestNimbusLines(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "1.2.2-reads"))
	node, err := zk.client(t).Node(within(t), "/storm/nimbuses/127.0.0.1:26627")
	if err != nil {
		t.Fatal(err)
	}
	got := outline(node.Decoded, "")
	if !strings.Contains(got, "started at  2026-11-21 03:48:44Z") || strings.Contains(got, "uptime") {
		t.Errorf("got\n%s", got)
	}
}

func TestNodeForms(t *testing.T) {
	zk := newFakeZK()
	for path, data := range map[string][]byte{
		"/storm/storms": {7},
		"/storm/empty":  nil,
		"/storm/text":   []byte("plain words\n"),
		"/storm/bytes":  {0xff, 0xfe, 0},
		"/storm/zstd":   {0x28, 0xb5, 0x2f, 0xfd, 1},
		"/storm/gzip":   bomb(t, 10),
		"/storm/bomb":   bomb(t, 8<<20),
		"/storm/large":  bytes.Repeat([]byte("x"), 100_000),
		"/storm/java":   {0xac, 0xed, 0, 5, 0x7d},
		"/storm/thrift": {8, 0, 3, 0, 0, 0, 5, 11, 0, 9, 0, 0, 0, 2, 'h', 'i', 0},
		"/storm/blobstoremaxkeysequencenumber/a/1":     {0, 0, 0, 1},
		"/storm/backpressure/wc-1-1/node-6700":         {0, 0, 1, 0xa1, 0xff, 0xff, 0xff, 0xff},
		"/storm/logconfigs/none":                       {0},
		"/kafka/id/partition_0":                        []byte(`{"topology":{"id":"x","name":"wc"},"offset":42,"partition":0,"broker":{"host":"k1","port":9092},"topic":"in"}`),
		"/elsewhere/credentials/x":                     []byte("secret"),
		"/storm/secretkeys/NIMBUS/wc-1-1/0":            []byte("secret"),
		"/storm/credentials":                           {7},
		"/storm/errors/wc-1-1/credentials/e0000000000": {11, 0, 1, 0, 0, 0, 1, 'x', 8, 0, 2, 0, 0, 0, 1, 0},
		"/storm/assignments/not-an-assignment":         []byte("words"),
		"/storm/supervisors/broken":                    {11, 0, 1, 0, 0, 0, 99},
	} {
		zk.set(path, data)
	}
	c, ctx := zk.client(t), within(t)
	for _, test := range []struct{ path, encoding, hint, lines string }{
		{"/storm/storms", "bytes", "", "container  a node that only holds others\n"},
		{"/storm/empty", "empty", "", ""},
		{"/storm/text", "text", "", "text  plain words\n\n"},
		{"/storm/bytes", "bytes", "not decoded: no encoding of Storm's", ""},
		{"/storm/zstd", "zstd", "zstd-compressed, not decoded", ""},
		{"/storm/gzip", "gzip + bytes", "not decoded: no encoding of Storm's", ""},
		{"/storm/bomb", "gzip", "unpacks to more than 4194304 bytes: too large to read", ""},
		{"/storm/java", "Java-serialised", "0.9 record, not decoded; children, size and times are shown", ""},
		{"/storm/thrift", "Thrift", "", "field 3  5\nfield 9  hi\n"},
		{"/storm/blobstoremaxkeysequencenumber/a/1", "bytes", "", "sequence number  1\n"},
		{"/storm/backpressure/wc-1-1/node-6700", "bytes", "", "since  2026-"},
		{"/storm/logconfigs/none", "Thrift LogConfig", "a struct without fields", ""},
		{"/kafka/id/partition_0", "JSON", "", "offset  42\npartition  0\ntopic  in\nbroker  k1:9092\ntopology  wc\n"},
		{"/elsewhere/credentials/x", "secret", "•••• never shown", ""},
		{"/storm/secretkeys/NIMBUS/wc-1-1/0", "secret", "•••• never shown", ""},
		{"/storm/credentials", "secret", "•••• never shown", ""},
		{"/storm/errors/wc-1-1/credentials/e0000000000", "Thrift ErrorInfo", "", "error  x\n"},
		{"/storm/assignments/not-an-assignment", "text", "", "text  words\n"},
		{"/storm/supervisors/broken", "bytes", "not decoded: no encoding of Storm's", ""},
	} {
		node, err := c.Node(ctx, test.path)
		if err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		if node.Encoding != test.encoding || node.Hint != test.hint || !strings.HasPrefix(outline(node.Decoded, ""), test.lines) {
			t.Errorf("%s: %q %q\n%s", test.path, node.Encoding, node.Hint, outline(node.Decoded, ""))
		}
	}
	node, err := c.Node(ctx, "/storm/large")
	if err != nil || len(node.Raw) != maxRaw || !node.Truncated || node.Stat.DataLength != 100_000 {
		t.Errorf("large: %d bytes, %v", len(node.Raw), err)
	}
	for _, secret := range []string{"4 /elsewhere/credentials/x", "4 /storm/secretkeys/NIMBUS/wc-1-1/0", "4 /storm/credentials"} {
		if zk.count(secret) != 0 {
			t.Errorf("%q was asked", secret)
		}
	}
}

func TestNodeErrors(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm/closed", []byte("x"))
	zk.deny("/storm/closed", "sasl:nimbus")
	zk.set("/storm/huge", nil)
	zk.mu.Lock()
	zk.nodes["/storm/huge"].stat.DataLength = 50 << 20
	zk.mu.Unlock()
	c, ctx := zk.client(t), within(t)
	_, err := c.Node(ctx, "/storm/nowhere")
	mustBe(t, err, ErrNoNode)
	if err.Error() != "looking at /storm/nowhere: no such node" {
		t.Errorf("error %q", err)
	}
	node, err := c.Node(ctx, "/storm/closed")
	mustBe(t, err, ErrNoAuth)
	if err.Error() != "reading /storm/closed: no read permission (ACL sasl:nimbus)" || node.Path != "/storm/closed" {
		t.Errorf("error %q, node %+v", err, node)
	}
	_, err = c.Node(ctx, "/a//b")
	mustBe(t, err, ErrPath)
	_, err = c.Node(ctx, "/"+strings.Repeat("x", maxPath))
	mustBe(t, err, ErrPath)
	if node, err := c.Node(ctx, "/storm/huge"); err != nil || node.Hint != "too large to read" || zk.count("4 /storm/huge") != 0 {
		t.Errorf("huge: %+v %v", node, err)
	}
	if _, err := c.Children(ctx, "/storm/closed"); err == nil {
		t.Error("a closed node was listed")
	}
}

func TestChildren(t *testing.T) {
	zk := newFakeZK()
	zk.play(load(t, "2.8.3-now"))
	c, ctx := zk.client(t), within(t)
	children, err := c.Children(ctx, "storm/") // as typed
	if err != nil {
		t.Fatal(err)
	}
	if len(children) != 13 || children[0].Name != "assignments" || children[0].Path != "/storm/assignments" {
		t.Errorf("children %+v", children)
	}
	for _, child := range children {
		if child.Stat == nil || child.Secret != (child.Name == "credentials" || child.Name == "secretkeys") {
			t.Errorf("child %+v", child)
		}
	}
	if children[0].Stat.NumChildren != 4 {
		t.Errorf("assignments has %d children", children[0].Stat.NumChildren)
	}
	children, err = c.Children(ctx, "/storm/leader-lock")
	if err != nil {
		t.Fatal(err)
	}
	notes := 0
	for _, child := range children {
		if child.Note != "" {
			notes++
			if sequence(child.Name) > sequence(children[0].Name) && sequence(child.Name) > sequence(children[1].Name) {
				t.Errorf("%s is marked as the leader", child.Name)
			}
		}
	}
	if notes != 1 {
		t.Errorf("%d leaders", notes)
	}
	_, err = c.Children(ctx, "/nowhere")
	mustBe(t, err, ErrNoNode)
}

func TestManyChildren(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm", nil)
	zk.mu.Lock()
	for i := range maxListed + 5 {
		zk.nodes[fmt.Sprintf("/storm/%06d", i)] = &fakeNode{}
	}
	zk.mu.Unlock()
	children, err := zk.client(t).Children(within(t), "/storm")
	mustBe(t, err, ErrTooLarge)
	if len(children) != maxListed || children[maxChildStat-1].Stat == nil || children[maxChildStat].Stat != nil {
		t.Errorf("%d children", len(children))
	}
}

func TestWatch(t *testing.T) {
	zk := newFakeZK()
	zk.set("/storm/storms/wc-1-1", []byte("a"))
	c, ctx := zk.client(t), within(t)
	const path = "/storm/storms/wc-1-1"
	changed, stop, err := c.Watch(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string) {
		t.Helper()
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s was not told", what)
		}
		if _, err := c.Node(ctx, path); err != nil && what != "removal" {
			t.Fatal(err)
		}
		if _, err := c.Children(ctx, path); err != nil && what != "removal" {
			t.Fatal(err)
		}
	}
	zk.set(path, []byte("b"))
	expect("a change")
	zk.set(path, []byte("c"))
	expect("a second change")
	zk.set(path+"/child", nil)
	expect("a child")
	zk.remove(path + "/child")
	expect("a child's end")
	zk.drop()
	expect("a new connection")
	again(ctx, t, c)
	zk.remove(path)
	expect("removal")
	zk.set(path, []byte("d"))
	expect("being there again")
	stop()
	stop() // harmless
	if e := c.book.entries[watchKey{path, watchData}]; e != nil && len(e.follow) > 0 {
		t.Error("still followed")
	}
	_, _, err = c.Watch(ctx, "/storm/a/../b")
	mustBe(t, err, ErrPath)
}

func TestHex(t *testing.T) {
	if got := Hex([]byte("\x00\x1b[31mred")); got != "00000000  00 1b 5b 33 31 6d 72 65  64                       |..[31mred|\n" {
		t.Errorf("Hex = %q", got)
	}
	if got := Hex(make([]byte, 1<<20)); strings.Count(got, "\n") != maxRaw/16 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
}
