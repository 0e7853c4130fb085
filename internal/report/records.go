package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
)

// RecordFormats are the forms in which log records are printed.
var RecordFormats = []Format{FormatTable, FormatJSONL, FormatJSON, FormatCSV}

// RecordOptions say how log records are printed.
type RecordOptions struct {
	Format Format
	// Template prints each record instead, with the JSON keys as its fields.
	Template *template.Template
	// Colour marks sources, levels and what Highlight finds.
	Colour    bool
	Highlight []*match.Matcher
	// Tabs are kept, for everything that is no terminal.
	Tabs  bool
	ASCII bool
	// Prefix begins every line with its source, Topologies with its topology.
	Prefix, Topologies bool
	// Zone is that of times in JSON, CSV and templates; nil is this machine's.
	Zone *time.Location
	// Source tells what a record's source is.
	Source func(int32) logs.Source
}

// Records prints log records one after the other. Lines for people keep the
// record's own words; every byte of them passes safetext.
type Records struct {
	o     RecordOptions
	out   *bufio.Writer
	csv   *csv.Writer
	head  Head
	n     int
	width int
}

// NewRecords makes a printer onto w; head stands at the beginning of an answer
// in JSON.
func NewRecords(w io.Writer, head Head, o RecordOptions) *Records {
	r := &Records{o: o, out: bufio.NewWriterSize(w, 64<<10), head: head}
	if o.Zone == nil {
		r.o.Zone = time.Local
	}
	if o.Format == FormatCSV {
		r.csv = csv.NewWriter(r.out)
	}
	return r
}

// recordKeys are the keys of a record, in order.
var recordKeys = []string{
	"time", "host", "port", "topology", "component", "task", "pid", "level", "logger", "thread",
	"source", "offset", "text", "lines", "late", "origins",
}

// ParseTemplate reads a --template, whose fields are the keys of a record.
func ParseTemplate(text string) (*template.Template, error) {
	t, err := template.New("record").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	// What cannot be printed should be known before the first line comes.
	return t, t.Execute(io.Discard, templateValues(recordObject(&logs.Record{Text: []byte("x")}, logs.Source{}, nil, time.UTC)))
}

// Write prints a record. Context marks one that only stands around others.
func (r *Records) Write(rec *logs.Record, context bool) error {
	src := r.o.Source(rec.Source)
	r.n++
	switch {
	case r.o.Template != nil:
		return r.template(rec, src)
	case r.o.Format == FormatJSONL:
		_, err := r.out.Write(append(appendJSON(nil, r.object(rec, src), -1), '\n'))
		return err
	case r.o.Format == FormatJSON:
		return r.json(rec, src)
	case r.o.Format == FormatCSV:
		return r.row(rec, src)
	}
	return r.lines(rec, src, context)
}

func (r *Records) object(rec *logs.Record, src logs.Source) object {
	return recordObject(rec, src, r.o.Source, r.o.Zone)
}

// recordObject is a record with its keys. What is not known is null.
func recordObject(rec *logs.Record, src logs.Source, of func(int32) logs.Source, zone *time.Location) object {
	f := rec.Fields().With(src)
	origins := []object{}
	for _, o := range rec.Origins {
		from := of(o.Source)
		origins = append(origins, object{{"host", word(from.Host)}, {"source", word(from.Path)}, {"offset", o.Offset}})
	}
	o := object{
		{"time", nil},
		{"host", word(src.Host)},
		{"port", positive(src.Port)},
		{"topology", word(src.Topology)},
		{"component", word(f.Component)},
		{"task", positive(f.Task)},
		{"pid", positive(f.PID)},
		{"level", word(rec.Level.String())},
		{"logger", word(f.Logger)},
		{"thread", word(f.Thread)},
		{"source", word(src.Path)},
		{"offset", offsetOf(rec.Offset)},
		{"text", string(rec.Text)},
		{"lines", int(rec.Lines)},
		{"late", rec.Late},
		{"origins", origins},
	}
	if rec.Time != 0 {
		o[0].value = time.Unix(0, rec.Time).In(zone).Format("2006-01-02T15:04:05.000Z07:00")
	}
	if rec.Mark != logs.MarkNone {
		o = append(o, pair{"mark", rec.Mark.String()})
	}
	return o
}

