package sensors

import (
	"math"
	"slices"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// statusFields are the fields of ImuStatusPayload (3.4) that a working sensor with
// a magnetometer has; last_error it has not.
var statusFields = []string{
	"has_sample", "fusion", "range", "update_interval_ms", "dr_velocity_damp_tau_seconds", "dr_still_velocity_zero_tau_seconds",
	"dr_max_accel_world_mps2", "dr_max_speed_mps", "dr_max_position_m", "dr_lock_position", "updated_at", "dt_seconds", "orientation",
	"linear_accel", "corrected_world_accel_mps2", "velocity_world", "velocity_delta_world", "linear_speed_mps",
	"linear_speed_normalized", "angular_velocity_dps", "angular_speed_dps", "angular_speed_normalized", "gyro_bias_dps",
	"position_world", "is_moving", "is_moving_fast", "is_still", "stillness_confidence", "rotation_contaminated", "motion_g",
	"motion_fast_g", "motion_fast_threshold_g", "motion_noise_floor_g", "dr_confidence", "accel", "gyro", "mag", "sources", "options",
}

// 3.4: without a configuration the fields have the defaults of the contract, the
// first message comes at once, has no type, and has every field of the table.
func TestIMUStatusIsComplete(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	s := d.Dial("/v1/ws/imu")
	first := s.Next()
	fields := first.Map()
	if fields["type"] != nil {
		t.Errorf("a type in %s", first.Data)
	}
	// The first sample has none before it, so that some things are known a little later.
	m := s.Find("a complete status", func(m device.Message) bool { return decode[wire.ImuStatusPayload](t, m).HasSample })
	fields = m.Map()
	for _, name := range statusFields {
		if _, there := fields[name]; !there {
			t.Errorf("%s is missing in %s", name, m.Data)
		}
		delete(fields, name)
	}
	for name := range fields {
		t.Errorf("%s is there: %s", name, m.Data)
	}
	v := decode[wire.ImuStatusPayload](t, m)
	if v.Fusion != "madgwick_no_mag" || v.Range != "negative_180_to_180" || *v.DrVelocityDampTauSeconds != 0.55 ||
		*v.DrStillVelocityZeroTauSeconds != 0.10 || *v.DrMaxAccelWorldMps2 != 6.0 || *v.DrMaxSpeedMps != 4.0 ||
		*v.DrMaxPositionM != 2.0 || !*v.DrLockPosition {
		t.Errorf("the settings are not the defaults of the contract: %s", m.Data)
	}
	if v.Sources.AccelGyro != "simulated IMU" || v.Sources.Magnetometer != "simulated magnetometer" {
		t.Errorf("sources %+v: a simulation must say so", v.Sources)
	}
}

// 3.4: units. The simulated device sways in the field of gravity and of the earth;
// what is measured and worked out is plausible in the units of the table, in every
// message, also across motion and rest.
func TestIMUUnits(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	d.Ask("PATCH", "/v1/device/imu", `{"update_interval_ms":20}`)
	s := d.Dial("/v1/ws/imu")
	still, moving := 0, 0
	var last time.Time
	for still == 0 || moving < 50 {
		v := decode[wire.ImuStatusPayload](t, s.Next())
		if !v.HasSample {
			continue
		}
		checkUnits(t, v)
		if t.Failed() {
			return
		}
		if !v.UpdatedAt.After(last) || time.Since(v.UpdatedAt) > device.Patience {
			t.Errorf("updated_at %v after %v", v.UpdatedAt, last)
		}
		last = v.UpdatedAt
		if *v.IsStill {
			still++
		}
		if *v.IsMoving {
			moving++
		}
	}
}

func checkUnits(t *testing.T, v wire.ImuStatusPayload) {
	t.Helper()
	g := length(v.Accel)
	within(t, "length of accel, g", &g, 0.5, 1.5)
	field := length(v.Mag)
	within(t, "length of mag, gauss", &field, 0.4, 0.6)
	linear := length(v.LinearAccel)
	within(t, "length of linear_accel, g", &linear, 0, 0.6)
	world := length(v.CorrectedWorldAccelMps2)
	within(t, "length of corrected_world_accel_mps2", &world, 0, *v.DrMaxAccelWorldMps2)
	speed := length(v.VelocityWorld)
	within(t, "linear_speed_mps", v.LinearSpeedMps, speed-1e-6, speed+1e-6)
	within(t, "linear_speed_mps", v.LinearSpeedMps, 0, *v.DrMaxSpeedMps)
	turn := length(v.AngularVelocityDps)
	within(t, "angular_speed_dps", v.AngularSpeedDps, turn-1e-6, turn+1e-6)
	within(t, "angular_speed_dps", v.AngularSpeedDps, 0, 300)
	bias := length(v.GyroBiasDps)
	within(t, "length of gyro_bias_dps", &bias, 0, 5)
	for name, part := range map[string]*float64{
		"linear_speed_normalized": v.LinearSpeedNormalized, "angular_speed_normalized": v.AngularSpeedNormalized,
		"stillness_confidence": v.StillnessConfidence, "dr_confidence": v.DrConfidence,
	} {
		within(t, name, part, 0, 1)
	}
	for name, motion := range map[string]*float64{
		"motion_g": v.MotionG, "motion_fast_g": v.MotionFastG, "motion_fast_threshold_g": v.MotionFastThresholdG,
		"motion_noise_floor_g": v.MotionNoiseFloorG,
	} {
		within(t, name, motion, 0, 2)
	}
	if *v.DrLockPosition && length(v.PositionWorld) != 0 {
		t.Errorf("position_world is %+v while it is locked", v.PositionWorld)
	}
	if *v.IsStill && *v.IsMovingFast {
		t.Error("still and moving fast")
	}
	checkAttitude(t, v)
}

// checkAttitude checks angles against the quaternion, and that gravity points up.
func checkAttitude(t *testing.T, v wire.ImuStatusPayload) {
	t.Helper()
	q := v.Orientation.Quaternion
	norm := math.Sqrt(q.W*q.W + q.X*q.X + q.Y*q.Y + q.Z*q.Z)
	within(t, "norm of the quaternion", &norm, 0.999, 1.001)
	lo := -180.0
	if v.Range == "zero_to_360" {
		lo = 0
	}
	for name, angle := range map[string]float64{"roll": v.Orientation.Roll, "pitch": v.Orientation.Pitch, "yaw": v.Orientation.Yaw} {
		within(t, name, &angle, lo, lo+360)
	}
}

// rate returns the median of dt_seconds over messages that come from now on.
func rate(t *testing.T, s *device.Socket, interval uint64) float64 {
	t.Helper()
	var steps []float64
	for len(steps) < 15 {
		v := decode[wire.ImuStatusPayload](t, s.Next())
		if v.HasSample && *v.UpdateIntervalMS == interval {
			steps = append(steps, *v.DtSeconds)
		}
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// 3.4: the rate follows update_interval_ms, also of a socket that is open.
func TestIMURateFollowsInterval(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	s := d.Dial("/v1/ws/imu")
	for _, ms := range []uint64{50, 200, 20, 100} {
		wantStatus(t, "PATCH", d.Ask("PATCH", "/v1/device/imu", text(map[string]any{"update_interval_ms": ms})), 200)
		if got, want := rate(t, s, ms), float64(ms)/1000; got < want/2 || got > want*2 {
			t.Errorf("a status every %v s, want %v", got, want)
		}
	}
}

// 3.4: unsubscribe ends the socket with 1000, in any case and with space around
// it; anything else is ignored, and the statuses go on.
func TestIMUUnsubscribe(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	for _, word := range []string{"unsubscribe", "UNSUBSCRIBE", "Unsubscribe", "\t unSubScribe \r\n"} {
		s := d.Dial("/v1/ws/imu")
		for _, other := range []string{"", " ", "{}", "subscribe", "unsubscribe!", "un subscribe", `{"op":"unsubscribe"}`, `"unsubscribe"`, `{"type":"unsubscribe"}`} {
			s.Send(other)
		}
		s.SendBinary([]byte("unsubscribe"))
		s.Ping()
		s.Pending()
		for range 3 {
			s.Next() // it goes on
		}
		s.Send(word)
		wantClose(t, s, 1000)
	}
}

// 3.4: what a form may offer holds the presets and the present interval,
// ascending, without duplicates.
func TestIMUOptions(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	presets := []uint64{5, 10, 20, 50, 100, 200, 500, 1000}
	for ms, want := range map[uint64][]uint64{
		50: presets, 5: presets, 1000: presets,
		1:    {1, 5, 10, 20, 50, 100, 200, 500, 1000},
		75:   {5, 10, 20, 50, 75, 100, 200, 500, 1000},
		2500: {5, 10, 20, 50, 100, 200, 500, 1000, 2500},
	} {
		v := patch(t, d, map[string]any{"update_interval_ms": ms})
		if *v.UpdateIntervalMS != ms || !slices.Equal(v.Options.IntervalsMS, want) {
			t.Errorf("interval %d: options %v, want %v", *v.UpdateIntervalMS, v.Options.IntervalsMS, want)
		}
		if !slices.Equal(v.Options.Fusion, []string{"madgwick_no_mag", "madgwick"}) || !slices.Equal(v.Options.Range, []string{"negative_180_to_180", "zero_to_360"}) {
			t.Errorf("options %+v", v.Options)
		}
	}
}

// 2.4, 3.4: a socket that does not read gets the newest status when it reads on,
// not the old ones.
func TestIMUSlowReader(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	patch(t, d, map[string]any{"update_interval_ms": 1})
	slow := d.DialWith("/v1/ws/imu", device.DialOptions{Manual: true, ReceiveBuffer: 4096})
	other := d.Dial("/v1/ws/imu")
	var until time.Time
	for range 3000 { // more than the kernel's buffers hold
		until = decode[wire.ImuStatusPayload](t, other.Next()).UpdatedAt
	}
	got := 0
	for {
		m, err := slow.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got++
		if !decode[wire.ImuStatusPayload](t, m).UpdatedAt.Before(until) {
			break
		}
	}
	if got >= 3000 {
		t.Errorf("%d statuses were kept for a reader that did not read", got)
	}
}
