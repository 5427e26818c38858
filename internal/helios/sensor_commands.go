package helios

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
)

// Range of the interval of sensors.stream, in milliseconds; outside is an error.
const (
	minSensorInterval     = 50
	maxSensorInterval     = 10000
	defaultSensorInterval = 100 * time.Millisecond
)

// sensorKinds are what a client may subscribe to, in the order of the error
// text.
func sensorKinds() []string {
	return []string{wire.SensorIMU, wire.SensorPower, wire.SensorFirmware, wire.SensorLighting}
}

// sensorSet is what one client has subscribed to.
type sensorSet map[string]bool

// sensorsError is the error object of sensors.stream for an operation that has
// failed. It is entered into the history.
func (a *API) sensorsError(s *Session, operation, reason string) wire.SensorsStreamError {
	requestID, traceID := s.ids()
	a.rememberSensorError(wire.StatusSensorsUnavailable, reason, wire.SourceSensors, operation, requestID, traceID)
	return wire.SensorsStreamError{
		Status:      wire.StatusSensorsUnavailable,
		Reason:      reason,
		TimestampMS: nowMS(),
		Source:      wire.SourceSensors,
		Operation:   operation,
		RequestID:   requestID,
		TraceID:     traceID,
		ReportedBy:  reporter,
	}
}

// obey carries out one command. It returns the interval if the command has one
// that is good, also when the rest is not. The error is the reason that the
// client is told.
func (set sensorSet) obey(payload []byte) (time.Duration, error) {
	if isUnsubscribe(payload) {
		clear(set)
		return 0, nil
	}
	var m wire.SensorsClientMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return 0, fmt.Errorf("invalid message: %w", err)
	}
	var every time.Duration
	if m.IntervalMS != nil {
		if *m.IntervalMS < minSensorInterval || *m.IntervalMS > maxSensorInterval {
			return 0, fmt.Errorf("interval_ms must be between %d and %d", minSensorInterval, maxSensorInterval)
		}
		every = time.Duration(*m.IntervalMS) * time.Millisecond
	}
	var known, unknown []string
	for _, kind := range m.Kinds {
		name := strings.ToLower(strings.TrimSpace(kind))
		if slices.Contains(sensorKinds(), name) {
			known = append(known, name)
		} else {
			unknown = append(unknown, kind)
		}
	}
	switch op := strings.ToLower(strings.TrimSpace(m.Op)); op {
	case wire.OpSubscribe:
		return every, set.subscribe(m.Kinds, known, unknown)
	case wire.OpUnsubscribe:
		return every, set.unsubscribe(m.Kinds, known)
	default:
		return every, fmt.Errorf("unsupported op: %s", m.Op)
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
