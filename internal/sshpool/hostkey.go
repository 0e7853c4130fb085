package sshpool

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// knownKeys are the lines of known_hosts that are about one name.
type knownKeys []knownKey

// status is what known_hosts says of a key, in the terms of OpenSSH.
type status uint8

const (
	keyNew     status = iota // nothing is known for the host
	keyOK                    // the key, or the authority that signed it, is known
	keyChanged               // only other keys are known
	keyRevoked
)

// find says what the lines say of a key. A certificate is looked for by the
// authority that signed it.
func (l knownKeys) find(key ssh.PublicKey) (status, []knownKey) {
	cert, isCert := key.(*ssh.Certificate)
	if l.revoked(key) {
		return keyRevoked, nil
	}
	want, wanted := key, markNone
	if isCert {
		want, wanted = cert.SignatureKey, markAuthority
	}
	var others []knownKey
	for _, k := range l {
		if k.marker != wanted {
			continue
		}
		if sameKey(k.key, want) {
			return keyOK, []knownKey{k}
		}
		others = append(others, k)
	}
	if len(others) > 0 && !isCert {
		return keyChanged, others
	}
	return keyNew, nil
}

func (l knownKeys) revoked(key ssh.PublicKey) bool {
	return slices.ContainsFunc(l, func(k knownKey) bool {
		if k.marker != markRevoked {
			return false
		}
		return slices.ContainsFunc(partsOf(key), func(p ssh.PublicKey) bool { return sameKey(p, k.key) })
	})
}

// partsOf are the keys whose revocation revokes a key.
func partsOf(key ssh.PublicKey) []ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	return []ssh.PublicKey{key}
}

func (l knownKeys) has(m marker) bool {
	return slices.ContainsFunc(l, func(k knownKey) bool { return k.marker == m })
}

func (l knownKeys) hasType(kind string) bool {
	return slices.ContainsFunc(l, func(k knownKey) bool { return k.marker == markNone && k.key.Type() == kind })
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// verdict is what becomes of a host key.
type verdict struct {
	status status
	known  []knownKey // the one that matches, or those that do not
	why    string     // what is wrong with a certificate
	byIP   bool       // the address is what contradicts
}

// judge decides about host keys for one host.
type judge struct {
	settings Settings
	known    *knownHosts
	// name is the host as known_hosts has it, ip its address, "" when that is not
	// to be looked at.
	name, ip string
	now      func() time.Time
}

func newJudge(s Settings, now func() time.Time) *judge {
	j := &judge{settings: s, now: now}
	j.known = readKnown(append(slices.Clone(s.UserKnownHosts), s.GlobalKnownHosts...))
	j.name = s.HostKeyAlias
	if j.name == "" {
		j.name = knownName(s.HostName, s.Port)
	}
	return j
}

// peer tells where the connection goes: CheckHostIP wants it, and so does
// NoHostAuthenticationForLocalhost.
func (j *judge) peer(addr net.Addr) (local bool) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || j.settings.ProxyCommand != "" || len(j.settings.ProxyJump) > 0 {
		return false
	}
	if tcp.IP.IsLoopback() {
		return true
	}
	if ip := tcp.IP.String(); j.settings.CheckHostIP && ip != j.settings.HostName {
		j.ip = knownName(ip, j.settings.Port)
	}
	return false
}

// algorithms are the host key algorithms in the order in which to offer them:
// those of keys that are known for the host first, so that the server shows a key
// that can be judged.
func (j *judge) algorithms() []string {
	list := usable(j.settings.HostKeyAlgorithms, func(a ssh.Algorithms) []string { return a.HostKeys })
	if j.settings.OwnOrder || len(list) == 0 {
		return list
	}
	known := j.known.of(j.name)
	if known.hasType(keyTypeOf(list[0])) {
		return list
	}
	var first, last []string
	for _, a := range list {
		if strings.Contains(a, "-cert-v01@") && known.has(markAuthority) || known.hasType(keyTypeOf(a)) {
			first = append(first, a)
		} else {
			last = append(last, a)
		}
	}
	return append(first, last...)
}

// keyTypeOf is the type of plain key behind an algorithm.
func keyTypeOf(algorithm string) string {
	plain := strings.Replace(algorithm, "-cert-v01@openssh.com", "", 1)
	switch plain {
	case ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512:
		return ssh.KeyAlgoRSA
	case "sk-ssh-ed25519", "sk-ecdsa-sha2-nistp256":
		return plain + "@openssh.com"
	}
	return plain
}

// usable keeps those algorithms of the configuration that are implemented; nil
// gives the library's own choice. Weak ones are used only when the configuration
// names them.
func usable(list []string, of func(ssh.Algorithms) []string) []string {
	supported := of(ssh.SupportedAlgorithms())
	if list == nil {
		return slices.Clone(supported)
	}
	weak := of(ssh.InsecureAlgorithms())
	return slices.DeleteFunc(slices.Clone(list), func(a string) bool {
		return !slices.Contains(supported, a) && !slices.Contains(weak, a)
	})
}

