// Package stormdefaults knows Storm's default configuration, so that a
// configuration screen can show which values somebody changed.
//
// The tables hold keys and values only. They were taken from the
// defaults.yaml of Apache Storm's own releases (storm-core 0.9.7, 0.10.2 and
// 1.2.2, storm-client 2.8.3), which are licensed under the Apache License,
// Version 2.0; generate.go makes them again from the jars. Start with For.
//
// The package is pure; every call returns values of its own.
package stormdefaults

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

//go:generate go run generate.go

//go:embed *.json
var tables embed.FS

// versions are the releases with a table, oldest first.
var versions = [...]string{"0.9.7", "0.10.2", "1.2.2", "2.8.3"}

// For gives the defaults of the release closest to version in the same line:
// 0.9, 0.10, 1.x or 2.x. name is that release, exact whether it is the very
// version asked for. The values are string, bool, nil, json.Number (as Storm
// writes it: 6627, 0.05), []any and map[string]any. Unknown lines and texts
// that are no version give nil, false, "".
func For(version string) (values map[string]any, exact bool, name string) {
	version = strings.TrimSpace(version)
	want, ok := line(version)
	if !ok {
		return nil, false, ""
	}
	for _, v := range versions {
		have, _ := line(v)
		if have != want {
			continue
		}
		table, err := load(v)
		if err != nil {
			return nil, false, ""
		}
		return table, v == version, v
	}
	return nil, false, ""
}

// line is what releases with the same configuration keys have in common.
func line(version string) (string, bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return "", false
	}
	major, err := strconv.ParseUint(parts[0], 10, 16)
	if err != nil {
		return "", false
	}
	digits := strings.TrimRightFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' })
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	minor, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", false
	}
	if major > 0 {
		return strconv.FormatUint(major, 10), true
	}
	return fmt.Sprintf("0.%d", minor), true
}

func load(version string) (map[string]any, error) {
	data, err := tables.ReadFile(version + ".json")
	if err != nil {
		return nil, err
	}
	var table struct {
		Values map[string]any `json:"values"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&table); err != nil {
		return nil, fmt.Errorf("reading the defaults of Storm %s: %w", version, err)
	}
	return table.Values, nil
}

// Versions are the releases with a table, oldest first.
func Versions() []string { return slices.Clone(versions[:]) }

// Same says whether two configuration values are equal, however their numbers
// are held: json.Number, integers, floats. A number never equals its text.
func Same(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Same)
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, Same)
	}
	x, okX := number(a)
	y, okY := number(b)
	return okX && okY && x.Cmp(y) == 0
}

// number reads any numeric value exactly.
func number(v any) (*big.Rat, bool) {
	switch v.(type) {
	case json.Number, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
	default:
		return nil, false
	}
	text := fmt.Sprint(v)
	// An exponent of a hostile number would cost memory without bound.
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > 400 || e < -400 {
			return nil, false
		}
	}
	if len(text) > 400 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
