package sshd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateTool is date, which cannot set the clock.
func dateTool(_ context.Context, c *call) int {
	o, ok := c.options("ud:RI:r:", map[string]rune{"utc": 'u', "universal": 'u', "date": 'd', "rfc-email": 'R', "iso-8601": 'z', "reference": 'r'})
	if !ok {
		return 1
	}
	now := c.sh.job.m.Now()
	if o.has['d'] {
		t, err := when(o.value['d'], now)
		if err != nil {
			c.complain("invalid date '%s'", o.value['d'])
			return 1
		}
		now = t
	}
	if o.has['r'] {
		i, err := c.view.Stat(c.sh.path(o.value['r']))
		if err != nil {
			c.complain("%s: No such file or directory", o.value['r'])
			return 1
		}
		now = i.ModTime().In(now.Location())
	}
	if o.has['u'] || c.sh.vars["TZ"].String() == "UTC" {
		now = now.UTC()
	}
	format := "%a %b %e %H:%M:%S %Z %Y"
	switch {
	case len(o.rest) > 0 && strings.HasPrefix(o.rest[0], "+"):
		format = o.rest[0][1:]
	case len(o.rest) > 0:
		c.complain("cannot set date: Operation not permitted")
		return 1
	case o.has['R']:
		format = "%a, %d %b %Y %H:%M:%S %z"
	case o.has['I'] || o.has['z']:
		kind := o.value['I'] + o.value['z']
		format = map[string]string{"": "%Y-%m-%d", "date": "%Y-%m-%d", "seconds": "%Y-%m-%dT%H:%M:%S%:z", "ns": "%Y-%m-%dT%H:%M:%S,%N%:z", "s": "%Y-%m-%dT%H:%M:%S%:z"}[kind]
	}
	_, _ = c.out.WriteString(strftime(format, now) + "\n")
	return c.done(0)
}

func when(s string, now time.Time) (time.Time, error) {
	if at, ok := strings.CutPrefix(s, "@"); ok {
		f, err := strconv.ParseFloat(at, 64)
		if err != nil || f > 1e11 || f < -1e11 {
			return now, fmt.Errorf("no number: %q", s)
		}
		return time.Unix(0, int64(f*1e9)).In(now.Location()), nil
	}
	if s == "now" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	return now, fmt.Errorf("no date: %q", s)
}

// layouts are the conversions that Go's layouts have.
var layouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'z': "-0700", 'Z': "MST", 'a': "Mon", 'A': "Monday",
	'b': "Jan", 'h': "Jan", 'B': "January", 'e': "_2", 'j': "002", 'I': "03", 'p': "PM", 'F': "2006-01-02", 'T': "15:04:05",
	'X': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'x': "01/02/06", 'c': "Mon Jan _2 15:04:05 2006", 'r': "03:04:05 PM",
}

// strftime writes a time as date does.
func strftime(format string, t time.Time) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		plain := format[i] == '-'
		if plain && i+1 < len(format) {
			i++
		}
		digits := 0
		for i+1 < len(format) && format[i] >= '0' && format[i] <= '9' && digits < 100 {
			digits = digits*10 + int(format[i]-'0')
			i++
		}
		value := ""
		switch c := format[i]; {
		case c == ':' && i+1 < len(format) && format[i+1] == 'z':
			i++
			value = t.Format("-07:00")
		case layouts[c] != "":
			value = t.Format(layouts[c])
		case c == 's':
			value = strconv.FormatInt(t.Unix(), 10)
		case c == 'N':
			value = fmt.Sprintf("%09d", t.Nanosecond())
			if digits > 0 && digits < 9 {
				value = value[:digits]
			}
		case c == 'u':
			value = strconv.Itoa((int(t.Weekday())+6)%7 + 1)
		case c == 'w':
			value = strconv.Itoa(int(t.Weekday()))
		case c == 'V':
			_, week := t.ISOWeek()
			value = fmt.Sprintf("%02d", week)
		case c == 'G':
			year, _ := t.ISOWeek()
			value = strconv.Itoa(year)
		case c == 'n':
			value = "\n"
		case c == 't':
			value = "\t"
		case c == '%':
			value = "%"
		default:
			value = "%" + string(c)
		}
		if plain {
			if value = strings.TrimLeft(value, "0 "); value == "" {
				value = "0"
			}
		}
		out.WriteString(value)
	}
	return out.String()
}
