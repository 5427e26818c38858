package helios

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// serveStreamMetrics sends the metrics as they are and then each new set, at most
// one per interval, which the client may change.
func (a *API) serveStreamMetrics(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.StreamMetricsParams)
	if s.Multiplexed() {
		<-s.inbox // the request itself, from which params are
	}
	stream, err := a.deps.Streams.Get(streamIDFrom(ctx).String())
	if err != nil {
		return a.metricsFailed(ctx, s, nil, err)
	}
	now := stream.Metrics()
	if err := s.Send(ctx, a.metricsEvent(stream, now)); err != nil {
		return err
	}
	pace, err := newMetricsPace(stream.MetricsTopic(), time.Duration(p.IntervalMS)*time.Millisecond, now.At, s.conn.Wake)
	if err != nil {
		return a.metricsFailed(ctx, s, stream, err)
	}
	defer pace.close()
	f := newFeed(s, source[video.Metrics](pace), streamOptions[video.Metrics]{
		Size:   about[video.Metrics](2 << 10),
		Encode: encodeJSON(func(m video.Metrics) any { return a.metricsEvent(stream, m) }),
	})
	s.conn.AddFeed(f, wsconn.FeedOptions{})
	defer s.conn.RemoveFeed(f)
	for {
		select {
		case err := <-f.ended:
			return a.metricsFailed(ctx, s, stream, err)
		case m := <-s.inbox:
			if every, ok := metricsInterval(s, m); ok {
				pace.set(every)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// exists tells whether a stream, which may be nil, has not been deleted.
func (a *API) exists(s *video.Stream) bool {
	if s == nil {
		return false
	}
	now, err := a.deps.Streams.Get(s.ID())
	return err == nil && now == s
}

func (a *API) metricsEvent(s *video.Stream, m video.Metrics) wire.StreamMetricsEvent {
	return wire.StreamMetricsEvent{
		StreamID: s.ID(), TimestampMS: millis(m.At), Metrics: streamMetrics(m, s, a.memory.read()),
	}
}

// metricsInterval reads the interval that a client asks for. On the multiplexed
// socket a request replaces all parameters, on a socket of its own what is no
// interval is ignored.
func metricsInterval(s *Session, m Message) (every time.Duration, ok bool) {
	if m.Binary {
		return 0, false
	}
	var p wire.StreamMetricsParams
	err := parseObject(m.Payload, &p)
	if s.Multiplexed() {
		if err != nil {
			s.reject(err.Error())
		}
	} else {
		var given struct {
			IntervalMS *json.RawMessage `json:"interval_ms"`
		}
		if json.Unmarshal(m.Payload, &given) != nil || given.IntervalMS == nil {
			return 0, false
		}
	}
	return time.Duration(p.IntervalMS) * time.Millisecond, err == nil
}

// metricsFailed tells the client why there are no metrics any more of a stream, nil
// if there was none.
func (a *API) metricsFailed(ctx context.Context, s *Session, stream *video.Stream, err error) error {
	id := streamIDFrom(ctx).String()
	exists := a.exists(stream)
	if errors.Is(err, topic.ErrClosed) && exists {
		return err // the server shuts down
	}
	requestID, _ := s.ids()
	no := false
	e := wire.StreamMetricsError{
		StreamID: id, Error: "Stream not found", Code: wire.MetricsStreamNotFound,
		Detail: "stream " + id + " not found", TimestampMS: nowMS(), Source: wire.SourceStreamMetrics,
		Operation: wire.OpSnapshot, RequestID: requestID, TraceID: requestID, Retryable: &no,
	}
	if exists {
		e.Error, e.Code, e.Detail = "Metrics unavailable", wire.MetricsUnavailable, err.Error()
	}
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: e.Code, Error: e.Detail, TimestampMS: e.TimestampMS, Source: e.Source,
		Operation: e.Operation, RequestID: e.RequestID, TraceID: e.TraceID, Retryable: &no, ReportedBy: reporter,
	}})
	if err := s.Send(ctx, e); err != nil {
		return err
	}
	return errTold
}

// metricsPace reads measurements of a stream, never two within an interval. It makes
// the topic measure often enough with one subscription, and reads all that is
// measured with another: the topic's own thinning would allow two measurements for
// another client to come closer than the interval.
type metricsPace struct {
	demand *topic.Subscription[video.Metrics]
	events *topic.Subscription[video.Metrics]

	mu    sync.Mutex
	every time.Duration
	last  time.Time // when the newest one sent was measured
}

// newMetricsPace returns a pace that begins after the measurement of time last.
func newMetricsPace(t *topic.Topic[video.Metrics], every time.Duration, last time.Time, wake func()) (*metricsPace, error) {
	demand, err := t.Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Interval: every})
	if err != nil {
		return nil, err
	}
	events, err := t.Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Wake: wake})
	if err != nil {
		demand.Close()
		return nil, err
	}
	return &metricsPace{demand: demand, events: events, every: every, last: last}, nil
}

func (p *metricsPace) close() {
	p.events.Close()
	p.demand.Close()
}

// set changes the interval.
func (p *metricsPace) set(every time.Duration) {
	p.mu.Lock()
	p.every = every
	p.mu.Unlock()
	p.demand.SetInterval(every)
}

// Fill implements source.
func (p *metricsPace) Fill(dst []topic.Item[video.Metrics]) (int, error) {
	for {
		n, err := p.events.Fill(dst[:1])
		if n == 0 || p.take(dst[0].Event.Value.At) {
			return n, err
		}
	}
}

// take tells whether a measurement is due. A timer that is a little early counts as
// on time, or the next one would be late by an interval.
func (p *metricsPace) take(at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.Sub(p.last) < p.every-p.every/50 {
		return false
	}
	p.last = at
	return true
}
