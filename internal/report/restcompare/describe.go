package restcompare

import (
	"fmt"
	"strings"
)

// Describe lists the endpoints with their keys as text for people.
func Describe() string {
	var b strings.Builder
	b.WriteString("What is compared between stormtop's JSON and the Storm UI's REST answers (/api/v1),\n" +
		"key by key, and what is left out with the reason. Made by a test from keys.go.\n\n" +
		"exact: equal, numbers in full. decimals: REST writes a text such as \"26.331\"; equal to its last decimal.\n" +
		"clock: seconds that go on between two answers; equal within the time both took. null=0: the UI writes 0 or \"\"\n" +
		"for what Nimbus did not send, stormtop null.\n")
	for _, e := range Endpoints {
		fmt.Fprintf(&b, "\n%s = stormtop %s\n", e.Path, e.Command)
		describe(&b, "  ", e.Object)
	}
	return b.String()
}

func describe(b *strings.Builder, indent string, o Object) {
	for _, k := range o.Keys {
		line := indent + k.Name + ": " + k.Rule.String()
		if k.Unsent {
			line += ", null=0"
		}
		if k.Ours != "" {
			line += ", here " + k.Ours
		}
		if k.Line != "" {
			line += " (Storm " + k.Line + " only)"
		}
		b.WriteString(line + "\n")
	}
	for _, l := range o.LeftOut {
		fmt.Fprintf(b, "%s%s: left out, %s\n", indent, l.Name, l.Reason)
	}
	for _, l := range o.Lists {
		fmt.Fprintf(b, "%s%s[] by %s\n", indent, l.Name, strings.Join(l.ID, ", "))
		describe(b, indent+"  ", l.Row)
	}
}
