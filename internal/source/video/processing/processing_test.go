package processing

import (
	"encoding/json"
	"fmt"
	"image"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/imaging"
	"github.com/heliograph/heliograph/internal/source/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// picture is grey with a bright square.
func picture(w, h int, square image.Rectangle) *image.YCbCr {
	p := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio422)
	for i := range p.Y {
		p.Y[i] = 40
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = 128, 128
	}
	for y := square.Min.Y; y < square.Max.Y; y++ {
		for x := square.Min.X; x < square.Max.X; x++ {
			p.Y[p.YOffset(x, y)] = 220
		}
	}
	return p
}

func pipe(t testing.TB, graph string) *pipeline {
	t.Helper()
	p, issues := New(json.RawMessage(graph))
	if len(issues) > 0 {
		t.Fatalf("%s: %+v", graph, issues)
	}
	return p.(*pipeline)
}

func process(t testing.TB, p video.Pipeline, in *image.YCbCr, want ...string) video.Results {
	t.Helper()
	r, err := p.Process(t.Context(), video.Picture{Image: in, Captured: time.Unix(0, 0)}, want)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFaults(t *testing.T) {
	for graph, want := range map[string]string{
		`{"steps":[{"kind":"edges"},{"kind":"blur","params":{"radius":100}}]}`: "steps[1].params.radius out_of_range",
		`{"steps":[{"kind":"warp"}]}`:                                          "steps[0].kind unknown",
		`{"steps":[{"kind":"blur","params":{"speed":1}}]}`:                     "steps[0].params.speed unknown",
		`{"steps":[{"kind":"blur","name":"a b"}]}`:                             "steps[0].name invalid",
		`{"steps":[{"kind":"blur","parms":{}}]}`:                               " invalid",
		`{"nodes":[]}`:                                                         " invalid",
		`[]`:                                                                   " invalid",
		`{"steps":{}}`:                                                         " invalid",
	} {
		p, issues := New(json.RawMessage(graph))
		if p != nil || len(issues) != 1 || issues[0].Path+" "+issues[0].Code != want || issues[0].Message == "" {
			t.Errorf("%s: %+v, want %s", graph, issues, want)
		}
	}
}

func TestEmptyGraph(t *testing.T) {
	for _, graph := range []string{``, `null`, `{}`, `{"steps":[]}`, `{"steps":null}`} {
		if p := pipe(t, graph); len(p.Outputs()) != 0 || len(p.Nodes()) != 0 {
			t.Errorf("%q has outputs %v", graph, p.Outputs())
		}
	}
}

func TestOutputs(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"blur","name":"soft"},{"kind":"blobs"}]}`)
	want := []video.Output{
		{Name: "soft", Image: true, Type: "image"}, {Name: "blobs", Image: true, Type: "image"},
		{Name: "blobs.data", Type: "json", Localization: "detection"}, {Name: "frame", Image: true, Type: "image"},
	}
	if got := p.Outputs(); !slices.Equal(got, want) {
		t.Errorf("outputs %+v", got)
	}
	if n := p.Nodes(); !slices.Equal(n, []video.Node{{Name: "soft", Kind: "blur"}, {Name: "blobs", Kind: "blobs"}}) {
		t.Errorf("nodes %+v", n)
	}
}

func TestProcess(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"blobs"},{"kind":"grayscale"},{"kind":"resize","params":{"width":64}}]}`)
	in := picture(128, 96, image.Rect(16, 16, 48, 48))
	was := slices.Clone(in.Y)
	r := process(t, p, in, "blobs.data")
	found, ok := r.Values["blobs.data"].(imaging.Blobs)
	if !ok || found.Count != 1 || found.Blobs[0].Box != (imaging.Box{X: 16, Y: 16, Width: 32, Height: 32}) {
		t.Errorf("values %+v", r.Values)
	}
	if len(r.Images) != 0 || len(r.Nodes) != 1 || r.Nodes[0].In != 4*128*96 || r.Held != 4*128*96 {
		t.Errorf("only the data was wanted: %+v", r)
	}
	if !slices.Equal(in.Y, was) {
		t.Error("the picture was changed")
	}
	r = process(t, p, in, "frame", "blobs.data")
	if size := r.Images["frame"].Bounds().Size(); size != image.Pt(64, 48) || len(r.Values) != 1 || len(r.Nodes) != 3 {
		t.Errorf("frame of %v, values %v", size, r.Values)
	}
	if n := r.Nodes[2]; n.Node != 2 || n.Out != 4*64*48 {
		t.Errorf("the last step %+v", n)
	}
}

func TestFailure(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"crop","params":{"x":4000}}]}`)
	r, err := p.Process(t.Context(), video.Picture{Image: picture(64, 48, image.Rectangle{})}, []string{"frame"})
	if err == nil || len(r.Nodes) != 1 || r.Nodes[0].Err == nil {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestInputs changes a parameter of one step; another one must not forget.
func TestInputs(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"motion"},{"kind":"crop","name":"cut","params":{"width":32,"height":16}}]}`)
	a, b := picture(64, 64, image.Rectangle{}), picture(64, 64, image.Rect(16, 16, 32, 32))
	size := func(in *image.YCbCr) image.Point {
		return process(t, p, in, "frame").Images["frame"].Bounds().Size()
	}
	moving := func(in *image.YCbCr) bool {
		return process(t, p, in, "motion.data").Values["motion.data"].(imaging.Motion).Moving
	}
	if got := size(a); got != image.Pt(32, 16) {
		t.Fatalf("size %v", got)
	}
	if issues := p.SetInputs(video.Inputs{"cut.width": json.RawMessage("8")}); issues != nil {
		t.Fatal(issues)
	}
	if !moving(b) {
		t.Error("the motion was forgotten")
	}
	if got := size(b); got != image.Pt(8, 16) {
		t.Errorf("size %v with an input", got)
	}
	if issues := p.SetInputs(video.Inputs{"motion.threshold": json.RawMessage("10")}); issues != nil {
		t.Fatal(issues)
	}
	if moving(a) {
		t.Error("the step that was changed has not begun anew")
	}
	if got := size(a); got != image.Pt(32, 16) {
		t.Errorf("size %v without the input", got)
	}
}

