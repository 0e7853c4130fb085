// Package plain turns generated Thrift structs into the generic values that
// encoding/json makes of a text, under Storm's own field names. Tests compare
// with recorded JSON through it.
//
// Start with [Of]. What is absent stays absent; a map with struct keys becomes
// a list of {"key", "value"}; enumerations become their names; bytes become
// {"base64"}.
package plain

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
)

// Of returns v as nil, bool, float64, string, []any or map[string]any.
func Of(v any) any { return value(reflect.ValueOf(v)) }

func value(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	if name, ok := reflect.TypeAssert[fmt.Stringer](v); ok && v.Kind() == reflect.Int64 {
		return name.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return value(v.Elem())
	case reflect.Struct:
		return fields(v)
	case reflect.Map:
		return entries(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return map[string]any{"base64": base64.StdEncoding.EncodeToString(v.Bytes())}
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, value(v.Index(i)))
		}
		return list
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Float64:
		return v.Float()
	default:
		return float64(v.Int())
	}
}

func fields(v reflect.Value) any {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Field(i)
		absent := (f.Kind() == reflect.Pointer || f.Kind() == reflect.Slice || f.Kind() == reflect.Map) && f.IsNil()
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("thrift"), ","); name != "" && !absent {
			out[name] = value(f)
		}
	}
	return out
}

func entries(v reflect.Value) any {
	if v.Type().Key().Kind() == reflect.String {
		out := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			out[it.Key().String()] = value(it.Value())
		}
		return out
	}
	out := make([]any, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		out = append(out, map[string]any{"key": value(it.Key()), "value": value(it.Value())})
	}
	return out
}
