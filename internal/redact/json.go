package redact

import (
	"bytes"
	"encoding/json"
)

// json masks the values of secret members. It does not parse: it looks for strings
// that are followed by a colon, so that it works on cut bodies, on lines of JSON,
// and on JSON within a text.
func (r *Redactor) json(data []byte) []byte {
	var out []byte
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
			i = end
			continue
		}
		value := skipSpace(data, colon+1)
		i = value
		if value >= len(data) || !r.secretKey(data[at:end]) || !holds(data[value:]) {
			continue
		}
		end = valueEnd(data, value)
		out = append(append(out, data[done:value]...), `"`+Mask+`"`...)
		done, i = end, end
	}
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
