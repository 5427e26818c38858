package jpeghead

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"testing"
	"testing/iotest"
)

// encoded returns a JPEG of a size.
func encoded(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i * 31)
	}
	var w bytes.Buffer
	if err := jpeg.Encode(&w, img, nil); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

// withoutTables removes the Huffman tables, as many webcams do.
func withoutTables(t testing.TB, data []byte) []byte {
	t.Helper()
	out := bytes.Clone(data[:2])
	for at := 2; ; {
		marker, length, body := segment(data, at)
		if body == nil {
			t.Fatal("no start of scan")
		}
		if marker != dht {
			out = append(out, data[at:at+length]...)
		}
		at += length
		if marker == sos {
			return append(out, data[at:]...)
		}
	}
}

func TestParse(t *testing.T) {
	h, err := Parse(encoded(t, 322, 17))
	if err != nil || h.Width != 322 || h.Height != 17 || !h.Tables {
		t.Errorf("parsed %+v, %v", h, err)
	}
	if h, err = Parse(withoutTables(t, encoded(t, 32, 32))); err != nil || h.Tables {
		t.Errorf("parsed %+v, %v", h, err)
	}
	whole := encoded(t, 16, 16)
	for n := range h.scan {
		if _, err := Parse(whole[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = Parse(whole) }); n != 0 {
		t.Errorf("parsing makes %v things", n)
	}
}

func TestComplete(t *testing.T) {
	tables, err := StandardTables()
	if err != nil {
		t.Fatal(err)
	}
	whole := encoded(t, 64, 48)
	bare := withoutTables(t, whole)
	if _, err := jpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Fatal("a picture without tables can be decoded, so the test shows nothing")
	}
	for name, data := range map[string][]byte{
		"whole": whole, "no tables": bare, "no end": bare[:len(bare)-2], "padded": append(bytes.Clone(bare), make([]byte, 1000)...),
	} {
		out, h, err := Complete(data, tables)
		if err != nil || h.Width != 64 || h.Height != 48 {
			t.Errorf("%s: %+v, %v", name, h, err)
			continue
		}
		if _, err := jpeg.Decode(bytes.NewReader(out)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasSuffix(out, []byte{0xff, eoi}) {
			t.Errorf("%s: has no end", name)
		}
	}
	if _, _, err := Complete([]byte("no picture"), tables); !errors.Is(err, ErrFormat) {
		t.Errorf("text: %v", err)
	}
}

func TestReader(t *testing.T) {
	files := [][]byte{encoded(t, 16, 16), encoded(t, 640, 480), withoutTables(t, encoded(t, 100, 40))}
	// A comment that looks like an end.
	tricky := append([]byte{0xff, soi, 0xff, 0xfe, 0, 6, 0xff, eoi, 0xff, soi}, files[0][2:]...)
	files = append(files, tricky)
	var all []byte
	for _, f := range files {
		all = append(append(all, "rubbish \xff\x00\xff"...), f...)
	}
	for name, in := range map[string]io.Reader{"at once": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all))} {
		r := NewReader(in, 1<<20)
		for i, want := range files {
			got, err := r.Next()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s, file %d: %d bytes, %v; want %d", name, i, len(got), err, len(want))
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: at the end %v", name, err)
		}
	}
	if _, err := NewReader(bytes.NewReader(files[1]), 1000).Next(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := NewReader(bytes.NewReader(files[1][:500]), 1<<20).Next(); err != io.ErrUnexpectedEOF {
		t.Errorf("cut short: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(encoded(f, 16, 16))
	f.Add([]byte{0xff, soi, 0xff, sos, 0, 2, 0xff, 0xff, 0xff, eoi})
	tables, err := StandardTables()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, h, err := Complete(data, tables); err == nil {
			again, err := Parse(out)
			if err != nil || again.Width != h.Width || !again.Tables {
				t.Fatalf("completed to %+v, %v", again, err)
			}
		}
		r := NewReader(bytes.NewReader(data), 4096)
		for range len(data) + 1 {
			file, err := r.Next()
			if err != nil {
				return
			}
			if len(file) > 4096 || !bytes.HasPrefix(file, []byte{0xff, soi}) || !bytes.HasSuffix(file, []byte{0xff, eoi}) {
				t.Fatalf("file % x", file)
			}
		}
		t.Fatal("more files than bytes")
	})
}
