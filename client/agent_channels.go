package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client/devflow"
)

// What an agent holds at the most, which is asked for after a lost connection.
const (
	mostLogs     = 1000
	mostRequests = 1000
	mostBLE      = 2000
)

// Logs subscribes to the application's log: what was logged before, as one message,
// and then each new entry. Replay is how many of the newest entries to begin with: 0
// leaves that to the agent (100), a negative number means none. After a lost connection
// the subscription goes on with the entry after the last one, as far as the agent has
// it still.
func (a *Agent) Logs(ctx context.Context, p devflow.LogsParams) (*Subscription[AgentMessage[devflow.LogEntry]], error) {
	type item = AgentItem[devflow.LogEntry]
	at := &place[devflow.LogEntry]{asked: p.Replay, most: mostLogs, key: func(i item) string { return string(i.Raw) }}
	return subscribe(ctx, a.c, spec[AgentMessage[devflow.LogEntry]]{
		channel: "logs",
		path:    devflow.PathLogs,
		query: func() url.Values {
			return pairs("source", p.Source, "level", p.Level, "replay", at.replay())
		},
		decode: resuming(at, decodeAgent[devflow.LogEntry]("logs", logItems)),
		judge:  refusal[devflow.LogEntry](""),
	})
}

// Network subscribes to the HTTP exchanges of the application, each when it has
// finished or failed. Replay is as for Logs. A message of type devflow.TypeCleared has
// no items and tells that the agent has forgotten all exchanges.
func (a *Agent) Network(ctx context.Context, p devflow.NetworkParams) (*Subscription[AgentMessage[devflow.NetworkRequestSummary]], error) {
	type item = AgentItem[devflow.NetworkRequestSummary]
	at := &place[devflow.NetworkRequestSummary]{asked: p.Replay, most: mostRequests, key: func(i item) string { return i.Value.ID }}
	return subscribe(ctx, a.c, spec[AgentMessage[devflow.NetworkRequestSummary]]{
		channel: "network",
		path:    devflow.PathNetwork,
		query: func() url.Values {
			return pairs("host", p.Host, "method", p.Method, "replay", at.replay())
		},
		decode: resuming(at, decodeAgent[devflow.NetworkRequestSummary]("network", logItems)),
		judge:  refusal[devflow.NetworkRequestSummary](""),
	})
}

// BLE subscribes to Bluetooth events. Replay is as for Logs. With Scan the device scans
// as long as the subscription has a connection; that it cannot is an *Error. Failures
// later on, such as the loss of the adapter, are Event.Err.
func (a *Agent) BLE(ctx context.Context, p devflow.BleParams) (*Subscription[AgentMessage[devflow.BleEvent]], error) {
	type item = AgentItem[devflow.BleEvent]
	at := &place[devflow.BleEvent]{asked: p.Replay, most: mostBLE, key: func(i item) string { return string(i.Raw) }}
	scan := ""
	if p.Scan {
		scan = "true"
	}
	return subscribe(ctx, a.c, spec[AgentMessage[devflow.BleEvent]]{
		channel: "ble",
		path:    devflow.PathBLE,
		query: func() url.Values {
			return pairs("type", p.Type, "scan", scan, "replay", at.replay())
		},
		decode: resuming(at, decodeAgent[devflow.BleEvent]("ble", bleItems)),
		judge:  refusal[devflow.BleEvent](""),
	})
}

// UIEvents subscribes to events of the user interface, of the given kinds
// (devflow.UINavigation and so on) or of all. It begins with the present state; there
// is no replay. The value of an item is a devflow.NavigationData, LifecycleData,
// TreeChangeData, AlertData or FailureData, as the type of the message says.
func (a *Agent) UIEvents(ctx context.Context, kinds ...string) (*Subscription[AgentMessage[any]], error) {
	return subscribe(ctx, a.c, spec[AgentMessage[any]]{
		channel: "ui",
		path:    devflow.PathUIEvents,
		query:   func() url.Values { return pairs("events", strings.Join(kinds, ",")) },
		decode:  decodeUI,
		judge:   refusal[any](""),
	})
}

// decodeUI reads an event of the user interface.
func decodeUI(binary bool, data []byte) (AgentMessage[any], error) {
	e, err := readEnvelope(binary, data)
	m := AgentMessage[any]{Type: e.Type, Raw: data}
	if err != nil {
		return m, err
	}
	var value any
	switch e.Type {
	case devflow.UINavigation:
		value, err = valueOf[devflow.NavigationData](e.Data)
	case devflow.UILifecycle:
		value, err = valueOf[devflow.LifecycleData](e.Data)
	case devflow.UITreeChange:
		value, err = valueOf[devflow.TreeChangeData](e.Data)
	case devflow.UIAlert:
		value, err = valueOf[devflow.AlertData](e.Data)
	case devflow.UIError:
		value, err = valueOf[devflow.FailureData](e.Data)
	default:
		return m, nil
	}
	m.Items = []AgentItem[any]{{Value: value, Raw: e.Data}}
	return m, err
}

