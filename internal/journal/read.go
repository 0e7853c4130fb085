package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// Change is one change with its outcome.
type Change struct {
	Intent Record
	// Outcome is nil while none was written: the change is under way, or the
	// program ended before it knew.
	Outcome *Record
}

// History is what an audit file holds.
type History struct {
	// Changes, newest first.
	Changes []Change
	// Broken are the numbers of lines (from 1) that cannot be read or do not
	// follow from the line before.
	Broken []int
	// Omitted is how many older changes were left out.
	Omitted int
}

// maxLine bounds one line of an audit file: a rebalance of some thousand
// components.
const maxLine = 1 << 20

// ReadAudit reads the newest changes of an audit file, most of them. A file that
// is not there holds none.
func ReadAudit(path string, most int) (History, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return History{}, nil
	}
	if err != nil {
		return History{}, fmt.Errorf("the audit file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	return readAudit(f, most)
}

func readAudit(r io.Reader, most int) (History, error) {
	var h History
	at := map[int64]int{} // number → index in h.Changes
	previous := ""
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var rec Record
		line := lines.Bytes()
		if err := json.Unmarshal(line, &rec); err != nil || rec.No < 1 {
			h.Broken = append(h.Broken, n)
			previous = hash(line)
			continue
		}
		if rec.Previous != previous {
			h.Broken = append(h.Broken, n)
		}
		previous = hash(line)
		i, known := at[rec.No]
		switch {
		case rec.Phase == Outcome && known:
			h.Changes[i].Outcome = &rec
		case rec.Phase == Outcome: // its intent is missing
			at[rec.No] = len(h.Changes)
			h.Changes = append(h.Changes, Change{Intent: rec, Outcome: &rec})
		case known: // a number twice
			h.Broken = append(h.Broken, n)
		default:
			at[rec.No] = len(h.Changes)
			h.Changes = append(h.Changes, Change{Intent: rec})
		}
	}
	if err := lines.Err(); err != nil {
		return History{}, fmt.Errorf("reading the audit file: %w", err)
	}
	slices.Reverse(h.Changes)
	if most > 0 && len(h.Changes) > most {
		h.Omitted = len(h.Changes) - most
		h.Changes = slices.Clone(h.Changes[:most])
	}
	return h, nil
}
