package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
)

// noEffect is the code of warnings about what a manifest says in vain.
const noEffect = "no_effect"

// manifestWarnings tells what of a manifest is kept but does nothing here.
func manifestWarnings(m wire.StreamManifest) (list []wire.ValidationWarning) {
	add := func(when bool, path, message string) {
		if when {
			list = append(list, wire.ValidationWarning{Path: path, Code: noEffect, Message: message})
		}
	}
	add(m.HostBuffer != wire.DefaultStreamManifest().HostBuffer, "host_buffer", "viewers always get the newest frame")
	add(m.Internal, "internal", "streams of clients are never internal")
	add(m.Calibration != nil, "calibration", "is kept, and pictures are not undistorted")
	add(m.PipelineEnabled && len(m.Pipelines) == 0, "pipeline_enabled", "there are no pipelines")
	if s := m.Decoder.Settings; s != nil {
		add(s.ThreadCount != nil, "decoder.settings.thread_count", "decoders choose by themselves")
	}
	if s := m.Encoder.Settings; s != nil && encoderFormat(s.Kind) == "MJPG" {
		passes := m.Capture.Mode.Format.Code != "YUYV" && m.Capture.Backend != wire.BackendVirtual
		add(s.Quality != nil && passes, "encoder.settings.quality", "frames that come as JPEG are passed through as they are")
		add(s.ThreadCount != nil, "encoder.settings.thread_count", "JPEG is encoded by one thread")
		add(s.GOP != nil, "encoder.settings.gop", "each JPEG is complete")
	}
	add(m.Capture.Backend != wire.BackendV4l2 && len(m.Capture.DeviceKeys) > 0, "capture.device_keys", "only device nodes can be found again")
	return list
}
