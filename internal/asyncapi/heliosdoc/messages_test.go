package heliosdoc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

const testdata = "../../../client/helios/testdata"

func validator(t *testing.T) *asyncapi.Validator {
	t.Helper()
	doc, err := asyncapi.Generate(heliosdoc.Document(), nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := asyncapi.NewValidator(doc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestWireTypesFitTheDocument checks messages with every field set, as
// encoding/json writes them, against the schemas that reflection has made.
func TestWireTypesFitTheDocument(t *testing.T) {
	v := validator(t)
	for channel, files := range map[string][]string{
		wire.ChannelConsole:       {"ConsoleReady", "ConsoleOutput", "ConsoleExit", "ErrorEvent"},
		wire.ChannelTelemetry:     {"TelemetrySample"},
		wire.ChannelDevices:       {"DevicesReady", "DevicesUpdate", "ErrorEvent"},
		wire.ChannelIMU:           {"ImuStatusPayload", "ImuStreamError"},
		wire.ChannelLogs:          {"LogsReady", "LogsLine", "LogsEOF", "ErrorEvent"},
		wire.ChannelProcesses:     {"ProcessesReady", "ProcessesSnapshotEvent", "ErrorEvent"},
		wire.ChannelSensors:       {"SensorsStreamEvent", "SensorsStreamError"},
		wire.ChannelStreamFrames:  {"FramesFormat", "FramesError"},
		wire.ChannelStreamMetrics: {"StreamMetricsEvent", "StreamMetricsError"},
		wire.ChannelUpdates:       {"UpdatesReady", "UpdatesHeartbeat", "UpdatesChange", "ErrorEvent"},
		wire.CmdChannelClosed:     {"ChannelClosed"},
		wire.CmdChannelError:      {"ChannelError"},
		wire.ChannelOTA: {
			"UpdaterSnapshotEvent", "UpdaterStageProgress", "UpdaterStageComplete", "UpdaterApplyScheduled",
			"UpdaterApplyComplete", "UpdaterRollbackTriggered", "ErrorEvent",
		},
	} {
		for _, file := range files {
			check(t, v, channel, asyncapi.Receive, filepath.Join(testdata, "golden", file+".json"))
		}
	}
	for channel, files := range map[string][]string{
		wire.ChannelConsole:  {"ConsoleInput", "ConsoleResize", "ConsoleOpen"},
		wire.ChannelSensors:  {"SensorsClientMessage"},
		wire.CmdChannelClose: {"ChannelClose"},
	} {
		for _, file := range files {
			check(t, v, channel, asyncapi.Send, filepath.Join(testdata, "golden", file+".json"))
		}
	}
}

// check looks at the first JSON value in a file.
func check(t *testing.T, v *asyncapi.Validator, channel string, dir asyncapi.Direction, name string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(f).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	if err := v.Payload(channel, dir, raw); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestSpecificationExamplesFitTheDocument checks the examples of the protocol's
// specification.
func TestSpecificationExamplesFitTheDocument(t *testing.T) {
	v := validator(t)
	for channel, files := range map[string][]string{
		wire.ChannelTelemetry:     {"telemetry"},
		wire.ChannelDevices:       {"devices_ready", "devices_update"},
		wire.ChannelUpdates:       {"updates_change"},
		wire.ChannelIMU:           {"imu", "imu_error"},
		wire.ChannelSensors:       {"sensors_power", "sensors_lighting", "sensors_firmware", "sensors_error"},
		wire.ChannelConsole:       {"console_ready", "console_output", "console_exit"},
		wire.ChannelLogs:          {"logs_ready", "logs_line", "logs_eof"},
		wire.ChannelProcesses:     {"processes_snapshot"},
		wire.ChannelOTA:           {"ota_snapshot", "ota_progress", "ota_never"},
		wire.ChannelStreamMetrics: {"metrics", "metrics_error"},
		wire.ChannelStreamFrames:  {"frames_format"},
	} {
		for _, file := range files {
			check(t, v, channel, asyncapi.Receive, filepath.Join(testdata, "examples", file+".json"))
		}
	}
	check(t, v, wire.ChannelSensors, asyncapi.Send, filepath.Join(testdata, "examples", "sensors_subscribe.json"))
	check(t, v, wire.ChannelConsole, asyncapi.Send, filepath.Join(testdata, "examples", "console_resize.json"))
	for name, dir := range map[string]asyncapi.Direction{
		"parameters": asyncapi.Send, "request": asyncapi.Send, "logs": asyncapi.Send,
		"reply": asyncapi.Receive, "closed": asyncapi.Receive, "error": asyncapi.Receive,
	} {
		raw, err := os.ReadFile(filepath.Join(testdata, "examples", "envelope_"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Envelope(dir, raw); err != nil {
			t.Errorf("envelope_%s: %v", name, err)
		}
	}
}
