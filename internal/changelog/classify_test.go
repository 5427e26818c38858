package changelog

import (
	"slices"
	"strings"
	"testing"
)

func ptr(s string) *string { return &s }

func show(s *string) string {
	if s == nil {
		return "(absent)"
	}
	return *s
}

func TestClassify(t *testing.T) {
	const id = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	tests := []struct {
		method, path, kind, entity string
		id                         *string
	}{
		// The examples of the contract.
		{"POST", "/v1/streams", "streams.lifecycle", "stream", nil},
		{"POST", "/v1/streams/" + id + "/controls/9963776", "streams.controls", "stream_control", ptr(id)},
		{"POST", "/v1/ota/apply", "settings.updater", "updater", ptr("settings.updater")},
		{"PATCH", "/v1/device/imu", "device.imu", "device_imu", ptr("device.imu")},
		{"DELETE", "/v1/console/sessions/" + id, "api", "api", ptr("api")},
		// Streams.
		{"POST", "/v1/streams/", "streams.lifecycle", "stream", nil},
		{"POST", "/v1/streams/validate", "streams.lifecycle", "stream", ptr("validate")},
		{"DELETE", "/v1/streams/" + id, "streams.lifecycle", "stream", ptr(id)},
		{"DELETE", "/v1/streams/" + id + "/", "streams.lifecycle", "stream", ptr(id)},
		{"POST", "/v1/streams/" + id + "/start", "streams.lifecycle", "stream", ptr(id)},
		{"PUT", "/v1/streams/" + id + "/pipeline", "streams.pipeline", "stream_pipeline", ptr(id)},
		{"PUT", "/v1/streams/" + id + "/pipelines/2/graph", "streams.pipeline", "stream_pipeline", ptr(id)},
		{"PUT", "/v1/streams/" + id + "/pipeline/controls", "streams.controls", "stream_control", ptr(id)},
		{"POST", "/v1/streams/" + id + "/controls:reset", "streams.controls", "stream_control", ptr(id)},
		{"POST", "/v1/streams/" + id + "/mycontrols", "streams.lifecycle", "stream", ptr(id)},
		{"POST", "/v1/streams/controls", "streams.controls", "stream_control", ptr("controls")},
		{"POST", "/v1/streamsx", "api", "api", ptr("api")},
		// The update socket of a stream, and what only looks like it.
		{"set_graph", "/v1/ws/streams/" + id + "/updates", "streams.pipeline", "stream_pipeline", ptr(id)},
		{"set_inputs", "/v1/ws/streams/" + id + "/updates", "streams.pipeline", "stream_pipeline", ptr(id)},
		{"POST", "/v1/ws/streams/" + id + "/updates", "api", "api", ptr("api")},
		{"set_control", "/v1/ws/streams/" + id + "/controls", "api", "api", ptr("api")},
		{"set_graph", "/v1/ws/streams/" + id, "api", "api", ptr("api")},
		// Pipelines.
		{"POST", "/v1/pipelines", "pipelines.graphs", "pipeline_graph", nil},
		{"PUT", "/v1/pipelines/p1", "pipelines.graphs", "pipeline_graph", ptr("p1")},
		{"PUT", "/v1/pipelines/p1/graph", "pipelines.graphs", "pipeline_graph", ptr("p1")},
		// Localization.
		{"PUT", "/v1/localization/config", "localization.config", "localization_config", ptr("localization.config")},
		{"PUT", "/v1/localization/config/tags", "localization.config", "localization_config", ptr("localization.config")},
		{"POST", "/v1/localization/maps", "localization.maps", "localization_map", nil},
		{"DELETE", "/v1/localization/maps/field%202031", "localization.maps", "localization_map", ptr("field%202031")},
		{"POST", "/v1/localization/profile", "localization.profiles", "localization_profile", nil},
		{"POST", "/v1/localization/profiles", "localization.profiles", "localization_profile", nil},
		{"PUT", "/v1/localization/profile/a", "localization.profiles", "localization_profile", ptr("a")},
		{"PUT", "/v1/localization/profiles/a/active", "localization.profiles", "localization_profile", ptr("a")},
		{"POST", "/v1/localization", "localization.sources", "localization_source", ptr("localization.sources")},
		{"POST", "/v1/localization/sources/7", "localization.sources", "localization_source", ptr("localization.sources")},
		// Media.
		{"POST", "/v1/media", "media.assets", "media_asset", nil},
		{"DELETE", "/v1/media/m1", "media.assets", "media_asset", ptr("m1")},
		{"PUT", "/v1/media/m1/metadata", "media.metadata", "media_metadata", ptr("m1")},
		{"PUT", "/v1/media/m1/metadata/", "media.metadata", "media_metadata", ptr("m1")},
		{"PUT", "/v1/media/m1/label", "media.labels", "media_label", ptr("m1")},
		{"PUT", "/v1/media/m1/labels", "media.assets", "media_asset", ptr("m1")},
		{"PUT", "/v1/media/m1/imu", "media.imu", "media_imu", ptr("m1")},
		{"PUT", "/v1/media/m1/imu/trim", "media.assets", "media_asset", ptr("m1")},
		// The device.
		{"POST", "/v1/peripherals", "device.hardware", "device_hardware", ptr("device.hardware")},
		{"POST", "/v1/peripherals/i2c/scan", "device.hardware", "device_hardware", ptr("device.hardware")},
		{"POST", "/v1/device/i2c/scan", "device.imu", "device_imu", ptr("device.imu")},
		{"POST", "/v1/device/imux", "device.settings", "device_settings", ptr("device.settings")},
		{"POST", "/v1/device", "device.settings", "device_settings", ptr("device.settings")},
		{"POST", "/v1/device/hostname", "device.settings", "device_settings", ptr("device.settings")},
		{"POST", "/v1/device/lighting/config/reset", "device.settings", "device_settings", ptr("device.settings")},
		// Settings.
		{"POST", "/v1/plugins/x/enable", "settings.plugins", "plugin", ptr("settings.plugins")},
		{"POST", "/v1/ota", "settings.updater", "updater", ptr("settings.updater")},
		{"PUT", "/v1/settings/network", "settings.device", "device_settings", ptr("settings.device")},
		// Everything else.
		{"DELETE", "/v1/errors", "api", "api", ptr("api")},
		{"POST", "/v1", "api", "api", ptr("api")},
		{"POST", "/", "api", "api", ptr("api")},
		{"POST", "", "api", "api", ptr("api")},
		{"POST", "/api/v1/device/imu", "api", "api", ptr("api")},
		{"POST", "/v2/streams", "api", "api", ptr("api")},
		{"POST", "//v1///streams//x", "streams.lifecycle", "stream", ptr("x")},
	}
	for _, tt := range tests {
		kind, entity, id := Classify(tt.method, tt.path)
		if kind != tt.kind || entity != tt.entity || show(id) != show(tt.id) {
			t.Errorf("%s %s: got %s, %s, %s; want %s, %s, %s", tt.method, tt.path, kind, entity, show(id), tt.kind, tt.entity, show(tt.id))
		}
	}
}

