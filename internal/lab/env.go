package lab

import (
	"fmt"
	"io"
	"strings"
)

// writeEnv writes the description as shell assignments, ready for
// eval "$(stormlab env)", and as flags of stormtop in a comment.
func (c *Cluster) writeEnv(out io.Writer) error {
	var b strings.Builder
	for _, v := range [][2]string{
		{DescriptionVariable, c.Description()},
		{"STORMTOP_NIMBUS", strings.Join(c.Nimbus, ",")},
		{"STORMTOP_ZK", c.Zookeeper},
		{"STORMTOP_LAB_SSH_CONFIG", c.SSHConfig},
		{"LAB_VERSION", c.Version},
		{"LAB_UI", c.UI},
		{"LAB_LOGVIEWERS", strings.Join(c.Logviewers, ",")},
		{"LAB_HOSTS", strings.Join(c.Hosts, ",")},
		{"LAB_LOGS", c.LogDir},
		{"LAB_ARTIFACTS", c.ArtifactsDir},
		{"LAB_STORM_YAML", c.StormYAML},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v[0], quote(v[1]))
	}
	b.WriteString("# stormtop")
	for _, n := range c.Nimbus {
		b.WriteString(" --nimbus " + n)
	}
	b.WriteString(" --zk " + c.Zookeeper + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// quote makes one word for a POSIX shell.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
