package nimbusclient

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flux builds what matters of a serialised Flux component.
func flux(superclass string, command ...string) []byte {
	word := func(to []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint16(to, uint16(len(s))), s...)
	}
	data := word(bytes.Clone(javaObject), "org.apache.storm.flux.wrappers.bolts.FluxShellBolt")
	data = append(data, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 'x', 'r')
	data = append(word(data, superclass), 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 'x', 'p')
	data = append(append(data, stringArray...), 0xad, 0xd2, 0x56, 0xe7, 0xe9, 0x1d, 0x7b, 0x47, 2, 0, 0, 'x', 'p')
	data = binary.BigEndian.AppendUint32(data, uint32(len(command)))
	for _, c := range command {
		data = word(append(data, 't'), c)
	}
	return data
}

func TestSerializedJava(t *testing.T) {
	const class = "org.apache.storm.flux.wrappers.bolts.FluxShellBolt"
	many := make([]string, maxCommand+1)
	full := flux("org.apache.storm.task.ShellBolt", "python3", "split.py", "--fast")
	tests := []struct {
		name  string
		data  []byte
		class string
		shell *Shell
	}{
		{"a shell bolt", full, class, &Shell{"python3", "split.py --fast"}},
		{"a shell spout of 0.9", flux("backtype.storm.spout.ShellSpout", "ruby", "s.rb"), class, &Shell{"ruby", "s.rb"}},
		{"a bolt of the JVM", flux("org.apache.storm.topology.base.BaseRichBolt", "python3"), class, nil},
		{"a command of no words", flux("org.apache.storm.task.ShellBolt"), class, &Shell{}},
		{"a command of too many words", flux("org.apache.storm.task.ShellBolt", many...), class, &Shell{}},
		{"a command cut short", full[:len(full)-3], class, &Shell{}},
		{"an array cut short", full[:bytes.Index(full, stringArray)+len(stringArray)+2], class, &Shell{}},
		{"no object", []byte("hello"), "", nil},
		{"nothing", nil, "", nil},
		{"a class cut short", javaObject, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gotClass, gotShell := fromSerializedJava(tt.data)
			if gotClass != tt.class {
				t.Errorf("class %q, want %q", gotClass, tt.class)
			}
			if diff := cmp.Diff(tt.shell, gotShell); diff != "" {
				t.Errorf("shell (-want +got):\n%s", diff)
			}
		})
	}
}

// The recorded Python topologies are recognised as such.
func TestRecordedShells(t *testing.T) {
	want := map[string]string{ // component: script, "" for the JVM
		"2.8.3 sentences": "sentences.py", "2.8.3 split": "split.py", "2.8.3 count": "count.py", "2.8.3 orders": "orders.py",
		"2.8.3 charge": "charge.py", "2.8.3 ledger": "ledger.py", "2.8.3 audit-log": "", "2.8.3 __acker": "", "2.8.3 __system": "",
		"2.8.3 __eventlogger": "",
		"1.2.2 sentences":     "", "1.2.2 split": "split.py", "1.2.2 count": "", "1.2.2 sink": "",
		"0.9.7 sentences": "", "0.9.7 split": "split.py", "0.9.7 count": "", "0.9.7 sink": "",
	}
	seen := map[string]bool{}
	for version, server := range recordedVersions {
		for _, r := range recordings(t, version) {
			if r.method != "getTopology" || r.result == nil {
				continue
			}
			s, _ := play(t.Context(), server, func(request []byte) []byte { return withSeq(r.reply, seqOf(request)) })
			structure, err := s.Structure(text(r.args, 0))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range structure.Components {
				name := version + " " + c.ID
				script, known := want[name]
				if !known {
					continue
				}
				seen[name] = true
				switch {
				case script == "" && (c.Shell != nil || c.Class == ""):
					t.Errorf("%s: class %q, shell %v", name, c.Class, c.Shell)
				case script != "" && (c.Shell == nil || c.Shell.Script != script || c.Shell.Command == ""):
					t.Errorf("%s: class %q, shell %v, want %s", name, c.Class, c.Shell, script)
				}
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("only %v were recorded", seen)
	}
}
