package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

var (
	errTooMany  = errors.New("argument list too long")
	errTooLarge = errors.New("cannot allocate memory")
	errUnset    = errors.New("") // marks an error about a variable
)

// config is how words are expanded here: variables of this shell, files of this
// machine.
func (sh *shell) config(ctx context.Context) *expand.Config {
	c := &expand.Config{
		Env: variables{sh}, NoUnset: sh.noUnset,
		CmdSubst: func(w io.Writer, s *syntax.CmdSubst) error { return sh.substitute(ctx, w, s) },
		ReadDir2: func(name string) ([]fs.DirEntry, error) {
			infos, err := sh.job.view.ReadDir(filepath.ToSlash(name))
			if err != nil {
				return nil, err
			}
			out := make([]fs.DirEntry, len(infos))
			for i, info := range infos {
				out[i] = fs.FileInfoToDirEntry(info)
			}
			return out, nil
		},
	}
	if sh.noGlob {
		c.ReadDir2 = nil
	}
	return c
}

// substitute runs the commands of $(…).
func (sh *shell) substitute(ctx context.Context, w io.Writer, s *syntax.CmdSubst) error {
	if sh.depth++; sh.depth > maxDepth {
		sh.depth--
		return errTooLarge
	}
	defer func() { sh.depth-- }()
	child := sh.fork()
	defer child.closeFiles()
	out := &bounded{w: w, left: maxValue}
	child.replace(1, newFile(nil, out, nil))
	child.stmts(ctx, s.Stmts)
	sh.status = child.status
	if out.left < 0 {
		return errTooLarge
	}
	return ctx.Err()
}

// bounded fails when more is written than may be.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooLarge
	}
	return b.w.Write(p)
}

// fields expands words to arguments.
func (sh *shell) fields(ctx context.Context, words []*syntax.Word) ([]string, error) {
	var out []string
	size := 0
	for field, err := range expand.FieldsSeq(sh.config(ctx), words...) {
		if err != nil {
			return nil, explain(err)
		}
		if size += len(field); len(out) >= maxFields || size > 2*maxValue || ctx.Err() != nil {
			return nil, errTooMany
		}
		out = append(out, field)
	}
	return out, nil
}

// literal expands a word to one text.
func (sh *shell) literal(ctx context.Context, word *syntax.Word) (string, error) {
	s, err := expand.Literal(sh.config(ctx), unescaped(word))
	return s, explain(err)
}

// unescaped is a word whose characters behind a backslash are quoted instead:
// the library leaves the backslash of a\'b where it expands to one text.
func unescaped(word *syntax.Word) *syntax.Word {
	if word == nil {
		return nil
	}
	out := &syntax.Word{Parts: make([]syntax.WordPart, 0, len(word.Parts))}
	for _, part := range word.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			out.Parts = append(out.Parts, part)
			continue
		}
		text := lit.Value
		for {
			i := strings.IndexByte(text, '\\')
			if i < 0 || i+1 == len(text) {
				break
			}
			_, size := utf8.DecodeRuneInString(text[i+1:])
			out.Parts = append(out.Parts, &syntax.Lit{Value: text[:i]}, &syntax.SglQuoted{Value: text[i+1 : i+1+size]})
			text = text[i+1+size:]
		}
		out.Parts = append(out.Parts, &syntax.Lit{Value: text})
	}
	return out
}

// explain words an error of an expansion as a shell does.
func explain(err error) error {
	if unset, ok := errors.AsType[expand.UnsetParameterError](err); ok {
		return fmt.Errorf("%s: %s%w", unset.Node.Param.Value, unset.Message, errUnset)
	}
	return err
}

// set gives a variable a value.
func (sh *shell) set(name, value string) error {
	v := sh.vars[name]
	switch {
	case v.ReadOnly:
		return fmt.Errorf("%s: readonly variable", name)
	case len(value) > maxValue || len(sh.vars) > maxFields:
		return errTooLarge
	}
	v.Set, v.Kind, v.Str = true, expand.String, value
	sh.vars[name] = v
	return nil
}

// variables are a shell's for the expansion of words.
type variables struct{ sh *shell }

func text(s string) expand.Variable {
	return expand.Variable{Set: true, Kind: expand.String, Str: s}
}

// Get looks up a variable or a special parameter.
func (v variables) Get(name string) expand.Variable {
	sh := v.sh
	switch name {
	case "?":
		return text(strconv.Itoa(sh.status))
	case "$":
		return text(strconv.Itoa(sh.job.pid))
	case "PPID":
		return text(strconv.Itoa(sh.job.pid - 1))
	case "#":
		return text(strconv.Itoa(len(sh.params)))
	case "!":
		if sh.lastBg == 0 {
			return expand.Variable{}
		}
		return text(strconv.Itoa(sh.lastBg))
	case "-":
		return text("")
	case "0":
		return text(sh.name)
	case "PWD":
		return text(sh.dir)
	case "@", "*":
		params := sh.params
		if params == nil {
			params = []string{}
		}
		return expand.Variable{Set: true, Kind: expand.Indexed, List: params}
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n > 0 && n <= len(sh.params) {
			return text(sh.params[n-1])
		}
		return expand.Variable{}
	}
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		// The library would ask the real machine about an unknown user.
		return text(homeOf(user))
	}
	return sh.vars[name]
}

// homeOf is a user's directory; that of an unknown one is what was written.
func homeOf(user string) string {
	switch user {
	case "root":
		return "/root"
	case "storm":
		return "/home/storm"
	}
	return "~" + user
}

// Each gives all variables.
func (v variables) Each(do func(string, expand.Variable) bool) {
	for name, value := range v.sh.vars {
		if !do(name, value) {
			return
		}
	}
}

// Set changes a variable, for ${x:=…} and arithmetic.
func (v variables) Set(name string, value expand.Variable) error {
	if !value.IsSet() {
		delete(v.sh.vars, name)
		return nil
	}
	return v.sh.set(name, value.String())
}
