package iio

import (
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
)

// Status is what an [IMU] publishes. It must not be changed.
type Status struct {
	// HasSample tells that there is at least one vector. Without it, only Config,
	// LastError and Options mean anything.
	HasSample bool
	Config    Config
	UpdatedAt time.Time // of the newest sample
	Dt        float64   // from the newest sample of the status before, s
	// LastError is the newest problem of the sensor that still holds; empty if it
	// works.
	LastError string
	Simulated bool

	// Accel, Gyro and Mag are the newest vectors as the sensor gave them, in the
	// frame of package fusion but before alignment: g, deg/s, gauss. Nil: the device
	// has no such sensor.
	Accel, Gyro, Mag *fusion.Vec3
	// Attitude holds the angles in the convention of Config.Range. Nil without a
	// sample, as is Motion.
	Attitude *fusion.Euler
	// Motion is everything that was worked out. Motion.VelocityDelta is the change
	// since the status before.
	Motion *fusion.Result

	AccelGyro    string // devices, for people to read
	Magnetometer string
	Options      Options

	version uint64 // of the settings that it was made with
}

// blank returns a status without a sample.
func blank(c Config, problem string, version uint64) Status {
	return Status{Config: c, LastError: problem, Options: c.options(), version: version}
}
