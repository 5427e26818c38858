package sensors

import (
	"math"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// patch changes settings of the IMU and returns the status that it is answered.
func patch(t *testing.T, d *device.Device, change map[string]any) wire.ImuStatusPayload {
	t.Helper()
	r := d.Ask("PATCH", "/v1/device/imu", text(change))
	if r.Status != 200 {
		t.Fatalf("PATCH %s: status %d: %s", text(change), r.Status, r.Body)
	}
	var v wire.ImuStatusPayload
	d.JSON(r, &v)
	return v
}

// 7.6: each field changes what it names; the answer, a GET, and an open socket
// have the new value. 3.4: the aliases.
func TestIMUPatch(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	s := d.Dial("/v1/ws/imu")
	for _, c := range []struct {
		field string
		value any
		name  string // in the status; empty: the field
		want  any
	}{
		{"fusion", "madgwick", "", "madgwick"},
		{"fusion", "6axis", "", "madgwick_no_mag"},
		{"fusion", "ahrs", "", "madgwick"},
		{"fusion", "no_mag", "", "madgwick_no_mag"},
		{"fusion", " AHRS ", "", "madgwick"},
		{"fusion", "madgwick_no_mag", "", "madgwick_no_mag"},
		{"range", "360", "", "zero_to_360"},
		{"range", "180", "", "negative_180_to_180"},
		{"range", "zero_to_360", "", "zero_to_360"},
		{"range", "negative_180_to_180", "", "negative_180_to_180"},
		{"update_interval_ms", 40, "", 40.0},
		{"dr_velocity_damp_tau_seconds", 1.25, "", 1.25},
		{"dr_still_velocity_zero_tau_seconds", 0.25, "", 0.25},
		{"dr_max_accel_world_mps2", 3.5, "", 3.5},
		{"dr_max_speed_mps", 1.5, "", 1.5},
		{"dr_max_position_m", 0.75, "", 0.75},
		{"dr_lock_position", false, "", false},
	} {
		r := d.Ask("PATCH", "/v1/device/imu", text(map[string]any{c.field: c.value, "unknown": 1}))
		wantStatus(t, c.field, r, 200)
		var answered map[string]any
		d.JSON(r, &answered)
		if answered[c.field] != c.want {
			t.Errorf("%s %v: answered %v, want %v", c.field, c.value, answered[c.field], c.want)
		}
		if rest := get[map[string]any](t, d, "/v1/device/imu"); rest[c.field] != c.want {
			t.Errorf("%s %v: GET has %v, want %v", c.field, c.value, rest[c.field], c.want)
		}
		s.Find(c.field+" on the socket", func(m device.Message) bool { return m.Map()[c.field] == c.want })
	}
	for _, axis := range []string{"+x", "-x", "x", "x+", "x-", "+y", "-y", "y-", "Z-", "-z", " +z "} {
		patch(t, d, map[string]any{"gravity_reference_axis": axis})
	}
}

// 7.6: bad values are 400, the error names the field, and nothing has changed.
func TestIMUPatchErrors(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	before := get[wire.ImuStatusPayload](t, d, "/v1/device/imu")
	for _, c := range []struct{ body, word string }{
		{`{"fusion":"kalman"}`, "fusion"},
		{`{"fusion":""}`, "fusion"},
		{`{"fusion":7}`, "fusion"},
		{`{"range":"90"}`, "range"},
		{`{"range":360}`, "range"},
		{`{"update_interval_ms":0}`, "update_interval_ms"},
		{`{"update_interval_ms":-5}`, "update_interval_ms"},
		{`{"update_interval_ms":2.5}`, "update_interval_ms"},
		{`{"update_interval_ms":"50"}`, "update_interval_ms"},
		{`{"dr_velocity_damp_tau_seconds":0}`, "dr_velocity_damp_tau_seconds"},
		{`{"dr_still_velocity_zero_tau_seconds":-1}`, "dr_still_velocity_zero_tau_seconds"},
		{`{"dr_max_accel_world_mps2":0}`, "dr_max_accel_world_mps2"},
		{`{"dr_max_speed_mps":-0.001}`, "dr_max_speed_mps"},
		{`{"dr_max_position_m":1e999}`, "dr_max_position_m"},
		{`{"dr_max_position_m":"2"}`, "dr_max_position_m"},
		{`{"dr_lock_position":1}`, "dr_lock_position"},
		{`{"gravity_reference_axis":"w"}`, "gravity_reference_axis"},
		{`{"gravity_reference_axis":"+x+"}`, "gravity_reference_axis"},
		{`{"gravity_reference_axis":""}`, "gravity_reference_axis"},
		{`{"snap_gravity":"yes"}`, "snap_gravity"},
		{`{"reset_pose":0}`, "reset_pose"},
		// One good field beside a bad one changes nothing either.
		{`{"update_interval_ms":20,"range":"90"}`, "range"},
		{`{}`, "field"}, {``, "field"}, {`null`, "field"}, {`{"unknown":1}`, "field"},
		{`[]`, ""}, {`5`, ""}, {`{"range":`, ""}, {`range=360`, ""},
	} {
		r := d.Ask("PATCH", "/v1/device/imu", c.body, "Content-Type", "application/json")
		wantError(t, d, c.body, r, 400, "bad_request", c.word)
	}
	after := get[wire.ImuStatusPayload](t, d, "/v1/device/imu")
	if after.Fusion != before.Fusion || after.Range != before.Range || *after.UpdateIntervalMS != *before.UpdateIntervalMS || *after.DrMaxPositionM != *before.DrMaxPositionM {
		t.Errorf("bad requests have changed %s to %s", text(before), text(after))
	}
}

// 7.6, 3.4: reset_pose sets yaw and position to zero; a position that is not
// locked moves.
func TestIMUResetPose(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	patch(t, d, map[string]any{"update_interval_ms": 10, "dr_lock_position": false})
	s := d.Dial("/v1/ws/imu")
	s.Find("the device to turn and move", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		return v.HasSample && math.Abs(v.Orientation.Yaw) > 35 && length(v.PositionWorld) > 0
	})
	v := patch(t, d, map[string]any{"reset_pose": true})
	if math.Abs(v.Orientation.Yaw) > 15 || length(v.PositionWorld) > 0.05 {
		t.Errorf("after the reset: yaw %v, position %+v", v.Orientation.Yaw, v.PositionWorld)
	}
}