func valueOf[T any](data json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

// AgentSensors say which sensors to read, and how.
type AgentSensors struct {
	// Names are the sensors, at least one.
	Names []string
	// Speed is one of the Speed constants of package devflow; empty leaves it to the
	// agent.
	Speed string
	// Throttle is the least time between two readings of a sensor, in whole
	// milliseconds; 0 leaves it to the agent (100 ms), a negative one means no limit.
	Throttle time.Duration
}

// Sensors subscribes to readings of sensors, which run as long as somebody reads them.
// Messages of the types devflow.TypeSubscribed and devflow.TypeStopped have no items. A
// sensor that cannot be read is an *Error, of the subscription if it is the first one
// and else as Event.Err, with the sensor's name as Op. Only the newest readings wait to
// be taken; see Event.Missed.
func (a *Agent) Sensors(ctx context.Context, p AgentSensors) (*Subscription[AgentMessage[devflow.SensorReading]], error) {
	if len(p.Names) == 0 {
		return nil, fmt.Errorf("sensors: none named")
	}
	more, err := p.commands()
	if err != nil {
		return nil, err
	}
	return subscribe(ctx, a.c, spec[AgentMessage[devflow.SensorReading]]{
		channel: "sensors",
		path:    devflow.PathSensors,
		query: func() url.Values {
			return pairs("sensor", p.Names[0], "speed", p.Speed, "throttleMs", throttleMs(p.Throttle))
		},
		hello: func(ctx context.Context, sock *socket) error {
			for _, command := range more {
				if err := sock.write(ctx, false, command); err != nil {
					return err
				}
			}
			return nil
		},
		decode: decodeAgent[devflow.SensorReading]("sensors", only(devflow.TypeReading)),
		judge:  refusal[devflow.SensorReading](""),
		newest: true,
		queue:  64,
	})
}

// commands subscribes to all sensors but the first.
func (p AgentSensors) commands() ([][]byte, error) {
	var list [][]byte
	for _, name := range p.Names[1:] {
		m := devflow.SensorSubscribe{Type: devflow.TypeSubscribe, Data: devflow.SensorSubscribeData{Sensor: name, Speed: p.Speed}}
		m.Timestamp = devflow.NewTimestamp(time.Now())
		if text := throttleMs(p.Throttle); text != "" {
			ms, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("sensors: throttle: %w", err)
			}
			m.Data.ThrottleMs = &ms
		}
		data, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		list = append(list, data)
	}
	return list, nil
}

// Profile subscribes to the batches of a profiler session, from the given cursors on,
// until it ends, which is io.EOF after a message of type devflow.TypeStopped. A lost
// connection goes on where it ended. An unknown session is an *Error.
func (a *Agent) Profile(ctx context.Context, p devflow.ProfilerParams) (*Subscription[AgentMessage[devflow.ProfilerBatch]], error) {
	decode := decodeAgent[devflow.ProfilerBatch]("profiler", only(devflow.TypeBatch))
	return subscribe(ctx, a.c, spec[AgentMessage[devflow.ProfilerBatch]]{
		channel: "profiler",
		path:    devflow.PathProfiler,
		finite:  true,
		query: func() url.Values {
			return pairs("sessionId", p.SessionID, "limit", positive(int64(p.Limit)), "sampleCursor", positive(p.SampleCursor),
				"markerCursor", positive(p.MarkerCursor), "spanCursor", positive(p.SpanCursor))
		},
		decode: func(binary bool, data []byte) (AgentMessage[devflow.ProfilerBatch], error) {
			m, err := decode(binary, data)
			if err == nil && len(m.Items) > 0 {
				b := m.Items[0].Value
				p.SampleCursor, p.MarkerCursor, p.SpanCursor = b.SampleCursor, b.MarkerCursor, b.SpanCursor
			}
			return m, err
		},
		judge: refusal[devflow.ProfilerBatch](devflow.TypeStopped),
	})
}

func positive(v int64) string {
	if v <= 0 {
		return ""
	}
	return strconv.FormatInt(v, 10)
}

// pairs makes a query of names and values; an empty value is left out.
func pairs(list ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(list); i += 2 {
		if list[i+1] != "" {
			q.Set(list[i], list[i+1])
		}
	}
	return q
}