// verdict judges a key as OpenSSH does: as what it is, then, when that is a
// certificate which nobody known has signed, as the plain key in it. A key that
// is known for the host without a port counts for every port.
func (j *judge) verdict(key ssh.PublicKey) verdict {
	if j.inRevokedFile(key) {
		return verdict{status: keyRevoked}
	}
	v := j.under(j.name, key)
	if v.status == keyNew && j.settings.HostKeyAlias == "" && j.settings.Port != 22 {
		switch plain := j.under(j.settings.HostName, key); plain.status {
		case keyOK, keyRevoked:
			return plain
		case keyNew, keyChanged: // says nothing about this port
		}
	}
	if _, isCert := key.(*ssh.Certificate); isCert && v.status == keyOK && len(v.known) > 0 && v.known[0].marker == markAuthority {
		return v // an authority answers for the address too
	}
	if j.ip != "" && (v.status == keyOK || v.status == keyNew) {
		if cert, ok := key.(*ssh.Certificate); ok {
			key = cert.Key
		}
		if s, others := j.known.of(j.ip).find(key); s == keyChanged || s == keyRevoked {
			return verdict{status: s, known: others, byIP: true}
		}
	}
	return v
}

// under judges a key by what is known under one name.
func (j *judge) under(name string, key ssh.PublicKey) verdict {
	known := j.known.of(name)
	cert, isCert := key.(*ssh.Certificate)
	if !isCert {
		s, lines := known.find(key)
		return verdict{status: s, known: lines}
	}
	s, lines := known.find(cert)
	if s == keyRevoked {
		return verdict{status: s}
	}
	why := ""
	if s == keyOK {
		if why = j.checkCertificate(cert); why == "" {
			return verdict{status: keyOK, known: lines}
		}
	}
	s, lines = known.find(cert.Key)
	return verdict{status: s, known: lines, why: why}
}

// checkCertificate says what is wrong with a host's certificate, "" for nothing.
func (j *judge) checkCertificate(cert *ssh.Certificate) string {
	name := j.settings.HostKeyAlias
	if name == "" {
		name = j.settings.HostName
	}
	now := uint64(max(0, j.now().Unix()))
	switch {
	case cert.CertType != ssh.HostCert:
		return "it is not a host's certificate"
	case now < cert.ValidAfter:
		return "it is not yet valid"
	case now >= cert.ValidBefore:
		return "it has expired"
	case len(cert.ValidPrincipals) > 0 && !slices.Contains(cert.ValidPrincipals, name):
		return "it is for " + clip(strings.Join(cert.ValidPrincipals, ", "), 200)
	case len(cert.CriticalOptions) > 0:
		return "it has critical options"
	case !slices.Contains(j.authorities(), cert.Signature.Format):
		return "it is signed with " + clip(cert.Signature.Format, 40)
	}
	return ""
}

// authorities are the algorithms an authority may sign with.
func (j *judge) authorities() []string {
	if j.settings.CAAlgorithms != nil {
		return j.settings.CAAlgorithms
	}
	return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(a string) bool { return a == ssh.KeyAlgoRSA })
}

// genuine reports whether a certificate is signed by the authority it names.
func genuine(cert *ssh.Certificate) bool {
	if cert.Signature == nil || cert.SignatureKey == nil {
		return false
	}
	unsigned := *cert
	unsigned.Signature = nil
	text := unsigned.Marshal()
	// What is signed is all but the signature and its length.
	return cert.SignatureKey.Verify(text[:len(text)-4], cert.Signature) == nil
}

// inRevokedFile looks into RevokedHostKeys, a list of public keys. Where it cannot
// be read, or has OpenSSH's binary form, every key counts as revoked, as there
// when it cannot be read.
func (j *judge) inRevokedFile(key ssh.PublicKey) bool {
	if j.settings.RevokedKeys == "" {
		return false
	}
	text, err := os.ReadFile(j.settings.RevokedKeys)
	if err != nil || bytes.HasPrefix(text, []byte("SSHKRL")) {
		return true
	}
	for line := range bytes.Lines(text) {
		revoked, _, _, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(partsOf(key), func(p ssh.PublicKey) bool { return sameKey(p, revoked) }) {
			return true
		}
	}
	return false
}

// refusal words a verdict that is no yes.
func (v verdict) refusal(host string, key ssh.PublicKey, text string) *Error {
	e := &Error{Host: host, Phase: phaseKex, Offered: offered(key), Text: text}
	for _, k := range v.known {
		e.Known = append(e.Known, k.public())
	}
	switch v.status {
	case keyChanged:
		e.Err = ErrHostKeyChanged
		e.Text = ". Not connected, nothing sent. Offered " + e.Offered.String()
		for _, k := range e.Known {
			e.Text += "; known " + k.String()
		}
		if v.byIP {
			e.Text += "; known for its address, not for its name"
		}
	case keyRevoked:
		e.Err = ErrHostKeyRevoked
		e.Text = ". Not connected, nothing sent. Offered " + e.Offered.String()
	case keyNew, keyOK:
		e.Err = ErrHostKeyUnknown
		if v.why != "" {
			e.Text += fmt.Sprintf("; its certificate does not count: %s", v.why)
		}
	}
	return e
}
