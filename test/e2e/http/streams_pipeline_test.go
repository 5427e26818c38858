package http

import (
	"bytes"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const pipelineID = "11111111-2222-4333-8444-555555555555"

// graph is a pipeline with an image output and a data output.
func graph() object {
	return object{"steps": []any{object{"kind": "motion", "name": "moved"}, object{"kind": "grayscale", "name": "gray"}}}
}

// isGrey tells whether a picture has no colour.
func isGrey(t *testing.T, data []byte) bool {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 4 {
		for x := b.Min.X; x < b.Max.X; x += 4 {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 16 {
				return false
			}
		}
	}
	return true
}

// 7.11: a graph is set while the stream is watched; its outputs are listed, shown and
// sampled, and kept over a restart.
func TestPipeline(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	if isGrey(t, p.next(t)) {
		t.Fatal("the test pattern has no colours")
	}
	r := d.Post(streamPath(id, "pipeline/graph"), text(t, object{"graph": graph(), "pipeline_id": pipelineID}))
	if r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	m := infoOf(t, d, id).Manifest
	if !m.PipelineEnabled || m.ActivePipelineID != pipelineID || len(m.Pipelines) != 1 || len(m.Pipelines[0].PipelineGraph["steps"].([]any)) != 2 {
		t.Errorf("%+v", m)
	}
	outputs := read[wire.StreamOutputs](t, d.Get(streamPath(id, "pipeline/outputs"))).Outputs
	names := map[string]bool{}
	for _, o := range outputs {
		names[o.Name] = o.Previewable
	}
	if previewable, there := names["moved.data"]; !there || previewable || !names["gray"] || !names["raw"] || !names["frame"] {
		t.Fatalf("outputs %+v", outputs)
	}
	if r := d.Post(streamPath(id, "pipeline/output"), `{"output":"gray"}`); r.Status != 204 || len(r.Body) > 0 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	device.Poll(t, "grey pictures", func() bool { return isGrey(t, p.next(t)) })
	if f := infoOf(t, d, id); f.Runtime.Pipeline.ActiveOutputKey != "gray" || f.Manifest.ActivePipelineOutput != "gray" {
		t.Errorf("%+v", f.Runtime.Pipeline)
	}
	sample := read[wire.StreamSample](t, d.Get(streamPath(id, "pipeline/outputs/moved.data/sample")))
	if sample.Port != "moved.data" || len(sample.Value) == 0 || sample.Error != "" || sample.TimestampMS == 0 {
		t.Errorf("%+v", sample)
	}
	if r := d.Get(streamPath(id, "pipeline/outputs/gray/sample")); r.Status != 200 || !isGrey(t, r.Body) {
		t.Errorf("%d %.100s", r.Status, r.Body)
	}
	wantEngine(t, "not shown", d.Get(streamPath(id, "pipeline/outputs/raw/sample")), 409, "invalid_state", "InvalidState")
	wantEngine(t, "no output", d.Get(streamPath(id, "pipeline/outputs/nope/sample")), 404, "not_found", "NotFound")
	wantEngine(t, "no output", d.Post(streamPath(id, "pipeline/output"), `{"output":"nope"}`), 404, "not_found", "NotFound")
	wantEngine(t, "no picture", d.Post(streamPath(id, "pipeline/output"), `{"output":"moved.data"}`), 404, "not_found", "NotFound")
	if r := d.Post(streamPath(id, "pipeline/output"), `{"output":"raw"}`); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	device.Poll(t, "colours", func() bool { return !isGrey(t, p.next(t)) })
	// None given is frame: what comes after the last step.
	if r := d.Post(streamPath(id, "pipeline/output"), `{}`); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	device.Poll(t, "what the pipeline makes", func() bool { return isGrey(t, p.next(t)) })
	d.Stop()
	d = device.Start(t, device.Options{StateDir: d.StateDir})
	if got := read[wire.StreamOutputs](t, d.Get(streamPath(id, "pipeline/outputs"))).Outputs; !slices.Equal(got, outputs) {
		t.Errorf("after a restart: %+v", got)
	}
}

// 7.11: what is wrong with a graph is told with its path.
func TestGraphRefused(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	for path, body := range map[string]object{
		"graph":               {},
		"graph.steps[0].kind": {"graph": object{"steps": []any{object{"kind": "magic"}}}},
		"pipeline_id":         {"graph": object{}, "pipeline_id": "x"},
	} {
		wantIssue(t, path, d.Post(streamPath(id, "pipeline/graph"), text(t, body)), path)
	}
	wantEngine(t, "no JSON", d.Post(streamPath(id, "pipeline/graph"), "{"), 400, "invalid_input", "InvalidInput")
	wantEngine(t, "no stream", d.Post(streamPath(someID, "pipeline/graph"), `{"graph":{}}`), 404, "not_found", "NotFound")
	if m := infoOf(t, d, id).Manifest; m.PipelineEnabled || len(m.Pipelines) > 0 {
		t.Errorf("%+v", m)
	}
}

// 7.11: preview?output= shows an output while it is open, and then what was shown before.
func TestPreviewOutput(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(object{
		"pipeline_enabled": true, "active_pipeline_id": pipelineID, "active_pipeline_output": "raw",
		"pipelines": []any{object{"pipeline_id": pipelineID, "pipeline_graph": graph()}},
	}))
	if f := read[wire.StreamFormat](t, d.Get(streamPath(id, "format?pipeline="+pipelineID+"&output=gray"))); f.FourCC != "MJPG" {
		t.Errorf("%+v", f)
	}
	answer := open(t, d, streamPath(id, "preview?pipeline="+pipelineID+"&output=gray"))
	p := partsOf(t, answer)
	device.Poll(t, "grey pictures", func() bool { return isGrey(t, p.next(t)) })
	if got := infoOf(t, d, id).Runtime.Pipeline.ActiveOutputKey; got != "gray" {
		t.Errorf("output %s", got)
	}
	_ = answer.Body.Close()
	device.Poll(t, "the former output", func() bool { return infoOf(t, d, id).Runtime.Pipeline.ActiveOutputKey == "raw" })
}

// 7.11: a layout is kept, and removed by null.
func TestLayout(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	p.next(t)
	layout := `{"rows":2,"columns":2,"slots":[{"row":1,"column":0,"output_key":"frame"}]}`
	if r := d.Post(streamPath(id, "pipeline/layout"), layout); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	wantIssue(t, "outside", d.Post(streamPath(id, "pipeline/layout"), `{"rows":1,"columns":1,"slots":[{"row":1,"column":0}]}`), "slots[0]")
	d.Stop()
	d = device.Start(t, device.Options{StateDir: d.StateDir})
	if l := infoOf(t, d, id).Manifest.PipelineLayout; l == nil || l.Rows != 2 || len(l.Slots) != 1 || l.Slots[0].OutputKey != "frame" {
		t.Errorf("%+v", l)
	}
	if r := d.Post(streamPath(id, "pipeline/layout"), "null"); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	if l := infoOf(t, d, id).Manifest.PipelineLayout; l != nil {
		t.Errorf("%+v", l)
	}
}
