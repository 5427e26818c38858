package imaging

import (
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"
	"time"
)

// picture returns a grey picture with white rectangles.
func picture(w, h int, bright ...image.Rectangle) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{40, 40, 40, 255}), image.Point{}, draw.Src)
	for _, r := range bright {
		draw.Draw(img, r, image.White, image.Point{}, draw.Src)
	}
	return img
}

func run(t *testing.T, kind, params string, in *image.RGBA) Result {
	t.Helper()
	k, ok := Find(kind)
	if !ok {
		t.Fatalf("no kind %s", kind)
	}
	p, err := k.New(json.RawMessage(params))
	if err != nil {
		t.Fatalf("%s %s: %v", kind, params, err)
	}
	r, err := p.Process(in, time.Unix(0, 0))
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return r
}

func at(img *image.RGBA, x, y int) [3]byte {
	c := img.RGBAAt(img.Rect.Min.X+x, img.Rect.Min.Y+y)
	return [3]byte{c.R, c.G, c.B}
}

func TestGrayscale(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 3, 1))
	in.Set(0, 0, color.RGBA{255, 0, 0, 255})
	in.Set(1, 0, color.RGBA{0, 255, 0, 255})
	in.Set(2, 0, color.RGBA{255, 255, 255, 255})
	out := run(t, "grayscale", "", in).Image
	for x, want := range []byte{77, 149, 255} {
		if got := at(out, x, 0); got != [3]byte{want, want, want} {
			t.Errorf("pixel %d is %v, want %d", x, got, want)
		}
	}
}

func TestMaskKeepsHueAroundZero(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 3, 1))
	in.Set(0, 0, color.RGBA{250, 10, 20, 255})
	in.Set(1, 0, color.RGBA{10, 250, 20, 255})
	in.Set(2, 0, color.RGBA{250, 20, 10, 255})
	out := run(t, "hsv_mask", `{"hue_min":340,"hue_max":20,"saturation_min":0.5}`, in).Image
	if at(out, 0, 0) == [3]byte{} || at(out, 2, 0) == [3]byte{} || at(out, 1, 0) != [3]byte{} {
		t.Errorf("red, green, red became %v %v %v", at(out, 0, 0), at(out, 1, 0), at(out, 2, 0))
	}
}

func TestBlurKeepsTheMeanAndFlatAreas(t *testing.T) {
	in := picture(64, 48, image.Rect(20, 20, 30, 30))
	out := run(t, "blur", `{"radius":3}`, clone(in)).Image
	if at(out, 0, 0) != [3]byte{40, 40, 40} {
		t.Errorf("a flat corner became %v", at(out, 0, 0))
	}
	if c := at(out, 20, 25)[0]; c < 80 || c > 200 {
		t.Errorf("the edge became %d, want something between", c)
	}
	sum := func(img *image.RGBA) (n int) {
		for i := 0; i < len(img.Pix); i += 4 {
			n += int(img.Pix[i])
		}
		return n
	}
	if a, b := sum(in), sum(out); abs(a-b) > a/20 {
		t.Errorf("the mean changed from %d to %d", a, b)
	}
}

func TestEdges(t *testing.T) {
	out := run(t, "edges", `{"threshold":10}`, picture(40, 40, image.Rect(20, 0, 40, 40))).Image
	if at(out, 5, 20)[0] != 0 || at(out, 35, 20)[0] != 0 || at(out, 20, 20)[0] < 200 {
		t.Errorf("flat %v, edge %v", at(out, 5, 20), at(out, 20, 20))
	}
}

