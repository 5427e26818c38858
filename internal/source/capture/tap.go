package capture

import (
	"io"
	"sync"
)

// tap copies the first bytes that are read from a body. It is safe to look at it
// while it is read.
type tap struct {
	io.ReadCloser
	limit int
	over  func() // called once, when the body has ended or was closed; may be nil

	mu    sync.Mutex
	kept  []byte
	total int64
	ended bool // its end was reached
	told  bool
}

func newTap(body io.ReadCloser, length int64, limit int, over func()) *tap {
	t := &tap{ReadCloser: body, limit: limit, over: over}
	if n := min(length, int64(limit)); n > 0 {
		t.kept = make([]byte, 0, n)
	}
	return t
}

// Read implements io.Reader.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(n)
	if room := t.limit - len(t.kept); room > 0 {
		t.kept = append(t.kept, p[:min(n, room)]...)
	}
	t.ended = t.ended || err == io.EOF
	return n, err
}

// Close implements io.Closer.
func (t *tap) Close() error {
	err := t.ReadCloser.Close()
	t.tell()
	return err
}

func (t *tap) tell() {
	t.mu.Lock()
	told := t.told
	t.told = true
	t.mu.Unlock()
	if !told && t.over != nil {
		t.over()
	}
}

// view returns what was seen so far. The bytes are not written to again.
func (t *tap) view() (kept []byte, total int64, ended bool) {
	if t == nil {
		return nil, 0, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept[:len(t.kept):len(t.kept)], t.total, t.ended
}
