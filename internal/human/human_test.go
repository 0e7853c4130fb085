package human

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Rate(3420), "3.42k/s"},
		{Rate(3990), "3.99k/s"},
		{Rate(18_800), "18.8k/s"},
		{Rate(610), "610/s"},
		{Rate(40), "40/s"},
		{Rate(4), "4/s"},
		{Rate(1.2), "1.2/s"},
		{Rate(0), "0/s"},
		{Rate(0.02), "0.02/s"},
		{Rate(0.0001), "<0.01/s"},
		{Rate(0.096), "0.1/s"},
		{Rate(9.96), "10/s"},
		{Rate(999.6), "1.00k/s"},
		{Rate(6_900), "6.90k/s"},
		{Rate(1.25e9), "1.25G/s"},
		{Rate(math.NaN()), None},
		{Rate(math.Inf(1)), None},
		{Rate(-3420), "-3.42k/s"},

		{Count(0), "0"},
		{Count(int64(1840)), "1,840"},
		{Count(9999), "9,999"},
		{Count(10_000), "10.0k"},
		{Count(15_600), "15.6k"},
		{Count(2_390_000), "2.39M"},
		{Count(11_300_000), "11.3M"},
		{Count(196_000_000), "196M"},
		{Count(4_910_000_000), "4.91G"},
		{Count(999_600), "1.00M"},
		{Count(math.NaN()), None},
		{Count(-12), "-12"},
		{Count(int64(math.MinInt64)), "-9.22e+18"},
		{Exact(40_118_272), "40,118,272"},
		{Exact(-1204), "-1,204"},
		{Exact(int64(math.MinInt64)), "-9,223,372,036,854,775,808"},

		{Latency(0.41), "0.41 ms"},
		{Latency(1.21), "1.21 ms"},
		{Latency(2.1), "2.1 ms"},
		{Latency(6.9), "6.9 ms"},
		{Latency(22.1), "22.1 ms"},
		{Latency(412), "412 ms"},
		{Latency(999.7), "1.00 s"},
		{Latency(1840), "1.84 s"},
		{Latency(12_340), "12.3 s"},
		{Latency(1_234_000), "1,234 s"},
		{Latency(0), "0 ms"},
		{Latency(0.001), "<0.01 ms"},
		{Latency(math.NaN()), None},

		{Share(0.008), "0.8 %"},
		{Share(0), "0 %"},
		{Share(0.56), "56 %"},
		{Share(0.03), "3 %"},
		{Share(1), "100 %"},
		{Share(0.0001), "<0.1 %"},
		{Share(0.9999), "99.9 %"},
		{Share(2.5), "250 %"},
		{Share(-0.04), "-4 %"},
		{Share(math.NaN()), None},

		{Capacity(1.04), "1.04"},
		{Capacity(0), "0.00"},
		{Capacity(0.002), "<0.01"},
		{Capacity(0.55), "0.55"},
		{Capacity(12.34), "12.3"},
		{Capacity(math.NaN()), None},

		{Decimal(3.8, 1), "3.8"},
		{Decimal(1.286, 2), "1.29"},
		{Decimal(math.Inf(-1), 2), None},

		{Bytes(412), "412 bytes"},
		{Bytes(1), "1 byte"},
		{Bytes(4200), "4.1 KB"},
		{Bytes(64 << 10), "64 KB"},
		{Bytes(38 << 20), "38 MB"},
		{Bytes(2_202_010), "2.1 MB"},
		{Bytes(256 << 20), "256 MB"},
		{Bytes(math.NaN()), None},

		{Opt(nil, Rate, Unknown), "?"},
		{Opt(new(float64), Rate, Unknown), "0/s"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestAges(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct{ got, want string }{
		{Age(4 * time.Second), "4s"},
		{Age(59*time.Second + 999*time.Millisecond), "59s"},
		{Age(12 * time.Minute), "12m"},
		{Age(3*time.Hour + 4*time.Minute + 59*time.Second), "3h04m"},
		{Age(7*day + 4*time.Hour), "7d04h"},
		{Age(41*day + 2*time.Hour), "41d02h"},
		{Age(-time.Hour), "0s"},
		{AgeSecs(33), "33s"},
		{AgeSecs(-1), "0s"},
		{AgeSecs(int64(math.MaxInt64)), "106751d23h"},
		{Span(5*time.Minute + 2*time.Second), "5m02s"},
		{Span(41 * time.Second), "41s"},
		{Span(3*time.Hour + 4*time.Minute), "3h04m"},
		{Elapsed(1200 * time.Millisecond), "1.2 s"},
		{Elapsed(-time.Second), "0.0 s"},
		{Elapsed(112 * time.Second), "1m52s"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"7": 7 * time.Second, "7s": 7 * time.Second, "500ms": 500 * time.Millisecond, " 5m ": 5 * time.Minute,
		"1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "7d04h": 172 * time.Hour, "0": 0, "0.5": 500 * time.Millisecond,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "  ", "s", "-7", "7x", "1h30", "7 s", "1e9", "NaN", "Inf", "..", "999999999999d"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

// TestAgesAreReadBack: what Age and Span write, ParseDuration reads, to within
// the unit they show.
func TestAgesAreReadBack(t *testing.T) {
	for secs := 1; secs < 40_000_000; secs = secs*5/4 + 1 {
		d := time.Duration(secs) * time.Second
		for _, s := range []string{Age(d), Span(d)} {
			back, err := ParseDuration(s)
			if err != nil || back > d || d-back > d/2 {
				t.Errorf("%v written as %q is read as %v, %v", d, s, back, err)
			}
		}
	}
}

// check tests what must hold for every number.
func check(t *testing.T, v float64) {
	t.Helper()
	for name, s := range map[string]string{
		"Rate": Rate(v), "Count": Count(v), "Latency": Latency(v), "Share": Share(v), "Capacity": Capacity(v),
		"Bytes": Bytes(v), "Decimal": Decimal(v, 1),
	} {
		if s == "" || strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s(%v) = %q", name, v, s)
		}
		if name != "Decimal" && name != "Share" && math.Abs(v) < 1e15 && len(s) > len("-<999.9 bytes") {
			t.Errorf("%s(%v) = %q is too wide", name, v, s)
		}
	}
	for name, s := range map[string]string{"Rate": Rate(v), "Latency": Latency(v), "Share": Share(v), "Capacity": Capacity(v)} {
		if v != 0 && !strings.ContainsAny(s, "123456789–") {
			t.Errorf("%s(%v) = %q looks like zero", name, v, s)
		}
	}
}

func TestAnyNumber(t *testing.T) {
	for e := -320; e <= 308; e++ {
		for _, m := range []float64{1, 1.005, 3.42, 9.949, 9.95, 9.995, 9.9999} {
			v := m * math.Pow(10, float64(e))
			check(t, v)
			check(t, -v)
		}
	}
	for _, v := range []float64{0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		check(t, v)
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add(0.0)
	f.Add(9.995)
	f.Fuzz(check)
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"7", "7s", "500ms", "1h30m", "7d04h", "-", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDuration(s); err == nil && d < 0 {
			t.Errorf("ParseDuration(%q) = %v", s, d)
		}
	})
}

func ExampleRate() {
	fmt.Println(Rate(3420), Count(15_600), Latency(0.41), Share(0.008))
	// Output: 3.42k/s 15.6k 0.41 ms 0.8 %
}
