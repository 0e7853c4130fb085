package nimbusclient

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// Nothing a peer sends as a frame is more than an error.
func FuzzReadFrame(f *testing.F) {
	for _, frame := range []string{"", "\x00\x00\x00\x02ab", "\x00\x00\x00\x09ab", "HTTP/1.1 400", "\x7f\xff\xff\xff", "\x15\x03\x01\x00\x02", "\x04\x00\x00\x00\x10", "\x00\x10\x00\x00"} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 10
		message, err := readFrame(bytes.NewReader(data), limit)
		switch {
		case err == nil && (len(message) > limit || !bytes.Equal(message, data[4:4+len(message)])):
			t.Errorf("%d bytes were read from %q", len(message), data)
		case err != nil && sentinel(err) == nil:
			t.Errorf("%v has no name", err)
		}
	})
}

// Whatever a reply holds, every read makes a value or a worded error of it.
func FuzzReplies(f *testing.F) {
	methods := make([]string, 0, len(reads))
	for method := range reads {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	for version := range recordedVersions {
		for _, r := range recordings(f, version) {
			if i := slices.Index(methods, r.method); i >= 0 && len(r.reply) < 4<<10 && len(r.reply) > 0 {
				f.Add(uint8(i), bodyOf(r.reply))
			}
		}
	}
	args := map[string][]any{
		"getTopologyPageInfo": {"id", "600", true}, "getComponentPageInfo": {"id", "c", "600", true},
		"getSupervisorPageInfo": {"id", true}, "getTopologyInfoWithOpts": {"id", ""},
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		method := methods[int(which)%len(methods)]
		server := recordedVersions["2.8.3"]
		s, _ := play(t.Context(), server, func(request []byte) []byte {
			head := bytes.Clone(request[:8+len(nameOf(request))+4])
			head[3] = 2 // a reply
			return append(head, body...)
		})
		_, err := reads[method](s, args[method])
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Error() == "" || e.Short() == "") {
			t.Errorf("%s: %v says too little", method, err)
		}
	})
}

// nameOf and bodyOf take a message apart.
func nameOf(message []byte) string { return string(message[8 : 8+message[7]]) }

func bodyOf(message []byte) []byte { return message[8+len(nameOf(message))+4:] }

// Serialised Java is looked into, not executed, and may be anything.
func FuzzSerializedJava(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(append(bytes.Clone(javaObject), 0, 3, 'a', '.', 'B'))
	f.Add(flux("org.apache.storm.task.ShellBolt", "python3", "split.py"))
	f.Fuzz(func(t *testing.T, data []byte) {
		class, shell := fromSerializedJava(data)
		if len(class) > len(data) || shell != nil && len(shell.Command)+len(shell.Script) > len(data) {
			t.Errorf("%q, %v were read from %d bytes", class, shell, len(data))
		}
	})
}
