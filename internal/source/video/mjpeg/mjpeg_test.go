package mjpeg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBoundary(t *testing.T) {
	for _, test := range [][3]string{
		{"multipart/x-mixed-replace; boundary=frame", "multipart/x-mixed-replace", "frame"},
		{`Multipart/X-Mixed-Replace;boundary="--my boundary"`, "multipart/x-mixed-replace", "--my boundary"},
		{"multipart/x-mixed-replace;boundary=a:b=c", "multipart/x-mixed-replace", "a:b=c"},
		{"multipart/x-mixed-replace", "multipart/x-mixed-replace", ""},
		{"multipart/x-mixed-replace; boundary=" + strings.Repeat("x", 300), "multipart/x-mixed-replace", ""},
		{"image/jpeg", "image/jpeg", ""}, {"", "", ""},
	} {
		if kind, boundary := Boundary(test[0]); kind != test[1] || boundary != test[2] {
			t.Errorf("%q: %q, %q", test[0], kind, boundary)
		}
	}
}

// TestStyles reads real connections to cameras of many makes.
func TestStyles(t *testing.T) {
	for name, style := range map[string]cameras.Style{
		"proper":                  {},
		"no length":               {NoLength: true},
		"LF":                      {LF: true},
		"LF, no length":           {LF: true, NoLength: true},
		"dashes in the header":    {ContentType: "multipart/x-mixed-replace; boundary=--frame"},
		"dashes only in header":   {ContentType: "multipart/x-mixed-replace; boundary=--frame", Delimiter: "frame"},
		"quoted":                  {ContentType: `multipart/x-mixed-replace; boundary="a b"`, Delimiter: "--a b"},
		"missing":                 {ContentType: "multipart/x-mixed-replace", Delimiter: "--unknown"},
		"missing, no length":      {ContentType: "multipart/x-mixed-replace", Delimiter: "--unknown", NoLength: true},
		"octets":                  {ContentType: "application/octet-stream", Delimiter: "--ffmpeg"},
		"characters to be quoted": {ContentType: "multipart/x-mixed-replace;boundary=x:y=z", Delimiter: "--x:y=z"},
	} {
		t.Run(name, func(t *testing.T) {
			c := cameras.StartMJPEG(t, 100, style)
			s, err := cameras.Run(t, New(Options{}).Camera(video.Capture{URL: c.URL()}), 5)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range s.Frames() {
				if f.FourCC != video.MJPG || f.Width != 320 || f.Height != 240 || !bytes.Equal(f.Data, cameras.Picture(uint64(i+1))) {
					t.Errorf("frame %d: %s, %d x %d, %d bytes", i, f.FourCC, f.Width, f.Height, len(f.Data))
				}
			}
		})
	}
}

func TestSnapshots(t *testing.T) {
	c := cameras.StartMJPEG(t, 1, cameras.Style{})
	cam := New(Options{}).Camera(video.Capture{URL: c.SnapshotURL(), Interval: video.Interval{Numerator: 1, Denominator: 50}})
	s, err := cameras.Run(t, cam, 4)
	if err != nil || len(s.Frames()) < 4 || c.Requests.Load() < 4 {
		t.Errorf("%d frames in %d requests, %v", len(s.Frames()), c.Requests.Load(), err)
	}
}

// answer runs a camera that gives one answer.
func answer(t *testing.T, status int, kind, body string, opts Options) (*cameras.Sink, error) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	return cameras.Run(t, New(opts).Camera(video.Capture{URL: strings.Replace(srv.URL, "://", "://user:s3cret@", 1)}), 1000)
}

