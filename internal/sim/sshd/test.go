package sshd

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
)

// testTool is test and [.
func testTool(_ context.Context, c *call) int {
	args := c.args[1:]
	if c.args[0] == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			c.complain("missing ']'")
			return 2
		}
		args = args[:len(args)-1]
	}
	if len(args) > 1000 {
		c.complain("too many arguments")
		return 2
	}
	t := tester{c: c, rest: args}
	if len(args) == 0 {
		return 1
	}
	// With up to three arguments their number decides, as POSIX has it.
	var yes bool
	var err error
	switch {
	case len(args) == 1:
		yes = args[0] != ""
	case len(args) == 2 && args[0] == "!":
		yes = args[1] == ""
	case len(args) == 3 && binaries[args[1]] != nil:
		yes, err = t.binary(args[0], args[1], args[2])
	default:
		if yes, err = t.or(); err == nil && len(t.rest) > 0 {
			err = errors.New("too many arguments")
		}
	}
	if err != nil {
		c.complain("%v", err)
		return 2
	}
	return flag(yes, 0, 1)
}

// tester evaluates an expression, the loosest operator first.
type tester struct {
	c    *call
	rest []string
}

func (t *tester) next() string {
	if len(t.rest) == 0 {
		return ""
	}
	s := t.rest[0]
	t.rest = t.rest[1:]
	return s
}

func (t *tester) peek() string {
	if len(t.rest) == 0 {
		return ""
	}
	return t.rest[0]
}

func (t *tester) or() (bool, error) {
	yes, err := t.and()
	for err == nil && t.peek() == "-o" {
		t.next()
		var other bool
		other, err = t.and()
		yes = yes || other
	}
	return yes, err
}

func (t *tester) and() (bool, error) {
	yes, err := t.not()
	for err == nil && t.peek() == "-a" {
		t.next()
		var other bool
		other, err = t.not()
		yes = yes && other
	}
	return yes, err
}

func (t *tester) not() (bool, error) {
	if t.peek() == "!" && len(t.rest) > 1 {
		t.next()
		yes, err := t.not()
		return !yes, err
	}
	return t.primary()
}

func (t *tester) primary() (bool, error) {
	if len(t.rest) == 0 {
		return false, errors.New("argument expected")
	}
	if len(t.rest) >= 3 && binaries[t.rest[1]] != nil {
		a, op, b := t.next(), t.next(), t.next()
		return t.binary(a, op, b)
	}
	a := t.next()
	if a == "(" {
		yes, err := t.or()
		if err == nil && t.next() != ")" {
			err = errors.New("')' expected")
		}
		return yes, err
	}
	if len(a) == 2 && a[0] == '-' && len(t.rest) > 0 && a != "-a" && a != "-o" {
		return t.unary(a[1], t.next())
	}
	return a != "", nil
}

func (t *tester) unary(op byte, x string) (bool, error) {
	view, name := t.c.view, t.c.sh.path(x)
	if x == "/dev/null" && (op == 'e' || op == 'c' || op == 'r' || op == 'w') {
		return true, nil
	}
	i, err := t.c.sh.stat(x, true)
	here := err == nil && x != ""
	switch op {
	case 'z':
		return x == "", nil
	case 'n':
		return x != "", nil
	case 'e':
		return here, nil
	case 'f':
		return here && i.Mode().IsRegular(), nil
	case 'd':
		return here && i.IsDir(), nil
	case 's':
		return here && i.Size() > 0, nil
	case 'L', 'h':
		l, err := view.Lstat(name)
		return err == nil && l.Mode()&fs.ModeSymlink != 0, nil
	case 'r':
		return here && view.Access(name, 4) == nil, nil
	case 'w':
		return false, nil
	case 'x':
		return here && view.Access(name, 1) == nil, nil
	case 'O':
		return here && i.Owner == t.c.sh.job.user, nil
	case 'b', 'c', 'p', 'S', 'g', 'u', 'k', 't', 'G', 'N':
		return false, nil
	}
	return false, errors.New("-" + string(op) + ": unary operator expected")
}

func compareNumbers(is func(a, b int64) bool) func(*tester, string, string) (bool, error) {
	return func(_ *tester, x, y string) (bool, error) {
		a, err := strconv.ParseInt(x, 10, 64)
		if err != nil {
			return false, errors.New(x + ": integer expression expected")
		}
		b, err := strconv.ParseInt(y, 10, 64)
		if err != nil {
			return false, errors.New(y + ": integer expression expected")
		}
		return is(a, b), nil
	}
}

func compareFiles(is func(t *tester, x, y string) bool) func(*tester, string, string) (bool, error) {
	return func(t *tester, x, y string) (bool, error) { return is(t, t.c.sh.path(x), t.c.sh.path(y)), nil }
}

var binaries = map[string]func(t *tester, x, y string) (bool, error){
	"=":   func(_ *tester, x, y string) (bool, error) { return x == y, nil },
	"==":  func(_ *tester, x, y string) (bool, error) { return x == y, nil },
	"!=":  func(_ *tester, x, y string) (bool, error) { return x != y, nil },
	"<":   func(_ *tester, x, y string) (bool, error) { return x < y, nil },
	">":   func(_ *tester, x, y string) (bool, error) { return x > y, nil },
	"-eq": compareNumbers(func(a, b int64) bool { return a == b }), "-ne": compareNumbers(func(a, b int64) bool { return a != b }),
	"-lt": compareNumbers(func(a, b int64) bool { return a < b }), "-le": compareNumbers(func(a, b int64) bool { return a <= b }),
	"-gt": compareNumbers(func(a, b int64) bool { return a > b }), "-ge": compareNumbers(func(a, b int64) bool { return a >= b }),
	"-nt": compareFiles(func(t *tester, x, y string) bool {
		a, err := t.c.view.Stat(x)
		b, other := t.c.view.Stat(y)
		return err == nil && (other != nil || a.ModTime().After(b.ModTime()))
	}),
	"-ot": compareFiles(func(t *tester, x, y string) bool {
		a, err := t.c.view.Stat(x)
		b, other := t.c.view.Stat(y)
		return other == nil && (err != nil || a.ModTime().Before(b.ModTime()))
	}),
	"-ef": compareFiles(func(t *tester, x, y string) bool {
		a, err := t.c.view.Stat(x)
		b, other := t.c.view.Stat(y)
		return err == nil && other == nil && a.Inode == b.Inode
	}),
}

func (t *tester) binary(x, op, y string) (bool, error) { return binaries[op](t, x, y) }
