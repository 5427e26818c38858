package power

import (
	"math"
	"math/rand/v2"
	"time"
)

// simulated is a rail that does not exist.
type simulated struct {
	start time.Time
	noise *rand.Rand
}

// Simulated returns the opener of a device with one rail of 5 V whose load rises
// and falls once in 20 s, with noise that depends on seed alone. Its label and its
// status say that it is simulated.
func Simulated(seed uint64) Opener {
	start := time.Now()
	return func() (Meter, error) {
		return &simulated{start: start, noise: rand.New(rand.NewPCG(seed, 1))}, nil
	}
}

// Read implements [Meter].
func (s *simulated) Read() Status {
	const shunt = 0.01 // ohm
	now := time.Now()
	phase := now.Sub(s.start).Seconds() / 20 * 2 * math.Pi
	amps := 1.2 + 0.5*math.Sin(phase) + 0.01*s.noise.NormFloat64()
	volts := 5.15 - 0.08*amps // the cable
	watts, drop := volts*amps, amps*shunt
	return Status{
		Volts: &volts, Amps: &amps, Watts: &watts, UpdatedAt: now, Simulated: true,
		Rails: []Rail{{Label: "simulated supply", Volts: &volts, Amps: &amps, Watts: &watts, ShuntVolts: &drop}},
	}
}

// Close implements [Meter].
func (s *simulated) Close() {}
