package logs

import (
	"bytes"
	"math"
	"time"
)

// stampLayout says how a line's time was written.
type stampLayout uint8

const (
	stampNone stampLayout = iota
	// stampPlain is a date and a time at the beginning of the line.
	stampPlain
	// stampBracket is the same inside brackets, as the JVM's unified log has it.
	stampBracket
	// stampUptime is a JVM's own time since its start, which is no time of day.
	stampUptime
	// stampDate is Java's Date.toString, as the event logger writes it.
	stampDate
	// stampPair is a value of a JSON object or of a logfmt line.
	stampPair
)

// A stamp is the time at the head of a line.
type stamp struct {
	// ns is since 1970 by the clock that wrote it, 0 for stampUptime.
	ns int64
	// from and to bound its bytes in the line; after is where the rest begins.
	from, to, after int
	layout          stampLayout
	// again is set when the local time occurs twice and order does not tell.
	again bool
	// back is set on the first time of the second turn of a repeated hour.
	back bool
}

// A clockReader turns the times of one file into nanoseconds. It remembers the
// last minute, because times in logs mostly differ in seconds only.
type clockReader struct {
	zone *time.Location
	// minute is the text "YYYY-MM-DDTHH:MM" whose beginning is base, in the zone
	// zoneText or in zone when that is empty.
	minute   [16]byte
	base     int64
	zoneText [6]byte
	zoneLen  int
	haveZone bool
	// repeated says that minute occurs twice in zone; base is the first, and
	// second is the other.
	repeated bool
	second   int64
	// last is the last time read, for telling the turns of a repeated hour.
	last int64
	// turned is set while the second turn is being read.
	turned bool
}

func newClockReader(zone *time.Location) *clockReader {
	if zone == nil {
		zone = time.Local
	}
	return &clockReader{zone: zone}
}

// digit2 reads two digits, or gives a negative number.
func digit2(a, b byte) int {
	x, y := a-'0', b-'0'
	if x > 9 || y > 9 {
		return -1
	}
	return int(x)*10 + int(y)
}

// head reads the time at the beginning of the line.
func (c *clockReader) head(line []byte) (stamp, bool) {
	if len(line) < 8 {
		return stamp{}, false
	}
	switch b := line[0]; {
	case b >= '0' && b <= '9':
		s, ok := c.at(line, 0)
		s.layout = stampPlain
		return s, ok
	case b == '[':
		if s, ok := c.at(line, 1); ok {
			s.layout = stampBracket
			if s.to < len(line) && line[s.to] == ']' {
				s.after++
			}
			return s, true
		}
		return uptime(line)
	case b >= 'A' && b <= 'Z':
		return c.javaDate(line)
	case b == '{' || b >= 'a' && b <= 'z' || b == '"':
		return c.pair(line)
	default:
		return stamp{}, false
	}
}

// at reads a date and a time that begin at line[i]: a date with dashes or
// slashes, T or a space, a time with any fraction after a point or a comma, and
// a zone if there is one.
func (c *clockReader) at(line []byte, i int) (stamp, bool) {
	if len(line) < i+19 {
		return stamp{}, false
	}
	p := line[i : i+19 : i+19]
	if sep := p[4]; (sep != '-' && sep != '/') || p[7] != sep || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':' {
		return stamp{}, false
	}
	sec := digit2(p[17], p[18])
	if sec < 0 || sec > 60 {
		return stamp{}, false
	}
	ns := int64(sec) * int64(time.Second)
	end := i + 19
	if end < len(line) && (line[end] == '.' || line[end] == ',') {
		unit := int64(time.Second)
		j := end + 1
		for ; j < len(line) && line[j]-'0' <= 9; j++ {
			if unit >= 10 {
				unit /= 10
				ns += int64(line[j]-'0') * unit
			}
		}
		if j > end+1 {
			end = j
		}
	}
	zone := zoneAt(line[end:])
	zoneText := line[end : end+zone]
	minute := p[:16]
	if !c.haveZone || c.zoneLen != zone || !bytes.Equal(zoneText, c.zoneText[:zone]) || !bytes.Equal(minute, c.minute[:]) {
		if !c.load(minute, zoneText) {
			return stamp{}, false
		}
	}
	s := stamp{ns: c.base + ns, from: i, to: end + zone, after: end + zone}
	if c.repeated {
		c.choose(&s, ns)
	} else {
		c.turned = false
	}
	c.last = s.ns
	return s, true
}

