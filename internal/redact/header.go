package redact

import "strings"

// Header masks the secrets in the values of headers, in place; the slices of values
// that it changes are replaced, not written to. Of an authorization the scheme
// stays, of cookies the names.
func (r *Redactor) Header(h map[string][]string) {
	for name, values := range h {
		var masked []string
		for i, v := range values {
			if m := r.headerValue(name, v); m != v {
				if masked == nil {
					masked = append([]string(nil), values...)
				}
				masked[i] = m
			}
		}
		if masked != nil {
			h[name] = masked
		}
	}
}

func (r *Redactor) headerValue(name, v string) string {
	var buf [maxName]byte
	switch string(lower(buf[:0], name)) {
	case "authorization", "proxy-authorization":
		if scheme, rest, ok := strings.Cut(v, " "); ok && rest != "" {
			return scheme + " " + Mask
		}
		return mask(v)
	case "cookie":
		return r.cookies(v)
	case "set-cookie":
		first, attributes, more := strings.Cut(v, ";")
		first = cookie(first)
		if more {
			return first + ";" + attributes
		}
		return first
	case "location", "content-location", "referer", "origin", "link", "refresh":
		return r.Text(v)
	case "www-authenticate", "proxy-authenticate":
		return v
	}
	if r.Secret(name) {
		return mask(v)
	}
	return r.Text(v)
}

// lower appends a name in lower case.
func lower(dst []byte, name string) []byte {
	for i := 0; i < len(name) && len(dst) < cap(dst); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func mask(v string) string {
	if v == "" {
		return v
	}
	return Mask
}

func (r *Redactor) cookies(v string) string {
	pairs := strings.Split(v, ";")
	for i, pair := range pairs {
		pairs[i] = cookie(pair)
	}
	return strings.Join(pairs, ";")
}

func cookie(pair string) string {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return mask(pair)
	}
	return name + "=" + mask(value)
}
