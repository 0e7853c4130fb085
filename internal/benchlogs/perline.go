package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
)

// perLine filters the way a tail of containers does it that takes its lines one
// by one: each is read into memory of its own, made a string, matched by package
// regexp and written through a template.
func perLine(r io.Reader, w io.Writer, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	t, err := template.New("line").Parse("{{.Message}}\n")
	if err != nil {
		return err
	}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if text := strings.TrimSuffix(string(line), "\n"); len(line) > 0 && re.MatchString(text) {
			var b strings.Builder
			if err := t.Execute(&b, struct{ Message, Source string }{Message: text}); err != nil {
				return err
			}
			if _, err := fmt.Fprint(w, b.String()); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
