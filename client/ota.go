package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/heliograph/heliograph/client/helios"
)

// ErrCorrupted says that the server has stored something else than what was sent.
var ErrCorrupted = errors.New("the upload was corrupted on its way")

// UploadImage sends an update image of size bytes, which are read from r while
// they are sent, and gives what the server has stored, after comparing its size
// and SHA-256 with those of what was read; a difference is ErrCorrupted. progress,
// which may be nil, is told from another goroutine how many bytes were read so
// far. The caller owns r, which is not read any more after the return.
func (c *Client) UploadImage(ctx context.Context, name string, size int64, r io.Reader, progress func(sent int64)) (helios.OtaUploadResult, error) {
	const path = "/v1/ota/upload"
	op := http.MethodPost + " " + path
	form, err := newImageForm(name, size, r, progress)
	if err != nil {
		return helios.OtaUploadResult{}, fmt.Errorf("%s: %w", op, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint(path, nil), form.body)
	if err != nil {
		return helios.OtaUploadResult{}, fmt.Errorf("%s: %w", op, err)
	}
	req.Header = c.header()
	req.Header.Set("Content-Type", form.contentType)
	req.Header.Set("X-Helios-Upload-Bytes", strconv.FormatInt(size, 10))
	req.ContentLength = form.length
	resp, err := c.http.Do(req)
	form.image.stop()
	if err != nil {
		if form.image.err != nil {
			return helios.OtaUploadResult{}, fmt.Errorf("read the image: %w", form.image.err)
		}
		return helios.OtaUploadResult{}, c.unreachable(ctx, op, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if resp.StatusCode/100 != 2 {
		return helios.OtaUploadResult{}, decodeError(op, resp.StatusCode, resp.Header, data)
	}
	var stored helios.OtaUploadResult
	if err == nil {
		err = json.Unmarshal(data, &stored)
	}
	if err != nil {
		return stored, fmt.Errorf("%s: read the answer: %w", op, err)
	}
	return stored, form.image.compare(stored)
}

// imageForm is a multipart/form-data body of known length with one file.
type imageForm struct {
	body        io.Reader
	image       *sentImage
	length      int64
	contentType string
}

func newImageForm(name string, size int64, r io.Reader, progress func(int64)) (*imageForm, error) {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	if _, err := w.CreateFormFile("file", name); err != nil {
		return nil, err
	}
	foot := "\r\n--" + w.Boundary() + "--\r\n"
	image := &sentImage{from: r, left: size, sum: sha256.New(), progress: progress}
	return &imageForm{
		length:      int64(head.Len()) + size + int64(len(foot)),
		body:        io.MultiReader(&head, image, strings.NewReader(foot)),
		image:       image,
		contentType: w.FormDataContentType(),
	}, nil
}

// sentImage reads an image for the transport, whose goroutine may still read
// when the answer is there.
type sentImage struct {
	mu       sync.Mutex // guards the rest
	from     io.Reader
	left     int64
	sent     int64
	sum      hash.Hash
	progress func(int64)
	stopped  bool
	err      error // of from
}

func (s *sentImage) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return 0, errors.New("the upload has ended")
	case s.left == 0:
		return 0, io.EOF
	}
	n, err := s.from.Read(p[:min(int64(len(p)), s.left)])
	s.sum.Write(p[:n])
	s.left, s.sent = s.left-int64(n), s.sent+int64(n)
	if errors.Is(err, io.EOF) && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	if s.progress != nil && n > 0 {
		s.progress(s.sent)
	}
	return n, err
}

// stop waits for a Read that goes on and makes the next ones fail.
func (s *sentImage) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

func (s *sentImage) compare(stored helios.OtaUploadResult) error {
	sum := hex.EncodeToString(s.sum.Sum(nil))
	if !strings.EqualFold(stored.SHA256, sum) || stored.SizeBytes != uint64(s.sent) || s.left != 0 {
		return fmt.Errorf("%w: %d bytes with SHA-256 %s were sent, %d with %s were stored", ErrCorrupted, s.sent, sum, stored.SizeBytes, stored.SHA256)
	}
	return nil
}
