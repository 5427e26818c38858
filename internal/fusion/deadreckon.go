package fusion

import "math"

// DeadReckoning are the settings of a [DeadReckoner].
type DeadReckoning struct {
	VelocityDampTau  float64 // time constant with which speed fades away, s
	StillVelocityTau float64 // the same while the device rests, s
	MaxAccel         float64 // limit of acceleration, m/s²
	MaxSpeed         float64 // limit of speed, m/s
	MaxPosition      float64 // limit of the distance from the origin, m
	LockPosition     bool    // the position is held at the origin
}

// DefaultDeadReckoning returns the settings of the HeliOS device API: fading in
// 0.55 s and 0.10 s, at most 6 m/s², 4 m/s and 2 m, position locked.
func DefaultDeadReckoning() DeadReckoning {
	return DeadReckoning{
		VelocityDampTau: 0.55, StillVelocityTau: 0.10,
		MaxAccel: 6, MaxSpeed: 4, MaxPosition: 2, LockPosition: true,
	}
}

const (
	// trustTau is the time constant with which trust in a position fades after
	// the last rest: the error of twice integrated noise and bias grows with time.
	trustTau = 5.0
)

// DeadReckoner integrates acceleration to velocity and position. Errors of the
// acceleration grow without bound when integrated twice (O. Woodman, "An
// introduction to inertial navigation", UCAM-CL-TR-696, 2007); therefore velocity
// fades, all is limited, and what comes out is a hint of motion, not a position.
// The zero value is at rest at the origin.
type DeadReckoner struct {
	velocity, position Vec3
	unrest             float64 // seconds since the last rest
	rested             bool
}

// Reckoned is a step of a [DeadReckoner] in the world frame.
type Reckoned struct {
	Accel         Vec3    // as it was used, m/s²
	Velocity      Vec3    // m/s
	VelocityDelta Vec3    // over this step, m/s
	Position      Vec3    // m
	Confidence    float64 // 0..1
}

// Update advances by dt seconds. accel is in m/s² of the world frame without
// gravity; what is shorter than floor counts as none. With unreliable, the
// acceleration is not used.
func (d *DeadReckoner) Update(c DeadReckoning, accel Vec3, floor float64, still, unreliable bool, dt float64) Reckoned {
	a, limited := accel.ClampNorm(c.MaxAccel)
	if unreliable || still || a.Norm() < floor {
		a = Vec3{}
	}
	before := d.velocity
	v := before.Add(a.Scale(dt)).Scale(1 - smoothing(dt, c.VelocityDampTau))
	if still {
		v = v.Scale(1 - smoothing(dt, c.StillVelocityTau))
	}
	v, fast := v.ClampNorm(c.MaxSpeed)
	d.velocity = v
	far := false
	if c.LockPosition {
		d.position = Vec3{}
	} else {
		d.position, far = d.position.Add(before.Add(v).Scale(dt / 2)).ClampNorm(c.MaxPosition)
	}
	return Reckoned{
		Accel: a, Velocity: v, VelocityDelta: v.Sub(before), Position: d.position,
		Confidence: d.confidence(still, unreliable || limited || fast || far, dt),
	}
}

// confidence falls with the time since the last rest, and to a half while a limit
// is in force.
func (d *DeadReckoner) confidence(still, poor bool, dt float64) float64 {
	d.unrest += dt
	if still {
		d.unrest, d.rested = 0, true
	}
	if !d.rested {
		return 0
	}
	trust := math.Exp(-d.unrest / trustTau)
	if poor {
		trust /= 2
	}
	return trust
}

// Reset goes back to rest at the origin.
func (d *DeadReckoner) Reset() { d.velocity, d.position = Vec3{}, Vec3{} }
