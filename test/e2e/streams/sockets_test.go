package streams

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// wantAck reads the acknowledgement of a request, with nothing else in it.
func wantAck(t *testing.T, s *device.Socket, id string) {
	t.Helper()
	m := s.Expect("ack")
	o := m.Map()
	if got, given := o["request_id"]; id == "" && given && got != nil || id != "" && got != id || o["error"] != nil {
		t.Errorf("%s, want the ack of %q", m.Data, id)
	}
}

// wantError reads the error of a request and returns its text.
func wantError(t *testing.T, s *device.Socket, id string) string {
	t.Helper()
	m := s.Expect("error")
	o := m.Map()
	if got, given := o["request_id"]; id == "" && given && got != nil || id != "" && got != id {
		t.Errorf("%s, want the error of %q", m.Data, id)
	}
	text, _ := o["error"].(string)
	if text == "" {
		t.Errorf("an error without text: %s", m.Data)
	}
	return text
}

// 3.12: what cannot be read gives an error and leaves the socket open, on all three.
func TestUnreadableMessages(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	for _, kind := range []string{"updates", "controls", "outputs"} {
		s := d.Dial(socket(id, kind))
		if kind == "outputs" {
			s.Next()
		}
		for text, request := range map[string]string{
			"": "", "ping": "", "[]": "", "null": "", `{"type":1}`: "", `{}`: "", `{"type":"ping","request_id":7}`: "",
			`{"type":"nothing","request_id":"n"}`: "n", `{"request_id":"m"}`: "m",
			`{"type":"ping","request_id":"` + strings.Repeat("x", 1000) + `"}`: "",
		} {
			s.Send(text)
			if got := wantError(t, s, request); !strings.HasPrefix(got, "invalid request: ") {
				t.Errorf("%s, %q: %s", kind, text, got)
			}
		}
		s.SendBinary([]byte(`{"type":"ping"}`))
		wantError(t, s, "")
		s.Send(`{"type":"ping"}`)
		wantAck(t, s, "")
		s.Send(`{"type":"ping","request_id":"p","more":[1]}`)
		wantAck(t, s, "p")
	}
}

// 3.12: where the table says O there is no request_id, where it says N there is null.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	for kind, want := range map[string]string{"updates": `{"type":"ack"}`, "controls": `{"type":"ack"}`, "outputs": `{"type":"ack","request_id":null}`} {
		s := d.Dial(socket(id, kind))
		if kind == "outputs" {
			s.Next()
		}
		s.Send(`{"type":"ping"}`)
		if m := s.Next(); string(m.Data) != want {
			t.Errorf("%s: %s, want %s", kind, m.Data, want)
		}
	}
}

// journal opens the socket of the change journal and skips what comes first.
func journal(d *device.Device) *device.Socket {
	s := d.Dial("/v1/ws/updates")
	s.Expect("ready")
	return s
}

// change returns the next change of the journal.
func change(t *testing.T, s *device.Socket) wire.RealtimeUpdateEvent {
	t.Helper()
	m := s.Find("a change", func(m device.Message) bool { return m.Type() == "change" })
	return decode[wire.UpdatesChange](t, m).Event
}

// 3.12.1, 4: a graph is set while the stream goes on, and the change is in the journal.
func TestSetGraph(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	frames := d.Dial(socket(id, "frames"))
	frames.Expect("format")
	events := journal(d)
	s := d.Dial(socket(id, "updates"))
	s.SendJSON(object{"type": "set_graph", "request_id": "one", "pipeline_id": strings.ToUpper(somePipeline), "graph": object{"steps": []any{
		object{"kind": "resize", "name": "small", "params": object{"width": 160, "height": 120}},
	}}})
	wantAck(t, s, "one")
	changes(t, frames, 160, 120)
	path := socket(id, "updates")
	e := change(t, events)
	if e.Origin != "ws" || e.Kind != "streams.pipeline" || e.Domain != "streams" || e.Entity != "stream_pipeline" || e.ResourceID != id ||
		e.Operation != "update" || e.Method != "set_graph" || e.Path != path || e.RequestID != "one" || e.Revision == 0 {
		t.Errorf("%+v", e)
	}
	if i := info(d, id); !i.Manifest.PipelineEnabled || i.Manifest.ActivePipelineID != somePipeline || len(i.Manifest.Pipelines) != 1 {
		t.Errorf("the manifest has %+v", i.Manifest.Pipelines)
	}
	s.SendJSON(object{"type": "set_graph", "output": "big", "graph": object{"steps": []any{
		object{"kind": "resize", "name": "big", "params": object{"width": 480, "height": 360}}, object{"kind": "grayscale"},
	}}})
	wantAck(t, s, "")
	selected(t, d, id, "big")
	if next := change(t, events); next.Revision <= e.Revision || next.RequestID != "" {
		t.Errorf("%+v after %+v", next, e)
	}
	s.SendJSON(object{"type": "set_graph_patch", "request_id": "patch", "patch": object{"steps": []any{object{"kind": "edges", "name": "lines"}}}})
	wantAck(t, s, "patch")
	if e := change(t, events); e.Method != "set_graph_patch" || e.Origin != "ws" || e.Operation != "update" || e.RequestID != "patch" {
		t.Errorf("%+v", e)
	}
	device.Poll(t, "the patched graph to be listed", func() bool {
		return fmt.Sprint(info(d, id).Manifest.Pipelines[0].PipelineGraph) == "map[steps:[map[kind:edges name:lines]]]"
	})
}

