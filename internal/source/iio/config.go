package iio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
)

// Filters and angle conventions, in the words of the HeliOS device API.
const (
	FusionNoMag   = "madgwick_no_mag" // accelerometer and gyroscope; the default
	FusionMag     = "madgwick"        // with magnetometer, if there is one
	RangeSigned   = "negative_180_to_180"
	RangeUnsigned = "zero_to_360"
)

// Range of the update interval.
const (
	MinInterval = time.Millisecond
	MaxInterval = time.Minute
)

// FileName is the name of the settings in the [Store].
const FileName = "imu.json"

// Store keeps small files. Read returns an error that matches fs.ErrNotExist if
// there is none; Write replaces a file as a whole and returns when it is durable.
type Store interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
}

// FieldError says which field of a [Patch] is wrong.
type FieldError struct {
	Field  string // as in the JSON of a [Patch]
	Reason string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Config are the settings of an [IMU].
type Config struct {
	Fusion   string        // FusionNoMag or FusionMag
	Range    string        // RangeSigned or RangeUnsigned
	Interval time.Duration // between two statuses; whole milliseconds
	fusion.DeadReckoning
	// GravityReferenceAxis is the axis of the sensor that points up when the
	// device stands level: "+z" (the default), "-z", "+x", "-x", "+y", "-y".
	GravityReferenceAxis string
	// Level is the rotation that comes after that of the axis, as set by snapping to
	// gravity; the zero value is none.
	Level fusion.Quat
}

// DefaultConfig returns the settings of a device that nobody has set up.
func DefaultConfig() Config {
	return Config{
		Fusion: FusionNoMag, Range: RangeSigned, Interval: 50 * time.Millisecond,
		DeadReckoning: fusion.DefaultDeadReckoning(), GravityReferenceAxis: "+z",
	}
}

// angles returns the convention for angles.
func (c Config) angles() fusion.AngleRange {
	if c.Range == RangeUnsigned {
		return fusion.Unsigned
	}
	return fusion.Signed
}

// tracking returns the settings of the filter.
func (c Config) tracking() fusion.Config {
	up := fusion.Vec3{Z: 1}
	align := fusion.Between(axisVector(c.GravityReferenceAxis), up)
	if c.Level != (fusion.Quat{}) {
		align = c.Level.Unit().Mul(align)
	}
	return fusion.Config{UseMag: c.Fusion == FusionMag, DeadReckoning: c.DeadReckoning, Align: align}
}

// axisVector reads a canonical axis.
func axisVector(axis string) fusion.Vec3 {
	sign := 1.0
	if strings.HasPrefix(axis, "-") {
		sign = -1
	}
	switch strings.TrimLeft(axis, "+-") {
	case "x":
		return fusion.Vec3{X: sign}
	case "y":
		return fusion.Vec3{Y: sign}
	}
	return fusion.Vec3{Z: sign}
}

// Patch is a change of the settings. What is nil stays as it is.
type Patch struct {
	Fusion                        *string  `json:"fusion,omitempty"`
	Range                         *string  `json:"range,omitempty"`
	UpdateIntervalMS              *uint64  `json:"update_interval_ms,omitempty"`
	DrVelocityDampTauSeconds      *float64 `json:"dr_velocity_damp_tau_seconds,omitempty"`
	DrStillVelocityZeroTauSeconds *float64 `json:"dr_still_velocity_zero_tau_seconds,omitempty"`
	DrMaxAccelWorldMps2           *float64 `json:"dr_max_accel_world_mps2,omitempty"`
	DrMaxSpeedMps                 *float64 `json:"dr_max_speed_mps,omitempty"`
	DrMaxPositionM                *float64 `json:"dr_max_position_m,omitempty"`
	DrLockPosition                *bool    `json:"dr_lock_position,omitempty"`
	// GravityReferenceAxis is "+x", "x", "x+", "-x", "x-" and so on, in any case.
	// It undoes an earlier snap.
	GravityReferenceAxis *string `json:"gravity_reference_axis,omitempty"`
	// SnapGravity takes the present posture of the device, which must be at rest,
	// for level.
	SnapGravity *bool `json:"snap_gravity,omitempty"`
	// ResetPose sets yaw, velocity and position to 0. With a magnetometer in use,
	// yaw goes back to the heading.
	ResetPose *bool `json:"reset_pose,omitempty"`
}

// ErrEmptyPatch is returned for a patch that changes nothing.
var ErrEmptyPatch = errors.New("no field to change")

// Apply returns c with the changes of p. Errors are of type *[FieldError], or
// [ErrEmptyPatch].
func (p Patch) Apply(c Config) (Config, error) {
	if p == (Patch{}) {
		return c, ErrEmptyPatch
	}
	if err := p.applyWords(&c); err != nil {
		return c, err
	}
	if p.UpdateIntervalMS != nil {
		ms := *p.UpdateIntervalMS
		if ms < uint64(MinInterval/time.Millisecond) || ms > uint64(MaxInterval/time.Millisecond) {
			return c, &FieldError{"update_interval_ms", fmt.Sprintf("must be between 1 and %d", MaxInterval/time.Millisecond)}
		}
		c.Interval = time.Duration(ms) * time.Millisecond
	}
	for _, field := range []struct {
		name string
		from *float64
		to   *float64
	}{
		{"dr_velocity_damp_tau_seconds", p.DrVelocityDampTauSeconds, &c.VelocityDampTau},
		{"dr_still_velocity_zero_tau_seconds", p.DrStillVelocityZeroTauSeconds, &c.StillVelocityTau},
		{"dr_max_accel_world_mps2", p.DrMaxAccelWorldMps2, &c.MaxAccel},
		{"dr_max_speed_mps", p.DrMaxSpeedMps, &c.MaxSpeed},
		{"dr_max_position_m", p.DrMaxPositionM, &c.MaxPosition},
	} {
		if field.from == nil {
			continue
		}
		if v := *field.from; !(v > 0) || math.IsInf(v, 0) {
			return c, &FieldError{field.name, "must be a positive finite number"}
		}
		*field.to = *field.from
	}
	if p.DrLockPosition != nil {
		c.LockPosition = *p.DrLockPosition
	}
	return c, nil
}

// applyWords applies the fields that are one of a few words.
func (p Patch) applyWords(c *Config) error {
	if p.Fusion != nil {
		switch strings.ToLower(strings.TrimSpace(*p.Fusion)) {
		case FusionNoMag, "6axis", "no_mag":
			c.Fusion = FusionNoMag
		case FusionMag, "ahrs":
			c.Fusion = FusionMag
		default:
			return &FieldError{"fusion", fmt.Sprintf("must be %s or %s", FusionNoMag, FusionMag)}
		}
	}
	if p.Range != nil {
		switch strings.ToLower(strings.TrimSpace(*p.Range)) {
		case RangeSigned, "180":
			c.Range = RangeSigned
		case RangeUnsigned, "360":
			c.Range = RangeUnsigned
		default:
			return &FieldError{"range", fmt.Sprintf("must be %s or %s", RangeSigned, RangeUnsigned)}
		}
	}
	if p.GravityReferenceAxis != nil {
		axis, ok := parseAxis(*p.GravityReferenceAxis)
		if !ok {
			return &FieldError{"gravity_reference_axis", "must be +x, -x, +y, -y, +z or -z"}
		}
		c.GravityReferenceAxis, c.Level = axis, fusion.Quat{}
	}
	return nil
}

// parseAxis brings an axis into its canonical form, such as "+x".
func parseAxis(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	sign, axis := "+", text
	switch {
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
		sign, axis = text[:1], text[1:]
	case strings.HasSuffix(text, "+"), strings.HasSuffix(text, "-"):
		sign, axis = text[len(text)-1:], text[:len(text)-1]
	}
	return sign + axis, axis == "x" || axis == "y" || axis == "z"
}

// stored is the form of a Config in the state folder: a patch that makes it from
// the default, and the level.
type stored struct {
	Patch
	Level *fusion.Quat `json:"level,omitempty"`
}

// load reads the settings. What is missing has its default. With an error, all
// have.
func load(store Store) (Config, error) {
	c := DefaultConfig()
	data, err := store.Read(FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read settings of the imu: %w", err)
	}
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return c, fmt.Errorf("read settings of the imu: %w", err)
	}
	c, err = s.Apply(c)
	if err != nil && !errors.Is(err, ErrEmptyPatch) {
		return DefaultConfig(), fmt.Errorf("read settings of the imu: %w", err)
	}
	if s.Level != nil {
		c.Level = s.Level.Unit()
	}
	return c, nil
}

