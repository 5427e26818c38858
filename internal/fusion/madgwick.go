package fusion

import "math"

// Gains of [Madgwick] in rad/s that its author found best for a sensor without
// and with a magnetometer (report of 2010, section 5.4).
const (
	BetaIMU  = 0.033
	BetaMARG = 0.041
	// BetaTilt is the gain for an accelerometer without a gyroscope, which must
	// also follow the motion.
	BetaTilt = 2.5
)

// Madgwick is an orientation filter: the gyroscope is integrated, and a step of
// gradient descent per sample pulls the attitude towards what gravity and the
// magnetic field say. The source is S. Madgwick, "An efficient orientation filter
// for inertial and inertial/magnetic sensor arrays", University of Bristol, 2010,
// with three changes that make it better behaved:
//
//   - the gyroscope is integrated by the exponential map, which is exact for a rate that
//     is constant during the step, instead of to first order;
//   - the step is never longer than the error itself, so that a device at rest
//     converges instead of trembling by Beta·dt;
//   - an attitude that is upside down, where the gradient is 0, is left at once.
//
// The zero value stands at [Identity] with no gain.
type Madgwick struct {
	// Beta is the gain in rad/s: how fast the attitude follows gravity and field.
	Beta float64
	q    Quat
}

// Attitude returns the attitude: device to world.
func (m *Madgwick) Attitude() Quat {
	if m.q == (Quat{}) {
		return Identity()
	}
	return m.q
}

// SetAttitude sets the attitude; q need not have length 1.
func (m *Madgwick) SetAttitude(q Quat) { m.q = q.Unit() }

// Update advances the filter by dt seconds. rate is in degrees per second, without
// bias. accel and mag may be of any length; one without a direction is left out.
// trust, 0..1, scales the gain for this step, for accelerations that are not
// gravity.
func (m *Madgwick) Update(rate, accel, mag Vec3, trust, dt float64) {
	q := m.Attitude()
	turn := rate.Scale(radians(1) * dt)
	if turn.Finite() {
		q = q.Mul(RotationVector(turn)).Unit()
	}
	gain := m.Beta * clamp(trust, 0, 1) * dt
	if a, ok := accel.Unit(); ok && gain > 0 {
		step, size := gradient(q, a, mag)
		q = q.sub(step.scale(math.Min(gain, size/2))).Unit()
	}
	m.q = q
}

// gradient returns the direction (length 1) in which the error of q rises, and
// the length of the error: the distance between the unit vectors measured and
// those expected.
func gradient(q Quat, a, mag Vec3) (Quat, float64) {
	// Expected direction of gravity in the device frame, less the measured one.
	f := Vec3{2 * (q.X*q.Z - q.W*q.Y), 2 * (q.W*q.X + q.Y*q.Z), 1 - 2*(q.X*q.X+q.Y*q.Y)}.Sub(a)
	g := Quat{
		W: -2*q.Y*f.X + 2*q.X*f.Y,
		X: 2*q.Z*f.X + 2*q.W*f.Y - 4*q.X*f.Z,
		Y: -2*q.W*f.X + 2*q.Z*f.Y - 4*q.Y*f.Z,
		Z: 2*q.X*f.X + 2*q.Y*f.Y,
	}
	size := f.Norm()
	if m, ok := mag.Unit(); ok {
		gm, sm := magGradient(q, m)
		g, size = Quat{g.W + gm.W, g.X + gm.X, g.Y + gm.Y, g.Z + gm.Z}, math.Hypot(size, sm)
	}
	if n := g.Norm(); n > 1e-9 {
		return g.scale(1 / n), size
	}
	if size < 1 {
		return Quat{}, 0
	}
	// Upside down: any horizontal axis leads out.
	return q.Mul(Quat{X: 1}), size
}

// magGradient is the part of the gradient that the magnetic field adds. The
// reference field lies in the plane of X and Z and is worked out from the
// measured one, so that a wrong inclination cannot disturb roll and pitch.
func magGradient(q Quat, m Vec3) (Quat, float64) {
	h := q.Rotate(m)
	bx, bz := math.Hypot(h.X, h.Y), h.Z
	f := Vec3{
		2*bx*(0.5-q.Y*q.Y-q.Z*q.Z) + 2*bz*(q.X*q.Z-q.W*q.Y),
		2*bx*(q.X*q.Y-q.W*q.Z) + 2*bz*(q.W*q.X+q.Y*q.Z),
		2*bx*(q.W*q.Y+q.X*q.Z) + 2*bz*(0.5-q.X*q.X-q.Y*q.Y),
	}.Sub(m)
	return Quat{
		W: -2*bz*q.Y*f.X + (-2*bx*q.Z+2*bz*q.X)*f.Y + 2*bx*q.Y*f.Z,
		X: 2*bz*q.Z*f.X + (2*bx*q.Y+2*bz*q.W)*f.Y + (2*bx*q.Z-4*bz*q.X)*f.Z,
		Y: (-4*bx*q.Y-2*bz*q.W)*f.X + (2*bx*q.X+2*bz*q.Z)*f.Y + (2*bx*q.W-4*bz*q.Y)*f.Z,
		Z: (-4*bx*q.Z+2*bz*q.X)*f.X + (-2*bx*q.W+2*bz*q.Y)*f.Y + 2*bx*q.X*f.Z,
	}, f.Norm()
}
