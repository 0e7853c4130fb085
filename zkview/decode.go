package zkview

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// structAt names the struct that Storm keeps at a path below its root.
func structAt(below string) string {
	parts := strings.Split(below, "/")
	if len(parts) < 2 {
		return ""
	}
	switch {
	case parts[0] == "storms" && len(parts) == 2:
		return "StormBase"
	case parts[0] == "assignments" && len(parts) == 2:
		return "Assignment"
	case parts[0] == "supervisors" && len(parts) == 2:
		return "SupervisorInfo"
	case parts[0] == "nimbuses" && len(parts) == 2:
		return "NimbusSummary"
	case parts[0] == "logconfigs" && len(parts) == 2:
		return "LogConfig"
	case parts[0] == "profilerconfigs" && len(parts) == 3:
		return "ProfileRequest"
	case parts[0] == "workerbeats" && len(parts) == 3:
		return "ClusterWorkerHeartbeat"
	case parts[0] == "errors" && (len(parts) == 4 || len(parts) == 3):
		return "ErrorInfo"
	}
	return ""
}

// decode fills in what a payload is and what it says. It trusts the bytes, not
// the path: the path only names the fields of a Thrift struct.
func (c *Client) decode(node *Node, data []byte) {
	if len(data) == 0 {
		node.Encoding = "empty"
		return
	}
	inner, how, err := unpack(data, growth*c.cfg.MaxNode)
	prefix := ""
	if how != packedNot {
		prefix = string(how) + " + "
	}
	if err != nil {
		node.Encoding, node.Hint = string(how), err.Error()
		return
	}
	below, inside := c.below(node.Path)
	name := ""
	if inside {
		name = structAt(below)
	}
	switch {
	case isJava(inner):
		c.decodeJava(node, prefix, inner)
	case decodeThrift(node, prefix, inner, name):
	case len(inner) == 1 && inner[0] == 7:
		// Storm's own mark of a node that only holds others.
		node.Encoding = prefix + "bytes"
		node.Decoded = []Field{{Label: "container", Value: "a node that only holds others"}}
	case decodeSmall(node, prefix, inner, below):
	case isText(inner):
		node.Encoding = prefix + "text"
		if offset, ok := parseOffset(node.Path, inner); ok {
			node.Encoding, node.Decoded = prefix+"JSON", describeOffset(offset)
			return
		}
		node.Decoded = []Field{{Label: "text", Value: string(inner[:min(len(inner), maxRaw)])}}
	default:
		node.Encoding, node.Hint = prefix+"bytes", "not decoded: no encoding of Storm's"
	}
}

// decodeThrift takes a payload that is exactly one Thrift struct. Where Storm
// keeps none, a struct of at least one field is still shown, by field numbers.
func decodeThrift(node *Node, prefix string, inner []byte, name string) bool {
	value, err := parseStruct(inner)
	if err != nil || len(value.fields) == 0 && name == "" {
		return false
	}
	node.Encoding = strings.TrimSpace(prefix + "Thrift " + name)
	node.Decoded = describe(value, name)
	if len(value.fields) == 0 {
		node.Hint = "a struct without fields"
	}
	return true
}

// decodeSmall reads the numbers that Storm keeps as bare bytes.
func decodeSmall(node *Node, prefix string, inner []byte, below string) bool {
	number := int64(0)
	for _, b := range inner[:min(len(inner), 8)] {
		number = number<<8 | int64(b)
	}
	switch {
	case strings.HasPrefix(below, "blobstoremaxkeysequencenumber/") && len(inner) == 4:
		node.Decoded = []Field{{Label: "sequence number", Value: strconv.FormatInt(number, 10)}}
	case strings.HasPrefix(below, "backpressure/") && len(inner) == 8:
		node.Decoded = []Field{{Label: "since", Value: numberText(number, epochMillis)}}
	default:
		return false
	}
	node.Encoding = prefix + "bytes"
	return true
}

// decodeJava shows a Java-serialised value as far as it is understood.
func (c *Client) decodeJava(node *Node, prefix string, inner []byte) {
	node.Encoding = prefix + "Java-serialised"
	value, err := parseJava(inner)
	if err == nil {
		var translated any
		if translated, err = toClojure(value); err == nil {
			if d, ok := translated.(dict); ok && d.class != "" {
				node.Encoding += " " + d.class[strings.LastIndexByte(d.class, '.')+1:]
			}
			node.Decoded = describeClojure(translated)
			return
		}
	}
	node.Hint = errRecord.Error() + "; children, size and times are shown"
	if !errors.Is(err, errJavaOther) {
		node.Hint += " (" + err.Error() + ")"
	}
}

// Hex returns bytes as lines of sixteen: offset, hexadecimal, text.
func Hex(data []byte) string { return hex.Dump(data[:min(len(data), maxRaw)]) }
