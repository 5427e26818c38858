package wsconn

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"sync"
)

// tail ends each flushed block; permessage-deflate leaves it out on the wire
// (RFC 7692, section 7.2.1).
var tail = []byte{0x00, 0x00, 0xff, 0xff}

// final is what a reader needs after the tail to see the end of the stream.
var final = []byte{0x01, 0x00, 0x00, 0xff, 0xff}

// deflaters and inflaters hold large tables that are worth keeping between
// messages. They carry no state from one message to the next.
var (
	deflaters = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // fails for bad levels only
		return w
	}}
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nothing{}) }}
)

// nothing is what an inflater without work reads from.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// deflateMessage compresses the concatenation of parts.
func deflateMessage(parts ...[]byte) []byte {
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer func() { w.Reset(io.Discard); deflaters.Put(w) }()
	w.Reset(&out)
	for _, p := range parts {
		_, _ = w.Write(p) // a bytes.Buffer does not fail
	}
	_ = w.Flush()
	return bytes.TrimSuffix(out.Bytes(), tail)
}

// errInflated reports a message that inflates beyond the limit.
var errInflated = errors.New("message inflates beyond the limit")

// inflateMessage expands one message to at most limit bytes.
func inflateMessage(body []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer func() {
		_ = r.(flate.Resetter).Reset(nothing{}, nil) // never fails; lets go of body
		inflaters.Put(r)
	}()
	src := io.MultiReader(bytes.NewReader(body), bytes.NewReader(tail), bytes.NewReader(final))
	if err := r.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if n > int64(limit) {
		return nil, errInflated
	}
	return out.Bytes(), nil
}