// 3.12.1, 4: inputs are set and cleared.
func TestSetInputs(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	frames := d.Dial(socket(id, "frames"))
	wantFormat(t, frames, "MJPG", 160, 120)
	events := journal(d)
	s := d.Dial(socket(id, "updates"))
	s.SendJSON(object{"type": "set_inputs", "request_id": "in", "inputs": object{"quarter.width": 80, "quarter.height": 60}})
	wantAck(t, s, "in")
	changes(t, frames, 80, 60)
	if e := change(t, events); e.Method != "set_inputs" || e.Kind != "streams.pipeline" || e.ResourceID != id || e.RequestID != "in" {
		t.Errorf("%+v", e)
	}
	s.SendJSON(object{"type": "set_inputs", "pipeline_id": somePipeline, "inputs": object{"quarter.width": nil, "quarter.height": nil}})
	wantAck(t, s, "")
	changes(t, frames, 160, 120)
}

// 3.12.1, 4: what does not succeed is told and no change.
func TestRefusedUpdates(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	events := journal(d)
	s := d.Dial(socket(id, "updates"))
	for i, c := range []struct {
		message object
		invalid bool // it cannot be read
	}{
		{object{"type": "set_graph"}, true},
		{object{"type": "set_graph", "graph": nil}, true},
		{object{"type": "set_graph", "graph": []any{}}, true},
		{object{"type": "set_graph", "graph": object{}, "pipeline_id": "front"}, true},
		{object{"type": "set_graph", "graph": object{}, "output": 1}, true},
		{object{"type": "set_graph", "graph": steps([2]string{"nothing", "x"})}, false},
		{object{"type": "set_graph", "graph": object{"steps": 1}}, false},
		{object{"type": "set_graph", "graph": object{}, "output": "none"}, false},
		{object{"type": "set_graph_patch"}, true},
		{object{"type": "set_graph_patch", "patch": object{"steps": "none"}}, false},
		{object{"type": "set_graph_patch", "patch": object{}, "pipeline_id": noStream}, false},
		{object{"type": "set_inputs"}, true},
		{object{"type": "set_inputs", "inputs": nil}, true},
		{object{"type": "set_inputs", "inputs": []any{}}, true},
		{object{"type": "set_inputs", "inputs": object{"quarter.width": "wide"}}, false},
		{object{"type": "set_inputs", "inputs": object{}, "pipeline_id": noStream}, false},
	} {
		request := fmt.Sprint(i)
		c.message["request_id"] = request
		s.SendJSON(c.message)
		if text := wantError(t, s, request); strings.HasPrefix(text, "invalid request: ") != c.invalid {
			t.Errorf("%v: %s", c.message, text)
		}
	}
	d.Post("/v1/peripherals/i2c/scan", "{}") // the journal's next change
	if e := change(t, events); e.Origin != "http" {
		t.Errorf("what was refused is a change: %+v", e)
	}
	remove(t, d, id)
	s.SendJSON(object{"type": "set_graph", "graph": object{}, "request_id": "late"})
	if text := wantError(t, s, "late"); text != "stream not found" {
		t.Error(text)
	}
}

