package fusion_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/heliograph/heliograph/internal/fusion"
)

func config() fusion.Config {
	return fusion.Config{DeadReckoning: fusion.DefaultDeadReckoning()}
}

func TestMadgwickConvergesFromAnyAttitude(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	field := fusion.Vec3{X: 0.2, Z: -0.45}
	for range 50 {
		want := randomQuat(r)
		accel, mag := want.Conj().Rotate(fusion.Vec3{Z: 1}), want.Conj().Rotate(field)
		withMag, without := fusion.Madgwick{Beta: 1}, fusion.Madgwick{Beta: 1}
		start := randomQuat(r)
		withMag.SetAttitude(start)
		without.SetAttitude(start)
		for range 3000 {
			withMag.Update(fusion.Vec3{}, accel, mag, 1, 0.01)
			without.Update(fusion.Vec3{}, accel, fusion.Vec3{}, 1, 0.01)
		}
		near(t, "angle to the attitude", withMag.Attitude().Angle(want), 0, 1e-3)
		nearVec(t, "up", without.Attitude().Rotate(accel), fusion.Vec3{Z: 1}, 1e-3)
		near(t, "length", withMag.Attitude().Norm(), 1, 1e-9)
	}
}

func TestMadgwickLeavesUpsideDown(t *testing.T) {
	m := fusion.Madgwick{Beta: 1}
	for range 1000 {
		m.Update(fusion.Vec3{}, fusion.Vec3{Z: -1}, fusion.Vec3{}, 1, 0.01)
	}
	nearVec(t, "up", m.Attitude().Rotate(fusion.Vec3{Z: -1}), fusion.Vec3{Z: 1}, 1e-3)
}

// A constant rate integrates to the angle rate·time, whatever the step.
func TestConstantRateIntegratesToTheAngle(t *testing.T) {
	for _, c := range []struct {
		rate fusion.Vec3
		dt   float64
	}{
		{fusion.Vec3{Z: 90}, 0.01}, {fusion.Vec3{Z: -45}, 0.05}, {fusion.Vec3{X: 30}, 0.001},
		{fusion.Vec3{Y: 120}, 0.2}, {fusion.Vec3{X: 50, Y: -20, Z: 70}, 0.005},
	} {
		var m fusion.Madgwick
		steps := int(math.Round(2 / c.dt))
		for range steps {
			m.Update(c.rate, fusion.Vec3{}, fusion.Vec3{}, 1, c.dt)
		}
		want := fusion.RotationVector(c.rate.Scale(2 * math.Pi / 180))
		near(t, "angle", m.Attitude().Angle(want), 0, 1e-9)
	}
}

// A turn in a world with gravity: the accelerometer must not hold it back.
func TestTrackerFollowsATurn(t *testing.T) {
	var tr fusion.Tracker
	q := fusion.Euler{Roll: 10, Pitch: -20, Yaw: 0}.Quat()
	rate, dt := fusion.Vec3{X: 20, Y: 10, Z: 40}, 0.01
	var r fusion.Result
	for range 300 {
		accel := q.Conj().Rotate(fusion.Vec3{Z: 1})
		r, _ = tr.Update(config(), fusion.Sample{Accel: &accel, Gyro: &rate}, dt)
		q = q.Mul(fusion.RotationVector(rate.Scale(dt * math.Pi / 180)))
	}
	// The result is one step behind q.
	near(t, "angle to the truth", r.Attitude.Angle(q), 0, 0.02)
	if r.Still || !r.Motion.Moving {
		t.Errorf("still=%v moving=%v in a turn", r.Still, r.Motion.Moving)
	}
	near(t, "angular speed", r.AngularSpeed, rate.Norm(), 1e-9)
	near(t, "linear acceleration", r.LinearAccel.Norm(), 0, 0.03)
}

