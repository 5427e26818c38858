package helios

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/internal/topic"
)

// someVideoStream returns a stream of the test pattern that nobody watches.
func someVideoStream(t *testing.T) *video.Stream {
	t.Helper()
	m, err := video.New(video.Options{Backends: []video.Backend{testpattern.New(testpattern.Options{})}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	s, err := m.Create(video.Config{Capture: video.Capture{Backend: video.BackendTest}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// 3.11, 5.5: a frame's message is made once for each form, around the frame's own bytes.
func TestBinaryFramesAreShared(t *testing.T) {
	frames := topic.New(topic.Options[*video.Frame]{})
	defer frames.Close()
	data := bytes.Repeat([]byte{7}, 100<<10)
	e := frames.Publish(&video.Frame{FourCC: video.MJPG, Data: data})
	id := bytes.Repeat([]byte{9}, 16)
	alone, other := &Session{}, &Session{}
	muxed, otherMuxed := &Session{cmd: "x", prefix: id}, &Session{cmd: "x", prefix: bytes.Clone(id)}
	if alone.binaryFrame(e) != other.binaryFrame(e) || muxed.binaryFrame(e) != otherMuxed.binaryFrame(e) {
		t.Error("viewers of the same form do not share the message")
	}
	if got := alone.binaryFrame(e).Payload(); !bytes.Equal(got, data) {
		t.Errorf("%d bytes instead of the frame", len(got))
	}
	if got := muxed.binaryFrame(e).Payload(); !bytes.Equal(got, append(bytes.Clone(id), data...)) {
		t.Errorf("%d bytes instead of the id and the frame", len(got))
	}
	// Neither form copies the data.
	again := frames.Publish(&video.Frame{FourCC: video.MJPG, Data: data})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	alone.binaryFrame(again)
	muxed.binaryFrame(again)
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > uint64(len(data))/2 {
		t.Errorf("two messages of %d bytes took %d bytes", len(data), cost)
	}
}

func TestReadRequest(t *testing.T) {
	long := strings.Repeat("x", maxRequestID+1)
	for text, want := range map[string]string{ // request id, "!" and beginning of the error
		`{"type":"ping"}`:                        "",
		`{"type":"ping","request_id":"a"}`:       "a",
		`{"type":"ping","request_id":null}`:      "",
		`{"type":1,"request_id":"a"}`:            "a!invalid request: ",
		`{"type":"ping","request_id":1}`:         "!invalid request: request_id",
		`{"request_id":"` + long + `"}`:          "!invalid request: request_id",
		`[]`:                                     "!invalid request: ",
		``:                                       "!invalid request: ",
		`{"type":"set_control","control_id":-1}`: "!invalid request: ",
	} {
		var r wire.StreamControl
		id, err := readRequest(Message{Payload: []byte(text)}, &r)
		wantID, wantErr, fails := strings.Cut(want, "!")
		if (id == nil) != (wantID == "") || id != nil && *id != wantID {
			t.Errorf("%.60s: request id %v", text, id)
		}
		if (err != nil) != fails || err != nil && (!strings.HasPrefix(err.Error(), wantErr) || !errors.Is(err, errInvalidRequest)) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	if _, err := readRequest(Message{Binary: true, Payload: []byte(`{}`)}, new(wire.StreamControl)); !errors.Is(err, errInvalidRequest) {
		t.Errorf("binary: %v", err)
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{`{"type":"set_control","control_id":1,"value":{"kind":"int","value":4},"request_id":"r"}`, `{"type":"subscribe","ports":["a"]}`, `{}`, `[1`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []any{new(wire.StreamControl), new(wire.StreamUpdate), new(wire.StreamOutputsMessage)} {
			id, err := readRequest(Message{Payload: data}, v)
			if err != nil && !errors.Is(err, errInvalidRequest) {
				t.Errorf("%v", err)
			}
			if id != nil && (len(*id) > maxRequestID || !utf8.ValidString(*id)) {
				t.Errorf("request id %q", *id)
			}
			if err != nil && !utf8.ValidString(err.Error()) {
				t.Errorf("error %q", err)
			}
		}
	})
}