// offsetOf is an offset; a search by lines has none.
func offsetOf(offset int64) any {
	if offset < 0 {
		return nil
	}
	return offset
}

func positive(n int) any {
	if n <= 0 {
		return nil
	}
	return n
}

// json writes one record of the array that the answer holds.
func (r *Records) json(rec *logs.Record, src logs.Source) error {
	sep := ",\n    "
	if r.n == 1 {
		sep = r.jsonHead() + "\n    "
	}
	_, _ = r.out.WriteString(sep)
	_, err := r.out.Write(appendJSON(nil, r.object(rec, src), 2))
	return err
}

func (r *Records) jsonHead() string {
	head := appendJSON(nil, r.head.object()[:2], 0)
	return strings.TrimSuffix(string(head), "\n}") + ",\n  \"records\": ["
}

// Close ends the answer; warnings say what is missing in it.
func (r *Records) Close(warnings []string) error {
	if r.o.Format == FormatJSON && r.o.Template == nil {
		end := "\n  ]"
		if r.n == 0 {
			end = r.jsonHead() + "]"
		}
		if warnings == nil {
			warnings = []string{}
		}
		_, _ = r.out.WriteString(end + ",\n  \"warnings\": ")
		_, _ = r.out.Write(appendJSON(nil, warnings, 1))
		_, _ = r.out.WriteString("\n}\n")
	}
	return r.Flush()
}

// Flush writes what is held back.
func (r *Records) Flush() error {
	if r.csv != nil {
		r.csv.Flush()
		if err := r.csv.Error(); err != nil {
			return err
		}
	}
	return r.out.Flush()
}

// Separate marks a gap between groups of lines with context.
func (r *Records) Separate() error {
	if r.o.Format != FormatTable || r.o.Template != nil {
		return nil
	}
	_, err := r.out.WriteString("--\n")
	return err
}

func (r *Records) row(rec *logs.Record, src logs.Source) error {
	if r.n == 1 {
		if err := r.csv.Write(append(slices.Clip(recordKeys), "mark")); err != nil {
			return err
		}
	}
	o := r.object(rec, src)
	cells := make([]string, 0, len(recordKeys)+1)
	for _, key := range recordKeys {
		switch v := o.get(key).(type) {
		case nil:
			cells = append(cells, "")
		case []object:
			cells = append(cells, strconv.Itoa(len(v)))
		case string:
			cells = append(cells, cleanLines(v))
		default:
			cells = append(cells, fmt.Sprint(v))
		}
	}
	return r.csv.Write(append(cells, rec.Mark.String()))
}

// cleanLines makes every line of a text harmless.
func cleanLines(s string) string {
	if strings.IndexByte(s, '\n') < 0 {
		return safetext.Clean(s)
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = safetext.Clean(l)
	}
	return strings.Join(lines, "\n")
}

func templateValues(o object) map[string]any {
	values := map[string]any{"mark": ""}
	for _, p := range o {
		values[p.key] = p.value
		if p.value == nil {
			values[p.key] = ""
		}
	}
	return values
}

