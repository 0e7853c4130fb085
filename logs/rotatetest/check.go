package rotatetest

import (
	"bytes"
	"fmt"
	"strconv"
)

// A Checker reads what came out of a follower, in its order.
type Checker struct {
	// First is the number of the first line that must come, 1 when 0.
	First int

	last     int
	gap      bool
	started  bool
	lines    int
	lost     int // missing numbers where no gap was declared
	declared int // missing numbers where one was
	gaps     int // declared
	empty    int // of which nothing was missing
	doubled  int // numbers that came again
	strange  int // lines that are none of the writer's
	finished bool
	example  string
}

// Line takes one line, without its end.
func (c *Checker) Line(text []byte) {
	n, ok := number(text)
	if !ok {
		c.strange++
		c.note("not a line: %.80q", text)
		return
	}
	if !c.started {
		c.started = true
		c.last = max(1, c.First) - 1
	}
	c.lines++
	c.step(n)
}

func (c *Checker) step(n int) {
	switch missing := n - c.last - 1; {
	case missing < 0:
		c.doubled++
		c.note("%d came after %d", n, c.last)
		return // the order goes on from the highest
	case missing > 0 && c.gap:
		c.declared += missing
	case missing > 0:
		c.lost += missing
		c.note("%d … %d lost", c.last+1, n-1)
	case c.gap:
		c.empty++
	}
	c.last, c.gap = n, false
}

// Gap takes a declared gap at this place among the lines.
func (c *Checker) Gap() {
	c.gaps++
	c.gap = true
}

// End says that the writer wrote so many lines and no more will come.
func (c *Checker) End(written int) {
	c.finished = true
	if !c.started {
		c.last = max(1, c.First) - 1
	}
	if c.last < written {
		if c.gap {
			c.declared += written - c.last
		} else {
			c.lost += written - c.last
			c.note("%d … %d lost at the end", c.last+1, written)
		}
	}
}

// Last is the highest number that came.
func (c *Checker) Last() int { return c.last }

// Declared is how many lines were missing in declared gaps.
func (c *Checker) Declared() int { return c.declared }

// Err is nil when nothing was lost without a word, nothing came twice or out of
// order, and nothing came that was never written.
func (c *Checker) Err() error {
	if !c.finished {
		return fmt.Errorf("not finished")
	}
	if c.lost == 0 && c.doubled == 0 && c.strange == 0 {
		return nil
	}
	return fmt.Errorf("%s; %s", c, c.example)
}

// String is the count of everything.
func (c *Checker) String() string {
	return fmt.Sprintf("%d lines, %d lost, %d doubled or out of order, %d strange; %d gaps declared, %d lines missing in them, %d of them empty",
		c.lines, c.lost, c.doubled, c.strange, c.gaps, c.declared, c.empty)
}

func (c *Checker) note(format string, args ...any) {
	if c.example == "" {
		c.example = fmt.Sprintf(format, args...)
	}
}

// number reads the number of a line: the line must be whole.
func number(text []byte) (int, bool) {
	const head = len("2006-01-02 15:04:05.000 o.a.s.t.ShellBolt Thread-20 [INFO] ")
	if len(text) <= head || text[4] != '-' || text[head-2] != ']' {
		return 0, false
	}
	rest, ok := bytes.CutPrefix(text[head:], []byte("n="))
	if !ok {
		return 0, false
	}
	digits := rest
	for i, b := range rest {
		if b < '0' || b > '9' {
			digits = rest[:i]
			break
		}
	}
	n, err := strconv.Atoi(string(digits))
	return n, err == nil
}
