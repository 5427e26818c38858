package devflow

// ProfilerSessionInfo describes a profiler session.
type ProfilerSessionInfo struct {
	SessionID        string    `json:"sessionId"` // 32 hexadecimal digits
	StartedAtUTC     Timestamp `json:"startedAtUtc" format:"date-time"`
	SampleIntervalMs int       `json:"sampleIntervalMs" minimum:"1"`
	IsActive         bool      `json:"isActive"` // still collecting
}

// ProfilerSample is one measurement of the application.
type ProfilerSample struct {
	TsUTC             Timestamp `json:"tsUtc" format:"date-time"`
	FPS               *float64  `json:"fps,omitempty" minimum:"0"`
	FrameTimeMsP50    *float64  `json:"frameTimeMsP50,omitempty" minimum:"0"`
	FrameTimeMsP95    *float64  `json:"frameTimeMsP95,omitempty" minimum:"0"`
	WorstFrameTimeMs  *float64  `json:"worstFrameTimeMs,omitempty" minimum:"0"`
	ManagedBytes      int64     `json:"managedBytes" minimum:"0"` // heap in use
	GC0               int64     `json:"gc0" minimum:"0"`          // collections since the last sample
	GC1               int64     `json:"gc1" minimum:"0"`
	GC2               int64     `json:"gc2" minimum:"0"`
	NativeMemoryBytes *int64    `json:"nativeMemoryBytes,omitempty" minimum:"0"`
	NativeMemoryKind  string    `json:"nativeMemoryKind,omitempty"`                     // resident, virtual, private
	CPUPercent        *float64  `json:"cpuPercent,omitempty" minimum:"0" maximum:"100"` // of all cores
	ThreadCount       *int64    `json:"threadCount,omitempty" minimum:"0"`              // of the operating system
	JankFrameCount    int64     `json:"jankFrameCount" minimum:"0"`                     // since the last sample
	UIThreadStalls    int64     `json:"uiThreadStallCount" minimum:"0"`                 // since the last sample
	FrameSource       string    `json:"frameSource,omitempty"`                          // where frame figures come from, or none
	FrameQuality      string    `json:"frameQuality,omitempty"`                         // how good they are, or none
}

// ProfilerMarker is a moment.
type ProfilerMarker struct {
	TsUTC       Timestamp `json:"tsUtc" format:"date-time"`
	Type        string    `json:"type"` // for example user.action, gc, navigation.start
	Name        string    `json:"name"`
	PayloadJSON string    `json:"payloadJson,omitempty"` // a text that is JSON
}

// ProfilerSpan is a period.
type ProfilerSpan struct {
	SpanID       string    `json:"spanId"`
	ParentSpanID string    `json:"parentSpanId,omitempty"`
	TraceID      string    `json:"traceId,omitempty"`
	StartTsUTC   Timestamp `json:"startTsUtc" format:"date-time"`
	EndTsUTC     Timestamp `json:"endTsUtc" format:"date-time"` // never before the start
	DurationMs   float64   `json:"durationMs" minimum:"0"`
	Kind         string    `json:"kind"` // for example ui.operation, network.request
	Name         string    `json:"name"`
	Status       string    `json:"status"` // ok, error, cancelled
	Screen       string    `json:"screen,omitempty"`
	ElementPath  string    `json:"elementPath,omitempty"`
	TagsJSON     string    `json:"tagsJson,omitempty"` // a text that is JSON
	Error        string    `json:"error,omitempty"`
}

// ProfilerBatch is a part of a session. Samples, markers and spans are each numbered
// from 1; a cursor is the number of the last item that is here, to go on with.
type ProfilerBatch struct {
	SessionID    string           `json:"sessionId"` // empty when there has never been one
	Samples      []ProfilerSample `json:"samples"`
	Markers      []ProfilerMarker `json:"markers"`
	Spans        []ProfilerSpan   `json:"spans"`
	SampleCursor int64            `json:"sampleCursor" minimum:"0"`
	MarkerCursor int64            `json:"markerCursor" minimum:"0"`
	SpanCursor   int64            `json:"spanCursor" minimum:"0"`
	IsActive     bool             `json:"isActive"` // the session is still collecting
}

