package helios

import "encoding/json"

// The messages of this file go over the three sockets of a stream that the
// multiplexed socket does not have: updates, controls and outputs.

// Types of client messages on the sockets of a stream.
const (
	StreamSetGraph      = "set_graph"       // updates
	StreamSetGraphPatch = "set_graph_patch" // updates
	StreamSetInputs     = "set_inputs"      // updates
	StreamSetControl    = "set_control"     // controls
	StreamSubscribe     = "subscribe"       // outputs
	StreamList          = "list"            // outputs
	StreamPing          = "ping"            // all three
)

// StreamUpdate is a client message on updates. Which fields count depends on Type:
// Graph and Output belong to set_graph, Patch to set_graph_patch, Inputs to
// set_inputs.
type StreamUpdate struct {
	Type       string                     `json:"type"`
	Graph      json.RawMessage            `json:"graph,omitempty"`
	Patch      json.RawMessage            `json:"patch,omitempty"`
	Inputs     map[string]json.RawMessage `json:"inputs,omitempty"` // null clears an input
	PipelineID *string                    `json:"pipeline_id,omitempty"`
	Output     *string                    `json:"output,omitempty"`
	RequestID  *string                    `json:"request_id,omitempty"`
}

// StreamControl is a client message on controls.
type StreamControl struct {
	Type      string        `json:"type"`
	ControlID *uint32       `json:"control_id,omitempty"`
	Value     *ControlValue `json:"value,omitempty"`
	RequestID *string       `json:"request_id,omitempty"`
}

// StreamAnswer answers a message on updates and controls.
type StreamAnswer struct {
	Type      string  `json:"type"` // "ack" or "error"
	RequestID *string `json:"request_id,omitempty"`
	Error     string  `json:"error,omitempty"`
}

// StreamOutputsMessage is a client message on outputs.
type StreamOutputsMessage struct {
	Type       string   `json:"type"`
	Ports      []string `json:"ports,omitempty"`       // subscribe: replaces the former set
	IntervalMS *uint64  `json:"interval_ms,omitempty"` // subscribe: clamped to 100 to 5000
	RequestID  *string  `json:"request_id,omitempty"`
}

// StreamOutputsAnswer answers a message on outputs.
type StreamOutputsAnswer struct {
	Type      string  `json:"type"` // "ack" or "error"
	RequestID *string `json:"request_id"`
	Error     string  `json:"error,omitempty"`
}

// StreamOutputs is the list of a stream's outputs, which is sent on outputs.
type StreamOutputs struct {
	Outputs     []StreamOutput `json:"outputs"` // never null
	TimestampMS uint64         `json:"timestamp_ms"`
}

// StreamOutput is something that a stream offers.
type StreamOutput struct {
	Name             string `json:"name"`
	Ty               string `json:"ty,omitempty"` // for example "image", "json"
	Previewable      bool   `json:"previewable"`  // has pictures that frames can show
	LocalizationKind string `json:"localization_kind,omitempty" enum:"detection,pose,imu"`
}

// StreamSample is the newest value of a data output, or why there is none.
type StreamSample struct {
	Port        string          `json:"port"`
	Value       json.RawMessage `json:"value,omitempty"`
	Error       string          `json:"error,omitempty"`
	TimestampMS uint64          `json:"timestamp_ms"`
}
