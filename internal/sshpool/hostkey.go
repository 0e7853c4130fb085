package sshpool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// verdict is what known_hosts says of a key.
type verdict struct {
	err   error // nil when it is known; else one of the ErrHostKey sentinels
	known []knownKey
	why   string // what is wrong with a certificate
}

// verifier judges the key that a host offers.
type verifier struct {
	host     string // as the user named it
	name     string // HostKeyAlias, else the address
	alias    bool
	port     int
	settings Settings
	known    []knownKey
	now      func() time.Time
	ask      func(context.Context, Question) (Answer, error)
	ctx      context.Context //nolint:containedctx // of the one handshake it is made for

	seen bool // a key was offered: the key exchange is over
}

// newVerifier reads the known hosts of a host.
func newVerifier(ctx context.Context, host string, s Settings, cfg Config) (*verifier, error) {
	known, err := readKnown(s.KnownHosts)
	if err != nil {
		return nil, &Error{Host: host, Phase: "configuration", Err: ErrConfig, Cause: err}
	}
	v := &verifier{host: host, name: s.HostName, port: s.Port, settings: s, known: known, now: cfg.Now, ask: cfg.Ask, ctx: ctx}
	if s.HostKeyAlias != "" {
		v.name, v.alias = s.HostKeyAlias, true
	}
	return v, nil
}

// algorithms are those of the keys that are known for the host first, so that the
// server offers the key that can be judged.
func (v *verifier) algorithms() []string {
	prefer := v.settings.HostKeyAlgorithms
	supported := ssh.SupportedAlgorithms().HostKeys
	if prefer == nil {
		prefer = supported
	} else {
		prefer = slices.DeleteFunc(slices.Clone(prefer), func(a string) bool { return !slices.Contains(supported, a) })
	}
	want := map[string]bool{}
	for _, k := range v.known {
		if !k.covers(v.full()) {
			continue
		}
		switch k.marker {
		case "":
			want[k.key.Type()] = true
		case "@cert-authority":
			want["certificate"] = true
		}
	}
	rank := func(a string) int {
		cert := strings.Contains(a, "-cert-v01@")
		base := a
		if a == ssh.KeyAlgoRSASHA256 || a == ssh.KeyAlgoRSASHA512 {
			base = ssh.KeyAlgoRSA
		}
		switch {
		case cert && want["certificate"], !cert && want[base]:
			return 0
		case cert:
			return 2 // of no use without an authority
		}
		return 1
	}
	prefer = slices.Clone(prefer)
	slices.SortStableFunc(prefer, func(a, b string) int { return rank(a) - rank(b) })
	return prefer
}

func (v *verifier) full() string {
	if v.alias {
		// OpenSSH looks an alias up without the port.
		return strings.ToLower(v.name)
	}
	return knownName(v.name, v.port)
}

// callback is the [ssh.HostKeyCallback].
func (v *verifier) callback(_ string, _ net.Addr, key ssh.PublicKey) error {
	v.seen = true
	j := v.judge(key)
	plainKey := key
	if cert, ok := key.(*ssh.Certificate); ok {
		plainKey = cert.Key
	}
	switch {
	case j.err == nil:
		return nil
	case errors.Is(j.err, ErrHostKeyUnknown):
		return v.unknown(plainKey, j)
	}
	return v.refusal(plainKey, j)
}

// judge decides what a key is, in the order of OpenSSH: revoked, then as a
// certificate, then as a plain key.
func (v *verifier) judge(key ssh.PublicKey) verdict {
	if v.revoked(key) {
		return verdict{err: ErrHostKeyRevoked}
	}
	why := ""
	if cert, ok := key.(*ssh.Certificate); ok {
		if v.authority(cert.SignatureKey) {
			if why = v.checkCertificate(cert); why == "" {
				return verdict{}
			}
		}
		// Without an authority that vouches for it, it is as good as its key.
		key = cert.Key
		if v.revoked(key) {
			return verdict{err: ErrHostKeyRevoked}
		}
	}
	j := v.judgePlain(v.full(), key)
	if errors.Is(j.err, ErrHostKeyUnknown) && !v.alias && v.port != 22 {
		// A key that is known for the host counts for its other ports too.
		if other := v.judgePlain(strings.ToLower(v.name), key); other.err == nil {
			return other
		}
	}
	j.why = why
	return j
}

func (v *verifier) judgePlain(name string, key ssh.PublicKey) verdict {
	j := verdict{err: ErrHostKeyUnknown}
	for _, k := range v.known {
		if k.marker != "" || !k.covers(name) || k.key.Type() != key.Type() {
			continue
		}
		if bytes.Equal(k.key.Marshal(), key.Marshal()) {
			return verdict{}
		}
		j.err = ErrHostKeyChanged
		j.known = append(j.known, k)
	}
	return j
}

func (v *verifier) revoked(key ssh.PublicKey) bool {
	blobs := [][]byte{key.Marshal()}
	if cert, ok := key.(*ssh.Certificate); ok {
		blobs = append(blobs, cert.Key.Marshal(), cert.SignatureKey.Marshal())
	}
	for _, k := range v.known {
		if k.marker != "@revoked" || !k.covers(v.full()) {
			continue
		}
		if slices.ContainsFunc(blobs, func(b []byte) bool { return bytes.Equal(b, k.key.Marshal()) }) {
			return true
		}
	}
	return v.inRevokedFile(blobs)
}