// rest feeds seconds of rest in attitude q with noise and a gyroscope bias.
func rest(tr *fusion.Tracker, c fusion.Config, q fusion.Quat, bias fusion.Vec3, seconds float64, r *rand.Rand) fusion.Result {
	var last fusion.Result
	const dt = 0.01
	for range int(seconds / dt) {
		accel := q.Conj().Rotate(fusion.Vec3{Z: 1}).Add(randomVec(r).Scale(0.003))
		gyro := bias.Add(randomVec(r).Scale(0.1))
		mag := q.Conj().Rotate(fusion.Vec3{X: 0.2, Z: -0.45})
		last, _ = tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &gyro, Mag: &mag}, dt)
	}
	return last
}

func TestTrackerAtRest(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	var tr fusion.Tracker
	c := config()
	c.UseMag = true
	want, bias := fusion.Euler{Roll: -30, Pitch: 15, Yaw: 120}.Quat(), fusion.Vec3{X: 1, Y: -2, Z: 0.5}
	got := rest(&tr, c, want, bias, 15, r)
	near(t, "angle to the attitude in degrees", got.Attitude.Angle(want)*180/math.Pi, 0, 0.5)
	nearVec(t, "bias", got.GyroBias, bias, 0.05)
	if !got.Still || got.StillConfidence < 0.9 || got.Motion.Moving || got.Contaminated {
		t.Errorf("at rest: %+v", got)
	}
	near(t, "linear acceleration", got.LinearAccel.Norm(), 0, 0.02)
	nearVec(t, "velocity", got.Velocity, fusion.Vec3{}, 1e-6)
	near(t, "confidence", got.Confidence, 1, 1e-6)
}

func TestMotionEndsRestAtOnceAndRestComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	var tr fusion.Tracker
	c := config()
	rest(&tr, c, fusion.Identity(), fusion.Vec3{}, 3, r)
	var moving fusion.Result
	for i := range 50 {
		accel := fusion.Vec3{X: 0.8 * math.Sin(float64(i)/3), Z: 1}
		moving, _ = tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &fusion.Vec3{}}, 0.01)
	}
	if moving.Still || !moving.Motion.Moving || !moving.Motion.MovingFast {
		t.Errorf("shaken: still=%v motion=%+v", moving.Still, moving.Motion)
	}
	if after := rest(&tr, c, fusion.Identity(), fusion.Vec3{}, 3, r); !after.Still {
		t.Error("not still after 3 s of rest")
	}
}

func TestGravityScaleErrorOfTheSensorIsLearned(t *testing.T) {
	var tr fusion.Tracker
	accel, gyro := fusion.Vec3{Z: 1.04}, fusion.Vec3{}
	var r fusion.Result
	for range 1500 {
		r, _ = tr.Update(config(), fusion.Sample{Accel: &accel, Gyro: &gyro}, 0.01)
	}
	near(t, "linear acceleration", r.LinearAccel.Norm(), 0, 0.002)
}

func TestDeadReckoningLimitsAndLock(t *testing.T) {
	c := fusion.DefaultDeadReckoning()
	c.LockPosition = false
	c.VelocityDampTau = 1e9
	var d fusion.DeadReckoner
	d.Update(c, fusion.Vec3{}, 0, true, false, 0.01)
	got := d.Update(c, fusion.Vec3{X: 2}, 0.1, false, false, 0.5)
	nearVec(t, "velocity", got.Velocity, fusion.Vec3{X: 1}, 1e-6)
	nearVec(t, "delta", got.VelocityDelta, fusion.Vec3{X: 1}, 1e-6)
	nearVec(t, "position", got.Position, fusion.Vec3{X: 0.25}, 1e-6)
	for range 100 {
		got = d.Update(c, fusion.Vec3{X: 100}, 0.1, false, false, 0.1)
		if got.Accel.Norm() > 6+1e-9 || got.Velocity.Norm() > 4+1e-9 || got.Position.Norm() > 2+1e-9 {
			t.Fatalf("beyond a limit: %+v", got)
		}
	}
	near(t, "speed limit", got.Velocity.X, 4, 1e-9)
	near(t, "position limit", got.Position.X, 2, 1e-9)
	if got.Confidence > 0.5 {
		t.Errorf("confidence at the limits is %v", got.Confidence)
	}
	c.LockPosition = true
	nearVec(t, "locked", d.Update(c, fusion.Vec3{X: 3}, 0, false, false, 0.1).Position, fusion.Vec3{}, 0)
}

