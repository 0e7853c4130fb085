package screens

import (
	"errors"
	"fmt"
	"time"

	"github.com/stormtop/stormtop/internal/human"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/kit"
	"github.com/stormtop/stormtop/ui/screen"
	"github.com/stormtop/stormtop/ui/theme"
)

// paintOf says how to draw the whole body.
func paintOf(env screen.Env, size screen.Size) kit.Paint {
	return kit.Paint{Theme: env.Theme, W: size.W, H: size.H, Now: env.Now, Stale: env.Snap.Stale(env.Now)}
}

// loading is the sentence of a pane whose call has not answered yet.
func loading(env screen.Env, call string, since time.Time) kit.Line {
	return kit.S(theme.Wait, env.Theme.Glyphs.Wait).
		Add(theme.Dim, fmt.Sprintf(" loading (%s, %s)", call, human.Elapsed(env.Now.Sub(since))))
}

// refusal is what a pane says when its call failed.
func refusal(env screen.Env, call string, err error) kit.Line {
	if errors.Is(err, nimbusclient.ErrUnauthorized) {
		return kit.S(theme.Warn, env.Theme.Glyphs.Warn).Text(" not permitted: " + call)
	}
	return kit.S(theme.Warn, env.Theme.Glyphs.Warn).Text(fmt.Sprintf(" %s: %s", call, safetext.Clean(err.Error())))
}

// waiting is what stands in a pane without data: why it failed, or that it is
// still on its way.
func waiting(env screen.Env, call string, err error, since time.Time) kit.Line {
	if err != nil {
		return refusal(env, call, err)
	}
	return loading(env, call, since)
}

// asOf is the part of a rule's title that says how old its pane is, empty while
// the data are fresh.
func asOf(env screen.Env, at time.Time) kit.Line {
	if !env.Snap.Stale(env.Now) || at.IsZero() {
		return nil
	}
	return kit.S(theme.Stale, "as of "+at.In(env.Now.Location()).Format(time.TimeOnly))
}

// moment writes a time of day to the minute, with the date when it is not
// today's.
func moment(env screen.Env, at time.Time) string {
	at = at.In(env.Now.Location())
	if at.Format(time.DateOnly) == env.Now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("01-02 15:04")
}