func TestMotion(t *testing.T) {
	k, _ := Find("motion")
	p, err := k.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	step := func(img *image.RGBA) Motion {
		r, err := p.Process(img, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return r.Data.(Motion)
	}
	if m := step(picture(64, 64)); m.Moving {
		t.Errorf("the first picture moves: %+v", m)
	}
	if m := step(picture(64, 64)); m.Moving || m.Box != nil {
		t.Errorf("the same picture moves: %+v", m)
	}
	m := step(picture(64, 64, image.Rect(16, 32, 32, 48)))
	if !m.Moving || m.Box == nil || *m.Box != (Box{16, 32, 16, 16}) || m.Percent != 6.25 {
		t.Errorf("got %+v %+v", m, m.Box)
	}
	if m := step(picture(32, 32)); m.Moving {
		t.Errorf("a picture of another size moves: %+v", m)
	}
}

func TestBlobs(t *testing.T) {
	in := picture(100, 60, image.Rect(10, 10, 20, 20), image.Rect(50, 5, 80, 10), image.Rect(50, 10, 55, 40), image.Rect(90, 50, 92, 52))
	got := run(t, "blobs", `{"threshold":200,"min_area":10}`, in).Data.(Blobs)
	if got.Count != 2 || len(got.Blobs) != 2 {
		t.Fatalf("got %+v", got)
	}
	if b := got.Blobs[0]; b.Box != (Box{50, 5, 30, 35}) || b.Area != 300 {
		t.Errorf("the L is %+v", b)
	}
	if b := got.Blobs[1]; b.Box != (Box{10, 10, 10, 10}) || b.CX != 14.5 || b.CY != 14.5 {
		t.Errorf("the square is %+v", b)
	}
}

// TestBlobsJoinFromBelow has a U, whose two arms meet only in the last row.
func TestBlobsJoinFromBelow(t *testing.T) {
	in := picture(40, 40, image.Rect(5, 5, 8, 30), image.Rect(20, 5, 23, 30), image.Rect(5, 30, 23, 33))
	if got := run(t, "blobs", `{"threshold":200}`, in).Data.(Blobs); got.Count != 1 {
		t.Errorf("a U is %d blobs", got.Count)
	}
}

func TestGeometry(t *testing.T) {
	in := picture(40, 20, image.Rect(0, 0, 1, 1))
	for _, tt := range []struct {
		kind, params string
		size, bright image.Point
	}{
		{"rotate", `{"quarters":0}`, image.Pt(40, 20), image.Pt(0, 0)},
		{"rotate", `{"quarters":1}`, image.Pt(20, 40), image.Pt(19, 0)},
		{"rotate", `{"quarters":2}`, image.Pt(40, 20), image.Pt(39, 19)},
		{"rotate", `{"quarters":3}`, image.Pt(20, 40), image.Pt(0, 39)},
		{"crop", `{"x":0,"y":0,"width":100,"height":10}`, image.Pt(40, 10), image.Pt(0, 0)},
		{"resize", `{"width":80}`, image.Pt(80, 40), image.Pt(0, 0)},
		{"resize", `{"width":0,"height":10}`, image.Pt(20, 10), image.Pt(-1, 0)},
	} {
		out := run(t, tt.kind, tt.params, clone(in)).Image
		if out.Rect.Size() != tt.size {
			t.Errorf("%s %s: size %v, want %v", tt.kind, tt.params, out.Rect.Size(), tt.size)
		}
		if tt.bright.X >= 0 && at(out, tt.bright.X, tt.bright.Y)[0] < 200 {
			t.Errorf("%s %s: the bright corner is not at %v", tt.kind, tt.params, tt.bright)
		}
	}
}

func TestOverlay(t *testing.T) {
	out := run(t, "text", `{"text":"HI","color":"#ff0000"}`, picture(60, 30)).Image
	red := 0
	eachPixel(out, func(p []byte) {
		if p[0] == 255 && p[1] == 0 {
			red++
		}
	})
	if red < 10 {
		t.Errorf("%d red pixels of text", red)
	}
	out = run(t, "box", `{"x":5,"y":5,"width":20,"height":10,"line":1,"color":"#00ff00"}`, picture(60, 30)).Image
	if at(out, 5, 5) != [3]byte{0, 255, 0} || at(out, 24, 14) != [3]byte{0, 255, 0} || at(out, 10, 8) != [3]byte{40, 40, 40} {
		t.Error("the box is not where it should be")
	}
}

func TestBadSteps(t *testing.T) {
	for _, tt := range []struct{ step, want string }{
		{`{"kind":"warp"}`, `unknown kind "warp"`},
		{`{"kind":"blur","params":{"radius":1000}}`, "params.radius"},
		{`{"kind":"blur","params":{"radius":"x"}}`, "params.radius"},
		{`{"kind":"blur","params":{"speed":1}}`, "params.speed"},
		{`{"kind":"blur","params":[]}`, "not a JSON object"},
		{`{"kind":"resize","params":{"width":0}}`, "both sides"},
		{`{"kind":"text","params":{"color":"red"}}`, "params.color"},
		{`{"kind":"text","params":{"text":"` + strings.Repeat("x", 300) + `"}}`, "longer than"},
		{`{"kind":"blur","name":"frame"}`, "taken"},
		{`{"kind":"blur","name":"raw"}`, "taken"},
	} {
		var s Step
		if err := json.Unmarshal([]byte(tt.step), &s); err != nil {
			t.Fatal(err)
		}
		if _, err := NewPipeline([]Step{s}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "steps[0]") {
			t.Errorf("%s: %v", tt.step, err)
		}
	}
	if _, err := NewPipeline(make([]Step, MaxSteps+1)); err == nil {
		t.Error("a pipeline without end was accepted")
	}
}

func TestPipelineRunsOnlyWhatIsWanted(t *testing.T) {
	p, err := NewPipeline([]Step{{Kind: "grayscale"}, {Kind: "blobs"}, {Kind: "grayscale"}, {Kind: "blur"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range p.Outputs() {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != "raw grayscale blobs blobs.data grayscale2 blur frame" {
		t.Errorf("outputs %s", got)
	}
	in := picture(64, 64, image.Rect(8, 8, 24, 24))
	images, data, timings, err := p.Run(clone(in), time.Time{}, func(o string) bool { return o == "blobs.data" || o == "raw" })
	if err != nil || len(images) != 1 || len(data) != 1 || len(timings) != 2 {
		t.Fatalf("%d images, %d data, %d steps, %v", len(images), len(data), len(timings), err)
	}
	if string(images["raw"].Pix) != string(in.Pix) {
		t.Error("the raw output was changed by a later step")
	}
	images, _, timings, _ = p.Run(clone(in), time.Time{}, func(o string) bool { return o == FinalOutput })
	if len(timings) != 4 || images[FinalOutput] == nil {
		t.Error("the final output needs all steps")
	}
	if _, _, timings, _ = p.Run(clone(in), time.Time{}, func(string) bool { return false }); len(timings) != 0 {
		t.Error("steps ran for nobody")
	}
}

func FuzzPipeline(f *testing.F) {
	f.Add([]byte(`[{"kind":"blur","params":{"radius":3}},{"kind":"crop"},{"kind":"motion"}]`), uint8(20), uint8(10))
	f.Add([]byte(`[{"kind":"rotate"},{"kind":"blobs"},{"kind":"text"},{"kind":"box"},{"kind":"edges"}]`), uint8(0), uint8(3))
	f.Fuzz(func(t *testing.T, spec []byte, w, h uint8) {
		var steps []Step
		if json.Unmarshal(spec, &steps) != nil {
			return
		}
		for _, s := range steps {
			if s.Kind == "resize" { // large results are allowed and slow
				return
			}
		}
		p, err := NewPipeline(steps)
		if err != nil {
			return
		}
		for range 2 {
			_, _, _, _ = p.Run(picture(int(w), int(h)), time.Time{}, func(string) bool { return true })
		}
	})
}

func BenchmarkProcessors(b *testing.B) {
	for _, k := range Kinds() {
		b.Run(k.Name, func(b *testing.B) {
			p, err := k.New(nil)
			if err != nil {
				b.Fatal(err)
			}
			in := picture(1280, 720, image.Rect(100, 100, 400, 300))
			for b.Loop() {
				if _, err := p.Process(in, time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
