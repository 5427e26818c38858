package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/heliograph/heliograph/client/devflow"
)

func agentGet[T any](ctx context.Context, a *Agent, path string, query url.Values) (AgentItem[T], error) {
	data, err := a.c.Do(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return AgentItem[T]{}, err
	}
	item, err := decodeItem[T](data)
	if err != nil {
		return item, fmt.Errorf("GET %s: read the answer: %w", path, err)
	}
	return item, nil
}

// agentList asks for an array.
func agentList[T any](ctx context.Context, a *Agent, path string, query url.Values) ([]AgentItem[T], error) {
	list, err := Get[[]json.RawMessage](ctx, a.c, path, query)
	if err != nil {
		return nil, err
	}
	items, err := decodeItems[T](list)
	if err != nil {
		return nil, fmt.Errorf("GET %s: read the answer: %w", path, err)
	}
	return items, nil
}

// oldestFirst turns a list that is newest first.
func oldestFirst[T any](items []AgentItem[T], err error) ([]AgentItem[T], error) {
	slices.Reverse(items)
	return items, err
}

// LogEntries gives the newest log entries that the agent holds and that pass, oldest
// first. Limit 0 leaves the number to the agent (100); it gives at most 1000.
func (a *Agent) LogEntries(ctx context.Context, q devflow.LogsQuery) ([]AgentItem[devflow.LogEntry], error) {
	query := pairs("source", q.Source, "level", q.Level, "limit", positive(int64(q.Limit)), "skip", positive(int64(q.Skip)))
	return oldestFirst(agentList[devflow.LogEntry](ctx, a, "/api/v1/logs", query))
}

// Requests gives the newest exchanges that the agent holds and that pass, oldest first.
// Limit 0 leaves the number to the agent (100).
func (a *Agent) Requests(ctx context.Context, q devflow.NetworkQuery) ([]AgentItem[devflow.NetworkRequestSummary], error) {
	query := pairs("host", q.Host, "method", q.Method, "status", positive(int64(q.Status)), "limit", positive(int64(q.Limit)))
	return oldestFirst(agentList[devflow.NetworkRequestSummary](ctx, a, "/api/v1/network/requests", query))
}

// Request gives one exchange with headers and bodies; one that the agent does not hold
// is ErrNotFound.
func (a *Agent) Request(ctx context.Context, id string) (AgentItem[devflow.NetworkRequestDetail], error) {
	return agentGet[devflow.NetworkRequestDetail](ctx, a, "/api/v1/network/requests/"+url.PathEscape(id), nil)
}

// HAR gives the exchanges that pass as a HAR 1.2 document, which the caller closes.
func (a *Agent) HAR(ctx context.Context, q devflow.HARQuery) (io.ReadCloser, error) {
	body, _, err := a.c.Open(ctx, "/api/v1/network/requests.har", pairs("host", q.Host, "method", q.Method))
	return body, err
}

// BLEEvents gives the newest Bluetooth events that the agent holds and that pass, oldest
// first. Limit 0 leaves the number to the agent (100).
func (a *Agent) BLEEvents(ctx context.Context, q devflow.BleQuery) ([]AgentItem[devflow.BleEvent], error) {
	const path = "/api/v1/device/ble/events"
	answer, err := Get[struct {
		Events []json.RawMessage `json:"events"`
	}](ctx, a.c, path, pairs("type", q.Type, "limit", positive(int64(q.Limit))))
	if err != nil {
		return nil, err
	}
	items, err := decodeItems[devflow.BleEvent](answer.Events)
	if err != nil {
		return nil, fmt.Errorf("GET %s: read the answer: %w", path, err)
	}
	return items, nil
}

// SensorList gives all sensors that the agent knows, whether the device has them or not.
func (a *Agent) SensorList(ctx context.Context) ([]AgentItem[devflow.SensorInfo], error) {
	return agentList[devflow.SensorInfo](ctx, a, "/api/v1/device/sensors", nil)
}

// Sessions gives the profiler sessions that the agent holds, newest first.
func (a *Agent) Sessions(ctx context.Context) ([]AgentItem[devflow.ProfilerSessionInfo], error) {
	return agentList[devflow.ProfilerSessionInfo](ctx, a, "/api/v1/profiler/sessions", nil)
}

// StartSession starts a profiler session that samples every interval, in whole
// milliseconds; 0 leaves it to the agent (500 ms). While a session is active it is that
// one that is given, with its own interval.
func (a *Agent) StartSession(ctx context.Context, interval time.Duration) (devflow.ProfilerSessionInfo, error) {
	body := devflow.ProfilerStart{SampleIntervalMs: int(interval.Milliseconds())}
	answer, err := Post[devflow.ProfilerSession](ctx, a.c, "/api/v1/profiler/sessions", body)
	switch {
	case err != nil:
		return devflow.ProfilerSessionInfo{}, err
	case answer.Session != nil:
		return *answer.Session, nil
	case answer.ProfilerSessionInfo != nil:
		return *answer.ProfilerSessionInfo, nil
	}
	return devflow.ProfilerSessionInfo{}, fmt.Errorf("POST /api/v1/profiler/sessions: read the answer: no session in it")
}

// StopSession ends a profiler session. One that has ended already is success.
func (a *Agent) StopSession(ctx context.Context, id string) error {
	return a.c.Delete(ctx, "/api/v1/profiler/sessions/"+url.PathEscape(id))
}

// Hotspots sums up the spans of the newest session, slowest first. Limit 0 leaves the
// number to the agent (20), MinDurationMs 0 the least duration (16 ms).
func (a *Agent) Hotspots(ctx context.Context, q devflow.HotspotsQuery) ([]AgentItem[devflow.ProfilerHotspot], error) {
	query := pairs("limit", positive(int64(q.Limit)), "minDurationMs", positive(int64(q.MinDurationMs)), "kind", q.Kind)
	return agentList[devflow.ProfilerHotspot](ctx, a, "/api/v1/profiler/hotspots", query)
}
