package stripjpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// noise is a picture that has something in each block.
func noise(r image.Rectangle, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	img := image.NewYCbCr(r, ratio)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range img.Y {
		img.Y[i] = byte(i/7) ^ byte(random.IntN(32))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(100+random.IntN(60)), byte(100+random.IntN(60))
	}
	return img
}

// same compares pictures dot by dot.
func same(t *testing.T, got, want image.Image) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("size %v, want %v", got.Bounds().Size(), want.Bounds().Size())
	}
	if a, ok := got.(*image.YCbCr); ok {
		if b := want.(*image.YCbCr); !bytes.Equal(a.Y, b.Y) || !bytes.Equal(a.Cb, b.Cb) || !bytes.Equal(a.Cr, b.Cr) {
			t.Fatal("the pictures differ")
		}
		return
	}
	g, w := got.Bounds().Min, want.Bounds().Min
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			if a, b := got.At(g.X+x, g.Y+y), want.At(w.X+x, w.Y+y); a != b {
				t.Fatalf("dot %d,%d is %v, want %v", x, y, a, b)
			}
		}
	}
}

// plain encodes and decodes a picture with image/jpeg alone.
func plain(t *testing.T, img image.Image, quality int) image.Image {
	t.Helper()
	var w bytes.Buffer
	if err := jpeg.Encode(&w, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return decode(t, w.Bytes())
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestEncoderIsExact compares with image/jpeg: dividing the picture must not change a
// single dot.
func TestEncoderIsExact(t *testing.T) {
	var e Encoder
	for _, r := range []image.Rectangle{
		image.Rect(0, 0, 640, 480), image.Rect(0, 0, 1280, 720), image.Rect(0, 0, 17, 400), image.Rect(0, 0, 333, 129),
		image.Rect(0, 0, 1, 1), image.Rect(32, 64, 500, 333),
	} {
		for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio444} {
			img := noise(r, ratio)
			data, err := e.Encode(img, 85)
			if err != nil {
				t.Fatal(err)
			}
			same(t, decode(t, data), plain(t, img, 85))
		}
	}
}

func TestEncoderTakesOtherPictures(t *testing.T) {
	var e Encoder
	gray := image.NewGray(image.Rect(0, 0, 200, 200))
	rgba := image.NewRGBA(image.Rect(0, 0, 200, 200))
	for i := range gray.Pix {
		gray.Pix[i] = byte(i)
	}
	for i := range rgba.Pix {
		rgba.Pix[i] = byte(i * 3)
	}
	for _, img := range []image.Image{gray, rgba, image.NewUniform(color.White)} {
		if _, infinite := img.(*image.Uniform); infinite {
			if _, err := e.Encode(img, 80); !errors.Is(err, ErrSize) {
				t.Errorf("an infinite picture: %v", err)
			}
			continue
		}
		data, err := e.Encode(img, 80)
		if err != nil {
			t.Fatal(err)
		}
		same(t, decode(t, data), plain(t, img, 80))
	}
	if _, err := e.Encode(image.NewGray(image.Rectangle{}), 80); !errors.Is(err, ErrSize) {
		t.Errorf("an empty picture: %v", err)
	}
}

// TestCanvas draws at random and compares with encoding the whole picture.
func TestCanvas(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, size := range []image.Point{{640, 480}, {1366, 100}, {170, 170}, {1, 1}, {15, 33}} {
		c, err := NewCanvas(size.X, size.Y, 75)
		if err != nil {
			t.Fatal(err)
		}
		other, err := NewCanvas(size.X, size.Y, 75)
		if err != nil {
			t.Fatal(err)
		}
		other.Fill(other.Bounds(), color.YCbCr{Y: 90, Cb: 20, Cr: 200})
		for range 20 {
			r := image.Rect(random.IntN(size.X+20)-10, random.IntN(size.Y+20)-10, random.IntN(size.X+20)-10, random.IntN(size.Y+20)-10)
			if random.IntN(3) == 0 {
				c.Restore(r, other)
			} else {
				c.Fill(r, color.YCbCr{Y: byte(random.Int()), Cb: byte(random.Int()), Cr: byte(random.Int())})
			}
			data, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			same(t, decode(t, data), plain(t, c.Image(), 75))
		}
	}
	if _, err := NewCanvas(70000, 10, 80); !errors.Is(err, ErrSize) {
		t.Errorf("a canvas that is too wide: %v", err)
	}
}

// TestCanvasEncodesOnlyWhatChanged counts what is encoded by what is stale.
func TestCanvasEncodesOnlyWhatChanged(t *testing.T) {
	c, err := NewCanvas(1280, 720, 80)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Encode(); err != nil {
		t.Fatal(err)
	}
	c.Fill(image.Rect(170, 20, 180, 30), color.YCbCr{Y: 255, Cb: 128, Cr: 128})
	stale := 0
	for _, tile := range c.tiles {
		if tile.stale {
			stale++
		}
	}
	if stale != 1 || len(c.tiles) != 8*45 {
		t.Errorf("%d of %d tiles are stale, want 1 of 360", stale, len(c.tiles))
	}
}

func BenchmarkEncoder(b *testing.B) {
	img := noise(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio422)
	var e Encoder
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(img, 80); err != nil {
			b.Fatal(err)
		}
	}
}
