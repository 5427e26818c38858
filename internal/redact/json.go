package redact

import (
	"bytes"
	"encoding/json"
)

// maxNested bounds texts within texts.
const maxNested = 4

// json masks the values of secret members. It does not parse: it looks for strings
// that are followed by a colon, so that it works on cut bodies, on lines of JSON,
// and on JSON within a text. Other strings may be encoded bodies themselves, as what a
// server echoes or a log quotes.
func (r *Redactor) json(data []byte) []byte { return r.jsonAt(data, 0) }

func (r *Redactor) jsonAt(data []byte, depth int) []byte {
	var out []byte
	var keys keyMemo
	done := 0
	for i := 0; ; {
		at := bytes.IndexByte(data[i:], '"')
		if at < 0 {
			return finish(out, data, done)
		}
		at += i
		end := stringEnd(data, at)
		colon := skipSpace(data, end)
		if colon >= len(data) || data[colon] != ':' {
			if masked, ok := r.within(data[at:end], depth); ok {
				out = append(append(out, data[done:at]...), masked...)
				done = end
			}
			i = end
			continue
		}
		value := skipSpace(data, colon+1)
		i = value
		if value >= len(data) || !keys.secret(r, data[at:end]) || !holds(data[value:]) {
			continue
		}
		end = valueEnd(data, value)
		out = append(append(out, data[done:value]...), `"`+Mask+`"`...)
		done, i = end, end
	}
}

// within masks the secrets in a string that is an encoded text. quoted is as it is
// written, perhaps cut. It reports whether there was one.
func (r *Redactor) within(quoted []byte, depth int) ([]byte, bool) {
	if depth >= maxNested || bytes.IndexByte(quoted, '\\') < 0 && !bytes.Contains(quoted, []byte("</")) {
		return nil, false
	}
	text, whole, ok := unquote(quoted)
	if !ok {
		return nil, false
	}
	masked := r.nested(text, depth+1)
	if bytes.Equal(masked, text) {
		return nil, false
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(string(masked)) != nil {
		return nil, false
	}
	again := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if !whole {
		again = again[:len(again)-1]
	}
	return again, true
}

// unquote decodes a string. whole reports whether it has an end.
func unquote(quoted []byte) (text []byte, whole, ok bool) {
	var s string
	if json.Unmarshal(quoted, &s) == nil {
		return []byte(s), true, true
	}
	for range 2 { // once more without the escape that was cut
		if json.Unmarshal(append(bytes.Clone(quoted), '"'), &s) == nil {
			return []byte(s), false, true
		}
		at := bytes.LastIndexByte(quoted, '\\')
		if at < 0 {
			break
		}
		quoted = quoted[:at]
	}
	return nil, false, false
}

// nested masks the secrets in a text whose kind is not known.
func (r *Redactor) nested(text []byte, depth int) []byte {
	text = r.formData(text)
	if bytes.Contains(text, []byte("</")) {
		text = r.xml(text)
	}
	return r.jsonAt(text, depth)
}

// keyMemo remembers what was found of keys: those of a list of objects repeat.
type keyMemo [32]struct {
	quoted []byte
	secret bool
}

func (m *keyMemo) secret(r *Redactor, quoted []byte) bool {
	n := len(quoted) // with two quotes at least
	e := &m[(n*131+int(quoted[1])*31+int(quoted[n/2])*17+int(quoted[n-2])*7)%len(m)]
	if !bytes.Equal(e.quoted, quoted) {
		e.quoted, e.secret = quoted, r.secretKey(quoted)
	}
	return e.secret
}

func (r *Redactor) secretKey(quoted []byte) bool {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var plain string
		if json.Unmarshal(quoted, &plain) == nil {
			return r.Secret(plain)
		}
	}
	return secret(r, quoted)
}

// holds tells values that can be a secret from null, true, false and "".
func holds(value []byte) bool {
	switch value[0] {
	case 'n', 't', 'f', ',', '}', ']':
		return false
	case '"':
		return len(value) < 2 || value[1] != '"'
	}
	return true
}

// stringEnd returns the index behind the string that begins at i.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// valueEnd returns the index behind the value that begins at i.
func valueEnd(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '"':
			i = stringEnd(data, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(data)
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}
