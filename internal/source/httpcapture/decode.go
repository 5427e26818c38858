package httpcapture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// body makes of a sample what is recorded of a body.
func body(h http.Header, s seen, limit int) recorder.Body {
	whole := s.ended && int64(len(s.kept)) == s.total
	data, whole, ok := decoded(h.Values("Content-Encoding"), s.kept, whole, limit)
	if !ok {
		data, whole = nil, false
	}
	return recorder.Body{Data: data, Truncated: !whole && s.total > 0}
}

// decoded returns the first bytes of a body without its encodings, at most limit.
// whole tells that data is all of the body; the result is whole if it is decoded to
// its end. It reports false for what it cannot decode.
func decoded(encodings []string, data []byte, whole bool, limit int) ([]byte, bool, bool) {
	list := strings.Split(strings.Join(encodings, ","), ",")
	for i := len(list) - 1; i >= 0 && len(data) > 0; i-- {
		r, ok := decoder(strings.ToLower(strings.TrimSpace(list[i])), data)
		if !ok {
			return nil, false, false
		}
		if r == nil {
			continue
		}
		out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		if len(out) == 0 && err != nil {
			return nil, false, false
		}
		whole = whole && err == nil && len(out) <= limit
		data = out[:min(len(out), limit)]
	}
	return data, whole, true
}

// decoder returns nil for no encoding, and false for what is not in the encoding
// that it is said to be in, or in one that is not known here.
func decoder(encoding string, data []byte) (io.Reader, bool) {
	in := bytes.NewReader(data)
	switch encoding {
	case "", "identity":
		return nil, true
	case "gzip", "x-gzip":
		r, err := gzip.NewReader(in)
		return r, err == nil
	case "deflate":
		// RFC 9110 means zlib; some programs send the bare format.
		if r, err := zlib.NewReader(in); err == nil {
			return r, true
		}
		return flate.NewReader(bytes.NewReader(data)), true
	}
	return nil, false
}

// mediaType returns the type of a body without parameters.
func mediaType(h http.Header) string {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}
