package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

func TestFrameKey(t *testing.T) {
	for _, c := range []struct {
		fourcc string
		data   []byte
		want   bool
	}{
		{"MJPG", []byte{0xff, 0xd8}, true},
		{"MJPG", nil, false},
		{"YUYV", []byte{1}, true},
		{"H264", []byte{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 9}, true},
		{"H264", []byte{0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x41, 9}, false},
		{"H264", []byte{0, 0, 1}, false},
		{"H264", nil, false},
		{"H265", []byte{0, 0, 0, 1, 0x40, 1, 0, 0, 1, 0x26, 1}, true},
		{"HEVC", []byte{0, 0, 1, 0x2a, 1}, true},
		{"HEVC", []byte{0, 0, 1, 0x02, 1}, false},
	} {
		f := client.Frame{Format: helios.FramesFormat{FourCC: c.fourcc}, Data: c.data}
		if got := f.Key(); got != c.want {
			t.Errorf("%s % x: %v", c.fourcc, c.data, got)
		}
	}
}

func TestStreamEndpoints(t *testing.T) {
	s := fakehelios.New(t)
	const id = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	s.JSON("GET /v1/streams", []map[string]any{{"id": id}})
	var got helios.StreamManifest
	s.HTTP("POST /v1/streams", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"stream_id": id, "descriptor": map[string]any{"modes": []any{}, "controls": []any{}}})
	})
	s.HTTP("DELETE /v1/streams/"+id, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.HTTP("GET /v1/streams/x", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	c := dial(t, s, client.Options{})
	if list, err := c.Streams(t.Context()); err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("list %+v, %v", list, err)
	}
	m := helios.DefaultStreamManifest()
	m.Capture = helios.StreamCapture{Backend: helios.BackendVirtual, Handle: helios.BackendHandle{Virtual: true}}
	if made, err := c.CreateStream(t.Context(), m); err != nil || made.StreamID != id || !got.Capture.Handle.Virtual {
		t.Errorf("created %+v, %v, sent %+v", made, err, got)
	}
	if err := c.DeleteStream(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := c.Stream(t.Context(), "x"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestIMUEndpoints(t *testing.T) {
	s := fakehelios.New(t)
	s.JSON("GET /v1/device/imu", map[string]any{"has_sample": true})
	s.HTTP("PATCH /v1/device/imu", func(w http.ResponseWriter, r *http.Request) {
		var change map[string]any
		if err := json.NewDecoder(r.Body).Decode(&change); err != nil || len(change) != 1 || change["range"] != "360" {
			t.Errorf("sent %v, %v", change, err)
		}
		_, _ = w.Write([]byte(`{"has_sample":false,"range":"zero_to_360"}`))
	})
	c := dial(t, s, client.Options{})
	if v, err := c.IMUStatus(t.Context()); err != nil || !v.HasSample {
		t.Errorf("got %+v, %v", v, err)
	}
	unsigned := "360"
	if v, err := c.UpdateIMU(t.Context(), helios.ImuUpdateRequest{Range: &unsigned}); err != nil || v.Range != "zero_to_360" {
		t.Errorf("got %+v, %v", v, err)
	}
}
