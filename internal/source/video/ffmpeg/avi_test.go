package ffmpeg

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestAVI(t *testing.T) {
	frames := [][]byte{[]byte("a"), []byte("frame"), bytes.Repeat([]byte("x"), 70001), []byte("even")}
	w := &bytes.Buffer{}
	w.Write(aviHeader("MJPG", 320, 240, 30, 1))
	for _, f := range frames {
		if err := (&aviWriter{w: w}).write(f); err != nil {
			t.Fatal(err)
		}
	}
	whole := w.Bytes()
	r := newAVIReader(bytes.NewReader(whole))
	for i, want := range frames {
		if got, err := r.next(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("frame %d: %d bytes, %v", i, len(got), err)
		}
	}
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	r = newAVIReader(bytes.NewReader(whole[:len(whole)-2]))
	for range frames[1:] {
		if _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
	if _, err := newAVIReader(bytes.NewReader([]byte("RIFF....WAVE"))).next(); !errors.Is(err, errFormat) {
		t.Errorf("another format: %v", err)
	}
	huge := append(bytes.Clone(whole[:len(whole)-12]), "00dc\xff\xff\xff\xffabcd"...)
	r = newAVIReader(bytes.NewReader(huge))
	var err error
	for err == nil {
		_, err = r.next()
	}
	if !errors.Is(err, errTooLarge) {
		t.Errorf("a huge frame: %v", err)
	}
}

func FuzzAVI(f *testing.F) {
	w := bytes.NewBuffer(aviHeader("H264", 64, 64, 30, 1))
	if err := (&aviWriter{w: w}).write([]byte("frame")); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		r := newAVIReader(bytes.NewReader(data))
		for range len(data) + 1 {
			frame, err := r.next()
			if err != nil {
				return
			}
			if len(frame) == 0 || len(frame) > len(data) {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
		}
		t.Fatal("more frames than bytes")
	})
}
