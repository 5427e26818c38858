package http

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 7.11: a stream is made, listed, shown, changed and deleted.
func TestStreamLife(t *testing.T) {
	d := start(t)
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 0 {
		t.Fatalf("a new server has %d streams", len(list))
	}
	made := read[wire.StreamCreated](t, d.Post("/v1/streams", text(t, pattern(object{"identity": object{"alias": "front"}}))))
	if !isUUID(made.StreamID) || len(made.Descriptor.Modes) == 0 || len(made.Descriptor.Controls) == 0 {
		t.Fatalf("%+v", made)
	}
	id := made.StreamID
	list := read[[]wire.StreamInfo](t, d.Get("/v1/streams"))
	one := infoOf(t, d, id)
	if len(list) != 1 || !reflect.DeepEqual(list[0], one) || one.ID != id || one.Manifest.Identity.Alias != "front" {
		t.Errorf("list %+v\none %+v", list, one)
	}
	changed := read[wire.StreamCreated](t, d.Ask("PUT", "/v1/streams/"+id, text(t, pattern(object{"identity": object{"alias": "back"}}))))
	if changed.StreamID != id || changed.Action != "persisted_only" || infoOf(t, d, id).Manifest.Identity.Alias != "back" {
		t.Errorf("%+v", changed)
	}
	for range 2 { // 204 also when there is no such stream
		if r := d.Ask("DELETE", "/v1/streams/"+id, ""); r.Status != 204 || len(r.Body) > 0 {
			t.Errorf("delete: %d %s", r.Status, r.Body)
		}
	}
	if r := d.Get("/v1/streams/" + id); r.Status != 404 || len(r.Body) > 0 {
		t.Errorf("a deleted stream: %d %q, want 404 and an empty body", r.Status, r.Body)
	}
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 0 {
		t.Errorf("%d streams are left", len(list))
	}
}

// 7.11: PUT of a stream that somebody watches restarts its capture.
func TestStreamRestarted(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	preview := open(t, d, streamPath(id, "preview"))
	pictures := partsOf(t, preview)
	numberOf(t, pictures.next(t), 320, 240)
	m := pattern(nil)
	m["capture"].(object)["mode"] = object{"format": object{"code": "MJPG", "resolution": object{"width": 640, "height": 480}, "color": "Srgb"}}
	changed := read[wire.StreamCreated](t, d.Ask("PUT", "/v1/streams/"+id, text(t, m)))
	if changed.Action != "restarted" {
		t.Errorf("action %q", changed.Action)
	}
	device.Poll(t, "pictures of the new size", func() bool {
		return widthOf(t, pictures.next(t)) == 640
	})
}

// 7.11: the id is identity.id if given; an id that runs gets the new manifest.
// 8.3: published keys that belong to another type are ignored; internal is false.
func TestStreamIdentity(t *testing.T) {
	d := start(t)
	m := pattern(object{"internal": true, "identity": object{"id": strings.ToUpper(someID), "display": "x", "keys": []string{"y"}}})
	if id := create(t, d, m); id != someID {
		t.Errorf("id %s", id)
	}
	if got := infoOf(t, d, someID); got.Manifest.Internal || got.Resolved.Internal || got.Manifest.Identity.ID != someID {
		t.Errorf("%+v", got.Manifest)
	}
	m["preview_jpeg_quality"] = 55
	create(t, d, m)
	if got := infoOf(t, d, strings.ToUpper(someID)); got.Manifest.PreviewJpegQuality != 55 {
		t.Errorf("quality %d", got.Manifest.PreviewJpegQuality)
	}
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 1 {
		t.Errorf("%d streams", len(list))
	}
}

// 7.11: identity or camera in use: 409, conflict or busy.
func TestStreamConflict(t *testing.T) {
	d := start(t)
	create(t, d, pattern(object{"identity": object{"alias": "front", "hardware_id": "hw"}}))
	for _, identity := range []object{{"alias": "front"}, {"hardware_id": "hw"}} {
		wantEngine(t, text(t, identity), d.Post("/v1/streams", text(t, pattern(object{"identity": identity}))), 409, "conflict", "Conflict")
	}
	node := captured("V4l2", object{"V4l2": object{"path": "/dev/video63"}}, nil)
	create(t, d, node)
	wantEngine(t, "the same node", d.Post("/v1/streams", text(t, node)), 409, "busy", "Busy")
}

