package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/config"
	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/internal/safetext"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/ui/theme"
	"github.com/stormtop/stormtop/zkview"
)

// inquiry is one command on its way from the configuration to an answer.
type inquiry struct {
	*app
	cfg    *config.Config
	nimbus *nimbusclient.Client
	zk     *zkview.Client // opened when it is first needed
	format report.Format

	// What was read; zero until [inquiry.read] succeeded once.
	server nimbusclient.Server
	conf   map[string]any // Nimbus' own, secrets masked
	raw    string         // the same as it was sent
	asOf   time.Time
	// warnings say what is missing in the answer; told of them were printed.
	warnings []string
	told     int
}

// question is what a command asks; it gives the answer to print.
type question func(ctx context.Context, q *inquiry, args []string) (report.Answer, error)

// ask makes a command's run of a question: it loads the configuration, opens
// Nimbus, prints the answer and what is missing in it.
func (a *app) ask(formats []report.Format, fn question) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		format, err := a.chosenFormat(formats)
		if err != nil {
			return err
		}
		cfg, err := a.load()
		if err != nil {
			return err
		}
		ctx, stop := interruptible(cmd.Context())
		defer stop()
		q := &inquiry{app: a, cfg: cfg, nimbus: nimbusclient.New(nimbusConfig(cfg)), format: format}
		defer q.close(ctx)
		answer, err := fn(ctx, q, args)
		var ends exitCode // an answer that is there, and a condition that is not met
		if err != nil && !errors.As(err, &ends) {
			if ctx.Err() != nil && cmd.Context().Err() == nil {
				return exitCode(exitInterrupted)
			}
			return err
		}
		if printErr := q.print(answer); printErr != nil {
			return printErr
		}
		return err
	}
}

// chosenFormat reads -o; without it the first of the formats is taken.
func (a *app) chosenFormat(formats []report.Format) (report.Format, error) {
	if a.output == "" {
		return formats[0], nil
	}
	if f := report.Format(a.output); slices.Contains(formats, f) {
		return f, nil
	}
	words := make([]string, len(formats))
	for i, f := range formats {
		words[i] = string(f)
	}
	return "", usage("-o "+strings.Join(words, ", -o ")+".", "There is no output format %q here.", a.output)
}

// tabular are the formats of every answer but the graph.
func tabular() []report.Format { return report.Formats[:] }

func (q *inquiry) close(ctx context.Context) {
	q.nimbus.Close()
	if q.zk != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = q.zk.Close(ctx) // the session ends by itself when this is not heard
	}
}

// warn notes what is missing in the answer.
func (q *inquiry) warn(format string, args ...any) {
	text := oneLine(fmt.Sprintf(format, args...))
	if !slices.Contains(q.warnings, text) {
		q.warnings = append(q.warnings, text)
	}
}

func oneLine(s string) string {
	return safetext.Clean(strings.Join(strings.Fields(s), " "))
}

// print writes the answer to standard output, what it lacks to standard error.
func (q *inquiry) print(answer report.Answer) error {
	if q.asOf.IsZero() {
		q.asOf = q.now()
	}
	for _, w := range q.warnings[q.told:] {
		q.notice("warning: %s", w)
	}
	return printAnswer(q.app, q.cfg, answer, report.Head{Cluster: q.cfg.Name, AsOf: q.asOf.Round(0), Warnings: q.warnings}, q.format)
}

func printAnswer(a *app, cfg *config.Config, answer report.Answer, head report.Head, format report.Format) error {
	return answer.Write(a.stdout, head, report.Options{Format: format, ASCII: a.ascii(cfg)})
}

// ascii reports whether tables must do without Unicode: because the settings say
// so, or because the terminal's locale does. A pipe takes everything.
func (a *app) ascii(cfg *config.Config) bool {
	if cfg != nil {
		switch cfg.UI.Unicode.V {
		case "true":
			return false
		case "false":
			return true
		}
	}
	f, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(f.Fd()) && !theme.UnicodeLocale(func(name string) (string, bool) {
		value := a.env(name)
		return value, value != ""
	})
}

// read runs fn over one connection to the leader; what it read counts only when
// read returns nil. Nimbus' own configuration is read the first time.
func (q *inquiry) read(ctx context.Context, fn func(*nimbusclient.Session) error) error {
	return q.nimbus.Read(ctx, func(s *nimbusclient.Session) error {
		q.server = s.Server()
		if q.raw == "" {
			raw, err := s.NimbusConf()
			switch {
			case refused(err):
				q.warn("Nimbus' configuration could not be read: %v", err)
			case err != nil:
				return err
			default:
				q.raw, q.conf = raw, decode(raw)
			}
		}
		if err := fn(s); err != nil {
			return err
		}
		q.asOf = q.now()
		return nil
	})
}

// try reads what an answer can do without.
func (q *inquiry) try(ctx context.Context, missing string, fn func(*nimbusclient.Session) error) {
	asOf := q.asOf
	if err := q.read(ctx, fn); err != nil {
		q.warn("%s: %v", missing, err)
	}
	q.asOf = asOf
}

// refused reports whether an error is Nimbus' own answer to one question, after
// which the connection goes on.
func refused(err error) bool {
	return errors.Is(err, nimbusclient.ErrUnauthorized) || errors.Is(err, nimbusclient.ErrUnsupported) || errors.Is(err, nimbusclient.ErrInternal)
}

// decode reads a configuration with its numbers as they were written and its
// secrets masked; what is no object is empty.
func decode(text string) map[string]any {
	out := map[string]any{}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return map[string]any{}
	}
	for key, value := range out {
		out[key] = config.Mask(key, value)
	}
	return out
}

// detail is what every answer about one topology is made with.
func (q *inquiry) detail(conf string) report.Detail {
	d := report.Detail{AsOf: q.asOf, Server: q.server, NimbusConf: q.conf}
	if conf != "" {
		d.Conf = decode(conf)
	}
	return d
}

// windows are the words for a window.
var windows = map[string]nimbusclient.Window{
	"10m": nimbusclient.Window10m, "600": nimbusclient.Window10m,
	"3h": nimbusclient.Window3h, "10800": nimbusclient.Window3h,
	"1d": nimbusclient.Window1d, "86400": nimbusclient.Window1d,
	"all": nimbusclient.WindowAll, ":all-time": nimbusclient.WindowAll,
}

func parseWindow(s string) (nimbusclient.Window, error) {
	if w, ok := windows[s]; ok {
		return w, nil
	}
	return "", usage("10m, 3h, 1d or all; or 600, 10800, 86400, :all-time.", "There is no window %q.", s)
}
