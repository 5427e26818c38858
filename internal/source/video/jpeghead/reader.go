package jpeghead

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is wrapped when a file is longer than it may be.
var ErrTooLarge = errors.New("larger than allowed")

// Reader reads JPEG files that follow each other, such as an MJPEG file. What is
// between them is passed over.
type Reader struct {
	r    *bufio.Reader
	most int
}

// NewReader returns a reader of files of at most most bytes each.
func NewReader(r io.Reader, most int) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), most: most}
}

// Next returns the next file, which is the caller's. It returns io.EOF at the end, and
// io.ErrUnexpectedEOF if that comes in the middle of a file.
func (r *Reader) Next() ([]byte, error) {
	if err := r.seek(); err != nil {
		return nil, err
	}
	f := &file{r: r.r, most: r.most, data: append(make([]byte, 0, 64<<10), 0xff, soi)}
	if err := f.read(); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return f.data, nil
}

// seek passes over everything up to and with the next start of image.
func (r *Reader) seek() error {
	var last byte
	for {
		b, err := r.r.ReadByte()
		if err != nil {
			return err
		}
		if last == 0xff && b == soi {
			return nil
		}
		last = b
	}
}

// file is one that is being read.
type file struct {
	r    *bufio.Reader
	most int
	data []byte
}

func (f *file) read() error {
	for {
		marker, err := f.marker()
		switch {
		case err != nil:
			return err
		case marker == eoi:
			return nil
		case marker == tem || marker >= rst0 && marker <= soi:
			continue
		}
		if err := f.segment(); err != nil {
			return err
		}
		if marker == sos {
			if err := f.scan(); err != nil {
				return err
			}
		}
	}
}

// next takes one byte over.
func (f *file) next() (byte, error) {
	if len(f.data) >= f.most {
		return 0, fmt.Errorf("read a JPEG file: %w: %d bytes", ErrTooLarge, f.most)
	}
	b, err := f.r.ReadByte()
	if err == nil {
		f.data = append(f.data, b)
	}
	return b, err
}

// marker takes a marker over.
func (f *file) marker() (byte, error) {
	b, err := f.next()
	if err == nil && b != 0xff {
		return 0, fmt.Errorf("%w: no marker at byte %d", ErrFormat, len(f.data)-1)
	}
	for err == nil && b == 0xff {
		b, err = f.next()
	}
	return b, err
}

// segment takes the length and the body of a segment over.
func (f *file) segment() error {
	high, err := f.next()
	if err != nil {
		return err
	}
	low, err := f.next()
	if err != nil {
		return err
	}
	length := int(high)<<8 + int(low) - 2
	if length < 0 || len(f.data)+length > f.most {
		return fmt.Errorf("%w: a segment of %d bytes", ErrFormat, length)
	}
	at := len(f.data)
	f.data = append(f.data, make([]byte, length)...)
	_, err = io.ReadFull(f.r, f.data[at:])
	return err
}

// scan takes entropy-coded data over, up to the marker that ends it, which it leaves
// there.
func (f *file) scan() error {
	for {
		if _, err := f.r.Peek(2); err != nil {
			return err
		}
		ahead, _ := f.r.Peek(f.r.Buffered()) // cannot fail: it is there
		n := bytes.IndexByte(ahead, 0xff)
		switch {
		case n < 0:
			n = len(ahead)
		case n == 0 && (ahead[1] == 0 || ahead[1] >= rst0 && ahead[1] < soi):
			n = 2 // a stuffed byte or a restart
		case n == 0 && ahead[1] == 0xff:
			n = 1 // fill
		case n == 0:
			return nil
		}
		if len(f.data)+n > f.most {
			return fmt.Errorf("read a JPEG file: %w: %d bytes", ErrTooLarge, f.most)
		}
		f.data = append(f.data, ahead[:n]...)
		_, _ = f.r.Discard(n)
	}
}
