package fusion

import "math"

// Limits of what is believed of a sample, far above what sensors can measure.
const (
	maxAccel = 1e3 // g
	maxRate  = 1e5 // deg/s
	maxField = 1e9 // any unit
	// maxStep is the longest step in seconds. After a longer one, the past is
	// worth nothing and attitude and velocity start afresh.
	maxStep = 2.5
	// fullRate is the rate of rotation that counts as 1, deg/s.
	fullRate = 500.0
)

// Config are the settings of a [Tracker].
type Config struct {
	UseMag bool // heading from the magnetometer, if there is one
	DeadReckoning
	// Align turns the sensor's vectors into the frame of the device; the zero
	// value leaves them as they are.
	Align Quat
}

// Sample is what was measured at one time, in the frame of the sensor. A vector
// that the device does not have is nil.
type Sample struct {
	Accel *Vec3 // g
	Gyro  *Vec3 // deg/s
	Mag   *Vec3 // any unit
}

// valid reports whether the numbers can be true.
func (s Sample) valid() bool {
	ok := func(v *Vec3, most float64) bool { return v == nil || (v.Finite() && v.Norm() <= most) }
	return ok(s.Accel, maxAccel) && ok(s.Gyro, maxRate) && ok(s.Mag, maxField)
}

// Result is the state after a sample. Fields that need a vector which the sample
// does not have keep their last value; see HasLinear and HasAngular.
type Result struct {
	HasLinear  bool // there is an accelerometer
	HasAngular bool // there is a gyroscope

	Attitude    Quat // device to world, W not negative
	LinearAccel Vec3 // device frame, without gravity, g
	Reckoned         // world frame
	Speed       float64
	SpeedPart   float64 // of the limit, 0..1

	AngularVelocity Vec3    // without bias, deg/s
	AngularSpeed    float64 // deg/s
	AngularPart     float64 // of 500 deg/s, 0..1
	GyroBias        Vec3    // deg/s

	Still           bool
	StillConfidence float64 // 0..1
	Contaminated    bool    // linear acceleration is unreliable because of rotation
	Motion          MotionLevel
}

// Tracker is the whole chain from samples to attitude and motion. The zero value
// with a Config is ready for use. It is used by one goroutine at a time.
type Tracker struct {
	filter  Madgwick
	still   Stillness
	bias    BiasEstimator
	motion  Motion
	turning Contamination
	reckon  DeadReckoner
	started bool
	rest    float64 // what the accelerometer reads at rest, g; 0 until known
	result  Result
}

// Update takes a sample that was measured dt seconds after the one before. It
// reports false, and changes nothing, if a number of the sample cannot be true or
// if it has neither acceleration nor rate. dt below 0 counts as 0; above 2.5 s,
// attitude and velocity start afresh.
func (t *Tracker) Update(c Config, s Sample, dt float64) (Result, bool) {
	if (s.Accel == nil && s.Gyro == nil) || !s.valid() || math.IsNaN(dt) {
		return t.result, false
	}
	if dt > maxStep {
		t.started, dt = false, 0
		t.reckon.Reset()
	}
	dt = math.Max(dt, 0)
	s = align(c.Align, s)
	bias, known := t.bias.Bias()
	still := t.still.Update(s.Accel, s.Gyro, bias, known, dt)
	r := &t.result
	r.HasLinear, r.HasAngular = s.Accel != nil, s.Gyro != nil
	r.Still, r.StillConfidence = still, t.still.Confidence()
	t.turn(s, still, dt)
	t.orient(c, s, dt)
	t.move(c, s, dt)
	return *r, true
}

// align turns a sample into the frame of the device.
func align(q Quat, s Sample) Sample {
	if q == (Quat{}) {
		return s
	}
	q = q.Unit()
	turn := func(v *Vec3) *Vec3 {
		if v == nil {
			return nil
		}
		turned := q.Rotate(*v)
		return &turned
	}
	return Sample{Accel: turn(s.Accel), Gyro: turn(s.Gyro), Mag: turn(s.Mag)}
}

