// Package stripjpeg encodes pictures as JPEG in independent pieces: strips that are
// encoded on several processors, or tiles of which only those are encoded that have
// changed.
//
// The pieces are divided by restart markers (ITU-T T.81, B.2.1), after which an
// encoder begins anew. Each piece is encoded by image/jpeg as a picture of its own,
// and its entropy-coded data is taken over as it is: the tables are the same for all.
package stripjpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"runtime"
	"sync"
)

// mcu is the side of the blocks that a JPEG is made of, in pixels: image/jpeg halves
// the colour both ways.
const mcu = 16

// ErrSize is wrapped for pictures that are empty or have a side of more than 65,535
// pixels.
var ErrSize = errors.New("picture of an impossible size")

// Encoder encodes whole pictures, on all processors. The zero value is ready. It is
// used by one goroutine at a time; what it returns is the caller's.
type Encoder struct {
	strips []strip
}

// strip is the buffer of one worker's piece.
type strip struct {
	buf  bytes.Buffer
	scan []byte
	err  error
}

// minStripRows is how many rows of blocks are worth a goroutine.
const minStripRows = 4

// Encode returns the picture as a baseline JPEG with half the colour resolution,
// quality 1 to 100. *image.YCbCr is cheapest; *image.Gray gives a JPEG without
// colour.
func (e *Encoder) Encode(img image.Image, quality int) ([]byte, error) {
	b := img.Bounds()
	if err := check(b); err != nil {
		return nil, err
	}
	rows := (b.Dy() + mcu - 1) / mcu
	parts := min(runtime.GOMAXPROCS(0), max(1, rows/minStripRows))
	sub, divisible := img.(interface {
		SubImage(image.Rectangle) image.Image
	})
	_, gray := img.(*image.Gray)
	if parts == 1 || !divisible || gray {
		var w bytes.Buffer
		err := jpeg.Encode(&w, img, &jpeg.Options{Quality: quality})
		return w.Bytes(), err
	}
	// Each piece between two markers has the same number of rows, the last one what
	// is left.
	per := (rows + parts - 1) / parts
	parts = (rows + per - 1) / per
	for len(e.strips) < parts {
		e.strips = append(e.strips, strip{})
	}
	var workers sync.WaitGroup
	for i := range parts {
		top := b.Min.Y + i*per*mcu
		piece := sub.SubImage(image.Rect(b.Min.X, top, b.Max.X, min(top+per*mcu, b.Max.Y)))
		workers.Go(func() { e.strips[i].encode(piece, quality) })
	}
	workers.Wait()
	return e.join(b, per, parts)
}

func check(b image.Rectangle) error {
	if b.Empty() || b.Dx() > 65535 || b.Dy() > 65535 {
		return fmt.Errorf("%w: %d x %d", ErrSize, b.Dx(), b.Dy())
	}
	return nil
}

func (s *strip) encode(img image.Image, quality int) {
	s.buf.Reset()
	if s.err = jpeg.Encode(&s.buf, img, &jpeg.Options{Quality: quality}); s.err == nil {
		_, s.scan, s.err = split(s.buf.Bytes())
	}
}

// join puts the strips behind a common header.
func (e *Encoder) join(b image.Rectangle, per, parts int) ([]byte, error) {
	size := 0
	for i := range parts {
		if e.strips[i].err != nil {
			return nil, e.strips[i].err
		}
		size += len(e.strips[i].scan) + 2
	}
	head, _, err := split(e.strips[0].buf.Bytes())
	if err != nil {
		return nil, err
	}
	across := (b.Dx() + mcu - 1) / mcu
	if across*per > 65535 {
		return nil, fmt.Errorf("%w: %d blocks between restarts", ErrSize, across*per)
	}
	out := make([]byte, 0, len(head)+6+size)
	out, err = header(out, head, b.Dx(), b.Dy(), across*per)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		out = append(append(out, e.strips[i].scan...), 0xff, restart(i))
	}
	out[len(out)-1] = markerEOI // instead of the last restart
	return out, nil
}

// restart returns the marker behind the i-th piece.
func restart(i int) byte { return 0xd0 + byte(i%8) }

// Markers of a JPEG.
const (
	markerSOF0 = 0xc0
	markerSOS  = 0xda
	markerDRI  = 0xdd
	markerEOI  = 0xd9
)

// split divides a JPEG of image/jpeg into what comes up to the end of the start of
// scan, and the entropy-coded data without the end marker.
func split(data []byte) (head, scan []byte, err error) {
	at := 2
	for at+4 <= len(data) && data[at] == 0xff {
		next := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if next > len(data)-2 {
			break
		}
		if data[at+1] == markerSOS {
			return data[:next], data[next : len(data)-2], nil
		}
		at = next
	}
	return nil, nil, errors.New("split a JPEG: no start of scan")
}

// header appends a head with another size and a restart interval, which is in
// blocks.
func header(dst, head []byte, width, height, interval int) ([]byte, error) {
	at := 2
	found := false
	dst = append(dst, head[:2]...)
	for at+4 <= len(head) {
		length := 2 + int(binary.BigEndian.Uint16(head[at+2:]))
		segment := head[at : at+length]
		if segment[1] == markerSOS {
			dst = append(dst, 0xff, markerDRI, 0, 4, byte(interval>>8), byte(interval))
		}
		dst = append(dst, segment...)
		if segment[1] == markerSOF0 {
			size := dst[len(dst)-length+5:]
			binary.BigEndian.PutUint16(size, uint16(height))
			binary.BigEndian.PutUint16(size[2:], uint16(width))
			found = true
		}
		at += length
	}
	if !found {
		return nil, errors.New("make a JPEG header: no start of frame")
	}
	return dst, nil
}

// blank is what a header is made from.
func blank(quality int) ([]byte, error) {
	var w bytes.Buffer
	img := image.NewYCbCr(image.Rect(0, 0, mcu, mcu), image.YCbCrSubsampleRatio420)
	if err := jpeg.Encode(&w, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	head, _, err := split(w.Bytes())
	return head, err
}

// black is the colour of pixels that nobody has drawn.
func black() color.YCbCr { return color.YCbCr{Y: 0, Cb: 128, Cr: 128} }
