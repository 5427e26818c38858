package iio

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
)

// simulated is a unit that sways and rests by turns.
type simulated struct {
	start, last time.Time
	noise       *rand.Rand
	reading     [1]Reading
}

// Simulated returns the opener of a unit that does not exist: for 8 s of every
// 12 s it sways smoothly, for 4 s it rests. Its gyroscope has a bias, and all
// vectors have noise that depends on seed alone. It describes itself as simulated.
func Simulated(seed uint64) Opener {
	return func(time.Duration) (Unit, error) {
		return &simulated{start: time.Now(), noise: rand.New(rand.NewPCG(seed, 0))}, nil
	}
}

// Describe implements [Unit].
func (s *simulated) Describe() Description {
	return Description{AccelGyro: "simulated IMU", Magnetometer: "simulated magnetometer", Simulated: true}
}

// Close implements [Unit].
func (s *simulated) Close() {}

// Read implements [Unit].
func (s *simulated) Read() ([]Reading, error) {
	now := time.Now()
	dt := 0.0
	if !s.last.IsZero() {
		dt = now.Sub(s.last).Seconds()
	}
	s.last = now
	accel, gyro, mag := motionAt(now.Sub(s.start).Seconds())
	accel = accel.Add(s.gauss(0.002))
	gyro = gyro.Add(fusion.Vec3{X: 0.4, Y: -0.3, Z: 0.2}).Add(s.gauss(0.05))
	mag = mag.Add(s.gauss(0.002))
	s.reading[0] = Reading{Sample: fusion.Sample{Accel: &accel, Gyro: &gyro, Mag: &mag}, Dt: dt}
	return s.reading[:], nil
}

func (s *simulated) gauss(sigma float64) fusion.Vec3 {
	return fusion.Vec3{X: s.noise.NormFloat64(), Y: s.noise.NormFloat64(), Z: s.noise.NormFloat64()}.Scale(sigma)
}

// Cycle of the simulated motion, s.
const (
	simPeriod = 12.0
	simMoving = 8.0
)

// sway returns how far the unit is out of its rest, -1..1, at time t: a sine whose
// ends are flat, so that there is no jerk.
func sway(t float64) float64 {
	phase := math.Mod(t, simPeriod)
	if phase >= simMoving {
		return 0
	}
	envelope := math.Sin(math.Pi * phase / simMoving)
	return envelope * envelope * math.Sin(2*math.Pi*phase/4)
}

// attitudeAt returns where the unit points at time t.
func attitudeAt(t float64) fusion.Quat {
	a := sway(t)
	return fusion.Euler{Roll: 25 * a, Pitch: 12 * a * a, Yaw: 60 * a}.Quat()
}

// motionAt returns what perfect sensors would measure at time t. The rate is that
// between two attitudes a millisecond apart; the acceleration is the second
// difference of the position.
func motionAt(t float64) (accel, gyro, mag fusion.Vec3) {
	const h = 1e-3
	q := attitudeAt(t)
	d := attitudeAt(max(t-h, 0)).Conj().Mul(attitudeAt(t + h)).Canonical()
	span := t + h - max(t-h, 0)
	gyro = fusion.Vec3{X: d.X, Y: d.Y, Z: d.Z}.Scale(2 / span * 180 / math.Pi)
	forward := 0.15 * (sway(t+h) - 2*sway(t) + sway(max(t-h, 0))) / (h * h) / fusion.Gravity
	if t < h {
		forward = 0
	}
	accel = q.Conj().Rotate(fusion.Vec3{X: forward, Z: 1})
	mag = q.Conj().Rotate(fusion.Vec3{X: 0.20, Z: -0.44})
	return accel, gyro, mag
}
