package logs

// Repeats reports whether the record says the same as other does, from the same
// source, so that the two may be shown as one with a count. Numbers may differ:
// a run of digits is as good as any other, and so is the time.
func (r *Record) Repeats(other *Record) bool {
	if r.Mark != MarkNone || other.Mark != MarkNone || r.Source != other.Source || r.Level != other.Level || r.Lines != other.Lines {
		return false
	}
	f, g := r.Fields(), other.Fields()
	return f.Logger == g.Logger && f.Component == g.Component && alike(f.Body.of(r.Text), g.Body.of(other.Text))
}

// alike compares texts, taking every run of digits for the same.
func alike(a, b []byte) bool {
	for len(a) > 0 && len(b) > 0 {
		if a[0]-'0' <= 9 && b[0]-'0' <= 9 {
			a, b = a[digits(a):], b[digits(b):]
			continue
		}
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
	return len(a) == 0 && len(b) == 0
}

// digits is how many stand at the beginning of b.
func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}