// 7.1, 7.11: what is no manifest gives 400, what cannot be used 422 with the dotted
// path of the member; both are in the error history (7.3).
func TestStreamRefused(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	for _, body := range []string{"", "{", "[]", `{"capture":3}`, `{"capture":{"backend":"Virtual","handle":"Real"}}`} {
		wantEngine(t, body, d.Post("/v1/streams", body), 400, "invalid_input", "InvalidInput")
		wantEngine(t, body, d.Ask("PUT", "/v1/streams/"+id, body), 400, "invalid_input", "InvalidInput")
		wantEngine(t, body, d.Post("/v1/streams/validate", body), 400, "invalid_input", "InvalidInput")
	}
	large := object{"format": object{"code": "MJPG", "resolution": object{"width": 9000, "height": 240}}}
	for path, m := range map[string]object{
		"capture":                                   {},
		"capture.backend":                           captured("Libcamera", object{"Libcamera": object{"id": "x"}}, nil), // not built
		"capture.handle":                            captured("Virtual", object{"V4l2": object{"path": "/dev/video0"}}, nil),
		"capture.handle.V4l2.path":                  captured("V4l2", object{"V4l2": object{"path": "/dev/watchdog"}}, nil),
		"capture.handle.Netcam.url":                 captured("Netcam", object{"Netcam": object{"url": "file:///etc/passwd"}}, nil),
		"capture.handle.File.paths[0]":              captured("File", object{"File": object{"paths": []string{"x.jpg"}}}, nil),
		"capture.mode.format.resolution.width":      {"capture": object{"backend": "Virtual", "handle": "Virtual", "mode": large}},
		"capture.controls[0]":                       {"capture": object{"backend": "Virtual", "handle": "Virtual", "controls": []any{object{"id": 1, "value": object{"Int": 900}}}}},
		"capture.target_fps":                        {"capture": object{"backend": "Virtual", "handle": "Virtual", "target_fps": 0.00001}},
		"identity.id":                               pattern(object{"identity": object{"id": "front"}}),
		"preview_jpeg_quality":                      pattern(object{"preview_jpeg_quality": 0}),
		"recording_mode.state":                      pattern(object{"recording_mode": object{"state": "shadow_buffer", "codec": "h264"}}),
		"decoder.settings.rotation_degrees":         pattern(object{"decoder": object{"state": "enabled", "settings": object{"rotation_degrees": 90}}}),
		"pipelines[0].pipeline_graph.steps[0].kind": pattern(object{"pipelines": []any{object{"pipeline_id": someID, "pipeline_graph": object{"steps": []any{object{"kind": "magic"}}}}}}),
	} {
		wantIssue(t, path, d.Post("/v1/streams", text(t, m)), path)
		wantIssue(t, path, d.Post("/v1/streams/validate", text(t, m)), path)
		if path != "identity.id" {
			wantIssue(t, path, d.Ask("PUT", "/v1/streams/"+id, text(t, m)), path)
		}
	}
	wantEngine(t, "PUT of none", d.Ask("PUT", "/v1/streams/"+someID, text(t, pattern(nil))), 404, "not_found", "NotFound")
	for _, path := range []string{"/v1/streams/nonsense", "/v1/streams/nonsense/format"} {
		wantEngine(t, path, d.Get(path), 400, "invalid_input", "InvalidInput")
	}
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 1 {
		t.Errorf("%d streams, want the one", len(list))
	}
	found := false
	for _, e := range history(t, d, "") {
		found = found || e.Code == "validation_failed" && e.Status == 422 && e.Operation == "POST /v1/streams"
	}
	if !found {
		t.Error("the error history does not have the refusals")
	}
}

// 7.11: a manifest that can be used is valid, and makes no stream.
func TestStreamValidate(t *testing.T) {
	d := start(t)
	if r := d.Post("/v1/streams/validate", text(t, pattern(object{"calibration": object{"fx": 1}}))); r.Status != 200 || !strings.Contains(string(r.Body), `"calibration"`) {
		t.Errorf("%d %s, want a warning about the calibration", r.Status, r.Body)
	}
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 0 {
		t.Errorf("%d streams", len(list))
	}
}

