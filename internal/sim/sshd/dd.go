package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

func ddTool(ctx context.Context, c *call) int {
	v := map[string]string{"bs": "512"}
	for _, a := range c.args[1:] {
		name, value, ok := strings.Cut(a, "=")
		if !ok || !slices.Contains([]string{"if", "of", "bs", "ibs", "obs", "skip", "iseek", "seek", "count", "status", "iflag", "oflag", "conv"}, name) {
			c.complain("unrecognized operand '%s'", a)
			return 1
		}
		v[name] = value
	}
	number := func(name string) (int64, bool) {
		if v[name] == "" {
			return 0, true
		}
		a, err := parseAmount(v[name], true)
		if err != nil {
			c.complain("invalid number: '%s'", v[name])
		}
		return a.n, err == nil
	}
	size, ok1 := number("bs")
	skip, ok2 := number("skip")
	if v["iseek"] != "" {
		skip, ok2 = number("iseek")
	}
	count, ok3 := number("count")
	if !ok1 || !ok2 || !ok3 || size <= 0 || size > 1<<30 {
		return 1
	}
	if v["of"] != "" && v["of"] != "/dev/stdout" && v["of"] != "/dev/null" {
		c.complain("failed to open '%s': Permission denied", v["of"])
		return 1
	}
	name := v["if"]
	if name == "" {
		name = "-"
	}
	in, err := c.open(name)
	if err == nil && in.isDirectory() {
		err = hostfs.ErrIsDirectory
	}
	if err != nil {
		c.complain("failed to open '%s': %s", name, hostfs.Words(err))
		return 1
	}
	if !strings.Contains(v["iflag"], "skip_bytes") {
		skip *= size
	}
	left := int64(1) << 60
	if v["count"] != "" {
		if left = count; !strings.Contains(v["iflag"], "count_bytes") {
			left *= size
		}
	}
	if in.file != nil {
		in.file.Skip(skip)
	} else if _, err := io.CopyN(io.Discard, in, skip); err != nil && !errors.Is(err, io.EOF) {
		return 1
	}
	to := io.Writer(c.out)
	if v["of"] == "/dev/null" {
		to = io.Discard
	}
	n, err := io.Copy(to, io.LimitReader(contextReader{ctx, in}, left))
	if err != nil {
		return statusPipe
	}
	status := c.done(0)
	if v["status"] != "none" {
		_, _ = fmt.Fprintf(c.err, "%d+%d records in\n%d+%d records out\n", n/size, flag(n%size != 0, 1, 0), n/size, flag(n%size != 0, 1, 0))
		if v["status"] != "noxfer" {
			_, _ = fmt.Fprintf(c.err, "%d bytes copied, 0.001 s, %.1f MB/s\n", n, float64(n)/1000)
		}
	}
	return status
}
