package changelog

import "strings"

// Kinds of changes. The part before the first dot is the domain.
const (
	KindAPI                  = "api"
	KindStreamControls       = "streams.controls"
	KindStreamPipeline       = "streams.pipeline"
	KindStreamLifecycle      = "streams.lifecycle"
	KindPipelineGraphs       = "pipelines.graphs"
	KindLocalizationConfig   = "localization.config"
	KindLocalizationMaps     = "localization.maps"
	KindLocalizationProfiles = "localization.profiles"
	KindLocalizationSources  = "localization.sources"
	KindMediaMetadata        = "media.metadata"
	KindMediaLabels          = "media.labels"
	KindMediaIMU             = "media.imu"
	KindMediaAssets          = "media.assets"
	KindDeviceHardware       = "device.hardware"
	KindDeviceIMU            = "device.imu"
	KindDeviceSettings       = "device.settings"
	KindSettingsPlugins      = "settings.plugins"
	KindSettingsUpdater      = "settings.updater"
	KindSettingsDevice       = "settings.device"
)

// Classify tells what a change at path is about, by the journal table of the
// device API; the first matching row decides. method is an HTTP method in any
// case, or the name of a socket operation such as set_graph; only the latter
// match the row of the stream socket. path is the URI path without the query;
// empty segments count for nothing, so a trailing slash changes nothing. A row
// "/v1/device…" matches whole segments: /v1/device and what is below it.
//
// resourceID is nil where the table says absent, and otherwise a segment of path
// as it was given, not unescaped, or the fixed name of a thing that exists once.
func Classify(method, path string) (kind, entity string, resourceID *string) {
	segs := segments(path)
	if len(segs) < 2 || segs[0] != "v1" {
		return api()
	}
	rest := segs[2:]
	switch segs[1] {
	case "streams":
		return classifyStream(rest)
	case "ws":
		if !isHTTP(method) && len(rest) == 3 && rest[0] == "streams" && rest[2] == "updates" {
			return KindStreamPipeline, "stream_pipeline", &rest[1]
		}
	case "pipelines":
		return KindPipelineGraphs, "pipeline_graph", first(rest)
	case "localization":
		return classifyLocalization(rest)
	case "media":
		return classifyMedia(rest)
	case "peripherals":
		return single(KindDeviceHardware, "device_hardware")
	case "device":
		if len(rest) > 0 && (rest[0] == "imu" || rest[0] == "i2c") {
			return single(KindDeviceIMU, "device_imu")
		}
		return single(KindDeviceSettings, "device_settings")
	case "plugins":
		return single(KindSettingsPlugins, "plugin")
	case "ota":
		return single(KindSettingsUpdater, "updater")
	case "settings":
		return single(KindSettingsDevice, "device_settings")
	}
	return api()
}

func classifyStream(rest []string) (string, string, *string) {
	below := "/" + strings.Join(rest, "/")
	switch {
	case strings.Contains(below, "/controls"):
		return KindStreamControls, "stream_control", first(rest)
	case strings.Contains(below, "/pipeline"):
		return KindStreamPipeline, "stream_pipeline", first(rest)
	}
	return KindStreamLifecycle, "stream", first(rest)
}

func classifyLocalization(rest []string) (string, string, *string) {
	if len(rest) > 0 {
		switch rest[0] {
		case "config":
			return single(KindLocalizationConfig, "localization_config")
		case "maps":
			return KindLocalizationMaps, "localization_map", first(rest[1:])
		case "profile", "profiles":
			return KindLocalizationProfiles, "localization_profile", first(rest[1:])
		}
	}
	return single(KindLocalizationSources, "localization_source")
}

func classifyMedia(rest []string) (string, string, *string) {
	kind, entity := KindMediaAssets, "media_asset"
	if len(rest) > 0 {
		switch rest[len(rest)-1] {
		case "metadata":
			kind, entity = KindMediaMetadata, "media_metadata"
		case "label":
			kind, entity = KindMediaLabels, "media_label"
		case "imu":
			kind, entity = KindMediaIMU, "media_imu"
		}
	}
	return kind, entity, first(rest)
}

// single is a thing that exists once: its kind is its resource id.
func single(kind, entity string) (string, string, *string) { return kind, entity, &kind }

func api() (string, string, *string) { return single(KindAPI, "api") }

func first(segs []string) *string {
	if len(segs) == 0 {
		return nil
	}
	return &segs[0]
}

func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// Mutates reports whether requests with this HTTP method, in any case, belong
// in the journal: POST, PUT, PATCH and DELETE.
func Mutates(method string) bool {
	switch strings.ToUpper(method) {
	case "POST", "PUT", "PATCH", "DELETE":
		return true
	}
	return false
}

func isHTTP(method string) bool {
	switch strings.ToUpper(method) {
	case "GET", "HEAD", "OPTIONS", "CONNECT", "TRACE":
		return true
	}
	return Mutates(method)
}

// Domain returns the domain of a kind: what stands before its first dot.
func Domain(kind string) string {
	domain, _, _ := strings.Cut(kind, ".")
	return domain
}

// operation returns create, update or delete for what an origin did with a
// method, and "" for a method that changes nothing.
func operation(origin, method string) string {
	if origin == OriginWS {
		return "update"
	}
	switch strings.ToUpper(method) {
	case "POST":
		return "create"
	case "PUT", "PATCH":
		return "update"
	case "DELETE":
		return "delete"
	}
	return ""
}