// 8.3: the published example comes back as it was, and with the defaults in resolved.
func TestStreamManifest(t *testing.T) {
	d := start(t)
	example, err := os.ReadFile("../../../client/helios/testdata/examples/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	made := read[wire.StreamCreated](t, d.Post("/v1/streams", string(example)))
	var want, raw object
	if err := json.Unmarshal(example, &want); err != nil {
		t.Fatal(err)
	}
	want["identity"].(object)["id"] = made.StreamID
	d.JSON(d.Get("/v1/streams/"+made.StreamID), &raw)
	if !reflect.DeepEqual(raw["manifest"], want) {
		t.Errorf("got  %v\nwant %v", raw["manifest"], want)
	}
	keys(t, "info", raw, "id", "descriptor", "manifest", "resolved", "preview_format", "status?", "runtime?")
	keys(t, "descriptor", raw["descriptor"].(object), "modes", "controls")
	resolved := raw["resolved"].(object)
	keys(t, "resolved", resolved, "identity", "capture", "hostBuffer", "internal", "pipelineEnabled", "previewJpegQuality",
		"startOnBoot", "activePipelineId?", "activePipelineOutput?", "calibration?", "decoder?", "encoder?",
		"pipelineHostInputs?", "pipelineLayout?", "pipelineWires?", "pipelines?", "pose?", "recordingMode?")
	keys(t, "resolved.encoder", resolved["encoder"].(object), "enabled", "codecId?", "settings?", "settingsPresent")
	if raw["preview_format"] != "mjpeg" {
		t.Errorf("preview_format %v", raw["preview_format"])
	}
	status := raw["status"].(object)
	keys(t, "status", status, "state", "started_at_ms?", "disabled_since_ms?", "disabled_reason?", "recording_active", "recording_since_ms?")
	runtime := raw["runtime"].(object)
	keys(t, "runtime", runtime, "capture", "codecs", "demand", "pipeline", "recording")
	keys(t, "demand", runtime["demand"].(object), "live_active", "frame", "encoder", "viewers", "graph", "recording", "pipeline")
	if status["state"] != "running" || runtime["capture"].(object)["state"] != "stopped" {
		t.Errorf("nobody watches: %v, %v", status, runtime["capture"])
	}
}

// 8.3: members that do nothing here are kept.
func TestStreamKeepsWhatItDoesNotUse(t *testing.T) {
	d := start(t)
	extra := object{
		"host_buffer": 2.,
		"calibration": object{"fx": 1., "fy": 2., "cx": 3., "cy": 4., "k1": .1, "k2": .2, "p1": .3, "p2": .4, "k3": .5, "undistortIters": 5., "lensModel": "fisheye"},
		"pose": object{
			"translation": object{"x": 1., "y": 2., "z": 3.}, "rotation": object{"roll": 4., "pitch": 5., "yaw": 6.}, "updated_at": "2031-04-05T06:07:08.123Z",
		},
		"pipeline_layout": object{"rows": 1., "columns": 2., "slots": []any{object{"row": 0., "column": 1., "output_key": "frame"}}},
	}
	id := create(t, d, pattern(extra))
	for _, step := range []string{"at once", "after a restart"} {
		var got struct{ Manifest object }
		d.JSON(d.Get("/v1/streams/"+id), &got)
		for key, want := range extra {
			if !reflect.DeepEqual(got.Manifest[key], want) {
				t.Errorf("%s, %s: got %v, want %v", step, key, got.Manifest[key], want)
			}
		}
		if step == "at once" {
			d.Stop()
			d = device.Start(t, device.Options{StateDir: d.StateDir})
		}
	}
}

// Streams are on disk before the answer, so that they outlive the server, whatever
// its end.
func TestStreamsOutliveTheServer(t *testing.T) {
	d := start(t)
	m := pattern(object{"identity": object{"alias": "front"}, "start_on_boot": true})
	id := create(t, d, m)
	gone := create(t, d, pattern(nil))
	d.Kill()
	d = device.Start(t, device.Options{StateDir: d.StateDir})
	if got := infoOf(t, d, id); got.Manifest.Identity.Alias != "front" || !got.Manifest.StartOnBoot {
		t.Errorf("%+v", got.Manifest)
	}
	// start_on_boot: it runs although nobody watches.
	device.Poll(t, "the stream to run", func() bool { return infoOf(t, d, id).Runtime.Capture.State == "running" })
	if r := d.Ask("DELETE", "/v1/streams/"+gone, ""); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	d.Kill()
	d = device.Start(t, device.Options{StateDir: d.StateDir})
	if list := read[[]wire.StreamInfo](t, d.Get("/v1/streams")); len(list) != 1 || list[0].ID != id {
		t.Errorf("%d streams", len(list))
	}
	d.Stop()
}

// 2.5: the list is revisioned.
func TestStreamsRevision(t *testing.T) {
	d := start(t)
	first := d.Get("/v1/streams")
	tag := first.Header.Get("ETag")
	if r := d.Get("/v1/streams", "If-None-Match", tag); r.Status != 304 || len(r.Body) > 0 || r.Header.Get("ETag") != tag {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	id := create(t, d, pattern(nil))
	second := d.Get("/v1/streams", "If-None-Match", tag)
	if second.Status != 200 || second.Header.Get("ETag") == tag || second.Header.Get("x-helios-revision") == first.Header.Get("x-helios-revision") {
		t.Errorf("after a change: %d %v", second.Status, second.Header)
	}
	if second.Header.Get("x-helios-streams-stale") != "" {
		t.Error("the list is said to be stale")
	}
	// 7.2: the summary has the same revision.
	summary := read[wire.Summary](t, d.Get("/v1"))
	if len(summary.Streams.ResolvedStreams) != 1 || summary.Streams.ResolvedStreams[0].Identity.ID != id || len(summary.Streams.Codecs) == 0 {
		t.Errorf("%+v", summary.Streams)
	}
	if got := d.Get("/v1/streams").Header.Get("x-helios-revision"); got != text(t, summary.Streams.Revision) {
		t.Errorf("revision %s, the summary has %d", got, summary.Streams.Revision)
	}
}

// 4: the journal's rows of the stream paths.
func TestStreamJournal(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	for _, c := range []struct {
		method, path, body string
		status             int
		kind, operation    string
		entity, resource   string
	}{
		{"POST", "/v1/streams", text(t, pattern(nil)), 200, "streams.lifecycle", "create", "stream", ""},
		{"POST", "/v1/streams/validate", text(t, pattern(nil)), 200, "streams.lifecycle", "create", "stream", "validate"},
		{"PUT", "/v1/streams/" + id, text(t, pattern(nil)), 200, "streams.lifecycle", "update", "stream", id},
		{"POST", streamPath(id, "controls/1"), `{"Int":3}`, 204, "streams.controls", "create", "stream_control", id},
		{"POST", streamPath(id, "pipeline/output"), `{"output":"frame"}`, 204, "streams.pipeline", "create", "stream_pipeline", id},
		{"POST", streamPath(id, "pipeline/graph"), `{"graph":{"steps":[]}}`, 200, "streams.pipeline", "create", "stream_pipeline", id},
		{"POST", streamPath(id, "pipeline/layout"), `{"rows":1,"columns":1,"slots":[]}`, 204, "streams.pipeline", "create", "stream_pipeline", id},
		{"DELETE", "/v1/streams/" + id, "", 204, "streams.lifecycle", "delete", "stream", id},
	} {
		s := d.Dial("/v1/ws/updates")
		if r := d.Ask(c.method, c.path, c.body); r.Status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.Status, r.Body)
			continue
		}
		m := s.Find("the change", func(m device.Message) bool { return strings.Contains(string(m.Data), `"change"`) })
		var change wire.UpdatesChange
		if err := json.Unmarshal(m.Data, &change); err != nil {
			t.Fatal(err)
		}
		event := change.Event
		if event.Kind != c.kind || event.Operation != c.operation || event.Entity != c.entity || event.ResourceID != c.resource || event.Path != c.path {
			t.Errorf("%s %s: %s", c.method, c.path, m.Data)
		}
		s.Close()
	}
	// What was refused is no change.
	s := d.Dial("/v1/ws/updates")
	d.Post("/v1/streams", "{}")
	d.Post("/v1/streams/validate", "{}")
	create(t, d, pattern(nil))
	m := s.Find("the change", func(m device.Message) bool { return strings.Contains(string(m.Data), `"change"`) })
	if strings.Contains(string(m.Data), "validate") {
		t.Errorf("%s", m.Data)
	}
}

