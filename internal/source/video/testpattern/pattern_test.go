package testpattern

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
	"time"
)

// decode decodes a frame.
func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestFramesAreWhole compares each frame, of which only parts were encoded, with one
// that was drawn and encoded from nothing.
func TestFramesAreWhole(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 20, 30, 400e6, time.UTC)
	for _, size := range []image.Point{{1280, 720}, {640, 480}, {320, 240}, {160, 120}, {854, 481}, {1366, 766}} {
		running, err := newPicture(size.X, size.Y, 80)
		if err != nil {
			t.Fatal(err)
		}
		frames := uint32(8)
		if size.X > 1000 {
			frames = 2 // encoding them whole is what takes the time
		}
		for n := uint32(1); n <= frames; n++ {
			now := at.Add(time.Duration(n) * 37 * time.Millisecond)
			running.step(n, now, int(n)*31)
			got, err := running.canvas.Encode()
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := newPicture(size.X, size.Y, 80)
			if err != nil {
				t.Fatal(err)
			}
			fresh.step(n, now, int(n)*31)
			want, err := fresh.canvas.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%v, frame %d: differs from one that was encoded as a whole", size, n)
			}
			img := decode(t, got)
			if img.Bounds().Size() != size {
				t.Fatalf("decoded %v, want %v", img.Bounds().Size(), size)
			}
			if number, ok := ReadBar(img); !ok || number != n {
				t.Fatalf("%v: bar says %d, %v; want %d", size, number, ok, n)
			}
		}
	}
}

func TestBar(t *testing.T) {
	p, err := newPicture(320, 240, 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint32{0, 1, 0xffffffff, 0x80000000, 0xaaaaaaaa, 123456789} {
		p.step(n, time.Now(), 0)
		data, err := p.canvas.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ReadBar(decode(t, data)); !ok || got != n {
			t.Errorf("read %d, %v; want %d", got, ok, n)
		}
	}
	if n, ok := ReadBar(image.NewGray(image.Rect(0, 0, 320, 240))); ok {
		t.Errorf("read %d from a picture without a bar", n)
	}
	// A cell that was read wrong is noticed.
	bits := barBits(77)
	for i := range barCells {
		if wrong := bits ^ 1<<i; barBits(uint32(wrong>>4)) == wrong {
			t.Errorf("cell %d may be wrong", barCells-1-i)
		}
	}
}

// TestThingsMove makes sure that the picture is alive outside the bar.
func TestThingsMove(t *testing.T) {
	p, err := newPicture(640, 480, 80)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	p.step(1, at, 0)
	before := bytes.Clone(p.canvas.Image().Y)
	p.step(2, at.Add(33*time.Millisecond), 40)
	text, square, elsewhere := 0, 0, 0
	for i := range before {
		if before[i] == p.canvas.Image().Y[i] {
			continue
		}
		switch y := i / p.canvas.Image().YStride; {
		case y < p.textBottom():
			text++
		case y < p.rampTop():
			square++
		case y < 480-BarHeight(480):
			elsewhere++
		}
	}
	if text == 0 || square == 0 || elsewhere != 0 {
		t.Errorf("changed: %d dots of text, %d of the square, %d elsewhere", text, square, elsewhere)
	}
}

// TestSquareStaysInside lets the square travel several times to and fro.
func TestSquareStaysInside(t *testing.T) {
	p, err := newPicture(320, 240, 80)
	if err != nil {
		t.Fatal(err)
	}
	for travel := range 2000 {
		p.drawBox(travel)
		if !p.box.In(p.canvas.Bounds()) {
			t.Fatalf("after %d pixels the square is at %v", travel, p.box)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	p, err := newPicture(1280, 720, 80)
	if err != nil {
		b.Fatal(err)
	}
	at, n := time.Now(), uint32(0)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		at = at.Add(time.Second / 30)
		p.step(n, at, int(n)*defaultSpeed)
		data, err := p.canvas.Encode()
		if err != nil {
			b.Fatal(err)
		}
		size = len(data)
	}
	b.ReportMetric(float64(size), "bytes/frame")
}
