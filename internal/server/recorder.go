package server

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// slowest is the least speed of a client that reads, in bytes per second, on
// top of the stall timeout: one large write may take its time.
const slowest = 8 << 10

// recorder notes what was answered and gives each write its own deadline, so
// that a client that does not read ends and a long download does not.
type recorder struct {
	http.ResponseWriter
	control  *http.ResponseController
	stall    time.Duration
	status   int
	bytes    int64
	hijacked bool
}

func newRecorder(w http.ResponseWriter, stall time.Duration) *recorder {
	return &recorder{ResponseWriter: w, control: http.NewResponseController(w), stall: stall}
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status; informational ones are not final.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes data on under a deadline.
func (w *recorder) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extend(len(data))
	n, err := w.ResponseWriter.Write(data)
	w.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered, for callers that look for http.Flusher.
func (w *recorder) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *recorder) FlushError() error {
	w.extend(0)
	return w.control.Flush()
}

// Hijack hands the connection over, for callers that look for http.Hijacker.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.control.Hijack()
	if err == nil {
		w.hijacked = true
		if w.status == 0 {
			w.status = http.StatusSwitchingProtocols
		}
	}
	return conn, rw, err
}

// finish gives the last flush, which happens after the handler, its time.
func (w *recorder) finish() {
	if !w.hijacked {
		w.extend(0)
	}
}

func (w *recorder) extend(bytes int) {
	d := w.stall + time.Duration(bytes)*time.Second/slowest
	_ = w.control.SetWriteDeadline(time.Now().Add(d))
}

// started reports whether an answer is under way and cannot be replaced.
func (w *recorder) started() bool { return w.status != 0 || w.hijacked }
