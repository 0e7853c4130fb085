package sshpool

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// knownKey is one line of a known_hosts file.
type knownKey struct {
	marker   marker
	patterns string
	key      ssh.PublicKey
	file     string
	line     int
}

// marker is what stands before the hosts of a line.
type marker uint8

const (
	markNone marker = iota
	markAuthority
	markRevoked
)

func (k knownKey) public() Key {
	key := offered(k.key)
	key.File, key.Line = k.file, k.line
	return key
}

func offered(key ssh.PublicKey) Key {
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	return Key{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key)}
}

const (
	// maxKnownLine bounds a line; OpenSSH has no bound, a key has 3 KB at most.
	maxKnownLine = 256 << 10
	// maxKnownFile bounds what is read of one file.
	maxKnownFile = 64 << 20
)

// knownHosts is what is known about hosts, in the order of the files.
type knownHosts struct {
	keys []knownKey
	// skipped are the places of lines that make no sense, at most a few.
	skipped []string
}

const maxSkipped = 5

// readKnown reads files of known hosts. A file that is not there or cannot be
// read holds nothing, a line that makes no sense is passed over: what ssh does.
func readKnown(files []string) *knownHosts {
	var out knownHosts
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				out.skip(words(err))
			}
			continue
		}
		if info, err := f.Stat(); err == nil && !info.IsDir() {
			out.parse(io.LimitReader(f, maxKnownFile), name)
		}
		_ = f.Close()
	}
	return &out
}

func (h *knownHosts) skip(what string) {
	if len(h.skipped) < maxSkipped {
		h.skipped = append(h.skipped, what)
	}
}

func (h *knownHosts) parse(r io.Reader, file string) {
	lines := bufio.NewReaderSize(r, maxKnownLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			_, err = lines.ReadSlice('\n')
		}
		k, ok := knownKey{}, false
		if !long {
			k, ok = parseKnownLine(string(line))
		}
		switch {
		case ok && k.key != nil:
			k.file, k.line = file, n
			h.keys = append(h.keys, k)
		case !ok:
			h.skip(fmt.Sprintf("%s:%d", file, n))
		}
		if err != nil {
			return
		}
	}
}

// parseKnownLine reads one line. It answers false for one that makes no sense,
// and no key for an empty one and a comment.
func parseKnownLine(line string) (knownKey, bool) {
	var k knownKey
	line, _, _ = strings.Cut(line, "\n")
	line, _, _ = strings.Cut(line, "\x00")
	rest := strings.TrimLeft(line, " \t")
	if rest == "" || rest[0] == '#' || rest == "\r" {
		return k, true
	}
	for rest[0] == '@' {
		if k.marker != markNone {
			return k, false
		}
		// As in ssh, a space ends a marker, and a tab only where no space is left.
		end := strings.IndexByte(rest, ' ')
		if end < 0 {
			end = strings.IndexByte(rest, '\t')
		}
		if end < 0 {
			return k, false
		}
		switch rest[:end] {
		case "@cert-authority":
			k.marker = markAuthority
		case "@revoked":
			k.marker = markRevoked
		default:
			return k, false
		}
		if rest = strings.TrimLeft(rest[end:], " \t"); rest == "" {
			return k, false
		}
	}
	var kind, text string
	k.patterns, rest = nextWord(rest)
	kind, rest = nextWord(rest)
	text, _ = nextWord(rest)
	blob, err := base64.StdEncoding.DecodeString(strings.TrimRight(text, "\r"))
	if err != nil || len(blob) == 0 {
		return k, false
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil || key.Type() != kind {
		return k, false
	}
	k.key = key
	return k, true
}

func nextWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// of are the keys of the lines that are about name, "host" or "[host]:port".
func (h *knownHosts) of(name string) knownKeys {
	var out knownKeys
	for _, k := range h.keys {
		if k.covers(name) {
			out = append(out, k)
		}
	}
	return out
}

// covers reports whether the line is about a host.
func (k knownKey) covers(host string) bool {
	if rest, ok := strings.CutPrefix(k.patterns, "|1|"); ok {
		return isHashOf(rest, host)
	}
	if strings.HasPrefix(k.patterns, "|") {
		return false
	}
	found := false
	for pattern := range strings.SplitSeq(strings.ToLower(k.patterns), ",") {
		pattern, not := strings.CutPrefix(pattern, "!")
		if matchPattern(pattern, host) {
			if not {
				return false
			}
			found = true
		}
	}
	return found
}

func isHashOf(saltAndHash, host string) bool {
	saltText, hashText, ok := strings.Cut(saltAndHash, "|")
	if !ok {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(saltText)
	if err != nil || len(salt) != sha1.Size {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(hashText)
	return err == nil && hmac.Equal(want, hashOf(salt, host))
}

func hashOf(salt []byte, host string) []byte {
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(host))
	return mac.Sum(nil)
}

// matchPattern matches with * and ?, as the patterns of ssh do.
func matchPattern(pattern, s string) bool {
	star, from := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, from = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// knownName is a host as known_hosts writes it.
func knownName(host string, port int) string {
	if port == 22 || port == 0 {
		return host
	}
	return fmt.Sprintf("[%s]:%d", host, port)
}

// writable says that a name may be written to known_hosts: one with these bytes
// would read back as something else.
func writable(name string) bool { return !strings.ContainsAny(name, "@?*#[]|'\"\\") }

// remember appends lines for the names to a known_hosts file.
func remember(file string, names []string, key ssh.PublicKey, hash bool) error {
	var text strings.Builder
	if hash {
		for i, name := range names {
			salt := make([]byte, sha1.Size)
			if _, err := rand.Read(salt); err != nil {
				return fmt.Errorf("hashing a host's name: %w", err)
			}
			names[i] = "|1|" + base64.StdEncoding.EncodeToString(salt) + "|" + base64.StdEncoding.EncodeToString(hashOf(salt, name))
		}
	} else {
		names = []string{strings.Join(names, ",")}
	}
	for _, name := range names {
		text.WriteString(name + " ")
		text.Write(ssh.MarshalAuthorizedKey(key))
	}
	return appendText(file, text.String())
}

// appendText writes in one piece, so that programs that do the same at once do
// not tear each other's lines.
func appendText(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	// A last line without an end must not swallow ours.
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && !bytes.Equal(last, []byte("\n")) {
			text = "\n" + text
		}
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
