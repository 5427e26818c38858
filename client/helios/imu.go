package helios

import "time"

// ImuStatusPayload is the message of imu.stream, the answer of GET
// /v1/device/imu and the imu part of a SensorsStreamEvent. A board without an
// inertial sensor sends it too, with HasSample false and a LastError.
//
// The frame of the device has +X forward, +Y to the right and +Z up. Names
// that begin with dr are settings and results of dead reckoning.
type ImuStatusPayload struct {
	HasSample bool `json:"has_sample"` // at least one vector of the sample is present
	// Filter, one of the ImuFusion constants.
	Fusion string `json:"fusion,omitempty" enum:"madgwick_no_mag,madgwick"`
	// Angle convention, one of the ImuRange constants.
	Range            string  `json:"range,omitempty" enum:"negative_180_to_180,zero_to_360"`
	UpdateIntervalMS *uint64 `json:"update_interval_ms,omitempty"` // sampling period

	DrVelocityDampTauSeconds      *float64 `json:"dr_velocity_damp_tau_seconds,omitempty"`       // velocity damping, s
	DrStillVelocityZeroTauSeconds *float64 `json:"dr_still_velocity_zero_tau_seconds,omitempty"` // towards zero velocity when still, s
	DrMaxAccelWorldMps2           *float64 `json:"dr_max_accel_world_mps2,omitempty"`            // limit, m/s²
	DrMaxSpeedMps                 *float64 `json:"dr_max_speed_mps,omitempty"`                   // limit, m/s
	DrMaxPositionM                *float64 `json:"dr_max_position_m,omitempty"`                  // limit, m
	DrLockPosition                *bool    `json:"dr_lock_position,omitempty"`                   // position is held at the origin

	UpdatedAt time.Time `json:"updated_at,omitzero"`  // time of the sample
	DtSeconds *float64  `json:"dt_seconds,omitempty"` // since the previous sample, s
	LastError string    `json:"last_error,omitempty"` // newest problem of the sensor

	Orientation             *ImuOrientation `json:"orientation,omitempty"`
	LinearAccel             *Axes           `json:"linear_accel,omitempty"`               // without gravity, device frame, g
	CorrectedWorldAccelMps2 *Axes           `json:"corrected_world_accel_mps2,omitempty"` // world frame, m/s²
	VelocityWorld           *Axes           `json:"velocity_world,omitempty"`             // m/s
	VelocityDeltaWorld      *Axes           `json:"velocity_delta_world,omitempty"`       // over the last step, m/s
	LinearSpeedMps          *float64        `json:"linear_speed_mps,omitempty"`           // length of VelocityWorld, m/s
	LinearSpeedNormalized   *float64        `json:"linear_speed_normalized,omitempty"`    // 0..1
	AngularVelocityDps      *Axes           `json:"angular_velocity_dps,omitempty"`       // without bias, device frame, deg/s
	AngularSpeedDps         *float64        `json:"angular_speed_dps,omitempty"`          // deg/s
	AngularSpeedNormalized  *float64        `json:"angular_speed_normalized,omitempty"`   // 0..1
	GyroBiasDps             *Axes           `json:"gyro_bias_dps,omitempty"`              // estimated bias, deg/s
	PositionWorld           *Axes           `json:"position_world,omitempty"`             // m

	IsMoving             *bool    `json:"is_moving,omitempty"`
	IsMovingFast         *bool    `json:"is_moving_fast,omitempty"`
	IsStill              *bool    `json:"is_still,omitempty"`
	StillnessConfidence  *float64 `json:"stillness_confidence,omitempty"`    // 0..1
	RotationContaminated *bool    `json:"rotation_contaminated,omitempty"`   // linear acceleration unreliable because of rotation
	MotionG              *float64 `json:"motion_g,omitempty"`                // g
	MotionFastG          *float64 `json:"motion_fast_g,omitempty"`           // g
	MotionFastThresholdG *float64 `json:"motion_fast_threshold_g,omitempty"` // g
	MotionNoiseFloorG    *float64 `json:"motion_noise_floor_g,omitempty"`    // g
	DrConfidence         *float64 `json:"dr_confidence,omitempty"`           // 0..1

	Accel *Axes `json:"accel,omitempty"` // raw, g
	Gyro  *Axes `json:"gyro,omitempty"`  // raw, deg/s
	Mag   *Axes `json:"mag,omitempty"`   // raw, in the sensor's units

	Sources *ImuSources `json:"sources,omitempty"`
	Options *ImuOptions `json:"options,omitempty"`
}

