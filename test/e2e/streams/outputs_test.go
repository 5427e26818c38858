package streams

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// list reads the next message, which must be a list of outputs, and returns it as a map.
func list(t *testing.T, s *device.Socket) map[string]wire.StreamOutput {
	t.Helper()
	m := s.Next()
	if o := m.Map(); o["outputs"] == nil || o["timestamp_ms"] == nil || len(o) != 2 {
		t.Fatalf("no list: %.300s", m.Data)
	}
	all := map[string]wire.StreamOutput{}
	for _, o := range decode[wire.StreamOutputs](t, m).Outputs {
		all[o.Name] = o
	}
	return all
}

// sample reads the next message, which must be a sample.
func sample(t *testing.T, s *device.Socket) wire.StreamSample {
	t.Helper()
	m := s.Next()
	o := m.Map()
	if o["port"] == nil || o["timestamp_ms"] == nil || (o["value"] == nil) == (o["error"] == nil) || len(o) != 3 {
		t.Fatalf("no sample: %.300s", m.Data)
	}
	return decode[wire.StreamSample](t, m)
}

// 3.12.3, 9.1: the list on connect, and again when it changes, at most once per
// ports_interval_ms, or when it is asked for.
func TestOutputsList(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	s := d.Dial(socket(id, "outputs") + "?ports_interval_ms=500")
	if got := list(t, s); len(got) != 1 || !got["frame"].Previewable {
		t.Errorf("a stream without a pipeline has %v", got)
	}
	updates := d.Dial(socket(id, "updates"))
	updates.SendJSON(object{"type": "set_graph", "graph": steps([2]string{"blobs", "spots"})})
	wantAck(t, updates, "")
	got := list(t, s)
	if o := got["spots"]; !o.Previewable || o.Ty != "image" {
		t.Errorf("%+v", o)
	}
	if o := got["spots.data"]; o.Previewable || o.Ty != "json" || o.LocalizationKind != "detection" {
		t.Errorf("%+v", o)
	}
	s.Send(`{"type":"list","request_id":"l"}`)
	if again := list(t, s); len(again) != len(got) {
		t.Errorf("%v, before %v", again, got)
	}
	wantAck(t, s, "l")
	nothingFor(t, s, 1200*time.Millisecond) // it does not come by itself
	for _, name := range []string{"a", "b", "c", "d"} {
		updates.SendJSON(object{"type": "set_graph", "graph": steps([2]string{"blobs", name})})
		wantAck(t, updates, "")
	}
	began := time.Now()
	lists := 0
	for {
		lists++
		if _, last := list(t, s)["d.data"]; last {
			break
		}
	}
	if lists > 2 || lists > 1 && time.Since(began) < 300*time.Millisecond {
		t.Errorf("%d lists for four changes within %v", lists, time.Since(began))
	}
}

// 3.12.3: samples of what is subscribed to, at most one per interval; a new set replaces
// the former. Nothing is captured without one.
func TestOutputsSamples(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{more: pipelines(somePipeline, steps([2]string{"blobs", "spots"}, [2]string{"motion", "moving"}))})
	s := d.Dial(socket(id, "outputs") + "?interval_ms=200")
	list(t, s)
	if captures(info(d, id)) {
		t.Error("the list makes the camera run")
	}
	s.SendJSON(object{"type": "subscribe", "ports": []string{" spots.data ", "moving.data", "spots.data"}, "request_id": "s"})
	wantAck(t, s, "s")
	times := map[string][]uint64{}
	for len(times["spots.data"]) < 6 || len(times["moving.data"]) < 6 {
		v := sample(t, s)
		if v.Error != "" || !json.Valid(v.Value) {
			t.Fatalf("%+v", v)
		}
		times[v.Port] = append(times[v.Port], v.TimestampMS)
	}
	for port, at := range times {
		if port != "spots.data" && port != "moving.data" {
			t.Errorf("samples of %s", port)
		}
		if !slices.IsSorted(at) || at[len(at)-1]-at[0] < uint64(len(at)-1)*200-100 {
			t.Errorf("samples of %s at %v", port, at)
		}
	}
	s.SendJSON(object{"type": "subscribe", "ports": []string{"moving.data", "none", "spots"}, "interval_ms": 1})
	s.Find("the ack", func(m device.Message) bool { return m.Type() == "ack" })
	told := map[string]int{}
	for told["moving.data"] < 5 {
		v := sample(t, s)
		told[v.Port]++
		if (v.Error != "") != (v.Port != "moving.data") {
			t.Errorf("%+v", v)
		}
	}
	if told["none"] != 1 || told["spots"] != 1 || told["spots.data"] != 0 {
		t.Errorf("samples %v", told)
	}
	if f := metrics(t, d, id).FrameDemand; !f.GraphSampleDemandActive || !f.NeedsDecodedImage || f.HostReceiverCount != 0 {
		t.Errorf("demand %+v", f)
	}
	s.SendJSON(object{"type": "subscribe", "ports": []string{}})
	s.Find("the ack", func(m device.Message) bool { return m.Type() == "ack" })
	waitFor(t, d, id, "the capture to stop", func(i wire.StreamInfo) bool { return !captures(i) })
	nothingFor(t, s, 500*time.Millisecond)
	for _, bad := range []string{`{"type":"subscribe"}`, `{"type":"subscribe","ports":[""]}`, `{"type":"subscribe","ports":"all"}`, `{"type":"subscribe","ports":[],"interval_ms":-1}`} {
		s.Send(bad)
		wantError(t, s, "")
	}
}

// 3.12.3, 9.2: a stream that is deleted ends the socket.
func TestOutputsOfADeletedStream(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	s := d.Dial(socket(id, "outputs"))
	list(t, s)
	remove(t, d, id)
	if text := wantError(t, s, ""); text != "stream not found" {
		t.Error(text)
	}
	wantClose(t, s, 1000)
}

// 3.2: devices.updates tells of streams that come, go and change their state.
func TestDevicesUpdates(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.Dial("/v1/ws/devices?interval_ms=250")
	s.Expect("ready")
	wantReason := func(what string) {
		t.Helper()
		u := decode[wire.DevicesUpdate](t, s.Expect("update"))
		if !slices.Equal(u.Reasons, []string{"streams"}) {
			t.Errorf("%s: reasons %v", what, u.Reasons)
		}
	}
	settle := func() {
		for {
			if _, err := s.TryNext(700 * time.Millisecond); err != nil {
				return
			}
		}
	}
	id := create(t, d, camera{})
	wantReason("created")
	settle()
	frames := d.Dial(socket(id, "frames"))
	wantReason("running")
	settle()
	frames.Drop()
	wantReason("stopped")
	settle()
	remove(t, d, id)
	wantReason("deleted")
}