// controlsOf returns the values of the controls of a stream's manifest.
func controlsOf(d *device.Device, id string) (list []wire.ControlSetting) {
	return info(d, id).Manifest.Capture.Controls
}

// Controls of the test pattern.
const speed, pause = 1, 2

// 3.12.2, 8.2: controls are set in both spellings, and the answer comes when it is done.
// The journal says nothing of it.
func TestSetControl(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	events := journal(d)
	s := d.Dial(socket(id, "controls"))
	for i, c := range []struct {
		value any
		want  int64
	}{{object{"Int": 9}, 9}, {object{"kind": "int", "value": 3}, 3}, {object{"Uint": 5}, 5}} {
		s.SendJSON(object{"type": "set_control", "control_id": speed, "value": c.value, "request_id": fmt.Sprint(i)})
		wantAck(t, s, fmt.Sprint(i))
		list := controlsOf(d, id)
		if j := slices.IndexFunc(list, func(c wire.ControlSetting) bool { return c.ID == speed }); j < 0 || list[j].Value.Int+int64(list[j].Value.Uint) != c.want {
			t.Errorf("after %v the controls are %+v", c.value, list)
		}
	}
	for message, text := range map[string]string{
		`{"type":"set_control","value":{"Int":1}}`:                                "invalid request: control_id",
		`{"type":"set_control","control_id":1}`:                                   "invalid request: value",
		`{"type":"set_control","control_id":1,"value":null}`:                      "invalid request: value",
		`{"type":"set_control","control_id":-1,"value":{"Int":1}}`:                "invalid request: ",
		`{"type":"set_control","control_id":1,"value":{"Whole":1}}`:               "invalid request: ",
		`{"type":"set_control","control_id":1,"value":{"kind":"Int","value":1}}`:  "invalid request: ",
		`{"type":"set_control","control_id":99,"value":{"Int":1}}`:                "control",
		`{"type":"set_control","control_id":1,"value":{"Int":1000000}}`:           "control",
		`{"type":"set_control","control_id":1,"value":{"kind":"int","value":-5}}`: "control",
	} {
		s.Send(message)
		if got := wantError(t, s, ""); !strings.Contains(got, text) {
			t.Errorf("%s: %s", message, got)
		}
	}
	d.Post("/v1/peripherals/i2c/scan", "{}")
	if e := change(t, events); e.Origin != "http" {
		t.Errorf("%+v", e)
	}
}

// 3.12.2: sets of the same control within 75 ms are one, of which the last value counts:
// all are answered, and the picture has never stood still.
func TestControlsAreCoalesced(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	updates := 0
	s := d.Dial(socket(id, "controls"))
	began := time.Now()
	const burst = 40
	for i := range burst {
		s.SendJSON(object{"type": "set_control", "control_id": speed, "value": object{"Int": 1 + i%20}, "request_id": fmt.Sprint("s", i)})
	}
	s.SendJSON(object{"type": "set_control", "control_id": pause, "value": object{"Bool": true}, "request_id": "p"})
	s.SendJSON(object{"type": "ping", "request_id": "ping"})
	wantAck(t, s, "ping") // is not behind them
	answers := map[string]time.Time{}
	var last time.Time
	for len(answers) < burst+1 {
		m := s.Expect("ack")
		answers[fmt.Sprint(m.Map()["request_id"])] = m.At
		if m.At.Sub(last) > 40*time.Millisecond {
			updates++
		}
		last = m.At
	}
	if first := answers["s0"].Sub(began); first < 75*time.Millisecond {
		t.Errorf("the first of the burst was applied after %v", first)
	}
	if updates > burst/4 { // one or two, if the machine has the time
		t.Errorf("%d sets were applied in %d steps", burst+1, updates)
	}
	for _, c := range controlsOf(d, id) {
		if c.ID == speed && c.Value.Int != 1+(burst-1)%20 || c.ID == pause && !c.Value.Bool {
			t.Errorf("the control %d is %+v", c.ID, c.Value)
		}
	}
	// What was asked for just before the client leaves is done.
	s.SendJSON(object{"type": "set_control", "control_id": pause, "value": object{"Bool": false}})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	device.Poll(t, "the last set to be applied", func() bool {
		list := controlsOf(d, id)
		i := slices.IndexFunc(list, func(c wire.ControlSetting) bool { return c.ID == pause })
		return i >= 0 && !list[i].Value.Bool
	})
}
