package mjpeg

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
)

// Errors of a [Reader].
var (
	ErrTooLarge = errors.New("larger than allowed")
	ErrFormat   = errors.New("not a multipart stream")
)

const (
	maxHeader   = 8 << 10
	maxLine     = 2 << 10
	maxBoundary = 200
	// maxBetween bounds what is passed over between parts and before the first.
	maxBetween = 64 << 10
	bufferSize = 64 << 10
)

// Reader reads the parts of a multipart stream.
type Reader struct {
	r        *bufio.Reader
	boundary string // with its dashes; empty until it was found
	most     int
	inside   bool // the last part has been read up to the next boundary
}

// NewReader returns a reader of parts of at most most bytes each. boundary is that of
// the Content-Type header, "" if it has none; then the first line that begins with two
// dashes tells.
func NewReader(r io.Reader, boundary string, most int) *Reader {
	m := &Reader{r: bufio.NewReaderSize(r, bufferSize), most: most}
	if boundary != "" {
		m.boundary = "--" + strings.TrimPrefix(boundary, "--")
	}
	return m
}

// Boundary returns the boundary of a Content-Type header, "" if it has none or a bad
// one, and the media type in lower case.
func Boundary(contentType string) (mediaType, boundary string) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		// Boundaries with characters that ought to be quoted.
		head, rest, _ := strings.Cut(contentType, ";")
		mediaType = strings.ToLower(strings.TrimSpace(head))
		if i := strings.Index(strings.ToLower(rest), "boundary="); i >= 0 {
			boundary, _, _ = strings.Cut(rest[i+len("boundary="):], ";")
			boundary = strings.Trim(strings.TrimSpace(boundary), `"`)
		}
	} else {
		boundary = params["boundary"]
	}
	if len(boundary) > maxBoundary {
		boundary = ""
	}
	return mediaType, boundary
}

// Part is one part.
type Part struct {
	Type string // media type in lower case, "" if there is none
	Data []byte // the caller's
}

// Next returns the next part. It returns io.EOF after the last boundary or when the
// stream ends between parts, io.ErrUnexpectedEOF when it ends within one.
func (m *Reader) Next() (Part, error) {
	if !m.inside {
		if err := m.seek(); err != nil {
			return Part{}, err
		}
	}
	m.inside = false
	mediaType, length, err := m.header()
	if err != nil {
		return Part{}, unexpected(err)
	}
	var data []byte
	if length >= 0 {
		if length > m.most {
			return Part{}, fmt.Errorf("read a part: %w: %d bytes", ErrTooLarge, length)
		}
		data, err = m.exactly(length)
	} else {
		data, err = m.upToBoundary()
	}
	if err != nil {
		return Part{}, unexpected(err)
	}
	return Part{Type: mediaType, Data: data}, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// line reads a line without its end.
func (m *Reader) line(most int) (string, error) {
	var all []byte
	for {
		some, err := m.r.ReadSlice('\n')
		if len(all)+len(some) > most {
			return "", fmt.Errorf("read a line: %w", ErrTooLarge)
		}
		all = append(all, some...)
		if err == nil {
			return string(bytes.TrimRight(all, "\r\n")), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}

// seek passes over everything up to and with the next line that is a boundary.
func (m *Reader) seek() error {
	for passed := 0; passed <= maxBetween; {
		line, err := m.line(maxBetween)
		if err != nil {
			return err
		}
		passed += len(line) + 1
		if m.boundary == "" && strings.HasPrefix(line, "--") && len(line) > 2 && len(line) <= maxBoundary {
			m.boundary = strings.TrimRight(line, " \t")
			return nil
		}
		if last, ok := m.isBoundary(line); ok {
			if last {
				return io.EOF
			}
			return nil
		}
	}
	return fmt.Errorf("%w: no boundary in %d bytes", ErrFormat, maxBetween)
}

// isBoundary tells whether a line is the boundary, and whether it is the last one.
func (m *Reader) isBoundary(line string) (last, ok bool) {
	if m.boundary == "" {
		return false, false
	}
	rest, ok := strings.CutPrefix(line, m.boundary)
	if !ok {
		// Some headers have the boundary with dashes that the parts lack.
		rest, ok = strings.CutPrefix(line, strings.TrimPrefix(m.boundary, "--"))
	}
	rest = strings.TrimRight(rest, " \t")
	return rest == "--", ok && (rest == "" || rest == "--")
}

// header reads the lines up to the empty one. length is -1 if there is none.
func (m *Reader) header() (mediaType string, length int, err error) {
	length = -1
	for total := 0; ; {
		line, err := m.line(maxLine)
		if err != nil {
			return "", 0, err
		}
		if line == "" {
			return mediaType, length, nil
		}
		if total += len(line); total > maxHeader {
			return "", 0, fmt.Errorf("read the header of a part: %w", ErrTooLarge)
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "content-type":
			mediaType, _, _ = strings.Cut(strings.ToLower(value), ";")
			mediaType = strings.TrimSpace(mediaType)
		case "content-length":
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				length = n
			}
		}
	}
}

// exactly reads a body of a known length. It grows as bytes arrive: what a header
// promises costs nothing.
func (m *Reader) exactly(length int) ([]byte, error) {
	data := make([]byte, 0, min(length, 256<<10))
	for len(data) < length {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := io.ReadFull(m.r, data[len(data):min(cap(data), length)])
		data = data[:len(data)+n]
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// upToBoundary reads a body that ends where a line begins with the boundary.
func (m *Reader) upToBoundary() ([]byte, error) {
	var data []byte
	begins := true // the next bytes begin a line
	for {
		some, err := m.r.ReadSlice('\n')
		if begins && err == nil {
			if last, ok := m.isBoundary(strings.TrimRight(string(some[:min(len(some), maxBoundary+4)]), "\r\n")); ok {
				m.inside = !last
				data = bytes.TrimSuffix(data, []byte("\n"))
				return bytes.TrimSuffix(data, []byte("\r")), nil
			}
		}
		if len(data)+len(some) > m.most+2 {
			return nil, fmt.Errorf("read a part: %w: %d bytes", ErrTooLarge, m.most)
		}
		data = append(data, some...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		begins = err == nil
	}
}
