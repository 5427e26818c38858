package devflow

import (
	"context"

	wire "github.com/heliograph/heliograph/client/devflow"
)

// Channel is one row of the table of channels.
type Channel struct {
	// Name is the channel's name in documents and logs.
	Name string
	// Path is its address; Alias another one, or empty.
	Path, Alias string
	// Params returns a new parameter struct.
	Params func() any
	// Input tells that the channel reads client messages; others ignore them.
	Input bool
	// Server and Client are the types of messages in each direction.
	Server, Client []any

	// serve holds the conversation. It returns when the channel has ended, and
	// promptly when ctx is done.
	serve func(ctx context.Context, s *session, params any) error
}

// Channels is the one list of channels: what is not here is not served, and types of
// messages that are not here are not sent.
func Channels() []*Channel {
	return []*Channel{
		{
			Name: "ble", Path: wire.PathBLE, Params: func() any { return new(wire.BleParams) },
			Server: []any{wire.BleReplay{}, wire.BleMessage{}, wire.ErrorMessage{}, wire.BleSubscribed{}},
			serve:  serveBLE,
		},
		{
			Name: "sensors", Path: wire.PathSensors, Alias: wire.PathSensorsAlias, Params: func() any { return new(wire.SensorsParams) },
			Server: []any{wire.SensorSubscribed{}, wire.SensorMessage{}, wire.SensorError{}, wire.SensorStopped{}},
			Client: []any{wire.SensorSubscribe{}, wire.SensorUnsubscribe{}},
			Input:  true, serve: serveSensors,
		},
		{
			Name: "logs", Path: wire.PathLogs, Params: func() any { return new(wire.LogsParams) },
			Server: []any{wire.LogReplay{}, wire.LogMessage{}},
			serve:  serveLogs,
		},
		{
			Name: "network", Path: wire.PathNetwork, Params: func() any { return new(wire.NetworkParams) },
			Server: []any{wire.NetworkReplay{}, wire.NetworkRequest{}, wire.NetworkDetails{}, wire.NetworkCleared{}, wire.NetworkError{}},
			Client: []any{wire.NetworkGetDetails{}, wire.NetworkClear{}},
			Input:  true, serve: serveNetwork,
		},
		{
			Name: "profiler", Path: wire.PathProfiler, Params: func() any { return new(wire.ProfilerParams) },
			Server: []any{wire.ProfilerBatchMessage{}, wire.ProfilerStopped{}, wire.ErrorMessage{}},
			serve:  serveProfiler,
		},
		{
			Name: "ui", Path: wire.PathUIEvents, Params: func() any { return new(wire.UIParams) },
			Server: []any{
				wire.NavigationMessage{}, wire.LifecycleMessage{}, wire.TreeChangeMessage{}, wire.AlertMessage{}, wire.FailureMessage{},
			},
			Client: []any{wire.UISubscribe{}, wire.UIUnsubscribe{}},
			Input:  true, serve: serveUI,
		},
	}
}
