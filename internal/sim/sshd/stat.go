package sshd

import (
	"context"
	"io/fs"
	"strconv"
	"strings"

	"github.com/stormtop/stormtop/internal/sim/hostfs"
)

// kindOf is what stat calls a file.
func kindOf(i hostfs.Info) string {
	switch {
	case i.IsDir():
		return "directory"
	case i.Mode()&fs.ModeSymlink != 0:
		return "symbolic link"
	case i.Size() == 0:
		return "regular empty file"
	}
	return "regular file"
}

func statTool(_ context.Context, c *call) int {
	o, ok := c.options("c:Lfq:t", map[string]rune{"format": 'c', "printf": 'q', "dereference": 'L'})
	if !ok {
		return 1
	}
	if len(o.rest) == 0 {
		c.complain("missing operand")
		return 1
	}
	status := 0
	for _, name := range o.rest {
		i, err := c.sh.stat(name, o.has['L'])
		if err != nil {
			c.complain("cannot statx '%s': %s", name, hostfs.Words(err))
			status = 1
			continue
		}
		switch {
		case o.has['c']:
			_, _ = c.out.WriteString(c.statFormat(o.value['c'], name, i) + "\n")
		case o.has['q']:
			_, _ = c.out.WriteString(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\0`, "\x00", `\\`, `\`).Replace(c.statFormat(o.value['q'], name, i)))
		default:
			_, _ = c.out.WriteString(c.statFormat(
				"  File: %n\n  Size: %-10s\tBlocks: %-10b IO Block: %o   %F\nDevice: 8,1\tInode: %-10i  Links: %h\n"+
					"Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n", name, i))
		}
	}
	return c.done(status)
}

// statFormat writes the directives of stat -c, with width, minus and zero.
func (c *call) statFormat(format, name string, i hostfs.Info) string {
	when := i.ModTime().In(c.sh.job.m.Now().Location())
	long := when.Format("2006-01-02 15:04:05.000000000 -0700")
	var out strings.Builder
	for at := 0; at < len(format); at++ {
		if format[at] != '%' || at+1 == len(format) {
			out.WriteByte(format[at])
			continue
		}
		end := at + 1
		for end < len(format)-1 && strings.IndexByte("-0123456789", format[end]) >= 0 {
			end++
		}
		pad := format[at+1 : end]
		value := ""
		switch format[end] {
		case 'n':
			value = name
		case 'N':
			value = "'" + name + "'"
		case 's':
			value = strconv.FormatInt(i.Size(), 10)
		case 'b':
			value = strconv.FormatInt((i.Size()+4095)/4096*8, 10)
		case 'B':
			value = "512"
		case 'o':
			value = "4096"
		case 'i':
			value = strconv.FormatUint(i.Inode, 10)
		case 'h':
			value = strconv.Itoa(i.Links)
		case 'F':
			value = kindOf(i)
		case 'a':
			value = strconv.FormatUint(uint64(i.Mode().Perm()), 8)
		case 'A':
			value = rights(i.Mode())
		case 'f':
			raw := uint32(i.Mode().Perm()) | 0o100000
			if i.IsDir() {
				raw = uint32(i.Mode().Perm()) | 0o040000
			} else if i.Mode()&fs.ModeSymlink != 0 {
				raw = uint32(i.Mode().Perm()) | 0o120000
			}
			value = strconv.FormatUint(uint64(raw), 16)
		case 'u', 'g':
			value = strconv.Itoa(int(uidOf(i.Owner)))
		case 'U', 'G':
			value = i.Owner
		case 'd':
			value = "2049"
		case 'D':
			value = "801"
		case 'X', 'Y', 'Z':
			value = strconv.FormatInt(when.Unix(), 10)
		case 'W':
			value = "0"
		case 'x', 'y', 'z':
			value = long
		case 'w':
			value = "-"
		case '%':
			value = "%"
		default:
			value = "?"
		}
		at = end
		width, _ := strconv.Atoi(strings.TrimLeft(pad, "-0"))
		if width = min(width, 1000); width > len(value) {
			fill := strings.Repeat(" ", width-len(value))
			switch {
			case strings.HasPrefix(pad, "-"):
				value += fill
			case strings.HasPrefix(pad, "0"):
				value = strings.Repeat("0", width-len(value)) + value
			default:
				value = fill + value
			}
		}
		out.WriteString(value)
	}
	return out.String()
}
