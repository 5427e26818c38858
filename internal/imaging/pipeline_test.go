package imaging

import (
	"encoding/json"
	"errors"
	"image"
	"slices"
	"testing"
	"time"
)

// TestFaultsAreAllTold names each field that is wrong.
func TestFaultsAreAllTold(t *testing.T) {
	_, err := NewPipeline([]Step{
		{Kind: "warp"},
		{Kind: "blur", Name: "a.b", Params: json.RawMessage(`{"radius":"x","speed":1}`)},
		{Kind: "edges"},
		{Kind: "edges", Name: "edges"},
		{Kind: "blur", Params: json.RawMessage(`{"radius":1000}`)},
	})
	var wrong StepErrors
	if !errors.As(err, &wrong) {
		t.Fatalf("%v is no StepErrors", err)
	}
	var paths []string
	for _, e := range wrong {
		paths = append(paths, e.Path())
	}
	want := []string{"steps[0].kind", "steps[1].params.radius", "steps[1].params.speed", "steps[1].name", "steps[3].name", "steps[4].params.radius"}
	if !slices.Equal(paths, want) {
		t.Errorf("faults %v", paths)
	}
	if !errors.Is(wrong[0], ErrUnknown) || errors.Is(wrong[1], ErrUnknown) || !errors.Is(wrong[2], ErrUnknown) || !errors.Is(wrong[5], ErrRange) {
		t.Errorf("faults %v", wrong)
	}
	_, err = NewPipeline(make([]Step, MaxSteps+1))
	if !errors.Is(err, ErrTooMany) {
		t.Errorf("too many steps: %v", err)
	}
}

// TestRunUsesMemoryAgain lets pictures through that are all changed in size and kept.
func TestRunUsesMemoryAgain(t *testing.T) {
	p, err := NewPipeline([]Step{
		{Kind: "resize", Params: json.RawMessage(`{"width":320}`)}, {Kind: "rotate"}, {Kind: "crop"}, {Kind: "blur"}, {Kind: "edges"},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := noise(640, 480)
	var before map[string]*image.RGBA
	for i := range 3 {
		images, _, _, err := p.Run(clone(in), time.Time{}, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		for name, img := range images {
			if i > 1 && name != RawOutput && &img.Pix[0] != &before[name].Pix[0] {
				t.Errorf("%s has new memory for each picture", name)
			}
		}
		before = images
	}
}

// TestRunIsRepeatable has a second picture of another size in between.
func TestRunIsRepeatable(t *testing.T) {
	p, err := NewPipeline([]Step{{Kind: "resize", Params: json.RawMessage(`{"width":100}`)}, {Kind: "rotate"}, {Kind: "blur"}, {Kind: "blobs"}})
	if err != nil {
		t.Fatal(err)
	}
	run := func(w, h int) map[string]string {
		images, _, _, err := p.Run(noise(w, h), time.Time{}, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for name, img := range images {
			out[name] = img.Rect.String() + string(img.Pix)
		}
		return out
	}
	first := run(300, 200)
	run(90, 400)
	again := run(300, 200)
	for name := range first {
		if first[name] != again[name] {
			t.Errorf("%s differs", name)
		}
	}
}

// TestFailureNamesTheStep has a crop of nothing.
func TestFailureNamesTheStep(t *testing.T) {
	p, err := NewPipeline([]Step{{Kind: "grayscale"}, {Kind: "crop", Name: "cut", Params: json.RawMessage(`{"x":500}`)}, {Kind: "blur"}})
	if err != nil {
		t.Fatal(err)
	}
	images, _, timings, err := p.Run(noise(64, 64), time.Time{}, func(string) bool { return true })
	if err == nil || len(timings) != 2 || timings[1].Err == nil || timings[1].Index != 1 || images["grayscale"] == nil {
		t.Errorf("%v, %+v", err, timings)
	}
}
