package main

import (
	"context"
	"encoding/json"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormtop/stormtop/internal/report"
	"github.com/stormtop/stormtop/nimbusclient"
	"github.com/stormtop/stormtop/zkview"
)

func (a *app) zkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "zk",
		Short:   "Storm's ZooKeeper tree, decoded",
		Long:    "Lists a node's children or shows a node, decoded as far as it can be. It never writes, and never reads credentials.",
		Example: "# who leads, as ZooKeeper has it\nstormtop zk ls leader-lock",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(didYouMean(args[0], []string{"ls", "get"}, "There are zk ls and zk get."), "There is no command %q.", "zk "+args[0])
		},
		RunE: func(*cobra.Command, []string) error {
			return usage("stormtop zk ls, or stormtop zk get PATH.", "zk needs to know what to do.")
		},
	}
	cmd.AddCommand(a.zkListCommand(), a.zkGetCommand())
	return cmd
}

// pathHelp is how paths are read.
const pathHelp = " A path that begins with / is absolute; any other is below Storm's root."

func (a *app) zkListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls [PATH]",
		Short: "The children of a node",
		Long: "Lists the children of a node, sorted by name; Storm's root without a path." + pathHelp + "\n\n" +
			"JSON: \"path\" and \"children\" (name, path, children, dataLength, version, modified, ephemeral, secret, note).",
		Example: "stormtop zk ls assignments -o name",
		Args:    arguments("[PATH]"),
		RunE: a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
			zk, err := q.zooKeeper(ctx)
			if err != nil {
				return report.Answer{}, err
			}
			path := absolute(zk.Root(), args)
			list, err := zk.Children(ctx, path)
			if err != nil {
				return report.Answer{}, q.zkFailure(zk, err)
			}
			return report.Children(path, list), nil
		}),
	}
}

func (a *app) zkGetCommand() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use:   "get PATH",
		Short: "One node, decoded",
		Long: "Shows a node: what it holds, decoded, and its stat." + pathHelp + "\n\n" +
			"JSON: \"path\", \"encoding\", \"value\" (label, value, children), \"stat\"; with --raw \"raw\" (null unless it is text), \"rawHex\" and \"truncated\".",
		Example: "stormtop zk get assignments/wordcount-1-1795233503",
		Args:    arguments("PATH"),
	}
	cmd.Flags().BoolVar(&raw, "raw", false, "the bytes as they are stored")
	cmd.RunE = a.ask(tabular(), func(ctx context.Context, q *inquiry, args []string) (report.Answer, error) {
		zk, err := q.zooKeeper(ctx)
		if err != nil {
			return report.Answer{}, err
		}
		node, err := zk.Node(ctx, absolute(zk.Root(), args))
		if err != nil {
			return report.Answer{}, q.zkFailure(zk, err)
		}
		return report.Node(node, raw), nil
	})
	return cmd
}

// absolute is the path of an argument, Storm's root without one.
func absolute(root string, args []string) string {
	if len(args) == 0 {
		return root
	}
	path := args[0]
	if !strings.HasPrefix(path, "/") {
		path = strings.TrimSuffix(root, "/") + "/" + path
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// zooKeeper opens ZooKeeper: the servers given, else those of Nimbus' own
// configuration.
func (q *inquiry) zooKeeper(ctx context.Context) (*zkview.Client, error) {
	if !q.cfg.UseZooKeeper.V {
		return nil, usage("Leave out "+q.cfg.UseZooKeeper.Origin.Short()+".", "This command needs ZooKeeper, which is switched off.")
	}
	if len(q.cfg.ZooKeeper.V) > 0 {
		return q.openZooKeeper(addresses(q.cfg.ZooKeeper.V), q.cfg.ZooKeeperRoot.V), nil
	}
	if err := q.read(ctx, func(*nimbusclient.Session) error { return nil }); err != nil {
		return nil, err
	}
	servers, root := q.nimbusZooKeeper()
	if len(servers) == 0 {
		return nil, &failure{code: exitUsage, text: "Nimbus' configuration names no ZooKeeper servers.", hint: "--zk HOST[:PORT],…[/ROOT] names them."}
	}
	return q.openZooKeeper(servers, root), nil
}

// nimbusZooKeeper reads the servers from the configuration that Nimbus sent.
func (q *inquiry) nimbusZooKeeper() (servers []string, root string) {
	conf := map[string]any{}
	if err := json.Unmarshal([]byte(q.raw), &conf); err != nil {
		return nil, ""
	}
	host, _, err := net.SplitHostPort(q.server.Addr)
	if err != nil {
		host = q.server.Addr
	}
	return zooKeeperOf(conf, host)
}

// zkFailure adds to an error what the servers said.
func (q *inquiry) zkFailure(zk *zkview.Client, err error) error {
	code, lines := explain(err)
	if code != exitUnreachable {
		return err
	}
	f := &failure{code: code, text: lines[0].text, hint: lines[0].hint}
	var each []string
	for _, s := range zk.State().Servers {
		if s.Contact == zkview.ContactBad {
			each = append(each, s.Addr+": "+s.Outcome)
			if f.hint == "" {
				f.hint = sentence(upperFirst(s.Hint))
			}
		}
	}
	if len(each) > 0 {
		f.text = "No ZooKeeper server answers: " + strings.Join(each, ", ") + "."
	}
	return f
}
