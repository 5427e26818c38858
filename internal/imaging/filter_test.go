package imaging

import (
	"image"
	"math/rand/v2"
	"testing"
	"time"
)

// noise is a picture in which no two rows are alike, of more rows than one goroutine
// works on.
func noise(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	random := rand.New(rand.NewPCG(5, 6))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func clamped(i, n int) int { return min(max(i, 0), n-1) }

// slowBox is one pass of the box filter along dx, dy, by its definition.
func slowBox(in *image.RGBA, r, dx, dy int) *image.RGBA {
	out := clone(in)
	w, h := in.Rect.Dx(), in.Rect.Dy()
	for y := range h {
		for x := range w {
			for c := range 3 {
				sum := 0
				for i := -r; i <= r; i++ {
					sum += int(in.Pix[clamped(y+i*dy, h)*in.Stride+4*clamped(x+i*dx, w)+c])
				}
				out.Pix[y*out.Stride+4*x+c] = byte(sum / (2*r + 1))
			}
		}
	}
	return out
}

func TestBlurByDefinition(t *testing.T) {
	for _, r := range []int{1, 4, 64} {
		in := noise(50, 200)
		want := in
		for range 2 {
			want = slowBox(slowBox(want, r, 1, 0), r, 0, 1)
		}
		got, err := (&blur{radius: r}).apply(clone(in))
		if err != nil {
			t.Fatal(err)
		}
		if string(got.Pix) != string(want.Pix) {
			t.Errorf("radius %d: the picture differs", r)
		}
	}
}

func TestEdgesByDefinition(t *testing.T) {
	in := noise(40, 200)
	w, h := 40, 200
	at := func(x, y int) int { return int(luma(in.Pix[clamped(y, h)*in.Stride+4*clamped(x, w):])) }
	got, err := (&edges{threshold: 60}).apply(clone(in))
	if err != nil {
		t.Fatal(err)
	}
	for y := range h {
		for x := range w {
			gx := at(x+1, y-1) + 2*at(x+1, y) + at(x+1, y+1) - at(x-1, y-1) - 2*at(x-1, y) - at(x-1, y+1)
			gy := at(x-1, y+1) + 2*at(x, y+1) + at(x+1, y+1) - at(x-1, y-1) - 2*at(x, y-1) - at(x+1, y-1)
			want := min((abs(gx)+abs(gy))/2, 255)
			if want < 60 {
				want = 0
			}
			if c := got.Pix[y*got.Stride+4*x]; int(c) != want {
				t.Fatalf("pixel %d,%d is %d, want %d", x, y, c, want)
			}
		}
	}
}

// TestMeanIsExact divides all sums that can be.
func TestMeanIsExact(t *testing.T) {
	for _, n := range []int{3, 9, 17, 127, 129} {
		m := meanOf(n)
		for sum := range 255*n + 1 {
			if got := m.of(uint32(sum)); int(got) != sum/n {
				t.Fatalf("%d / %d is %d", sum, n, got)
			}
		}
	}
}

// TestFromYCbCr compares with the colours that the standard library gives.
func TestFromYCbCr(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio444} {
		src := image.NewYCbCr(image.Rect(0, 0, 50, 301), ratio)
		random := rand.New(rand.NewPCG(7, 8))
		for _, plane := range [][]byte{src.Y, src.Cb, src.Cr} {
			for i := range plane {
				plane[i] = byte(random.Uint32())
			}
		}
		for _, part := range []image.Rectangle{src.Rect, image.Rect(2, 4, 20, 200)} {
			from := src.SubImage(part).(*image.YCbCr)
			got := FromYCbCr(nil, from)
			for y := range part.Dy() {
				for x := range part.Dx() {
					r, g, b, _ := from.At(part.Min.X+x, part.Min.Y+y).RGBA()
					if c := got.RGBAAt(x, y); c.R != byte(r>>8) || c.G != byte(g>>8) || c.B != byte(b>>8) || c.A != 255 {
						t.Fatalf("%v %v: pixel %d,%d is %v, want %d %d %d", ratio, part, x, y, c, r>>8, g>>8, b>>8)
					}
				}
			}
			if again := FromYCbCr(got, from); again != got {
				t.Error("memory is not used again")
			}
		}
	}
}

// TestMotionInEveryCell changes one cell after the other.
func TestMotionInEveryCell(t *testing.T) {
	m := &motion{threshold: 20, cell: 20}
	base := picture(70, 330)
	for y := 0; y < 330; y += 20 {
		for x := 0; x < 70; x += 20 {
			cell := image.Rect(x, y, x+20, y+20).Intersect(base.Rect)
			if _, err := m.Process(clone(base), time.Time{}); err != nil {
				t.Fatal(err)
			}
			r, err := m.Process(picture(70, 330, cell), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if found := r.Data.(Motion); found.Box == nil || *found.Box != *boxOf(cell) {
				t.Errorf("cell %v: found %+v", cell, found.Box)
			}
		}
	}
}