// 7.6: the axis that points up turns the attitude; snap_gravity makes the posture
// at rest level. A device that moves is told.
func TestIMUGravity(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	patch(t, d, map[string]any{"gravity_reference_axis": "x"})
	s := d.Dial("/v1/ws/imu")
	tilt := func(v wire.ImuStatusPayload) float64 { // of the up axis from the vertical, degrees
		q := v.Orientation.Quaternion
		return math.Acos(min(max(1-2*(q.X*q.X+q.Y*q.Y), -1), 1)) * 180 / math.Pi
	}
	s.Find("an attitude that is tilted by the axis", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		return v.HasSample && *v.IsStill && math.Abs(tilt(v)-90) < 5
	})
	s.Close()
	device.Poll(t, "the device to rest for snap_gravity", func() bool {
		r := d.Ask("PATCH", "/v1/device/imu", `{"snap_gravity":true}`)
		if r.Status != 200 {
			wantError(t, d, "snap_gravity", r, 503, "service_unavailable", "moving")
			return false
		}
		var v wire.ImuStatusPayload
		d.JSON(r, &v)
		if tilt(v) > 10 {
			t.Errorf("after the snap the device is tilted by %v degrees: %s", tilt(v), r.Body)
		}
		return true
	})
	level := restart(t, d, "imu").Dial("/v1/ws/imu") // and stays so
	level.Find("an attitude at rest", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		return v.HasSample && *v.IsStill && tilt(v) < 5
	})
}

