package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/stormtop/stormtop/internal/termtest"
	"github.com/stormtop/stormtop/ui"
	"github.com/stormtop/stormtop/ui/theme"
)

// framesBegin is the moment at which the demo is started for pictures of it.
var framesBegin = time.Date(2026, 11, 21, 14, 30, 0, 0, time.UTC)

// shot is a picture of the console on the demo.
type shot struct {
	name string
	at   time.Duration // after the start
	keys []string      // pressed one after the other, from health
}

// onDemo runs the console on the demo's cluster through the clients of the real
// one, all on a virtual clock, and hands every shot's screen to look. The
// shots' moments must rise.
func onDemo(t *testing.T, looks *theme.Theme, w, h int, shots []shot, look func(shot, *termtest.Screen)) {
	t.Helper()
	// The runtime's own goroutine for signals must not begin in the bubble.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCONT)
	defer signal.Stop(signals)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(framesBegin))
		cfg, err := demoApp(io.Discard).withFlags().demoConfig()
		if err != nil {
			t.Fatal(err)
		}
		live, err := demo{seed: 1, speed: 1, size: sizeSmall}.start(t.Context(), console{cfg: cfg})
		if err != nil {
			t.Fatal(err)
		}
		defer live.stop()
		// The world moves at every half second; those who look at it do so in
		// between, so that the order of what happens at one moment does not show.
		time.Sleep(130 * time.Millisecond)
		live.watch(t.Context())
		p := termtest.Show(t, w, h, func(ctx context.Context, options []tea.ProgramOption) error {
			deps, err := console{cfg: cfg}.deps()
			if err != nil {
				return err
			}
			live.dress(&deps)
			deps.Theme, deps.Zone, deps.History, deps.Save = looks, time.UTC, nil, nil
			deps.Options = append(options, tea.WithFPS(4))
			return ui.Run(ctx, deps)
		})
		defer time.Sleep(2 * time.Second) // the program's last tick comes to nothing
		defer p.Stop()
		begun := time.Now().Add(80 * time.Millisecond)
		for _, s := range shots {
			time.Sleep(time.Until(begun.Add(s.at)))
			for _, key := range s.keys {
				p.Press(key)
				time.Sleep(3 * time.Second) // what the screen asks for is answered
			}
			synctest.Wait()
			look(s, p.Screen())
		}
	})
}

// every screen, and the moments of the story that are worth a picture.
var framesShots = []shot{
	{name: "health-calm", at: 5 * time.Second},
	{name: "health", at: 70 * time.Second},
	{name: "cluster", at: 80 * time.Second, keys: []string{"1"}},
	{name: "topologies", at: 90 * time.Second, keys: []string{"2"}},
	{name: "topology", at: 100 * time.Second, keys: []string{"enter"}},
	{name: "graph", at: 110 * time.Second, keys: []string{"v"}},
	{name: "config", at: 120 * time.Second, keys: []string{"esc", "d"}},
	{name: "component", at: 130 * time.Second, keys: []string{"esc", "j", "enter"}},
	{name: "slots", at: 140 * time.Second, keys: []string{"3"}},
	{name: "supervisor", at: 155 * time.Second, keys: []string{"enter"}},
	{name: "changes", at: 170 * time.Second, keys: []string{"6"}},
	{name: "zookeeper", at: 180 * time.Second, keys: []string{":", "z", "k", "enter"}},
	{name: "connections", at: 190 * time.Second, keys: []string{":", "c", "o", "n", "n", "enter"}},
}

// TestSameSeedSameFrames runs the same seed twice and compares every screen of
// both with the files.
func TestSameSeedSameFrames(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 24}, {200, 60}} {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			first := map[string]string{}
			for run := range 2 {
				onDemo(t, theme.New("mono", true), size.w, size.h, framesShots, func(s shot, seen *termtest.Screen) {
					text := paced.ReplaceAllString(seen.Text(), "${1}_._/s")
					if run == 1 {
						if text != first[s.name] {
							t.Errorf("%s differs between two runs of one seed:\n%s", s.name, differing(first[s.name], text))
						}
						return
					}
					first[s.name] = text
				})
			}
			for name, text := range first {
				t.Run(name, func(t *testing.T) { termtest.Golden(t, "", text) })
			}
		})
	}
}

// captures makes TestCaptures rewrite the documents' pictures.
var captures = flag.Bool("captures", false, "rewrite docs/captures")

// TestCaptures holds the documents' pictures against what the program draws on
// the simulated cluster.
func TestCaptures(t *testing.T) {
	shots := []shot{
		{name: "health", at: 75 * time.Second},
		{name: "topologies", at: 85 * time.Second, keys: []string{"2"}},
		{name: "topology", at: 95 * time.Second, keys: []string{"enter"}},
		{name: "graph", at: 105 * time.Second, keys: []string{"v"}},
		{name: "slots", at: 115 * time.Second, keys: []string{"3"}},
	}
	onDemo(t, theme.New("dark", true), 120, 34, shots, func(s shot, seen *termtest.Screen) {
		path := filepath.Join("..", "..", "docs", "captures", s.name+".svg")
		picture := seen.SVG()
		if *captures {
			if err := os.WriteFile(path, []byte(picture), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if old, err := os.ReadFile(path); err != nil || string(old) != picture {
			t.Errorf("docs/captures/%s.svg is not what the program draws (%v); make captures", s.name, err)
		}
	})
}

// paced is how many calls a second were made: whether two questions share a
// confirmation of the leader depends on which of them came first in the same
// instant.
var paced = regexp.MustCompile(`(calls +)\d+\.\d/s`)

// differing are the rows of two screens that are not the same.
func differing(a, b string) string {
	var out strings.Builder
	rows := strings.Split(b, "\n")
	for i, row := range strings.Split(a, "\n") {
		if i < len(rows) && rows[i] != row {
			fmt.Fprintf(&out, "%d < %s\n%d > %s\n", i, row, i, rows[i])
		}
	}
	return out.String()
}