func TestBadCameras(t *testing.T) {
	const multi = "multipart/x-mixed-replace; boundary=b"
	picture := string(cameras.Picture(1))
	part := func(length int, body string) string {
		return fmt.Sprintf("--b\r\nContent-Length: %d\r\n\r\n%s\r\n", length, body)
	}
	for name, test := range map[string]struct {
		status     int
		kind, body string
		want       error
		frames     int
	}{
		"wants a password": {401, "text/html", "", nil, 0},
		"is a web page":    {200, "text/html", "<html>", video.ErrUnsupported, 0},
		"ends":             {200, multi, part(len(picture), picture), io.EOF, 1},
		"ends properly":    {200, multi, part(len(picture), picture) + "--b--\r\n", io.EOF, 1},
		"is cut short":     {200, multi, part(len(picture)+10, picture[:50]), io.ErrUnexpectedEOF, 0},
		"no boundary":      {200, multi, strings.Repeat("x", 70_000), ErrTooLarge, 0},
		"no boundary line": {200, multi, strings.Repeat("x\n", 70_000), ErrFormat, 0},
		"long header":      {200, multi, "--b\r\n" + strings.Repeat("X: y\r\n", 3000), ErrTooLarge, 0},
		"large part":       {200, multi, part(1<<30, picture), ErrTooLarge, 0},
		"endless part":     {200, multi, "--b\r\n\r\n" + strings.Repeat("x", 300_000), ErrTooLarge, 0},
		"no pictures":      {200, multi, strings.Repeat(part(3, "abc"), 40), ErrFormat, 0},
		"some rubbish":     {200, multi, part(3, "abc") + part(len(picture), picture) + part(2, "xy"), io.EOF, 1},
		"other parts":      {200, multi, "--b\r\nContent-Type: audio/basic\r\n\r\nnoise\r\n" + part(len(picture), picture), io.EOF, 1},
		"a large single":   {200, "image/jpeg", picture + strings.Repeat("x", 300_000), ErrTooLarge, 0},
	} {
		s, err := answer(t, test.status, test.kind, test.body, Options{MaxFrame: 100_000})
		if err == nil || test.want != nil && !errors.Is(err, test.want) || len(s.Frames()) != test.frames {
			t.Errorf("%s: %d frames, %v", name, len(s.Frames()), err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the password is told: %v", name, err)
		}
	}
	cam := New(Options{}).Camera(video.Capture{URL: "http://user:s3cret@127.0.0.1:1/"})
	if err := cam.Run(t.Context(), &cameras.Sink{}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestPassword makes sure that it is used.
func TestPassword(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != "u" || p != "p" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(cameras.Picture(1))
	}))
	defer srv.Close()
	if _, err := cameras.Run(t, New(Options{}).Camera(video.Capture{URL: strings.Replace(srv.URL, "://", "://u:p@", 1)}), 1); err != nil {
		t.Error(err)
	}
}

// TestRedirectsStayOnTheWeb follows a redirection, and not one from TLS to none.
func TestRedirectsStayOnTheWeb(t *testing.T) {
	c := cameras.StartMJPEG(t, 50, cameras.Style{})
	to := c.URL()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	plain, safe := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer safe.Close()
	if _, err := cameras.Run(t, New(Options{}).Camera(video.Capture{URL: plain.URL}), 1); err != nil {
		t.Error(err)
	}
	b := New(Options{Transport: safe.Client().Transport})
	if _, err := cameras.Run(t, b.Camera(video.Capture{URL: safe.URL}), 1); err == nil || !strings.Contains(err.Error(), "redirected") {
		t.Errorf("from TLS to none: %v", err)
	}
	safe.Client().CloseIdleConnections()
}

func TestValidate(t *testing.T) {
	b := New(Options{})
	for _, bad := range []video.Capture{
		{}, {URL: "rtsp://h/"}, {URL: "http://"}, {URL: "://"}, {URL: "http://h/", Format: video.Format{FourCC: video.H264}},
	} {
		if len(b.Validate(bad)) != 1 {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if list := b.Validate(video.Capture{URL: "https://u:p@h:1/x?y=z", Format: video.Format{FourCC: video.MJPG}}); len(list) > 0 {
		t.Errorf("%+v", list)
	}
}

// TestReaderByteByByte reads a stream that arrives as slowly as can be.
func TestReaderByteByByte(t *testing.T) {
	const text = "preamble\r\n--b\r\nContent-Type: Image/JPEG; x=y\r\ncontent-length: 3\r\n\r\nabc\r\n--b\r\n\r\nd\r\n\r\n--bad\r\n--b\n\n\r\n--b--\r\n"
	for _, boundary := range []string{"b", "--b"} {
		r := NewReader(iotest.OneByteReader(strings.NewReader(text)), boundary, 100)
		for i, want := range []string{"image/jpeg abc", " d\r\n\r\n--bad", " "} {
			p, err := r.Next()
			if err != nil || p.Type+" "+string(p.Data) != want {
				t.Errorf("part %d: %q %q, %v", i, p.Type, p.Data, err)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\nxyz\r\n--b--\r\n"), "b")
	f.Add([]byte("--x\n\n\n--x\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, boundary string) {
		r := NewReader(bytes.NewReader(data), boundary, 64)
		for range len(data) + 1 {
			p, err := r.Next()
			if err != nil {
				return
			}
			if len(p.Data) > 66 {
				t.Fatalf("a part of %d bytes", len(p.Data))
			}
		}
		t.Fatal("more parts than bytes")
	})
}
