package report

import (
	"bufio"
	"encoding/csv"
	"strings"
	"unicode/utf8"

	"github.com/stormtop/stormtop/internal/safetext"
)

// ascii makes clean text fit a terminal without Unicode; line feeds stay.
func ascii(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = safetext.ASCII(asciiMarks.Replace(line))
	}
	return strings.Join(lines, "\n")
}

// asciiMarks are the marks this package itself writes.
var asciiMarks = strings.NewReplacer("–", "-", "…", "~", "×", "x", "→", "->", "▸", ">", "✕", "X", "▲", "!", "·", ".")

func (a Answer) writeTables(out *bufio.Writer, opts Options) {
	first := true
	for _, s := range a.sections {
		if s.wide && opts.Format != FormatWide {
			continue
		}
		if !first {
			_ = out.WriteByte('\n')
		}
		first = false
		if s.title != "" {
			writeLine(out, safetext.Clean(s.title), opts)
		}
		s.writeFacts(out, opts)
		if len(s.columns) == 0 {
			continue
		}
		if len(s.rows) == 0 {
			writeLine(out, s.empty, opts)
			continue
		}
		s.writeRows(out, opts, a.sampled)
	}
}

func (s section) writeFacts(out *bufio.Writer, opts Options) {
	width := 0
	for _, f := range s.facts {
		width = max(width, safetext.Width(f.label))
	}
	for _, f := range s.facts {
		writeLine(out, strings.TrimRight(safetext.PadRight(f.label, width)+"  "+safetext.Clean(f.text), " "), opts)
	}
}

// cell is one cell of a table, clean.
type cell struct {
	text  string
	width int
}

func (s section) writeRows(out *bufio.Writer, opts Options, sampled bool) {
	cols := make([]column, 0, len(s.columns))
	for _, c := range s.columns {
		if !c.wide || opts.Format == FormatWide {
			cols = append(cols, c)
		}
	}
	// Numbers stand to the right, so a column is one of numbers when every
	// value it has is one.
	right := make([]bool, len(cols))
	widths := make([]int, len(cols))
	titles := make([]string, len(cols))
	grid := make([][]cell, len(s.rows))
	for i, c := range cols {
		titles[i] = c.title
		if c.sampled && sampled {
			titles[i] = "~" + titles[i]
		}
		widths[i] = utf8.RuneCountInString(titles[i])
		right[i] = c.cell != nil || numeric(s.rows, c.key)
	}
	for y, r := range s.rows {
		grid[y] = make([]cell, len(cols))
		for x, c := range cols {
			text, width := safetext.Measure(c.text(r))
			if c.cut > 0 && opts.Format != FormatWide && width > c.cut {
				text = safetext.CutEnd(text, c.cut)
				width = safetext.Width(text)
			}
			grid[y][x] = cell{text, width}
			widths[x] = max(widths[x], width)
		}
	}
	var b strings.Builder
	line := func(at func(x int) cell) {
		b.Reset()
		for x := range cols {
			c := at(x)
			pad := safetext.Spaces(widths[x] - c.width)
			if x > 0 {
				b.WriteString("  ")
			}
			if right[x] {
				b.WriteString(pad)
			}
			b.WriteString(c.text)
			if !right[x] {
				b.WriteString(pad)
			}
		}
		writeLine(out, strings.TrimRight(b.String(), " "), opts)
	}
	line(func(x int) cell { return cell{titles[x], utf8.RuneCountInString(titles[x])} })
	for y := range grid {
		line(func(x int) cell { return grid[y][x] })
	}
}

// numeric reports whether every value of a column that is there is a number.
func numeric(list []object, key string) bool {
	seen := false
	for _, r := range list {
		switch r.get(key).(type) {
		case nil:
		case int, int64, float64:
			seen = true
		default:
			return false
		}
	}
	return seen
}

// writeCSV writes a line of keys and a line a record; what is not there is
// empty.
func (a Answer) writeCSV(out *bufio.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(a.keys); err != nil {
		return err
	}
	line := make([]string, len(a.keys))
	for _, r := range a.records {
		for i, key := range a.keys {
			line[i] = safetext.Clean(plain(r.get(key)))
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (a Answer) writeNames(out *bufio.Writer) {
	for _, name := range a.names {
		writeLine(out, safetext.Clean(name), Options{})
	}
}
