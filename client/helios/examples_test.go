package helios_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client/helios"
)

// examples are the files below testdata/examples, which are the examples of the
// protocol's specification, and the types that they are of.
func examples() map[string]any {
	return map[string]any{
		"telemetry":           new(helios.TelemetrySample),
		"devices_ready":       new(helios.DevicesReady),
		"devices_update":      new(helios.DevicesUpdate),
		"updates_change":      new(helios.UpdatesChange),
		"imu":                 new(helios.ImuStatusPayload),
		"imu_error":           new(helios.ImuStreamError),
		"sensors_subscribe":   new(helios.SensorsClientMessage),
		"sensors_power":       new(helios.SensorsStreamEvent),
		"sensors_lighting":    new(helios.SensorsStreamEvent),
		"sensors_firmware":    new(helios.SensorsStreamEvent),
		"sensors_error":       new(helios.SensorsStreamError),
		"console_ready":       new(helios.ConsoleReady),
		"console_output":      new(helios.ConsoleOutput),
		"console_resize":      new(helios.ConsoleResize),
		"console_exit":        new(helios.ConsoleExit),
		"console_session":     new(helios.ConsoleSessionSummary),
		"logs_ready":          new(helios.LogsReady),
		"logs_line":           new(helios.LogsLine),
		"logs_eof":            new(helios.LogsEOF),
		"processes_snapshot":  new(helios.ProcessesSnapshotEvent),
		"ota_snapshot":        new(helios.UpdaterSnapshotEvent),
		"ota_progress":        new(helios.UpdaterStageProgress),
		"ota_never":           new(helios.UpdaterSnapshotEvent),
		"ota_upload":          new(helios.OtaUploadResult),
		"metrics":             new(helios.StreamMetricsEvent),
		"metrics_error":       new(helios.StreamMetricsError),
		"frames_format":       new(helios.FramesFormat),
		"envelope_parameters": new(helios.Envelope),
		"envelope_request":    new(helios.Envelope),
		"envelope_reply":      new(helios.Envelope),
		"envelope_logs":       new(helios.Envelope),
		"envelope_closed":     new(helios.Envelope),
		"envelope_error":      new(helios.Envelope),
		"error_body":          new(helios.ErrorBody),
		"usb":                 new([]helios.UsbPeripheral),
		"manifest":            new(helios.StreamManifest),
	}
}

func TestExamplesSurvive(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.json")
	if err != nil || len(files) != len(examples()) {
		t.Fatalf("%d examples, want %d (%v)", len(files), len(examples()), err)
	}
	for name, target := range examples() {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", "examples", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			if err := d.Decode(target); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(target)
			if err != nil {
				t.Fatal(err)
			}
			if want, got := meaning(t, raw), meaning(t, again); !reflect.DeepEqual(want, got) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// meaning decodes JSON without losing digits; numbers and times that are spelt
// differently but equal are equal afterwards.
func meaning(t *testing.T, raw []byte) any {
	t.Helper()
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return normal(value)
}

func normal(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = normal(v[key])
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			f, _ := v.Float64()
			short, _ := json.Marshal(f)
			return json.Number(short)
		}
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.UTC()
		}
	}
	return value
}

func TestManifestDefaults(t *testing.T) {
	m := helios.DefaultStreamManifest()
	given := `{"capture":{"backend":"Virtual","handle":"Virtual","mode":{"format":{"code":"MJPG","resolution":{"width":1,"height":1},"color":"Srgb"}}},"start_on_boot":true}`
	if err := json.Unmarshal([]byte(given), &m); err != nil {
		t.Fatal(err)
	}
	if m.SchemaVersion != 1 || m.HostBuffer != 4 || m.PreviewJpegQuality != 80 || m.Encoder.State != "disabled" ||
		m.Decoder.State != "disabled" || m.RecordingMode.State != "disabled" || !m.StartOnBoot || m.Pipelines == nil {
		t.Errorf("got %+v", m)
	}
}
