package helios

import "time"

// Pipelines that every stream has.
const (
	PipelineRaw         = "00000000-0000-0000-0000-0000000000aa" // output "raw"
	PipelineCalibration = "00000000-0000-0000-0000-00000000c411" // output "undistorted"
)

// StreamManifest is how a stream is wanted: the body of POST /v1/streams.
type StreamManifest struct {
	SchemaVersion        uint32           `json:"schema_version"` // 1
	Identity             StreamIdentity   `json:"identity"`
	Capture              StreamCapture    `json:"capture"`
	HostBuffer           uint32           `json:"host_buffer"`      // number of buffers towards the host
	Internal             bool             `json:"internal"`         // made by the system, hidden from users
	PipelineEnabled      bool             `json:"pipeline_enabled"` // false: frames stay raw
	Pipelines            []StreamPipeline `json:"pipelines"`        // never null
	ActivePipelineID     string           `json:"active_pipeline_id,omitempty" format:"uuid"`
	ActivePipelineOutput string           `json:"active_pipeline_output,omitempty"`
	PipelineLayout       *PipelineLayout  `json:"pipeline_layout,omitempty"`
	PipelineWires        []PipelineWire   `json:"pipeline_wires"`       // never null
	PipelineHostInputs   map[string]any   `json:"pipeline_host_inputs"` // never null
	Calibration          *Calibration     `json:"calibration,omitempty"`
	Pose                 *Pose            `json:"pose,omitempty"`
	Encoder              EncoderConfig    `json:"encoder"`
	Decoder              DecoderConfig    `json:"decoder"`
	PreviewJpegQuality   uint8            `json:"preview_jpeg_quality" minimum:"1" maximum:"100"`
	RecordingMode        RecordingMode    `json:"recording_mode"`
	StartOnBoot          bool             `json:"start_on_boot"`
}

// DefaultStreamManifest returns what a server takes for the fields that a
// client's manifest does not have: decode the client's JSON into it. The capture
// has no default.
func DefaultStreamManifest() StreamManifest {
	return StreamManifest{
		SchemaVersion:      1,
		HostBuffer:         4,
		Pipelines:          []StreamPipeline{},
		PipelineWires:      []PipelineWire{},
		PipelineHostInputs: map[string]any{},
		Encoder:            EncoderConfig{State: StateDisabled},
		Decoder:            DecoderConfig{State: StateDisabled},
		PreviewJpegQuality: 80,
		RecordingMode:      RecordingMode{State: StateDisabled},
	}
}

// StreamIdentity names a stream.
type StreamIdentity struct {
	ID         string `json:"id,omitempty" format:"uuid"`
	Alias      string `json:"alias,omitempty"`
	HardwareID string `json:"hardware_id,omitempty"`
}

// StreamCapture is where a stream's frames come from.
type StreamCapture struct {
	Backend         string           `json:"backend" enum:"V4l2,Libcamera,Virtual,Netcam,File"`
	Handle          BackendHandle    `json:"handle"`
	Mode            ModeID           `json:"mode"`
	TargetFPS       *float64         `json:"target_fps,omitempty"`
	Interval        *Interval        `json:"interval,omitempty"`
	Controls        []ControlSetting `json:"controls"`    // never null
	DeviceKeys      []string         `json:"device_keys"` // never null
	DeviceIdentity  *DeviceIdentity  `json:"device_identity,omitempty"`
	EnableTdnOutput bool             `json:"enable_tdn_output"`
}

// ControlSetting is the value of a control.
type ControlSetting struct {
	ID    uint32       `json:"id"`
	Value ControlValue `json:"value"`
}

// DeviceIdentity is by what a camera is found again.
type DeviceIdentity struct {
	Display    string   `json:"display,omitempty"`
	Keys       []string `json:"keys"` // never null
	PrimaryKey string   `json:"primary_key,omitempty"`
}

// StreamPipeline is a pipeline graph of a stream.
type StreamPipeline struct {
	PipelineID     string         `json:"pipeline_id" format:"uuid"`
	PipelineGraph  map[string]any `json:"pipeline_graph,omitempty"`
	PipelineOutput string         `json:"pipeline_output,omitempty"`
	PipelinePatch  any            `json:"pipeline_patch,omitempty"`
}

// PipelineLayout says how outputs are laid out next to each other.
type PipelineLayout struct {
	Rows    uint32               `json:"rows"`
	Columns uint32               `json:"columns"`
	Slots   []PipelineLayoutSlot `json:"slots"` // never null
}

// PipelineLayoutSlot is one cell of a PipelineLayout.
type PipelineLayoutSlot struct {
	Row        uint32 `json:"row"`
	Column     uint32 `json:"column"`
	PipelineID string `json:"pipeline_id,omitempty" format:"uuid"`
	OutputKey  string `json:"output_key,omitempty"`
}

// PipelineWire connects two pipelines.
type PipelineWire struct {
	From PipelineWireEnd `json:"from"`
	To   PipelineWireEnd `json:"to"`
}

// PipelineWireEnd is one end of a PipelineWire.
type PipelineWireEnd struct {
	PipelineID string `json:"pipeline_id" format:"uuid"`
	OutputKey  string `json:"output_key,omitempty"`
	Port       string `json:"port,omitempty"`
}

// Calibration is a camera's lens model.
type Calibration struct {
	Fx             float64 `json:"fx"`
	Fy             float64 `json:"fy"`
	Cx             float64 `json:"cx"`
	Cy             float64 `json:"cy"`
	K1             float64 `json:"k1"`
	K2             float64 `json:"k2"`
	P1             float64 `json:"p1"`
	P2             float64 `json:"p2"`
	K3             float64 `json:"k3"`
	UndistortIters uint32  `json:"undistortIters"`
	LensModel      string  `json:"lensModel" enum:"pinhole,fisheye"`
}

// Pose is where a camera is on the device.
type Pose struct {
	Translation Axes      `json:"translation"` // m
	Rotation    Rotation  `json:"rotation"`
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
}

// Rotation is an attitude in degrees.
type Rotation struct {
	Roll  float64 `json:"roll"`
	Pitch float64 `json:"pitch"`
	Yaw   float64 `json:"yaw"`
}
