package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Address is a host and a port.
type Address struct {
	Host string // name or IP address, IPv6 without brackets
	Port int    // 1–65535; 0 only before Load has filled the default in
}

// String is host:port, with brackets around an IPv6 address; without a port
// when there is none.
func (a Address) String() string {
	if a.Port == 0 {
		if strings.Contains(a.Host, ":") {
			return "[" + a.Host + "]"
		}
		return a.Host
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// maxTargets bounds a list of addresses; no cluster has more.
const maxTargets = 100

// ParseAddress reads HOST, HOST:PORT, [IPV6], [IPV6]:PORT or a bare IPv6
// address. The port is 0 when none is given. The error is a plain sentence.
func ParseAddress(s string) (Address, error) {
	a, f := parseAddress(s)
	if f != nil {
		return Address{}, f
	}
	return a, nil
}

func parseAddress(s string) (Address, *fault) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Address{}, &fault{"the address is empty", "Write HOST or HOST:PORT."}
	}
	if len(s) > 300 {
		return Address{}, &fault{"the address is longer than 300 bytes", "Write HOST or HOST:PORT."}
	}
	if i := strings.Index(s, "://"); i >= 0 {
		return Address{}, &fault{quote(redactUserinfo(s)) + " is a URL, not an address", "Write HOST or HOST:PORT; Nimbus listens on nimbus.thrift.port, usually 6627."}
	}
	if strings.ContainsRune(s, '@') {
		return Address{}, &fault{"a user name does not belong into an address", "Write HOST or HOST:PORT; the SSH user is --ssh-user."}
	}
	host, port := s, ""
	hasPort := false
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return Address{}, &fault{quote(s) + " lacks the closing ]", "Write an IPv6 address as [::1]:6627."}
		}
		host = s[1:end]
		if _, err := netip.ParseAddr(host); err != nil || !strings.Contains(host, ":") {
			return Address{}, &fault{quote(host) + " is no IPv6 address", "Brackets are for IPv6 only: [::1]:6627."}
		}
		rest := s[end+1:]
		if rest != "" {
			if rest[0] != ':' {
				return Address{}, &fault{quote(rest) + " behind the ] is not a port", "Write an IPv6 address as [::1]:6627."}
			}
			port, hasPort = rest[1:], true
		}
	case strings.Count(s, ":") > 1:
		if _, err := netip.ParseAddr(s); err != nil {
			return Address{}, &fault{quote(s) + " has more than one colon and is no IPv6 address", "Write HOST:PORT, or [IPV6]:PORT; separate several with commas."}
		}
	default:
		host, port, hasPort = strings.Cut(s, ":")
	}
	if f := checkHost(host); f != nil {
		return Address{}, f
	}
	a := Address{Host: host}
	if hasPort {
		n, f := parsePort(port)
		if f != nil {
			return Address{}, f
		}
		a.Port = n
	}
	return a, nil
}

// checkHost refuses what no resolver can answer, and what a program given the
// name as an argument could take for an option.
func checkHost(host string) *fault {
	if host == "" {
		return &fault{"the host name is missing", "Write HOST or HOST:PORT."}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		// A zone is an interface's name; it is shown and passed on like a host.
		host = ip.Zone()
		if host == "" {
			return nil
		}
	}
	if host[0] == '-' {
		return &fault{quote(host) + " is no host name: it begins with a dash", "Write HOST or HOST:PORT."}
	}
	if len(host) > 253 {
		return &fault{"the host name is longer than 253 bytes", "Write HOST or HOST:PORT."}
	}
	for _, r := range host {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
		case r == '/':
			return &fault{quote(host) + " is no host name: it holds a slash", "Write HOST or HOST:PORT."}
		case r > 126:
			return &fault{quote(host) + " holds letters outside ASCII", "Write the xn-- form of the name, or its IP address."}
		default:
			return &fault{quote(host) + " is no host name: it holds " + strconv.QuoteRune(r), "Write HOST or HOST:PORT."}
		}
	}
	return nil
}

func parsePort(s string) (int, *fault) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, &fault{"the port is missing behind the colon", "Leave the colon out for the usual port."}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 || s[0] == '+' {
		return 0, &fault{"the port " + quote(s) + " is not a number from 1 to 65535", "Nimbus usually listens on 6627, ZooKeeper on 2181."}
	}
	return n, nil
}

// ParseAddresses reads any number of addresses, each text holding one or
// several separated by commas. Doubles are dropped, the order is kept.
func ParseAddresses(texts []string) ([]Address, error) {
	list, f := parseAddresses(texts)
	if f != nil {
		return nil, f
	}
	return list, nil
}

func parseAddresses(texts []string) ([]Address, *fault) {
	var list []Address
	seen := map[Address]bool{}
	for _, text := range texts {
		for one := range strings.SplitSeq(text, ",") {
			a, f := parseAddress(one)
			if f != nil {
				return nil, f
			}
			if seen[a] {
				continue
			}
			seen[a] = true
			list = append(list, a)
			if len(list) > maxTargets {
				return nil, &fault{fmt.Sprintf("more than %d addresses", maxTargets), "Name the seeds only."}
			}
		}
	}
	if len(list) == 0 {
		return nil, &fault{"no address is given", "Write HOST or HOST:PORT."}
	}
	return list, nil
}

// ParseZooKeeper reads HOST[:PORT],…[/ROOT]; the root is empty when the text
// has none.
func ParseZooKeeper(s string) (servers []Address, root string, err error) {
	hosts, root := splitRoot(s)
	servers, f := parseAddresses([]string{hosts})
	if f != nil {
		return nil, "", f
	}
	if root != "" {
		if root, f = parseRoot(root); f != nil {
			return nil, "", f
		}
	}
	return servers, root, nil
}

// splitRoot divides zk1,zk2:2182/storm at the first slash; a URL is left whole
// for the address parser to name.
func splitRoot(s string) (hosts, root string) {
	i := strings.IndexByte(s, '/')
	if i < 0 || strings.Contains(s, "://") {
		return s, ""
	}
	return s[:i], s[i:]
}

// parseRoot reads a ZooKeeper path as the root of Storm's tree.
func parseRoot(s string) (string, *fault) {
	s = strings.TrimSpace(s)
	hint := "Storm's default root is /storm (storm.zookeeper.root)."
	if !strings.HasPrefix(s, "/") {
		return "", &fault{"the root " + quote(s) + " does not begin with a slash", hint}
	}
	if s == "/" {
		return s, nil
	}
	if len(s) > 1024 {
		return "", &fault{"the root is longer than 1,024 bytes", hint}
	}
	s = strings.TrimSuffix(s, "/")
	for part := range strings.SplitSeq(s[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return "", &fault{"the root " + quote(s) + " holds an empty or dotted part", hint}
		}
		if i := strings.IndexFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f || r == ',' || r == 0xfffd }); i >= 0 {
			return "", &fault{"the root " + quote(s) + " holds a character no path has", "The root follows the last server: zk1,zk2:2181/storm."}
		}
	}
	return s, nil
}

func addressTexts(list []Address) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// withPort fills the port into the addresses that were given without one.
func withPort(list []Address, port int) []Address {
	full := make([]Address, 0, len(list))
	seen := map[Address]bool{}
	for _, a := range list {
		if a.Port == 0 {
			a.Port = port
		}
		if !seen[a] {
			seen[a] = true
			full = append(full, a)
		}
	}
	return full
}
