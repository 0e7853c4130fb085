package logs

import "bytes"

// Span is a range of bytes of a record's Text.
type Span struct{ From, To int }

// of is the part of text.
func (s Span) of(text []byte) []byte { return text[s.From:s.To] }

// eachPair calls fn with the pairs of a JSON object or of a logfmt line until
// fn returns false, as far as text is one of the two. Values of a
// JSON object that are objects or lists are given whole; the quotes of strings
// are left out and their escapes are left in.
func eachPair(text []byte, fn func(key, value Span) bool) {
	if len(text) > 0 && text[0] == '{' {
		eachJSON(text, fn)
		return
	}
	eachLogfmt(text, fn)
}

// space skips white space.
func space(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// quoted is the end of the string that begins after the quote at text[i-1]: the
// index of its last quote, or -1.
func quoted(text []byte, i int) int {
	for i < len(text) {
		j := bytes.IndexAny(text[i:], `"\`)
		if j < 0 {
			return -1
		}
		i += j
		if text[i] == '"' {
			return i
		}
		i += 2
	}
	return -1
}

// eachJSON walks the top level of the object at the beginning of text.
func eachJSON(text []byte, fn func(key, value Span) bool) bool {
	i := space(text, 1)
	for first := true; ; first = false {
		if i < len(text) && text[i] == '}' {
			return true
		}
		if !first {
			if i >= len(text) || text[i] != ',' {
				return false
			}
			i = space(text, i+1)
		}
		if i >= len(text) || text[i] != '"' {
			return false
		}
		end := quoted(text, i+1)
		if end < 0 {
			return false
		}
		key := Span{i + 1, end}
		i = space(text, end+1)
		if i >= len(text) || text[i] != ':' {
			return false
		}
		i = space(text, i+1)
		value, next := jsonValue(text, i)
		if next < 0 {
			return false
		}
		if !fn(key, value) {
			return true
		}
		i = space(text, next)
	}
}

// jsonValue is the value at text[i] and where it ends, which is negative where
// there is none.
func jsonValue(text []byte, i int) (value Span, next int) {
	if i >= len(text) {
		return Span{}, -1
	}
	switch text[i] {
	case '"':
		end := quoted(text, i+1)
		return Span{i + 1, end}, end + 1 - b2i(end < 0)
	case '{', '[':
		depth := 0
		for j := i; j < len(text); j++ {
			switch text[j] {
			case '"':
				if j = quoted(text, j+1); j < 0 {
					return Span{}, -1
				}
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return Span{i, j + 1}, j + 1
				}
			}
		}
		return Span{}, -1
	default:
		j := i
		for j < len(text) && text[j] != ',' && text[j] != '}' && text[j] > ' ' {
			j++
		}
		if j == i {
			return Span{}, -1
		}
		return Span{i, j}, j
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// logfmtKey reports whether c may stand in the key of a logfmt pair.
func logfmtKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '@' || c == '/'
}

// eachLogfmt walks key=value pairs; text is a logfmt line only when nothing but
// pairs stands in it and there are at least two.
func eachLogfmt(text []byte, fn func(key, value Span) bool) bool {
	n, i := 0, 0
	for {
		for i < len(text) && text[i] == ' ' {
			i++
		}
		if i == len(text) {
			return n > 1
		}
		from := i
		for i < len(text) && logfmtKey(text[i]) {
			i++
		}
		if i == from || i == len(text) || text[i] != '=' {
			return false
		}
		key := Span{from, i}
		i++
		value := Span{i, i}
		if i < len(text) && text[i] == '"' {
			end := quoted(text, i+1)
			if end < 0 {
				return false
			}
			value, i = Span{i + 1, end}, end+1
		} else {
			for i < len(text) && text[i] != ' ' && text[i] != '\n' {
				i++
			}
			value.To = i
		}
		if i < len(text) && text[i] == '\n' {
			text = text[:i] // continuation lines are no pairs
		}
		n++
		if !fn(key, value) {
			return true
		}
	}
}
