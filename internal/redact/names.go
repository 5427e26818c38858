package redact

import (
	"bytes"
	"math/bits"
	"slices"
)

// parts make a name secret wherever they are in it. Names are compared in lower
// case without anything but letters and digits.
func parts() []string {
	return []string{
		"password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "accesskey", "privatekey",
		"signingkey", "encryptionkey", "credential", "authorization", "sessionid", "sessionkey", "cookie", "signature",
		"bearer", "jwt", "csrf", "xsrf", "onetimecode", "recoverycode", "cardnumber", "securitycode",
	}
}

// words make a name secret when they are all of it.
func words() []string {
	return []string{
		"pwd", "pass", "auth", "xauth", "session", "sid", "sig", "otp", "totp", "pin", "cvv", "cvc", "ssn", "iban",
		"sas", "accesscode", "authcode", "refresh", "xapikey", "authkey", "apisecret", "phpsessid", "jsessionid",
	}
}

// Redactor knows what is secret. It is safe for concurrent use.
type Redactor struct {
	words      [256][]string // by their first byte
	parts      []string
	partStarts *starts
	looks      []look
	lookStarts *starts
}

// New returns a redactor that treats, besides the usual names, the given ones as
// secret. They are compared like all names: without regard to case, hyphens,
// underscores and dots.
func New(names ...string) *Redactor {
	r := &Redactor{parts: parts(), partStarts: &starts{}, looks: known(), lookStarts: lookStarts()}
	for i, part := range r.parts {
		r.partStarts.add(part, 1<<i)
	}
	for _, name := range slices.Concat(words(), names) {
		var buf [maxName]byte
		if word := string(normalize(buf[:0], name)); word != "" {
			r.words[word[0]] = append(r.words[word[0]], word)
		}
	}
	return r
}

// maxName bounds how much of a name is looked at, in bytes.
const maxName = 96

// Secret reports whether the value of a thing of that name is a secret.
func (r *Redactor) Secret(name string) bool { return secret(r, name) }

func secret[T string | []byte](r *Redactor, name T) bool {
	var buf [maxName]byte
	plain := normalize(buf[:0], name)
	if len(plain) == 0 {
		return false
	}
	for _, word := range r.words[plain[0]] {
		if string(plain) == word {
			return true
		}
	}
	for found := seen(r.partStarts, plain); found != 0; found &= found - 1 {
		if holdsPart(plain, r.parts[bits.TrailingZeros32(found)]) {
			return true
		}
	}
	return false
}

func holdsPart(name []byte, part string) bool {
	for i := range name {
		if bytes.HasPrefix(name[i:], []byte(part)) && !harmless(name[i:]) {
			return true
		}
	}
	return false
}

// harmless tells names that count tokens from those that hold one.
func harmless(rest []byte) bool {
	for _, prefix := range []string{"tokens", "tokencount", "tokeniz", "tokentype", "tokenlimit", "cookieconsent", "cookiepolicy"} {
		if bytes.HasPrefix(rest, []byte(prefix)) {
			return true
		}
	}
	return false
}

// normalize appends the letters and digits of a name in lower case.
func normalize[T string | []byte](dst []byte, name T) []byte {
	for i := 0; i < len(name) && len(dst) < cap(dst); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			dst = append(dst, c)
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		}
	}
	return dst
}
