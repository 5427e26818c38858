package redact

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"
)

// Body masks the secrets in a decoded body and returns it; the input is not
// changed, and returned itself if it has none. contentType is the header's value
// and may be empty or wrong: JSON is found in every text.
func (r *Redactor) Body(contentType string, data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "application/x-www-form-urlencoded":
		return r.likely(r.form(data))
	case strings.HasPrefix(media, "multipart/"):
		_, params, _ := mime.ParseMediaType(contentType)
		return r.likely(r.multipart(data, params["boundary"]))
	case strings.HasSuffix(media, "xml"), strings.HasSuffix(media, "html"):
		return r.likely(r.pairs(r.xml(data)))
	case !textual(data):
		return data
	}
	return r.likely(r.pairs(r.json(r.formData(data))))
}

// textual tells texts from other data by their first part.
func textual(data []byte) bool {
	head := data[:min(len(data), 512)]
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	for n := 0; n < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); n++ {
		head = head[:len(head)-1] // the last character may be cut
	}
	return utf8.Valid(head)
}

// form masks fields of application/x-www-form-urlencoded, where key counts as
// secret, too.
func (r *Redactor) form(data []byte) []byte {
	return bytes.TrimPrefix(r.pairs(append([]byte("&"), data...)), []byte("&"))
}

// multipart masks parts whose field has a secret name (RFC 7578).
func (r *Redactor) multipart(data []byte, boundary string) []byte {
	if boundary == "" {
		return data
	}
	parts := bytes.Split(data, []byte("--"+boundary))
	changed := false
	for i, part := range parts {
		head, content, ok := bytes.Cut(part, []byte("\r\n\r\n"))
		if !ok || len(content) == 0 || !r.secretPart(head) {
			continue
		}
		parts[i] = bytes.Join([][]byte{head, []byte(Mask + "\r\n")}, []byte("\r\n\r\n"))
		changed = true
	}
	if !changed {
		return data
	}
	return bytes.Join(parts, []byte("--"+boundary))
}

// formData masks such parts in a text whose kind or boundary is not known.
func (r *Redactor) formData(data []byte) []byte {
	const mark = "form-data;"
	var out []byte
	done := 0
	for i := 0; ; {
		at := bytes.Index(data[i:], []byte(mark))
		if at < 0 {
			return finish(out, data, done)
		}
		at += i
		i = at + len(mark)
		head := bytes.LastIndexByte(data[:at], '\n') + 1
		size := bytes.Index(data[at:], []byte("\r\n\r\n"))
		if size < 0 {
			return finish(out, data, done)
		}
		from := at + size + 4
		if !r.secretPart(data[head : from-4]) {
			continue
		}
		end := len(data)
		if n := bytes.Index(data[from:], []byte("\r\n--")); n >= 0 {
			end = from + n
		}
		if end > from {
			out = append(append(out, data[done:from]...), Mask...)
			done, i = end, end
		}
	}
}

func (r *Redactor) secretPart(head []byte) bool {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !strings.EqualFold(string(name), "Content-Disposition") {
			continue
		}
		_, params, err := mime.ParseMediaType(string(bytes.TrimSpace(value)))
		return err == nil && r.Secret(params["name"])
	}
	return false
}
