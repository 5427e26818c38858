package fusion

import "math"

// Gravity is the standard acceleration of free fall in m/s², by which g are
// turned into m/s².
const Gravity = 9.80665

// Vec3 is a vector. Its unit is that of its use.
type Vec3 struct{ X, Y, Z float64 }

// Add returns v + w.
func (v Vec3) Add(w Vec3) Vec3 { return Vec3{v.X + w.X, v.Y + w.Y, v.Z + w.Z} }

// Sub returns v - w.
func (v Vec3) Sub(w Vec3) Vec3 { return Vec3{v.X - w.X, v.Y - w.Y, v.Z - w.Z} }

// Scale returns v times f.
func (v Vec3) Scale(f float64) Vec3 { return Vec3{v.X * f, v.Y * f, v.Z * f} }

// Dot returns the scalar product.
func (v Vec3) Dot(w Vec3) float64 { return v.X*w.X + v.Y*w.Y + v.Z*w.Z }

// Cross returns the vector product by the usual formula.
func (v Vec3) Cross(w Vec3) Vec3 {
	return Vec3{v.Y*w.Z - v.Z*w.Y, v.Z*w.X - v.X*w.Z, v.X*w.Y - v.Y*w.X}
}

// Norm returns the length, without overflow in between.
func (v Vec3) Norm() float64 { return math.Hypot(math.Hypot(v.X, v.Y), v.Z) }

// Unit returns the vector of length 1 in the direction of v, and false if v is
// too short or not finite.
func (v Vec3) Unit() (Vec3, bool) {
	n := v.Norm()
	if !(n > 1e-12) || math.IsInf(n, 0) {
		return Vec3{}, false
	}
	return v.Scale(1 / n), true
}

// Finite reports whether no component is NaN or infinite.
func (v Vec3) Finite() bool {
	sum := v.X*0 + v.Y*0 + v.Z*0 // 0 for numbers, NaN for all else
	return sum == 0
}

// ClampNorm returns v, shortened to length most if it is longer, and whether it was.
func (v Vec3) ClampNorm(most float64) (Vec3, bool) {
	n := v.Norm()
	switch {
	case !(n > most):
		return v, false
	case most <= 0:
		return Vec3{}, true
	}
	return v.Scale(most / n), true
}

// FromRightHanded carries a polar vector (acceleration, magnetic field) from the
// right-handed frame with X forward, Y to the left and Z up (REP 103 of ROS) to the
// frame of this package. Differences from 0 keep zeros from becoming -0.
func FromRightHanded(v Vec3) Vec3 { return Vec3{v.X, 0 - v.Y, v.Z} }

// AxialFromRightHanded carries an axial vector (rate of rotation), whose sense is
// given by the right-hand rule, over in the same way. A mirror image turns the
// sense around, hence the other signs.
func AxialFromRightHanded(v Vec3) Vec3 { return Vec3{0 - v.X, v.Y, 0 - v.Z} }

// smoothing returns the weight of a new value in an exponential mean with time
// constant tau after a step of dt seconds.
func smoothing(dt, tau float64) float64 {
	if !(tau > 0) {
		return 1
	}
	return -math.Expm1(-dt / tau)
}

// lerp moves v towards w.
func (v Vec3) lerp(w Vec3, weight float64) Vec3 { return v.Add(w.Sub(v).Scale(weight)) }

func clamp(v, low, high float64) float64 { return math.Min(math.Max(v, low), high) }

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }

func degrees(radians float64) float64 { return radians * (180 / math.Pi) }
