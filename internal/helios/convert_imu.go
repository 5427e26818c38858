package helios

import (
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/source/iio"
)

// imuStatus returns a status in wire form.
func imuStatus(from iio.Status) wire.ImuStatusPayload {
	out := wire.ImuStatusPayload{
		HasSample: from.HasSample,
		LastError: from.LastError,
		UpdatedAt: from.UpdatedAt.UTC(),
		Accel:     axes(from.Accel),
		Gyro:      axes(from.Gyro),
		Mag:       axes(from.Mag),
		Options:   imuOptions(from.Options),
	}
	imuSettings(&out, from.Config)
	if from.UpdatedAt.IsZero() {
		out.UpdatedAt = time.Time{}
	}
	if from.HasSample {
		out.DtSeconds = &from.Dt
		out.Sources = &wire.ImuSources{AccelGyro: from.AccelGyro, Magnetometer: from.Magnetometer}
	}
	if from.Motion != nil {
		imuMotion(&out, from)
	}
	return out
}

func imuSettings(out *wire.ImuStatusPayload, c iio.Config) {
	interval := uint64(c.Interval.Milliseconds())
	out.Fusion, out.Range, out.UpdateIntervalMS = c.Fusion, c.Range, &interval
	out.DrVelocityDampTauSeconds = &c.VelocityDampTau
	out.DrStillVelocityZeroTauSeconds = &c.StillVelocityTau
	out.DrMaxAccelWorldMps2 = &c.MaxAccel
	out.DrMaxSpeedMps = &c.MaxSpeed
	out.DrMaxPositionM = &c.MaxPosition
	out.DrLockPosition = &c.LockPosition
}

func imuOptions(o iio.Options) *wire.ImuOptions {
	out := &wire.ImuOptions{Fusion: o.Fusion, Range: o.Range, IntervalsMS: []uint64{}}
	for _, every := range o.Intervals {
		out.IntervalsMS = append(out.IntervalsMS, uint64(every.Milliseconds()))
	}
	return out
}

// imuMotion adds what was worked out, as far as there are sensors for it.
func imuMotion(out *wire.ImuStatusPayload, from iio.Status) {
	m := from.Motion
	if from.Attitude != nil {
		out.Orientation = &wire.ImuOrientation{
			Roll: from.Attitude.Roll, Pitch: from.Attitude.Pitch, Yaw: from.Attitude.Yaw,
			Quaternion: &wire.Quaternion{W: m.Attitude.W, X: m.Attitude.X, Y: m.Attitude.Y, Z: m.Attitude.Z},
		}
	}
	out.IsMoving, out.IsMovingFast, out.IsStill = &m.Motion.Moving, &m.Motion.MovingFast, &m.Still
	out.StillnessConfidence = &m.StillConfidence
	out.RotationContaminated = &m.Contaminated
	if m.HasAngular {
		out.AngularVelocityDps, out.GyroBiasDps = axes(&m.AngularVelocity), axes(&m.GyroBias)
		out.AngularSpeedDps, out.AngularSpeedNormalized = &m.AngularSpeed, &m.AngularPart
	}
	if !m.HasLinear {
		return
	}
	out.LinearAccel = axes(&m.LinearAccel)
	out.CorrectedWorldAccelMps2 = axes(&m.Accel)
	out.VelocityWorld, out.VelocityDeltaWorld, out.PositionWorld = axes(&m.Velocity), axes(&m.VelocityDelta), axes(&m.Position)
	out.LinearSpeedMps, out.LinearSpeedNormalized = &m.Speed, &m.SpeedPart
	out.MotionG, out.MotionFastG = &m.Motion.G, &m.Motion.FastG
	out.MotionFastThresholdG, out.MotionNoiseFloorG = &m.Motion.FastLimitG, &m.Motion.NoiseG
	out.DrConfidence = &m.Confidence
}

func axes(v *fusion.Vec3) *wire.Axes {
	if v == nil {
		return nil
	}
	return &wire.Axes{X: v.X, Y: v.Y, Z: v.Z}
}
