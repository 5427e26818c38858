package iio_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

// bench is an IMU on a fixture tree.
type bench struct {
	*iio.IMU
	tree  *faketree.FS
	store *memory
}

func newBench(t *testing.T, tree faketree.Tree) *bench {
	t.Helper()
	b := &bench{tree: faketree.Build(t, tree), store: newMemory()}
	b.IMU = iio.NewIMU(iio.IMUOptions{Open: iio.Hardware(b.tree.Root, nil), Store: b.store})
	t.Cleanup(b.Close)
	return b
}

func TestStatusOfADeviceAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, chip(0, onI2C, sixAxis()).Plus(chip(1, "platform/i2c-1/1-001e", magnetometer())))
		sub := subscribe(t, b.IMU)
		began := time.Now()
		var s iio.Status
		for range 201 {
			s = await(t, sub, anySample)
		}
		if since := time.Since(began); since != 10*time.Second {
			t.Errorf("201 statuses at 50 ms took %v", since)
		}
		if !s.UpdatedAt.Equal(time.Now()) || s.LastError != "" || s.Simulated {
			t.Errorf("%+v", s)
		}
		near(t, "dt", s.Dt, 0.05, 1e-9)
		near(t, "roll", s.Attitude.Roll, 0, 0.01)
		near(t, "pitch", s.Attitude.Pitch, 0, 0.01)
		nearVec(t, "accel", s.Accel, vec(0, 0, 1), 0.01)
		nearVec(t, "gyro", s.Gyro, vec(0, 0, -0.488), 0.001)
		nearVec(t, "mag", s.Mag, vec(0.2, 0, -0.44), 1e-9)
		m := s.Motion
		nearVec(t, "bias", &m.GyroBias, vec(0, 0, -0.488), 0.001)
		nearVec(t, "angular velocity", &m.AngularVelocity, vec(0, 0, 0), 0.001)
		if !m.Still || m.Motion.Moving || m.Contaminated || m.StillConfidence < 0.9 {
			t.Errorf("%+v", m)
		}
		if s.AccelGyro != "mpu6050 on i2c-1" || s.Magnetometer != "hmc5883l on i2c-1" || len(s.Options.Intervals) != 8 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNoIMUIsAStatusAndNotALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, faketree.Tree{})
		sub := subscribe(t, b.IMU)
		s := await(t, sub, func(iio.Status) bool { return true })
		if s.HasSample || s.LastError != "no IMU was detected on this device" || s.Motion != nil || s.Accel != nil || s.Config != iio.DefaultConfig() {
			t.Errorf("%+v", s)
		}
		time.Sleep(10 * time.Minute) // of the bubble's clock
		synctest.Wait()
		if n := b.Topic().Stats().Published; n != 1 {
			t.Errorf("%d statuses of a device without an IMU", n)
		}
		got, err := b.Status(t.Context())
		if err != nil || got.HasSample || got.LastError == "" {
			t.Errorf("%+v, %v", got, err)
		}
		// One that is plugged in later is found.
		hot := chip(0, onI2C, sixAxis())
		for name, text := range hot.Files {
			b.tree.Write(name, text)
		}
		for name, target := range hot.Links {
			b.tree.Link(name, target)
		}
		if s := await(t, sub, anySample); s.LastError != "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestUnplugAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := chip(0, onI2C, sixAxis())
		b := newBench(t, tree)
		sub := subscribe(t, b.IMU)
		await(t, sub, anySample)
		raw := folder(0, onI2C) + "in_accel_x_raw"
		// A glitch of the bus is told and borne.
		b.tree.Write(raw, "")
		glitch := await(t, sub, func(s iio.Status) bool { return s.LastError != "" })
		if !glitch.HasSample {
			t.Errorf("glitch: %+v", glitch)
		}
		b.tree.Write(raw, "0\n")
		await(t, sub, func(s iio.Status) bool { return s.HasSample && s.LastError == "" })
		// The device leaves.
		b.tree.Write(raw, "")
		b.tree.Remove("sys/bus/iio/devices/iio:device0")
		gone := await(t, sub, func(s iio.Status) bool { return !s.HasSample })
		if gone.LastError == "" || gone.Accel != nil || gone.Motion != nil {
			t.Errorf("gone: %+v", gone)
		}
		await(t, sub, func(s iio.Status) bool { return s.LastError == "no IMU was detected on this device" })
		b.tree.Write(raw, "0\n")
		for name, target := range tree.Links {
			b.tree.Link(name, target)
		}
		await(t, sub, func(s iio.Status) bool { return s.HasSample && s.LastError == "" })
	})
}

func TestSourceStopsWithItsDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, chip(0, onI2C, sixAxis()))
		sub, err := b.Topic().Subscribe(topic.SubscribeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		await(t, sub, anySample)
		if f := content(t, b.tree, folder(0, onI2C)+"sampling_frequency"); f != "100" {
			t.Errorf("frequency while read: %s", f)
		}
		sub.Close()
		time.Sleep(3 * time.Second)
		if f := content(t, b.tree, folder(0, onI2C)+"sampling_frequency"); f != "50" {
			t.Errorf("frequency afterwards: %s", f)
		}
		before := b.Topic().Stats().Published
		time.Sleep(time.Hour)
		if after := b.Topic().Stats(); after.Published != before || after.State != topic.Idle {
			t.Errorf("%+v after %d", after, before)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestUpdateChangesKeepsAndTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, chip(0, onI2C, with(sixAxis(), faketree.Files{"in_anglvel_z_raw": "800\n"})))
		s, err := b.Update(t.Context(), iio.Patch{
			Fusion: ptr(" AHRS"), Range: ptr("360"), UpdateIntervalMS: ptr(uint64(30)), DrVelocityDampTauSeconds: ptr(0.7),
			DrStillVelocityZeroTauSeconds: ptr(0.2), DrMaxAccelWorldMps2: ptr(5.0), DrMaxSpeedMps: ptr(3.0), DrMaxPositionM: ptr(1.0), DrLockPosition: ptr(false),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := iio.Config{
			Fusion: iio.FusionMag, Range: iio.RangeUnsigned, Interval: 30 * time.Millisecond, GravityReferenceAxis: "+z",
			DeadReckoning: fusion.DeadReckoning{VelocityDampTau: 0.7, StillVelocityTau: 0.2, MaxAccel: 5, MaxSpeed: 3, MaxPosition: 1},
		}
		if s.Config != want || b.Config() != want || !s.HasSample || len(s.Options.Intervals) != 9 || s.Options.Intervals[3] != 30*time.Millisecond {
			t.Errorf("%+v", s)
		}
		again := iio.NewIMU(iio.IMUOptions{Open: iio.Simulated(1), Store: b.store})
		defer again.Close()
		if again.Config() != want {
			t.Errorf("after a restart: %+v", again.Config())
		}
		sub := subscribe(t, b.IMU)
		await(t, sub, anySample) // the change itself may have made one out of turn
		await(t, sub, anySample)
		began := time.Now()
		for range 10 {
			await(t, sub, anySample)
		}
		if d := time.Since(began); d != 300*time.Millisecond {
			t.Errorf("10 statuses in %v", d)
		}
		// It turns at 49 deg/s to the left; after a while yaw is not 0.
		turned := await(t, sub, func(s iio.Status) bool { return s.Attitude.Yaw > 180 && s.Attitude.Yaw < 330 })
		if turned.Attitude.Yaw < 0 {
			t.Errorf("%+v", turned.Attitude)
		}
		reset, err := b.Update(t.Context(), iio.Patch{ResetPose: ptr(true)})
		if err != nil {
			t.Fatal(err)
		}
		off := math.Min(reset.Attitude.Yaw, 360-reset.Attitude.Yaw)
		near(t, "yaw after the reset", off, 0, 3)
	})
}

func TestBadPatchesNameTheField(t *testing.T) {
	b := newBench(t, faketree.Tree{})
	for field, p := range map[string]iio.Patch{
		"fusion":                             {Fusion: ptr("kalman")},
		"range":                              {Range: ptr("90")},
		"update_interval_ms":                 {UpdateIntervalMS: ptr(uint64(0))},
		"dr_velocity_damp_tau_seconds":       {DrVelocityDampTauSeconds: ptr(0.0)},
		"dr_still_velocity_zero_tau_seconds": {DrStillVelocityZeroTauSeconds: ptr(-1.0)},
		"dr_max_accel_world_mps2":            {DrMaxAccelWorldMps2: ptr(math.Inf(1))},
		"dr_max_speed_mps":                   {DrMaxSpeedMps: ptr(math.NaN())},
		"dr_max_position_m":                  {DrMaxPositionM: ptr(math.Inf(-1))},
		"gravity_reference_axis":             {GravityReferenceAxis: ptr("up")},
	} {
		var bad *iio.FieldError
		if _, err := b.Update(t.Context(), p); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := b.Update(t.Context(), iio.Patch{})
	mustBe(t, err, iio.ErrEmptyPatch)
	if b.Config() != iio.DefaultConfig() || len(b.store.files) != 0 {
		t.Error("a bad patch has changed something")
	}
	b.store.fail = errors.New("disk is full")
	_, err = b.Update(t.Context(), iio.Patch{Range: ptr("360")})
	mustBe(t, err, b.store.fail)
	if b.Config() != iio.DefaultConfig() {
		t.Error("settings that could not be kept are in force")
	}
}

func TestGravityReferenceAxis(t *testing.T) {
	for text, want := range map[string]string{
		"+x": "+x", "-x": "-x", "x": "+x", "X+": "+x", "x-": "-x", " y ": "+y", "-Y": "-y", "z-": "-z", "+z": "+z",
	} {
		c, err := iio.Patch{GravityReferenceAxis: &text}.Apply(iio.DefaultConfig())
		if err != nil || c.GravityReferenceAxis != want {
			t.Errorf("%q: %q, %v", text, c.GravityReferenceAxis, err)
		}
	}
	for _, text := range []string{"", "+", "xy", "+-x", "+x+", "w"} {
		if _, err := (iio.Patch{GravityReferenceAxis: &text}).Apply(iio.DefaultConfig()); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestSensorMountedOnItsSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		onSide := with(sixAxis(), faketree.Files{"in_accel_x_raw": "-16384\n", "in_accel_z_raw": "0\n"})
		b := newBench(t, chip(0, onI2C, onSide))
		before, err := b.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "pitch as it is mounted", before.Attitude.Pitch, 90, 0.5)
		s, err := b.Update(t.Context(), iio.Patch{GravityReferenceAxis: ptr("x-")})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "pitch", s.Attitude.Pitch, 0, 0.1)
		near(t, "roll", s.Attitude.Roll, 0, 0.1)
	})
}

