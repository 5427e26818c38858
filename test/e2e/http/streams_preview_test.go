package http

import (
	"bytes"
	"context"
	"encoding/binary"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video/annexb"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// parts reads a preview of pictures.
type parts struct{ reader *multipart.Reader }

func partsOf(t *testing.T, answer *http.Response) parts {
	t.Helper()
	kind, params, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != 200 || err != nil || kind != "multipart/x-mixed-replace" || params["boundary"] != "frame" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	return parts{multipart.NewReader(answer.Body, "frame")}
}

func (p parts) try() (textproto.MIMEHeader, []byte, error) {
	part, err := p.reader.NextRawPart()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(part)
	return part.Header, data, err
}

// next returns the next picture, which must be one JPEG file of the length told.
func (p parts) next(t *testing.T) []byte {
	t.Helper()
	header, data, err := p.try()
	if err != nil {
		t.Fatal(err)
	}
	if header.Get("Content-Type") != "image/jpeg" || header.Get("Content-Length") != strconv.Itoa(len(data)) {
		t.Fatalf("%v with %d bytes", header, len(data))
	}
	if !bytes.HasPrefix(data, []byte{0xFF, 0xD8}) || !bytes.HasSuffix(data, []byte{0xFF, 0xD9}) {
		t.Fatalf("a part of %d bytes is no JPEG file", len(data))
	}
	return data
}

func widthOf(t *testing.T, data []byte) int {
	t.Helper()
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return c.Width
}

// 7.11: MJPEG is multipart/x-mixed-replace, each part an image/jpeg; it does not end
// while the stream runs.
func TestPreviewPictures(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, pattern(nil))
	answer := open(t, d, streamPath(id, "preview"))
	p := partsOf(t, answer)
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Error("a preview may be cached")
	}
	last := uint32(0)
	for range 60 {
		n := numberOf(t, p.next(t), 320, 240)
		if n <= last {
			t.Fatalf("picture %d comes after %d", n, last)
		}
		last = n
	}
	if n := viewers(t, d, id); n != 1 {
		t.Errorf("%d viewers", n)
	}
	_ = answer.Body.Close()
	device.Poll(t, "the viewer to be gone", func() bool { return viewers(t, d, id) == 0 })
	device.Poll(t, "the camera to stop", func() bool { return infoOf(t, d, id).Runtime.Capture.State == "stopped" })
}

// 7.11: a picture is complete for the client when it arrives, not when the next does.
func TestPreviewPictureIsEnded(t *testing.T) {
	d := start(t)
	m := pattern(nil)
	m["capture"].(object)["interval"] = object{"numerator": 3600, "denominator": 1}
	p := partsOf(t, open(t, d, streamPath(create(t, d, m), "preview")))
	numberOf(t, p.next(t), 320, 240) // the second comes an hour later
}

// 7.11: encoded video is packets of a length and an access unit, with headers that tell
// the format; the first one is a key frame with its parameter sets.
func TestPreviewPackets(t *testing.T) {
	t.Parallel()
	cameras.NeedFFmpeg(t)
	d := start(t)
	id := create(t, d, pattern(object{"encoder": h264(15)}))
	answer := open(t, d, streamPath(id, "preview"))
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	for name, want := range map[string]string{"fourcc": "H264", "format": "h264", "width": "320", "height": "240"} {
		if got := answer.Header.Get("x-encoded-" + name); got != want {
			t.Errorf("x-encoded-%s is %q, want %q", name, got, want)
		}
	}
	keys := 0
	sorter := annexb.Sorter{Codec: annexb.H264}
	for i := range 60 {
		var size [4]byte
		if _, err := io.ReadFull(answer.Body, size[:]); err != nil {
			t.Fatal(err)
		}
		n := binary.LittleEndian.Uint32(size[:])
		if n == 0 || n > 1<<20 {
			t.Fatalf("packet %d of %d bytes", i, n)
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(answer.Body, data); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, []byte{0, 0, 0, 1}) && !bytes.HasPrefix(data, []byte{0, 0, 1}) {
			t.Fatalf("packet %d does not begin with a start code: % x", i, data[:8])
		}
		unit, ok := sorter.Add(data)
		if !ok || i == 0 && !unit.Key || unit.Key && (unit.Width != 320 || unit.Height != 240) {
			t.Fatalf("packet %d: %v %+v", i, ok, unit)
		}
		if unit.Key {
			keys++
		}
	}
	if keys < 3 {
		t.Errorf("%d key frames in 60, want one in 15", keys)
	}
	want := wire.StreamFormat{FourCC: "H264", Format: "h264", Width: 320, Height: 240}
	if f := read[wire.StreamFormat](t, d.Get(streamPath(id, "format"))); f != want {
		t.Errorf("format %+v", f)
	}
	if got := infoOf(t, d, id).PreviewFormat; got != "h264" {
		t.Errorf("preview_format %q", got)
	}
	// 7.11: a still is JPEG also then.
	r := d.Get(streamPath(id, "frame"))
	if r.Status != 200 || r.Header.Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%d %v", r.Status, r.Header)
	}
	numberOf(t, r.Body, 320, 240)
}

