package fusion

import "math"

// Figures of [Motion] and [Contamination].
const (
	motionTau      = 0.20  // smoothing of the measure, s
	motionFastTau  = 0.04  // smoothing of the fast measure, s
	floorTau       = 2.0   // smoothing of the noise floor, s
	floorMin       = 0.004 // g
	floorMax       = 0.08  // g
	movingMin      = 0.02  // least acceleration that is motion, g
	movingRate     = 5.0   // least rate of rotation that is motion, deg/s
	fastMin        = 0.30  // least acceleration that is fast motion, g
	fastRate       = 180.0 // least rate of rotation that is fast motion, deg/s
	leverArm       = 0.05  // assumed distance of the sensor from the axis, m
	contaminated   = 0.05  // false acceleration that makes a sample unreliable, g
	contaminatedBy = 0.15  // how long it stays so afterwards, s
)

// Motion measures how much the device moves. The zero value is ready for use.
type Motion struct {
	level, fast, floor float64
}

// MotionLevel is what [Motion] has found, in g where not said otherwise.
type MotionLevel struct {
	G          float64 // length of the linear acceleration, smoothed over 0.2 s
	FastG      float64 // the same over 0.04 s
	FastLimitG float64 // FastG above this is fast motion
	NoiseG     float64 // length at rest: the noise of sensor and filter
	Moving     bool
	MovingFast bool
}

// Update takes the length of the linear acceleration in g and of the rate of
// rotation in deg/s.
func (m *Motion) Update(linear, rate float64, still bool, dt float64) MotionLevel {
	m.level += (linear - m.level) * smoothing(dt, motionTau)
	m.fast += (linear - m.fast) * smoothing(dt, motionFastTau)
	if still {
		m.floor += (linear - m.floor) * smoothing(dt, floorTau)
	}
	m.floor = clamp(m.floor, floorMin, floorMax)
	l := MotionLevel{G: m.level, FastG: m.fast, NoiseG: m.floor, FastLimitG: math.Max(fastMin, 8*m.floor)}
	l.Moving = !still && (m.level > math.Max(movingMin, 3*m.floor) || rate > movingRate)
	l.MovingFast = l.Moving && (m.fast > l.FastLimitG || rate > fastRate)
	return l
}

// Contamination finds the samples in which turning the device makes the
// accelerometer feel accelerations that are no motion of the whole: a sensor at
// distance r from the axis feels r·ω² inwards and r·dω/dt along. The distance is
// not known; 5 cm is assumed. The zero value is ready for use.
type Contamination struct {
	last Vec3
	seen bool
	hold float64
}

// Update takes the rate of rotation in deg/s and reports whether linear
// acceleration is unreliable now.
func (c *Contamination) Update(rate Vec3, dt float64) bool {
	w := rate.Scale(radians(1))
	alpha := 0.0
	if c.seen && dt > 0 {
		alpha = w.Sub(c.last).Norm() / math.Max(dt, 0.005) // noise of very short steps is no acceleration
	}
	c.last, c.seen = w, true
	felt := leverArm * (w.Dot(w) + alpha) / Gravity
	if felt > contaminated {
		c.hold = contaminatedBy
		return true
	}
	c.hold = math.Max(0, c.hold-dt)
	return c.hold > 0
}
