package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"net"
	"net/http"
	"time"
)

// camera is an HTTP camera on loopback (Motion JPEG) whose frames say when they were
// sent, so that their way can be measured.
type camera struct {
	url    string
	server *http.Server
	rate   int
	base   []byte // the picture, as JPEG
}

// startCamera starts a camera that sends 1280 x 720 pixels at a rate.
func startCamera(rate int) (*camera, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &camera{url: "http://" + l.Addr().String() + "/", rate: rate}
	if c.base, err = scene(1280, 720); err != nil {
		return nil, err
	}
	c.server = &http.Server{Handler: http.HandlerFunc(c.serve)}
	go func() { _ = c.server.Serve(l) }()
	return c, nil
}

func (c *camera) stop() { _ = c.server.Close() }

func (c *camera) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
	tick := time.NewTicker(time.Second / time.Duration(c.rate))
	defer tick.Stop()
	flush := http.NewResponseController(w)
	var part []byte
	for seq := uint64(1); ; seq++ {
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
		part = fmt.Appendf(part[:0], "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(c.base)+stampSize)
		part = appendStamped(part, c.base, seq, time.Now())
		part = append(part, "\r\n"...)
		if _, err := w.Write(part); err != nil {
			return
		}
		if flush.Flush() != nil {
			return
		}
	}
}

// stampSize is the size of a comment segment with two numbers.
const stampSize = 4 + 16

// appendStamped appends a JPEG with a comment (COM) that has its number and a time.
func appendStamped(dst, base []byte, seq uint64, at time.Time) []byte {
	dst = append(dst, base[:2]...)
	dst = append(dst, 0xff, 0xfe, 0, stampSize-2)
	dst = binary.BigEndian.AppendUint64(dst, seq)
	dst = binary.BigEndian.AppendUint64(dst, uint64(at.UnixNano()))
	return append(dst, base[2:]...)
}

// stampOf reads what appendStamped has written.
func stampOf(data []byte) (seq uint64, at time.Time, ok bool) {
	if len(data) < 2+stampSize || !bytes.Equal(data[:6], []byte{0xff, 0xd8, 0xff, 0xfe, 0, stampSize - 2}) {
		return 0, at, false
	}
	return binary.BigEndian.Uint64(data[6:]), time.Unix(0, int64(binary.BigEndian.Uint64(data[14:]))), true
}

// scene returns a picture with as much detail as that of a camera, as JPEG.
func scene(width, height int) ([]byte, error) {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	noise := uint32(1)
	for y := range height {
		for x := range width {
			noise = noise*1664525 + 1013904223
			wave := 60 * math.Sin(float64(x)/17) * math.Cos(float64(y)/23)
			img.Y[y*img.YStride+x] = byte(128 + wave + float64(noise>>28) - 8)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(100+i%64), byte(160-i/img.CStride%64)
	}
	var w bytes.Buffer
	err := jpeg.Encode(&w, img, &jpeg.Options{Quality: 80})
	return w.Bytes(), err
}
