package ota

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 7.10: 201 with what was stored; version and build_id are what the image says,
// else null.
func TestUpload(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	data := bundle{version: "1.4.0", build: "77"}.make(t)
	r := upload(b.Device, data, "X-Helios-Upload-Bytes", fmt.Sprint(len(data)))
	members(t, "the answer", r.Body, "filename", "size_bytes", "sha256", "image_url", "version", "build_id")
	got := read[wire.OtaUploadResult](t, r, http.StatusCreated)
	if got.Filename != "image.bin" || got.SizeBytes != uint64(len(data)) || got.SHA256 != sumOf(data) || *got.Version != "1.4.0" || *got.BuildID != "77" {
		t.Errorf("got %s", r.Body)
	}
	path, isFile := strings.CutPrefix(got.ImageURL, "file://")
	if stored, err := os.ReadFile(path); !isFile || err != nil || sumOf(stored) != got.SHA256 {
		t.Errorf("%s: %v", got.ImageURL, err)
	}
	// What it says is not believed unless it is authentic.
	untrusted := uploaded(t, b.Device, bundle{version: "9", signer: 8}.make(t))
	if untrusted.Version != nil || untrusted.BuildID != nil || untrusted.ImageURL == got.ImageURL {
		t.Errorf("got %+v", untrusted)
	}
	// 7.10: GET /ota/state accounts for them.
	st := state(t, b.Device).Storage.Uploads
	if want := got.SizeBytes + untrusted.SizeBytes; st.UsageBytes != want || st.RemainingBytes != st.QuotaBytes-want || st.Path != filepath.Dir(path) || st.AvailableBytes == 0 {
		t.Errorf("uploads: %+v, want %d", st, want)
	}
}

// 7.10: 400 bad form or size mismatch. Nothing is kept.
func TestBadUploads(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	good := form(part{"file", "x", "data"})
	for _, test := range []struct {
		what, body string
		headers    []string
		text       string
	}{
		{"too few bytes", good, []string{"X-Helios-Upload-Bytes", "5"}, "size mismatch"},
		{"too many bytes", good, []string{"X-Helios-Upload-Bytes", "3"}, "size mismatch"},
		{"no bytes announced", good, []string{"X-Helios-Upload-Bytes", "0"}, "size mismatch"},
		{"no number", good, []string{"X-Helios-Upload-Bytes", "many"}, "x-helios-upload-bytes"},
		{"a negative number", good, []string{"X-Helios-Upload-Bytes", "-1"}, "x-helios-upload-bytes"},
		{"no form", "{}", []string{"Content-Type", "application/json"}, "multipart/form-data"},
		{"no boundary", good, []string{"Content-Type", "multipart/form-data"}, "multipart/form-data"},
		{"another boundary", good, []string{"Content-Type", "multipart/form-data; boundary=other"}, "exactly one part"},
		{"nothing", "", nil, "exactly one part"},
		{"no part", form(), nil, "exactly one part"},
		{"another name", form(part{"image", "x", "data"}), nil, "exactly one part"},
		{"two parts", form(part{"file", "x", "data"}, part{"file", "y", "data"}), nil, "exactly one part"},
		{"a further field", form(part{"file", "x", "data"}, part{"note", "", "data"}), nil, "exactly one part"},
		{"an empty file", form(part{"file", "x", ""}), nil, "empty"},
		{"no end", strings.TrimSuffix(good, "--"+boundary+"--\r\n"), nil, ""},
		{"no end of the part", good[:len(good)-40], nil, ""},
	} {
		headers := test.headers
		if len(headers) == 0 || headers[0] != "Content-Type" {
			headers = append([]string{"Content-Type", "multipart/form-data; boundary=" + boundary}, headers...)
		}
		refused(t, test.what, b.Ask(http.MethodPost, "/v1/ota/upload", test.body, headers...), http.StatusBadRequest, test.text)
	}
	nothingKept(t, b.Device)
}

func nothingKept(t *testing.T, d *device.Device) {
	t.Helper()
	up := state(t, d).Storage.Uploads
	left, err := os.ReadDir(up.Path)
	if err != nil || len(left) != 0 || up.UsageBytes != 0 {
		t.Errorf("kept: %v, %v, usage %d", left, err, up.UsageBytes)
	}
}

// A connection that breaks during an upload leaves nothing.
func TestBrokenUpload(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	body := form(part{"file", "x", string(image("1", imageBytes))})
	fmt.Fprintf(conn, "POST /v1/ota/upload HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n%s",
		b.Addr(), boundary, len(body), body[:len(body)/2])
	dir := state(t, b.Device).Storage.Uploads.Path
	parts := func() int {
		entries, _ := os.ReadDir(dir)
		return len(entries)
	}
	device.Poll(t, "the upload to begin", func() bool { return parts() == 1 })
	_ = conn.Close()
	device.Poll(t, "the part to be removed", func() bool { return parts() == 0 })
	nothingKept(t, b.Device)
}

// 7.10: 413 too large, with and without an announced size; 507 when there is no
// room for it.
func TestUploadBounds(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{ota: "  max_image_bytes: 1000\n  quota_bytes: 1500\n  max_uploads: 3"})
	large := make([]byte, 1001)
	refused(t, "too large", upload(b.Device, large), http.StatusRequestEntityTooLarge, "too large")
	refused(t, "too large and announced", upload(b.Device, large, "X-Helios-Upload-Bytes", "1001"), http.StatusRequestEntityTooLarge, "too large")
	nothingKept(t, b.Device)
	uploaded(t, b.Device, large[:1000])
	refused(t, "over the quota", upload(b.Device, large[:501]), http.StatusInsufficientStorage, "no room left")
	refused(t, "over the quota and announced", upload(b.Device, large[:501], "X-Helios-Upload-Bytes", "501"), http.StatusInsufficientStorage, "no room left")
	uploaded(t, b.Device, large[:400])
	uploaded(t, b.Device, large[:50])
	refused(t, "one too many", upload(b.Device, large[:1]), http.StatusInsufficientStorage, "too many uploads")
	if up := state(t, b.Device).Storage.Uploads; up.UsageBytes != 1450 || up.QuotaBytes != 1500 || up.RemainingBytes != 50 {
		t.Errorf("uploads: %+v", up)
	}
}

// 7.10: 507 when the disk is full.
func TestUploadToAFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("mounting a small disk needs root")
		}
		t.Skip("mounting a small disk needs root")
	}
	disk := t.TempDir()
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=512k,mode=0700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	b := newBoard(t, setup{stateDir: filepath.Join(disk, "state")})
	refused(t, "a disk that is too small", upload(b.Device, image("1", imageBytes)), http.StatusInsufficientStorage, "no room left")
	nothingKept(t, b.Device)
	uploaded(t, b.Device, []byte("a small one"))
}