// 3.4: the angle convention holds for what is sent.
func TestIMURange(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	patch(t, d, map[string]any{"range": "zero_to_360", "update_interval_ms": 20})
	s := d.Dial("/v1/ws/imu")
	s.Find("an angle above 180", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		if v.HasSample {
			checkAttitude(t, v)
		}
		return v.HasSample && (v.Orientation.Yaw > 180 || v.Orientation.Roll > 180)
	})
}

// 7.6: what was set holds over a restart.
func TestIMUSettingsPersist(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	patch(t, d, map[string]any{
		"fusion": "ahrs", "range": "360", "update_interval_ms": 75, "dr_velocity_damp_tau_seconds": 1.5,
		"dr_still_velocity_zero_tau_seconds": 0.5, "dr_max_accel_world_mps2": 2, "dr_max_speed_mps": 3, "dr_max_position_m": 4, "dr_lock_position": false,
	})
	d = restart(t, d, "imu")
	v := get[wire.ImuStatusPayload](t, d, "/v1/device/imu")
	if v.Fusion != "madgwick" || v.Range != "zero_to_360" || *v.UpdateIntervalMS != 75 || *v.DrVelocityDampTauSeconds != 1.5 ||
		*v.DrStillVelocityZeroTauSeconds != 0.5 || *v.DrMaxAccelWorldMps2 != 2 || *v.DrMaxSpeedMps != 3 || *v.DrMaxPositionM != 4 || *v.DrLockPosition {
		t.Errorf("after the restart %s", text(v))
	}
	if first := decode[wire.ImuStatusPayload](t, d.Dial("/v1/ws/imu").Next()); first.Fusion != "madgwick" {
		t.Errorf("the first status after the restart has fusion %s", first.Fusion)
	}
}

// 7.6: GET answers with a fresh sample also when nobody watches: then the sensor
// is not read at all.
func TestIMUGetIsFresh(t *testing.T) {
	t.Parallel()
	d := start(t, "imu")
	for range 2 {
		v := get[wire.ImuStatusPayload](t, d, "/v1/device/imu")
		if !v.HasSample {
			t.Fatalf("no sample: %s", text(v))
		}
		seen, same := "", 0
		device.Poll(t, "the sensor to be left alone", func() bool {
			now := published(t, d, "imu")
			if same++; now != seen {
				seen, same = now, 0
			}
			return same == 60 // polls of 5 ms: six intervals at least
		})
		idle := time.Now()
		if v := get[wire.ImuStatusPayload](t, d, "/v1/device/imu"); v.UpdatedAt.Before(idle) {
			t.Errorf("the sample is of %v, when nobody had asked for one", v.UpdatedAt)
		}
	}
}

// 7.6, 3.4: a device without IMU keeps settings, too, says so, and cannot be
// levelled; the socket tells of the change.
func TestIMUAbsent(t *testing.T) {
	t.Parallel()
	d := start(t, "")
	s := d.Dial("/v1/ws/imu")
	if v := decode[wire.ImuStatusPayload](t, s.Next()); v.HasSample || v.LastError == "" || v.Sources != nil || v.Orientation != nil || v.Accel != nil {
		t.Errorf("status %s", text(v))
	}
	v := patch(t, d, map[string]any{"update_interval_ms": 75, "fusion": "ahrs"})
	if v.HasSample || v.LastError == "" || *v.UpdateIntervalMS != 75 || v.Fusion != "madgwick" {
		t.Errorf("after the change %s", text(v))
	}
	s.Find("the change", func(m device.Message) bool {
		return *decode[wire.ImuStatusPayload](t, m).UpdateIntervalMS == 75
	})
	wantError(t, d, "snap_gravity", d.Ask("PATCH", "/v1/device/imu", `{"snap_gravity":true}`), 503, "service_unavailable")
	wantError(t, d, "bad value", d.Ask("PATCH", "/v1/device/imu", `{"range":"90"}`), 400, "bad_request", "range")
}