func TestReason(t *testing.T) {
	for kind, want := range map[string]string{
		KindAPI: "api", KindStreamControls: "streams", KindStreamPipeline: "streams", KindStreamLifecycle: "streams",
		KindPipelineGraphs: "pipelines", KindLocalizationConfig: "localization", KindLocalizationMaps: "localization",
		KindLocalizationProfiles: "localization", KindLocalizationSources: "localization", KindMediaMetadata: "media",
		KindMediaLabels: "media", KindMediaIMU: "media", KindMediaAssets: "media", KindDeviceHardware: "device",
		KindDeviceIMU: "imu", KindDeviceSettings: "device", KindSettingsPlugins: "settings", KindSettingsUpdater: "settings",
		KindSettingsDevice: "settings", "unknown.kind": "api", "": "api", "usb.x": "api", "imu.x": "api",
	} {
		if got := Reason(kind); got != want {
			t.Errorf("Reason(%q) = %q, want %q", kind, got, want)
		}
	}
}

func TestMergeReasonsSortsForTheWire(t *testing.T) {
	got := MergeReasons("streams", "usb", "nonsense", "usb", "api", "imu", "device", "settings", "media", "localization", "pipelines")
	want := []string{"api", "pipelines", "localization", "media", "imu", "device", "settings", "usb", "streams"}
	if !slices.Equal(got, want) || !slices.Equal(Reasons(), want) {
		t.Errorf("got %v", got)
	}
	if got := MergeReasons("streams", "usb"); !slices.Equal(got, []string{"usb", "streams"}) {
		t.Errorf("got %v", got)
	}
	if got := MergeReasons(); len(got) != 0 {
		t.Errorf("got %v of nothing", got)
	}
	Reasons()[0] = "changed"
	if Reasons()[0] != "api" {
		t.Error("the list is shared")
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("POST", "/v1/streams/a/controls/1")
	f.Add("set_graph", "/v1/ws/streams/a/updates")
	f.Add("put", "//v1//media/\x00/label/")
	f.Fuzz(func(t *testing.T, method, path string) {
		kind, entity, id := Classify(method, path)
		if kind == "" || entity == "" || !slices.Contains(Reasons(), Reason(kind)) {
			t.Fatalf("got %q, %q", kind, entity)
		}
		if id != nil && (*id == "" || *id != kind && !strings.Contains(path, *id)) {
			t.Fatalf("resource id %q of %q", *id, path)
		}
		if k, e, i := Classify(method, path+"/"); k != kind || e != entity || show(i) != show(id) {
			t.Fatalf("a trailing slash made %q of %q", k, kind)
		}
	})
}
