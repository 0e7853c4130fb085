package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/stormtop/stormtop/internal/human"
)

// The words of the marks. They stand between dashes on the screen.

func joinedWords(src Source) string {
	if src.Note != "" {
		return "joined: " + src.Note + " now here"
	}
	return "joined: " + src.Name()
}

func leftWords(src Source) string {
	switch src.Kind {
	case KindWorker, KindErr, KindOut, KindMetrics, KindGC, KindEvents, KindPython:
		return "left: worker stopped, old file read to its end"
	default:
		return "left: read to its end"
	}
}

func lostWords(err error, wait time.Duration) string {
	return fmt.Sprintf("lost: %s; retry in %s", errorWords(err), spanWords(wait))
}

// backWords says that a source is read again. Whether something was missed is
// told when it is known.
func backWords(after time.Duration, offset int64) string {
	return fmt.Sprintf("back after %s, continued at byte %s, nothing missed", spanWords(after), human.Exact(offset))
}

// A loss is what is known about lines that are missing.
type loss struct {
	from, to time.Time // of the last line before and the first after, zero when unknown
	bytes    float64   // what came in as much time before, 0 when unknown
}

// bounds are the times between which lines are missing.
func (l loss) bounds() string {
	const layout = "15:04:05.0"
	switch {
	case !l.from.IsZero() && !l.to.IsZero():
		return "between " + l.from.Format(layout) + " and " + l.to.Format(layout)
	case !l.from.IsZero():
		return "after " + l.from.Format(layout)
	case !l.to.IsZero():
		return "before " + l.to.Format(layout)
	}
	return ""
}

// size is about how much is missing, judged by what came before.
func (l loss) size() string {
	if l.bytes < 1 {
		return ""
	}
	return " (≈ " + human.Bytes(l.bytes) + ")"
}

// happeningWords says what happened to a file.
func happeningWords(h happening, name string, l loss) (Mark, string) {
	switch h.what {
	case wasRotated:
		return MarkRotated, fmt.Sprintf("rotated: %s → %s, 0 lines lost", name, h.name)
	case wasCopied:
		return MarkRotated, fmt.Sprintf("rotated: %s was copied to %s and emptied, 0 lines lost as far as the copy shows", name, h.name)
	case wasLost:
		return MarkGap, join("gap: lines", l.bounds(), "were rotated away") + l.size() + after(h)
	case wasEmptied:
		return MarkGap, join("gap: "+name+" was emptied; lines", l.bounds(), "may be missing") + after(h)
	case wasReplaced:
		return MarkGap, join("gap: "+name+" was replaced and the old one, read to its end, is gone; lines", l.bounds(), "may be missing") + after(h)
	case wasDamaged:
		return MarkGap, fmt.Sprintf("gap: %s cannot be read after byte %s: %s", h.name, human.Exact(h.offset), errorWords(h.cause))
	default:
		return MarkNote, ""
	}
}

func after(h happening) string { return ", after byte " + human.Exact(h.offset) }

func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " ")
}

// errorWords is the cause in few words.
func errorWords(err error) string {
	var path *fs.PathError
	switch {
	case err == nil:
		return "unknown cause"
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &path):
		return path.Err.Error()
	}
	return err.Error()
}

// waitingWords says what a source waits for.
func waitingWords(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: " + path
	case errors.Is(err, errNotRegular):
		return path + " is not a regular file"
	}
	return "waiting for " + path
}