// 7.11: a preview ends when the stream is deleted.
func TestPreviewOfDeleted(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	p.next(t)
	if r := d.Ask("DELETE", "/v1/streams/"+id, ""); r.Status != 204 {
		t.Fatalf("%d", r.Status)
	}
	wantEnd(t, p)
	wantEngine(t, "preview", d.Get(streamPath(id, "preview")), 404, "not_found", "NotFound")
}

// wantEnd reads a preview until it ends, which must not take long.
func wantEnd(t *testing.T, p parts) {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		for {
			if _, _, err := p.try(); err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		if !strings.Contains(err.Error(), "EOF") {
			t.Errorf("the preview ends with %v", err)
		}
	case <-time.After(device.Patience):
		t.Fatal("the preview goes on")
	}
}

// A server that stops ends the previews, and does not wait for them.
func TestPreviewOfStoppedServer(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	p.next(t)
	began := time.Now()
	d.Terminate()
	wantEnd(t, p)
	d.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the server has taken %s to stop", took)
	}
}

// A client that does not read is ended, and holds nobody up.
func TestPreviewStalled(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Config: "limits:\n  stall_timeout: 1s\n"})
	m := pattern(object{"preview_jpeg_quality": 100})
	m["capture"].(object)["mode"] = object{"format": object{"code": "MJPG", "resolution": object{"width": 1280, "height": 720}, "color": "Srgb"}}
	id := create(t, d, m)
	c, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	if _, err := io.WriteString(c, "GET "+streamPath(id, "preview")+" HTTP/1.1\r\nHost: "+d.Addr()+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	device.Poll(t, "both to watch", func() bool { p.next(t); return viewers(t, d, id) == 2 })
	device.PollFor(t, 2*time.Minute, "the one that reads nothing to be ended", func() bool { p.next(t); return viewers(t, d, id) == 1 })
	last := numberOf(t, p.next(t), 1280, 720)
	for range 5 {
		n := numberOf(t, p.next(t), 1280, 720)
		if n <= last {
			t.Errorf("picture %d comes after %d", n, last)
		}
		last = n
	}
}