func TestBadInputs(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"blur","params":null},{"kind":"resize","params":{"width":0,"height":40}}]}`)
	in := picture(64, 64, image.Rectangle{})
	for name, tt := range map[string]struct {
		inputs video.Inputs
		want   []string
	}{
		"unknown":        {video.Inputs{"blur.speed": json.RawMessage("1"), "edges.threshold": nil, "blur": nil}, []string{"blur unknown", "blur.speed unknown", "edges.threshold unknown"}},
		"range":          {video.Inputs{"blur.radius": json.RawMessage("100")}, []string{"blur.radius out_of_range"}},
		"type":           {video.Inputs{"blur.radius": json.RawMessage(`"x"`)}, []string{"blur.radius invalid"}},
		"no JSON":        {video.Inputs{"blur.radius": json.RawMessage(`{`)}, []string{"blur.radius invalid"}},
		"with the graph": {video.Inputs{"resize.height": json.RawMessage("0")}, []string{"resize.height invalid"}},
		"one of two":     {video.Inputs{"resize.height": json.RawMessage("9"), "blur.radius": json.RawMessage("0")}, []string{"blur.radius out_of_range"}},
	} {
		var got []string
		for _, i := range p.SetInputs(tt.inputs) {
			got = append(got, i.Path+" "+i.Code)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		if size := process(t, p, in, "frame").Images["frame"].Bounds().Size(); size.Y != 40 {
			t.Errorf("%s: refused inputs have changed the size to %v", name, size)
		}
	}
	// What is unknown does not keep the others from being set.
	p.SetInputs(video.Inputs{"resize.height": json.RawMessage("8"), "x.y": json.RawMessage("1")})
	if size := process(t, p, in, "frame").Images["frame"].Bounds().Size(); size.Y != 8 {
		t.Errorf("the size is %v", size)
	}
}

// TestInputsWhileProcessing is for the race detector.
func TestInputsWhileProcessing(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"resize"}]}`)
	in := picture(64, 64, image.Rectangle{})
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 200 {
			if issues := p.SetInputs(video.Inputs{"resize.width": json.RawMessage(fmt.Sprint(8 + i%8))}); issues != nil {
				t.Error(issues)
			}
		}
	})
	for range 200 {
		if w := process(t, p, in, "frame").Images["frame"].Bounds().Dx(); w != 640 && (w < 8 || w > 15) {
			t.Fatalf("width %d", w)
		}
	}
	all.Wait()
}

// TestNoPicturePerFrame weighs what is allocated for a picture of 3.5 MiB.
func TestNoPicturePerFrame(t *testing.T) {
	p := pipe(t, `{"steps":[{"kind":"resize","params":{"width":640}},{"kind":"rotate"},{"kind":"grayscale"},{"kind":"motion"},{"kind":"blobs"}]}`)
	in := picture(1280, 720, image.Rect(100, 100, 200, 200))
	want := []string{"frame", "resize", "blobs.data", "motion.data"}
	process(t, p, in, want...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const n = 10
	for range n {
		process(t, p, in, want...)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 200<<10 {
		t.Errorf("%d bytes are allocated for each picture", each)
	}
}

// FuzzGraph makes pipelines of what comes from outside and lets a picture through.
func FuzzGraph(f *testing.F) {
	f.Add([]byte(`{"steps":[{"kind":"blur","params":{"radius":3}},{"kind":"crop"}]}`), "crop.x", []byte("3"))
	f.Add([]byte(`{"steps":[{"kind":"motion"},{"kind":"blobs","params":null}]}`), "blobs.min_area", []byte(`"x"`))
	f.Fuzz(func(t *testing.T, graph []byte, name string, value []byte) {
		p, issues := New(graph)
		if (p == nil) != (len(issues) > 0) {
			t.Fatalf("%v and %v", p, issues)
		}
		if p == nil {
			return
		}
		p.SetInputs(video.Inputs{name: value})
		for _, n := range p.Nodes() {
			if n.Kind == "resize" { // large results are allowed and slow
				return
			}
		}
		var want []string
		for _, o := range p.Outputs() {
			want = append(want, o.Name)
		}
		// A step may fail; nothing may panic.
		_, _ = p.Process(t.Context(), video.Picture{Image: picture(16, 16, image.Rect(2, 2, 9, 9))}, want)
	})
}

// BenchmarkPipelines measures pipelines at 1280 x 720, from the decoded picture to the
// processed one.
func BenchmarkPipelines(b *testing.B) {
	in := picture(1280, 720, image.Rect(100, 100, 400, 300))
	for _, graph := range []struct{ name, text string }{
		{"convert", `{}`},
		{"gray-blur-edges", `{"steps":[{"kind":"grayscale"},{"kind":"blur"},{"kind":"edges"}]}`},
		{"half-motion-text", `{"steps":[{"kind":"resize","params":{"width":640}},{"kind":"motion"},{"kind":"text"}]}`},
	} {
		b.Run(graph.name, func(b *testing.B) {
			p := pipe(b, graph.text)
			b.ReportAllocs()
			for b.Loop() {
				process(b, p, in, "frame")
			}
		})
	}
}
