package main

import (
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/logs/match"
)

// logFlags are the flags that tail and grep share.
type logFlags struct {
	since, until   string
	timezone       string
	highlight      []string
	context        int
	count          bool
	template       string
	host           string
	port           int
	files          string
	smart          bool
	level          string
	include, exclu []string
}

// allKinds are the kinds that --files names.
var allKinds = []logs.Kind{logs.KindWorker, logs.KindErr, logs.KindOut, logs.KindMetrics, logs.KindGC, logs.KindEvents, logs.KindPython}

func (f *logFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.include, "include", "i", nil, "only what matches one of these patterns; repeatable")
	flags.StringArrayVarP(&f.exclu, "exclude", "x", nil, "nothing that matches one of these; repeatable")
	flags.StringVar(&f.level, "level", "", "only this level and above: trace, debug, info, warn, error, fatal")
	flags.StringArrayVarP(&f.highlight, "highlight", "H", nil, "patterns that stand out on a terminal; repeatable")
	flags.BoolVarP(&f.smart, "smart-case", "S", false, "patterns without a capital letter match either case")
	flags.IntVarP(&f.context, "context", "C", 0, "lines or records around each match")
	flags.StringVarP(&f.since, "since", "s", "", "not older: 5m, 2h, 14:20, 2026-01-02 14:20:00, or RFC 3339")
	flags.StringVarP(&f.until, "until", "u", "", "not younger, written as --since")
	flags.StringVar(&f.timezone, "timezone", "", "time zone of hosts that cannot be asked: Europe/Berlin, +02:00")
	flags.BoolVar(&f.count, "count", false, "print only the number of matches")
	flags.StringVar(&f.template, "template", "", "print records by a Go template, such as '{{.time}} {{.host}} {{.text}}'")
	flags.StringVar(&f.host, "host", "", "only the workers on this host")
	flags.IntVar(&f.port, "port", 0, "only the workers on this port")
	flags.StringVar(&f.files, "files", "worker,python", "kinds of file: "+kindWords())
	flags.SortFlags = false
}

func kindWords() string {
	words := make([]string, len(allKinds))
	for i, k := range allKinds {
		words[i] = k.String()
	}
	return strings.Join(words, ",")
}

// logQuery is what the flags say, read.
type logQuery struct {
	kinds        []logs.Kind
	level        logs.Level
	since, until time.Time
	zone         *time.Location
	template     *template.Template
	highlight    []*match.Matcher
	format       report.Format
	terms        []logs.Term
}

// read checks every flag.
func (f *logFlags) read(a *app) (*logQuery, error) {
	q := &logQuery{zone: time.Local}
	var err error
	if q.format, err = a.chosenFormat(report.RecordFormats); err != nil {
		return nil, err
	}
	if f.context < 0 {
		return nil, usage("Write a number of lines, such as -C 2.", "-C %d is below zero.", f.context)
	}
	if f.port < 0 || f.port > 65535 {
		return nil, usage("Worker ports are usually 6700 and above.", "--port %d is no port.", f.port)
	}
	for word := range strings.SplitSeq(f.files, ",") {
		k, ok := logs.ParseKind(strings.TrimSpace(word))
		if !ok || k == logs.KindFile || k == logs.KindStdin || k == logs.KindDaemon {
			return nil, usage(didYouMean(word, strings.Split(kindWords(), ","), "There are "+kindWords()+"."), "--files: there is no kind %q.", word)
		}
		q.kinds = append(q.kinds, k)
	}
	if f.level != "" {
		l, ok := logs.ParseLevel(f.level)
		if !ok {
			return nil, usage("trace, debug, info, warn, error or fatal.", "--level: there is no level %q.", f.level)
		}
		q.level = l
		q.terms = append(q.terms, logs.Term{Kind: logs.LevelFloor, Level: l})
	}
	if f.timezone != "" {
		if q.zone, err = config.Zone(f.timezone); err != nil {
			return nil, usage("Write its name, such as Europe/Berlin, or an offset, such as +02:00.", "--timezone: %q is no time zone.", f.timezone)
		}
	}
	if q.since, err = f.moment(a, "--since", f.since, q.zone); err != nil {
		return nil, err
	}
	if q.until, err = f.moment(a, "--until", f.until, q.zone); err != nil {
		return nil, err
	}
	if !q.since.IsZero() && !q.until.IsZero() && q.until.Before(q.since) {
		return nil, usage("", "--until lies before --since.")
	}
	if f.template != "" {
		if q.template, err = report.ParseTemplate(f.template); err != nil {
			return nil, usage("The fields are the keys of -o jsonl, such as {{.host}} and {{.text}}.", "--template: %v.", err)
		}
	}
	for _, p := range f.highlight {
		m, err := f.compile("-H", p)
		if err != nil {
			return nil, err
		}
		q.highlight = append(q.highlight, m)
	}
	for _, p := range f.include {
		if _, err := f.compile("-i", p); err != nil {
			return nil, err
		}
		q.terms = append(q.terms, logs.Term{Kind: logs.Include, Pattern: p, IgnoreCase: f.folds(p)})
	}
	for _, p := range f.exclu {
		if _, err := f.compile("-x", p); err != nil {
			return nil, err
		}
		q.terms = append(q.terms, logs.Term{Kind: logs.Exclude, Pattern: p, IgnoreCase: f.folds(p)})
	}
	return q, nil
}

func (f *logFlags) folds(pattern string) bool { return f.smart && match.Smart(pattern) }

// compile reads a pattern, or says where it is wrong.
func (f *logFlags) compile(flag, pattern string) (*match.Matcher, error) {
	m, err := match.Compile([]string{pattern}, match.Options{IgnoreCase: f.folds(pattern)})
	if err != nil {
		return nil, usage("RE2 syntax; \\( for a literal bracket.", "%s %s: %v.", flag, quote(pattern), err)
	}
	return m, nil
}

// moment reads a time: a length of time before now, a time of day, a date with
// or without a time, or RFC 3339.
func (f *logFlags) moment(a *app, flag, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	now := a.now().In(zone)
	if ago, ok := lengthOfTime(text); ok {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, strings.Replace(text, ",", ".", 1), zone); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
			if at.After(now) {
				at = at.AddDate(0, 0, -1) // the last time it was so late
			}
			return at, nil
		}
	}
	return time.Time{}, usage("Write 5m, 2h, 1d, 14:20, 2026-01-02 14:20:00 or RFC 3339.", "%s: %q is no time.", flag, text)
}

// lengthOfTime reads 90s, 5m, 2h30m, 1d, 1w.
func lengthOfTime(text string) (time.Duration, bool) {
	for unit, of := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseFloat(number, 64)
			return time.Duration(n * float64(of)), err == nil && n >= 0 && n < 1e5
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// lineCount reads -l: a number, or all.
func lineCount(text string) (int, error) {
	if text == "all" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, usage("A number of lines, or all.", "-l %s is no number of lines.", text)
	}
	return n, nil
}

// byteCount reads a size such as 200M.
func byteCount(flag, text string) (int64, error) {
	units := map[byte]int64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}
	number, factor := text, int64(1)
	if n := len(text); n > 1 {
		if u, ok := units[text[n-1]&^0x20]; ok {
			number, factor = text[:n-1], u
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > 1<<50/factor {
		return 0, usage("Write a size such as 200M or 1G; 0 is no limit.", "%s %s is no size.", flag, text)
	}
	return n * factor, nil
}
