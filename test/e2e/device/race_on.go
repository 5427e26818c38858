//go:build race

package device

// Race tells that the tests, and with them the binary, have the race detector,
// which multiplies memory and time.
const Race = true
