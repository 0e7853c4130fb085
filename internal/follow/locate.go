package follow

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/stormtop/stormtop/internal/follow/remote"
	"github.com/stormtop/stormtop/logs"
	"github.com/stormtop/stormtop/nimbusclient"
)

// Located is where one host keeps its logs, and who said so, or why that is not
// known.
type Located struct {
	Host string
	Dirs Dirs
	Err  error
}

// Locate asks hosts where they keep their logs, as a session would. The answers
// are in the order of the names.
func Locate(ctx context.Context, hosts logs.Hosts, places Places, nimbusConf map[string]any, line nimbusclient.Line, names []string) []Located {
	places = places.withNimbus(nimbusConf)
	out := make([]Located, len(names))
	slots := make(chan struct{}, maxHostsAsks)
	var wg sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			asking, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			h := hosts.Host(name)
			d, err := look(asking, h, places, line)
			if err == nil {
				// What is configured needs no look for following, but to be told.
				err = reached(asking, h, d)
			}
			out[i] = Located{Host: name, Dirs: d, Err: err}
		})
	}
	wg.Wait()
	return out
}

// reached looks whether the host has the directory.
func reached(ctx context.Context, h logs.Host, d Dirs) error {
	dir := d.Artifacts
	if dir == "" {
		dir = d.Logs
	}
	out, err := remote.Output(ctx, h, "[ -d "+remote.Quote(dir)+" ] && echo yes || echo no\n", 16)
	there := strings.TrimSpace(string(out)) == "yes"
	if err != nil {
		if there, err = isDir(ctx, h, dir); err != nil {
			return err
		}
	}
	if !there {
		return fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
	}
	return nil
}
