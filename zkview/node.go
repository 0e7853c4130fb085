package zkview

import "time"

// Stat is what ZooKeeper knows about a node besides its data.
type Stat struct {
	Czxid, Mzxid, Pzxid         int64
	Ctime, Mtime                time.Time
	Version, Cversion, Aversion int
	EphemeralOwner              int64 // session id; 0 for a node that stays
	DataLength                  int   // bytes
	NumChildren                 int
}

// Child is one entry of a listing.
type Child struct {
	Name string
	Path string // absolute
	// Stat is nil when the child went away meanwhile or the listing is longer
	// than what is asked for one by one.
	Stat   *Stat
	Secret bool // never read
	// Note is a word about the child that its name does not say: "leader
	// nim-a:6627"; "" mostly.
	Note string
}

// Field is one line of a decoded node, with the lines below it.
type Field struct {
	Label, Value string
	// Tasks is set where the line is about one executor, so that a screen can
	// put the component's name beside it.
	Tasks    *TaskRange
	Children []Field
}

// Node is one node as the browser shows it. Remote text in it must pass
// safetext on its way to a screen.
type Node struct {
	Path string
	Stat Stat
	// Raw is the payload as stored, cut at 64 KiB.
	Raw       []byte
	Truncated bool
	// Encoding says in words what the payload is: "gzip + Thrift Assignment",
	// "text", "Java-serialised", "bytes", "secret", "empty".
	Encoding string
	// Decoded is nil when the payload is not decoded; Hint then says why.
	Decoded []Field
	Hint    string
}