func TestDeadReckoningDamping(t *testing.T) {
	c := fusion.DefaultDeadReckoning()
	var d fusion.DeadReckoner
	v := d.Update(c, fusion.Vec3{Y: 5}, 0, false, false, 0.2).Velocity.Y
	for range 55 {
		d.Update(c, fusion.Vec3{}, 0, false, false, 0.01)
	}
	faded := d.Update(c, fusion.Vec3{}, 0, false, false, 0).Velocity.Y
	near(t, "after one time constant", faded/v, 1/math.E, 1e-9)
	still := d.Update(c, fusion.Vec3{}, 0, true, false, 0.1).Velocity.Y
	near(t, "at rest", still/faded, math.Exp(-0.1/0.55-1), 1e-9)
	for _, skipped := range []fusion.Reckoned{
		d.Update(c, fusion.Vec3{X: 5}, 0, false, true, 0.01),
		d.Update(c, fusion.Vec3{X: 0.05}, 0.1, false, false, 0.01),
	} {
		nearVec(t, "acceleration that is not used", skipped.Accel, fusion.Vec3{}, 0)
	}
}

func TestContamination(t *testing.T) {
	var c fusion.Contamination
	if c.Update(fusion.Vec3{Z: 20}, 0.01) {
		t.Error("slow turn")
	}
	for range 100 {
		if c.Update(fusion.Vec3{Z: 20}, 0.01) {
			t.Fatal("slow even turn")
		}
	}
	// 5 cm at 400 deg/s are 2.4 m/s², that is 0.25 g.
	if !c.Update(fusion.Vec3{Z: 400}, 0.01) || !c.Update(fusion.Vec3{Z: 400}, 0.01) {
		t.Error("fast turn")
	}
	c.Update(fusion.Vec3{}, 0.01) // the stop is an angular acceleration
	if !c.Update(fusion.Vec3{}, 0.1) {
		t.Error("not held after the turn")
	}
	if c.Update(fusion.Vec3{}, 0.1) {
		t.Error("held for ever")
	}
}

func TestPartsOfASensor(t *testing.T) {
	accel, gyro := fusion.Vec3{Y: 1}, fusion.Vec3{Z: 10}
	var tilt fusion.Tracker
	var r fusion.Result
	for range 200 {
		r, _ = tilt.Update(config(), fusion.Sample{Accel: &accel}, 0.01)
	}
	near(t, "roll by acceleration alone", r.Attitude.Euler(fusion.Signed).Roll, 90, 0.01)
	if !r.Still || r.HasAngular {
		t.Errorf("accelerometer alone: %+v", r)
	}
	var turn fusion.Tracker
	turn.Update(config(), fusion.Sample{Gyro: &gyro}, 0)
	r, ok := turn.Update(config(), fusion.Sample{Gyro: &gyro}, 0.5)
	if !ok || r.HasLinear {
		t.Errorf("gyroscope alone: %+v", r)
	}
	near(t, "yaw by rate alone", r.Attitude.Euler(fusion.Signed).Yaw, 5, 1e-6)
	if _, ok := turn.Update(config(), fusion.Sample{Mag: &accel}, 0.1); ok {
		t.Error("a magnetometer alone gives an attitude")
	}
}

func TestBadSamplesChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	var tr fusion.Tracker
	before := rest(&tr, config(), fusion.Identity(), fusion.Vec3{}, 2, r)
	good := fusion.Vec3{Z: 1}
	for _, bad := range []fusion.Vec3{{X: math.NaN()}, {Y: math.Inf(1)}, {Z: -math.Inf(1)}, {X: 1e300, Y: 1e300}} {
		for _, s := range []fusion.Sample{{Accel: &bad}, {Accel: &good, Gyro: &bad}, {Accel: &good, Mag: &bad}} {
			if after, ok := tr.Update(config(), s, 0.01); ok || after != before {
				t.Errorf("sample with %v was taken", bad)
			}
		}
	}
	if _, ok := tr.Update(config(), fusion.Sample{Accel: &good}, math.NaN()); ok {
		t.Error("a step of NaN was taken")
	}
}