// save writes the settings and returns when they are durable.
func save(store Store, c Config) error {
	ms := uint64(c.Interval / time.Millisecond)
	s := stored{Patch: Patch{
		Fusion: &c.Fusion, Range: &c.Range, UpdateIntervalMS: &ms,
		DrVelocityDampTauSeconds: &c.VelocityDampTau, DrStillVelocityZeroTauSeconds: &c.StillVelocityTau,
		DrMaxAccelWorldMps2: &c.MaxAccel, DrMaxSpeedMps: &c.MaxSpeed, DrMaxPositionM: &c.MaxPosition,
		DrLockPosition: &c.LockPosition, GravityReferenceAxis: &c.GravityReferenceAxis,
	}}
	if c.Level != (fusion.Quat{}) {
		s.Level = &c.Level
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = store.Write(FileName, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write settings of the imu: %w", err)
	}
	return nil
}

// Options is what a settings form may offer.
type Options struct {
	Fusion    []string
	Range     []string
	Intervals []time.Duration // presets and the present one, ascending
}

// options returns what may be chosen; the first filter and convention are the
// defaults.
func (c Config) options() Options {
	o := Options{Fusion: []string{FusionNoMag, FusionMag}, Range: []string{RangeSigned, RangeUnsigned}}
	for _, ms := range []time.Duration{5, 10, 20, 50, 100, 200, 500, 1000} {
		o.Intervals = append(o.Intervals, ms*time.Millisecond)
	}
	o.Intervals = append(o.Intervals, c.Interval)
	slices.Sort(o.Intervals)
	o.Intervals = slices.Compact(o.Intervals)
	return o
}