func TestSnapGravity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tilted := with(sixAxis(), faketree.Files{"in_accel_x_raw": "5603\n", "in_accel_z_raw": "15396\n"}) // 20 degrees
		b := newBench(t, chip(0, onI2C, tilted))
		s, err := b.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "pitch before", math.Abs(s.Attitude.Pitch), 20, 0.1)
		s, err = b.Update(t.Context(), iio.Patch{SnapGravity: ptr(true)})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "pitch", s.Attitude.Pitch, 0, 0.01)
		near(t, "roll", s.Attitude.Roll, 0, 0.01)
		nearVec(t, "raw acceleration", s.Accel, vec(0.342, 0, 0.94), 0.01)
		again := iio.NewIMU(iio.IMUOptions{Open: iio.Hardware(b.tree.Root, nil), Store: b.store})
		defer again.Close()
		if s, err := again.Status(t.Context()); err != nil || math.Abs(s.Attitude.Pitch) > 0.01 {
			t.Errorf("after a restart: %+v, %v", s.Attitude, err)
		}
		s, err = b.Update(t.Context(), iio.Patch{GravityReferenceAxis: ptr("+z")})
		if err != nil || math.Abs(s.Attitude.Pitch) < 19 {
			t.Errorf("the axis did not undo the snap: %+v, %v", s.Attitude, err)
		}
	})
}

func TestSnapGravityThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		none := newBench(t, faketree.Tree{})
		_, err := none.Update(t.Context(), iio.Patch{SnapGravity: ptr(true)})
		mustBe(t, err, topic.ErrNotPresent)
		turning := newBench(t, chip(0, onI2C, with(sixAxis(), faketree.Files{"in_anglvel_z_raw": "2000\n"})))
		_, err = turning.Update(t.Context(), iio.Patch{SnapGravity: ptr(true)})
		mustBe(t, err, iio.ErrMoving)
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		cancel(enough)
		_, err = turning.Update(ctx, iio.Patch{ResetPose: ptr(true)})
		mustBe(t, err, enough)
	})
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"{", `{"fusion":"kalman"}`, `{"update_interval_ms":-1}`, `[]`} {
		store := newMemory()
		store.files[iio.FileName] = []byte(text)
		m := iio.NewIMU(iio.IMUOptions{Open: iio.Simulated(1), Store: store})
		if m.Config() != iio.DefaultConfig() {
			t.Errorf("%s: %+v", text, m.Config())
		}
		m.Close()
	}
}

func TestSimulated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := iio.NewIMU(iio.IMUOptions{Open: iio.Simulated(7)})
		defer m.Close()
		sub := subscribe(t, m)
		still, moving := 0, 0
		var yawMin, yawMax float64
		last := fusion.Identity()
		for i := range 24 * 20 { // two cycles
			s := await(t, sub, anySample)
			if !s.Simulated || s.Motion == nil || s.Mag == nil || s.LastError != "" {
				t.Fatalf("%+v", s)
			}
			if s.Motion.Still {
				still++
			}
			if s.Motion.Motion.Moving {
				moving++
			}
			yawMin, yawMax = min(yawMin, s.Attitude.Yaw), max(yawMax, s.Attitude.Yaw)
			if jump := s.Motion.Attitude.Angle(last) * 180 / math.Pi; i > 0 && jump > 12 {
				t.Fatalf("jumped by %v degrees", jump)
			}
			last = s.Motion.Attitude
		}
		if still < 60 || moving < 150 || yawMin > -40 || yawMax < 40 {
			t.Errorf("still %d, moving %d, yaw %v..%v", still, moving, yawMin, yawMax)
		}
	})
}