func (r *Records) template(rec *logs.Record, src logs.Source) error {
	var b strings.Builder
	if err := r.o.Template.Execute(&b, templateValues(r.object(rec, src))); err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if err := r.put(r.clean([]byte(line)) + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// The colours of the plain form, as SGR sequences: of sources in turn, of
// levels, of matches and of context.
var (
	sourceColours = []string{"\x1b[36m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[33m", "\x1b[96m", "\x1b[92m", "\x1b[95m"}
	levelColours  = map[logs.Level]string{logs.LevelWarn: "\x1b[33m", logs.LevelError: "\x1b[31m", logs.LevelFatal: "\x1b[31m"}
)

const (
	matchColour = "\x1b[1;7m"
	dimColour   = "\x1b[2m"
	noColour    = "\x1b[0m"
)

// lines prints a record as it was written, each line with its source.
func (r *Records) lines(rec *logs.Record, src logs.Source, context bool) error {
	prefix := ""
	if r.o.Prefix {
		label := r.label(src)
		r.width = max(r.width, min(safetext.Width(label), maxLabel))
		prefix = safetext.PadRight(label, max(r.width, safetext.Width(label)))
		if r.o.Colour {
			prefix = sourceColours[int(rec.Source)%len(sourceColours)] + prefix + noColour
		}
		prefix += " "
	}
	colour := ""
	if r.o.Colour {
		colour = levelColours[rec.Level]
		if context {
			colour = dimColour
		}
	}
	for line := range bytes.SplitSeq(rec.Text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		text := r.marked(line, colour)
		if colour != "" {
			text = colour + text + noColour
		}
		if err := r.put(prefix + text + "\n"); err != nil {
			return err
		}
	}
	if rec.Cut {
		return r.put(fmt.Sprintf("%s… %d more bytes were cut off\n", prefix, rec.Missing))
	}
	return nil
}

const maxLabel = 32 // cells to which sources are aligned

func (r *Records) put(text string) error {
	if r.o.ASCII {
		text = asciiKeepingColours(text)
	}
	_, err := r.out.WriteString(text)
	return err
}

// marked is a clean line with its matches standing out.
func (r *Records) marked(line []byte, colour string) string {
	if !r.o.Colour || len(r.o.Highlight) == 0 {
		return r.clean(line)
	}
	var b strings.Builder
	at := 0
	for _, m := range r.o.Highlight {
		if at > 0 {
			break // the first pattern that is found decides
		}
		for _, place := range m.Index(line) {
			b.WriteString(r.clean(line[at:place[0]]) + matchColour + r.clean(line[place[0]:place[1]]) + noColour + colour)
			at = place[1]
		}
	}
	return b.String() + r.clean(line[at:])
}

// clean makes bytes harmless. Tabs do no harm in a file.
func (r *Records) clean(b []byte) string {
	s := string(b)
	if !r.o.Tabs || strings.IndexByte(s, '\t') < 0 {
		return safetext.Clean(s)
	}
	parts := strings.Split(s, "\t")
	for i, p := range parts {
		parts[i] = safetext.Clean(p)
	}
	return strings.Join(parts, "\t")
}

// label names a source at the beginning of its lines.
func (r *Records) label(src logs.Source) string {
	l := Label(src)
	if r.o.Topologies && src.Topology != "" {
		l = safetext.Clean(src.Topology) + " " + l
	}
	return l
}

// Label names a source in a few words: w1:6700, w1:6700 err, w1 split 13, a path.
func Label(src logs.Source) string {
	port := ""
	if src.Port > 0 {
		port = ":" + strconv.Itoa(src.Port)
	}
	var l string
	switch src.Kind {
	case logs.KindStdin:
		l = "-"
	case logs.KindWorker:
		l = src.Host + port
	case logs.KindPython:
		l = src.Host + " " + src.Component
		if src.Task > 0 {
			l += " " + strconv.Itoa(src.Task)
		}
	case logs.KindDaemon:
		l = src.Host + " " + src.Name()
	case logs.KindFile:
		l = src.Path
		if src.Host != "" {
			l = src.Host + ":" + src.Path
		}
	default:
		l = src.Host + port + " " + src.Kind.String()
	}
	return safetext.Clean(l)
}

// asciiKeepingColours replaces what is not ASCII, and leaves our own sequences.
func asciiKeepingColours(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '…':
			b.WriteString("...")
		case c < 0x80:
			b.WriteRune(c)
		case c >= 0x2400 && c < 0x2420: // a control picture
			b.WriteByte('^')
			b.WriteByte(byte(c-0x2400) + '@')
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}
