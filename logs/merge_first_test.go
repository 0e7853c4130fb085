package logs

import (
	"testing"
	"time"
)

func TestTheFirstRecordIsNotLate(t *testing.T) {
	now := time.Unix(1000, 0)
	var got []Record
	m := NewMerger(MergerConfig{Emit: func(r []Record) { got = append(got, r...) }})
	m.Join(0, true, now)
	m.Add(now, Record{Time: now.Add(-time.Hour).UnixNano(), Text: []byte("old")})
	m.Leave(0)
	m.Flush()
	if len(got) != 1 || got[0].Late {
		t.Errorf("records %+v", got)
	}
}

// A source that begins in the middle of a record stands where the next one does.
func TestBeginningWithoutATime(t *testing.T) {
	now := time.Unix(1000, 0)
	at := func(secs int64) int64 { return time.Unix(secs, 0).UnixNano() }
	var got []Record
	m := NewMerger(MergerConfig{Emit: func(r []Record) { got = append(got, r...) }})
	m.Join(0, true, now)
	m.Join(1, true, now)
	m.Add(now, Record{Source: 0, Text: []byte("rest")}, Record{Source: 0, Time: at(10)}, Record{Source: 0, Time: at(30)})
	m.Add(now, Record{Source: 1, Time: at(20)})
	m.Leave(0)
	m.Leave(1)
	m.Flush()
	want := []int64{0, at(10), at(20), at(30)}
	for i, r := range got {
		if r.Time != want[i] || r.Late {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d records", len(got))
	}
}
