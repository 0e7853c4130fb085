// Package human writes numbers the way operators read them, and reads the
// durations they type.
//
// Start with [Count], [Rate], [Latency], [Age] and [Share]. [Opt] writes an
// optional value.
//
// # Guarantees
//
//   - A number takes three digits where the design allows it, so that columns
//     stay narrow: 3.42k/s, 15.6k, 412 ms, 1.84 s.
//   - A measured value is never shown as zero unless it is zero, nor as a whole
//     unless it is one: 0.0004 is <0.1 %, 0.9996 is 99.9 %.
//   - Absent is absent: NaN and infinities are [None].
//   - Every function is pure and takes any value of its type.
package human

import (
	"math"
	"strconv"
)

// The words for what is not there.
const (
	// None stands for "does not apply" and "no data in the window".
	None = "–"
	// Unknown stands for what the server did not send.
	Unknown = "?"
)

// Opt writes *p with write, or the word absent where p is nil.
func Opt[T any](p *T, write func(T) string, absent string) string {
	if p == nil {
		return absent
	}
	return write(*p)
}

// Number is what counts come in.
type Number interface {
	~int | ~int32 | ~int64 | ~float64
}

// Count writes how many: exactly below 10,000 (1,840), then in three digits
// (15.6k, 11.3M).
func Count[N Number](n N) string {
	v := float64(n)
	switch {
	case !finite(v):
		return None
	case v < 0:
		return "-" + Count(-v)
	case v < 9999.5:
		return grouped(strconv.FormatInt(int64(math.Round(v)), 10))
	}
	return digits3(v)
}

// Exact writes every digit with commas: 40,118,272.
func Exact[N ~int | ~int32 | ~int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	if s[0] == '-' {
		return "-" + grouped(s[1:])
	}
	return grouped(s)
}

// Rate writes a number per second: 3.42k/s, 610/s, 1.2/s.
func Rate(perSecond float64) string {
	v := perSecond
	switch {
	case !finite(v):
		return None
	case v < 0:
		return "-" + Rate(-v)
	case v == 0:
		return "0/s"
	case v < 0.005:
		return "<0.01/s"
	case v < 0.095:
		return fixed(v, 2) + "/s"
	case v < 9.95:
		return whole(fixed(v, 1)) + "/s"
	case v < 999.5:
		return fixed(v, 0) + "/s"
	}
	return digits3(v) + "/s"
}

// Latency writes a time in milliseconds: 0.41 ms, 6.9 ms, 412 ms, 1.84 s.
func Latency(ms float64) string {
	switch {
	case !finite(ms):
		return None
	case ms < 0:
		return "-" + Latency(-ms)
	case ms == 0:
		return "0 ms"
	case ms < 0.005:
		return "<0.01 ms"
	case ms < 1.995:
		return fixed(ms, 2) + " ms"
	case ms < 99.95:
		return fixed(ms, 1) + " ms"
	case ms < 999.5:
		return fixed(ms, 0) + " ms"
	}
	switch s := ms / 1000; {
	case s < 9.995:
		return fixed(s, 2) + " s"
	case s < 99.95:
		return fixed(s, 1) + " s"
	case s < 9999.5:
		return grouped(fixed(s, 0)) + " s"
	default:
		return digits3(s) + " s"
	}
}

// Share writes a share of one in percent: 0.8 %, 56 %, 0 %.
func Share(share float64) string {
	v := share * 100
	switch {
	case !finite(v):
		return None
	case v < 0:
		return "-" + Share(-share)
	case v == 0:
		return "0 %"
	case v < 0.05:
		return "<0.1 %"
	case v < 9.95:
		return whole(fixed(v, 1)) + " %"
	case v >= 99.5 && v < 100:
		return fixed(math.Min(v, 99.9), 1) + " %"
	}
	if v < 9999.5 {
		return grouped(fixed(v, 0)) + " %"
	}
	return digits3(v) + " %"
}

// Capacity writes a bolt's capacity, 1.04 being one thread that is busy all the
// time and a little more.
func Capacity(capacity float64) string {
	switch v := capacity; {
	case !finite(v):
		return None
	case v < 0:
		return "-" + Capacity(-v)
	case v > 0 && v < 0.005:
		return "<0.01"
	case v < 9.995:
		return fixed(v, 2)
	case v < 99.95:
		return fixed(v, 1)
	case v < 9999.5:
		return grouped(fixed(v, 0))
	default:
		return digits3(v)
	}
}

// Decimal writes v with a fixed number of decimals, as a skew of 3.8.
func Decimal(v float64, decimals int) string {
	if !finite(v) {
		return None
	}
	return fixed(v, max(decimals, 0))
}

// Bytes writes a size in units of 1,024: 412 bytes, 4.1 KB, 38 MB.
func Bytes[N Number](n N) string {
	v := float64(n)
	switch {
	case !finite(v):
		return None
	case v < 0:
		return "-" + Bytes(-v)
	case math.Round(v) == 1:
		return "1 byte"
	case v < 999.5:
		return fixed(v, 0) + " bytes"
	}
	unit := 0
	for v /= 1024; v >= 999.5 && unit < len(byteUnits)-1; unit++ {
		v /= 1024
	}
	switch {
	case v < 9.95:
		return whole(fixed(v, 1)) + " " + byteUnits[unit]
	case v < 9999.5:
		return grouped(fixed(v, 0)) + " " + byteUnits[unit]
	default:
		return "over " + grouped("9999") + " " + byteUnits[unit]
	}
}

var byteUnits = [...]string{"KB", "MB", "GB", "TB", "PB"}

// digits3 writes a value from 1,000 upwards in three digits and k, M or G.
func digits3(v float64) string {
	for _, unit := range [...]string{"k", "M", "G"} {
		v /= 1000
		switch {
		case v < 9.995:
			return fixed(v, 2) + unit
		case v < 99.95:
			return fixed(v, 1) + unit
		case v < 999.5:
			return fixed(v, 0) + unit
		}
	}
	if v < 1e6 {
		return grouped(fixed(v, 0)) + "G"
	}
	// Beyond any counter there is.
	return strconv.FormatFloat(v*1e9, 'e', 2, 64)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func fixed(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// whole drops a decimal that is zero: 4.0 becomes 4.
func whole(s string) string {
	if n := len(s) - 2; n > 0 && s[n:] == ".0" {
		return s[:n]
	}
	return s
}

// grouped puts commas between the thousands of a row of digits.
func grouped(s string) string {
	if len(s) <= 3 {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/3)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, s[i])
	}
	return string(b)
}
