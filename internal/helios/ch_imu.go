package helios

import (
	"context"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
)

// noIMU is the status of a device without an inertial sensor, which is not an
// error.
func noIMU() wire.ImuStatusPayload {
	interval := uint64(50)
	return wire.ImuStatusPayload{
		HasSample:        false,
		Fusion:           wire.ImuFusionMadgwickNoMag,
		Range:            wire.ImuRangeSigned,
		UpdateIntervalMS: &interval,
		LastError:        "no IMU was detected on this device",
		Options: &wire.ImuOptions{
			Fusion:      []string{wire.ImuFusionMadgwickNoMag, wire.ImuFusionMadgwick},
			Range:       []string{wire.ImuRangeSigned, wire.ImuRangeUnsigned},
			IntervalsMS: []uint64{5, 10, 20, 50, 100, 200, 500, 1000},
		},
	}
}

// serveIMU sends the newest status, and then waits for the client to leave:
// there is no source of samples on this device.
func (a *API) serveIMU(ctx context.Context, s *Session, _ any) error {
	if err := s.Send(ctx, noIMU()); err != nil {
		return err
	}
	for {
		m, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		if !m.Binary && isUnsubscribe(m.Payload) {
			return nil
		}
	}
}

// isUnsubscribe recognises the bare text of the imu and sensors sockets.
func isUnsubscribe(payload []byte) bool {
	return strings.EqualFold(strings.TrimSpace(string(payload)), "unsubscribe")
}
