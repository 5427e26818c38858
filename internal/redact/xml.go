package redact

import "bytes"

// xml masks the text of secret elements; attributes are found as pairs, see
// xmlAttributes.
func (r *Redactor) xml(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.IndexByte(data[i:], '<')
		if at < 0 {
			return r.xmlAttributes(finish(out, data, done))
		}
		at += i + 1
		name := at
		for name < len(data) && (isName(data[name]) || data[name] == ':') {
			name++
		}
		i = max(name, at)
		local := data[at:name]
		if colon := bytes.LastIndexByte(local, ':'); colon >= 0 {
			local = local[colon+1:]
		}
		if len(local) == 0 || !secret(r, local) {
			continue
		}
		tagEnd := bytes.IndexByte(data[name:], '>')
		if tagEnd < 0 || data[name+max(tagEnd-1, 0)] == '/' {
			continue
		}
		from := name + tagEnd + 1
		end := len(data)
		if n := bytes.Index(data[from:], []byte("</")); n >= 0 {
			end = from + n
		}
		if end > from {
			out = append(append(out, data[done:from]...), Mask...)
			done, i = end, end
		}
	}
}

// xmlAttributes masks the quoted values of secret attributes.
func (r *Redactor) xmlAttributes(data []byte) []byte {
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.IndexByte(data[i:], '=')
		if at < 0 || i+at+1 >= len(data) {
			return finish(out, data, done)
		}
		at += i
		i = at + 1
		quote := data[i]
		if quote != '"' && quote != '\'' {
			continue
		}
		start := at
		for start > 0 && isName(data[start-1]) {
			start--
		}
		end := len(data)
		if n := bytes.IndexByte(data[i+1:], quote); n >= 0 {
			end = i + 1 + n
		}
		if secret(r, data[start:at]) && end > i+1 && start >= done {
			out = append(append(out, data[done:i+1]...), Mask...)
			done = end
		}
		i = end
	}
}