// inRevokedFile looks into RevokedHostKeys, a list of public keys. A file that
// cannot be read, or is OpenSSH's binary form, revokes every key, as there.
func (v *verifier) inRevokedFile(blobs [][]byte) bool {
	if v.settings.RevokedKeys == "" {
		return false
	}
	text, err := os.ReadFile(v.settings.RevokedKeys)
	if err != nil || bytes.HasPrefix(text, []byte("SSHKRL")) {
		return true
	}
	for line := range bytes.Lines(text) {
		key, _, _, _, err := ssh.ParseAuthorizedKey(line)
		if err == nil && slices.ContainsFunc(blobs, func(b []byte) bool { return bytes.Equal(b, key.Marshal()) }) {
			return true
		}
	}
	return false
}

func (v *verifier) authority(ca ssh.PublicKey) bool {
	return slices.ContainsFunc(v.known, func(k knownKey) bool {
		return k.marker == "@cert-authority" && k.covers(v.full()) && bytes.Equal(k.key.Marshal(), ca.Marshal())
	})
}

// checkCertificate says what is wrong with a host's certificate, "" for nothing.
func (v *verifier) checkCertificate(cert *ssh.Certificate) string {
	name := strings.ToLower(v.name)
	if cert.CertType != ssh.HostCert {
		return "it is no host certificate"
	}
	if cert.Signature != nil && cert.Signature.Format == ssh.KeyAlgoRSA {
		return "it is signed with SHA-1"
	}
	if len(cert.ValidPrincipals) > 0 && !slices.ContainsFunc(cert.ValidPrincipals, func(p string) bool {
		return matchPattern(strings.ToLower(p), name)
	}) {
		return "it is for " + strings.Join(cert.ValidPrincipals, ", ")
	}
	checker := ssh.CertChecker{Clock: v.now, SupportedCriticalOptions: []string{}}
	principal := name
	if len(cert.ValidPrincipals) > 0 {
		principal = cert.ValidPrincipals[0] // its pattern was matched above
	}
	if err := checker.CheckCert(principal, cert); err != nil {
		return strings.TrimPrefix(err.Error(), "ssh: ")
	}
	return ""
}

func (v *verifier) refusal(key ssh.PublicKey, j verdict) error {
	e := &Error{Host: v.host, Phase: "key exchange", Err: j.err}
	e.Detail = ". Not connected, nothing sent. Offered " + fingerprint(key)
	for _, k := range j.known {
		e.Detail += fmt.Sprintf("; known %s, %s", fingerprint(k.key), k.place())
	}
	return e
}

// unknown decides about a key that nobody knows.
func (v *verifier) unknown(key ssh.PublicKey, j verdict) error {
	refuse := func() error {
		e := &Error{Host: v.host, Phase: "key exchange", Err: ErrHostKeyUnknown, Detail: " (" + fingerprint(key) + ")"}
		if j.why != "" {
			e.Detail += "; its certificate does not count: " + j.why
		}
		return e
	}
	switch v.settings.StrictHostKeyChecking {
	case "no", "accept-new":
		return v.remember(key)
	case "yes":
		return refuse()
	}
	if v.ask == nil {
		return refuse()
	}
	answer, err := v.ask(v.ctx, Question{
		Kind: AskHostKey, Host: v.host, Address: net.JoinHostPort(v.settings.HostName, fmt.Sprint(v.port)),
		KeyType: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), OtherKeys: v.others(),
	})
	switch {
	case err != nil:
		return errors.Join(refuse(), err)
	case answer.Remember:
		return v.remember(key)
	case answer.Yes:
		return nil
	}
	return refuse()
}

// others are the keys of other types that are known for the host.
func (v *verifier) others() []string {
	var out []string
	for _, k := range v.known {
		if k.marker == "" && k.covers(v.full()) {
			out = append(out, fmt.Sprintf("%s %s", fingerprint(k.key), k.place()))
		}
	}
	return out
}

func fingerprint(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }

// remember appends a key to the user's first known_hosts.
func (v *verifier) remember(key ssh.PublicKey) error {
	file := v.settings.FirstKnown
	if file == "" {
		return nil
	}
	name := v.full()
	if v.settings.HashKnownHosts {
		salt := make([]byte, 20)
		if _, err := rand.Read(salt); err != nil {
			return fmt.Errorf("hashing a host's name: %w", err)
		}
		name = "|1|" + base64.StdEncoding.EncodeToString(salt) + "|" + base64.StdEncoding.EncodeToString(hashOf(salt, name))
	}
	line := name + " " + string(ssh.MarshalAuthorizedKey(key))
	if err := appendLine(file, line); err != nil {
		return &Error{Host: v.host, Phase: "key exchange", Err: ErrConfig, Cause: err, Detail: ": its key could not be remembered: " + err.Error()}
	}
	return nil
}

// appendLine writes in one piece, so that programs that do the same at once do not
// tear each other's lines.
func appendLine(file, line string) error {
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
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}
