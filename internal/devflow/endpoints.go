package devflow

import (
	"net/http"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/access"
)

// Endpoint is one row of the table of HTTP endpoints.
type Endpoint struct {
	// ID names the endpoint in the document.
	ID string
	// Method and Path; a part of the path in braces is variable.
	Method, Path string
	// Summary is a short sentence about it.
	Summary string
	// Scope is what a client must be allowed to do, where there are scopes.
	Scope access.Scope
	// Params is a struct of the query parameters; Body one of the request's body, nil
	// if there is none; Answer a value of the body of status 200.
	Params, Body, Answer any
	// Fails are the statuses of failures besides 403, 404 for the path, and 500.
	Fails []int
	// MediaType is that of the answer; empty means application/json.
	MediaType string

	serve func(*call) error
}

// Endpoints is the one list of HTTP endpoints: what is not here is not served.
func Endpoints() []*Endpoint {
	var all []*Endpoint
	for _, group := range [][]*Endpoint{agentEndpoints(), itemEndpoints(), profilerEndpoints(), sensorEndpoints(), bleEndpoints(), deviceEndpoints()} {
		all = append(all, group...)
	}
	for _, e := range all {
		if e.Params == nil {
			e.Params = wire.Params{}
		}
		if e.Scope == "" {
			e.Scope = access.Control
			if e.Method == http.MethodGet {
				e.Scope = access.View
			}
		}
	}
	return all
}

func agentEndpoints() []*Endpoint {
	return []*Endpoint{
		{
			ID: "getAgentStatus", Method: "GET", Path: "/api/v1/agent/status", Summary: "What the agent and the application are.",
			Answer: wire.AgentStatus{}, serve: serveStatus,
		},
		{
			ID: "getAgentCapabilities", Method: "GET", Path: "/api/v1/agent/capabilities", Summary: "What the agent can do.",
			Answer: wire.AgentCapabilities{}, serve: serveCapabilities,
		},
		{ID: "getOpenAPI", Method: "GET", Path: "/api/v1/openapi.json", Summary: "This document.", Answer: map[string]any{}, serve: serveOpenAPI},
		{ID: "getAsyncAPI", Method: "GET", Path: "/ws/v1/asyncapi.json", Summary: "The document of the channels.", Answer: map[string]any{}, serve: serveAsyncAPI},
	}
}

func itemEndpoints() []*Endpoint {
	return []*Endpoint{
		{
			ID: "getLogs", Method: "GET", Path: "/api/v1/logs", Summary: "Buffered log entries, newest first.",
			Params: wire.LogsQuery{}, Answer: []wire.LogEntry{}, serve: serveLogList,
		},
		{
			ID: "getNetworkRequests", Method: "GET", Path: "/api/v1/network/requests", Summary: "Buffered exchanges, newest first.",
			Params: wire.NetworkQuery{}, Answer: []wire.NetworkRequestSummary{}, serve: serveNetworkList,
		},
		{
			ID: "getNetworkArchive", Method: "GET", Path: "/api/v1/network/requests.har", Summary: "Buffered exchanges as an HTTP Archive 1.2, oldest first.",
			Params: wire.HARQuery{}, Answer: map[string]any{}, serve: serveNetworkHAR,
		},
		{
			ID: "getNetworkRequest", Method: "GET", Path: "/api/v1/network/requests/{id}", Summary: "One exchange with headers and bodies.",
			Answer: wire.NetworkRequestDetail{}, serve: serveNetworkDetail,
		},
		{
			ID: "clearNetworkRequests", Method: "DELETE", Path: "/api/v1/network/requests", Summary: "Forget the buffered exchanges.",
			Answer: wire.ActionResult{}, serve: serveNetworkClear,
		},
	}
}

func profilerEndpoints() []*Endpoint {
	bad, off := http.StatusBadRequest, http.StatusNotImplemented
	return []*Endpoint{
		{
			ID: "getProfilerCapabilities", Method: "GET", Path: "/api/v1/profiler/capabilities", Summary: "Which figures the profiler has.",
			Answer: wire.ProfilerCapabilities{}, serve: serveProfilerCapabilities,
		},
		{
			ID: "startProfilerSession", Method: "POST", Path: "/api/v1/profiler/sessions", Summary: "Start a session, or join the active one.",
			Body: wire.ProfilerStart{}, Answer: wire.ProfilerSession{}, Fails: []int{bad, off}, serve: profiling(serveProfilerStart),
		},
		{
			ID: "getProfilerSessions", Method: "GET", Path: "/api/v1/profiler/sessions", Summary: "The sessions that are kept, newest first.",
			Answer: []wire.ProfilerSessionInfo{}, Fails: []int{off}, serve: profiling(serveProfilerSessions),
		},
		{
			ID: "stopProfilerSession", Method: "DELETE", Path: "/api/v1/profiler/sessions/{id}", Summary: "End a session.",
			Answer: wire.ProfilerSession{}, Fails: []int{off}, serve: profiling(serveProfilerStop),
		},
		{
			ID: "getProfilerSamples", Method: "GET", Path: "/api/v1/profiler/sessions/{id}/samples", Summary: "What is new in a session.",
			Params: wire.SamplesQuery{}, Answer: wire.ProfilerBatch{}, Fails: []int{off}, serve: profiling(serveProfilerSamples),
		},
		{
			ID: "addProfilerMarker", Method: "POST", Path: "/api/v1/profiler/markers", Summary: "Record a marker.",
			Body: wire.MarkerRequest{}, Answer: wire.ActionResult{}, Fails: []int{bad, off}, serve: profiling(serveMarkerAdd),
		},
		{
			ID: "getProfilerMarkers", Method: "GET", Path: "/api/v1/profiler/markers", Summary: "The markers of the current session.",
			Params: wire.CursorQuery{}, Answer: []wire.ProfilerMarker{}, Fails: []int{off}, serve: profiling(serveMarkers),
		},
		{
			ID: "addProfilerSpan", Method: "POST", Path: "/api/v1/profiler/spans", Summary: "Record a span.",
			Body: wire.SpanRequest{}, Answer: wire.ActionResult{}, Fails: []int{bad, off}, serve: profiling(serveSpanAdd),
		},
		{
			ID: "getProfilerSpans", Method: "GET", Path: "/api/v1/profiler/spans", Summary: "The spans of the current session.",
			Params: wire.CursorQuery{}, Answer: []wire.ProfilerSpan{}, Fails: []int{off}, serve: profiling(serveSpans),
		},
		{
			ID: "getProfilerHotspots", Method: "GET", Path: "/api/v1/profiler/hotspots", Summary: "The slowest kinds of spans.",
			Params: wire.HotspotsQuery{}, Answer: []wire.ProfilerHotspot{}, Fails: []int{off}, serve: profiling(serveHotspots),
		},
	}
}