// Filters that an ImuStatusPayload names in Fusion.
const (
	ImuFusionMadgwickNoMag = "madgwick_no_mag" // accelerometer and gyroscope; the default
	ImuFusionMadgwick      = "madgwick"        // with magnetometer
)

// Angle conventions that an ImuStatusPayload names in Range.
const (
	ImuRangeSigned   = "negative_180_to_180" // the default
	ImuRangeUnsigned = "zero_to_360"
)

// Axes is a vector.
type Axes struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	Z float64 `json:"z"`
}

// ImuOrientation is an attitude; the angles are degrees.
type ImuOrientation struct {
	Roll       float64     `json:"roll"`
	Pitch      float64     `json:"pitch"`
	Yaw        float64     `json:"yaw"`
	Quaternion *Quaternion `json:"quaternion,omitempty"`
}

// Quaternion is an attitude as a unit quaternion.
type Quaternion struct {
	W float64 `json:"w"`
	X float64 `json:"x"`
	Y float64 `json:"y"`
	Z float64 `json:"z"`
}

// ImuSources names the devices that an ImuStatusPayload comes from, for people
// to read.
type ImuSources struct {
	AccelGyro    string `json:"accel_gyro,omitempty"`
	Magnetometer string `json:"magnetometer,omitempty"`
}

// ImuOptions is what a settings form may offer.
type ImuOptions struct {
	Fusion      []string `json:"fusion"`       // what fusion may be; never null
	Range       []string `json:"range"`        // what range may be; never null
	IntervalsMS []uint64 `json:"intervals_ms"` // ascending, without duplicates; never null
}

// ImuUpdateRequest is the body of PATCH /v1/device/imu. A field that is absent
// stays as it is; at least one must be present.
type ImuUpdateRequest struct {
	Fusion                        *string  `json:"fusion,omitempty"`
	Range                         *string  `json:"range,omitempty"`
	UpdateIntervalMS              *uint64  `json:"update_interval_ms,omitempty"` // > 0
	DrVelocityDampTauSeconds      *float64 `json:"dr_velocity_damp_tau_seconds,omitempty"`
	DrStillVelocityZeroTauSeconds *float64 `json:"dr_still_velocity_zero_tau_seconds,omitempty"`
	DrMaxAccelWorldMps2           *float64 `json:"dr_max_accel_world_mps2,omitempty"`
	DrMaxSpeedMps                 *float64 `json:"dr_max_speed_mps,omitempty"`
	DrMaxPositionM                *float64 `json:"dr_max_position_m,omitempty"`
	DrLockPosition                *bool    `json:"dr_lock_position,omitempty"`
	GravityReferenceAxis          *string  `json:"gravity_reference_axis,omitempty"` // "+x", "-x", "+y", …
	SnapGravity                   *bool    `json:"snap_gravity,omitempty"`
	ResetPose                     *bool    `json:"reset_pose,omitempty"`
}

// ImuStreamError is the last message of an imu.stream that has failed. It is
// told from an ImuStatusPayload by its key status.
type ImuStreamError struct {
	Status      string  `json:"status"` // "imu_stream_unavailable"
	Reason      string  `json:"reason"` // for people to read
	Code        *string `json:"code"`   // usually null
	TimestampMS uint64  `json:"timestamp_ms"`
	Source      string  `json:"source"`                   // "helios-api/http/device/imu.ws"
	Operation   string  `json:"operation"`                // "connect" or "stream"
	RequestID   string  `json:"request_id" format:"uuid"` // of the connection
	TraceID     string  `json:"trace_id" format:"uuid"`   // of the connection
	Retryable   *bool   `json:"retryable"`
	Remediation *string `json:"remediation"`
	ReportedBy  string  `json:"reported_by"` // "helios-api"
}

// Values of ImuStreamError and of the error objects like it.
const (
	StatusImuUnavailable = "imu_stream_unavailable"
	SourceImu            = "helios-api/http/device/imu.ws"
	ReportedByAPI        = "helios-api"
	OpConnect            = "connect" // the service could not be reached
	OpStream             = "stream"  // the service was lost
)
