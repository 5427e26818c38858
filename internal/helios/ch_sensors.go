package helios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
)

// Range of the interval of sensors.stream, in milliseconds; outside is an error.
const (
	minSensorInterval = 50
	maxSensorInterval = 10000
)

// sensorKinds are what a client may subscribe to, in the order of the error
// text.
func sensorKinds() []string {
	return []string{wire.SensorIMU, wire.SensorPower, wire.SensorFirmware, wire.SensorLighting}
}

// sensorSet is what one client has subscribed to.
type sensorSet map[string]bool

// serveSensors obeys the client's commands. There are no sensors on this device
// but the state of the IMU, which says so.
func (a *API) serveSensors(ctx context.Context, s *Session, _ any) error {
	set := sensorSet{}
	for {
		m, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		if m.Binary {
			continue
		}
		if s.Multiplexed() && len(m.Payload) == 0 {
			set.addAll() // a request without payload
		} else if err := set.obey(m.Payload); err != nil {
			err = s.Send(ctx, a.sensorsError(s, err.Error()))
			if err != nil {
				return err
			}
			continue
		}
		if err := a.sendCached(ctx, s, set); err != nil {
			return err
		}
	}
}

// sendCached sends the newest value of every kind in the set that has one.
func (a *API) sendCached(ctx context.Context, s *Session, set sensorSet) error {
	if !set[wire.SensorIMU] {
		return nil
	}
	status := noIMU()
	return s.Send(ctx, wire.SensorsStreamEvent{IMU: &status})
}

func (a *API) sensorsError(s *Session, reason string) wire.SensorsStreamError {
	requestID, traceID := s.ids()
	e := wire.SensorsStreamError{
		Status:      wire.StatusSensorsUnavailable,
		Reason:      reason,
		TimestampMS: nowMS(),
		Source:      wire.SourceSensors,
		Operation:   wire.OpClientMessage,
		RequestID:   requestID,
		TraceID:     traceID,
		ReportedBy:  reporter,
	}
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: wire.StatusSensorsUnavailable, Error: reason, TimestampMS: e.TimestampMS, Source: e.Source,
		Operation: e.Operation, RequestID: e.RequestID, TraceID: e.TraceID, ReportedBy: reporter,
	}})
	return e
}

// obey carries out one command. The error is the reason that the client is told.
func (set sensorSet) obey(payload []byte) error {
	if isUnsubscribe(payload) {
		clear(set)
		return nil
	}
	var m struct {
		Op         string   `json:"op"`
		Kinds      []string `json:"kinds"`
		IntervalMS *int64   `json:"interval_ms"`
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return fmt.Errorf("invalid message: %w", err)
	}
	if m.IntervalMS != nil && (*m.IntervalMS < minSensorInterval || *m.IntervalMS > maxSensorInterval) {
		return fmt.Errorf("interval_ms must be between %d and %d", minSensorInterval, maxSensorInterval)
	}
	var known, unknown []string
	for _, kind := range m.Kinds {
		name := strings.ToLower(strings.TrimSpace(kind))
		if contains(sensorKinds(), name) {
			known = append(known, name)
		} else {
			unknown = append(unknown, kind)
		}
	}
	switch op := strings.ToLower(strings.TrimSpace(m.Op)); op {
	case wire.OpSubscribe:
		return set.subscribe(m.Kinds, known, unknown)
	case wire.OpUnsubscribe:
		return set.unsubscribe(m.Kinds, known)
	default:
		return fmt.Errorf("unsupported op: %s", m.Op)
	}
}

func (set sensorSet) addAll() {
	for _, kind := range sensorKinds() {
		set[kind] = true
	}
}

func (set sensorSet) subscribe(given, known, unknown []string) error {
	if len(given) == 0 {
		return errors.New("subscribe requires kinds")
	}
	for _, kind := range known {
		set[kind] = true
	}
	if len(unknown) > 0 {
		return fmt.Errorf("unsupported kinds: %s (valid: %s)", strings.Join(unknown, ", "), strings.Join(sensorKinds(), ", "))
	}
	return nil
}

func (set sensorSet) unsubscribe(given, known []string) error {
	if len(given) == 0 {
		clear(set)
		return nil
	}
	if len(known) == 0 {
		return errors.New("unsubscribe requires at least one valid kind")
	}
	for _, kind := range known {
		delete(set, kind)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}