func sensorEndpoints() []*Endpoint {
	return []*Endpoint{
		{
			ID: "getSensors", Method: "GET", Path: "/api/v1/device/sensors", Summary: "All known sensors.",
			Answer: []wire.SensorInfo{}, serve: serveSensorList,
		},
		{
			ID: "startSensor", Method: "POST", Path: "/api/v1/device/sensors/{name}/start", Summary: "Run a sensor until it is stopped.",
			Params: wire.SensorStartQuery{}, Answer: wire.SensorAction{}, Fails: []int{http.StatusNotImplemented}, serve: serveSensorStart,
		},
		{
			ID: "stopSensor", Method: "POST", Path: "/api/v1/device/sensors/{name}/stop", Summary: "Stop a sensor for all.",
			Answer: wire.SensorAction{}, serve: serveSensorStop,
		},
	}
}

func bleEndpoints() []*Endpoint {
	bad := []int{http.StatusBadRequest}
	return []*Endpoint{
		{ID: "getBle", Method: "GET", Path: "/api/v1/device/ble", Summary: "The state of Bluetooth.", Answer: wire.BleStatus{}, serve: serveBLEStatus},
		{
			ID: "enableBle", Method: "POST", Path: "/api/v1/device/ble/enable", Summary: "Monitor the adapter.",
			Answer: wire.ActionResult{}, Fails: bad, serve: serveBLEEnable,
		},
		{
			ID: "disableBle", Method: "POST", Path: "/api/v1/device/ble/disable", Summary: "Monitor the adapter no more.",
			Answer: wire.ActionResult{}, serve: serveBLEDisable,
		},
		{
			ID: "getBleEvents", Method: "GET", Path: "/api/v1/device/ble/events", Summary: "Buffered events, oldest first.",
			Params: wire.BleQuery{}, Answer: wire.BleEvents{}, Fails: bad, serve: serveBLEEvents,
		},
		{
			ID: "clearBleEvents", Method: "DELETE", Path: "/api/v1/device/ble/events", Summary: "Forget the buffered events.",
			Answer: wire.ActionResult{}, serve: serveBLEClear,
		},
		{
			ID: "startBleScan", Method: "POST", Path: "/api/v1/device/ble/scan/start", Summary: "Scan until it is stopped.",
			Answer: wire.ActionResult{}, Fails: []int{http.StatusNotImplemented}, serve: serveScanStart,
		},
		{
			ID: "stopBleScan", Method: "POST", Path: "/api/v1/device/ble/scan/stop", Summary: "Stop scanning for all.",
			Answer: wire.ActionResult{}, serve: serveScanStop,
		},
	}
}

func deviceEndpoints() []*Endpoint {
	off := []int{http.StatusNotImplemented}
	return []*Endpoint{
		{ID: "getDeviceInfo", Method: "GET", Path: "/api/v1/device/info", Summary: "What the device is.", Answer: wire.DeviceInfo{}, Fails: off, serve: serveDeviceInfo},
		{ID: "getDeviceApp", Method: "GET", Path: "/api/v1/device/app", Summary: "What the application is.", Answer: wire.DeviceApp{}, serve: serveDeviceApp},
		{ID: "getDeviceDisplay", Method: "GET", Path: "/api/v1/device/display", Summary: "The main screen.", Answer: wire.DeviceDisplay{}, Fails: off, serve: serveDisplay},
		{ID: "getDeviceBattery", Method: "GET", Path: "/api/v1/device/battery", Summary: "The power supply.", Answer: wire.DeviceBattery{}, Fails: off, serve: serveBattery},
		{
			ID: "getDeviceConnectivity", Method: "GET", Path: "/api/v1/device/connectivity", Summary: "The network.",
			Answer: wire.DeviceConnectivity{}, Fails: off, serve: serveConnectivity,
		},
	}
}

// makeRoutes prepares the table for look-ups.
func (a *API) makeRoutes() []route {
	var routes []route
	for _, e := range Endpoints() {
		routes = append(routes, route{Endpoint: e, parts: strings.Split(strings.Trim(e.Path, "/"), "/"), serve: e.serve})
	}
	return routes
}
