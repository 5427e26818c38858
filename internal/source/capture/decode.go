package capture

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decoded returns the first bytes of a body without its encodings, at most limit.
// whole tells that data is all of the body; the result is whole if it is decoded to
// its end. A body in an unknown encoding is returned as it is.
func decoded(encoding string, data []byte, whole bool, limit int) ([]byte, bool) {
	if encoding == "" {
		return data, whole
	}
	encodings := strings.Split(encoding, ",")
	for i := len(encodings) - 1; i >= 0 && len(data) > 0; i-- {
		r, err := decoder(strings.ToLower(strings.TrimSpace(encodings[i])), data)
		if r == nil {
			return data, whole
		}
		if err != nil { // not what it says it is, or too little of it
			return data, whole
		}
		out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		_ = r.Close()
		if len(out) == 0 && err != nil {
			return data, whole
		}
		whole = whole && err == nil && len(out) <= limit
		data = out[:min(len(out), limit)]
	}
	return data, whole
}

// maxWindow bounds what a decoder keeps in memory: a zstd frame may ask for more
// than a device has.
const maxWindow = 8 << 20

// decoder returns nil for an encoding that is unknown or none.
func decoder(encoding string, data []byte) (io.ReadCloser, error) {
	in := bytes.NewReader(data)
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(in)
	case "deflate":
		// RFC 9110 means zlib; some servers send the bare format.
		if r, err := zlib.NewReader(in); err == nil {
			return r, nil
		}
		return flate.NewReader(bytes.NewReader(data)), nil
	case "br":
		return io.NopCloser(brotli.NewReader(in)), nil
	case "zstd":
		r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return r.IOReadCloser(), nil
	}
	return nil, nil
}
