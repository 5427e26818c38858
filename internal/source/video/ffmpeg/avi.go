package ffmpeg

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors of reading AVI.
var (
	errFormat   = errors.New("not an AVI stream")
	errTooLarge = errors.New("larger than allowed")
)

// maxFrame bounds a frame in bytes.
const maxFrame = 32 << 20

// aviReader reads the frames of the first video stream of an AVI that arrives on a
// pipe.
type aviReader struct {
	r     *bufio.Reader
	began bool
}

func newAVIReader(r io.Reader) *aviReader {
	return &aviReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// chunk reads the head of a chunk.
func (a *aviReader) chunk() (id string, size uint32, err error) {
	var head [8]byte
	if _, err := io.ReadFull(a.r, head[:]); err != nil {
		return "", 0, err
	}
	return string(head[:4]), binary.LittleEndian.Uint32(head[4:]), nil
}

// enter reads the kind of a list, which the next chunks are part of.
func (a *aviReader) enter() (string, error) {
	var kind [4]byte
	_, err := io.ReadFull(a.r, kind[:])
	return string(kind[:]), err
}

// begin reads the very first chunk.
func (a *aviReader) begin() error {
	id, _, err := a.chunk()
	if err != nil {
		return err
	}
	kind, err := a.enter()
	if err == nil && (id != "RIFF" || kind != "AVI ") {
		return fmt.Errorf("%w: it begins with %q", errFormat, id+kind)
	}
	a.began = true
	return err
}

// next returns the next frame, which is the caller's. It returns io.EOF at the end of
// the stream and io.ErrUnexpectedEOF if that comes within a frame.
func (a *aviReader) next() ([]byte, error) {
	if !a.began {
		if err := a.begin(); err != nil {
			return nil, err
		}
	}
	for {
		id, size, err := a.chunk()
		if err != nil {
			return nil, err
		}
		padded := int64(size) + int64(size&1)
		switch {
		case id == "LIST" || id == "RIFF":
			// Their size is not known to who writes to a pipe.
			kind, err := a.enter()
			if err != nil {
				return nil, err
			}
			if kind == "INFO" || kind == "hdrl" {
				if err := a.skip(padded - 4); err != nil {
					return nil, err
				}
			}
		case (id == "00dc" || id == "00db") && size > 0:
			return a.frame(size)
		default:
			if err := a.skip(padded); err != nil {
				return nil, err
			}
		}
	}
}

// skip passes over a chunk.
func (a *aviReader) skip(n int64) error {
	if n < 0 || n > maxFrame {
		return fmt.Errorf("%w: a chunk of %d bytes", errFormat, n)
	}
	_, err := a.r.Discard(int(n))
	return err
}

func (a *aviReader) frame(size uint32) ([]byte, error) {
	if size > maxFrame {
		return nil, fmt.Errorf("read a frame: %w: %d bytes", errTooLarge, size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(a.r, data); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if size&1 == 1 {
		// The padding may come with the next frame.
		return data, a.pad()
	}
	return data, nil
}

// pad reads the byte that makes a chunk even. ffmpeg writes it with the chunk; at the
// end of a stream it may be missing.
func (a *aviReader) pad() error {
	_, err := a.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// aviWriter writes frames as an AVI to a pipe.
type aviWriter struct{ w io.Writer }

// aviHeader returns the head of an AVI with one video stream of frames without a number
// that is known.
func aviHeader(fourcc string, width, height, rate, scale uint32) []byte {
	le := binary.LittleEndian
	u32 := func(b []byte, list ...uint32) []byte {
		for _, v := range list {
			b = le.AppendUint32(b, v)
		}
		return b
	}
	chunk := func(id string, body []byte) []byte { return append(u32([]byte(id), uint32(len(body))), body...) }
	list := func(kind string, body []byte) []byte { return chunk("LIST", append([]byte(kind), body...)) }

	main := u32(nil, uint32(1e6*uint64(scale)/uint64(rate)), 0, 0, 0, 0, 0, 1, 0, width, height, 0, 0, 0, 0)
	stream := append([]byte("vids"), fourcc...)
	stream = u32(stream, 0, 0, 0, scale, rate, 0, 0, 0, 0xffffffff, 0, 0, 0)
	format := u32(nil, 40, width, height)
	format = le.AppendUint16(le.AppendUint16(format, 1), 24)
	format = append(format, fourcc...)
	format = u32(format, width*height*3, 0, 0, 0, 0)
	header := list("hdrl", append(chunk("avih", main), list("strl", append(chunk("strh", stream), chunk("strf", format)...))...))
	out := append(u32([]byte("RIFF"), 0xffffffff), "AVI "...)
	out = append(out, header...)
	return append(u32(append(out, "LIST"...), 0xffffffff), "movi"...)
}

// write writes one frame.
func (a *aviWriter) write(data []byte) error {
	head := binary.LittleEndian.AppendUint32([]byte("00dc"), uint32(len(data)))
	if _, err := a.w.Write(head); err != nil {
		return err
	}
	if _, err := a.w.Write(data); err != nil {
		return err
	}
	if len(data)&1 == 1 {
		_, err := a.w.Write([]byte{0})
		return err
	}
	return nil
}
