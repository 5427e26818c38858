package cameras

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Style is how a camera writes its parts.
type Style struct {
	// ContentType is the header; "" means a proper one with the boundary "frame".
	ContentType string
	// Delimiter is the line between parts; "" means "--frame".
	Delimiter string
	// NoLength leaves Content-Length out.
	NoLength bool
	// LF ends lines without a carriage return.
	LF bool
}

// MJPEG is an HTTP camera on loopback. The pictures are 320 x 240, all of one
// brightness, which rises by one from frame to frame.
type MJPEG struct {
	t     testing.TB
	style Style
	every time.Duration
	addr  string
	srv   *http.Server
	end   context.CancelFunc
	done  chan struct{}
	mu    sync.Mutex
	conns map[net.Conn]bool
	// Served counts the frames that were written.
	Served atomic.Uint64
	// Requests counts the requests.
	Requests atomic.Uint64
}

// StartMJPEG starts a camera with a frame rate, which is stopped when the test ends.
func StartMJPEG(t testing.TB, fps int, style Style) *MJPEG {
	t.Helper()
	if style.ContentType == "" {
		style.ContentType = "multipart/x-mixed-replace; boundary=frame"
	}
	if style.Delimiter == "" {
		style.Delimiter = "--frame"
	}
	c := &MJPEG{t: t, style: style, every: time.Second / time.Duration(fps), addr: "127.0.0.1:0"}
	t.Cleanup(c.Kill)
	c.Restart()
	return c
}

// URL returns where the camera is.
func (c *MJPEG) URL() string { return "http://" + c.addr + "/stream" }

// SnapshotURL returns where it gives single pictures.
func (c *MJPEG) SnapshotURL() string { return "http://" + c.addr + "/snapshot" }

// Restart starts the camera again after Kill, on the same port.
func (c *MJPEG) Restart() {
	c.t.Helper()
	l, err := net.Listen("tcp", c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	c.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	c.conns = map[net.Conn]bool{}
	c.mu.Unlock()
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", c.stream)
	mux.HandleFunc("/snapshot", c.snapshot)
	c.srv = &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }, ConnState: c.track}
	c.end, c.done = cancel, make(chan struct{})
	srv, done := c.srv, c.done
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends with Kill
	}()
}

func (c *MJPEG) track(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.conns[conn] = true
	case http.StateClosed:
		delete(c.conns, conn)
	}
}

// Kill ends the camera at once, in the middle of whatever it does. Killing twice is
// allowed.
func (c *MJPEG) Kill() {
	if c.srv == nil {
		return
	}
	c.mu.Lock()
	for conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, as when the power is gone
		}
	}
	c.mu.Unlock()
	c.end()
	_ = c.srv.Close()
	<-c.done
	c.srv = nil
}

// Picture returns frame n as JPEG.
func Picture(n uint64) []byte {
	img := image.NewGray(image.Rect(0, 0, 320, 240))
	for i := range img.Pix {
		img.Pix[i] = byte(n)
	}
	var w bytes.Buffer
	_ = jpeg.Encode(&w, img, nil) // cannot fail
	return w.Bytes()
}

func (c *MJPEG) snapshot(w http.ResponseWriter, _ *http.Request) {
	c.Requests.Add(1)
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(Picture(c.Served.Add(1)))
}

func (c *MJPEG) stream(w http.ResponseWriter, r *http.Request) {
	c.Requests.Add(1)
	w.Header()["Content-Type"] = []string{c.style.ContentType}
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		if err := c.part(w, Picture(c.Served.Add(1))); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func (c *MJPEG) part(w io.Writer, data []byte) error {
	end := "\r\n"
	if c.style.LF {
		end = "\n"
	}
	head := c.style.Delimiter + end + "Content-Type: image/jpeg" + end
	if !c.style.NoLength {
		head += fmt.Sprintf("Content-Length: %d%s", len(data), end)
	}
	_, err := w.Write(append(append([]byte(head+end), data...), end...))
	return err
}
