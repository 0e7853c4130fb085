package screens

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// zkSecret reports whether a node's record is one that is never shown.
func zkSecret(n zkview.Node) bool { return n.Encoding == "secret" }

// drawNode draws the node under the cursor.
func (s *zookeeper) drawNode(env screen.Env, p kit.Paint) []string {
	n, ok := s.tree.Selected()
	if !ok {
		return p.Fill(nil)
	}
	if s.shown.path != n.ID {
		l := loading(env, "reading "+safetext.CutEnd(n.ID, max(p.W-30, 8)), s.askedAt)
		return p.Rows(s.tabs(p.W), nil, kit.T(" ").Then(l))
	}
	head := []kit.Line{s.tabs(p.W)}
	if s.narrow() {
		head = append(head, kit.S(theme.Dim, " ").Text(n.ID))
	}
	if s.shown.err != nil {
		head = append(head, nil)
		sign := kit.S(theme.Warn, " "+s.look.g.Warn+" ")
		for _, part := range wrap(safetext.Clean(zkProblem(n.ID, s.shown.err)), p.W-4) {
			head = append(head, kit.Cat(sign).Text(part))
			sign = kit.T("   ")
		}
		return p.Rows(head...)
	}
	head = append(head, kit.S(theme.Dim, " "+zkSummary(s.shown.node)), nil)
	s.lines(p.W)
	room := max(p.H-len(head), 0)
	return p.Stack(p.Sized(p.W, min(len(head), p.H)).Rows(head...), s.viewer.Draw(p.Sized(p.W, room)))
}

// tabs are the ways of showing a node, the one in use in brackets, with the
// version of what is shown.
func (s *zookeeper) tabs(w int) kit.Line {
	l := kit.T(" ")
	for mode, name := range []string{"decoded", "raw", "stat"} {
		if zkMode(mode) == s.mode {
			l = l.Add(theme.Accent, "["+name+"]")
		} else {
			l = l.Add(theme.Dim, " "+name+" ")
		}
		l = l.Text(" ")
	}
	n, ok := s.tree.Selected()
	if !ok || s.shown.path != n.ID || s.shown.err != nil {
		return l
	}
	st := s.shown.node.Stat
	right := kit.S(theme.Dim, "version ").Text(fmt.Sprint(st.Version)).Add(theme.Dim, "  mtime ").Text(zkTime(s.look.env, st.Mtime) + " ")
	if l.Width()+right.Width() >= w {
		return l
	}
	return kit.Apart(l, right, w)
}

// lines makes the viewer's text anew when the node, the mode or the width is
// another one.
func (s *zookeeper) lines(w int) {
	perLine := 16
	if w < 78 {
		perLine = 8
	}
	drawn := zkDrawn{path: s.shown.path, at: s.shown.at, mode: s.mode, bytes: perLine, th: s.look.env.Theme}
	if t := topologyIn(s.look.env, s.shown.path); t != nil {
		drawn.names = t.Info
	}
	if drawn == s.drawn {
		return
	}
	moved := drawn.path != s.drawn.path || drawn.mode != s.drawn.mode
	s.drawn = drawn
	var lines []kit.Line
	switch {
	case s.mode == zkStat:
		lines = zkStatLines(s.look.env, s.shown.node.Stat)
	case zkSecret(s.shown.node):
		lines = []kit.Line{kit.T(" •••• never shown")}
	case s.mode == zkRaw:
		lines = zkRawLines(s.shown.node, perLine)
	default:
		lines = zkDecodedLines(s.shown.node, s.components())
	}
	s.viewer.SetLines(lines)
	if moved {
		s.viewer.MoveTo(0)
	}
}

// components names the component of each executor of the topology whose id is
// in the path.
func (s *zookeeper) components() map[nimbusclient.ExecutorID]string {
	if t := topologyIn(s.look.env, s.shown.path); t != nil {
		return componentOf(t)
	}
	return nil
}

// topologyIn is the topology whose id is in a path, or nil.
func topologyIn(env screen.Env, path string) *cluster.Topology {
	for part := range strings.SplitSeq(path, "/") {
		if t := env.Snap.Topologies[part]; t != nil {
			return t
		}
	}
	return nil
}

// zkSummary says in a line what a record is.
func zkSummary(n zkview.Node) string {
	text := fmt.Sprintf("%s bytes", human.Exact(n.Stat.DataLength))
	if n.Stat.DataLength == 1 {
		text = "1 byte"
	}
	if n.Encoding != "" {
		text += ", " + safetext.Clean(n.Encoding)
	}
	switch {
	case n.Decoded != nil:
		text += ", decoded"
	case n.Hint != "" && !zkSecret(n):
		text += "; " + safetext.Clean(n.Hint)
	}
	if n.Stat.EphemeralOwner != 0 {
		text += ", ephemeral"
	}
	return text
}

// zkProblem says why a node cannot be shown.
func zkProblem(path string, err error) string {
	known, ok := errors.AsType[*zkview.ReadError](err)
	switch {
	case !ok:
		return err.Error()
	case errors.Is(err, zkview.ErrNoAuth) && known.Text != "":
		// "no read permission (ACL sasl:nimbus)"
		before, after, _ := strings.Cut(known.Text, " (")
		if after != "" {
			after = " (" + after
		}
		return before + " on " + path + after
	case errors.Is(err, zkview.ErrNoAuth):
		return "no read permission on " + path
	case errors.Is(err, zkview.ErrNoNode):
		return "there is no node " + path + " any more"
	}
	return known.Error()
}

