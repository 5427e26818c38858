package httpcapture

import (
	"errors"
	"io"
	"sync"
)

// sample holds the first bytes of a body and counts all of them. It is safe for
// concurrent use.
type sample struct {
	limit int

	mu    sync.Mutex
	kept  []byte
	total int64
	ended bool  // the end was reached
	err   error // that broke it off
}

// add takes note of bytes that went by.
func (s *sample) add(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += int64(len(p))
	if room := s.limit - len(s.kept); room > 0 {
		s.kept = append(s.kept, p[:min(len(p), room)]...)
	}
}

// skip counts bytes that nobody looked at.
func (s *sample) skip(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += n
}

// room returns how many bytes more would be kept.
func (s *sample) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit - len(s.kept)
}

// end takes note of the end, or of what came instead.
func (s *sample) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended || s.err != nil:
	case err == nil || errors.Is(err, io.EOF):
		s.ended = true
	default:
		s.err = err
	}
}

// seen is what a sample held at a time.
type seen struct {
	kept  []byte
	total int64
	ended bool
	err   error
}

// view returns what was seen so far. The bytes are not written to again.
func (s *sample) view() seen {
	if s == nil {
		return seen{ended: true}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return seen{s.kept[:len(s.kept):len(s.kept)], s.total, s.ended, s.err}
}

// tap is a body that is sampled while it is read.
type tap struct {
	io.ReadCloser
	sample *sample
	over   func() // called after the end, an error, and the close; may be nil
}

// Read implements io.Reader.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.sample.add(p[:max(n, 0)])
	if err != nil {
		t.sample.end(err)
		t.tell()
	}
	return n, err
}

// Close implements io.Closer.
func (t *tap) Close() error {
	err := t.ReadCloser.Close()
	t.tell()
	return err
}

func (t *tap) tell() {
	if t.over != nil {
		t.over()
	}
}

// duplex is the body of a response that changed the protocol: it is written to as
// well.
type duplex struct {
	*tap
	io.Writer
	sent *sample
}

// Write implements io.Writer.
func (d duplex) Write(p []byte) (int, error) {
	n, err := d.Writer.Write(p)
	d.sent.skip(int64(n))
	return n, err
}
