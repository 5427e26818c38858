package client

// For fuzzing from the external test package.
var (
	PayloadError   = payloadError
	DecodeEnvelope = decodeEnvelope
)
