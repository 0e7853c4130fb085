package sshd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

// doSh runs another shell.
func doSh(ctx context.Context, sh *shell, args []string) int {
	if sh.depth++; sh.depth > maxDepth {
		sh.depth--
		sh.complain("too many nested commands")
		return statusUsage
	}
	defer func() { sh.depth-- }()
	child := sh.fork()
	defer child.closeFiles()
	maps.DeleteFunc(child.vars, func(name string, v expand.Variable) bool { return !v.Exported && name != "IFS" })
	clear(child.funcs)
	child.onError, child.noGlob, child.noUnset, child.guarded, child.inFunc = false, false, false, 0, 0
	child.name, child.params = args[0], nil
	rest := args[1:]
	command := false
	for len(rest) > 0 && len(rest[0]) > 1 && rest[0][0] == '-' {
		if rest[0] == "--" || rest[0] == "--login" || rest[0] == "--norc" {
			rest = rest[1:]
			continue
		}
		command = command || strings.Contains(rest[0], "c")
		child.onError = child.onError || strings.Contains(rest[0], "e")
		child.noUnset = child.noUnset || strings.Contains(rest[0], "u")
		child.noGlob = child.noGlob || strings.Contains(rest[0], "f")
		rest = rest[1:]
	}
	text := ""
	switch {
	case command && len(rest) == 0:
		sh.complain("-c: option requires an argument")
		return statusUsage
	case command:
		text = rest[0]
		if rest = rest[1:]; len(rest) > 0 {
			child.name, child.params = rest[0], rest[1:]
		}
	case len(rest) > 0:
		f, err := child.openFile(rest[0])
		if err != nil {
			sh.complain("%v", err)
			return statusNotFound
		}
		b, err := io.ReadAll(io.LimitReader(f, maxLine))
		if err != nil {
			sh.complain("%s: %v", rest[0], err)
			return statusCannotRun
		}
		text, child.name, child.params = string(b), rest[0], rest[1:]
	default:
		b, err := io.ReadAll(io.LimitReader(child.files[0], maxLine))
		if err != nil {
			return 1
		}
		text = string(b)
	}
	return child.source(ctx, text)
}

// doXargs runs a command with arguments from its input.
func doXargs(ctx context.Context, sh *shell, args []string) int {
	perCall, split, insert, rest := 0, "", "", args[1:]
	skipEmpty := false
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		switch a := rest[0]; {
		case a == "-0":
			split = "\x00"
		case a == "-r":
			skipEmpty = true
		case strings.HasPrefix(a, "-n") && len(a) > 2:
			perCall, _ = strconv.Atoi(a[2:])
		case (a == "-n" || a == "-I" || a == "-P" || a == "-d") && len(rest) > 1:
			rest = rest[1:]
			switch a {
			case "-n":
				perCall, _ = strconv.Atoi(rest[0])
			case "-I":
				insert, split, perCall = rest[0], "\n", 1
			case "-d":
				split = strings.ReplaceAll(rest[0], `\n`, "\n")
			}
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		rest = []string{"echo"}
	}
	b, err := io.ReadAll(io.LimitReader(sh.files[0], maxValue))
	if err != nil {
		return 1
	}
	var items []string
	if split == "" {
		items = strings.Fields(string(b))
	} else {
		items = slices.DeleteFunc(strings.Split(string(b), split), func(s string) bool { return s == "" })
	}
	if len(items) == 0 && skipEmpty {
		return 0
	}
	if perCall < 1 {
		perCall = max(len(items), 1)
	}
	status := 0
	for first := true; first || len(items) > 0; first = false {
		n := min(perCall, len(items))
		call := slices.Clone(rest)
		if insert != "" && n > 0 {
			for i := range call {
				call[i] = strings.ReplaceAll(call[i], insert, items[0])
			}
		} else {
			call = append(call, items[:n]...)
		}
		items = items[n:]
		if got := sh.runNamed(ctx, call); got != 0 {
			status = 123
		}
		if ctx.Err() != nil {
			return statusKilled
		}
	}
	return status
}

// doEnv runs a command with more variables, or lists them.
func doEnv(ctx context.Context, sh *shell, args []string) int {
	child := sh.fork()
	defer child.closeFiles()
	rest := args[1:]
	for len(rest) > 0 {
		if rest[0] == "-i" || rest[0] == "--" {
			rest = rest[1:]
			continue
		}
		name, value, ok := strings.Cut(rest[0], "=")
		if !ok || !isName(name) {
			break
		}
		child.export(name, value)
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return child.runNamed(ctx, rest)
	}
	out := bufio.NewWriter(sh.files[1])
	for _, name := range slices.Sorted(maps.Keys(child.vars)) {
		if v := child.vars[name]; v.Exported {
			_, _ = fmt.Fprintf(out, "%s=%s\n", name, v)
		}
	}
	return flag(out.Flush() == nil, 0, 1)
}

// doPrefix runs the command behind nohup, nice, stdbuf and their like.
func doPrefix(ctx context.Context, sh *shell, args []string) int {
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if (rest[0] == "-n" || rest[0] == "-c") && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		sh.complain("%s: missing operand", args[0])
		return 125
	}
	return sh.runNamed(ctx, rest)
}