// choose tells which turn of a repeated hour a time is from: it follows the
// time before it.
func (c *clockReader) choose(s *stamp, ns int64) {
	first, second := c.base+ns, c.second+ns
	const slack = int64(5 * time.Minute)
	switch {
	case c.last == 0:
		s.ns, s.again = first, true
	case first < c.last-slack || c.turned:
		s.ns, s.back = second, !c.turned
		c.turned = true
	default:
		s.ns = first
	}
}

// zoneAt is the length of the zone at the beginning of b: Z, +hh, +hhmm, +hh:mm.
func zoneAt(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if b[0] == 'Z' {
		return 1
	}
	if (b[0] != '+' && b[0] != '-') || len(b) < 3 || digit2(b[1], b[2]) < 0 {
		return 0
	}
	switch {
	case len(b) >= 6 && b[3] == ':' && digit2(b[4], b[5]) >= 0:
		return 6
	case len(b) >= 5 && digit2(b[3], b[4]) >= 0:
		return 5
	default:
		return 3
	}
}

// load makes minute and zone the remembered ones.
func (c *clockReader) load(minute, zone []byte) bool {
	year := digit2(minute[0], minute[1])*100 + digit2(minute[2], minute[3])
	month, day := digit2(minute[5], minute[6]), digit2(minute[8], minute[9])
	hour, minutes := digit2(minute[11], minute[12]), digit2(minute[14], minute[15])
	if digit2(minute[0], minute[1]) < 0 || digit2(minute[2], minute[3]) < 0 || year < 1970 || year > 2200 ||
		month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 24 || minutes < 0 || minutes > 59 {
		return false
	}
	utc := time.Date(year, time.Month(month), day, hour, minutes, 0, 0, time.UTC)
	if utc.Day() != day && hour < 24 {
		return false // the 31st of a shorter month
	}
	c.haveZone, c.zoneLen, c.repeated = true, len(zone), false
	copy(c.minute[:], minute)
	copy(c.zoneText[:], zone)
	if len(zone) > 0 {
		c.base = utc.UnixNano() - zoneOffset(zone)
		return true
	}
	c.base, c.second, c.repeated = local(utc, c.zone)
	return true
}

// zoneOffset is what the zone's text adds to UTC, in nanoseconds.
func zoneOffset(zone []byte) int64 {
	if len(zone) < 3 {
		return 0
	}
	minutes := digit2(zone[1], zone[2]) * 60
	if m := zone[len(zone)-2:]; len(zone) > 3 {
		minutes += digit2(m[0], m[1])
	}
	if zone[0] == '-' {
		minutes = -minutes
	}
	return int64(minutes) * int64(time.Minute)
}

// local gives the moment at which clocks in zone show what utc shows in UTC. In
// the hour that a change of the clock repeats there are two.
func local(utc time.Time, zone *time.Location) (first, second int64, repeated bool) {
	wall := utc.Unix()
	at := time.Unix(wall, 0).In(zone)
	// The offsets in force a day before and after are those on either side of a
	// change nearby.
	_, before := at.Add(-24 * time.Hour).Zone()
	_, after := at.Add(24 * time.Hour).Zone()
	a, b := time.Unix(wall-int64(before), 0).In(zone), time.Unix(wall-int64(after), 0).In(zone)
	_, atA := a.Zone()
	_, atB := b.Zone()
	switch okA, okB := atA == before, atB == after; {
	case okA && okB && before != after:
		return a.UnixNano(), b.UnixNano(), true
	case okA:
		return a.UnixNano(), 0, false
	case okB:
		return b.UnixNano(), 0, false
	default: // an hour that was left out
		return a.UnixNano(), 0, false
	}
}

