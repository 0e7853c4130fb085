package zkview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// maxPath bounds the length of a path, in bytes.
const maxPath = 4096

// payload is a node's data with its stat.
type payload struct {
	data []byte
	stat Stat
}

// listing is a node's children, sorted, with its own stat.
type listing struct {
	names []string
	stat  Stat
}

// get reads a node's data. It is the only door to data, and it is closed for
// secrets.
func (c *Client) get(ctx context.Context, path string, watch bool) (payload, error) {
	if c.secret(path) {
		return payload{}, &ReadError{Op: "reading " + path, Err: ErrSecret}
	}
	read, err := ask(ctx, c, "reading", path, func(conn *zk.Conn) (payload, error) {
		if watch {
			// The channel of the watch is not needed: events come by callback.
			data, stat, _, err := conn.GetW(path)
			return newPayload(data, stat), err
		}
		data, stat, err := conn.Get(path)
		return newPayload(data, stat), err
	})
	if err != nil {
		return payload{}, c.withACL(ctx, path, err)
	}
	if len(read.data) > c.cfg.MaxNode {
		return payload{}, &ReadError{
			Op: "reading " + path, Text: fmt.Sprintf("%d bytes, more than the %d allowed", len(read.data), c.cfg.MaxNode),
			Err: ErrTooLarge,
		}
	}
	return read, nil
}

func newPayload(data []byte, stat *zk.Stat) payload {
	if stat == nil {
		return payload{}
	}
	return payload{data: data, stat: newStat(stat)}
}

// children lists a node.
func (c *Client) children(ctx context.Context, path string, watch bool) (listing, error) {
	read, err := ask(ctx, c, "listing", path, func(conn *zk.Conn) (listing, error) {
		var (
			names []string
			stat  *zk.Stat
			err   error
		)
		if watch {
			names, stat, _, err = conn.ChildrenW(path)
		} else {
			names, stat, err = conn.Children(path)
		}
		if err != nil || stat == nil {
			return listing{}, err
		}
		return listing{names: names, stat: newStat(stat)}, nil
	})
	if err != nil {
		return listing{}, c.withACL(ctx, path, err)
	}
	// A name becomes part of a path; one that cannot be a name is not from a
	// well-behaved server.
	read.names = slices.DeleteFunc(read.names, func(name string) bool {
		return name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/')
	})
	slices.Sort(read.names)
	return read, nil
}

// exists reads a node's stat; a node that is not there is ErrNoNode.
func (c *Client) exists(ctx context.Context, path string, watch bool) (Stat, error) {
	return ask(ctx, c, "looking at", path, func(conn *zk.Conn) (Stat, error) {
		var (
			found bool
			stat  *zk.Stat
			err   error
		)
		if watch {
			found, stat, _, err = conn.ExistsW(path)
		} else {
			found, stat, err = conn.Exists(path)
		}
		switch {
		case err != nil:
			return Stat{}, err
		case !found || stat == nil:
			return Stat{}, zk.ErrNoNode
		}
		return newStat(stat), nil
	})
}

// withACL adds to a refusal whom the node is open to. Identities are named by
// scheme and user, never with a digest.
func (c *Client) withACL(ctx context.Context, path string, err error) error {
	var refused *ReadError
	if !errors.As(err, &refused) || refused.Err != ErrNoAuth || refused.Text != "" { //nolint:errorlint // the exact sentinel set by inWords
		return err
	}
	list, aclErr := ask(ctx, c, "reading the ACL of", path, func(conn *zk.Conn) ([]zk.ACL, error) {
		list, _, err := conn.GetACL(path)
		return list, err
	})
	if aclErr != nil || len(list) == 0 {
		return err // the ACL is itself unreadable
	}
	var who []string
	for _, acl := range list[:min(len(list), 8)] {
		user, _, _ := strings.Cut(acl.ID, ":")
		who = append(who, acl.Scheme+":"+user)
	}
	return &ReadError{
		Op: refused.Op, Text: "no read permission (ACL " + strings.Join(who, ", ") + ")",
		Err: ErrNoAuth, Hint: refused.Hint,
	}
}

// secret reports whether a path leads to what is never read: below the root the
// nodes Storm keeps credentials and worker keys in, elsewhere anything of that
// name.
func (c *Client) secret(path string) bool {
	rest, inside := c.below(path)
	if inside {
		first, _, _ := strings.Cut(rest, "/")
		return secretName(first)
	}
	return slices.ContainsFunc(strings.Split(path, "/"), secretName)
}

func secretName(name string) bool { return name == "credentials" || name == "secretkeys" }

// below returns the part of path under Storm's root, without a leading slash.
func (c *Client) below(path string) (rest string, inside bool) {
	if path == c.cfg.Root {
		return "", true
	}
	prefix := strings.TrimSuffix(c.cfg.Root, "/") + "/"
	return strings.CutPrefix(path, prefix)
}

// join puts a path below the root together.
func (c *Client) join(parts ...string) string {
	return strings.TrimSuffix(c.cfg.Root, "/") + "/" + strings.Join(parts, "/")
}

func newStat(stat *zk.Stat) Stat {
	return Stat{
		Czxid: stat.Czxid, Mzxid: stat.Mzxid, Pzxid: stat.Pzxid,
		Ctime: time.UnixMilli(stat.Ctime), Mtime: time.UnixMilli(stat.Mtime),
		Version: int(stat.Version), Cversion: int(stat.Cversion), Aversion: int(stat.Aversion),
		EphemeralOwner: stat.EphemeralOwner,
		DataLength:     int(stat.DataLength), NumChildren: int(stat.NumChildren),
	}
}
