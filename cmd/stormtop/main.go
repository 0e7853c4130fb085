// Command stormtop is an interactive console for Apache Storm clusters; its
// subcommands answer the same questions for scripts.
//
// Start with root.go, which lists the commands, then ask.go, which is the way
// every reading command goes: flags → configuration → Nimbus and ZooKeeper → an
// answer of internal/report. Each subcommand has a file of its own. The bare
// command is the console, in console.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/ui"
)

// version is set by the linker.
var version = "dev"

func main() {
	// A reader that went away ends the answer, not the program with a signal.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // the configuration says what that means
	}
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv, files: config.Disk(), home: home, now: time.Now, keys: consoleKeys,
		console: func(ctx context.Context, cfg *config.Config, view string) error {
			return console{cfg: cfg, view: view}.run(ctx)
		},
	}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

// consoleKeys lists the console's keys as it binds them.
func consoleKeys() []report.Key {
	var list []report.Key
	for _, row := range ui.KeyTable() {
		list = append(list, report.Key{Set: row.Where, Keys: row.Keys, Action: row.Action, Help: row.Does})
	}
	return list
}
