package fusion_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/heliograph/heliograph/internal/fusion"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func nearVec(t *testing.T, what string, got, want fusion.Vec3, tolerance float64) {
	t.Helper()
	if !(got.Sub(want).Norm() <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func randomQuat(r *rand.Rand) fusion.Quat {
	return fusion.Quat{W: r.NormFloat64(), X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Unit()
}

func randomVec(r *rand.Rand) fusion.Vec3 {
	return fusion.Vec3{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
}

func TestRotateAgreesWithTheProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q, p, v := randomQuat(r), randomQuat(r), randomVec(r)
		byProduct := q.Mul(fusion.Quat{X: v.X, Y: v.Y, Z: v.Z}).Mul(q.Conj())
		nearVec(t, "q v q*", q.Rotate(v), fusion.Vec3{X: byProduct.X, Y: byProduct.Y, Z: byProduct.Z}, 1e-12)
		nearVec(t, "composition", q.Mul(p).Rotate(v), q.Rotate(p.Rotate(v)), 1e-12)
		near(t, "length", q.Rotate(v).Norm(), v.Norm(), 1e-12)
	}
}

func TestEulerGoesThereAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		want := randomQuat(r)
		for _, convention := range []fusion.AngleRange{fusion.Signed, fusion.Unsigned} {
			e := want.Euler(convention)
			low, high := -180.0, 180.0
			if convention == fusion.Unsigned {
				low, high = 0, 360
			}
			for _, angle := range []float64{e.Roll, e.Pitch, e.Yaw} {
				if angle < low || angle >= high {
					t.Fatalf("%v is outside of [%v, %v)", e, low, high)
				}
			}
			near(t, "way back", e.Quat().Angle(want), 0, 1e-9)
		}
	}
}

func TestEulerOfKnownAttitudes(t *testing.T) {
	half := math.Sqrt2 / 2
	for _, c := range []struct {
		name string
		q    fusion.Quat
		r    fusion.AngleRange
		want fusion.Euler
	}{
		{"level", fusion.Identity(), fusion.Signed, fusion.Euler{}},
		{"to the right", fusion.Quat{W: half, Z: half}, fusion.Signed, fusion.Euler{Yaw: 90}},
		{"to the left", fusion.Quat{W: half, Z: -half}, fusion.Signed, fusion.Euler{Yaw: -90}},
		{"to the left, unsigned", fusion.Quat{W: half, Z: -half}, fusion.Unsigned, fusion.Euler{Yaw: 270}},
		{"right side up", fusion.Quat{W: half, X: half}, fusion.Signed, fusion.Euler{Roll: 90}},
		{"nose down", fusion.Quat{W: half, Y: half}, fusion.Signed, fusion.Euler{Pitch: 90}},
		{"backwards", fusion.Quat{Z: 1}, fusion.Signed, fusion.Euler{Yaw: -180}},
		// The example of the protocol's specification.
		{"example", fusion.Quat{W: 0.7253, X: 0.0110, Y: 0.0074, Z: 0.6883}.Unit(), fusion.Signed, fusion.Euler{Roll: 1.5, Pitch: -0.25, Yaw: 87}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.q.Euler(c.r)
			near(t, "roll", got.Roll, c.want.Roll, 0.05)
			near(t, "pitch", got.Pitch, c.want.Pitch, 0.05)
			near(t, "yaw", got.Yaw, c.want.Yaw, 0.05)
		})
	}
}

func TestBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		a, b := randomVec(r), randomVec(r)
		ua, _ := a.Unit()
		ub, _ := b.Unit()
		nearVec(t, "turned", fusion.Between(a, b).Rotate(ua), ub, 1e-9)
		nearVec(t, "turned round", fusion.Between(a, a.Scale(-3)).Rotate(ua), ua.Scale(-1), 1e-9)
	}
	if got := fusion.Between(fusion.Vec3{}, fusion.Vec3{X: 1}); got != fusion.Identity() {
		t.Errorf("rotation of nothing: %v", got)
	}
}

// A device that rests in an attitude feels gravity and field turned into its
// frame; tilt and compass must find the attitude again.
func TestTiltAndCompassFindTheAttitude(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	field := fusion.Vec3{X: 0.2, Z: -0.45} // to the north and, as on the northern half of the earth, down
	for range 300 {
		want := randomQuat(r)
		accel, mag := want.Conj().Rotate(fusion.Vec3{Z: 1}), want.Conj().Rotate(field)
		got, ok := fusion.Compass(accel.Scale(3), mag.Scale(70))
		if !ok {
			t.Fatal("no heading")
		}
		near(t, "compass", got.Angle(want), 0, 1e-6)
		tilt, _ := fusion.Tilt(accel)
		nearVec(t, "up by tilt", tilt.Rotate(accel), fusion.Vec3{Z: 1}, 1e-9)
		near(t, "yaw by tilt", tilt.Rotate(fusion.Vec3{X: 1}).Y, 0, 1e-6)
	}
	// East is to the right of north: with north to the left, the heading is 90.
	east, _ := fusion.Compass(fusion.Vec3{Z: 1}, fusion.Vec3{Y: -1})
	near(t, "heading", east.Euler(fusion.Unsigned).Yaw, 90, 1e-9)
	if _, ok := fusion.Compass(fusion.Vec3{Z: 1}, fusion.Vec3{Z: -1}); ok {
		t.Error("heading at the pole")
	}
	if _, ok := fusion.Tilt(fusion.Vec3{}); ok {
		t.Error("tilt in free fall")
	}
}

// A rotation seen by a right-handed gyroscope must turn the device's vectors
// the same way as it does in the right-handed frame.
func TestHandedness(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		turn, v := randomVec(r), randomVec(r)
		inRight := fusion.RotationVector(turn).Rotate(v)
		inOurs := fusion.RotationVector(fusion.AxialFromRightHanded(turn)).Rotate(fusion.FromRightHanded(v))
		nearVec(t, "turned vector", inOurs, fusion.FromRightHanded(inRight), 1e-12)
	}
}