// zkDecodedLines are the fields of a record, one below the other.
func zkDecodedLines(n zkview.Node, component map[nimbusclient.ExecutorID]string) []kit.Line {
	if n.Decoded == nil {
		hint := n.Hint
		if hint == "" {
			hint = "not decoded"
		}
		return []kit.Line{kit.S(theme.Dim, " "+hint), nil, kit.S(theme.Dim, " tab shows the bytes")}
	}
	return zkFields(nil, n.Decoded, 1, component)
}

// zkFields appends the lines of fields, their values in one column.
func zkFields(lines []kit.Line, fields []zkview.Field, indent int, component map[nimbusclient.ExecutorID]string) []kit.Line {
	const most, deep = 32, 40
	if indent > deep {
		return append(lines, kit.S(theme.Dim, safetext.Spaces(deep)+"…"))
	}
	label, name := 0, 0
	for _, f := range fields {
		if len(f.Children) == 0 {
			label = max(label, min(safetext.Width(f.Label), most))
		}
		if f.Tasks != nil {
			name = max(name, min(safetext.Width(component[nimbusclient.ExecutorID(*f.Tasks)]), most))
		}
	}
	for _, f := range fields {
		l := kit.T(safetext.Spaces(indent))
		l = l.Add(theme.Dim, f.Label)
		switch {
		case len(f.Children) > 0:
			if f.Value != "" {
				l = l.Text("  ").Text(f.Value)
			}
			lines = append(lines, l)
			lines = zkFields(lines, f.Children, indent+2, component)
			continue
		case f.Tasks != nil && name > 0:
			l = l.To(indent + label + 2).Text(component[nimbusclient.ExecutorID(*f.Tasks)]).To(indent + label + name + 4)
		default:
			l = l.To(indent + label + 2)
		}
		for i, part := range strings.Split(f.Value, "\n") {
			if i > 0 {
				l = kit.T(safetext.Spaces(indent + label + 2))
			}
			lines = append(lines, l.Text(strings.TrimSuffix(part, "\r")))
		}
	}
	return lines
}

// zkRawLines are a record's bytes as numbers and as text.
func zkRawLines(n zkview.Node, perLine int) []kit.Line {
	if len(n.Raw) == 0 {
		return []kit.Line{kit.S(theme.Dim, " empty")}
	}
	lines := make([]kit.Line, 0, len(n.Raw)/perLine+2)
	for at := 0; at < len(n.Raw); at += perLine {
		part := n.Raw[at:min(at+perLine, len(n.Raw))]
		var digits, text strings.Builder
		for i := range perLine {
			if i > 0 && i%8 == 0 {
				digits.WriteByte(' ')
			}
			if i >= len(part) {
				digits.WriteString("   ")
				continue
			}
			digits.WriteString(hex.EncodeToString(part[i:i+1]) + " ")
			if part[i] >= 0x20 && part[i] < 0x7f {
				text.WriteByte(part[i])
			} else {
				text.WriteByte('.')
			}
		}
		lines = append(lines, kit.S(theme.Dim, fmt.Sprintf(" %05x  ", at)).Text(digits.String()).Add(theme.Dim, " ").Text(text.String()))
	}
	if n.Truncated {
		lines = append(lines, kit.S(theme.Dim, fmt.Sprintf(" the first %s of %s", human.Bytes(len(n.Raw)), human.Bytes(n.Stat.DataLength))))
	}
	return lines
}

// zkStatLines are what ZooKeeper knows about a node besides its record.
func zkStatLines(env screen.Env, st zkview.Stat) []kit.Line {
	owner := "none (stays)"
	if st.EphemeralOwner != 0 {
		owner = fmt.Sprintf("session %#x (goes with it)", uint64(st.EphemeralOwner))
	}
	line := func(name, value string) kit.Line { return kit.S(theme.Dim, " "+name).To(20).Text(value) }
	return []kit.Line{
		line("created", zkTime(env, st.Ctime)), line("changed", zkTime(env, st.Mtime)),
		line("czxid", fmt.Sprintf("%#x", uint64(st.Czxid))), line("mzxid", fmt.Sprintf("%#x", uint64(st.Mzxid))),
		line("pzxid", fmt.Sprintf("%#x", uint64(st.Pzxid))),
		line("version", fmt.Sprint(st.Version)), line("children version", fmt.Sprint(st.Cversion)), line("ACL version", fmt.Sprint(st.Aversion)),
		line("ephemeral owner", owner), line("size", human.Exact(st.DataLength)+" bytes"), line("children", human.Exact(st.NumChildren)),
	}
}

// zkTime writes a time to the second, with the date when it is not today's.
func zkTime(env screen.Env, at time.Time) string {
	if at.IsZero() {
		return human.Unknown
	}
	at = at.In(env.Now.Location())
	if at.Format(time.DateOnly) == env.Now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}
