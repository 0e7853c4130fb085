package zkview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a search for offsets.
const (
	maxOffsetDepth = 3 // <id>/<topic>/partition_N
	maxOffsets     = 10_000
)

// Offsets reads what the old Kafka spout (storm-kafka) stored below a path:
// `<zkRoot>/<id>`, absolute and outside Storm's root, with or without a level
// for the topic. They are sorted by topic and partition.
func (c *Client) Offsets(ctx context.Context, path string) ([]Offset, error) {
	path = cleanPath(path)
	var found []Offset
	if err := c.offsetsBelow(ctx, path, 0, &found); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &ReadError{Op: "reading offsets below " + path, Text: "no partition_N with an offset is there", Err: ErrNoNode}
	}
	slices.SortFunc(found, func(a, b Offset) int {
		if byTopic := strings.Compare(a.Topic, b.Topic); byTopic != 0 {
			return byTopic
		}
		return a.Partition - b.Partition
	})
	return found, nil
}

func (c *Client) offsetsBelow(ctx context.Context, path string, depth int, found *[]Offset) error {
	list, err := c.children(ctx, path, false)
	if err != nil {
		return err
	}
	for _, name := range list.names {
		if len(*found) >= maxOffsets {
			return &ReadError{Op: "reading offsets below " + path, Text: "more than 10000 partitions", Err: ErrTooLarge}
		}
		child := strings.TrimSuffix(path, "/") + "/" + name
		if !strings.HasPrefix(name, "partition_") {
			if depth+1 < maxOffsetDepth {
				if err := c.offsetsBelow(ctx, child, depth+1, found); err != nil && !errors.Is(err, ErrNoNode) {
					return err
				}
			}
			continue
		}
		got, err := c.get(ctx, child, false)
		if errors.Is(err, ErrNoNode) {
			continue
		}
		if err != nil {
			return err
		}
		if offset, ok := parseOffset(child, got.data); ok {
			*found = append(*found, offset)
		}
	}
	return nil
}

// parseOffset reads the JSON of one partition; anything else is not an offset.
func parseOffset(path string, data []byte) (Offset, bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return Offset{}, false
	}
	var stored struct {
		Topology struct {
			Name string `json:"name"`
		} `json:"topology"`
		Offset    *int64 `json:"offset"`
		Partition *int   `json:"partition"`
		Topic     string `json:"topic"`
		Broker    struct {
			Host string `json:"host"`
			Port int    `json:"port"`
		} `json:"broker"`
	}
	if json.Unmarshal(data, &stored) != nil || stored.Offset == nil || stored.Partition == nil {
		return Offset{}, false
	}
	offset := Offset{
		Path: path, Topic: stored.Topic, Partition: *stored.Partition, Offset: *stored.Offset,
		Topology: stored.Topology.Name,
	}
	if stored.Broker.Host != "" {
		offset.Broker = net.JoinHostPort(stored.Broker.Host, strconv.Itoa(stored.Broker.Port))
	}
	return offset, true
}

func describeOffset(o Offset) []Field {
	return []Field{
		{Label: "offset", Value: strconv.FormatInt(o.Offset, 10)},
		{Label: "partition", Value: strconv.Itoa(o.Partition)},
		{Label: "topic", Value: o.Topic},
		{Label: "broker", Value: o.Broker},
		{Label: "topology", Value: o.Topology},
	}
}
