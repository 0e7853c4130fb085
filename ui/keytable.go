package ui

import (
	"time"

	"charm.land/bubbles/v2/key"

	"github.com/stormtop/stormtop/internal/cluster"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// KeyRow is one line of the key table.
type KeyRow struct {
	Where string // "everywhere", "lists", or a screen's title
	Keys  string
	Does  string
	// Action is the name by which the key can be bound anew; "" when it cannot.
	Action string
}

// KeyTable lists all keys of the console, taken from the bindings themselves:
// those of every screen, those of lists, then each screen's own.
func KeyTable() []KeyRow {
	var rows []KeyRow
	add := func(where, action string, list ...key.Binding) {
		for _, b := range list {
			if h := b.Help(); h.Key != "" && h.Desc != "" && b.Enabled() {
				rows = append(rows, KeyRow{Where: where, Keys: h.Key, Does: h.Desc, Action: action})
			}
		}
	}
	for _, spec := range screen.Specs() {
		if isRoot(spec) {
			rows = append(rows, KeyRow{Where: "everywhere", Keys: spec.Key.Help().Key, Does: spec.Title + ": " + spec.About})
		}
	}
	frame := newFrameKeys()
	named := frame.named()
	for _, action := range Actions() {
		add("everywhere", action, *named[action])
	}
	k := kit.DefaultKeys()
	add("lists", "", k.Up, k.Down, k.Home, k.End, k.PageDown, k.PageUp, k.HalfDown, k.HalfUp, k.Mark, k.MarkRange, k.Unmark,
		k.NextPart, k.PrevPart, k.Zoom, k.Filter, k.SortLeft, k.SortRight, k.Invert, k.Pin)
	env := screen.Env{
		Snap: &cluster.Snapshot{}, Now: time.Unix(0, 0).UTC(), Theme: theme.New("mono", true), Window: nimbusclient.Window10m,
		Secret: func(string) bool { return false },
	}
	common := map[string]bool{}
	for _, r := range rows {
		common[r.Keys] = true
	}
	for _, spec := range screen.Specs() {
		for _, b := range spec.New(env, screen.Arg{}).Keys() {
			if !common[b.Help().Key] {
				add(spec.Title, "", b)
			}
		}
	}
	return rows
}