// A client that reads slowly gets new pictures, not all pictures.
func TestPreviewSlow(t *testing.T) {
	t.Parallel()
	d := start(t)
	m := pattern(object{"preview_jpeg_quality": 100})
	m["capture"].(object)["mode"] = object{"format": object{"code": "MJPG", "resolution": object{"width": 1920, "height": 1080}, "color": "Srgb"}}
	id := create(t, d, m)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(16 << 10)
	slow := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil }}}
	answer, err := slow.Get(d.URL + streamPath(id, "preview"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	p := partsOf(t, answer)
	first := numberOf(t, p.next(t), 1920, 1080)
	fast := partsOf(t, open(t, d, streamPath(id, "preview")))
	for range 150 {
		fast.next(t)
	}
	now := numberOf(t, fast.next(t), 1920, 1080)
	if now < first+150 {
		t.Fatalf("picture %d comes 150 after %d", now, first)
	}
	// What was on its way may be old; then comes a new one.
	shown := []uint32{}
	device.Poll(t, "a new picture", func() bool {
		n := numberOf(t, p.next(t), 1920, 1080)
		shown = append(shown, n)
		return n >= now
	})
	if len(shown) > 100 {
		t.Errorf("the slow client got %d pictures that it was too late for: %v", len(shown), shown)
	}
}

// Many previews share the encoded pictures; one more than allowed is refused.
func TestPreviewCrowd(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	const most = 128
	var all sync.WaitGroup
	pictures := make([][]byte, 0, most)
	var mu sync.Mutex
	for range most {
		answer := open(t, d, streamPath(id, "preview"))
		all.Go(func() {
			p := partsOf(t, answer)
			for range 3 {
				if _, data, err := p.try(); err == nil {
					mu.Lock()
					pictures = append(pictures, data)
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	if len(pictures) != 3*most {
		t.Errorf("%d pictures arrived", len(pictures))
	}
	wantEngine(t, "one more", d.Get(streamPath(id, "preview")), 503, "busy", "Busy")
	m := read[wire.StreamMetrics](t, d.Get(streamPath(id, "metrics")))
	if m.FrameDemand == nil || m.FrameDemand.HostReceiverCount != most {
		t.Errorf("%+v", m.FrameDemand)
	}
}

// 7.11: no preview of what is not there: 404.
func TestPreviewAbsent(t *testing.T) {
	d := start(t)
	id := create(t, d, captured("V4l2", object{"V4l2": object{"path": "/dev/video63"}}, nil))
	pattern := create(t, d, pattern(nil))
	for _, path := range []string{
		streamPath(id, "preview"), streamPath(id, "frame"), streamPath(someID, "preview"), streamPath(someID, "frame"),
		streamPath(someID, "format"), streamPath(someID, "metrics"), streamPath(someID, "controls"), streamPath(someID, "pipeline/outputs"),
		streamPath(pattern, "preview?output=nope"), streamPath(pattern, "format?output=nope"), streamPath(pattern, "preview?pipeline="+someID),
	} {
		wantEngine(t, path, d.Get(path), 404, "not_found", "NotFound")
	}
	wantEngine(t, "twice", d.Get(streamPath(pattern, "preview?output=a&output=b")), 400, "invalid_input", "InvalidInput")
	wantEngine(t, "no id", d.Get(streamPath(pattern, "preview?pipeline=x")), 400, "invalid_input", "InvalidInput")
	raw := partsOf(t, open(t, d, streamPath(pattern, "preview?pipeline="+wire.PipelineRaw+"&output=raw")))
	numberOf(t, raw.next(t), 320, 240)
	device.Poll(t, "the state of the absent camera", func() bool {
		s := infoOf(t, d, id).Status
		return s.State == "disabled" && s.DisabledReason != "" && s.DisabledSinceMS != nil
	})
}

// 7.11: a still of a stream that nobody watches, twice: the second one is newer.
func TestStill(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, pattern(nil))
	r := d.Get(streamPath(id, "frame"))
	if r.Status != 200 || r.Header.Get("Content-Type") != "image/jpeg" || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", r.Status, r.Header)
	}
	first := numberOf(t, r.Body, 320, 240)
	device.Poll(t, "a newer picture", func() bool { return numberOf(t, d.Get(streamPath(id, "frame")).Body, 320, 240) != first })
	device.Poll(t, "the camera to stop", func() bool { return infoOf(t, d, id).Runtime.Capture.State == "stopped" })
}

// 7.11: the format is known before the first frame where the manifest says it.
func TestStreamFormat(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	var raw object
	d.JSON(d.Get(streamPath(id, "format")), &raw)
	keys(t, "format", raw, "fourcc", "format", "width", "height")
	want := wire.StreamFormat{FourCC: "MJPG", Format: "mjpeg", Width: 320, Height: 240}
	if f := read[wire.StreamFormat](t, d.Get(streamPath(id, "format"))); f != want {
		t.Errorf("%+v", f)
	}
	unknown := create(t, d, captured("Netcam", object{"Netcam": object{"url": "http://127.0.0.1:1/"}}, nil))
	if f := read[wire.StreamFormat](t, d.Get(streamPath(unknown, "format"))); f.Format != "unknown" {
		t.Errorf("%+v", f)
	}
}

// 7.11: streams are not recorded here, which is told in the form of the protocol.
func TestRecording(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	for _, verb := range []string{"start", "stop"} {
		wantEngine(t, verb, d.Post(streamPath(id, "recording/"+verb), ""), 501, "unimplemented", "Unimplemented")
		wantEngine(t, verb, d.Post(streamPath(someID, "recording/"+verb), ""), 404, "not_found", "NotFound")
	}
}
