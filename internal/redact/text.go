package redact

import (
	"bytes"
	"net/url"
	"strings"
)

// URL masks the password of the user, the secret parameters of query and fragment,
// and what looks like a secret elsewhere.
func (r *Redactor) URL(u string) string { return r.Text(u) }

// Text masks what looks like a secret in a text, and the values of secret names in
// pairs such as name=value.
func (r *Redactor) Text(s string) string {
	if strings.IndexByte(s, '=') < 0 {
		found := seen(r.lookStarts, s)
		if len(s) < minLook || found == 0 || found == bitUserinfo && strings.IndexByte(s, '@') < 0 {
			return s
		}
	}
	out := r.likely(r.pairs([]byte(s)))
	if string(out) == s {
		return s
	}
	return string(out)
}

// pairs masks the values of secret names in name=value. Values end at a
// character that separates parameters or words.
func (r *Redactor) pairs(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(data); {
		at := bytes.IndexByte(data[i:], '=')
		if at < 0 {
			break
		}
		at += i
		start := at
		for start > i && isName(data[start-1]) {
			start--
		}
		end := at + 1
		for end < len(data) && !endsValue(data[end]) {
			end++
		}
		i = at + 1
		name := data[start:at]
		if len(name) == 0 || end == at+1 {
			continue
		}
		if bytes.IndexByte(name, '%') >= 0 {
			if plain, err := url.QueryUnescape(string(name)); err == nil {
				name = []byte(plain)
			}
		}
		query := start > 0 && (data[start-1] == '?' || data[start-1] == '&')
		if secret(r, name) || query && string(name) == "key" {
			out = append(append(out, data[done:at+1]...), Mask...)
			done, i = end, end
		}
	}
	return finish(out, data, done)
}

// finish appends what follows the last change, or returns the input if there was
// none.
func finish(out, data []byte, done int) []byte {
	if done == 0 {
		return data
	}
	return append(out, data[done:]...)
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.%+[]~", c) >= 0
}

func endsValue(c byte) bool { return c <= ' ' || strings.IndexByte("&;,\"'<>#", c) >= 0 }
