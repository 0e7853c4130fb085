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
