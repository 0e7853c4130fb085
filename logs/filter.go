package logs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stormtop/stormtop/logs/match"
)

// TermKind says what a [Term] looks at.
type TermKind uint8

// The kinds of terms.
const (
	// Include: of the includes at least one must match.
	Include TermKind = iota
	// Exclude: none may match.
	Exclude
	// LevelFloor: the level is this one or above; a record without a level
	// counts as INFO.
	LevelFloor
	// SourceIs: one of Sources is the record's or among its origins.
	SourceIs
	// FieldIs: the field named Field has the value Value.
	FieldIs
	// TimeRange: the time is in [From, To); 0 leaves a side open. A record
	// without a time is where the one before it is.
	TimeRange
)

// A Term is one condition of a filter.
type Term struct {
	Kind TermKind
	// Pattern is RE2, matched against each line of a record.
	Pattern string
	// IgnoreCase matches letters of either case; Literal takes Pattern as text.
	IgnoreCase, Literal bool
	Level               Level
	Sources             []int32
	Field, Value        string
	From, To            int64
	// Not turns the term's meaning around. Of an Include it makes an Exclude.
	Not bool
	// Off leaves the term out.
	Off bool
}

// A PatternError says which term's pattern cannot be read, and where.
type PatternError struct {
	// Term is the index of the term; Column is counted from 1.
	Term, Column int
	// Pattern is what was written, Reason what is wrong with it.
	Pattern, Reason string
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("%s at column %d of %q", e.Reason, e.Column, e.Pattern)
}

// SourceOf says what a source is.
type SourceOf func(int32) Source

// A Filter selects records. It is never changed and may be used by several
// goroutines.
//
// A record is selected when it matches one of the includes (or there are none),
// none of the excludes and all other terms. Marks are always selected.
type Filter struct {
	terms    []Term
	matchers []*match.Matcher
	includes int
}

// NewFilter makes a filter of terms. The error is a *[PatternError].
func NewFilter(terms []Term) (*Filter, error) {
	f := &Filter{terms: append([]Term(nil), terms...), matchers: make([]*match.Matcher, len(terms))}
	for i := range f.terms {
		t := &f.terms[i]
		if t.Kind == Include && t.Not {
			t.Kind, t.Not = Exclude, false
		} else if t.Kind == Exclude && t.Not {
			t.Kind, t.Not = Include, false
		}
		if t.Off {
			continue
		}
		if t.Kind == Include || t.Kind == Exclude {
			m, err := match.Compile([]string{t.Pattern}, match.Options{IgnoreCase: t.IgnoreCase, Literal: t.Literal})
			if err != nil {
				e := &PatternError{Term: i, Pattern: t.Pattern, Column: 1, Reason: err.Error()}
				if me, ok := errors.AsType[*match.Error](err); ok {
					e.Column, e.Reason = me.Column, me.Reason
				}
				return nil, e
			}
			f.matchers[i] = m
		}
		if t.Kind == Include {
			f.includes++
		}
	}
	return f, nil
}

// Terms are what the filter was made of, in order.
func (f *Filter) Terms() []Term { return append([]Term(nil), f.terms...) }

// Empty reports whether the filter selects everything.
func (f *Filter) Empty() bool {
	if f == nil {
		return true
	}
	for _, t := range f.terms {
		if !t.Off {
			return false
		}
	}
	return true
}

// Match reports whether the record is selected.
func (f *Filter) Match(r *Record, of SourceOf) bool {
	if f == nil || r.Mark != MarkNone {
		return true
	}
	included := f.includes == 0
	for i := range f.terms {
		t := &f.terms[i]
		switch {
		case t.Off || t.Kind == Include && included:
		case t.Kind == Include:
			included = f.term(i, r, of)
		case t.Kind == Exclude:
			if f.term(i, r, of) {
				return false
			}
		case f.term(i, r, of) == t.Not:
			return false
		}
	}
	return included
}

// term reports whether the i-th term is true of the record.
func (f *Filter) term(i int, r *Record, of SourceOf) bool {
	t := &f.terms[i]
	switch t.Kind {
	case Include, Exclude:
		return f.matchers[i].Match(r.Text)
	case LevelFloor:
		return r.Level.floor() >= t.Level
	case SourceIs:
		return t.has(r)
	case FieldIs:
		return t.field(r, of)
	case TimeRange:
		return t.during(r.Time)
	default:
		return true
	}
}

// during reports whether a time is in the term's range.
func (t *Term) during(at int64) bool {
	return at == 0 || (t.From == 0 || at >= t.From) && (t.To == 0 || at < t.To)
}

// has reports whether the record came from one of the term's sources.
func (t *Term) has(r *Record) bool {
	for _, s := range t.Sources {
		if s == r.Source {
			return true
		}
		for _, o := range r.Origins {
			if o.Source == s {
				return true
			}
		}
	}
	return false
}

// field compares a field: one of the record's own or of its source's, or a pair
// of its body.
func (t *Term) field(r *Record, of SourceOf) bool {
	var src Source
	if of != nil {
		src = of(r.Source)
	}
	switch t.Field {
	case "level":
		l, ok := ParseLevel(t.Value)
		return ok && r.Level == l
	case "host":
		return src.Host == t.Value
	case "topology":
		return src.Topology == t.Value || src.TopologyID == t.Value
	case "kind":
		return src.Kind.String() == t.Value
	case "port":
		return isNumber(t.Value, src.Port)
	}
	f := r.Fields().With(src)
	switch t.Field {
	case "pid":
		return isNumber(t.Value, f.PID)
	case "task":
		n, rest := number([]byte(t.Value))
		return len(rest) == 0 && t.Value != "" && f.Task > 0 && n >= f.Task && n <= max(f.Task, f.TaskTo)
	}
	v, ok := f.Get(t.Field)
	return ok && (v == t.Value || t.IgnoreCase && strings.EqualFold(v, t.Value))
}

func isNumber(text string, n int) bool {
	v, rest := number([]byte(text))
	return text != "" && len(rest) == 0 && v == n
}
