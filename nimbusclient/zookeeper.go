package nimbusclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"github.com/stormtop/stormtop/internal/stormthrift"
)

// isZooKeeper finds out whether an address that closed the connection at the
// first message is ZooKeeper, which does so with everything that does not look
// like its own greeting. It is asked once an address with a message that is a
// proper Thrift call, harmless to every Nimbus (whose answer is "unknown
// method"), and a ZooKeeper greeting that resumes a session nobody has.
func (c *Client) isZooKeeper(ctx context.Context, addr string) bool {
	c.diagnosing.Lock()
	defer c.diagnosing.Unlock()
	if is, known := c.zookeepers[addr]; known {
		return is
	}
	cn, err := dial(ctx, c.cfg, c.rec, addr)
	if err != nil {
		return false
	}
	defer cn.close()
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > c.cfg.Timeout {
		deadline = time.Now().Add(c.cfg.Timeout)
		defer cn.limit(ctx, deadline)()
	}
	reply, err := cn.exchange(zookeeperGreeting())
	is := err == nil && len(reply) >= 36 && len(reply) <= 37 && bytes.Equal(reply[:16], make([]byte, 16))
	c.zookeepers[addr] = is
	return is
}

// zookeeperGreeting lays a Thrift call over ZooKeeper's ConnectRequest:
//
//	Thrift     80010001 00000000 00000001 0b 0001 0000001a ……………………………………………… 00
//	ZooKeeper  version  last zxid = 1     timeout  session    password         read-only
//	           4 bytes  8 bytes           4 bytes  8 bytes    4 + 16 bytes     1 byte
func zookeeperGreeting() []byte {
	password := binary.BigEndian.AppendUint32(make([]byte, 5), 16)
	password = append(password, make([]byte, 16)...)
	buf, w := stormthrift.NewWriter()
	ctx := context.Background()
	// Writing to memory does not fail.
	_ = w.WriteMessageBegin(ctx, "", thrift.CALL, 1)
	_ = w.WriteFieldBegin(ctx, "", thrift.STRING, 1)
	_ = w.WriteBinary(ctx, password)
	_ = w.WriteFieldStop(ctx)
	return buf.Bytes()
}
