package fusion

import "math"

const (
	biasTau = 4.0  // time constant of the mean, s
	biasMin = 0.5  // seconds of rest after which the bias counts as known
	biasMax = 20.0 // largest bias that is believed, deg/s
)

// BiasEstimator finds the constant error of a gyroscope as the mean of what it
// reads while the device rests (zero angular rate update; see M. Kok, J. Hol and
// T. Schön, "Using inertial sensors for position and orientation estimation",
// 2017). The zero value is ready for use.
type BiasEstimator struct {
	bias   Vec3
	rested float64
}

// Update takes a rate in deg/s and returns the bias, which changes only while
// still is true.
func (b *BiasEstimator) Update(gyro Vec3, still bool, dt float64) Vec3 {
	if !still || dt <= 0 {
		return b.bias
	}
	// A plain mean first, and then one that forgets.
	b.rested = math.Min(b.rested+dt, biasTau)
	b.bias, _ = b.bias.lerp(gyro, math.Min(1, dt/b.rested)).ClampNorm(biasMax)
	return b.bias
}

// Bias returns the bias in deg/s and whether the device has rested long enough
// for it to be known.
func (b *BiasEstimator) Bias() (Vec3, bool) { return b.bias, b.rested >= biasMin }
