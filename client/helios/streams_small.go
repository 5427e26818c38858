package helios

import (
	"encoding/json"
	"errors"
	"fmt"
)

// errShape is wrapped by errors about JSON that is none of the forms of its type.
var errShape = errors.New("unexpected form")

// Kinds of capture backends.
const (
	BackendV4l2      = "V4l2"
	BackendLibcamera = "Libcamera"
	BackendVirtual   = "Virtual"
	BackendNetcam    = "Netcam"
	BackendFile      = "File"
)

// BackendHandle says what a backend captures from: exactly one field is set. On
// the wire it is an object with the backend's name as its only key, and the bare
// string "Virtual" for the virtual backend.
type BackendHandle struct {
	V4l2      *V4l2Handle      `json:"V4l2,omitempty"`
	Libcamera *LibcameraHandle `json:"Libcamera,omitempty"`
	Virtual   bool             `json:"-"`
	Netcam    *NetcamHandle    `json:"Netcam,omitempty"`
	File      *FileHandle      `json:"File,omitempty"`
}

// V4l2Handle is a video device node.
type V4l2Handle struct {
	Path string `json:"path"`
}

// LibcameraHandle is a camera as libcamera names it.
type LibcameraHandle struct {
	ID string `json:"id"`
}

// NetcamHandle is a camera on the network.
type NetcamHandle struct {
	URL    string `json:"url"`
	Width  uint32 `json:"width"`
	Height uint32 `json:"height"`
	FPS    uint32 `json:"fps"`
}

// FileHandle plays files.
type FileHandle struct {
	Paths       []string `json:"paths"`
	FPS         float64  `json:"fps"`
	LoopForever bool     `json:"loop_forever"`
}

// MarshalJSON writes the wire form. A handle without a field is an error.
func (h BackendHandle) MarshalJSON() ([]byte, error) {
	if h.Virtual {
		return []byte(`"Virtual"`), nil
	}
	if h == (BackendHandle{}) {
		return nil, fmt.Errorf("backend handle: %w: no backend", errShape)
	}
	type plain BackendHandle
	return json.Marshal(plain(h))
}

// UnmarshalJSON reads the wire form.
func (h *BackendHandle) UnmarshalJSON(raw []byte) error {
	*h = BackendHandle{}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		if name != BackendVirtual {
			return fmt.Errorf("backend handle: %w: %q", errShape, name)
		}
		h.Virtual = true
		return nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return fmt.Errorf("backend handle: %w", err)
	}
	if len(keys) != 1 {
		return fmt.Errorf("backend handle: %w: %d keys instead of one", errShape, len(keys))
	}
	type plain BackendHandle
	if err := json.Unmarshal(raw, (*plain)(h)); err != nil {
		return fmt.Errorf("backend handle: %w", err)
	}
	if *h == (BackendHandle{}) {
		return fmt.Errorf("backend handle: %w: unknown backend or no value", errShape)
	}
	return nil
}

// MediaFormat is how frames look.
type MediaFormat struct {
	Code       string     `json:"code"` // fourcc
	Resolution Resolution `json:"resolution"`
	Color      string     `json:"color" enum:"Srgb,Bt709,Bt2020,Unknown"`
}

// Resolution is a size in pixels.
type Resolution struct {
	Width  uint32 `json:"width"`
	Height uint32 `json:"height"`
}

// Interval is the time between two frames: numerator / denominator seconds.
type Interval struct {
	Numerator   uint32 `json:"numerator"`
	Denominator uint32 `json:"denominator"`
}

// ModeID names a Mode.
type ModeID struct {
	Format   MediaFormat `json:"format"`
	Interval *Interval   `json:"interval,omitempty"`
}

// Mode is what a camera can deliver.
type Mode struct {
	ID               ModeID            `json:"id"`
	Format           MediaFormat       `json:"format"`
	Intervals        []Interval        `json:"intervals"` // never null
	IntervalStepwise *IntervalStepwise `json:"interval_stepwise,omitempty"`
}

// IntervalStepwise is a range of intervals.
type IntervalStepwise struct {
	Min  Interval `json:"min"`
	Max  Interval `json:"max"`
	Step Interval `json:"step"`
}

// CaptureDescriptor is what a camera can do.
type CaptureDescriptor struct {
	Modes    []Mode        `json:"modes"`    // never null
	Controls []ControlMeta `json:"controls"` // never null
}
