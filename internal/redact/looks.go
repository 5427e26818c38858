package redact

import "bytes"

// minLook is the length of the shortest thing that looks like a secret.
const minLook = 12

// look describes secrets that are known by their beginning.
type look struct {
	prefix string
	least  int // characters after the prefix
	keep   bool
}

// known lists the beginnings of keys, as the services that give them out document
// them.
func known() []look {
	return []look{
		{"Bearer ", 8, true},
		{"bearer ", 8, true},
		{"Basic ", 8, true},
		{"AKIA", 16, false},
		{"ASIA", 16, false},
		{"AIza", 30, false},
		{"ghp_", 20, false},
		{"gho_", 20, false},
		{"ghs_", 20, false},
		{"ghu_", 20, false},
		{"github_pat_", 20, false},
		{"glpat-", 16, false},
		{"xoxb-", 10, false},
		{"xoxp-", 10, false},
		{"xoxa-", 10, false},
		{"sk_live_", 10, false},
		{"rk_live_", 10, false},
		{"sk-", 20, false},
		{"npm_", 30, false},
		{"SG.", 20, false},
	}
}

// Bits of what is looked for besides the known keys, whose bits are their indices.
const (
	bitJWT = 1 << (31 - iota)
	bitPrivateKey
	bitUserinfo
)

const (
	jwtStart      = "eyJ"
	privateKeyEnd = "PRIVATE KEY-----"
	schemeEnd     = "://"
)

func lookStarts() *starts {
	var s starts
	for i, l := range known() {
		s.add(l.prefix, 1<<i)
	}
	s.add(jwtStart, bitJWT)
	s.add(privateKeyEnd, bitPrivateKey)
	s.add(schemeEnd, bitUserinfo)
	return &s
}

// likely masks what looks like a secret, wherever it is.
func (r *Redactor) likely(data []byte) []byte {
	if len(data) < minLook {
		return data
	}
	bits := seen(r.lookStarts, data)
	if bits == 0 {
		return data
	}
	for i, l := range r.looks {
		if bits&(1<<i) != 0 {
			data = maskKnown(data, l)
		}
	}
	if bits&bitJWT != 0 {
		data = maskJWT(data)
	}
	if bits&bitPrivateKey != 0 {
		data = maskPrivateKeys(data)
	}
	if bits&bitUserinfo != 0 && bytes.IndexByte(data, '@') >= 0 {
		data = maskUserinfo(data)
	}
	return data
}

func maskKnown(data []byte, l look) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte(l.prefix))
		if at < 0 {
			return finish(out, data, done)
		}
		at += i
		from := at + len(l.prefix)
		end := from
		for end < len(data) && isToken(data[end]) {
			end++
		}
		i = max(end, from)
		if end-from < l.least || at > 0 && isWord(data[at-1]) {
			continue
		}
		if !l.keep {
			from = at
		}
		out = append(append(out, data[done:from]...), Mask...)
		done = end
	}
}

// maskJWT masks JSON Web Tokens (RFC 7519): three parts in base64url, the first of
// which begins with {" and so with eyJ.
func maskJWT(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte(jwtStart))
		if at < 0 {
			return finish(out, data, done)
		}
		at += i
		end, dots := at, 0
		for end < len(data) && (isWord(data[end]) || data[end] == '-' || data[end] == '.' && dots < 2) {
			if data[end] == '.' {
				dots++
			}
			end++
		}
		i = end
		if dots == 0 || end-at < 20 {
			continue
		}
		out = append(append(out, data[done:at]...), Mask...)
		done = end
	}
}

// maskPrivateKeys masks what is between the lines of a PEM private key (RFC 7468).
func maskPrivateKeys(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte(privateKeyEnd))
		if at < 0 {
			return finish(out, data, done)
		}
		from := i + at + len(privateKeyEnd)
		end := len(data)
		if n := bytes.Index(data[from:], []byte("-----END")); n >= 0 {
			end = from + n
		}
		if end > from {
			out = append(append(out, data[done:from]...), Mask...)
			done = end
		}
		i = end
		if next := bytes.Index(data[end:], []byte(privateKeyEnd)); next >= 0 && bytes.HasPrefix(data[end:], []byte("-----END")) {
			i = end + next + len(privateKeyEnd)
		}
	}
}

// maskUserinfo masks the password in scheme://user:password@host.
func maskUserinfo(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte(schemeEnd))
		if at < 0 {
			return finish(out, data, done)
		}
		from := i + at + len(schemeEnd)
		end, colon, found := from, -1, -1
		for ; end < len(data) && !endsAuthority(data[end]); end++ {
			switch {
			case data[end] == ':' && colon < 0:
				colon = end
			case data[end] == '@':
				found = end
			}
		}
		i = end
		if colon < 0 || found < colon+2 {
			continue
		}
		out = append(append(out, data[done:colon+1]...), Mask...)
		done = found
	}
}

func endsAuthority(c byte) bool {
	return c <= ' ' || c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>'
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isToken(c byte) bool { return isWord(c) || bytes.IndexByte([]byte("-.~+/="), c) >= 0 }