// Who may: view reads, control changes.
func TestStreamScopes(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	view := []string{"Authorization", "Bearer " + makeToken(t, d, "viewer", "view")}
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/streams", text(t, pattern(nil))},
		{"POST", "/v1/streams/validate", text(t, pattern(nil))},
		{"PUT", "/v1/streams/" + id, text(t, pattern(nil))},
		{"DELETE", "/v1/streams/" + id, ""},
		{"POST", streamPath(id, "controls/1"), `{"Int":3}`},
		{"POST", streamPath(id, "pipeline/output"), `{}`},
		{"POST", streamPath(id, "pipeline/graph"), `{"graph":{}}`},
		{"POST", streamPath(id, "pipeline/layout"), `null`},
		{"POST", streamPath(id, "recording/start"), ""},
	} {
		if r := d.Ask(c.method, c.path, c.body, view...); r.Status != 403 {
			t.Errorf("%s %s with the scope view: %d %.200s", c.method, c.path, r.Status, r.Body)
		}
	}
	for _, path := range []string{
		"/v1/streams", "/v1/streams/" + id, "/v1/streams/codecs", "/v1/streams/backends", "/v1/streams/capabilities",
		streamPath(id, "format"), streamPath(id, "frame"), streamPath(id, "controls"), streamPath(id, "metrics"),
		streamPath(id, "pipeline/outputs"), "/v1/peripherals/cameras",
	} {
		if r := d.Ask("GET", path, "", view...); r.Status != 200 {
			t.Errorf("GET %s with the scope view: %d %.200s", path, r.Status, r.Body)
		}
	}
}
