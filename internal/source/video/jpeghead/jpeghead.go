// Package jpeghead looks into JPEG files without decoding them: their size in pixels,
// where one ends and the next begins, and whether they are complete.
//
// Cameras that speak Motion JPEG often leave out the Huffman tables, which AVI takes
// for granted; [Complete] puts in the standard ones, so that any decoder takes the
// picture.
package jpeghead

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
)

// ErrFormat is wrapped when bytes are not a JPEG file.
var ErrFormat = errors.New("not a JPEG file")

// Markers (ITU-T T.81, table B.1).
const (
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dht  = 0xc4
	tem  = 0x01
	rst0 = 0xd0
)

// Head is what the segments before the picture tell.
type Head struct {
	Width, Height uint32 // pixels
	// Tables says that there are Huffman tables.
	Tables bool
	scan   int // offset of the start of scan
}

// Parse reads the head of a file up to the start of the picture. It keeps nothing of
// data and makes nothing.
func Parse(data []byte) (Head, error) {
	var h Head
	if len(data) < 4 || data[0] != 0xff || data[1] != soi {
		return h, fmt.Errorf("%w: no start of image", ErrFormat)
	}
	for at := 2; ; {
		marker, length, body := segment(data, at)
		switch {
		case marker == 0 || length > 0 && body == nil:
			return h, fmt.Errorf("%w: broken at byte %d", ErrFormat, at)
		case marker == sos:
			h.scan = at
			if h.Width == 0 || h.Height == 0 {
				return h, fmt.Errorf("%w: no size", ErrFormat)
			}
			return h, nil
		case marker == dht:
			h.Tables = true
		case isFrame(marker) && len(body) >= 5:
			h.Height, h.Width = uint32(binary.BigEndian.Uint16(body[1:])), uint32(binary.BigEndian.Uint16(body[3:]))
		}
		at += length
	}
}

// segment returns the marker at an offset, 0 if there is none, the length of the
// segment with its marker and fill bytes, and its body, nil if it is cut short.
func segment(data []byte, at int) (marker byte, length int, body []byte) {
	start := at
	if at >= len(data) || data[at] != 0xff {
		return 0, 0, nil
	}
	for at < len(data) && data[at] == 0xff {
		at++
	}
	if at >= len(data) {
		return 0, 0, nil
	}
	marker = data[at]
	at++
	if marker == tem || marker >= rst0 && marker <= soi {
		return marker, at - start, []byte{}
	}
	if at+2 > len(data) {
		return marker, 2, nil
	}
	size := int(binary.BigEndian.Uint16(data[at:]))
	if size < 2 || at+size > len(data) {
		return marker, 2, nil
	}
	return marker, at + size - start, data[at+2 : at+size]
}

// isFrame tells whether a marker is a start of frame: C0 to CF without DHT, JPG and
// DAC.
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != dht && marker != 0xc8 && marker != 0xcc
}

// Complete returns a copy of a file that has Huffman tables and an end, and its size.
// What follows the end is left out. tables is what [StandardTables] returns.
func Complete(data, tables []byte) ([]byte, Head, error) {
	h, err := Parse(data)
	if err != nil {
		return nil, h, err
	}
	// Drivers pad buffers; the last end marker is the file's.
	if end := bytes.LastIndex(data, []byte{0xff, eoi}); end > h.scan {
		data = data[:end+2]
	}
	out := make([]byte, 0, len(data)+len(tables)+2)
	out = append(out, data[:h.scan]...)
	if !h.Tables {
		out = append(out, tables...)
	}
	out = append(out, data[h.scan:]...)
	if !bytes.HasSuffix(out, []byte{0xff, eoi}) {
		out = append(out, 0xff, eoi)
	}
	return out, h, nil
}

// StandardTables returns the segment with the Huffman tables of ITU-T T.81, annex K,
// which is what image/jpeg writes.
func StandardTables() ([]byte, error) {
	var w bytes.Buffer
	if err := jpeg.Encode(&w, image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420), nil); err != nil {
		return nil, err
	}
	data := w.Bytes()
	for at := 2; at < len(data); {
		marker, length, body := segment(data, at)
		if marker == dht && body != nil {
			return data[at : at+length], nil
		}
		if length == 0 || marker == sos {
			break
		}
		at += length
	}
	return nil, fmt.Errorf("standard tables: %w", ErrFormat)
}