func TestAlignAndReset(t *testing.T) {
	c := config()
	c.Align = fusion.Between(fusion.Vec3{X: 1}, fusion.Vec3{Z: 1})
	var tr fusion.Tracker
	accel, gyro := fusion.Vec3{X: 1}, fusion.Vec3{X: 30}
	for range 100 {
		tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &gyro}, 0.01)
	}
	r, _ := tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &gyro}, 0)
	nearVec(t, "rate about the new up", r.AngularVelocity, fusion.Vec3{Z: 30}, 1e-9)
	near(t, "yaw", r.Attitude.Euler(fusion.Signed).Yaw, 30, 0.5)
	tr.ResetPose()
	r, _ = tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &gyro}, 0)
	near(t, "yaw after the reset", r.Attitude.Euler(fusion.Signed).Yaw, 0, 1e-6)
}

// finite fails the test if any number of a result is not finite or an invariant
// is broken.
func finite(t *testing.T, r fusion.Result) {
	t.Helper()
	for name, v := range map[string]fusion.Vec3{
		"linear": r.LinearAccel, "accel": r.Accel, "velocity": r.Velocity, "delta": r.VelocityDelta,
		"position": r.Position, "angular": r.AngularVelocity, "bias": r.GyroBias,
	} {
		if !v.Finite() {
			t.Fatalf("%s is %v", name, v)
		}
	}
	for name, v := range map[string]float64{
		"speed part": r.SpeedPart, "angular part": r.AngularPart, "still": r.StillConfidence, "confidence": r.Confidence,
	} {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("%s is %v", name, v)
		}
	}
	for _, v := range []float64{r.Speed, r.AngularSpeed, r.Motion.G, r.Motion.FastG, r.Motion.NoiseG, r.Motion.FastLimitG} {
		if !(v >= 0) || math.IsInf(v, 0) {
			t.Fatalf("motion %+v, speed %v", r.Motion, r.Speed)
		}
	}
	if n := r.Attitude.Norm(); r.HasLinear && math.Abs(n-1) > 1e-9 {
		t.Fatalf("length of the attitude is %v", n)
	}
	for _, convention := range []fusion.AngleRange{fusion.Signed, fusion.Unsigned} {
		if e := r.Attitude.Euler(convention); math.IsNaN(e.Roll + e.Pitch + e.Yaw) {
			t.Fatalf("angles %v", e)
		}
	}
}

// FuzzTracker feeds numbers of any bits.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{})
	seed := make([]byte, 0, 11*8*4)
	for _, v := range []float64{0, 0, 1, 0, 0, 0, .2, 0, -.4, .01, 2, 1e3, math.NaN(), -1e308, math.Inf(1), 0, 5e-324, 3, 3, 3, 1, -1, 0, 0, -1, 720, 0, 0, 0, 0, 0, .3, 7} {
		seed = binary.LittleEndian.AppendUint64(seed, math.Float64bits(v))
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() float64 {
			if len(data) < 8 {
				return 0
			}
			v := math.Float64frombits(binary.LittleEndian.Uint64(data))
			data = data[8:]
			return v
		}
		vec := func() fusion.Vec3 { return fusion.Vec3{X: next(), Y: next(), Z: next()} }
		var tr fusion.Tracker
		for len(data) >= 8 {
			a, g, m, dt, which := vec(), vec(), vec(), next(), int(int8(next()))
			s, c := fusion.Sample{}, config()
			if which&1 == 0 {
				s.Accel = &a
			}
			if which&2 == 0 {
				s.Gyro = &g
			}
			if which&4 == 0 {
				s.Mag = &m
			}
			c.UseMag = which&8 == 0
			c.LockPosition = which&16 == 0
			if which&32 != 0 {
				c.DeadReckoning = fusion.DeadReckoning{VelocityDampTau: next(), StillVelocityTau: next(), MaxAccel: next(), MaxSpeed: next(), MaxPosition: next()}
			}
			r, ok := tr.Update(c, s, dt)
			if ok {
				finite(t, r)
			}
			if which&64 != 0 {
				tr.ResetPose()
			}
		}
	})
}
