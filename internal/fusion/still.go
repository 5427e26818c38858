package fusion

import "math"

// Thresholds of [Stillness], chosen above the noise of consumer sensors and below
// what a hand that holds a device still does not manage.
const (
	stillAccelDev = 0.02 // deviation of the acceleration, g
	stillGyroDev  = 1.5  // deviation of the rate, deg/s
	stillRate     = 3.0  // mean rate beyond a known bias, deg/s
	stillFirst    = 8.0  // mean rate while the bias is not known, deg/s
	stillNorm     = 0.12 // distance of the mean acceleration from 1 g
	stillWindow   = 0.25 // time constant of means and deviations, s
	stillHold     = 0.4  // how long it must look still before it is called so, s
)

// Stillness decides whether the device rests. It compares how far acceleration
// and rate of rotation vary about their means, over a window of a quarter of a
// second, with thresholds: the test of the mean energies of I. Skog, P. Händel,
// J.-O. Nilsson and J. Rantakokko, "Zero-velocity detection: an algorithm
// evaluation", IEEE Trans. Biomed. Eng. 57(11), 2010, with exponential instead of
// rectangular windows. A perfectly even and slow turn about the vertical, below
// 3 deg/s, cannot be told from a bias and passes as rest.
//
// The zero value is ready for use.
type Stillness struct {
	accelMean, gyroMean Vec3
	accelVar, gyroVar   float64
	seenAccel, seenGyro bool
	confidence, calm    float64
	still               bool
}

// Update takes a sample and the bias known so far (knownBias tells whether there
// is one). A vector that the device does not have is nil. It reports whether the
// device is still.
func (s *Stillness) Update(accel, gyro *Vec3, bias Vec3, knownBias bool, dt float64) bool {
	if accel == nil {
		s.calm, s.confidence, s.still = 0, 0, false
		return false
	}
	weight := smoothing(dt, stillWindow)
	deviate(&s.accelMean, &s.accelVar, *accel, &s.seenAccel, weight)
	// The largest measure, as a multiple of its threshold.
	excess := math.Max(math.Sqrt(s.accelVar)/stillAccelDev, math.Abs(s.accelMean.Norm()-1)/stillNorm)
	if gyro != nil {
		deviate(&s.gyroMean, &s.gyroVar, *gyro, &s.seenGyro, weight)
		limit := stillFirst
		if knownBias {
			limit = stillRate
		}
		excess = math.Max(excess, math.Max(math.Sqrt(s.gyroVar)/stillGyroDev, s.gyroMean.Sub(bias).Norm()/limit))
	}
	target := 1 / (1 + math.Pow(math.Min(excess, 1e3), 4)) // 1/2 at the threshold
	s.confidence += (target - s.confidence) * smoothing(dt, stillWindow/2)
	if target < 0.4 {
		s.calm, s.still = 0, false
		return false
	}
	s.calm += dt
	if s.calm >= stillHold && s.confidence > 0.6 {
		s.still = true
	}
	return s.still
}

// deviate updates an exponential mean and variance (T. Finch, "Incremental
// calculation of weighted mean and variance", 2009).
func deviate(mean *Vec3, variance *float64, v Vec3, seen *bool, weight float64) {
	if !*seen {
		*mean, *seen = v, true
		return
	}
	d := v.Sub(*mean)
	step := d.Scale(weight)
	*mean = mean.Add(step)
	*variance = (1 - weight) * (*variance + d.Dot(step))
}

// Confidence tells how sure it is that the device rests, 0..1.
func (s *Stillness) Confidence() float64 { return clamp(s.confidence, 0, 1) }

// MeanAccel returns the mean of the acceleration over the window in g, and
// whether there is one.
func (s *Stillness) MeanAccel() (Vec3, bool) { return s.accelMean, s.seenAccel }
