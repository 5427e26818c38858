package httpcapture

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// response is an http.ResponseWriter that is sampled while it is written.
type response struct {
	http.ResponseWriter
	got      sample
	status   int         // 0: not yet
	header   http.Header // as it was sent
	hijacked bool
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *response) WriteHeader(status int) {
	r.began(status)
	r.ResponseWriter.WriteHeader(status)
}

// began takes note of the final header, once.
func (r *response) began(status int) {
	final := status >= 200 || status == http.StatusSwitchingProtocols
	if r.status == 0 && final {
		r.status, r.header = status, r.ResponseWriter.Header().Clone()
	}
}

// Write implements http.ResponseWriter.
func (r *response) Write(p []byte) (int, error) {
	r.began(http.StatusOK)
	n, err := r.ResponseWriter.Write(p)
	r.got.add(p[:max(n, 0)])
	return n, err
}

// WriteString implements io.StringWriter.
func (r *response) WriteString(s string) (int, error) {
	if w, ok := r.ResponseWriter.(io.StringWriter); ok {
		r.began(http.StatusOK)
		n, err := w.WriteString(s)
		if r.got.room() > 0 {
			r.got.add([]byte(s[:max(n, 0)]))
		} else {
			r.got.skip(int64(n))
		}
		return n, err
	}
	return r.Write([]byte(s))
}

// The interfaces that the writers of net/http have beyond http.ResponseWriter. A
// program may ask for each, so each is there exactly if the writer below has it.
type (
	flusher  struct{ r *response }
	hijacker struct{ r *response }
	filler   struct{ r *response }
)

// Flush implements http.Flusher.
func (f flusher) Flush() {
	f.r.began(http.StatusOK)
	f.r.ResponseWriter.(http.Flusher).Flush()
}

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.r.ResponseWriter.(http.Hijacker).Hijack()
	h.r.hijacked = h.r.hijacked || err == nil
	return conn, rw, err
}

// ReadFrom implements io.ReaderFrom: what is not kept goes its own way, which may be
// from a file to the network without us.
func (f filler) ReadFrom(src io.Reader) (n int64, err error) {
	f.r.began(http.StatusOK)
	if room := f.r.got.room(); room > 0 {
		n, err = io.Copy(struct{ io.Writer }{f.r}, io.LimitReader(src, int64(room)))
		if err != nil || n < int64(room) {
			return n, err
		}
	}
	rest, err := f.r.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
	f.r.got.skip(rest)
	return n + rest, err
}

// dressed returns the writer with the interfaces of the one below.
func (r *response) dressed() http.ResponseWriter {
	_, flush := r.ResponseWriter.(http.Flusher)
	_, hijack := r.ResponseWriter.(http.Hijacker)
	_, fill := r.ResponseWriter.(io.ReaderFrom)
	push, _ := r.ResponseWriter.(http.Pusher)
	f, h, rf := flusher{r}, hijacker{r}, filler{r}
	switch {
	case push != nil && flush: // HTTP/2
		return struct {
			*response
			flusher
			http.Pusher
		}{r, f, push}
	case flush && hijack && fill: // HTTP/1.1
		return struct {
			*response
			flusher
			hijacker
			filler
		}{r, f, h, rf}
	case flush && hijack:
		return struct {
			*response
			flusher
			hijacker
		}{r, f, h}
	case flush && fill:
		return struct {
			*response
			flusher
			filler
		}{r, f, rf}
	case hijack && fill:
		return struct {
			*response
			hijacker
			filler
		}{r, h, rf}
	case flush:
		return struct {
			*response
			flusher
		}{r, f}
	case hijack:
		return struct {
			*response
			hijacker
		}{r, h}
	case fill:
		return struct {
			*response
			filler
		}{r, rf}
	}
	return r
}
