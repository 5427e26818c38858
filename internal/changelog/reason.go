package changelog

import "slices"

// Reasons why a client should look at the device anew, by name. usb and streams
// also come from elsewhere than the journal.
const (
	ReasonAPI          = "api"
	ReasonPipelines    = "pipelines"
	ReasonLocalization = "localization"
	ReasonMedia        = "media"
	ReasonIMU          = "imu"
	ReasonDevice       = "device"
	ReasonSettings     = "settings"
	ReasonUSB          = "usb"
	ReasonStreams      = "streams"
)

// Reasons returns all reasons in the order in which they are sorted on the wire.
// The slice is the caller's.
func Reasons() []string {
	return []string{
		ReasonAPI, ReasonPipelines, ReasonLocalization, ReasonMedia, ReasonIMU,
		ReasonDevice, ReasonSettings, ReasonUSB, ReasonStreams,
	}
}

// Reason returns the reason that a change of this kind gives. Kinds that are
// not known give api.
func Reason(kind string) string {
	if kind == KindDeviceIMU {
		return ReasonIMU
	}
	switch domain := Domain(kind); domain {
	case ReasonPipelines, ReasonLocalization, ReasonMedia, ReasonDevice, ReasonSettings, ReasonStreams:
		return domain
	}
	return ReasonAPI
}

// MergeReasons returns each known reason among those given once, in wire order.
// The result is a new slice.
func MergeReasons(given ...string) []string {
	return slices.DeleteFunc(Reasons(), func(r string) bool { return !slices.Contains(given, r) })
}
