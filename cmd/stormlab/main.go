// Command stormlab brings up a real Apache Storm cluster on this machine, for
// comparing the console with it. Everything is in internal/lab.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/stormtop/stormtop/internal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := lab.Main(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
