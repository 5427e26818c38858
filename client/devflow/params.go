package devflow

// Params are the query parameters that every channel and endpoint has.
//
// In the parameters of this package an empty value is the same as none, and of several
// the last one counts. What happens to a value that does not fit is said by tags:
// with strict it is refused; otherwise one that is not of the type is replaced by the
// default, and one out of range is brought into it or, with below:"default", replaced
// by the default when it is too small. Words that are listed are matched in any case.
type Params struct {
	// Compat is one of the Compat constants; without it the server's setting applies.
	Compat string `json:"compat,omitempty" enum:"none,mirror"`
}

// BleParams are the parameters of /ws/v1/ble.
type BleParams struct {
	// Replay is how many of the newest events that pass the filter to begin with. With
	// 0 there is no replay message.
	Replay int `json:"replay,omitempty" default:"100" minimum:"0" strict:"true"`
	// Type lets only events of this kind pass, in any case.
	Type string `json:"type,omitempty"`
	// Scan keeps the device scanning as long as the connection is open.
	Scan bool `json:"scan,omitempty" default:"false"`
	Params
}

// SensorsParams are the parameters of /ws/v1/device/sensors.
type SensorsParams struct {
	// Sensor is the name of the first sensor, in any case. It must be given.
	Sensor string `json:"sensor"`
	// Speed is one of the Speed constants.
	Speed string `json:"speed,omitempty" default:"UI" enum:"UI,Game,Fastest,Default"`
	// ThrottleMs is the least time between two readings of a sensor, in milliseconds.
	ThrottleMs int `json:"throttleMs,omitempty" default:"100" minimum:"0" below:"default"`
	Params
}

// LogsParams are the parameters of /ws/v1/logs.
type LogsParams struct {
	// Source lets only entries of this source pass; all means every source.
	Source string `json:"source,omitempty" default:"all"`
	// Level is the least severe level that passes; see LogEntry.Level. information,
	// warn, err and fatal are understood too.
	Level string `json:"level,omitempty" default:"info"`
	// Replay is how many of the newest entries that pass to begin with. With 0 there is
	// no replay message.
	Replay int `json:"replay,omitempty" default:"100" minimum:"0" maximum:"1000"`
	Params
}

// NetworkParams are the parameters of /ws/v1/network.
type NetworkParams struct {
	// Replay is how many of the newest exchanges that pass to begin with. With 0 there
	// is no replay message.
	Replay int `json:"replay,omitempty" default:"100" minimum:"0"`
	// Host is a part of the host's name, in any case.
	Host string `json:"host,omitempty"`
	// Method is the whole method, in any case.
	Method string `json:"method,omitempty"`
	Params
}

// ProfilerParams are the parameters of /ws/v1/profiler.
type ProfilerParams struct {
	// SessionID is the session, or current in any case. It must be given.
	SessionID string `json:"sessionId"`
	// SampleCursor is the number of the last sample that the client has.
	SampleCursor int64 `json:"sampleCursor,omitempty" default:"0" minimum:"0"`
	// MarkerCursor is the number of the last marker that the client has.
	MarkerCursor int64 `json:"markerCursor,omitempty" default:"0" minimum:"0"`
	// SpanCursor is the number of the last span that the client has.
	SpanCursor int64 `json:"spanCursor,omitempty" default:"0" minimum:"0"`
	// Limit bounds the samples, markers and spans of a batch, each.
	Limit int `json:"limit,omitempty" default:"500" minimum:"1" maximum:"5000"`
	Params
}

// UIParams are the parameters of /ws/v1/ui/events.
type UIParams struct {
	// Events lists the kinds of events to begin with, separated by commas; see
	// UISubscribeData.Events.
	Events string `json:"events,omitempty" default:"all"`
	Params
}

// LogsQuery are the parameters of GET /api/v1/logs.
type LogsQuery struct {
	// Limit is how many entries at most.
	Limit int `json:"limit,omitempty" default:"100" minimum:"1" maximum:"1000"`
	// Skip is how many of the newest entries that pass to leave out.
	Skip int `json:"skip,omitempty" default:"0" minimum:"0"`
	// Source lets only entries of this source pass; all means every source.
	Source string `json:"source,omitempty" default:"all"`
	// Level is the least severe level that passes; without it all pass.
	Level string `json:"level,omitempty"`
	Params
}

// NetworkQuery are the parameters of GET /api/v1/network/requests.
type NetworkQuery struct {
	// Limit is how many exchanges at most.
	Limit int `json:"limit,omitempty" default:"100" minimum:"1"`
	// Host is a part of the host's name, in any case.
	Host string `json:"host,omitempty"`
	// Method is the whole method, in any case.
	Method string `json:"method,omitempty"`
	// Status is the exact status, 100 to 599; others are ignored.
	Status int `json:"status,omitempty"`
	// StatusCode is another name of status.
	StatusCode int `json:"statusCode,omitempty"`
	Params
}

// HARQuery are the parameters of GET /api/v1/network/requests.har.
type HARQuery struct {
	// Host is a part of the host's name, in any case.
	Host string `json:"host,omitempty"`
	// Method is the whole method, in any case.
	Method string `json:"method,omitempty"`
	Params
}

// SamplesQuery are the parameters of GET /api/v1/profiler/sessions/{id}/samples.
type SamplesQuery struct {
	// SampleCursor is the number of the last sample that the client has.
	SampleCursor int64 `json:"sampleCursor,omitempty" default:"0" minimum:"0"`
	// MarkerCursor is the number of the last marker that the client has.
	MarkerCursor int64 `json:"markerCursor,omitempty" default:"0" minimum:"0"`
	// SpanCursor is the number of the last span that the client has.
	SpanCursor int64 `json:"spanCursor,omitempty" default:"0" minimum:"0"`
	// Limit bounds the samples, markers and spans, each.
	Limit int `json:"limit,omitempty" default:"500" minimum:"1" maximum:"5000"`
	Params
}

// CursorQuery are the parameters of the lists of markers and spans.
type CursorQuery struct {
	// Cursor is the number of the last item that the client has.
	Cursor int64 `json:"cursor,omitempty" default:"0" minimum:"0"`
	// Limit is how many items at most.
	Limit int `json:"limit,omitempty" default:"500" minimum:"1" maximum:"5000"`
	Params
}

// HotspotsQuery are the parameters of GET /api/v1/profiler/hotspots.
type HotspotsQuery struct {
	// Limit is how many hotspots at most.
	Limit int `json:"limit,omitempty" default:"20" minimum:"1" maximum:"200"`
	// MinDurationMs leaves shorter spans out, in milliseconds.
	MinDurationMs int `json:"minDurationMs,omitempty" default:"16" minimum:"0" maximum:"60000"`
	// Kind lets only spans of this kind pass, in any case.
	Kind string `json:"kind,omitempty"`
	Params
}

// SensorStartQuery are the parameters of POST /api/v1/device/sensors/{name}/start.
type SensorStartQuery struct {
	// Speed is one of the Speed constants.
	Speed string `json:"speed,omitempty" default:"UI" enum:"UI,Game,Fastest,Default"`
	Params
}

// BleQuery are the parameters of GET /api/v1/device/ble/events.
type BleQuery struct {
	// Limit is how many of the newest events at most.
	Limit int `json:"limit,omitempty" default:"100" minimum:"0" strict:"true"`
	// Type lets only events of this kind pass, in any case.
	Type string `json:"type,omitempty"`
	Params
}
