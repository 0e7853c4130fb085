package sshpool

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the hash of known_hosts is what it is
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// knownKey is one line of a known_hosts file.
type knownKey struct {
	marker   string // "", "@cert-authority" or "@revoked"
	patterns string
	key      ssh.PublicKey
	file     string
	line     int
}

func (k knownKey) place() string { return fmt.Sprintf("%s:%d", k.file, k.line) }

// maxKnown bounds one line of a known_hosts file.
const maxKnown = 64 << 10

// readKnown reads files of known hosts. Files that are not there hold nothing;
// lines that make no sense are passed over, as OpenSSH does.
func readKnown(files []string) ([]knownKey, error) {
	var out []knownKey
	for _, name := range files {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := parseKnown(f, name)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

func parseKnown(r io.Reader, file string) ([]knownKey, error) {
	var out []knownKey
	lines := bufio.NewReaderSize(r, maxKnown)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) { // no line of a key is that long
				_, err = lines.ReadSlice('\n')
			}
			line = nil
		}
		if k, ok := parseKnownLine(bytes.Clone(line)); ok {
			k.file, k.line = file, n
			out = append(out, k)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func parseKnownLine(line []byte) (knownKey, bool) {
	words := strings.Fields(string(line))
	var k knownKey
	if len(words) > 0 && strings.HasPrefix(words[0], "@") {
		if words[0] != "@cert-authority" && words[0] != "@revoked" {
			return k, false
		}
		k.marker, words = words[0], words[1:]
	}
	if len(words) < 3 || strings.HasPrefix(words[0], "#") {
		return k, false
	}
	blob, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil {
		return k, false
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil || key.Type() != words[1] {
		return k, false
	}
	k.patterns, k.key = words[0], key
	return k, true
}

// covers reports whether the line is about a host, as "host" or "[host]:port".
func (k knownKey) covers(host string) bool {
	if rest, ok := strings.CutPrefix(k.patterns, "|1|"); ok {
		return hashed(rest, host)
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

func hashed(saltAndHash, host string) bool {
	salt64, hash64, ok := strings.Cut(saltAndHash, "|")
	if !ok {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(salt64)
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(hash64)
	return err == nil && hmac.Equal(want, hashOf(salt, host))
}

func hashOf(salt []byte, host string) []byte {
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(host))
	return mac.Sum(nil)
}

// matchPattern matches with * and ?, as OpenSSH's patterns do.
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
	host = strings.ToLower(host)
	if port == 22 || port == 0 {
		return host
	}
	return fmt.Sprintf("[%s]:%d", host, port)
}
