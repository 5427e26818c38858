package devflow

import (
	"context"
	"strconv"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// serveBLE joins the scan if that is wanted, and sends the replay and each new event.
func serveBLE(ctx context.Context, s *session, params any) error {
	p := params.(*wire.BleParams)
	ble := s.api.rec.BLE
	if p.Scan {
		if s.change != nil {
			return s.refuse(ctx, s.change.Error())
		}
		leave, err := ble.JoinScan(ctx)
		if err != nil {
			return s.refuse(ctx, err.Error())
		}
		defer leave()
	}
	pass := func(i recorder.BLEItem) bool {
		return i.Failure != "" || p.Type == "" || strings.EqualFold(p.Type, i.Event.Kind)
	}
	stream, err := ble.Open(s.conn.Wake)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := s.beginBLE(ctx, p, stream.Held, pass); err != nil {
		return err
	}
	stream.Held = nil
	f := newFeed(stream, stream.Last, func(e *recorder.Event[recorder.BLEItem]) (*wsconn.Frame, error) {
		if !pass(e.Value) {
			return nil, nil
		}
		return live(e, s.mirror, bleMessage)
	})
	return run(ctx, s, stream, f, nil)
}

// beginBLE sends what comes before the first live event.
func (s *session) beginBLE(ctx context.Context, p *wire.BleParams, held []*recorder.Event[recorder.BLEItem], pass func(recorder.BLEItem) bool) error {
	if s.mirror {
		m := wire.BleSubscribed{
			Type: wire.TypeSubscribed, Timestamp: now(), Scanning: s.api.rec.BLE.Status().Scanning, Replay: p.Replay,
		}
		if p.Type != "" {
			m.EventType = &p.Type
		}
		if err := s.send(ctx, m); err != nil {
			return err
		}
	}
	if p.Replay == 0 {
		return nil
	}
	found := reversed(newest(held, 0, p.Replay, pass))
	events, err := list(found, s.mirror, bleItem)
	if err != nil {
		return err
	}
	return s.sendRaw(ctx, s.replay("events", events, member("count", strconv.AppendInt(nil, int64(len(found)), 10))))
}

// reversed turns a list around, in place.
func reversed[T any](l []T) []T {
	for i, j := 0, len(l)-1; i < j; i, j = i+1, j-1 {
		l[i], l[j] = l[j], l[i]
	}
	return l
}

func bleItem(i recorder.BLEItem, _ bool) any { return toBleEvent(i.Event) }

func toBleEvent(e recorder.BLEEvent) wire.BleEvent {
	return wire.BleEvent{
		Type: e.Kind, Timestamp: wire.NewTimestamp(e.Time), DeviceID: e.DeviceID, DeviceName: e.DeviceName, RSSI: e.RSSI,
		ServiceUUID: e.Service, CharacteristicUUID: e.Char, DescriptorUUID: e.Descriptor, Data: e.Data,
	}
}

func bleMessage(i recorder.BLEItem, mirror bool) ([]byte, error) {
	if i.Failure != "" {
		m := wire.ErrorMessage{Type: wire.TypeError, Timestamp: now(), Data: wire.ErrorData{Message: i.Failure}}
		if mirror {
			m.Error = i.Failure
		}
		return marshal(m)
	}
	data, err := marshal(toBleEvent(i.Event))
	if err != nil {
		return nil, err
	}
	if mirror {
		return wrap(wire.TypeBleEvent, data, member("event", data)), nil
	}
	return wrap(wire.TypeBleEvent, data), nil
}
