package sim

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// firstFrame reads how a connection begins: with the frame of a client, or with
// one of the words that operators send by hand.
func firstFrame(c net.Conn) (frame []byte, word string, err error) {
	if err := c.SetReadDeadline(time.Now().Add(maxSession)); err != nil {
		return nil, "", err
	}
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, "", err
	}
	if word := string(head[:]); slices.Contains(fourLetters, word) {
		return nil, word, nil
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if n < 0 || n > maxZKRequest {
		return nil, "", io.ErrUnexpectedEOF
	}
	frame = make([]byte, n)
	_, err = io.ReadFull(c, frame)
	return frame, "", err
}

// fourLetters are the words that ZooKeeper knows.
var fourLetters = []string{
	"conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "lead", "mntr", "orst", "ruok", "srst", "srvr", "stat",
	"stmk", "wchc", "wchp", "wchs",
}

// word answers one of them.
func (z *zooKeeper) word(c net.Conn, word string) {
	out := word + " is not executed because it is not in the whitelist.\n"
	switch word {
	case "ruok":
		out = "imok"
	case "isro":
		out = "rw"
	case "srvr":
		out = zkVersion + z.figures()
	case "stat":
		out = zkVersion + "Clients:\n" + z.clients() + "\n" + z.figures()
	}
	if c.SetWriteDeadline(time.Now().Add(sendWithin)) == nil {
		_, _ = io.WriteString(c, out) // nobody to tell of a failure
	}
}

// The ZooKeeper that Storm 2.8.3 comes with.
const zkVersion = "Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12 22:16 UTC\n"

func (z *zooKeeper) clients() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	var lines []string
	for c := range z.conns {
		c.mu.Lock()
		lines = append(lines, fmt.Sprintf(" /%s[1](queued=%d,recved=%d,sent=%d)\n", c.RemoteAddr(), len(c.unsent), c.received, c.sent))
		c.mu.Unlock()
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (z *zooKeeper) figures() string {
	z.tree.mu.Lock()
	zxid, nodes := z.tree.zxid, len(z.tree.nodes)
	z.tree.mu.Unlock()
	z.mu.Lock()
	defer z.mu.Unlock()
	return fmt.Sprintf("Latency min/avg/max: 0/0.0/0\nReceived: %d\nSent: %d\nConnections: %d\nOutstanding: 0\nZxid: 0x%x\nMode: standalone\nNode count: %d\n",
		z.received, z.sent, len(z.conns), zxid, nodes)
}
