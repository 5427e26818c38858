package fusion

import "math"

// Quat is a quaternion; as an attitude it has length 1.
type Quat struct{ W, X, Y, Z float64 }

// Identity returns the attitude in which device and world agree.
func Identity() Quat { return Quat{W: 1} }

// Mul returns the Hamilton product: the rotation p followed by q.
func (q Quat) Mul(p Quat) Quat {
	return Quat{
		W: q.W*p.W - q.X*p.X - q.Y*p.Y - q.Z*p.Z,
		X: q.W*p.X + q.X*p.W + q.Y*p.Z - q.Z*p.Y,
		Y: q.W*p.Y - q.X*p.Z + q.Y*p.W + q.Z*p.X,
		Z: q.W*p.Z + q.X*p.Y - q.Y*p.X + q.Z*p.W,
	}
}

// Conj returns the reverse rotation of a unit quaternion.
func (q Quat) Conj() Quat { return Quat{q.W, -q.X, -q.Y, -q.Z} }

// Norm returns the length.
func (q Quat) Norm() float64 {
	return math.Hypot(math.Hypot(q.W, q.X), math.Hypot(q.Y, q.Z))
}

// Unit returns q with length 1, or [Identity] if q has no direction.
func (q Quat) Unit() Quat {
	n := q.Norm()
	if !(n > 1e-12) || math.IsInf(n, 0) {
		return Identity()
	}
	return q.scale(1 / n)
}

func (q Quat) scale(f float64) Quat { return Quat{q.W * f, q.X * f, q.Y * f, q.Z * f} }

func (q Quat) sub(p Quat) Quat { return Quat{q.W - p.W, q.X - p.X, q.Y - p.Y, q.Z - p.Z} }

// Canonical returns the one of q and -q, which are the same attitude, whose W is
// not negative.
func (q Quat) Canonical() Quat {
	if q.W < 0 {
		return q.scale(-1)
	}
	return q
}

// Rotate returns v turned by the unit quaternion q.
func (q Quat) Rotate(v Vec3) Vec3 {
	// v + 2w(u×v) + 2u×(u×v), which takes half the products of q·v·q*.
	u := Vec3{q.X, q.Y, q.Z}
	t := u.Cross(v).Scale(2)
	return v.Add(t.Scale(q.W)).Add(u.Cross(t))
}

// Angle returns the angle of the rotation from q to p in radians, 0..π.
func (q Quat) Angle(p Quat) float64 {
	d := q.Conj().Mul(p)
	return 2 * math.Atan2(Vec3{d.X, d.Y, d.Z}.Norm(), math.Abs(d.W))
}

// RotationVector returns the rotation about the direction of v by its length in
// radians: the exponential map.
func RotationVector(v Vec3) Quat {
	angle := v.Norm()
	if math.IsNaN(angle) || math.IsInf(angle, 0) {
		return Identity()
	}
	half := 0.5 // sin(angle/2)/angle where the angle is tiny
	if angle > 1e-9 {
		half = math.Sin(angle/2) / angle
	}
	return Quat{math.Cos(angle / 2), v.X * half, v.Y * half, v.Z * half}.Unit()
}

// Between returns the shortest rotation that takes the direction of a to that of
// b, or [Identity] if one of them has none. Of opposite directions, it is half a
// turn about an axis at right angles to them.
func Between(a, b Vec3) Quat {
	a, okA := a.Unit()
	b, okB := b.Unit()
	if !okA || !okB {
		return Identity()
	}
	if c := a.Dot(b); c > -1+1e-12 {
		axis := a.Cross(b)
		return Quat{1 + c, axis.X, axis.Y, axis.Z}.Unit()
	}
	axis := a.Cross(Vec3{X: 1})
	if axis.Norm() < 0.1 {
		axis = a.Cross(Vec3{Y: 1})
	}
	axis, _ = axis.Unit()
	return Quat{0, axis.X, axis.Y, axis.Z}
}

// AngleRange is a convention for the angles of an [Euler].
type AngleRange int

// The conventions.
const (
	Signed   AngleRange = iota // -180 <= angle < 180
	Unsigned                   // 0 <= angle < 360
)

// Euler is an attitude as angles in degrees: the device is first turned by Roll
// about X, then by Pitch about Y, then by Yaw about Z (the sequence Z-Y-X, each about the axes as they are by then,
// Diebel, "Representing Attitude", 2006, section 5.6.12).
type Euler struct{ Roll, Pitch, Yaw float64 }

// Euler returns the angles in the convention r. Pitch is at most a quarter turn
// away from 0; where it is a quarter turn, roll is 0 and yaw has all of the turn.
func (q Quat) Euler(r AngleRange) Euler {
	sin := clamp(2*(q.W*q.Y-q.Z*q.X), -1, 1)
	e := Euler{Pitch: degrees(math.Asin(sin))}
	if math.Abs(sin) > 1-1e-9 {
		e.Yaw = degrees(2 * math.Atan2(q.Z, q.W))
	} else {
		e.Roll = degrees(math.Atan2(2*(q.W*q.X+q.Y*q.Z), 1-2*(q.X*q.X+q.Y*q.Y)))
		e.Yaw = degrees(math.Atan2(2*(q.W*q.Z+q.X*q.Y), 1-2*(q.Y*q.Y+q.Z*q.Z)))
	}
	return Euler{wrap(e.Roll, r), wrap(e.Pitch, r), wrap(e.Yaw, r)}
}

// wrap brings an angle in degrees into a convention.
func wrap(a float64, r AngleRange) float64 {
	low := -180.0
	if r == Unsigned {
		low = 0
	}
	a = math.Mod(a-low, 360)
	if a < 0 {
		a += 360
	}
	if a >= 360 { // a tiny negative angle was rounded up
		a = 0
	}
	return a + low
}

// Quat returns the attitude that has these angles.
func (e Euler) Quat() Quat {
	return RotationVector(Vec3{Z: radians(e.Yaw)}).
		Mul(RotationVector(Vec3{Y: radians(e.Pitch)})).
		Mul(RotationVector(Vec3{X: radians(e.Roll)})).Unit()
}

// Tilt returns the attitude with yaw 0 in which a device at rest feels the
// acceleration accel, of any length, and false if it has no direction.
func Tilt(accel Vec3) (Quat, bool) {
	a, ok := accel.Unit()
	if !ok {
		return Identity(), false
	}
	return Euler{
		Roll:  degrees(math.Atan2(a.Y, a.Z)),
		Pitch: degrees(math.Atan2(-a.X, math.Hypot(a.Y, a.Z))),
	}.Quat(), true
}

// Compass returns the attitude in which a device at rest feels accel and measures
// the magnetic field mag, both of any length: the tilt-compensated compass. Yaw is
// the heading from magnetic north to the right. It returns the tilt alone and
// false if the field has no horizontal part.
func Compass(accel, mag Vec3) (Quat, bool) {
	tilt, ok := Tilt(accel)
	m, okMag := mag.Unit()
	if !ok || !okMag {
		return tilt, false
	}
	h := tilt.Rotate(m)
	if math.Hypot(h.X, h.Y) < 1e-6 {
		return tilt, false
	}
	return RotationVector(Vec3{Z: -math.Atan2(h.Y, h.X)}).Mul(tilt).Unit(), true
}
