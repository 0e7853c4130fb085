package nimbusclient

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Components that were made in Java come as Java serialisation. A subprocess
// bolt or spout written with Storm's own classes (Flux, Clojure) is one of
// them, so its command has to be found there.

// Bytes of Java's serialisation that are looked for.
var (
	javaObject  = []byte{0xac, 0xed, 0x00, 0x05, 's', 'r'}
	stringArray = append([]byte{'u', 'r', 0, byte(len(stringArrayName))}, stringArrayName...)
)

const (
	stringArrayName = "[Ljava.lang.String;"
	// maxCommand bounds the words of a command that is believed.
	maxCommand = 64
)

// shellClasses are the superclasses of components that run a subprocess.
var shellClasses = []string{"task.ShellBolt", "spout.ShellSpout"}

// fromSerializedJava reads the class of a serialised object, "" when it is no
// such thing, and the subprocess it runs, nil when it is a JVM component.
func fromSerializedJava(data []byte) (class string, shell *Shell) {
	if !bytes.HasPrefix(data, javaObject) {
		return "", nil
	}
	class, _ = javaText(data[len(javaObject):])
	for _, name := range shellClasses {
		for _, root := range []string{"org.apache.storm.", "backtype.storm."} {
			full := root + name
			if bytes.Contains(data, append([]byte{0, byte(len(full))}, full...)) {
				return class, javaCommand(data)
			}
		}
	}
	return class, nil
}

// javaCommand reads the first array of strings, which is the command: fields
// of the superclass come first. A shell without a readable command is still a
// shell.
func javaCommand(data []byte) *Shell {
	shell := new(Shell)
	_, rest, found := bytes.Cut(data, stringArray)
	// Behind the class name: serial version (8), flags, field count (3), end of
	// annotations and no superclass (2), length (4).
	const header = 8 + 3 + 2
	if !found || len(rest) < header+4 {
		return shell
	}
	count := binary.BigEndian.Uint32(rest[header:])
	rest = rest[header+4:]
	if count > maxCommand {
		return shell
	}
	words := make([]string, 0, count)
	for range count {
		if len(rest) == 0 || rest[0] != 't' {
			return shell
		}
		var word string
		if word, rest = javaText(rest[1:]); rest == nil {
			return shell
		}
		words = append(words, word)
	}
	if len(words) > 0 {
		shell.Command, shell.Script = words[0], strings.Join(words[1:], " ")
	}
	return shell
}

// javaText reads a text after its length in two bytes, and returns what
// follows, nil when the text is cut short.
func javaText(data []byte) (text string, rest []byte) {
	if len(data) < 2 {
		return "", nil
	}
	n := int(binary.BigEndian.Uint16(data))
	if len(data) < 2+n {
		return "", nil
	}
	return string(data[2 : 2+n]), data[2+n:]
}