// turn works out the rate of rotation.
func (t *Tracker) turn(s Sample, still bool, dt float64) {
	if s.Gyro == nil {
		return
	}
	r := &t.result
	r.GyroBias = t.bias.Update(*s.Gyro, still, dt)
	r.AngularVelocity = s.Gyro.Sub(r.GyroBias)
	r.AngularSpeed = r.AngularVelocity.Norm()
	r.AngularPart = clamp(r.AngularSpeed/fullRate, 0, 1)
	r.Contaminated = t.turning.Update(r.AngularVelocity, dt)
}

// orient advances the attitude.
func (t *Tracker) orient(c Config, s Sample, dt float64) {
	var accel, mag, rate Vec3
	if s.Accel != nil {
		accel = *s.Accel
	}
	if s.Mag != nil && c.UseMag {
		mag = *s.Mag
	}
	t.filter.Beta = BetaTilt
	if s.Gyro != nil {
		rate = t.result.AngularVelocity
		t.filter.Beta = BetaIMU
		if mag != (Vec3{}) {
			t.filter.Beta = BetaMARG
		}
	}
	if !t.started && s.Accel != nil {
		q, withMag := Compass(accel, mag)
		if !withMag { // keep the heading that there may be from before a pause
			q = Euler{Yaw: t.filter.Attitude().Euler(Signed).Yaw}.Quat().Mul(q)
		}
		t.filter.SetAttitude(q)
		t.started = true
	}
	t.filter.Update(rate, accel, mag, t.trust(accel), dt)
	t.result.Attitude = t.filter.Attitude().Canonical()
}

// trust tells how far an acceleration can be taken for gravity, 0..1, by its
// length: all within 0.05 g of rest, nothing beyond 0.3 g.
func (t *Tracker) trust(accel Vec3) float64 {
	off := math.Abs(accel.Norm() - t.atRest())
	trust := clamp((0.3-off)/(0.3-0.05), 0, 1)
	if t.result.Contaminated {
		trust /= 4
	}
	return trust
}

func (t *Tracker) atRest() float64 {
	if t.rest == 0 {
		return 1
	}
	return t.rest
}

// move works out linear acceleration, motion and position.
func (t *Tracker) move(c Config, s Sample, dt float64) {
	r := &t.result
	if s.Accel != nil {
		if r.Still { // cheap sensors are off by some hundredths of a g
			t.rest = clamp(t.atRest()+(s.Accel.Norm()-t.atRest())*smoothing(dt, floorTau), 0.9, 1.1)
		}
		up := r.Attitude.Conj().Rotate(Vec3{Z: t.atRest()})
		r.LinearAccel = s.Accel.Sub(up)
	}
	r.Motion = t.motion.Update(r.LinearAccel.Norm(), r.AngularSpeed, r.Still, dt)
	world := r.Attitude.Rotate(r.LinearAccel).Scale(Gravity)
	floor := 2 * r.Motion.NoiseG * Gravity
	r.Reckoned = t.reckon.Update(c.DeadReckoning, world, floor, r.Still, r.Contaminated || s.Accel == nil, dt)
	r.Speed = r.Velocity.Norm()
	r.SpeedPart = 0
	if c.MaxSpeed > 0 {
		r.SpeedPart = clamp(r.Speed/c.MaxSpeed, 0, 1)
	}
}

// ResetPose sets yaw, velocity and position to 0. The bias of the gyroscope and
// the direction of gravity stay.
func (t *Tracker) ResetPose() {
	yaw := t.filter.Attitude().Euler(Signed).Yaw
	t.filter.SetAttitude(Euler{Yaw: -yaw}.Quat().Mul(t.filter.Attitude()))
	t.reckon.Reset()
}

// Restart makes the attitude start afresh from the next sample, as is needed
// after a change of Config.Align or Config.UseMag. The bias stays if keepBias is
// set; it is in the frame of the device, so a change of Align spoils it.
func (t *Tracker) Restart(keepBias bool) {
	bias := t.bias
	*t = Tracker{}
	if keepBias {
		t.bias = bias
	}
}

// MeanAccel returns the mean of the acceleration over the last quarter of a
// second in the frame of the device, g, and whether there is one.
func (t *Tracker) MeanAccel() (Vec3, bool) { return t.still.MeanAccel() }
