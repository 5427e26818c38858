package helios_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client/helios"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing")

// messages are the message types and bodies, with the type that the tagged ones
// have.
func messages() []any {
	return []any{
		helios.Envelope{}, helios.ChannelClose{}, helios.ChannelClosed{}, helios.ChannelError{},
		helios.ErrorEvent{Type: "error"},
		helios.ConsoleReady{Type: "ready"}, helios.ConsoleOutput{Type: "output"}, helios.ConsoleExit{Type: "exit"},
		helios.ConsoleInput{Type: "input"}, helios.ConsoleResize{Type: "resize"}, helios.ConsoleOpen{Type: "open"},
		helios.TelemetrySample{},
		helios.DevicesReady{Type: "ready"}, helios.DevicesUpdate{Type: "update"},
		helios.ImuStatusPayload{}, helios.ImuStreamError{}, helios.ImuUpdateRequest{},
		helios.LogsReady{Type: "ready"}, helios.LogsLine{Type: "line"}, helios.LogsEOF{Type: "eof"},
		helios.UpdaterSnapshotEvent{Type: "snapshot"}, helios.UpdaterStageProgress{Type: "stage_progress"},
		helios.UpdaterStageComplete{Type: "stage_complete"}, helios.UpdaterApplyScheduled{Type: "apply_scheduled"},
		helios.UpdaterApplyComplete{Type: "apply_complete"}, helios.UpdaterRollbackTriggered{Type: "rollback_triggered"},
		helios.OtaUploadResult{},
		helios.ProcessesReady{Type: "ready"}, helios.ProcessesSnapshotEvent{Type: "snapshot"},
		helios.SensorsClientMessage{}, helios.SensorsStreamEvent{}, helios.SensorsStreamError{},
		helios.FramesFormat{Type: "format"}, helios.FramesError{Type: "error"},
		helios.StreamMetricsEvent{}, helios.StreamMetricsError{},
		helios.UpdatesReady{Type: "ready"}, helios.UpdatesHeartbeat{Type: "heartbeat"}, helios.UpdatesChange{Type: "change"},
		helios.ErrorBody{}, helios.ErrorHistory{}, helios.Health{}, helios.Summary{}, helios.ConsoleSessions{},
		helios.LogSources{}, helios.DeviceMetrics{}, helios.DeviceOS{}, helios.Hostname{}, helios.Peripherals{},
		helios.Presence{}, helios.Cameras{}, helios.StreamInfo{}, helios.CodecInfo{},
		helios.EngineErrorBody{}, helios.ValidationErrorBody{}, helios.StreamCreated{}, helios.StreamFormat{},
	}
}

// TestGolden compares each type with two JSON values: one with every field set,
// and one with none, which shows what is left out and what is null.
func TestGolden(t *testing.T) {
	for _, message := range messages() {
		typ := reflect.TypeOf(message)
		t.Run(typ.Name(), func(t *testing.T) {
			full := reflect.New(typ)
			full.Elem().Set(reflect.ValueOf(message))
			fill(full.Elem(), "", "", 0)
			got := append(encode(t, full.Elem().Interface()), encodeEmpty(t, message)...)
			name := filepath.Join("testdata", "golden", typ.Name()+".json")
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("%s is not what was written:\n%s", name, got)
			}
			back := reflect.New(typ)
			if err := json.NewDecoder(bytes.NewReader(want)).Decode(back.Interface()); err != nil {
				t.Fatal(err)
			}
			if again := encode(t, back.Elem().Interface()); !bytes.HasPrefix(want, again) {
				t.Errorf("decoded and encoded again it is\n%s", again)
			}
		})
	}
}

// TestGoldenFilesHaveATest finds files that a renamed type has left behind.
func TestGoldenFilesHaveATest(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(files) != len(messages()) {
		t.Errorf("%d golden files for %d types (%v)", len(files), len(messages()), err)
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	raw, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}

// encodeEmpty is encode, but for the one type that has no form without content:
// a stream is captured from something.
func encodeEmpty(t *testing.T, value any) []byte {
	t.Helper()
	if _, ok := value.(helios.StreamInfo); ok {
		return nil
	}
	return encode(t, value)
}

// fill sets every field that is not set, to values that differ and that the
// field's tags allow.
func fill(v reflect.Value, name string, tag reflect.StructTag, depth int) {
	if !v.IsZero() && v.Kind() != reflect.Struct {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2031, 2, 27, 13, 46, 40, 5e8, time.UTC)))
		return
	case json.RawMessage:
		v.SetBytes([]byte(`{}`))
		return
	case helios.BackendHandle:
		v.Set(reflect.ValueOf(helios.BackendHandle{V4l2: &helios.V4l2Handle{Path: "/dev/video0"}}))
		return
	case helios.ControlValue:
		v.Set(reflect.ValueOf(helios.ControlValue{Kind: helios.ControlInt, Int: -1}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			fill(v.Field(i), key, field.Tag, depth)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, tag, depth)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name, tag, depth)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, tag, depth)
	case reflect.Map:
		fillMap(v, name, tag, depth)
	case reflect.Interface:
		v.Set(reflect.ValueOf(name))
	default:
		fillScalar(v, name, tag)
	}
}

// fillMap ends types that contain themselves after one turn.
func fillMap(v reflect.Value, name string, tag reflect.StructTag, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	if depth > 2 {
		return
	}
	element := reflect.New(v.Type().Elem()).Elem()
	fill(element, name, tag, depth+1)
	v.SetMapIndex(reflect.ValueOf("key"), element)
}

func fillScalar(v reflect.Value, name string, tag reflect.StructTag) {
	number := uint64(len(name)) + 1
	if text, ok := tag.Lookup("minimum"); ok {
		number, _ = strconv.ParseUint(text, 10, 64)
	}
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanFloat():
		v.SetFloat(float64(number) + 0.5)
	case v.CanInt():
		v.SetInt(int64(number))
	case v.CanUint():
		v.SetUint(number)
	case tag.Get("enum") != "":
		first, _, _ := strings.Cut(tag.Get("enum"), ",")
		v.SetString(first)
	case tag.Get("format") == "uuid":
		v.SetString("6f1c1d1e-2a3b-4c5d-8e9f-001122334455")
	default:
		v.SetString(name + " <é>")
	}
}