// ProfilerBatchMessage is what is new in a session.
type ProfilerBatchMessage struct {
	Type      string        `json:"type" const:"batch"`
	Timestamp Timestamp     `json:"timestamp" format:"date-time"`
	Data      ProfilerBatch `json:"data"`
}

// ProfilerStopped is the last message about a session.
type ProfilerStopped struct {
	Type      string              `json:"type" const:"stopped"`
	Timestamp Timestamp           `json:"timestamp" format:"date-time"`
	Data      ProfilerStoppedData `json:"data"`
}

// ProfilerStoppedData is the payload of a ProfilerStopped.
type ProfilerStoppedData struct {
	SessionID string `json:"sessionId"`
}

// ProfilerHotspot sums up the spans of one kind, name and screen.
type ProfilerHotspot struct {
	Kind          string  `json:"kind"`
	Name          string  `json:"name"`
	Screen        string  `json:"screen,omitempty"`
	Count         int     `json:"count" minimum:"0"`
	ErrorCount    int     `json:"errorCount" minimum:"0"` // spans that are not ok
	AvgDurationMs float64 `json:"avgDurationMs" minimum:"0"`
	P95DurationMs float64 `json:"p95DurationMs" minimum:"0"`
	MaxDurationMs float64 `json:"maxDurationMs" minimum:"0"`
}

// ProfilerCapabilities tell which figures there are.
type ProfilerCapabilities struct {
	Available                   bool   `json:"available"`
	SupportedInBuild            bool   `json:"supportedInBuild"`
	FeatureEnabled              bool   `json:"featureEnabled"`
	Platform                    string `json:"platform"`
	ManagedMemorySupported      bool   `json:"managedMemorySupported"`
	NativeMemorySupported       bool   `json:"nativeMemorySupported"`
	GCSupported                 bool   `json:"gcSupported"`
	CPUPercentSupported         bool   `json:"cpuPercentSupported"`
	FPSSupported                bool   `json:"fpsSupported"`
	FrameTimingsEstimated       bool   `json:"frameTimingsEstimated"`
	NativeFrameTimingsSupported bool   `json:"nativeFrameTimingsSupported"`
	JankEventsSupported         bool   `json:"jankEventsSupported"`
	UIThreadStallSupported      bool   `json:"uiThreadStallSupported"`
	ThreadCountSupported        bool   `json:"threadCountSupported"`
}

// ProfilerStart is the optional body of POST /api/v1/profiler/sessions.
type ProfilerStart struct {
	SampleIntervalMs int `json:"sampleIntervalMs,omitempty" default:"500" minimum:"50" maximum:"60000"`
}

// ProfilerSession answers the start of a session: its members, the session once
// more below session, and what the profiler can do.
type ProfilerSession struct {
	*ProfilerSessionInfo
	Session      *ProfilerSessionInfo `json:"session"`
	Capabilities ProfilerCapabilities `json:"capabilities"`
	StoppedAtUTC Timestamp            `json:"stoppedAtUtc,omitempty" format:"date-time"` // after a stop
}

// MarkerRequest is the body of POST /api/v1/profiler/markers.
type MarkerRequest struct {
	Name        string  `json:"name"`
	Type        string  `json:"type,omitempty" default:"user.action"`
	PayloadJSON *string `json:"payloadJson,omitempty"`
}

// SpanRequest is the body of POST /api/v1/profiler/spans.
type SpanRequest struct {
	Name         string    `json:"name"`
	Kind         string    `json:"kind,omitempty" default:"ui.operation"`
	Status       string    `json:"status,omitempty" default:"ok"`
	StartTsUTC   Timestamp `json:"startTsUtc,omitempty" format:"date-time"` // now, if it is missing
	EndTsUTC     Timestamp `json:"endTsUtc,omitempty" format:"date-time"`   // the start, if it is missing
	ParentSpanID string    `json:"parentSpanId,omitempty"`
	TraceID      string    `json:"traceId,omitempty"`
	Screen       string    `json:"screen,omitempty"`
	ElementPath  string    `json:"elementPath,omitempty"`
	TagsJSON     string    `json:"tagsJson,omitempty"`
	Error        string    `json:"error,omitempty"`
}
