package client_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

// storeUploads answers as a server that changes what it stores by spoil.
func storeUploads(s *fakehelios.Server, spoil func([]byte) []byte) {
	s.HTTP("POST /v1/ota/upload", func(w http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			fakehelios.Fail(w, r, 400, "bad_request", err.Error())
			return
		}
		part, err := form.NextPart()
		if err != nil || part.FormName() != "file" || r.ContentLength <= 0 {
			fakehelios.Fail(w, r, 400, "bad_request", "no file")
			return
		}
		data, err := io.ReadAll(part)
		if err != nil {
			fakehelios.Fail(w, r, 400, "bad_request", err.Error())
			return
		}
		data = spoil(data)
		sum := sha256.Sum256(data)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(helios.OtaUploadResult{
			Filename: part.FileName() + " " + r.Header.Get("X-Helios-Upload-Bytes"), SizeBytes: uint64(len(data)), SHA256: hex.EncodeToString(sum[:]),
		})
	})
}

func TestUploadImage(t *testing.T) {
	s := fakehelios.New(t)
	storeUploads(s, func(b []byte) []byte { return b })
	c := dial(t, s, client.Options{})
	image := bytes.Repeat([]byte("image"), 100_000)
	var sent int64
	stored, err := c.UploadImage(t.Context(), `odd "name".img`, int64(len(image)), iotest.HalfReader(bytes.NewReader(image)), func(n int64) {
		if n <= sent {
			t.Errorf("progress from %d to %d", sent, n)
		}
		sent = n
	})
	if err != nil || stored.Filename != `odd "name".img 500000` || sent != int64(len(image)) {
		t.Errorf("%+v, %v; %d bytes told", stored, err, sent)
	}
}

func TestUploadFindsWhatIsWrong(t *testing.T) {
	image := bytes.Repeat([]byte("image"), 10_000)
	whole := func() io.Reader { return bytes.NewReader(image) }
	broken := errors.New("the disk is broken")
	for _, test := range []struct {
		name  string
		spoil func([]byte) []byte
		image io.Reader
		want  error
	}{
		{"a changed byte", func(b []byte) []byte { b[7] ^= 1; return b }, whole(), client.ErrCorrupted},
		{"a lost byte", func(b []byte) []byte { return b[1:] }, whole(), client.ErrCorrupted},
		{"a file that shrank", func(b []byte) []byte { return b }, bytes.NewReader(image[1:]), io.ErrUnexpectedEOF},
		{"a bad disk", func(b []byte) []byte { return b }, io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), broken},
	} {
		s := fakehelios.New(t)
		storeUploads(s, test.spoil)
		c := dial(t, s, client.Options{})
		if _, err := c.UploadImage(t.Context(), "x", int64(len(image)), test.image, nil); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// TestUploadRefused has a server that answers without reading what is sent.
func TestUploadRefused(t *testing.T) {
	s := fakehelios.New(t)
	s.HTTP("POST /v1/ota/upload", func(w http.ResponseWriter, r *http.Request) {
		fakehelios.Fail(w, r, http.StatusInsufficientStorage, "bad_request", "no room left")
	})
	c := dial(t, s, client.Options{})
	_, err := c.UploadImage(t.Context(), "x", 1<<20, bytes.NewReader(make([]byte, 1<<20)), nil)
	var told *client.Error
	if !errors.As(err, &told) || told.Status != http.StatusInsufficientStorage || told.Message != "no room left" {
		t.Errorf("got %v", err)
	}
}