// uptime recognises the decorations of the JVM's unified log that hold no time
// of day: [0.013s][info][gc] or [13ms].
func uptime(line []byte) (stamp, bool) {
	end := bytes.IndexByte(line[:min(len(line), 24)], ']')
	if end < 3 || line[end-1] != 's' || line[1]-'0' > 9 {
		return stamp{}, false
	}
	for _, b := range line[1:end] {
		if (b < '0' || b > '9') && b != '.' && b != ',' && b != 'm' && b != 'n' && b != 's' {
			return stamp{}, false
		}
	}
	if end+1 < len(line) && line[end+1] != '[' && line[end+1] != ' ' {
		return stamp{}, false
	}
	return stamp{from: 1, to: end, after: end + 1, layout: stampUptime}, true
}

var months = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// javaDate reads "Mon May 11 10:00:00 UTC 2026", followed by a comma.
func (c *clockReader) javaDate(line []byte) (stamp, bool) {
	if len(line) < 28 || line[3] != ' ' || line[7] != ' ' || line[10] != ' ' || line[13] != ':' || line[16] != ':' || line[19] != ' ' {
		return stamp{}, false
	}
	comma := bytes.IndexByte(line[:min(len(line), 40)], ',')
	if comma < 26 || line[comma-5] != ' ' {
		return stamp{}, false
	}
	month := 0
	for i, m := range months {
		if string(line[4:7]) == m {
			month = i + 1
		}
	}
	if month == 0 {
		return stamp{}, false
	}
	var iso [25]byte
	text := append(iso[:0], line[comma-4:comma]...)
	text = append(text, '-', '0'+byte(month/10), '0'+byte(month%10), '-', line[8], line[9], ' ')
	text = append(text, line[11:19]...)
	if zone := string(line[20 : comma-5]); zone == "UTC" || zone == "GMT" || zone == "Z" {
		text = append(text, 'Z')
	}
	s, ok := c.at(text, 0)
	s.from, s.to, s.after, s.layout = 0, comma, comma+1, stampDate
	return s, ok
}

// pair reads the time of a JSON object or of a logfmt line, wherever it stands
// among the first pairs.
func (c *clockReader) pair(line []byte) (stamp, bool) {
	var found stamp
	ok := false
	n := 0
	eachPair(line, func(key, value Span) bool {
		n++
		if !timeKey(key.of(line)) {
			return n < 16
		}
		v := value.of(line)
		if s, good := c.at(v, 0); good && s.to == len(v) {
			found, ok = s, true
		} else if ns, good := epoch(v); good {
			found, ok = stamp{ns: ns}, true
			c.last = ns
		}
		found.from, found.to, found.after, found.layout = value.From, value.To, 0, stampPair
		return false
	})
	return found, ok
}

// timeKey says whether a pair of this name is the time of the line.
func timeKey(key []byte) bool {
	switch string(key) {
	case "time", "ts", "timestamp", "@timestamp", "asctime", "t", "datetime", "date", "_time", "created":
		return true
	}
	return false
}

// epoch reads a number of seconds, milliseconds, microseconds or nanoseconds
// since 1970, told apart by its size.
func epoch(b []byte) (int64, bool) {
	if len(b) < 9 || len(b) > 30 || b[0] == '0' {
		return 0, false
	}
	whole, i := int64(0), 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if whole > (math.MaxInt64-9)/10 {
			return 0, false
		}
		whole = whole*10 + int64(b[i]-'0')
	}
	scale := int64(1)
	switch {
	case i < 9:
		return 0, false
	case i <= 10:
		scale = int64(time.Second)
	case i <= 13:
		scale = int64(time.Millisecond)
	case i <= 16:
		scale = int64(time.Microsecond)
	}
	if whole > math.MaxInt64/scale-1 {
		return 0, false
	}
	ns := whole * scale
	if i < len(b) {
		if b[i] != '.' || i+1 == len(b) {
			return 0, false
		}
		for _, d := range b[i+1:] {
			if d-'0' > 9 {
				return 0, false
			}
			scale /= 10
			ns += int64(d-'0') * scale
		}
	}
	return ns, true
}
