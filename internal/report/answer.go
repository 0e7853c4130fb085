package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Format is one of the ways an answer is printed.
type Format string

// The formats. Text and DOT are only known to the graph of a topology.
const (
	FormatTable Format = "table"
	FormatWide  Format = "wide"
	FormatJSON  Format = "json"
	FormatJSONL Format = "jsonl"
	FormatCSV   Format = "csv"
	FormatName  Format = "name"
	FormatText  Format = "text"
	FormatDOT   Format = "dot"
)

// Formats are those of every command but the graph.
var Formats = [...]Format{FormatTable, FormatWide, FormatJSON, FormatJSONL, FormatCSV, FormatName}

// ErrFormat says that an answer has no such format.
var ErrFormat = errors.New("no such output format")

// Head is what stands at the beginning of every answer.
type Head struct {
	Cluster  string    // its name
	AsOf     time.Time // when the values were read
	Warnings []string  // what is missing and why, as sentences
}

// Options say how an answer is printed.
type Options struct {
	Format Format
	// ASCII keeps tables and texts, which are for people, to it.
	ASCII bool
}

// Answer is what a command says, ready for every format.
type Answer struct {
	// body are the keys beside those of the head, in order.
	body object
	// sections are what a table shows.
	sections []section
	// records are the rows of JSON lines and CSV, one a thing listed; keys are
	// theirs.
	records []object
	keys    []string
	// names are what -o name prints.
	names []string
	// texts are formats that only this answer has.
	texts map[Format]string
	// sampled says that counters are estimates.
	sampled bool
}

// section is one block of a table: a line of facts or a table with its title.
type section struct {
	title   string
	facts   []fact
	columns []column
	rows    []object
	// empty is the sentence that stands for a table without rows.
	empty string
	wide  bool // only in the wide table
}

// fact is one labelled value.
type fact struct{ label, text string }

// Formats returns the formats this answer has.
func (a Answer) Formats() []Format {
	if a.texts == nil {
		return Formats[:]
	}
	return []Format{FormatText, FormatDOT, FormatJSON}
}

// Write prints the answer. The error is ErrFormat, wrapped, or that of w.
func (a Answer) Write(w io.Writer, head Head, opts Options) error {
	if !slices.Contains(a.Formats(), opts.Format) {
		return fmt.Errorf("%w: %q", ErrFormat, opts.Format)
	}
	out := bufio.NewWriter(w)
	switch opts.Format {
	case FormatJSON:
		a.writeJSON(out, head)
	case FormatJSONL:
		a.writeLines(out, head)
	case FormatCSV:
		if err := a.writeCSV(out); err != nil {
			return err
		}
	case FormatName:
		a.writeNames(out)
	case FormatText, FormatDOT:
		writeLine(out, strings.TrimSuffix(a.texts[opts.Format], "\n"), opts)
	default:
		a.writeTables(out, opts)
	}
	return out.Flush()
}

// writeLine writes text that is clean already; a bufio.Writer keeps its first
// error for Flush.
func writeLine(out *bufio.Writer, line string, opts Options) {
	if opts.ASCII {
		line = ascii(line)
	}
	_, _ = out.WriteString(line)
	_ = out.WriteByte('\n')
}

func (h Head) object() object {
	warnings := h.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	return object{{"cluster", word(h.Cluster)}, {"asOf", h.AsOf}, {"warnings", warnings}}
}

func (a Answer) writeJSON(out *bufio.Writer, head Head) {
	_, _ = out.Write(appendJSON(nil, append(head.object(), a.body...), 0))
	_ = out.WriteByte('\n')
}

// writeLines writes a line an object: the head without its warnings, then the
// record.
func (a Answer) writeLines(out *bufio.Writer, head Head) {
	for _, r := range a.records {
		_, _ = out.Write(appendJSON(nil, append(head.object()[:2], r...), -1))
		_ = out.WriteByte('\n')
	}
}
